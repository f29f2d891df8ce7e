"""Milestones: the day must fit the others, and the clock that starts there follows the rule then in force."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from histories import Player, lines
from township import Paper, Refused, at, plain_ticket, refused


def received() -> Player:
    player = Player(Paper())
    player.play("""
        2023-03-01 register petition
        2023-03-02 assign""")
    return player


@pytest.mark.parametrize(
    ("line", "code", "field"),
    [
        ("2023-02-28 reach_milestone milestone=notified recorded=2023-03-05", "milestone_before_found", "milestone"),
        ("2023-03-09 reach_milestone milestone=notified recorded=2023-03-05", "day_in_future", "occurred_on"),
        ("2023-03-04 reach_milestone milestone=replied recorded=2023-03-12", "milestone_out_of_order", "milestone"),
    ],
    ids=["before the found day", "tomorrow", "replied before it was accepted"],
)
def test_a_milestone_whose_day_does_not_fit_is_refused_at_its_field(line: str, code: str, field: str) -> None:
    player = received()
    player.play("2023-03-04 comment message=看过")
    if "replied" in line:
        player.play("2023-03-10 accept")
    assert player.refused(line) == Refused((code,), (field,))


def test_what_stands_on_an_earlier_milestone_waits_for_it_and_keeps_behind_it() -> None:
    player = received()
    evaluated = "reach_milestone milestone=evaluated evaluation=yes"
    assert player.refused(f"2023-03-04 {evaluated}") == Refused(("earlier_milestone_missing",), ("milestone",))
    player.play(f"""
        2023-03-03 reach_milestone milestone=replied
        2023-03-04 {evaluated}""")
    order = Refused(("milestone_out_of_order",), ("milestone",))
    assert player.refused("2023-03-09 reach_milestone milestone=replied") == order
    assert player.refused("2023-03-09 accept") == order
    player.play("""
        2023-03-04 reach_milestone milestone=replied recorded=2023-03-09
        2023-03-02 reach_milestone milestone=accepted recorded=2023-03-09
        2023-03-09 accept""")


def test_accepting_is_the_milestone_accepted_and_starts_the_sixty_days_of_art_34() -> None:
    player = received()
    player.play("2023-03-10 accept")
    state = player.world.state(player.tickets[""])
    assert state.milestones["accepted"].on == (date(2023, 3, 10) - date(1970, 1, 1)).days
    assert (state.current_due, state.main_rule_id) == (date(2023, 5, 9), "petition.60")


def test_an_acceptance_dated_before_the_step_keeps_its_own_day() -> None:
    player = received()
    player.play("""
        2023-03-05 reach_milestone milestone=accepted
        2023-03-10 accept""")
    state = player.world.state(player.tickets[""])
    assert state.current_due == date(2023, 5, 4)


def test_a_milestone_put_right_moves_the_due_day_that_it_gave() -> None:
    player = received()
    player.play("""
        2023-03-10 accept
        2023-03-06 reach_milestone milestone=accepted recorded=2023-03-12""")
    state = player.world.state(player.tickets[""])
    assert (state.original_due, state.current_due) == (date(2023, 5, 9), date(2023, 5, 5))


def test_a_later_record_of_the_start_does_not_undo_an_extension_granted_since() -> None:
    player = received()
    player.play("""
        2023-03-10 accept
        2023-04-20 request_extension days=30
        2023-04-21 grant_extension
        2023-03-09 reach_milestone milestone=accepted recorded=2023-04-22""")
    assert player.world.state(player.tickets[""]).current_due == date(2023, 6, 8)


def test_a_clock_that_is_waived_starts_none() -> None:
    """信访工作条例 art. 23: who cannot be reached need not be told."""
    player = Player(Paper())
    ticket_id = player.play("2023-03-01 register petition")
    assert "notify" in player.world.state(ticket_id).clocks
    command = player.command(lines("2023-03-01 register petition contact_unclear=yes")[0])
    (event,) = player.world.do(command, "supervisor", at("2023-03-01"))
    assert "notify" not in player.world.state(event.stream_id).clocks


def test_a_grade_found_at_the_appraisal_decides_which_limit_holds() -> None:
    player = Player(Paper())
    ticket_id = player.play("""
        2023-03-01 register house
        2023-03-02 assign owner=chenguang
        2023-03-06 reach_milestone milestone=appraised grade=D""")
    state = player.world.state(ticket_id)
    assert (state.current_due, state.main_rule_id) == (date(2023, 3, 26), "house.d")
    assert state.clocks["evacuate"].due_on == (date(2023, 3, 7) - date(1970, 1, 1)).days


EVALUATED = {"replied": date(2023, 3, 8), "evaluated": date(2023, 3, 9)}


def test_what_was_known_at_the_start_is_recorded_with_its_values() -> None:
    world = Paper()
    told = plain_ticket(world, "petition")
    told = replace(told, milestones=EVALUATED, milestone_values={"evaluated": {"evaluation": "yes"}})
    (registered,) = world.do(told, "supervisor", at("2023-03-12"))
    reached = world.state(registered.stream_id).milestones["evaluated"]
    assert (reached.on, reached.values) == ((date(2023, 3, 9) - date(1970, 1, 1)).days, {"evaluation": "yes"})


def test_a_value_that_does_not_fit_keeps_the_whole_registration_out() -> None:
    world = Paper()
    told = plain_ticket(world, "petition")
    told = replace(told, milestones=EVALUATED, milestone_values={"evaluated": {"evaluation": "?"}})
    assert refused(world, told, "supervisor", at("2023-03-12")) == Refused(("choice_unknown",), ("evaluation",))
    assert world.log == []
