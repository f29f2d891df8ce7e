"""What a picture says of itself, from real files: telephones that say all, some or nonsense."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from photographs import DATE_TIME_ORIGINAL, EXIF, HOME, photograph, position
from PIL import Image
from township import CHINA

from tracker.domain.evidence import UNKNOWN, Point, Taken, taken_of
from tracker.log.exif import _point, taken_of_file

TAKEN = datetime(2023, 11, 21, 10, 20, 33, tzinfo=CHINA)


@pytest.fixture
def read(tmp_path: Path) -> Any:
    def of(content: bytes) -> Taken:
        path = tmp_path / "original"
        path.write_bytes(content)
        return taken_of_file(path, CHINA)

    return of


AT = 1700533233000  # TAKEN


def test_a_telephone_says_when_and_where(read: Any) -> None:
    said = read(photograph(when=TAKEN, where=HOME))
    assert said == Taken(AT, Point(26_550_000, 112_380_000))
    assert said.as_data() == {"taken_at": AT, "lat": 26550000, "lon": 112380000}
    assert taken_of(said.as_data()) == said


@pytest.mark.parametrize(
    ("offset", "hour"),
    [("+08:00", 2), ("+00:00", 10), ("-05:30", 15), (None, 2), ("", 2), ("+99:00", 2), ("nonsense", 2)],
)
def test_a_clock_without_a_zone_is_that_of_the_log(read: Any, offset: str | None, hour: int) -> None:
    at = read(photograph(when=TAKEN, offset=offset)).at
    assert datetime.fromtimestamp(at / 1000, UTC).hour == hour


@pytest.mark.parametrize(
    "when", ["0000:00:00 00:00:00", "    :  :     :  :  ", "2023:13:40 10:20:30", "1980:01:01 00:00:00", "", "昨天"]
)
def test_a_time_that_is_none_says_nothing(read: Any, when: str) -> None:
    assert read(photograph(when=when.encode("utf-8").decode("latin-1"))).at is None


@pytest.mark.parametrize(
    "gps",
    [
        {1: "N", 2: (0.0, 0.0, 0.0), 3: "E", 4: (0.0, 0.0, 0.0)},
        {1: "N", 2: (95.0, 0.0, 0.0), 3: "E", 4: (112.0, 0.0, 0.0)},
        {1: "X", 2: (26.0, 0.0, 0.0), 3: "E", 4: (112.0, 0.0, 0.0)},
        {2: (26.0, 0.0, 0.0), 4: (112.0, 0.0, 0.0)},
        {1: "N", 2: (26.0, 30.0), 3: "E", 4: (112.0, 0.0, 0.0)},
        {1: "N", 2: (26.0, 30.0, 0.0)},
    ],
)
def test_a_place_that_is_none_says_nothing(read: Any, gps: dict[int, Any]) -> None:
    assert read(photograph(when=TAKEN, gps=gps)).where is None


def test_a_value_of_another_kind_says_nothing() -> None:
    nan = float("nan")
    for value in (None, 26, "26", b"26", ("a", "b", "c"), (nan, 0.0, 0.0), (-26.0, 0.0, 0.0), ((1, 0), 0, 0)):
        assert _point({1: "N", 2: value, 3: "E", 4: (112.0, 0.0, 0.0)}) is None


def test_what_is_broken_or_no_picture_says_nothing(read: Any) -> None:
    whole = photograph(when=TAKEN, where=HOME)
    torn = bytearray(whole)
    start = torn.index(b"Exif\x00\x00") + 6
    torn[start : start + 60] = b"\xff" * 60
    assert read(bytes(torn)) == UNKNOWN
    assert read(b"%PDF-1.4") == UNKNOWN
    assert read(photograph()) == UNKNOWN


def test_a_picture_of_another_format_says_it_too(read: Any, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0110] = "telephone"  # Pillow takes one with parts alone for empty
    exif.get_ifd(EXIF)[DATE_TIME_ORIGINAL] = "2023:11:21 10:20:33"
    for kind in ("PNG", "WEBP"):
        Image.new("RGB", (8, 8)).save(tmp_path / "x", kind, exif=exif)
        assert read((tmp_path / "x").read_bytes()).at == AT


@given(st.floats(-89.9, 89.9), st.floats(-179.9, 179.9))
def test_any_place_is_read_to_a_metre(lat: float, lon: float) -> None:
    found = _point(position(lat, lon))
    if found is not None:  # 0, 0 is nowhere
        assert abs(found.lat - lat * 1e6) < 10
        assert abs(found.lon - lon * 1e6) < 10
