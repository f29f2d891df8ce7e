"""From a sheet to rows: mistakes by cell, rows that are no records, the same row again."""

from dataclasses import replace
from datetime import date

import pytest
from exchange.samples import HEADINGS, SECRET, TODAY, UNITS, csv, field, label, reading, ready, register, row, xlsx

from tracker.domain.layouts import Guess, Layout
from tracker.domain.people import Unit
from tracker.domain.registers import Choice, FieldType, Milestone
from tracker.exchange.files import FileRefusal
from tracker.exchange.reading import read_file
from tracker.exchange.ticket_rows import command_of


def errors(found):
    return [(error.cell, error.field, error.code) for error in found.errors]


def test_a_clean_row_becomes_values_and_a_command():
    found = reading(xlsx([HEADINGS, row(1, 村民小组="三组", 问题类型="臭味蝇蛆、水压不足")]))
    (only,) = ready(found)
    assert only.values == {
        "source": "import",
        "found_on": date(2023, 3, 1),
        "place": 4,
        "group": 3,
        "household": "刘某1",
        "problem": "化粪池盖板缺失1",
        "items": ("smell", "no_flush"),
    }
    assert (only.source_row, only.serial) == (2, "1")
    command = command_of(only, register())
    assert (command.place_id, command.found_on, command.external_key) == (4, date(2023, 3, 1), only.external_key)


def test_every_mistake_is_named_by_its_cell():
    bad = row(1, 发现日期="2023-06-31", **{"村（社区）": "白水村"}, 村民小组="41", 户主姓名="字" * 500, 问题类型="缺水")
    found = reading(xlsx([["标题"], HEADINGS, row(9), bad, row(2, 问题描述="")]))
    assert errors(found) == [
        ("B4", "found_on", "field_not_a_day"),
        ("C4", "place", "unit_ambiguous"),
        ("D4", "group", "field_out_of_range"),
        ("E4", "household", "field_too_long"),
        ("G4", "items", "choice_unknown"),
        ("F5", "problem", "field_required"),
    ]
    assert [r.source_row for r in ready(found)] == [3]
    assert found.rows[1].errors[1].sheet == "台账"


def test_days_that_cannot_be_are_refused_at_their_cell():
    lines = ("发现日期,所在村,问题描述,整改时限", "2023-12-07,晨光,盖板缺失,", "2023-03-05,晨光,盖板缺失,2023-03-04")
    assert errors(reading(csv(*lines), "a.csv")) == [
        ("A2", "found_on", "found_in_future"),
        ("D3", "due_on", "due_before_found"),
    ]


def test_columns_of_steps_stand_apart_and_unknown_owners_keep_nothing_out():
    lines = ("发现日期,所在村,问题描述,责任单位,责任人,整改时限", "2023-03-05,晨光,盖板缺失,农业办,王某甲,2023-04-04")
    (only,) = ready(reading(csv(*lines), "a.csv"))
    assert only.step_values == {"owner_unit": 9, "due_on": date(2023, 4, 4)}
    assert [(note.cell, note.code) for note in only.notes] == [("E2", "person_unknown")]
    assert "due_on" not in only.values


def test_totals_notes_headers_and_empty_numbers_are_skipped_and_reported():
    rows = [
        HEADINGS,
        row(1),
        ["一、晨光村"],
        row(2),
        [],
        HEADINGS,
        row(3),
        [4],
        ["合计", "", "", "", "", 3],
        ["说明：", "隐患类型按后果分"],
        ["", "隐患级别按文件分"],
        ["填表人：王某甲", "", "审核：李某乙"],
    ]
    found = reading(xlsx(rows))
    assert [r.serial for r in found.rows] == ["1", "2", "3"]
    assert [(s.row, s.reason) for s in found.skipped] == [
        (3, "section"),
        (6, "repeated_header"),
        (8, "empty_record"),
        (9, "total"),
        (10, "note"),
        (11, "note"),
        (12, "note"),
    ]


