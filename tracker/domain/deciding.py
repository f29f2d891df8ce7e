"""What a command leads to: `decide_…(command, context) → events`, or a Refusal.

All that a decision needs is handed in: the ticket's state, the actor, today, the register, the
calendar. So history can be replayed and each rule tested without a database.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from tracker.domain import deadlines
from tracker.domain.access import TicketFacts, may
from tracker.domain.commands import AmendTicket, RegisterTicket, TakeStep
from tracker.domain.deadlines import WorkCalendar
from tracker.domain.events import NewEvent
from tracker.domain.lifecycle import CLOSING_ORDER, OPTIONAL_NEEDS, STEP_BY_NAME, Need, Step
from tracker.domain.people import Directory, Person
from tracker.domain.refusals import Refusal, Refusals
from tracker.domain.registers import Clock, Limit, Register
from tracker.domain.ticket import Ticket
from tracker.domain.values import check_value, check_values

MAX_TEXT = 2000


@dataclass(frozen=True, slots=True)
class Context:
    """The world a decision may look at. `today` is the day of recording in the log's time zone."""

    actor: Person
    today: date
    directory: Directory
    calendar: WorkCalendar
    number_for: Callable[[Register, bool], str]
    key_taken: Callable[[str, str], str | None]  # (register, external key) → number of that ticket
    find_ticket: Callable[[int], Ticket | None]


@dataclass(frozen=True, slots=True)
class StepContext:
    """What the guards of a step look at."""

    ticket: Ticket
    actor: Person
    register: Register
    command: TakeStep
    world: Context

    def text(self, name: str) -> str | None:
        value = self.command.values.get(name)
        return str(value).strip() or None if value is not None else None

    def count_evidence(self, kind: str) -> int:
        """Files of the kind that belong to the present attempt: given now or since the last failure."""
        before = sum(1 for f in self.ticket.evidence[self.ticket.evidence_before :] if f.kind == kind)
        return before + sum(1 for f in self.command.evidence if f["kind"] == kind)

    def main_limit(self) -> Limit | None:
        """The dated rule under which the ticket's due day was set, else the one now in force."""
        clock = self.register.main_clock
        if clock is None:
            return None
        ruled = next((x for x in clock.limits if x.rule_id == self.ticket.main_rule_id), None)
        return ruled or deadlines.limit_in_force(clock, self.ticket.facts(), self.command.occurred_on)

    def pending_asked_by(self) -> int | None:
        pending: Any = (
            self.ticket.pending_extension
            if self.command.step.endswith("_extension")
            else self.ticket.pending_exclusion
        )
        return pending.asked_by if pending else None


def ticket_facts(t: Ticket) -> TicketFacts:
    """What the permission table needs of a ticket."""
    supports = tuple(s.unit_id for s in t.supports)
    return TicketFacts(t.register, t.place_id, t.owner_unit_id, supports, t.is_restricted, t.named_ids)


# -- a found problem becomes a ticket -----------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Decision:
    """Events to append, and private values (field → value) that go to the vault with them."""

    events: tuple[NewEvent, ...]
    private: Mapping[str, Any]


def decide_register(command: RegisterTicket, register: Register, world: Context) -> Decision:
    """Refusals: permission, values, days, an external number that another live ticket carries."""
    actor = world.actor
    named = command.named_ids or ((actor.id,) if command.is_restricted else ())
    facts = TicketFacts(register.name, command.place_id, None, (), command.is_restricted, named)
    if not may(actor, "register", facts, world.directory, world.today):
        raise Refusal("not_permitted")
    if command.place_id not in world.directory.units:
        raise Refusal("unit_unknown", field="place", value=str(command.place_id))
    if command.found_on > world.today:
        raise Refusal("found_in_future", field="found_on", found_on=command.found_on)
    checked = check_values(
        register, command.values, world.directory, is_partial=False, all_private=command.is_restricted
    )
    external_key = _external_key(command, register, world)
    data: dict[str, Any] = {
        "register": register.name,
        "pack": register.version,
        "number": world.number_for(register, command.is_restricted),
        "place": command.place_id,
        "found_on": command.found_on.isoformat(),
        "fields": dict(checked.open),
    }
    if command.is_restricted:
        data["restricted"] = True
        data["named"] = list(named)
    if external_key:
        data["external_key"] = external_key
    if command.evidence:
        data["evidence"] = [dict(f) for f in command.evidence]
    data.update(_first_milestones(command, register, checked.open, world))
    return Decision((NewEvent("registered", command.found_on, data),), checked.private)


