"""The files of a ticket or record as pages show them: what a picture says of itself, and what to look twice at."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from flask import url_for
from flask_babel import gettext

from tracker import formats, picture_words, words
from tracker.blueprints.names import Names
from tracker.blueprints.rights import connection, house
from tracker.domain.doubts import (
    Doubt,
    Scene,
    Spot,
    doubts_of,
    metres_off,
    own_place,
    scene_of_record,
    scene_of_ticket,
)
from tracker.domain.evidence import MICRODEGREES, Evidence, Point
from tracker.domain.kinds import OF_AN_ATTEMPT, Part
from tracker.domain.record import Record
from tracker.domain.records import RecordRegister
from tracker.domain.registers import Register
from tracker.domain.ticket import Ticket
from tracker.queries import records
from tracker.queries.pictures import Elsewhere, elsewhere
from tracker.queries.scope import Viewer


@dataclass(frozen=True, slots=True)
class DoubtRow:
    """A sentence, and what it leads to: (number, address)."""

    text: str
    links: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class FileRow:
    """A file of the evidence, as components/evidence.html and the list of originals show it. `is_earlier`: it belongs
    to an attempt that failed or did not last, and proves nothing of the present one. `taken`: when and where, of a
    picture; `doubts`: what to look twice at."""

    url: str
    picture_url: str | None
    original_url: str
    alt: str
    phase: str
    caption: str
    name: str
    digest: str
    kind: str
    is_earlier: bool
    taken: str
    doubts: tuple[DoubtRow, ...]


@dataclass(frozen=True, slots=True)
class _Setting:
    """What the pictures of a page are held against. `place_of`: whose position it is."""

    scene: Scene
    place_of: str
    elsewhere: Mapping[str, Elsewhere]


def file_rows(
    of: Ticket | Record, register: Register | RecordRegister, names: Names, asking: Viewer
) -> tuple[FileRow, ...]:
    """The evidence in the order in which it came; the same file is shown once for each purpose."""
    if not of.evidence:
        return ()
    before = of.evidence_before if isinstance(of, Ticket) else 0
    setting = _setting(of, register, asking)
    doubts = doubts_of(of.evidence, setting.scene, house().time_zone)
    shown = {(e.digest, e.kind): n for n, e in enumerate(of.evidence)}
    endpoint = "tickets.evidence" if isinstance(of, Ticket) else "records.evidence"
    return tuple(
        _file_row(
            partial(url_for, endpoint, number=of.number, digest=e.digest),
            e,
            names,
            setting,
            doubts[n],
            is_earlier=n < before and e.kind in OF_AN_ATTEMPT,
        )
        for n in shown.values()
        for e in (of.evidence[n],)
    )


def _setting(of: Ticket | Record, register: Register | RecordRegister, asking: Viewer) -> _Setting:
    own, subject, place_of = own_place(of.fields), None, gettext("the position given")
    if own is None and any(e.taken.where for e in of.evidence):
        subject, place_of = _place_of_subject(of, register)
    if isinstance(of, Ticket) and isinstance(register, Register):
        scene = scene_of_ticket(of, register, subject)
    elif isinstance(of, Record) and isinstance(register, RecordRegister):
        scene = scene_of_record(of, register, subject)
    else:
        raise TypeError("a ticket stands in a register of tickets, a record in one of records")
    used = elsewhere(connection(), asking, of)
    return _Setting(scene, place_of, used)


def _place_of_subject(of: Ticket | Record, register: Register | RecordRegister) -> tuple[Spot | None, str]:
    """The position of the first thing named that has one, and what it is called. Its register says how far it
    reaches."""
    for field in register.links:
        named = of.fields.get(field.name)
        found = records.record_at(connection(), named) if isinstance(named, int) else None
        if found is not None and (place := own_place(found.fields)) is not None:
            reach = house().pack.record_by_name[found.register].proof.far_metres
            return Spot(place, reach), words.of(field.label)
    return None, ""


def _file_row(
    address: Callable[..., str],
    e: Evidence,
    names: Names,
    setting: _Setting,
    doubts: Sequence[Doubt],
    *,
    is_earlier: bool,
) -> FileRow:
    original, large, small = address(), address(size="large"), address(size="small")
    phase, day = words.choice(e.kind), str(formats.day(e.added_on))
    if is_earlier:
        phase = gettext("%(what)s (earlier attempt)", what=phase)
    told = tuple(DoubtRow(picture_words.doubt(doubt)) for doubt in doubts)
    if used := setting.elsewhere.get(e.digest):
        told = (_used(used), *told)
    return FileRow(
        url=large if e.is_picture else original,
        picture_url=small if e.is_picture else None,
        original_url=original,
        alt=f"{phase} {day}",
        phase=phase,
        caption=f"{day} {names.person(e.added_by)}".strip(),
        name=e.name,
        digest=e.digest,
        kind=e.kind,
        is_earlier=is_earlier,
        taken=_taken(e, setting) if e.is_picture else "",
        doubts=told,
    )


def _used(used: Elsewhere) -> DoubtRow:
    links = [(number, url_for("tickets.show", number=number)) for number in used.tickets]
    links += [(number, url_for("records.show", number=number)) for number in used.records]
    return DoubtRow(picture_words.used_elsewhere(len(links), used.more), tuple(links))


def _taken(e: Evidence, setting: _Setting) -> str:
    """What the picture says of itself; what it does not say is told as well."""
    taken = e.taken
    if taken.at is None and taken.where is None:
        return gettext("When and where it was taken is unknown.")
    parts = [_when(e), _where(e, setting)]
    if taken.said:
        parts.append(_said(taken.said))
    return gettext("; ").join(parts)


def _when(e: Evidence) -> str:
    if e.taken.at is None:
        return gettext("time unknown")
    return gettext("taken %(when)s", when=formats.instant(e.taken.at))


def _where(e: Evidence, setting: _Setting) -> str:
    if e.taken.where is None:
        return gettext("place unknown")
    metres = metres_off(e, setting.scene)
    if metres is None:
        return gettext("at %(position)s", position=_position(e.taken.where))
    return gettext("%(metres)s m from %(what)s", metres=formats.number(metres), what=setting.place_of)


def _position(point: Point) -> str:
    return f"{point.lat / MICRODEGREES:.5f}, {point.lon / MICRODEGREES:.5f}"


def _said(parts: frozenset[Part]) -> str:
    if len(parts) > 1:
        return gettext("time and place as whoever sent it says, not the picture")
    if Part.TIME in parts:
        return gettext("the time as whoever sent it says, not the picture")
    return gettext("the place as whoever sent it says, not the picture")


def look_twice(files: Sequence[FileRow]) -> int:
    """At how many of these, before somebody vouches for the work."""
    return sum(bool(file.doubts) and not file.is_earlier for file in files)


def context(files: tuple[FileRow, ...]) -> dict[str, Any]:
    """What a page needs to show them."""
    return {"files": files, "look_twice": look_twice(files)}
