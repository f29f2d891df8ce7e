"""The growing delay for guesses at a password, counted for each login and each source of attempts.

A source is an address, or a browser that has signed in before (`signin.py` says which). Times are aware datetimes,
given by the caller; the caller's transaction keeps the count.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, select, text, update

from tracker.log.store import to_ms
from tracker.models.accounts import SignInFailureRow

FREE_ATTEMPTS = 4
LONGEST_DELAY = timedelta(minutes=15)
FAILURES_FORGOTTEN_AFTER = timedelta(days=1)
# The same words on both databases; two first attempts at once must not collide.
FIRST_ATTEMPT = (
    "INSERT INTO sign_in_failures (login, source, failed_count, last_at) VALUES (:login, :source, 0, :last_at)"
    " ON CONFLICT DO NOTHING"
)


def count(conn: Connection, login: str, source: str, now: datetime) -> int:
    """Seconds still to wait (the attempt is then not counted), or 0 once it is counted as failed until it succeeds."""
    forgotten = to_ms(now - FAILURES_FORGOTTEN_AFTER)
    conn.execute(delete(SignInFailureRow).where(SignInFailureRow.last_at < forgotten))
    row = {"login": login, "source": source, "last_at": to_ms(now)}
    conn.execute(text(FIRST_ATTEMPT), row)
    here = (SignInFailureRow.login == login, SignInFailureRow.source == source)
    found = conn.execute(
        select(SignInFailureRow.failed_count, SignInFailureRow.last_at).where(*here).with_for_update()
    ).one()
    wait_millis: int = found.last_at + delay_after(found.failed_count) // timedelta(milliseconds=1) - to_ms(now)
    if wait_millis > 0:
        return -(-wait_millis // 1000)
    change = update(SignInFailureRow).where(*here)
    conn.execute(change.values(failed_count=SignInFailureRow.failed_count + 1, last_at=to_ms(now)))
    return 0


def delay_after(failed_count: int) -> timedelta:
    """How long after its last failure a source waits: nothing for four, then 2, 4, 8 … seconds up to 15 minutes."""
    if failed_count <= FREE_ATTEMPTS:
        return timedelta(0)
    return min(timedelta(seconds=2 ** min(failed_count - FREE_ATTEMPTS, 20)), LONGEST_DELAY)


def forgive(conn: Connection, login: str, source: str) -> None:
    """It was no guess: the password was right."""
    conn.execute(delete(SignInFailureRow).where(SignInFailureRow.login == login, SignInFailureRow.source == source))