def _external_key(command: RegisterTicket, register: Register, world: Context) -> str | None:
    unique = next((f for f in register.fields if f.is_unique), None)
    value = command.values.get(unique.name) if unique else None
    key = command.external_key or (str(value) if value else None)
    if key is None:
        return None
    taken_by = world.key_taken(register.name, key)
    if taken_by is not None:
        raise Refusal(
            "duplicate_external_number", field=unique.name if unique else None, value=key, number=taken_by
        )
    return key


def _first_milestones(
    command: RegisterTicket, register: Register, facts: Mapping[str, Any], world: Context
) -> dict[str, Any]:
    milestones = dict(command.milestones)
    for milestone in register.milestones:
        if milestone.is_start:
            milestones.setdefault(milestone.name, command.found_on)
    if not milestones:
        return {}
    out: dict[str, Any] = {"milestones": {}}
    for name, on in milestones.items():
        _check_milestone_day(register, name, on, command.found_on, milestones, world)
        out["milestones"][name] = {"on": on.isoformat()}
        _merge_clocks(out, _clocks_started(register, name, on, facts, world))
    return out


def _check_milestone_day(
    register: Register, name: str, on: date, found_on: date, others: Mapping[str, date], world: Context
) -> None:
    milestone = register.milestone_by_name.get(name)
    if milestone is None:
        raise Refusal("milestone_unknown", field="milestone", milestone=name)
    field = milestone.field or "milestone"
    if on > world.today:
        raise Refusal("day_in_future", field=field, day=on)
    if on < found_on:
        raise Refusal("milestone_before_found", field=field, milestone=name, found_on=found_on)
    for earlier in milestone.after:
        if earlier in others and on < others[earlier]:
            raise Refusal("milestone_out_of_order", field=field, milestone=name, earlier=earlier)


def _clocks_started(
    register: Register, start: str, on: date, facts: Mapping[str, Any], world: Context
) -> dict[str, Any]:
    """Clocks that this step or milestone starts, with the due day and the rule that gave it."""
    out: dict[str, Any] = {}
    for clock in register.clocks:
        if clock.start != start or any(facts.get(f) is True for f in clock.waived_by):
            continue
        limit = deadlines.limit_in_force(clock, facts, on)
        if limit is None:
            continue
        due = deadlines.due_on(on, limit, world.calendar).isoformat()
        if clock.is_main:
            out.update({"due_on": due, "rule": limit.rule_id})
        else:
            clocks = out.setdefault("clocks", {})
            clocks[clock.name] = {"start": on.isoformat(), "due": due, "rule": limit.rule_id}
    return out


def _merge_clocks(data: dict[str, Any], started: Mapping[str, Any]) -> None:
    for name, value in started.items():
        if name == "clocks":
            data.setdefault("clocks", {}).update(value)
        else:
            data[name] = value


# -- a step of the lifecycle --------------------------------------------------------------------------
def decide_step(command: TakeStep, ticket: Ticket, register: Register, world: Context) -> Decision:
    """Permit → version → status → guards → what must be given; then the event and what follows from it."""
    step = STEP_BY_NAME.get(command.step)
    if step is None:
        raise Refusal("step_not_possible_now", step=command.step)
    if not may(world.actor, step.right, ticket_facts(ticket), world.directory, world.today):
        raise Refusal("not_permitted")
    if command.version < ticket.loud_version:
        raise Refusal("stale_version", version=ticket.version, seen=command.version)
    context = StepContext(ticket, world.actor, register, command, world)
    check_possible(step, context)
    _check_day(step, command, ticket, world.today)
    _check_guards(step, context)
    data = _collect(step, context)
    events = [NewEvent(step.event, command.occurred_on, data)]
    events += _followed_milestones(step, context)
    if step.closes and not _later_steps(step, register):
        events.append(_closing(step, context))
    return Decision(tuple(events), {})


def check_possible(step: Step, context: StepContext) -> None:
    """The register has the step and the ticket stands where it can be taken."""
    if step.is_switched and step.name not in context.register.steps:
        raise Refusal("step_switched_off", step=step.name)
    if context.ticket.status not in step.sources:
        raise Refusal("step_not_possible_now", step=step.name, status=context.ticket.status.value)


