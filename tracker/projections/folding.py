"""Tickets folded into the rows that a rebuild writes, a stretch of the log at a time. Nothing is written here.

`here` folds in this process, `elsewhere` in processes of their own while this one writes; what they give is the same.
Each ticket's events are read once and its whole life is posted, so that a stretch knows of no other.
"""

from __future__ import annotations

import gc
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context, parent_process
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import URL, Connection, create_engine

from tracker.domain.events import StreamKind
from tracker.domain.registers import Register
from tracker.domain.ticket import Ticket
from tracker.log import store
from tracker.projections.cube.cells import renumbered
from tracker.projections.folios import FolioKey
from tracker.projections.ledger import LedgerChanges
from tracker.projections.lives import Posting, ticket_life
from tracker.projections.pictures import Use, uses_of
from tracker.projections.records import links_of_ticket
from tracker.projections.search import pieces_of_ticket
from tracker.projections.series import SeriesKey, series_of
from tracker.projections.tickets import TICKET_COLUMNS, ticket_row

STRETCH = 4_096
"""Positions; a ticket belongs to the stretch of its first event. So many tickets at most, a tenth of them as a rule."""
UNNUMBERED = 1 << 31
"""No folio has so high a number: from here on stand those of `Rows.new_folios` until they have one."""
_AHEAD = 3  # stretches that a process may be ahead of the writer: more would only wait in memory
_CACHE_OF_SQLITE = "PRAGMA cache_size=-65536"  # KiB: events of tickets that began together lie together

Stretch = tuple[int, int]
"""Positions after < n <= until."""
Known = Mapping[FolioKey, int]
"""Folios with their numbers."""


@dataclass(slots=True)
class Rows:
    """What the tickets of a stretch leave in each table."""

    events: int = 0
    tickets: list[tuple[Any, ...]] = field(default_factory=list)
    named: list[tuple[int, int]] = field(default_factory=list)
    supports: list[tuple[int, int]] = field(default_factory=list)
    links: list[dict[str, Any]] = field(default_factory=list)
    pieces: list[tuple[int, tuple[str, ...]]] = field(default_factory=list)
    pictures: list[Use] = field(default_factory=list)
    series: dict[SeriesKey, int] = field(default_factory=dict)
    marks: list[tuple[Any, ...]] = field(default_factory=list)
    deltas: list[tuple[int, int, bytes]] = field(default_factory=list)
    new_folios: list[FolioKey] = field(default_factory=list)  # in the order of their first use


@dataclass(frozen=True, slots=True)
class Rules:
    """What the log is read by, and the numbers that registers and folios had when the rebuild began."""

    registers: Mapping[str, Register]
    register_numbers: Mapping[str, int]
    folios: Known
    time_zone: ZoneInfo


def stretches(size: int) -> Iterator[Stretch]:
    """A log of this size, cut up."""
    yield from ((after, min(after + STRETCH, size)) for after in range(0, size, STRETCH))


def here(conn: Connection, rules: Rules, parts: Iterable[Stretch], added: Known) -> Iterator[Rows]:
    """The rows of each stretch. `added`: folios that have got a number since; may grow meanwhile."""
    yield from (_folded(conn, rules, part, added) for part in parts)


def elsewhere(url: URL, rules: Rules, parts: Iterable[Stretch], added: Known, processes: int) -> Iterator[Rows]:
    """The same in the same order, from processes that read what is committed: the caller holds the log's lock."""
    start = (url.render_as_string(hide_password=False), rules)
    with ProcessPoolExecutor(processes, get_context("spawn"), initializer=_begin, initargs=start) as pool:
        waiting: deque[Future[Rows]] = deque()
        for part in parts:
            waiting.append(pool.submit(_fold, part, dict(added)))
            if len(waiting) > processes * _AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


# -- in a process of its own --------------------------------------------------------------------------
_open: list[tuple[Connection, Rules]] = []


def _begin(url: str, rules: Rules) -> None:
    threading.Thread(target=_end_with_parent, daemon=True).start()
    gc.disable()  # as the process that writes
    conn = create_engine(url).connect()
    if conn.dialect.name == "sqlite":
        conn.exec_driver_sql(_CACHE_OF_SQLITE)
        conn.rollback()
    _open.append((conn, rules))


def _end_with_parent() -> None:
    """A process that was killed cannot tell its children to end."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _fold(part: Stretch, added: Known) -> Rows:
    conn, rules = _open[0]
    try:
        return _folded(conn, rules, part, added)
    finally:
        conn.rollback()
        gc.collect(0)


# -- one stretch --------------------------------------------------------------------------------------
def _folded(conn: Connection, rules: Rules, part: Stretch, added: Known) -> Rows:
    after, until = part
    rows, new = Rows(), _NewFolios(rules.folios, added)
    ledger = LedgerChanges(new.number)
    posting = Posting(ticket_life(rules.registers), ledger, rules.time_zone)
    for events in store.read_by_stream(conn, StreamKind.TICKET, after=after, until=until):
        state, _ = posting.post(events)
        rows.events += len(events)
        _leave(state, rules, rows)
    rows.marks, rows.deltas = ledger.take_new()
    rows.new_folios = list(new.found)
    return rows


def _leave(state: Ticket, rules: Rules, rows: Rows) -> None:
    """What the ticket leaves besides its marks."""
    register = rules.registers[state.register]
    row = ticket_row(state, register, rules.register_numbers[register.name])
    rows.tickets.append(tuple(row[name] for name in TICKET_COLUMNS))
    rows.named += [(state.id, person_id) for person_id in state.named_ids]
    rows.supports += [(state.id, unit_id) for unit_id in {s.unit_id for s in state.supports}]
    if register.links or state.origin_id is not None:
        rows.links += links_of_ticket(state, register, rules.register_numbers[register.name])
    if pieces := pieces_of_ticket(state, register):
        rows.pieces.append((state.id, pieces))
    rows.pictures += uses_of(state)
    series, serial = series_of(state)
    rows.series[series] = max(rows.series.get(series, 0), serial)


class _NewFolios:
    """Numbers of folios, with numbers of its own for those that have none yet."""

    def __init__(self, known: Known, added: Known) -> None:
        self._known = known
        self._added = added
        self.found: dict[FolioKey, int] = {}

    def number(self, key: FolioKey) -> int:
        known = self._known.get(key) or self._added.get(key) or self.found.get(key)
        if known is None:
            self.found[key] = known = UNNUMBERED + len(self.found)
        return known


def numbered(rows: Rows, number: Callable[[FolioKey], int]) -> None:
    """Give the new folios their numbers, wherever the rows name them."""
    numbers = {UNNUMBERED + i: number(key) for i, key in enumerate(rows.new_folios)}
    if numbers:
        rows.marks = [(numbers.get(mark[0], mark[0]), *mark[1:]) for mark in rows.marks]
        rows.deltas = [(position, day, renumbered(cells, numbers)) for position, day, cells in rows.deltas]
        rows.new_folios = []
