"""The current row of each activity, subject and statistic, and the links between records, as pages read them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import Connection, bindparam, delete, insert, select, update

from tracker.domain.days import to_number
from tracker.domain.record import Record
from tracker.domain.records import RecordRegister
from tracker.domain.registers import Field, Register
from tracker.domain.ticket import Ticket
from tracker.models.log import PrivateValueRow
from tracker.models.records import RecordLinkRow, RecordRow
from tracker.models.rows import ChangedRows, hashed, write_rows

ORIGIN = "@origin"
"""What stands for the field's name where a ticket comes from an inspection: no field is called so."""
SHELF_FINISHED, SHELF_UNFINISHED, SHELF_VOID = 0, 1, 2

_RECORDS = RecordRow.__table__
_LINKS = RecordLinkRow.__table__
_COLUMNS = tuple(c.name for c in _RECORDS.columns if c.name != "id")
_INSERT = insert(_RECORDS)
_UPDATE = update(_RECORDS).where(_RECORDS.c.id == bindparam("id")).values({n: bindparam(n) for n in _COLUMNS})
_INSERT_LINK = insert(_LINKS)
_KEYED = select(RecordRow.id, RecordRow.key).where(
    RecordRow.register_id == bindparam("register"), RecordRow.key.in_(bindparam("keys", expanding=True))
)


def records_of_keys(conn: Connection, register_id: int | None, keys: Iterable[str]) -> dict[str, int]:
    """Key → the live statistic that measures this, or the live record of that row; of some hundreds together."""
    by_hash = {hashed(key): key for key in keys}
    rows = conn.execute(_KEYED, {"register": register_id, "keys": list(by_hash)})
    return {by_hash[bytes(row.key)]: row.id for row in rows}


def records_called(
    conn: Connection, register_id: int, unit_id: int, field: str, called: str, *, is_private: bool
) -> list[int]:
    """Records of a unit that stand, whose summary `field` says this; the oldest first. Bound: those of the unit."""
    of_unit = (RecordRow.unit_id == unit_id, RecordRow.register_id == register_id, RecordRow.shelf == SHELF_FINISHED)
    query = select(RecordRow.id).where(*of_unit)
    if is_private:
        kept = (PrivateValueRow.field == field, PrivateValueRow.value == orjson.dumps(called).decode())
        query = query.join(PrivateValueRow, PrivateValueRow.ticket_id == RecordRow.id)
        query = query.where(*kept, PrivateValueRow.is_current)
    else:
        query = query.where(RecordRow.summary == called)
    return list(conn.scalars(query.order_by(RecordRow.id)))


class RecordWriter:
    """Collects changed records of one transaction, and links of records and tickets; the latest state is written."""

    def __init__(self, conn: Connection, registers: Mapping[str, RecordRegister], numbers: Mapping[str, int]) -> None:
        self._conn = conn
        self._registers = registers
        self._numbers = numbers
        self._rows: ChangedRows[Record] = ChangedRows()
        self._links: dict[int, list[dict[str, Any]]] = {}
        self._born_here: set[int] = set()

    @property
    def is_waiting(self) -> bool:
        """Whether a record is not written yet."""
        return bool(self._rows)

    def put(self, before: Record | None, after: Record) -> None:
        register = self._registers[after.register]
        if before is None:
            self._born_here.add(after.id)
        self._rows.put(before, after)
        links = {} if after.is_void else after.fields
        self._link(after.id, register, links, to_number(after.on), is_new=before is None)

    def put_ticket(self, before: Ticket | None, after: Ticket, register: Register) -> None:
        """Only the links of a ticket: its row is TicketWriter's."""
        names_none = not register.links and after.origin_id is None
        if names_none or (before is not None and before.fields is after.fields and before.is_gone == after.is_gone):
            return
        if before is None:
            self._born_here.add(after.id)
        rows = links_of_ticket(after, register, self._numbers[register.name])
        if rows or before is not None:
            self._links[after.id] = rows

    def _link(self, source_id: int, register: RecordRegister, values: Any, held_on: int, *, is_new: bool) -> None:
        named = register.links
        if named:
            rows = _rows(source_id, named, values, self._numbers[register.name], held_on)
            if rows or not is_new:
                self._links[source_id] = rows

    def flush(self) -> None:
        self._rows.write(self._conn, _INSERT, _UPDATE, self._row)
        old = [source for source in self._links if source not in self._born_here]
        if old:
            self._conn.execute(delete(_LINKS).where(_LINKS.c.source_id.in_(old)))
        write_rows(self._conn, _INSERT_LINK, [row for rows in self._links.values() for row in rows])
        self._links, self._born_here = {}, set()

    def _row(self, r: Record) -> dict[str, Any]:
        return record_row(r, self._registers[r.register], self._numbers[r.register])


def links_of_ticket(ticket: Ticket, register: Register, register_id: int) -> list[dict[str, Any]]:
    """What a ticket names. A restricted one is named by nobody's page."""
    if ticket.is_gone or ticket.is_restricted:
        return []
    held_on = to_number(ticket.found_on)
    rows = _rows(ticket.id, register.links, ticket.fields, register_id, held_on)
    if ticket.origin_id is not None:
        rows.append(_link(ticket.origin_id, register_id, held_on, ticket.id, ORIGIN))
    return rows


def insert_links(conn: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Of records that have none written yet."""
    write_rows(conn, _INSERT_LINK, rows)


def _rows(
    source_id: int, named: Iterable[Field], values: Mapping[str, Any], register_id: int, held_on: int
) -> list[dict[str, Any]]:
    return [
        _link(values[f.name], register_id, held_on, source_id, f.name) for f in named if values.get(f.name) is not None
    ]


def _link(target_id: int, register_id: int, held_on: int, source_id: int, field: str) -> dict[str, Any]:
    return {
        "target_id": target_id,
        "register_id": register_id,
        "held_on": held_on,
        "source_id": source_id,
        "field": field,
    }


def record_row(r: Record, register: RecordRegister, register_id: int) -> dict[str, Any]:
    """The row of a record; nothing private enters it."""
    listed = {
        f.name: r.fields[f.name]
        for f in register.fields
        if f.is_listed and f.name in r.fields and f.name != register.summary_field
    }
    return {
        "id": r.id,
        "number": r.number,
        "register_id": register_id,
        "unit_id": r.unit_id,
        "held_on": to_number(r.on),
        "shelf": SHELF_VOID if r.is_void else SHELF_FINISHED if r.is_complete else SHELF_UNFINISHED,
        "state": r.state,
        "is_nil": bool(register.nil_field and r.fields.get(register.nil_field)),
        "recorder_id": r.recorder_id,
        "version": r.version,
        "summary": str(r.fields.get(register.summary_field, "")),
        "listed": orjson.dumps(listed).decode() if listed else "{}",
        "key": hashed(r.key) if r.key and not r.is_void else None,
    }
