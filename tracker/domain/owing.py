"""What counts for an owed period, and what a command about one leads to: opening, missing, answering, excusing.

Each period is looked at by itself: a record that comes late for one may be in time for the next, and counts for both.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from tracker.domain.access import Facts, holds_role, may
from tracker.domain.answering import shortfalls
from tracker.domain.commands import AnswerNotice, ExcusePeriod, OpenPeriod, RegisterTicket
from tracker.domain.context import World
from tracker.domain.duties import DutySpec
from tracker.domain.events import NewEvent
from tracker.domain.kinds import Told
from tracker.domain.needs import check_length, reason_given
from tracker.domain.people import Directory, Grant, Person, Role
from tracker.domain.period import OwedPeriod, Standing, period_of
from tracker.domain.record import Record
from tracker.domain.records import RecordRegister
from tracker.domain.refusals import Refusal
from tracker.domain.registers import Register
from tracker.domain.values import printable


# -- what counts --------------------------------------------------------------------------------------
def fulfils(spec: DutySpec, record: Record, register: RecordRegister) -> bool:
    """Whether the record is of the kind that the duty asks for, whoever owes it and whenever it was held."""
    return not shortfalls(spec, record, register)


def owner_of(spec: DutySpec, record: Record) -> int | None:
    """The subject for which the record is, or else its unit; None where it names no subject."""
    link = spec.owed_by.link
    found = record.fields.get(link) if link else record.unit_id
    return None if found is None else int(found)


def counts_on(period: OwedPeriod, held_on: date, entered_on: date) -> date | None:
    """The day on which something held and entered then counts for the period; None: it does not.

    Where entering is bound to days too, what was entered after them counts on the day it was entered.
    """
    if not period.start <= held_on <= period.last_day:
        return None
    if period.enter_days is None or entered_on <= period.end + timedelta(days=period.enter_days):
        return held_on
    return entered_on if entered_on <= period.last_entry else None


def changes(period: OwedPeriod, record: Record, *, on: date | None) -> tuple[NewEvent, ...]:
    """What the record as it now stands changes in the period. `on`: the day on which it counts, None: it does not."""
    if period.counted.get(record.id) == on:
        return ()
    if on is None:
        return (NewEvent("uncounted", record.on, {"record": record.id}),)
    return (NewEvent("counted", record.on, {"record": record.id, "on": on.isoformat()}),)


def has_left(spec: DutySpec, before: Record, after: Record) -> bool:
    """Whether a subject left the states in which the duty is owed for it, or turned out never to have been."""
    if spec.owed_by.subjects != after.register:
        return False
    return _owes(spec, before) and not _owes(spec, after)


def _owes(spec: DutySpec, subject: Record) -> bool:
    states = spec.owed_by.states
    return not subject.is_void and (not states or subject.state in states)


def is_running(period: OwedPeriod, on: date) -> bool:
    """Whether nobody could tell by that day how it would end: what a subject no longer asks for is then not owed."""
    return period.end >= on


# -- commands -----------------------------------------------------------------------------------------
def decide_open(command: OpenPeriod, spec: DutySpec, pack_version: str) -> NewEvent:
    """LookupError: no period of the duty begins on that day."""
    days = period_of(spec, command.start)
    if days is None:
        raise LookupError(f"no period of {spec.id} begins on {command.start}")
    data: dict[str, Any] = {
        "duty": spec.id,
        "unit": command.unit_id,
        "subject": command.subject_id,
        "from": days[0].isoformat(),
        "to": days[1].isoformat(),
        "needed": spec.count,
        "late_days": spec.late_days,
        "pack": pack_version,
    }
    if spec.enter_days is not None:
        data["enter_days"] = spec.enter_days
    return NewEvent("opened", days[0], data)


def decide_miss(period: OwedPeriod, today: date) -> NewEvent:
    """Refused while it runs, and where it is whole, excused, or said to be missed already."""
    if period.standing is not Standing.OPEN or today <= period.last_entry:
        raise Refusal("step_not_possible_now")
    return NewEvent("missed", period.due_on + timedelta(days=period.late_days), {})


def ticket_of_missed(spec: DutySpec, period: OwedPeriod, missed_on: date, register: Register) -> RegisterTicket:
    """The problem that a missed period is, where the pack wants it to be one. In the words of the pack."""
    days = str(period.start) if period.start == period.end else f"{period.start}/{period.end}"
    values: dict[str, Any] = {f.name: f.imported for f in register.fields if f.imported is not None}
    values[register.summary_field] = f"{spec.label['zh-Hans']} {days}"
    return RegisterTicket(register=register.name, values=values, place_id=period.unit_id, found_on=missed_on)


def clockwork(directory: Directory) -> Person:
    """Who registers such a ticket: nobody, with the rights of a supervisor of everything."""
    tops = [unit.id for unit in directory.units.values() if unit.parent_id is None]
    return Person(0, "", 0, tuple(Grant(0, Role.SUPERVISOR, unit_id, None, date.min) for unit_id in tops))


def decide_answer(command: AnswerNotice, spec: DutySpec, period: OwedPeriod, world: World) -> NewEvent:
    """By whom the notice is for, while the period is missed. Who owed it gives a reason."""
    if not is_told(command.told, spec, period.unit_id, world.actor, world.directory, world.today):
        raise Refusal("not_permitted")
    if command.version != period.version:
        raise Refusal("stale_version")
    if not can_be_answered(period, command.told):
        raise Refusal("step_not_possible_now")
    note = reason_given(command.note) if command.told is Told.OWNER else printable(command.note)
    check_length(note, "reason")
    return NewEvent("answered", world.today, {"told": command.told.value, "note": note})


def is_told(told: Told, spec: DutySpec, unit_id: int, person: Person, directory: Directory, on: date) -> bool:
    """Whether a notice about this unit is for the person: who may do what was owed, or whom the duty names."""
    facts = period_facts(spec, unit_id)
    if told is Told.OWNER:
        return may(person, "register", facts, directory, on)
    return holds_role(person, spec.twice_tells, facts, directory, on)


def can_be_answered(period: OwedPeriod, told: Told) -> bool:
    return period.standing is Standing.MISSED and all(reply.told is not told for reply in period.replies)


def decide_excuse(command: ExcusePeriod, period: OwedPeriod, facts: Facts, world: World) -> NewEvent:
    """By whoever may decide for the unit, with a reason; not where it was done, and shown apart from what was."""
    if not may(world.actor, "excuse", facts, world.directory, world.today):
        raise Refusal("not_permitted")
    if command.version != period.version:
        raise Refusal("stale_version")
    if not can_be_excused(period):
        raise Refusal("step_not_possible_now")
    return NewEvent("excused", world.today, {"reason": reason_given(command.reason)})


def can_be_excused(period: OwedPeriod) -> bool:
    return period.standing not in (Standing.DONE, Standing.EXCUSED)


def period_facts(spec: DutySpec, unit_id: int) -> Facts:
    """What the permission table needs of a period: it lies where the records lie that fulfil it."""
    return Facts.of_unit(spec.activity, unit_id)
