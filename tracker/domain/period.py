"""The periods of a duty, and one owed period's life: opened, what counted for it, missed, answered for, excused.

`evolve(state, event)` folds; nothing refuses here. The rules are in `owing.py`, the marks in `period_ledger.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from tracker.domain.duties import DutySpec, Period
from tracker.domain.events import Event
from tracker.domain.kinds import Told

_DAY = timedelta(days=1)
_TEN_DAYS = (1, 11, 21)
_HALVES = (1, 16)
_LOOKED_BACK = (40, 800)
"""Days: a month, or more than a year for what is owed in a part of it."""
_MONTHS_OF = {Period.MONTH: 1, Period.QUARTER: 3, Period.YEAR: 12}


# -- periods ------------------------------------------------------------------------------------------
def periods(spec: DutySpec, first: date, last: date) -> Iterator[tuple[date, date]]:
    """First and last day of each period that begins between two days, both included, in their order.

    A period is owed when it lies as a whole in the days in force and in the parts of the year: nobody owes the work
    of a week in two days of it.
    """
    day = _start_of(spec, max(first, spec.in_force_from))
    until = last if spec.in_force_to is None else min(last, spec.in_force_to)
    while day <= until:
        end = _end_of(spec, day)
        if day >= first and _is_owed(spec, day, end):
            yield day, end
        day = end + _DAY if spec.every is not Period.MONTH_DAY else _month_day(spec, end.replace(day=1), 1)


def period_of(spec: DutySpec, day: date) -> tuple[date, date] | None:
    """The period that begins on this day; None where none does, or none is owed."""
    return next(periods(spec, day, day), None)


def period_before(spec: DutySpec, start: date) -> date | None:
    """The first day of the period that was owed before the one that begins then; None for the first of all."""
    for days in _LOOKED_BACK:
        found = [begins for begins, _ in periods(spec, start - days * _DAY, start - _DAY)]
        if found:
            return found[-1]
    return None


def _start_of(spec: DutySpec, day: date) -> date:
    """The first day of the period in which the day lies; of a named day of the month, the one in its month."""
    match spec.every:
        case Period.DAY:
            return day
        case Period.WEEK:
            return day - day.weekday() * _DAY
        case Period.TEN_DAYS:
            return day.replace(day=max(d for d in _TEN_DAYS if d <= day.day))
        case Period.HALF_MONTH:
            return day.replace(day=max(d for d in _HALVES if d <= day.day))
        case Period.MONTH_DAY:
            return _month_day(spec, day.replace(day=1), 0)
    months = _MONTHS_OF[spec.every]
    return date(day.year, (day.month - 1) // months * months + 1, 1)


def _end_of(spec: DutySpec, start: date) -> date:
    match spec.every:
        case Period.DAY | Period.MONTH_DAY:
            return start
        case Period.WEEK:
            return start + 6 * _DAY
        case Period.TEN_DAYS | Period.HALF_MONTH:
            starts = _TEN_DAYS if spec.every is Period.TEN_DAYS else _HALVES
            following = [d for d in starts if d > start.day]
            return start.replace(day=following[0]) - _DAY if following else _first_of(start, 1) - _DAY
    return _first_of(start, _MONTHS_OF[spec.every]) - _DAY


def _month_day(spec: DutySpec, first: date, months: int) -> date:
    """The named day, so many months after the month that begins on `first`."""
    return _first_of(first, months).replace(day=spec.month_day or 1)


def _first_of(day: date, months: int) -> date:
    """The first of the month, so many months on."""
    count = day.year * 12 + day.month - 1 + months
    return date(count // 12, count % 12 + 1, 1)


def _is_owed(spec: DutySpec, start: date, end: date) -> bool:
    if start < spec.in_force_from or (spec.in_force_to is not None and end > spec.in_force_to):
        return False
    if not spec.within:
        return True
    days = (start + n * _DAY for n in range((end - start).days + 1))
    return all(any(a <= (d.month, d.day) <= b for a, b in spec.within) for d in days)


# -- one period ---------------------------------------------------------------------------------------
class Standing(StrEnum):
    """How a period stands, whatever the day: whether OPEN still runs is seen from its last day."""

    OPEN = "open"
    DONE = "done"
    LATE = "late"
    MISSED = "missed"
    EXCUSED = "excused"


@dataclass(frozen=True, slots=True)
class Reply:
    """What somebody said to the notice; with it, it is off their first page. `note`: why, or what happens now."""

    told: Told
    note: str
    on: date
    person_id: int


@dataclass(frozen=True, slots=True)
class OwedPeriod:
    """A period that a unit owes, or that is owed for one subject. `needed`: so many records.

    `counted`: record → the day on which it counts. `enter_days`, `late_days`: see DutySpec.
    """

    id: int = 0
    version: int = 0
    duty: str = ""
    unit_id: int = 0
    subject_id: int | None = None
    start: date = date.min
    end: date = date.min
    needed: int = 1
    late_days: int = 0
    enter_days: int | None = None
    counted: Mapping[int, date] = field(default_factory=dict)
    missed_on: date | None = None  # said so far; a record entered afterwards may still fulfil the period
    excuse: str | None = None
    replies: tuple[Reply, ...] = ()  # since it was last said to be missed

    @property
    def due_on(self) -> date:
        """The day on which it is judged: the day after its end, or the last on which it may be entered."""
        return self.end + max(1, self.enter_days or 0) * _DAY

    @property
    def last_day(self) -> date:
        """The last day on which something may be held that counts."""
        return self.end + self.late_days * _DAY

    @property
    def last_entry(self) -> date:
        """The last day on which it may be entered, where that matters; else as `last_day`."""
        return self.last_day + (self.enter_days or 0) * _DAY

    @property
    def made_on(self) -> date | None:
        """The day of the record that made it whole; None while too few count."""
        days = sorted(self.counted.values())
        return days[self.needed - 1] if len(days) >= self.needed else None

    @property
    def standing(self) -> Standing:
        if self.excuse is not None:
            return Standing.EXCUSED
        if self.made_on is not None:
            return Standing.DONE if self.made_on <= self.end else Standing.LATE
        return Standing.OPEN if self.missed_on is None else Standing.MISSED


def evolve(state: OwedPeriod | None, event: Event) -> OwedPeriod:
    """The state after the event."""
    before = state or OwedPeriod()
    return replace(_APPLY[event.kind](before, event, event.data), version=event.version)


def fold(events: Iterable[Event]) -> OwedPeriod | None:
    """The state after all the events of one period, in log order; None when there are none."""
    state: OwedPeriod | None = None
    for event in events:
        state = evolve(state, event)
    return state


def _opened(p: OwedPeriod, e: Event, data: Mapping[str, Any]) -> OwedPeriod:
    return replace(
        p,
        id=e.stream_id,
        duty=data["duty"],
        unit_id=data["unit"],
        subject_id=data["subject"],
        start=date.fromisoformat(data["from"]),
        end=date.fromisoformat(data["to"]),
        needed=data["needed"],
        late_days=data["late_days"],
        enter_days=data.get("enter_days"),
    )


def _counted(p: OwedPeriod, e: Event, data: Mapping[str, Any]) -> OwedPeriod:
    return _with(p, {**p.counted, data["record"]: date.fromisoformat(data["on"])})


def _uncounted(p: OwedPeriod, e: Event, data: Mapping[str, Any]) -> OwedPeriod:
    return _with(p, {record: on for record, on in p.counted.items() if record != data["record"]})


def _with(p: OwedPeriod, counted: Mapping[int, date]) -> OwedPeriod:
    """What was said to be missed is forgotten once it is whole: should a record fall away, it is said anew."""
    after = replace(p, counted=counted)
    return replace(after, missed_on=None) if after.made_on is not None else after


def _missed(p: OwedPeriod, e: Event, data: Mapping[str, Any]) -> OwedPeriod:
    return replace(p, missed_on=e.occurred_on, replies=())


def _answered(p: OwedPeriod, e: Event, data: Mapping[str, Any]) -> OwedPeriod:
    reply = Reply(Told(data["told"]), data["note"], e.occurred_on, e.actor_id)
    return replace(p, replies=(*p.replies, reply))


def _excused(p: OwedPeriod, e: Event, data: Mapping[str, Any]) -> OwedPeriod:
    return replace(p, excuse=data["reason"])


_APPLY = {
    "opened": _opened,
    "counted": _counted,
    "uncounted": _uncounted,
    "missed": _missed,
    "answered": _answered,
    "excused": _excused,
}
