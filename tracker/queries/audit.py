"""The log as an auditor reads it: entries newest first, by keyset over positions, and whether they hold together.

An entry about a ticket or record that the reader may not see (of another unit, or restricted), or about a person to
a reader who may not see people, keeps its place and says nothing else, neither when nor what.
Bound: one page looks through WINDOW positions, so that a rare kind costs no scan of the whole log.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Row, and_, exists, false, not_, or_, select
from sqlalchemy.sql.elements import ColumnElement

from tracker.domain.access import may_beside_tickets
from tracker.domain.events import LATE_ENTRY_DAYS, Event, StreamKind, late_days
from tracker.log import store
from tracker.log.seal import Fault, Tree, check_chain, leaf_hash
from tracker.models.log import EventRow, LogHeadRow
from tracker.models.records import RecordRow
from tracker.models.tickets import TicketRow
from tracker.queries.scope import Viewer, records_visible, visible

PAGE = 50
WINDOW = 20_000
CHECKED = 500
"""So many of the latest entries are checked against the tree head each time the page opens."""

_DAY_MS = 86_400_000
_OF_TICKETS = (int(StreamKind.TICKET), int(StreamKind.ACCESS))
_OF_RECORDS = (int(StreamKind.RECORD), int(StreamKind.ACCESS))


@dataclass(frozen=True, slots=True)
class LogFilters:
    """What narrows the log; None: everything. `recorded_on`: a day in the log's time zone."""

    kind: str | None
    actor_id: int | None
    recorded_on: date | None
    is_late: bool

    @property
    def is_narrow(self) -> bool:
        """Whether entries are chosen by what they say, or by when."""
        chosen = (self.kind, self.actor_id, self.recorded_on)
        return self.is_late or any(one is not None for one in chosen)


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One event. `event.data` is the caller's to show or not; `is_hidden`: only its place may be shown.

    `number`: of the ticket or record it is about, which the person may see; `is_of_record` tells which.
    `is_sound`: its fingerprint is that of what stands there.
    """

    event: Event
    is_hidden: bool
    number: str | None
    is_of_record: bool
    late_days: int | None
    is_sound: bool


@dataclass(frozen=True, slots=True)
class LogPage:
    """Entries, newest first, found among positions `lowest` … `highest`; `next_before` leads on, None at the end."""

    entries: tuple[LogEntry, ...]
    highest: int
    lowest: int
    next_before: int | None


def log_page(conn: Connection, viewer: Viewer, filters: LogFilters, zone: ZoneInfo, *, before: int | None) -> LogPage:
    """A page of the entries below position `before` (None: from the newest)."""
    head = store.read_head(conn)
    first, last = _positions(conn, filters.recorded_on, zone, head.size)
    highest = last if before is None else min(last, before - 1)
    lowest = max(first, highest - WINDOW + 1)
    query = (
        select(EventRow.position)
        .where(EventRow.position.between(lowest, highest), *_tests(viewer, filters, zone))
        .order_by(EventRow.position.desc())
        .limit(PAGE + 1)
    )
    found = list(conn.scalars(query))
    if len(found) > PAGE:
        found, lowest = found[:PAGE], found[PAGE - 1]
    more = lowest if lowest > first and highest >= lowest else None
    return LogPage(tuple(_entries(conn, viewer, found, zone)), highest, lowest, more)


def _positions(conn: Connection, day: date | None, zone: ZoneInfo, size: int) -> tuple[int, int]:
    """First and last position recorded on a day; of the whole log without one."""
    if day is None:
        return 1, size
    start = datetime.combine(day, time(), zone)
    tick = timedelta(milliseconds=1)
    after = datetime.combine(day + timedelta(days=1), time(), zone)
    return store.position_at(conn, start - tick) + 1, store.position_at(conn, after - tick)


def _tests(viewer: Viewer, filters: LogFilters, zone: ZoneInfo) -> Iterator[ColumnElement[bool]]:
    if filters.kind is not None:
        yield EventRow.kind == filters.kind
    if filters.actor_id is not None:
        yield EventRow.actor_id == filters.actor_id
    if filters.is_late:
        offset = datetime.combine(viewer.on, time(12), zone).utcoffset() or timedelta()
        recorded = (EventRow.recorded_at + offset // timedelta(milliseconds=1)) // _DAY_MS
        yield recorded - EventRow.occurred_on > LATE_ENTRY_DAYS
    if filters.is_narrow:  # what a filter finds tells what it says
        yield not_(_is_hidden(viewer))


def _is_hidden(viewer: Viewer) -> ColumnElement[bool]:
    ticket = exists().where(TicketRow.id == EventRow.stream_id)
    record = exists().where(RecordRow.id == EventRow.stream_id)
    return or_(
        false() if _sees_people(viewer) else EventRow.stream_kind == int(StreamKind.PERSON),
        and_(EventRow.stream_kind.in_(_OF_TICKETS), ticket, ~ticket.where(visible(viewer))),
        and_(EventRow.stream_kind.in_(_OF_RECORDS), record, ~record.where(records_visible(viewer))),
    )


def _sees_people(viewer: Viewer) -> bool:
    return may_beside_tickets(viewer.person, "see_people", viewer.directory, viewer.on)


def _entries(conn: Connection, viewer: Viewer, positions: list[int], zone: ZoneInfo) -> Iterator[LogEntry]:
    events = {event.position: event for event in store.read_events(conn, positions)}
    leaves = dict(conn.execute(select(EventRow.position, EventRow.leaf).where(EventRow.position.in_(positions))).all())
    about_tickets = {e.stream_id for e in events.values() if int(e.stream_kind) in _OF_TICKETS}
    about_records = {e.stream_id for e in events.values() if int(e.stream_kind) in _OF_RECORDS}
    tickets = {row.id: row for row in _tickets(conn, viewer, about_tickets)}
    records = {row.id: row for row in _records(conn, viewer, about_records)}
    sees_people = _sees_people(viewer)
    for position in positions:
        event = events[position]
        kind, row = int(event.stream_kind), None
        if kind in _OF_TICKETS:
            row = tickets.get(event.stream_id)
        if kind in _OF_RECORDS:
            row = row or records.get(event.stream_id)
        can_open = row is not None and bool(row.can_open)
        yield LogEntry(
            event=event,
            is_hidden=(row is not None and not can_open) or (kind == int(StreamKind.PERSON) and not sees_people),
            number=row.number if row is not None and can_open else None,
            is_of_record=event.stream_id in records and kind in _OF_RECORDS,
            late_days=late_days(event, zone),
            is_sound=leaf_hash(event) == bytes(leaves[position]),
        )


def _tickets(conn: Connection, viewer: Viewer, ids: set[int]) -> list[Row[tuple[int, str, bool]]]:
    query = select(TicketRow.id, TicketRow.number, visible(viewer).label("can_open"))
    return list(conn.execute(query.where(TicketRow.id.in_(ids)))) if ids else []


def _records(conn: Connection, viewer: Viewer, ids: set[int]) -> list[Row[tuple[int, str, bool]]]:
    query = select(RecordRow.id, RecordRow.number, records_visible(viewer).label("can_open"))
    return list(conn.execute(query.where(RecordRow.id.in_(ids)))) if ids else []


# -- the chain ----------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Check:
    """What a look at the latest entries found. `first` … `size`: those whose fingerprints were computed anew.

    `tree_from`: from this entry on they were also added to the tree again, up to its head; None where no
    branch of the tree is short enough.
    """

    size: int
    root: bytes
    recorded_at: datetime | None
    first: int
    tree_from: int | None
    faults: tuple[Fault, ...]


def check_latest(conn: Connection, at_most: int) -> Check:
    """Checks up to `at_most` of the latest entries: positions, fingerprints, times, tree heads.

    The tree before them is taken as its frontier in the head says; `xiaohao verify` begins at the first entry.
    """
    head = store.read_head(conn)
    frontier = bytes(conn.scalar(select(LogHeadRow.frontier).where(LogHeadRow.id == 1)) or b"")
    fits = len(frontier) == 32 * head.size.bit_count()
    start = _branch_start(head.size, at_most)
    tree = Tree(start, frontier[: 32 * start.bit_count()]) if fits and start < head.size else None
    after = start if tree else max(0, head.size - at_most)
    latest = list(store.read_sealed(conn, after=after, until=head.size + 1))
    faults = list(check_chain(latest, head.size, head.root, after=after, tree=tree))
    if not fits:
        faults.append(Fault("tree_head_differs", head.size, head.root.hex()))
    at = store.recorded_at(conn, head.size)
    return Check(head.size, head.root, at, min(after + 1, head.size), after + 1 if tree else None, tuple(faults))


def _branch_start(size: int, at_most: int) -> int:
    """How many leaves stand before the last branches of the tree that hold `at_most` leaves or fewer together."""
    start = size
    while start and size - (start & (start - 1)) <= at_most:
        start &= start - 1  # without its last branch
    return start
