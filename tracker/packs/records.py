"""Builds registers of records that are not tickets (activities, subjects, statistics) from `registers/*.yaml`.

What one register says of itself is checked while it is built; what it says of others (`gives`, links, checklist)
when all of them are known.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from tracker.domain.proofs import Proof
from tracker.domain.records import RecordKind, RecordRegister, State
from tracker.domain.registers import NUMBER_TYPES, FieldType, Register, as_label
from tracker.packs.fields import (
    Shared,
    check_fields,
    field_of,
    is_flag,
    path_of,
    refuse_twins,
    taken_of,
    unknown_names,
    used_items,
)
from tracker.packs.opening import build_opening
from tracker.packs.problems import Problem
from tracker.packs.source import KeyPath, Source

_TICKETS = "register"
_KEY_TYPES = frozenset({FieldType.SELECT_ONE, FieldType.UNIT, FieldType.INTEGER})


def keeps_tickets(source: Source) -> bool:
    """Whether this file of `registers/` declares tickets, which it need not say."""
    return part_of(source) == _TICKETS


def part_of(source: Source) -> str:
    """The definition of the schema that this file of `registers/` must fit; an unknown kind fits none."""
    kind = source.data.get("kind") if isinstance(source.data, dict) else None
    return kind if kind in set(RecordKind) else _TICKETS


def build_record_register(source: Source, shared: Shared, version: str, problems: list[Problem]) -> RecordRegister:
    """One register, without predicates: the figures bring those. Mistakes are added to `problems`."""
    data = source.data
    register = RecordRegister(
        name=data["name"],
        label=data["label"],
        kind=RecordKind(data["kind"]),
        prefix=data["prefix"],
        ascii_prefix=data["ascii_prefix"],
        version=version,
        fields=tuple(field_of(item) for item in used_items(source, "fields", shared.fields, problems)),
        measure=data["measure"],
        day_field=data["day"],
        unit_field=data["unit"],
        summary_field=data["summary"],
        quantities=tuple(data.get("quantities", ())),
        groups=tuple(data.get("groups", ())),
        gives=tuple(data.get("gives", ())),
        states=tuple(_state(item) for item in data.get("states", ())),
        nil_field=data.get("nil"),
        checklist=data.get("checklist"),
        key_fields=tuple(data.get("key", ())),
        value_field=data.get("value"),
        stage_field=data.get("stages"),
        wholes=data.get("wholes", {}),
        usual_texts=tuple(as_label(text) for text in data.get("usual_texts", ())),
        proof=proof_of(data.get("evidence", {})),
        opens=build_opening(data.get("opens")),
    )
    problems.extend(check_fields(source, register, shared.columns))
    problems.extend(_check_named_fields(source, register))
    problems.extend(_check_states(source, register))
    return register


def check_record_register(
    source: Source, register: RecordRegister, tickets: Mapping[str, Register], checklists: Collection[str]
) -> Iterator[Problem]:
    """What a register says of others: the tickets that it gives rise to, and its checklist."""
    yield from unknown_names(source, ("gives",), register.gives, tickets, "register of tickets")
    named = (register.checklist,) if register.checklist else ()
    yield from unknown_names(source, ("checklist",), named, checklists, "checklist")
    if register.checklist and set(register.proof.needed().items()) - {("photos", 1)}:
        yield source.problem(("evidence",), "an inspection has room for one photograph", "ask for `photos: 1`, or none")
    if register.checklist and register.proof.taken:
        mend = "give it a field `location`; the register that it opens tickets in may ask `taken`"
        yield source.problem(("evidence",), "an inspection does not ask pictures when and where", mend)


def proof_of(data: Mapping[str, Any]) -> Proof:
    return Proof(**{**data, "taken": taken_of(data)})


def _state(item: Mapping[str, Any]) -> State:
    return State(
        name=item["name"],
        label=item["label"],
        is_end=item.get("is_end", False),
        follows=tuple(item.get("from", ())),
        needs=tuple(item.get("needs", ())),
        proof=proof_of(item.get("evidence", {})),
    )


def _check_named_fields(source: Source, register: RecordRegister) -> Iterator[Problem]:
    """The fields that the head of the file names are there and of the right type."""
    yield from _named(source, register, "day", register.day_field, {FieldType.DATE}, "a date field")
    yield from _named(source, register, "unit", register.unit_field, {FieldType.UNIT}, "a unit field")
    yield from unknown_names(source, ("summary",), (register.summary_field,), register.by_name, "field")
    for word, name in (("day", register.day_field), ("unit", register.unit_field)):
        field = register.by_name.get(name)
        if field is not None and not field.is_required:
            yield source.problem((word,), f"{name} is not required", "records without it could not be counted")
    if register.nil_field and not is_flag(register, register.nil_field):
        yield source.problem(("nil",), f"{register.nil_field} is not a yes_no field", "name a yes_no field")
    if register.kind is RecordKind.STATISTIC:
        yield from _check_statistic(source, register)


def _check_statistic(source: Source, register: RecordRegister) -> Iterator[Problem]:
    one_choice = {FieldType.SELECT_ONE}
    for name in register.key_fields:
        yield from _named(source, register, "key", name, _KEY_TYPES, "a select_one, unit or integer field")
    yield from _named(source, register, "value", register.value_field or "", NUMBER_TYPES, "a number field")
    yield from _named(source, register, "stages", register.stage_field or "", one_choice, "a select_one field")
    if register.unit_field not in register.key_fields:
        yield source.problem(("key",), f"the key lacks {register.unit_field}", "values of two units would be one")
    yield from _check_wholes(source, register)


def _check_wholes(source: Source, register: RecordRegister) -> Iterator[Problem]:
    for name, choice in register.wholes.items():
        field = register.by_name.get(name)
        if name not in register.key_fields or field is None or choice not in field.choice_names:
            mend = "name a field of the key and the choice that contains its others"
            yield source.problem(("wholes", name), f"{name} has no choice {choice} in the key", mend)


def _named(
    source: Source, register: RecordRegister, word: str, name: str, types: Collection[FieldType], noun: str
) -> Iterator[Problem]:
    yield from unknown_names(source, (word,), (name,), register.by_name, "field")
    field = register.by_name.get(name)
    if field is not None and (field.type not in types or field.is_private):
        yield source.problem((word,), f"{name} cannot be the {word}", f"name {noun} that is open")


def _check_states(source: Source, register: RecordRegister) -> Iterator[Problem]:
    problems: list[Problem] = []
    refuse_twins(source, ("states",), [state.name for state in register.states], problems)
    yield from problems
    for state in register.states:
        path: KeyPath = path_of(source, ("states",), state.name)
        yield from unknown_names(source, path, state.follows, register.state_by_name, "state")
        yield from unknown_names(source, path, state.needs, register.by_name, "field")
    if register.states and all(state.is_end for state in register.states):
        yield source.problem(("states",), "every state is an end", "a subject must begin somewhere: leave one open")
