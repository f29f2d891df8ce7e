"""What a decision may look at: the world around a command, and a step with its ticket."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

from tracker.domain import deadlines
from tracker.domain.access import Facts
from tracker.domain.commands import TakeStep
from tracker.domain.deadlines import WorkCalendar
from tracker.domain.events import NewEvent
from tracker.domain.kinds import EvidenceKind
from tracker.domain.lifecycle import STEP_BY_NAME, Wish
from tracker.domain.people import Directory, Person
from tracker.domain.records import RecordRegister
from tracker.domain.registers import Limit, Register
from tracker.domain.ticket import PendingExclusion, PendingExtension, Ticket
from tracker.domain.values import printable


class NumberFor(Protocol):
    """Gives out the next number of a register; restricted tickets have a series of their own."""

    def __call__(self, register: Register | RecordRegister, *, is_restricted: bool) -> str: ...


@dataclass(frozen=True, slots=True)
class World:
    """The world a decision may look at. `today` is the day of recording in the log's time zone."""

    actor: Person
    today: date
    directory: Directory
    calendar: WorkCalendar
    number_for: NumberFor
    key_taken: Callable[[str, str], int | None]  # (register, external key) → the live ticket that carries it
    find_ticket: Callable[[int], Ticket | None]
    register_of: Callable[[int], str | None]  # the register of the record or ticket with this id
    fields_of: Callable[[int], Mapping[str, Any] | None]  # the open fields of a record that stands
    has_merged: Callable[[int], bool]  # whether other tickets were merged into this one


@dataclass(frozen=True, slots=True)
class StepContext:
    """What the guards of a step look at."""

    ticket: Ticket
    actor: Person
    register: Register
    command: TakeStep
    world: World

    def text(self, name: str) -> str | None:
        """What was written there, as the log can keep it; None when nothing was."""
        value = self.command.values.get(name)
        return printable(str(value)) or None if value is not None else None

    def count_evidence(self, kind: EvidenceKind) -> int:
        """Files of the kind that belong to the present attempt: given now or since the last failure."""
        before = sum(1 for f in self.ticket.evidence[self.ticket.evidence_before :] if f.kind == kind)
        return before + sum(1 for f in self.command.evidence if f["kind"] == kind)

    def count_before(self) -> int:
        """Pictures of the problem as it was found, given now or ever: an attempt that failed takes none away."""
        kinds = (*(f.kind for f in self.ticket.evidence), *(f["kind"] for f in self.command.evidence))
        return kinds.count(EvidenceKind.PHOTO_BEFORE)

    def main_limit(self) -> Limit | None:
        """The dated rule under which the ticket's due day was set, else the one now in force."""
        clock = self.register.main_clock
        if clock is None:
            return None
        ruled = next((x for x in clock.limits if x.rule_id == self.ticket.main_rule_id), None)
        return ruled or deadlines.limit_in_force(clock, self.ticket.facts(), self.command.occurred_on)

    def pending(self) -> PendingExtension | PendingExclusion | None:
        """The open request that the step would decide."""
        wish = STEP_BY_NAME[self.command.step].decides
        return self.ticket.pending_extension if wish is Wish.EXTENSION else self.ticket.pending_exclusion


def ticket_facts(t: Ticket) -> Facts:
    """What the permission table needs of a ticket."""
    supports = tuple(s.unit_id for s in t.supports)
    return Facts(t.register, t.place_id, t.owner_unit_id, supports, t.is_restricted, t.named_ids)


@dataclass(frozen=True, slots=True)
class Decision:
    """Events to append, and private values (field → value) that go to the vault with them."""

    events: tuple[NewEvent, ...]
    private: Mapping[str, Any]
