"""In what a column's numbers are told: 万元, 公顷, 公斤, 公里. Brought into the field's own measure, or refused.

An area in hectares read as mu is wrong by fifteen times and looks like any other number, so that a measure that is
named, in the heading or in the cell, is never passed over. Source: registers.md §10, 27.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from tracker.domain.refusals import Refusal
from tracker.domain.registers import Field
from tracker.domain.texts import half_width
from tracker.exchange.cells import read_number
from tracker.exchange.sheets import Cell

# Of each kind the first is what a field without a measure of its own counts in; the others as its parts or multiples.
# 平方米 and 亩 are not exact in each other (1 亩 = 666.67 平方米): neither is read as the other.
_KINDS: tuple[Mapping[str, Decimal], ...] = (
    {"亩": Decimal(1), "畝": Decimal(1), "公顷": Decimal(15), "公頃": Decimal(15), "ha": Decimal(15)},
    {
        "吨": Decimal(1),
        "噸": Decimal(1),
        "t": Decimal(1),
        "公斤": Decimal("0.001"),
        "千克": Decimal("0.001"),
        "kg": Decimal("0.001"),
        "斤": Decimal("0.0005"),
    },
    {"米": Decimal(1), "m": Decimal(1), "公里": Decimal(1000), "千米": Decimal(1000), "km": Decimal(1000)},
    {"平方米": Decimal(1), "平米": Decimal(1), "m2": Decimal(1)},
    {"立方米": Decimal(1), "方": Decimal(1), "m3": Decimal(1)},
)
_KIND_OF = {name: kind for kind in _KINDS for name in kind}
_LONGEST_FIRST = "|".join(sorted(_KIND_OF, key=len, reverse=True))
_AT_END = re.compile(rf"[\d.,万萬亿億]\s*({_LONGEST_FIRST})整?$", re.IGNORECASE)
_IN_HEADING = re.compile(rf"\((?:单位|單位)?[::]?\s*[万萬]?({_LONGEST_FIRST})\)", re.IGNORECASE)
_TEN_THOUSANDS = re.compile(r"\([^()]*[万萬][^()]*\)")


@dataclass(frozen=True, slots=True)
class Measure:
    """Of one column. `own`: the field's measure; `told`: that of the heading, None where it names none we know."""

    own: str | None
    told: str | None
    in_ten_thousands: bool

    @staticmethod
    def of(field: Field, heading: str) -> Measure:
        """`heading`: of the column; 资金（万元） means that a plain number counts in ten thousands."""
        text = half_width(heading)
        named = _IN_HEADING.search(half_width(field.label.get("zh-Hans", "")))
        told = _IN_HEADING.search(text)
        return Measure(_name(named), _name(told), _TEN_THOUSANDS.search(text) is not None)

    def read(self, cell: Cell) -> Decimal:
        """The number in the field's own measure. Refuses field_not_a_number and measure_differs."""
        number = read_number(cell)
        told = self.told
        if isinstance(cell, str):
            text = half_width(cell)
            told = _name(_AT_END.search(text)) or told
            if any(unit in text for unit in "万萬亿億元"):
                return number * self._factor(told)
        return number * self._factor(told) * (10_000 if self.in_ten_thousands else 1)

    def _factor(self, told: str | None) -> Decimal:
        if told is None or told == self.own:
            return Decimal(1)
        kind = _KIND_OF[told]
        own = self.own or next(iter(kind))
        if own not in kind:
            raise Refusal("measure_differs", value=told, measure=own)
        return kind[told] / kind[own]


def _name(found: re.Match[str] | None) -> str | None:
    return found[1].lower() if found else None
