"""What about a picture should make whoever verifies look twice. Nothing here refuses: a clock may be wrong, a camera
may not know where it is, and one picture may rightly show two things.

Source: registers.md §3, "Cheating" of each register (one photo for five households, the neighbour's tank, ploughed over
before the photo, people moved for the photo). Whether the same picture stands elsewhere is asked of the log's own index
(`queries/pictures.py`).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any

from tracker.domain.days import from_number
from tracker.domain.evidence import MICRODEGREES, Evidence, Point, point_of
from tracker.domain.kinds import EvidenceKind
from tracker.domain.record import Record
from tracker.domain.records import RecordKind, RecordRegister
from tracker.domain.registers import Register
from tracker.domain.ticket import Ticket

_EARTH = 6_371_008.8  # metres, mean radius
_CLOCK_SLACK = timedelta(minutes=10)
"""A telephone's clock may be so far ahead of ours."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """A code of `picture_words.DOUBTS` and the values of its sentence."""

    code: str
    params: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Spot:
    """The position of what a ticket or record is about, and how far around it that reaches: a river is long."""

    point: Point
    metres: int


@dataclass(frozen=True, slots=True)
class Scene:
    """What a picture is held against; None: nothing is known of it.

    `found_on`, `assigned_on`, `sent_back_on`: of a ticket; `held_on`: of an activity. `earlier`: so many files belong
    to attempts that failed or did not last. `place`: where it should be; `far_metres`: so far from a picture before the
    work it is far.
    """

    far_metres: int
    place: Spot | None = None
    found_on: date | None = None
    assigned_on: date | None = None
    sent_back_on: date | None = None
    held_on: date | None = None
    earlier: int = 0


def scene_of_ticket(ticket: Ticket, register: Register, subject: Spot | None) -> Scene:
    """`subject`: of what the ticket is about, used where the ticket has no position of its own."""
    owned = [turn[0] for turn in ticket.owner_turns]
    back = [day for name, day, _ in ticket.flows if name == "rejections"] + [turn[0] for turn in ticket.reopenings]
    far_metres = register.evidence.far_metres
    return Scene(
        far_metres=far_metres,
        place=_own_spot(ticket.fields, far_metres) or subject,
        found_on=ticket.found_on,
        assigned_on=from_number(min(owned)) if owned else None,
        sent_back_on=from_number(max(back)) if back else None,
        earlier=ticket.evidence_before,
    )


def scene_of_record(record: Record, register: RecordRegister, subject: Spot | None) -> Scene:
    """A subject is photographed whenever; an activity on its day."""
    held_on = record.on if register.kind is RecordKind.ACTIVITY else None
    far_metres = register.proof.far_metres
    return Scene(far_metres, _own_spot(record.fields, far_metres) or subject, held_on=held_on)


def _own_spot(fields: Mapping[str, Any], metres: int) -> Spot | None:
    place = own_place(fields)
    return None if place is None else Spot(place, metres)


def own_place(fields: Mapping[str, Any]) -> Point | None:
    """The position that a ticket or record gives of itself."""
    return point_of(fields.get("location"))


def metres_between(one: Point, other: Point) -> int:
    """Along the earth's surface (haversine)."""
    lat1, lat2 = (math.radians(p.lat / MICRODEGREES) for p in (one, other))
    north, east = lat2 - lat1, math.radians((other.lon - one.lon) / MICRODEGREES)
    part = math.sin(north / 2) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin(east / 2) ** 2
    return round(2 * _EARTH * math.asin(min(1.0, math.sqrt(part))))


def metres_off(file: Evidence, scene: Scene) -> int | None:
    """How far from where it should be the picture was taken; None where either is unknown."""
    if file.taken.where is None or scene.place is None:
        return None
    return metres_between(file.taken.where, scene.place.point)


def doubts_of(evidence: Sequence[Evidence], scene: Scene, zone: tzinfo) -> tuple[tuple[Doubt, ...], ...]:
    """For each file, in its order; none for what is no picture. Days are those of `zone`, the log's."""
    return tuple(tuple(_doubts(n, evidence, scene, zone)) if file.is_picture else () for n, file in enumerate(evidence))


def _doubts(n: int, evidence: Sequence[Evidence], scene: Scene, zone: tzinfo) -> Iterator[Doubt]:
    file = evidence[n]
    yield from _of_its_time(file, evidence, scene, zone, is_earlier=n < scene.earlier)
    metres = metres_off(file, scene)
    if metres is not None and scene.place is not None and metres > scene.place.metres:
        yield Doubt("taken_far_away", {"limit": scene.place.metres})
    elif _is_after(file) and _is_elsewhere(file, evidence, scene.far_metres):
        yield Doubt("taken_away_from_the_one_before", {"limit": scene.far_metres})
    same = [(m, other) for m, other in enumerate(evidence) if m != n and other.digest == file.digest]
    if any(other.kind != file.kind and _is_of_work(other) and _is_of_work(file) for _, other in same):
        yield Doubt("same_before_and_after", {})
    elif n >= scene.earlier and _is_after(file) and any(m < scene.earlier and _is_after(o) for m, o in same):
        yield Doubt("same_as_before_sent_back", {})


def _of_its_time(
    file: Evidence, evidence: Sequence[Evidence], scene: Scene, zone: tzinfo, *, is_earlier: bool
) -> Iterator[Doubt]:
    if file.taken.at is None:
        return
    instant = datetime.fromtimestamp(file.taken.at / 1000, UTC)
    if instant > file.added_at + _CLOCK_SLACK:
        yield Doubt("taken_in_future", {})
        return
    day = instant.astimezone(zone).date()
    if scene.held_on is not None and day < scene.held_on:
        yield Doubt("taken_before_held", {"day": scene.held_on})
    if scene.found_on is not None and day < scene.found_on:
        yield Doubt("taken_before_found", {"day": scene.found_on})
        return
    if not _is_after(file):
        return
    if scene.assigned_on is not None and day < scene.assigned_on:
        yield Doubt("taken_before_assigned", {"day": scene.assigned_on})
    elif not is_earlier and scene.sent_back_on is not None and day < scene.sent_back_on:
        yield Doubt("taken_before_sent_back", {"day": scene.sent_back_on})
    first = [e.taken.at for e in evidence if e.kind == EvidenceKind.PHOTO_BEFORE and e.taken.at is not None]
    if first and file.taken.at < min(first):
        yield Doubt("taken_before_the_one_before", {})


def _is_elsewhere(file: Evidence, evidence: Sequence[Evidence], far_metres: int) -> bool:
    """Whether the picture shows another spot than every picture before the work: as far as both say where they were."""
    spots = [e.taken.where for e in evidence if e.kind == EvidenceKind.PHOTO_BEFORE and e.taken.where is not None]
    where = file.taken.where
    return where is not None and bool(spots) and min(metres_between(where, spot) for spot in spots) > far_metres


def _is_after(file: Evidence) -> bool:
    return file.kind == EvidenceKind.PHOTO_AFTER


def _is_of_work(file: Evidence) -> bool:
    return file.kind in (EvidenceKind.PHOTO_BEFORE, EvidenceKind.PHOTO_AFTER)
