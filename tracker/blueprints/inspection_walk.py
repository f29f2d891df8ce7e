"""An inspection in hand, as its pages share it: the register, the checklist, what is looked at, the record so far."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import abort, url_for

from tracker.blueprints import inspection_view as view
from tracker.blueprints.inspection_view import Activity
from tracker.blueprints.linking import as_owed, links
from tracker.blueprints.rights import can_on, connection, house, today, viewer
from tracker.domain.access import Facts
from tracker.domain.checklists import Checklist
from tracker.domain.record import Record
from tracker.domain.records import RecordRegister
from tracker.domain.registers import Label
from tracker.forms.inspection import InspectionForm
from tracker.forms.options import Options, options_for
from tracker.queries import inspections, records, scope
from tracker.queries.record_lists import RecordLine


def activities_open_for(action: str) -> tuple[RecordRegister, ...]:
    """Registers with a checklist in which the person may do this somewhere."""
    opened = scope.open_registers(viewer(), action)
    return tuple(r for r in house().pack.records if r.checklist and r.name in opened)


def activity_named(name: str) -> Activity:
    found = next((r for r in activities_open_for("register") if r.name == name), None)
    activity = view.activity_of(found) if found else None
    if activity is None:
        abort(404)
    return activity


@dataclass(frozen=True, slots=True)
class Inspect:
    """A way from a record's page to a checklist: begin one, go on with one, see what came of it."""

    href: str
    label: Label
    is_begun: bool
    is_done: bool


def ways_to_inspect(record: Record, register: RecordRegister) -> list[Inspect]:
    """From an inspection to its own checklist; from a subject to each kind of inspection of it."""
    if record.is_void:
        return []
    if register.checklist is not None:
        if not (record.is_complete and record.checklist is None) and (record.is_complete or may_go_on(record)):
            href = url_for("inspections.walk", number=record.number)
            return [Inspect(href, register.label, is_begun=True, is_done=record.is_complete)]
        return []
    found = [activity for one in activities_open_for("register") if (activity := view.activity_of(one))]
    return [
        Inspect(
            url_for("inspections.begin", register=one.register.name, subject=record.number),
            one.register.label,
            is_begun=False,
            is_done=False,
        )
        for one in found
        if one.subject is not None
        and one.subject.name == register.name
        and can_on("register", Facts.of_unit(one.register.name, record.unit_id))
    ]


@dataclass(frozen=True, slots=True)
class Left:
    """An inspection that was begun and left. `href`: where it goes on."""

    number: str
    href: str
    label: Label
    place: str
    on: date
    answered: int


def left_rows(lines: Iterable[RecordLine]) -> list[Left]:
    there = tuple(lines)
    answered = inspections.answered(connection(), [line.id for line in there])
    labels = {r.name: r.label for r in house().pack.records}
    return [
        Left(
            line.number,
            url_for("inspections.walk", number=line.number),
            labels[line.register],
            view.place_of(line),
            line.on,
            answered.get(line.id, 0),
        )
        for line in there
    ]


def left_by(person_id: int) -> list[Left]:
    """What this person began and left, in all registers."""
    registers = {r.name: r for r in activities_open_for("register")}
    return left_rows(
        inspections.unfinished(connection(), viewer(), registers, recorder_id=person_id) if registers else ()
    )


def options_in(register: str) -> Options:
    return options_for(viewer(), action="register", register=register, links=links())


@dataclass(frozen=True)
class Walk:
    """An inspection in hand: a new one (`record` None) or one that was left."""

    activity: Activity
    checklist: Checklist
    subject: Record | None
    record: Record | None

    @property
    def settled(self) -> dict[str, Any]:
        """Fields of a new one that the subject decides."""
        register, link = self.activity.register, self.activity.link()
        if self.subject is None or link is None:
            return {}
        return {link: self.subject.id, register.unit_field: self.subject.unit_id}

    @property
    def address(self) -> str:
        if self.record is not None:
            return url_for("inspections.walk", number=self.record.number)
        subject = self.subject.number if self.subject else None
        return url_for("inspections.begin", register=self.activity.register.name, subject=subject)

    def form(self) -> InspectionForm:
        register, options = self.activity.register, options_in(self.activity.register.name)
        if self.record is None:
            begun = {register.day_field: today(), **as_owed(register)}
            return InspectionForm.to_begin(register, self.checklist, options, begun, self.settled)
        return InspectionForm.to_continue(self.record, register, self.checklist, options)


def opened(number: str) -> Walk:
    found = records.find_visible_id(connection(), viewer(), number)
    record = records.record_at(connection(), found) if found else None
    register = house().pack.record_by_name.get(record.register) if record else None
    activity = view.activity_of(register) if register else None
    if record is None or activity is None or record.is_void:
        abort(404)
    subject = activity.subject_of(record)
    walked = house().pack.checklist_by_name.get(record.checklist or "")
    return Walk(activity, walked or activity.checklist_of(subject), subject, record)


def may_go_on(record: Record) -> bool:
    return can_on("register", Facts.of_unit(record.register, record.unit_id))


def head(walking: Walk) -> dict[str, Any]:
    """What every page about one inspection shows of it."""
    activity, subject = walking.activity, walking.subject
    line = view.line_of(subject, activity.subject) if subject and activity.subject else None
    return {
        "activity": activity,
        "register": activity.register,
        "checklist": walking.checklist,
        "record": walking.record,
        "here": walking.address,
        "subject": line,
        "subject_text": view.summary_of(line, activity.subject) if line and activity.subject else "",
        "subject_place": view.place_of(line) if line else "",
    }
