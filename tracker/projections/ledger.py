"""The ledger as rows: what an event changes in a ticket's marks, for drill-down and for the cube.

A mark is opened at the position of the event that brought it (`rf`), gets its end where it stands when an
event brings one (`er`), and is ended at the position of the event after which it no longer holds (`rt`).
Cells are the same change as netted steps of ±1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, cast

import numpy as np
from sqlalchemy import Connection, bindparam, select, update

from tracker.domain.days import FOREVER
from tracker.domain.ledger import Mark
from tracker.domain.quantities import is_added_from_marks
from tracker.models.ledger import MarkDeltaRow, MarkRow
from tracker.models.rows import binary_row, insert_rows, stream_rows, write_rows
from tracker.projections.cube.cells import Batch, Delta, pack_cells
from tracker.projections.folios import FolioBook, FolioKey, FolioWriter

_MARKS = MarkRow.__table__
_DELTAS = MarkDeltaRow.__table__
_MARK_COLUMNS = ("folio", "unit", "ef", "ticket_id", "rf", "et", "er", "rt", "quantity")
_ET, _ER, _RT = (_MARK_COLUMNS.index(name) for name in ("et", "er", "rt"))
_DELTA_COLUMNS = ("position", "recorded_on", "cells")
_KEY_NAMES = ("b_folio", "b_unit", "b_ef", "b_ticket")
_LIVE = (
    _MARKS.c.folio == bindparam("b_folio"),
    _MARKS.c.unit == bindparam("b_unit"),
    _MARKS.c.ef == bindparam("b_ef"),
    _MARKS.c.ticket_id == bindparam("b_ticket"),
    _MARKS.c.rt.is_(None),
)
_END_MARK = update(_MARKS).where(*_LIVE).values(rt=bindparam("b_rt"))
_CUT_MARK = update(_MARKS).where(*_LIVE).values(et=bindparam("b_et"), er=bindparam("b_er"))


class LedgerChanges:
    """Collects what events change; `number` gives a folio its number."""

    def __init__(self, number: Callable[[FolioKey], int]) -> None:
        self._number = number
        self._opened: list[list[Any]] = []
        self._live: dict[tuple[int, int, int, int], list[list[Any]]] = {}
        self._born_here: set[int] = set()  # tickets without a mark of an earlier transaction
        self._ended: list[dict[str, int]] = []
        self._cut: list[dict[str, int]] = []
        self._deltas: list[tuple[int, int, bytes]] = []

    def post(
        self,
        ticket_id: int,
        register: str,
        position: int,
        recorded_on: int,
        before: frozenset[Mark],
        after: frozenset[Mark],
    ) -> None:
        """Record the difference an event made. Days of `recorded_on` are in the log's time zone."""
        if not before:
            self._born_here.add(ticket_id)
        cells: dict[tuple[int, int, int], int] = {}
        gone, come = before - after, after - before
        endless = {_without_end(mark) for mark in gone if mark.et == FOREVER}
        cut = {_without_end(mark) for mark in come if mark.et < FOREVER} & endless if endless else endless
        twins: set[tuple[object, ...]] = set()
        for mark in gone:
            folio = self._folio(mark, register)
            if mark.source:
                twins.add(_as_a_row(mark))
            elif _without_end(mark) not in cut:
                self._end(folio, mark, ticket_id, position)
            _step(cells, folio, mark, -1)
        for mark in come:
            folio = self._folio(mark, register)
            if mark.source:
                twins.add(_as_a_row(mark))
            elif _without_end(mark) in cut:
                self._cut_off(folio, mark, ticket_id, position)
            else:
                self._open(folio, mark, ticket_id, position)
            _step(cells, folio, mark, +1)
        if twins:
            self._twins(register, ticket_id, position, _tally(before, twins), _tally(after, twins))
        packed = pack_cells(cells)
        if packed:
            self._deltas.append((position, recorded_on, packed))

    def _twins(
        self, register: str, ticket_id: int, position: int, before: Mapping[Any, int], after: Mapping[Any, int]
    ) -> None:
        """Flows that only their source tells apart (sent twice on one day) share a row, which counts them."""
        for row in before.keys() | after.keys():
            was, now = before.get(row, 0), after.get(row, 0)
            if was == now:
                continue
            account, unit, ef, segment, cohort = row
            mark = Mark(account, unit, ef, FOREVER, segment, cohort, 0, now)
            folio = self._folio(mark, register)
            if was:
                self._end(folio, mark, ticket_id, position)
            if now:
                self._open(folio, mark, ticket_id, position)

    def _folio(self, mark: Mark, register: str) -> int:
        return self._number((mark.account, register, mark.segment, mark.cohort))

    def _open(self, folio: int, mark: Mark, ticket_id: int, position: int) -> None:
        key = (folio, mark.unit, mark.ef, ticket_id)
        row = [*key, position, mark.et, None, None, None if mark.quantity == 1 else mark.quantity]
        self._opened.append(row)
        self._live.setdefault(key, []).append(row)

    def _end(self, folio: int, mark: Mark, ticket_id: int, position: int) -> None:
        """In memory when this transaction opened it, else by an update."""
        key = (folio, mark.unit, mark.ef, ticket_id)
        for row in self._live.pop(key, ()):
            row[_RT] = position
        if ticket_id not in self._born_here:
            self._ended.append({**dict(zip(_KEY_NAMES, key, strict=True)), "b_rt": position})

    def _cut_off(self, folio: int, mark: Mark, ticket_id: int, position: int) -> None:
        """The one mark of this key that is in force had no end until now (a flow never gets one)."""
        key = (folio, mark.unit, mark.ef, ticket_id)
        rows = self._live.get(key, ())
        for row in rows:
            row[_ET], row[_ER] = mark.et, position
        if not rows:
            self._cut.append({**dict(zip(_KEY_NAMES, key, strict=True)), "b_et": mark.et, "b_er": position})

    def take_new(self) -> tuple[list[tuple[Any, ...]], list[tuple[int, int, bytes]]]:
        """The rows of marks and of deltas of tickets whose whole life was posted here; forgotten here with them."""
        if self._ended or self._cut:
            raise ValueError("a mark of an earlier transaction was changed")
        taken = [tuple(row) for row in self._opened], self._deltas
        self._forget()
        return taken

    def _forget(self) -> None:
        self._opened, self._ended, self._cut, self._deltas = [], [], [], []
        self._live, self._born_here = {}, set()


