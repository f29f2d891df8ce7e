"""Numbers in the many ways in which cells write them: thousands, 万, full width, 三组, 5人."""

from __future__ import annotations

import math
import re
from datetime import date
from decimal import Decimal, InvalidOperation

from tracker.domain.refusals import Refusal
from tracker.exchange.folding import half_width
from tracker.exchange.sheets import Cell

_CHINESE_DIGITS = {c: i for i, c in enumerate("一二三四五六七八九", start=1)} | {"两": 2, "〇": 0, "零": 0}
_NUMBER = re.compile(
    r"^(?:第|约|共|¥|￥)?\s*([+-]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?|[+-]?\.\d+)\s*(万|亿|萬|億)?\s*"
    r"(?:元|组|組|号|號|年|人|户|戶|处|處|个|個|件|次|名|口|天|日|亩|畝|米|公里|人次)?(?:整)?$"
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
    """Exact number of a cell: thousands separators, 万 and 亿, full-width digits, 三组, 第3组, 5人.

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
