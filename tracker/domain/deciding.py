"""What a command leads to: `decide_…(command, context) → events`, or a Refusal.

All that a decision needs is handed in: the ticket's state, the actor, today, the register, the
calendar. So history can be replayed and each rule tested without a database.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from tracker.domain import deadlines
from tracker.domain.access import Facts, has_keeper, may
from tracker.domain.commands import AmendTicket, RegisterTicket, TakeStep
from tracker.domain.confidential import kept_apart, rows_apart, values_apart
from tracker.domain.context import Decision, StepContext, World, ticket_facts
from tracker.domain.corrections import check_key_is_free, check_settled_after, corrected_key, moved_milestones
from tracker.domain.days import FIRST_DAY, from_number, to_number
from tracker.domain.events import NewEvent
from tracker.domain.guards import OF_WHAT_IS_GIVEN
from tracker.domain.kinds import ExclusionWay
from tracker.domain.lifecycle import STEP_BY_NAME, STEPS, Extra, Need, Status, Step
from tracker.domain.links import check_links, check_settled
from tracker.domain.milestones import check_milestone_day, clocks_started, merge_clocks, milestone_values
from tracker.domain.needs import COLLECT, check_due_day, check_people, check_place, evidence_given, reason_given
from tracker.domain.people import Directory
from tracker.domain.proofs import check_told
from tracker.domain.refusals import NOT_APPLICABLE, Refusal, Refusals
from tracker.domain.registers import Register
from tracker.domain.ticket import Ticket
from tracker.domain.values import CheckedValues, check_values

HEAD_FIELDS = frozenset({"place", "found_on", "restricted"})
"""Fields of a register that are facts of the ticket itself: kept once, at the head of the event."""


# -- a found problem becomes a ticket -----------------------------------------------------------------
def decide_register(command: RegisterTicket, register: Register, world: World) -> Decision:
    """Refusals: permission, values, days, an external number that another live ticket carries, a restricted
    ticket that nobody named could let others know of."""
    actor = world.actor
    named = _named(command, world) if command.is_restricted else ()
    facts = Facts(register.name, command.place_id, is_restricted=command.is_restricted, named_ids=named)
    if not may(actor, "register", facts, world.directory, world.today):
        raise Refusal("not_permitted")
    if register.is_withdrawn:
        raise Refusal("register_withdrawn", name=register.label)
    check_place(command.place_id, world.directory)
    if command.is_restricted and not has_keeper(facts, world.directory, world.today):
        raise Refusal("restricted_without_keeper", field="named")
    _check_day_found(command.found_on, world.today)
    checked = checked_values(command, register, world.directory)
    check_links(register.links, checked.open, world)
    check_settled(register.links, {**checked.open, "place": command.place_id}, world.fields_of)
    if command.origin_id is not None and world.register_of(command.origin_id) is None:
        raise Refusal("record_unknown", value=str(command.origin_id))
    external_key = _external_key(command, register, world)
    data: dict[str, Any] = {
        "register": register.name,
        "pack": register.version,
        "number": world.number_for(register, is_restricted=command.is_restricted),
        "place": command.place_id,
        "found_on": command.found_on.isoformat(),
        "fields": checked.open,
    }
    if command.is_restricted:
        data["restricted"] = True
        data["named"] = list(named)
    if external_key:
        data["external_key"] = external_key
    data |= command.came_from
    private = dict(checked.private)
    if command.evidence:
        data["evidence"] = evidence_given(command.evidence)
        is_elsewhere = command.origin_id is not None or command.external_key is not None
        check_told(register.evidence.taken, command.evidence, is_elsewhere=is_elsewhere)
        if command.is_restricted:
            data["evidence"], names = rows_apart(data["evidence"], "evidence")
            private.update(names)
    data.update(_first_milestones(command, register, checked.open, world, private))
    return Decision((NewEvent("registered", command.found_on, data),), private)


def _named(command: RegisterTicket, world: World) -> tuple[int, ...]:
    """Who may know of a restricted ticket: those whom the registrant names, and always the registrant too."""
    check_people(command.named_ids, "named", world.directory)
    return tuple(sorted({*command.named_ids, world.actor.id}))


def _check_day_found(found_on: date, today: date) -> None:
    if found_on > today:
        raise Refusal("found_in_future", field="found_on", found_on=found_on)
    if found_on < FIRST_DAY:
        raise Refusal("found_too_early", field="found_on", found_on=found_on, first=FIRST_DAY)


def checked_values(command: RegisterTicket, register: Register, directory: Directory) -> CheckedValues:
    """The fields as the log keeps them, those of the head left out; Refusals names every wrong one."""
    given = {**command.values, **_head_values(command, register)}
    checked = check_values(register, given, directory, is_partial=False, all_private=command.is_restricted)
    return replace(checked, open={name: value for name, value in checked.open.items() if name not in HEAD_FIELDS})


def _head_values(command: RegisterTicket, register: Register) -> dict[str, Any]:
    """The head fields where the register declares them, so that forms and ledgers may give them either way."""
    head = {"place": command.place_id, "found_on": command.found_on, "restricted": command.is_restricted}
    return {name: value for name, value in head.items() if name in register.by_name}


def _external_key(command: RegisterTicket, register: Register, world: World) -> str | None:
    """A restricted ticket carries none: a number that collides would tell that it exists."""
    if command.is_restricted:
        return None
    value = command.values.get(register.unique_field.name) if register.unique_field else None
    key = command.external_key or (str(value) if value else None)
    if key is not None:
        check_key_is_free(register, key, world)
    return key


def _first_milestones(
    command: RegisterTicket, register: Register, facts: Mapping[str, Any], world: World, private: dict[str, Any]
) -> dict[str, Any]:
    """Days, values and clocks; values that belong into the vault are added to `private`."""
    milestones = dict(command.milestones)
    for milestone in register.milestones:
        if milestone.is_start:
            milestones.setdefault(milestone.name, command.found_on)
    if not milestones:
        return {}
    out: dict[str, Any] = {"milestones": {}}
    for name, on in milestones.items():
        check_milestone_day(register, name, on, command.found_on, milestones, world)
        values = milestone_values(register, name, command.milestone_values.get(name, {}), world.directory)
        said, apart = values_apart(values, register, is_restricted=command.is_restricted)
        private.update(apart)
        out["milestones"][name] = {"on": on.isoformat(), **({"values": said} if said else {})}
        merge_clocks(out, clocks_started(register, name, on, {**facts, **values}, world))
    return out


# -- a step of the lifecycle --------------------------------------------------------------------------
def decide_step(command: TakeStep, ticket: Ticket, register: Register, world: World) -> Decision:
    """Permit → version → status → guards → what must be given; then the event and what follows from it."""
    step = STEP_BY_NAME.get(command.step)
    if step is None:
        raise Refusal("step_not_possible_now", step=command.step)
    if not may(world.actor, step.right, ticket_facts(ticket), world.directory, world.today):
        raise Refusal("not_permitted")
    _check_seen(command.version, ticket)
    context = StepContext(ticket, world.actor, register, command, world)
    check_possible(step, context)
    _check_day(step, command, ticket, world.today)
    _raise_any(_refused_by(step, context, is_of_given=False))
    data, private = kept_apart(_collect(step, context), register, is_restricted=ticket.is_restricted)
    events = [NewEvent(step.event, command.occurred_on, data)]
    events += _followed_milestones(step, context)
    if step.closes and closes(step, register):
        events.append(_closing(context))
    return Decision(tuple(events), private)


def _check_seen(version: int, ticket: Ticket) -> None:
    """What the person saw is the ticket as it is, or was before something quiet. A version yet to come is of a ticket
    that never was (a copy put back, a form tampered with): to be looked at again just as well."""
    if not ticket.loud_version <= version <= ticket.version:
        raise Refusal("stale_version", version=ticket.version, seen=version)


def has_step(register: Register, step: Step) -> bool:
    """Whether the register knows the step: switched on where it may be off, a milestone only where it has some."""
    if Need.MILESTONE in step.needs and not register.milestones:
        return False
    return not step.is_switched or step.name in register.steps


def check_possible(step: Step, context: StepContext) -> None:
    """The register has the step and the ticket stands where it can be taken."""
    if not has_step(context.register, step):
        raise Refusal("step_switched_off", step=step.name)
    if context.ticket.status not in step.sources:
        raise Refusal("step_not_possible_now", step=step.name, status=context.ticket.status.value)


def possible_steps(ticket: Ticket, register: Register, world: World) -> tuple[tuple[Step, Refusal | None], ...]:
    """Steps that the table offers here and this person has the right to, each with the refusal that
    a guard about the *person* or a pending request would give: shown, not hidden, with its reason."""
    out: list[tuple[Step, Refusal | None]] = []
    facts = ticket_facts(ticket)
    for step in STEPS:
        command = TakeStep(ticket_id=ticket.id, step=step.name, version=ticket.version, occurred_on=world.today)
        context = StepContext(ticket, world.actor, register, command, world)
        try:
            check_possible(step, context)
        except Refusal:
            continue
        if may(world.actor, step.right, facts, world.directory, world.today):
            out.append((step, next(iter(_refused_by(step, context, is_of_given=False)), None)))
    return tuple(out)


def is_worth_showing(refusal: Refusal | None) -> bool:
    """Whether a forbidden step is shown with its reason, or simply does not apply."""
    return refusal is None or refusal.code not in NOT_APPLICABLE


def awaited_step(ticket: Ticket, register: Register) -> Step | None:
    """The step that the ticket waits for as it stands; None once it is closed or gone."""
    return next(
        (s for s in STEPS if ticket.status in s.awaited_in and has_step(register, s) and not is_pointless(s, ticket)),
        None,
    )


def is_pointless(step: Step, ticket: Ticket) -> bool:
    """Whether it may be taken and would say nothing new: who has taken a ticket up is not asked to do so again."""
    return step.target is Status.ACCEPTED and ticket.is_in_hand


def awaited_decisions(ticket: Ticket) -> tuple[Step, ...]:
    """The requests that wait for somebody's yes or no, each named by the step of the yes."""
    extension = ("grant_extension",) if ticket.pending_extension is not None else ()
    exclusion = (ticket.pending_exclusion.way,) if ticket.pending_exclusion is not None else ()
    return tuple(STEP_BY_NAME[name] for name in (*extension, *exclusion))


