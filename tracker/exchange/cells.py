"""Numbers, calendar days and times in the many ways in which cells write them: 1.2万, 三组, 5人, 2023/3/1, 45000.

What is in doubt is refused, never guessed.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from enum import StrEnum

from tracker.domain.refusals import Refusal
from tracker.domain.texts import half_width
from tracker.exchange.sheets import Cell

# ---- numbers

_CHINESE_DIGITS = {c: i for i, c in enumerate("一二三四五六七八九", start=1)} | {"两": 2, "〇": 0, "零": 0}
_NUMBER = re.compile(
    r"^(?:第|约|共|¥|￥)?\s*([+-]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?|[+-]?\.\d+)\s*(万|亿|萬|億)?\s*"
    r"(?:元|组|組|号|號|年|人|户|戶|处|處|个|個|件|次|名|口|天|日|人次"
    r"|亩|畝|公顷|公頃|ha|吨|噸|t|公斤|千克|kg|斤|平方米|平米|m2|立方米|方|m3|米|公里|千米|km|m)?(?:整)?$",
    re.IGNORECASE,
)
_CHINESE_NUMBER = re.compile(r"^第?([一二两三四五六七八九十〇零]{1,3})(?:组|組|号|個|个|人|户|戶|口)?$")
_FACTORS = {"万": 10_000, "萬": 10_000, "亿": 100_000_000, "億": 100_000_000}


def chinese_number(text: str) -> int | None:
    """十二 → 12, up to 99; None for anything else."""
    tens, ten, ones = text.rpartition("十")
    if not ten:
        return _CHINESE_DIGITS.get(text)
    high = _CHINESE_DIGITS.get(tens) if tens else 1
    low = _CHINESE_DIGITS.get(ones) if ones else 0
    return None if high is None or low is None else high * 10 + low


def read_number(cell: Cell) -> Decimal:
    """Exact number of a cell: thousands separators, 万 and 亿, full-width digits, 三组, 第3组, 5人. In what it is told
    (5公斤), `measures.py` asks.

    Refusal: field_not_a_number.
    """
    if isinstance(cell, (bool, date)):
        raise Refusal("field_not_a_number", value=str(cell)[:40])
    if isinstance(cell, (int, float)):
        if not math.isfinite(cell):
            raise Refusal("field_not_a_number", value=str(cell))
        return Decimal(digits_of(cell))
    text = half_width(str(cell))
    if found := _NUMBER.match(text):
        try:
            return Decimal(found[1].replace(",", "")) * _FACTORS.get(found[2], 1)
        except InvalidOperation:  # more digits than arithmetic carries
            raise Refusal("field_not_a_number", value=text[:40]) from None
    if found := _CHINESE_NUMBER.match(text):
        number = chinese_number(found[1])
        if number is not None:
            return Decimal(number)
    raise Refusal("field_not_a_number", value=text[:40])


def digits_of(number: float) -> str:
    """A spreadsheet's number as its reader sees it: 0.1 + 0.2 is 0.3, 2554.0 is 2554."""
    if number == int(number):
        return str(int(number))
    return format(Decimal(format(number, ".15g")), "f")


def plain_decimal(number: Decimal) -> str:
    """Digits without exponent and without closing zeros: 1200.50 is 1200.5."""
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


# ---- days


class DayOrder(StrEnum):
    """Whether 3/1/2023 is a day in March or in January; only a whole column can prove it."""

    UNKNOWN = "unknown"
    MONTH_FIRST = "month_first"
    DAY_FIRST = "day_first"


_CLOCK = r"\d{1,2}[:时時点點]\d{1,2}(?:[:分]\d{1,2}(?:\.\d+)?)?[分秒]?"
_TIME = rf"(?:[T\s]*(?:上午|下午)?\s*{_CLOCK}\s*(?:AM|PM)?(?:Z|[+-]\d{{2}}:?\d{{2}})?)?"
_WEEKDAY = r"\s*\(?(?:(?:星期|周|週)[一二三四五六日天])?\)?"
_YEAR_FIRST = re.compile(
    rf"^(\d{{4}})\s*[-/.年]\s*(\d{{1,2}})\s*[-/.月]\s*(\d{{1,2}})\s*[日号號]?{_WEEKDAY}{_TIME}$", re.IGNORECASE
)
_YEAR_LAST = re.compile(rf"^(\d{{1,2}})\s*[-/.]\s*(\d{{1,2}})\s*[-/.]\s*(\d{{4}}){_TIME}$", re.IGNORECASE)
_COMPACT = re.compile(r"^(\d{4})(\d{2})(\d{2})(?:\d{4}|\d{6})?$")
_NUMERAL = "[一二三四五六七八九十]{1,3}"
_CHINESE = re.compile(rf"^([〇零○一二三四五六七八九]{{4}})年(元|{_NUMERAL})月({_NUMERAL})[日号]?$")
_NO_DAY = re.compile(r"^\d{4}\s*[-/.年]\s*\d{1,2}\s*月?$")
_SERIAL = re.compile(r"^\d{5}(?:\.\d+)?$")
_DIGITS = {c: str(i) for i, c in enumerate("零一二三四五六七八九")} | {"〇": "0", "○": "0"}

