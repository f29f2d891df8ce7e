"""Accounts as pages of people show them: who has one, since when its password stands, whether it is switched off."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from tracker.log.store import from_ms
from tracker.models.accounts import AccountRow

MOST = 20
"""Accounts of one person; more are not shown."""


@dataclass(frozen=True, slots=True)
class AccountLine:
    """An account without its secret."""

    id: int
    login: str
    person_id: int
    must_change: bool
    password_changed_at: datetime
    is_disabled: bool


def accounts_of(conn: Connection, person_ids: Iterable[int]) -> dict[int, list[AccountLine]]:
    """Person → their accounts, in the order in which they were opened; people without one are left out."""
    wanted = tuple(person_ids)
    found: dict[int, list[AccountLine]] = {}
    rows = conn.execute(
        select(AccountRow.__table__)
        .where(AccountRow.person_id.in_(wanted))
        .order_by(AccountRow.person_id, AccountRow.id)
    )
    for r in rows:
        line = AccountLine(
            r.id, r.login, r.person_id, r.must_change, from_ms(r.password_changed_at), r.disabled_at is not None
        )
        found.setdefault(r.person_id, []).append(line)
    return {person_id: lines[:MOST] for person_id, lines in found.items()}


def password_changed_at(conn: Connection, account_id: int) -> datetime | None:
    """When the password of this account was last set."""
    at = conn.scalar(select(AccountRow.password_changed_at).where(AccountRow.id == account_id))
    return None if at is None else from_ms(at)


def is_login_taken(conn: Connection, login: str) -> bool:
    """Whether an account has this sign-in name (as `signin.normal_login` writes it)."""
    return conn.scalar(select(AccountRow.id).where(AccountRow.login == login)) is not None
