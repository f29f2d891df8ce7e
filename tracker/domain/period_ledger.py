"""Which accounts an owed period stands under: due, and then one of done, late, missed, excused.

`period_marks(period)` is one pure function of the folded history, as `ledger.marks` is for tickets. They stand under
the register `duty:<id>`, flows but for the two of a running period; the unit is whoever owes it. A period that may
still be made good late is due and nothing else until that is over; `missed` lies ahead from the start, as `overdue`
does for tickets.
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
    yield from _running(p)
    yield _flow(p, "due", p.unit_id, p.due_on)
    yield _flow(p, "due.by.day", p.end.day, p.due_on)
    match p.standing:
        case Standing.EXCUSED | Standing.DONE as standing:
            yield _flow(p, standing.value, p.unit_id, p.due_on)
        case Standing.LATE:
            yield _flow(p, "late", p.unit_id, max(p.made_on or p.due_on, p.due_on))
        case Standing.OPEN | Standing.MISSED:
            yield _flow(p, "missed", p.unit_id, p.due_on + timedelta(days=p.late_days))


def _running(p: OwedPeriod) -> Iterator[Mark]:
    """Until it is judged: that it is owed, and from the day on which enough was there that it is done."""
    if p.standing is Standing.EXCUSED:
        return
    yield _stock(p, "running", p.start)
    if p.standing is Standing.DONE:
        yield _stock(p, "running.done", max(p.made_on or p.start, p.start))


def _stock(p: OwedPeriod, account: str, since: date) -> Mark:
    return Mark(account, p.unit_id, to_number(since), to_number(p.due_on), _NO_SEGMENT, p.end.year, 0)


def _flow(p: OwedPeriod, account: str, unit: int, on: date) -> Mark:
    return Mark(account, unit, to_number(on), FOREVER, _NO_SEGMENT, p.end.year, 0)
