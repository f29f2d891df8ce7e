"""Uploaded files as their uploader sees them, and which of their rows are recorded already."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from itertools import islice
from typing import Any

import orjson
from sqlalchemy import Connection, func, select

from tracker.log.store import from_ms, to_ms
from tracker.models.log import CommandKeyRow
from tracker.models.records import RecordRow
from tracker.models.tickets import TicketRow
from tracker.models.uploads import UploadedRow, UploadRow
from tracker.projections.records import SHELF_VOID, records_of_keys
from tracker.projections.tickets import SHELF_GONE, tickets_of_numbers
from tracker.queries.scope import Viewer, records_visible, visible

PAGE = 100
RECENT = 10
_AT_ONCE = 500  # values in one IN (…)
_HEAD = (
    UploadRow.id,
    UploadRow.register,
    UploadRow.file_name,
    UploadRow.sheet,
    UploadRow.digest,
    UploadRow.uploaded_at,
    UploadRow.expires_at,
    UploadRow.told,
    UploadRow.done,
)


class State(IntEnum):
    """What stands of a row. The numbers are in the table: never renumber."""

    READY = 1
    WRONG = 2
    KNOWN = 3  # recorded already, by this file or another
    REPEATED = 4  # says the same as an earlier row of this file
    REGISTERED = 5  # by this import
    ADDS = 6  # recorded already, and says a milestone that the ticket lacks
    ADDED = 7  # such a milestone, by this import


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that waits, or was imported. `told` and `done` are what `blueprints/import_view.py` wrote."""

    id: int
    register: str
    file_name: str
    sheet: str
    digest: str
    uploaded_at: datetime
    expires_at: datetime
    told: Mapping[str, Any]
    done: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class UploadLine:
    """One row of a file, as the preview tells it. `ticket_id`: of the ticket or record that it is, or was before;
    `number` is given when that may be seen."""

    row: int
    state: State
    told: Mapping[str, Any]
    ticket_id: int | None
    number: str | None = None


def upload_of(conn: Connection, upload_id: int, *, person_id: int, now: datetime) -> Upload | None:
    """The upload, for the person who made it and until it expires; None for anybody else."""
    asked = select(*_HEAD).where(
        UploadRow.id == upload_id, UploadRow.person_id == person_id, UploadRow.expires_at > to_ms(now)
    )
    row = conn.execute(asked).one_or_none()
    return None if row is None else _upload(row)


def upload_of_file(conn: Connection, digest: str, register: str, *, person_id: int, now: datetime) -> Upload | None:
    """This person's upload of the file for the register, the latest one, while it is kept."""
    asked = (
        select(*_HEAD)
        .where(UploadRow.person_id == person_id, UploadRow.digest == digest, UploadRow.register == register)
        .where(UploadRow.expires_at > to_ms(now))
        .order_by(UploadRow.uploaded_at.desc())
        .limit(1)
    )
    row = conn.execute(asked).one_or_none()
    return None if row is None else _upload(row)


def recent_uploads(conn: Connection, *, person_id: int, register: str, now: datetime) -> list[Upload]:
    """This person's uploads for a register, the latest first; at most RECENT."""
    asked = (
        select(*_HEAD)
        .where(UploadRow.person_id == person_id, UploadRow.register == register, UploadRow.expires_at > to_ms(now))
        .order_by(UploadRow.uploaded_at.desc())
        .limit(RECENT)
    )
    return [_upload(row) for row in conn.execute(asked)]


def _upload(row: Any) -> Upload:
    return Upload(
        row.id,
        row.register,
        row.file_name,
        row.sheet,
        row.digest,
        from_ms(row.uploaded_at),
        from_ms(row.expires_at),
        orjson.loads(row.told),
        orjson.loads(row.done),
    )


def content_of(conn: Connection, upload_id: int) -> bytes:
    """The file as it came."""
    return bytes(conn.execute(select(UploadRow.content).where(UploadRow.id == upload_id)).scalar_one())


def row_counts(conn: Connection, upload_id: int) -> dict[State, int]:
    """How many rows are in each state; every state has its number."""
    asked = (
        select(UploadedRow.state, func.count()).where(UploadedRow.upload_id == upload_id).group_by(UploadedRow.state)
    )
    return dict.fromkeys(State, 0) | {State(state): count for state, count in conn.execute(asked)}


