"""One ticket's story: acts in order, each with the day it took effect and the moment it was recorded.

Ordinary work lies on working days from 08:30 to 17:30; some of it is recorded late (registers.md §11).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from tracker.domain.deadlines import WorkCalendar
from tracker.packs.demo.pictures import Picture

ZONE = ZoneInfo("Asia/Shanghai")
IMPORTED_ON = date(2023, 3, 2)
"""The day on which workbooks of earlier years were imported."""
END = datetime(2023, 12, 6, 18, 0, tzinfo=ZONE)
"""Nothing was recorded after this."""
LATE_BY_DAYS, VERY_LATE_BY_DAYS = (1, 5), (6, 20)
LATE_SHARE, VERY_LATE_SHARE = 0.08, 0.01
_DAY = timedelta(days=1)
PROMPT = frozenset({"request_extension"})
"""Recorded on the day itself: whoever records it later has not asked in time."""


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


@dataclass(frozen=True, slots=True)
class Act:
    """A command to come. `step` is None for the registration. `number` counts within the story from 0."""

    story: str
    number: int
    register: str
    step: str | None
    by: str
    on: date
    at: datetime
    values: Mapping[str, Any]
    pictures: tuple[Picture, ...] = ()
    place: str = ""
    named: tuple[str, ...] = ()  # posts; makes the ticket a restricted one
    milestones: Mapping[str, date] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """Idempotency key: a load that was interrupted goes on where it stopped."""
        return f"demonstration/{self.story}/{self.number}"


class Teller:
    """The dice and the calendar that the stories of one register share, and the acts they have told."""

    def __init__(self, dice: Random, calendar: WorkCalendar) -> None:
        self.dice = dice
        self.calendar = calendar
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

    def minute(self) -> timedelta:
        """A moment between 08:30 and 17:30, from midnight."""
        return timedelta(minutes=self.dice.randrange(8 * 60 + 30, 17 * 60 + 30))

    def lateness(self) -> int:
        """By how many days an act is recorded late."""
        roll = self.dice.random()
        if roll < VERY_LATE_SHARE:
            return self.dice.randint(*VERY_LATE_BY_DAYS)
        return self.dice.randint(*LATE_BY_DAYS) if roll < VERY_LATE_SHARE + LATE_SHARE else 0


class Story:
    """Tells one ticket. Recording never runs ahead of the acts before it, nor past the end of the year told."""

    def __init__(self, teller: Teller, key: str, register: str, *, not_before: datetime | None = None) -> None:
        self._teller = teller
        self._key, self._register = key, register
        self._latest = not_before
        self._count = 0

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
    ) -> None:
        """The problem becomes a ticket; `at` None: recorded on the day itself, so that numbers follow the days."""
        self._tell(
            Act(
                self._key,
                self._count,
                self._register,
                None,
                by,
                on,
                at or self._moment(self._teller.working(on)),
                values,
                tuple(pictures),
                place,
                named,
                dict(milestones or {}),
            )
        )

    def step(
        self,
        step: str,
        by: str,
        on: date,
        *,
        at: datetime | None = None,
        pictures: Iterable[Picture] = (),
        **values: Any,
    ) -> None:
        """A row of the lifecycle taken on a day."""
        self._tell(
            Act(
                self._key,
                self._count,
                self._register,
                step,
                by,
                on,
                at or self._recorded(on, is_prompt=step in PROMPT),
                values,
                tuple(pictures),
            )
        )

    def assign(self, by: str, on: date, unit: str, owner: str, lead: str, **values: Any) -> None:
        self.step(
            "assign",
            by,
            on,
            owner_unit_id=UnitName(unit),
            owner_id=PostName(owner),
            lead_official_id=PostName(lead),
            **values,
        )

    def exclude(self, way: str, by: str, approver: str, on: date, reason: str, into: StoryKey | None = None) -> None:
        """Asked for by one person, decided by another some days later: 剔除 with reason and approver."""
        values: dict[str, Any] = {"into_id": into} if into else {}
        self.step("request_exclusion", by, on, way=way, reason=reason, **values)
        self.step(way, approver, self._teller.after(on, 1))

    def _tell(self, act: Act) -> None:
        self._latest = act.at
        self._count += 1
        self._teller.acts.append(act)

    def _recorded(self, on: date, *, is_prompt: bool = False) -> datetime:
        teller = self._teller
        late_by = teller.lateness()
        at = self._moment(teller.working(on if is_prompt else on + late_by * _DAY))
        if at >= END:
            at = self._moment(teller.working(on))
        if self._latest is not None and at <= self._latest:
            at = self._latest + timedelta(minutes=teller.dice.randint(2, 15))
        return min(at, END)

    def _moment(self, day: date) -> datetime:
        return datetime.combine(day, time(), ZONE) + self._teller.minute()
