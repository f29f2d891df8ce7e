"""Builds duties from `duties.yaml`: who owes which activity, how often, from which day."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import date
from typing import Any

from tracker.domain.duties import DayOfYear, DutySpec, Missed, OwedBy, Period
from tracker.domain.packs import UnitSeed
from tracker.domain.people import Role
from tracker.domain.records import RecordKind, RecordRegister
from tracker.domain.registers import NUMBER_TYPES, Register, as_label
from tracker.packs.conditions import check_choices, predicates_of
from tracker.packs.fields import unknown_names
from tracker.packs.problems import Problem
from tracker.packs.source import KeyPath, Source

_TICKET = "ticket:"
_LEAP_YEAR = "2024"  # in which every day of a year is a day


def build_duties(source: Source, problems: list[Problem]) -> tuple[DutySpec, ...]:
    """The duties in the order of the file. Mistakes of days are added to `problems`."""
    duties = []
    for n, item in enumerate(source.data["duties"]):
        path: KeyPath = ("duties", n)
        first, last = source.day(path, item["from"], problems), source.day(path, item.get("to"), problems)
        spans = [_span(source, (*path, "within", i), span, problems) for i, span in enumerate(item.get("within", ()))]
        if first is not None and last is not None and last < first:
            problems.append(source.problem(path, f"{item['id']} ends before it begins", "swap `from` and `to`"))
        # A pack with a day that is none is refused; the duty is built all the same, to find its other mistakes.
        duties.append(_duty(item, first or date.min, last, tuple(span for span in spans if span is not None)))
    return tuple(duties)


def check_duties(
    source: Source,
    duties: tuple[DutySpec, ...],
    tickets: Mapping[str, Register],
    records: Mapping[str, RecordRegister],
    units: tuple[UnitSeed, ...],
    others: Collection[str] = (),
) -> Iterator[Problem]:
    """That all a duty names is there: activity, facts, units, subjects, link, register of tickets.

    `duties` are those of the file, in its order, all of them; `others`: ids of those of other files.
    """
    activities = {name: r for name, r in records.items() if r.kind is RecordKind.ACTIVITY}
    codes = {unit.code for unit in units}
    seen: set[str] = set(others)
    for n, duty in enumerate(duties):
        path: KeyPath = ("duties", n)
        if duty.id in seen:
            yield source.problem(path, f"duty {duty.id} stands twice", "rename or remove one")
        seen.add(duty.id)
        yield from unknown_names(source, (*path, "activity"), (duty.activity,), activities, "register of activities")
        yield from unknown_names(source, (*path, "owed_by"), duty.owed_by.unit_codes, codes, "unit")
        named = (duty.missed_register,) if duty.missed_register else ()
        yield from unknown_names(source, (*path, "missed"), named, tickets, "register of tickets")
        if register := tickets.get(duty.missed_register or ""):
            yield from _check_ticket(source, (*path, "missed"), register)
        if activity := activities.get(duty.activity):
            yield from _check_activity(source, path, duty, activity)
            yield from _check_subjects(source, (*path, "owed_by"), duty.owed_by, activity, records)


def _duty(
    item: Mapping[str, Any], first: date, last: date | None, within: tuple[tuple[DayOfYear, DayOfYear], ...]
) -> DutySpec:
    every = item["every"]
    is_named_day = isinstance(every, dict)
    missed = item.get("missed", Missed.NOTICE)
    opens_ticket = missed.startswith(_TICKET)
    return DutySpec(
        id=item["id"],
        label=item["label"],
        activity=item["activity"],
        owed_by=_owed_by(item["owed_by"]),
        every=Period.MONTH_DAY if is_named_day else Period(every),
        source=as_label(item["source"]),
        in_force_from=first,
        in_force_to=last,
        month_day=every["month_day"] if is_named_day else None,
        count=item.get("count", 1),
        where=predicates_of(item.get("where", {})),
        at_least=tuple(item.get("at_least", {}).items()),
        within=within,
        late_days=item.get("late_days", 0),
        enter_days=item.get("enter_days"),
        has_nil_reports=item.get("nil_reports", False),
        missed=Missed.TICKET if opens_ticket else Missed.NOTICE,
        twice_tells=Role(item.get("missed_twice", Role.LEAD_OFFICIAL)),
        missed_register=missed.removeprefix(_TICKET) if opens_ticket else None,
    )


def _owed_by(item: Mapping[str, Any]) -> OwedBy:
    return OwedBy(
        unit_kinds=tuple(item.get("units", ())),
        unit_codes=tuple(item.get("unit_codes", ())),
        subjects=item.get("subjects"),
        states=tuple(item.get("states", ())),
        link=item.get("link"),
    )


def _span(
    source: Source, path: KeyPath, span: Mapping[str, str], problems: list[Problem]
) -> tuple[DayOfYear, DayOfYear] | None:
    """The first and the last day of a part of the year, which ends in the year in which it begins."""
    days = [source.day(path, f"{_LEAP_YEAR}-{span[edge]}", problems) for edge in ("from", "to")]
    first, last = days
    if first is None or last is None:
        return None
    if last < first:
        mend = "write two parts, one to 12-31 and one from 01-01"
        problems.append(source.problem(path, f"{span['from']} is after {span['to']}", mend))
    return (first.month, first.day), (last.month, last.day)


def _check_activity(source: Source, path: KeyPath, duty: DutySpec, activity: RecordRegister) -> Iterator[Problem]:
    where = {name: values for predicate in duty.where for name, _, values in predicate.tests}
    yield from check_choices(source, (*path, "where"), where, activity)
    for name, _ in duty.at_least:
        here = (*path, "at_least")
        yield from unknown_names(source, here, (name,), activity.by_name, "field")
        field = activity.by_name.get(name)
        if field is not None and (field.type not in NUMBER_TYPES or field.is_private):
            yield source.problem(here, f"{name} is not an open number", "name an integer or decimal field")
    if duty.has_nil_reports and activity.nil_field is None:
        what = f"{activity.name} has no nil report"
        yield source.problem((*path, "nil_reports"), what, f"declare `nil` in {activity.name}, or remove it here")


def _check_ticket(source: Source, path: KeyPath, register: Register) -> Iterator[Problem]:
    """That a ticket can be opened by nobody: all it needs is its summary, or has a choice for rows from files."""
    for field in register.fields:
        if field.is_required and field.imported is None and field.name not in (register.summary_field, "found_on"):
            what = f"{register.name} needs {field.name}, which nobody tells"
            yield source.problem(path, what, "give the field `imported`, or choose `notice`")


def _check_subjects(
    source: Source, path: KeyPath, owed_by: OwedBy, activity: RecordRegister, records: Mapping[str, RecordRegister]
) -> Iterator[Problem]:
    if owed_by.subjects is None:
        return
    subjects = {name: r for name, r in records.items() if r.kind is RecordKind.SUBJECT}
    yield from unknown_names(source, path, (owed_by.subjects,), subjects, "register of subjects")
    if subject := subjects.get(owed_by.subjects):
        yield from unknown_names(source, path, owed_by.states, subject.state_by_name, "state")
    link = activity.by_name.get(owed_by.link or "")
    if link is None or link.register != owed_by.subjects:
        links = [field.name for field in activity.fields if field.register == owed_by.subjects]
        mend = (
            f"`link` names the field of {activity.name} that points to {owed_by.subjects}: {', '.join(links) or 'none'}"
        )
        yield source.problem(path, f"{owed_by.link} does not point to {owed_by.subjects}", mend)
