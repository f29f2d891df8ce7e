"""A ticket that goes on as another: an opinion that is a problem, a house of another grade. Packs declare it.

The new ticket is registered by a form that begins with what the old one says; it names the old one from then on. Of a
conversion the old one is void in the same act, so that never both count. Source: registers.md §3.2, §3.6.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tracker.domain.access import may
from tracker.domain.context import World, ticket_facts
from tracker.domain.events import NewEvent
from tracker.domain.lifecycle import OPEN, Status
from tracker.domain.refusals import Refusal
from tracker.domain.registers import Register
from tracker.domain.ticket import Ticket

CONVERTS = "request_exclusion"
"""The right to convert: nothing leaves the books, so that no second person is asked."""


@dataclass(frozen=True, slots=True)
class Succession:
    """`register`: where it goes on; `link`: the field there that names the ticket; `copies`: field there → field here.

    `reason`: of the conversion, in the words of the pack, since the old one is then void; empty where it stays closed.
    """

    register: str
    link: str
    copies: Mapping[str, str]
    reason: str = ""

    @property
    def is_conversion(self) -> bool:
        return bool(self.reason)


def succession_of(ticket: Ticket, register: Register) -> Succession | None:
    """How the ticket may go on as it stands: converted while it is open, succeeded once it is closed so. A restricted
    one does not: whatever named it would tell of it."""
    if ticket.is_restricted:
        return None
    if ticket.status is Status.CLOSED:
        outcome = register.outcome_by_name.get(ticket.outcome or "")
        return outcome.successor if outcome else None
    return register.converts if ticket.status in OPEN else None


def check_succession(ticket: Ticket, register: Register, target: str, version: int, world: World) -> Succession:
    """Refusals: it cannot go on there as it stands; of a conversion, that this person may not, or was slower."""
    found = succession_of(ticket, register)
    if found is None or found.register != target:
        raise Refusal("step_not_possible_now", status=ticket.status.value)
    if not found.is_conversion:
        return found
    if not may(world.actor, CONVERTS, ticket_facts(ticket), world.directory, world.today):
        raise Refusal("not_permitted")
    if not ticket.loud_version <= version <= ticket.version:
        raise Refusal("stale_version", version=ticket.version, seen=version)
    if world.has_merged(ticket.id):
        raise Refusal("others_merged_into_it")
    return found


def conversion(found: Succession, into_id: int, world: World) -> NewEvent:
    """What happens to the old one."""
    data = {"reason": found.reason, "requested_by": world.actor.id, "into": into_id}
    return NewEvent("voided", world.today, data)


def private_values(found: Succession, target: Register, private: Mapping[str, Any]) -> dict[str, Any]:
    """What a form cannot begin with, since it is masked. `private`: of the old one, in clear."""
    named = {into: name for into, name in found.copies.items() if into in target.private_fields}
    return {into: private[name] for into, name in named.items() if private.get(name) is not None}
