"""Units, people, grants and accounts: what a directory command leads to, or a Refusal.

Nobody changes their own roles or accounts: so at least one administrator, the one who acts, always stays. Nothing
changes any more for a person who has left.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from tracker.domain.access import Facts, has_keeper
from tracker.domain.commands import (
    AddPerson,
    AddUnit,
    ChangeAccount,
    DirectoryCommand,
    EndGrant,
    GiveGrant,
    PersonLeaves,
)
from tracker.domain.events import NewEvent, StreamKind
from tracker.domain.people import Directory, Person, Role, UnitKind
from tracker.domain.refusals import Refusal

Decided = tuple[StreamKind, int | None, list[NewEvent]]
"""(kind of stream, its id or None for a new one, events)."""


@dataclass(frozen=True, slots=True)
class Office:
    """What a directory command is judged against. `actor_id`: a person, or 0 for the system itself."""

    directory: Directory
    registers: Collection[str]
    actor_id: int
    today: date


def decide_directory(command: DirectoryCommand, office: Office) -> Decided:
    """The events of a directory command. Whether the actor may is asked by the handler."""
    return _DECIDE[type(command)](command, office)


def check_keepers(command: PersonLeaves | EndGrant, named_on: Iterable[Facts], office: Office) -> None:
    """Refuses while the person is the last who can let others know of a restricted ticket; `named_on`: the restricted
    tickets that name the person. Which one is not said: whoever administers people may not know of it. Somebody who
    cannot name a successor any more has the account switched off instead."""
    person = office.directory.people[command.person_id]
    on = max(office.today, command.ends_on) if isinstance(command, EndGrant) else office.today
    if isinstance(command, EndGrant):
        grants = tuple(g for g in person.grants if g.id != command.grant_id)
        after = replace(person, grants=grants)
    else:
        after = replace(person, has_left=True)
    directory = replace(office.directory, people={**office.directory.people, person.id: after})
    for facts in named_on:
        if has_keeper(facts, office.directory, office.today) and not has_keeper(facts, directory, on):
            raise Refusal("last_keeper", field="person_id", person=person.name)


def _add_unit(command: AddUnit, office: Office) -> Decided:
    if command.kind not in set(UnitKind):
        raise Refusal("choice_unknown", field="kind", value=command.kind)
    if office.directory.unit_by_code(command.code) is not None:
        raise Refusal("unit_name_taken", field="code", name=command.code)
    if command.parent_id is not None:
        _known_unit(command.parent_id, "parent_id", office)
    data = {
        "code": command.code,
        "name": command.name,
        "kind": str(command.kind),
        "parent": command.parent_id,
        "synonyms": list(command.synonyms),
        "labels": dict(command.labels),
    }
    return StreamKind.UNIT, None, [NewEvent("unit_added", office.today, data)]


def _add_person(command: AddPerson, office: Office) -> Decided:
    _known_unit(command.unit_id, "unit_id", office)
    data = {"name": command.name, "unit": command.unit_id}
    return StreamKind.PERSON, None, [NewEvent("person_added", office.today, data)]


def _give_grant(command: GiveGrant, office: Office) -> Decided:
    person = _somebody_else(command.person_id, office)
    if command.role not in set(Role):
        raise Refusal("role_unknown", field="role", value=command.role)
    _known_unit(command.unit_id, "unit_id", office)
    if command.register is not None and command.register not in office.registers:
        raise Refusal("choice_unknown", field="register", value=command.register)
    data = {
        "role": str(command.role),
        "unit": command.unit_id,
        "register": command.register,
        "starts_on": command.starts_on.isoformat(),
    }
    return StreamKind.PERSON, person.id, [NewEvent("granted", office.today, data)]


def _end_grant(command: EndGrant, office: Office) -> Decided:
    person = _somebody_else(command.person_id, office)
    grant = next((g for g in person.grants if g.id == command.grant_id), None)
    if grant is None:
        raise Refusal("grant_unknown", field="grant_id")
    if grant.ends_on is not None:
        raise Refusal("grant_has_ended", field="grant_id", ends_on=grant.ends_on)
    if command.ends_on < grant.starts_on:
        raise Refusal("grant_ends_before_start", field="ends_on", ends_on=command.ends_on, starts_on=grant.starts_on)
    data = {"grant": grant.id, "ends_on": command.ends_on.isoformat()}
    return StreamKind.PERSON, person.id, [NewEvent("grant_ended", office.today, data)]


def _person_leaves(command: PersonLeaves, office: Office) -> Decided:
    person = _somebody_else(command.person_id, office)
    if command.occurred_on > office.today:
        raise Refusal("day_in_future", field="occurred_on", day=command.occurred_on)
    return StreamKind.PERSON, person.id, [NewEvent("person_left", command.occurred_on, {})]


def _change_account(command: ChangeAccount, office: Office) -> Decided:
    person = _somebody_else(command.person_id, office)
    return StreamKind.PERSON, person.id, [NewEvent(command.change.value, office.today, {"login": command.login})]


def _known_unit(unit_id: int, field: str, office: Office) -> None:
    if unit_id not in office.directory.units:
        raise Refusal("unit_unknown", field=field, value=str(unit_id))


def _somebody_else(person_id: int, office: Office) -> Person:
    """A person who is there, works here, and is not the one who asks."""
    person = office.directory.people.get(person_id)
    if person is None:
        raise Refusal("person_unknown", field="person_id", value=str(person_id))
    if person.id == office.actor_id:
        raise Refusal("own_access_cannot_be_changed", field="person_id")
    if person.has_left:
        raise Refusal("person_has_left", field="person_id", person=person.name)
    return person


_DECIDE: Mapping[type, Callable[[Any, Office], Decided]] = {
    AddUnit: _add_unit,
    AddPerson: _add_person,
    GiveGrant: _give_grant,
    EndGrant: _end_grant,
    PersonLeaves: _person_leaves,
    ChangeAccount: _change_account,
}
