"""One ticket with its history, for its page and for the forms of its steps. Lists: lists.py.

Whether the person may know of the ticket is asked first, by `find_visible_id`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, exists, select

from tracker.domain.confidential import PREFIX, put_back
from tracker.domain.days import to_number
from tracker.domain.effects import fold
from tracker.domain.events import Event, StreamKind, late_days
from tracker.domain.registers import Field, FieldType, Register
from tracker.domain.ticket import Ticket
from tracker.log import store, vault
from tracker.models.log import EventRow
from tracker.models.tickets import TicketRow
from tracker.projections.tickets import SHELF_GONE
from tracker.queries.scope import Viewer, visible

T = TicketRow
_CHOSEN = frozenset(
    {FieldType.SELECT_ONE, FieldType.SELECT_MULTIPLE, FieldType.YES_NO, FieldType.UNIT, FieldType.PERSON}
)


@dataclass(frozen=True, slots=True)
class LoggedEvent:
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
    """A ticket and its history (newest first). `masked`: its private values; `own`: what a restricted ticket
    says of itself, in clear, which only named people ever reach."""

    ticket: Ticket
    log: tuple[LoggedEvent, ...]
    masked: Mapping[str, str]
    own: Mapping[str, Any]

    def value(self, name: str) -> Any:
        """The value of a field as it may be shown: open, or the restricted ticket's own. None: private or not given."""
        return self.ticket.facts().get(name, self.own.get(name))


def find_visible_id(conn: Connection, viewer: Viewer, number: str) -> int | None:
    """The id behind a number that the person may see."""
    if not number.isprintable():  # PostgreSQL takes no NUL in a text
        return None
    found = conn.scalar(select(T.id).where(T.number == number, visible(viewer)))
    return None if found is None else int(found)


def find_standing_id(conn: Connection, viewer: Viewer, register: str, number: str) -> int | None:
    """The ticket of this register that others may name: the person sees it, and it is neither void nor restricted."""
    standing = (T.shelf != SHELF_GONE, T.is_restricted.is_(False), T.register_id == viewer.register_ids[register])
    return conn.scalar(select(T.id).where(T.number == number, *standing, visible(viewer)))


def find_id(conn: Connection, number: str) -> int | None:
    """The id behind a number, whoever may see it: for the operator's commands."""
    found = conn.scalar(select(T.id).where(T.number == number)) if number.isprintable() else None
    return None if found is None else int(found)


def visible_numbers(conn: Connection, viewer: Viewer, ids: Iterable[int]) -> dict[int, str]:
    """The numbers of those of these tickets that the person may see."""
    wanted = set(ids)
    if not wanted:
        return {}
    rows = conn.execute(select(T.id, T.number).where(T.id.in_(wanted), visible(viewer)))
    return {row.id: row.number for row in rows}


def ticket_now(conn: Connection, ticket_id: int) -> Ticket | None:
    return fold(store.read_stream(conn, StreamKind.TICKET, ticket_id))


def tickets_now(conn: Connection, ids: Iterable[int]) -> dict[int, Ticket]:
    """Some hundreds of tickets at once, whoever may see them."""
    folded = (fold(events) for events in store.read_streams(conn, StreamKind.TICKET, ids))
    return {ticket.id: ticket for ticket in folded if ticket is not None}


def ticket_at(conn: Connection, ticket_id: int, version: int) -> Ticket | None:
    """The ticket as somebody saw it who opened a form at `version`."""
    return fold(e for e in store.read_stream(conn, StreamKind.TICKET, ticket_id) if e.version <= version)


def ticket_page(
    conn: Connection, ticket_id: int, register_of: Callable[[str], Register], time_zone: ZoneInfo
) -> TicketPage:
    """One ticket. Bound: a ticket's life."""
    events = _with_texts(conn, ticket_id, store.read_stream(conn, StreamKind.TICKET, ticket_id))
    ticket = fold(events)
    if ticket is None:
        raise LookupError(f"ticket {ticket_id} has no events")
    values = vault.read_private(conn, ticket_id, ticket.private) if ticket.private else {}
    register = register_of(ticket.register)
    own = {name: value for name, value in values.items() if name in register.by_name.keys() - register.private_fields}
    return TicketPage(
        ticket,
        tuple(logged(e, time_zone) for e in reversed(events)),
        {name: masked(register.by_name.get(name), value) for name, value in values.items() if name not in own},
        own,
    )


def masked(field: Field | None, value: Any) -> str:
    """A private value as anybody may see it. Of a choice nothing is shown: its first letters would give it away."""
    return vault.MASK * 3 if field is None or field.type in _CHOSEN else vault.mask(value)


def private_values(conn: Connection, ticket: Ticket, names: Iterable[str]) -> dict[str, Any]:
    """These private values in clear. The caller has recorded who asks and why; an erased value is missing."""
    wanted = {name: ticket.private[name] for name in names if name in ticket.private}
    return vault.read_private(conn, ticket.id, wanted) if wanted else {}


def changes_since(conn: Connection, ticket_id: int, version: int, time_zone: ZoneInfo) -> tuple[LoggedEvent, ...]:
    """What happened to the ticket after the version that a form was opened at, oldest first."""
    events = _with_texts(conn, ticket_id, store.read_stream(conn, StreamKind.TICKET, ticket_id))
    return tuple(logged(e, time_zone) for e in events if e.version > version)


def _with_texts(conn: Connection, ticket_id: int, events: Sequence[Event]) -> list[Event]:
    """The events with what was said of their steps, which for a restricted ticket lies in the vault. Only for those
    who may know of the ticket; a text that was erased is missing."""
    promised = {
        f"{e.version}.{name}": commitment
        for e in events
        for name, commitment in e.data.get("private", {}).items()
        if name.startswith(PREFIX)
    }
    texts = vault.read_private(conn, ticket_id, promised) if promised else {}
    return [replace(e, data=put_back(e.data, _texts_of(e, texts))) for e in events]


def _texts_of(event: Event, texts: Mapping[str, Any]) -> dict[str, Any]:
    start = f"{event.version}."
    return {name.removeprefix(start): text for name, text in texts.items() if name.startswith(start)}


def sent_back(conn: Connection, ids: Iterable[int]) -> dict[int, str]:
    """Of these tickets (some dozens) those whose latest submission was rejected, each with the reason; that of a
    restricted ticket lies in the vault and is empty here."""
    found: dict[int, str] = {}
    wanted = list(ids)
    for events in store.read_streams(conn, StreamKind.TICKET, wanted) if wanted else ():
        for event in events:
            if event.kind == "rejected":
                found[event.stream_id] = str(event.data.get("reason", ""))
            elif event.kind == "submitted":
                found.pop(event.stream_id, None)
    return found


def was_read_on(conn: Connection, ticket_id: int, person_id: int, day: date) -> bool:
    """Whether this person's reading of a restricted ticket is already in the log for that day."""
    row = exists().where(
        EventRow.stream_kind == int(StreamKind.ACCESS),
        EventRow.stream_id == ticket_id,
        EventRow.kind == "read",
        EventRow.actor_id == person_id,
        EventRow.occurred_on == to_number(day),
    )
    return bool(conn.scalar(select(row)))


def logged(event: Event, time_zone: ZoneInfo) -> LoggedEvent:
    return LoggedEvent(
        event.position,
        event.version,
        event.kind,
        event.occurred_on,
        event.recorded_at,
        event.actor_id,
        late_days(event, time_zone),
        event.data,
    )
