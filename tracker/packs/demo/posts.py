"""Welfare posts: opened, filled, one vacant, one ended the year before, one only planned. registers.md §11.1, §11.3."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from tracker.packs.demo.record_story import RecordStory, early
from tracker.packs.demo.story import Teller, UnitName
from tracker.packs.demo.tables import read_table

CLERK = "监测专干"
_AT = 420.0  # minutes of the first days
_NOTICE = timedelta(days=14)
_YEAR = timedelta(days=364)


def tell(folder: Path, teller: Teller) -> None:
    """The `posts` of `households.yaml`."""
    data = read_table(folder, "households")
    plan = data["posts"]
    villages = [village for village, count in plan["villages"].items() for _ in range(count)]
    vacant = villages.index(plan["vacant"]["village"])
    for n, village in enumerate(villages):
        opened = plan["opened"][n % len(plan["opened"])] if n != vacant else plan["opened"][0]
        story = _open(data, teller, n, village, teller.dice.choice(plan["kinds"]), opened)
        if n == vacant:
            story.change("vacant", CLERK, plan["vacant"]["day"])
    ended = plan["ended"]
    story = _open(data, teller, len(villages), ended["village"], ended["post"], ended["opened"])
    story.change("ended", CLERK, ended["ended"], at=early(_AT + 300), end_reason=ended["reason"])
    planned = plan["planned"]
    values = {"opened_on": planned["day"], "place": UnitName(planned["village"]), "post": planned["post"]}
    RecordStory(teller, "post/planned", "welfare_post").enter(CLERK, planned["day"], values)


def _open(data: Mapping[str, Any], teller: Teller, n: int, village: str, post: str, opened: date) -> RecordStory:
    """From planned to filled; of earlier years all of it is taken over in January."""
    dice, is_past = teller.dice, opened.year < early(0).year
    moments = [early(_AT + 60 * i + n) if is_past else None for i in range(3)]
    planned = opened - _NOTICE
    story = RecordStory(teller, f"post/{n}", "welfare_post")
    values = {
        "opened_on": planned,
        "place": UnitName(village),
        "group": dice.randint(1, 12),
        "post": post,
        "wage": dice.choice(data["posts"]["wages"]),
        "funded_by": "衔接推进乡村振兴补助资金",
    }
    story.enter(CLERK, planned, values, at=moments[0])
    story.change("opened", CLERK, opened, at=moments[1], approved_on=opened, publicity_on=opened - timedelta(days=7))
    began = opened + timedelta(days=10)
    facts: dict[str, Any] = {"contract_from": began, "contract_to": began + _YEAR, "holder_kind": "out_of_poverty"}
    holder = dice.choice(data["surnames"]) + "某某"
    story.change("filled", CLERK, began, at=moments[2], holder=holder, **facts)
    return story
