"""THE table of permissions: action → which roles, and how the object must lie in the grant's subtree.

Asked in three places: the route (any grant with such a role), the handler (the object), and
`queries/scope.py` (the rows). A property test holds the three equal. Default: no.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from tracker.domain.people import Directory, Grant, Person, Role


class Reach(StrEnum):
    """How the ticket, record or owed period must lie in the subtree of the grant's unit. Only tickets have owners."""

    PLACE_OR_OWNER = "place_or_owner"  # it lies there, or a unit there owns or supports it
    PLACE = "place"
    OWNER = "owner"
    ANYWHERE = "anywhere"  # not about one of them
    WHOLE = "whole"  # nor that, and only by a grant for everything: all units, all registers


@dataclass(frozen=True, slots=True)
class Facts:
    """What permission needs to know of a ticket (`context.ticket_facts`), a record or an owed period (`of_unit`).

    Not the facts that conditions of figures test (`ledger.Facts`). The defaults are what a record and a period have:
    nobody owns them beside the unit they lie in, none is restricted.
    """

    register: str
    place_id: int
    owner_unit_id: int | None = None
    support_unit_ids: tuple[int, ...] = ()
    is_restricted: bool = False
    named_ids: tuple[int, ...] = ()

    @classmethod
    def of_unit(cls, register: str, unit_id: int) -> Facts:
        """Of something that lies in the unit it counts under and nowhere else."""
        return cls(register, unit_id)


@dataclass(frozen=True, slots=True)
class Rule:
    roles: frozenset[Role]
    reach: Reach


def _rule(reach: Reach, *roles: Role) -> Rule:
    return Rule(frozenset(roles), reach)


_ALL_BUT_ADMINISTRATOR = tuple(r for r in Role if r is not Role.ADMINISTRATOR)
_OFFICE = (Role.SUPERVISOR, Role.LEAD_OFFICIAL)

RIGHTS: Mapping[str, tuple[Rule, ...]] = {
    # reading
    "view": (_rule(Reach.PLACE_OR_OWNER, *_ALL_BUT_ADMINISTRATOR),),
    "reveal": (_rule(Reach.PLACE_OR_OWNER, *_ALL_BUT_ADMINISTRATOR),),
    "figures": (_rule(Reach.ANYWHERE, *_ALL_BUT_ADMINISTRATOR),),
    "audit": (_rule(Reach.ANYWHERE, Role.AUDITOR, Role.SUPERVISOR, Role.ADMINISTRATOR),),
    "see_people": (  # who signed in, and what the log says of people, their roles and accounts
        _rule(Reach.ANYWHERE, Role.ADMINISTRATOR),
        _rule(Reach.WHOLE, Role.AUDITOR),
    ),
    "export": (_rule(Reach.ANYWHERE, *_ALL_BUT_ADMINISTRATOR),),
    # first pages
    "desk": (_rule(Reach.ANYWHERE, Role.SUPERVISOR, Role.LEAD_OFFICIAL, Role.APPROVER, Role.VERIFIER),),
    "today": (_rule(Reach.ANYWHERE, Role.STAFF),),
    # capture
    "register": (_rule(Reach.PLACE, Role.STAFF, Role.SUPERVISOR, Role.VERIFIER),),
    "import": (_rule(Reach.PLACE, Role.SUPERVISOR),),
    "comment": (
        _rule(
            Reach.PLACE_OR_OWNER,
            Role.STAFF,
            Role.SUPERVISOR,
            Role.LEAD_OFFICIAL,
            Role.VERIFIER,
            Role.APPROVER,
        ),
    ),
    "amend": (_rule(Reach.PLACE, Role.SUPERVISOR),),
    "name": (_rule(Reach.PLACE, Role.SUPERVISOR),),
    # the office's steps
    "assign": (_rule(Reach.PLACE_OR_OWNER, *_OFFICE),),
    "transfer": (_rule(Reach.PLACE_OR_OWNER, *_OFFICE),),
    "urge": (_rule(Reach.PLACE_OR_OWNER, *_OFFICE),),
    "pause": (_rule(Reach.PLACE_OR_OWNER, *_OFFICE),),
    "decide_extension": (_rule(Reach.PLACE_OR_OWNER, Role.APPROVER, *_OFFICE),),
    "publicise": (_rule(Reach.PLACE_OR_OWNER, Role.VERIFIER, *_OFFICE),),
    "request_exclusion": (_rule(Reach.PLACE_OR_OWNER, *_OFFICE),),
    # the owner's steps
    "accept": (_rule(Reach.OWNER, Role.STAFF),),
    "object": (_rule(Reach.OWNER, Role.STAFF),),
    "submit": (_rule(Reach.OWNER, Role.STAFF),),
    "request_extension": (_rule(Reach.OWNER, Role.STAFF),),
    "add_evidence": (
        _rule(Reach.OWNER, Role.STAFF),
        _rule(Reach.PLACE_OR_OWNER, Role.VERIFIER, *_OFFICE),
    ),
    "reach_milestone": (
        _rule(Reach.OWNER, Role.STAFF),
        _rule(Reach.PLACE_OR_OWNER, Role.VERIFIER, *_OFFICE),
    ),
    # independent eyes
    "verify": (_rule(Reach.PLACE_OR_OWNER, Role.VERIFIER, Role.SUPERVISOR),),
    "approve": (_rule(Reach.PLACE_OR_OWNER, Role.APPROVER, Role.LEAD_OFFICIAL),),
    "recheck": (_rule(Reach.PLACE_OR_OWNER, Role.VERIFIER, Role.SUPERVISOR, Role.AUDITOR),),
    "relapse": (_rule(Reach.PLACE_OR_OWNER, Role.VERIFIER, Role.SUPERVISOR),),
    "decide_exclusion": (_rule(Reach.PLACE_OR_OWNER, Role.APPROVER),),
    # duties
    "excuse": (_rule(Reach.PLACE_OR_OWNER, Role.APPROVER, Role.SUPERVISOR),),
    # people and packs
    "administer": (_rule(Reach.ANYWHERE, Role.ADMINISTRATOR),),
}


