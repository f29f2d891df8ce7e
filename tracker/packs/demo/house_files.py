"""A file for every house looked at; those of the dangerous houses go through their states. registers.md §11.3."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from tracker.packs.demo.builds import household
from tracker.packs.demo.record_story import RecordStory
from tracker.packs.demo.story import IMPORTED_ON, ZONE, Teller, UnitName
from tracker.packs.demo.tables import read_table

CLERK = "房屋专干"
_IMPORT_AT = datetime.combine(IMPORTED_ON, time(14), ZONE)
_SURVEYED = date(2022, 6, 1)
_GRADES = {"C": "grade_c", "D": "grade_d"}
_ENDED = {"demolished": "demolished"}


def tell(folder: Path, teller: Teller) -> None:
    """412 files: those of the tickets of `houses.yaml`, and the others of `builds.yaml`."""
    data = read_table(folder, "builds")
    rows = read_table(folder, "houses")["houses"]
    successors = {row["follows"]: row for row in rows if "follows" in row}
    houses = [row for row in rows if "follows" not in row and row.get("ends") != "voided"]
    for n, row in enumerate(houses):
        _tell_dangerous(data, teller, n, row, successors.get(row.get("key", "")))
    villages = sorted({row["village"] for row in rows})
    states = teller.spread(data["houses"])
    for n, state in enumerate(states, len(houses)):
        _enter(data, teller, n, villages[n % len(villages)], state)


def _enter(data: Mapping[str, Any], teller: Teller, n: int, village: str, state: str, **more: Any) -> RecordStory:
    dice = teller.dice
    opened = _SURVEYED + timedelta(days=dice.randrange(200))
    values = {
        "opened_on": opened,
        "place": UnitName(village),
        "group": dice.randint(1, 12),
        "household": household(data, teller),
        "use": "self",
        "structure": dice.choice(data["structures"]),
        "floors": dice.randint(1, 3),
        "area": str(dice.randint(70, 260)),
        "land": "collective",
        "people_living": dice.randint(1, 6),
        **more,
    }
    story = RecordStory(teller, f"house_file/{n}", "house")
    story.enter(CLERK, opened, values, state=state, at=_IMPORT_AT + n * timedelta(seconds=1))
    return story


def _tell_dangerous(
    data: Mapping[str, Any], teller: Teller, n: int, row: Mapping[str, Any], successor: Mapping[str, Any] | None
) -> None:
    more = {"structure": "earth", "people_living": row["persons"]}
    story = _enter(data, teller, n, row["village"], "safe", **more)
    story.change("potential", CLERK, row["found"])
    for one in (row, successor):
        if one is None or one["grade"] not in _GRADES:
            continue
        story.change(_GRADES[one["grade"]], CLERK, one["appraised"], appraisal_on=one["appraised"])
        if "safe" in one:
            story.change("evacuated", CLERK, one["safe"])
        if "disposed" in one:
            state = _ENDED.get(one["by"], "disposed")
            why: dict[str, Any] = {"end_reason": "危房拆除"} if state == "demolished" else {}
            story.change(state, CLERK, one["disposed"], **why)
