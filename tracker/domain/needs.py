"""What a step must be given: one collector per need, from the command's values to the event's data.

A collector checks and refuses; `forms/` builds the inputs from the same needs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from tracker.domain import deadlines
from tracker.domain.access import may, may_hand_to
from tracker.domain.context import StepContext, ticket_facts
from tracker.domain.days import LAST_DAY, from_number
from tracker.domain.guards import stands_for_no_other
from tracker.domain.kinds import EvidenceKind, ExclusionWay, RecheckResult
from tracker.domain.lifecycle import OPTIONAL_NEEDS, Need, Step
from tracker.domain.milestones import check_milestone_day, clocks_started, merge_clocks, milestone_values
from tracker.domain.people import Directory, Person, Role, Unit
from tracker.domain.refusals import Refusal
from tracker.domain.values import printable

MAX_TEXT = 2000
_EVIDENCE_KINDS = frozenset(EvidenceKind)
MAX_EXTENSION_DAYS = 3650
"""Ten years: where no rule sets a limit, so that the new due day is one that a calendar knows."""


def check_length(text: str, field: str) -> None:
    if len(text) > MAX_TEXT:
        raise Refusal("field_too_long", field=field, limit=MAX_TEXT, length=len(text))


def reason_given(text: str) -> str:
    """A reason, as the log keeps it: there must be one."""
    reason = printable(text)
    if not reason:
        raise Refusal("reason_missing", field="reason")
    check_length(reason, "reason")
    return reason


def _reason(step: Step, context: StepContext) -> dict[str, Any]:
    return {"reason": reason_given(context.text("reason") or "")}


def _text_of(name: str, key: str | None = None) -> Callable[[Step, StepContext], dict[str, Any]]:
    def collect(step: Step, context: StepContext) -> dict[str, Any]:
        text = context.text(name)
        if text is None:
            if Need(name) in OPTIONAL_NEEDS - step.required:
                return {}
            raise Refusal("field_required", field=name)
        check_length(text, name)
        return {key or name: text}

    return collect


def check_place(place_id: int, directory: Directory) -> None:
    unit = directory.units.get(place_id)
    if unit is None or unit.is_closed:
        raise Refusal("unit_unknown", field="place", value=str(place_id))


def _owner(step: Step, context: StepContext) -> dict[str, Any]:
    """Exactly one unit leads; support units have their own part and day and never the lead's."""
    values, directory = context.command.values, context.world.directory
    unit_id = values.get("owner_unit_id")
    unit = directory.units.get(unit_id) if isinstance(unit_id, int) else None
    if unit is None or unit.is_closed:
        code = "unit_unknown" if unit_id else "field_required"
        raise Refusal(code, field="owner_unit_id", value=str(unit_id or ""))
    if not may_hand_to(context.actor, step.right, unit.id, context.register.name, directory, context.world.today):
        raise Refusal("unit_out_of_reach", field="owner_unit_id", unit=unit.name)
    data: dict[str, Any] = {"owner_unit": unit.id, **_people_of_owner(unit, context)}
    if context.ticket.is_restricted:
        _check_owner_knows(unit.id, data, context)
    supports = values.get("supports") or ()
    for support in supports:
        if support["unit_id"] == unit_id:
            raise Refusal("lead_unit_also_supports", field="supports", unit=unit.name)
        helper = directory.units.get(support["unit_id"])
        if helper is None or helper.is_closed:
            raise Refusal("unit_unknown", field="supports", value=str(support["unit_id"]))
    if supports:
        data["support"] = [_support(s) for s in supports]
    return data


def _people_of_owner(unit: Unit, context: StepContext) -> dict[str, Any]:
    directory, data = context.world.directory, {}
    for name, key in (("owner_id", "owner"), ("lead_official_id", "lead_official")):
        person_id = context.command.values.get(name)
        if person_id is None:
            continue
        person = directory.people.get(person_id)
        if person is None or person.has_left:
            raise Refusal("person_unknown", field=name, value=str(person_id))
        if name == "owner_id" and not directory.is_within(person.unit_id, unit.id):
            raise Refusal("person_not_in_unit", field=name, person=person.name, unit=unit.name)
        if name == "lead_official_id" and not _leads(person, context):
            raise Refusal("not_a_lead_official", field=name, person=person.name)
        data[key] = person_id
    return data


