"""What pages of inspections show: the rows of a round, what was found before at each item, what came of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from flask import url_for
from flask_babel import gettext

from tracker import words
from tracker.blueprints import list_view
from tracker.blueprints.names import names
from tracker.blueprints.rights import connection, directory, house, today, viewer
from tracker.domain import deadlines
from tracker.domain.checklists import Checklist, checklist_for
from tracker.domain.inspecting import FAIL, PASS, Proposal, Score, failed, score_of, subject_link, usual_owner
from tracker.domain.record import Record
from tracker.domain.records import RecordRegister
from tracker.domain.registers import FieldType, Register
from tracker.queries import inspections, record_lists, records
from tracker.queries.inspections import Coverage, Opened, Round, Subject
from tracker.queries.record_lists import RecordLine


@dataclass(frozen=True)
class Activity:
    """A register of inspections: its checklist, and the register of the subjects that it is put to."""

    register: RecordRegister
    checklist: Checklist
    subject: RecordRegister | None

    @property
    def tickets(self) -> Mapping[str, Register]:
        """Registers in which a failed item of any of its lists may open a ticket."""
        pack = house().pack
        lists = [c for c in pack.checklists if c.subject == self.checklist.subject]
        opened = {i.creates.register for c in lists for i in c.items if i.creates} | set(self.register.gives)
        return {name: pack.register_by_name[name] for name in sorted(opened)}

    def checklist_of(self, subject: Record | None) -> Checklist:
        return checklist_for(self.checklist, house().pack.checklists, subject.fields if subject else {})

    def link(self) -> str | None:
        """The field that names the subject."""
        field = subject_link(self.register, self.checklist)
        return field.name if field else None

    def subject_of(self, record: Record) -> Record | None:
        """What the inspection looks at."""
        target = record.fields.get(self.link() or "")
        return records.record_at(connection(), target) if isinstance(target, int) else None


def activity_of(register: RecordRegister) -> Activity | None:
    """None for a register without a checklist."""
    pack = house().pack
    if register.checklist is None:
        return None
    checklist = pack.checklist_by_name[register.checklist]
    subject = pack.record_by_name.get(checklist.subject or "")
    return Activity(register, checklist, subject if subject_link(register, checklist) else None)


# -- a subject ----------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class SubjectRow:
    """A subject in a round. `href`: where its inspection begins."""

    number: str
    href: str
    text: str
    place: str
    state: str
    last_on: date | None
    is_done: bool


def subject_row(found: Subject, activity: Activity, register: RecordRegister) -> SubjectRow:
    line = found.line
    return SubjectRow(
        number=line.number,
        href=url_for("inspections.begin", register=activity.register.name, subject=line.number),
        text=summary_of(line, register),
        place=place_of(line),
        state=words.of(state.label) if (state := register.state_by_name.get(line.state or "")) else "",
        last_on=found.last_on,
        is_done=found.is_done,
    )


def line_of(record: Record, register: RecordRegister) -> RecordLine:
    (line,) = record_lists.lines_of(connection(), viewer(), {register.name: register}, [record.id])
    return line


def summary_of(line: RecordLine, register: RecordRegister) -> str:
    """What tells it from others; a private name stays masked."""
    text = line.masked.get(register.summary_field) or line.summary
    field = register.by_name[register.summary_field]
    if field.type is FieldType.SELECT_ONE:
        return next((words.of(c.label) for c in field.choices if c.name == text), text)
    return text


def place_of(line: RecordLine) -> str:
    group = line.listed.get("group")
    return list_view.place_text(line.unit_id, str(group) if group else None, names())


# -- a round ------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Village:
    """How far a round has come in one village."""

    unit_id: int
    name: str
    href: str
    coverage: Coverage


def villages(activity: Activity, going_on: Round, state: str) -> list[Village]:
    """The villages in which subjects are due, in the order of their codes."""
    if activity.subject is None:
        return []
    found = inspections.coverage(
        connection(),
        viewer(),
        activity.register,
        activity.subject,
        states=(state,) if state else going_on.states,
        first_day=going_on.first_day,
    )
    units = sorted((directory().units[i] for i in found), key=lambda u: u.code)
    here = activity.register.name
    return [
        Village(
            unit.id,
            names().unit(unit.id),
            url_for("inspections.start", register=here, village=unit.id, state=state or None),
            found[unit.id],
        )
        for unit in units
    ]


# -- what was found before ----------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Before:
    """What one item said the last time it was answered, if it failed; and the ticket that it opened."""

    on: date
    note: str
    ticket: list_view.Row | None


def found_before(past: Iterable[Record], opened: Iterable[Opened]) -> dict[str, Before]:
    """Item → its last failure, unless it has passed since. `past`: the newest first."""
    by_origin = {(one.origin_id, one.item): list_view.rows((one.line,))[0] for one in opened if one.origin_id}
    found: dict[str, Before] = {}
    passed: set[str] = set()
    for record in past:
        for item, said in record.answers.items():
            if item in found or item in passed:
                continue
            if said["result"] == FAIL:
                found[item] = Before(record.on, said.get("note", ""), by_origin.get((record.id, item)))
            elif said["result"] == PASS:
                passed.add(item)
    return found


def other_tickets(opened: Iterable[Opened], before: Mapping[str, Before]) -> list[list_view.Row]:
    """Open tickets of the subject that stand at no item."""
    shown = {one.ticket.id for one in before.values() if one.ticket is not None}
    return list_view.rows(tuple(one.line for one in opened if one.line.id not in shown))


# -- what came of it ----------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Outcome:
    """A failed item of a complete inspection: its ticket, or why there is none."""

    item: int
    label: str
    note: str
    ticket: list_view.Row | None
    left_out: str


def outcomes(record: Record, checklist: Checklist, opened: Iterable[Opened]) -> list[Outcome]:
    by_item = {one.item: list_view.rows((one.line,))[0] for one in opened}
    return [
        Outcome(
            int(item),
            words.of(known.label) if (known := checklist.item_by_id.get(int(item))) else item,
            record.answers[item].get("note", ""),
            by_item.get(item),
            record.answers[item].get("left_out", ""),
        )
        for item in failed(record.answers)
    ]


def score(record: Record, checklist: Checklist) -> Score | None:
    """With the points that the log keeps; None of an inspection that is not scored, or not complete."""
    if record.score is None:
        return None
    counted = score_of(record.answers, checklist)
    return Score(counted.passed, counted.applied, record.score["points"], record.score["out_of"])


def score_text(score: Score) -> str:
    """38 of 42 points (90 of 100); passed 16 of 18 items."""
    return gettext(
        "%(points)s of %(out_of)s points, %(hundred)s of 100; passed %(passed)s of %(applied)s items",
        points=score.points,
        out_of=score.out_of,
        hundred="—" if score.of_hundred is None else score.of_hundred,
        passed=score.passed,
        applied=score.applied,
    )


# -- the tickets that it would open -------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Proposed:
    """What a ticket to be confirmed says beside its words: category, severity, to whom it usually goes, how long it may
    take."""

    facts: tuple[tuple[str, str], ...]
    owner: str
    days: int | None
    rule: str


def proposed(one: Proposal, record: Record, subject: Record | None) -> Proposed:
    register = one.register
    told = [f for f in register.fields if f.type in (FieldType.SELECT_ONE, FieldType.SELECT_MULTIPLE)]
    facts = tuple(
        (words.of(f.label), list_view.value_text(f, one.values[f.name], names()))
        for f in told
        if f.name in one.values and f.name != "source" and _is_of_list(f.name, one)
    )
    clock = register.main_clock
    limit = (
        deadlines.limit_in_force(clock, {**one.values, "found_on": record.on.isoformat()}, today()) if clock else None
    )
    return Proposed(
        facts, _owner(one, record, subject), limit.amount if limit else None, words.of(limit.source) if limit else ""
    )


def _owner(one: Proposal, record: Record, subject: Record | None) -> str:
    """The unit, and the post where it is somebody's."""
    if one.item.creates is None:
        return ""
    unit_id, person_id = usual_owner(one.item.creates, record.unit_id, subject, directory())
    return " ".join(filter(None, (names().unit(unit_id), names().post(person_id, unit_id))))


def _is_of_list(name: str, one: Proposal) -> bool:
    return one.item.creates is not None and name in one.item.creates.values
