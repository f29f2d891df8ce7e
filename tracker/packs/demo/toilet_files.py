"""A file for every toilet surveyed, and for older ones without troubles; closing and relapse change their states.

Told after the problem toilets: it follows what was told of them. registers.md §11.3.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from pathlib import Path

from tracker.packs.demo.builds import household
from tracker.packs.demo.record_story import RecordStory
from tracker.packs.demo.story import IMPORTED_ON, ZONE, Act, Deed, Teller, UnitName
from tracker.packs.demo.tables import read_table

CLERK = "改厕专干"
_IMPORT_AT = datetime.combine(IMPORTED_ON, time(10, 30), ZONE)
_STATES = {"verify": "rectified", "relapse": "problem"}
_SECOND = timedelta(seconds=1)
_KEPT = ("household", "group", "built_year", "mode", "fund")


def tell(folder: Path, teller: Teller) -> None:
    """187 of the survey of 2021 and six of 2023 with their troubles, and the untroubled ones."""
    data = read_table(folder, "builds")
    acts: dict[str, list[Act]] = {}
    for act in teller.told:
        if act.register == "toilet_survey":
            acts.setdefault(act.story, []).append(act)
    gone = {story for story, told in acts.items() if any(act.what in ("merge", "void") for act in told)}
    number = 0
    for story, told in acts.items():
        if story not in gone:
            number += 1
            _follow(teller, number, told)
    villages = sorted({told[0].place for told in acts.values()})
    for n in range(data["older"]):
        year = teller.dice.randint(2014, 2022)
        values = {
            "opened_on": date(year, teller.dice.randint(3, 12), teller.dice.randint(1, 28)),
            "place": UnitName(villages[n % len(villages)]),
            "group": teller.dice.randint(1, 12),
            "household": household(data, teller),
            "built_year": year,
            "mode": "three_chamber",
            "fund": "county",
            "in_use": "yes",
            "origin": "survey",
        }
        at = _IMPORT_AT + (number + n + 1) * _SECOND
        RecordStory(teller, f"toilet_file/older/{n}", "toilet").enter(CLERK, IMPORTED_ON, values, at=at)


def _follow(teller: Teller, n: int, told: list[Act]) -> None:
    """The file has a problem from the day it was found, and the states that its ticket leads to."""
    first = told[0]
    values = {"opened_on": first.on, "place": UnitName(first.place), "in_use": "yes", "origin": "survey"}
    values |= {name: first.values[name] for name in _KEPT if name in first.values}
    story = RecordStory(teller, f"toilet_file/{n}", "toilet")
    is_imported = first.on.year < IMPORTED_ON.year
    at = _IMPORT_AT + n * _SECOND if is_imported else first.at + timedelta(minutes=10)
    story.enter(CLERK, first.on, values, state="problem", at=at)
    latest = at
    for act in told:
        if act.deed is Deed.STEP and act.what in _STATES:
            latest = max(latest, act.at) + timedelta(minutes=1)
            story.change(_STATES[act.what], CLERK, act.on, at=latest)
