"""The part of the unit of work that lets the state of a subject follow its tickets.

Whatever a ticket lives may change what it says of its subject: then an event on the subject's own stream says so, in
the same transaction, by the same person. Registers without `subject_states` cost nothing here; nothing here commits.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tracker.domain.events import Event, NewEvent, StreamKind
from tracker.domain.following import SubjectStates, claims_of, fields_said, subject_of
from tracker.domain.records import RecordRegister
from tracker.domain.registers import Register
from tracker.domain.ticket import Ticket
from tracker.domain.turns import Claim

if TYPE_CHECKING:
    from tracker.handler import Request, Work


class Follower:
    """What a ticket was said to mean for a subject, and what it means now."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def look_at(
        self, request: Request, before: Ticket | None, after: Ticket, register: Register, events: Sequence[Event]
    ) -> None:
        """A ticket was written: the subjects that it named, and that it names now, say what follows."""
        rule = register.subject_states
        if rule is None:
            return
        subjects = self._subjects(register, rule)
        was, now = subject_of(before, rule), subject_of(after, rule)
        said = claims_of(before, register, subjects) if before is not None else ()
        says = claims_of(after, register, subjects)
        if (was, said) == (now, says):
            return
        for subject_id in sorted({known for known in (was, now) if known is not None}):
            self._tell(request, subject_id, subjects, after.id, says if subject_id == now else (), events)

    def _subjects(self, register: Register, rule: SubjectStates) -> RecordRegister:
        name = register.by_name[rule.link].register or ""
        return self._work.house.pack.record_by_name[name]

    def _tell(
        self,
        request: Request,
        subject_id: int,
        subjects: RecordRegister,
        ticket_id: int,
        claims: tuple[Claim, ...],
        events: Sequence[Event],
    ) -> None:
        """One subject, where it stands and does not know it already."""
        work = self._work
        subject = work.records.find(subject_id)
        if subject is None or subject.is_void or subject.register != subjects.name:
            return
        known = subject.claims.get(ticket_id, ())
        if known == claims:
            return
        data: dict[str, Any] = {"ticket": ticket_id, "claims": [claim.as_data() for claim in claims]}
        if fields := fields_said(known, claims, subject.fields):
            data["fields"] = fields
        appended = work.log.append(
            StreamKind.RECORD,
            subject_id,
            subject.version,
            [NewEvent("followed", events[-1].occurred_on, data)],
            actor_id=request.actor_id,
            now=request.now,
            key=None,
        )
        state = work.records.project(subject, appended)
        work.periods.look_at(request, subject, state, appended)
