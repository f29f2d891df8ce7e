"""Units, people, roles and accounts: what nobody may do to themselves, and what there must be to be named."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from township import PACK, Paper

from tracker.domain.commands import (
    AddPerson,
    AddUnit,
    ChangeAccount,
    DirectoryCommand,
    EndGrant,
    GiveGrant,
    PersonLeaves,
)
from tracker.domain.events import ACCOUNT_KINDS, StreamKind
from tracker.domain.organising import Office, decide_directory
from tracker.domain.people import AccountChange, Directory, UnitKind
from tracker.domain.refusals import Refusal

PAPER = Paper()
PERSON, UNIT, TODAY = PAPER.person, PAPER.unit, date(2023, 3, 5)
SYSTEM = 0


def office(by: int = PERSON["administrator"], directory: Directory = PAPER.directory) -> Office:
    return Office(directory, PACK.register_by_name.keys(), by, TODAY)


def refusal(command: DirectoryCommand, where: Office | None = None) -> tuple[str, str | None]:
    """Code and field; ("", None) when the command is carried out."""
    try:
        decide_directory(command, where or office())
    except Refusal as why:
        return why.code, why.field
    return "", None


def grant_of(post: str) -> int:
    return PAPER.directory.people[PERSON[post]].grants[0].id


def with_person(post: str, **changes: Any) -> Directory:
    person = replace(PAPER.directory.people[PERSON[post]], **changes)
    return replace(PAPER.directory, people={**PAPER.directory.people, person.id: person})


def acts_on(post: str) -> list[DirectoryCommand]:
    """Everything that changes what somebody may do or how they sign in."""
    person_id = PERSON[post]
    return [
        GiveGrant(person_id=person_id, role="supervisor", unit_id=UNIT["town"], starts_on=TODAY),
        EndGrant(person_id=person_id, grant_id=grant_of(post), ends_on=TODAY),
        PersonLeaves(person_id=person_id, occurred_on=TODAY),
        *(ChangeAccount(person_id=person_id, login="x", change=change) for change in AccountChange),
    ]


@pytest.mark.parametrize("command", acts_on("administrator"), ids=repr)
def test_nobody_changes_their_own_roles_or_accounts(command: DirectoryCommand) -> None:
    assert refusal(command) == ("own_access_cannot_be_changed", "person_id")
    assert refusal(command, office(by=PERSON["official"])) == ("", None)
    assert refusal(command, office(by=SYSTEM)) == ("", None)


@pytest.mark.parametrize("command", acts_on("staff"), ids=repr)
def test_nothing_changes_for_who_has_left_or_was_never_there(command: DirectoryCommand) -> None:
    gone = office(directory=with_person("staff", has_left=True))
    assert refusal(command, gone) == ("person_has_left", "person_id")
    assert refusal(replace(command, person_id=9999)) == ("person_unknown", "person_id")  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"role": "emperor"}, ("role_unknown", "role")),
        ({"unit_id": 9999}, ("unit_unknown", "unit_id")),
        ({"register": "nothing"}, ("choice_unknown", "register")),
        ({"register": "toilet"}, ("", None)),
    ],
)
def test_a_role_names_what_there_is(changes: dict[str, Any], expected: tuple[str, str | None]) -> None:
    grant = GiveGrant(person_id=PERSON["staff"], role="verifier", unit_id=UNIT["town"], starts_on=TODAY)
    assert refusal(replace(grant, **changes)) == expected


def test_a_role_ends_once_and_not_before_it_begins() -> None:
    (grant,) = PAPER.directory.people[PERSON["staff"]].grants
    end = EndGrant(person_id=PERSON["staff"], grant_id=grant.id, ends_on=grant.starts_on)
    assert refusal(end) == ("", None)
    assert refusal(replace(end, ends_on=date(2014, 12, 31))) == ("grant_ends_before_start", "ends_on")
    ended = office(directory=with_person("staff", grants=(replace(grant, ends_on=TODAY),)))
    assert refusal(replace(end, ends_on=date(2030, 1, 1)), ended) == ("grant_has_ended", "grant_id")
    assert refusal(replace(end, grant_id=grant_of("clerk"))) == ("grant_unknown", "grant_id")


def test_nobody_has_left_tomorrow() -> None:
    leaves = PersonLeaves(person_id=PERSON["staff"], occurred_on=date(2023, 3, 6))
    assert refusal(leaves) == ("day_in_future", "occurred_on")


def test_a_unit_has_a_known_kind_and_a_code_of_its_own_and_a_person_a_unit() -> None:
    unit = AddUnit(code="new", name="新村", kind="village", parent_id=UNIT["town"])
    assert {refusal(replace(unit, kind=kind)) for kind in UnitKind} == {("", None)}
    assert refusal(replace(unit, kind="empire")) == ("choice_unknown", "kind")
    assert refusal(replace(unit, code="donghu")) == ("unit_name_taken", "code")
    assert refusal(replace(unit, parent_id=9999)) == ("unit_unknown", "parent_id")
    assert refusal(AddPerson(name="某人", unit_id=9999)) == ("unit_unknown", "unit_id")


@pytest.mark.parametrize("change", AccountChange)
def test_a_change_of_an_account_stands_in_the_history_of_its_person(change: AccountChange) -> None:
    command = ChangeAccount(person_id=PERSON["staff"], login="staff", change=change)
    kind, stream_id, (event,) = decide_directory(command, office())
    assert (kind, stream_id) == (StreamKind.PERSON, PERSON["staff"])
    assert (event.kind, event.occurred_on, event.data) == (change.value, TODAY, {"login": "staff"})
    assert event.kind in ACCOUNT_KINDS
