"""First pages: the supervisor's desk (what is late, and whose) and the owner's list of today.

Lists here are cut at a stated length; the counts beside them are exact up to counts.COUNTED_TO.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from typing import Any

from sqlalchemy import CompoundSelect, Connection, Select, and_, func, literal, select, union_all

from tracker.domain.access import holds_any
from tracker.domain.days import from_number
from tracker.domain.events import StreamKind
from tracker.domain.lifecycle import AWAITING, OPEN, STATUS_NUMBERS, WORKING, Status
from tracker.domain.registers import Register
from tracker.models.log import EventRow
from tracker.models.tickets import TicketRow
from tracker.projections.tickets import SHELF_OPEN
from tracker.queries import scope
from tracker.queries.counts import Count, count_views
from tracker.queries.lists import (
    DueState,
    Filters,
    Sort,
    TicketLine,
    View,
    end_of_week,
    keyed,
    lines_by_id,
    numbers_said,
    segments,
)
from tracker.queries.scope import Condition, Viewer
from tracker.queries.tickets import sent_back

T = TicketRow
SHOWN = {View.OVERDUE: 30, View.VERIFY: 10, View.WEEK: 20, View.RELAPSED: 10, View.DECIDE: 10}
"""So many of each view stand on the desk, a quarter of a millisecond a row; the page says where there are more."""
LONGEST_AXIS = 120
"""Days; what is later stands at the end of the axis, or one forgotten ticket would press all others together."""
TODAY_SHOWN = 60
"""What a phone shows and a person does in a day; beside them WAITING_SHOWN that wait for somebody else."""
WAITING_SHOWN = 20

_WAITING = AWAITING | {Status.PAUSED, Status.RETURNED}

COUNTED = (View.OPEN, View.OVERDUE, View.WEEK, View.VERIFY, View.RELAPSED, View.DECIDE)


@dataclass(frozen=True, slots=True)
class First:
    """The first lines of a view. `is_more`: there are others after them."""

    lines: tuple[TicketLine, ...]
    is_more: bool


@dataclass(frozen=True, slots=True)
class LateUnit:
    """One unit's late tickets, the latest first. `unit_id` None: nobody owns them yet.

    `marks`: where each ticket stands on the axis, in percent of `DeskPage.axis_days`.
    """

    unit_id: int | None
    lines: tuple[TicketLine, ...]
    marks: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class WeekDay:
    on: date
    lines: tuple[TicketLine, ...]


@dataclass(frozen=True, slots=True)
class DeskPage:
    """The desk. `axis_days`: the length of the one axis on which all late tickets stand.

    `cut`: the views of which there are more tickets than stand here. `week` then ends with the last day it reaches.
    """

    counts: Mapping[View, Count]
    late: tuple[LateUnit, ...]
    axis_days: int
    to_verify: tuple[TicketLine, ...]
    week: tuple[WeekDay, ...]
    relapsed: tuple[TicketLine, ...]
    to_decide: tuple[TicketLine, ...]
    cut: frozenset[View]


def desk_page(conn: Connection, viewer: Viewer, registers: Mapping[str, Register]) -> DeskPage:
    """What is late and whose, what waits for a check or a decision, what falls due this week."""
    first = _first_lines(conn, viewer, registers, SHOWN)
    late, week = first[View.OVERDUE].lines, first[View.WEEK]
    axis_days = _axis(max((line.due.days for line in late), default=0))
    return DeskPage(
        counts=count_views(conn, viewer, None, COUNTED),
        late=_by_unit(late, axis_days),
        axis_days=axis_days,
        to_verify=first[View.VERIFY].lines,
        week=_by_day(week, viewer.on),
        relapsed=first[View.RELAPSED].lines,
        to_decide=first[View.DECIDE].lines,
        cut=frozenset(view for view, found in first.items() if found.is_more),
    )


def _first_lines(
    conn: Connection, viewer: Viewer, registers: Mapping[str, Register], wanted: Mapping[View, int]
) -> dict[View, First]:
    """So many of each view, of every register, by due day: one statement, built once for a viewer, and one for rows."""
    query = viewer.once(("first", tuple(wanted.items())), lambda: _first_keys(viewer, wanted))
    found: dict[View, list[int]] = {view: [] for view in wanted}
    views = list(wanted)
    for row in sorted(conn.execute(query)) if query is not None else ():
        found[views[row[0] // 2]].append(row[2])
    kept = {view: ids[: wanted[view]] for view, ids in found.items()}
    ids = list(dict.fromkeys(i for each in kept.values() for i in each))
    lines = {line.id: line for line in lines_by_id(conn, viewer, registers, ids)}
    return {view: First(tuple(lines[i] for i in kept[view]), len(found[view]) > wanted[view]) for view in wanted}


def _first_keys(viewer: Viewer, wanted: Mapping[View, int]) -> CompoundSelect[Any] | None:
    """(place of the view and its segment, due day, id) of one ticket more than wanted of each."""
    arms = []
    for place, (view, limit) in enumerate(wanted.items()):
        filters = Filters(None, view)
        for part, segment in enumerate(segments(filters, Sort.DUE)):
            query = keyed(viewer, filters, segment, Sort.DUE, None, limit + 1)
            if query is not None:
                keys = query.subquery()
                arms.append(select(literal(2 * place + part), keys.c.due, keys.c.id))
    return union_all(*arms) if arms else None


def _axis(longest: int) -> int:
    """The end of the axis: 15, 30, 60 or 120 days, so that it keeps its scale from day to day."""
    return next((end for end in (15, 30, 60) if longest <= end), LONGEST_AXIS)


def _by_unit(lines: tuple[TicketLine, ...], axis_days: int) -> tuple[LateUnit, ...]:
    """Units in the order of their latest ticket: `lines` come by due day."""
    groups: dict[int | None, list[TicketLine]] = {}
    for line in lines:
        groups.setdefault(line.owner_unit_id, []).append(line)
    return tuple(
        LateUnit(unit_id, tuple(group), tuple(95 * min(line.due.days, axis_days) // axis_days for line in group))
        for unit_id, group in groups.items()
    )


def _by_day(found: First, today: date) -> tuple[WeekDay, ...]:
    """Every day from today to Sunday, also those on which nothing falls due; of a cut list the days it reaches."""
    due = {on: tuple(group) for on, group in groupby(found.lines, key=lambda line: line.due.on)}
    end = found.lines[-1].due.on if found.is_more else None
    days = [today + timedelta(days=n) for n in range(((end or end_of_week(today)) - today).days + 1)]
    return tuple(WeekDay(day, due.get(day, ())) for day in days)


TO_DO = ("sent_back", "late", "due_today", "to_accept", "this_week")


def urged_on(conn: Connection, ids: Sequence[int]) -> dict[int, date]:
    """When each of these tickets (some dozens) was urged last; those that never were are left out."""
    if not ids:
        return {}
    here = (EventRow.stream_kind == int(StreamKind.TICKET), EventRow.stream_id.in_(ids), EventRow.kind == "urged")
    latest = select(EventRow.stream_id, func.max(EventRow.occurred_on)).where(*here).group_by(EventRow.stream_id)
    return {ticket_id: from_number(day) for ticket_id, day in conn.execute(latest)}


PARTS = (*TO_DO, "later", "waiting")


# -- the owner's day ----------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class TodayPage:
    """The list of one owner, in order of doing. Each ticket stands once, in the first part that fits it.

    `reasons`: why each ticket of `sent_back` was sent back; empty for a restricted one.
    """

    sent_back: tuple[TicketLine, ...]
    late: tuple[TicketLine, ...]
    due_today: tuple[TicketLine, ...]
    to_accept: tuple[TicketLine, ...]
    this_week: tuple[TicketLine, ...]
    later: tuple[TicketLine, ...]
    waiting: tuple[TicketLine, ...]
    is_cut: bool
    reasons: Mapping[int, str]

    @property
    def to_do_count(self) -> int:
        return sum(len(getattr(self, name)) for name in TO_DO)


def today_page(conn: Connection, viewer: Viewer, registers: Mapping[str, Register]) -> TodayPage:
    """Open tickets that the person's units own and that are theirs or nobody's in person."""
    to_do = _owned_ids(conn, viewer, OPEN - _WAITING, TODAY_SHOWN + 1)
    waiting = _owned_ids(conn, viewer, _WAITING, WAITING_SHOWN + 1)
    lines = lines_by_id(conn, viewer, registers, to_do[:TODAY_SHOWN] + waiting[:WAITING_SHOWN])
    reasons = sent_back(conn, [line.id for line in lines if line.submitted_on and line.status in WORKING])
    parts: dict[str, list[TicketLine]] = {}
    for line in lines:
        part = "sent_back" if line.id in reasons else _part(line, registers, viewer.on)
        parts.setdefault(part, []).append(line)
    return TodayPage(
        **{name: tuple(parts.get(name, ())) for name in PARTS},
        is_cut=len(to_do) > TODAY_SHOWN or len(waiting) > WAITING_SHOWN,
        reasons=reasons,
    )


def _part(line: TicketLine, registers: Mapping[str, Register], today: date) -> str:
    if line.status in _WAITING:
        return "waiting"
    if line.due.state is DueState.OVERDUE:
        return "late"
    if line.due.state is DueState.TODAY:
        return "due_today"
    if line.status is Status.ASSIGNED and "accept" in registers[line.register].steps:
        return "to_accept"
    is_soon = line.due.on is not None and line.due.on <= end_of_week(today)
    return "this_week" if is_soon else "later"


def _owned_ids(conn: Connection, viewer: Viewer, statuses: frozenset[Status], limit: int) -> list[int]:
    """Earliest due day first, then those without one: one statement, built once for a viewer."""
    query = viewer.once(("owned", statuses, limit), lambda: _owned(viewer, statuses, limit))
    return [] if query is None else list(conn.scalars(query))


def _owned(viewer: Viewer, statuses: frozenset[Status], limit: int) -> Select[Any] | None:
    """Ranges of `ix_tickets_today`, read in their order."""
    units = sorted({unit for r in scope.ranges(viewer, "submit") for unit in r.units})[: scope.NARROW]
    owners: tuple[Condition, ...] = (T.owner_id.is_(None), T.owner_id == viewer.person.id)
    among = T.status.in_(numbers_said(STATUS_NUMBERS[s] for s in sorted(statuses)))
    allowed = scope.visible(viewer, "submit")
    orders: tuple[tuple[Condition, Any], ...] = (
        (T.due_on.is_not(None), (T.due_on, T.id)),
        (T.due_on.is_(None), (T.id,)),
    )
    arms = [
        select(T.id, T.due_on)
        .where(and_(T.owner_unit_id == unit, T.shelf == SHELF_OPEN, owner, due, among, allowed))
        .order_by(*order)
        .limit(limit)
        for unit in units
        for owner in owners
        for due, order in orders
    ]
    if not arms:
        return None
    merged = union_all(*(select(arm.subquery()) for arm in arms)).subquery()
    return select(merged.c.id).order_by(merged.c.due_on.is_(None), merged.c.due_on, merged.c.id).limit(limit)


def first_page(viewer: Viewer) -> str:
    """Which page the person begins with: desk, today, figures, people — by the widest of their roles; else profile."""
    for page, action in (("desk", "desk"), ("today", "today"), ("figures", "figures"), ("people", "administer")):
        if holds_any(viewer.person, action, viewer.on):
            return page
    return "profile"
