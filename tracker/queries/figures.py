"""Figures at an as-of pair: values, months, units. The numbers come from the cube, never from a loop over tickets.

The tickets behind a number are in `behind.py`; both ask for the same folios. Bound: a page asks the cube once
for the folios that its figures name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import numpy as np
from sqlalchemy import Connection

from tracker.domain.days import to_number
from tracker.domain.figures import Counting, Exclusion, FigureSpec, FigureValue, Grouping, Term, Window, group_number
from tracker.domain.ledger import RESTRICTED
from tracker.domain.packs import Counted
from tracker.domain.quantities import is_added_from_marks
from tracker.house import House
from tracker.log import store
from tracker.projections.cube.cells import Ints
from tracker.projections.folios import FolioIndex
from tracker.queries.tallied import Tallied

Span = tuple[date, date]
"""First day and last day counted of a month: flows in it, stocks at its end."""


@dataclass(frozen=True, slots=True)
class AsOf:
    """The pair: what held on the `effective` day, as known at log `position` (written `known_at`).

    `head`: the log when the pair was made, which spares the sheet another look.
    """

    effective: date
    position: int
    known_at: datetime | None
    is_head: bool
    head: store.Head | None = field(default=None, compare=False)


def as_of(conn: Connection, *, effective: date, known: datetime | None, head: store.Head | None = None) -> AsOf:
    """The pair for an effective day and an instant; `known` None means everything written so far. `head`: as this
    connection sees it, where it has been read already."""
    head = head or store.read_head(conn)
    if known is None:
        at = store.from_ms(head.recorded_at) if head.size else None
        return AsOf(effective, head.size, at, is_head=True, head=head)
    position = store.position_at(conn, known)
    return AsOf(effective, position, known, position == head.size, head)


def figure_values(
    conn: Connection, house: House, specs: Sequence[FigureSpec], pair: AsOf, *, units: Sequence[int] | None
) -> tuple[FigureValue, ...]:
    """Each figure at the pair, each at its own cut-off when that is earlier; `units` None: everywhere."""
    sheet = Sheet(conn, house, pair, units)
    asked = [sheet.ask(spec, effective_of(spec, pair)) for spec in specs]
    sheet.answer()
    return tuple(sheet.value(one) for one in asked)


def figure_in(
    conn: Connection, house: House, spec: FigureSpec, pair: AsOf, *, units: Sequence[int] | None, month: Span | None
) -> FigureValue:
    """One figure, narrowed to units and to a month where given, as the breakdowns print it."""
    sheet = Sheet(conn, house, pair, units)
    asked = sheet.ask(spec, month[1], month[0]) if month else sheet.ask(spec, effective_of(spec, pair))
    sheet.answer()
    return sheet.value(asked)


def figure_lowest(
    conn: Connection, house: House, spec: FigureSpec, pair: AsOf, *, units: Sequence[int] | None, most: int
) -> tuple[tuple[int, int], ...]:
    """Of a LEAST the groups that hold it down, (id of the unit or record, number), the lowest first."""
    sheet = Sheet(conn, house, pair, units)
    asked = sheet.ask(spec, effective_of(spec, pair))
    sheet.answer()
    return sheet.lowest(asked)[:most]


def figure_months(
    conn: Connection, house: House, specs: Sequence[FigureSpec], pair: AsOf, *, units: Sequence[int] | None
) -> tuple[tuple[FigureValue, ...], ...]:
    """For each figure its months of the effective year up to the pair: flows in the month, stocks at its end.

    Without the exclusions: a cell of a table has no room for them.
    """
    sheet = Sheet(conn, house, pair, units)
    asked = [
        [sheet.ask(spec, end, start, exclusions=()) for start, end in months_of(effective_of(spec, pair))]
        for spec in specs
    ]
    sheet.answer()
    return tuple(tuple(sheet.value(one) for one in months) for months in asked)


def figure_units(
    conn: Connection, house: House, specs: Sequence[FigureSpec], pair: AsOf, *, units: Sequence[int]
) -> tuple[tuple[FigureValue, ...], ...]:
    """For each figure its value in each of these units, in their order."""
    sheet = Sheet(conn, house, pair, units)
    asked = [sheet.ask(spec, effective_of(spec, pair)) for spec in specs]
    sheet.answer()
    return tuple(sheet.values_by_unit(one) for one in asked)


def effective_of(spec: FigureSpec, pair: AsOf) -> date:
    """The day that the figure counts: the pair's, or the figure's own cut-off when that is earlier."""
    return min(spec.cutoff, pair.effective) if spec.cutoff else pair.effective


def months_of(effective: date) -> tuple[Span, ...]:
    """The months of the year up to the effective day, the last one up to that day."""
    return tuple(month_of(date(effective.year, month, 1), effective) for month in range(1, effective.month + 1))


def month_of(start: date, effective: date) -> Span:
    """The month that begins on `start`, not beyond the effective day."""
    return start, min(_last_day(start), effective)


def _last_day(start: date) -> date:
    """Of the month that begins on `start`."""
    return date(start.year + start.month // 12, start.month % 12 + 1, 1) - timedelta(days=1)


# -- the question to the cube -------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class _Cell:
    """One number to add (or, sign −1, to take away): marks of a group of folios in force on a day.

    Groups below 0 are added up from their marks (`Tallied`), the others counted by the cube.
    """

    group: int
    day: int
    sign: int


@dataclass(frozen=True, slots=True)
class _Asked:
    """A figure at a day, as cells of the sheet."""

    spec: FigureSpec
    effective: date
    numerator: tuple[_Cell, ...]
    denominator: tuple[_Cell, ...]
    excluded: tuple[tuple[_Cell, ...], ...]
    among: tuple[_Cell, ...]
    needs: tuple[_Cell, ...]
    months: tuple[tuple[_Cell, ...], ...]


class Sheet:
    """Collects the questions of a page (`ask`), asks the cube once (`answer`), and adds up the answers."""

    def __init__(self, conn: Connection, house: House, pair: AsOf, units: Sequence[int] | None) -> None:
        self._conn, self._house, self._pair, self._units = conn, house, pair, units
        self._head = pair.head or store.read_head(conn)
        self._folios = house.cube.folios(conn, self._head)
        self._groups: dict[tuple[int, ...], int] = {}
        self._summed: dict[tuple[int, ...], int] = {}  # groups that are added up from their marks: −1, −2, …
        self._sums: list[Tallied] = []
        self._group_of: dict[tuple[str, Term, int, bool], int] = {}  # a report asks for each term in twelve months
        self._days: set[int] = set()
        self._at: dict[int, int] = {}
        self._numbers = np.zeros((0, 0, 0), np.int64)  # until `answer`
        self._totals = np.zeros((0, 0), np.int64)
        self._places: tuple[int, ...] = ()

    def ask(
        self,
        spec: FigureSpec,
        effective: date,
        since: date | None = None,
        *,
        exclusions: Sequence[Exclusion] | None = None,
    ) -> _Asked:
        """`exclusions`: those to count, when not all of the figure's."""

        def cells(terms: Iterable[Term]) -> tuple[_Cell, ...]:
            return tuple(
                c for term in terms for c in self._cells(term.register or spec.register, term, effective, since)
            )

        excluded = tuple(cells(e.terms) for e in (spec.exclusions if exclusions is None else exclusions))
        months: tuple[tuple[_Cell, ...], ...] = ()
        if spec.is_monthly:
            ended = [span for span in months_of(effective) if span[1] == _last_day(span[0])]
            months = tuple(tuple(self._of_month(spec, *span)) for span in ended)
        return _Asked(
            spec,
            effective,
            cells(spec.numerator),
            cells(spec.denominator),
            excluded,
            cells(spec.among),
            cells(spec.needs),
            months,
        )

    def _of_month(self, spec: FigureSpec, start: date, end: date) -> Iterator[_Cell]:
        for term in spec.numerator:
            yield from self._cells(term.register or spec.register, term, end, start)

    def _cells(self, register: str, term: Term, effective: date, since: date | None) -> Iterator[_Cell]:
        is_whole = self._units is None and since is None
        group = self._group(register, term, effective, is_whole=is_whole)
        for sign, day in zip((1, -1), days_of(term, effective, since), strict=False):
            if group >= 0:
                self._days.add(day)
            yield _Cell(group, day, sign)

    def _group(self, register: str, term: Term, effective: date, *, is_whole: bool) -> int:
        key = (register, term, effective.year, is_whole)
        known = self._group_of.get(key)
        if known is None:
            counted = self._house.pack.counted(register)
            folios = term_folios(self._folios, counted, term, effective, is_whole=is_whole)
            if is_added_from_marks(term.account):
                known = -1 - self._summed.setdefault(folios, len(self._summed))
            else:
                known = self._groups.setdefault(folios, len(self._groups))
            self._group_of[key] = known
        return known

    def answer(self) -> None:
        self._sums = [Tallied.read(self._conn, folios, self._pair.position) for folios in self._summed]
        days = sorted(self._days)
        self._at = {day: i for i, day in enumerate(days)}
        counts = self._house.cube.counts(
            self._conn,
            list(self._groups),
            days,
            position=self._pair.position,
            places=self._units,
            head=self._head,
        )
        self._numbers = counts.numbers
        self._places = counts.places
        self._totals = counts.numbers.sum(axis=2)

    def value(self, asked: _Asked) -> FigureValue:
        """The figure in all units of the sheet together."""
        excluded = tuple(self._sum(cells) for cells in asked.excluded)
        if asked.spec.grouping is not Grouping.SUM:
            return self._grouped(asked, excluded)
        denominator = self._sum(asked.denominator) if asked.spec.denominator else None
        return self._value(asked, self._sum(asked.numerator), denominator, excluded)

    def _grouped(self, asked: _Asked, excluded: tuple[int, ...]) -> FigureValue:
        number = group_number(
            asked.spec.grouping,
            numerator=self._by_group(asked.numerator),
            denominator=self._by_group(asked.denominator),
            among=self._by_group(asked.among).keys(),
            months=[self._by_group(cells) for cells in asked.months] if asked.spec.is_monthly else None,
        )
        return self._value(asked, number or 0, None, excluded, is_known=number is not None)

    def lowest(self, asked: _Asked) -> tuple[tuple[int, int], ...]:
        """Each group with its number, of months the smallest; the lowest first."""
        held = [self._by_group(cells) for cells in asked.months if asked.spec.is_monthly] or [
            self._by_group(asked.numerator)
        ]
        numbers = ((group, min(of.get(group, 0) for of in held)) for group in self._by_group(asked.among))
        return tuple(sorted(numbers, key=lambda one: (one[1], one[0])))

    def _by_group(self, cells: Sequence[_Cell]) -> dict[int, int]:
        """The number of each group that has one: a unit, or a linked record."""
        found: dict[int, int] = {}
        for cell in cells:
            if cell.group < 0:
                numbers = self._sums[-1 - cell.group].by_unit(cell.day)
            else:
                row = self._numbers[cell.group, self._at[cell.day]].tolist()
                numbers = dict(zip(self._places, row, strict=True))
            for unit, number in numbers.items():
                found[unit] = found.get(unit, 0) + cell.sign * number
        return {unit: number for unit, number in found.items() if number}

    def values_by_unit(self, asked: _Asked) -> tuple[FigureValue, ...]:
        """The figure in each unit of the sheet, in their order."""
        left_out = [self._by_unit(cells) for cells in asked.excluded]
        pairs = enumerate(self.pairs_by_unit(asked))
        return tuple(self._value(asked, *pair, tuple(of[unit] for of in left_out)) for unit, pair in pairs)

    def _value(
        self,
        asked: _Asked,
        numerator: int,
        denominator: int | None,
        excluded: tuple[int, ...],
        *,
        is_known: bool = True,
    ) -> FigureValue:
        is_known = is_known and (not asked.needs or self._sum(asked.needs) > 0)
        pair = (asked.effective, self._pair.position)
        return FigureValue(asked.spec.id, numerator, denominator, excluded, *pair, is_known, asked.spec.scale)

    def pairs_by_unit(self, asked: _Asked) -> tuple[tuple[int, int | None], ...]:
        """(numerator, denominator or None) in each unit."""
        numerators = self._by_unit(asked.numerator)
        denominators = self._by_unit(asked.denominator) if asked.spec.denominator else [None] * len(numerators)
        return tuple(zip(numerators, denominators, strict=True))

    def _by_unit(self, cells: Sequence[_Cell]) -> list[int]:
        total = self._row(cells[0])  # signs begin with +; most have one cell
        for cell in cells[1:]:
            numbers = self._row(cell)
            total = total + numbers if cell.sign > 0 else total - numbers
        found: list[int] = total.tolist()
        return found

    def _row(self, cell: _Cell) -> Ints:
        if cell.group >= 0:
            found: Ints = self._numbers[cell.group, self._at[cell.day]]
            return found
        by_unit = self._sums[-1 - cell.group].by_unit(cell.day)
        return np.array([by_unit.get(unit, 0) for unit in self._places], np.int64)

    def _sum(self, cells: Iterable[_Cell]) -> int:
        return sum(c.sign * self._total(c) for c in cells)

    def _total(self, cell: _Cell) -> int:
        if cell.group >= 0:
            return int(self._totals[cell.group, self._at[cell.day]])
        return self._sums[-1 - cell.group].total(cell.day, self._units)


def days_of(term: Term, effective: date, since: date | None) -> tuple[int, ...]:
    """The day to count at, and for a flow in a window the day before it begins."""
    end = to_number(effective)
    if term.counting is Counting.STOCK or (term.window is Window.ALL and since is None):
        return (end,)
    return (end, to_number(since or date(effective.year, 1, 1)) - 1)


def term_folios(
    index: FolioIndex, register: Counted, term: Term, effective: date, *, is_whole: bool
) -> tuple[int, ...]:
    """The folios a term adds up: all its predicates hold, and the cohort is the effective year's where asked.

    Restricted tickets count in the whole alone (`is_whole`: every unit, no month of its own): of one village and one
    month, the number itself would tell where and when the single one was brought. Source: security.md "whistle-blower",
    "small groups".
    """
    bits, left_out = 0, 0 if is_whole else RESTRICTED
    for predicate in term.where:
        bits |= 1 << register.predicates.index(predicate)
    return tuple(
        folio.id
        for folio in index.get((term.account, register.name), ())
        if folio.segment & bits == bits
        and not folio.segment & left_out
        and (term.cohort is Window.ALL or folio.cohort == effective.year)
    )
