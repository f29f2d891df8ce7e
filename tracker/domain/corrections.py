"""What follows from a correction: the milestones and clocks that it moves, and the external number."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from tracker.domain.access import may
from tracker.domain.context import World, ticket_facts
from tracker.domain.days import from_number
from tracker.domain.events import NewEvent
from tracker.domain.links import check_settled
from tracker.domain.milestones import check_milestone_day, clocks_started, merge_clocks
from tracker.domain.refusals import Refusal
from tracker.domain.registers import Clock, Register
from tracker.domain.ticket import Ticket


def check_settled_after(
    ticket: Ticket, register: Register, changes: Mapping[str, Any], place_id: int | None, world: World
) -> None:
    """Refusals: differs_from_link, at what the correction makes say otherwise than the record that the ticket names."""
    told = {*changes, "place"} if place_id is not None else changes.keys()
    after = {**ticket.fields, **changes, "place": place_id or ticket.place_id}
    check_settled(register.links, after, world.fields_of, told)


def moved_milestones(
    ticket: Ticket, register: Register, found_on: date, changes: Mapping[str, Any], world: World
) -> Iterator[NewEvent]:
    """Milestones to record anew, with the clocks that follow from the corrected ticket.

    The milestone that is the day found itself moves with it; no other may lie before it. A side clock whose rule or
    waiver asks for a corrected field is reckoned again from the same day: it would have run so had the field been
    right. The promise (main clock) stays as it was given, unless its own start moves; who wants another day asks.
    Refusals: of `check_milestone_day`, since the others keep their days.
    """
    fields = {name: value for name, value in {**ticket.fields, **changes}.items() if value is not None}
    facts = replace(ticket, fields=fields, found_on=found_on).facts()
    days = {name: from_number(reached.on) for name, reached in ticket.milestones.items()}
    starts = {m.name for m in register.milestones if m.is_start and days.get(m.name) == ticket.found_on}
    after = {name: found_on if name in starts else on for name, on in days.items()}
    for name, reached in ticket.milestones.items():
        if name not in register.milestone_by_name:
            continue
        if found_on != ticket.found_on:
            check_milestone_day(register, name, after[name], found_on, after, world)
        if after[name] != days[name] or _is_reckoned_anew(name, register, changes):
            data: dict[str, Any] = {"name": name, "values": dict(reached.values)}
            merge_clocks(data, clocks_started(register, name, after[name], facts, world))
            yield NewEvent("milestone_reached", after[name], data)


def _is_reckoned_anew(name: str, register: Register, changes: Mapping[str, Any]) -> bool:
    started = [clock for clock in register.clocks if clock.start == name]
    return not any(clock.is_main for clock in started) and any(_asks_for(clock) & changes.keys() for clock in started)


def _asks_for(clock: Clock) -> set[str]:
    return {*clock.waived_by, *(name for limit in clock.limits for name in limit.when)}


def corrected_key(ticket: Ticket, register: Register, changes: Mapping[str, Any], world: World) -> dict[str, Any]:
    """The external number that the ticket carries from now on, when the field that holds it was corrected."""
    unique = register.unique_field
    if unique is None or unique.name not in changes or ticket.is_restricted:
        return {}
    before, value = ticket.fields.get(unique.name), changes[unique.name]
    key = str(value) if value else None
    if key is None and ticket.external_key != before:  # made from the row of a file, not from the field
        return {}
    if key is not None:
        check_key_is_free(register, key, world, own_id=ticket.id)
    return {"external_key": key}


def check_key_is_free(register: Register, key: str, world: World, *, own_id: int | None = None) -> None:
    """No second live ticket carries the number. Which one does is told only to those who may see it."""
    taken_by = world.key_taken(register.name, key)
    if taken_by is None or taken_by == own_id:
        return
    field = register.unique_field.name if register.unique_field else None
    other = world.find_ticket(taken_by)
    if other is not None and may(world.actor, "view", ticket_facts(other), world.directory, world.today):
        raise Refusal("duplicate_external_number", field=field, value=key, number=other.number)
    raise Refusal("external_number_elsewhere", field=field, value=key)
