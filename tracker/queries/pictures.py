"""Where else a picture stands: the chief form of cheating is one photograph for five households.

What the person may not see is counted, never named; a restricted ticket is not even counted for those who may not know
of it. What is void or a duplicate counts in no figure, so that its picture may stand again.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, and_, func, or_, select, union_all

from tracker.domain.record import Record
from tracker.domain.ticket import Ticket
from tracker.models.pictures import PictureUseRow
from tracker.models.records import RecordRow
from tracker.models.tickets import TicketRow
from tracker.projections.pictures import family_of, pictures_of, shortened
from tracker.projections.records import SHELF_VOID
from tracker.projections.tickets import SHELF_GONE
from tracker.queries.scope import Viewer, records_visible, visible

U, T, R = PictureUseRow, TicketRow, RecordRow
SHOWN = 3
"""So many tickets and records are named; the others are counted with those that the person may not see."""


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Tickets and records that show the same picture. `tickets`, `records`: numbers of those to be named; `more`: how
    many others there are."""

    tickets: tuple[str, ...]
    records: tuple[str, ...]
    more: int


def elsewhere(conn: Connection, viewer: Viewer, of: Ticket | Record) -> dict[str, Elsewhere]:
    """Digest → where else that picture of this ticket or record stands, outside its family; pictures that stand nowhere
    else are left out. Bound: a look into an index for each picture, and of those that are used again their uses."""
    found = {}
    for digest in set(pictures_of(of.evidence)):
        if one := _elsewhere(conn, viewer, digest, family_of(of)):
            found[digest] = one
    return found


def _elsewhere(conn: Connection, viewer: Viewer, digest: str, family_id: int) -> Elsewhere | None:
    same = and_(U.digest == shortened(digest), U.family_id != family_id)
    if conn.scalar(select(U.stream_id).where(same).limit(1)) is None:
        return None  # as good as always
    tickets = select(T.number).join(U, U.stream_id == T.id).where(same, T.shelf != SHELF_GONE)
    records = select(R.number).join(U, U.stream_id == R.id).where(same, R.shelf != SHELF_VOID)
    seen = visible(viewer)
    named = tuple(conn.scalars(tickets.where(seen).order_by(T.id).limit(SHOWN)))
    kept = tuple(conn.scalars(records.where(records_visible(viewer)).order_by(R.id).limit(SHOWN - len(named))))
    known = or_(T.is_restricted.is_(False), seen)
    every = union_all(tickets.where(known), records).subquery()
    more = int(conn.scalar(select(func.count()).select_from(every)) or 0) - len(named) - len(kept)
    return Elsewhere(named, kept, more) if named or kept or more else None
