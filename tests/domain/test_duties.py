"""Periods of duties and the accounts of one period, against the plainest possible means: a loop over days."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tracker.domain.days import from_number
from tracker.domain.duties import DutySpec, OwedBy, Period
from tracker.domain.events import Event, StreamKind
from tracker.domain.period import fold, periods
from tracker.domain.period_ledger import period_marks

DAY = timedelta(days=1)
FROM, TO = date(2022, 11, 20), date(2024, 4, 10)
"""Two turns of the year and a 29 February."""


def duty(**more: Any) -> DutySpec:
    given: dict[str, Any] = {"every": Period.WEEK, "in_force_from": date(2000, 1, 1), **more}
    return DutySpec(id="d", label={}, activity="walk", owed_by=OwedBy(("village",)), source={}, **given)


def name_of_period(every: str, day: date, month_day: int) -> Any:
    """The same for all days of one period, None for a day in none."""
    match every:
        case "day":
            return day
        case "week":
            return day.isocalendar()[:2]
        case "ten_days":
            return day.year, day.month, min((day.day - 1) // 10, 2)
        case "half_month":
            return day.year, day.month, day.day > 15
        case "month":
            return day.year, day.month
        case "quarter":
            return day.year, (day.month + 2) // 3
        case "year":
            return day.year
        case "month_day":
            return day if day.day == month_day else None
    raise ValueError(every)


def naive_periods(spec: DutySpec, first: date, last: date) -> list[tuple[date, date]]:
    """Every day looked at by itself, with the name of the period in which it lies."""
    days: dict[Any, list[date]] = {}
    day = first - timedelta(days=370)
    while day <= last + timedelta(days=370):
        name = name_of_period(spec.every.value, day, spec.month_day or 0)
        if name is not None:
            days.setdefault(name, []).append(day)
        day += DAY

    def is_owed(one: date) -> bool:
        in_force = spec.in_force_from <= one and (spec.in_force_to is None or one <= spec.in_force_to)
        return in_force and (not spec.within or any(a <= (one.month, one.day) <= b for a, b in spec.within))

    found = [(of[0], of[-1]) for of in days.values() if first <= of[0] <= last and all(map(is_owed, of))]
    return sorted(found)


some_day = st.dates(FROM, TO)
span = (
    st.tuples(some_day, some_day).map(lambda two: tuple((d.month, d.day) for d in two)).filter(lambda s: s[0] <= s[1])
)


@given(
    every=st.sampled_from(Period),
    month_day=st.integers(1, 28),
    within=st.lists(span, max_size=2),
    force=st.tuples(some_day, st.none() | some_day),
    asked=st.tuples(some_day, some_day),
)
@example(Period.WEEK, 1, [((7, 10), (8, 10)), ((9, 15), (11, 30))], (date(2023, 1, 2), None), (FROM, TO))
@example(Period.MONTH, 1, [((1, 1), (3, 31)), ((4, 1), (12, 31))], (FROM, None), (FROM, TO))
def test_the_periods_are_those_that_a_loop_over_days_finds(
    every: Period,
    month_day: int,
    within: list[Any],
    force: tuple[date, date | None],
    asked: tuple[date, date],
) -> None:
    spec = duty(every=every, month_day=month_day, within=tuple(within), in_force_from=force[0], in_force_to=force[1])
    first, last = min(asked), max(asked)
    assert list(periods(spec, first, last)) == naive_periods(spec, first, last)


def test_party_day_is_owed_on_a_rest_day_too() -> None:
    """registers.md §10, 20: 2023-05-20 is a Saturday, 2023-08-20 a Sunday."""
    days = [a for a, b in periods(duty(every=Period.MONTH_DAY, month_day=20), date(2023, 1, 1), date(2023, 12, 31))]
    assert days == [date(2023, month, 20) for month in range(1, 13)]


# -- one period ---------------------------------------------------------------------------------------
START, END = date(2023, 3, 6), date(2023, 3, 12)
Said = tuple[str, Any, Any]


def history(said: list[Said], needed: int, late_days: int, enter_days: int | None) -> list[Event]:
    data: dict[str, Any] = {"duty": "d", "unit": 3, "subject": None, "from": START.isoformat(), "to": END.isoformat()}
    data |= {"needed": needed, "late_days": late_days, "pack": "1"}
    if enter_days is not None:
        data["enter_days"] = enter_days
    events = [("opened", START, data)]
    for kind, record, on in said:
        told = {"counted": {"record": record, "on": str(on)}, "uncounted": {"record": record}}
        events.append((kind, END, told.get(kind, {"reason": "洪水"})))
    at = datetime(2023, 3, 6, tzinfo=UTC)
    return [Event(n, StreamKind.DUTY, 1, n, kind, on, at, 0, data) for n, (kind, on, data) in enumerate(events, 1)]


def naive_accounts(said: list[Said], needed: int, late_days: int, enter_days: int | None) -> dict[str, date]:
    """Account → the day on which it is posted."""
    counting: dict[int, date] = {}
    for kind, record, on in said:
        if kind == "counted":
            counting[record] = on
        elif kind == "uncounted":
            counting.pop(record, None)
    due = END + max(1, enter_days or 0) * DAY
    found = {"due": due, "due.by.day": due}
    if any(kind == "excused" for kind, _, _ in said):
        return {**found, "excused": due}
    found["running"] = START
    day, have = START, 0
    while day <= END + 40 * DAY:
        have += sum(1 for on in counting.values() if on == day)
        if have >= needed:
            in_time = {"done": due, "running.done": day}
            return {**found, **in_time} if day <= END else {**found, "late": max(day, due)}
        day += DAY
    return {**found, "missed": due + late_days * DAY}


record = st.integers(1, 4)
one_word = st.one_of(
    st.tuples(st.just("counted"), record, st.dates(START, END + 9 * DAY)),
    st.tuples(st.just("uncounted"), record, st.none()),
    st.tuples(st.sampled_from(["missed", "excused"]), st.none(), st.none()),
)


@given(st.lists(one_word, max_size=8), st.integers(1, 3), st.integers(0, 9), st.none() | st.integers(0, 9))
def test_the_accounts_are_those_of_a_plain_replay(
    said: list[Said], needed: int, late_days: int, enter_days: int | None
) -> None:
    period = fold(history(said, needed, late_days, enter_days))
    assert period is not None
    marks = period_marks(period)
    posted = {mark.account: from_number(mark.ef) for mark in marks}
    assert posted == naive_accounts(said, needed, late_days, enter_days)
    assert len(marks) == len(posted)
    judged = {from_number(mark.et) for mark in marks if mark.account.startswith("running")}
    assert judged <= {END + max(1, enter_days or 0) * DAY}
    assert {mark.account: mark.unit for mark in marks} == {a: 12 if a == "due.by.day" else 3 for a in posted}


@pytest.mark.parametrize(
    ("said", "standing"),
    [
        ([("counted", 1, START)], "done"),
        ([("counted", 1, START), ("uncounted", 1, None)], "open"),
        ([("missed", None, None)], "missed"),
        ([("missed", None, None), ("counted", 1, END)], "done"),
        ([("missed", None, None), ("counted", 1, END), ("uncounted", 1, None)], "open"),
        ([("missed", None, None), ("counted", 1, END + DAY)], "late"),
        ([("missed", None, None), ("excused", None, None)], "excused"),
    ],
)
def test_how_a_period_stands(said: list[Said], standing: str) -> None:
    period = fold(history(said, 1, 3, None))
    assert period is not None
    assert period.standing.value == standing
