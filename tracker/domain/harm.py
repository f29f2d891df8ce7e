"""What a change of a register would do to its records: what they use cannot disappear or become something else.

A choice in use is retired, any other part in use stays; kind and prefix are fixed with the first record. Where the
register as it was cannot be read any more, records are held against the register as it would be (`Unread`).
Source: design.md "Registers as data".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tracker.domain.checklists import Checklist
from tracker.domain.defining import AnyRegister
from tracker.domain.lifecycle import STEPS, Status, Step
from tracker.domain.records import RecordRegister
from tracker.domain.refusals import Refusal
from tracker.domain.registers import Choice, Field, FieldType, Label, Register


# -- what records use ---------------------------------------------------------------------------------
@dataclass
class Use:
    """What the records of a register say anywhere in their histories, and how many of them say it.

    `is_whole` is false when there were too many to look at: then everything counts as used by all.
    `counts`: any name, or name and value, → records; `hidden`: names with values in the vault.
    """

    records: int = 0
    is_whole: bool = True
    counts: Counter[tuple[str, str | None]] = field(default_factory=Counter)
    hidden: Counter[str] = field(default_factory=Counter)

    def add(self, history: Iterable[Any]) -> None:
        """The data of all events of one record, all the way down."""
        seen = _Seen()
        for data in history:
            seen.look(data)
        self.counts.update(seen.names)
        self.hidden.update(seen.hidden)

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
            self.look(value)


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


# -- records against a register -----------------------------------------------------------------------
_SAID = ("fields", "changes", "values")
"""Under these words events keep what a record says in its fields."""


@dataclass
class Unread:
    """What records say and a register does not know, or knows as something else, and how many of them say it.

    Asked where nothing says what the register was before: a new version of a pack, a definition that did not fit.
    """

    register: AnyRegister
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, history: Iterable[Mapping[str, Any]]) -> None:
        """The data of all events of one record."""
        self.counts.update({part for data in history for part in self._parts(data)})

    def refusals(self) -> Iterator[Refusal]:
        for (word, name), count in sorted(self.counts.items()):
            known = self.register.by_name.get(name) if word == "field" else None
            label = known.label if known else {"zh-Hans": name}
            yield Refusal("records_unreadable", register=self.register.label, name=label, count=count)

    def _parts(self, data: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        reached = data.get("milestones") or {}
        for values in (*(data.get(word) for word in _SAID), *(m.get("values") for m in reached.values())):
            yield from (("field", name) for name, value in (values or {}).items() if not self._knows(name, value))
        yield from (("field", name) for name in data.get("private") or () if not self._may_hide(name))
        for word, names in self._names().items():
            if (said := data.get(word)) and said not in names:
                yield word, str(said)

    def _knows(self, name: str, value: Any) -> bool:
        known = self.register.by_name.get(name)
        return value in (None, "", []) or (known is not None and _FITS[known.type](value, known))

    def _may_hide(self, name: str) -> bool:
        """A restricted ticket keeps every text in the vault; further names there belong to no field."""
        known = self.register.by_name.get(name)
        return known is None or known.is_private or known.type is FieldType.TEXT

    def _names(self) -> Mapping[str, Collection[str]]:
        if isinstance(self.register, RecordRegister):
            return {"state": self.register.state_by_name}
        return {"outcome": self.register.outcome_by_name}


def _is_text(value: Any, known: Field) -> bool:
    return isinstance(value, str)


def _is_number(value: Any, known: Field) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_choice(value: Any, known: Field) -> bool:
    return isinstance(value, str) and value in known.choice_names


def _are_choices(value: Any, known: Field) -> bool:
    return isinstance(value, list) and known.choice_names >= set(value)


def _is_day(value: Any, known: Field) -> bool:
    return isinstance(value, str) and value.count("-") == 2


_FITS: Mapping[FieldType, Callable[[Any, Field], bool]] = {
    FieldType.TEXT: _is_text,
    FieldType.INTEGER: _is_number,
    FieldType.DECIMAL: _is_text,
    FieldType.DATE: _is_day,
    FieldType.TIME: _is_text,
    FieldType.SELECT_ONE: _is_choice,
    FieldType.SELECT_MULTIPLE: _are_choices,
    FieldType.YES_NO: lambda value, known: isinstance(value, bool),
    FieldType.UNIT: _is_number,
    FieldType.PERSON: _is_number,
    FieldType.GEOPOINT: lambda value, known: isinstance(value, str | list),
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
