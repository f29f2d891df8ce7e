"""THE table of steps: from, to, by what right, guards, what must be given, event, effect on the clock.

Form, button, permission, event and journal entry of a step follow from its row. To add a transition,
add a row (and a predicate beside the table when it needs a new guard), then its words.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from tracker.domain.refusals import Refusal

if TYPE_CHECKING:
    from tracker.domain.context import StepContext


class Status(StrEnum):
    """Where a promise stands. Overdue is not a status: it is derived from the due day."""

    REGISTERED = "registered"
    ASSIGNED = "assigned"
    ACCEPTED = "accepted"
    RETURNED = "returned"
    PAUSED = "paused"
    SUBMITTED = "submitted"
    VERIFIED = "verified"
    PUBLICISED = "publicised"
    APPROVED = "approved"
    CLOSED = "closed"
    RELAPSED = "relapsed"
    VOIDED = "voided"
    MERGED = "merged"


WORKING = frozenset({Status.ASSIGNED, Status.ACCEPTED, Status.RELAPSED})
"""The owner has it in hand: may submit, ask for an extension, be urged."""

CLOCK_RUNS = WORKING | {Status.REGISTERED, Status.RETURNED}
"""The due day can pass to the owner's charge; a submitted ticket waits for somebody else."""

AWAITING = frozenset({Status.SUBMITTED, Status.VERIFIED, Status.PUBLICISED, Status.APPROVED})
GONE = frozenset({Status.VOIDED, Status.MERGED})
OPEN = frozenset(Status) - GONE - {Status.CLOSED}


class Need(StrEnum):
    """What a step asks for; `forms/` builds the inputs from it, `needs.py` checks them."""

    OWNER = "owner"  # owner_unit_id, owner_id?, lead_official_id?, support?
    DUE = "due_on"
    REASON = "reason"
    NOTE = "note"
    EVIDENCE = "evidence"
    FINDING = "finding"
    OUTCOME = "outcome"
    EXTENSION_DAYS = "extension_days"
    PAUSE_REASON = "pause_reason"
    PUBLICITY = "publicity"  # from, to
    RECHECK_RESULT = "recheck_result"
    WAY = "way"  # void, merge, exclude
    INTO = "into_id"
    MILESTONE = "milestone"
    MESSAGE = "message"
    PEOPLE = "people"


OPTIONAL_NEEDS = frozenset({Need.NOTE, Need.MESSAGE})

Guard = Callable[["StepContext"], Refusal | None]


def verifier_is_independent(step: StepContext) -> Refusal | None:
    """Whoever did any of the work, or answers for it as owner, never verifies it; nor, where the register
    says so, anybody of a unit that owns it or did so while work was done, or the issuer.
    Source: design.md "Lifecycle"; domain.md §8.3 (谁验收谁负责)."""
    ticket, actor, separation = step.ticket, step.actor, step.register.separation
    if actor.id in ticket.worker_ids or actor.id == ticket.owner_id:
        return Refusal("own_work_cannot_be_verified")
    if separation.by_issuer and actor.id == ticket.issuer_id:
        return Refusal("issuer_cannot_verify")
    if separation.by_unit and actor.unit_id in ticket.worker_unit_ids | {ticket.owner_unit_id}:
        return Refusal("own_unit_cannot_verify")
    return None


def has_evidence(step: StepContext) -> Refusal | None:
    """No submission without what the register demands. Source: registers.md "Evidence"."""
    rule = step.register.evidence
    photos = step.count_evidence("photo_after")
    documents = step.count_evidence("document")
    if photos < rule.photos_after:
        return Refusal("evidence_missing", field="photos", needed=rule.photos_after, given=photos)
    if documents < rule.documents:
        return Refusal("evidence_missing", field="documents", needed=rule.documents, given=documents)
    if rule.note_required and not step.text("note"):
        return Refusal("field_required", field="note")
    return None


def outcome_is_possible(step: StepContext) -> Refusal | None:
    """The closing outcome is one of the register's, and what it needs has been reached."""
    name = step.text("outcome")
    outcome = step.register.outcome_by_name.get(name or "")
    if outcome is None:
        return Refusal("outcome_unknown", field="outcome", outcome=name or "")
    missing = [m for m in outcome.needs if m not in step.ticket.milestones]
    if missing:
        return Refusal("milestone_missing", field="outcome", milestone=missing[0])
    return None


def has_open_extension_request(step: StepContext) -> Refusal | None:
    if step.ticket.pending_extension is None:
        return Refusal("no_open_request")
    return None


def extension_can_be_requested(step: StepContext) -> Refusal | None:
    """A due day to move, a rule that allows it, not used up, one request at a time.

    Being too late is for the one who decides: the request stands in the log either way.
    """
    ticket = step.ticket
    if ticket.pending_extension is not None:
        return Refusal("already_requested")
    if ticket.current_due is None:
        return Refusal("extension_not_allowed")
    return None


