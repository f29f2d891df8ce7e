"""The rows of a workbook, judged by the rules and carried out as commands: the page and `xiaohao import` both.

A row is one command: the ticket, and with it the milestones that the row says were reached. So it comes in whole
or not at all, and once, however often its file is sent: its key says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cached_property
from typing import Any

from sqlalchemy import Connection

from tracker.domain.access import Facts, may
from tracker.domain.commands import RegisterTicket
from tracker.domain.context import World
from tracker.domain.deciding import decide_register
from tracker.domain.people import Unit
from tracker.domain.refusals import Refusal, Refusals
from tracker.domain.registers import Field, FieldType, Register
from tracker.domain.ticket import Ticket
from tracker.exchange.additions import lacking, milestones_of, refusals_of, steps_of
from tracker.exchange.reading import ImportReading, read_file
from tracker.exchange.rows import CellError, RowReading
from tracker.exchange.values import Value
from tracker.handler import Done, Refused, Request, handle_all
from tracker.house import House
from tracker.log.store import hash_of_use
from tracker.queries.people import places_for
from tracker.queries.scope import Viewer
from tracker.queries.tickets import tickets_now
from tracker.queries.uploads import State, tickets_of_keys, tickets_recorded
from tracker.queries.world import world_for

RECORDED_ALREADY = frozenset({"duplicate_external_number", "external_number_elsewhere"})
_AT_ONCE = 1_000  # rows whose keys are looked up together


def _unwatched(done: int) -> None:
    """Nobody waits for the progress."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What stands of a row, before or after the import.

    `refusals`: what the rules say, beside the mistakes of its cells. `ticket_id`: that it is, or was before.
    `is_again`: it had been registered from this very file. `adds`: the milestones that it brings, or brought, to a
    known ticket.
    """

    row: RowReading
    state: State
    refusals: tuple[Refusal, ...] = ()
    ticket_id: int | None = None
    is_again: bool = False
    adds: tuple[str, ...] = ()


@dataclass(frozen=True)
class Importer:
    """Who imports, into which register. `secret`: see `reading.read_file`; the same for every way in."""

    house: House
    viewer: Viewer
    register: Register
    secret: bytes
    _rights: dict[tuple[int, bool], bool] = field(default_factory=dict, compare=False, repr=False)

    @cached_property
    def places(self) -> tuple[Unit, ...]:
        """Where this person may import; nowhere is nobody's business here."""
        return places_for(self.viewer, "import", self.register.name)

    @property
    def step_columns(self) -> tuple[Field, ...]:
        return self.house.pack.columns.get(self.register.name, ())

    def read(self, content: bytes, name: str, sheet: str | None, defaults: Mapping[str, Any]) -> ImportReading:
        """The reading of a file. FileRefusal: none of it can be used, and why."""
        return read_file(
            content,
            name,
            self.register,
            self.viewer.directory.units,
            self.viewer.directory.people,
            self.viewer.on,
            secret=self.secret,
            sheet_name=sheet,
            defaults=defaults,
            step_columns=self.step_columns,
            layouts=self.house.pack.layouts,
        )

    # -- what would come of each row ------------------------------------------------------------------
    def judge(self, conn: Connection, reading: ImportReading) -> Iterator[Judged]:
        """What the import would make of each row, in their order. The rules are asked; nothing is written."""
        for start in range(0, len(reading.rows), _AT_ONCE):
            rows = reading.rows[start : start + _AT_ONCE]
            recorded = self._recorded(conn, reading, rows)
            known = self._known_tickets(conn, rows, recorded)
            world = self._world(conn, recorded)
            for row in rows:
                if row.is_ready and (ticket_id := recorded.get(row.external_key)) is not None:
                    yield self._judged_known(row, ticket_id, known.get(ticket_id), world)
                else:
                    yield self._judged(row, world, lacks=bool(reading.missing_required))

    def _recorded(self, conn: Connection, reading: ImportReading, rows: Sequence[RowReading]) -> dict[str, int]:
        """External key → ticket, of rows that are recorded, or were from this very file and are voided since."""
        sound = [row for row in rows if row.is_ready]
        keys = {hash_of_use(self.viewer.person.id, _key(reading, row)): row for row in sound}
        from_file = tickets_of_keys(conn, keys)
        found = {keys[key].external_key: ticket_id for key, ticket_id in from_file.items()}
        return found | tickets_recorded(conn, self.viewer, self.register.name, (row.external_key for row in sound))

    def _known_tickets(
        self, conn: Connection, rows: Iterable[RowReading], recorded: Mapping[str, int]
    ) -> dict[int, Ticket]:
        """Those recorded already to which a row could add something."""
        bringing = (row for row in rows if row.is_ready and milestones_of(row, self.register))
        ids = sorted({recorded[row.external_key] for row in bringing if row.external_key in recorded})
        slices = (ids[i : i + _AT_ONCE] for i in range(0, len(ids), _AT_ONCE))
        return {ticket_id: ticket for part in slices for ticket_id, ticket in tickets_now(conn, part).items()}

    def _judged_known(self, row: RowReading, ticket_id: int, ticket: Ticket | None, world: World) -> Judged:
        adds = lacking(row, ticket, self.register, world) if ticket is not None else {}
        if ticket is None or not adds:
            return Judged(row, State.KNOWN, ticket_id=ticket_id)
        if refusals := refusals_of(row, adds, ticket, self.register, world):
            return Judged(row, State.KNOWN, refusals, ticket_id)
        return Judged(row, State.ADDS, ticket_id=ticket_id, adds=tuple(adds))

    def _judged(self, row: RowReading, world: World, *, lacks: bool) -> Judged:
        if not row.is_ready:
            return _unready(row)
        if lacks:
            return Judged(row, State.WRONG)
        refusals = self._objections(row, world)
        return Judged(row, State.WRONG if refusals else State.READY, refusals)

    def _objections(self, row: RowReading, world: World) -> tuple[Refusal, ...]:
        """What the rules say to a row without mistakes: nothing when it would be registered."""
        try:
            self._check_right(row)
            decide_register(command_of(row, self.register), self.register, world)
        except Refusal as why:
            return (why,)
        except Refusals as several:
            return several.refusals
        return ()

    def _check_right(self, row: RowReading) -> None:
        """The right to import, beside that to register, which the handler asks. The same for all rows of a village."""
        place, is_restricted = row.value("place"), row.value("restricted") is True
        if not isinstance(place, int):
            raise Refusal("field_required", field="place")
        if (place, is_restricted) not in self._rights:
            viewer, named = self.viewer, (self.viewer.person.id,) if is_restricted else ()
            facts = Facts(self.register.name, place, is_restricted=is_restricted, named_ids=named)
            self._rights[place, is_restricted] = may(viewer.person, "import", facts, viewer.directory, viewer.on)
        if not self._rights[place, is_restricted]:
            raise Refusal("not_permitted", field="place")

    def _world(self, conn: Connection, recorded: Mapping[str, int]) -> World:
        """For asking the rules only: no number is handed out."""
        return replace(
            world_for(conn, self.viewer, self.house),
            number_for=lambda register, *, is_restricted: "",
            key_taken=lambda register, key: recorded.get(key),
        )

    # -- carrying out ---------------------------------------------------------------------------------
    def carry_out(
        self,
        reading: ImportReading,
        rows: Sequence[RowReading],
        now: datetime,
        *,
        goes_on: bool,
        progress: Callable[[int], None] = _unwatched,
    ) -> tuple[Judged, ...]:
        """Register these rows in one transaction, and say what came of each.

        `goes_on`: rows that are refused stay out. Without it the first refusal leaves every row out: then no row is
        REGISTERED, those refused are WRONG and the others as ready as before.
        """
        wrong = {row.source_row: judged for row in rows if (judged := self._refused_before(row)) is not None}
        allowed = [row for row in rows if row.source_row not in wrong]
        if wrong and not goes_on:
            return tuple(wrong.get(row.source_row, Judged(row, State.READY)) for row in rows)
        done = 0

        def count(number: int) -> None:
            nonlocal done
            done = number
            progress(number)

        try:
            results = handle_all(self.house, self._requests(reading, allowed, now), goes_on=goes_on, progress=count)
        except (Refusal, Refusals) as why:
            refusals = why.refusals if isinstance(why, Refusals) else (why,)
            return tuple(
                Judged(row, State.WRONG, refusals) if row is allowed[done] else Judged(row, State.READY) for row in rows
            )
        found = wrong | {row.source_row: self._settled(row, r) for row, r in zip(allowed, results, strict=True)}
        return tuple(found[row.source_row] for row in rows)

    def add(self, reading: ImportReading, rows: Sequence[RowReading], now: datetime) -> tuple[Judged, ...]:
        """Record the milestones that known tickets lack, in one transaction; what is refused meanwhile stays out."""
        with self.house.engine.connect() as conn:
            recorded = self._recorded(conn, reading, rows)
            known, world = self._known_tickets(conn, rows, recorded), self._world(conn, recorded)
        asked: list[tuple[RowReading, Ticket, dict[str, date]]] = []
        for row in rows:
            ticket = known.get(recorded.get(row.external_key, 0))
            if ticket is not None and self._refused_before(row) is None:
                asked.append((row, ticket, lacking(row, ticket, self.register, world)))
        requests = [
            Request(step, self.viewer.person.id, now)
            for row, ticket, adds in asked
            for step in steps_of(row, adds, ticket, self.register)
        ]
        results = iter(handle_all(self.house, requests, goes_on=True))
        return tuple(_added(row, ticket, dict(zip(adds, results, strict=False))) for row, ticket, adds in asked)

    def _refused_before(self, row: RowReading) -> Judged | None:
        """What needs no asking of the handler: mistakes of cells, repeated rows, rows of another's village."""
        if not row.is_ready:
            return _unready(row)
        try:
            self._check_right(row)
        except Refusal as why:
            return Judged(row, State.WRONG, (why,))
        return None

    def _requests(self, reading: ImportReading, rows: Iterable[RowReading], now: datetime) -> Iterator[Request]:
        """One by one, so that no hundred thousand commands are in memory together."""
        for row in rows:
            yield Request(replace(command_of(row, self.register), key=_key(reading, row)), self.viewer.person.id, now)

    def _settled(self, row: RowReading, result: Done | Refused) -> Judged:
        if isinstance(result, Done):
            return Judged(row, State.REGISTERED, ticket_id=result.stream_id, is_again=result.is_repeat)
        if {why.code for why in result.refusals} <= RECORDED_ALREADY:
            with self.house.engine.connect() as conn:  # after the import: it sees who was faster
                found = tickets_recorded(conn, self.viewer, self.register.name, [row.external_key])
            return Judged(row, State.KNOWN, ticket_id=found.get(row.external_key))
        return Judged(row, State.WRONG, result.refusals)


def _added(row: RowReading, ticket: Ticket, results: Mapping[str, Done | Refused]) -> Judged:
    refusals = tuple(why for one in results.values() if isinstance(one, Refused) for why in one.refusals)
    adds = tuple(name for name, one in results.items() if isinstance(one, Done))
    return Judged(row, State.ADDED if adds else State.KNOWN, refusals, ticket.id, adds=adds)


def mistakes_of(one: Judged, reading: ImportReading) -> Iterator[CellError]:
    """All that keeps a row out, each at its cell: what could not be read, then what the rules say."""
    yield from one.row.errors
    row = one.row.source_row
    for why in one.refusals:
        letter = reading.letter_of.get(why.field or "")
        cell = f"{letter}{row}" if letter else ""
        yield CellError(reading.sheet, row, cell, why.field or "", why.code, why.params)


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


def _unready(row: RowReading) -> Judged:
    return Judged(row, State.WRONG if row.errors else State.REPEATED)


def _key(reading: ImportReading, row: RowReading) -> str:
    """The same row of the same file, however often it is sent."""
    return f"import/{reading.register}/{reading.digest}/{reading.sheet}/{row.source_row}"
