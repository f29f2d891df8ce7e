"""A file for every toilet surveyed, and for older ones without troubles. What the tickets lead to is not told.

Told after the problem toilets and those built: it follows what was told of them. registers.md §11.3.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from pathlib import Path

from tracker.packs.demo.builds import another, families
from tracker.packs.demo.record_story import RecordStory
from tracker.packs.demo.story import IMPORTED_ON, ZONE, Act, StoryKey, Teller, UnitName
from tracker.packs.demo.tables import read_table

CLERK = "改厕专干"
_SURVEYED_AT = datetime.combine(IMPORTED_ON, time(8, 35), ZONE)
"""Before the workbook of their troubles, whose rows name them."""
_OLDER_AT = datetime.combine(IMPORTED_ON, time(10, 30), ZONE)
_SECOND = timedelta(seconds=1)
_KEPT = ("household", "group", "built_year", "mode", "fund")


def tell(folder: Path, teller: Teller) -> None:
    """187 of the survey of 2021 and six of 2023, and the untroubled ones."""
    data = read_table(folder, "builds")
    first: dict[str, Act] = {}
    for act in teller.told:
        if isinstance(named := act.values.get("toilet_file"), StoryKey):
            first.setdefault(named.key, act)
    for n, (key, act) in enumerate(first.items()):
        _open(teller, n, key, act)
    villages, taken = sorted({act.place for act in first.values()}), families(teller)
    for n in range(data["older"]):
        year, village = teller.dice.randint(2014, 2022), villages[n % len(villages)]
        opened_on = date(year, teller.dice.randint(3, 12), teller.dice.randint(1, 28))
        group = teller.dice.randint(1, 12)
        values = {
            "opened_on": opened_on,
            "place": UnitName(village),
            "group": group,
            "household": another(data, teller, village, group, taken),
            "built_year": year,
            "mode": "three_chamber",
            "fund": "county",
            "in_use": "yes",
            "origin": "survey",
        }
        story = RecordStory(teller, f"toilet_file/older/{n}", "toilet")
        story.enter(CLERK, IMPORTED_ON, values, at=_OLDER_AT + n * _SECOND)


def _open(teller: Teller, n: int, key: str, first: Act) -> None:
    """Opened on the day of the survey; of what was found later, just before it was written down."""
    values = {"opened_on": first.on, "place": UnitName(first.place), "in_use": "yes", "origin": "survey"}
    values |= {name: first.values[name] for name in _KEPT if name in first.values}
    is_imported = first.on.year < IMPORTED_ON.year
    at = _SURVEYED_AT + n * _SECOND if is_imported else first.at - timedelta(minutes=5)
    RecordStory(teller, key, "toilet").enter(CLERK, first.on, values, at=at)
