"""A file for every house looked at; what the tickets of the dangerous ones lead to is not told. registers.md §11.3."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from tracker.packs.demo.builds import household
from tracker.packs.demo.houses import file_key
from tracker.packs.demo.record_story import RecordStory
from tracker.packs.demo.story import IMPORTED_ON, ZONE, Teller, UnitName
from tracker.packs.demo.tables import read_table

CLERK = "房屋专干"
_IMPORT_AT = datetime.combine(IMPORTED_ON, time(14), ZONE)
_SURVEYED = date(2022, 6, 1)


def tell(folder: Path, teller: Teller) -> None:
    """412 files: those of the tickets of `houses.yaml`, and the others of `builds.yaml`."""
    data = read_table(folder, "builds")
    rows = read_table(folder, "houses")["houses"]
    houses = {n: row for n, row in enumerate(rows, 1) if "follows" not in row and row.get("ends") != "voided"}
    found = {key.key: act for act in reversed(teller.told) if (key := act.values.get("house_file"))}
    for place, (n, row) in enumerate(houses.items()):
        key = file_key(n, row)
        same = {name: found[key].values[name] for name in ("household", "group")}
        more = {"structure": "earth", "people_living": row["persons"], **same}
        _enter(data, teller, place, row["village"], "safe", key, **more)
    villages = sorted({row["village"] for row in rows})
    states = teller.spread(data["houses"])
    for n, state in enumerate(states, len(houses)):
        _enter(data, teller, n, villages[n % len(villages)], state, f"house_file/other/{n}")


def _enter(data: Mapping[str, Any], teller: Teller, n: int, village: str, state: str, key: str, **more: Any) -> None:
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
    story = RecordStory(teller, key, "house")
    story.enter(CLERK, opened, values, state=state, at=_IMPORT_AT + n * timedelta(seconds=1))
