"""Day numbers: whole days since 1970-01-01, as the tables and the cube store them."""

from datetime import date

_EPOCH = date(1970, 1, 1).toordinal()

FOREVER = 32767
"""The day number that stands for "not ended": 2059-09-18, the largest 16-bit number."""


FIRST_DAY = date(1970, 1, 1)
LAST_DAY = date(2058, 12, 31)
"""Between these lie the days found and due days that can be kept: day numbers are whole, 16 bits wide, and what
follows from a due day (overdue by a month, the year after) lies before `FOREVER` too."""


def to_number(day: date) -> int:
    """The number of `day`, counted from 1970-01-01 = 0."""
    return day.toordinal() - _EPOCH


def from_number(number: int) -> date:
    """The day with this number."""
    return date.fromordinal(number + _EPOCH)


def first_of_next_year(number: int) -> int:
    """The number of 1 January after the day with this number."""
    return date(from_number(number).year + 1, 1, 1).toordinal() - _EPOCH