def possible_steps(ticket: Ticket, register: Register, world: Context) -> tuple[tuple[Step, Refusal | None], ...]:
    """Steps that the table offers here and this person has the right to, each with the refusal that
    a guard about the *person* or a pending request would give: shown, not hidden, with its reason."""
    out: list[tuple[Step, Refusal | None]] = []
    facts = ticket_facts(ticket)
    for step in STEP_BY_NAME.values():
        command = TakeStep(ticket_id=ticket.id, step=step.name, version=ticket.version, occurred_on=world.today)
        context = StepContext(ticket, world.actor, register, command, world)
        try:
            check_possible(step, context)
        except Refusal:
            continue
        if may(world.actor, step.right, facts, world.directory, world.today):
            out.append((step, _personal_refusal(step, context)))
    return tuple(out)


_ABOUT_INPUT = frozenset({"evidence_missing", "outcome_unknown", "milestone_missing", "field_required"})
_NOTHING_ASKED = frozenset({"no_open_request", "step_not_possible_now", "extension_not_allowed", "already_requested"})


def _personal_refusal(step: Step, context: StepContext) -> Refusal | None:
    for guard in step.guards:
        refusal = guard(context)
        if refusal is not None and refusal.code not in _ABOUT_INPUT:
            return refusal
    return None


def is_worth_showing(refusal: Refusal | None) -> bool:
    """Whether a forbidden step is shown with its reason, or simply does not apply."""
    return refusal is None or refusal.code not in _NOTHING_ASKED


def _check_day(step: Step, command: TakeStep, ticket: Ticket, today: date) -> None:
    if command.occurred_on > today:
        raise Refusal("day_in_future", field="occurred_on", day=command.occurred_on)
    if step.is_monotone and command.occurred_on < ticket.last_step_on:
        raise Refusal(
            "day_before_latest_step", field="occurred_on", day=command.occurred_on, latest=ticket.last_step_on
        )


def _check_guards(step: Step, context: StepContext) -> None:
    refusals = [r for guard in step.guards if (r := guard(context)) is not None]
    if len(refusals) == 1:
        raise refusals[0]
    if refusals:
        raise Refusals(refusals)


def _collect(step: Step, context: StepContext) -> dict[str, Any]:
    data: dict[str, Any] = {}
    refusals: list[Refusal] = []
    for need in step.needs:
        try:
            data.update(_COLLECT[need](step, context))
        except Refusal as refusal:
            refusals.append(refusal)
    if refusals:
        raise refusals[0] if len(refusals) == 1 else Refusals(refusals)
    extra = _EXTRA.get(step.name)
    if extra is not None:
        data.update(extra(context))
    return data


def _text_of(name: str, key: str | None = None) -> Callable[[Step, StepContext], dict[str, Any]]:
    def collect(step: Step, context: StepContext) -> dict[str, Any]:
        text = context.text(name)
        if text is None:
            if Need(name) in OPTIONAL_NEEDS and step.name not in ("comment",):
                return {}
            raise Refusal("reason_missing" if name == "reason" else "field_required", field=name)
        if len(text) > MAX_TEXT:
            raise Refusal("field_too_long", field=name, limit=MAX_TEXT, length=len(text))
        return {key or name: text}

    return collect


def _owner(step: Step, context: StepContext) -> dict[str, Any]:
    """Exactly one unit leads; support units have their own part and day and never the lead's."""
    values, directory = context.command.values, context.world.directory
    unit_id = values.get("owner_unit_id")
    unit = directory.units.get(unit_id) if isinstance(unit_id, int) else None
    if unit is None or unit.is_closed:
        raise Refusal("unit_unknown", field="owner_unit_id", value=str(unit_id or ""))
    data: dict[str, Any] = {"owner_unit": unit_id}
    for name, key in (("owner_id", "owner"), ("lead_official_id", "lead_official")):
        person_id = values.get(name)
        if person_id is None:
            continue
        person = directory.people.get(person_id)
        if person is None or person.has_left:
            raise Refusal("person_unknown", field=name, value=str(person_id))
        if name == "owner_id" and not directory.is_within(person.unit_id, unit.id):
            raise Refusal("person_not_in_unit", field=name, person=person.name, unit=unit.name)
        data[key] = person_id
    supports = values.get("supports") or ()
    for support in supports:
        if support["unit_id"] == unit_id:
            raise Refusal("lead_unit_also_supports", field="supports", unit=unit.name)
        if support["unit_id"] not in directory.units:
            raise Refusal("unit_unknown", field="supports", value=str(support["unit_id"]))
    if supports:
        data["support"] = [_support(s) for s in supports]
    return data


