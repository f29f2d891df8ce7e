"""Sign-ins and what failed, for auditors and administrators: newest first, by keyset over the records' numbers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from tracker.log.store import from_ms
from tracker.log.vault import mask
from tracker.models.accounts import AccountRow, SignInRecordRow

PAGE = 50


@dataclass(frozen=True, slots=True)
class SignInLine:
    """One record. `person_id` is None where nobody has that sign-in name, which is then masked: people type
    passwords into the wrong field."""

    id: int
    at: datetime
    kind: str
    login: str
    person_id: int | None
    address: str


def sign_ins(conn: Connection, *, person_id: int | None, before: int | None) -> list[SignInLine]:
    """Records older than `before` (None: from the newest), of one person or all; one more than PAGE when there is."""
    row = SignInRecordRow
    query = (
        select(row.id, row.at, row.kind, row.login, row.address, AccountRow.person_id)
        .outerjoin(AccountRow, AccountRow.id == row.account_id)
        .order_by(row.id.desc())
        .limit(PAGE + 1)
    )
    if person_id is not None:
        query = query.where(row.account_id.in_(select(AccountRow.id).where(AccountRow.person_id == person_id)))
    if before is not None:
        query = query.where(row.id < before)
    return [
        SignInLine(
            r.id, from_ms(r.at), r.kind, mask(r.login) if r.person_id is None else r.login, r.person_id, r.address
        )
        for r in conn.execute(query)
    ]
