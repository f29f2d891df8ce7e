"""What a duty is: who owes which activity, how often, and what counts as having done it.

Types only; the periods of a duty and how each stands are computed elsewhere. Source: registers.md §6.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from tracker.domain.people import Role, Unit
from tracker.domain.registers import DUTY_PREFIX, Label, Predicate

DayOfYear = tuple[int, int]
"""Month and day."""


class Period(StrEnum):
    """How often a duty falls due. Weeks begin on Monday; a month has three parts of ten days, two halves."""

    DAY = "day"
    WEEK = "week"
    TEN_DAYS = "ten_days"
    HALF_MONTH = "half_month"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"
    MONTH_DAY = "month_day"  # one named day of each month, which is the whole period


JOB = "duties"
"""What the clockwork that opens and misses periods is called, where there may be others."""

RUNNING_ACCOUNTS = frozenset({"running", "running.done"})
"""In force while a period runs: how many are owed just now, and of how many enough is there already."""

DUTY_ACCOUNTS = RUNNING_ACCOUNTS | {"due", "done", "late", "missed", "excused", "due.by.day"}
"""The others are flows; `due.by.day` counts under the day of the month on which a period ended."""


@dataclass(frozen=True, slots=True)
class OwedBy:
    """Who owes a duty: every unit of these kinds, these units besides; or one period per subject of a register.

    `states`: only subjects in one of these. `link`: the field of the activity that points to the subject.
    """

    unit_kinds: tuple[str, ...] = ()
    unit_codes: tuple[str, ...] = ()
    subjects: str | None = None
    states: tuple[str, ...] = ()
    link: str | None = None

    def has(self, unit: Unit) -> bool:
        """Whether the unit itself owes it, not for a subject."""
        return unit.kind in self.unit_kinds or unit.code in self.unit_codes


class Missed(StrEnum):
    """What follows a period that was missed, besides its being counted."""

    NOTICE = "notice"
    TICKET = "ticket"


@dataclass(frozen=True, slots=True)
class DutySpec:
    """One row of duties.yaml.

    A period is done by `count` records of the register `activity` that match `where` and reach `at_least`, held by
    whoever owes it within the period. `late_days`: held so many days after its end it is late, not missed.
    `enter_days`: entered so many days after its end it is still in time, and on the last of them the period is judged
    (the report of November on 5 December); None: only the day on which it was held matters. `has_nil_reports`: a nil
    report is an answer. `within`: the parts of the year in which it is owed, all when empty. `missed_register`: where
    a missed period opens a ticket, when `missed` says so. `twice_tells`: who reads of it, where it was missed twice
    running; the owner reads of each.
    """

    id: str
    label: Label
    activity: str
    owed_by: OwedBy
    every: Period
    source: Label
    in_force_from: date
    in_force_to: date | None = None
    month_day: int | None = None
    count: int = 1
    where: tuple[Predicate, ...] = ()
    at_least: tuple[tuple[str, int], ...] = ()  # number fields of the activity, and the least that counts
    within: tuple[tuple[DayOfYear, DayOfYear], ...] = ()
    late_days: int = 0
    enter_days: int | None = None
    has_nil_reports: bool = False
    missed: Missed = Missed.NOTICE
    missed_register: str | None = None
    twice_tells: Role = Role.LEAD_OFFICIAL
    predicates: tuple[Predicate, ...] = ()  # figures ask nothing of a period but its account

    @property
    def name(self) -> str:
        """What figures and the ledger call it."""
        return DUTY_PREFIX + self.id
