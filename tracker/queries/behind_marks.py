"""The records behind a figure that is not a plain count of tickets: activities, subjects, statistics, owed periods, and
the tickets whose quantities or groups it adds up.

As known at the pair, from the marks themselves. Bound: one page, or a stream of pages for a file; counting scans the
marks of the account, as the figure does.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, Select, and_, func, literal, null, or_, select, true
from sqlalchemy.orm import aliased

from tracker.domain.days import from_number, to_number
from tracker.domain.duties import DutySpec
from tracker.domain.figures import FigureSpec, Term
from tracker.domain.quantities import is_added_from_marks
from tracker.domain.registers import DUTY_PREFIX
from tracker.domain.texts import whole_numbers
from tracker.house import House
from tracker.models.duties import DutyPeriodRow
from tracker.models.ledger import MarkRow, known_at, lasts_beyond
from tracker.models.records import RecordRow
from tracker.models.tickets import TicketRow
from tracker.queries import duties
from tracker.queries.behind import DENOMINATOR, NUMERATOR, REST, SLICE, Behind
from tracker.queries.figures import days_of, effective_of, term_folios
from tracker.queries.records import visible_numbers
from tracker.queries.scope import Condition, Viewer, units_open, visible


@dataclass(frozen=True, slots=True)
class DrillRecord:
    """One record of a list behind a figure. Days are day numbers. `quantity`: what it adds, as the ledger keeps it.

    An owed period has no number of its own: `number` is that of its subject, if there is one that the person may see,
    `unit_id` says whose it is and `summary` its first and last day.
    """

    counted_from: int
    id: int
    number: str
    unit_id: int
    held_on: int
    state: str | None
    summary: str
    quantity: int


@dataclass(frozen=True, slots=True)
class RecordDrill:
    """A page of records, `count` in all, of which `hidden` are not this person's to see."""

    records: tuple[DrillRecord, ...]
    count: int
    hidden: int
    next_cursor: str | None


def is_from_marks(spec: FigureSpec, house: House) -> bool:
    """Whether the lists behind the figure are read here: it counts other records than tickets, or adds up."""
    terms = (*spec.numerator, *spec.denominator)
    return any(
        is_added_from_marks(t.account) or (t.register or spec.register) not in house.pack.register_by_name
        for t in terms
    )


def drill(
    conn: Connection, house: House, behind: Behind, viewer: Viewer | None, *, cursor: str, limit: int
) -> RecordDrill:
    """`limit` records after the cursor, the latest first. `viewer` None: the command line. KeyError: no such part."""
    listed = _Listed.of(conn, house, behind)
    if listed is None:
        return RecordDrill((), 0, 0, None)
    every, shown = listed.of_its_table, listed.shown_to(viewer)
    found = [DrillRecord(*row) for row in conn.execute(listed.page(shown, cursor, limit + 1))]
    if listed.joined is DutyPeriodRow:
        found = _of_periods(conn, viewer, found)
    count = int(conn.scalar(listed.count(every)) or 0)
    open_count = count if shown is every else int(conn.scalar(listed.count(shown)) or 0)
    last = found[limit - 1] if len(found) > limit else None
    return RecordDrill(tuple(found[:limit]), count, count - open_count, _cursor_after(last))


def all_behind(conn: Connection, house: House, behind: Behind, viewer: Viewer | None) -> Iterator[DrillRecord]:
    """Every record of the list that the person may see, in slices, for a file."""
    cursor: str | None = ""
    while cursor is not None:
        page = drill(conn, house, behind, viewer, cursor=cursor, limit=SLICE)
        yield from page.records
        cursor = page.next_cursor


def _cursor_after(last: DrillRecord | None) -> str | None:
    return None if last is None else f"{last.counted_from}-{last.id}"


def _of_periods(conn: Connection, viewer: Viewer | None, found: list[DrillRecord]) -> list[DrillRecord]:
    """With what each period is about: its days, and the number of its subject."""
    p = DutyPeriodRow
    query = select(p.id, p.subject_id, p.starts, p.ends).where(p.id.in_([record.id for record in found]))
    periods = {row.id: row for row in conn.execute(query)} if found else {}
    numbers = _numbers(conn, viewer, {row.subject_id for row in periods.values()})
    return [
        replace(record, number=numbers.get(row.subject_id, ""), summary=_days(row.starts, row.ends))
        for record in found
        for row in (periods[record.id],)
    ]


def _numbers(conn: Connection, viewer: Viewer | None, ids: set[int]) -> dict[int, str]:
    if viewer is not None:
        return visible_numbers(conn, viewer, ids)
    rows = conn.execute(select(RecordRow.id, RecordRow.number).where(RecordRow.id.in_(ids)))
    return {row.id: row.number for row in rows}


def _days(starts: int, ends: int) -> str:
    first, last = from_number(starts).isoformat(), from_number(ends).isoformat()
    return first if first == last else f"{first}/{last}"


