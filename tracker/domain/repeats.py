"""Whether a command whose key was used before is the one that used it, or another that deserves a word.

A browser's Back shows a form with its old key: what is then typed and sent is another registration, not the same once
more.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tracker.domain.commands import (
    AddPerson,
    AddUnit,
    AmendRecord,
    AmendTicket,
    AnswerItems,
    AnswerNotice,
    ChangeAccount,
    ChangeState,
    Command,
    DefineRegister,
    EndGrant,
    EnterRecord,
    ExcusePeriod,
    GiveGrant,
    MarkDemonstration,
    MissPeriod,
    NoteAccess,
    OpenPeriod,
    PersonLeaves,
    RegisterTicket,
    ReportValue,
    TakeStep,
    VoidRecord,
    WithdrawRegister,
)
from tracker.domain.confidential import PREFIX
from tracker.domain.deciding import checked_values
from tracker.domain.events import Event
from tracker.domain.lifecycle import STEP_BY_NAME
from tracker.domain.people import Directory
from tracker.domain.records import RecordRegister
from tracker.domain.refusals import Refusals
from tracker.domain.registers import Register
from tracker.domain.values import check_record, filled

_KINDS: Mapping[type, str] = {
    RegisterTicket: "registered",
    AmendTicket: "amended",
    EnterRecord: "recorded",
    AmendRecord: "amended",
    VoidRecord: "voided",
    ChangeState: "state_changed",
    ReportValue: "reported",
    AnswerItems: "checked",
    AddUnit: "unit_added",
    AddPerson: "person_added",
    GiveGrant: "granted",
    EndGrant: "grant_ended",
    PersonLeaves: "person_left",
    MarkDemonstration: "marked_demonstration",
    DefineRegister: "register_defined",
    WithdrawRegister: "register_withdrawn",
    OpenPeriod: "opened",
    MissPeriod: "missed",
    AnswerNotice: "answered",
    ExcusePeriod: "excused",
}


def is_another(command: Command, first: Event) -> bool:
    """Another kind of command, or for another ticket or person, than the one whose first event is given."""
    if first.kind != _kind(command):
        return True
    if isinstance(command, TakeStep | AmendTicket):
        return first.stream_id != command.ticket_id
    if isinstance(command, MissPeriod | AnswerNotice | ExcusePeriod):
        return first.stream_id != command.period_id
    if isinstance(command, AmendRecord | VoidRecord | ChangeState | ReportValue | AnswerItems):
        return first.stream_id != command.record_id
    if isinstance(command, GiveGrant | EndGrant | PersonLeaves | ChangeAccount):
        return first.stream_id != command.person_id
    return False


def _kind(command: Command) -> str:
    if isinstance(command, TakeStep):
        step = STEP_BY_NAME.get(command.step)
        return step.event if step else ""
    if isinstance(command, ChangeAccount):
        return command.change.value
    return command.kind if isinstance(command, NoteAccess) else _KINDS[type(command)]


def is_another_problem(
    command: RegisterTicket, first: Event, private: Mapping[str, Any], register: Register, directory: Directory
) -> bool:
    """Other values than those registered with the key. `private`: what of them is still in the vault.

    A row of an import has a number that makes it the same row, whatever else was chosen for it the second time.
    """
    if command.external_key is not None:
        return False
    try:
        checked = checked_values(command, register, directory)
    except Refusals:
        return True
    data = first.data
    was_private = {name for name in data.get("private", {}) if not name.startswith(PREFIX)}
    return (
        (command.register, command.place_id, command.found_on.isoformat(), command.is_restricted)
        != (data["register"], data["place"], data["found_on"], data.get("restricted", False))
        or checked.open != data["fields"]
        or checked.private.keys() != was_private
        or any(private.get(name, value) != value for name, value in checked.private.items())
    )


def is_another_record(command: EnterRecord, first: Event, register: RecordRegister, directory: Directory) -> bool:
    """Other open values than those recorded with the key. Private ones are not compared: the log does not have them.

    A row of an import is the same row, as in `is_another_problem`.
    """
    if first.data.get("register") != register.name:
        return True
    if command.external_key is not None:
        return False
    is_left = not command.is_complete
    given = filled(command.values) if is_left else command.values
    was = dict(first.data["fields"])
    try:
        checked = check_record(register, given, directory, is_partial=is_left, before=was)
    except Refusals:
        return True
    if command.answers and register.nil_field not in checked.open:
        was.pop(register.nil_field, None)  # what the answers said
    if register.opens is not None and register.opens.link not in checked.open:
        was.pop(register.opens.link, None)  # what it opened
    was_private: Mapping[str, Any] = first.data.get("private", {})
    return dict(checked.open) != was or checked.private.keys() != was_private.keys()
