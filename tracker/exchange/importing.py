"""The rows of a workbook, judged by the rules and carried out as commands: the page and `xiaohao import` both.

A row is one command of its register's kind (`intake`): so it comes in whole or not at all, and once, however often
its file is sent: its key says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Any

from sqlalchemy import Connection

from tracker.domain.access import may
from tracker.domain.commands import FromFile
from tracker.domain.context import World
from tracker.domain.people import Unit
from tracker.domain.records import RecordRegister
from tracker.domain.refusals import Refusal, Refusals
from tracker.domain.registers import Field, Register
from tracker.exchange.intake import AT_ONCE, NOTHING, Addition, Intake, Series
from tracker.exchange.links import RecordNames
from tracker.exchange.reading import ImportReading, read_file
from tracker.exchange.record_rows import RecordRows
from tracker.exchange.rows import CellError, RowReading
from tracker.exchange.ticket_rows import TicketRows
from tracker.handler import Done, Refused, Request, handle_all
from tracker.house import House
from tracker.log.store import hash_of_use
from tracker.queries.people import homes_for, places_for
from tracker.queries.scope import Viewer
from tracker.queries.uploads import State, streams_of_keys
from tracker.queries.world import world_for

RECORDED_ALREADY = frozenset({"duplicate_external_number", "external_number_elsewhere", "row_known", "statistic_known"})


def _unwatched(done: int) -> None:
    """Nobody waits for the progress."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What stands of a row, before or after the import.

    `refusals`: what the rules say, beside the mistakes of its cells. `ticket_id`: of the ticket or record that it is,
    or was before. `is_again`: it had been registered from this very file. `adds`: the milestones that it brings, or
    brought, to a known ticket; of a statistic the stage.
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
    register: Register | RecordRegister
    secret: bytes
    _rights: dict[tuple[int, bool], bool] = field(default_factory=dict, compare=False, repr=False)

    @cached_property
    def intake(self) -> Intake:
        """What rows become in a register of this kind."""
        if isinstance(self.register, RecordRegister):
            return RecordRows(self.register)
        return TicketRows(self.register, self.house.pack.columns.get(self.register.name, ()))

    @cached_property
    def places(self) -> tuple[Unit, ...]:
        """Where this person may import; nowhere is nobody's business here."""
        offered = places_for if self.register.unit_field == "place" else homes_for
        return offered(self.viewer, "import", self.register.name)

    @property
    def further_columns(self) -> tuple[Field, ...]:
        """What is read beside the fields: what steps of a ticket record, a subject's state."""
        return self.intake.columns

    @property
    def not_imported(self) -> frozenset[str]:
        """Columns that are read and told, and that steps record, not the import."""
        if isinstance(self.register, RecordRegister):
            return frozenset()
        return frozenset(known.name for known in self.further_columns) - self.register.by_name.keys()

    def read(self, content: bytes, name: str, sheet: str | None, defaults: Mapping[str, Any]) -> ImportReading:
        """The reading of a file. FileRefusal: none of it can be used, and why."""
        with self.house.engine.connect() as conn:
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
                step_columns=self.further_columns,
                layouts=self.house.pack.layouts,
                links=RecordNames(conn, self.viewer, self.house.pack),
            )

    # -- what would come of each row ------------------------------------------------------------------
    def judge(self, conn: Connection, reading: ImportReading) -> Iterator[Judged]:
        """What the import would make of each row, in their order. The rules are asked; nothing is written."""
        earlier: dict[str, tuple[Series, int]] = {}
        for start in range(0, len(reading.rows), AT_ONCE):
            rows = reading.rows[start : start + AT_ONCE]
            recorded = self._recorded(conn, reading, rows)
            world = self._world(conn, recorded)
            additions = self.intake.additions(conn, _known(rows, recorded), world)
            for row in rows:
                if row.is_ready and (ticket_id := recorded.get(row.external_key)) is not None:
                    yield _judged_known(row, ticket_id, additions.get(row.source_row, NOTHING))
                else:
                    one = self._judged(row, world, lacks=bool(reading.missing_required))
                    yield self._in_series(one, earlier) if one.state is State.READY else one

    def _recorded(self, conn: Connection, reading: ImportReading, rows: Sequence[RowReading]) -> dict[str, int]:
        """External key → what a row is recorded as, or was from this very file and is voided since."""
        sound = [row for row in rows if row.is_ready]
        keys = {hash_of_use(self.viewer.person.id, _key(reading, row)): row for row in sound}
        from_file = streams_of_keys(conn, keys)
        found = {keys[key].external_key: stream_id for key, stream_id in from_file.items()}
        return found | self.intake.recorded(conn, self.viewer, sound)

    def _judged(self, row: RowReading, world: World, *, lacks: bool) -> Judged:
        if not row.is_ready:
            return _unready(row)
        if lacks:
            return Judged(row, State.WRONG)
        refusals = self._objections(row, world)
        return Judged(row, State.WRONG if refusals else State.READY, refusals)

    def _in_series(self, one: Judged, earlier: dict[str, tuple[Series, int]]) -> Judged:
        """A value that an earlier row of the file tells at a lower stage is added once that row is recorded."""
        series = self.intake.series(one.row)
        if series is None:
            return one
        before, first_row = earlier.get(series.key, (None, 0))
        if before is not None and before.rank >= series.rank:
            return replace(one, state=State.WRONG, refusals=(Refusal("statistic_known", first_row=first_row),))
        earlier[series.key] = series, one.row.source_row
        return one if before is None else replace(one, state=State.ADDS, adds=(series.stage,))

    def _objections(self, row: RowReading, world: World) -> tuple[Refusal, ...]:
        """What the rules say to a row without mistakes: nothing when it would be registered."""
        try:
            self._check_right(row)
            self.intake.ask(row, world)
        except Refusal as why:
            return (why,)
        except Refusals as several:
            return several.refusals
        return ()

    def _check_right(self, row: RowReading) -> None:
        """The right to import, beside that to register, which the handler asks. The same for all rows of a village."""
        viewer = self.viewer
        facts = self.intake.facts(row, viewer.person.id)
        asked = facts.place_id, facts.is_restricted
        if asked not in self._rights:
            self._rights[asked] = may(viewer.person, "import", facts, viewer.directory, viewer.on)
        if not self._rights[asked]:
            raise Refusal("not_permitted", field=self.register.unit_field)

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
        """Record what rows add to what is known, in one transaction; what is refused meanwhile stays out."""
        with self.house.engine.connect() as conn:
            recorded = self._recorded(conn, reading, rows)
            known = [(row, i) for row, i in _known(rows, recorded) if self._refused_before(row) is None]
            additions = self.intake.additions(conn, known, self._world(conn, recorded))
        asked = [(row, i, additions.get(row.source_row, NOTHING)) for row, i in known]
        requests = [Request(one, self.viewer.person.id, now) for _, _, adds in asked for one in adds.commands]
        results = iter(handle_all(self.house, requests, goes_on=True))
        return tuple(_added(row, i, dict(zip(adds.names, results, strict=False))) for row, i, adds in asked)

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
            origin = FromFile(reading.digest, row.source_row)
            command = replace(self.intake.command(row), from_file=origin, key=_key(reading, row))
            yield Request(command, self.viewer.person.id, now)

    def _settled(self, row: RowReading, result: Done | Refused) -> Judged:
        if isinstance(result, Done):
            return Judged(row, State.REGISTERED, ticket_id=result.stream_id, is_again=result.is_repeat)
        if {why.code for why in result.refusals} <= RECORDED_ALREADY:
            with self.house.engine.connect() as conn:  # after the import: it sees who was faster
                found = self.intake.recorded(conn, self.viewer, [row])
            return Judged(row, State.KNOWN, ticket_id=found.get(row.external_key))
        return Judged(row, State.WRONG, result.refusals)


