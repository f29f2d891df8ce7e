"""Toilets built in the year, from applied to paid; acceptance opens the file of each. registers.md §11.1–11.3."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from tracker.packs.demo.record_story import RecordStory
from tracker.packs.demo.story import ZONE, Act, Teller, UnitName
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
    taken = families(teller)
    for cell in sorted(set(cells)):
        days[cell] = teller.dice.choice([d for d in teller.month_days(cell[1]) if d <= _LAST])
    built = sorted((days[cell], cell[0]) for cell in cells)
    for n, (accepted, village) in enumerate(built):
        is_paid = n < len(built) - data["unpaid"]
        _tell_build(data, teller, n, village, accepted, taken, is_paid=is_paid)
    for n, row in enumerate(data["unfinished"], len(built)):
        _tell_unfinished(data, teller, n, row, taken)


Family = tuple[str, int, str]
"""Village, group, householder: by these a toilet's file is known."""


def families(teller: Teller) -> set[Family]:
    """Those who have a toilet by what was told before."""
    acts = (
        act for act in teller.told if act.register in ("toilet_survey", "toilet_build") and "household" in act.values
    )
    return {(_village(act), act.values["group"], act.values["household"]) for act in acts}


def _village(act: Act) -> str:
    place = act.values.get("place")
    return place.name if isinstance(place, UnitName) else act.place


def another(data: Mapping[str, Any], teller: Teller, village: str, group: int, taken: set[Family]) -> str:
    """A householder who has no toilet yet."""
    head = household(data, teller)
    while (village, group, head) in taken:
        head = household(data, teller)
    taken.add((village, group, head))
    return head


def household(data: Mapping[str, Any], teller: Teller) -> str:
    name: str = teller.dice.choice(data["surnames"]) + teller.dice.choice(data["given"])
    return name


def _begin(
    data: Mapping[str, Any], teller: Teller, n: int, village: str, accepted: date, taken: set[Family]
) -> RecordStory:
    group = teller.dice.randint(1, 12)
    applied = teller.working_before(accepted - _BEFORE["applied"] * _DAY)
    values = {
        "opened_on": applied,
        "place": UnitName(village),
        "group": group,
        "household": another(data, teller, village, group, taken),
        "mode": teller.dice.choice(("three_chamber", "three_chamber", "three_chamber", "four_chamber", "sewer")),
        "plan_year": 2023,
        "contractor": teller.dice.choice(data["contractors"]),
        "applied_on": applied,
    }
    story = RecordStory(teller, f"build/{n}", "toilet_build")
    story.enter(CLERK, applied, values)
    return story


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
    data: Mapping[str, Any],
    teller: Teller,
    n: int,
    village: str,
    accepted: date,
    taken: set[Family],
    *,
    is_paid: bool,
) -> None:
    story = _begin(data, teller, n, village, accepted, taken)
    _works(teller, story, accepted, "finished")
    evening = datetime.combine(accepted, time(17, 50), ZONE)
    story.change("accepted", CLERK, accepted, at=evening + n * timedelta(seconds=1), town_accepted_on=accepted)
    if is_paid:
        paid = min(teller.working(accepted + teller.dice.randint(10, 16) * _DAY), _LAST)
        story.change("paid", CLERK, paid, is_prompt=True, subsidy=data["subsidy"], paid_on=paid)


def _tell_unfinished(
    data: Mapping[str, Any], teller: Teller, n: int, row: Mapping[str, Any], taken: set[Family]
) -> None:
    expected = date(2023, 12, 20) - teller.dice.randint(0, 6) * _DAY
    if row["state"] == "finished":
        expected = date(2023, 12, 11)
    story = _begin(data, teller, n, row["village"], expected, taken)
    if row["state"] == "withdrawn":
        story.change("withdrawn", CLERK, date(2023, 10, 16), end_reason=data["withdrawn"])
    else:
        _works(teller, story, expected, row["state"])
