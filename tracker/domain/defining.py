"""Registers that an administrator makes or changes: what was defined, and from when it holds.

A definition is a fact of the log: the files of a register as they stand from a day on. What the files say is read by
the pack's loader (packs/); what they may not do to records that are there is in harm.py.
Source: design.md "Registers as data".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from tracker.domain.events import Event, NewEvent
from tracker.domain.records import RecordRegister
from tracker.domain.refusals import Refusal
from tracker.domain.registers import Register

AnyRegister = Register | RecordRegister

NAME = re.compile(r"[a-z][a-z0-9_]{0,47}\Z")
FOLDERS = ("registers", "checklists", "figures", "deadlines", "duties")
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
