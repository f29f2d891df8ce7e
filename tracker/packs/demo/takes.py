"""When and where the pictures of the demonstration were taken: on the day of the act, before it was recorded, near by.

Before the work in the morning, everything else in the afternoon. Where villages lie is invented, about where they are.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any
from zlib import crc32

from tracker.domain.evidence import Point, point_of
from tracker.packs.demo.story import ZONE, Act, UnitName

_TOWN = Point(26_761_200, 112_693_400)
_SPREAD, _NEAR = 30_000, 900
_SPOTS = 16
"""Millionths of a degree: villages lie within some three kilometres, pictures within a hundred metres, at one of so
many spots."""
_MORNING, _AFTERNOON = time(8, 10), time(12, 0)
_MINUTES = {_MORNING: 220, _AFTERNOON: 330}
_SENT_AFTER = timedelta(minutes=5)


class Takes:
    """Remembers where each story plays: what a ticket says of its place holds for all of its pictures."""

    def __init__(self) -> None:
        self._places: dict[str, Point] = {}

    def of(self, act: Act, kind: str, number: int) -> tuple[datetime, Point]:
        """Of the picture with this number among those of the act."""
        chance = crc32(f"{act.key}/{number}".encode())
        begin = _MORNING if kind == "photo_before" else _AFTERNOON
        moment = datetime.combine(act.on, begin, ZONE) + timedelta(minutes=chance % _MINUTES[begin])
        return min(moment, act.at - _SENT_AFTER), self._near(act, chance)

    def _near(self, act: Act, chance: int) -> Point:
        place = self._places.setdefault(act.story, point_of(act.values.get("location")) or _centre(_village(act)))
        return _moved(place, crc32(bytes([chance % _SPOTS])), _NEAR)


def _village(act: Act) -> str:
    place: Any = act.values.get("place")
    return act.place or (place.name if isinstance(place, UnitName) else "")


def _centre(village: str) -> Point:
    return _moved(_TOWN, crc32(village.encode()), _SPREAD) if village else _TOWN


def _moved(point: Point, chance: int, most: int) -> Point:
    north, east = chance % (2 * most), chance // (2 * most) % (2 * most)
    return Point(point.lat + north - most, point.lon + east - most)
