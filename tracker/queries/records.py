"""One activity, subject or statistic with its history, and what names it. Lists of a register: record_lists.py.

Whether the person may know of the record is asked first, by `find_visible_id`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, and_, bindparam, func, or_, select, true

from tracker.domain.events import StreamKind
from tracker.domain.numbers import record_number, serial_typed, typed_number
from tracker.domain.record import Record, fold
from tracker.domain.records import RecordRegister
from tracker.log import store, vault
from tracker.models.records import RecordLinkRow, RecordRow
from tracker.models.tickets import RegisterRow, TicketRow
from tracker.projections.records import SHELF_VOID
from tracker.projections.tickets import SHELF_GONE
from tracker.queries.counts import COUNTED_TO, Count
from tracker.queries.record_lists import RecordCursor
from tracker.queries.scope import Condition, Viewer, records_visible, visible
from tracker.queries.tickets import LoggedEvent, logged, masked

R = RecordRow
L = RecordLinkRow
_SERIAL_YEARS = 15

_RECORD_REGISTER = (
    select(RegisterRow.name)
    .join(RecordRow, RecordRow.register_id == RegisterRow.id)
    .where(RecordRow.id == bindparam("id"), RecordRow.shelf != SHELF_VOID)
)
_TICKET_REGISTER = (
    select(RegisterRow.name)
    .join(TicketRow, TicketRow.register_id == RegisterRow.id)
    .where(TicketRow.id == bindparam("id"), TicketRow.shelf != SHELF_GONE, TicketRow.is_restricted.is_(False))
)


def register_of(conn: Connection, record_id: int) -> str | None:
    """The register of a record or ticket that stands; None for a void or restricted one, and for none."""
    found = conn.scalar(_RECORD_REGISTER, {"id": record_id}) or conn.scalar(_TICKET_REGISTER, {"id": record_id})
    return str(found) if found else None


def fields_of(conn: Connection, record_id: int) -> Mapping[str, Any] | None:
    """The open fields of a record that stands, whoever may see it; None for any other id."""
    record = record_at(conn, record_id)
    return None if record is None or record.is_void else record.fields


# -- by number ----------------------------------------------------------------------------------------
def find_visible_id(conn: Connection, viewer: Viewer, number: str) -> int | None:
    """The id behind a number that the person may see."""
    if not number.isprintable():  # PostgreSQL takes no NUL in a text
        return None
    found = conn.scalar(select(R.id).where(R.number == number, records_visible(viewer)))
    return None if found is None else int(found)


def find_standing_id(conn: Connection, viewer: Viewer, register: str, number: str) -> int | None:
    """The record of this register that others may name: the person sees it, and it is not void."""
    standing = (R.shelf != SHELF_VOID, R.register_id == viewer.register_ids[register])
    return conn.scalar(select(R.id).where(R.number == number, *standing, records_visible(viewer)))


def standing_summaries(conn: Connection, viewer: Viewer, register: str, *, limit: int) -> list[tuple[int, str]]:
    """(id, what lists call it) of the records of this register that others may name."""
    standing = (R.shelf != SHELF_VOID, R.register_id == viewer.register_ids[register])
    rows = conn.execute(select(R.id, R.summary).where(*standing, records_visible(viewer)).limit(limit))
    return [(row.id, row.summary) for row in rows]


def find_id(conn: Connection, number: str) -> int | None:
    """The id behind a number, whoever may see it: for the operator's commands."""
    found = conn.scalar(select(R.id).where(R.number == number)) if number.isprintable() else None
    return None if found is None else int(found)


def visible_numbers(conn: Connection, viewer: Viewer, ids: Iterable[int]) -> dict[int, str]:
    """The numbers of those of these records that the person may see."""
    wanted = set(ids)
    if not wanted:
        return {}
    rows = conn.execute(select(R.id, R.number).where(R.id.in_(wanted), records_visible(viewer)))
    return {row.id: row.number for row in rows}


def find_number(conn: Connection, viewer: Viewer, registers: Iterable[RecordRegister], typed: str) -> str | None:
    """The number of the one record that somebody typed, with either prefix."""
    plain = typed_number(typed, registers)
    found = find_visible_id(conn, viewer, plain) if plain else None
    return None if found is None else plain


def ids_by_serial(conn: Connection, viewer: Viewer, registers: Iterable[RecordRegister], typed: str) -> list[int]:
    """Records whose number ends so, the newest first: 12 and 2023-12 mean 会-2023-0012. Bound: registers x years."""
    found = serial_typed(typed)
    if found is None:
        return []
    year, serial = found
    years = [year] if year else range(viewer.on.year - _SERIAL_YEARS + 1, viewer.on.year + 1)
    numbers = [record_number(r, y, serial, is_restricted=False) for r in registers for y in years]
    rows = conn.scalars(select(R.id).where(R.number.in_(numbers), records_visible(viewer)).order_by(R.id.desc()))
    return list(rows)


