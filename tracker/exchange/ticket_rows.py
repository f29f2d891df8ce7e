"""What a row becomes in a register of tickets: a ticket with the milestones that the row says were reached.

To a ticket that is known already it adds milestones (`additions`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial

from sqlalchemy import Connection

from tracker.domain.access import Facts
from tracker.domain.commands import RegisterTicket
from tracker.domain.context import World
from tracker.domain.deciding import decide_register
from tracker.domain.refusals import Refusal
from tracker.domain.registers import Field, FieldType, Register
from tracker.domain.ticket import Ticket
from tracker.exchange.additions import lacking, milestones_of, refusals_of, steps_of
from tracker.exchange.intake import NOTHING, Addition, Series, by_number, in_slices, own_numbers
from tracker.exchange.rows import RowReading
from tracker.exchange.values import Value
from tracker.queries.scope import Viewer
from tracker.queries.tickets import tickets_now
from tracker.queries.uploads import numbered_tickets, tickets_recorded


@dataclass(frozen=True)
class TicketRows:
    """See `Intake`. `columns`: what steps record; read, told, not imported."""

    register: Register
    columns: tuple[Field, ...]

    def facts(self, row: RowReading, person_id: int) -> Facts:
        place, is_restricted = row.value("place"), row.value("restricted") is True
        if not isinstance(place, int):
            raise Refusal("field_required", field="place")
        named_ids = (person_id,) if is_restricted else ()
        return Facts(self.register.name, place, is_restricted=is_restricted, named_ids=named_ids)

    def command(self, row: RowReading) -> RegisterTicket:
        return command_of(row, self.register)

    def ask(self, row: RowReading, world: World) -> None:
        decide_register(self.command(row), self.register, world)

    def series(self, row: RowReading) -> Series | None:
        return None

    def recorded(self, conn: Connection, viewer: Viewer, rows: Iterable[RowReading]) -> dict[str, int]:
        asked = tuple(rows)
        standing = numbered_tickets(conn, viewer, self.register.name, own_numbers(asked))
        keys = (row.external_key for row in asked)
        return by_number(asked, standing, self.register) | tickets_recorded(conn, viewer, self.register.name, keys)

    def additions(
        self, conn: Connection, known: Sequence[tuple[RowReading, int]], world: World
    ) -> Mapping[int, Addition]:
        bringing = [(row, ticket_id) for row, ticket_id in known if milestones_of(row, self.register)]
        tickets = in_slices((ticket_id for _, ticket_id in bringing), partial(tickets_now, conn))
        return {row.source_row: self._addition(row, tickets[i], world) for row, i in bringing if i in tickets}

    def _addition(self, row: RowReading, ticket: Ticket, world: World) -> Addition:
        adds = lacking(row, ticket, self.register, world)
        if not adds:
            return NOTHING
        commands = tuple(steps_of(row, adds, ticket, self.register))
        return Addition(tuple(adds), commands, refusals_of(row, adds, ticket, self.register, world))


def command_of(row: RowReading, register: Register) -> RegisterTicket:
    """The command of a row without mistakes. Refusal: field_required, where nothing says the place or the day found."""
    values = row.values
    place, found_on = values.get("place"), values.get("found_on")
    if not isinstance(place, int):
        raise Refusal("field_required", field="place")
    if not isinstance(found_on, date):
        raise Refusal("field_required", field="found_on")
    is_restricted = values.get("restricted") is True
    milestones, milestone_values = _taken_apart(values, register, is_restricted=is_restricted)
    return RegisterTicket(
        register=register.name,
        values=values,
        place_id=place,
        found_on=found_on,
        is_restricted=is_restricted,
        milestones=milestones,
        milestone_values=milestone_values,
        external_key=row.external_key,
    )


def _taken_apart(
    values: dict[str, Value], register: Register, *, is_restricted: bool
) -> tuple[dict[str, date], dict[str, dict[str, Value]]]:
    """Days of milestones, and what is recorded with them (a reply with its text), taken out of `values`.

    What stays there: values of a milestone whose day the row does not say, and what belongs into the vault.
    """
    days, given = {}, {}
    for milestone in register.milestones:
        on = values.get(milestone.field or "")
        if isinstance(on, date) and not milestone.is_start:
            days[milestone.name] = on
            told = [name for name in milestone.values if _is_open(register.by_name[name], is_restricted)]
            given[milestone.name] = {name: values.pop(name) for name in told if name in values}
            values.pop(milestone.field or "")
    return days, given


def _is_open(known: Field, is_restricted: bool) -> bool:
    """Whether the log may keep the value in clear (条例 art. 30, 46)."""
    return not known.is_private and not (is_restricted and known.type is FieldType.TEXT)