@dataclass(frozen=True, slots=True)
class _Listed:
    """The marks of a part, and the table that says what they are marks of."""

    register: str
    holds: Condition
    of_its_table: Condition  # a part may add up records of another table too, which are not listed
    columns: tuple[Any, ...]
    joined: Any  # the table of the records
    duties: tuple[DutySpec, ...]  # whose periods they are

    @staticmethod
    def of(conn: Connection, house: House, behind: Behind) -> _Listed | None:
        """None where nothing has ever been counted under the part."""
        spec = behind.spec
        terms = _terms(spec, behind.part)
        register = (terms[0].register if terms else "") or spec.register
        holds = _in_force(conn, house, behind, terms, MarkRow)
        if holds is None:
            return None
        if behind.part == REST:
            other = aliased(MarkRow)
            gone = _in_force(conn, house, behind, spec.numerator, other)
            if gone is not None:
                holds = and_(holds, MarkRow.ticket_id.not_in(select(other.ticket_id).where(gone)))
        columns, table = _source(register, house)
        is_whole = all(_source(t.register or spec.register, house)[1] is table for t in terms)
        return _Listed(
            register, holds, true() if is_whole else _found(table, true()), columns, table, _duties(house, spec, terms)
        )

    def shown_to(self, viewer: Viewer | None) -> Condition:
        """Which of the marks the person may know of; `of_its_table` itself where that is all of them."""
        if viewer is None:  # the command line: everything that is not restricted
            return _found(TicketRow, TicketRow.is_restricted.is_(False)) if self._is_of_tickets else self.of_its_table
        if self._is_of_tickets:
            return _found(TicketRow, visible(viewer))
        if self.duties:
            return _found(DutyPeriodRow, duties.visible(viewer, self.duties))
        units = units_open(viewer, "view", self.register)
        if units is None:
            return self.of_its_table
        here = RecordRow.unit_id.in_(units), RecordRow.register_id == viewer.register_ids[self.register]
        return MarkRow.ticket_id.in_(select(RecordRow.id).where(*here))

    @property
    def _is_of_tickets(self) -> bool:
        return self.joined is TicketRow

    def page(self, shown: Condition, cursor: str, limit: int) -> Select[Any]:
        """The marks are put in order by themselves; what they are marks of is looked up for those of the page."""
        quantity = func.coalesce(MarkRow.quantity, 1).label("quantity")
        query = select(MarkRow.ef, MarkRow.ticket_id, quantity).where(self.holds, shown)
        place = whole_numbers(cursor, "-")
        if len(place) == 2:
            before = or_(MarkRow.ef < place[0], and_(MarkRow.ef == place[0], MarkRow.ticket_id < place[1]))
            query = query.where(before)
        query = query.order_by(MarkRow.ef.desc(), MarkRow.ticket_id.desc()).limit(limit)
        found = query.subquery()
        named = select(found.c.ef, found.c.ticket_id, *self.columns, found.c.quantity)
        named = named.join(self.joined, self.joined.id == found.c.ticket_id)
        return named.order_by(found.c.ef.desc(), found.c.ticket_id.desc())

    def count(self, shown: Condition) -> Select[Any]:
        return select(func.count()).select_from(MarkRow).where(self.holds, shown)


def _duties(house: House, spec: FigureSpec, terms: tuple[Term, ...]) -> tuple[DutySpec, ...]:
    """The duties whose periods the terms count. A duty may be called as the register in which it is fulfilled."""
    asked = dict.fromkeys(term.register or spec.register for term in terms)
    owed = (name.removeprefix(DUTY_PREFIX) for name in asked if name.startswith(DUTY_PREFIX))
    return tuple(house.pack.duty_by_id[name] for name in owed if name in house.pack.duty_by_id)


def _found(table: Any, condition: Condition) -> Condition:
    """True for a mark of something in this table for which the condition holds."""
    return select(table.id).where(table.id == MarkRow.ticket_id, condition).exists()


def _source(register: str, house: House) -> tuple[tuple[Any, ...], Any]:
    """(number, unit, day, state, summary) and the table they come from."""
    if register.startswith(DUTY_PREFIX):
        return (literal(""), DutyPeriodRow.unit_id, DutyPeriodRow.ends, null(), literal("")), DutyPeriodRow
    if register in house.pack.register_by_name:
        of_ticket = (TicketRow.number, TicketRow.place_id, TicketRow.found_on, null(), TicketRow.summary)
        return of_ticket, TicketRow
    return (RecordRow.number, RecordRow.unit_id, RecordRow.held_on, RecordRow.state, RecordRow.summary), RecordRow


def _terms(spec: FigureSpec, part: str) -> tuple[Term, ...]:
    named = {NUMERATOR: spec.numerator, DENOMINATOR: spec.denominator, REST: spec.denominator}
    named |= {e.name: e.terms for e in spec.exclusions}
    return named[part]


def _in_force(conn: Connection, house: House, behind: Behind, terms: tuple[Term, ...], mark: Any) -> Condition | None:
    """The marks that the terms count, as known at the pair's position."""
    index, position = house.cube.folios(conn), behind.pair.position
    since, effective = behind.month or (None, effective_of(behind.spec, behind.pair))
    day = to_number(effective)
    stretches: list[Condition] = []
    for term in terms:
        counted = house.pack.counted(term.register or behind.spec.register)
        folios = term_folios(index, counted, term, effective, is_whole=behind.is_whole)
        _, *before = days_of(term, effective, since)
        if folios:
            began = mark.ef > before[0] if before else true()
            stretches.append(and_(mark.folio.in_(folios), began))
    if not stretches:
        return None
    units = true() if behind.units is None else mark.unit.in_(behind.units)
    return and_(or_(*stretches), mark.ef <= day, lasts_beyond(mark, day, position), known_at(mark, position), units)
