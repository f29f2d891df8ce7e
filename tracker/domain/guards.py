"""What must hold before a step is taken, beside its right and the status: one small predicate per rule.

The rows of `lifecycle.STEPS` name them. A guard looks and answers with a Refusal, or None; those in
`OF_WHAT_IS_GIVEN` look at what is given with the step, the others at ticket and person alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from tracker.domain.kinds import EvidenceKind
from tracker.domain.proofs import untold
from tracker.domain.refusals import Refusal, Refusals

if TYPE_CHECKING:
    from tracker.domain.context import StepContext
    from tracker.domain.registers import Register
    from tracker.domain.ticket import Ticket

Guard = Callable[["StepContext"], Refusal | Refusals | None]


def verifier_is_independent(step: StepContext) -> Refusal | None:
    """Whoever did any of the work, or answers for it as owner, never verifies it; nor, where the register
    says so, anybody of a unit that owns it or did so while work was done, or the issuer. Work is also the
    record of a milestone on which a closing rests (the reply, the building disposed), whoever else recorded it
    again. Source: design.md "Lifecycle"; domain.md §8.3 (谁验收谁负责)."""
    ticket, actor, separation = step.ticket, step.actor, step.register.separation
    if _answers_for_it(step):
        return Refusal("own_work_cannot_be_verified")
    if separation.by_issuer and actor.id == ticket.issuer_id:
        return Refusal("issuer_cannot_verify")
    if separation.by_unit and actor.unit_id in ticket.worker_unit_ids | {ticket.owner_unit_id}:
        return Refusal("own_unit_cannot_verify")
    return None


def _answers_for_it(step: StepContext) -> bool:
    ticket, actor, names = step.ticket, step.actor, step.register.work_milestones
    recorded_work = any(actor.id in reached.by for name, reached in ticket.milestones.items() if name in names)
    return actor.id in ticket.worker_ids or actor.id == ticket.owner_id or recorded_work


def has_evidence(step: StepContext) -> Refusals | None:
    """No submission without what the register demands: all that lacks is said at once. The picture before may come as
    late as this, for whoever registered it in the rain. Source: registers.md "Evidence"."""
    rule = step.register.evidence
    asked = {
        "photos_before": (pictures_before_needed(step.ticket, step.register), step.count_before()),
        "photos": (rule.photos_after, step.count_evidence(EvidenceKind.PHOTO_AFTER)),
        "documents": (rule.documents, step.count_evidence(EvidenceKind.DOCUMENT)),
    }
    lacking = [
        Refusal("evidence_missing", field=field, needed=needed, given=given)
        for field, (needed, given) in asked.items()
        if given < needed
    ]
    if rule.note_required and not step.text("note"):
        lacking.append(Refusal("field_required", field="note"))
    return Refusals(lacking) if lacking else None


def pictures_before_needed(ticket: Ticket, register: Register) -> int:
    """How many: none of a row of a ledger that was kept elsewhere, whose pictures are there."""
    return 0 if ticket.external_key is not None else register.evidence.photos_before


def pictures_are_told(step: StepContext) -> Refusals | None:
    """Each picture before or after the work says when and where it was taken, where the register asks it."""
    lacking = untold(step.register.evidence.taken, step.command.evidence)
    return Refusals(lacking) if lacking else None


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


def has_open_request(step: StepContext) -> Refusal | None:
    return None if step.pending() is not None else Refusal("no_open_request")


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

    What counts is the day on which the request was recorded: a day typed afterwards proves nothing.
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


def decider_is_independent(step: StepContext) -> Refusal | None:
    """A request to move the due day or to leave the figures, and a return into them, is decided neither by who asked
    nor by who answers for the ticket: the owner and whoever did any of the work. Strict by choice: to refuse is to
    decide as well. Source: security.md "figures" (insiders are adversaries here); domain.md §8.4."""
    pending = step.pending()
    if pending is not None and pending.asked_by == step.actor.id:
        return Refusal("own_request_cannot_be_decided")
    return Refusal("own_ticket_cannot_be_decided") if _answers_for_it(step) else None


def is_the_way_asked_for(step: StepContext) -> Refusal | None:
    """void, merge and exclude grant the request that is open, and no other."""
    pending = step.ticket.pending_exclusion
    return None if pending is not None and pending.way == step.command.step else Refusal("no_open_request")


def stands_for_no_other(step: StepContext) -> Refusal | None:
    """What was merged into a ticket counts there alone: if that one left, a promise would stand in no figure."""
    return Refusal("others_merged_into_it") if step.world.has_merged(step.ticket.id) else None


def no_open_exclusion_request(step: StepContext) -> Refusal | None:
    if step.ticket.pending_exclusion is not None:
        return Refusal("already_requested")
    return None


def is_excluded(step: StepContext) -> Refusal | None:
    return None if step.ticket.is_excluded else Refusal("step_not_possible_now")


def is_restricted(step: StepContext) -> Refusal | None:
    return None if step.ticket.is_restricted else Refusal("step_not_possible_now")


OF_WHAT_IS_GIVEN: frozenset[Guard] = frozenset({has_evidence, pictures_are_told, outcome_is_possible})
"""Not asked before anything is given: the button stands there, the form says what it needs."""
