"""The part of the unit of work that lets a ticket go on as another, in one act.

`whole` completes the registration of the new one, `settle` leaves at the old one what is to be left. Nothing here
commits.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tracker.domain.commands import RegisterTicket
from tracker.domain.context import Decision, World
from tracker.domain.refusals import Refusal
from tracker.domain.succession import Succession, check_succession, conversion, private_values
from tracker.domain.ticket import Ticket
from tracker.log.vault import read_private

if TYPE_CHECKING:
    from tracker.handler import Request, Work


class Successor:
    """The old ticket of a new one."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def check(self, command: RegisterTicket, world: World) -> Succession | None:
        """How the old one goes on; None where there is none. Unknown and forbidden look alike."""
        if command.continues_id is None:
            return None
        old = self._work.visible(command.continues_id, world)
        register = self._work.house.register(old.register)
        return check_succession(old, register, command.register, command.continues_version, world)

    def whole(self, command: RegisterTicket) -> RegisterTicket:
        """With the link to the old one and what nobody can type anew. The same however often it is asked."""
        if command.continues_id is None:
            return command
        old = self._work.ticket(command.continues_id)
        declared = self._declared(old, command.register)
        self._work.vault.flush()
        private = read_private(self._work.conn, old.id, old.private) if old.private else {}
        copied = private_values(declared, self._work.house.register(command.register), private)
        return replace(command, values={**copied, **command.values, declared.link: old.id})

    def _declared(self, old: Ticket, target: str) -> Succession:
        register = self._work.house.register(old.register)
        ways = (register.converts, *(outcome.successor for outcome in register.outcomes))
        found = next((way for way in ways if way is not None and way.register == target), None)
        if found is None:
            raise Refusal("step_not_possible_now", status=old.status.value)
        return found

    def settle(self, request: Request, found: Succession, old_id: int, new_id: int, world: World) -> None:
        """A converted one is void from now on."""
        if not found.is_conversion:
            return
        old = self._work.ticket(old_id)
        decision = Decision((conversion(found, new_id, world),), {})
        self._work.write_ticket(request, old, self._work.house.register(old.register), decision, None)
