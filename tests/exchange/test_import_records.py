"""Activities, subjects and statistics from files: the same importer, with what rows become there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from exchange.samples import SECRET, csv
from records import HARVEST, MEETING, MEMBER, RECORDS, meeting
from sqlalchemy import URL, text
from township import Township, at, label

from tracker.domain.commands import ChangeState, EnterRecord, VoidRecord
from tracker.domain.days import to_number
from tracker.domain.record import Record
from tracker.domain.registers import Field, FieldType, Privacy
from tracker.exchange.importing import Importer, Judged
from tracker.exchange.reading import ImportReading
from tracker.log.vault import read_private
from tracker.queries.records import record_at
from tracker.queries.scope import Viewer
from tracker.queries.uploads import State

# What the databases do differently the pages show: tests/pages/test_record_imports.py.
pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

NOW = at("2023-12-06")
PHONE = Field("phone", FieldType.TEXT, label("电话"), privacy=Privacy.PERSONAL, pattern="phone")
_PLAIN: Any = {"quantities": (), "groups": (), "nil_field": None, "predicates": ()}
SECTION = replace(MEETING, name="section", prefix="段", ascii_prefix="HDDA", fields=MEETING.fields[:3], **_PLAIN)
LINK = Field("section", FieldType.RECORD, label("河段"), register="section", settles=("place",))
WALK = replace(MEETING, name="walk", prefix="巡", ascii_prefix="XHT", fields=(*MEETING.fields[:3], LINK), **_PLAIN)
PACK = replace(RECORDS, records=(MEETING, replace(MEMBER, fields=(*MEMBER.fields, PHONE)), HARVEST, SECTION, WALK))

MEETINGS = "日期,村,内容,themes,资料,党员,零报告"
MEMBERS = "编号,建档日期,村,姓名,人数,原因,电话,状态"
STAGES = (("1200", "estimate", 7), ("1190", "reported", 8), ("1185.5", "final", 9))
HARVESTS = "村,年度,数值,stage,填报日期"


@pytest.fixture
def town_pack():
    return PACK


@pytest.fixture
def town(database: URL) -> Iterator[Township]:
    founded = Township.joined(database, PACK)
    yield founded
    founded.close()


def importer(town: Township, register: str, post: str = "supervisor") -> Importer:
    with town.engine.connect() as conn:
        numbers = town.house.register_numbers(conn)
    viewer = Viewer(town.directory.people[town.person[post]], town.directory, numbers, town.house.today(NOW))
    return Importer(town.house, viewer, town.pack.record_by_name[register], SECRET)


def read(by: Importer, *lines: str, **defaults: Any) -> ImportReading:
    return by.read(csv(*lines), "a.csv", None, defaults)


def judged(by: Importer, reading: ImportReading) -> tuple[Judged, ...]:
    with by.house.engine.connect() as conn:
        return tuple(by.judge(conn, reading))


def states(rows: tuple[Judged, ...]) -> list[str]:
    return [one.state.name for one in rows]


def mistakes(rows: tuple[Judged, ...]) -> list[tuple[str, str, str]]:
    return [(e.cell, e.code, str(e.params.get("reason", ""))) for one in rows for e in one.row.errors]


def take(by: Importer, *lines: str) -> tuple[Judged, ...]:
    reading = read(by, *lines)
    return by.carry_out(reading, reading.rows, NOW, goes_on=False)


def record_of(town: Township, one: Judged) -> Record:
    with town.engine.connect() as conn:
        record = record_at(conn, one.ticket_id or 0)
    assert record is not None
    return record


def count(town: Township) -> int:
    with town.engine.connect() as conn:
        return conn.scalar(text("SELECT count(*) FROM records")) or 0


def member(town: Township) -> str:
    values = {"opened_on": "2023-01-01", "place": town.unit["chenguang"], "name": "刘小云"}
    return number_of(town, EnterRecord(register="member", values=values))


def section(town: Township, name: str) -> str:
    return number_of(
        town, EnterRecord(register="section", values=meeting(town.unit["chenguang"], "2023-01-01", topic=name))
    )


def number_of(town: Township, command: EnterRecord) -> str:
    return town.do(command, "staff", at("2023-06-01"))[0].data["number"]


# -- activities ---------------------------------------------------------------------------------------
def test_a_meeting_comes_in_with_its_counts_themes_and_links(town):
    number = member(town)
    by = importer(town, "meeting")
    reading = read(by, MEETINGS, f"2023/5/10,晨光村,屋场恳谈,law、congress,88,{number},否")
    (one,) = by.carry_out(reading, reading.rows, NOW, goes_on=False)
    record = record_of(town, one)
    assert (record.on, record.unit_id) == (date(2023, 5, 10), town.unit["chenguang"])
    assert record.fields["themes"] == ["law", "congress"]
    assert (record.fields["leaflets"], record.fields["nothing_found"]) == (88, False)
    assert record.fields["member"] > 0
    assert states(judged(by, reading)) == ["KNOWN"]


def test_the_same_file_and_the_same_row_of_another_add_nothing_twice(town):
    by = importer(town, "meeting")
    first, second = "2023-05-10,晨光村,屋场恳谈,,88,,", "2023-05-11,晨光村,屋场恳谈,,88,,"
    take(by, MEETINGS, first)
    assert [one.is_again for one in take(by, MEETINGS, first)] == [True]
    other = read(by, MEETINGS, second, first)
    assert states(judged(by, other)) == ["READY", "KNOWN"]
    done = by.carry_out(other, other.rows, NOW, goes_on=True)
    assert states(done) == ["REGISTERED", "KNOWN"]
    assert done[1].ticket_id is not None
    assert count(town) == 2


def test_what_was_voided_may_come_in_again_by_another_file(town):
    by = importer(town, "meeting")
    line = "2023-05-10,晨光村,屋场恳谈,,88,,"
    (one,) = take(by, MEETINGS, line)
    town.do(VoidRecord(record_id=one.ticket_id or 0, version=1, reason="误登"), "supervisor", at("2023-12-07"))
    assert states(judged(by, read(by, MEETINGS, line))) == ["KNOWN"]
    assert states(judged(by, read(by, MEETINGS, line, "2023-05-11,晨光村,又一次,,,,"))) == ["READY", "READY"]


def test_mistakes_are_told_by_cell_and_no_row_comes_in_with_one(town):
    by = importer(town, "meeting")
    lines = (
        "2023-06-31,晨光村,屋场恳谈,,88,,",
        "2023-05-10,白水村,屋场恳谈,,88,,",
        "2023-05-10,晨光村,屋场恳谈,烤火,-1,,",
        "2024-05-01,晨光村,屋场恳谈,,,,",
    )
    rows = judged(by, read(by, MEETINGS, *lines))
    assert states(rows) == ["WRONG"] * 4
    assert mistakes(rows)[:2] == [("A2", "field_not_a_day", "no_such_day"), ("B3", "unit_unknown", "")]
    assert {cell for cell, _, _ in mistakes(rows)[2:]} == {"D4", "E4"}
    assert [(why.code, why.field) for why in rows[3].refusals] == [("day_in_future", "held_on")]


def test_only_who_may_import_there_imports(town):
    line = "2023-05-10,晨光村,屋场恳谈,,88,,"
    for post in ("staff", "verifier", "auditor", "administrator"):
        by = importer(town, "meeting", post)
        assert by.places == ()
        reading = read(by, MEETINGS, line)
        done = by.carry_out(reading, reading.rows, NOW, goes_on=True)
        assert [why.code for one in done for why in one.refusals] == ["not_permitted"]
    assert count(town) == 0


def test_a_unit_given_for_the_whole_file_is_under_what_it_counts(town):
    by = importer(town, "meeting")
    reading = read(by, "日期,内容", "2023-05-10,屋场恳谈", place=town.unit["donghu"])
    (one,) = by.carry_out(reading, reading.rows, NOW, goes_on=False)
    assert record_of(town, one).unit_id == town.unit["donghu"]


# -- links --------------------------------------------------------------------------------------------
def test_a_link_is_a_number_with_either_prefix_or_an_open_name_that_means_one(town):
    first, second = section(town, "湘江"), section(town, "蒸水")
    section(town, "蒸水")
    by = importer(town, "walk")
    line = "2023-05-10,晨光村,巡河,{}"
    named = (
        first,
        first.replace("段", "HDDA"),
        first.replace("段-", "段–"),
        "湘 江",
        "蒸水",
        second,
        "耒水",
        "段-2023-0099",
    )
    rows = judged(by, read(by, "日期,村,内容,河段", *(line.format(name) for name in named)))
    assert len({one.row.value("section") for one in rows[:4]}) == 1
    assert mistakes(rows) == [
        ("D6", "record_unknown", "ambiguous"),
        ("D8", "record_unknown", "no_such"),
        ("D9", "record_unknown", "no_such"),
    ]
    assert rows[4].row.errors[0].params["candidates"] == tuple(sorted((second, "段-2023-0003")))


def test_names_that_are_private_and_numbers_of_other_registers_link_nothing(town):
    member(town)
    other = section(town, "湘江")
    by = importer(town, "meeting")
    lines = (f"2023-05-1{n},晨光村,恳谈,,,{name}," for n, name in enumerate(("刘小云", "12", other)))
    rows = judged(by, read(by, MEETINGS, *lines))
    assert mistakes(rows) == [(f"F{row}", "record_unknown", "number") for row in (2, 3, 4)]
    assert rows[0].row.errors[0].params["example"] == "员-2023-0001"


def test_whoever_may_not_see_a_record_cannot_name_it(town):
    number = section(town, "湘江")
    by = importer(town, "walk", "neighbour")
    (one,) = judged(by, read(by, "日期,村,内容,河段", f"2023-05-10,东湖村,巡河,{number}"))
    assert mistakes((one,)) == [("D2", "record_unknown", "no_such")]


# -- subjects -----------------------------------------------------------------------------------------
def test_private_values_go_to_the_vault(town):
    by = importer(town, "member")
    (one,) = take(by, MEMBERS, ",2023-01-01,晨光村,刘小云,4,,13812345678,")
    record = record_of(town, one)
    assert record.fields.keys() == {"opened_on", "place", "persons"}
    with town.engine.connect() as conn:
        assert read_private(conn, record.id, record.private) == {"name": "刘小云", "phone": "13812345678"}
        assert "刘小云" not in "".join(map(str, conn.execute(text("SELECT data FROM events"))))


def test_a_subject_is_taken_up_in_the_state_of_its_row_with_what_that_needs(town):
    by = importer(town, "member")
    lines = (
        ",2023-01-01,晨光村,刘一,,,,",
        ",2023-01-01,晨光村,刘二,,,,在册",
        ",2023-01-01,晨光村,刘三,,,,消除",
        ",2023-01-01,晨光村,刘四,,已脱贫,,消除",
        ",2023-01-01,晨光村,刘五,,,,走了",
    )
    reading = read(by, MEMBERS, *lines)
    rows = judged(by, reading)
    assert states(rows) == ["READY", "READY", "WRONG", "READY", "WRONG"]
    assert [(why.code, why.field) for why in rows[2].refusals] == [("field_required", "reason")]
    assert mistakes(rows) == [("H6", "choice_unknown", "")]
    done = by.carry_out(reading, [one.row for one in rows if one.state is State.READY], NOW, goes_on=False)
    assert [record_of(town, one).state for one in done] == ["clue", "enrolled", "cleared"]


def test_a_file_turns_no_state_and_says_so(town):
    by = importer(town, "member")
    (one,) = take(by, MEMBERS, ",2023-01-01,晨光村,刘一,,,,线索")
    later = read(by, MEMBERS, ",2023-01-01,晨光村,刘一,,,,在册")
    (known,) = judged(by, later)
    assert (known.state, [why.code for why in known.refusals]) == (State.KNOWN, ["state_turned"])
    turned = ChangeState(record_id=one.ticket_id or 0, version=1, state="enrolled", occurred_on=date(2023, 2, 1))
    town.do(turned, "staff", at("2023-12-06"))
    assert [why.code for known in judged(by, later) for why in known.refusals] == []


def test_masked_values_are_left_out_where_they_may_be_and_numbers_tell_rows_apart(town):
    by = importer(town, "member")
    lines = (f"员-2022-000{n},2023-01-01,晨光村,刘＊云,,,138＊＊＊＊5678,线索" for n in (1, 2))
    reading = read(by, MEMBERS, *lines)
    done = by.carry_out(reading, reading.rows, NOW, goes_on=False)
    assert [[note.code for note in one.row.notes] for one in done] == [["value_masked"]] * 2
    assert [set(record_of(town, one).private) for one in done] == [{"name"}] * 2


def test_an_export_finds_its_own_records_by_number_unit_and_day(town):
    number = member(town)
    by = importer(town, "member")
    lines = (
        f"{number},2023-01-01,晨光村,刘＊云,,,,线索",
        f"{number},2023-01-02,晨光村,刘＊云,,,,线索",
    )
    assert states(judged(by, read(by, MEMBERS, *lines))) == ["KNOWN", "READY"]


# -- statistics ---------------------------------------------------------------------------------------
def test_a_value_is_known_by_what_it_measures_and_a_later_stage_is_added(town):
    by = importer(town, "harvest")
    (one,) = take(by, HARVESTS, "晨光村,2023,1200.5,estimate,2023-07-01")
    later = read(by, HARVESTS, "晨光村,2023,1180,reported,2023-09-01", "东湖村,2023,900,estimate,2023-07-01")
    rows = judged(by, later)
    assert [(row.state, row.adds) for row in rows] == [(State.ADDS, ("reported",)), (State.READY, ())]
    done = by.add(later, later.rows, NOW)
    assert [(row.state, row.adds, row.ticket_id) for row in done] == [(State.ADDED, ("reported",), one.ticket_id)]
    reports = record_of(town, one).reports
    assert [(r.day, r.stage, r.fields["value"]) for r in reports] == [
        (to_number(date(2023, 7, 1)), "estimate", "1200.5"),
        (to_number(date(2023, 9, 1)), "reported", "1180"),
    ]
    assert states(judged(by, later)) == ["KNOWN", "READY"]


def test_a_file_may_tell_one_value_at_several_stages_in_their_order(town):
    by = importer(town, "harvest")
    lines = [f"晨光村,2023,{value},{stage},2023-0{month}-01" for value, stage, month in STAGES]
    reading = read(by, HARVESTS, *lines, "晨光村,2023,1,estimate,2023-10-01")
    rows = judged(by, reading)
    assert states(rows) == ["READY", "ADDS", "ADDS", "WRONG"]
    assert [(why.code, why.params) for why in rows[3].refusals] == [("statistic_known", {"first_row": 4})]
    assert by.add(reading, reading.rows, NOW) == ()  # nothing is there yet to which it could be added
    (first,) = by.carry_out(reading, reading.rows[:1], NOW, goes_on=False)
    assert states(by.add(reading, reading.rows[1:3], NOW)) == ["ADDED", "ADDED"]
    assert [report.stage for report in record_of(town, first).reports] == ["estimate", "reported", "final"]
    assert states(judged(by, reading))[:3] == ["KNOWN"] * 3


def test_another_value_of_the_same_stage_is_a_correction_and_no_row(town):
    by = importer(town, "harvest")
    take(by, HARVESTS, "晨光村,2023,1200,estimate,2023-07-01")
    (one,) = judged(by, read(by, HARVESTS, "晨光村,2023,1300,estimate,2023-07-01"))
    assert (one.state, [why.code for why in one.refusals]) == (State.KNOWN, ["stage_not_later"])


# -- what a linked record settles ---------------------------------------------------------------------
def test_a_patrol_lies_where_its_section_does_and_a_row_need_not_say_it(town):
    number = section(town, "湘江")
    by = importer(town, "walk")
    reading = read(by, "日期,内容,河段", f"2023/5/10,清理,{number}")
    assert reading.missing_required == ()
    (one,) = by.carry_out(reading, reading.rows, NOW, goes_on=False)
    assert record_of(town, one).unit_id == town.unit["chenguang"]
    again = judged(by, read(by, "日期,内容,河段", f"2023/5/10,清理,{number}"))
    assert states(again) == ["KNOWN"]


def test_an_empty_village_is_taken_from_the_section_and_another_one_is_a_mistake(town):
    number = section(town, "湘江")
    by = importer(town, "walk")
    reading = read(
        by, "日期,村,内容,河段", f"2023/5/10,,清理,{number}", f"2023/5/17,东湖村,清理,{number}", "2023/5/18,,清理,"
    )
    rows = judged(by, reading)
    assert states(rows) == ["READY", "WRONG", "WRONG"]
    assert [(why.code, why.field) for why in rows[1].refusals] == [("differs_from_link", "place")]
    assert mistakes(rows) == [("B4", "field_required", "")]
