"""What the page of a ticket shows, as frozen rows: facts, milestones, files, log, whose turn it is.

Values become text in the reader's language here; sentences stand in the templates.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from flask import url_for
from flask_babel import gettext

from tracker import formats, words
from tracker.blueprints.linking import address_of
from tracker.blueprints.names import Names
from tracker.domain.days import from_number
from tracker.domain.deciding import awaited_decisions, awaited_step, is_pointless, is_worth_showing
from tracker.domain.lifecycle import STEPS, Step
from tracker.domain.refusals import Refusal
from tracker.domain.registers import NUMBER_TYPES, Field, FieldType, Register
from tracker.domain.ticket import Ticket
from tracker.queries.tickets import LoggedEvent, TicketPage


# -- facts --------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Fact:
    """A field of the register with its value as text. `beside`: what the record is called that `href` leads to."""

    name: str
    label: str
    text: str
    is_masked: bool
    href: str = ""
    beside: str = ""


def facts(page: TicketPage, register: Register, names: Names, revealed: Mapping[str, Any]) -> tuple[Fact, ...]:
    """Every field that has a value, in the order of the register; private ones masked unless revealed just now."""
    out = []
    if "place" not in register.by_name:
        out.append(Fact("place", words.need("place"), names.unit(page.ticket.place_id), is_masked=False))
    if "found_on" not in register.by_name:
        out.append(Fact("found_on", words.need("found_on"), str(formats.day(page.ticket.found_on)), is_masked=False))
    for field in register.fields:
        value = revealed.get(field.name, page.value(field.name))
        masked = page.masked.get(field.name) if field.name not in revealed else None
        if field.name == "place":
            value = page.ticket.place_id
        if masked is not None or value not in (None, "", [], False):
            out.append(fact(field, value, masked, names))
    if (number := names.numbers.get(page.ticket.origin_id or 0)) is not None:
        href = url_for("records.show", number=number)
        out.append(Fact("origin", gettext("Found by the inspection"), number, is_masked=False, href=href))
    return tuple(out)


def fact(field: Field, value: Any, masked: str | None, names: Names) -> Fact:
    """One field with this value; `masked`: what is shown instead of it."""
    label = words.of(field.label)
    if masked is not None:
        return Fact(field.name, label, masked, is_masked=True)
    if field.type is FieldType.RECORD:
        href, beside = address_of(field, names.numbers.get(value)), names.titles.get(value, "")
        return Fact(field.name, label, names.number(value), is_masked=False, href=href, beside=beside)
    return Fact(field.name, label, value_text(field, value, names), is_masked=False)


def value_text(field: Field, value: Any, names: Names) -> str:
    """A value of this field as text in the reader's language."""
    if isinstance(value, (list, tuple)):
        return gettext("; ").join(value_text(field, one, names) for one in value)
    if isinstance(value, bool):
        return words.yes_no(value)
    if field.type is FieldType.DATE:
        return str(formats.day(value))
    if field.type is FieldType.UNIT:
        return names.unit(value)
    if field.type is FieldType.PERSON:
        return names.person(value)
    if field.type is FieldType.RECORD:
        return names.titled(value)
    if field.type in NUMBER_TYPES and _DIGITS.fullmatch(str(value)):
        return _number_text(field, str(value))
    choice = next((c for c in field.choices if c.name == str(value)), None)
    return words.of(choice.label) if choice else str(value)


def _number_text(field: Field, digits: str) -> str:
    """With its groups, but not where four digits are as likely a year."""
    is_grouped = field.type is FieldType.DECIMAL or len(digits) > len("2023")
    return formats.number(digits) if is_grouped else digits


def summary(page: TicketPage, register: Register) -> str:
    """The problem in the words of the ticket; its number where nothing may be said."""
    return str(page.value(register.summary_field) or page.value("problem") or page.ticket.number)


def fact_text(page: TicketPage, register: Register, names: Names, name: str) -> str:
    """The text of one field; empty where it has none or is private."""
    field, value = register.by_name.get(name), page.value(name)
    return "" if field is None or value in (None, "", []) else value_text(field, value, names)


def said_last(page: TicketPage, kind: str) -> LoggedEvent | None:
    """The latest entry of this kind in the ticket's log."""
    return next((row for row in page.log if row.kind == kind), None)


_DIGITS = re.compile(r"-?[0-9]+(\.[0-9]+)?")


@dataclass(frozen=True, slots=True)
class MilestoneRow:
    """A milestone of the register and, once reached, its day and the values recorded with it."""

    name: str
    label: str
    on: date | None
    values: str
    clocks: tuple[tuple[str, date], ...]  # (label, due day) of the clocks it has started and that still run


def milestone_rows(ticket: Ticket, register: Register, names: Names) -> tuple[MilestoneRow, ...]:
    return tuple(_milestone_row(m.name, words.of(m.label), ticket, register, names) for m in register.milestones)


def _milestone_row(name: str, label: str, ticket: Ticket, register: Register, names: Names) -> MilestoneRow:
    reached = ticket.milestones.get(name)
    running = tuple(
        (words.of(clock.label), from_number(ticket.clocks[clock.name].due_on))
        for clock in register.side_clocks
        if clock.start == name and clock.name in ticket.clocks and clock.stop not in ticket.milestones
        if not ticket.is_gone
    )
    if reached is None:
        return MilestoneRow(name, label, None, "", running)
    return MilestoneRow(name, label, from_number(reached.on), _values_text(reached.values, register, names), running)