def _known(rows: Iterable[RowReading], recorded: Mapping[str, int]) -> list[tuple[RowReading, int]]:
    """Rows without mistakes that are recorded already, each with what it is."""
    return [(row, recorded[row.external_key]) for row in rows if row.is_ready and row.external_key in recorded]


def _judged_known(row: RowReading, ticket_id: int, adds: Addition) -> Judged:
    if not adds.names or adds.refusals:
        return Judged(row, State.KNOWN, adds.refusals, ticket_id)
    return Judged(row, State.ADDS, ticket_id=ticket_id, adds=adds.names)


def _added(row: RowReading, ticket_id: int, results: Mapping[str, Done | Refused]) -> Judged:
    refusals = tuple(why for one in results.values() if isinstance(one, Refused) for why in one.refusals)
    adds = tuple(name for name, one in results.items() if isinstance(one, Done))
    return Judged(row, State.ADDED if adds else State.KNOWN, refusals, ticket_id, adds=adds)


def mistakes_of(one: Judged, reading: ImportReading) -> Iterator[CellError]:
    """All that keeps a row out, each at its cell: what could not be read, then what the rules say."""
    yield from one.row.errors
    row = one.row.source_row
    for why in one.refusals:
        letter = reading.letter_of.get(why.field or "")
        cell = f"{letter}{row}" if letter else ""
        yield CellError(reading.sheet, row, cell, why.field or "", why.code, why.params)


def _unready(row: RowReading) -> Judged:
    return Judged(row, State.WRONG if row.errors else State.REPEATED)


def _key(reading: ImportReading, row: RowReading) -> str:
    """The same row of the same file, however often it is sent."""
    return f"import/{reading.register}/{reading.digest}/{reading.sheet}/{row.source_row}"
