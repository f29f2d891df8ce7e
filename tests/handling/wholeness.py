"""Whether a database holds one whole story: the log against its seals, and every projection against a replay of it.

Read under the lock of the log, so that a transaction that is still dying is over. Gives sentences, none when all is
well. It asks tables, since it stands where `xiaohao verify` stands; what it expects comes from the log alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np
from sqlalchemy import Connection, Engine, select

from tracker.domain.days import FOREVER
from tracker.domain.effects import fold
from tracker.domain.events import StreamKind
from tracker.domain.ledger import Mark, marks
from tracker.domain.packs import Pack
from tracker.domain.ticket import Ticket
from tracker.log import store
from tracker.log.audit import chain_faults
from tracker.models.ledger import FolioRow, MarkDeltaRow, MarkRow
from tracker.models.log import CommandKeyRow, PrivateValueRow
from tracker.models.tickets import RegisterRow, TicketRow
from tracker.projections.cube.cells import CELL
from tracker.projections.tickets import ticket_row

Cells = Counter[tuple[int, int, int]]
"""(folio, unit, day) → change."""


def troubles(engine: Engine, pack: Pack) -> list[str]:
    with engine.connect().execution_options(write=True) as conn, conn.begin():
        store.Appender(conn)  # takes the log's lock
        return [str(fault) for fault in chain_faults(conn, lambda event, size: None)] + [*_troubles(conn, pack)]


def _troubles(conn: Connection, pack: Pack) -> Iterator[str]:
    tickets = {t.id: t for t in _replayed(conn)}
    yield from _current_tickets(conn, pack, tickets)
    yield from _live_marks(conn, pack, tickets)
    head = store.read_head(conn).size
    for position in conn.scalars(select(CommandKeyRow.position)):
        if not 0 < position <= head:
            yield f"a key was used for event {position}, which is not in the log"
    kept = {(row.ticket_id, bytes(row.commitment).hex()) for row in conn.execute(select(PrivateValueRow.__table__))}
    promised = {(t.id, commitment) for t in tickets.values() for commitment in t.private.values()}
    if promised - kept:
        yield f"private values without which the log is half: {promised - kept}"


def _replayed(conn: Connection) -> Iterator[Ticket]:
    for events in store.read_by_stream(conn, StreamKind.TICKET):
        ticket = fold(events)
        if ticket is not None:
            yield ticket


def _current_tickets(conn: Connection, pack: Pack, tickets: dict[int, Ticket]) -> Iterator[str]:
    numbers = {row.name: row.id for row in conn.execute(select(RegisterRow.id, RegisterRow.name))}
    rows = {row.id: dict(row._mapping) for row in conn.execute(select(TicketRow.__table__))}
    if rows.keys() != tickets.keys():
        yield f"tickets in the table but not in the log, or the reverse: {rows.keys() ^ tickets.keys()}"
    for ticket_id in rows.keys() & tickets.keys():
        ticket = tickets[ticket_id]
        expected = ticket_row(ticket, pack.register_by_name[ticket.register], numbers[ticket.register])
        if rows[ticket_id] != expected:
            yield f"ticket {ticket_id} is {rows[ticket_id]}, replayed {expected}"


def _live_marks(conn: Connection, pack: Pack, tickets: dict[int, Ticket]) -> Iterator[str]:
    folios = {row.id: (row.account, row.register, row.segment, row.cohort) for row in conn.execute(_FOLIOS)}
    held: dict[int, Counter[tuple[object, ...]]] = {}
    cells: Cells = Counter()
    for row in conn.execute(select(MarkRow.__table__).where(MarkRow.rt.is_(None))):
        account, _, segment, cohort = folios[row.folio]
        held.setdefault(row.ticket_id, Counter())[account, row.unit, row.ef, row.et, segment, cohort] += 1
        cells[row.folio, row.unit, row.ef] += 1
        if row.et < FOREVER:
            cells[row.folio, row.unit, row.et] -= 1
    for ticket in tickets.values():
        expected = Counter(_plain(mark) for mark in marks(ticket, pack.register_by_name[ticket.register]))
        if held.get(ticket.id, Counter()) != expected:
            yield f"the marks of ticket {ticket.id} are not those of a replay"
    if +cells != +_deltas(conn) or -cells != -_deltas(conn):
        yield "the cells that the cube is built from are not those of the marks"


def _plain(mark: Mark) -> tuple[object, ...]:
    return mark.account, mark.unit, mark.ef, mark.et, mark.segment, mark.cohort


def _deltas(conn: Connection) -> Cells:
    cells: Cells = Counter()
    for packed in conn.scalars(select(MarkDeltaRow.cells)):
        for folio, unit, day, change in np.frombuffer(bytes(packed), CELL).tolist():
            cells[folio, unit, day] += change
    return cells


_FOLIOS = select(FolioRow.__table__)
