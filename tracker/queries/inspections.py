"""Inspections as pages ask for them: which subjects are due, what was left, what was found before, what was opened.

The rows are those that the person may see (`scope`). Private words are masked by `record_lists`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Connection, Select, and_, case, exists, func, select
from sqlalchemy.orm import aliased

from tracker.domain import inspecting
from tracker.domain.days import from_number, to_number
from tracker.domain.duties import DutySpec
from tracker.domain.events import StreamKind
from tracker.domain.inspecting import subject_link
from tracker.domain.packs import Pack
from tracker.domain.people import Directory
from tracker.domain.period import periods
from tracker.domain.record import Record, fold
from tracker.domain.records import RecordRegister
from tracker.domain.registers import Register
from tracker.domain.ticket import Ticket
from tracker.log import store
from tracker.models.records import RecordLinkRow, RecordRow
from tracker.models.tickets import TicketRow
from tracker.projections.records import ORIGIN, SHELF_FINISHED, SHELF_UNFINISHED
from tracker.projections.tickets import SHELF_OPEN
from tracker.queries import lists, record_lists, records, tickets
from tracker.queries.lists import TicketLine
from tracker.queries.record_lists import RecordLine
from tracker.queries.scope import Condition, Viewer, records_visible, visible

R = RecordRow
L = RecordLinkRow
T = TicketRow
BATCH = 500
"""Subjects of one village that are walked in one go."""
LEFT_SHOWN = 50
EARLIER = 5
"""Inspections of the same subject that are looked through for what failed."""
OPEN_SHOWN = 20

_LONGEST = timedelta(days=366)
"""A period of a duty is no longer."""


@dataclass(frozen=True, slots=True)
class Round:
    """What one round of inspections is: the subjects in these states, each once since `first_day`."""

    states: tuple[str, ...]
    first_day: date


def round_of(activity: RecordRegister, subject: RecordRegister, duties: Sequence[DutySpec], on: date) -> Round:
    """The round that is going on, by the duty that is owed on this day; where none is, a year for all that live."""
    living = tuple(s.name for s in subject.states if not s.is_end)
    for duty in duties:
        if duty.activity == activity.name and duty.owed_by.subjects == subject.name:
            begun = [first for first, last in periods(duty, on - _LONGEST, on) if last >= on]
            if begun:
                return Round(duty.owed_by.states or living, begun[0])
    return Round(living, date(on.year, 1, 1))


# -- what is due --------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Subject:
    """One subject in a list. `last_on`: when it was last inspected."""

    line: RecordLine
    last_on: date | None
    is_done: bool


@dataclass(frozen=True, slots=True)
class Coverage:
    """Of the subjects that are due how many were inspected since the round began."""

    due: int
    inspected: int

    @property
    def left(self) -> int:
        return self.due - self.inspected


def subjects_of(
    conn: Connection,
    viewer: Viewer,
    activity: RecordRegister,
    subject: RecordRegister,
    *,
    unit_id: int,
    states: Sequence[str],
    first_day: date,
) -> tuple[Subject, ...]:
    """The subjects of a village in the order in which one walks: by group, then by number. Bound: BATCH."""
    last = _last_day(viewer.register_ids[activity.name])
    query = (
        select(R.id, last.label("last_on"))
        .where(R.unit_id == unit_id, _due(viewer, subject, states))
        .order_by(R.id)
        .limit(BATCH)
    )
    last_on = {row.id: row.last_on for row in conn.execute(query)}
    lines = record_lists.lines_of(conn, viewer, {subject.name: subject}, list(last_on))
    begin = to_number(first_day)
    found = [
        Subject(
            line,
            None if (day := last_on[line.id]) is None else from_number(day),
            day is not None and day >= begin,
        )
        for line in lines
    ]
    return tuple(sorted(found, key=lambda s: (_group(s.line), s.line.id)))


def _group(line: RecordLine) -> int:
    group = line.listed.get("group")
    return group if isinstance(group, int) else 10**6


def coverage(
    conn: Connection,
    viewer: Viewer,
    activity: RecordRegister,
    subject: RecordRegister,
    *,
    states: Sequence[str],
    first_day: date,
) -> dict[int, Coverage]:
    """Unit by unit: due and inspected since that day. Work: one look into the links for each subject."""
    source = aliased(R)
    done = exists().where(
        L.target_id == R.id,
        L.register_id == viewer.register_ids[activity.name],
        L.held_on >= to_number(first_day),
        source.id == L.source_id,
        source.shelf == SHELF_FINISHED,
    )
    query = (
        select(R.unit_id, func.count().label("due"), func.sum(case((done, 1), else_=0)).label("inspected"))
        .where(_due(viewer, subject, states))
        .group_by(R.unit_id)
    )
    return {row.unit_id: Coverage(row.due, int(row.inspected)) for row in conn.execute(query)}


def _due(viewer: Viewer, subject: RecordRegister, states: Sequence[str]) -> Condition:
    here = R.register_id == viewer.register_ids[subject.name]
    return and_(here, R.state.in_(list(states)), R.shelf == SHELF_FINISHED, records_visible(viewer))


def _last_day(register_id: int) -> Any:
    """When the subject was last inspected: the first entry of its range of links, read from the end."""
    source = aliased(R)
    return (
        select(L.held_on)
        .join(source, source.id == L.source_id)
        .where(L.target_id == R.id, L.register_id == register_id, source.shelf == SHELF_FINISHED)
        .order_by(L.held_on.desc())
        .limit(1)
        .correlate(R)
        .scalar_subquery()
    )


# -- what was left ------------------------------------------------------------------------------------
def unfinished(
    conn: Connection,
    viewer: Viewer,
    registers: Mapping[str, RecordRegister],
    *,
    recorder_id: int | None = None,
    target_id: int | None = None,
) -> tuple[RecordLine, ...]:
    """Inspections that were begun and left, the newest first: of one person, or of one subject. Bound: LEFT_SHOWN."""
    numbers = [viewer.register_ids[name] for name in registers]
    query = _of_target(target_id, select(R.id)).where(
        R.register_id.in_(numbers), R.shelf == SHELF_UNFINISHED, records_visible(viewer)
    )
    if recorder_id is not None:
        query = query.where(R.recorder_id == recorder_id)
    ids = list(conn.scalars(query.order_by(R.held_on.desc(), R.id.desc()).limit(LEFT_SHOWN)))
    return record_lists.lines_of(conn, viewer, registers, ids)


def answered(conn: Connection, ids: Sequence[int]) -> dict[int, int]:
    """How many items each of these inspections has an answer to."""
    lives = store.read_streams(conn, StreamKind.RECORD, ids)
    return {record.id: len(record.answers) for record in map(fold, lives) if record is not None}


def _of_target(target_id: int | None, query: Select[Any]) -> Select[Any]:
    if target_id is None:
        return query
    return query.join(L, and_(L.source_id == R.id, L.target_id == target_id))


# -- what was found before ----------------------------------------------------------------------------
def earlier(conn: Connection, activity_id: int, subject_id: int) -> tuple[Record, ...]:
    """The last complete inspections of this subject, the newest first. Bound: EARLIER."""
    query = (
        select(L.source_id)
        .join(R, R.id == L.source_id)
        .where(L.target_id == subject_id, L.register_id == activity_id, R.shelf == SHELF_FINISHED)
        .order_by(L.held_on.desc(), L.source_id.desc())
        .limit(EARLIER)
    )
    ids = list(conn.scalars(query))
    found = {events[0].stream_id: fold(events) for events in store.read_streams(conn, StreamKind.RECORD, ids)}
    return tuple(record for i in ids if (record := found.get(i)) is not None)


@dataclass(frozen=True, slots=True)
class Opened:
    """A ticket, and the inspection and item that it came from, where it came from one."""

    line: TicketLine
    origin_id: int | None
    item: str


def open_tickets(
    conn: Connection, viewer: Viewer, registers: Mapping[str, Register], target_id: int
) -> tuple[Opened, ...]:
    """Open tickets that name this subject and that the person may see. Bound: OPEN_SHOWN."""
    query = _tickets_naming(viewer, registers, target_id).where(T.shelf == SHELF_OPEN)
    return _opened(conn, viewer, registers, query)


def tickets_from(
    conn: Connection, viewer: Viewer, registers: Mapping[str, Register], record_id: int
) -> tuple[Opened, ...]:
    """The tickets that an inspection opened and that the person may see. Bound: BATCH, more than a list has items."""
    query = _tickets_naming(viewer, registers, record_id).where(L.field == ORIGIN)
    return _opened(conn, viewer, registers, query, BATCH)


def _tickets_naming(viewer: Viewer, registers: Mapping[str, Register], target_id: int) -> Select[Any]:
    numbers = [viewer.register_ids[name] for name in registers]
    return (
        select(T.id)
        .join(L, L.source_id == T.id)
        .where(L.target_id == target_id, L.register_id.in_(numbers), visible(viewer))
        .group_by(T.id)
    )


def _opened(
    conn: Connection, viewer: Viewer, registers: Mapping[str, Register], query: Select[Any], most: int = OPEN_SHOWN
) -> tuple[Opened, ...]:
    ids = list(conn.scalars(query.order_by(T.id.desc()).limit(most)))
    folded = tickets.tickets_now(conn, ids)
    lines = lists.lines_by_id(conn, viewer, registers, ids)
    return tuple(Opened(line, folded[line.id].origin_id, folded[line.id].origin_item) for line in lines)


# -- to whom what was found goes ----------------------------------------------------------------------
def usual_owner(conn: Connection, pack: Pack, directory: Directory, ticket: Ticket) -> tuple[int | None, int | None]:
    """(unit, person) to whom the checklist says that a ticket of its goes; None of one that no inspection opened."""
    record = records.record_at(conn, ticket.origin_id) if ticket.origin_id else None
    checklist = pack.checklist_by_name.get((record.checklist if record else None) or "")
    item = next((i for i in checklist.items if str(i.id) == ticket.origin_item), None) if checklist else None
    if record is None or checklist is None or item is None or item.creates is None:
        return None, None
    link = subject_link(pack.record_by_name[record.register], checklist)
    subject_id = record.fields.get(link.name) if link and checklist.subject else None
    subject = records.record_at(conn, subject_id) if subject_id else None
    return inspecting.usual_owner(item.creates, ticket.place_id, subject, directory)