def test_vertical_merges_and_ditto_marks_are_filled_down():
    second = row(2, 发现日期="", **{"村（社区）": "同上"}, 户主姓名="〃")
    found = reading(xlsx([HEADINGS, row(1), second, row(3)], merges=["B2:B3"]))
    assert found.rows[1].values["found_on"] == date(2023, 3, 1)
    assert found.rows[1].values["place"] == 4
    assert found.rows[1].values["household"] == "刘某1"
    assert found.rows[2].values["household"] == "刘某3"


def test_a_problem_merged_over_three_rows_is_one_record():
    more = ["", "", "", "", "", "", "臭味蝇蛆", ""]
    found = reading(xlsx([HEADINGS, row(1), more, more, row(2)], merges=["F2:F4", "A2:A4"]))
    assert [r.serial for r in found.rows] == ["1", "2"]
    assert [s.reason for s in found.skipped] == ["continuation", "continuation"]


def test_the_same_file_again_gives_the_same_keys():
    data = xlsx([HEADINGS, row(1), row(2)])
    first, again = reading(data), reading(data)
    assert [r.external_key for r in first.rows] == [r.external_key for r in again.rows]
    assert len({r.external_key for r in first.rows}) == 2


def test_a_key_survives_moved_columns_other_spellings_and_later_progress():
    (one,) = reading(csv("发现日期,所在村,问题描述", "2023-03-01,晨光,盖板缺失"), "a.csv").rows
    (two,) = reading(csv("问题描述,整改时限,行政村,排查时间", "盖板缺失,2023-04-01,晨光村委会,2023/3/1"), "b.csv").rows
    assert one.external_key == two.external_key


def test_a_key_cannot_be_guessed_without_the_secret():
    data = xlsx([HEADINGS, row(1)])
    other = read_file(data, "a.xlsx", register(), {}, {}, TODAY, secret=b"another")
    assert reading(data).rows[0].external_key != other.rows[0].external_key
    assert SECRET.hex() not in reading(data).rows[0].external_key


def test_a_row_repeated_in_the_file_is_flagged_and_not_ready():
    found = reading(xlsx([HEADINGS, row(1), row(1), row(2)]))
    assert [r.duplicate_of for r in found.rows] == [None, 2, None]
    assert len(ready(found)) == 2


PETITION = register(
    (
        field("found_on", FieldType.DATE, "接件时间", is_required=True),
        field("place", FieldType.UNIT, "村（社区）", is_required=True),
        field("platform_no", FieldType.TEXT, "平台编号", is_unique=True),
        field("petitioner", FieldType.TEXT, "信访人", is_required=True, required_unless="anonymous"),
        field("anonymous", FieldType.YES_NO, "匿名"),
        field("title", FieldType.TEXT, "标题", is_required=True),
        field("problem", FieldType.TEXT, "信访内容", max_length=8000),
        field(
            "class",
            FieldType.SELECT_ONE,
            "类型",
            is_required=True,
            choices=tuple(Choice(n, label(n)) for n in ("plea", "inquiry", "suggestion", "report")),
        ),
        field("replied_on", FieldType.DATE, "答复时间"),
        field("reply", FieldType.TEXT, "答复意见", max_length=8000),
    ),
    milestones=(Milestone("replied", label("答复"), field="replied_on", values=("reply",)),),
    name="petition",
    summary_field="title",
)
MESSAGES = Layout(
    name="messages",
    register="petition",
    recognised_by=frozenset({"留言编号", "留言用户", "留言时间"}),
    columns={
        "留言编号": "platform_no",
        "留言用户": "petitioner",
        "留言主题": "title",
        "留言时间": "found_on",
        "留言详情": "problem",
        "答复意见": "reply",
        "答复时间": "replied_on",
    },
    ignored=("点赞数",),
    guesses=(Guess("class", "title", {"咨询": "inquiry", "建议": "suggestion"}, "plea"),),
    is_at_top=True,
)
TOWN = {2: Unit(2, "430422108", "铁丝塘镇", "town", None), 4: UNITS[4], 10: UNITS[10]}


