"""Whom a form may name: units that may own, people of those units, places where a problem may be registered.

Answered from the directory in memory; no query. Bound: MOST entries, the actor's own subtrees first.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tracker.domain.access import RIGHTS, may_hand_to
from tracker.domain.people import Directory, Role, Unit, UnitKind
from tracker.queries.scope import Viewer, units_open

MOST = 1000


@dataclass(frozen=True, slots=True)
class Member:
    """A person in a list of people to choose from."""

    id: int
    name: str
    unit_id: int


def owner_units(viewer: Viewer) -> tuple[Unit, ...]:
    """Units a ticket may be given to: those within the town or wider unit of the person's grants, offices first."""
    wide = _subtrees(viewer, (grant.unit_id for grant in viewer.person.grants_on(viewer.on)))
    return tuple(sorted(_live(viewer.directory, wide), key=lambda u: (u.kind == UnitKind.VILLAGE, u.code)))[:MOST]


def members(viewer: Viewer, units: Iterable[Unit]) -> tuple[tuple[Unit, tuple[Member, ...]], ...]:
    """Unit by unit the people who have not left; units without any are left out."""
    wanted = {unit.id: unit for unit in units}
    by_unit: dict[int, list[Member]] = {}
    for person in viewer.directory.people.values():
        if person.unit_id in wanted and not person.has_left:
            by_unit.setdefault(person.unit_id, []).append(Member(person.id, person.name, person.unit_id))
    return tuple((unit, tuple(by_unit[i])) for i, unit in wanted.items() if i in by_unit)


def workers(viewer: Viewer, units: Iterable[Unit], register: str) -> tuple[tuple[Unit, tuple[Member, ...]], ...]:
    """The same of those only who may do the work of this register in their unit."""
    return tuple(
        (unit, able)
        for unit, found in members(viewer, units)
        if (able := tuple(m for m in found if _works(viewer, m, register)))
    )


def _works(viewer: Viewer, member: Member, register: str) -> bool:
    person = viewer.directory.people[member.id]
    return may_hand_to(person, "submit", member.unit_id, register, viewer.directory, viewer.on)


def lead_officials(viewer: Viewer) -> tuple[Member, ...]:
    """People who hold that role today, by name."""
    people = viewer.directory.people.values()
    leads = (p for p in people if p.has_role(Role.LEAD_OFFICIAL, viewer.on))
    return tuple(sorted((Member(p.id, p.name, p.unit_id) for p in leads), key=lambda m: m.name))[:MOST]


def keepers(viewer: Viewer, register: str) -> tuple[Member, ...]:
    """People besides the reader who might let others know of a restricted ticket of this register, by name."""
    roles = {role for rule in RIGHTS["name"] for role in rule.roles}
    found = (
        Member(p.id, p.name, p.unit_id)
        for p in viewer.directory.people.values()
        if p.id != viewer.person.id
        and any(g.role in roles and g.register in (None, register) for g in p.grants_on(viewer.on))
    )
    return tuple(sorted(found, key=lambda m: m.name))[:MOST]


def places_for(viewer: Viewer, action: str, register: str) -> tuple[Unit, ...]:
    """Villages where the person may do `action` in this register, in the order of their codes.

    A unit without villages below it (an office that keeps a register for itself) is offered as it is.
    """
    units = _reached(viewer, action, register)
    villages = tuple(unit for unit in units if unit.kind == UnitKind.VILLAGE)
    return tuple(sorted(villages or units, key=lambda u: u.code))[:MOST]


def homes_for(viewer: Viewer, action: str, register: str) -> tuple[Unit, ...]:
    """Units of every kind under which the person may do `action` to a record of this register, their own first."""
    own = viewer.person.unit_id
    units = _reached(viewer, action, register)
    return tuple(sorted(units, key=lambda u: (u.id != own, u.kind == UnitKind.VILLAGE, u.code)))[:MOST]


def _reached(viewer: Viewer, action: str, register: str) -> tuple[Unit, ...]:
    units = units_open(viewer, action, register)
    return _live(viewer.directory, viewer.directory.units if units is None else units)


def _subtrees(viewer: Viewer, unit_ids: Iterable[int]) -> set[int]:
    found: set[int] = set()
    for unit_id in unit_ids:
        found |= viewer.directory.subtree(unit_id)
    return found


def _live(directory: Directory, unit_ids: Iterable[int]) -> tuple[Unit, ...]:
    return tuple(unit for i in unit_ids if not (unit := directory.units[i]).is_closed)
