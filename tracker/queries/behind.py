"""The tickets behind a figure: exactly those that one of its parts counts, village by village.

The cube says how many marks lie in each stretch of the ledger, so that empty ones are not visited and the number
needs no scan; the marks give the tickets. Bound: one page, or a stream of pages for a file.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, and_, case, func, or_, select, true
from sqlalchemy.orm import aliased
from sqlalchemy.sql.elements import ColumnElement

from tracker.domain.days import to_number
from tracker.domain.figures import FigureSpec, FigureValue, Term
from tracker.domain.ledger import RESTRICTED
from tracker.domain.texts import whole_numbers
from tracker.house import House
from tracker.models.ledger import MarkRow, known_at, lasts_beyond
from tracker.models.tickets import TicketRow
from tracker.queries.figures import AsOf, Span, days_of, effective_of, term_folios
from tracker.queries.scope import Condition, Viewer, is_named, units_open, visible

NUMERATOR, DENOMINATOR, REST = "numerator", "denominator", "rest"
"""REST: of the denominator, what is not in the numerator. Any other part is the name of an exclusion."""
SLICE = 1000


@dataclass(frozen=True, slots=True)
class Behind:
    """Which tickets are meant: a part of a figure at a pair, narrowed to units and a month where given."""

    spec: FigureSpec
    part: str
    pair: AsOf
    units: tuple[int, ...] | None
    month: Span | None

    @property
    def is_whole(self) -> bool:
        """Restricted tickets are in the whole only (`term_folios`)."""
        return self.units is None and self.month is None


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads: restricted tickets are for the people named on them.

    `may_see` None: every other ticket. `open_units`: places whose tickets are all theirs to see.
    """

    person_id: int
    may_see: Condition | None
    open_units: frozenset[int] = frozenset()


OPERATOR = Reader(0, None)
"""The command line: everything that is not restricted."""


def reader_of(viewer: Viewer, register: str) -> Reader:
    """The person's own view of a register, by the predicate that lists and pages ask."""
    units = units_open(viewer, "view", register)
    return Reader(viewer.person.id, None) if units is None else Reader(viewer.person.id, visible(viewer), units)


@dataclass(frozen=True, slots=True)
class DrillTicket:
    """One ticket of a list behind a figure; `counted_from` is the day its mark began. Days are day numbers."""

    counted_from: int
    id: int
    number: str
    register_id: int
    place_id: int
    owner_unit_id: int | None
    status: int
    found_on: int
    due_on: int | None
    closed_on: int | None
    is_restricted: bool
    summary: str


@dataclass(frozen=True, slots=True)
class Drill:
    """A page of tickets. `count` is the part's number; `hidden` of them are not this person's to see.

    `next_cursor` opens the next page; None on the last.
    """

    tickets: tuple[DrillTicket, ...]
    count: int
    hidden: int
    next_cursor: str | None


def part_names(spec: FigureSpec) -> tuple[str, ...]:
    """The parts that a list can be asked for, in the order of a page."""
    rated = (REST, NUMERATOR, DENOMINATOR) if spec.denominator else (NUMERATOR,)
    return (*rated, *(e.name for e in spec.exclusions))


def part_count(spec: FigureSpec, part: str, value: FigureValue) -> int:
    """How many tickets, records or periods a part of this value counts; of a sum, the sum times `value.scale`."""
    if part == NUMERATOR:
        return value.numerator
    if part == DENOMINATOR:
        return value.denominator or 0
    if part == REST:
        return (value.denominator or 0) - value.numerator
    return value.excluded_by[[e.name for e in spec.exclusions].index(part)]


def drill(conn: Connection, house: House, behind: Behind, reader: Reader, *, cursor: str, limit: int) -> Drill:
    """`limit` tickets after the cursor; a ticket that counts twice stands twice, and never on two pages.

    LookupError: the figure has no such part.
    """
    stretches = _stretches(conn, house, behind)
    found: list[DrillTicket] = []
    following, last = None, _Place()
    for place, ticket, times in _read(conn, stretches, reader, _Place.of(cursor), limit + 1):
        if found and len(found) + times > limit:
            following = str(last)
            break
        found += [ticket] * times
        last = place
    count = sum(s.count for s in stretches)
    hidden = _hidden(conn, stretches, reader, is_settled=_is_settled(behind))
    return Drill(tuple(found), count, hidden, following)


