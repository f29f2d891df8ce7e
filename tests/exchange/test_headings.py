"""Where the header is, and which column is which field."""

import pytest
from exchange.samples import HEADINGS, csv, reading, ready, register, row, xlsx

from tracker.exchange.files import FileRefusal
from tracker.exchange.headings import SERIAL, HeadingIndex


@pytest.mark.parametrize(
    ("heading", "target"),
    [
        ("问题描述", "problem"),
        ("問題描述", "problem"),
        ("Problem", "problem"),
        (" *问题 描述\n（必填）", "problem"),
        ("存在問題：", "problem"),
        ("村（社区）", "place"),
        ("村", "place"),
        ("资金（元）", "funds"),
        ("资金(万元)", "funds"),
        ("资金", "funds"),
        ("户主是否满意（是/否）", "content"),
        ("整改情况(是/否)", "content"),
        ("序号", SERIAL),
        ("ＮＯ．", SERIAL),
        ("天气", None),
        ("字" * 80, None),
    ],
)
def test_a_heading_is_known_in_any_spelling(heading, target):
    assert HeadingIndex(register()).find(heading) == target


@pytest.mark.parametrize("titles", [0, 1, 5, 12])
def test_the_header_is_found_under_up_to_twelve_title_rows(titles):
    rows = [[f"铁丝塘镇问题厕所台账 {n}"] for n in range(titles)]
    found = reading(xlsx([*rows, HEADINGS, row(1), row(2)], merges=[f"A{n + 1}:H{n + 1}" for n in range(titles)]))
    assert (found.header_row, len(found.rows)) == (titles + 1, 2)
    assert found.rows[0].source_row == titles + 2


def test_a_header_of_two_rows_with_merged_parents():
    upper = ["序号", "基本情况", "", "", "", "问题", "", "备注"]
    lower = ["", "发现日期", "村（社区）", "村民小组", "户主姓名", "问题描述", "问题类型", ""]
    found = reading(xlsx([["标题"], upper, lower, row(1)], merges=["A2:A3", "B2:E2", "F2:G2", "H2:H3"]))
    assert [column.target for column in found.columns] == [
        SERIAL, "found_on", "place", "group", "household", "problem", "items", "remark",
    ]  # fmt: skip
    assert found.rows[0].values["problem"] == "化粪池盖板缺失1"


def test_parent_and_child_are_read_together():
    upper = ["发现", "所在", "问题", ""]
    lower = ["日期", "村", "描述", "类型"]
    found = reading(xlsx([upper, lower, ["2023-03-01", "晨光村", "盖板缺失", "臭味蝇蛆"]], merges=["C1:D1"]))
    assert [column.target for column in found.columns] == ["found_on", "place", "problem", "items"]


def test_unknown_missing_and_repeated_columns_are_reported():
    found = reading(csv("序号,问题描述,天气,存在问题,户主", "1,盖板缺失,晴,又一列,刘某"), "a.csv")
    assert [(column.letter, column.heading) for column in found.unknown_columns] == [("C", "天气")]
    assert [column.heading for column in found.duplicate_columns] == ["存在问题"]
    assert found.missing_required == ("found_on", "place")
    assert ready(found) == ()


def test_a_default_stands_for_a_missing_column():
    found = reading(csv("发现日期,问题描述", "2023-03-01,盖板缺失"), "a.csv", defaults={"place": 4})
    assert found.missing_required == ()
    assert ready(found)[0].values["place"] == 4
    assert ready(found)[0].values["source"] == "import"


@pytest.mark.parametrize(
    "lines",
    [
        ("施工分包商,单项工程名称,HSE费用(元),2019.3,2019.4", "四化建,安装,470894,104818,82194"),
        ("一级分类,二级分类,三级分类", "城乡建设,安全生产,事故处理"),
        ("问题描述", "只有一列"),
        ("户主,备注", "刘某,没有问题一列"),
    ],
)
def test_a_table_that_is_no_problem_list_is_refused_with_what_it_holds(lines):
    with pytest.raises(FileRefusal) as caught:
        reading(csv(*lines), "a.csv")
    assert (caught.value.code, caught.value.params["reason"]) == ("file_type_refused", "not_a_list")
    assert caught.value.params["needed"] == "problem"
    assert lines[0].split(",")[0] in caught.value.params["found"]


def test_the_sheet_with_the_most_fields_is_taken_and_others_can_be_asked_for():
    data = xlsx([["目标：", "五张报表"]], sheets={"一": [HEADINGS, row(1)], "二": [HEADINGS[1:6], row(2)[1:6]]})
    found = reading(data)
    assert (found.sheet, [(s.name, s.field_count) for s in found.sheets]) == ("一", [("台账", 0), ("一", 7), ("二", 5)])
    assert reading(data, sheet_name="二").rows[0].values["household"] == "刘某2"
    with pytest.raises(FileRefusal):
        reading(data, sheet_name="台账")
