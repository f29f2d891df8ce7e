"""One story of a ticket or a record: acts in order, each with the day it took effect and the moment it was recorded.

Ordinary work lies on working days from 08:30 to 17:30; some of it is recorded late (registers.md §11).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from tracker.domain.deadlines import WorkCalendar
from tracker.packs.demo.pictures import Picture

ZONE = ZoneInfo("Asia/Shanghai")
IMPORTED_ON = date(2023, 3, 2)
"""The day on which workbooks of earlier years were imported."""
BEGIN = datetime(2023, 1, 3, 8, 40, tzinfo=ZONE)
"""The first working day of the year, when units, people and grants are there."""
END = datetime(2023, 12, 6, 18, 0, tzinfo=ZONE)
"""Nothing was recorded after this."""
LATE_BY_DAYS, VERY_LATE_BY_DAYS = (1, 5), (6, 20)
LATE_SHARE, VERY_LATE_SHARE = 0.08, 0.01
_DAY = timedelta(days=1)
Deal = list[tuple[str, int]]
_FESTIVALS = ((date(2023, 1, 21), date(2023, 1, 27)), (date(2023, 9, 29), date(2023, 10, 6)))
PROMPT = frozenset({"request_extension"})
"""Recorded on the day itself: whoever records it later has not asked in time."""


def is_festival(day: date) -> bool:
    """Days on which nothing is done but patrols."""
    return any(first <= day <= last for first, last in _FESTIVALS)


@dataclass(frozen=True, slots=True)
class UnitName:
    """Stands for the unit's id until the act is carried out."""

    name: str


@dataclass(frozen=True, slots=True)
class PostName:
    """Stands for a person's id."""

    post: str


@dataclass(frozen=True, slots=True)
class StoryKey:
    """Stands for another ticket's id; with `text` for those words with its number in place of {number}."""

    key: str
    text: str = ""


class Deed(StrEnum):
    """Which command an act becomes, and so what its `what` says."""

    REGISTER = "register"  # a ticket
    STEP = "step"  # of a ticket: its name
    ENTER = "enter"  # a record: the state that a subject is in, where it is not the first
    STATE = "state"  # of a subject: the new one
    REPORT = "report"  # of a statistic, at a further stage
    AMEND = "amend"  # of a record: the reason
    VOID = "void"  # of a record: the reason


@dataclass(frozen=True, slots=True)
class Act:
    """A command to come. `number` counts within the story from 0."""

    story: str
    number: int
    register: str
    deed: Deed
    what: str
    by: str
    on: date
    at: datetime
    values: Mapping[str, Any]
    pictures: tuple[Picture, ...] = ()
    place: str = ""
    named: tuple[str, ...] = ()  # posts; makes the ticket a restricted one
    milestones: Mapping[str, date] = field(default_factory=dict)
    milestone_values: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    failed: Mapping[int, str] = field(default_factory=dict)  # items of the checklist, and what is wrong; others pass

    @property
    def key(self) -> str:
        """Idempotency key: a load that was interrupted goes on where it stopped."""
        return f"demonstration/{self.story}/{self.number}"


class Teller:
    """The dice and the calendar that the stories of one register share, and the acts they have told."""

    def __init__(self, dice: Random, calendar: WorkCalendar, told: Sequence[Act] = ()) -> None:
        self.dice = dice
        self.calendar = calendar
        self.told = told  # what registers before this one have told
        self.acts: list[Act] = []

    def working(self, day: date) -> date:
        """The day itself or the next working day."""
        while not self.calendar.is_working(day):
            day += _DAY
        return day

    def working_before(self, day: date) -> date:
        """The day itself or the working day before it."""
        while not self.calendar.is_working(day):
            day -= _DAY
        return day

    def after(self, day: date, count: int) -> date:
        """`count` working days later."""
        for _ in range(count):
            day = self.working(day + _DAY)
        return day

    def before(self, day: date, count: int) -> date:
        """`count` working days earlier."""
        for _ in range(count):
            day = self.working_before(day - _DAY)
        return day

    def working_days(self, first: date, last: date) -> list[date]:
        span = (last - first).days + 1
        return [day for n in range(span) if self.calendar.is_working(day := first + n * _DAY)]

    def evening(self, day: date) -> datetime:
        """A moment of the day after work, when patrols and reports of the day are written down."""
        return datetime.combine(day, time(17, 40), ZONE) + timedelta(minutes=self.dice.randrange(220))

    def month_days(self, month: int, *, first: int = 1, is_rest_too: bool = False) -> list[date]:
        """The days of a month of the year told, until its last one: working days, or also the rest days of ordinary
        weeks; never those of the two long festivals."""
        last = END.date() - _DAY if month == END.month else date(END.year, month + 1, 1) - _DAY
        start = max(date(END.year, month, first), BEGIN.date())
        days = [start + n * _DAY for n in range((last - start).days + 1)]
        return [d for d in days if self.calendar.is_working(d) or (is_rest_too and self.is_ordinary(d))]

    def is_ordinary(self, day: date) -> bool:
        """A working day, or a rest day outside the two long festivals."""
        return not is_festival(day)

    def deal(self, rows: Mapping[str, int], columns: Mapping[int, int], pins: Iterable[tuple[str, int]] = ()) -> Deal:
        """Cells of a table that is known by its totals, mostly village × month: `pins` first, the rest by the dice."""
        fixed = list(pins)
        names = [name for name, count in rows.items() for _ in range(count)]
        months = [month for month, count in columns.items() for _ in range(count)]
        for name, month in fixed:
            names.remove(name)
            months.remove(month)
        if len(names) != len(months):
            raise ValueError(f"totals differ: {len(names)} by row, {len(months)} by column")
        self.dice.shuffle(names)
        return [*fixed, *zip(names, months, strict=True)]

    def spread(self, counts: Mapping[Any, int]) -> Iterator[Any]:
        """Every value as often as it is to come, in the order of the dice."""
        pool = [value for value, count in counts.items() for _ in range(count)]
        self.dice.shuffle(pool)
        return iter(pool)

    def minute(self) -> timedelta:
        """A moment between 08:30 and 17:30, from midnight."""
        return timedelta(minutes=self.dice.randrange(8 * 60 + 30, 17 * 60 + 30))

    def lateness(self) -> int:
        """By how many days an act is recorded late."""
        roll = self.dice.random()
        if roll < VERY_LATE_SHARE:
            return self.dice.randint(*VERY_LATE_BY_DAYS)
        return self.dice.randint(*LATE_BY_DAYS) if roll < VERY_LATE_SHARE + LATE_SHARE else 0


