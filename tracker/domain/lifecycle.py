"""THE table of steps: one row says from, to, by what right, guards, what must be given, event, and how it is asked.

Button, form, permission and entry of the log follow from the row. To add a step: a row here, the effect of its event in
`effects.py`, the words of step and event in `tracker/words.py` with their translations (`make messages`), its second
copy in `tests/lives.py`. If a ticket waits for it (`awaited_in`), a sentence in `templates/tickets/_turn.html`; if
it may close a ticket, its button in `_form.html`.
- A new right is a row in `access.py`.
- A new guard is a predicate in `guards.py` (in `OF_WHAT_IS_GIVEN` there if it looks at what is given with the step);
  a new code of its refusal a row in `refusals.py` with its sentence in `words.py` (in `NOT_APPLICABLE` if it
  says that nothing was to be done).
- A new need is a collector in `needs.py`, an input in `forms/step.py`, its word in `tracker/words.py`.
- A new status comes last in `Status` and has a place in the sets below, a word in `tracker/words.py`, a sign in
  `templates/components/status.html`, a cell in `templates/tickets/_promise.html`.
- A new wish to be decided is a field of `ticket.py`, a part of `StepContext.pending` and of `awaited_decisions`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from tracker.domain.guards import (
    Guard,
    decider_is_independent,
    extension_can_be_requested,
    extension_is_within_rule,
    has_evidence,
    has_open_request,
    is_excluded,
    is_restricted,
    is_the_way_asked_for,
    no_open_exclusion_request,
    outcome_is_possible,
    pictures_are_told,
    stands_for_no_other,
    verifier_is_independent,
)


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


STATUS_BY_NUMBER = tuple(Status)
STATUS_NUMBERS: Mapping[Status, int] = {status: i for i, status in enumerate(Status)}
"""Tables keep the number of the place in `Status`: append only, or rebuild."""

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


class Wish(StrEnum):
    """What one person asks for and another grants or refuses."""

    EXTENSION = "extension"
    EXCLUSION = "exclusion"


class Extra(StrEnum):
    """What a step adds to its event beside what it is given; `deciding.py` works it out."""

    EXTENDED_DUE = "extended_due"
    PAUSED_DUE = "paused_due"
    EXCLUSION = "exclusion"


@dataclass(frozen=True, slots=True)
class Step:
    """One row.

    `target` None leaves the status. `is_switched`: must be in the register's `steps`. `closes`: closes the ticket as
    well where the register has no later step switched on. `closing_rank`: its place among the steps that may stand
    between a passed verification and the closure, 0 for none. `is_monotone`: may not lie before the latest step's day.
    `awaited_in`: where the ticket waits for this step, unless an earlier row that the register has is waited for
    there too. `otherwise`: the step for whoever would not take this one, shown beside it.
    `required`: needs that are optional elsewhere and not here. `extra`: what it adds by itself. `decides`: the wish
    that it answers. `restarts_clock`: the rule in force gives a new due day.
    `is_said_now`: happens when it is written down, no day is asked. `is_quiet`: does not make somebody else's open
    form stale, and moves no mark. `is_at_once`: its few fields stand on the ticket's own page. `shows_evidence`:
    whoever takes it looks at the files first.
    """

    name: str
    event: str
    sources: frozenset[Status]
    target: Status | None
    right: str
    needs: tuple[Need, ...] = ()
    guards: tuple[Guard, ...] = ()
    is_switched: bool = False
    closes: bool = False
    closing_rank: int = 0
    is_monotone: bool = True
    awaited_in: frozenset[Status] = frozenset()
    otherwise: str = ""
    required: frozenset[Need] = frozenset()
    extra: Extra | None = None
    decides: Wish | None = None
    restarts_clock: bool = False
    is_said_now: bool = False
    is_quiet: bool = False
    is_at_once: bool = False
    shows_evidence: bool = False

    @property
    def is_submission(self) -> bool:
        """Whether it claims the work done: the register's rule of evidence applies, and the camera comes first."""
        return has_evidence in self.guards


