"""Holds what the ledger says against the oracle, on the days and at the positions where faults live."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any

from figures import oracle
from township import Scene

from tracker.domain import effects, ledger
from tracker.domain.events import Event
from tracker.domain.registers import Register

EPOCH = date(1970, 1, 1)
AFTER_DUE = (0, 1, 31)


def hunted_days(history: Sequence[Event]) -> list[date]:
    """Each event's day, each due day, the day after, the 31st after, each 1 January; and ±1 of all these."""
    days: set[date] = set()
    for event in history:
        days.add(event.occurred_on)
        days.update(d + timedelta(days=n) for d in _due_days(event.data) for n in AFTER_DUE)
        days.update(_days_in(event.data))
    years = range(min(days).year, max(days).year + 2)
    days.update(date(year, 1, 1) for year in years)
    return sorted({d + timedelta(days=n) for d in days for n in (-1, 0, 1)})


def _due_days(data: Any) -> Iterable[date]:
    if data.get("due_on"):
        yield date.fromisoformat(data["due_on"])
    for clock in data.get("clocks", {}).values():
        yield date.fromisoformat(clock["due"])


def _days_in(data: Any) -> Iterable[date]:
    if data.get("found_on"):
        yield date.fromisoformat(data["found_on"])
    for milestone in data.get("milestones", {}).values():
        yield date.fromisoformat(milestone["on"])


def count_marks(marks: Iterable[ledger.Mark], day: date) -> Counter[oracle.Key]:
    number = (day - EPOCH).days
    return Counter((m.account, m.unit, m.segment, m.cohort) for m in marks if m.ef <= number < m.et)


def check_rules(world: Scene, ticket_id: int) -> int:
    """A ticket of `world`, see check_history."""
    return check_history(world.history(ticket_id), world.register_of(ticket_id))


def check_history(history: Sequence[Event], register: Register) -> int:
    """marks(fold of the first n events) against the oracle, every n, every hunted day; gives the number of pairs.

    Names of the ledger are looked up when called, so that a planted fault is met.
    """
    days = hunted_days(history)
    for known in range(1, len(history) + 1):
        state = effects.fold(history[:known])
        assert state is not None
        marks = ledger.marks(state, register)
        n = history[known - 1].position
        for day in days:
            said, true = count_marks(marks, day), oracle.counts(history, n, day, register)
            assert said == true, difference(history, n, day, said, true)
    return len(history) * len(days)


def difference(history: Sequence[Event], n: int, day: date, said: Counter[Any], true: Counter[Any]) -> str:
    told = "\n".join(
        f"  {e.position}{'' if e.position <= n else ' (not yet known)'}: {e.kind} {e.occurred_on} {_short(e.data)}"
        for e in history
    )
    return f"on {day} at position {n}: too much {dict(said - true)}, missing {dict(true - said)}, after\n{told}"


def _short(data: Any) -> dict[str, Any]:
    return {k: v for k, v in data.items() if k not in ("evidence", "fields", "note", "private", "pack", "number")}
