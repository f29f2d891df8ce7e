"""Cells as people write them: days, numbers, choices, yes and no, units, people."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from exchange.samples import ITEMS, PEOPLE, UNITS, choices, field
from hypothesis import given
from hypothesis import strategies as st

from tracker.domain.people import Directory
from tracker.domain.refusals import Refusal
from tracker.domain.registers import Choice, FieldType
from tracker.exchange.cells import DayOrder, chinese_number, plain_decimal, prove_order, read_day, read_number
from tracker.exchange.names import PersonNames, UnitNames
from tracker.exchange.values import Choices, Surroundings, read_yes_no, reader_for

UNKNOWN = DayOrder.UNKNOWN


def read(kind: FieldType, cell, **more):
    around = Surroundings(Directory(UNITS, PEOPLE), UnitNames(UNITS), PersonNames(PEOPLE, UNITS))
    return reader_for(field("f", kind, "格", **more), around)(cell)


def refused(kind: FieldType, cell, **more) -> Refusal:
    with pytest.raises(Refusal) as caught:
        read(kind, cell, **more)
    return caught.value


def outcome(attempt) -> str:
    """`value`, or the code of the refusal; anything else is a fault of ours."""
    try:
        attempt()
    except Refusal as refusal:
        return refusal.code
    return "value"


@pytest.mark.parametrize(
    "text",
    [
        "2023-3-1",
        "2023/3/1",
        "2023.3.1",
        "2023.03.01",
        "2023年3月1日",
        "2023年03月01号",
        "２０２３年３月１日",
        "20230301",
        "2023/3/1 9:32:09",
        "2023-03-01T09:32:09+08:00",
        "2023/3/1 下午 3:05",
        "2023年3月1日 星期三",
        "2023年3月1日9时5分",
        "二〇二三年三月一日",
        " 2023-3-1\n",
        "44986",
        44986,
        44986.75,
        20230301,
        20230301.0,
        date(2023, 3, 1),
    ],
)
def test_a_day_is_read_in_each_usual_form(text):
    assert read_day(text, UNKNOWN) == date(2023, 3, 1)


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("3/1/2023", "order"),
        ("2023-06-31", "no_such_day"),
        ("2023-13-01", "no_such_day"),
        ("2023.3", "no_day"),
        ("2023年3月", "no_day"),
        (2019.1, "no_day"),
        ("明天", "format"),
        ("23.3.1", "format"),
        (7, "format"),
        ("0001-01-01", "no_such_day"),
    ],
)
def test_a_day_in_doubt_is_refused_with_its_reason(cell, reason):
    with pytest.raises(Refusal) as caught:
        read_day(cell, UNKNOWN)
    assert (caught.value.code, caught.value.params["reason"]) == ("field_not_a_day", reason)


@pytest.mark.parametrize(
    ("cells", "order", "day"),
    [
        (["06/26/2018 10:58:54 AM", "03/01/2023"], DayOrder.MONTH_FIRST, date(2023, 3, 1)),
        (["26/06/2018", "03/01/2023"], DayOrder.DAY_FIRST, date(2023, 1, 3)),
    ],
)
def test_a_column_proves_which_number_is_the_month(cells, order, day):
    assert prove_order(cells) is order
    assert read_day("03/01/2023", order) == day


def test_a_column_that_proves_both_orders_proves_none():
    assert prove_order(["26/06/2018", "06/26/2018"]) is UNKNOWN


def test_serials_of_1904_workbooks_count_from_1904():
    assert read_day(44986 - 1462, UNKNOWN, dates_from_1904=True) == date(2023, 3, 1)


FORMS = (
    lambda d: d.isoformat(),
    lambda d: f"{d.year}/{d.month}/{d.day}",
    lambda d: f"{d.year}.{d.month}.{d.day}",
    lambda d: f"{d.year}年{d.month}月{d.day}日",
    lambda d: f"{d.year}{d.month:02}{d.day:02}",
    lambda d: f"{d.year}/{d.month}/{d.day} 9:32:09",
    lambda d: (d - date(1899, 12, 30)).days,
    lambda d: str(d.isoformat()).translate(str.maketrans("0123456789", "０１２３４５６７８９")),
)


@given(st.dates(date(1950, 1, 1), date(2100, 12, 31)), st.sampled_from(FORMS))
def test_every_day_survives_every_form(day, form):
    assert read_day(form(day), UNKNOWN) == day


@given(st.text(max_size=20) | st.floats() | st.integers())
def test_no_cell_breaks_the_reading_of_a_day(cell):
    assert outcome(lambda: read_day(cell, UNKNOWN)) in ("value", "field_not_a_day")


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        ("1,234,567.50", "1234567.5"),
        ("１２３", "123"),
        ("1.2万元", "12000"),
        ("3万", "30000"),
        ("￥1200", "1200"),
        ("约15户", "15"),
        ("三组", "3"),
        ("第十二组", "12"),
        ("第3组", "3"),
        (2554.0, "2554"),
        (0.1 + 0.2, "0.3"),
        ("-5", "-5"),
    ],
)
def test_a_number_is_exact_in_each_usual_form(cell, number):
    assert plain_decimal(read_number(cell)) == number


@pytest.mark.parametrize("cell", ["十几户", "1,23", "12a", "", True, date(2023, 1, 1), "1..2", "万"])
def test_what_is_no_number_is_refused(cell):
    with pytest.raises(Refusal) as caught:
        read_number(cell)
    assert caught.value.code == "field_not_a_number"


@given(st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-(10**9), max_value=10**9))
def test_every_number_survives_with_thousands_and_full_width(number):
    wide = str.maketrans("0123456789,.-", "０１２３４５６７８９，．－")
    assert read_number(f"{number:,}") == number
    assert read_number(f"{number:,}".translate(wide)) == number


@given(st.integers(1, 99))
def test_chinese_numerals_to_ninety_nine(number):
    digits = "零一二三四五六七八九"
    tens, ones = divmod(number, 10)
    text = ("" if tens in (0, 1) else digits[tens]) + ("十" if tens else "") + (digits[ones] if ones else "")
    assert chinese_number(text) == number


def test_half_a_person_is_not_a_whole_number():
    assert refused(FieldType.INTEGER, 3.5).params["reason"] == "not_whole"
    assert refused(FieldType.INTEGER, 41, maximum=40).code == "field_out_of_range"
    assert read(FieldType.INTEGER, "三组", maximum=40) == 3
    assert read(FieldType.DECIMAL, "1,200.50元") == "1200.5"


@pytest.mark.parametrize("word", ["是", "√", "✓", "Y", "yes", "ＹＥＳ", "有", True, 1.0])
def test_words_for_yes(word):
    assert read_yes_no(word) is True


@pytest.mark.parametrize("word", ["否", "×", "x", "n", "No", "无", "未", False, 0.0])
def test_words_for_no(word):
    assert read_yes_no(word) is False


@pytest.mark.parametrize("kind", [FieldType.TEXT, FieldType.INTEGER, FieldType.DATE, FieldType.UNIT, FieldType.PERSON])
@pytest.mark.parametrize("word", ["/", "无", "無", "-", "—", "N/A"])
def test_words_for_nothing_leave_a_field_empty(kind, word):
    assert read(kind, word) is None


@pytest.mark.parametrize(
    ("cell", "names"),
    [
        ("化粪池破损渗漏", ("tank_leak",)),
        ("化糞池破損滲漏", ("tank_leak",)),
        ("化粪池破损渗漏、臭味蝇蛆", ("tank_leak", "smell")),
        ("臭味蝇蛆，化粪池破损渗漏；臭味蝇蛆", ("smell", "tank_leak")),
        ("tank_leak\n smell", ("tank_leak", "smell")),
        ("水冲不上水/水压不足", ("no_flush",)),
        ("水压不足", ("no_flush",)),
        ("四格式", ("four",)),
        ("臭味蝇蛆/四格式(三格+湿地)", ("smell", "four")),
    ],
)
def test_choices_are_found_by_any_spelling_and_any_joint(cell, names):
    assert Choices(ITEMS).find_all(cell) == names


def test_unknown_retired_and_equal_words_are_refused():
    old = (*choices(a="一级", b="二级"), Choice("c", {"zh-Hans": "旧"}, is_retired=True))
    assert refused(FieldType.SELECT_ONE, "三级", choices=old).code == "choice_unknown"
    assert refused(FieldType.SELECT_ONE, "旧", choices=old).code == "choice_retired"
    twice = choices(a="甲（一）", b="甲（二）")
    assert refused(FieldType.SELECT_ONE, "甲", choices=twice).code == "choice_unknown"
    assert read(FieldType.SELECT_ONE, "甲(二)", choices=twice) == "b"


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("晨光", 4),
        ("晨光村", 4),
        ("晨光村委会", 4),
        ("晨光村居委会", 4),
        ("晨光村（社区）", 4),
        ("Chenguang village", 4),
        ("430422108214", 4),
        ("铁丝塘镇晨光村", 4),
        ("衡南县铁丝塘镇晨光村委会", 4),
        ("铁丝社区居民委员会", 3),
        ("花桥镇白水村", 7),
        ("茅市镇 白水", 8),
        ("农业办", 9),
    ],
)
def test_a_unit_is_found_by_each_of_its_names(text, unit):
    assert read(FieldType.UNIT, text) == unit


def test_a_village_name_that_occurs_twice_is_refused_with_both():
    refusal = refused(FieldType.UNIT, "白水村")
    assert refusal.code == "unit_ambiguous"
    assert refusal.params["candidates"] == ("花桥镇白水村", "茅市镇白水村")
    assert refused(FieldType.UNIT, "月亮村").code == "unit_unknown"


def test_a_person_is_found_by_post_and_never_guessed():
    assert read(FieldType.PERSON, "晨光村网格员") == 21
    assert read(FieldType.PERSON, "晨光网格员") == 21
    assert read(FieldType.PERSON, "督办员") == 23
    assert refused(FieldType.PERSON, "网格员").params["reason"] == "ambiguous"
    assert refused(FieldType.PERSON, "王某甲").code == "person_unknown"


def test_an_identity_number_is_checked_and_lost_digits_are_named():
    wide = str.maketrans("0123456789", "０１２３４５６７８９")
    assert read(FieldType.TEXT, "11010519491231002x".translate(wide), pattern="id_number") == "11010519491231002X"
    assert refused(FieldType.TEXT, "110101199003070000", pattern="id_number").code == "id_number_invalid"
    assert refused(FieldType.TEXT, 110101199003070000.0, pattern="id_number").params["reason"] == "digits_lost"


def test_text_shows_numbers_as_the_sheet_does_and_keeps_inner_lines():
    assert read(FieldType.TEXT, 2554.0) == "2554"
    assert read(FieldType.TEXT, "\u3000\n\t第一行\n第二行 ") == "第一行\n第二行"
    assert refused(FieldType.TEXT, "字" * 501).params["limit"] == 500


@pytest.mark.parametrize("cell", ["26.9, 112.5", "２６．９，１１２．５", "26.90 112.50"])
def test_a_position_is_two_numbers(cell):
    assert read(FieldType.GEOPOINT, cell) == "26.9,112.5"


@pytest.mark.parametrize(
    ("cell", "time"),
    [
        ("9:05", "09:05"),
        ("９：０５", "09:05"),
        ("21点半", "21:30"),
        ("9时5分", "09:05"),
        ("下午3:20", "15:20"),
        ("晚上9点", "21:00"),
        (0.5, "12:00"),
        (0.999999, "00:00"),
        (datetime(2023, 7, 10, 19, 30, tzinfo=UTC), "19:30"),
        ("无", None),
    ],
)
def test_a_time_of_the_day_is_read_in_the_ways_it_is_written(cell, time):
    assert read(FieldType.TIME, cell) == time


@pytest.mark.parametrize("cell", ["25:00", "9:99", "上午", "9", 1.5])
def test_what_is_no_time_of_the_day_is_refused(cell):
    assert refused(FieldType.TIME, cell).code == "field_not_a_time"


def test_a_workbook_cannot_link_to_a_record_by_itself():
    assert refused(FieldType.RECORD, "会-2023-0001").code == "record_unknown"
    assert refused(FieldType.RECORD, 17).code == "record_unknown"


def test_a_position_outside_the_world_is_refused():
    assert refused(FieldType.GEOPOINT, "126.9,12").code == "field_out_of_range"
    assert refused(FieldType.GEOPOINT, "村口").code == "pattern_mismatch"


@given(st.text(max_size=30), st.sampled_from(list(FieldType)))
def test_no_text_breaks_any_reader(text, kind):
    assert outcome(lambda: read(kind, text or "空", choices=ITEMS))


def test_days_far_apart_are_remembered_apart():
    around = Surroundings(Directory(UNITS, PEOPLE), UnitNames(UNITS), PersonNames(PEOPLE, UNITS))
    reader = reader_for(field("d", FieldType.DATE, "日"), around)
    start = date(2000, 1, 1)
    days = [start + timedelta(n) for n in range(200)] * 2
    assert [reader(day.isoformat()) for day in days] == days
    assert Decimal(1) == read_number(1)
