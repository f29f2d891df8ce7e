"""What is counted, and the traps that other products fell into (peers.md, cautions). The rules alone.

The figures are read as a report would read them: how many tickets stand under an account on a day.
"""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from figures.comparing import count_marks
from figures.test_histories import EDGES
from histories import Player
from township import CALENDAR, PACK, TOILET, Paper

from tracker.domain import deadlines, effects
from tracker.domain.days import FOREVER
from tracker.domain.ledger import FLOWS, STOCKS, account_names, marks
from tracker.domain.registers import DayBasis, Limit
from tracker.packs.accounts import facts_beside_fields


def stands(player: Player, account: str, day: str, *, known: int | None = None) -> int:
    """How often all tickets count under the account on the day, as known after `known` events of the log."""
    total = 0
    for ticket_id in player.world.states:
        history = [e for e in player.world.history(ticket_id) if known is None or e.position <= known]
        state = effects.fold(history)
        if state is not None:
            counts = count_marks(marks(state, player.world.register_of(ticket_id)), date.fromisoformat(day))
            total += sum(number for (name, *_), number in counts.items() if name == account)
    return total


def played(text: str) -> Player:
    player = Player(Paper())
    player.play(text)
    return player


# -- the traps of peers -------------------------------------------------------------------------------
def test_a_reopened_ticket_does_not_stay_counted_as_closed() -> None:
    """zammad/zammad#3745: close_at remains. Here closed now, ever closed, and closed and held are three figures."""
    player = played("""
        2023-03-01 register toilet
        2023-03-02 assign due=2023-03-20
        2023-03-10 submit
        2023-03-11 verify
        2023-04-01 relapse""")
    assert [stands(player, "closed", d) for d in ("2023-03-10", "2023-03-11", "2023-03-31", "2023-04-01")] == [
        0,
        1,
        1,
        0,
    ]
    assert stands(player, "closed_on_time", "2023-04-01") == stands(player, "closed_held", "2023-04-01") == 0
    assert stands(player, "closed_ever", "2023-04-01") == stands(player, "relapses", "2023-04-01") == 1
    assert stands(player, "open", "2023-04-01") == 1


def test_a_remark_after_the_closure_makes_no_ticket_slower() -> None:
    """django-helpdesk takes the average from the last-modified time: any later comment moved it."""
    story = """
        2023-03-01 register toilet
        2023-03-02 assign due=2023-03-20
        2023-03-18 submit
        2023-03-25 verify"""
    player = played(story)
    before = marks(player.world.state(player.tickets[""]), player.world.register_of(player.tickets[""]))
    player.play("""
        2023-06-01 comment message=谢谢
        2023-06-02 recheck""")
    state = player.world.state(player.tickets[""])
    assert marks(state, player.world.register_of(state.id)) == before
    assert (state.completed_on, state.closed_on) == (date(2023, 3, 18), date(2023, 3, 25))


@pytest.mark.parametrize("start", [date(2023, 9, 1) + timedelta(days=n) for n in range(45)], ids=str)
def test_a_holiday_never_shortens_a_limit(start: date) -> None:
    """django-helpdesk counts the days without holidays and takes that smaller number for the limit."""
    with_holiday = CALENDAR
    without = deadlines.KnownDays(CALENDAR.years, frozenset(), frozenset())
    limit = Limit("x", "x", 5, DayBasis.WORKING, date(2000, 1, 1), None, {}, "tests")
    only_days_off = deadlines.KnownDays(CALENDAR.years, CALENDAR.off_days, frozenset())
    plain = deadlines.due_on(start, limit, without)
    assert deadlines.due_on(start, limit, only_days_off) >= plain >= start + timedelta(days=5)
    worked = [start + timedelta(days=n) for n in range(1, 60) if with_holiday.is_working(start + timedelta(days=n))]
    assert deadlines.due_on(start, limit, with_holiday) == worked[4]


def test_last_months_backlog_does_not_change_when_something_happens_today() -> None:
    """zammad's backlog is created minus closed over a date that reopening rewrites."""
    player = played("""
        2023-03-01 register toilet
        2023-03-02 assign due=2023-03-20
        2023-03-10 submit
        2023-03-11 verify""")
    known = len(player.world.log)
    days = [(date(2023, 2, 28) + timedelta(days=n)).isoformat() for n in range(33)]
    before = {d: stands(player, "open", d) for d in days}
    player.play("2023-05-01 reopen due=2023-06-01")
    assert {d: stands(player, "open", d) for d in days} == before
    assert {d: stands(player, "open", d, known=known) for d in (*days, "2023-05-02")} == before | {"2023-05-02": 0}


def test_a_merged_duplicate_leaves_every_day_once_known_and_no_day_before() -> None:
    """docs/decisions/0002: corrections follow knowledge. Counted once, under the ticket that stays."""
    player = played(EDGES["a duplicate found when both are closed"])
    known_before = len(player.world.log) - 1
    for day in ("2023-03-05", "2023-03-11", "2023-12-31"):
        assert (
            stands(player, "registered", day) == stands(player, "countable", day) == stands(player, "merged", day) == 1
        )
        assert stands(player, "registered", day, known=known_before) == 2


