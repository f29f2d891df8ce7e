"""Corrections: what follows from a day found or a field put right, and whose external number a ticket may take."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from histories import Player
from township import PLAIN_VALUES, Paper, Refused, at, plain_ticket, refused

from tracker.domain.days import to_number
from tracker.domain.effects import fold


def test_a_day_found_put_right_moves_the_clocks_that_started_there() -> None:
    player = Player(Paper())
    ticket_id = player.play("""
        2023-03-01 register petition
        2023-03-15 amend found=2023-03-15""")
    state = player.world.state(ticket_id)
    start, due = to_number(date(2023, 3, 15)), to_number(date(2023, 3, 30))
    assert (state.milestones["received"].on, state.clocks["notify"].started_on) == (start, start)
    assert state.clocks["notify"].due_on == due
    assert state.clocks["notify"].position == state.milestones["received"].position
    assert state == fold(player.world.history(ticket_id))


def test_a_day_found_does_not_move_behind_what_was_reached() -> None:
    player = Player(Paper())
    player.play("""
        2023-03-01 register petition
        2023-03-02 reach_milestone milestone=notified""")
    behind = Refused(("milestone_out_of_order",), ("milestone",))
    assert player.refused("2023-03-15 amend found=2023-03-15") == behind
    assert player.refused("2023-03-15 amend found=2023-03-02") is None


def test_a_field_that_a_side_clock_asks_for_reckons_it_again_and_leaves_the_promise() -> None:
    player = Player(Paper())
    ticket_id = player.play("""
        2023-03-01 register petition contact_unclear=yes
        2023-03-02 assign
        2023-03-03 accept""")
    due = player.world.state(ticket_id).current_due
    assert "notify" not in player.world.state(ticket_id).clocks
    player.play("2023-03-04 amend contact_unclear=no class=inquiry")
    state = player.world.state(ticket_id)
    assert state.clocks["notify"].due_on == to_number(date(2023, 3, 16))
    assert (state.current_due, due) == (date(2023, 5, 2), date(2023, 5, 2))


@pytest.mark.parametrize("text", ["2023-03-02 amend remark=改", "2023-03-02 amend category=upkeep"])
def test_a_correction_that_moves_no_milestone_is_one_event(text: str) -> None:
    player = Player(Paper())
    ticket_id = player.play(f"2023-03-01 register toilet\n{text}")
    assert [e.kind for e in player.world.history(ticket_id)] == ["registered", "amended"]


def test_a_number_put_right_is_protected_like_one_registered() -> None:
    player = Player(Paper())
    player.play("""
        2023-03-01 register #one petition platform_no=P1
        2023-03-01 register #two petition platform_no=P2""")
    taken = Refused(("duplicate_external_number",), ("platform_no",))
    assert player.refused("2023-03-02 amend #two platform_no=P1") == taken
    player.play("2023-03-02 amend #two platform_no=P3")
    assert player.world.state(player.tickets["two"]).external_key == "P3"
    assert player.refused("2023-03-03 register petition platform_no=P3") == taken
    player.play("""
        2023-03-03 register petition platform_no=P2
        2023-03-04 amend #two platform_no=""")
    assert player.world.state(player.tickets["two"]).external_key is None


def test_a_number_of_a_ticket_that_one_may_not_see_is_taken_without_saying_by_which() -> None:
    paper = Paper()
    values = {**PLAIN_VALUES["petition"], "platform_no": "P1"}
    elsewhere = plain_ticket(paper, "petition", "donghu", values=values)
    paper.do(elsewhere, "supervisor", at("2023-03-01"))
    here = replace(elsewhere, place_id=paper.unit["chenguang"])
    assert refused(paper, here, "staff", at("2023-03-02")) == Refused(("external_number_elsewhere",), ("platform_no",))


def test_the_number_of_a_restricted_ticket_collides_with_none_and_stands_in_no_event() -> None:
    paper = Paper()
    values = {**PLAIN_VALUES["petition"], "platform_no": "P1"}
    secret = plain_ticket(paper, "petition", values=values, is_restricted=True, external_key="P1")
    (event,) = paper.do(secret, "supervisor", at("2023-03-01"))
    assert "P1" not in str(event.data)
    assert refused(paper, plain_ticket(paper, "petition", values=values), "staff", at("2023-03-02")) is None
