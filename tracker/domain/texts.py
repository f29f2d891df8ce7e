"""What people type, and what addresses say: the one form that is compared, and the numbers in it."""

from __future__ import annotations

import unicodedata

MOST_DIGITS = 18
"""A number with more would fit into no column of a database."""


def half_width(text: str) -> str:
    """Full-width digits, letters and marks as their ordinary forms (NFKC), ends trimmed."""
    return unicodedata.normalize("NFKC", text).strip()


def whole_number(text: str | None) -> int | None:
    """The number that the digits say; None for anything else, and for one that is too long."""
    is_one = text is not None and text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS
    return int(text) if is_one and text is not None else None


def whole_numbers(text: str, separator: str) -> tuple[int, ...]:
    """The numbers of a cursor or of a ticked row, `12-345-6`; none at all where one part is no number."""
    found = [whole_number(part) for part in text.split(separator)]
    known = tuple(number for number in found if number is not None)
    return known if len(known) == len(found) else ()
