"""All projections made again from the log, in one transaction: pages see the old ones until the new ones are whole.

A stretch of tickets at a time, so that memory stays level, and no row is written twice. Numbers of folios and
registers are names, not facts: they stay. Sums that anybody holds do not: a new epoch says so. Cost: some 0.15 ms of
one core an event, three quarters of it in processes that fold while this one writes.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Table, delete

from tracker.domain import period
from tracker.domain.days import to_number
from tracker.domain.events import Event, StreamKind
from tracker.domain.ledger import Mark
from tracker.domain.numbers import year_and_serial
from tracker.domain.period_ledger import period_marks
from tracker.domain.record import Record, evolve
from tracker.domain.record_ledger import record_marks
from tracker.domain.registers import DUTY_PREFIX, Pack
from tracker.log import store
from tracker.models.duties import DutyPeriodRow
from tracker.models.ledger import MarkDeltaRow, MarkRow
from tracker.models.people import GrantRow, PersonRow, UnitRow
from tracker.models.records import RecordLinkRow, RecordRow
from tracker.models.tickets import NamedPersonRow, SeriesRow, SupportRow, TicketRow
from tracker.projections import folding, ledger, search, tickets
from tracker.projections.duties import DutyWriter
from tracker.projections.folios import FolioBook, FolioKey, FolioWriter, folio_numbers
from tracker.projections.ledger import LedgerWriter
from tracker.projections.people import project_directory
from tracker.projections.records import RecordWriter, insert_links
from tracker.projections.series import SeriesWriter
from tracker.projections.tickets import sync_registers

TABLES: tuple[Table, ...] = tuple(
    row_type.__table__
    for row_type in (
        TicketRow,
        NamedPersonRow,
        SupportRow,
        SeriesRow,
        RecordRow,
        RecordLinkRow,
        DutyPeriodRow,
        MarkRow,
        MarkDeltaRow,
        UnitRow,
        PersonRow,
        GrantRow,
    )
)
"""What is emptied and written again; the words of search besides."""

FLUSH_EVERY = 20_000
WORTH_PROCESSES = 50_000
"""Events; fewer are folded in this process."""
MOST_PROCESSES = 2
_CACHE_OF_SQLITE = "PRAGMA cache_size=-262144"  # KiB: the ledger's index is written in the order of tickets


def rebuild(
    conn: Connection,
    pack: Pack,
    time_zone: ZoneInfo,
    folios: FolioBook,
    progress: Callable[[int, int], None],
    *,
    processes: int | None = None,
) -> None:
    """Empty the projections and write them again. Takes the log's lock; the caller commits.

    `progress` gets how many events are done, and of how many. `processes` fold beside this one, None: as many as
    are worth it. They read the log as it is committed: the caller must not have appended to it.
    """
    with _without_collector():
        _write_again(conn, pack, time_zone, folios, progress, processes)


@contextmanager
def _without_collector() -> Iterator[None]:
    """States and marks hold no rings: to look for some over and over would cost a third of the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _write_again(
    conn: Connection,
    pack: Pack,
    time_zone: ZoneInfo,
    folios: FolioBook,
    progress: Callable[[int, int], None],
    processes: int | None,
) -> None:
    size = store.Appender(conn).size
    store.begin_epoch(conn)
    if conn.dialect.name == "sqlite":
        conn.exec_driver_sql(_CACHE_OF_SQLITE)
    for table in TABLES:
        conn.execute(delete(table))
    search.empty(conn)
    _directory(conn)
    numbers = sync_registers(conn, pack.register_names)
    rules = folding.Rules(pack.register_by_name, numbers, folio_numbers(conn), time_zone)
    with _indexes_at_the_end(conn):
        count = _processes(size) if processes is None else processes
        _tickets(conn, rules, folios, size, count, lambda done: progress(done, size))
    _Records(conn, pack, numbers, time_zone, folios).write()
    _Periods(conn, time_zone, folios).write()
    progress(size, size)


@contextmanager
def _indexes_at_the_end(conn: Connection) -> Iterator[None]:
    """SQLite sorts the indexes of tickets once. PostgreSQL keeps them: to drop one would lock readers out."""
    table = TicketRow.__table__
    indexes = sorted(table.indexes, key=lambda index: str(index.name)) if conn.dialect.name == "sqlite" else []
    for index in indexes:
        index.drop(conn)
    yield
    for index in indexes:
        index.create(conn)


