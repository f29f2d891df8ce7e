"""Clocks: which limit holds, when a promise falls due, and why on that day. Pure, no calendar of its own.

A calendar comes in as an argument (`packs/calendar.py` makes one). Working days are asked for only where
a rule counts them or rolls forward, so natural days never depend on a notice that is not out yet.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any, Protocol

from tracker.domain.refusals import Refusal
from tracker.domain.registers import Clock, DayBasis, Limit, Predicate

_DAY = timedelta(days=1)
_SATURDAY = 5


class WorkCalendar(Protocol):
    """Says of any day whether offices work. Raises Refusal("year_without_calendar", year=…) when it cannot know."""

    def is_working(self, day: date) -> bool: ...


class DayMark(StrEnum):
    """What a day between a start and its due day was. A make-up day is a weekend day worked, and counts."""

    COUNTED = "counted"
    REST = "rest"
    MAKE_UP = "make_up"


@dataclass(frozen=True, slots=True)
class KnownDays:
    """A calendar from explicit sets: the State Council's notices, one per covered year.

    `off_days`: days off, weekends or not. `worked_days`: days worked although they would be off (调休);
    they win over `off_days`. Other days follow the week. A year not in `years` is refused, never guessed.
    """

    years: frozenset[int]
    off_days: frozenset[date]
    worked_days: frozenset[date]

    def is_working(self, day: date) -> bool:
        if day.year not in self.years:
            raise Refusal("year_without_calendar", year=day.year)
        if day in self.worked_days:
            return True
        return day not in self.off_days and day.weekday() < _SATURDAY


def due_on(start: date, limit: Limit, calendar: WorkCalendar) -> date:
    """The last day of a limit that starts on `start`; the start day itself does not count.

    Refuses (year_without_calendar) where working days or a roll forward reach an unknown year.
    Source: 民法典 art. 201 (start day excluded), 203 (roll forward, by analogy); domain.md §10.
    """
    due = _counted(start, limit.amount, limit.basis, calendar)
    if limit.roll_forward:
        due = _rolled(due, calendar)
    if limit.not_after_year_end:
        due = min(due, date(start.year, 12, 31))
    return due


def limit_in_force(clock: Clock, facts: Mapping[str, Any], on: date) -> Limit | None:
    """The rule that governs a ticket whose clock starts on `on`; None where no rule sets a limit.

    The row with the most `when` conditions wins; both of its days of force are included. A later change
    of the law never moves a clock that is running. The pack loader refuses rows that tie.
    """
    rows = [row for row in clock.limits if _is_in_force(row, on) and _matches(row, facts)]
    return max(rows, key=lambda row: (len(row.when), row.in_force_from), default=None)


def extended_due(due: date, days: int, limit: Limit, calendar: WorkCalendar) -> date:
    """The due day after an extension by `days`, counted as the limit counts, from the old due day.

    The extension begins when the old limit ends (信访工作条例 art. 34: 原期限届满). The end of the year
    binds only the first limit: whoever approves an extension across it has decided so.
    """
    extended = _counted(due, days, limit.basis, calendar)
    return _rolled(extended, calendar) if limit.roll_forward else extended


def paused_due(due: date, paused_days: int) -> date:
    """The due day after a pause that lasted `paused_days` natural days."""
    return due + timedelta(days=paused_days)


def explain(start: date, limit: Limit, calendar: WorkCalendar) -> tuple[tuple[date, DayMark], ...]:
    """Each day after `start` up to the due day, with what it was; what a page shows as the reckoning.

    With working days the counted and make-up days add up to the limit. With natural days every day
    counts, and the days that a roll forward passes over are rest days.
    """
    due = due_on(start, limit, calendar)
    if limit.basis is DayBasis.WORKING:
        return tuple((day, _mark(day, calendar)) for day in _days_between(start, due))
    nominal = start + timedelta(days=limit.amount)
    return tuple(
        (day, DayMark.COUNTED if day <= nominal else _mark(day, calendar)) for day in _days_between(start, due)
    )


def _counted(start: date, amount: int, basis: DayBasis, calendar: WorkCalendar) -> date:
    if basis is DayBasis.NATURAL:
        return start + timedelta(days=amount)
    day, left = start, amount
    while left:
        day += _DAY
        left -= calendar.is_working(day)
    return day


def _rolled(day: date, calendar: WorkCalendar) -> date:
    while not calendar.is_working(day):
        day += _DAY
    return day


def _is_in_force(limit: Limit, on: date) -> bool:
    return limit.in_force_from <= on and (limit.in_force_to is None or on <= limit.in_force_to)


def _matches(limit: Limit, facts: Mapping[str, Any]) -> bool:
    tests = tuple((name, "in", values) for name, values in limit.when.items())
    return Predicate(limit.rule_id, tests).holds(facts)


def _days_between(start: date, due: date) -> tuple[date, ...]:
    return tuple(start + timedelta(days=n) for n in range(1, (due - start).days + 1))


def _mark(day: date, calendar: WorkCalendar) -> DayMark:
    if not calendar.is_working(day):
        return DayMark.REST
    return DayMark.MAKE_UP if day.weekday() >= _SATURDAY else DayMark.COUNTED
