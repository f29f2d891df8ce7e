"""One ticket with its history, for its page and for the forms of its steps. Lists: lists.py.

Whether the person may know of the ticket is asked first, by `find_visible_id`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select

from tracker.domain.events import Event, StreamKind
from tracker.domain.registers import Register
from tracker.domain.ticket import Ticket, fold
from tracker.log import store, vault
from tracker.models.tickets import TicketRow
from tracker.queries.scope import Viewer, visible

T = TicketRow
LATE_ENTRY_DAYS = 3
"""An entry recorded longer after its day is marked as late."""


@dataclass(frozen=True, slots=True)
class JournalRow:
    """An event as the log of a ticket shows it. `late_days`: recorded so long after, when beyond the usual."""

    position: int
    version: int
    kind: str
    occurred_on: date
    recorded_at: datetime
    actor_id: int
    late_days: int | None
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class TicketPage:
    """A ticket, its history (newest first), and its private values: masked, or in clear for a restricted
    ticket's own text, which only named people ever reach."""

    ticket: Ticket
    journal: tuple[JournalRow, ...]
    private: Mapping[str, str]


def find_ticket_id(conn: Connection, number: str) -> int | None:
    """The id behind a number; whether the person may know of it is for the caller to ask."""
    found = conn.scalar(select(T.id).where(T.number == number))
    return None if found is None else int(found)


def find_visible_id(conn: Connection, viewer: Viewer, number: str) -> int | None:
    """The id behind a number that the person may see."""
    found = conn.scalar(select(T.id).where(T.number == number, visible(viewer)))
    return None if found is None else int(found)


def ticket_now(conn: Connection, ticket_id: int) -> Ticket | None:
    return fold(store.read_stream(conn, StreamKind.TICKET, ticket_id))


def ticket_at(conn: Connection, ticket_id: int, version: int) -> Ticket | None:
    """The ticket as somebody saw it who opened a form at `version`."""
    return fold(e for e in store.read_stream(conn, StreamKind.TICKET, ticket_id) if e.version <= version)


def ticket_page(conn: Connection, ticket_id: int, register_of: Any, time_zone: ZoneInfo) -> TicketPage:
    """One ticket. `register_of`: name → Register. Bound: a ticket's life."""
    events = store.read_stream(conn, StreamKind.TICKET, ticket_id)
    ticket = fold(events)
    if ticket is None:
        raise LookupError(f"ticket {ticket_id} has no events")
    values = vault.read_private(conn, ticket.private) if ticket.private else {}
    register = register_of(ticket.register)
    return TicketPage(
        ticket,
        tuple(_journal_row(e, time_zone) for e in reversed(events)),
        {name: _shown(register, name, value) for name, value in values.items()},
    )


def changes_since(conn: Connection, ticket_id: int, version: int, time_zone: ZoneInfo) -> tuple[JournalRow, ...]:
    """What happened to the ticket after the version that a form was opened at, oldest first."""
    events = store.read_stream(conn, StreamKind.TICKET, ticket_id)
    return tuple(_journal_row(e, time_zone) for e in events if e.version > version)


def _shown(register: Register, name: str, value: Any) -> str:
    field = register.by_name.get(name)
    return str(value) if field is not None and not field.is_private else vault.mask(value)


def _journal_row(event: Event, time_zone: ZoneInfo) -> JournalRow:
    late = (event.recorded_at.astimezone(time_zone).date() - event.occurred_on).days
    return JournalRow(
        event.position,
        event.version,
        event.kind,
        event.occurred_on,
        event.recorded_at,
        event.actor_id,
        late if late > LATE_ENTRY_DAYS else None,
        event.data,
    )