def petitions(*lines: str):
    data = csv("留言编号,留言用户,留言主题,留言时间,留言详情,答复意见,答复时间", *lines)
    return read_file(data, "a.csv", PETITION, TOWN, {}, TODAY, secret=SECRET, layouts=(MESSAGES,))


def test_messages_of_another_system_come_in_with_their_replies():
    found = petitions("17,UU008,咨询低保标准,2019/4/24 16:03:40,\t请问,网友您好,2019/5/9 9:49:10")
    (only,) = ready(found)
    assert (found.layout, only.external_key) == ("messages", "17")
    assert only.values == {
        "found_on": date(2019, 4, 24),
        "place": 2,
        "platform_no": "17",
        "petitioner": "UU008",
        "title": "咨询低保标准",
        "problem": "请问",
        "class": "inquiry",
        "reply": "网友您好",
        "replied_on": date(2019, 5, 9),
    }
    command = command_of(only, PETITION)
    assert (command.milestones, command.milestone_values) == (
        {"replied": date(2019, 5, 9)},
        {"replied": {"reply": "网友您好"}},
    )


def test_a_number_that_comes_twice_is_refused_at_the_second():
    found = petitions("17,U1,标题一,2019/4/24,内容,,", "17,U2,标题二,2019/4/25,内容,,")
    assert errors(found) == [("A3", "platform_no", "duplicate_external_number")]
    assert found.rows[1].errors[0].params["first_row"] == 2


def test_a_reply_without_its_day_is_no_milestone():
    (only,) = ready(petitions("17,U1,标题一,2019/4/24,内容,好,"))
    command = command_of(only, PETITION)
    assert (command.milestones, command.values["reply"]) == ({}, "好")


def test_what_was_done_since_does_not_make_a_row_another_one():
    lines = ("接件时间,村（社区）,标题,类型,信访人,答复时间", "2023-1-1,晨光,反映问题,plea,李四,")
    (one,) = read_file(csv(*lines), "a.csv", PETITION, TOWN, {}, TODAY, secret=SECRET).rows
    (two,) = read_file(csv(lines[0], lines[1] + "2023-1-9"), "a.csv", PETITION, TOWN, {}, TODAY, secret=SECRET).rows
    assert one.external_key == two.external_key


def test_nobody_need_sign_an_anonymous_petition():
    lines = (
        "接件时间,村（社区）,标题,类型,匿名,信访人",
        "2023-1-1,晨光,反映问题,plea,是,",
        "2023-1-1,晨光,反映问题,plea,否,",
    )
    found = read_file(csv(*lines), "a.csv", PETITION, TOWN, {}, TODAY, secret=SECRET)
    assert errors(found) == [("F3", "petitioner", "field_required")]


def test_a_layout_is_asked_for_lists_of_its_register_only():
    lines = (
        "留言编号,留言用户,留言主题,留言时间,接件时间,村（社区）,标题,类型",
        "17,李四,标题,2019/4/24,2019/4/24,晨光,反映,plea",
    )
    found = read_file(
        csv(*lines), "a.csv", replace(PETITION, name="other"), TOWN, {}, TODAY, secret=SECRET, layouts=(MESSAGES,)
    )
    assert (found.layout, [column.heading for column in found.unknown_columns]) == (
        None,
        ["留言编号", "留言用户", "留言主题", "留言时间"],
    )


def test_a_list_without_a_record_is_refused():
    with pytest.raises(FileRefusal) as caught:
        reading(csv(",".join(HEADINGS)), "a.csv")
    assert (caught.value.code, caught.value.params["reason"]) == ("file_empty", "no_records")


@pytest.mark.parametrize(
    ("heading", "cell", "funds"),
    [
        ("资金（元）", "1200", "1200"),
        ("资金（万元）", "1.2", "12000"),
        ("资金(万元)", "1.2万", "12000"),
        ("资金（萬元）", "800元", "800"),
    ],
)
def test_a_heading_in_ten_thousands_scales_plain_numbers(heading, cell, funds):
    (only,) = ready(reading(csv(f"发现日期,所在村,问题描述,{heading}", f"2023-03-01,晨光,盖板缺失,{cell}"), "a.csv"))
    assert only.values["funds"] == funds