def lines_of(
    conn: Connection, upload_id: int, state: State, viewer: Viewer, *, after: int, limit: int = PAGE
) -> list[UploadLine]:
    """Rows of one state in the order of the file, from the row behind `after`; one more than `limit` when there is."""
    asked = (
        select(UploadedRow.row, UploadedRow.told, UploadedRow.ticket_id)
        .where(UploadedRow.upload_id == upload_id, UploadedRow.state == int(state), UploadedRow.row > after)
        .order_by(UploadedRow.row)
        .limit(limit + 1)
    )
    rows = conn.execute(asked).all()
    numbers = _numbers(conn, viewer, {row.ticket_id for row in rows if row.ticket_id})
    return [UploadLine(r.row, state, orjson.loads(r.told), r.ticket_id, numbers.get(r.ticket_id)) for r in rows]


def all_lines(conn: Connection, upload_id: int, state: State, viewer: Viewer) -> Iterator[UploadLine]:
    """Every row of one state, read page by page."""
    after = 0
    while page := lines_of(conn, upload_id, state, viewer, after=after, limit=1000):
        yield from page
        after = page[-1].row


def rows_in(conn: Connection, upload_id: int, state: State) -> list[int]:
    """The row numbers in this state, in the order of the file."""
    asked = select(UploadedRow.row).where(UploadedRow.upload_id == upload_id, UploadedRow.state == int(state))
    return list(conn.scalars(asked.order_by(UploadedRow.row)))


def tickets_recorded(conn: Connection, viewer: Viewer, register: str, keys: Iterable[str]) -> dict[str, int]:
    """External key → the ticket that carries it, seen or not: a page shows its number only to whoever may see it."""
    register_id = viewer.register_ids.get(register)
    found: dict[str, int] = {}
    for part in _parts(keys):
        found |= tickets_of_numbers(conn, register_id, part)
    return found


def records_recorded(conn: Connection, viewer: Viewer, register: str, keys: Iterable[str]) -> dict[str, int]:
    """The same of activities, subjects and statistics."""
    register_id = viewer.register_ids.get(register)
    found: dict[str, int] = {}
    for part in _parts(keys):
        found |= records_of_keys(conn, register_id, part)
    return found


@dataclass(frozen=True, slots=True)
class Numbered:
    """What stands under a number: its id, the unit and the day (number) from which it counts."""

    id: int
    unit_id: int
    day: int


def numbered_tickets(conn: Connection, viewer: Viewer, register: str, numbers: Iterable[str]) -> dict[str, Numbered]:
    """Number → the ticket of this register that stands under it and that the person may see."""
    standing = (TicketRow.register_id == viewer.register_ids.get(register), TicketRow.shelf != SHELF_GONE)
    asked = select(TicketRow.number, TicketRow.id, TicketRow.place_id, TicketRow.found_on).where(
        *standing, visible(viewer)
    )
    found = {}
    for part in _parts(numbers):
        for row in conn.execute(asked.where(TicketRow.number.in_(part))):
            found[row.number] = Numbered(row.id, row.place_id, row.found_on)
    return found


def numbered_records(conn: Connection, viewer: Viewer, register: str, numbers: Iterable[str]) -> dict[str, Numbered]:
    """The same of activities, subjects and statistics."""
    standing = (RecordRow.register_id == viewer.register_ids.get(register), RecordRow.shelf != SHELF_VOID)
    asked = select(RecordRow.number, RecordRow.id, RecordRow.unit_id, RecordRow.held_on).where(
        *standing, records_visible(viewer)
    )
    found = {}
    for part in _parts(numbers):
        for row in conn.execute(asked.where(RecordRow.number.in_(part))):
            found[row.number] = Numbered(row.id, row.unit_id, row.held_on)
    return found


def streams_of_keys(conn: Connection, hashed: Iterable[bytes]) -> dict[bytes, int]:
    """Idempotency key, as the log keeps it, → the ticket or record that it made."""
    found: dict[bytes, int] = {}
    for part in _parts(hashed):
        asked = select(CommandKeyRow.key, CommandKeyRow.position).where(CommandKeyRow.key.in_(part))
        found |= {bytes(row.key): row.position for row in conn.execute(asked)}
    return found


def _numbers(conn: Connection, viewer: Viewer, ids: Iterable[int]) -> dict[int, str]:
    """Of tickets and of records: their ids are positions of the same log."""
    found: dict[int, str] = {}
    for part in _parts(ids):
        tickets = select(TicketRow.id, TicketRow.number).where(TicketRow.id.in_(part), visible(viewer))
        records = select(RecordRow.id, RecordRow.number).where(RecordRow.id.in_(part), records_visible(viewer))
        found |= {row.id: row.number for asked in (tickets, records) for row in conn.execute(asked)}
    return found


def _parts(values: Iterable[Any]) -> Iterator[list[Any]]:
    rest = iter(values)
    while part := list(islice(rest, _AT_ONCE)):
        yield part
