"""One record's life: what was recorded, corrected, voided, which states it went through, which values were reported.

`evolve(state, event)` folds; nothing refuses here. The rules are in `recording.py`, the marks in `record_ledger.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, NamedTuple

from tracker.domain.days import to_number
from tracker.domain.events import Event
from tracker.domain.evidence import Evidence, files_of
from tracker.domain.turns import Claim, StateTurn, claim_of, turns_of


class Report(NamedTuple):
    """A value of a statistic at a stage, reported on a day. `fields`: all that was said with it."""

    day: int
    stage: str
    fields: Mapping[str, Any]
    position: int


@dataclass(frozen=True, slots=True)
class Record:
    """The state of one activity, subject or statistic."""

    id: int = 0
    version: int = 0
    register: str = ""
    number: str = ""
    pack_version: str = ""
    unit_id: int = 0
    on: date = date.min
    fields: Mapping[str, Any] = field(default_factory=dict)
    private: Mapping[str, str] = field(default_factory=dict)  # field name → commitment (hex)
    recorder_id: int = 0
    key: str | None = None
    is_void: bool = False
    void_reason: str | None = None
    is_complete: bool = True
    checklist: str | None = None  # the one that was walked
    answers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # item → result, note, photo, left_out
    score: Mapping[str, int] | None = None  # of a scored checklist that is complete: points, out_of
    evidence: tuple[Evidence, ...] = ()
    turns: tuple[StateTurn, ...] = ()  # in the order of their days
    said_turns: tuple[StateTurn, ...] = ()  # those that people said, the opening first
    claims: Mapping[int, tuple[Claim, ...]] = field(default_factory=dict)  # by ticket
    reports: tuple[Report, ...] = ()

    @property
    def state(self) -> str | None:
        """The state the subject is in now, of the latest day."""
        return self.turns[-1].state if self.turns else None


def evolve(state: Record | None, event: Event) -> Record:
    """The state after the event."""
    before = state or Record()
    after = _APPLY[event.kind](before, event, event.data)
    return replace(after, version=event.version)


def fold(events: Iterable[Event]) -> Record | None:
    """The state after all the events of one record, in log order; None when there are none."""
    state: Record | None = None
    for event in events:
        state = evolve(state, event)
    return state


def _recorded(r: Record, e: Event, data: Mapping[str, Any]) -> Record:
    opened: tuple[StateTurn, ...] = ()
    if "state" in data:
        opened = (StateTurn(to_number(e.occurred_on), data["state"], e.position),)
    return replace(
        r,
        id=e.stream_id,
        register=data["register"],
        number=data["number"],
        pack_version=data["pack"],
        unit_id=data["unit"],
        on=e.occurred_on,
        fields=dict(data["fields"]),
        private=dict(data.get("private", {})),
        recorder_id=e.actor_id,
        key=data.get("key"),
        is_complete=data.get("complete", True),
        checklist=data.get("checklist"),
        answers=dict(data.get("answers", {})),
        score=data.get("score"),
        evidence=_files(e, data),
        turns=opened,
        said_turns=opened,
        reports=(_report(e, data["fields"], data["stage"]),) if "stage" in data else (),
    )


def _amended(r: Record, e: Event, data: Mapping[str, Any]) -> Record:
    """A correction: once known it holds for every day. Of a statistic the report of the given stage is corrected."""
    changed = _merged(r.fields, data["changes"])
    reports = r.reports
    if "stage" in data:
        reports = tuple(
            Report(_day(data) or x.day, x.stage, _merged(x.fields, data["changes"]), e.position)
            if x.stage == data["stage"]
            else x
            for x in reports
        )
    said = r.said_turns
    if said and "on" in data:  # the day of opening was wrong
        said = (said[0]._replace(day=to_number(date.fromisoformat(data["on"]))), *said[1:])
    return replace(
        r,
        fields=changed,
        private={**r.private, **data.get("private", {})},
        unit_id=data.get("unit", r.unit_id),
        on=date.fromisoformat(data["on"]) if "on" in data else r.on,
        evidence=(*r.evidence, *_files(e, data)),
        turns=turns_of(said, r.claims),
        said_turns=said,
        reports=reports,
    )


def _day(data: Mapping[str, Any]) -> int | None:
    return to_number(date.fromisoformat(data["on"])) if "on" in data else None


def _merged(fields: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """None clears a field."""
    return {name: value for name, value in {**fields, **changes}.items() if value is not None}


def _voided(r: Record, e: Event, data: Mapping[str, Any]) -> Record:
    return replace(r, is_void=True, void_reason=data["reason"])


def _state_changed(r: Record, e: Event, data: Mapping[str, Any]) -> Record:
    turn = StateTurn(to_number(e.occurred_on), data["state"], e.position)
    fields = _merged(r.fields, data.get("fields", {}))
    said = (*r.said_turns, turn)
    return replace(
        r,
        turns=turns_of(said, r.claims),
        said_turns=said,
        fields=fields,
        private={**r.private, **data.get("private", {})},
        evidence=(*r.evidence, *_files(e, data)),
    )


def _followed(r: Record, e: Event, data: Mapping[str, Any]) -> Record:
    """One of its tickets says otherwise than before what state it should be in."""
    claims = {**r.claims, data["ticket"]: tuple(claim_of(claim) for claim in data["claims"])}
    claims = {ticket_id: of_ticket for ticket_id, of_ticket in claims.items() if of_ticket}
    fields = _merged(r.fields, data.get("fields", {}))
    return replace(r, claims=claims, turns=turns_of(r.said_turns, claims), fields=fields)


def _reported(r: Record, e: Event, data: Mapping[str, Any]) -> Record:
    report = _report(e, data["fields"], data["stage"])
    return replace(r, reports=(*r.reports, report), fields=_merged(r.fields, data["fields"]))


def _report(e: Event, fields: Mapping[str, Any], stage: str) -> Report:
    return Report(to_number(e.occurred_on), stage, dict(fields), e.position)


def _checked(r: Record, e: Event, data: Mapping[str, Any]) -> Record:
    return replace(
        r,
        fields=_merged(r.fields, data.get("fields", {})),
        private={**r.private, **data.get("private", {})},
        checklist=data.get("checklist", r.checklist),
        answers={**r.answers, **data["answers"]},
        score=data.get("score", r.score),
        is_complete=data.get("complete", r.is_complete),
        evidence=(*r.evidence, *_files(e, data)),
    )


def _files(e: Event, data: Mapping[str, Any]) -> tuple[Evidence, ...]:
    return files_of(e, data.get("evidence", ()))


_APPLY = {
    "recorded": _recorded,
    "amended": _amended,
    "voided": _voided,
    "state_changed": _state_changed,
    "followed": _followed,
    "reported": _reported,
    "checked": _checked,
}
