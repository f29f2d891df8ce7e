"""The part of the unit of work that knows units, people and grants, the definitions of registers, and the one mark of a
demonstration.

`handler.py` opens the transaction and hands such commands over; nothing here commits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import bindparam, select

from tracker.definer import define
from tracker.domain.access import Facts, holds_any
from tracker.domain.commands import (
    DefineRegister,
    DirectoryCommand,
    EndGrant,
    MarkDemonstration,
    PersonLeaves,
    WithdrawRegister,
)
from tracker.domain.context import ticket_facts
from tracker.domain.events import Event, NewEvent, StreamKind
from tracker.domain.organising import Office, check_keepers, decide_directory
from tracker.domain.people import SYSTEM
from tracker.domain.refusals import Refusal
from tracker.log import store
from tracker.models.tickets import NamedPersonRow
from tracker.projections.people import load_directory, project_directory

if TYPE_CHECKING:
    from tracker.handler import Request, Work

# Built once: putting a statement together costs more than running it.
_NAMING = select(NamedPersonRow.ticket_id).where(NamedPersonRow.person_id == bindparam("person"))


class Organiser:
    """What an administrator changes, and who else may not."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def directory(self, request: Request, command: DirectoryCommand, key: bytes | None) -> tuple[Event, ...]:
        work = self._work
        today = work.house.today(request.now)
        self._check_administers(request)
        office = Office(work.directory, work.house.pack.register_names, request.actor_id, today)
        kind, stream_id, events = decide_directory(command, office)
        if isinstance(command, PersonLeaves | EndGrant):
            check_keepers(command, self._restricted_naming(command.person_id), office)
        version = 0 if stream_id is None else store.last_version(work.conn, kind, stream_id)
        appended = work.log.append(
            kind, stream_id, version, events, actor_id=request.actor_id, now=request.now, key=key
        )
        work.log.flush()
        project_directory(work.conn, appended)
        work.directory = load_directory(work.conn, work.log.directory_position)
        return appended

    def definition(
        self, request: Request, command: DefineRegister | WithdrawRegister, key: bytes | None
    ) -> tuple[Event, ...]:
        self._check_administers(request)
        return define(self._work, request, command, key)

    def mark_demonstration(self, request: Request, command: MarkDemonstration, key: bytes | None) -> tuple[Event, ...]:
        """Only an empty log can become a demonstration, and it stays one."""
        log = self._work.log
        if request.actor_id != SYSTEM or log.size:
            raise Refusal("not_permitted")
        data = {"town": command.town, "ends_on": command.ends_on.isoformat()}
        event = NewEvent("marked_demonstration", self._work.house.today(request.now), data)
        log.is_demonstration = True
        return log.append(StreamKind.SYSTEM, 0, 0, [event], actor_id=SYSTEM, now=request.now, key=key)

    def _check_administers(self, request: Request) -> None:
        today = self._work.house.today(request.now)
        if request.actor_id != SYSTEM and not holds_any(self._work.actor(request.actor_id), "administer", today):
            raise Refusal("not_permitted")

    def _restricted_naming(self, person_id: int) -> list[Facts]:
        self._work.flush()
        ids = self._work.conn.scalars(_NAMING, {"person": person_id})
        tickets = (self._work.ticket(ticket_id) for ticket_id in ids.all())
        return [ticket_facts(t) for t in tickets if t.is_restricted and not t.is_gone]
