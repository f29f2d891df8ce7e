"""Real JPEG files that say when and where they were taken, as a telephone writes them."""

from __future__ import annotations

from datetime import datetime
from io import BytesIO
from typing import Any

from PIL import Image

DATE_TIME_ORIGINAL, OFFSET_ORIGINAL = 0x9003, 0x9011
EXIF, GPS = 0x8769, 0x8825
HOME = (26.550000, 112.380000)


def photograph(
    colour: str = "white",
    when: datetime | str | None = None,
    where: tuple[float, float] | None = None,
    *,
    offset: str | None = "+08:00",
    gps: dict[int, Any] | None = None,
) -> bytes:
    """`when`: as the camera's clock shows it, `offset`: what it says of its zone; `gps`: tags instead of `where`."""
    exif = Image.Exif()
    if when is not None:
        told = exif.get_ifd(EXIF)
        told[DATE_TIME_ORIGINAL] = when if isinstance(when, str) else f"{when:%Y:%m:%d %H:%M:%S}"
        if offset:
            told[OFFSET_ORIGINAL] = offset
    place = exif.get_ifd(GPS)
    place.update(gps or (position(*where) if where else {}))
    out = BytesIO()
    Image.new("RGB", (64, 48), colour).save(out, "JPEG", exif=exif)
    return out.getvalue()


def position(lat: float, lon: float) -> dict[int, Any]:
    return {1: "S" if lat < 0 else "N", 2: _parts(abs(lat)), 3: "W" if lon < 0 else "E", 4: _parts(abs(lon))}


def _parts(degrees: float) -> tuple[float, float, float]:
    whole, rest = divmod(degrees * 3600, 3600)
    minutes, seconds = divmod(rest, 60)
    return whole, minutes, round(seconds, 4)
