"""Units, people and grants: what a directory command leads to, or a Refusal."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from tracker.domain.commands import AddPerson, AddUnit, DirectoryCommand, EndGrant, GiveGrant, PersonLeaves
from tracker.domain.events import NewEvent, StreamKind
from tracker.domain.people import Directory, Person, Role
from tracker.domain.refusals import Refusal

Decided = tuple[StreamKind, int | None, list[NewEvent]]
"""(kind of stream, its id or None for a new one, events)."""


def decide_directory(command: DirectoryCommand, directory: Directory, today: date) -> Decided:
    """The events of a directory command. Whether the actor may is asked by the handler."""
    return _DECIDE[type(command)](command, directory, today)


def _add_unit(command: AddUnit, directory: Directory, today: date) -> Decided:
    if directory.unit_by_code(command.code) is not None:
        raise Refusal("unit_name_taken", field="code", name=command.code)
    if command.parent_id is not None:
        _known_unit(command.parent_id, "parent_id", directory)
    data = {
        "code": command.code,
        "name": command.name,
        "kind": command.kind,
        "parent": command.parent_id,
        "synonyms": list(command.synonyms),
        "labels": dict(command.labels),
    }
    return StreamKind.UNIT, None, [NewEvent("unit_added", today, data)]


def _add_person(command: AddPerson, directory: Directory, today: date) -> Decided:
    _known_unit(command.unit_id, "unit_id", directory)
    return StreamKind.PERSON, None, [NewEvent("person_added", today, {"name": command.name, "unit": command.unit_id})]


def _give_grant(command: GiveGrant, directory: Directory, today: date) -> Decided:
    person = _known_person(command.person_id, directory)
    if command.role not in set(Role):
        raise Refusal("role_unknown", field="role", value=command.role)
    _known_unit(command.unit_id, "unit_id", directory)
    data = {
        "role": str(command.role),
        "unit": command.unit_id,
        "register": command.register,
        "starts_on": command.starts_on.isoformat(),
    }
    return StreamKind.PERSON, person.id, [NewEvent("granted", today, data)]


def _end_grant(command: EndGrant, directory: Directory, today: date) -> Decided:
    person = _known_person(command.person_id, directory)
    if command.grant_id not in {g.id for g in person.grants}:
        raise Refusal("grant_unknown", field="grant_id")
    data = {"grant": command.grant_id, "ends_on": command.ends_on.isoformat()}
    return StreamKind.PERSON, person.id, [NewEvent("grant_ended", today, data)]


def _person_leaves(command: PersonLeaves, directory: Directory, today: date) -> Decided:
    person = _known_person(command.person_id, directory)
    return StreamKind.PERSON, person.id, [NewEvent("person_left", command.occurred_on, {})]


def _known_unit(unit_id: int, field: str, directory: Directory) -> None:
    if unit_id not in directory.units:
        raise Refusal("unit_unknown", field=field, value=str(unit_id))


def _known_person(person_id: int, directory: Directory) -> Person:
    person = directory.people.get(person_id)
    if person is None:
        raise Refusal("person_unknown", field="person_id", value=str(person_id))
    return person


_DECIDE: Mapping[type, Callable[[Any, Directory, date], Decided]] = {
    AddUnit: _add_unit,
    AddPerson: _add_person,
    GiveGrant: _give_grant,
    EndGrant: _end_grant,
    PersonLeaves: _person_leaves,
}
