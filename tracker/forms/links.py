"""Records and tickets that a form may link to: the newest that the person may see, and any by its number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import Connection, select

from tracker import languages
from tracker.domain.links import with_settled
from tracker.domain.numbers import record_number, serial_typed, typed_number
from tracker.domain.packs import Pack
from tracker.domain.records import RecordRegister
from tracker.domain.registers import Field, Register
from tracker.forms.fields import LinkChoices
from tracker.models.records import RecordRow
from tracker.models.tickets import TicketRow
from tracker.queries import lists, record_lists, records, tickets
from tracker.queries.lists import Filters, Sort, TicketLine, View
from tracker.queries.record_lists import RecordFilters, RecordLine
from tracker.queries.scope import Viewer, records_visible, visible

R = RecordRow
T = TicketRow
MOST_SUGGESTED = 100
_SERIAL_YEARS = 15
_SUMMARY = 30  # characters of a text that tell which one it is


@dataclass(frozen=True)
class Links:
    """Asks for one request."""

    conn: Connection
    viewer: Viewer
    pack: Pack

    def of_field(self, field: Field) -> LinkChoices | None:
        """What the field may name; None where the pack has no such register."""
        kept = self.pack.record_by_name.get(field.register or "")
        if kept is not None:
            return self._of_records(kept)
        register = self.pack.register_by_name.get(field.register or "")
        return self._of_tickets(register) if register is not None else None

    def number_of(self, field: Field, record_id: int) -> str | None:
        """The number behind the id, where the person may see it."""
        ask = records if field.register in self.pack.record_by_name else tickets
        return ask.visible_numbers(self.conn, self.viewer, [record_id]).get(record_id)

    def with_settled(self, register: Register | RecordRegister, values: Mapping[str, Any]) -> dict[str, Any]:
        """The values of a form, and of what was left empty that which the chosen records say."""
        return with_settled(register.links, values, partial(records.fields_of, self.conn))

    # -- activities, subjects, statistics -------------------------------------------------------------
    def _of_records(self, register: RecordRegister) -> LinkChoices:
        filters = RecordFilters(register.name)
        page = record_lists.records_slice(self.conn, self.viewer, register, filters, after=None, limit=MOST_SUGGESTED)
        return LinkChoices(
            [(line.number, self._told(line, register)) for line in page.lines],
            page.next is None,
            lambda typed: self._record(register, typed),
            lambda record_id: records.visible_numbers(self.conn, self.viewer, [record_id]).get(record_id),
        )

    def _told(self, line: RecordLine, register: RecordRegister) -> str:
        summary = line.summary or line.masked.get(register.summary_field, "")
        group = line.listed.get("group")
        field = register.by_name[register.summary_field]
        choice = next((c.label for c in field.choices if c.name == summary), None)
        if choice is not None:
            summary = choice.get(languages.current(), summary)
        return " ".join(part for part in (self._unit(line.unit_id), str(group or ""), summary[:_SUMMARY]) if part)

    def _unit(self, unit_id: int) -> str:
        unit = self.viewer.directory.units.get(unit_id)
        return unit.label(languages.current()) if unit else ""

    def _record(self, register: RecordRegister, typed: str) -> int | None:
        here = (R.register_id == self.viewer.register_ids[register.name], records_visible(self.viewer))
        wanted = R.number.in_(_numbers(register, typed, self.viewer.on.year))
        return self.conn.scalar(select(R.id).where(wanted, *here).order_by(R.id.desc()).limit(1))

    # -- tickets --------------------------------------------------------------------------------------
    def _of_tickets(self, register: Register) -> LinkChoices:
        registers = {register.name: register}
        page = lists.tickets_page(
            self.conn,
            self.viewer,
            registers,
            Filters(register.name, View.ALL),
            sort=Sort.NEWEST,
            after=None,
            limit=MOST_SUGGESTED,
        )
        return LinkChoices(
            [(line.number, self._ticket_told(line)) for line in page.lines],
            page.next is None,
            lambda typed: self._ticket(register, typed),
            lambda ticket_id: tickets.visible_numbers(self.conn, self.viewer, [ticket_id]).get(ticket_id),
        )

    def _ticket_told(self, line: TicketLine) -> str:
        return f"{self._unit(line.place_id)} {line.summary[:_SUMMARY]}".strip()

    def _ticket(self, register: Register, typed: str) -> int | None:
        here = (T.register_id == self.viewer.register_ids[register.name], visible(self.viewer))
        wanted = T.number.in_(_numbers(register, typed, self.viewer.on.year))
        return self.conn.scalar(select(T.id).where(wanted, *here).order_by(T.id.desc()).limit(1))


def _numbers(register: Register | RecordRegister, typed: str, year: int) -> list[str]:
    """Numbers that somebody may mean by what they typed: the whole one, or its end."""
    if not typed.isprintable():  # PostgreSQL takes no NUL in a text
        return []
    told = serial_typed(typed)
    if told is None:
        return [typed_number(typed, [register])]
    years = [told[0]] if told[0] else range(year - _SERIAL_YEARS + 1, year + 1)
    return [record_number(register, y, told[1], is_restricted=False) for y in years]
