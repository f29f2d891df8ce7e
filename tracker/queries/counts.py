"""How many tickets there are in the views of a list: exact up to COUNTED_TO, beside which a page says that there are
more. One statement for a page, however many views and registers it counts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import CompoundSelect, Connection, func, literal, select, union, union_all
from sqlalchemy.sql.elements import ColumnElement

from tracker.models.tickets import RegisterRow, TicketRow
from tracker.queries.lists import (
    Filters,
    Sort,
    View,
    among,
    entries_for,
    from_index,
    narrowing,
    numbers_said,
    segments,
)
from tracker.queries.scope import Entries, Viewer, entries_of_each

T = TicketRow
COUNTED_TO = 999


@dataclass(frozen=True, slots=True)
class Count:
    """A number exact up to COUNTED_TO."""

    number: int
    is_more: bool


def count_tickets(conn: Connection, viewer: Viewer, filters: Filters) -> Count:
    """How many there are, counted up to COUNTED_TO."""
    return _count(conn.scalar(select(counted(viewer, filters, entries_for(viewer, filters)))))


def count_views(conn: Connection, viewer: Viewer, register: str | None, views: Sequence[View]) -> dict[View, Count]:
    """The same of some views at once, in one statement that is built once for a viewer. None: of every register."""
    wanted = tuple(views)
    query = viewer.once(("counts", register, wanted), lambda: select(*_counts(viewer, register, wanted)))
    return _by_view(wanted, conn.execute(query).one())


def count_registers(
    conn: Connection, viewer: Viewer, registers: Sequence[str], views: Sequence[View]
) -> dict[str, dict[View, Count]]:
    """The same of each of these registers, in one statement too."""
    names = {viewer.register_ids[name]: name for name in registers}
    wanted = tuple(views)
    query = viewer.once(("counted registers", tuple(names), wanted), lambda: _register_counts(viewer, names, wanted))
    found = {} if query is None else {names[row[0]]: row[1:] for row in conn.execute(query)}
    return {name: _by_view(wanted, found.get(name, [0] * len(wanted))) for name in registers}


def _register_counts(
    viewer: Viewer, register_ids: Iterable[int], views: tuple[View, ...]
) -> CompoundSelect[Any] | None:
    parts = [
        select(
            RegisterRow.id,
            *(counted(viewer, Filters("", view), entries).label(view.value) for view in views),
        ).where(RegisterRow.id.in_(numbers_said(ids)))
        for ids, entries in entries_of_each(viewer, "view", register_ids)
    ]
    return union_all(*parts) if parts else None


def _counts(viewer: Viewer, register: str | None, views: tuple[View, ...]) -> list[Any]:
    every = (Filters(register, view) for view in views)
    return [counted(viewer, filters, entries_for(viewer, filters)).label(filters.view.value) for filters in every]


def _by_view(views: tuple[View, ...], numbers: Iterable[int | None]) -> dict[View, Count]:
    return {view: _count(number) for view, number in zip(views, numbers, strict=True)}


def _count(number: int | None) -> Count:
    return Count(min(number or 0, COUNTED_TO), (number or 0) > COUNTED_TO)


def counted(viewer: Viewer, filters: Filters, entries: Entries) -> ColumnElement[int]:
    """The number of them as SQL, up to one more than COUNTED_TO. Nothing is put in order: of each way one range."""
    (segment,) = segments(filters, Sort.NEWEST)
    conditions = among(filters, segment), narrowing(viewer, filters, segment)
    most = COUNTED_TO + 1
    arms = [
        from_index(select(T.id), filters, entries).where(way, *conditions).limit(most).correlate(RegisterRow)
        for way in entries.ways
    ]
    if not arms:
        return literal(0)
    ids = arms[0] if len(arms) == 1 else union(*(select(arm.subquery().c.id) for arm in arms)).limit(most)
    return select(func.count()).select_from(ids.subquery()).scalar_subquery()