class Chronicle:
    """What is told of one ticket or record. Recording never runs ahead of the acts before it, nor past the end."""

    def __init__(self, teller: Teller, key: str, register: str) -> None:
        self._teller = teller
        self._key, self._register = key, register
        self._latest: datetime | None = None
        self._count = 0

    def _tell(self, deed: Deed, by: str, on: date, at: datetime, **more: Any) -> None:
        self._teller.acts.append(Act(self._key, self._count, self._register, deed, by=by, on=on, at=at, **more))
        self._latest = at
        self._count += 1

    def _recorded(self, on: date, *, is_prompt: bool = False) -> datetime:
        teller = self._teller
        late_by = teller.lateness()
        at = self._moment(teller.working(on if is_prompt else on + late_by * _DAY))
        if at >= END:
            at = self._moment(teller.working(on))
        if self._latest is not None and at <= self._latest:
            at = self._latest + timedelta(minutes=teller.dice.randint(2, 15))
        return min(max(at, BEGIN), END)

    def _moment(self, day: date) -> datetime:
        return datetime.combine(day, time(), ZONE) + self._teller.minute()


class Story(Chronicle):
    """Tells one ticket."""

    def register(
        self,
        by: str,
        on: date,
        place: str,
        values: Mapping[str, Any],
        *,
        at: datetime | None = None,
        pictures: Iterable[Picture] = (),
        named: tuple[str, ...] = (),
        milestones: Mapping[str, date] | None = None,
        milestone_values: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> None:
        """The problem becomes a ticket; `at` None: recorded on the day itself, so that numbers follow the days."""
        self._tell(
            Deed.REGISTER,
            by,
            on,
            at or self._moment(self._teller.working(on)),
            what="",
            values=values,
            pictures=tuple(pictures),
            place=place,
            named=named,
            milestones=dict(milestones or {}),
            milestone_values=dict(milestone_values or {}),
        )

    def step(
        self,
        step: str,
        by: str,
        on: date,
        *,
        at: datetime | None = None,
        pictures: Iterable[Picture] = (),
        is_prompt: bool = False,
        **values: Any,
    ) -> None:
        """A row of the lifecycle taken on a day; `is_prompt`: and recorded on it, or when work begins again."""
        moment = at or self._recorded(on, is_prompt=is_prompt or step in PROMPT)
        self._tell(Deed.STEP, by, on, moment, what=step, values=values, pictures=tuple(pictures))

    def assign(self, by: str, on: date, unit: str, owner: str, lead: str, **values: Any) -> None:
        """`values`: also what `step` takes, as `at`."""
        self.step(
            "assign",
            by,
            on,
            owner_unit_id=UnitName(unit),
            owner_id=PostName(owner),
            lead_official_id=PostName(lead),
            **values,
        )

    def exclude(
        self, way: str, by: str, approver: str, on: date, reason: str, into: StoryKey | None = None, *, days: int = 1
    ) -> None:
        """Asked for by one person, decided by another so many days later: 剔除 with reason and approver."""
        values: dict[str, Any] = {"into_id": into} if into else {}
        self.step("request_exclusion", by, on, way=way, reason=reason, **values)
        self.step(way, approver, self._teller.after(on, days) if days else on)
