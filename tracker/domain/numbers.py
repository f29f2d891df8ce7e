"""The number of a ticket or another record: 厕-2023-0142; of a restricted ticket 厕密-2023-0001.

Source: registers.md §1 "Number"; security.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from tracker.domain.records import RecordRegister
from tracker.domain.registers import Register
from tracker.domain.texts import half_width

RESTRICTED_MARK = "密"
"""Stands behind the prefix. Restricted tickets count apart, so that no gap tells of one."""

_DASHES = str.maketrans(dict.fromkeys("‐‑‒–—―−－﹣", "-"))
_SERIAL = re.compile(r"(?:(?P<year>[12]\d{3})-)?(?P<serial>\d{1,7})")
_YEAR_AND_SERIAL = re.compile(r"-(\d{4})-(\d{4,})\Z")


def record_number(register: Register | RecordRegister, year: int, serial: int, *, is_restricted: bool) -> str:
    return f"{register.prefix}{RESTRICTED_MARK if is_restricted else ''}-{year}-{serial:04d}"


def year_and_serial(number: str) -> tuple[int, int]:
    """What a number was made from, whatever its prefix is called today. ValueError: it is no number of a ticket."""
    found = _YEAR_AND_SERIAL.search(number)
    if found is None:
        raise ValueError(f"{number} is no number of a ticket")
    return int(found[1]), int(found[2])


def typed_number(text: str, registers: Iterable[Register | RecordRegister]) -> str:
    """A number as it is kept, whichever dashes and prefix somebody typed: HCWT–2023–0142 is 厕-2023-0142."""
    plain = half_width(text).translate(_DASHES)
    prefix, dash, rest = plain.partition("-")
    own = next((r.prefix for r in registers if r.ascii_prefix and r.ascii_prefix == prefix.upper()), prefix)
    return f"{own}{dash}{rest}"


def own_number(text: str, register: Register | RecordRegister) -> str | None:
    """The text as a whole number of this register, whichever dashes and prefix; None where it is none."""
    plain = typed_number(text, [register])
    end = plain.removeprefix(register.prefix)
    return plain if end != plain and _YEAR_AND_SERIAL.match(end) else None


def serial_typed(text: str) -> tuple[int | None, int] | None:
    """Year and serial where somebody typed the end of a number only: 142, 2023-142. None for anything else."""
    found = _SERIAL.fullmatch(half_width(text).translate(_DASHES))
    if found is None:
        return None
    return int(found["year"]) if found["year"] else None, int(found["serial"])
