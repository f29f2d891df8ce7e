"""One record's story: an activity held, a subject with its states, a statistic and its further values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from tracker.packs.demo.pictures import Picture
from tracker.packs.demo.story import BEGIN, Chronicle, Deed


class RecordStory(Chronicle):
    """Tells one record. `at` None: recorded as ordinary work is, on the day or some days late."""

    def enter(
        self,
        by: str,
        on: date,
        values: Mapping[str, Any],
        *,
        state: str = "",
        at: datetime | None = None,
        pictures: Iterable[Picture] = (),
        failed: Mapping[int, str] | None = None,
    ) -> None:
        """The record; `state` of a subject that is taken up in another state than the first."""
        more = {"values": values, "pictures": tuple(pictures), "failed": dict(failed or {})}
        self._tell(Deed.ENTER, by, on, at or self._recorded(on), what=state, **more)

    def change(
        self, state: str, by: str, on: date, *, at: datetime | None = None, is_prompt: bool = False, **values: Any
    ) -> None:
        """The subject is in another state from that day on, with what belongs to it."""
        moment = at or self._recorded(on, is_prompt=is_prompt)
        self._tell(Deed.STATE, by, on, moment, what=state, values=values)

    def report(self, by: str, on: date, values: Mapping[str, Any], *, at: datetime | None = None) -> None:
        self._tell(Deed.REPORT, by, on, at or self._recorded(on), what="", values=values)

    def amend(self, by: str, on: date, reason: str, **changes: Any) -> None:
        """Corrected on a day, for all days."""
        self._tell(Deed.AMEND, by, on, self._recorded(on, is_prompt=True), what=reason, values=changes)

    def void(self, by: str, on: date, reason: str) -> None:
        self._tell(Deed.VOID, by, on, self._recorded(on, is_prompt=True), what=reason, values={})


_WORKED_MINUTES = 500


def early(minutes: float) -> datetime:
    """A moment of the first days of the year told, when ledgers of the years before were taken over.

    `minutes` of work since the first morning.
    """
    days, rest = divmod(minutes, _WORKED_MINUTES)
    return BEGIN + timedelta(days=days, minutes=rest)