def closes(step: Step, register: Register) -> bool:
    """Whether the ticket is closed with this step: it is the closing itself, or no later one is switched on."""
    if step.target is Status.CLOSED:
        return True
    later = (s.name for s in STEPS if s.closing_rank > step.closing_rank)
    return step.closes and not any(name in register.steps for name in later)


def _check_day(step: Step, command: TakeStep, ticket: Ticket, today: date) -> None:
    if command.occurred_on > today:
        raise Refusal("day_in_future", field="occurred_on", day=command.occurred_on)
    if step.is_monotone and command.occurred_on < ticket.last_step_on:
        raise Refusal(
            "day_before_latest_step", field="occurred_on", day=command.occurred_on, latest=ticket.last_step_on
        )


def _refused_by(step: Step, context: StepContext, *, is_of_given: bool) -> list[Refusal]:
    """What the guards say: those of what is given with the step, or the others, of who takes it and when."""
    said = [guard(context) for guard in step.guards if (guard in OF_WHAT_IS_GIVEN) is is_of_given]
    return [one for no in said if no for one in (no.refusals if isinstance(no, Refusals) else (no,))]


def _raise_any(refusals: list[Refusal]) -> None:
    if refusals:
        raise refusals[0] if len(refusals) == 1 else Refusals(refusals)


