"""Figures at an as-of pair: values, months, villages, and the tickets behind each number.

Numbers come from the cube, lists from the marks; both ask for the same folios. Bound: a report reads
only the folios its figures name; a list reads one page.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np
from sqlalchemy import Connection, and_, exists, func, or_, select
from sqlalchemy.sql.elements import ColumnElement

from tracker.domain.days import to_number
from tracker.domain.figures import Counting, FigureSpec, FigureValue, Term, Window
from tracker.domain.ledger import RESTRICTED
from tracker.domain.registers import Register
from tracker.house import House
from tracker.log import store
from tracker.models.ledger import MarkRow
from tracker.models.tickets import NamedPersonRow, TicketRow
from tracker.projections.live_cube import FolioIndex

NUMERATOR, DENOMINATOR = "numerator", "denominator"


@dataclass(frozen=True, slots=True)
class AsOf:
    """The pair: what held on the `effective` day, as known at log `position` (written `known_at`)."""

    effective: date
    position: int
    known_at: datetime | None
    is_head: bool


def as_of(conn: Connection, *, effective: date, known: datetime | None) -> AsOf:
    """The pair for an effective day and an instant; `known` None means everything written so far."""
    head = store.read_head(conn)
    position = head.size if known is None else store.position_at(conn, known)
    at = known or store.recorded_at(conn, position)
    return AsOf(effective, position, at, position == head.size)


# -- values -------------------------------------------------------------------------------------------
def figure_values(
    conn: Connection, house: House, specs: Sequence[FigureSpec], pair: AsOf, *, units: Sequence[int] | None
) -> tuple[FigureValue, ...]:
    """Each figure at the pair, each at its own cut-off when that is earlier; `units` None: everywhere."""
    sheet = _Sheet(conn, house, pair, units)
    for spec in specs:
        sheet.ask(spec, _effective(spec, pair))
    sheet.answer()
    return tuple(sheet.value(spec, _effective(spec, pair)) for spec in specs)


def figure_months(
    conn: Connection, house: House, specs: Sequence[FigureSpec], pair: AsOf, *, units: Sequence[int] | None
) -> tuple[tuple[FigureValue, ...], ...]:
    """For each figure its months of the effective year up to the pair: flows in the month, stocks at its end."""
    sheet = _Sheet(conn, house, pair, units)
    ends = {spec.id: _month_ends(_effective(spec, pair)) for spec in specs}
    for spec in specs:
        for start, end in ends[spec.id]:
            sheet.ask(spec, end, start)
    sheet.answer()
    return tuple(tuple(sheet.value(spec, end, start) for start, end in ends[spec.id]) for spec in specs)


def figure_units(
    conn: Connection, house: House, specs: Sequence[FigureSpec], pair: AsOf, *, units: Sequence[int]
) -> tuple[tuple[FigureValue, ...], ...]:
    """For each figure its value in each of these units, in their order."""
    sheet = _Sheet(conn, house, pair, units)
    for spec in specs:
        sheet.ask(spec, _effective(spec, pair))
    sheet.answer()
    return tuple(tuple(sheet.value(spec, _effective(spec, pair), unit=i) for i in range(len(units))) for spec in specs)


@dataclass(frozen=True, slots=True)
class MonthlySheet:
    """numbers[figure][month][unit] = (numerator, denominator or None)."""

    months: tuple[tuple[date, date], ...]
    units: tuple[int, ...]
    numbers: tuple[tuple[tuple[tuple[int, int | None], ...], ...], ...]


def report_sheet(
    conn: Connection, house: House, specs: Sequence[FigureSpec], pair: AsOf, *, units: Sequence[int]
) -> MonthlySheet:
    """Every figure × month × unit at once: one question to the cube."""
    months = _month_ends(pair.effective)
    sheet = _Sheet(conn, house, pair, units)
    for spec in specs:
        for start, end in months:
            sheet.ask(spec, end, start)
    sheet.answer()
    numbers = tuple(
        tuple(tuple(sheet.pair_of(spec, end, start, unit=i) for i in range(len(units))) for start, end in months)
        for spec in specs
    )
    return MonthlySheet(months, tuple(units), numbers)


def _effective(spec: FigureSpec, pair: AsOf) -> date:
    return min(spec.cutoff, pair.effective) if spec.cutoff else pair.effective


def _month_ends(effective: date) -> tuple[tuple[date, date], ...]:
    """(first day, last day counted) of each month of the year up to the effective day."""
    out = []
    for month in range(1, effective.month + 1):
        start = date(effective.year, month, 1)
        after = date(effective.year + month // 12, month % 12 + 1, 1)
        out.append((start, min(after - timedelta(days=1), effective)))
    return tuple(out)


class _Sheet:
    """Collects the questions of a page, asks the cube once, and adds up the answers."""

    def __init__(self, conn: Connection, house: House, pair: AsOf, units: Sequence[int] | None) -> None:
        self._conn, self._house, self._pair, self._units = conn, house, pair, units
        self._folios = house.cube.folios(conn)
        self._groups: dict[tuple[int, ...], int] = {}
        self._days: dict[int, int] = {}
        self._numbers = np.zeros((0, 0, 0), np.int64)  # until `answer`
        self._totals = np.zeros((0, 0), np.int64)

    def ask(self, spec: FigureSpec, effective: date, since: date | None = None) -> None:
        for term in _terms(spec):
            for day in _days_of(term, effective, since):
                self._days.setdefault(day, len(self._days))
            group = term_folios(self._folios, self._house.register(spec.register), term, effective)
            self._groups.setdefault(group, len(self._groups))

    def answer(self) -> None:
        days = sorted(self._days)
        self._days = {day: i for i, day in enumerate(days)}
        counts = self._house.cube.counts(
            self._conn, list(self._groups), days, position=self._pair.position, places=self._units
        )
        self._numbers = counts.numbers
        self._totals = counts.numbers.sum(axis=2)

    def value(
        self, spec: FigureSpec, effective: date, since: date | None = None, unit: int | None = None
    ) -> FigureValue:
        numerator, denominator = self.pair_of(spec, effective, since, unit)
        excluded = tuple(self._sum(spec, e.terms, effective, since, unit) for e in spec.exclusions)
        return FigureValue(spec.id, numerator, denominator, excluded, effective, self._pair.position)

    def pair_of(
        self, spec: FigureSpec, effective: date, since: date | None, unit: int | None = None
    ) -> tuple[int, int | None]:
        numerator = self._sum(spec, spec.numerator, effective, since, unit)
        if not spec.denominator:
            return numerator, None
        return numerator, self._sum(spec, spec.denominator, effective, since, unit)

    def _sum(
        self, spec: FigureSpec, terms: Iterable[Term], effective: date, since: date | None, unit: int | None
    ) -> int:
        register = self._house.register(spec.register)
        return sum(self._term(register, term, effective, since, unit) for term in terms)

    def _term(self, register: Register, term: Term, effective: date, since: date | None, unit: int | None) -> int:
        group = self._groups[term_folios(self._folios, register, term, effective)]
        first, *rest = (self._count(group, day, unit) for day in _days_of(term, effective, since))
        return first - sum(rest)

    def _count(self, group: int, day: int, unit: int | None) -> int:
        at = self._days[day]
        return int(self._totals[group, at] if unit is None else self._numbers[group, at, unit])


def _terms(spec: FigureSpec) -> tuple[Term, ...]:
    return (*spec.numerator, *spec.denominator, *(t for e in spec.exclusions for t in e.terms))


def _days_of(term: Term, effective: date, since: date | None) -> tuple[int, ...]:
    """The day to count at, and for a flow in a window the day before it begins."""
    end = to_number(effective)
    if term.counting is Counting.STOCK or (term.window is Window.ALL and since is None):
        return (end,)
    return (end, to_number(since or date(effective.year, 1, 1)) - 1)


def term_folios(index: FolioIndex, register: Register, term: Term, effective: date) -> tuple[int, ...]:
    """The folios a term adds up: all its predicates hold, and the cohort is the effective year's where asked."""
    bits = 0
    for predicate in term.where:
        bits |= 1 << register.predicates.index(predicate)
    return tuple(
        folio.id
        for folio in index.get((term.account, register.name), ())
        if folio.segment & bits == bits and (term.cohort is Window.ALL or folio.cohort == effective.year)
    )


