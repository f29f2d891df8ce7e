"""Straw patrols of every village in the ban periods, and the one black spot. registers.md §11.3–11.4."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from tracker.packs.demo.pictures import Picture
from tracker.packs.demo.record_story import RecordStory
from tracker.packs.demo.story import ZONE, Story, StoryKey, Teller, UnitName
from tracker.packs.demo.tables import read_table

ISSUER, CHECKER, LEAD = "党政办主任", "农业综合服务中心主任", "分管农业副镇长"
_BLACK_SPOT = 1  # item of the checklist
_WALKERS = ("网格员", "村主任")


def tell(folder: Path, teller: Teller) -> None:
    """Every day of `straw.yaml`, reported in the evening or before nine of the next morning."""
    data = read_table(folder, "straw")
    missed = {(village, on) for village, on in data["missed"]}
    for first, last in data["periods"]:
        for n in range((last - first).days + 1):
            on = first + timedelta(days=n)
            for village in data["villages"]:
                if (village, on) not in missed:
                    _tell_patrol(data, teller, village, on)
    _tell_spot(teller, data["spot"])


def _tell_patrol(data: Mapping[str, Any], teller: Teller, village: str, on: date) -> None:
    dice, spot = teller.dice, data["spot"]
    is_spot = (spot["village"], spot["day"]) == (village, on)
    values = {
        "held_on": on,
        "place": UnitName(village),
        "shift": "both",
        "area_walked": dice.choice(data["areas"]),
        "patrollers": dice.randint(2, 6),
        "loudspeaker_times": dice.randint(1, 4),
        "nothing_found": not is_spot,
    }
    morning = datetime.combine(on, time(8), ZONE) + timedelta(days=1, minutes=dice.randint(0, 50))
    at = morning if dice.random() < 0.1 and not is_spot else teller.evening(on)
    failed = {_BLACK_SPOT: spot["text"]} if is_spot else {}
    story = RecordStory(teller, _key(village, on), "straw_burning_patrol")
    story.enter(f"{village}{dice.choice(_WALKERS)}", on, values, at=at, failed=failed)


def _key(village: str, on: date) -> str:
    return f"straw/{village}/{on}"


def _tell_spot(teller: Teller, row: Mapping[str, Any]) -> None:
    """烧-2023-0001: seen by drone, ploughed in on the same day, struck off on the next."""
    village, on = row["village"], row["day"]
    clerk = f"{village}网格员"
    story = Story(teller, "straw_fire/1", "straw_fire")
    values = {
        "source": "self_check",
        "patrol": StoryKey(_key(village, on)),
        "seen_at": "10:40",
        "seen_by": "drone",
        "group": 5,
        "problem": row["text"],
        "category": "black",
        "location": row["location"],
        "area": row["area"],
        "severity": "1",
    }
    before = Picture("photo_before", "field", "straw-1-before")
    night = datetime.combine(on, time(22, 5), ZONE)
    story.register(clerk, on, village, values, at=night, pictures=[before])
    story.assign(ISSUER, on, village, clerk, LEAD, at=night + timedelta(minutes=12))
    out: dict[str, Any] = {"out_at": "11:50", "action": ["ploughed", "educated"]}
    story.step("reach_milestone", clerk, on, at=night + timedelta(minutes=20), milestone="put_out", **out)
    after = [Picture("photo_after", "field", "straw-1-after")]
    story.step("submit", clerk, on, at=night + timedelta(minutes=26), note="黑斑已翻耕清除", pictures=after)
    story.step("verify", CHECKER, row["closed"], is_prompt=True, finding="现场核查，黑斑已翻耕", outcome="fixed")
