"""The number of a ticket or another record: 厕-2023-0142; of a restricted ticket 厕密-2023-0001.

Source: registers.md §1 "Number"; security.md.
"""

from __future__ import annotations

import re

from tracker.domain.records import RecordRegister
from tracker.domain.registers import Register

RESTRICTED_MARK = "密"
"""Stands behind the prefix. Restricted tickets count apart, so that no gap tells of one."""

_YEAR_AND_SERIAL = re.compile(r"-(\d{4})-(\d{4,})\Z")


def record_number(register: Register | RecordRegister, year: int, serial: int, *, is_restricted: bool) -> str:
    return f"{register.prefix}{RESTRICTED_MARK if is_restricted else ''}-{year}-{serial:04d}"


def year_and_serial(number: str) -> tuple[int, int]:
    """What a number was made from, whatever its prefix is called today. ValueError: it is no number of a ticket."""
    found = _YEAR_AND_SERIAL.search(number)
    if found is None:
        raise ValueError(f"{number} is no number of a ticket")
    return int(found[1]), int(found[2])