def extension_is_within_rule(step: StepContext) -> Refusal | None:
    """Asked in time, within the longest, and not more often than the rule of the ticket's clock.

    Source: 信访工作条例 art. 34 for petitions; domain.md §8.4 (asked before expiry, else judged by
    the original date); registers.md §2.
    """
    limit = step.main_limit()
    pending = step.ticket.pending_extension
    if pending is None or limit is None:
        return None
    rule = limit.extension
    if rule is None:
        return Refusal("extension_not_allowed")
    if len(step.ticket.extension_days) >= rule.count:
        return Refusal("extension_used_up", count=rule.count)
    if pending.days > rule.days:
        return Refusal("extension_too_long", field="extension_days", days=rule.days)
    if rule.before_due and step.ticket.current_due is not None and pending.asked_on > step.ticket.current_due:
        return Refusal("extension_too_late", due_on=step.ticket.current_due)
    return None


def decider_did_not_ask(step: StepContext) -> Refusal | None:
    asked_by = step.pending_asked_by()
    if asked_by is not None and asked_by == step.actor.id:
        return Refusal("own_request_cannot_be_decided")
    return None


def has_open_exclusion_request(step: StepContext) -> Refusal | None:
    if step.ticket.pending_exclusion is None:
        return Refusal("no_open_request")
    return None


def no_open_exclusion_request(step: StepContext) -> Refusal | None:
    if step.ticket.pending_exclusion is not None:
        return Refusal("already_requested")
    return None


def is_excluded(step: StepContext) -> Refusal | None:
    return None if step.ticket.is_excluded else Refusal("step_not_possible_now")


def is_restricted(step: StepContext) -> Refusal | None:
    return None if step.ticket.is_restricted else Refusal("step_not_possible_now")


@dataclass(frozen=True, slots=True)
class Step:
    """One row. `target` None leaves the status; `closes` lets the step close the ticket as well when
    the register has no later step switched on; `is_switched` must be in the register's `steps`;
    `is_monotone` steps may not lie before the latest step's day."""

    name: str
    event: str
    sources: frozenset[Status]
    target: Status | None
    right: str
    needs: tuple[Need, ...] = ()
    guards: tuple[Guard, ...] = ()
    is_switched: bool = False
    closes: bool = False
    is_monotone: bool = True
    is_primary: bool = False


S = Status
_ANY_LIVE = frozenset(Status) - GONE

