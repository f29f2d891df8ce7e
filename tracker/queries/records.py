"""Activities, subjects and statistics as pages ask for them: one record, lists, what is linked to it."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, select

from tracker.models.records import RecordRow
from tracker.models.tickets import RegisterRow, TicketRow
from tracker.projections.records import SHELF_VOID
from tracker.projections.tickets import SHELF_GONE

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
