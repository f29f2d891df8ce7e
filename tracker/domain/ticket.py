"""A ticket's state, as `effects.py` folds it from the events.

Beside what the pages show, the state keeps the *turns* of the history (status, due day, owner,
closings), from which `ledger.marks` derives every account.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from typing import Any, NamedTuple

from tracker.domain.evidence import Evidence
from tracker.domain.lifecycle import AWAITING, Status


@dataclass(frozen=True, slots=True)
class PendingExtension:
    """`asked_on`: the day of recording, whatever day the request gives itself."""

    asked_on: date
    asked_by: int
    days: int
    reason: str


@dataclass(frozen=True, slots=True)
class PendingExclusion:
    """A wish to take the ticket out of the figures: `way`: an ExclusionWay."""

    way: str
    asked_by: int
    reason: str
    into_id: int | None


@dataclass(frozen=True, slots=True)
class Support:
    """A unit that helps: its own part and its own day. It never owns, so nothing counts twice."""

    unit_id: int
    part: str
    due_on: date | None


class DueTurn(NamedTuple):
    """From `day` on the due day was `due`. `milestone`: whose start it was, "" at registration, None for a step."""

    day: int
    due: int
    position: int
    milestone: str | None


@dataclass(frozen=True, slots=True)
class Closing:
    """One closing: its day, the day the work was done, the outcome, its position in the log."""

    on: int
    completed_on: int
    outcome: str
    position: int


@dataclass(frozen=True, slots=True)
class Reached:
    """A milestone reached on a day, with the values recorded with it; `position` of its latest record.

    `by`: all who ever recorded it, so that a second record hides nobody's work.
    """

    on: int
    values: Mapping[str, Any]
    position: int
    by: frozenset[int]


@dataclass(frozen=True, slots=True)
class RunningClock:
    """A side clock: when it was started, until which day it may run, under which rule.

    Void unless `position` is that of its milestone's latest record: a corrected record may start none.
    """

    started_on: int
    due_on: int
    rule_id: str
    position: int


@dataclass(slots=True)
class Ticket:
    """The state of one ticket. Days that the ledger uses are day numbers, the others dates."""

    id: int = 0
    version: int = 0
    loud_version: int = 0  # version of the latest event that makes an open form stale
    register: str = ""
    number: str = ""
    pack_version: str = ""
    status: Status = Status.REGISTERED
    fields: Mapping[str, Any] = field(default_factory=dict)
    private: Mapping[str, str] = field(default_factory=dict)  # field name → commitment (hex)
    place_id: int = 0
    found_on: date = date.min
    registrant_id: int = 0
    is_restricted: bool = False
    named_ids: tuple[int, ...] = ()
    external_key: str | None = None
    origin_id: int | None = None  # the inspection that found it
    origin_item: str = ""  # and the item that failed there

    owner_unit_id: int | None = None
    owner_id: int | None = None
    lead_official_id: int | None = None
    supports: tuple[Support, ...] = ()
    issuer_id: int | None = None
    worker_ids: frozenset[int] = frozenset()
    worker_unit_ids: frozenset[int] = frozenset()  # units that owned it while work was done

    original_due: date | None = None
    current_due: date | None = None
    main_rule_id: str | None = None
    extension_days: tuple[int, ...] = ()
    pending_extension: PendingExtension | None = None
    paused_on: date | None = None
    paused_days: int = 0
    last_step_on: date = date.min

    submitted_on: date | None = None
    submitted_by: int | None = None
    completed_on: date | None = None
    verifier_id: int | None = None
    finding: str | None = None
    agreed_outcome: str | None = None
    outcome: str | None = None
    closed_on: date | None = None
    rejected_count: int = 0
    relapse_count: int = 0
    evidence: tuple[Evidence, ...] = ()
    evidence_before: int = 0  # files that belong to an earlier, failed or relapsed attempt
    milestones: Mapping[str, Reached] = field(default_factory=dict)
    clocks: Mapping[str, RunningClock] = field(default_factory=dict)

    pending_exclusion: PendingExclusion | None = None
    is_excluded: bool = False
    exclusion_reason: str | None = None
    excluded_by: int | None = None
    merged_into: int | None = None

    # turns of the history as day numbers, in the order of the log; that of `due_turns` may differ
    # from the order of their days, since a milestone may be recorded late
    status_turns: tuple[tuple[int, Status], ...] = ()
    due_turns: tuple[DueTurn, ...] = ()
    owner_turns: tuple[tuple[int, int], ...] = ()
    closings: tuple[Closing, ...] = ()
    reopenings: tuple[tuple[int, bool, int], ...] = ()  # (day, is a relapse, position)
    flows: tuple[tuple[str, int, int], ...] = ()  # (account, day, position)

    @property
    def is_gone(self) -> bool:
        return self.status in (Status.VOIDED, Status.MERGED)

    @property
    def is_in_hand(self) -> bool:
        """Whether the owner has taken it up since it was given to them: what came back from a check, or rested, is
        taken up still. Only a check or a pause leads to ASSIGNED from outside the owner's hands and the office's."""
        taken = False
        for (_, before), (_, after) in pairwise(self.status_turns):
            if after in (Status.ACCEPTED, Status.SUBMITTED):
                taken = True
            elif after is Status.ASSIGNED and before not in AWAITING | {Status.PAUSED}:
                taken = False
        return taken

    def facts(self) -> Mapping[str, Any]:
        """The values that predicates and deadline rows test, as known now; outcome apart."""
        values = dict(self.fields)
        for reached in self.milestones.values():
            values.update(reached.values)
        values["found_on"] = self.found_on.isoformat()
        values["found_year"] = self.found_on.year
        values["restricted"] = self.is_restricted
        return values
