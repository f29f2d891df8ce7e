"""The current row of each ticket, as lists and the desk read it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import Connection, bindparam, delete, insert, select, update

from tracker.domain.days import to_number
from tracker.domain.lifecycle import STATUS_NUMBERS, Status
from tracker.domain.registers import Register
from tracker.domain.ticket import Ticket
from tracker.models.rows import ChangedRows, hashed, insert_rows
from tracker.models.tickets import NamedPersonRow, RegisterRow, SupportRow, TicketRow

SHELF_OPEN, SHELF_CLOSED, SHELF_GONE = 0, 1, 2
_NOT_OPEN = {Status.CLOSED: SHELF_CLOSED, Status.VOIDED: SHELF_GONE, Status.MERGED: SHELF_GONE}
SHELF_OF: Mapping[Status, int] = {status: _NOT_OPEN.get(status, SHELF_OPEN) for status in Status}

_TICKETS = TicketRow.__table__
_COLUMNS = tuple(c.name for c in _TICKETS.columns if c.name != "id")
_INSERT = insert(_TICKETS)
_TICKETS_OF_NUMBERS = select(TicketRow.id, TicketRow.external_key).where(
    TicketRow.register_id == bindparam("register"), TicketRow.external_key.in_(bindparam("keys", expanding=True))
)
_ONE_MERGED = select(TicketRow.id).where(TicketRow.merged_into == bindparam("into")).limit(1)
_UPDATE = update(_TICKETS).where(_TICKETS.c.id == bindparam("id")).values({n: bindparam(n) for n in _COLUMNS})


def tickets_of_numbers(conn: Connection, register_id: int | None, keys: Iterable[str]) -> dict[str, int]:
    """External number → the live ticket that carries it, of some hundreds of numbers together."""
    by_hash = {hashed(key): key for key in keys}
    rows = conn.execute(_TICKETS_OF_NUMBERS, {"register": register_id, "keys": list(by_hash)})
    return {by_hash[bytes(row.external_key)]: row.id for row in rows}


def has_merged(conn: Connection, ticket_id: int) -> bool:
    """Whether other tickets were merged into this one."""
    return conn.scalar(_ONE_MERGED, {"into": ticket_id}) is not None


def sync_registers(conn: Connection, registers: Iterable[str]) -> dict[str, int]:
    """Numbers of the registers, adding those that are new. Needs the write lock when any is."""
    known = {r.name: r.id for r in conn.execute(select(RegisterRow.id, RegisterRow.name))}
    for name in sorted(registers):
        if name not in known:
            known[name] = max(known.values(), default=0) + 1
            conn.execute(insert(RegisterRow.__table__), [{"id": known[name], "name": name}])
    return known


class TicketWriter:
    """Collects changed tickets of one transaction; the latest state of each is written."""

    def __init__(self, conn: Connection, registers: Mapping[str, Register], numbers: Mapping[str, int]) -> None:
        self._conn = conn
        self._registers = registers
        self._numbers = numbers
        self._rows: ChangedRows[Ticket] = ChangedRows()
        self._renamed: set[int] = set()
        self._resupported: set[int] = set()

    def put(self, before: Ticket | None, after: Ticket) -> None:
        self._rows.put(before, after)
        if after.named_ids != (before.named_ids if before else ()):
            self._renamed.add(after.id)
        if after.supports != (before.supports if before else ()):
            self._resupported.add(after.id)

    def flush(self) -> None:
        everything = {**self._rows.new, **self._rows.changed}
        self._rows.write(self._conn, _INSERT, _UPDATE, self._row)
        self._relate(NamedPersonRow, "person_id", {i: everything[i].named_ids for i in self._renamed})
        supports = {i: tuple({s.unit_id for s in everything[i].supports}) for i in self._resupported}
        self._relate(SupportRow, "unit_id", supports)
        self._renamed, self._resupported = set(), set()

    def _relate(self, row_type: Any, column: str, wanted: Mapping[int, tuple[int, ...]]) -> None:
        if not wanted:
            return
        table = row_type.__table__
        self._conn.execute(delete(table).where(table.c.ticket_id.in_(list(wanted))))
        rows = [{"ticket_id": i, column: other} for i, others in wanted.items() for other in others]
        if rows:
            self._conn.execute(insert(table), rows)

    def _row(self, t: Ticket) -> dict[str, Any]:
        return ticket_row(t, self._registers[t.register], self._numbers[t.register])


TICKET_COLUMNS = tuple(c.name for c in _TICKETS.columns)


def insert_new(
    conn: Connection,
    tickets: Sequence[tuple[Any, ...]],
    named: Sequence[tuple[int, int]],
    supports: Sequence[tuple[int, int]],
) -> None:
    """Of tickets that have no row yet; the first in the order of TICKET_COLUMNS, the others pairs with the ticket."""
    insert_rows(conn, _TICKETS, TICKET_COLUMNS, tickets)
    insert_rows(conn, NamedPersonRow.__table__, ("ticket_id", "person_id"), named)
    insert_rows(conn, SupportRow.__table__, ("ticket_id", "unit_id"), supports)


def ticket_row(t: Ticket, register: Register, register_id: int) -> dict[str, Any]:
    """The row of a ticket; nothing private and no text of a restricted ticket enters it."""
    severity = t.fields.get("severity")
    apart = _columns_of(register)
    listed = {f.name: t.fields[f.name] for f in register.fields if f.is_listed and f.name in t.fields.keys() - apart}
    return {
        "id": t.id,
        "number": t.number,
        "register_id": register_id,
        "place_id": t.place_id,
        "owner_unit_id": t.owner_unit_id,
        "owner_id": t.owner_id,
        "shelf": SHELF_OF[t.status],
        "status": STATUS_NUMBERS[t.status],
        "due_on": to_number(t.current_due) if t.current_due else None,
        "found_on": to_number(t.found_on),
        "submitted_on": to_number(t.submitted_on) if t.submitted_on else None,
        "closed_on": to_number(t.closed_on) if t.closed_on else None,
        "category": t.fields.get("category"),
        "severity": int(severity) if severity is not None else None,
        "is_restricted": t.is_restricted,
        "has_request": t.pending_extension is not None or t.pending_exclusion is not None,
        "relapse_count": t.relapse_count,
        "version": t.version,
        "summary": str(t.fields.get(register.summary_field, "")),
        "listed": orjson.dumps(listed).decode() if listed else "{}",
        "external_key": hashed(key) if (key := held_key(t)) else None,
        "merged_into": t.merged_into,
    }


def held_key(t: Ticket) -> str | None:
    """The external number that no other ticket may carry now. A void ticket sets its number free; a restricted one
    holds none, or a collision would tell that it exists."""
    return None if t.status is Status.VOIDED or t.is_restricted else t.external_key


def _columns_of(register: Register) -> Mapping[str, str]:
    """Listed fields that have a column of their own: field → column. Kept once, a million times."""
    return {register.summary_field: "summary", "category": "category", "severity": "severity"}


def listed_values(row: Any, register: Register) -> dict[str, Any]:
    """The open values of the register's listed fields, from a row of `tickets`."""
    values: dict[str, Any] = orjson.loads(row.listed)
    for name, column in _columns_of(register).items():
        field, value = register.by_name.get(name), getattr(row, column)
        if field is not None and field.is_listed and value not in (None, ""):
            values[name] = str(value)
    return values