def _support(support: Mapping[str, Any]) -> dict[str, Any]:
    due = support.get("due_on")
    return {"unit": support["unit_id"], "part": support.get("part", ""), "due_on": due.isoformat() if due else None}


def _due(step: Step, context: StepContext) -> dict[str, Any]:
    """The day given, else the one the rule in force gives for a clock that starts here."""
    given, ticket, on = context.command.values.get("due_on"), context.ticket, context.command.occurred_on
    if given is None:
        clock = context.register.main_clock
        restarts = step.name in ("relapse", "reopen")
        if clock is None or not (restarts or clock.start == step.event):
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
    return {"due_on": given.isoformat()}


def _evidence(step: Step, context: StepContext) -> dict[str, Any]:
    files = [dict(f) for f in context.command.evidence]
    if not files and step.name == "add_evidence":
        raise Refusal("evidence_missing", field="evidence", needed=1, given=0)
    return {"evidence": files} if files else {}


def _outcome(step: Step, context: StepContext) -> dict[str, Any]:
    return {"outcome": context.text("outcome")}


def _extension_days(step: Step, context: StepContext) -> dict[str, Any]:
    days = context.command.values.get("extension_days")
    if not isinstance(days, int) or days < 1:
        raise Refusal("extension_not_later", field="extension_days")
    return {"days": days}


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
    if result not in {"passed", "failed"}:
        raise Refusal("choice_unknown", field="recheck_result", value=result or "")
    return {"recheck_result": result}


def _way(step: Step, context: StepContext) -> dict[str, Any]:
    way = context.text("way")
    if way not in {"void", "merge", "exclude"}:
        raise Refusal("choice_unknown", field="way", value=way or "")
    return {"way": way}


def _into(step: Step, context: StepContext) -> dict[str, Any]:
    """A duplicate is linked to the ticket that stays; only of one register, and never in a ring."""
    if context.text("way") != "merge":
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
    reached = {n: _day_of(r.on) for n, r in ticket.milestones.items() if n != name}
    _check_milestone_day(register, name, on, ticket.found_on, reached, context.world)
    milestone = register.milestone_by_name[name]
    values = {}
    for field_name in milestone.values:
        field = register.by_name[field_name]
        value = check_value(field, context.command.values.get(field_name), context.world.directory)
        if value is not None:
            values[field_name] = value
    data: dict[str, Any] = {"name": name, "values": values}
    _merge_clocks(data, _clocks_started(register, name, on, {**ticket.facts(), **values}, context.world))
    return data


def _day_of(number: int) -> date:
    from tracker.domain.days import from_number

    return from_number(number)


def _people(step: Step, context: StepContext) -> dict[str, Any]:
    ids = context.command.values.get("people") or ()
    for person_id in ids:
        if person_id not in context.world.directory.people:
            raise Refusal("person_unknown", field="people", value=str(person_id))
    if context.actor.id not in ids:
        ids = (*ids, context.actor.id)  # who names others never shuts themself out
    return {"people": sorted(set(ids))}


