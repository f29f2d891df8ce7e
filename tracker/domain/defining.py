"""Registers that an administrator makes or changes: what was defined, from when it holds, what a change may not harm.

A definition is a fact of the log: the files of a register as they stand from a day on. What records use cannot
disappear: a choice in use is retired, any other part in use stays; kind and prefix are fixed with the first record.
What the files say is read by the pack's loader (packs/); here is what must hold between before and after.
Source: design.md "Registers as data".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from tracker.domain.checklists import Checklist
from tracker.domain.events import Event, NewEvent
from tracker.domain.records import RecordRegister
from tracker.domain.refusals import Refusal
from tracker.domain.registers import Choice, Field, Register

AnyRegister = Register | RecordRegister

NAME = re.compile(r"[a-z][a-z0-9_]{0,47}\Z")
FOLDERS = ("registers", "checklists", "figures", "deadlines")
_PATH = re.compile(rf"({'|'.join(FOLDERS)})/([a-z][a-z0-9_]{{0,47}})\.yaml\Z")
MOST_FILES = 12
WITHDRAWN = "register_withdrawn"


@dataclass(frozen=True, slots=True)
class Definition:
    """A version of a register's files. `version` counts from 1; `position`, `actor_id`, `recorded_at`: of its event.

    `is_withdrawn`: the files hold no longer, for the `reason` given: a register of the pack is again what the pack
    says, and one that was made here is read by them and takes no more entries.
    """

    name: str
    version: int
    takes_effect_on: date
    files: Mapping[str, str]
    position: int = 0
    actor_id: int = 0
    recorded_at: datetime | None = None
    is_withdrawn: bool = False
    reason: str = ""

    @property
    def registers(self) -> tuple[str, ...]:
        """The registers whose files these are."""
        return tuple(name for folder, name in map(parts_of, self.files) if folder == "registers")


def parts_of(path: str) -> tuple[str, str]:
    """The folder and the name of a file; two empty texts where a definition may not bring such a file."""
    found = _PATH.match(path)
    return (found[1], found[2]) if found else ("", "")


def definitions_of(events: Iterable[Event]) -> tuple[Definition, ...]:
    """All definitions ever made, the oldest first."""
    return tuple(
        Definition(
            name=event.data["name"],
            version=event.data["version"],
            takes_effect_on=date.fromisoformat(event.data["takes_effect_on"]),
            files=event.data["files"],
            position=event.position,
            actor_id=event.actor_id,
            recorded_at=event.recorded_at,
            is_withdrawn=event.kind == WITHDRAWN,
            reason=event.data.get("reason", ""),
        )
        for event in events
    )


def in_effect(definitions: Iterable[Definition], on: date) -> tuple[Definition, ...]:
    """Of each register the latest version that holds on the day, in the order in which registers were first defined.

    A later version replaces an earlier one that has not begun yet.
    """
    found: dict[str, Definition | None] = {}
    for definition in definitions:
        found.setdefault(definition.name, None)
        if definition.takes_effect_on <= on:
            found[definition.name] = definition
    return tuple(definition for definition in found.values() if definition is not None)


def next_version(definitions: Iterable[Definition], name: str) -> int:
    return 1 + max((d.version for d in definitions if d.name == name), default=0)


def check_head(definition: Definition, seen: int, known: Iterable[Definition], today: date) -> None:
    """What can be said without reading the files. `seen`: the version that the administrator changed."""
    if definition.version != seen + 1:
        raise Refusal("definition_moved_on", version=definition.version - 1)
    if definition.takes_effect_on < today:
        raise Refusal("effect_in_past", field="takes_effect_on", today=today)
    if not NAME.match(definition.name) or definition.name not in definition.registers:
        raise Refusal("register_name_fixed", field="name", name=definition.name)
    elsewhere = {path: d.name for d in known if d.name != definition.name for path in d.files}
    for path in definition.files:
        if parts_of(path) == ("", "") or path in elsewhere or len(definition.files) > MOST_FILES:
            raise Refusal("register_file_elsewhere", path=path)


def event_of(definition: Definition) -> NewEvent:
    """Recorded on the day on which it takes effect."""
    data = {
        "name": definition.name,
        "version": definition.version,
        "takes_effect_on": definition.takes_effect_on.isoformat(),
        "files": dict(definition.files),
    }
    if definition.is_withdrawn:
        return NewEvent(WITHDRAWN, definition.takes_effect_on, {**data, "reason": definition.reason})
    return NewEvent("register_defined", definition.takes_effect_on, data)


def withdrawal(name: str, known: Iterable[Definition], seen: int, reason: str, today: date) -> Definition:
    """The version that takes back the one in hand, with its files, from today on."""
    latest = max((d for d in known if d.name == name), key=lambda d: d.version, default=None)
    if latest is None or latest.is_withdrawn:
        raise Refusal("register_not_defined_here", name=name)
    if latest.version != seen:
        raise Refusal("definition_moved_on", version=latest.version)
    if not reason.strip():
        raise Refusal("reason_missing", field="reason")
    return Definition(name, latest.version + 1, today, latest.files, is_withdrawn=True, reason=reason.strip())


# -- what records use ---------------------------------------------------------------------------------
@dataclass
class Use:
    """What the records of a register say anywhere in their histories: names with their values.

    `is_whole` is false when there were too many to look at: then everything counts as used.
    """

    records: int = 0
    is_whole: bool = True
    values: dict[str, set[str]] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)  # names with values in the vault

    def add(self, data: Any) -> None:
        """The data of an event, all the way down."""
        if not isinstance(data, Mapping):
            for inner in data if isinstance(data, list | tuple) else ():
                self.add(inner)
            return
        for name, value in data.items():
            if value in (None, "", [], {}):
                continue
            said = self.values.setdefault(name, set())  # of an object its names, of a list its items
            said.update(map(str, value if isinstance(value, Mapping | list | tuple) else [value]))
            if name == "private" and isinstance(value, Mapping):
                self.hidden.update(value)
            self.add(value)

    def has(self, name: str) -> bool:
        """Whether any record says something under this name."""
        return self.records > 0 and (not self.is_whole or name in self.values)

    def has_value(self, name: str, value: str) -> bool:
        return self.has(name) and (not self.is_whole or name in self.hidden or value in self.values[name])


# -- before and after ---------------------------------------------------------------------------------
def retired_choices(before: AnyRegister, after: AnyRegister, use: Use) -> dict[str, tuple[Choice, ...]]:
    """By field the choices that `after` lacks and records use: they stay, but can no longer be chosen."""
    lost: dict[str, tuple[Choice, ...]] = {}
    for old in before.fields:
        new = after.by_name.get(old.name)
        if new is None:
            continue
        gone = [c for c in old.choices if c.name not in new.choice_names and use.has_value(old.name, c.name)]
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
        new = after.by_name.get(old.name)
        if new is None and use.has(old.name):
            yield Refusal("part_in_use", name=old.label.get("zh-Hans", old.name))
        elif new is not None and use.has(old.name) and _nature(old) != _nature(new):
            yield Refusal("part_fixed", name=old.label.get("zh-Hans", old.name))
    for name, label in _parts(before).items():
        if name not in _parts(after) and use.has_value(*name):
            yield Refusal("part_in_use", name=label)
    if _heads(before) != _heads(after):
        yield Refusal("part_fixed", name=before.label.get("zh-Hans", before.name))


def lost_items(before: Checklist, after: Checklist | None, use: Use) -> Iterator[Refusal]:
    """Items of a checklist that were answered stay: the answers know them by number."""
    kept = after.item_by_id if after else {}
    for item in before.items:
        if item.id not in kept and use.has(str(item.id)):
            yield Refusal("part_in_use", name=item.label.get("zh-Hans", str(item.id)))


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


def _parts(register: AnyRegister) -> dict[tuple[str, str], str]:
    """(word under which records say it, name) → label."""
    if isinstance(register, RecordRegister):
        return {("state", s.name): s.label.get("zh-Hans", s.name) for s in register.states}
    parts = {("outcome", o.name): o.label.get("zh-Hans", o.name) for o in register.outcomes}
    # At registration they stand together, later one by one.
    words = ("milestone", "milestones")
    return parts | {(word, m.name): m.label.get("zh-Hans", m.name) for m in register.milestones for word in words}


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