STEPS: tuple[Step, ...] = (
    Step(
        "assign",
        "assigned",
        frozenset({S.REGISTERED, S.RETURNED, S.ASSIGNED, S.ACCEPTED, S.RELAPSED}),
        S.ASSIGNED,
        "assign",
        (Need.OWNER, Need.DUE, Need.NOTE),
        is_primary=True,
    ),
    Step("accept", "accepted", frozenset({S.ASSIGNED}), S.ACCEPTED, "accept", is_switched=True, is_primary=True),
    Step(
        "object",
        "returned",
        frozenset({S.ASSIGNED, S.ACCEPTED}),
        S.RETURNED,
        "object",
        (Need.REASON,),
        is_switched=True,
    ),
    Step(
        "transfer",
        "transferred",
        frozenset({S.ASSIGNED, S.ACCEPTED, S.RELAPSED, S.RETURNED}),
        S.ASSIGNED,
        "transfer",
        (Need.OWNER, Need.REASON),
        is_switched=True,
    ),
    Step(
        "request_extension",
        "extension_requested",
        WORKING | {S.RETURNED},
        None,
        "request_extension",
        (Need.EXTENSION_DAYS, Need.REASON),
        (extension_can_be_requested,),
        is_switched=True,
    ),
    Step(
        "grant_extension",
        "extension_granted",
        OPEN,
        None,
        "decide_extension",
        (Need.NOTE,),
        (has_open_extension_request, decider_did_not_ask, extension_is_within_rule),
        is_switched=True,
    ),
    Step(
        "refuse_extension",
        "extension_refused",
        OPEN,
        None,
        "decide_extension",
        (Need.REASON,),
        (has_open_extension_request, decider_did_not_ask),
        is_switched=True,
    ),
    Step("pause", "paused", WORKING, S.PAUSED, "pause", (Need.PAUSE_REASON, Need.REASON), is_switched=True),
    Step(
        "resume", "resumed", frozenset({S.PAUSED}), S.ASSIGNED, "pause", (Need.NOTE,), is_switched=True, is_primary=True
    ),
    Step(
        "submit",
        "submitted",
        WORKING,
        S.SUBMITTED,
        "submit",
        (Need.NOTE, Need.EVIDENCE),
        (has_evidence,),
        is_primary=True,
    ),
    Step("withdraw", "withdrawn", frozenset({S.SUBMITTED}), S.ASSIGNED, "submit", (Need.REASON,)),
    Step(
        "reject",
        "rejected",
        frozenset({S.SUBMITTED, S.VERIFIED, S.PUBLICISED}),
        S.ASSIGNED,
        "verify",
        (Need.REASON,),
        (verifier_is_independent,),
    ),
    Step(
        "verify",
        "verified",
        frozenset({S.SUBMITTED}),
        S.VERIFIED,
        "verify",
        (Need.FINDING, Need.OUTCOME),
        (verifier_is_independent, outcome_is_possible),
        closes=True,
        is_primary=True,
    ),
    Step(
        "publicise",
        "publicised",
        frozenset({S.VERIFIED}),
        S.PUBLICISED,
        "publicise",
        (Need.PUBLICITY, Need.NOTE),
        is_switched=True,
        closes=True,
        is_primary=True,
    ),
    Step(
        "approve",
        "approved",
        frozenset({S.VERIFIED, S.PUBLICISED}),
        S.APPROVED,
        "approve",
        (Need.NOTE,),
        (verifier_is_independent,),
        is_switched=True,
        closes=True,
        is_primary=True,
    ),
    Step(
        "close",
        "closed",
        frozenset({S.VERIFIED, S.PUBLICISED, S.APPROVED}),
        S.CLOSED,
        "verify",
        (Need.OUTCOME,),
        (verifier_is_independent, outcome_is_possible),
        is_switched=True,
        is_primary=True,
    ),
    Step(
        "relapse", "relapsed", frozenset({S.CLOSED}), S.RELAPSED, "relapse", (Need.REASON, Need.DUE), is_switched=True
    ),
    Step("reopen", "reopened", frozenset({S.CLOSED}), S.ASSIGNED, "relapse", (Need.REASON, Need.DUE)),
    Step(
        "recheck",
        "rechecked",
        frozenset({S.CLOSED}),
        None,
        "recheck",
        (Need.RECHECK_RESULT, Need.NOTE),
        (verifier_is_independent,),
        is_switched=True,
    ),
    Step("urge", "urged", WORKING | {S.RETURNED, S.REGISTERED}, None, "urge", (Need.MESSAGE,), is_monotone=False),
    Step("comment", "commented", frozenset(Status), None, "comment", (Need.MESSAGE,), is_monotone=False),
    Step("add_evidence", "evidence_added", OPEN, None, "add_evidence", (Need.EVIDENCE, Need.NOTE), is_monotone=False),
    Step(
        "reach_milestone",
        "milestone_reached",
        _ANY_LIVE,
        None,
        "reach_milestone",
        (Need.MILESTONE, Need.NOTE),
        is_monotone=False,
    ),
    Step("name", "named", frozenset(Status), None, "name", (Need.PEOPLE,), (is_restricted,), is_monotone=False),
    Step(
        "request_exclusion",
        "exclusion_requested",
        _ANY_LIVE,
        None,
        "request_exclusion",
        (Need.WAY, Need.INTO, Need.REASON),
        (no_open_exclusion_request,),
        is_monotone=False,
    ),
    Step(
        "refuse_exclusion",
        "exclusion_refused",
        _ANY_LIVE,
        None,
        "decide_exclusion",
        (Need.REASON,),
        (has_open_exclusion_request, decider_did_not_ask),
        is_monotone=False,
    ),
    Step(
        "void",
        "voided",
        _ANY_LIVE,
        S.VOIDED,
        "decide_exclusion",
        (Need.NOTE,),
        (has_open_exclusion_request, decider_did_not_ask),
        is_monotone=False,
    ),
    Step(
        "merge",
        "merged",
        _ANY_LIVE,
        S.MERGED,
        "decide_exclusion",
        (Need.NOTE,),
        (has_open_exclusion_request, decider_did_not_ask),
        is_monotone=False,
    ),
    Step(
        "exclude",
        "excluded",
        _ANY_LIVE,
        None,
        "decide_exclusion",
        (Need.NOTE,),
        (has_open_exclusion_request, decider_did_not_ask),
        is_monotone=False,
    ),
    Step("include", "included", _ANY_LIVE, None, "decide_exclusion", (Need.REASON,), (is_excluded,), is_monotone=False),
)

STEP_BY_NAME = {step.name: step for step in STEPS}

CLOSING_ORDER = ("publicise", "approve", "close")
"""Steps that may stand between a passed verification and the closure, in order, where switched on."""

SWITCHES = frozenset(s.name for s in STEPS if s.is_switched)
"""The names a register may list under `steps`."""

QUIET = frozenset({"commented", "urged", "evidence_added", "named"})
"""Events that do not make somebody else's open form stale."""


def next_statuses() -> dict[Status, frozenset[Status]]:
    """Status → statuses reachable in one step; a test walks it for unreachable ones."""
    reach: dict[Status, set[Status]] = {status: set() for status in Status}
    for step in STEPS:
        for source in step.sources:
            if step.target is not None:
                reach[source].add(step.target)
            if step.closes:
                reach[source].add(Status.CLOSED)
    return {status: frozenset(targets) for status, targets in reach.items()}
