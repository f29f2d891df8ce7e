"""Activities of the eleven centres for civilised practice: two a month in each, and some more. registers.md §11.3."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from tracker.packs.demo.party import TOWN
from tracker.packs.demo.record_story import RecordStory
from tracker.packs.demo.story import Teller, UnitName
from tracker.packs.demo.tables import read_table

CLERK = "文明实践所专干"
_MONTHS = range(1, 12)
_LEAST = 2


def tell(folder: Path, teller: Teller) -> None:
    """The activities that `party.yaml` asks for."""
    data = read_table(folder, "party")
    centres = [data["centre"], *(branch for branch in data["branches"] if branch != TOWN)]
    cells = [(centre, month) for centre in centres for month in _MONTHS]
    more = teller.dice.choices(cells, k=data["practice"]["more"])
    for number, (centre, month) in enumerate([*cells * _LEAST, *more], 1):
        on = teller.dice.choice(teller.month_days(month, first=5, is_rest_too=True))
        _tell_activity(data, teller, number, centre, on)


def _tell_activity(data: Mapping[str, Any], teller: Teller, n: int, centre: str, on: date) -> None:
    dice = teller.dice
    kind = dice.choice(sorted(data["practice"]["kinds"]))
    volunteers = dice.randint(3, 15)
    values = {
        "held_on": on,
        "centre": UnitName(centre),
        "kind": kind,
        "summary": dice.choice(data["practice"]["kinds"][kind]),
        "volunteers": volunteers,
        "hours": str(volunteers * dice.randint(1, 3)),
        "attendees": volunteers + dice.randint(10, 60),
    }
    by = CLERK if centre == data["centre"] else f"{centre}妇女主任"
    RecordStory(teller, f"practice/{n}", "practice_activity").enter(by, on, values)