def _collect(step: Step, context: StepContext) -> dict[str, Any]:
    """What was given. All that is wrong with it is said at once."""
    data: dict[str, Any] = {}
    refusals = _refused_by(step, context, is_of_given=True)
    for need in step.needs:
        try:
            data.update(COLLECT[need](step, context))
        except Refusal as refusal:
            refusals.append(refusal)
    _raise_any(refusals)
    if step.extra is not None:
        data.update(_EXTRA[step.extra](context))
    return data


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
    check_due_day(due, "extension_days")
    return {"days": pending.days, "due_on": due.isoformat()}


def _resumed(context: StepContext) -> dict[str, Any]:
    """The due day moves by the days that the ticket rested."""
    ticket, on = context.ticket, context.command.occurred_on
    if ticket.current_due is None or ticket.paused_on is None:
        return {}
    due = deadlines.paused_due(ticket.current_due, (on - ticket.paused_on).days)
    return {"due_on": due.isoformat()}


def _exclusion(context: StepContext) -> dict[str, Any]:
    """Reason and requester travel into the decision, so that the list beside a figure shows both.

    The ticket that was to stay may have left since the request: then the promise would stand in no figure.
    """
    pending = context.ticket.pending_exclusion
    if pending is None:
        raise Refusal("no_open_request")
    data: dict[str, Any] = {"reason": pending.reason, "requested_by": pending.asked_by}
    if pending.way == ExclusionWay.MERGE:
        target = context.world.find_ticket(pending.into_id) if pending.into_id is not None else None
        if target is None or target.is_gone:
            raise Refusal("merge_target_closed_or_gone", number=target.number if target else str(pending.into_id))
        data["into"] = pending.into_id
    return data


