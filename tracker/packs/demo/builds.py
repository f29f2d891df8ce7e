"""Toilets built in the year, from applied to paid; the accepted ones open a file each. registers.md §11.1–11.3."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from tracker.packs.demo.record_story import RecordStory
from tracker.packs.demo.story import ZONE, StoryKey, Teller, UnitName
from tracker.packs.demo.tables import read_table

CLERK = "改厕专干"
_DAY = timedelta(days=1)
_LAST = date(2023, 12, 5)
_BEFORE = {"applied": 95, "deliberated": 85, "approved": 70, "building": 50, "finished": 9}
"""Days before the acceptance."""


def tell(folder: Path, teller: Teller) -> None:
    """The village's applications, the works, and the town's day of acceptance: one for a village in a month."""
    data = read_table(folder, "builds")
    cells = teller.deal(data["accepted"]["villages"], data["accepted"]["months"])
    days: dict[tuple[str, int], date] = {}
    for cell in sorted(set(cells)):
        days[cell] = teller.dice.choice([d for d in teller.month_days(cell[1]) if d <= _LAST])
    built = sorted((days[cell], cell[0]) for cell in cells)
    for n, (accepted, village) in enumerate(built):
        is_paid = n < len(built) - data["unpaid"]
        _tell_build(data, teller, n, village, accepted, is_paid=is_paid)
    for n, row in enumerate(data["unfinished"], len(built)):
        _tell_unfinished(data, teller, n, row)


def household(data: Mapping[str, Any], teller: Teller) -> str:
    name: str = teller.dice.choice(data["surnames"]) + teller.dice.choice(data["given"])
    return name


def _begin(data: Mapping[str, Any], teller: Teller, n: int, village: str, accepted: date) -> tuple[RecordStory, str]:
    head = household(data, teller)
    applied = teller.working_before(accepted - _BEFORE["applied"] * _DAY)
    values = {
        "opened_on": applied,
        "place": UnitName(village),
        "group": teller.dice.randint(1, 12),
        "household": head,
        "mode": teller.dice.choice(("three_chamber", "three_chamber", "three_chamber", "four_chamber", "sewer")),
        "plan_year": 2023,
        "contractor": teller.dice.choice(data["contractors"]),
        "applied_on": applied,
    }
    story = RecordStory(teller, f"build/{n}", "toilet_build")
    story.enter(CLERK, applied, values)
    return story, head


def _works(teller: Teller, story: RecordStory, accepted: date, until: str) -> None:
    """Through the states up to `until`."""
    deliberated = teller.working(accepted - _BEFORE["deliberated"] * _DAY)
    approved = teller.working(accepted - _BEFORE["approved"] * _DAY)
    story.change("approved", CLERK, approved, is_prompt=True, deliberated_on=deliberated)
    started = teller.working(accepted - _BEFORE["building"] * _DAY)
    story.change("building", CLERK, started, is_prompt=True, started_on=started)
    if until != "building":
        finished = teller.working_before(accepted - _BEFORE["finished"] * _DAY)
        story.change("finished", CLERK, finished, is_prompt=True, finished_on=finished)


def _tell_build(
    data: Mapping[str, Any], teller: Teller, n: int, village: str, accepted: date, *, is_paid: bool
) -> None:
    story, head = _begin(data, teller, n, village, accepted)
    _works(teller, story, accepted, "finished")
    evening = datetime.combine(accepted, time(17, 30), ZONE)
    file = {
        "opened_on": accepted,
        "place": UnitName(village),
        "household": head,
        "built_year": accepted.year,
        "fund": "county",
        "tank_volume": "1.5",
        "in_use": "yes",
        "origin": "build",
    }
    RecordStory(teller, f"build/{n}/file", "toilet").enter(CLERK, accepted, file, at=evening + n * timedelta(seconds=1))
    toilet = StoryKey(f"build/{n}/file")
    at = evening + timedelta(minutes=20, seconds=n)
    story.change("accepted", CLERK, accepted, at=at, town_accepted_on=accepted, toilet=toilet)
    if is_paid:
        paid = min(teller.working(accepted + teller.dice.randint(10, 16) * _DAY), _LAST)
        story.change("paid", CLERK, paid, is_prompt=True, subsidy=data["subsidy"], paid_on=paid)


def _tell_unfinished(data: Mapping[str, Any], teller: Teller, n: int, row: Mapping[str, Any]) -> None:
    expected = date(2023, 12, 20) - teller.dice.randint(0, 6) * _DAY
    if row["state"] == "finished":
        expected = date(2023, 12, 11)
    story, _ = _begin(data, teller, n, row["village"], expected)
    if row["state"] == "withdrawn":
        story.change("withdrawn", CLERK, date(2023, 10, 16), end_reason=data["withdrawn"])
    else:
        _works(teller, story, expected, row["state"])
