"""An opinion becomes a problem, a house gets another grade: one act, linked, and never both."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from going_on import TOWN
from histories import Player
from sqlalchemy import Engine
from township import PLAIN_VALUES, Refused, Township, at, plain_ticket, refused

from tracker.domain.commands import RegisterTicket
from tracker.domain.effects import fold
from tracker.domain.events import StreamKind
from tracker.domain.lifecycle import Status
from tracker.handler import handle
from tracker.log import store
from tracker.log.vault import read_private


@pytest.fixture
def town_pack():
    return TOWN


@pytest.fixture
def town(engine: Engine):
    founded = Township.joined(engine, TOWN)
    yield founded
    founded.close()


def going_on(town: Township, old: int, **more: Any) -> RegisterTicket:
    """The form of the new one, which was opened on the old one as it stands."""
    values = {"problem": PLAIN_VALUES["house"]["problem"]}
    known = town.state(old)
    return replace(
        plain_ticket(town, "house", values=values, continues_id=old, continues_version=known.version), **more
    )


def opened(town: Township, *lines: str) -> int:
    return Player(town).play("\n".join(("2023-03-01  register  toilet  place=chenguang", *lines)))


def test_an_opinion_goes_on_as_a_problem_and_is_void_in_the_same_act(town: Township) -> None:
    old = opened(town)
    done = handle(town.house, going_on(town, old), actor_id=town.person["supervisor"], now=at("2023-03-05"))
    with town.engine.connect() as conn:
        fields = done.events[0].data["fields"]
        private = read_private(conn, done.stream_id, done.events[0].data["private"])
    assert fields["opinion"] == old
    assert private == {"household": PLAIN_VALUES["toilet"]["household"]}  # which the form could not show
    known = _state(town, old)
    assert (known.status, known.merged_into, known.exclusion_reason) == (
        Status.VOIDED,
        done.stream_id,
        "属房屋安全问题",
    )
    assert known.excluded_by == town.person["supervisor"]


def _state(town: Township, ticket_id: int) -> Any:
    with town.engine.connect() as conn:
        return fold(store.read_stream(conn, StreamKind.TICKET, ticket_id))


def test_a_second_press_converts_nothing_again(town: Township) -> None:
    old = opened(town)
    command = going_on(town, old, key="once")
    first = handle(town.house, command, actor_id=town.person["supervisor"], now=at("2023-03-05"))
    again = handle(town.house, command, actor_id=town.person["supervisor"], now=at("2023-03-05"))
    assert (again.is_repeat, again.stream_id) == (True, first.stream_id)


CLOSED = ("2023-03-02  assign  owner=chenguang", "2023-03-03  submit", "2023-03-04  verify")
VOID = ("2023-03-02  request_exclusion  way=void", "2023-03-03  void  by=approver")


@pytest.mark.parametrize(
    ("lines", "by", "code"),
    [
        ((), "staff", "not_permitted"),
        ((), "neighbour", "ticket_unknown"),
        (CLOSED, "supervisor", "step_not_possible_now"),
        (VOID, "supervisor", "step_not_possible_now"),
    ],
    ids=["who may not", "who may not see it", "one that is closed", "one that is void"],
)
def test_what_cannot_be_converted_stays_and_nothing_is_registered(
    town: Township, lines: tuple[str, ...], by: str, code: str
) -> None:
    old = opened(town, *lines)
    seen = len(town.log)
    assert refused(town, going_on(town, old), by, at("2023-03-05")) == Refused((code,), (None,))
    assert (len(town.log), _state(town, old).version) == (seen, town.state(old).version)


def test_who_saw_an_older_version_is_told(town: Township) -> None:
    old = opened(town, "2023-03-02  assign  owner=chenguang")
    late = going_on(town, old, continues_version=1)
    assert refused(town, late, "supervisor", at("2023-03-05")) == Refused(("stale_version",), (None,))


def test_a_house_of_another_grade_goes_on_and_the_first_stays_closed(town: Township) -> None:
    old = Player(town).play("""
        2023-03-01  register  house  place=chenguang
        2023-03-02  assign  owner=chenguang
        2023-03-03  reach_milestone  milestone=appraised  grade=C
        2023-03-10  submit
        2023-03-10  verify  outcome=regraded
        2023-03-10  publicise
        2023-03-10  approve
        2023-03-10  close  outcome=regraded
    """)
    (first, *_) = town.do(going_on(town, old), "supervisor", at("2023-03-11"))
    assert (first.data["fields"]["predecessor"], first.data["register"]) == (old, "house")
    assert _state(town, old).status is Status.CLOSED


def test_one_that_was_closed_otherwise_has_no_successor(town: Township) -> None:
    old = Player(town).play("2023-03-01  register  house  place=chenguang")
    assert refused(town, going_on(town, old), "supervisor", at("2023-03-11")) == Refused(
        ("step_not_possible_now",), (None,)
    )
