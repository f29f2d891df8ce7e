"""Accounts: signing in and out, and signed-in browsers. How long a guesser waits: `guesses.py`.

Commits its own operational rows and nothing else; what a person may do is decided elsewhere (`domain/access.py`).
Times are aware datetimes, given by the caller; tables hold milliseconds.
Sources: OWASP ASVS 5.0 V6 and V7; OWASP "Device cookies" for a delay that strangers cannot turn into a lock.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Engine, Row, Update, bindparam, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from tracker import guesses, passwords
from tracker.domain.refusals import Refusal
from tracker.domain.texts import half_width
from tracker.domain.values import printable
from tracker.log.store import from_ms, to_ms
from tracker.models.accounts import LOGIN_LENGTH, AccountRow, SignInFailureRow, SignInRecordRow, SignInSessionRow
from tracker.models.rows import writer
from tracker.queries.accounts import is_login_taken

SEEN_STEP = timedelta(minutes=1)  # a read should not write each time
# Built once: every page asks it.
_IS_ALIVE = (
    SignInSessionRow.ended_at.is_(None),
    SignInSessionRow.seen_at > bindparam("seen_after"),
    SignInSessionRow.started_at > bindparam("started_after"),
)
_OF_TOKEN = (
    select(AccountRow, SignInSessionRow.id.label("session_id"), SignInSessionRow.seen_at)
    .join(SignInSessionRow, SignInSessionRow.account_id == AccountRow.id)
    .where(SignInSessionRow.token_hash == bindparam("token"), *_IS_ALIVE, AccountRow.disabled_at.is_(None))
)
_OF_ACCOUNT = (
    select(SignInSessionRow.__table__)
    .where(SignInSessionRow.account_id == bindparam("account"), *_IS_ALIVE)
    .order_by(SignInSessionRow.seen_at.desc())
    .limit(50)
)


class SignInResult(StrEnum):
    """How an attempt ended; also the `kind` of its record."""

    SIGNED_IN = "signed_in"
    WRONG = "wrong"
    DELAYED = "delayed"
    CHANGED = "password_changed"
    SIGNED_OUT = "signed_out"
    ENDED = "session_ended"
    RESET = "password_reset"
    DISABLED = "disabled"
    ENABLED = "enabled"


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a session lives: without a request, and at all."""

    idle: timedelta
    length: timedelta


@dataclass(frozen=True, slots=True)
class Browser:
    """Where an attempt comes from. `device` is the value of the long-lived device cookie, "" without one."""

    address: str
    name: str
    device: str


@dataclass(frozen=True, slots=True)
class Account:
    """The account behind a request, in the shape that Flask-Login expects.

    `is_seen_anew`: SEEN_STEP has passed since the use of its session was last written down.
    """

    id: int
    login: str
    person_id: int
    locale: str | None
    must_change: bool
    session_id: int
    token: str
    is_seen_anew: bool = False
    is_authenticated: bool = True
    is_active: bool = True
    is_anonymous: bool = False

    def get_id(self) -> str:
        """The session's token: what the signed cookie carries."""
        return self.token


@dataclass(frozen=True, slots=True)
class Attempt:
    """What came of an attempt: `account` and the new `device` cookie when it succeeded, else how long to wait."""

    result: SignInResult
    account: Account | None = None
    device: str = ""
    wait_seconds: int = 0


@dataclass(frozen=True, slots=True)
class SignedInDevice:
    """One line of a person's list of devices."""

    session_id: int
    name: str
    address: str
    started_at: datetime
    seen_at: datetime


def check_login(engine: Engine, login: str) -> None:
    """Refuses login_taken. For whoever makes a person before their account."""
    with engine.connect() as conn:
        if is_login_taken(conn, normal_login(login)):
            raise Refusal("login_taken", field="login", login=login)


def add_account(
    engine: Engine, *, login: str, password: str, person_id: int, locale: str | None, must_change: bool, now: datetime
) -> int:
    """The new account's id. Refuses login_taken, password_too_short, password_too_common."""
    new_hash = password_hash(login, password)
    with writer(engine) as conn, conn.begin():
        return open_account(
            conn, login=login, new_hash=new_hash, person_id=person_id, locale=locale, must_change=must_change, now=now
        )


def password_hash(login: str, password: str) -> str:
    """What is kept of a password; slow on purpose, so before any lock. Refuses password_too_short and _too_common."""
    passwords.check(password, normal_login(login))
    return passwords.hash_of(password)


def open_account(
    conn: Connection, *, login: str, new_hash: str, person_id: int, locale: str | None, must_change: bool, now: datetime
) -> int:
    """The new account's id. Refuses login_taken. The caller commits."""
    login = normal_login(login)
    row = {"login": login, "password_hash": new_hash, "person_id": person_id, "locale": locale}
    row |= {"must_change": must_change, "password_changed_at": to_ms(now)}
    try:
        return int(conn.execute(insert(AccountRow).values(row).returning(AccountRow.id)).scalar_one())
    except IntegrityError as error:
        raise Refusal("login_taken", field="login", login=login) from error