# -- one record ---------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class RecordPage:
    """A record and its history (newest first). `masked`: its private values."""

    record: Record
    log: tuple[LoggedEvent, ...]
    masked: Mapping[str, str]


def record_page(conn: Connection, record_id: int, register: RecordRegister, time_zone: ZoneInfo) -> RecordPage:
    """One record. Bound: its own life; what others say of it is asked by `linked`."""
    events = store.read_stream(conn, StreamKind.RECORD, record_id)
    record = fold(events)
    if record is None:
        raise LookupError(f"record {record_id} has no events")
    values = vault.read_private(conn, record_id, record.private) if record.private else {}
    return RecordPage(
        record,
        tuple(logged(e, time_zone) for e in reversed(events)),
        {name: masked(register.by_name.get(name), value) for name, value in values.items()},
    )


def register_name_of(conn: Connection, record_id: int) -> str:
    """The register of a record, voided ones too."""
    query = select(RegisterRow.name).join(R, R.register_id == RegisterRow.id).where(R.id == record_id)
    return conn.execute(query).scalar_one()


def record_at(conn: Connection, record_id: int, version: int | None = None) -> Record | None:
    """The record as somebody saw it who opened a form at `version`; as it stands without one."""
    events = store.read_stream(conn, StreamKind.RECORD, record_id)
    return fold(e for e in events if version is None or e.version <= version)


def records_now(conn: Connection, ids: Iterable[int]) -> dict[int, Record]:
    """Some hundreds of records at once, whoever may see them."""
    folded = (fold(events) for events in store.read_streams(conn, StreamKind.RECORD, ids))
    return {record.id: record for record in folded if record is not None}


def changes_since(conn: Connection, record_id: int, version: int, time_zone: ZoneInfo) -> tuple[LoggedEvent, ...]:
    """What happened to the record after the version that a form was opened at, oldest first."""
    events = store.read_stream(conn, StreamKind.RECORD, record_id)
    return tuple(logged(e, time_zone) for e in events if e.version > version)


def private_values(conn: Connection, record: Record, names: Iterable[str]) -> dict[str, Any]:
    """These private values in clear. The caller has recorded who asks and why; an erased value is missing."""
    wanted = {name: record.private[name] for name in names if name in record.private}
    return vault.read_private(conn, record.id, wanted) if wanted else {}


# -- what names a record ------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Linked:
    """Records or tickets of one register that name a record: their ids, the newest day first."""

    ids: tuple[int, ...]
    next: RecordCursor | None


def linked(
    conn: Connection,
    viewer: Viewer,
    target_id: int,
    register: str,
    *,
    is_of_tickets: bool,
    after: RecordCursor | None,
    limit: int,
) -> Linked:
    """Those that the person may see. Bound: read in the order of the links' own key, no further than needed."""
    start: Condition = true()
    if after is not None:
        start = and_(L.held_on <= after.day, or_(L.held_on < after.day, L.source_id < after.id))
    query = (
        select(L.held_on, L.source_id)
        .where(_names(viewer, target_id, register), start, _may_be_seen(viewer, is_of_tickets=is_of_tickets))
        .group_by(L.held_on, L.source_id)  # two fields may name the same record
        .order_by(L.held_on.desc(), L.source_id.desc())
        .limit(limit + 1)
    )
    rows = conn.execute(query).all()
    ids = tuple(row.source_id for row in rows[:limit])
    return Linked(ids, RecordCursor(*rows[limit - 1]) if len(rows) > limit else None)


def count_linked(conn: Connection, viewer: Viewer, target_id: int, register: str, *, is_of_tickets: bool) -> Count:
    """How many they are, counted up to COUNTED_TO."""
    found = (
        select(L.source_id)
        .where(_names(viewer, target_id, register), _may_be_seen(viewer, is_of_tickets=is_of_tickets))
        .group_by(L.held_on, L.source_id)
        .limit(COUNTED_TO + 1)
    )
    number = conn.scalar(select(func.count()).select_from(found.subquery())) or 0
    return Count(min(number, COUNTED_TO), number > COUNTED_TO)


def _names(viewer: Viewer, target_id: int, register: str) -> Condition:
    return and_(L.target_id == target_id, L.register_id == viewer.register_ids[register])


def _may_be_seen(viewer: Viewer, *, is_of_tickets: bool) -> Condition:
    if is_of_tickets:
        return select(TicketRow.id).where(TicketRow.id == L.source_id, visible(viewer)).exists()
    return select(R.id).where(R.id == L.source_id, records_visible(viewer)).exists()