def holds_any(person: Person, action: str, on: date) -> bool:
    """Whether some grant of the person could ever allow the action: what a route asks."""
    roles = {role for rule in RIGHTS[action] for role in rule.roles}
    return any(g.role in roles for g in person.grants_on(on))


def may(person: Person, action: str, facts: Facts, directory: Directory, on: date) -> bool:
    """Whether the person may do this to this ticket, record or owed period on that day.

    A restricted ticket is open to its named people only, whatever their grants (条例 art. 30, 46).
    """
    if facts.is_restricted and person.id not in facts.named_ids:
        return False
    return any(
        _reaches(grant, rule, facts, directory)
        for rule in RIGHTS[action]
        for grant in person.grants_on(on)
        if grant.role in rule.roles and grant.register in (None, facts.register)
    )


def may_beside_tickets(person: Person, action: str, directory: Directory, on: date) -> bool:
    """Whether the person may do on that day what is about no ticket."""
    return any(
        grant.role in rule.roles and (rule.reach is Reach.ANYWHERE or _is_for_everything(grant, directory))
        for rule in RIGHTS[action]
        for grant in person.grants_on(on)
    )


def _is_for_everything(grant: Grant, directory: Directory) -> bool:
    top = directory.top
    return grant.register is None and top is not None and directory.is_within(top.id, grant.unit_id)


def _reaches(grant: Grant, rule: Rule, facts: Facts, directory: Directory) -> bool:
    if rule.reach is Reach.ANYWHERE:
        return True
    if rule.reach is Reach.WHOLE:
        return _is_for_everything(grant, directory)
    in_place = directory.is_within(facts.place_id, grant.unit_id)
    if rule.reach is Reach.PLACE:
        return in_place
    owns = directory.is_within(facts.owner_unit_id, grant.unit_id)
    if rule.reach is Reach.OWNER:
        return owns
    return in_place or owns or any(directory.is_within(u, grant.unit_id) for u in facts.support_unit_ids)


def may_hand_to(person: Person, action: str, unit_id: int, register: str, directory: Directory, on: date) -> bool:
    """Whether a grant of the person gives the right to this action over the unit, in this register. Tickets are given
    to such units only, so that nobody's figures are filled from outside; work there only such people can."""
    roles = {role for rule in RIGHTS[action] for role in rule.roles}
    return any(
        grant.role in roles and grant.register in (None, register) and directory.is_within(unit_id, grant.unit_id)
        for grant in person.grants_on(on)
    )


def holds_role(person: Person, role: Role, facts: Facts, directory: Directory, on: date) -> bool:
    """Whether a grant makes the person this for the place and the register: to whom a notice goes."""
    return any(
        grant.role is role
        and grant.register in (None, facts.register)
        and directory.is_within(facts.place_id, grant.unit_id)
        for grant in person.grants_on(on)
    )


def has_keeper(facts: Facts, directory: Directory, on: date) -> bool:
    """Whether some named person may still let others know of a restricted ticket: else nobody could ever work on it."""
    named = (directory.people[i] for i in facts.named_ids if i in directory.people)
    return any(may(person, "name", facts, directory, on) for person in named)