class LedgerWriter(LedgerChanges):
    """Writes the changes of one transaction in four statements."""

    def __init__(self, conn: Connection, folios: FolioBook) -> None:
        super().__init__(FolioWriter(conn, folios).number)
        self._conn = conn

    def flush(self) -> None:
        """Updates first: they may only touch rows of earlier transactions."""
        write_rows(self._conn, _CUT_MARK, self._cut)
        write_rows(self._conn, _END_MARK, self._ended)
        insert_new(self._conn, [tuple(row) for row in self._opened], self._deltas)
        self._forget()


def insert_new(conn: Connection, marks: Sequence[tuple[Any, ...]], deltas: Sequence[tuple[int, int, bytes]]) -> None:
    insert_rows(conn, _MARKS, _MARK_COLUMNS, marks)
    insert_rows(conn, _DELTAS, _DELTA_COLUMNS, deltas)


def _without_end(mark: Mark) -> tuple[object, ...]:
    """All of a mark but `et`."""
    return mark[:3] + mark[4:]


def _as_a_row(mark: Mark) -> tuple[object, ...]:
    """What a flow's row is told by: its source is not kept."""
    return (mark.account, mark.unit, mark.ef, mark.segment, mark.cohort)


def _tally(marks: frozenset[Mark], rows: set[tuple[object, ...]]) -> dict[Any, int]:
    """How much of each of these rows the marks come to."""
    found: dict[Any, int] = {}
    for mark in marks:
        if mark.source and (row := _as_a_row(mark)) in rows:
            found[row] = found.get(row, 0) + mark.quantity
    return found


def _step(cells: dict[tuple[int, int, int], int], folio: int, mark: Mark, sign: int) -> None:
    """Nothing of an account that is added up from its marks: the cube counts marks."""
    if is_added_from_marks(mark.account):
        return
    start = (folio, mark.unit, mark.ef)
    cells[start] = cells.get(start, 0) + sign
    if mark.et < FOREVER:
        end = (folio, mark.unit, mark.et)
        cells[end] = cells.get(end, 0) - sign


DELTAS_AT_ONCE = 20_000
POSITIONS_AT_ONCE = 50_000
# PostgreSQL puts the columns together, which leaves nothing to be done here for each of millions of rows.
_COLUMNS_OF_DELTAS = """
    SELECT string_agg(int8send(position), '' ORDER BY position),
        string_agg(int4send(recorded_on), '' ORDER BY position),
        string_agg(int4send(length(cells)), '' ORDER BY position),
        string_agg(cells, '' ORDER BY position)
    FROM mark_deltas WHERE position > %(after)s AND position <= %(until)s
"""


def read_delta_batches(conn: Connection, *, until: int) -> Iterator[Batch]:
    """All deltas of the events up to `until`, in order, as columns."""
    if conn.dialect.name == "sqlite":
        yield from (Batch.of(rows) for rows in _delta_rows(conn, after=0, until=until))
        return
    for after in range(0, until, POSITIONS_AT_ONCE):
        given = {"after": after, "until": min(after + POSITIONS_AT_ONCE, until)}
        positions, days, sizes, cells = binary_row(conn, _COLUMNS_OF_DELTAS, given)
        if positions is not None:
            columns = np.frombuffer(positions, ">i8"), np.frombuffer(days, ">i4"), np.frombuffer(sizes, ">i4")
            yield Batch.of_columns(*columns, cells)


def read_deltas(conn: Connection, *, after: int, until: int | None = None) -> Iterator[Delta]:
    """The deltas of the events after `after` up to `until`, one by one; streamed."""
    for part in _delta_rows(conn, after=after, until=until):
        yield from part


def _delta_rows(conn: Connection, *, after: int, until: int | None) -> Iterator[list[Delta]]:
    query = select(MarkDeltaRow.position, MarkDeltaRow.recorded_on, MarkDeltaRow.cells).where(
        MarkDeltaRow.position > after
    )
    if until is not None:
        query = query.where(MarkDeltaRow.position <= until)
    yield from cast("Iterator[list[Delta]]", stream_rows(conn, query.order_by(MarkDeltaRow.position), DELTAS_AT_ONCE))