def person_of(conn: Connection, login: str) -> int | None:
    """The person who signs in by this name."""
    row = _by_login(conn, normal_login(login))
    return None if row is None else int(row.person_id)


def sign_in(engine: Engine, *, login: str, password: str, browser: Browser, now: datetime) -> Attempt:
    """Check a password and start a session.

    An unknown login takes as long and looks the same as a wrong password. Each attempt is counted before the
    password is looked at, so that parallel guesses cannot overtake the count.
    """
    login = normal_login(login)
    with writer(engine) as conn, conn.begin():
        row = _by_login(conn, login)
        wait_seconds = guesses.count(conn, login, _source(conn, row, browser), now)
        if wait_seconds:
            _record(conn, SignInResult.DELAYED, login, row.id if row else None, browser.address, now)
            return Attempt(SignInResult.DELAYED, wait_seconds=wait_seconds)
    is_right = passwords.matches(row.password_hash if row else passwords.nobody(), password)
    with writer(engine) as conn, conn.begin():
        if row is None or row.disabled_at is not None or not is_right:
            _record(conn, SignInResult.WRONG, login, row.id if row else None, browser.address, now)
            return Attempt(SignInResult.WRONG)
        guesses.forgive(conn, login, _source(conn, row, browser))
        if passwords.is_outdated(row.password_hash):
            new_hash = passwords.hash_of(password)
            conn.execute(update(AccountRow).where(AccountRow.id == row.id).values(password_hash=new_hash))
        return _start_session(conn, row, browser, SignInResult.SIGNED_IN, now)


def resume(conn: Connection, token: str, limits: Limits, now: datetime) -> Account | None:
    """The account of a session that is neither ended, idle for too long, nor too old."""
    found = conn.execute(_OF_TOKEN, {"token": _digest(token), **_bounds(limits, now)}).one_or_none()
    if found is None:
        return None
    is_seen_anew = found.seen_at < to_ms(now - SEEN_STEP)
    return replace(_account(found, found.session_id, token), is_seen_anew=is_seen_anew)


def keep_seen(engine: Engine, account: Account, now: datetime) -> None:
    """Write down that a session was used."""
    with writer(engine) as conn, conn.begin():
        conn.execute(_session(account.session_id).values(seen_at=to_ms(now)))


def sign_out(engine: Engine, account: Account, *, address: str, now: datetime) -> None:
    """End this session."""
    with writer(engine) as conn, conn.begin():
        conn.execute(_session(account.session_id).values(ended_at=to_ms(now)))
        _record(conn, SignInResult.SIGNED_OUT, account.login, account.id, address, now)


def end_session(engine: Engine, account: Account, session_id: int, *, address: str, now: datetime) -> bool:
    """End another of the account's own sessions; False where it has no such session."""
    with writer(engine) as conn, conn.begin():
        change = _session(session_id).where(SignInSessionRow.account_id == account.id)
        ended = conn.execute(change.values(ended_at=to_ms(now))).rowcount
        if ended:
            _record(conn, SignInResult.ENDED, account.login, account.id, address, now)
        return bool(ended)


def change_password(
    engine: Engine, account: Account, *, current: str, new: str, browser: Browser, now: datetime
) -> Attempt:
    """A new password by its owner: every session ends and this browser gets a new one.

    Guessing the current password is delayed as at sign-in. Refuses password_too_short, password_too_common,
    and nothing_changed where the new one is the old one.
    """
    passwords.check(new, account.login)
    with writer(engine) as conn, conn.begin():
        row = _by_login(conn, account.login)
        source = f"session:{account.session_id}"
        wait_seconds = guesses.count(conn, account.login, source, now)
    if wait_seconds:
        return Attempt(SignInResult.DELAYED, wait_seconds=wait_seconds)
    if row is None or not passwords.matches(row.password_hash, current):
        return Attempt(SignInResult.WRONG)
    if new == current:
        raise Refusal("nothing_changed", field="new")
    new_hash = passwords.hash_of(new)
    with writer(engine) as conn, conn.begin():
        guesses.forgive(conn, account.login, source)
        _set_password(conn, row.id, new_hash, must_change=False, now=now)
        changed = _by_login(conn, account.login)
        if changed is None:
            return Attempt(SignInResult.WRONG)
        return _start_session(conn, changed, browser, SignInResult.CHANGED, now)


def reset_password(conn: Connection, *, login: str, new_hash: str, address: str, now: datetime) -> bool:
    """A new first password, by an administrator; it must be changed at sign-in. False for an unknown login.

    Like the two below: the caller commits it, together with the log's entry.
    """
    row = _by_login(conn, normal_login(login))
    if row is None:
        return False
    _set_password(conn, row.id, new_hash, must_change=True, now=now)
    conn.execute(delete(SignInFailureRow).where(SignInFailureRow.login == row.login))
    _record(conn, SignInResult.RESET, row.login, row.id, address, now)
    return True


