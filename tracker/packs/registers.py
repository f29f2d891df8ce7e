"""Builds registers of tickets from `registers/*.yaml`: outcomes, milestones, clocks; what must hold between them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tracker.domain.lifecycle import STEP_BY_NAME, STEPS, SWITCHES
from tracker.domain.registers import (
    Clock,
    EvidenceRule,
    FieldType,
    Limit,
    Milestone,
    Outcome,
    Register,
    Separation,
    as_label,
)
from tracker.packs.fields import (
    Shared,
    check_fields,
    choice_of,
    field_of,
    is_flag,
    path_of,
    refuse_twins,
    taken_of,
    unknown_names,
    used_items,
)
from tracker.packs.following import build_subject_states
from tracker.packs.problems import Problem
from tracker.packs.source import KeyPath, Source
from tracker.packs.succession import build_succession

_HEAD = {"place": FieldType.UNIT, "found_on": FieldType.DATE}
"""Fields of every register: they date and place the ticket."""
_EVENTS = frozenset(step.event for step in STEPS) | {"registered"}

LimitsByClock = Mapping[tuple[str, str], tuple[Limit, ...]]


def build_register(
    source: Source, shared: Shared, version: str, limits: LimitsByClock, problems: list[Problem]
) -> Register:
    """One register, without predicates: the figures bring those. Mistakes are added to `problems`."""
    data = source.data
    register = Register(
        name=data["name"],
        label=data["label"],
        prefix=data["prefix"],
        version=version,
        fields=tuple(field_of(item) for item in used_items(source, "fields", shared.fields, problems)),
        steps=frozenset(data["steps"]),
        outcomes=tuple(_outcome(item) for item in used_items(source, "outcomes", shared.outcomes, problems)),
        milestones=tuple(_milestone(item) for item in data.get("milestones", ())),
        clocks=tuple(_clock(item, limits.get((data["name"], item["name"]), ())) for item in data.get("clocks", ())),
        evidence=_evidence(data.get("evidence", {})),
        separation=Separation(**data.get("separation", {})),
        measure=data["measure"],
        usual_measures=tuple(as_label(text) for text in data.get("usual_measures", ())),
        usual_texts=tuple(as_label(text) for text in data.get("usual_texts", ())),
        summary_field=data.get("summary_field", "problem"),
        pause_reasons=tuple(choice_of(item) for item in data.get("pause_reasons", ())),
        ascii_prefix=data.get("ascii_prefix", ""),
        quantities=tuple(data.get("quantities", ())),
        groups=tuple(data.get("groups", ())),
        converts=build_succession(data.get("converts")),
        subject_states=build_subject_states(data.get("subject_states")),
    )
    problems.extend(_check(source, register, shared))
    return register


def _evidence(data: Mapping[str, Any]) -> EvidenceRule:
    return EvidenceRule(**{**data, "taken": taken_of(data)})


def _outcome(item: Mapping[str, Any]) -> Outcome:
    return Outcome(
        name=item["name"],
        label=item["label"],
        leaves_denominator=item.get("leaves_denominator", False),
        needs=tuple(item.get("needs", ())),
        successor=build_succession(item.get("successor")),
    )


def _milestone(item: Mapping[str, Any]) -> Milestone:
    return Milestone(
        name=item["name"],
        label=item["label"],
        field=item.get("field"),
        after=tuple(item.get("after", ())),
        values=tuple(item.get("values", ())),
        is_start=item.get("start", False),
        follows_step=item.get("follows_step"),
    )


def _clock(item: Mapping[str, Any], limits: tuple[Limit, ...]) -> Clock:
    return Clock(
        name=item["name"],
        label=item["label"],
        start=item["start"],
        stop=item["stop"],
        limits=limits,
        is_main=item.get("main", False),
        waived_by=tuple(item.get("waived_by", ())),
    )


def _check(source: Source, register: Register, shared: Shared) -> Iterator[Problem]:
    problems: list[Problem] = []
    for part, names in _names(register).items():
        refuse_twins(source, (part,), names, problems)
    yield from problems
    yield from check_fields(source, register, shared.columns)
    yield from _check_parts(source, register)
    yield from _check_milestones(source, register)
    yield from _check_clocks(source, register)


def _names(register: Register) -> dict[str, list[str]]:
    return {
        "outcomes": [outcome.name for outcome in register.outcomes],
        "milestones": [milestone.name for milestone in register.milestones],
        "clocks": [clock.name for clock in register.clocks],
        "pause_reasons": [reason.name for reason in register.pause_reasons],
    }


def _check_parts(source: Source, register: Register) -> Iterator[Problem]:
    for name, kind in _HEAD.items():
        field = register.by_name.get(name)
        if field is None or field.type is not kind:
            yield source.problem(
                ("fields",), f"no field {name} of type {kind.value}", "every register of tickets has it"
            )
    unknown = register.steps - SWITCHES
    if unknown:
        mend = f"use of {', '.join(sorted(SWITCHES))}"
        yield source.problem(("steps",), f"unknown step {', '.join(sorted(unknown))}", mend)
    yield from unknown_names(source, ("summary_field",), (register.summary_field,), register.by_name, "field")
    for outcome in register.outcomes:
        path = path_of(source, ("outcomes",), outcome.name)
        yield from unknown_names(source, path, outcome.needs, register.milestone_by_name, "milestone")


def _check_milestones(source: Source, register: Register) -> Iterator[Problem]:
    for n, milestone in enumerate(register.milestones):
        path: KeyPath = ("milestones", n)
        yield from unknown_names(source, path, milestone.after, register.milestone_by_name, "milestone")
        yield from unknown_names(source, path, milestone.values, register.by_name, "field")
        if milestone.field:
            yield from unknown_names(source, path, (milestone.field,), register.by_name, "field")
            field = register.by_name.get(milestone.field)
            if field and field.type is not FieldType.DATE:
                yield source.problem(path, f"{field.name} is not a date", "a milestone's field is a date")
        if milestone.follows_step:
            yield from unknown_names(source, path, (milestone.follows_step,), STEP_BY_NAME, "step")


def _check_clocks(source: Source, register: Register) -> Iterator[Problem]:
    edges = _EVENTS | register.milestone_by_name.keys()
    if sum(clock.is_main for clock in register.clocks) > 1:
        yield source.problem(("clocks",), "two main clocks", "a ticket has one due day: leave one `main`")
    for n, clock in enumerate(register.clocks):
        path: KeyPath = ("clocks", n)
        yield from unknown_names(source, path, (clock.start, clock.stop), edges, "step or milestone")
        for name in clock.waived_by:
            if not is_flag(register, name):
                yield source.problem(path, f"waived_by {name} is not a yes_no field", "name a yes_no field")
        if not clock.limits:
            yield source.problem(path, f"clock {clock.name} has no rule", "add a dated row to deadlines.yaml")
