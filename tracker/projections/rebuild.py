"""All projections made again from the log, in one transaction: pages see the old ones until the new ones are whole.

Ticket by ticket, so that memory stays level and no row is written twice. Numbers of folios and registers are names,
not facts: they stay. Sums that anybody holds do not: a new epoch says so. Cost: some 0.1 ms an event.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import chain
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Table, delete

from tracker.domain.days import to_number
from tracker.domain.effects import evolve
from tracker.domain.events import Event, StreamKind
from tracker.domain.ledger import Mark, marks
from tracker.domain.lifecycle import QUIET
from tracker.domain.record import Record
from tracker.domain.record import evolve as evolve_record
from tracker.domain.record_ledger import record_marks
from tracker.domain.registers import Pack
from tracker.domain.ticket import Ticket
from tracker.log import store
from tracker.models.ledger import MarkDeltaRow, MarkRow
from tracker.models.people import GrantRow, PersonRow, UnitRow
from tracker.models.records import RecordLinkRow, RecordRow
from tracker.models.tickets import NamedPersonRow, SeriesRow, SupportRow, TicketRow
from tracker.projections import search
from tracker.projections.folios import FolioBook
from tracker.projections.ledger import LedgerWriter
from tracker.projections.people import project_directory
from tracker.projections.records import RecordWriter
from tracker.projections.series import SeriesWriter
from tracker.projections.tickets import TicketWriter, sync_registers

TABLES: tuple[Table, ...] = tuple(
    row_type.__table__
    for row_type in (
        TicketRow,
        NamedPersonRow,
        SupportRow,
        SeriesRow,
        RecordRow,
        RecordLinkRow,
        MarkRow,
        MarkDeltaRow,
        UnitRow,
        PersonRow,
        GrantRow,
    )
)
"""What is emptied and written again; the words of search besides."""

FLUSH_EVERY = 20_000
_CACHE_OF_SQLITE = "PRAGMA cache_size=-262144"  # KiB: the ledger's index is written in the order of tickets


def rebuild(
    conn: Connection,
    pack: Pack,
    time_zone: ZoneInfo,
    folios: FolioBook,
    progress: Callable[[int, int], None],
) -> None:
    """Empty the projections and write them again. Takes the log's lock; the caller commits.

    `progress` gets how many events are done, and of how many.
    """
    with _without_collector():
        _write_again(conn, pack, time_zone, folios, progress)


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
) -> None:
    size = store.Appender(conn).size
    store.begin_epoch(conn)
    if conn.dialect.name == "sqlite":
        conn.exec_driver_sql(_CACHE_OF_SQLITE)
    for table in TABLES:
        conn.execute(delete(table))
    search.empty(conn)
    _directory(conn)
    with _indexes_at_the_end(conn):
        _streams(conn, _Writers(conn, pack, time_zone, folios), lambda done: progress(done, size))
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


def _streams(conn: Connection, writers: _Writers, progress: Callable[[int], None]) -> None:
    done = unwritten = 0
    tickets = ((writers.write_ticket, events) for events in store.read_by_stream(conn, StreamKind.TICKET))
    records = ((writers.write_record, events) for events in store.read_by_stream(conn, StreamKind.RECORD))
    for write, events in chain(tickets, records):
        write(events)
        done, unwritten = done + len(events), unwritten + len(events)
        if unwritten >= FLUSH_EVERY:
            writers.flush()
            gc.collect(0)  # the few rings that statements leave
            progress(done)
            unwritten = 0
    writers.flush()


class _Writers:
    """The writers that the handler uses."""

    def __init__(self, conn: Connection, pack: Pack, time_zone: ZoneInfo, folios: FolioBook) -> None:
        self._conn = conn
        self._registers = registers = pack.register_by_name
        self._record_registers = pack.record_by_name
        numbers = sync_registers(conn, pack.register_names)
        self._time_zone = time_zone
        self._ledger = LedgerWriter(conn, folios)
        self._rows = TicketWriter(conn, registers, numbers)
        self._records = RecordWriter(conn, pack.record_by_name, numbers)
        self._texts = search.SearchWriter(conn)
        self._series = SeriesWriter(conn)

    def write_record(self, events: Iterable[Event]) -> None:
        """One activity's, subject's or statistic's whole life."""
        state: Record | None = None
        held: frozenset[Mark] = frozenset()
        for event in events:
            state = evolve_record(state, event)
            after = record_marks(state, self._record_registers[state.register])
            recorded_on = to_number(event.recorded_at.astimezone(self._time_zone).date())
            self._ledger.post(state.id, state.register, event.position, recorded_on, held, after)
            held = after
        if state is not None:
            self._records.put(None, state)
            self._series.count(state.register, state.number, is_restricted=False)

    def write_ticket(self, events: Iterable[Event]) -> None:
        """One ticket's whole life. LookupError: the pack has no such register."""
        state: Ticket | None = None
        held: frozenset[Mark] = frozenset()
        for event in events:
            state = evolve(state, event)
            register = self._registers[state.register]
            if event.kind in QUIET:  # said or shown: no mark moves
                continue
            after = marks(state, register)
            recorded_on = to_number(event.recorded_at.astimezone(self._time_zone).date())
            self._ledger.post(state.id, register.name, event.position, recorded_on, held, after)
            held = after
        if state is not None:
            self._rows.put(None, state)
            self._texts.put(None, state, self._registers[state.register])
            self._records.put_ticket(None, state, self._registers[state.register])
            self._series.count(state.register, state.number, is_restricted=state.is_restricted)

    def flush(self) -> None:
        self._ledger.flush()
        self._rows.flush()
        self._records.flush()
        self._texts.flush()
        self._series.flush()