def disable_account(conn: Connection, *, login: str, address: str, now: datetime) -> bool:
    """Nobody signs in with it any more and its sessions end. False for an unknown login."""
    row = _by_login(conn, normal_login(login))
    if row is None:
        return False
    conn.execute(update(AccountRow).where(AccountRow.id == row.id).values(disabled_at=to_ms(now)))
    _end_sessions(conn, row.id, now)
    _record(conn, SignInResult.DISABLED, row.login, row.id, address, now)
    return True


def enable_account(conn: Connection, *, login: str, address: str, now: datetime) -> bool:
    """Its owner signs in again, with the password that it had. False for an unknown login."""
    row = _by_login(conn, normal_login(login))
    if row is None:
        return False
    conn.execute(update(AccountRow).where(AccountRow.id == row.id).values(disabled_at=None))
    _record(conn, SignInResult.ENABLED, row.login, row.id, address, now)
    return True


def choose_locale(engine: Engine, account_id: int, locale: str) -> None:
    """Keep the language that the person chose."""
    with writer(engine) as conn, conn.begin():
        conn.execute(update(AccountRow).where(AccountRow.id == account_id).values(locale=locale))


def signed_in_devices(conn: Connection, account_id: int, limits: Limits, now: datetime) -> list[SignedInDevice]:
    """The sessions that are alive, the latest first; at most 50."""
    rows = conn.execute(_OF_ACCOUNT, {"account": account_id, **_bounds(limits, now)})
    return [SignedInDevice(r.id, r.device, r.address, from_ms(r.started_at), from_ms(r.seen_at)) for r in rows]


def normal_login(login: str) -> str:
    """How a login is kept and compared: NFKC (full-width letters), no blanks around, no control signs, case
    folded, cut to length."""
    return printable(half_width(login)).casefold()[:LOGIN_LENGTH]


def _source(conn: Connection, row: Row[*tuple[Any, ...]] | None, browser: Browser) -> str:
    # A browser that has signed in to this account before is counted by itself: a guesser at the next desk, behind
    # the same address, then delays only the guesser.
    if row is not None and browser.device:
        device_hash = _digest(browser.device)
        known = select(SignInSessionRow.id).where(
            SignInSessionRow.account_id == row.id, SignInSessionRow.device_hash == device_hash
        )
        if conn.execute(known.limit(1)).first():
            return f"device:{device_hash.hex()}"
    return f"address:{browser.address}"[:80]


def _start_session(
    conn: Connection, row: Row[*tuple[Any, ...]], browser: Browser, kind: SignInResult, now: datetime
) -> Attempt:
    token, device = secrets.token_urlsafe(32), browser.device or secrets.token_urlsafe(32)
    values = {"account_id": row.id, "token_hash": _digest(token), "device_hash": _digest(device)}
    values |= {"device": browser.name[:200], "address": browser.address[:64]}
    values |= {"started_at": to_ms(now), "seen_at": to_ms(now)}
    session_id = conn.execute(insert(SignInSessionRow).values(values).returning(SignInSessionRow.id)).scalar_one()
    _record(conn, kind, row.login, row.id, browser.address, now)
    return Attempt(kind, _account(row, session_id, token), device)


def _account(row: Row[*tuple[Any, ...]], session_id: int, token: str) -> Account:
    return Account(row.id, row.login, row.person_id, row.locale, row.must_change, session_id, token)


def _set_password(conn: Connection, account_id: int, new_hash: str, *, must_change: bool, now: datetime) -> None:
    values = {"password_hash": new_hash, "must_change": must_change, "password_changed_at": to_ms(now)}
    conn.execute(update(AccountRow).where(AccountRow.id == account_id).values(values))
    _end_sessions(conn, account_id, now)


def _end_sessions(conn: Connection, account_id: int, now: datetime) -> None:
    alive = update(SignInSessionRow).where(
        SignInSessionRow.account_id == account_id, SignInSessionRow.ended_at.is_(None)
    )
    conn.execute(alive.values(ended_at=to_ms(now)))


def _record(
    conn: Connection, kind: SignInResult, login: str, account_id: int | None, address: str, now: datetime
) -> None:
    row = {"at": to_ms(now), "kind": kind.value, "login": login, "account_id": account_id, "address": address[:64]}
    conn.execute(insert(SignInRecordRow).values(row))


def _by_login(conn: Connection, login: str) -> Row[*tuple[Any, ...]] | None:
    return conn.execute(select(AccountRow).where(AccountRow.login == login)).one_or_none()


def _session(session_id: int) -> Update:
    return update(SignInSessionRow).where(SignInSessionRow.id == session_id)


def _bounds(limits: Limits, now: datetime) -> dict[str, int]:
    return {"seen_after": to_ms(now - limits.idle), "started_after": to_ms(now - limits.length)}


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
