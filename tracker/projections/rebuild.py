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
from typing import Protocol, TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Table, delete

from tracker.domain.events import StreamKind
from tracker.domain.numbers import year_and_serial
from tracker.domain.packs import Pack
from tracker.domain.record import Record
from tracker.domain.records import RecordRegister
from tracker.log import store
from tracker.models.duties import DutyPeriodRow
from tracker.models.ledger import MarkDeltaRow, MarkRow
from tracker.models.people import GrantRow, PersonRow, UnitRow
from tracker.models.pictures import PictureUseRow
from tracker.models.records import RecordLinkRow, RecordRow
from tracker.models.tickets import NamedPersonRow, SeriesRow, SupportRow, TicketRow
from tracker.projections import folding, ledger, pictures, search, tickets
from tracker.projections.duties import DutyWriter
from tracker.projections.folios import FolioBook, FolioKey, FolioWriter, folio_numbers
from tracker.projections.ledger import LedgerWriter
from tracker.projections.lives import Posting, State, period_life, record_life
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
        PictureUseRow,
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
Whole = TypeVar("Whole", contravariant=True)
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
    records, book = pack.record_by_name, LedgerWriter(conn, folios)
    _streams(conn, book, Posting(record_life(records), book, time_zone), _RecordRows(conn, records, numbers))
    _streams(conn, book, Posting(period_life(), book, time_zone), DutyWriter(conn))
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
        pictures.insert_new(conn, rows.pictures)
        ledger.insert_new(conn, rows.marks, rows.deltas)
        for key, serial in rows.series.items():
            series.count(key, serial)
        done += rows.events
        progress(done)
        gc.collect(0)  # the few rings that statements leave
    series.flush()


class _Keeper(Protocol[Whole]):
    """What keeps the rows of a kind of stream until they are written."""

    def put(self, before: None, after: Whole) -> None: ...

    def flush(self) -> None: ...


class _RecordRows(RecordWriter):
    """The rows of records, their words, and the numbers that their registers have come to."""

    def __init__(self, conn: Connection, registers: Mapping[str, RecordRegister], numbers: Mapping[str, int]) -> None:
        super().__init__(conn, registers, numbers)
        self._texts = search.RecordSearchWriter(conn)
        self._pictures = pictures.PictureWriter(conn)
        self._series = SeriesWriter(conn)

    def put(self, before: Record | None, after: Record) -> None:
        super().put(before, after)
        self._texts.put(None, after, self._registers[after.register])
        self._pictures.put(None, after)
        year, serial = year_and_serial(after.number)
        self._series.count((after.register, year, False), serial)

    def flush(self) -> None:
        super().flush()
        self._texts.flush()
        self._pictures.flush()
        self._series.flush()


def _streams(conn: Connection, book: LedgerWriter, posting: Posting[State], rows: _Keeper[State]) -> None:
    """Records or owed periods, a hundredth of the log: folded where they are written."""
    unwritten = 0
    for events in store.read_by_stream(conn, posting.life.kind):
        state, _ = posting.post(events)
        rows.put(None, state)
        unwritten += len(events)
        if unwritten >= FLUSH_EVERY:
            book.flush()
            rows.flush()
            unwritten = 0
    book.flush()
    rows.flush()


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
