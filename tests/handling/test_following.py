"""The state of a subject follows its tickets, in the transaction of each step: log, figures, duties, rebuild."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from followed import FOLLOWED, TOWN
from histories import Player
from sqlalchemy import Engine, event, select
from township import PLAIN_VALUES, Township, at, plain_ticket

from tracker.domain.commands import AmendTicket, ChangeState, EnterRecord, OpenPeriod, VoidRecord
from tracker.domain.events import StreamKind
from tracker.domain.figures import FigureSpec, Term
from tracker.domain.people import SYSTEM
from tracker.domain.record import Record, fold
from tracker.domain.refusals import Refusal
from tracker.handler import handle
from tracker.log import store
from tracker.projections.rebuild import TABLES, rebuild
from tracker.queries.figures import as_of, figure_values


@pytest.fixture
def town_pack():
    return TOWN


@pytest.fixture
def town(engine: Engine):
    founded = Township.joined(engine, TOWN)
    yield founded
    founded.close()


def opened(town: Township, on: str = "2023-01-05", state: str | None = None, **more: Any) -> int:
    values = {"day": on, "place": town.unit["chenguang"], "remark": "三组", **more}
    (first, *_) = town.do(EnterRecord(register="file", values=values, state=state), "staff", at("2023-01-06"))
    return first.stream_id


def ticket(town: Township, file: int, found: str, recorded: str | None = None) -> Player:
    """A ticket that names the file, ready for further lines."""
    values = {**PLAIN_VALUES["toilet"], "file": file}
    (first, *_) = town.do(
        plain_ticket(town, values=values, found_on=date.fromisoformat(found)), "supervisor", at(recorded or found)
    )
    player = Player(town)
    player.tickets[""] = first.stream_id
    return player


def closed(player: Player, on: str, outcome: str = "fixed") -> None:
    player.play(f"""
        {on}  assign  owner=chenguang
        {on}  submit
        {on}  verify  outcome={outcome}
    """)


def subject(town: Township, file: int) -> Record:
    with town.engine.connect() as conn:
        state = fold(store.read_stream(conn, StreamKind.RECORD, file))
    assert state is not None
    return state


def states(town: Township, file: int) -> list[tuple[str, str]]:
    days = {t.day: t.state for t in subject(town, file).turns}
    return [(str(date.fromordinal(day + date(1970, 1, 1).toordinal())), state) for day, state in days.items()]


def count(town: Township, state: str, on: str, known: str | None = None) -> int:
    spec = FigureSpec(
        "f", FOLLOWED.label, "file", {}, "count", (Term(f"state.{state}"),), (), (), definition={}, source="tests"
    )
    with town.engine.connect() as conn:
        pair = as_of(conn, effective=date.fromisoformat(on), known=at(known, 23) if known else None)
        (found,) = figure_values(conn, town.house, [spec], pair, units=None)
        return found.numerator


def test_a_toilet_has_a_problem_until_the_last_of_its_tickets_is_closed(town: Township) -> None:
    file = opened(town)
    first, second = ticket(town, file, "2023-03-01"), ticket(town, file, "2023-03-05")
    closed(first, "2023-03-10")
    assert states(town, file) == [("2023-01-05", "normal"), ("2023-03-01", "problem")]
    closed(second, "2023-03-20")
    assert states(town, file)[1:] == [("2023-03-01", "problem"), ("2023-03-20", "rectified")]
    first.play("2023-04-02  relapse")
    assert states(town, file)[-1] == ("2023-04-02", "problem")
    assert [count(town, "problem", day) for day in ("2023-02-28", "2023-03-01", "2023-03-20", "2023-04-02")] == [
        0,
        1,
        0,
        1,
    ]


def test_what_followed_names_the_ticket_that_it_came_of(town: Township) -> None:
    file = opened(town)
    player = ticket(town, file, "2023-03-01")
    turn = subject(town, file).turns[-1]
    assert (turn.ticket_id, turn.position) == (player.tickets[""], player.tickets[""])
    with town.engine.connect() as conn:
        *_, last = store.read_stream(conn, StreamKind.RECORD, file)
    assert (last.kind, last.actor_id, last.data["ticket"]) == ("followed", town.person["supervisor"], turn.ticket_id)


def test_a_void_ticket_was_never_a_problem_once_that_is_known(town: Township) -> None:
    file = opened(town)
    player = ticket(town, file, "2023-03-01")
    player.play("""
        2023-04-01  request_exclusion  way=void
        2023-04-02  void  by=approver
    """)
    assert states(town, file) == [("2023-01-05", "normal")]
    assert count(town, "problem", "2023-03-15", known="2023-03-31") == 1
    assert count(town, "problem", "2023-03-15") == 0


def test_an_untrue_one_sets_the_toilet_back_from_the_day_on_which_that_was_found(town: Township) -> None:
    file = opened(town)
    ticket_of_it = ticket(town, file, "2023-03-01")
    closed(ticket_of_it, "2023-03-08", "not_established")
    assert states(town, file)[1:] == [("2023-03-01", "problem"), ("2023-03-08", "normal")]


def test_what_a_person_said_of_a_later_day_stands(town: Township) -> None:
    file = opened(town)
    player = ticket(town, file, "2023-03-01")
    idle = ChangeState(record_id=file, version=2, state="idle", occurred_on=date(2023, 3, 20))
    town.do(idle, "staff", at("2023-03-20"))
    player.play("""
        2023-03-02  assign  owner=chenguang  recorded=2023-03-25
        2023-03-05  submit  recorded=2023-03-25
        2023-03-06  verify  recorded=2023-03-25
    """)
    expected = [("2023-03-01", "problem"), ("2023-03-06", "rectified"), ("2023-03-20", "idle")]
    assert states(town, file)[1:] == expected


def test_a_demolished_toilet_says_why_and_is_not_called_back(town: Township) -> None:
    file = opened(town)
    first, second = ticket(town, file, "2023-03-01"), ticket(town, file, "2023-03-02")
    closed(first, "2023-03-10", "demolished_by_wish")
    closed(second, "2023-03-12")
    assert states(town, file)[-1] == ("2023-03-10", "demolished")
    assert subject(town, file).fields["end_reason"] == "自愿拆除"


def test_a_correction_moves_what_followed_to_the_right_day_and_the_right_file(town: Township) -> None:
    wrong, right = opened(town), opened(town)
    player = ticket(town, wrong, "2023-03-05")
    player.play("2023-03-20  amend  found=2023-03-02")
    assert states(town, wrong)[1:] == [("2023-03-02", "problem")]
    known = town.state(player.tickets[""])
    town.do(
        AmendTicket(ticket_id=known.id, version=known.version, changes={"file": right}, reason="记错档号"),
        "supervisor",
        at("2023-03-21"),
    )
    assert states(town, wrong) == [("2023-01-05", "normal")]
    assert states(town, right)[1:] == [("2023-03-02", "problem")]


def test_a_file_that_was_opened_after_its_ticket_begins_with_the_problem(town: Township) -> None:
    player = ticket(town, opened(town), "2023-01-03", "2023-01-07")
    late = opened(town, "2023-01-06")
    known = town.state(player.tickets[""])
    town.do(
        AmendTicket(ticket_id=known.id, version=known.version, changes={"file": late}, reason="补记"),
        "supervisor",
        at("2023-03-21"),
    )
    assert states(town, late) == [("2023-01-06", "problem")]
    assert count(town, "problem", "2023-01-06") == 1


def test_a_form_that_was_opened_before_the_state_followed_is_told_so(town: Township) -> None:
    file = opened(town)
    ticket(town, file, "2023-03-01")
    with pytest.raises(Refusal) as why:
        town.do(
            ChangeState(record_id=file, version=1, state="idle", occurred_on=date(2023, 3, 2)),
            "staff",
            at("2023-03-02"),
        )
    assert why.value.code == "stale_version"


def test_a_void_file_is_left_alone(town: Township) -> None:
    file = opened(town)
    player = ticket(town, file, "2023-03-01")
    town.do(VoidRecord(record_id=file, version=2, reason="重复建档"), "supervisor", at("2023-03-02"))
    closed(player, "2023-03-10")
    assert subject(town, file).version == 3


def test_a_duty_that_is_owed_for_toilets_in_trouble_follows(town: Township) -> None:
    file = opened(town)
    player = ticket(town, file, "2023-03-01")
    month = OpenPeriod(duty="watch", unit_id=town.unit["chenguang"], start=date(2023, 3, 1), subject_id=file)
    handle(town.house, month, actor_id=SYSTEM, now=at("2023-03-01", 11))
    closed(player, "2023-03-10")
    with town.engine.connect() as conn:
        kinds = [e.kind for e in store.read_all(conn) if e.stream_kind is StreamKind.DUTY]
    assert kinds == ["opened", "excused"]


def test_a_rebuild_leaves_everything_as_it_was(town: Township) -> None:
    file = opened(town)
    closed(ticket(town, file, "2023-03-01"), "2023-03-10")
    ticket(town, file, "2023-04-01")
    before = rows(town.engine)
    house = town.house
    with town.engine.begin() as conn:
        rebuild(conn, house.pack, house.time_zone, house.folios, lambda done, of: None)
    assert rows(town.engine) == before


def rows(engine: Engine) -> dict[str, list[str]]:
    with engine.connect() as conn:
        return {t.name: sorted(map(repr, map(tuple, conn.execute(select(t))))) for t in TABLES}


def test_steps_on_tickets_of_one_toilet_at_once_lose_nothing(town: Township) -> None:
    file = opened(town)
    players = [ticket(town, file, "2023-03-01") for _ in range(5)]
    for player in players:
        player.play("""
            2023-03-02  assign  owner=chenguang
            2023-03-03  submit
        """)

    def verify(player: Player) -> None:
        other = town.again()
        try:
            mine = Player(other, dict(player.tickets))
            other.states = dict(town.states)
            mine.play("2023-03-09  verify")
        finally:
            other.close()

    with ThreadPoolExecutor(5) as pool:
        list(pool.map(verify, players))
    known = subject(town, file)
    assert known.version == 1 + 5 + 5
    assert states(town, file)[1:] == [("2023-03-01", "problem"), ("2023-03-09", "rectified")]


def test_a_register_that_declares_nothing_asks_nothing_more(town: Township) -> None:
    """What a toilet needs that does follow: its own stream read, its row and marks written."""
    asked: list[str] = []
    plain = Township.joined(
        town.engine, replace(TOWN, registers=(replace(FOLLOWED, subject_states=None), *TOWN.registers[1:]))
    )
    file = opened(town)

    @event.listens_for(town.engine, "before_cursor_execute")
    def _count(conn: Any, cursor: Any, statement: str, *rest: Any) -> None:
        asked.append(statement)

    ticket(plain, file, "2023-03-01")
    without = [s for s in asked if "records" in s and "record_links" not in s]
    asked.clear()
    ticket(town, file, "2023-03-01")
    assert without == []
    assert [s for s in asked if s.startswith("UPDATE records")] != []
