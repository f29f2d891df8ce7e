"""Party lectures, study and party days of the eleven branches. registers.md §11.2–11.4."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from tracker.packs.demo.pictures import Picture
from tracker.packs.demo.record_story import RecordStory
from tracker.packs.demo.story import Teller, UnitName
from tracker.packs.demo.tables import read_table

TOWN, OFFICE, CLERK = "铁丝塘镇", "党建办", "组织干事"
_MONTHS = range(1, 12)
_PARTY_DAY = 20
_QUARTERS = ((2, 3), (4, 5, 6), (7, 8, 9))


def tell(folder: Path, teller: Teller) -> None:
    """Lectures, study and party days of `party.yaml`."""
    data = read_table(folder, "party")
    for n, (on, lecturer, branch, title) in enumerate(data["lectures"], 1):
        _tell_lecture(teller, f"lecture/{n}", on, TOWN, _of_leadership(teller, lecturer, branch, title))
    for branch in data["branches"]:
        for quarter, months in enumerate(_QUARTERS, 1):
            on = teller.dice.choice(teller.month_days(teller.dice.choice(months)))
            _tell_lecture(teller, f"lecture/{branch}/{quarter}", on, branch, _of_branch(data, teller, branch))
    _tell_study(data, teller)
    for month in _MONTHS:
        for branch in data["branches"]:
            _tell_day(data, teller, branch, month)


def keeper(branch: str) -> str:
    """Who writes down what a branch does."""
    return CLERK if branch == TOWN else f"{branch}支部组织委员"


# -- lectures -----------------------------------------------------------------------------------------
def _of_leadership(teller: Teller, lecturer: str, branch: str, title: str) -> dict[str, Any]:
    size = teller.dice.randint(18, 45)
    return {"title": title, "lecturer": lecturer, "lecturer_level": "leadership", "branch": UnitName(branch)} | {
        "due": size + teller.dice.randint(0, 4),
        "present": size,
    }


def _of_branch(data: Mapping[str, Any], teller: Teller, branch: str) -> dict[str, Any]:
    size = teller.dice.randint(12, 30)
    return {
        "title": teller.dice.choice(data["branch_titles"]),
        "lecturer": teller.dice.choice(data["surnames"]) + "某",
        "lecturer_level": "branch_secretary",
        "branch": UnitName(branch),
        "due": size + teller.dice.randint(0, 4),
        "present": size,
    }


def _tell_lecture(teller: Teller, key: str, on: date, unit: str, values: Mapping[str, Any]) -> None:
    by = CLERK if unit == TOWN else keeper(unit)
    RecordStory(teller, key, "party_lecture").enter(by, on, {"held_on": on, "unit": UnitName(unit), **values})


# -- study --------------------------------------------------------------------------------------------
def _tell_study(data: Mapping[str, Any], teller: Teller) -> None:
    for month in _MONTHS:
        on = teller.dice.choice(teller.month_days(month, first=5))
        values = {
            "held_on": on,
            "unit": UnitName(OFFICE),
            "kind": "meeting",
            "title": teller.dice.choice(data["study_titles"]),
            "attendees": teller.dice.randint(30, 52),
        }
        RecordStory(teller, f"study/{month}", "study").enter(CLERK, on, values)
    for n, row in enumerate(data["books"], 1):
        values = {"held_on": row["day"], "unit": UnitName(OFFICE), "kind": "books", "title": row["title"]}
        values |= {"copies": row["copies"], "receivers": row["receivers"]}
        paper = Picture("document", "paper", f"books-{n}")
        RecordStory(teller, f"books/{n}", "study").enter(CLERK, row["day"], values, pictures=[paper])


# -- party days ---------------------------------------------------------------------------------------
def _tell_day(data: Mapping[str, Any], teller: Teller, branch: str, month: int) -> None:
    """On the 20th, also where that is a rest day; the three that were moved say why."""
    dice = teller.dice
    moved = next((row for row in data["moved"] if (row["branch"], row["month"]) == (branch, month)), None)
    on: date = moved["to"] if moved else date(2023, month, _PARTY_DAY)
    due = dice.randint(16, 38)
    leave, absent = dice.randint(0, 4), dice.randint(0, 1)
    values: dict[str, Any] = {
        "held_on": on,
        "branch": UnitName(branch),
        "theme": dice.choice(data["day_themes"]),
        "fixed_items": ["dues", "county_theme", "study"],
        "own_items": dice.choice(data["own_items"]),
        "due": due,
        "present": due - leave - absent,
        "leave": leave,
        "absent": absent,
        "dues_paid": str(due * dice.randint(2, 5)),
    }
    if moved:
        values |= {"moved": True, "moved_why": moved["why"]}
    story = RecordStory(teller, f"party_day/{branch}/{month}", "party_day")
    story.enter(keeper(branch), on, values, at=teller.evening(on))