def hidden_behind(conn: Connection, house: House, behind: Behind, reader: Reader) -> int:
    """How many tickets `all_behind` leaves out because they are not this person's to see."""
    return _hidden(conn, _stretches(conn, house, behind), reader, is_settled=_is_settled(behind))


def all_behind(conn: Connection, house: House, behind: Behind, reader: Reader) -> Iterator[DrillTicket]:
    """Every ticket of the list that the person may see, in slices, for a file."""
    stretches = _stretches(conn, house, behind)
    for _, ticket, times in _read(conn, stretches, reader, _Place(), SLICE):
        yield from [ticket] * times


# -- stretches ----------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class _Stretch:
    """Marks of one folio in one unit: `count` of them are in force, between two days of beginning."""

    folio: int
    unit: int
    count: int
    is_restricted: bool
    after: int  # marks that began after this day …
    day: int  # … and on or before this one, on which they are in force
    position: int
    without: tuple[_Stretch, ...] = ()  # tickets of these do not belong to it


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a page ends: the last mark shown. As text it is the cursor in the URL."""

    stretch: int = 0
    ef: int = -1
    ticket_id: int = 0

    @staticmethod
    def of(cursor: str) -> _Place:
        """A cursor that is not one of ours begins at the beginning."""
        parts = whole_numbers(cursor, "-")
        return _Place(*parts) if len(parts) == 3 else _Place()

    def __str__(self) -> str:
        return f"{self.stretch}-{self.ef}-{self.ticket_id}"


def _stretches(conn: Connection, house: House, behind: Behind) -> list[_Stretch]:
    """The parts of the ledger that hold anything of the part, unit by unit."""
    spec = behind.spec
    if behind.part not in part_names(spec):
        raise LookupError(f"{spec.id} has no part {behind.part}")
    if behind.part == REST:
        return _rest(
            _stretches_of(conn, house, behind, spec.denominator), _stretches_of(conn, house, behind, spec.numerator)
        )
    terms = {NUMERATOR: spec.numerator, DENOMINATOR: spec.denominator} | {e.name: e.terms for e in spec.exclusions}
    return _stretches_of(conn, house, behind, terms[behind.part])


def _rest(all_of: Sequence[_Stretch], without: Sequence[_Stretch]) -> list[_Stretch]:
    """What is left of the denominator, in the units where anything is. A numerator is part of its denominator."""
    out: list[_Stretch] = []
    for unit, of_unit in groupby(all_of, key=lambda s: s.unit):
        stretches = list(of_unit)
        gone = tuple(s for s in without if s.unit == unit)
        left = sum(s.count for s in stretches) - sum(s.count for s in gone)
        for n, s in enumerate(stretches if left else ()):
            # Only the unit's sum is known; it stands at the unit's first stretch.
            number = left if n == 0 else 0
            out.append(_Stretch(s.folio, s.unit, number, s.is_restricted, s.after, s.day, s.position, gone))
    return out


def _stretches_of(conn: Connection, house: House, behind: Behind, terms: Sequence[Term]) -> list[_Stretch]:
    register, index = house.register(behind.spec.register), house.cube.folios(conn)
    accounts = {term.account for term in terms}
    folios = (folio for account in accounts for folio in index.get((account, register.name), ()))
    restricted = {folio.id for folio in folios if folio.segment & RESTRICTED}
    since, effective = behind.month or (None, effective_of(behind.spec, behind.pair))
    asked: list[tuple[int, int]] = []  # (folio, day before its marks begin; -1: any)
    for term in terms:
        _, *before = days_of(term, effective, since)
        folios_of = term_folios(index, register, term, effective, is_whole=behind.is_whole)
        asked += [(folio, before[0] if before else -1) for folio in folios_of]
    day, position = to_number(effective), behind.pair.position
    days = sorted({day, *(after for _, after in asked if after >= 0)})
    counts = house.cube.counts(conn, [[folio] for folio, _ in asked], days, position=position, places=behind.units)
    at = {one: i for i, one in enumerate(days)}
    out = []
    for column, unit in enumerate(counts.places):
        for row, (folio, after) in enumerate(asked):
            number = int(counts.numbers[row, at[day], column])
            number -= int(counts.numbers[row, at[after], column]) if after >= 0 else 0
            if number:
                out.append(_Stretch(folio, unit, number, folio in restricted, after, day, position))
    return out


# -- marks --------------------------------------------------------------------------------------------
def _in_force(stretch: _Stretch, mark: type[MarkRow] = MarkRow) -> ColumnElement[bool]:
    known = known_at(mark, stretch.position)
    lies = and_(mark.folio == stretch.folio, mark.unit == stretch.unit)
    lasts = lasts_beyond(mark, stretch.day, stretch.position)
    holds = and_(lies, mark.ef > stretch.after, mark.ef <= stretch.day, lasts, known)
    if not stretch.without:
        return holds
    other = aliased(MarkRow)
    taken = select(other.ticket_id).where(or_(*(_in_force(s, other) for s in stretch.without)))
    return and_(holds, mark.ticket_id.not_in(taken))


def _is_shown(stretch: _Stretch, reader: Reader) -> ColumnElement[bool]:
    """What narrows a stretch to what the person may see."""
    tests: list[ColumnElement[bool]] = [is_named(reader.person_id, MarkRow.ticket_id)] if stretch.is_restricted else []
    tests += [] if reader.may_see is None else [reader.may_see]
    return and_(true(), *tests)


def _is_settled(behind: Behind) -> bool:
    """Whether each ticket lies today where it is counted. Not as known earlier, since it may have been moved to another
    place by a correction; nor under its owner of a day, since it may have been passed on."""
    spec = behind.spec
    terms = (*spec.numerator, *spec.denominator, *(t for e in spec.exclusions for t in e.terms))
    return behind.pair.is_head and not any(term.account.startswith("owner.") for term in terms)


def _hidden(conn: Connection, stretches: Sequence[_Stretch], reader: Reader, *, is_settled: bool) -> int:
    """How many of the tickets this person may not see. Cost: a scan of those stretches that may hide any.

    A unit that is theirs to see hides nothing where all is settled; elsewhere its tickets are counted.
    """
    hidden = 0
    open_units = reader.open_units if is_settled else frozenset()
    for stretch in stretches:
        if not stretch.is_restricted and (reader.may_see is None or stretch.unit in open_units):
            continue
        query = (
            # Not `~shown`: a ticket without an owner is neither shown nor not shown to SQL.
            select(func.sum(case((_is_shown(stretch, reader), 0), else_=_TIMES)))
            .select_from(MarkRow)
            .join(TicketRow, TicketRow.id == MarkRow.ticket_id)
            .where(_in_force(stretch))
        )
        hidden += int(conn.scalar(query) or 0)
    return hidden


def _read(
    conn: Connection, stretches: Sequence[_Stretch], reader: Reader, start: _Place, size: int
) -> Iterator[tuple[_Place, DrillTicket, int]]:
    """The tickets after a place, and how often each counts: stretch by stretch, `size` rows at a time."""
    for index in range(start.stretch, len(stretches)):
        begin = start if index == start.stretch else _Place(index)
        while True:
            rows = _read_slice(conn, stretches[index], reader, begin, size)
            for row in rows:
                begin = _Place(index, row.ef, row.id)
                *ticket, times = row
                yield begin, DrillTicket(*ticket), times
            if len(rows) < size:
                break


def _read_slice(conn: Connection, stretch: _Stretch, reader: Reader, begin: _Place, size: int) -> Sequence[Any]:
    beyond = or_(MarkRow.ef > begin.ef, and_(MarkRow.ef == begin.ef, MarkRow.ticket_id > begin.ticket_id))
    query = (
        select(MarkRow.ef, *_COLUMNS, _TIMES)
        .join(TicketRow, TicketRow.id == MarkRow.ticket_id)
        .where(_in_force(stretch), _is_shown(stretch, reader), beyond, MarkRow.ef >= begin.ef)
        .order_by(MarkRow.ef, MarkRow.ticket_id)
        .limit(size)
    )
    return conn.execute(query).all()


_TIMES = func.coalesce(MarkRow.quantity, 1)
"""How often a ticket counts: flows of one day share a row."""

_COLUMNS: tuple[Any, ...] = (
    TicketRow.id,
    TicketRow.number,
    TicketRow.register_id,
    TicketRow.place_id,
    TicketRow.owner_unit_id,
    TicketRow.status,
    TicketRow.found_on,
    TicketRow.due_on,
    TicketRow.closed_on,
    TicketRow.is_restricted,
    TicketRow.summary,
)
