"""Signing in on both databases: who gets in, who waits, when a session ends."""

from dataclasses import replace
from datetime import datetime, timedelta
from threading import Barrier, Thread

import pytest
from argon2 import Type
from sqlalchemy import Engine, func, select, text

from tracker import guesses, passwords, signin
from tracker.domain.refusals import Refusal
from tracker.models.accounts import SignInFailureRow, SignInRecordRow
from tracker.models.rows import writer
from tracker.signin import Browser, Limits, SignInResult

PASSWORD = "晨光村-2023-夏"
LIMITS = Limits(idle=timedelta(hours=2), length=timedelta(hours=12))
DESK = Browser(address="192.0.2.10", name="Firefox", device="")
STRANGER = Browser(address="198.51.100.66", name="curl", device="")


@pytest.fixture
def account_id(engine: Engine, now: datetime) -> int:
    return signin.add_account(
        engine, login="chenguang", password=PASSWORD, person_id=7, locale="zh-Hant", must_change=True, now=now
    )


def attempt(engine: Engine, now: datetime, browser: Browser = DESK, *, login="chenguang", password=PASSWORD):
    return signin.sign_in(engine, login=login, password=password, browser=browser, now=now)


def resumed(engine: Engine, token: str, limits: Limits, now: datetime) -> signin.Account | None:
    """As a page does it: the use of the session is written down when that is due."""
    with engine.connect() as conn:
        account = signin.resume(conn, token, limits, now)
    if account is not None and account.is_seen_anew:
        signin.keep_seen(engine, account, now)
    return account


def kinds(engine: Engine) -> list[str]:
    with engine.connect() as conn:
        return list(conn.scalars(select(SignInRecordRow.kind).order_by(SignInRecordRow.id)))


def test_the_right_password_opens_a_session(engine, account_id, now):
    got = attempt(engine, now)
    assert got.result is SignInResult.SIGNED_IN
    account = resumed(engine, got.account.get_id(), LIMITS, now)
    assert (account.id, account.person_id, account.locale, account.must_change) == (account_id, 7, "zh-Hant", True)
    assert kinds(engine) == ["signed_in"]


def test_the_login_may_be_typed_in_capitals_or_full_width(engine, account_id, now):
    assert attempt(engine, now, login="  ＣｈｅｎＧｕａｎｇ ").result is SignInResult.SIGNED_IN


def test_a_login_with_a_sign_that_no_keyboard_types_is_one_that_can_be_looked_up(engine, account_id, now):
    assert attempt(engine, now, login="chen\x00guang").result is SignInResult.SIGNED_IN


def test_an_unknown_login_looks_like_a_wrong_password(engine, account_id, now):
    wrong = attempt(engine, now, password="no such word")
    assert wrong == attempt(engine, now, login="nobody") == signin.Attempt(SignInResult.WRONG)


def test_a_guess_at_a_password_costs_what_the_standard_asks():
    """RFC 9106, second recommended option: 64 MiB, 3 passes. The tests' own passwords are hashed for less."""
    assert (passwords.PROFILE.type, passwords.PROFILE.memory_cost, passwords.PROFILE.time_cost) == (Type.ID, 65_536, 3)


def test_no_secret_is_kept_in_clear(engine, account_id, now):
    got = attempt(engine, now)
    with engine.connect() as conn:
        tables = ("accounts", "sign_in_sessions", "sign_in_failures", "sign_in_records")
        kept = repr([conn.execute(text(f"SELECT * FROM {table}")).all() for table in tables])
    assert "$argon2id$" in kept
    assert not any(secret in kept for secret in (PASSWORD, got.account.token, got.device))


@pytest.mark.parametrize(
    ("failed_count", "seconds"), [(0, 0), (4, 0), (5, 2), (6, 4), (10, 64), (13, 512), (14, 900), (10**6, 900)]
)
def test_the_delay_grows_to_a_quarter_of_an_hour(failed_count, seconds):
    assert guesses.delay_after(failed_count) == timedelta(seconds=seconds)


def test_the_sixth_guess_has_to_wait_and_then_may_be_right(engine, account_id, now):
    for _ in range(5):
        assert attempt(engine, now, password="wrong guess").result is SignInResult.WRONG
    waiting = attempt(engine, now)
    assert (waiting.result, waiting.wait_seconds) == (SignInResult.DELAYED, 2)
    assert attempt(engine, now + timedelta(seconds=2)).result is SignInResult.SIGNED_IN
    assert kinds(engine) == ["wrong"] * 5 + ["delayed", "signed_in"]


def test_waiting_attempts_do_not_make_the_wait_longer(engine, account_id, now):
    for _ in range(5):
        attempt(engine, now, password="wrong guess")
    for _ in range(50):
        assert attempt(engine, now + timedelta(seconds=1)).wait_seconds == 1
    assert attempt(engine, now + timedelta(seconds=2)).result is SignInResult.SIGNED_IN


def test_a_stranger_cannot_keep_anybody_out(engine, account_id, now):
    for minute in range(40):
        attempt(engine, now + timedelta(minutes=minute), STRANGER, password="wrong guess")
    assert attempt(engine, now + timedelta(minutes=40), DESK).result is SignInResult.SIGNED_IN


def test_a_guesser_at_the_next_desk_delays_only_the_guesser(engine, account_id, now):
    known = replace(DESK, device=attempt(engine, now).device)
    for _ in range(5):
        attempt(engine, now, DESK, password="wrong guess")
    assert attempt(engine, now, DESK).result is SignInResult.DELAYED
    assert attempt(engine, now, known).result is SignInResult.SIGNED_IN


