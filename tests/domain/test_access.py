"""Who may do what to which ticket: default no, by the subtree of a grant, in its register and its days."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from township import PEOPLE, Paper

from tracker.domain.access import RIGHTS, Facts, Reach, holds_any, may, may_beside_tickets
from tracker.domain.lifecycle import STEPS
from tracker.domain.people import Directory, Grant, Person, Role, Unit

PAPER = Paper()
UNIT, DAY = PAPER.unit, date(2023, 3, 5)
HERE = Facts("toilet", UNIT["chenguang"], UNIT["farming"])


def allowed(role: Role, unit: str, action: str, facts: Facts = HERE, **more: object) -> bool:
    grant = replace(Grant(1, role, UNIT[unit], None, date(2020, 1, 1)), **more)  # type: ignore[arg-type]
    person = Person(77, "某人", UNIT[unit], (grant,))
    return may(person, action, facts, PAPER.directory, DAY)


@pytest.mark.parametrize("action", RIGHTS)
def test_without_a_grant_nothing_is_allowed(action: str) -> None:
    nobody = Person(77, "某人", UNIT["town"])
    assert not may(nobody, action, HERE, PAPER.directory, DAY)
    assert not holds_any(nobody, action, DAY)


@pytest.mark.parametrize("action", RIGHTS)
@pytest.mark.parametrize("role", list(Role))
def test_a_restricted_ticket_is_open_to_named_people_only_whatever_their_role(action: str, role: Role) -> None:
    """信访工作条例 art. 30, 46."""
    secret = replace(HERE, is_restricted=True, named_ids=(5, 6))
    assert not allowed(role, "town", action, secret)
    assert allowed(role, "town", action, replace(secret, named_ids=(77,))) == allowed(role, "town", action)


WHO = {  # action: roles that may, at a ticket in their own town
    "assign": "supervisor lead_official",
    "verify": "verifier supervisor",
    "submit": "staff",
    "approve": "approver lead_official",
    "decide_exclusion": "approver",
    "decide_extension": "approver supervisor lead_official",
    "amend": "supervisor",
    "recheck": "verifier supervisor auditor",
    "administer": "administrator",
    "import": "supervisor",
    "view": "staff lead_official supervisor verifier approver auditor",
}


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("action", WHO)
def test_each_role_may_what_its_office_is(action: str, role: Role) -> None:
    assert allowed(role, "town", action) == (role.value in WHO[action].split())


def test_an_auditor_changes_nothing_but_samples() -> None:
    may_do = {step.right for step in STEPS if allowed(Role.AUDITOR, "town", step.right)}
    assert may_do == {"recheck"}


def test_an_administrator_sees_and_touches_no_ticket() -> None:
    assert {action for action in RIGHTS if allowed(Role.ADMINISTRATOR, "town", action)} == {
        "administer",
        "audit",
        "see_people",
    }


@pytest.mark.parametrize(
    ("role", "unit", "more", "expected"),
    [
        (Role.ADMINISTRATOR, "town", {}, True),
        (Role.ADMINISTRATOR, "chenguang", {}, True),
        (Role.AUDITOR, "town", {}, True),
        (Role.AUDITOR, "chenguang", {}, False),
        (Role.AUDITOR, "town", {"register": "toilet"}, False),
        (Role.AUDITOR, "town", {"ends_on": DAY}, False),
        (Role.SUPERVISOR, "town", {}, False),
    ],
)
def test_people_are_read_about_by_administrators_and_auditors_of_everything(
    role: Role, unit: str, more: dict[str, object], expected: bool
) -> None:
    grant = replace(Grant(1, role, UNIT[unit], None, date(2020, 1, 1)), **more)  # type: ignore[arg-type]
    person = Person(77, "某人", UNIT[unit], (grant,))
    assert may_beside_tickets(person, "see_people", PAPER.directory, DAY) == expected


@pytest.mark.parametrize(
    ("unit", "reach", "expected"),
    [
        ("chenguang", Reach.PLACE, True),
        ("chenguang", Reach.OWNER, False),
        ("farming", Reach.PLACE, False),
        ("farming", Reach.OWNER, True),
        ("town", Reach.PLACE, True),
        ("town", Reach.OWNER, True),
        ("donghu", Reach.PLACE_OR_OWNER, False),
    ],
)
def test_a_grant_reaches_down_its_own_subtree_and_nowhere_else(unit: str, reach: Reach, expected: bool) -> None:
    """The ticket lies in 晨光村 and belongs to 镇农业办; both lie in the town."""
    action, role = {Reach.PLACE: ("register", Role.SUPERVISOR), Reach.OWNER: ("submit", Role.STAFF)}.get(
        reach, ("view", Role.STAFF)
    )
    assert allowed(role, unit, action) == expected


def test_a_supporting_unit_sees_but_does_not_submit() -> None:
    supported = replace(HERE, support_unit_ids=(UNIT["donghu"],))
    assert allowed(Role.STAFF, "donghu", "view", supported)
    assert not allowed(Role.STAFF, "donghu", "submit", supported)


def test_a_grant_holds_in_its_register_and_between_its_days() -> None:
    assert allowed(Role.STAFF, "town", "view", register="toilet")
    assert not allowed(Role.STAFF, "town", "view", register="house")
    assert allowed(Role.STAFF, "town", "view", starts_on=DAY)
    assert not allowed(Role.STAFF, "town", "view", starts_on=date(2023, 3, 6))
    assert allowed(Role.STAFF, "town", "view", ends_on=date(2023, 3, 6))
    assert not allowed(Role.STAFF, "town", "view", ends_on=DAY)


def test_who_has_left_may_nothing() -> None:
    person = replace(PAPER.directory.people[PAPER.person["supervisor"]], has_left=True)
    assert not any(may(person, action, HERE, PAPER.directory, DAY) for action in RIGHTS)


def test_a_ring_in_the_tree_of_units_ends_the_search() -> None:
    units = {1: Unit(1, "a", "a", "town", 2), 2: Unit(2, "b", "b", "town", 1)}
    directory = Directory(units, {})
    assert directory.subtree(1) == directory.subtree(2) == {1, 2}


def test_every_step_names_a_right_of_the_table() -> None:
    assert {step.right for step in STEPS} <= RIGHTS.keys()
    assert {role for _, _, grants in PEOPLE.values() for role, _ in grants} == {r.value for r in Role}
