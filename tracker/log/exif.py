"""What a picture says of itself: when and where it was taken, out of its Exif.

Read from the original as it came, before anybody is shown a copy without it. Whatever is malformed, empty or
impossible says nothing. Source: Exif 2.32 (JEITA CP-3451): DateTimeOriginal, OffsetTimeOriginal, GPS.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone, tzinfo
from pathlib import Path
from typing import Any

from PIL import Image

from tracker.domain.evidence import MICRODEGREES, UNKNOWN, Point, Taken
from tracker.log.files import PICTURE_FORMATS

_EXIF, _GPS = 0x8769, 0x8825
# When the shutter opened, or else when it was made digital; each with the tag of its offset from UTC.
_TIMES = ((0x9003, 0x9011), (0x9004, 0x9012))
_LAT_SIDE, _LAT, _LON_SIDE, _LON = 1, 2, 3, 4
_TIME = re.compile(r"(\d{4}):(\d\d):(\d\d) (\d\d):(\d\d):(\d\d)")
_OFFSET = re.compile(r"([+-])(\d\d):(\d\d)")
_FIRST_YEAR = 1990
"""Earlier ones are clocks that were never set."""


def taken_of_file(path: Path, time_zone: tzinfo) -> Taken:
    """When and where the picture at `path` says it was taken. A camera that names no zone is taken to be set to
    `time_zone`, that of the log."""
    try:
        with Image.open(path, formats=PICTURE_FORMATS) as image:
            exif = image.getexif()
            told, gps = exif.get_ifd(_EXIF), exif.get_ifd(_GPS)
    except (OSError, SyntaxError, ValueError, TypeError, KeyError, EOFError, OverflowError):
        return UNKNOWN  # it was kept as a picture already: only what it says of itself is broken
    return Taken(_instant(told, time_zone), _point(gps))


def _instant(told: Mapping[int, Any], time_zone: tzinfo) -> int | None:
    for time_tag, offset_tag in _TIMES:
        found = _TIME.match(_text(told.get(time_tag)))
        if found is None or int(found[1]) < _FIRST_YEAR:
            continue
        zone = _zone(_text(told.get(offset_tag))) or time_zone
        try:
            return round(datetime(*map(int, found.groups()), tzinfo=zone).timestamp()) * 1000  # type: ignore[misc,arg-type] # six numbers
        except (ValueError, OverflowError):
            continue
    return None


def _zone(text: str) -> timezone | None:
    found = _OFFSET.match(text)
    if found is None or int(found[2]) > 14 or int(found[3]) > 59:
        return None
    offset = timedelta(hours=int(found[2]), minutes=int(found[3]))
    return timezone(-offset if found[1] == "-" else offset)


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode("ascii", "replace")
    return value if isinstance(value, str) else ""


def _point(gps: Mapping[int, Any]) -> Point | None:
    """None for the point 0, 0 as well: a receiver that found nothing writes it."""
    lat = _degrees(gps.get(_LAT), _text(gps.get(_LAT_SIDE)), "NS", 90)
    lon = _degrees(gps.get(_LON), _text(gps.get(_LON_SIDE)), "EW", 180)
    if lat is None or lon is None or (lat, lon) == (0, 0):
        return None
    return Point(lat, lon)


def _degrees(value: Any, side: str, sides: str, most: int) -> int | None:
    """Degrees, minutes and seconds in millionths of a degree."""
    side = side[:1].upper()
    if not isinstance(value, (tuple, list)) or len(value) != 3 or side not in sides or not side:
        return None
    try:
        degrees, minutes, seconds = (float(part) for part in value)
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    whole = degrees + minutes / 60 + seconds / 3600
    if not math.isfinite(whole) or min(degrees, minutes, seconds) < 0 or whole > most:
        return None
    return round(whole * MICRODEGREES) * (-1 if side == sides[1] else 1)
