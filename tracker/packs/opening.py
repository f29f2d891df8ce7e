"""Builds `opens` of registers of subjects: the record of another register that comes of a state."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tracker.domain.records import Opening, RecordRegister
from tracker.packs.conditions import check_choices
from tracker.packs.fields import unknown_names
from tracker.packs.problems import Problem
from tracker.packs.source import KeyPath, Source

WORD = "opens"


def build_opening(data: Mapping[str, Any] | None) -> Opening | None:
    """As the file says; what it names is checked when all registers are known."""
    if not data:
        return None
    return Opening(
        register=data["register"],
        states=tuple(data["on"]),
        link=data["link"],
        copies=data["copies"],
        says=data.get("says", {}),
        same=tuple(data.get("same", ())),
    )


def check_opening(source: Source, register: RecordRegister, records: Mapping[str, RecordRegister]) -> Iterator[Problem]:
    """That what is opened has all it needs, and that no private value ends in an open field."""
    opening = register.opens
    if opening is None:
        return
    yield from unknown_names(source, (WORD, "on"), opening.states, register.state_by_name, "state")
    yield from unknown_names(source, (WORD, "register"), (opening.register,), records, "register")
    link, target = register.by_name.get(opening.link), records.get(opening.register)
    if link is None or link.register != opening.register:
        what = f"{opening.link} does not lead to {opening.register}"
        yield source.problem((WORD, "link"), what, "name a record field that does")
    if target is not None:
        yield from _check_values(source, register, target, opening)
        yield from _check_wanted(source, register, target, opening)
        yield from _check_same(source, target, opening)


def _check_values(
    source: Source, register: RecordRegister, target: RecordRegister, opening: Opening
) -> Iterator[Problem]:
    path: KeyPath = (WORD, "copies")
    yield from unknown_names(source, path, opening.copies, target.by_name, "field")
    yield from unknown_names(source, path, opening.copies.values(), register.by_name, "field")
    for into, name in opening.copies.items():
        there, here = target.by_name.get(into), register.by_name.get(name)
        if there is None or here is None:
            continue
        if here.is_private and not there.is_private:
            yield source.problem((*path, into), f"{name} is private and {into} is open", "make both private")
        if here.type is not there.type or not here.choice_names <= there.choice_names:
            yield source.problem((*path, into), f"{into} cannot hold what {name} holds", "copy a field of its kind")
    yield from unknown_names(source, (WORD, "says"), opening.says, target.by_name, "field")
    says = {name: [value] for name, value in opening.says.items() if name in target.by_name}
    yield from check_choices(source, (WORD, "says"), says, target)


def _check_wanted(
    source: Source, register: RecordRegister, target: RecordRegister, opening: Opening
) -> Iterator[Problem]:
    """Whatever a form would demand is always there."""
    first = target.states[0] if target.states else None
    wanted = {f.name for f in target.fields if f.is_required} | set(first.needs if first else ()) - {target.day_field}
    for name in sorted(wanted - {target.day_field} - opening.says.keys()):
        here = register.by_name.get(opening.copies.get(name, ""))
        is_sure = here is not None and (here.is_required or _is_needed(register, opening, here.name))
        if not is_sure:
            what = f"{name} of {target.name} is required and may be missing"
            yield source.problem((WORD, "copies"), what, "copy a required field into it, or say it")
    if target.proof.needed() or (first and first.proof.needed()):
        yield source.problem((WORD, "register"), f"{target.name} asks for files", "only a person can bring them")


def _is_needed(register: RecordRegister, opening: Opening, name: str) -> bool:
    """Whether every state that opens it asks for the field."""
    states = [register.state_by_name[s] for s in opening.states if s in register.state_by_name]
    return bool(states) and all(name in state.needs for state in states)


def _check_same(source: Source, target: RecordRegister, opening: Opening) -> Iterator[Problem]:
    path: KeyPath = (WORD, "same")
    yield from unknown_names(source, path, opening.same, target.by_name, "field")
    needed = {target.summary_field, target.unit_field}
    if opening.same and not needed <= set(opening.same):
        yield source.problem(path, f"`same` lacks {', '.join(sorted(needed - set(opening.same)))}", "add it")
    hidden = [n for n in opening.same if n in target.private_fields and n != target.summary_field]
    if hidden:
        what = f"{', '.join(hidden)} is private and cannot be compared"
        yield source.problem(path, what, "of private fields only the summary can")