def _directory(conn: Connection) -> None:
    streams = (events for kind in (StreamKind.UNIT, StreamKind.PERSON) for events in store.read_by_stream(conn, kind))
    events = [event for stream in streams for event in stream]
    project_directory(conn, sorted(events, key=lambda event: event.position))


def _tickets(
    conn: Connection,
    rules: folding.Rules,
    folios: FolioBook,
    size: int,
    processes: int,
    progress: Callable[[int], None],
) -> None:
    series, folio_writer = SeriesWriter(conn), FolioWriter(conn, folios)
    added: dict[FolioKey, int] = {}
    done = 0
    for rows in _folded(conn, rules, size, added, processes):
        folding.numbered(rows, lambda key: added.setdefault(key, folio_writer.number(key)))
        tickets.insert_new(conn, rows.tickets, rows.named, rows.supports)
        insert_links(conn, rows.links)
        search.insert_new(conn, rows.pieces)
        ledger.insert_new(conn, rows.marks, rows.deltas)
        for key, serial in rows.series.items():
            series.count(key, serial)
        done += rows.events
        progress(done)
        gc.collect(0)  # the few rings that statements leave
    series.flush()


class _Records:
    """Activities, subjects and statistics: a hundredth of the log, folded where they are written."""

    def __init__(
        self, conn: Connection, pack: Pack, numbers: Mapping[str, int], time_zone: ZoneInfo, folios: FolioBook
    ) -> None:
        self._conn = conn
        self._registers = pack.record_by_name
        self._time_zone = time_zone
        self._ledger = LedgerWriter(conn, folios)
        self._rows = RecordWriter(conn, pack.record_by_name, numbers)
        self._texts = search.RecordSearchWriter(conn)
        self._series = SeriesWriter(conn)

    def write(self) -> None:
        unwritten = 0
        for events in store.read_by_stream(self._conn, StreamKind.RECORD):
            self._record(events)
            unwritten += len(events)
            if unwritten >= FLUSH_EVERY:
                self._flush()
                unwritten = 0
        self._flush()

    def _record(self, events: list[Event]) -> None:
        """One record's whole life. LookupError: the pack has no such register."""
        state: Record | None = None
        held: frozenset[Mark] = frozenset()
        for event in events:
            state = evolve(state, event)
            now = record_marks(state, self._registers[state.register])
            recorded_on = to_number(event.recorded_at.astimezone(self._time_zone).date())
            self._ledger.post(state.id, state.register, event.position, recorded_on, held, now)
            held = now
        if state is not None:
            self._rows.put(None, state)
            self._texts.put(None, state, self._registers[state.register])
            year, serial = year_and_serial(state.number)
            self._series.count((state.register, year, False), serial)

    def _flush(self) -> None:
        self._ledger.flush()
        self._rows.flush()
        self._texts.flush()
        self._series.flush()


class _Periods:
    """Owed periods, some events each."""

    def __init__(self, conn: Connection, time_zone: ZoneInfo, folios: FolioBook) -> None:
        self._conn = conn
        self._time_zone = time_zone
        self._ledger = LedgerWriter(conn, folios)
        self._rows = DutyWriter(conn)

    def write(self) -> None:
        unwritten = 0
        for events in store.read_by_stream(self._conn, StreamKind.DUTY):
            self._period(events)
            unwritten += len(events)
            if unwritten >= FLUSH_EVERY:
                self._flush()
                unwritten = 0
        self._flush()

    def _period(self, events: list[Event]) -> None:
        state: period.OwedPeriod | None = None
        held: frozenset[Mark] = frozenset()
        for event in events:
            state = period.evolve(state, event)
            now = period_marks(state)
            recorded_on = to_number(event.recorded_at.astimezone(self._time_zone).date())
            self._ledger.post(state.id, DUTY_PREFIX + state.duty, event.position, recorded_on, held, now)
            held = now
        if state is not None:
            self._rows.put(None, state)

    def _flush(self) -> None:
        self._ledger.flush()
        self._rows.flush()


def _folded(
    conn: Connection, rules: folding.Rules, size: int, added: Mapping[FolioKey, int], processes: int
) -> Iterator[folding.Rows]:
    parts = folding.stretches(size)
    if processes:
        return folding.elsewhere(conn.engine.url, rules, parts, added, processes)
    return folding.here(conn, rules, parts, added)


def _processes(size: int) -> int:
    """How many fold beside this one: to start them is worth a second, and they need a core."""
    cores = os.cpu_count() or 1
    return MOST_PROCESSES if cores > 1 and size >= WORTH_PROCESSES else 0
