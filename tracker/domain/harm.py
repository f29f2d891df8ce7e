"""What a change of a register would do to its records: what they use cannot disappear or become something else.

A choice in use is retired, any other part in use stays; kind and prefix are fixed with the first record. Where the
register as it was cannot be read any more, records are held against the register as it would be (`unreadable`).
Source: design.md "Registers as data".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tracker.domain.checklists import Checklist
from tracker.domain.defining import AnyRegister
from tracker.domain.lifecycle import STEPS, Status, Step
from tracker.domain.records import RecordRegister
from tracker.domain.refusals import Refusal
from tracker.domain.registers import Choice, Field, FieldType, Label, Register

# -- what records use ---------------------------------------------------------------------------------
_SAID = frozenset({"fields", "changes", "values"})
"""Under these words events keep what a record says in its fields."""
Value = str | int | bool | None | tuple[Any, ...]


@dataclass
class Use:
    """What the records of a register say anywhere in their histories, and how many of them say it.

    `is_whole` is false when there were too many to look at: then everything counts as used by all.
    `told`: field → value → records; `counts`: any name, or name and value, → records; `hidden`: names with values in
    the vault.
    """

    records: int = 0
    is_whole: bool = True
    counts: Counter[tuple[str, str | None]] = field(default_factory=Counter)
    hidden: Counter[str] = field(default_factory=Counter)
    told: dict[str, Counter[Value]] = field(default_factory=dict)

    def add(self, history: Iterable[Any]) -> None:
        """The data of all events of one record, all the way down."""
        seen = _Seen()
        for data in history:
            seen.look(data)
        self.counts.update(seen.names)
        self.hidden.update(seen.hidden)
        for name, value in seen.told:
            self.told.setdefault(name, Counter())[value] += 1

    def count(self, name: str) -> int:
        """Records that say something under this name."""
        return self.counts[name, None] if self.is_whole else self.records

    def count_value(self, name: str, value: str) -> int:
        """Records that say this value there; values in the vault may be any."""
        return (self.counts[name, value] or self.hidden[name]) if self.is_whole else self.records


@dataclass
class _Seen:
    """What one record says; each counts once."""

    names: set[tuple[str, str | None]] = field(default_factory=set)
    hidden: set[str] = field(default_factory=set)
    told: set[tuple[str, Value]] = field(default_factory=set)

    def look(self, data: Any) -> None:
        if not isinstance(data, Mapping):
            for inner in data if isinstance(data, list | tuple) else ():
                self.look(inner)
            return
        for name, value in data.items():
            if value in (None, "", [], {}):
                continue
            self.names.add((name, None))  # of an object its names, of a list its items
            inside = value if isinstance(value, Mapping | list | tuple) else [value]
            self.names.update((name, str(one)) for one in inside)
            if name == "private" and isinstance(value, Mapping):
                self.hidden.update(value)
            if name in _SAID and isinstance(value, Mapping):
                self.told.update((told, _plain(one)) for told, one in value.items() if one not in (None, "", [], {}))
            self.look(value)


def _plain(value: Any) -> Value:
    return tuple(map(str, value)) if isinstance(value, list | tuple | Mapping) else value


# -- before and after ---------------------------------------------------------------------------------
def retired_choices(before: AnyRegister, after: AnyRegister, use: Use) -> dict[str, tuple[Choice, ...]]:
    """By field the choices that `after` lacks and records use: they stay, but can no longer be chosen."""
    lost: dict[str, tuple[Choice, ...]] = {}
    for old in before.fields:
        new = after.by_name.get(old.name)
        if new is None:
            continue
        gone = [c for c in old.choices if c.name not in new.choice_names and use.count_value(old.name, c.name)]
        if gone:
            lost[old.name] = tuple(gone)
    return lost


def harm(before: AnyRegister, after: AnyRegister, use: Use) -> Iterator[Refusal]:
    """What the change would do to records that are there."""
    if not use.records:
        return
    if _kind(before) != _kind(after):
        yield Refusal("register_kind_fixed", count=use.records)
        return
    if (before.prefix, before.ascii_prefix) != (after.prefix, after.ascii_prefix):
        yield Refusal("register_prefix_fixed", field="prefix", prefix=before.prefix, count=use.records)
    for old in before.fields:
        new, count = after.by_name.get(old.name), use.count(old.name)
        if new is None and count:
            yield Refusal("part_in_use", name=old.label, count=count)
        elif new is not None and count and _nature(old) != _nature(new):
            yield Refusal("part_fixed", name=old.label, count=count)
    kept = _parts(after)
    lost = {part: label for part, label in _parts(before).items() if part not in kept}
    for label in {id(label): label for label in lost.values()}.values():
        if count := max(use.count_value(*part) for part, one in lost.items() if one is label):
            yield Refusal("part_in_use", name=label, count=count)
    if _heads(before) != _heads(after):
        yield Refusal("heads_fixed", name=before.label, count=use.records)


def lost_items(before: Checklist, after: Checklist | None, use: Use) -> Iterator[Refusal]:
    """Items of a checklist that were answered stay: the answers know them by number."""
    kept = after.item_by_id if after else {}
    for item in before.items:
        if item.id not in kept and (count := use.count(str(item.id))):
            yield Refusal("part_in_use", name=item.label, count=count)


def stranded(before: Register, after: Register) -> dict[Status, Step]:
    """Where tickets could stand that nothing would lead on from any more, with the step that did."""
    awaited = {status: (_awaited(before, status), _awaited(after, status)) for status in Status}
    return {status: old for status, (old, new) in awaited.items() if old is not None and new is None}


def _awaited(register: Register, status: Status) -> Step | None:
    steps = (s for s in STEPS if not s.is_switched or s.name in register.steps)
    return next((s for s in steps if status in s.awaited_in), None)


# -- records against a register -------------------------------------------------------------------------
def unreadable(register: AnyRegister, use: Use) -> Iterator[Refusal]:
    """What records say and the register does not know, or knows as something else; each with their number.

    Asked where nothing says what the register was before: a new version of a pack, a definition that did not fit.
    """
    for name, values in use.told.items():
        known = register.by_name.get(name)
        if known is None:
            yield _unreadable(register, {"zh-Hans": name}, use.count(name))
        elif count := sum(n for value, n in values.items() if not _FITS[known.type](value, known)):
            yield _unreadable(register, known.label, min(count, use.records))
    for name, count in use.hidden.items():
        known = register.by_name.get(name)
        # A restricted ticket keeps every text in the vault. Further names there belong to no field.
        if known is not None and not known.is_private and known.type is not FieldType.TEXT:
            yield _unreadable(register, known.label, count)
    yield from _unknown_parts(register, use)


def _unknown_parts(register: AnyRegister, use: Use) -> Iterator[Refusal]:
    word = "state" if isinstance(register, RecordRegister) else "outcome"
    known = {name for said, name in _parts(register) if said == word}
    for (said, value), count in use.counts.items():
        if said == word and value is not None and value not in known:
            yield _unreadable(register, {"zh-Hans": value}, count)


def _unreadable(register: AnyRegister, name: Label, count: int) -> Refusal:
    return Refusal("records_unreadable", register=register.label, name=name, count=count)


def _is_text(value: Value, known: Field) -> bool:
    return isinstance(value, str)


def _is_number(value: Value, known: Field) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_choice(value: Value, known: Field) -> bool:
    return isinstance(value, str) and value in known.choice_names


_FITS: Mapping[FieldType, Callable[[Value, Field], bool]] = {
    FieldType.TEXT: _is_text,
    FieldType.INTEGER: _is_number,
    FieldType.DECIMAL: lambda value, known: isinstance(value, str) and value.lstrip("-").replace(".", "").isdigit(),
    FieldType.DATE: lambda value, known: isinstance(value, str) and value.count("-") == 2,
    FieldType.TIME: lambda value, known: isinstance(value, str) and ":" in value,
    FieldType.SELECT_ONE: _is_choice,
    FieldType.SELECT_MULTIPLE: lambda value, known: isinstance(value, tuple) and known.choice_names >= set(value),
    FieldType.YES_NO: lambda value, known: isinstance(value, bool),
    FieldType.UNIT: _is_number,
    FieldType.PERSON: _is_number,
    FieldType.GEOPOINT: lambda value, known: isinstance(value, str | tuple),
    FieldType.RECORD: _is_number,
}
"""What the log keeps of each type (`values.py`)."""


# -- what counts and what is shown ------------------------------------------------------------------------
def counts_alike(before: AnyRegister, after: AnyRegister) -> bool:
    """Whether the marks of records that are there stay what they are."""
    return _counted(before) == _counted(after)


def is_shown_alike(before: AnyRegister, after: AnyRegister) -> bool:
    """Whether the rows of lists stay what they are."""
    return _listed(before) == _listed(after)


def _kind(register: AnyRegister) -> str:
    return str(register.kind) if isinstance(register, RecordRegister) else "ticket"


def _nature(field: Field) -> tuple[Any, ...]:
    return field.type, field.is_private, field.register


def _parts(register: AnyRegister) -> dict[tuple[str, str], Label]:
    """(word under which records say it, name) → label."""
    if isinstance(register, RecordRegister):
        return {("state", s.name): s.label for s in register.states}
    parts = {("outcome", o.name): o.label for o in register.outcomes}
    # At registration they stand together, later one by one under `name`.
    words = ("name", "milestones")
    return parts | {(word, m.name): m.label for m in register.milestones for word in words}


def _heads(register: AnyRegister) -> tuple[Any, ...]:
    if isinstance(register, RecordRegister):
        return register.day_field, register.unit_field, register.key_fields, register.value_field, register.stage_field
    return ()


def _counted(register: AnyRegister) -> tuple[Any, ...]:
    shared = (register.predicates, register.quantities, register.groups)
    if isinstance(register, RecordRegister):
        states = tuple((s.name, s.is_end) for s in register.states)
        return (*shared, states, register.nil_field, tuple(c.name for c in register.stages))
    clocks = tuple((c.name, c.start, c.stop, c.is_main, c.waived_by) for c in register.clocks)
    outcomes = tuple((o.name, o.leaves_denominator) for o in register.outcomes)
    return (*shared, clocks, outcomes, tuple(m.name for m in register.milestones))


def _listed(register: AnyRegister) -> tuple[Any, ...]:
    summary = register.summary_field
    return summary, tuple(f.name for f in register.fields if f.is_listed and not f.is_private)