def test_an_invented_device_cookie_gives_no_fresh_attempts(engine, account_id, now):
    results = [attempt(engine, now, replace(DESK, device=f"d{n}"), password="wrong guess").result for n in range(7)]
    assert results == [SignInResult.WRONG] * 5 + [SignInResult.DELAYED] * 2


def test_parallel_guesses_do_not_overtake_the_count(engine, account_id, now):
    results, start = [], Barrier(12)

    def guess() -> None:
        start.wait()
        results.append(attempt(engine, now, password="wrong guess").result)

    threads = [Thread(target=guess) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == [SignInResult.DELAYED] * 7 + [SignInResult.WRONG] * 5


def test_old_failures_are_forgotten_and_leave_no_rows(engine, account_id, now):
    for n in range(5):
        attempt(engine, now, login=f"nobody{n}", password="wrong guess")
    attempt(engine, now + timedelta(days=1, seconds=1))
    with engine.connect() as conn:
        assert conn.scalar(select(func.count()).select_from(SignInFailureRow)) == 0


def test_a_session_ends_when_idle_and_after_its_length(engine, account_id, now):
    token = attempt(engine, now).account.token
    assert resumed(engine, token, LIMITS, now + timedelta(hours=2)) is None
    for hour in range(1, 12):
        assert resumed(engine, token, LIMITS, now + timedelta(hours=hour))
    assert resumed(engine, token, LIMITS, now + timedelta(hours=12)) is None


def test_signing_out_ends_this_session_only(engine, account_id, now):
    first, second = attempt(engine, now).account, attempt(engine, now).account
    signin.sign_out(engine, first, address="192.0.2.10", now=now)
    assert resumed(engine, first.token, LIMITS, now) is None
    assert resumed(engine, second.token, LIMITS, now)


def test_each_sign_in_has_a_token_of_its_own(engine, account_id, now):
    assert attempt(engine, now).account.token != attempt(engine, now).account.token


def test_a_new_password_ends_every_session_and_renews_this_one(engine, account_id, now):
    other, mine = attempt(engine, now).account, attempt(engine, now)
    got = signin.change_password(
        engine, mine.account, current=PASSWORD, new="new 口令 2024", browser=replace(DESK, device=mine.device), now=now
    )
    assert got.result is SignInResult.CHANGED
    assert resumed(engine, other.token, LIMITS, now) is None
    assert resumed(engine, mine.account.token, LIMITS, now) is None
    assert resumed(engine, got.account.token, LIMITS, now).must_change is False
    assert attempt(engine, now).result is SignInResult.WRONG
    assert attempt(engine, now, password="new 口令 2024").result is SignInResult.SIGNED_IN


def test_a_new_password_needs_the_old_one(engine, account_id, now):
    account = attempt(engine, now).account
    change = {"new": "another 口令", "browser": DESK, "now": now}
    assert signin.change_password(engine, account, current="guess", **change).result is SignInResult.WRONG
    for _ in range(4):
        signin.change_password(engine, account, current="guess", **change)
    assert signin.change_password(engine, account, current=PASSWORD, **change).result is SignInResult.DELAYED
    assert attempt(engine, now).result is SignInResult.SIGNED_IN


def test_the_old_password_is_no_new_one(engine, account_id, now):
    account = attempt(engine, now).account
    with pytest.raises(Refusal, match="nothing_changed"):
        signin.change_password(engine, account, current=PASSWORD, new=PASSWORD, browser=DESK, now=now)


def test_an_administrator_resets_a_password_that_must_then_be_changed(engine, account_id, now):
    token = attempt(engine, now).account.token
    more = {"new_hash": signin.password_hash("chenguang", "first 口令 9"), "address": "192.0.2.1", "now": now}
    with writer(engine) as conn, conn.begin():
        assert signin.reset_password(conn, login="chenguang", **more)
        assert not signin.reset_password(conn, login="nobody", **more)
    assert resumed(engine, token, LIMITS, now) is None
    assert attempt(engine, now, password="first 口令 9").account.must_change


def test_a_disabled_account_signs_nobody_in(engine, account_id, now):
    token = attempt(engine, now).account.token
    with writer(engine) as conn, conn.begin():
        assert signin.disable_account(conn, login="chenguang", address="192.0.2.1", now=now)
    assert resumed(engine, token, LIMITS, now) is None
    assert attempt(engine, now).result is SignInResult.WRONG


def test_devices_are_listed_and_can_be_ended_by_their_owner_only(engine, account_id, now):
    signin.add_account(engine, login="other", password=PASSWORD, person_id=8, locale=None, must_change=False, now=now)
    phone = attempt(engine, now, Browser("192.0.2.20", "Phone", "")).account
    desk, other = attempt(engine, now + timedelta(minutes=1)).account, attempt(engine, now, login="other").account
    with engine.connect() as conn:
        assert [d.name for d in signin.signed_in_devices(conn, account_id, LIMITS, now)] == ["Firefox", "Phone"]
    assert not signin.end_session(engine, other, phone.session_id, address="", now=now)
    assert signin.end_session(engine, desk, phone.session_id, address="", now=now)
    assert resumed(engine, phone.token, LIMITS, now) is None


def test_the_chosen_language_is_kept(engine, account_id, now):
    signin.choose_locale(engine, account_id, "en")
    assert attempt(engine, now).account.locale == "en"


def test_a_login_exists_once(engine, account_id, now):
    with pytest.raises(Refusal, match="login_taken"):
        signin.add_account(
            engine, login="ChenGuang", password=PASSWORD, person_id=9, locale=None, must_change=False, now=now
        )
