"""What the log itself says of a demonstration: when its year ends, and who signs in with the printed password."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time

from sqlalchemy import Connection, func, select

from tracker.domain.events import StreamKind
from tracker.domain.people import Person
from tracker.house import House
from tracker.log import store
from tracker.log.store import to_ms
from tracker.models.accounts import AccountRow

MOST_ACCOUNTS = 40


@dataclass(frozen=True, slots=True)
class DemonstrationAccount:
    """A sign-in name and the person it belongs to."""

    login: str
    person: Person


def ends_on(conn: Connection) -> date | None:
    """The last day of the demonstration's year; None where the log is none, or does not say."""
    if not store.read_head(conn).is_demonstration:
        return None
    (marked, *_) = store.read_stream(conn, StreamKind.SYSTEM, 0)
    day = marked.data.get("ends_on")
    return None if day is None else date.fromisoformat(day)


def has_accounts(conn: Connection) -> bool:
    return bool(conn.scalar(select(func.count()).select_from(AccountRow)))


def accounts(conn: Connection, house: House) -> tuple[DemonstrationAccount, ...]:
    """The accounts that came with the demonstration, in the order in which they were opened.

    They are those whose password was set within its year: one that somebody has changed, or an account that was
    opened later, is nobody's business.
    """
    end = ends_on(conn)
    if end is None:
        return ()
    before = to_ms(datetime.combine(end, time.max, house.time_zone))
    rows = conn.execute(
        select(AccountRow.login, AccountRow.person_id)
        .where(AccountRow.password_changed_at <= before, AccountRow.disabled_at.is_(None))
        .order_by(AccountRow.id)
        .limit(MOST_ACCOUNTS)
    )
    people = house.directory(conn).people
    return tuple(DemonstrationAccount(login, people[person_id]) for login, person_id in rows if person_id in people)
