"""The part of the unit of work that knows who read what, and what is erased from the vault.

`handler.py` opens the transaction and hands such commands over; nothing here commits.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tracker.domain.commands import ErasePrivateValues, NoteAccess
from tracker.domain.events import Event, NewEvent, StreamKind
from tracker.domain.needs import reason_given
from tracker.domain.people import SYSTEM
from tracker.domain.refusals import Refusal
from tracker.log import store
from tracker.log.vault import erase

if TYPE_CHECKING:
    from tracker.handler import Request, Work


class Noter:
    """Accesses to a ticket or record, each in the log; nothing of its state changes."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def note(self, request: Request, command: NoteAccess) -> tuple[Event, ...]:
        world = self._work.world(request)
        if command.ticket_id and not self._work.records.is_visible(command.ticket_id, world):
            self._work.visible(command.ticket_id, world)
        return self._append(request, command.ticket_id, command.kind, command.data)

    def erase(self, request: Request, command: ErasePrivateValues) -> tuple[Event, ...]:
        """For the operator alone: nobody who works on a ticket makes anything of it disappear."""
        if request.actor_id != SYSTEM:
            raise Refusal("not_permitted")
        reason = reason_given(command.reason)
        private = self._private_names(command.ticket_id)
        for name in command.fields:
            if name not in private:
                raise Refusal("field_unknown", field=name, name=name)
        self._work.flush()
        count = erase(self._work.conn, command.ticket_id, command.fields)
        data = {"fields": sorted(set(command.fields)), "count": count, "reason": reason}
        return self._append(request, command.ticket_id, "erased", data)

    def _private_names(self, stream_id: int) -> frozenset[str]:
        """Fields whose values lie in the vault; of a record also those that were private when it was entered."""
        record = self._work.records.find(stream_id)
        if record is None:
            return self._work.house.register(self._work.ticket(stream_id).register).private_fields
        return self._work.house.pack.record_by_name[record.register].private_fields | record.private.keys()

    def _append(self, request: Request, stream_id: int, kind: str, data: Mapping[str, Any]) -> tuple[Event, ...]:
        log = self._work.log
        version = store.last_version(self._work.conn, StreamKind.ACCESS, stream_id)
        event = NewEvent(kind, self._work.house.today(request.now), dict(data))
        return log.append(
            StreamKind.ACCESS, stream_id, version, [event], actor_id=request.actor_id, now=request.now, key=None
        )
