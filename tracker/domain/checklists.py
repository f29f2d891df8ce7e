"""What a checklist is: the questions that somebody answers on the spot, and the ticket that a failed one opens.

Answers are pass, fail or not applicable; a fail needs a note and a photo. Source: registers.md §8.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from tracker.domain.registers import Label, Predicate

PLACE = "place"
"""As the owner of what fails: the unit where it lies."""
CreatedValue = str | tuple[str, ...]
"""A value that a ticket begins with: the name of a choice, names of choices, or a text."""


@dataclass(frozen=True, slots=True)
class Creation:
    """The ticket that a failed item opens: its register, and the values it begins with beside place, day and note.

    `owner`: to whom it usually goes, proposed when it is assigned: PLACE, a field of the subject that names a person
    (the helper of a household), or the code of a unit.
    """

    register: str
    values: Mapping[str, CreatedValue]
    owner: str | None = None


@dataclass(frozen=True, slots=True)
class ChecklistItem:
    """One question, worded so that `pass` is good. `law`: the article that asks for it, where there is one.

    `points`: what a pass is worth in a scored checklist.
    """

    id: int
    label: Label
    guidance: Label | None = None
    law: Label | None = None
    creates: Creation | None = None
    points: int = 1


@dataclass(frozen=True)
class Checklist:
    """The questions put to one subject of the register `subject`, or to none in particular.

    `where`: the facts of the subject for which it is meant (a school, a canteen); empty: for all.
    `is_scored`: the points of the items passed are shown; otherwise only what failed. `is_photographed`: a fail needs a
    photograph. `is_signed`: whoever lives or works there is asked for a signature. `copies`: register of tickets → its
    field → the field of the subject whose value a ticket begins with, where the two are named apart.
    """

    name: str
    label: Label
    subject: str | None
    source: Label
    items: tuple[ChecklistItem, ...]
    where: tuple[Predicate, ...] = ()
    is_scored: bool = False
    is_signed: bool = False
    is_photographed: bool = False
    copies: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @cached_property
    def item_by_id(self) -> Mapping[int, ChecklistItem]:
        return {item.id: item for item in self.items}


def checklist_for(named: Checklist, checklists: Iterable[Checklist], facts: Mapping[str, Any]) -> Checklist:
    """The checklist to put to a subject with these facts: the first one meant for such subjects, else `named`.

    `named` is the one that the activity's register names, `checklists` all of the pack.
    """
    fitting = (
        checklist
        for checklist in checklists
        if checklist.subject == named.subject and checklist.where and all(p.holds(facts) for p in checklist.where)
    )
    return next(fitting, named)