# -- the tickets behind a number ----------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class DrillTicket:
    """One ticket of a list behind a figure; `counted_from` is the day its mark began."""

    id: int
    number: str
    register_id: int
    place_id: int
    owner_unit_id: int | None
    status: int
    found_on: int
    due_on: int | None
    closed_on: int | None
    summary: str
    counted_from: int


@dataclass(frozen=True, slots=True)
class Drill:
    """A page of the tickets of one part of a figure.

    `count` is the part's number; `hidden` of them are restricted and not this person's to see.
    `next_cursor` opens the next page; None on the last.
    """

    tickets: tuple[DrillTicket, ...]
    count: int
    hidden: int
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Marks of one folio in one unit: `count` of them are in force, between two days of beginning."""

    folio: int
    unit: int
    count: int
    is_restricted: bool
    after: int  # marks that began after this day …
    until: int  # … and on or before this one


def drill(
    conn: Connection,
    house: House,
    spec: FigureSpec,
    part: str,
    pair: AsOf,
    *,
    units: Sequence[int] | None,
    person_id: int,
    cursor: str = "",
    limit: int = 50,
    since: date | None = None,
    until: date | None = None,
) -> Drill:
    """Exactly the tickets that the part counts: numerator, denominator, or an exclusion's name.

    Village by village. The cube says how many marks lie in each stretch of the ledger, so that empty
    ones are not visited and the count needs no scan. Restricted tickets are shown to named people only.
    `since` … `until` narrow to a month as `figure_months` counts it.
    """
    effective = until or _effective(spec, pair)
    stretches = _stretches(conn, house, spec, _part_terms(spec, part), pair, effective, units, since)
    start = _Place.of(cursor)
    found: list[tuple[_Place, DrillTicket]] = []
    for index, stretch in enumerate(stretches):
        if index >= start.stretch and len(found) <= limit:
            begin = start if index == start.stretch else _Place(index)
            found += _read_stretch(conn, stretch, pair, to_number(effective), begin, person_id, limit + 1 - len(found))
    hidden = sum(_hidden(conn, s, pair, to_number(effective), person_id) for s in stretches if s.is_restricted)
    following = str(found[limit - 1][0]) if len(found) > limit else None
    return Drill(tuple(t for _, t in found[:limit]), sum(s.count for s in stretches), hidden, following)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a page ends: the last mark shown. As text it is the cursor in the URL."""

    stretch: int = 0
    ef: int = -1
    ticket_id: int = 0

    @staticmethod
    def of(cursor: str) -> _Place:
        """A cursor that is not one of ours begins at the beginning."""
        parts = cursor.split("-")
        if len(parts) != 3 or not all(p.isascii() and p.isdigit() for p in parts):
            return _Place()
        return _Place(*(int(p) for p in parts))

    def __str__(self) -> str:
        return f"{self.stretch}-{self.ef}-{self.ticket_id}"