_COLLECT: Mapping[Need, Callable[[Step, StepContext], dict[str, Any]]] = {
    Need.OWNER: _owner,
    Need.DUE: _due,
    Need.REASON: _text_of("reason"),
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


# -- what a step adds by itself -----------------------------------------------------------------------
def _granted(context: StepContext) -> dict[str, Any]:
    """The new due day: the old one plus the days asked for, by the rule of the clock."""
    ticket, pending = context.ticket, context.ticket.pending_extension
    if pending is None or ticket.current_due is None:
        raise Refusal("no_open_request")
    limit = context.main_limit()
    if limit is None:  # a promised day that no rule gave: it moves by natural days
        due = ticket.current_due + timedelta(days=pending.days)
    else:
        due = deadlines.extended_due(ticket.current_due, pending.days, limit, context.world.calendar)
    return {"days": pending.days, "due_on": due.isoformat()}


def _resumed(context: StepContext) -> dict[str, Any]:
    """The due day moves by the days that the ticket rested."""
    ticket, on = context.ticket, context.command.occurred_on
    if ticket.current_due is None or ticket.paused_on is None:
        return {}
    due = deadlines.paused_due(ticket.current_due, (on - ticket.paused_on).days)
    return {"due_on": due.isoformat()}


def _exclusion(context: StepContext) -> dict[str, Any]:
    """Reason and requester travel into the decision, so that the list beside a figure shows both."""
    pending = context.ticket.pending_exclusion
    ways = {"void": "void", "merge": "merge", "exclude": "exclude"}
    if pending is None or pending.way != ways[context.command.step]:
        raise Refusal("no_open_request")
    data: dict[str, Any] = {"reason": pending.reason, "requested_by": pending.asked_by}
    if pending.way == "merge":
        data["into"] = pending.into_id
    return data


_EXTRA: Mapping[str, Callable[[StepContext], dict[str, Any]]] = {
    "grant_extension": _granted,
    "resume": _resumed,
    "void": _exclusion,
    "merge": _exclusion,
    "exclude": _exclusion,
}


def _followed_milestones(step: Step, context: StepContext) -> list[NewEvent]:
    """Milestones that the step itself is (签收 = accepted), unless already dated."""
    out = []
    on, ticket = context.command.occurred_on, context.ticket
    for milestone in context.register.milestones:
        if milestone.follows_step != step.name or milestone.name in ticket.milestones:
            continue
        data: dict[str, Any] = {"name": milestone.name, "values": {}}
        _merge_clocks(data, _clocks_started(context.register, milestone.name, on, ticket.facts(), context.world))
        out.append(NewEvent("milestone_reached", on, data))
    return out


def _later_steps(step: Step, register: Register) -> tuple[str, ...]:
    start = CLOSING_ORDER.index(step.name) + 1 if step.name in CLOSING_ORDER else 0
    return tuple(name for name in CLOSING_ORDER[start:] if name in register.steps)


def _closing(step: Step, context: StepContext) -> NewEvent:
    outcome = context.text("outcome") or context.ticket.agreed_outcome
    return NewEvent("closed", context.command.occurred_on, {"outcome": outcome})


# -- a correction -------------------------------------------------------------------------------------
def decide_amend(command: AmendTicket, ticket: Ticket, register: Register, world: Context) -> Decision:
    """Fields, place or found day put right, with a reason. Refused when nothing would change."""
    if not may(world.actor, "amend", ticket_facts(ticket), world.directory, world.today):
        raise Refusal("not_permitted")
    if ticket.is_gone:
        raise Refusal("step_not_possible_now", step="amend", status=ticket.status.value)
    if command.version < ticket.loud_version:
        raise Refusal("stale_version", version=ticket.version, seen=command.version)
    if not command.reason.strip():
        raise Refusal("reason_missing", field="reason")
    checked = check_values(
        register, command.changes, world.directory, is_partial=True, all_private=ticket.is_restricted
    )
    changes = {k: v for k, v in checked.open.items() if v != ticket.fields.get(k)}
    data: dict[str, Any] = {"reason": command.reason.strip()}
    if changes:
        data["changes"] = changes
    if command.place_id is not None and command.place_id != ticket.place_id:
        if command.place_id not in world.directory.units:
            raise Refusal("unit_unknown", field="place", value=str(command.place_id))
        data["place"] = command.place_id
    if command.found_on is not None and command.found_on != ticket.found_on:
        _check_found_on(command.found_on, ticket, world.today)
        data["found_on"] = command.found_on.isoformat()
    if len(data) == 1 and not checked.private:
        raise Refusal("nothing_changed")
    return Decision((NewEvent("amended", world.today, data),), checked.private)


def _check_found_on(found_on: date, ticket: Ticket, today: date) -> None:
    from tracker.domain.days import to_number

    if found_on > today:
        raise Refusal("found_in_future", field="found_on", found_on=found_on)
    turns = ticket.status_turns
    if len(turns) > 1 and to_number(found_on) > turns[1][0]:
        raise Refusal("day_before_latest_step", field="found_on", day=found_on, latest=_day_of(turns[1][0]))
    if ticket.original_due is not None and ticket.original_due < found_on:
        raise Refusal("due_before_found", field="found_on", due_on=ticket.original_due, found_on=found_on)


__all__ = [
    "Clock",
    "Context",
    "Decision",
    "StepContext",
    "check_possible",
    "decide_amend",
    "decide_register",
    "decide_step",
    "is_worth_showing",
    "possible_steps",
    "ticket_facts",
]