# -- the line ----------------------------------------------------------------------------------------
def test_overdue_begins_the_day_after_the_due_day_and_over_thirty_days_on_the_thirty_first() -> None:
    player = played("""
        2023-03-01 register toilet
        2023-03-02 assign due=2023-03-20""")
    assert [stands(player, "overdue", d) for d in ("2023-03-20", "2023-03-21")] == [0, 1]
    assert [stands(player, "overdue_30", d) for d in ("2023-04-19", "2023-04-20")] == [0, 1]
    assert [stands(player, "due_or_closed", d) for d in ("2023-03-19", "2023-03-20")] == [0, 1]


def test_a_slow_verifier_never_makes_the_owner_late() -> None:
    player = played("""
        2023-03-01 register toilet
        2023-03-02 assign due=2023-03-20
        2023-03-20 submit
        2023-05-30 verify""")
    days = ("2023-03-21", "2023-05-29", "2023-05-30")
    assert [stands(player, "overdue", d) for d in days] == [0, 0, 0]
    assert (stands(player, "closed_on_time", "2023-05-30"), stands(player, "closed_late", "2023-05-30")) == (1, 0)


def test_a_rejected_submission_never_stopped_the_clock() -> None:
    player = played("""
        2023-03-01 register toilet
        2023-03-02 assign due=2023-03-20
        2023-03-20 submit
        2023-03-25 reject
        2023-03-26 submit
        2023-03-27 verify""")
    assert [stands(player, "overdue", d) for d in ("2023-03-24", "2023-03-25", "2023-03-26")] == [0, 1, 0]
    assert stands(player, "closed_late", "2023-03-27") == 1


def test_an_extension_granted_late_leaves_the_days_between_overdue() -> None:
    player = played(EDGES["an extension granted after the due day"])
    assert [stands(player, "overdue", d) for d in ("2023-03-20", "2023-03-21", "2023-03-27", "2023-03-28")] == [
        0,
        1,
        1,
        0,
    ]


def test_what_waits_over_new_year_is_carried_over_from_the_first_of_january() -> None:
    player = played(EDGES["carried over into two years"])
    days = ("2021-12-31", "2022-01-01", "2022-12-31", "2023-01-01")
    assert [stands(player, "carried_over", d) for d in days] == [0, 1, 1, 0]


def test_a_back_dated_entry_counts_on_its_day_only_once_it_is_known() -> None:
    player = played("""
        2023-03-01 register toilet
        2023-03-02 assign due=2023-03-20
        2023-03-18 submit  recorded=2023-04-02
        2023-03-25 verify  recorded=2023-04-02""")
    assert stands(player, "closed_on_time", "2023-03-31") == 1
    assert stands(player, "closed_on_time", "2023-03-31", known=2) == 0
    assert stands(player, "overdue", "2023-03-31", known=2) == 1


def test_a_transferred_ticket_counts_under_one_owner_on_any_day() -> None:
    player = played(EDGES["moved to another unit when overdue, to another village when closed"])
    state = player.world.state(player.tickets[""])
    found = marks(state, player.world.register_of(state.id))
    for n in range(1, 60):
        day = date(2023, 3, 1) + timedelta(days=n)
        owners = [unit for account, unit, *_ in count_marks(found, day) if account in ("owner.open", "owner.closed")]
        expected = "chenguang" if day < date(2023, 4, 2) else "donghu"
        assert owners == [player.world.unit[expected]], day


# -- invariants --------------------------------------------------------------------------------------
@pytest.mark.parametrize("story", EDGES.values(), ids=EDGES.keys())
def test_the_statuses_add_up_to_the_registered_and_on_time_never_exceeds_closed(story: str) -> None:
    player = played(story)
    first = date(2021, 12, 30)
    for n in range(0, 560, 13):
        day = (first + timedelta(days=n)).isoformat()
        registered = stands(player, "registered", day)
        statuses = sum(stands(player, account, day) for account in STOCKS if account.startswith("at."))
        closed = stands(player, "closed", day)
        assert statuses == registered == stands(player, "open", day) + closed
        assert stands(player, "closed_on_time", day) + stands(player, "closed_late", day) <= closed
        assert stands(player, "closed_held", day) <= closed <= stands(player, "closed_ever", day)
        assert stands(player, "overdue_30", day) <= stands(player, "overdue", day) <= stands(player, "open", day)


def test_every_mark_has_a_length_and_what_happened_never_ends() -> None:
    for story in EDGES.values():
        player = played(story)
        for ticket_id in player.world.states:
            register = player.world.register_of(ticket_id)
            for mark in marks(player.world.state(ticket_id), register):
                assert mark.ef < mark.et
                assert mark.account in account_names(register)
                if mark.account in FLOWS:
                    assert mark.et == FOREVER


def test_a_ticket_supplies_each_fact_that_a_figure_may_ask_besides_its_fields() -> None:
    player = played("2023-03-01 register toilet")
    (found,) = (s for s in player.world.states.values() if s is not None)
    assert found.facts().keys() | {"outcome"} >= facts_beside_fields(TOILET)  # the outcome is that of each closing


def test_every_register_names_its_accounts_apart_from_the_common_ones() -> None:
    names = {r.name: account_names(r) for r in PACK.registers}
    assert "notify.in_time" in names["petition"] - names["toilet"]
    assert "reached.people_safe" in names["house"] - names["petition"]
    assert not FLOWS & STOCKS