S = Status
_ANY_LIVE = frozenset(Status) - GONE

# One row is one thing to read, so it is laid out by hand.
# fmt: off
STEPS: tuple[Step, ...] = (
    Step("assign", "assigned", WORKING | {S.REGISTERED, S.RETURNED}, S.ASSIGNED, "assign",
         (Need.OWNER, Need.DUE, Need.NOTE), awaited_in=frozenset({S.REGISTERED, S.RETURNED})),
    Step("accept", "accepted", frozenset({S.ASSIGNED}), S.ACCEPTED, "accept",
         is_switched=True, awaited_in=frozenset({S.ASSIGNED}), otherwise="object", is_at_once=True),
    Step("object", "returned", frozenset({S.ASSIGNED, S.ACCEPTED}), S.RETURNED, "object",
         (Need.REASON,), is_switched=True),
    Step("transfer", "transferred", WORKING | {S.RETURNED}, S.ASSIGNED, "transfer",
         (Need.OWNER, Need.REASON), is_switched=True),
    Step("request_extension", "extension_requested", WORKING | {S.RETURNED}, None, "request_extension",
         (Need.EXTENSION_DAYS, Need.REASON), (extension_can_be_requested,), is_switched=True),
    Step("grant_extension", "extension_granted", OPEN, None, "decide_extension",
         (Need.NOTE,), (has_open_request, decider_is_independent, extension_is_within_rule), is_switched=True,
         otherwise="refuse_extension", extra=Extra.EXTENDED_DUE, decides=Wish.EXTENSION, is_at_once=True),
    Step("refuse_extension", "extension_refused", OPEN, None, "decide_extension",
         (Need.REASON,), (has_open_request, decider_is_independent), is_switched=True, decides=Wish.EXTENSION),
    Step("pause", "paused", WORKING, S.PAUSED, "pause", (Need.PAUSE_REASON, Need.REASON), is_switched=True),
    Step("resume", "resumed", frozenset({S.PAUSED}), S.ASSIGNED, "pause",
         (Need.NOTE,), is_switched=True, awaited_in=frozenset({S.PAUSED}), extra=Extra.PAUSED_DUE, is_at_once=True),
    Step("submit", "submitted", WORKING, S.SUBMITTED, "submit",
         (Need.NOTE, Need.EVIDENCE), (has_evidence, pictures_are_told), awaited_in=WORKING,
         otherwise="request_extension"),
    Step("withdraw", "withdrawn", frozenset({S.SUBMITTED}), S.ASSIGNED, "submit", (Need.REASON,)),
    Step("reject", "rejected", frozenset({S.SUBMITTED, S.VERIFIED, S.PUBLICISED}), S.ASSIGNED, "verify",
         (Need.REASON,), (verifier_is_independent,), shows_evidence=True),
    Step("verify", "verified", frozenset({S.SUBMITTED}), S.VERIFIED, "verify",
         (Need.FINDING, Need.OUTCOME), (verifier_is_independent, outcome_is_possible), closes=True,
         awaited_in=frozenset({S.SUBMITTED}), otherwise="reject", is_at_once=True, shows_evidence=True),
    Step("publicise", "publicised", frozenset({S.VERIFIED}), S.PUBLICISED, "publicise",
         (Need.PUBLICITY, Need.NOTE), is_switched=True, closes=True, closing_rank=1, awaited_in=frozenset({S.VERIFIED}),
         otherwise="reject", is_at_once=True, shows_evidence=True),
    Step("approve", "approved", frozenset({S.VERIFIED, S.PUBLICISED}), S.APPROVED, "approve",
         (Need.NOTE,), (verifier_is_independent,), is_switched=True, closes=True, closing_rank=2,
         awaited_in=frozenset({S.VERIFIED, S.PUBLICISED}), otherwise="reject", is_at_once=True, shows_evidence=True),
    Step("close", "closed", frozenset({S.VERIFIED, S.PUBLICISED, S.APPROVED}), S.CLOSED, "verify",
         (Need.OUTCOME,), (verifier_is_independent, outcome_is_possible), is_switched=True, closing_rank=3,
         awaited_in=frozenset({S.VERIFIED, S.PUBLICISED, S.APPROVED}), is_at_once=True, shows_evidence=True),
    Step("relapse", "relapsed", frozenset({S.CLOSED}), S.RELAPSED, "relapse",
         (Need.REASON, Need.DUE), is_switched=True, restarts_clock=True),
    Step("reopen", "reopened", frozenset({S.CLOSED}), S.ASSIGNED, "relapse",
         (Need.REASON, Need.DUE), restarts_clock=True),
    Step("recheck", "rechecked", frozenset({S.CLOSED}), None, "recheck",
         (Need.RECHECK_RESULT, Need.NOTE), (verifier_is_independent,), is_switched=True, shows_evidence=True),
    Step("urge", "urged", WORKING | {S.RETURNED, S.REGISTERED}, None, "urge",
         (Need.MESSAGE,), is_monotone=False, is_said_now=True, is_quiet=True),
    Step("comment", "commented", frozenset(Status), None, "comment",
         (Need.MESSAGE,), is_monotone=False, required=frozenset({Need.MESSAGE}), is_said_now=True,
         is_quiet=True),
    Step("add_evidence", "evidence_added", OPEN, None, "add_evidence",
         (Need.EVIDENCE, Need.NOTE), (pictures_are_told,), is_monotone=False, required=frozenset({Need.EVIDENCE}),
         is_quiet=True),
    Step("reach_milestone", "milestone_reached", _ANY_LIVE, None, "reach_milestone",
         (Need.MILESTONE, Need.NOTE), is_monotone=False),
    Step("name", "named", frozenset(Status), None, "name",
         (Need.PEOPLE,), (is_restricted,), is_monotone=False, is_said_now=True, is_quiet=True),
    Step("request_exclusion", "exclusion_requested", _ANY_LIVE, None, "request_exclusion",
         (Need.WAY, Need.INTO, Need.REASON), (no_open_exclusion_request,), is_monotone=False),
    Step("refuse_exclusion", "exclusion_refused", _ANY_LIVE, None, "decide_exclusion",
         (Need.REASON,), (has_open_request, decider_is_independent), is_monotone=False, decides=Wish.EXCLUSION),
    Step("void", "voided", _ANY_LIVE, S.VOIDED, "decide_exclusion",
         (Need.NOTE,), (is_the_way_asked_for, decider_is_independent, stands_for_no_other), is_monotone=False,
         otherwise="refuse_exclusion", extra=Extra.EXCLUSION, decides=Wish.EXCLUSION),
    Step("merge", "merged", _ANY_LIVE, S.MERGED, "decide_exclusion",
         (Need.NOTE,), (is_the_way_asked_for, decider_is_independent, stands_for_no_other), is_monotone=False,
         otherwise="refuse_exclusion", extra=Extra.EXCLUSION, decides=Wish.EXCLUSION),
    Step("exclude", "excluded", _ANY_LIVE, None, "decide_exclusion",
         (Need.NOTE,), (is_the_way_asked_for, decider_is_independent), is_monotone=False, otherwise="refuse_exclusion",
         extra=Extra.EXCLUSION, decides=Wish.EXCLUSION),
    Step("include", "included", _ANY_LIVE, None, "decide_exclusion", (Need.REASON,),
         (is_excluded, decider_is_independent), is_monotone=False),
)
# fmt: on

STEP_BY_NAME = {step.name: step for step in STEPS}

SWITCHES = frozenset(s.name for s in STEPS if s.is_switched)
"""The names a register may list under `steps`."""

QUIET = frozenset(step.event for step in STEPS if step.is_quiet)
"""Events that do not make somebody else's open form stale."""

HANDING_OVER = frozenset(step.right for step in STEPS if Need.OWNER in step.needs)
"""Rights to steps that give the ticket to an owner: only to one within reach of the right (`access.may_hand_to`)."""
