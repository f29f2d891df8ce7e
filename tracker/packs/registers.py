"""Builds registers from `registers/*.yaml`: fields, outcomes, milestones, clocks, and what must hold between them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tracker.domain.lifecycle import STEP_BY_NAME, STEPS, SWITCHES
from tracker.domain.registers import (
    NAMED_PATTERNS,
    Choice,
    Clock,
    EvidenceRule,
    Field,
    FieldType,
    Limit,
    Milestone,
    Outcome,
    Privacy,
    Register,
    Separation,
)
from tracker.packs.problems import Problem
from tracker.packs.source import KeyPath, Source

_SELECTS = frozenset({FieldType.SELECT_ONE, FieldType.SELECT_MULTIPLE})
_NUMBERS = frozenset({FieldType.INTEGER, FieldType.DECIMAL})
_EVENTS = frozenset(step.event for step in STEPS) | {"registered"}

LimitsByClock = Mapping[tuple[str, str], tuple[Limit, ...]]


@dataclass(frozen=True, slots=True)
class Shared:
    """What the registers of a pack share: fields and outcomes to `use`, and columns of imported workbooks
    that are recorded by steps (owner, due day, closing day), not by the registration form."""

    fields: Mapping[str, Mapping[str, Any]]
    outcomes: Mapping[str, Mapping[str, Any]]
    columns: tuple[Field, ...]


NOTHING_SHARED = Shared({}, {}, ())


def build_shared(source: Source, problems: list[Problem]) -> Shared:
    """The parts of `_common.yaml`."""
    for part in ("fields", "outcomes", "columns"):
        _refuse_twins(source, (part,), [item["name"] for item in source.data.get(part, ())], problems)
    columns = tuple(_field(item) for item in source.data.get("columns", ()))
    return Shared(
        fields={item["name"]: item for item in source.data["fields"]},
        outcomes={item["name"]: item for item in source.data["outcomes"]},
        columns=columns,
    )


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
        fields=tuple(_field(item) for item in _used(source, "fields", shared.fields, problems)),
        steps=frozenset(data["steps"]),
        outcomes=tuple(_outcome(item) for item in _used(source, "outcomes", shared.outcomes, problems)),
        milestones=tuple(_milestone(item) for item in data.get("milestones", ())),
        clocks=tuple(_clock(item, limits.get((data["name"], item["name"]), ())) for item in data.get("clocks", ())),
        evidence=EvidenceRule(**data.get("evidence", {})),
        separation=Separation(**data.get("separation", {})),
        measure=data["measure"],
        usual_measures=tuple(data.get("usual_measures", ())),
        usual_texts=tuple(data.get("usual_texts", ())),
        summary_field=data.get("summary_field", "problem"),
        pause_reasons=tuple(_choice(item) for item in data.get("pause_reasons", ())),
        ascii_prefix=data.get("ascii_prefix", ""),
        quantities=tuple(data.get("quantities", ())),
        groups=tuple(data.get("groups", ())),
    )
    problems.extend(_check(source, register, shared))
    return register


def _used(
    source: Source, part: str, shared: Mapping[str, Mapping[str, Any]], problems: list[Problem]
) -> Iterator[Mapping[str, Any]]:
    """The items of a list, with each `use` replaced by the shared item and what the register changes in it."""
    for n, item in enumerate(source.data[part]):
        if "use" not in item:
            yield item
            continue
        changes = {key: value for key, value in item.items() if key != "use"}
        for name in item["use"] if isinstance(item["use"], list) else [item["use"]]:
            if name in shared:
                yield {**shared[name], **changes}
            else:
                mend = f"use one of {', '.join(sorted(shared))}, or `include` the file that has it"
                problems.append(source.problem((part, n), f"nothing shared is called {name}", mend))


def _field(item: Mapping[str, Any]) -> Field:
    return Field(
        name=item["name"],
        type=FieldType(item["type"]),
        label=item["label"],
        hint=item.get("hint"),
        is_required=item.get("required", False),
        required_unless=item.get("required_unless"),
        is_listed=item.get("listed", False),
        privacy=Privacy(item.get("privacy", "open")),
        choices=tuple(_choice(choice) for choice in item.get("choices", ())),
        # The label itself is the first heading: most workbooks use it.
        headings=tuple(dict.fromkeys([item["label"]["zh-Hans"], *item.get("headings", ())])),
        minimum=item.get("minimum"),
        maximum=item.get("maximum"),
        min_length=item.get("min_length", 0),
        max_length=item.get("max_length", 500),
        pattern=item.get("pattern"),
        is_unique=item.get("unique", False),
        register=item.get("register"),
        imported=item.get("imported"),
    )


def _choice(item: Mapping[str, Any]) -> Choice:
    return Choice(item["name"], item["label"], item.get("retired", False), tuple(item.get("synonyms", ())))


def _outcome(item: Mapping[str, Any]) -> Outcome:
    return Outcome(
        name=item["name"],
        label=item["label"],
        leaves_denominator=item.get("leaves_denominator", False),
        needs=tuple(item.get("needs", ())),
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
        _refuse_twins(source, (part,), names, problems)
    yield from problems
    yield from _check_fields(source, register)
    yield from _check_headings(source, register, shared.columns)
    yield from _check_parts(source, register)
    yield from _check_milestones(source, register)
    yield from _check_clocks(source, register)


def _names(register: Register) -> dict[str, list[str]]:
    return {
        "fields": [field.name for field in register.fields],
        "outcomes": [outcome.name for outcome in register.outcomes],
        "milestones": [milestone.name for milestone in register.milestones],
        "clocks": [clock.name for clock in register.clocks],
        "pause_reasons": [reason.name for reason in register.pause_reasons],
    }


def _refuse_twins(source: Source, path: KeyPath, names: Sequence[str], problems: list[Problem]) -> None:
    for name in sorted({name for name in names if names.count(name) > 1}):
        what = f"{name} stands twice in {path[-1]}"
        problems.append(source.problem(path_of(source, path, name), what, "rename or remove one"))


def path_of(source: Source, path: KeyPath, name: str) -> KeyPath:
    """The path of the last item of a list that carries or uses this name, for the line of a problem."""
    items: Any = source.data
    for key in path:
        items = items.get(key, ()) if isinstance(items, Mapping) else items[key]
    found = [n for n, item in enumerate(items) if name in (item.get("name"), item.get("use"))]
    return (*path, found[-1]) if found else path


def _check_fields(source: Source, register: Register) -> Iterator[Problem]:
    for field in register.fields:
        path = path_of(source, ("fields",), field.name)
        names = [choice.name for choice in field.choices]
        if (field.type in _SELECTS) is not bool(names):
            yield source.problem(path, f"{field.name}: choices belong to select fields", "add or remove `choices`")
        if (field.type is FieldType.RECORD) is not bool(field.register):
            mend = "name its `register`, or remove it"
            yield source.problem(path, f"{field.name}: a record field, and no other, points into a register", mend)
        if len(names) > len(set(names)):
            yield source.problem(path, f"{field.name}: a choice stands twice", "rename or remove one")
        if field.imported and (field.type is not FieldType.SELECT_ONE or field.imported not in names):
            yield source.problem(path, f"{field.name} has no choice {field.imported}", "let `imported` name a choice")
        if field.required_unless and not _is_flag(register, field.required_unless):
            yield source.problem(path, f"{field.name}: required_unless needs a yes_no field", "name one")
        if field.pattern and field.pattern not in NAMED_PATTERNS and not _compiles(field.pattern):
            yield source.problem(path, f"{field.name}: pattern is not a regular expression", "correct it")


def _check_headings(source: Source, register: Register, columns: Iterable[Field]) -> Iterator[Problem]:
    owners: dict[str, str] = {}
    for field in (*columns, *register.fields):
        for heading in field.headings:
            other = owners.setdefault(heading, field.name)
            if other != field.name:
                what = f"heading {heading} belongs to {other} and to {field.name}"
                mend = "an importer could not choose: give it to one"
                yield source.problem(path_of(source, ("fields",), field.name), what, mend)


def _check_parts(source: Source, register: Register) -> Iterator[Problem]:
    unknown = register.steps - SWITCHES
    if unknown:
        mend = f"use of {', '.join(sorted(SWITCHES))}"
        yield source.problem(("steps",), f"unknown step {', '.join(sorted(unknown))}", mend)
    yield from _unknown(source, ("summary_field",), (register.summary_field,), register.by_name, "field")
    yield from _check_counted(source, register)
    for outcome in register.outcomes:
        path = path_of(source, ("outcomes",), outcome.name)
        yield from _unknown(source, path, outcome.needs, register.milestone_by_name, "milestone")


def _check_counted(source: Source, register: Register) -> Iterator[Problem]:
    """What figures add up are open numbers, what they group by are links."""
    yield from _unknown(source, ("quantities",), register.quantities, register.by_name, "field")
    yield from _unknown(source, ("groups",), register.groups, register.by_name, "field")
    for name in register.quantities:
        field = register.by_name.get(name)
        if field and (field.type not in _NUMBERS or field.is_private):
            yield source.problem(("quantities",), f"{name} is not an open number", "name an integer or decimal field")
    for name in register.groups:
        field = register.by_name.get(name)
        if field and field.type is not FieldType.RECORD:
            yield source.problem(("groups",), f"{name} is not a record field", "name one that points into a register")


def _check_milestones(source: Source, register: Register) -> Iterator[Problem]:
    for n, milestone in enumerate(register.milestones):
        path: KeyPath = ("milestones", n)
        yield from _unknown(source, path, milestone.after, register.milestone_by_name, "milestone")
        yield from _unknown(source, path, milestone.values, register.by_name, "field")
        if milestone.field:
            yield from _unknown(source, path, (milestone.field,), register.by_name, "field")
            field = register.by_name.get(milestone.field)
            if field and field.type is not FieldType.DATE:
                yield source.problem(path, f"{field.name} is not a date", "a milestone's field is a date")
        if milestone.follows_step:
            yield from _unknown(source, path, (milestone.follows_step,), STEP_BY_NAME, "step")


def _check_clocks(source: Source, register: Register) -> Iterator[Problem]:
    edges = _EVENTS | register.milestone_by_name.keys()
    if sum(clock.is_main for clock in register.clocks) > 1:
        yield source.problem(("clocks",), "two main clocks", "a ticket has one due day: leave one `main`")
    for n, clock in enumerate(register.clocks):
        path: KeyPath = ("clocks", n)
        yield from _unknown(source, path, (clock.start, clock.stop), dict.fromkeys(edges), "step or milestone")
        for name in clock.waived_by:
            if not _is_flag(register, name):
                yield source.problem(path, f"waived_by {name} is not a yes_no field", "name a yes_no field")
        if not clock.limits:
            yield source.problem(path, f"clock {clock.name} has no rule", "add a dated row to deadlines.yaml")


def _unknown(
    source: Source, path: KeyPath, names: Iterable[str], known: Mapping[str, Any], noun: str
) -> Iterator[Problem]:
    for name in names:
        if name not in known:
            yield source.problem(path, f"unknown {noun} {name}", f"use one of {', '.join(sorted(known))}")


def _is_flag(register: Register, name: str) -> bool:
    field = register.by_name.get(name)
    return field is not None and field.type is FieldType.YES_NO


def _compiles(pattern: str) -> bool:
    try:
        re.compile(pattern)
    except re.error:
        return False
    return True
