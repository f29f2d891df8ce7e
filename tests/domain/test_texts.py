"""Numbers in what people type and in addresses: read, or passed over; never an error, never too large for a column."""

import pytest

from tracker.domain.texts import MOST_DIGITS, half_width, whole_number, whole_numbers


@pytest.mark.parametrize(("text", "number"), [("0", 0), ("142", 142), ("9" * MOST_DIGITS, 10**MOST_DIGITS - 1)])
def test_digits_are_a_number(text: str, number: int) -> None:
    assert whole_number(text) == number


@pytest.mark.parametrize(
    "text", [None, "", "-1", "+1", "1.0", "1 ", "x", "１２", "²", "٣", "1_000", "9" * (MOST_DIGITS + 1)]
)
def test_anything_else_is_none(text: str | None) -> None:
    assert whole_number(text) is None


def test_a_cursor_is_read_whole_or_not_at_all() -> None:
    assert whole_numbers("12-345-6", "-") == (12, 345, 6)
    assert whole_numbers("12--6", "-") == whole_numbers("12-x", "-") == whole_numbers("", "-") == ()


def test_full_width_letters_are_made_plain() -> None:
    assert half_width("　Ａ１２（3） ") == "A12(3)"
