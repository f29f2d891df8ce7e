"""The rows and marks of one register made again, in the transaction that changes what the register is.

A small rebuild (rebuild.py): for a register of few records, so that a new figure counts what was recorded before it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, delete, func, select

from tracker.domain.events import Event, StreamKind
from tracker.domain.records import RecordRegister
from tracker.domain.registers import Register
from tracker.log import store
from tracker.models.ledger import FolioRow, MarkDeltaRow, MarkRow
from tracker.models.records import RecordRow
from tracker.models.tickets import TicketRow
from tracker.projections.folios import FolioBook
from tracker.projections.ledger import LedgerWriter
from tracker.projections.lives import Life, Posting, record_life, ticket_life
from tracker.projections.records import RecordWriter
from tracker.projections.tickets import TicketWriter

AT_ONCE = 400


def record_ids(conn: Connection, register: Register | RecordRegister, number: int, limit: int) -> list[int]:
    """The records of a register, void ones too; at most `limit`."""
    table = RecordRow if isinstance(register, RecordRegister) else TicketRow
    return list(conn.scalars(select(table.id).where(table.register_id == number).order_by(table.id).limit(limit)))


def record_count(conn: Connection, number: int) -> int:
    """How many tickets or records a register has, whatever it keeps, void ones too."""
    counts = (select(func.count()).where(table.register_id == number) for table in (TicketRow, RecordRow))
    return sum(conn.scalar(count) or 0 for count in counts)


def histories(conn: Connection, register: Register | RecordRegister, ids: Iterable[int]) -> Iterator[list[Event]]:
    """All events of each of these records."""
    kind = StreamKind.RECORD if isinstance(register, RecordRegister) else StreamKind.TICKET
    rest = iter(ids)
    while part := list(islice(rest, AT_ONCE)):
        yield from store.read_streams(conn, kind, part)


class Recounting:
    """Takes a register's marks out of the ledger and posts them again under the register as it will be."""

    def __init__(
        self, conn: Connection, register: Register | RecordRegister, number: int, folios: FolioBook, zone: ZoneInfo
    ) -> None:
        self._conn = conn
        self._register = register
        self._ledger = LedgerWriter(conn, folios)
        numbers = {register.name: number}
        self._rows: TicketWriter | RecordWriter
        life: Life[Any]
        if isinstance(register, RecordRegister):
            records = {register.name: register}
            life, self._rows = record_life(records), RecordWriter(conn, records, numbers)
        else:
            tickets = {register.name: register}
            life, self._rows = ticket_life(tickets), TicketWriter(conn, tickets, numbers)
        self._posting: Posting[Any] = Posting(life, self._ledger, zone)

    def run(self, ids: list[int]) -> None:
        """Every record of the register must be among them. Sums that anybody holds become void."""
        pages = select(FolioRow.id).where(FolioRow.register == self._register.name)
        self._conn.execute(delete(MarkRow).where(MarkRow.folio.in_(pages)))
        for events in histories(self._conn, self._register, ids):
            positions = [event.position for event in events]
            self._conn.execute(delete(MarkDeltaRow).where(MarkDeltaRow.position.in_(positions)))
            state, _ = self._posting.post(events)
            self._rows.put(state, state)
        self._ledger.flush()
        self._rows.flush()
        store.begin_epoch(self._conn)
