"""Rows judged and carried out: the rules are asked before anything is written; a row comes in whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest
from exchange.samples import SECRET, csv
from sqlalchemy import URL, text
from township import Township, at

from tracker import handler
from tracker.domain.days import to_number
from tracker.domain.effects import fold
from tracker.domain.events import StreamKind
from tracker.domain.ticket import Ticket
from tracker.exchange.importing import Importer, Judged
from tracker.exchange.reading import ImportReading
from tracker.log import store
from tracker.packs.loader import built_in, load_pack
from tracker.queries.scope import Viewer
from tracker.queries.uploads import State

NOW = at("2023-12-06")
HEADINGS = "留言编号,留言用户,留言主题,留言时间,留言详情,答复意见,答复时间"
FIRST = "17,UU008,咨询低保标准,2023/4/24 16:03:40,请问低保的标准,网友您好,2023/5/9"
SECOND = "18,UU009,反映路灯不亮,2023/4/25,村口路灯不亮已有半月,,"
TOO_EARLY = "19,UU010,反映垃圾清运,2023/4/25,垃圾三天没有清运,已清运,2023/4/20"


@pytest.fixture(scope="module")
def pack():
    return load_pack(built_in("township"))


@pytest.fixture
def town_pack(pack):
    return pack


@pytest.fixture
def town(database: URL, pack) -> Iterator[Township]:
    founded = Township.joined(database, pack)
    yield founded
    founded.close()


def importer(town: Township, post: str = "supervisor") -> Importer:
    with town.engine.connect() as conn:
        numbers = town.house.register_numbers(conn)
    person = town.directory.people[town.person[post]]
    viewer = Viewer(person, town.directory, numbers, town.house.today(NOW))
    return Importer(town.house, viewer, town.house.register("petition"), SECRET)


def read(by: Importer, *lines: str) -> ImportReading:
    return by.read(csv(HEADINGS, *lines), "a.csv", None, {})


def judged(by: Importer, reading: ImportReading) -> tuple[Judged, ...]:
    with by.house.engine.connect() as conn:
        return tuple(by.judge(conn, reading))


def told(rows: tuple[Judged, ...]) -> list[tuple[str, list[str]]]:
    return [(one.state.name, [why.code for why in one.refusals]) for one in rows]


def ticket_of(town: Township, one: Judged) -> Ticket:
    with town.engine.connect() as conn:
        ticket = fold(store.read_stream(conn, StreamKind.TICKET, one.ticket_id or 0))
    assert ticket is not None
    return ticket


def numbers(town: Township) -> set[str]:
    with town.engine.connect() as conn:
        return set(conn.scalars(text("SELECT number FROM tickets")))


def test_a_reply_is_a_milestone_of_the_ticket_from_its_first_entry(town):
    by = importer(town)
    (one,) = by.carry_out(reading := read(by, FIRST), reading.rows, NOW, goes_on=False)
    ticket = ticket_of(town, one)
    reached = ticket.milestones["replied"]
    assert (ticket.version, one.state) == (1, State.REGISTERED)
    assert (reached.on, reached.values) == (to_number(date(2023, 5, 9)), {"reply": "网友您好"})
    assert not ticket.fields.keys() & {"reply", "replied_on"}
    assert told(judged(by, reading)) == [("KNOWN", [])]


def test_the_rules_are_asked_before_anything_is_written(town):
    by = importer(town)
    assert told(judged(by, read(by, FIRST, TOO_EARLY))) == [("READY", []), ("WRONG", ["milestone_before_found"])]
    assert numbers(town) == set()


def test_one_refused_row_keeps_all_of_them_out_or_itself_alone(town):
    by = importer(town)
    reading = read(by, FIRST, TOO_EARLY, SECOND)
    done = by.carry_out(reading, reading.rows, NOW, goes_on=False)
    assert told(done) == [("READY", []), ("WRONG", ["milestone_before_found"]), ("READY", [])]
    assert numbers(town) == set()
    done = by.carry_out(reading, reading.rows, NOW, goes_on=True)
    assert told(done) == [("REGISTERED", []), ("WRONG", ["milestone_before_found"]), ("REGISTERED", [])]
    assert len(numbers(town)) == 2


def test_who_may_register_may_not_therefore_import(town):
    by = importer(town, "staff")
    reading = by.read(csv(HEADINGS, FIRST), "a.csv", None, {"place": town.unit["chenguang"]})
    assert by.places == ()
    assert told(judged(by, reading)) == [("WRONG", ["not_permitted"])]
    assert told(by.carry_out(reading, reading.rows, NOW, goes_on=True)) == [("WRONG", ["not_permitted"])]
    assert numbers(town) == set()


def test_a_number_that_another_was_faster_with_is_told(town):
    by = importer(town)
    reading = read(by, FIRST, SECOND)
    faster = read(by, FIRST.replace("标准", "标准是多少"))
    by.carry_out(faster, faster.rows, NOW, goes_on=False)
    done = by.carry_out(reading, reading.rows, NOW, goes_on=False)
    assert told(done) == [("WRONG", ["duplicate_external_number"]), ("READY", [])]
    assert len(numbers(town)) == 1
    done = by.carry_out(reading, reading.rows, NOW, goes_on=True)
    assert [one.state for one in done] == [State.KNOWN, State.REGISTERED]
    assert done[0].ticket_id is not None


def test_the_same_file_again_registers_nothing_twice(town):
    by = importer(town)
    reading = read(by, FIRST, SECOND)
    by.carry_out(reading, reading.rows[:1], NOW, goes_on=False)
    done = by.carry_out(reading, reading.rows, NOW, goes_on=False)
    assert [one.is_again for one in done] == [True, False]
    assert len(numbers(town)) == 2


def test_what_is_known_is_found_in_every_slice_that_is_looked_up_together(town, monkeypatch):
    monkeypatch.setattr(handler, "LOOK_AHEAD", 2)
    by = importer(town)
    reading = read(by, FIRST, SECOND, SECOND.replace("18", "20"), SECOND.replace("18", "21"))
    by.carry_out(reading, reading.rows[3:], NOW, goes_on=False)
    faster = read(by, SECOND.replace("18", "20").replace("半月", "一月"))
    by.carry_out(faster, faster.rows, NOW, goes_on=False)
    done = by.carry_out(reading, reading.rows, NOW, goes_on=True)
    assert [(one.state.name, one.is_again) for one in done] == [
        ("REGISTERED", False),
        ("REGISTERED", False),
        ("KNOWN", False),
        ("REGISTERED", True),
    ]
    assert len(numbers(town)) == 4


def test_the_text_of_a_restricted_reply_stays_out_of_the_log(town):
    by = importer(town)
    reading = by.read(csv(HEADINGS + ",限制知悉", FIRST + ",是"), "a.csv", None, {})
    (one,) = by.carry_out(reading, reading.rows, NOW, goes_on=False)
    ticket = ticket_of(town, one)
    assert (ticket.is_restricted, ticket.milestones["replied"].values) == (True, {})
    assert "reply" in ticket.private


def test_a_reply_that_comes_in_a_later_list_is_added_to_the_known_ticket_once(town):
    by = importer(town)
    first = read(by, SECOND, FIRST)
    by.carry_out(first, first.rows, NOW, goes_on=False)
    later = read(by, SECOND.removesuffix(",,") + ",路灯已修好,2023/5/20", FIRST)
    assert [(one.state, one.adds) for one in judged(by, later)] == [(State.ADDS, ("replied",)), (State.KNOWN, ())]
    done = by.add(later, later.rows, NOW)
    assert [(one.state, one.adds) for one in done] == [(State.ADDED, ("replied",)), (State.KNOWN, ())]
    ticket = ticket_of(town, done[0])
    reached = ticket.milestones["replied"]
    assert (reached.on, reached.values) == (to_number(date(2023, 5, 20)), {"reply": "路灯已修好"})
    assert ticket.version == 2
    assert told(judged(by, later)) == [("KNOWN", []), ("KNOWN", [])]
    assert [one.state for one in by.add(later, later.rows, NOW)] == [State.KNOWN, State.KNOWN]
    assert ticket_of(town, done[0]).version == 2


def test_a_reply_that_does_not_fit_the_known_ticket_is_told_and_left_out(town):
    by = importer(town)
    first = read(by, SECOND)
    by.carry_out(first, first.rows, NOW, goes_on=False)
    later = read(by, SECOND.removesuffix(",,") + ",路灯已修好,2023/4/20")
    assert told(judged(by, later)) == [("KNOWN", ["milestone_before_found"])]
    (one,) = by.add(later, later.rows, NOW)
    assert (one.state, [why.code for why in one.refusals]) == (State.KNOWN, ["milestone_before_found"])


def test_nothing_is_added_by_whom_the_rules_do_not_let(town):
    by = importer(town)
    first = read(by, SECOND)
    by.carry_out(first, first.rows, NOW, goes_on=False)
    later = read(by, SECOND.removesuffix(",,") + ",路灯已修好,2023/5/20")
    assert told(judged(importer(town, "administrator"), later)) == [("KNOWN", [])]
