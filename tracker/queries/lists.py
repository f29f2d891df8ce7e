"""Lists of tickets, by keyset and never by OFFSET. One ticket with its history: tickets.py.

A list is a row of segments (shelves, with a due day or without one), each read in the order of an index
through the ways of `scope`; what they give is merged. Work per page: ways x (PAGE + 1) index entries.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    Connection,
    Integer,
    Select,
    and_,
    bindparam,
    func,
    literal_column,
    or_,
    select,
    true,
    union,
)
from sqlalchemy.sql.elements import ColumnElement

from tracker.domain.days import from_number, to_number
from tracker.domain.lifecycle import AWAITING, CLOCK_RUNS, STATUS_BY_NUMBER, STATUS_NUMBERS, Status
from tracker.domain.registers import Register
from tracker.domain.texts import whole_numbers
from tracker.log import vault
from tracker.models.indexes import Query, read_by
from tracker.models.tickets import TicketRow
from tracker.projections.tickets import SHELF_CLOSED, SHELF_GONE, SHELF_OF, SHELF_OPEN, listed_values
from tracker.queries.scope import Condition, Entries, Viewer, entries, visible
from tracker.queries.tickets import masked

T = TicketRow
PAGE = 50
SOON_DAYS = 3

# Built once: putting a statement together costs more than running it.
_ROWS = select(*T.__table__.c).where(T.id.in_(bindparam("ids", expanding=True)))
_RUNNING = tuple(STATUS_NUMBERS[s] for s in CLOCK_RUNS)


class View(StrEnum):
    """The saved views of a register."""

    OPEN = "open"
    OVERDUE = "overdue"
    WEEK = "week"
    VERIFY = "verify"
    DECIDE = "decide"
    RELAPSED = "relapsed"
    CLOSED = "closed"
    GONE = "gone"
    ALL = "all"


class Sort(StrEnum):
    """Orders a list can be read in; each has an index."""

    DUE = "due"
    NEWEST = "newest"
    OLDEST = "oldest"


@dataclass(frozen=True, slots=True)
class Filters:
    """What narrows a list. `register` None: every register."""

    register: str | None
    view: View
    place_id: int | None = None
    owner_unit_id: int | None = None
    category: str | None = None
    status: Status | None = None


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last row of the page before: its segment, due day (number) and id."""

    segment: int
    due: int
    id: int

    def text(self) -> str:
        return f"{self.segment}.{self.due}.{self.id}"

    @classmethod
    def read(cls, text: str) -> Cursor | None:
        """The cursor of an address; None for one that nobody of us wrote."""
        parts = whole_numbers(text, ".")
        return cls(*parts) if len(parts) == 3 else None


class DueState(StrEnum):
    """How a due day stands to today, as components/deadline.html names it."""

    OVERDUE = "overdue"
    TODAY = "today"
    SOON = "soon"
    AHEAD = "ahead"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Due:
    """A due day with its mark: `days` late or left."""

    on: date | None
    state: DueState
    days: int


@dataclass(frozen=True, slots=True)
class TicketLine:
    """One ticket in a list. `summary` is empty for a restricted ticket; private values are masked."""

    id: int
    number: str
    register: str
    place_id: int
    owner_unit_id: int | None
    owner_id: int | None
    status: Status
    due: Due
    found_on: date
    submitted_on: date | None
    closed_on: date | None
    category: str | None
    severity: int | None
    is_restricted: bool
    has_request: bool
    relapse_count: int
    version: int
    summary: str
    listed: Mapping[str, Any]
    masked: Mapping[str, str]

    @property
    def is_closed(self) -> bool:
        return self.status is Status.CLOSED


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list; `next` leads to the following one."""

    lines: tuple[TicketLine, ...]
    next: Cursor | None


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of a list that one order covers. `has_due` None: both, in the order of ids."""

    shelves: tuple[int, ...]
    has_due: bool | None


SHELVES: Mapping[View, tuple[int, ...]] = {
    View.CLOSED: (SHELF_CLOSED,),
    View.GONE: (SHELF_GONE,),
    View.ALL: (SHELF_OPEN, SHELF_CLOSED),
}
_STATUSES: Mapping[View, tuple[Status, ...]] = {
    View.VERIFY: tuple(s for s in Status if s in AWAITING),
    View.RELAPSED: (Status.RELAPSED,),
}