# Excel serials of 1950-01-01 and 2100-12-31: below lie amounts and years, not days.
_FIRST_SERIAL, _LAST_SERIAL = 18_264, 73_415
_EPOCH_1900 = date(1899, 12, 30)  # two days early: serials start at 1, and Excel has a 29 February 1900
_EPOCH_1904 = date(1904, 1, 1)


def read_day(cell: Cell, order: DayOrder, *, dates_from_1904: bool = False) -> date:
    """The calendar day in a cell; a time of day beside it is dropped.

    Refusal: field_not_a_day with `reason`: order (which number is the month?), no_day (2023.3),
    no_such_day (31 June), format.
    """
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    if isinstance(cell, (int, float)) and not isinstance(cell, bool):
        return _day_of_number(cell, dates_from_1904=dates_from_1904)
    text = half_width(str(cell))
    for read in (_year_first, _compact, _chinese):
        if (day := read(text)) is not None:
            return day
    if found := _YEAR_LAST.match(text):
        return _year_last(int(found[1]), int(found[2]), int(found[3]), order)
    if _SERIAL.match(text):
        return _day_of_number(float(text), dates_from_1904=dates_from_1904)
    raise Refusal("field_not_a_day", reason="no_day" if _NO_DAY.match(text) else "format", value=text[:40])


def _day(year: int, month: int, day: int) -> date:
    try:
        found = date(year, month, day)
    except ValueError:
        raise Refusal("field_not_a_day", reason="no_such_day", value=f"{year}-{month}-{day}") from None
    if not 1900 <= year <= 2100:
        raise Refusal("field_not_a_day", reason="no_such_day", value=f"{year}-{month}-{day}")
    return found


def _year_first(text: str) -> date | None:
    found = _YEAR_FIRST.match(text)
    return _day(int(found[1]), int(found[2]), int(found[3])) if found else None


def _compact(text: str) -> date | None:
    found = _COMPACT.match(text)
    return _day(int(found[1]), int(found[2]), int(found[3])) if found else None


def _chinese(text: str) -> date | None:
    found = _CHINESE.match(text)
    if not found:
        return None
    year = int("".join(_DIGITS[c] for c in found[1]))
    month = 1 if found[2] == "元" else chinese_number(found[2])
    return _day(year, month or 0, chinese_number(found[3]) or 0)


def _year_last(first: int, second: int, year: int, order: DayOrder) -> date:
    if first == second or order is DayOrder.MONTH_FIRST or (second > 12 >= first):
        return _day(year, first, second)
    if order is DayOrder.DAY_FIRST or first > 12:
        return _day(year, second, first)
    raise Refusal("field_not_a_day", reason="order", value=f"{first}/{second}/{year}")


def _day_of_number(number: float, *, dates_from_1904: bool) -> date:
    if not math.isfinite(number):
        raise Refusal("field_not_a_day", reason="format", value=str(number))
    if number == int(number) and 19000101 <= number <= 21001231:
        return _day(int(number) // 10000, int(number) // 100 % 100, int(number) % 100)
    if _FIRST_SERIAL <= number + (1462 if dates_from_1904 else 0) <= _LAST_SERIAL:
        return (_EPOCH_1904 if dates_from_1904 else _EPOCH_1900) + timedelta(days=int(number))
    # 2019.1 is January, October, or an amount: whoever typed it must say.
    reason = "no_day" if 1900 <= number < 2101 else "format"
    raise Refusal("field_not_a_day", reason=reason, value=digits_of(number))


def prove_order(cells: Iterable[Cell]) -> DayOrder:
    """The order that a column's own cells prove: some first or second number is above 12, never both."""
    has_first = has_second = False
    for cell in cells:
        found = _YEAR_LAST.match(half_width(cell)) if isinstance(cell, str) else None
        if found:
            has_first |= int(found[1]) > 12
            has_second |= int(found[2]) > 12
    if has_first == has_second:
        return DayOrder.UNKNOWN
    return DayOrder.DAY_FIRST if has_first else DayOrder.MONTH_FIRST


# ---- times of the day

_TIME_OF_DAY = re.compile(
    r"^(上午|早上|凌晨|下午|傍晚|晚上|夜间)?\s*(\d{1,2})\s*[:时時点點]\s*(?:(\d{1,2})|(半))?分?(?::\d{1,2})?$"
)
_SECOND_HALF = frozenset({"下午", "傍晚", "晚上", "夜间"})
_MINUTES_A_DAY = 24 * 60


def read_time(cell: Cell) -> str:
    """The time of day in a cell as HH:MM: 9:05, 9时5分, 下午3点半, a spreadsheet's part of a day, an instant.

    Refusal: field_not_a_time.
    """
    if isinstance(cell, datetime):
        return f"{cell:%H:%M}"
    if isinstance(cell, float) and 0 <= cell < 1:
        minutes = round(cell * _MINUTES_A_DAY) % _MINUTES_A_DAY
        return f"{minutes // 60:02d}:{minutes % 60:02d}"
    text = half_width(str(cell))
    found = _TIME_OF_DAY.match(text)
    if found is None:
        raise Refusal("field_not_a_time", value=text[:40])
    hour, minute = int(found[2]), 30 if found[4] else int(found[3] or 0)
    if found[1] in _SECOND_HALF and hour < 12:
        hour += 12
    if hour > 23 or minute > 59:
        raise Refusal("field_not_a_time", value=text[:40])
    return f"{hour:02d}:{minute:02d}"
