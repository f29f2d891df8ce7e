"""All projections made again from the log, in one transaction: pages see the old ones until the new ones are whole.

Ticket by ticket, so that memory stays level and no row is written twice. Numbers of folios and registers are names,
not facts: they stay. Sums that anybody holds do not: a new epoch says so. Cost: some 0.1 ms an event.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Table, delete

from tracker.domain.days import to_number
from tracker.domain.effects import evolve
from tracker.domain.events import Event, StreamKind
from tracker.domain.ledger import Mark, marks
from tracker.domain.lifecycle import QUIET
from tracker.domain.registers import Register
from tracker.domain.ticket import Ticket
from tracker.log import store
from tracker.models.ledger import MarkDeltaRow, MarkRow
from tracker.models.people import GrantRow, PersonRow, UnitRow
from tracker.models.tickets import NamedPersonRow, SeriesRow, SupportRow, TicketRow
from tracker.projections import search
from tracker.projections.folios import FolioBook
from tracker.projections.ledger import LedgerWriter
from tracker.projections.people import project_directory
from tracker.projections.series import SeriesWriter
from tracker.projections.tickets import TicketWriter, sync_registers

TABLES: tuple[Table, ...] = tuple(
    row_type.__table__
    for row_type in (
        TicketRow,
        NamedPersonRow,
        SupportRow,
        SeriesRow,
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
    registers: Mapping[str, Register],
    time_zone: ZoneInfo,
    folios: FolioBook,
    progress: Callable[[int, int], None],
) -> None:
    """Empty the projections and write them again. Takes the log's lock; the caller commits.

    `progress` gets how many events are done, and of how many.
    """
    with _without_collector():
        _write_again(conn, registers, time_zone, folios, progress)


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
    registers: Mapping[str, Register],
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
        _tickets(conn, registers, time_zone, folios, lambda done: progress(done, size))
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
    registers: Mapping[str, Register],
    time_zone: ZoneInfo,
    folios: FolioBook,
    progress: Callable[[int], None],
) -> None:
    writers = _Writers(conn, registers, time_zone, folios)
    done = unwritten = 0
    for events in store.read_by_stream(conn, StreamKind.TICKET):
        writers.write(events)
        done, unwritten = done + len(events), unwritten + len(events)
        if unwritten >= FLUSH_EVERY:
            writers.flush()
            gc.collect(0)  # the few rings that statements leave
            progress(done)
            unwritten = 0
    writers.flush()


class _Writers:
    """The writers that the handler uses."""

    def __init__(
        self, conn: Connection, registers: Mapping[str, Register], time_zone: ZoneInfo, folios: FolioBook
    ) -> None:
        self._conn = conn
        self._registers = registers
        self._time_zone = time_zone
        self._ledger = LedgerWriter(conn, folios)
        self._rows = TicketWriter(conn, registers, sync_registers(conn, registers))
        self._texts = search.SearchWriter(conn)
        self._series = SeriesWriter(conn)

    def write(self, events: Iterable[Event]) -> None:
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
            self._series.count(state)

    def flush(self) -> None:
        self._ledger.flush()
        self._rows.flush()
        self._texts.flush()
        self._series.flush()
