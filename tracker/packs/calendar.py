"""The working days of mainland China: the State Council's notices as the chinesecalendar package has them,
and the notices that an administrator adds before the package does."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import orjson
from chinese_calendar import constants

from tracker.domain.deadlines import KnownDays


@dataclass(frozen=True, slots=True)
class HolidayNotice:
    """One year's notice. Its days may lie in the year before (2019's worked 2018-12-29)."""

    year: int
    off_days: frozenset[date]
    worked_days: frozenset[date]


def read_notice(path: Path) -> HolidayNotice:
    """A notice from a JSON file {"year", "days": [{"date", "isOffDay"}]}, the form of NateScarlet/holiday-cn.

    Raises ValueError for a file without days: the notice is not out, which is not "no holidays".
    """
    document = orjson.loads(path.read_bytes())
    days = [(date.fromisoformat(day["date"]), bool(day["isOffDay"])) for day in document["days"]]
    if not days:
        raise ValueError(f"{path.name}: no days, so the year stays unknown")
    return HolidayNotice(
        year=int(document["year"]),
        off_days=frozenset(day for day, is_off in days if is_off),
        worked_days=frozenset(day for day, is_off in days if not is_off),
    )


def work_calendar(notices: Iterable[HolidayNotice] = ()) -> KnownDays:
    """The calendar of the package (2004 to the last year it knows), overlaid with `notices` day by day.

    Source: 全国年节及纪念日放假办法 and the yearly notices of 国务院办公厅; domain.md §10.
    """
    off_days, worked_days = frozenset(constants.holidays), frozenset(constants.workdays)
    years = frozenset(range(min(off_days).year, max(off_days).year + 1))
    for notice in notices:
        off_days = (off_days - notice.worked_days) | notice.off_days
        worked_days = (worked_days - notice.off_days) | notice.worked_days
        years |= {notice.year}
    return KnownDays(years, off_days, worked_days)