_EXTRA: Mapping[Extra, Callable[[StepContext], dict[str, Any]]] = {
    Extra.EXTENDED_DUE: _granted,
    Extra.PAUSED_DUE: _resumed,
    Extra.EXCLUSION: _exclusion,
}


def _followed_milestones(step: Step, context: StepContext) -> list[NewEvent]:
    """Milestones that the step itself is (签收 = accepted), unless already dated."""
    out = []
    on, ticket = context.command.occurred_on, context.ticket
    for milestone in context.register.milestones:
        if milestone.follows_step != step.name or milestone.name in ticket.milestones:
            continue
        reached = {name: from_number(r.on) for name, r in ticket.milestones.items()}
        check_milestone_day(context.register, milestone.name, on, ticket.found_on, reached, context.world)
        data: dict[str, Any] = {"name": milestone.name, "values": {}}
        merge_clocks(data, clocks_started(context.register, milestone.name, on, ticket.facts(), context.world))
        out.append(NewEvent("milestone_reached", on, data))
    return out


def _closing(context: StepContext) -> NewEvent:
    outcome = context.text("outcome") or context.ticket.agreed_outcome
    return NewEvent("closed", context.command.occurred_on, {"outcome": outcome})


# -- a correction -------------------------------------------------------------------------------------
def decide_amend(command: AmendTicket, ticket: Ticket, register: Register, world: World) -> Decision:
    """Fields, place or found day put right, with a reason. Refused when nothing would change."""
    if not may(world.actor, "amend", ticket_facts(ticket), world.directory, world.today):
        raise Refusal("not_permitted")
    if ticket.is_gone:
        raise Refusal("step_not_possible_now", step="amend", status=ticket.status.value)
    _check_seen(command.version, ticket)
    reason = reason_given(command.reason)
    given = {name: value for name, value in command.changes.items() if name not in HEAD_FIELDS}
    checked = check_values(
        register,
        given,
        world.directory,
        is_partial=True,
        all_private=ticket.is_restricted,
        before=ticket.fields,
    )
    changes = {k: v for k, v in checked.open.items() if v != ticket.fields.get(k)}
    data: dict[str, Any] = {"reason": reason}
    if changes:
        data["changes"] = changes
    if command.place_id is not None and command.place_id != ticket.place_id:
        data["place"] = _new_place(command.place_id, ticket, world)
    check_settled_after(ticket, register, changes, data.get("place"), world)
    if command.found_on is not None and command.found_on != ticket.found_on:
        _check_found_on(command.found_on, ticket, world.today)
        data["found_on"] = command.found_on.isoformat()
    if len(data) == 1 and not checked.private:
        raise Refusal("nothing_changed")
    data.update(corrected_key(ticket, register, changes, world))
    moved = moved_milestones(ticket, register, command.found_on or ticket.found_on, changes, world)
    said, private = kept_apart(data, register, is_restricted=ticket.is_restricted)
    return Decision((NewEvent("amended", world.today, said), *moved), {**checked.private, **private})


def _new_place(place_id: int, ticket: Ticket, world: World) -> int:
    """Nobody hands a ticket out of their own reach: the right to correct it is needed at both places."""
    check_place(place_id, world.directory)
    there = replace(ticket_facts(ticket), place_id=place_id)
    if not may(world.actor, "amend", there, world.directory, world.today):
        raise Refusal("not_permitted", field="place")
    return place_id


def _check_found_on(found_on: date, ticket: Ticket, today: date) -> None:
    _check_day_found(found_on, today)
    turns = ticket.status_turns
    if len(turns) > 1 and to_number(found_on) > turns[1][0]:
        raise Refusal("day_before_latest_step", field="found_on", day=found_on, latest=from_number(turns[1][0]))
    if ticket.original_due is not None and ticket.original_due < found_on:
        raise Refusal("due_before_found", field="found_on", due_on=ticket.original_due, found_on=found_on)
