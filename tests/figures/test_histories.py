"""Whatever happens to a ticket, the ledger says what a plain replay says: on any day, as known at any position.

Here the rules alone; `test_three_ways.py` asks the same of both databases.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import pytest
from figures.chooser import Chooser, Dice
from figures.comparing import check_rules
from histories import Player
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from township import Paper

T = TypeVar("T")
REGISTERS = ("toilet", "house", "petition")


class Drawn:
    """Chance from Hypothesis: a history that fails shrinks to the fewest happenings."""

    def __init__(self, data: st.DataObject) -> None:
        self._draw = data.draw

    def pick(self, options: Sequence[T]) -> T:
        return options[self._draw(st.integers(0, len(options) - 1))]

    def number(self, low: int, high: int) -> int:
        return self._draw(st.integers(low, high))


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_any_history_counts_on_any_day_as_known_at_any_position_what_a_replay_counts(data: st.DataObject) -> None:
    chooser = Chooser(Paper(), Drawn(data), REGISTERS)
    chooser.happen(times=14, tickets=2)
    for ticket_id in chooser.ticket_ids:
        check_rules(chooser.world, ticket_id)


@pytest.mark.parametrize("seed", range(14))
def test_long_histories_count_what_a_replay_counts(seed: int) -> None:
    """Years of happenings to two tickets: what takes many steps to reach, a shrinking search seldom finds."""
    chooser = Chooser(Paper(), Dice(seed), REGISTERS)
    chooser.happen(times=32, tickets=2)
    for ticket_id in chooser.ticket_ids:
        check_rules(chooser.world, ticket_id)


EDGES = {
    "closed on the due day": """
        2023-03-01  register  toilet
        2023-03-02  assign    due=2023-03-20
        2023-03-20  submit
        2023-03-25  verify
    """,
    "submitted on the due day, rejected, done again a day late": """
        2023-03-01  register  toilet
        2023-03-02  assign    due=2023-03-20
        2023-03-20  submit
        2023-03-21  reject
        2023-03-21  submit
        2023-03-22  verify
    """,
    "an extension granted after the due day": """
        2023-03-01  register  toilet
        2023-03-02  assign    due=2023-03-20
        2023-03-25  request_extension  days=10
        2023-03-28  grant_extension
        2023-04-05  submit
        2023-04-06  verify
    """,
    "a pause across the due day": """
        2023-03-01  register  toilet
        2023-03-02  assign    due=2023-03-20
        2023-03-19  pause
        2023-04-19  resume    recorded=2023-05-02
        2023-04-21  submit    recorded=2023-05-02
        2023-04-22  verify    recorded=2023-05-02
    """,
    "a pause that begins on the due day": """
        2023-03-01  register  toilet
        2023-03-02  assign    due=2023-03-20
        2023-03-20  pause
        2023-04-19  resume
    """,
    "carried over into two years": """
        2021-12-31  register  toilet
        2022-01-01  assign    due=2022-12-31
        2023-01-01  submit
        2023-01-01  verify
    """,
    "closed, relapsed and closed again on one day": """
        2023-03-01  register  toilet
        2023-03-01  assign    due=2023-03-01
        2023-03-01  submit
        2023-03-01  verify
        2023-03-01  relapse
        2023-03-01  submit
        2023-03-01  verify
    """,
    "closed as not established, reopened, fixed": """
        2023-03-01  register  toilet
        2023-03-02  assign    due=2023-03-20
        2023-03-10  submit
        2023-03-11  verify    outcome=not_established
        2023-04-11  reopen    due=2023-05-01
        2023-04-15  submit
        2023-04-16  verify
    """,
    "moved to another unit when overdue, to another village when closed": """
        2023-03-01  register  toilet
        2023-03-02  assign    owner=chenguang  due=2023-03-20
        2023-04-02  transfer  owner=donghu
        2023-04-25  submit
        2023-04-26  verify
        2023-05-01  amend     place=donghu
    """,
    "found a year earlier than registered": """
        2023-03-01  register  toilet
        2023-03-02  assign    due=2023-03-20
        2023-05-01  amend     found=2021-12-31
    """,
    "excluded, taken in again, voided": """
        2023-03-01  register  toilet
        2023-03-02  assign    due=2023-03-20
        2023-03-25  request_exclusion  way=exclude
        2023-03-26  exclude
        2023-04-26  include
        2023-04-27  request_exclusion  way=void
        2023-04-28  void
    """,
    "a duplicate found when both are closed": """
        2023-03-01  register  toilet  #first
        2023-03-02  assign    #first  due=2023-03-20
        2023-03-03  register  toilet
        2023-03-04  assign    due=2023-03-20
        2023-03-10  submit
        2023-03-11  verify
        2023-03-12  request_exclusion  way=merge  into=first
        2023-03-13  merge
    """,
    "submitted too early, taken back": """
        2023-03-01  register  toilet
        2023-03-02  assign    due=2023-03-20
        2023-03-10  submit
        2023-03-12  withdraw
        2023-03-22  submit
        2023-03-23  verify
    """,
    "a restricted petition": """
        2023-03-01  register  petition  restricted=yes
        2023-03-01  name  people=staff
        2023-03-02  assign    by=supervisor  due=2023-03-20
    """,
    "a petition accepted late, extended, replied in the extension": """
        2023-03-01  register  petition
        2023-03-02  assign
        2023-03-10  accept
        2023-03-12  reach_milestone  milestone=notified
        2023-05-05  request_extension  days=30
        2023-05-06  grant_extension
        2023-05-20  reach_milestone  milestone=replied
        2023-05-20  submit
        2023-05-22  verify  outcome=replied
        2023-05-23  approve
    """,
    "a milestone put right twice": """
        2023-03-01  register  petition
        2023-03-02  assign
        2023-03-17  reach_milestone  milestone=notified  recorded=2023-03-20
        2023-03-16  reach_milestone  milestone=notified  recorded=2023-03-21
        2023-03-15  reach_milestone  milestone=received  recorded=2023-03-22
    """,
}


@pytest.mark.parametrize("story", EDGES.values(), ids=EDGES.keys())
def test_a_known_edge_counts_what_a_replay_counts(story: str) -> None:
    player = Player(Paper())
    player.play(story)
    for ticket_id in set(player.tickets.values()):
        check_rules(player.world, ticket_id)
