"""Lists of activities, subjects and statistics, the newest day first, by keyset and never by OFFSET.

Each list is read through the ways of `scope`, arm by arm in the order of an index, and merged. Work per page:
ways x shelves x (PAGE + 1) index entries. One record with its history: records.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

import orjson
from sqlalchemy import Connection, and_, bindparam, false, func, or_, select, true, union
from sqlalchemy.sql.elements import ColumnElement

from tracker.domain.days import from_number, to_number
from tracker.domain.records import RecordRegister
from tracker.domain.texts import whole_numbers
from tracker.log import vault
from tracker.models.records import RecordRow
from tracker.projections.records import SHELF_FINISHED, SHELF_UNFINISHED, SHELF_VOID
from tracker.queries.counts import COUNTED_TO, Count
from tracker.queries.lists import numbers_said
from tracker.queries.scope import (
    Condition,
    Viewer,
    record_units,
    record_ways,
    records_visible,
    records_visible_beside,
)
from tracker.queries.tickets import masked

R = RecordRow
PAGE = 50

# Built once: putting a statement together costs more than running it.
_ROWS = select(*R.__table__.c).where(R.id.in_(bindparam("ids", expanding=True)))


class RecordView(StrEnum):
    """The saved views of a register of records."""

    ALL = "all"  # what stands: finished or not
    UNFINISHED = "unfinished"  # a checklist that was left
    NIL = "nil"  # reports that nothing was found
    FOUND = "found"  # the others
    VOID = "void"


@dataclass(frozen=True, slots=True)
class RecordFilters:
    """What narrows a list. `from_on`, `until_on`: the first and the last day."""

    register: str
    view: RecordView = RecordView.ALL
    unit_id: int | None = None
    state: str | None = None
    from_on: date | None = None
    until_on: date | None = None


@dataclass(frozen=True, slots=True)
class RecordCursor:
    """The last row of the page before: its day (number) and id."""

    day: int
    id: int

    def text(self) -> str:
        return f"{self.day}.{self.id}"

    @classmethod
    def read(cls, text: str) -> RecordCursor | None:
        """The cursor of an address; None for one that nobody of us wrote."""
        parts = whole_numbers(text, ".")
        return cls(*parts) if len(parts) == 2 else None


@dataclass(frozen=True, slots=True)
class RecordLine:
    """One record in a list. `listed`: its listed fields but private ones; `masked`: those, masked."""

    id: int
    number: str
    register: str
    unit_id: int
    on: date
    state: str | None
    is_nil: bool
    is_unfinished: bool
    is_void: bool
    summary: str
    listed: Mapping[str, Any]
    masked: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class RecordLines:
    """One page of a list; `next` leads to the following one."""

    lines: tuple[RecordLine, ...]
    next: RecordCursor | None


_SHELVES: Mapping[RecordView, tuple[int, ...]] = {
    RecordView.UNFINISHED: (SHELF_UNFINISHED,),
    RecordView.VOID: (SHELF_VOID,),
}


def days_of(year: int, month: int | None) -> tuple[date, date]:
    """The first and the last day of a year or of one of its months."""
    if month is None:
        return date(year, 1, 1), date(year, 12, 31)
    following = date(year + month // 12, month % 12 + 1, 1)
    return date(year, month, 1), following - timedelta(days=1)


def records_page(
    conn: Connection, viewer: Viewer, register: RecordRegister, filters: RecordFilters, *, after: RecordCursor | None
) -> RecordLines:
    """PAGE records that the person may see, after the cursor."""
    return records_slice(conn, viewer, register, filters, after=after, limit=PAGE)


def records_slice(
    conn: Connection,
    viewer: Viewer,
    register: RecordRegister,
    filters: RecordFilters,
    *,
    after: RecordCursor | None,
    limit: int,
) -> RecordLines:
    keys = _keys(conn, viewer, filters, after, limit + 1)
    lines = lines_of(conn, viewer, {register.name: register}, [record_id for _, record_id in keys[:limit]])
    return RecordLines(lines, RecordCursor(*keys[limit - 1]) if len(keys) > limit else None)


def count_records(conn: Connection, viewer: Viewer, filters: Sequence[RecordFilters]) -> tuple[Count, ...]:
    """How many there are of each, counted up to COUNTED_TO, in one statement that is built once for a viewer."""
    wanted = tuple(filters)
    if not wanted:
        return ()
    query = viewer.once(
        ("counted records", wanted), lambda: select(*(_counted(viewer, f).label(f"n{i}") for i, f in enumerate(wanted)))
    )
    return tuple(Count(min(number, COUNTED_TO), number > COUNTED_TO) for number in conn.execute(query).one())


def count_narrowed(conn: Connection, viewer: Viewer, filters: RecordFilters) -> Count:
    """How many there are of a list as somebody narrowed it."""
    number = conn.scalar(select(_counted(viewer, filters))) or 0
    return Count(min(number, COUNTED_TO), number > COUNTED_TO)


def _counted(viewer: Viewer, filters: RecordFilters) -> ColumnElement[int]:
    """The number of them as SQL, up to one more than COUNTED_TO. Nothing is put in order, so that no ranges need be
    merged: the units of a person, and the shelves, are each looked up in one index."""
    is_by_unit = _is_by_unit(viewer, filters)
    found = (
        select(R.id)
        .where(
            R.register_id == viewer.register_ids[filters.register],
            records_visible(viewer) if is_by_unit else records_visible_beside(viewer),
            true() if filters.unit_id is None else R.unit_id == filters.unit_id,
            R.shelf.in_(numbers_said(_shelves(filters))),
            _narrowing(filters, is_by_unit=is_by_unit),
        )
        .limit(COUNTED_TO + 1)
    )
    return select(func.count()).select_from(found.subquery()).scalar_subquery()


def _keys(
    conn: Connection, viewer: Viewer, filters: RecordFilters, after: RecordCursor | None, limit: int
) -> list[tuple[int, int]]:
    """(day, id) in order. Each arm is one range of an index, read no further than needed."""
    start = true() if after is None else and_(R.held_on <= after.day, or_(R.held_on < after.day, R.id < after.id))
    arms = [
        select(R.held_on, R.id).where(arm, start).order_by(R.held_on.desc(), R.id.desc()).limit(limit)
        for arm in _arms(viewer, filters)
    ]
    if not arms:
        return []
    if len(arms) == 1:
        return [(row.held_on, row.id) for row in conn.execute(arms[0])]
    merged = union(*(select(arm.subquery()) for arm in arms)).subquery()
    newest = select(merged).order_by(merged.c.held_on.desc(), merged.c.id.desc()).limit(limit)
    return [(row.held_on, row.id) for row in conn.execute(newest)]


def _shelves(filters: RecordFilters) -> tuple[int, ...]:
    return _SHELVES.get(filters.view, (SHELF_FINISHED, SHELF_UNFINISHED))


def _arms(viewer: Viewer, filters: RecordFilters) -> list[Condition]:
    narrow = _narrowing(filters, is_by_unit=_is_by_unit(viewer, filters))
    return [and_(way, R.shelf == shelf, narrow) for way in _ways(viewer, filters) for shelf in _shelves(filters)]


def _is_by_unit(viewer: Viewer, filters: RecordFilters) -> bool:
    """Whether the list is read unit by unit; else the register as a whole."""
    register_id = viewer.register_ids[filters.register]
    return filters.unit_id is not None or record_units(viewer, "view", register_id) is not None


def _ways(viewer: Viewer, filters: RecordFilters) -> tuple[Condition, ...]:
    """A unit asked for is itself the way in."""
    register_id = viewer.register_ids[filters.register]
    if filters.unit_id is not None:
        return (and_(R.unit_id == filters.unit_id, R.register_id == register_id, records_visible(viewer)),)
    return record_ways(viewer, "view", register_id)


def _narrowing(filters: RecordFilters, *, is_by_unit: bool) -> Condition:
    """Of one unit the rows are looked through; of a register those in a view or a state have an index of their own,
    which SQLite would take for a unit as well, were they not said so that none is entered by them."""
    nil: Any = func.coalesce(R.is_nil, false()) if is_by_unit else R.is_nil
    state: Any = func.coalesce(R.state, "") if is_by_unit else R.state
    tests: list[Condition] = []
    if filters.view in (RecordView.NIL, RecordView.FOUND):
        tests.append(nil.is_(filters.view is RecordView.NIL))
    if filters.state is not None:
        tests.append(state == filters.state)
    if filters.from_on is not None:
        tests.append(R.held_on >= to_number(filters.from_on))
    if filters.until_on is not None:
        tests.append(R.held_on <= to_number(filters.until_on))
    return and_(true(), *tests)


def views_of(register: RecordRegister) -> tuple[RecordView, ...]:
    """The views that say something in this register."""
    found = [RecordView.ALL]
    if register.checklist:
        found.append(RecordView.UNFINISHED)
    if register.nil_field:
        found += [RecordView.NIL, RecordView.FOUND]
    return (*found, RecordView.VOID)


def living(register: RecordRegister) -> tuple[RecordFilters, ...]:
    """Subjects that are in no end state, state by state."""
    return tuple(RecordFilters(register.name, state=s.name) for s in register.states if not s.is_end)


def together(counts: Iterable[Count]) -> Count:
    """The counts of parts that do not overlap, as one."""
    parts = tuple(counts)
    total = sum(count.number for count in parts)
    return Count(min(total, COUNTED_TO), total > COUNTED_TO or any(count.is_more for count in parts))


# -- lines --------------------------------------------------------------------------------------------
def lines_of(
    conn: Connection, viewer: Viewer, registers: Mapping[str, RecordRegister], ids: Sequence[int]
) -> tuple[RecordLine, ...]:
    """The lines of these records in this order. The ids come from a query that asked `scope`. Bound: one page."""
    if not ids:
        return ()
    names = {number: name for name, number in viewer.register_ids.items()}
    rows = {row.id: row for row in conn.execute(_ROWS, {"ids": list(ids)})}
    shown = sorted({name for r in registers.values() for name in _private_shown(r)})
    private = vault.read_private_of_tickets(conn, ids, shown) if shown else {}
    return tuple(_line(rows[i], registers[names[rows[i].register_id]], private.get(i, {})) for i in ids)


def lines_by_id(
    conn: Connection, viewer: Viewer, registers: Mapping[str, RecordRegister], ids: Iterable[int]
) -> tuple[RecordLine, ...]:
    """The lines of those that are records of these registers, in no order. Bound and scope: as `lines_of`."""
    wanted = sorted(ids)
    numbers = [viewer.register_ids[name] for name in registers if name in viewer.register_ids]
    there = conn.scalars(select(R.id).where(R.id.in_(wanted), R.register_id.in_(numbers))) if wanted else ()
    return lines_of(conn, viewer, registers, list(there))


def _private_shown(register: RecordRegister) -> Iterable[str]:
    return (f.name for f in register.fields if f.is_private and (f.is_listed or f.name == register.summary_field))


def _line(row: Any, register: RecordRegister, private: Mapping[str, Any]) -> RecordLine:
    return RecordLine(
        id=row.id,
        number=row.number,
        register=register.name,
        unit_id=row.unit_id,
        on=from_number(row.held_on),
        state=row.state,
        is_nil=row.is_nil,
        is_unfinished=row.shelf == SHELF_UNFINISHED,
        is_void=row.shelf == SHELF_VOID,
        summary=row.summary,
        listed=orjson.loads(row.listed),
        masked={
            name: masked(register.by_name[name], value) for name, value in private.items() if name in register.by_name
        },
    )
