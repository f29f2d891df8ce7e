"""Which accounts an activity, subject or statistic stands under, from which day until which, with what quantity.

`record_marks(record, register)` is one pure function of the folded history, as `ledger.marks` is for tickets. Days are
day numbers. Accounts with a quantity (`…sum.<field>`, `value`) or under a linked record (`…by.<field>`) are added up
from the marks themselves (quantities.py); the others are counted by the cube as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tracker.domain.days import FOREVER, to_number
from tracker.domain.ledger import Mark, Span, extend, segment_of
from tracker.domain.quantities import amounts_beside, beside, quantity_of
from tracker.domain.record import Record, Report
from tracker.domain.records import SELF, RecordKind, RecordRegister
from tracker.domain.turns import StateTurn


def record_account_names(register: RecordRegister) -> frozenset[str]:
    """Every account a figure of this register may name."""
    plain: set[str] = set()
    if register.kind is RecordKind.ACTIVITY:
        plain = {"held", "nil"}
    elif register.kind is RecordKind.SUBJECT:
        plain = {"live", *(f"{k}.{s.name}" for k in ("state", "entered", "ever") for s in register.states)}
    names = set(plain)
    for account in plain:
        names.update(name for name, _, _ in beside(account, register.quantities, register.groups))
    if register.kind is RecordKind.STATISTIC:
        names |= {"value", "reported"}
    return frozenset(names | {"voided"})


def is_stock_of_records(account: str) -> bool:
    """Whether its marks hold between two days; the others never end."""
    return account.split(".", 1)[0] in ("live", "state", "value")


def record_marks(record: Record, register: RecordRegister) -> frozenset[Mark]:
    """All marks of the record as its history now stands. A voided one leaves every account but that which lists it."""
    return frozenset(_post(record, register))


def _post(record: Record, register: RecordRegister) -> Iterator[Mark]:
    book = _RecordBook(record, register)
    day = to_number(record.on)
    if record.is_void:
        yield from book.plain("voided", day, FOREVER)
    elif register.kind is RecordKind.ACTIVITY:
        if record.is_complete:
            yield from book.post("held", day, FOREVER)
            if register.nil_field and record.fields.get(register.nil_field):
                yield from book.post("nil", day, FOREVER)
    elif register.kind is RecordKind.SUBJECT:
        yield from _states(record, register, book)
    else:
        yield from _values(record, register, book)


class _RecordBook:
    """The marks of one record: its segment and cohort are worked out once."""

    def __init__(self, record: Record, register: RecordRegister) -> None:
        self.unit = record.unit_id
        self.linked = {**record.fields, SELF: record.id}  # this one itself, for figures over all of a register
        self.register = register
        self.cohort = cohort_of(record, register)
        self.segment = segment_of(facts_of(record), register.predicates)

    def plain(
        self, account: str, ef: int, et: int, *, unit: int | None = None, source: int = 0, quantity: int = 1
    ) -> Iterator[Mark]:
        if ef < et:
            unit = self.unit if unit is None else unit
            yield Mark(account, unit, ef, et, self.segment, self.cohort, source, quantity)

    def post(self, account: str, ef: int, et: int, source: int = 0) -> Iterator[Mark]:
        """The account itself, and beside it its sums and its groups."""
        yield from self.plain(account, ef, et, source=source)
        for name, unit, amount in amounts_beside(account, self.register, self.linked, self.unit):
            yield from self.plain(name, ef, et, unit=unit, source=source, quantity=amount)


# -- subjects -----------------------------------------------------------------------------------------
def _states(record: Record, register: RecordRegister, book: _RecordBook) -> Iterator[Mark]:
    turns = record.turns
    seen: set[str] = set()
    for i, turn in enumerate(turns):
        end = turns[i + 1].day if i + 1 < len(turns) else FOREVER
        yield from book.post(f"state.{turn.state}", turn.day, end)
        yield from book.post(f"entered.{turn.state}", turn.day, FOREVER, turn.position)
        if turn.state not in seen:
            yield from book.post(f"ever.{turn.state}", turn.day, FOREVER)
            seen.add(turn.state)
    for ef, et in _living(turns, register):
        yield from book.post("live", ef, et)


def _living(turns: Sequence[StateTurn], register: RecordRegister) -> list[Span]:
    spans: list[Span] = []
    for i, turn in enumerate(turns):
        end = turns[i + 1].day if i + 1 < len(turns) else FOREVER
        state = register.state_by_name.get(turn.state)
        if state is None or not state.is_end:
            extend(spans, turn.day, end)
    return spans


# -- statistics ---------------------------------------------------------------------------------------
def _values(record: Record, register: RecordRegister, book: _RecordBook) -> Iterator[Mark]:
    """At each day the value of the highest stage reported by then."""
    rank = {choice.name: i for i, choice in enumerate(register.stages)}
    field = register.by_name[register.value_field or ""]
    reports = sorted(record.reports, key=lambda r: (r.day, rank.get(r.stage, -1), r.position))
    standing: list[tuple[int, Report]] = []
    for report in reports:
        yield from book.plain("reported", report.day, FOREVER, source=report.position)
        if not standing or rank.get(report.stage, -1) >= rank.get(standing[-1][1].stage, -1):
            standing.append((report.day, report))
    for i, (day, report) in enumerate(standing):
        end = standing[i + 1][0] if i + 1 < len(standing) else FOREVER
        amount = quantity_of(field, report.fields.get(field.name))
        yield from book.plain("value", day, end, quantity=amount)


# -- what predicates see ------------------------------------------------------------------------------
def facts_of(record: Record) -> Mapping[str, Any]:
    """The values that conditions of figures test: the fields, and the day under the names that tickets use."""
    return {**record.fields, "found_on": record.on.isoformat(), "found_year": record.on.year}


def cohort_of(record: Record, register: RecordRegister) -> int:
    """The year of the record's day; of a statistic the year that it measures."""
    year = record.fields.get("year") if register.kind is RecordKind.STATISTIC else None
    return int(year) if year else record.on.year