def _part_terms(spec: FigureSpec, part: str) -> tuple[Term, ...]:
    if part == NUMERATOR:
        return spec.numerator
    if part == DENOMINATOR:
        return spec.denominator
    return next((e.terms for e in spec.exclusions if e.name == part), ())


def _stretches(
    conn: Connection,
    house: House,
    spec: FigureSpec,
    terms: Sequence[Term],
    pair: AsOf,
    effective: date,
    units: Sequence[int] | None,
    since: date | None,
) -> list[_Stretch]:
    """The parts of the ledger that hold anything of the part, unit by unit."""
    register, index = house.register(spec.register), house.cube.folios(conn)
    restricted = {f.id for folios in index.values() for f in folios if f.segment & RESTRICTED}
    asked: list[tuple[int, int]] = []  # (folio, day before its marks begin; -1: any)
    for term in terms:
        _, *before = _days_of(term, effective, since)
        asked += [(folio, before[0] if before else -1) for folio in term_folios(index, register, term, effective)]
    days = sorted({to_number(effective), *(day for _, day in asked if day >= 0)})
    counts = house.cube.counts(conn, [[folio] for folio, _ in asked], days, position=pair.position, places=units)
    at = {day: i for i, day in enumerate(days)}
    last = at[to_number(effective)]
    out = []
    for column, unit in enumerate(counts.places):
        for row, (folio, after) in enumerate(asked):
            number = int(counts.numbers[row, last, column])
            number -= int(counts.numbers[row, at[after], column]) if after >= 0 else 0
            if number:
                out.append(_Stretch(folio, unit, number, folio in restricted, after, to_number(effective)))
    return out


def _in_force(stretch: _Stretch, pair: AsOf, day: int) -> ColumnElement[bool]:
    known = and_(MarkRow.rf <= pair.position, or_(MarkRow.rt.is_(None), MarkRow.rt > pair.position))
    lies = and_(MarkRow.folio == stretch.folio, MarkRow.unit == stretch.unit)
    return and_(lies, MarkRow.ef > stretch.after, MarkRow.ef <= stretch.until, MarkRow.et > day, known)


def _may_know(person_id: int) -> ColumnElement[bool]:
    return exists().where(NamedPersonRow.ticket_id == MarkRow.ticket_id, NamedPersonRow.person_id == person_id)


def _hidden(conn: Connection, stretch: _Stretch, pair: AsOf, day: int, person_id: int) -> int:
    query = select(func.count()).select_from(MarkRow).where(_in_force(stretch, pair, day), ~_may_know(person_id))
    return int(conn.scalar(query) or 0)


def _read_stretch(
    conn: Connection, stretch: _Stretch, pair: AsOf, day: int, begin: _Place, person_id: int, limit: int
) -> list[tuple[_Place, DrillTicket]]:
    """Up to `limit` tickets of one stretch in the order of the index, after the place where a page ended."""
    beyond = or_(MarkRow.ef > begin.ef, and_(MarkRow.ef == begin.ef, MarkRow.ticket_id > begin.ticket_id))
    query = (
        select(MarkRow.ef, *_DRILL_COLUMNS)
        .join(TicketRow, TicketRow.id == MarkRow.ticket_id)
        .where(_in_force(stretch, pair, day), beyond, MarkRow.ef >= begin.ef)
        .order_by(MarkRow.ef, MarkRow.ticket_id)
        .limit(limit)
    )
    if stretch.is_restricted:
        query = query.where(_may_know(person_id))
    return [(_Place(begin.stretch, row[0], row[1]), DrillTicket(*row[1:], row[0])) for row in conn.execute(query)]


_DRILL_COLUMNS = (
    TicketRow.id,
    TicketRow.number,
    TicketRow.register_id,
    TicketRow.place_id,
    TicketRow.owner_unit_id,
    TicketRow.status,
    TicketRow.found_on,
    TicketRow.due_on,
    TicketRow.closed_on,
    TicketRow.summary,
)
