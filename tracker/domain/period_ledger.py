"""Which accounts an owed period stands under: due, and then one of done, late, missed, excused.

`period_marks(period)` is one pure function of the folded history, as `ledger.marks` is for tickets. All are flows under
the register `duty:<id>`; the unit is whoever owes it. A period that may still be made good late is due and nothing
else until that is over; `missed` lies ahead from the start, as `overdue` does for tickets.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from tracker.domain.days import FOREVER, to_number
from tracker.domain.ledger import Mark
from tracker.domain.period import OwedPeriod, Standing

_NO_SEGMENT = 0
"""Figures ask nothing of a period but its account."""


def period_marks(period: OwedPeriod) -> frozenset[Mark]:
    """All marks of the period as its history now stands."""
    return frozenset(_post(period))


def _post(p: OwedPeriod) -> Iterator[Mark]:
    yield _flow(p, "due", p.unit_id, p.due_on)
    yield _flow(p, "due.by.day", p.end.day, p.due_on)
    match p.standing:
        case Standing.EXCUSED | Standing.DONE as standing:
            yield _flow(p, standing.value, p.unit_id, p.due_on)
        case Standing.LATE:
            yield _flow(p, "late", p.unit_id, max(p.made_on or p.due_on, p.due_on))
        case Standing.OPEN | Standing.MISSED:
            yield _flow(p, "missed", p.unit_id, p.due_on + timedelta(days=p.late_days))


def _flow(p: OwedPeriod, account: str, unit: int, on: date) -> Mark:
    return Mark(account, unit, to_number(on), FOREVER, _NO_SEGMENT, p.end.year, 0)