def _leads(person: Person, context: StepContext) -> bool:
    grants = person.grants_on(context.world.today)
    return any(g.role is Role.LEAD_OFFICIAL and g.register in (None, context.register.name) for g in grants)


def _check_owner_knows(unit_id: int, data: Mapping[str, Any], context: StepContext) -> None:
    """A restricted ticket goes only to people named on it; to a unit only where somebody named works there."""
    ticket, world = context.ticket, context.world
    for name, key in (("owner_id", "owner"), ("lead_official_id", "lead_official")):
        if key in data and data[key] not in ticket.named_ids:
            raise Refusal("owner_not_named", field=name)
    there = replace(ticket_facts(ticket), owner_unit_id=unit_id)
    named = (world.directory.people[i] for i in ticket.named_ids if i in world.directory.people)
    if not any(may(person, "submit", there, world.directory, world.today) for person in named):
        raise Refusal("owner_not_named", field="owner_unit_id")


def _support(support: Mapping[str, Any]) -> dict[str, Any]:
    due, part = support.get("due_on"), printable(support.get("part") or "")
    check_length(part, "supports")
    return {"unit": support["unit_id"], "part": part, "due_on": due.isoformat() if due else None}


def _due(step: Step, context: StepContext) -> dict[str, Any]:
    """The day given, else the one the rule in force gives for a clock that starts here."""
    given, ticket, on = context.command.values.get("due_on"), context.ticket, context.command.occurred_on
    if given is None:
        clock = context.register.main_clock
        if clock is None or not (step.restarts_clock or clock.start == step.event):
            return {}
        limit = deadlines.limit_in_force(clock, ticket.facts(), on)
        if limit is None:
            return {}
        due = deadlines.due_on(on, limit, context.world.calendar)
        return {"due_on": due.isoformat(), "rule": limit.rule_id}
    if given < ticket.found_on:
        raise Refusal("due_before_found", field="due_on", due_on=given, found_on=ticket.found_on)
    if given < on:
        raise Refusal("due_before_assignment", field="due_on", due_on=given, assigned_on=on)
    check_due_day(given, "due_on")
    return {"due_on": given.isoformat()}


def check_due_day(due: date, field: str) -> None:
    if due > LAST_DAY:
        raise Refusal("due_too_far", field=field, due_on=due, last=LAST_DAY)


