"""Reported values by village and season, estimates before the final ones, one corrected. registers.md §11.1, §11.3."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from tracker.packs.demo.record_story import RecordStory
from tracker.packs.demo.story import ZONE, Teller, UnitName
from tracker.packs.demo.tables import read_table

OFFICE, CLERK = "农业综合服务中心", "农业综合服务中心主任"
_YEAR = 2023
_UNITS = {"cultivated_land": "mu", "restored_land": "mu", "grain": "tonne", "vegetables": "tonne"}


def tell(folder: Path, teller: Teller) -> None:
    """Everything of `statistics.yaml`."""
    data = read_table(folder, "statistics")
    for village, row in data["villages"].items():
        for indicator, season, value in _values(data, village, row):
            _tell_value(data, teller, village, indicator, season, value)


def _values(data: Mapping[str, Any], village: str, row: Mapping[str, int]) -> Iterator[tuple[str, str, int]]:
    for indicator in ("cultivated_land", "restored_land", "vegetables"):
        yield indicator, "whole", row[indicator]
    total = row["grain"]
    parts = {season: total * share // 100 for season, share in data["shares"].items()}
    parts["late"] = total - sum(parts.values())
    if village in data["late_of"]:
        late = data["late_of"][village]
        parts["early"] += parts["late"] - late
        parts["late"] = late
    for season, value in parts.items():
        yield "grain", season, value


def _tell_value(data: Mapping[str, Any], teller: Teller, village: str, indicator: str, season: str, value: int) -> None:
    story = RecordStory(teller, f"statistic/{village}/{indicator}/{season}", "statistic")
    is_grain = indicator == "grain"
    final: date = data["final_grain"][season] if is_grain else data["final"][indicator]
    values = {
        "indicator": indicator,
        "place": UnitName(village),
        "year": _YEAR,
        "season": season,
        "measure_unit": _UNITS[indicator],
        "document": f"{_YEAR}年{data['documents'][indicator]}",
        "reported_by": UnitName(OFFICE),
    }
    earlier = data["earlier"].get(season if is_grain else indicator)
    wrong = data["wrong"]
    is_wrong = is_grain and (village, season) == (wrong["village"], wrong["season"])
    stated = {**values, "value": wrong["value"] if is_wrong else value, "stage": "final", "reported_on": final}
    if earlier:
        stage, on = earlier
        guess = max(1, value * teller.dice.randint(95, 104) // 100)
        first = {**values, "value": guess, "stage": stage, "reported_on": on}
        story.enter(CLERK, on, first, at=_noon(teller, on))
        story.report(CLERK, final, stated, at=_noon(teller, final))
    else:
        story.enter(CLERK, final, stated, at=_noon(teller, final))
    if is_wrong:
        story.amend(CLERK, wrong["corrected"], wrong["reason"], value=value)


def _noon(teller: Teller, on: date) -> datetime:
    """On the day itself: what was known on a day is known to be exact."""
    return datetime.combine(on, time(), ZONE) + teller.minute()