def tickets_page(
    conn: Connection,
    viewer: Viewer,
    registers: Mapping[str, Register],
    filters: Filters,
    *,
    sort: Sort,
    after: Cursor | None,
    limit: int,
) -> Page:
    """`limit` tickets that the person may see, after the cursor. By due day, open ones come before closed ones."""
    parts = segments(filters, sort)
    found: list[tuple[int, int, int]] = []
    for index, segment in enumerate(parts):
        if after is not None and index < after.segment:
            continue
        if len(found) > limit:
            break
        start = after if after is not None and after.segment == index else None
        keys = _keys(conn, viewer, filters, segment, sort, start, limit + 1)
        found += [(index, due, ticket_id) for ticket_id, due in keys]
    lines = lines_by_id(conn, viewer, registers, [ticket_id for _, _, ticket_id in found[:limit]])
    last = found[limit - 1] if len(found) > limit else None
    return Page(lines, Cursor(*last) if last else None)


def segments(filters: Filters, sort: Sort) -> tuple[Segment, ...]:
    shelves = SHELVES.get(filters.view, (SHELF_OPEN,))
    if filters.status is not None:  # a status lies on one shelf: no other is looked through in vain
        shelves = tuple(shelf for shelf in shelves if shelf == SHELF_OF[filters.status])
    if sort is not Sort.DUE:
        return (Segment(shelves, None),)
    if filters.view in (View.OVERDUE, View.WEEK):
        return tuple(Segment((shelf,), has_due=True) for shelf in shelves)
    return tuple(Segment((shelf,), has_due) for shelf in shelves for has_due in (True, False))


def _keys(
    conn: Connection, viewer: Viewer, filters: Filters, segment: Segment, sort: Sort, after: Cursor | None, limit: int
) -> list[tuple[int, int]]:
    """(id, due day or 0) in order."""
    if after is None and filters == Filters(filters.register, filters.view):
        # As most lists are opened: a statement is put together once for a viewer.
        key = ("keyed", filters, segment, sort, limit)
        query = viewer.once(key, lambda: keyed(viewer, filters, segment, sort, None, limit))
    else:
        query = keyed(viewer, filters, segment, sort, after, limit)
    return [] if query is None else [(row.id, row.due) for row in conn.execute(query)]


def keyed(
    viewer: Viewer, filters: Filters, segment: Segment, sort: Sort, after: Cursor | None, limit: int
) -> Select[Any, Any] | None:
    """The query of these. Each arm is one range of an index, read no further than needed. None: nothing is open."""
    due = func.coalesce(T.due_on, 0).label("due")
    # Of one place there are few: they are sorted, or SQLite reads the whole register in the order of ids.
    order = _order(segment, sort, T.due_on, T.id if filters.place_id is None or segment.has_due else T.id + 0)
    start = true() if after is None else _is_after(segment, sort, after)
    rows = from_index(select(T.id, due), filters, entries_for(viewer, filters))
    arms = [rows.where(arm, start).order_by(*order).limit(limit) for arm in _arms(viewer, filters, segment)]
    if len(arms) < 2:
        return arms[0] if arms else None
    merged = union(*(select(arm.subquery()) for arm in arms)).subquery()
    return select(merged.c.id, merged.c.due).order_by(*_order(segment, sort, merged.c.due, merged.c.id)).limit(limit)


def _order(segment: Segment, sort: Sort, due: Any, ticket_id: Any) -> tuple[Any, ...]:
    if segment.has_due:
        return (due, ticket_id)
    return (ticket_id.desc(),) if sort is Sort.NEWEST else (ticket_id,)


def _is_after(segment: Segment, sort: Sort, after: Cursor) -> Condition:
    if segment.has_due:
        # The plain comparison first: the index starts there.
        return and_(T.due_on >= after.due, or_(T.due_on > after.due, T.id > after.id))
    return T.id < after.id if sort is Sort.NEWEST else T.id > after.id


def numbers_said(numbers: Iterable[int]) -> list[ColumnElement[int]]:
    """Written into the statement: a list of parameters is put together anew each time it runs."""
    return [literal_column(str(number), Integer) for number in numbers]


def among(filters: Filters, segment: Segment) -> Condition:
    """The shelf, or the statuses of a view: said without their shelf, which SQLite would rather read whole."""
    if wanted := _STATUSES.get(filters.view):
        return T.status.in_(numbers_said(STATUS_NUMBERS[s] for s in wanted))
    return T.shelf.in_(numbers_said(segment.shelves))


def _arms(viewer: Viewer, filters: Filters, segment: Segment) -> list[Condition]:
    """One for each range of an index that has the order of the list."""
    narrow = narrowing(viewer, filters, segment)
    parts: list[Condition] = [T.shelf == shelf for shelf in segment.shelves]
    if wanted := _STATUSES.get(filters.view):
        parts = [T.status == STATUS_NUMBERS[s] for s in wanted]
    return [and_(way, part, narrow) for way in entries_for(viewer, filters).ways for part in parts]