def evidence_given(files: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The files of a command as an event keeps them. Refuses choice_unknown at a kind that no file can be of."""
    for file in files:
        if file["kind"] not in _EVIDENCE_KINDS:
            raise Refusal("choice_unknown", field="evidence", value=str(file["kind"]))
    return [dict(file) for file in files]


def _evidence(step: Step, context: StepContext) -> dict[str, Any]:
    files = evidence_given(context.command.evidence)
    if not files and Need.EVIDENCE in step.required:
        raise Refusal("evidence_missing", field="evidence", needed=1, given=0)
    return {"evidence": files} if files else {}


def _outcome(step: Step, context: StepContext) -> dict[str, Any]:
    return {"outcome": context.text("outcome")}


def _extension_days(step: Step, context: StepContext) -> dict[str, Any]:
    days = context.command.values.get("extension_days")
    if not isinstance(days, int) or days < 1:
        raise Refusal("extension_not_later", field="extension_days")
    if days > MAX_EXTENSION_DAYS:
        raise Refusal("field_out_of_range", field="extension_days", value=days, minimum=1, maximum=MAX_EXTENSION_DAYS)
    return {"days": days, "asked_on": context.world.today.isoformat()}


def _pause_reason(step: Step, context: StepContext) -> dict[str, Any]:
    name = context.text("pause_reason")
    if name not in {c.name for c in context.register.pause_reasons}:
        raise Refusal("pause_not_allowed", field="pause_reason")
    return {"pause_reason": name}


def _publicity(step: Step, context: StepContext) -> dict[str, Any]:
    start, end = context.command.values.get("from_on"), context.command.values.get("to_on")
    if not isinstance(start, date) or not isinstance(end, date) or end < start:
        raise Refusal("field_not_a_day", field="from_on", value=str(start or ""))
    return {"from_on": start.isoformat(), "to_on": end.isoformat()}


def _recheck_result(step: Step, context: StepContext) -> dict[str, Any]:
    result = context.text("recheck_result")
    if result not in set(RecheckResult):
        raise Refusal("choice_unknown", field="recheck_result", value=result or "")
    return {"recheck_result": result}


def _way(step: Step, context: StepContext) -> dict[str, Any]:
    way = context.text("way")
    if way not in set(ExclusionWay):
        raise Refusal("choice_unknown", field="way", value=way or "")
    if way != ExclusionWay.EXCLUDE and (refusal := stands_for_no_other(context)):
        raise Refusal(refusal.code, field="way")
    return {"way": way}


def _into(step: Step, context: StepContext) -> dict[str, Any]:
    """A duplicate is linked to the ticket that stays; only of one register, and never in a ring."""
    if context.text("way") != ExclusionWay.MERGE:
        return {}
    into_id = context.command.values.get("into_id")
    if into_id == context.ticket.id:
        raise Refusal("same_ticket", field="into_id")
    target = context.world.find_ticket(into_id) if isinstance(into_id, int) else None
    if target is None or target.register != context.register.name:
        raise Refusal("ticket_unknown", field="into_id", number=str(into_id or ""))
    if not may(context.actor, "view", ticket_facts(target), context.world.directory, context.world.today):
        raise Refusal("ticket_unknown", field="into_id", number=str(into_id or ""))
    if target.is_gone:
        raise Refusal("merge_target_closed_or_gone", field="into_id", number=target.number)
    return {"into": into_id}


def _milestone(step: Step, context: StepContext) -> dict[str, Any]:
    name = context.text("milestone") or ""
    register, ticket, on = context.register, context.ticket, context.command.occurred_on
    reached = {n: from_number(r.on) for n, r in ticket.milestones.items() if n != name}
    check_milestone_day(register, name, on, ticket.found_on, reached, context.world)
    values = milestone_values(register, name, context.command.values, context.world.directory)
    data: dict[str, Any] = {"name": name, "values": values}
    merge_clocks(data, clocks_started(register, name, on, {**ticket.facts(), **values}, context.world))
    return data


def _people(step: Step, context: StepContext) -> dict[str, Any]:
    ids = tuple(context.command.values.get("people") or ())
    check_people(ids, "people", context.world.directory)
    if context.actor.id not in ids:
        ids = (*ids, context.actor.id)  # who names others never shuts themself out
    return {"people": sorted(set(ids))}


def check_people(ids: Iterable[int], field: str, directory: Directory) -> None:
    for person_id in ids:
        person = directory.people.get(person_id)
        if person is None or person.has_left:
            raise Refusal("person_unknown", field=field, value=str(person_id))


COLLECT: Mapping[Need, Callable[[Step, StepContext], dict[str, Any]]] = {
    Need.OWNER: _owner,
    Need.DUE: _due,
    Need.REASON: _reason,
    Need.NOTE: _text_of("note"),
    Need.EVIDENCE: _evidence,
    Need.FINDING: _text_of("finding"),
    Need.OUTCOME: _outcome,
    Need.EXTENSION_DAYS: _extension_days,
    Need.PAUSE_REASON: _pause_reason,
    Need.PUBLICITY: _publicity,
    Need.RECHECK_RESULT: _recheck_result,
    Need.WAY: _way,
    Need.INTO: _into,
    Need.MILESTONE: _milestone,
    Need.MESSAGE: _text_of("message", "text"),
    Need.PEOPLE: _people,
}