def _values_text(values: Mapping[str, Any], register: Register, names: Names) -> str:
    known = ((register.by_name[n], v) for n, v in values.items() if n in register.by_name)
    return gettext("; ").join(f"{words.of(f.label)} {value_text(f, v, names)}" for f, v in known)


# -- the log ------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class LogRow:
    """An entry as components/log.html shows it."""

    position: int
    occurred_on: date
    recorded_at: datetime
    what: str
    who: str
    detail: str
    late_days: int | None
    is_closing: bool


def log_rows(logged: Iterable[LoggedEvent], register: Register, names: Names) -> tuple[LogRow, ...]:
    return tuple(
        LogRow(
            position=row.position,
            occurred_on=row.occurred_on,
            recorded_at=row.recorded_at,
            what=words.event(row.kind),
            who=names.person(row.actor_id),
            detail=gettext("; ").join(details(row.data, register, names)),
            late_days=row.late_days,
            is_closing=row.kind == "closed",
        )
        for row in logged
    )


def details(data: Mapping[str, Any], register: Register, names: Names) -> list[str]:
    """What an entry says beside its kind: the parts of its data that a reader can use, each with its label."""
    given = {key: value for key, value in data.items() if value not in (None, "", [])}
    out = [names.owner(given["owner_unit"], given.get("owner"))] if "owner_unit" in given else []
    out += [text for key, tell in _TOLD.items() if key in given and (text := tell(given[key], names))]
    outcome = register.outcome_by_name.get(data.get("outcome", ""))
    if outcome:
        out.append(words.of(outcome.label))
    milestone = register.milestone_by_name.get(data.get("name", ""))
    if milestone:
        values = _values_text(data.get("values", {}), register, names)
        out.append(f"{words.of(milestone.label)} {values}".strip())
    pause = next((c for c in register.pause_reasons if c.name == data.get("pause_reason")), None)
    if pause:
        out.append(words.of(pause.label))
    if "changes" in data:
        out += changed(data["changes"], register.by_name, names)
    return out


def changed(changes: Mapping[str, Any], fields: Mapping[str, Field], names: Names) -> list[str]:
    """Label and new value of each changed field."""
    known = ((fields[n], v) for n, v in changes.items() if n in fields)
    return [f"{words.of(f.label)}: {_or_nothing(f, value, names)}" for f, value in known]


def _or_nothing(field: Field, value: Any, names: Names) -> str:
    return str(formats.NOTHING) if value is None else value_text(field, value, names)


def _labelled(name: str, text: str) -> str:
    return f"{words.need(name)} {text}"


_TOLD: Mapping[str, Any] = {
    "lead_official": lambda value, names: _labelled("lead_official_id", names.person(value)),
    "support": lambda value, names: _labelled(
        "supports", gettext("; ").join(f"{names.unit(s['unit'])} {s.get('part') or ''}".strip() for s in value)
    ),
    "place": lambda value, names: _labelled("place", names.unit(value)),
    "found_on": lambda value, names: _labelled("found_on", formats.day(value)),
    "due_on": lambda value, names: _labelled("due_on", formats.day(value)),
    "from_on": lambda value, names: _labelled("from_on", formats.day(value)),
    "to_on": lambda value, names: _labelled("to_on", formats.day(value)),
    "days": lambda value, names: _labelled("extension_days", str(value)),
    "reason": lambda value, names: str(value),
    "finding": lambda value, names: str(value),
    "note": lambda value, names: str(value),
    "text": lambda value, names: str(value),
    "recheck_result": lambda value, names: words.choice(value),
    "way": lambda value, names: words.choice(value),
    "into": lambda value, names: _labelled("into_id", names.number(value)),
    "people": lambda value, names: gettext("; ").join(names.person(i) for i in value),
    "evidence": lambda value, names: _labelled("evidence", str(len(value))),
}


# -- whose turn ---------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Turn:
    """Who has to act, and what the reader can do.

    `awaited`: the step that the ticket waits for (None once it is closed or gone). `is_asked`: a request waits for
    somebody's yes or no. `main`: the reader's own acts, the first of them first. `forbidden`: acts with the reason
    why not. `more`: what else may be done.
    """

    awaited: str | None
    is_asked: bool
    main: tuple[str, ...]
    forbidden: tuple[tuple[str, Refusal], ...]
    more: tuple[str, ...]

    @property
    def is_mine(self) -> bool:
        return bool(self.main)


_SECOND = frozenset(step.otherwise for step in STEPS)


def turn(ticket: Ticket, register: Register, possible: Iterable[tuple[Step, Refusal | None]]) -> Turn:
    awaited, decisions = awaited_step(ticket, register), awaited_decisions(ticket)
    offered = {s.name: why for s, why in possible if is_worth_showing(why) and not is_pointless(s, ticket)}
    free = [name for name, why in offered.items() if why is None]
    asked = [step for step in (*decisions, awaited) if step is not None]
    first = [step.name for step in asked if step.name in free]
    # A request that the rule forbids to grant still waits for its no.
    refusable = [step for step in asked if step in decisions or step.name in free]
    beside = [step.otherwise for step in refusable if step.otherwise in free]
    shown = tuple(dict.fromkeys((*first, *beside)))
    return Turn(
        awaited=awaited.name if awaited else None,
        is_asked=bool(decisions),
        main=shown,
        forbidden=tuple((name, why) for name, why in offered.items() if why is not None and name not in _SECOND),
        more=tuple(name for name in free if name not in shown),
    )
