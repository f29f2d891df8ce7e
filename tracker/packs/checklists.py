"""Builds checklists from `checklists/*.yaml`: what is asked of which subject, and the ticket that a fail opens."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from tracker.domain.checklists import PLACE, Checklist, ChecklistItem, Creation
from tracker.domain.packs import UnitSeed
from tracker.domain.records import RecordKind, RecordRegister
from tracker.domain.registers import FieldType, Register, as_label
from tracker.packs.conditions import check_choices, predicates_of
from tracker.packs.fields import unknown_names
from tracker.packs.problems import Problem
from tracker.packs.source import KeyPath, Source

CHECKLISTS = "checklists"
"""Their folder in a pack, and their list in its `pack.yaml`."""


def build_checklist(
    source: Source,
    tickets: Mapping[str, Register],
    records: Mapping[str, RecordRegister],
    units: Collection[UnitSeed],
    problems: list[Problem],
) -> Checklist:
    """One checklist. Mistakes are added to `problems`."""
    data = source.data
    items = tuple(_item(item) for item in data["items"])
    checklist = Checklist(
        name=data["name"],
        label=data["label"],
        subject=data.get("subject"),
        source=as_label(data["source"]),
        items=items,
        where=predicates_of(data.get("where", {})),
        is_scored=data.get("scored", False),
        is_signed=data.get("signed", False),
        is_photographed=data.get("photographed", False),
        copies=data.get("copies", {}),
    )
    problems.extend(_check_head(source, checklist, records, tickets))
    problems.extend(_check_items(source, checklist, tickets))
    problems.extend(_check_owners(source, checklist, records.get(checklist.subject or ""), units))
    return checklist


def _item(item: Mapping[str, Any]) -> ChecklistItem:
    return ChecklistItem(
        id=item["id"],
        label=item["label"],
        guidance=item.get("guidance"),
        law=as_label(item["law"]) if item.get("law") else None,
        creates=_creation(item["creates"]) if item.get("creates") else None,
        points=item.get("points", 1),
    )


def _creation(item: Mapping[str, Any]) -> Creation:
    values = item.get("values", {})
    return Creation(
        register=item["register"],
        values={k: tuple(v) if isinstance(v, list) else v for k, v in values.items()},
        owner=item.get("owner"),
    )


def _check_head(
    source: Source, checklist: Checklist, records: Mapping[str, RecordRegister], tickets: Mapping[str, Register]
) -> Iterator[Problem]:
    if source.name != f"{CHECKLISTS}/{checklist.name}.yaml":
        yield source.problem(("name",), f"{checklist.name} stands in {source.name}", "name both alike")
    if checklist.subject is None:
        if checklist.where:
            yield source.problem(("where",), "`where` asks facts of no subject", "name the `subject`, or remove it")
        return
    subjects = {name: r for name, r in records.items() if r.kind is RecordKind.SUBJECT}
    yield from unknown_names(source, ("subject",), (checklist.subject,), subjects, "register of subjects")
    if subject := subjects.get(checklist.subject):
        yield from check_choices(source, ("where",), source.data.get("where", {}), subject)
        yield from _check_copies(source, checklist, subject, tickets)


def _check_copies(
    source: Source, checklist: Checklist, subject: RecordRegister, tickets: Mapping[str, Register]
) -> Iterator[Problem]:
    """A private value goes only into a field that is as private."""
    yield from unknown_names(source, ("copies",), checklist.copies, tickets, "register of tickets")
    for name, pairs in checklist.copies.items():
        if (register := tickets.get(name)) is None:
            continue
        path: KeyPath = ("copies", name)
        yield from unknown_names(source, path, pairs, register.by_name, "field")
        yield from unknown_names(source, path, pairs.values(), subject.by_name, "field")
        for into, taken in pairs.items():
            here, there = register.by_name.get(into), subject.by_name.get(taken)
            if here is not None and there is not None and there.is_private and not here.is_private:
                yield source.problem(path, f"{taken} is private and {into} is open", "make both private")


def _check_items(source: Source, checklist: Checklist, tickets: Mapping[str, Register]) -> Iterator[Problem]:
    seen: set[int] = set()
    for n, item in enumerate(checklist.items):
        path: KeyPath = ("items", n)
        if item.id in seen:
            yield source.problem(path, f"item {item.id} stands twice", "number the items apart")
        seen.add(item.id)
        if item.points != 1 and not checklist.is_scored:
            yield source.problem(path, f"item {item.id} has points that nobody counts", "say `scored: true`")
        if item.creates is None:
            continue
        yield from unknown_names(source, (*path, "creates"), (item.creates.register,), tickets, "register of tickets")
        if register := tickets.get(item.creates.register):
            values = {k: [v] if isinstance(v, str) else v for k, v in item.creates.values.items()}
            yield from check_choices(source, (*path, "creates"), values, register)


def _check_owners(
    source: Source, checklist: Checklist, subject: RecordRegister | None, units: Collection[UnitSeed]
) -> Iterator[Problem]:
    people = [f.name for f in subject.fields if f.type is FieldType.PERSON] if subject else []
    known = {PLACE, *people, *(unit.code for unit in units)}
    for n, item in enumerate(checklist.items):
        owner = item.creates.owner if item.creates else None
        if owner is not None and owner not in known:
            mend = f"name {PLACE}, the code of a unit or a person of the subject"
            yield source.problem(("items", n, "creates"), f"unknown owner {owner}", mend)
