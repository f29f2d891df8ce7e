"""Builds the fields of a register, whatever its records are, from YAML; finds what must not hold between them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tracker.domain.kinds import Part
from tracker.domain.records import SELF, RecordRegister
from tracker.domain.registers import NAMED_PATTERNS, NUMBER_TYPES, Choice, Field, FieldType, Privacy, Register
from tracker.packs.problems import Problem
from tracker.packs.source import KeyPath, Source

_SELECTS = frozenset({FieldType.SELECT_ONE, FieldType.SELECT_MULTIPLE})

AnyRegister = Register | RecordRegister


@dataclass(frozen=True, slots=True)
class Shared:
    """What registers of a pack share: fields and outcomes to `use`, and columns of imported workbooks
    that are recorded by steps (owner, due day, closing day), not by the registration form."""

    fields: Mapping[str, Mapping[str, Any]]
    outcomes: Mapping[str, Mapping[str, Any]]
    columns: tuple[Field, ...]


NOTHING_SHARED = Shared({}, {}, ())


def build_shared(source: Source, problems: list[Problem]) -> Shared:
    """The parts of `_common.yaml`, `_records.yaml` and the like."""
    for part in ("fields", "outcomes", "columns"):
        refuse_twins(source, (part,), [item["name"] for item in source.data.get(part, ())], problems)
    columns = tuple(field_of(item) for item in source.data.get("columns", ()))
    return Shared(
        fields={item["name"]: item for item in source.data["fields"]},
        outcomes={item["name"]: item for item in source.data.get("outcomes", ())},
        columns=columns,
    )


def used_items(
    source: Source, part: str, shared: Mapping[str, Mapping[str, Any]], problems: list[Problem]
) -> Iterator[Mapping[str, Any]]:
    """The items of a list, with each `use` replaced by the shared item and what the register changes in it."""
    for n, item in enumerate(source.data[part]):
        if "use" not in item:
            yield item
            continue
        changes = {key: value for key, value in item.items() if key != "use"}
        for name in _list(item["use"]):
            if name in shared:
                yield {**shared[name], **changes}
            else:
                mend = f"use one of {', '.join(sorted(shared))}, or `include` the file that has it"
                problems.append(source.problem((part, n), f"nothing shared is called {name}", mend))


def field_of(item: Mapping[str, Any]) -> Field:
    """One field, as its register writes it or takes it from what is shared."""
    return Field(
        name=item["name"],
        type=FieldType(item["type"]),
        label=item["label"],
        hint=item.get("hint"),
        is_required=item.get("required", False),
        required_unless=item.get("required_unless"),
        is_listed=item.get("listed", False),
        privacy=Privacy(item.get("privacy", "open")),
        choices=tuple(choice_of(choice) for choice in item.get("choices", ())),
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
        contains=item.get("contains"),
        not_before=(item["not_before"]["field"], item["not_before"]["days"]) if "not_before" in item else None,
        settles=tuple(item.get("settles", ())),
    )


def choice_of(item: Mapping[str, Any]) -> Choice:
    """One choice of a select field, a reason or the like."""
    return Choice(item["name"], item["label"], item.get("retired", False), tuple(item.get("synonyms", ())))


def taken_of(data: Mapping[str, Any]) -> frozenset[Part]:
    """What an `evidence` block asks pictures to say of themselves."""
    return frozenset(map(Part, data.get("taken", ())))


def refuse_twins(source: Source, path: KeyPath, names: Sequence[str], problems: list[Problem]) -> None:
    """Adds a problem for every name that a list of the file has twice."""
    for name in sorted({name for name in names if names.count(name) > 1}):
        what = f"{name} stands twice in {path[-1]}"
        problems.append(source.problem(path_of(source, path, name), what, "rename or remove one"))


def path_of(source: Source, path: KeyPath, name: str) -> KeyPath:
    """The path of the last item of a list that carries or uses this name, for the line of a problem."""
    items: Any = source.data
    for key in path:
        items = items.get(key, ()) if isinstance(items, Mapping) else items[key]
    found = [n for n, item in enumerate(items) if name == item.get("name") or name in _list(item.get("use"))]
    return (*path, found[-1]) if found else path


def _list(names: str | list[str] | None) -> list[str]:
    return names if isinstance(names, list) else [names] if names else []


def check_fields(source: Source, register: AnyRegister, columns: Iterable[Field]) -> Iterator[Problem]:
    """What must hold of the fields of a register, whatever it keeps; `columns` of workbooks share their headings."""
    problems: list[Problem] = []
    refuse_twins(source, ("fields",), [field.name for field in register.fields], problems)
    yield from problems
    yield from _check_each(source, register)
    yield from _check_headings(source, register, columns)
    yield from _check_counted(source, register)


def _check_each(source: Source, register: AnyRegister) -> Iterator[Problem]:
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
        if field.required_unless and not is_flag(register, field.required_unless):
            yield source.problem(path, f"{field.name}: required_unless needs a yes_no field", "name one")
        yield from _check_bound(source, path, register, field)
        if field.pattern and field.pattern not in NAMED_PATTERNS and not _compiles(field.pattern):
            yield source.problem(path, f"{field.name}: pattern is not a regular expression", "correct it")


def _check_bound(source: Source, path: KeyPath, register: AnyRegister, field: Field) -> Iterator[Problem]:
    """What depends on another field is asked of records; tickets have their milestones and clocks."""
    other = register.by_name.get(field.contains or "")
    has_same = other is not None and other.type is FieldType.SELECT_ONE and other.choice_names <= field.choice_names
    if field.contains and not (field.type is FieldType.SELECT_MULTIPLE and has_same and not field.is_private):
        mend = "let `contains` of a select_multiple field name a select_one field with the same choices"
        yield source.problem(path, f"{field.name} cannot contain {field.contains}", mend)
    first = register.by_name.get(field.not_before[0]) if field.not_before else None
    is_day = first is not None and {first.type, field.type} == {FieldType.DATE}
    if field.not_before and not is_day:
        yield source.problem(path, f"{field.name}: not_before compares two days", "name a date field")
    unknown = [name for name in field.settles if name not in register.by_name or name == field.name]
    if field.settles and (field.type is not FieldType.RECORD or unknown):
        mend = "let a record field settle other fields that this register has"
        yield source.problem(path, f"{field.name} cannot settle {', '.join(unknown or field.settles)}", mend)
    if (field.contains or field.not_before) and isinstance(register, Register):
        yield source.problem(path, f"{field.name}: tickets have no fields that depend on another", "remove it")


def _check_headings(source: Source, register: AnyRegister, columns: Iterable[Field]) -> Iterator[Problem]:
    owners: dict[str, str] = {}
    for field in (*columns, *register.fields):
        for heading in field.headings:
            other = owners.setdefault(heading, field.name)
            if other != field.name:
                what = f"heading {heading} belongs to {other} and to {field.name}"
                mend = "an importer could not choose: give it to one"
                yield source.problem(path_of(source, ("fields",), field.name), what, mend)


def _check_counted(source: Source, register: AnyRegister) -> Iterator[Problem]:
    """What figures add up are open numbers, what they group by are links."""
    yield from unknown_names(source, ("quantities",), register.quantities, register.by_name, "field")
    yield from unknown_names(source, ("groups",), register.groups, (*register.by_name, SELF), "field")
    for name in register.quantities:
        field = register.by_name.get(name)
        if field and (field.type not in NUMBER_TYPES or field.is_private):
            yield source.problem(("quantities",), f"{name} is not an open number", "name an integer or decimal field")
    for name in register.groups:
        field = register.by_name.get(name)
        if field and field.type is not FieldType.RECORD:
            yield source.problem(("groups",), f"{name} is not a record field", "name one that points into a register")


def unknown_names(
    source: Source, path: KeyPath, names: Iterable[str], known: Collection[str], noun: str
) -> Iterator[Problem]:
    """A problem for each name that is not among those known; `noun` says what it should name."""
    for name in names:
        if name not in known:
            yield source.problem(path, f"unknown {noun} {name}", f"use one of {', '.join(sorted(known))}")


def is_flag(register: AnyRegister, name: str) -> bool:
    """Whether this is a yes_no field of the register."""
    field = register.by_name.get(name)
    return field is not None and field.type is FieldType.YES_NO


def _compiles(pattern: str) -> bool:
    try:
        re.compile(pattern)
    except re.error:
        return False
    return True
