"""A file of the evidence as an event names it, and what a picture says of itself: when and where it was taken.

The picture's own word (Exif) comes first; what it does not say, whoever sends it may say beside it, and that is kept
apart. What neither says stays unknown. Whether to believe it: `doubts.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from tracker.domain.kinds import Part

if TYPE_CHECKING:
    from tracker.domain.events import Event


MICRODEGREES = 1_000_000


@dataclass(frozen=True, slots=True)
class Point:
    """A position on the earth (WGS 84) in millionths of a degree, a tenth of a metre: the log has no fractions."""

    lat: int
    lon: int


def point_of(text: Any) -> Point | None:
    """The position that a geopoint field holds, `26.55,112.38`; None where it holds none."""
    parts = str(text).split(",") if text else []
    try:
        lat, lon = (round(Decimal(part) * MICRODEGREES) for part in parts)
    except (ValueError, InvalidOperation):
        return None
    return Point(lat, lon)


@dataclass(frozen=True, slots=True)
class Taken:
    """When (milliseconds since 1970, UTC) and where a picture was taken; None: unknown. `said`: the parts that whoever
    sent it said, since the picture did not."""

    at: int | None = None
    where: Point | None = None
    said: frozenset[Part] = frozenset()

    def has(self, part: Part) -> bool:
        return (self.at if part is Part.TIME else self.where) is not None

    def filled(self, other: Taken) -> Taken:
        """With what the other one knows and this one does not, as said beside the picture."""
        added = {part for part in Part if not self.has(part) and other.has(part)}
        return Taken(
            other.at if self.at is None else self.at,
            other.where if self.where is None else self.where,
            self.said | added,
        )

    def as_data(self) -> dict[str, Any]:
        """As an event keeps it beside the file's name: what is unknown is left out."""
        out: dict[str, Any] = {}
        if self.at is not None:
            out["taken_at"] = self.at
        if self.where is not None:
            out |= {"lat": self.where.lat, "lon": self.where.lon}
        if self.said:
            out["said"] = sorted(self.said)
        return out


UNKNOWN = Taken()


def taken_of(file: Mapping[str, Any]) -> Taken:
    """What an event, or a command, says of a file. A position that is in the vault and was erased there is unknown."""
    if "taken_at" not in file and "lat" not in file:
        return UNKNOWN  # a fold comes here a million times
    lat, lon = file.get("lat"), file.get("lon")
    where = None if lat is None or lon is None else Point(lat, lon)
    return Taken(file.get("taken_at"), where, frozenset(map(Part, file.get("said", ()))))


@dataclass(frozen=True, slots=True)
class Evidence:
    """A file named by its SHA-256. `kind`: an EvidenceKind. `added_at`: when the event that names it was recorded."""

    digest: str
    name: str
    media_type: str
    size: int
    kind: str
    added_by: int
    added_on: date
    added_at: datetime
    taken: Taken = UNKNOWN

    @property
    def is_picture(self) -> bool:
        return self.media_type.startswith("image/")

    def as_command(self, said: Taken) -> dict[str, Any]:
        """The same file for another event: the picture of what failed goes with the ticket that it opens. What it does
        not say itself may be `said` by whoever knows."""
        return {
            "digest": self.digest,
            "name": self.name,
            "media_type": self.media_type,
            "size": self.size,
            "kind": self.kind,
            **self.taken.filled(said).as_data(),
        }


def files_of(event: Event, files: Iterable[Mapping[str, Any]]) -> tuple[Evidence, ...]:
    """The files that an event names."""
    return tuple(
        Evidence(
            f["digest"],
            _name(f),
            f["media_type"],
            f["size"],
            f["kind"],
            event.actor_id,
            event.occurred_on,
            event.recorded_at,
            taken_of(f),
        )
        for f in files
    )


def _name(file: Mapping[str, Any]) -> str:
    """Its fingerprint's beginning where the name is in the vault, or was erased there."""
    return file.get("name") or str(file["digest"])[:12]
