"""Party members, the households they are paired with, and their visits by quarters. registers.md §11.3."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from tracker.packs.demo.party import CLERK, TOWN, keeper
from tracker.packs.demo.record_story import RecordStory, early
from tracker.packs.demo.story import StoryKey, Teller, UnitName
from tracker.packs.demo.tables import read_table

_OPENED_ON = date(2022, 1, 10)
_QUARTERS = {
    1: (date(2023, 1, 5), date(2023, 3, 30)),
    2: (date(2023, 4, 3), date(2023, 6, 29)),
    3: (date(2023, 7, 3), date(2023, 9, 27)),
}
_MEMBERS_AT, _PAIRS_AT = 60.0, 140.0  # minutes of the first morning


def tell(folder: Path, teller: Teller) -> None:
    """Members and pairs of `party.yaml`, taken over from the ledger of 2022, and the visits of three quarters."""
    data = read_table(folder, "party")
    pairs = _tell_members(data, teller)
    for quarter, count in data["missed_visits"].items():
        missed = set(teller.dice.sample(range(len(pairs)), count))
        for n, (branch, place) in enumerate(pairs):
            if n not in missed:
                _tell_visit(data, teller, n, quarter, branch, place)


def _tell_members(data: Mapping[str, Any], teller: Teller) -> list[tuple[str, str]]:
    """Branch and village of every pair."""
    plan = data["members"]
    villages = [branch for branch in data["branches"] if branch != TOWN]
    tasks = [*teller.spread({("none", n): count for n, count in plan["pairs"].items()})]
    tasks += [*teller.spread({(reason, 0): count for reason, count in plan["exempt"].items()})]
    teller.dice.shuffle(tasks)
    rest = iter(tasks)
    pairs: list[tuple[str, str]] = []
    member = 0
    for branch, count in plan["by_branch"].items():
        for _ in range(count):
            exempt, size = next(rest)
            _tell_member(data, teller, member, branch, exempt, size)
            for _ in range(size):
                place = teller.dice.choice(villages) if branch == TOWN else branch
                _tell_pair(data, teller, len(pairs), member, branch, place)
                pairs.append((branch, place))
            member += 1
    return pairs


def _name(data: Mapping[str, Any], teller: Teller) -> str:
    name: str = teller.dice.choice(data["surnames"]) + teller.dice.choice(data["given"])
    return name


def _tell_member(data: Mapping[str, Any], teller: Teller, n: int, branch: str, exempt: str, size: int) -> None:
    values = {
        "opened_on": _OPENED_ON,
        "name": _name(data, teller),
        "branch": UnitName(branch),
        "exempt": exempt,
        "required_pairs": size,
    }
    RecordStory(teller, f"member/{n}", "party_member").enter(CLERK, _OPENED_ON, values, at=early(_MEMBERS_AT + n / 2))


def _tell_pair(data: Mapping[str, Any], teller: Teller, n: int, member: int, branch: str, place: str) -> None:
    dice = teller.dice
    on = date(2022, 3, 1) + timedelta(days=dice.randrange(300))
    values = {
        "opened_on": on,
        "member": StoryKey(f"member/{member}"),
        "branch": UnitName(branch),
        "place": UnitName(place),
        "group": dice.randint(1, 12),
        "household_head": _name(data, teller),
        "contact_persons": 1,
        "special": [dice.choice(data["special"])],
        "card_on": on,
        "five": ["contact", "visit", "policy"],
    }
    story = RecordStory(teller, f"pair/{n}", "member_household")
    story.enter(keeper(branch), on, values, at=early(_PAIRS_AT + n / 2))


def _tell_visit(data: Mapping[str, Any], teller: Teller, n: int, quarter: int, branch: str, place: str) -> None:
    """Also in the evening and on rest days; written down by the branch when work begins again."""
    first, last = _QUARTERS[quarter]
    on = first + timedelta(days=teller.dice.randrange((last - first).days))
    while not teller.is_ordinary(on):
        on += timedelta(days=1)
    values = {
        "held_on": on,
        "place": UnitName(place),
        "pair": StoryKey(f"pair/{n}"),
        "summary": teller.dice.choice(data["visit_texts"]),
    }
    at: datetime | None = None if teller.calendar.is_working(on) else teller.evening(on)
    RecordStory(teller, f"visit/{n}/{quarter}", "member_visit").enter(keeper(branch), on, values, at=at)
