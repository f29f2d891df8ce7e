"""Builds `subject_states` of registers of tickets: how the state of what a ticket names follows it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tracker.domain.following import CLOSED, OPENED, StateRow, SubjectStates
from tracker.domain.records import RecordKind, RecordRegister
from tracker.domain.registers import FieldType, Register
from tracker.packs.conditions import check_choices, predicates_of
from tracker.packs.fields import unknown_names
from tracker.packs.problems import Problem
from tracker.packs.source import KeyPath, Source

WORD = "subject_states"
_OUTCOME = "outcome"


def build_subject_states(data: Mapping[str, Any] | None) -> SubjectStates | None:
    """As the file says; what it names is checked when all registers are known."""
    return SubjectStates(data["link"], tuple(_row(item) for item in data["rows"])) if data else None


def _row(item: Mapping[str, Any]) -> StateRow:
    return StateRow(
        on=item["on"],
        state=item.get("state"),
        where=predicates_of(item.get("where", {})),
        sources=tuple(item.get("from", ())),
        waits=item.get("waits", False),
        is_back=item.get("back", False),
        day_into=item.get("day_into"),
        says=item.get("says", {}),
    )


def check_subject_states(
    source: Source, register: Register, records: Mapping[str, RecordRegister]
) -> Iterator[Problem]:
    """That the link leads to a register of subjects, and every row to a state that can follow without a person."""
    rule = register.subject_states
    if rule is None:
        return
    link = register.by_name.get(rule.link)
    subjects = records.get(link.register or "") if link and link.type is FieldType.RECORD else None
    if subjects is None or subjects.kind is not RecordKind.SUBJECT:
        what = f"{rule.link} does not lead to a register of subjects"
        yield source.problem((WORD, "link"), what, "name a record field that does")
        return
    for n, row in enumerate(rule.rows):
        path: KeyPath = (WORD, "rows", n)
        yield from _check_event(source, path, row, register)
        yield from _check_target(source, path, row, subjects)


def _check_event(source: Source, path: KeyPath, row: StateRow, register: Register) -> Iterator[Problem]:
    known = (OPENED, CLOSED, *register.milestone_by_name)
    yield from unknown_names(source, (*path, "on"), (row.on,), known, "event or milestone")
    where = _part(source, path).get("where", {})
    plain = {name: values for name, values in where.items() if name != _OUTCOME}
    yield from check_choices(source, (*path, "where"), plain, register)
    if _OUTCOME in where:
        names = where[_OUTCOME]
        yield from unknown_names(source, (*path, "where"), names, register.outcome_by_name, "outcome")
        if row.on != CLOSED:
            yield source.problem((*path, "where"), "only what is closed has an outcome", f"say `on: {CLOSED}`")


def _part(source: Source, path: KeyPath) -> Mapping[str, Any]:
    part: Any = source.data
    for key in path:
        part = part[key]
    found: Mapping[str, Any] = part
    return found


def _check_target(source: Source, path: KeyPath, row: StateRow, subjects: RecordRegister) -> Iterator[Problem]:
    if row.is_back is (row.state is not None):
        yield source.problem(path, "a row says a `state`, or `back: true`", "say one of the two")
    if row.is_back and row.on == OPENED:
        yield source.problem(path, "nothing was before a ticket that is only opened", "say a `state`")
    if row.state is None:
        return
    states = subjects.state_by_name
    yield from unknown_names(source, (*path, "state"), (row.state,), states, "state")
    yield from unknown_names(source, (*path, "from"), row.sources, states, "state")
    filled = {*row.says, *([row.day_into] if row.day_into else [])}
    yield from unknown_names(source, path, filled, subjects.by_name, "field")
    if row.state in states:
        yield from _check_state(source, path, row, subjects, filled)
    day = subjects.by_name.get(row.day_into or "")
    if day is not None and day.type is not FieldType.DATE:
        yield source.problem((*path, "day_into"), f"{day.name} is no date", "name a date field")
    says = {name: [value] for name, value in row.says.items() if name in subjects.by_name}
    yield from check_choices(source, (*path, "says"), says, subjects)


def _check_state(
    source: Source, path: KeyPath, row: StateRow, subjects: RecordRegister, filled: set[str]
) -> Iterator[Problem]:
    """Whatever a person would have to give for the state, the row gives."""
    state = subjects.state_by_name[row.state or ""]
    if missing := [name for name in state.needs if name not in filled]:
        what = f"state {state.name} needs {', '.join(missing)}"
        yield source.problem(path, what, "give it with `day_into` or `says`")
    if state.proof.needed():
        yield source.problem(path, f"state {state.name} asks for files", "only a person can bring them: leave it out")
    if wrong := [name for name in row.sources if state.follows and name not in state.follows]:
        what = f"state {state.name} cannot follow {', '.join(wrong)}"
        yield source.problem((*path, "from"), what, f"use of {', '.join(state.follows)}")
