"""Builds what a ticket may go on as: `converts` of a register of tickets, `successor` of one of its outcomes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tracker.domain.registers import Register
from tracker.domain.succession import Succession
from tracker.packs.fields import path_of, unknown_names
from tracker.packs.problems import Problem
from tracker.packs.source import KeyPath, Source


def build_succession(data: Mapping[str, Any] | None) -> Succession | None:
    """As the file says; what it names is checked when all registers are known."""
    return Succession(data["register"], data["link"], data["copies"], data.get("reason", "")) if data else None


def check_successions(source: Source, register: Register, registers: Mapping[str, Register]) -> Iterator[Problem]:
    """That each leads to a register of tickets with a link back, and that no private value ends in an open field."""
    if register.converts is not None:
        yield from _check(source, ("converts",), register, register.converts, registers)
    for outcome in register.outcomes:
        if outcome.successor is not None:
            path = (*path_of(source, ("outcomes",), outcome.name), "successor")
            yield from _check(source, path, register, outcome.successor, registers)


def _check(
    source: Source, path: KeyPath, register: Register, found: Succession, registers: Mapping[str, Register]
) -> Iterator[Problem]:
    yield from unknown_names(source, (*path, "register"), (found.register,), registers, "register of tickets")
    target = registers.get(found.register)
    if target is None:
        return
    link = target.by_name.get(found.link)
    if link is None or link.register != register.name:
        what = f"{found.link} of {target.name} does not lead to {register.name}"
        yield source.problem((*path, "link"), what, "name a record field there that does")
    yield from unknown_names(source, (*path, "copies"), found.copies, target.by_name, "field")
    yield from unknown_names(source, (*path, "copies"), found.copies.values(), register.by_name, "field")
    for into, name in found.copies.items():
        there, here = target.by_name.get(into), register.by_name.get(name)
        if there is None or here is None:
            continue
        where = (*path, "copies", into)
        if here.is_private is not there.is_private:
            what = f"of {name} and {into} one is private and one is open"
            yield source.problem(where, what, "make both alike")
        if here.type is not there.type or not here.choice_names <= there.choice_names:
            yield source.problem(where, f"{into} cannot hold what {name} holds", "copy a field of its kind")
        if there.is_unique:
            yield source.problem(where, f"{into} is unique", "no two tickets may carry it: leave it out")