def from_index(query: Query, filters: Filters, entries: Entries) -> Query:
    """The few of a view have an index of their own, instead of which SQLite may read all of a register: 0.3 s for
    300,000 tickets. Of a person's few units it reads those."""
    if not entries.is_whole:
        return query
    if filters.view is View.DECIDE:
        return read_by(query, T, "ix_tickets_request")
    if filters.view in _STATUSES:
        return read_by(query, T, "ix_tickets_waiting" if filters.register is None else "ix_tickets_status")
    return query


def entries_for(viewer: Viewer, filters: Filters) -> Entries:
    """A filter on a place or an owner is itself the way in; else those of the person's grants."""
    register_ids = None if filters.register is None else (viewer.register_ids[filters.register],)
    if filters.place_id is None and filters.owner_unit_id is None:
        return entries(viewer, "view", register_ids)
    wanted = viewer.ticket_register_ids if register_ids is None else register_ids
    if filters.place_id is not None:
        places = (and_(T.place_id == filters.place_id, T.register_id == i, visible(viewer)) for i in wanted)
        return Entries(tuple(places), is_whole=False)
    here = true() if register_ids is None else T.register_id == register_ids[0]
    return Entries((and_(T.owner_unit_id == filters.owner_unit_id, here, visible(viewer)),), is_whole=False)


def narrowing(viewer: Viewer, filters: Filters, segment: Segment) -> Condition:
    today = to_number(viewer.on)
    tests: list[Condition] = []
    if segment.has_due is not None:
        tests.append(T.due_on.is_not(None) if segment.has_due else T.due_on.is_(None))
    if filters.view is View.OVERDUE:
        tests += [T.due_on < today, T.status.in_(numbers_said(_RUNNING))]
    elif filters.view is View.WEEK:
        tests.append(T.due_on.between(today, to_number(end_of_week(viewer.on))))
    elif filters.view is View.DECIDE:
        tests.append(T.has_request.is_(True))
    if filters.owner_unit_id is not None and filters.place_id is not None:
        tests.append(T.owner_unit_id == filters.owner_unit_id)
    if filters.category is not None:
        tests.append(T.category == filters.category)
    if filters.status is not None:
        tests.append(T.status == STATUS_NUMBERS[filters.status])
    return and_(true(), *tests)


def end_of_week(day: date) -> date:
    """The Sunday of this week."""
    return day + timedelta(days=6 - day.weekday())


def lines_by_id(
    conn: Connection, viewer: Viewer, registers: Mapping[str, Register], ids: Sequence[int]
) -> tuple[TicketLine, ...]:
    """The lines of these tickets in this order. The ids come from a query that asked `scope`. Bound: one page."""
    if not ids:
        return ()
    names = {number: name for name, number in viewer.register_ids.items()}
    rows = {row.id: row for row in conn.execute(_ROWS, {"ids": list(ids)})}
    shown = sorted({f.name for r in registers.values() for f in r.fields if f.is_listed and f.is_private})
    open_ids = [i for i in ids if not rows[i].is_restricted]
    private = vault.read_private_of_tickets(conn, open_ids, shown) if shown and open_ids else {}
    return tuple(_line(rows[i], registers[names[rows[i].register_id]], private.get(i, {}), viewer.on) for i in ids)


def _line(row: Any, register: Register, private: Mapping[str, Any], today: date) -> TicketLine:
    status = STATUS_BY_NUMBER[row.status]
    return TicketLine(
        id=row.id,
        number=row.number,
        register=register.name,
        place_id=row.place_id,
        owner_unit_id=row.owner_unit_id,
        owner_id=row.owner_id,
        status=status,
        due=due_state(_day(row.due_on), status, today),
        found_on=from_number(row.found_on),
        submitted_on=_day(row.submitted_on),
        closed_on=_day(row.closed_on),
        category=row.category,
        severity=row.severity,
        is_restricted=row.is_restricted,
        has_request=row.has_request,
        relapse_count=row.relapse_count,
        version=row.version,
        summary=row.summary,
        listed=listed_values(row, register),
        masked={name: masked(register.by_name.get(name), value) for name, value in private.items()},
    )


def _day(number: int | None) -> date | None:
    return None if number is None else from_number(number)


def due_state(due_on: date | None, status: Status, today: date) -> Due:
    """The mark beside a due day. Whoever waits for somebody else's check is never called late."""
    if due_on is None or status not in CLOCK_RUNS | AWAITING | {Status.PAUSED}:
        return Due(due_on, DueState.NONE, 0)
    left = (due_on - today).days
    if left < 0:
        return Due(due_on, DueState.OVERDUE if status in CLOCK_RUNS else DueState.NONE, -left)
    if left == 0:
        return Due(due_on, DueState.TODAY, 0)
    return Due(due_on, DueState.SOON if left <= SOON_DAYS else DueState.AHEAD, left)
