"""Education subsidies (雨露计划): students, payments by term, one returned and sent again. registers.md §11.3."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from tracker.packs.demo.record_story import RecordStory
from tracker.packs.demo.story import StoryKey, Teller, UnitName
from tracker.packs.demo.tables import read_table

CLERK = "监测专干"
_TERMS = ("2023_spring", "2023_autumn")
_OPENED_ON = date(2023, 4, 12)


def tell(folder: Path, teller: Teller) -> None:
    """The `subsidy` of `households.yaml`."""
    data = read_table(folder, "households")
    plan = data["subsidy"]
    villages = teller.spread(plan["villages"])
    for n, (group, terms) in enumerate(_students(plan)):
        village = next(villages)
        _tell_student(data, teller, n, village, group)
        for term in terms:
            _tell_payment(plan, teller, n, village, term, group["amount"])


def _students(plan: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], tuple[str, ...]]]:
    """Each student's group and terms; one term: in turn spring and autumn."""
    number = 0
    for group in plan["groups"]:
        for _ in range(group["students"]):
            yield group, _TERMS if group["terms"] == len(_TERMS) else (_TERMS[number % 2],)
            number += 1


def _tell_student(data: Mapping[str, Any], teller: Teller, n: int, village: str, group: Mapping[str, Any]) -> None:
    dice = teller.dice
    surname, stage = dice.choice(data["surnames"]), dice.choice(group["stages"])
    values = {
        "opened_on": _OPENED_ON,
        "place": UnitName(village),
        "group": dice.randint(1, 12),
        "name": surname + dice.choice(data["given"]),
        "household_head": surname + "某",
        "household_kind": "monitored" if n % 17 == 0 else "out_of_poverty",
        "school": dice.choice(data["subsidy"]["schools"][stage]),
        "stage": stage,
    }
    RecordStory(teller, f"student/{n}", "student").enter(CLERK, _OPENED_ON, values)


def _tell_payment(plan: Mapping[str, Any], teller: Teller, n: int, village: str, term: str, amount: str) -> None:
    """The first of the spring came back: voided by its return, sent again as a new row."""
    on: date = plan["paid"][term]
    values = {
        "student": StoryKey(f"student/{n}"),
        "place": UnitName(village),
        "term": term,
        "amount": amount,
        "paid_on": on,
        "paid_state": "sent",
    }
    story = RecordStory(teller, f"subsidy/{n}/{term}", "subsidy")
    story.enter(CLERK, on, values)
    resent = plan["resent"]
    if n == 0:
        story.void(CLERK, resent["again"], resent["reason"])
        again = {**values, "paid_on": resent["again"], "paid_state": "resent"}
        RecordStory(teller, f"subsidy/{n}/resent", "subsidy").enter(CLERK, resent["again"], again)
