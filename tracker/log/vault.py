"""Private values: a salted commitment in the log, the value here. Erasing value and salt leaves the log whole.

Commitment = SHA-256(salt ‖ field ‖ 0x00 ‖ value), with 16 random bytes of salt per value, since short values
(a name, a telephone) could be guessed otherwise. Source: design.md "The log is the truth"; 个人信息保护法 28, 34, 51.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Any

import orjson
from sqlalchemy import Connection, bindparam, delete, select, update

from tracker.models.log import PrivateValueRow
from tracker.models.rows import insert_rows

MASK = "＊"
_TABLE = PrivateValueRow.__table__
# Built once: every list asks it.
_OF_TICKETS = select(PrivateValueRow.ticket_id, PrivateValueRow.field, PrivateValueRow.value).where(
    PrivateValueRow.ticket_id.in_(bindparam("ids", expanding=True)),
    PrivateValueRow.field.in_(bindparam("fields", expanding=True)),
    PrivateValueRow.is_current,
)
_COLUMNS = ("ticket_id", "commitment", "field", "salt", "value", "is_current")


class VaultWriter:
    """Collects the private values of one transaction."""

    def __init__(self, conn: Connection) -> None:
        self._conn = conn
        self._rows: list[tuple[Any, ...]] = []
        self._superseded: list[dict[str, Any]] = []

    def commit(self, values: Mapping[str, Any]) -> tuple[dict[str, str], list[dict[str, Any]]]:
        """(field → commitment in hex for the event, rows that `keep` writes once the ticket has its id)."""
        commitments, rows = {}, []
        for field, value in values.items():
            salt, text = secrets.token_bytes(16), orjson.dumps(value).decode()
            commitment = commitment_of(salt, field, text)
            commitments[field] = commitment.hex()
            rows.append({"commitment": commitment, "field": field, "salt": salt, "value": text})
        return commitments, rows

    def keep(self, ticket_id: int, rows: Iterable[dict[str, Any]], *, is_amendment: bool) -> None:
        for row in rows:
            if is_amendment:
                self._superseded.append({"old_ticket": ticket_id, "old_field": row["field"]})
            self._rows.append((ticket_id, row["commitment"], row["field"], row["salt"], row["value"], True))

    def flush(self) -> None:
        if self._superseded:
            same_field = (_TABLE.c.ticket_id == bindparam("old_ticket"), _TABLE.c.field == bindparam("old_field"))
            self._conn.execute(update(_TABLE).where(*same_field).values(is_current=False), self._superseded)
        insert_rows(self._conn, _TABLE, _COLUMNS, self._rows)
        self._rows, self._superseded = [], []


def commitment_of(salt: bytes, field: str, text: str) -> bytes:
    return sha256(salt + field.encode() + b"\x00" + text.encode()).digest()


def read_private(conn: Connection, ticket_id: int, private: Mapping[str, str]) -> dict[str, Any]:
    """The clear values behind these commitments of a ticket; an erased value is missing."""
    by_commitment = {bytes.fromhex(c): name for name, c in private.items()}
    rows = conn.execute(
        select(PrivateValueRow.commitment, PrivateValueRow.value).where(
            PrivateValueRow.ticket_id == ticket_id, PrivateValueRow.commitment.in_(list(by_commitment))
        )
    )
    return {by_commitment[bytes(c)]: orjson.loads(value) for c, value in rows}


def read_private_of_tickets(
    conn: Connection, ticket_ids: Sequence[int], fields: Sequence[str]
) -> dict[int, dict[str, Any]]:
    """field → current value for each ticket of one page of a list. The caller masks."""
    out: dict[int, dict[str, Any]] = {i: {} for i in ticket_ids}
    rows = conn.execute(_OF_TICKETS, {"ids": list(ticket_ids), "fields": list(fields)})
    for ticket_id, field, value in rows:
        out[ticket_id][field] = orjson.loads(value)
    return out


def erase(conn: Connection, ticket_id: int, fields: Sequence[str]) -> int:
    """Remove values and salts; the log still verifies. Gives the number of values removed."""
    result = conn.execute(delete(_TABLE).where(_TABLE.c.ticket_id == ticket_id, _TABLE.c.field.in_(list(fields))))
    return int(result.rowcount)


def mask(value: Any) -> str:
    """刘＊云, 138＊＊＊＊5678, 王＊: first and last characters stay where the value is long enough.

    Two characters keep the first. Numbers of eleven or more (mobile telephones, identity numbers) keep three and
    the last four; shorter ones (telephones of a house) keep two and at most two, so that half of each is hidden.
    """
    text = str(value)
    if len(text) >= 7 and text.isascii() and text.rstrip("Xx").isdigit():
        first, last = (3, 4) if len(text) >= 11 else (2, 1 if len(text) == 7 else 2)
        return text[:first] + MASK * (len(text) - first - last) + text[-last:]
    if len(text) <= 1:
        return MASK
    if len(text) == 2:
        return text[0] + MASK
    if len(text) <= 4:
        return text[0] + MASK * (len(text) - 2) + text[-1]
    return text[:2] + MASK * 3
