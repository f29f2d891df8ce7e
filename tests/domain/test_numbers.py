"""The number of a ticket: made and read in one place."""

from __future__ import annotations

import pytest
from township import TOILET

from tracker.domain.numbers import record_number, year_and_serial


@pytest.mark.parametrize(
    ("serial", "is_restricted", "number"),
    [(142, False, "厕-2023-0142"), (1, True, "厕密-2023-0001"), (123456, False, "厕-2023-123456")],
)
def test_a_number_says_what_it_was_made_from(serial: int, is_restricted: bool, number: str) -> None:
    assert record_number(TOILET, 2023, serial, is_restricted=is_restricted) == number
    assert year_and_serial(number) == (2023, serial)


@pytest.mark.parametrize("text", ["", "厕", "厕-2023", "厕-2023-1", "厕-2023-0142a", "厕-2023-0142\n", "2023-0142"])
def test_what_is_no_number_of_a_ticket_is_said_so(text: str) -> None:
    with pytest.raises(ValueError, match="no number"):
        year_and_serial(text)
