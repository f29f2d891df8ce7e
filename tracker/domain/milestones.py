"""Milestones and the clocks they start: the day must fit, the due day comes from the rule then in force."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from tracker.domain import deadlines
from tracker.domain.context import World
from tracker.domain.people import Directory
from tracker.domain.refusals import Refusal
from tracker.domain.registers import Register
from tracker.domain.values import check_value


def check_milestone_day(
    register: Register, name: str, on: date, found_on: date, others: Mapping[str, date], world: World
) -> None:
    """The day of a milestone among those of the others, both ways: it stands on at least one of those it comes after
    (an evaluation on a reply), and lies behind each of them and before each that stands on it. So what figures count
    as a part of another is a part of it on every day."""
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
    if milestone.after and not any(earlier in others for earlier in milestone.after):
        raise Refusal("earlier_milestone_missing", field=field, milestone=name, earlier=milestone.after[0])
    for later in register.milestones:
        if name in later.after and later.name in others and others[later.name] < on:
            raise Refusal("milestone_out_of_order", field=field, milestone=later.name, earlier=name)


def milestone_values(register: Register, name: str, given: Mapping[str, Any], directory: Directory) -> dict[str, Any]:
    """The values that the register records with this milestone, as the log keeps them. Refusals: of `check_value`."""
    values = {}
    for field_name in register.milestone_by_name[name].values:
        value = check_value(register.by_name[field_name], given.get(field_name), directory)
        if value is not None:
            values[field_name] = value
    return values


def clocks_started(register: Register, start: str, on: date, facts: Mapping[str, Any], world: World) -> dict[str, Any]:
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


def merge_clocks(data: dict[str, Any], started: Mapping[str, Any]) -> None:
    for name, value in started.items():
        if name == "clocks":
            data.setdefault("clocks", {}).update(value)
        else:
            data[name] = value
