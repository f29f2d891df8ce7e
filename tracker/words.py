"""The sentence, per language, of every refusal, step, status, role, event and need.

Rules speak in codes; here each code has its words (files to import: file_words.py, the log: fault_words.py, registers
that an administrator makes: register_words.py).
tests/house/test_words.py holds the lists equal to the rules' own, each sentence's parameters to what the rules give.
Messages are looked up in the reader's language when they are shown, never when this file is read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from babel import Locale
from flask_babel import get_locale, gettext, lazy_gettext

from tracker import formats, register_words
from tracker.domain.lifecycle import Status
from tracker.domain.people import Role
from tracker.domain.refusals import Refusal
from tracker.domain.registers import Field, Label

_ = lazy_gettext

REFUSALS: Mapping[str, Any] = {
    "not_permitted": _("Your grants do not allow this here. Ask your supervisor or the administrator."),
    "own_work_cannot_be_verified": _("You did part of this work yourself, so somebody else has to verify it."),
    "own_unit_cannot_verify": _("Your unit owns this ticket, so another unit has to verify it."),
    "issuer_cannot_verify": _("You assigned this ticket, and this register wants another person to verify it."),
    "own_request_cannot_be_decided": _("You made this request yourself, so somebody else has to decide it."),
    "own_ticket_cannot_be_decided": _("You answer for this ticket or worked on it, so somebody else has to decide."),
    "own_access_cannot_be_changed": _("Your own roles and accounts are changed by another administrator."),
    "stale_version": _("Somebody changed this while you were writing. See what is new, then decide."),
    "step_not_possible_now": _("This is not possible as things now stand."),
    "already_requested": _("A request is already waiting for a decision."),
    "no_open_request": _("No such request is waiting for a decision."),
    "key_used_for_another_command": _(
        "This form was sent before, with something else in it. What is typed now is kept: look at it and send it again."
    ),
    "day_in_future": _("The day %(day)s lies in the future. Enter the day it really happened."),
    "day_before_latest_step": _(
        "The day %(day)s lies before the latest step of %(latest)s. Enter that day or a later one."
    ),
    "day_before_other": _("This has to be %(earliest)s or a later day."),
    "found_in_future": _("The day found, %(found_on)s, lies in the future."),
    "found_too_early": _("The day found, %(found_on)s, lies before %(first)s, the first day that can be kept."),
    "due_too_far": _("The due day %(due_on)s lies after %(last)s, the last day that can be kept."),
    "due_before_found": _("The due day %(due_on)s lies before the day found, %(found_on)s."),
    "due_before_assignment": _("The due day %(due_on)s lies before the day of assignment, %(assigned_on)s."),
    "extension_not_later": _("Say by how many days, at least 1, the due day should move."),
    "extension_too_long": _("The rule allows at most %(days)s more days."),
    "extension_used_up": _("The rule allows %(count)s extension(s), and that is used up."),
    "extension_too_late": _(
        "It was asked for after the due day %(due_on)s, so the rule does not allow it. Refuse it with this reason."
    ),
    "extension_not_allowed": _("No due day can be moved here."),
    "pause_not_allowed": _("Choose one of the reasons for which this register allows a pause."),
    "milestone_before_found": _("This day lies before the day found, %(found_on)s."),
    "milestone_out_of_order": _("This day does not fit those of the other milestones. Check the days."),
    "milestone_missing": _("A milestone that this outcome needs has not been recorded yet. Record it first."),
    "earlier_milestone_missing": _("What comes before this has not been recorded yet. Record it first."),
    "year_without_calendar": _(
        "The working days of %(year)s are not known yet. The administrator has to add the calendar; nothing is guessed."
    ),
    "field_required": _("This has to be filled in."),
    "field_too_long": _("%(length)s characters are too many; at most %(limit)s fit."),
    "field_too_short": _("%(length)s characters are too few; write at least %(limit)s."),
    "field_unknown": _("The register has no field “%(name)s”."),
    "field_not_a_number": _("“%(value)s” is not a number."),
    "measure_differs": _("Numbers told in %(value)s cannot be turned into %(measure)s. Write them in %(measure)s."),
    "field_not_a_day": _("“%(value)s” is not a day. Write it like 2023-11-24."),
    "field_not_a_time": _("“%(value)s” is not a time of the day. Write it like 09:30."),
    "field_out_of_range": _("%(value)s lies outside what is possible here (%(minimum)s to %(maximum)s)."),
    "choice_unknown": _("“%(value)s” is not one of the choices."),
    "choice_retired": _("“%(value)s” is no longer in use. Choose another."),
    "pattern_mismatch": _("“%(value)s” does not have the form that is needed here."),
    "id_number_invalid": _("This is not a valid identity number: 18 characters, the last one checks the others."),
    "unit_unknown": _("The unit “%(value)s” is not known here. Choose one from the list."),
    "unit_ambiguous": _("“%(value)s” is the name of more than one unit. Write the town before it."),
    "person_unknown": _("The person “%(value)s” is not known here. Choose one from the list."),
    "day_after_next_state": _("The day %(day)s lies after the next state began, on %(following)s."),
    "record_unknown": _("The record “%(value)s” is not known here. Choose one from the list."),
    "differs_from_link": _(
        "What was chosen under “%(link)s” says otherwise. Leave this empty to take it from there, or choose another."
    ),
    "person_not_in_unit": _("%(person)s does not belong to %(unit)s. Choose somebody who does."),
    "unit_out_of_reach": _("Your roles do not reach %(unit)s. Ask the supervisor of a wider unit to assign it there."),
    "not_a_lead_official": _("%(person)s is not a lead official for this register."),
    "owner_not_named": _(
        "This ticket is restricted, and nobody named on it could work on it there. Name the person first."
    ),
    "restricted_without_keeper": _(
        "Name a supervisor of this place as well: a restricted ticket that only you know of could never be assigned."
    ),
    "last_keeper": _(
        "%(person)s is the last who can let others know of a restricted ticket and has to name somebody else first."
    ),
    "lead_unit_also_supports": _("%(unit)s already leads, so it cannot support as well."),
    "evidence_missing": _("%(given)s of %(needed)s needed files are there. Add what is missing."),
    "reason_missing": _("Give the reason. It stays in the log."),
    "outcome_unknown": _("Choose how this ticket ends."),
    "step_switched_off": _("This register does not use this step."),
    "milestone_unknown": _("The register has no such milestone."),
    "same_ticket": _("A ticket cannot be merged into itself."),
    "merge_target_closed_or_gone": _("%(number)s was itself voided or merged. Choose the ticket that stays."),
    "others_merged_into_it": _(
        "Others were merged into this one and count here alone, so it has to stay. Merge the other one into this."
    ),
    "ticket_unknown": _("There is no ticket %(number)s here."),
    "duplicate_external_number": _("%(value)s is already recorded as %(number)s."),
    "external_number_elsewhere": _("%(value)s is already recorded, in a ticket that is not open to you."),
    "day_too_early": _("The day %(day)s lies before %(first)s, the first day that can be kept."),
    "state_unknown": _("“%(value)s” is no state of this register. Choose one from the list."),
    "stage_not_later": _("This stage has been reported already. Correct it with a reason, or report a later stage."),
    "statistic_known": _(
        "This value has been reported already as %(number)s. Report a later stage there, or correct it."
    ),
    "statistic_overlaps": _(
        "%(number)s contains this value, or is a part of it: the two would count the same thing twice."
    ),
    "state_turned": _("%(number)s is in another state. Change it on its page, with the day."),
    "value_masked": _("Only a masked value stands here. Write it in full."),
    "row_known": _("This row is already recorded as %(number)s."),
    "item_unknown": _("The checklist has no item “%(value)s”."),
    "note_missing": _("Write what is wrong: a failed item needs a note."),
    "answer_missing": _("This item has no answer yet: passed, failed or not applicable."),
    "nothing_changed": _("Nothing was changed."),
    **register_words.REFUSALS,
    "too_many_files": _("At most %(limit)s files fit into one form. Add the others afterwards."),
    "file_too_large": _("The file is larger than %(limit)s MB. Send a smaller one."),
    "file_type_refused": _("Files of this kind are not accepted. Send a photograph (JPEG, PNG) or a PDF."),
    "photograph_needed": _("Only photographs fit here (JPEG, PNG)."),
    "picture_without_time": _(
        "Of %(count)s photograph(s) here nobody knows when they were taken. Write the time below, then send again."
    ),
    "picture_without_place": _(
        "Of %(count)s photograph(s) here nobody knows where they were taken. Press “Take the position” below on the "
        "spot, or switch on location in the camera and take them again."
    ),
    "file_not_what_it_says": _("The content of the file does not fit its name. Save it again and send that."),
    "file_damaged": _("The file is damaged or locked and cannot be opened. Save it again without a password."),
    "picture_too_many_pixels": _("The picture is too large. Take it with a lower resolution."),
    "file_empty": _("The file is empty."),
    "login_taken": _("This sign-in name is taken."),
    "password_too_short": _("The password needs at least %(limit)s characters."),
    "password_too_common": _("This password is among the first that anybody would try. Choose another."),
    "role_unknown": _("There is no role “%(value)s”."),
    "grant_unknown": _("There is no such grant."),
    "grant_has_ended": _("The end of this role, %(ends_on)s, is recorded already."),
    "grant_ends_before_start": _("The role cannot end on %(ends_on)s, before its first day %(starts_on)s."),
    "person_has_left": _("%(person)s has left. Roles and accounts stay as they are."),
    "unit_name_taken": _("“%(name)s” is taken by another unit."),
}

STEPS: Mapping[str, Any] = {
    "assign": _("Assign"),
    "accept": _("Accept"),
    "object": _("Object"),
    "transfer": _("Transfer"),
    "request_extension": _("Ask for an extension"),
    "grant_extension": _("Grant the extension"),
    "refuse_extension": _("Refuse the extension"),
    "pause": _("Pause"),
    "resume": _("Resume"),
    "submit": _("Submit for closure"),
    "withdraw": _("Withdraw the submission"),
    "reject": _("Reject"),
    "verify": _("Verify"),
    "publicise": _("Publicise"),
    "approve": _("Approve"),
    "close": _("Close"),
    "relapse": _("Record a relapse"),
    "reopen": _("Reopen"),
    "recheck": _("Recheck"),
    "urge": _("Urge"),
    "comment": _("Comment"),
    "add_evidence": _("Add evidence"),
    "reach_milestone": _("Record a milestone"),
    "name": _("Name who may know"),
    "request_exclusion": _("Ask to leave it out of the figures"),
    "refuse_exclusion": _("Keep it in the figures"),
    "void": _("Void"),
    "merge": _("Merge as a duplicate"),
    "exclude": _("Exclude from the figures"),
    "include": _("Include in the figures again"),
    "amend": _("Correct"),
    "register": _("Register"),
}

STATUSES: Mapping[Status, Any] = {
    Status.REGISTERED: _("Registered"),
    Status.ASSIGNED: _("Assigned"),
    Status.ACCEPTED: _("Accepted"),
    Status.RETURNED: _("Returned"),
    Status.PAUSED: _("Paused"),
    Status.SUBMITTED: _("Awaiting verification"),
    Status.VERIFIED: _("Verified"),
    Status.PUBLICISED: _("Publicised"),
    Status.APPROVED: _("Approved"),
    Status.CLOSED: _("Closed"),
    Status.RELAPSED: _("Relapsed"),
    Status.VOIDED: _("Voided"),
    Status.MERGED: _("Merged"),
}

EVENTS: Mapping[str, Any] = {
    "registered": _("Registered"),
    "assigned": _("Assigned"),
    "accepted": _("Accepted"),
    "returned": _("Returned with an objection"),
    "transferred": _("Transferred"),
    "extension_requested": _("Extension asked for"),
    "extension_granted": _("Extension granted"),
    "extension_refused": _("Extension refused"),
    "paused": _("Paused"),
    "resumed": _("Resumed"),
    "submitted": _("Submitted for closure"),
    "withdrawn": _("Submission withdrawn"),
    "rejected": _("Verification failed"),
    "verified": _("Verified"),
    "publicised": _("Publicised"),
    "approved": _("Approved"),
    "closed": _("Closed"),
    "relapsed": _("Relapsed"),
    "reopened": _("Reopened"),
    "rechecked": _("Rechecked"),
    "urged": _("Urged"),
    "commented": _("Comment"),
    "evidence_added": _("Evidence added"),
    "milestone_reached": _("Milestone recorded"),
    "amended": _("Corrected"),
    "voided": _("Voided"),
    "merged": _("Merged as a duplicate"),
    "exclusion_requested": _("Exclusion asked for"),
    "exclusion_refused": _("Exclusion refused"),
    "excluded": _("Excluded from the figures"),
    "included": _("Included in the figures again"),
    "named": _("Named who may know"),
    "read": _("Read"),
    "revealed": _("Private value revealed"),
    "exported": _("Exported"),
    "erased": _("Private value erased"),
    "unit_added": _("Unit added"),
    "person_added": _("Person added"),
    "person_left": _("Person left"),
    "granted": _("Role given"),
    "grant_ended": _("Role ended"),
    "register_defined": _("Register defined"),
    "register_withdrawn": _("Register withdrawn"),
    "account_opened": _("Account opened"),
    "account_reset": _("New first password given"),
    "account_disabled": _("Account switched off"),
    "account_enabled": _("Account switched on again"),
    "marked_demonstration": _("Marked as a demonstration"),
    "recorded": _("Entered"),
    "state_changed": _("State changed"),
    "followed": _("State follows a ticket"),
    "reported": _("Value reported"),
    "checked": _("Checklist answered"),
    "opened": _("Period opened"),
    "counted": _("Counted for a duty"),
    "uncounted": _("No longer counted for a duty"),
    "missed": _("Missed"),
    "answered": _("Notice answered"),
    "excused": _("Excused"),
}

ROLES: Mapping[Role, Any] = {
    Role.STAFF: _("Staff"),
    Role.LEAD_OFFICIAL: _("Lead official"),
    Role.SUPERVISOR: _("Supervisor"),
    Role.VERIFIER: _("Verifier"),
    Role.APPROVER: _("Approver"),
    Role.AUDITOR: _("Auditor"),
    Role.ADMINISTRATOR: _("Administrator"),
}

NEEDS: Mapping[str, Any] = {
    "occurred_on": _("Day it happened"),
    "named": _("If restricted: who knows of it besides you"),
    "owner_unit_id": _("Owner unit"),
    "owner_id": _("Owner"),
    "lead_official_id": _("Lead official"),
    "supports": _("Support units"),
    "due_on": _("Due"),
    "reason": _("Reason"),
    "note": _("Note"),
    "evidence": _("Evidence"),
    "photos": _("Photographs after the work"),
    "documents": _("Documents"),
    "finding": _("Finding"),
    "outcome": _("Outcome"),
    "extension_days": _("More days"),
    "pause_reason": _("Reason for the pause"),
    "from_on": _("From"),
    "to_on": _("Until"),
    "recheck_result": _("Result of the recheck"),
    "way": _("How it leaves the figures"),
    "into_id": _("Duplicate of"),
    "milestone": _("Milestone"),
    "message": _("Message"),
    "people": _("Who may know"),
    "place": _("Village"),
    "found_on": _("Found on"),
}

CHOICES: Mapping[str, Any] = {
    "passed": _("Problem has not returned"),
    "failed": _("Problem has returned"),
    "void": _("Entered by mistake"),
    "merge": _("Duplicate of another ticket"),
    "exclude": _("Leave out of the rate"),
    "photo_before": _("Before"),
    "photo_after": _("After"),
    "photo_check": _("At the check"),
    "document": _("Document"),
    "photo": _("Photograph"),
    "signature": _("Signature"),
    # the answers of a checklist
    "pass": _("Pass"),
    "fail": _("Fail"),
    "na": _("Not applicable"),
}


def refusal(why: Refusal) -> str:
    """The sentence of a refusal in the reader's language; days, lists and steps follow the locale."""
    said = {"step": STEPS.get(why.params["step"])} if "step" in why.params else {}
    return formats.filled(REFUSALS[why.code], {**why.params, **said})


def step(name: str) -> str:
    return str(STEPS[name])


def status(which: Status) -> str:
    return _statuses(get_locale())[which]


@cache
def _statuses(_locale: Locale | None) -> dict[Status, str]:
    """In this language: a list names a hundred."""
    return {which: str(said) for which, said in STATUSES.items()}


def event(kind: str) -> str:
    return str(EVENTS[kind])


def role(which: Role | str) -> str:
    return str(ROLES[Role(which)])


def need(name: str) -> str:
    return str(NEEDS[name])


def choice(name: str) -> str:
    return str(CHOICES[name])


def of(label: Label) -> str:
    """A pack's label in the reader's language."""
    return formats.label(label)


def label_of(name: str, fields: Iterable[Field]) -> str:
    """How a field is called; what is no field of the register by the head's own words."""
    label = next((field.label for field in fields if field.name == name), None)
    if label is not None:
        return of(label)
    return need(name) if name in NEEDS else name


def yes_no(value: bool) -> str:
    return gettext("Yes") if value else gettext("No")
