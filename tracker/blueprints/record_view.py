"""What the page of an activity, subject or statistic shows, as frozen rows in the reader's language."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import url_for
from flask_babel import gettext, ngettext

from tracker import words
from tracker.blueprints import list_view, record_list_view, ticket_view
from tracker.blueprints.list_view import Row
from tracker.blueprints.names import Names
from tracker.blueprints.record_list_view import RecordRow
from tracker.blueprints.rights import connection, house
from tracker.blueprints.ticket_view import Fact, LogRow, fact, value_text
from tracker.domain.days import from_number
from tracker.domain.inspecting import FAIL
from tracker.domain.record import Record
from tracker.domain.records import RecordRegister
from tracker.domain.registers import Field, Register
from tracker.domain.turns import StateTurn
from tracker.queries import lists, record_lists, records
from tracker.queries.counts import Count
from tracker.queries.record_lists import RecordCursor
from tracker.queries.records import RecordPage
from tracker.queries.scope import Viewer
from tracker.queries.tickets import LoggedEvent

FIRST_LINKED = 10
"""So many of what names a record stand on its page; the others on pages of their own."""


def title(page: RecordPage, register: RecordRegister, names: Names) -> str:
    """What it is about in a line; its number where that is private."""
    record, name = page.record, register.summary_field
    value = record.fields.get(name)
    text = value_text(register.by_name[name], value, names) if value not in (None, "", []) else ""
    return text or page.masked.get(name, "") or record.number


def state_label(register: RecordRegister, name: str | None) -> str:
    state = register.state_by_name.get(name or "")
    return words.of(state.label) if state else name or ""


# -- facts --------------------------------------------------------------------------------------------
def facts(page: RecordPage, register: RecordRegister, names: Names, revealed: Mapping[str, Any]) -> tuple[Fact, ...]:
    """Every field that has a value, in the order of the register; private ones masked unless revealed just now."""
    out = []
    for field in register.fields:
        value = revealed.get(field.name, page.record.fields.get(field.name))
        masked = page.masked.get(field.name) if field.name not in revealed else None
        if masked is not None or value not in (None, "", [], False):
            out.append(fact(field, value, masked, names))
    return tuple(out)


# -- a subject's states, a statistic's values ---------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Turn:
    """From this day on, in this state; `who` recorded it. `until` None: still so.

    `follows`: it came of a ticket, `number` and `href` of which are empty for those who may not know of it.
    """

    on: date
    until: date | None
    label: str
    who: str
    note: str
    follows: bool = False
    number: str = ""
    href: str = ""


def turns(page: RecordPage, register: RecordRegister, names: Names) -> tuple[Turn, ...]:
    """The states of a subject, the latest first."""
    if not page.record.turns:
        return ()
    told = {entry.position: entry for entry in page.log}
    ordered = page.record.turns
    ends: list[date | None] = [from_number(t.day) for t in ordered[1:]]
    rows = [
        _turn(turn, end, state_label(register, turn.state), told, names)
        for turn, end in zip(ordered, [*ends, None], strict=True)
    ]
    return tuple(reversed(rows))


def _turn(turn: StateTurn, until: date | None, label: str, told: Mapping[int, LoggedEvent], names: Names) -> Turn:
    on = from_number(turn.day)
    if turn.ticket_id is not None:
        number = names.numbers.get(turn.ticket_id, "")
        href = url_for("tickets.show", number=number) if number else ""
        return Turn(on, until, label, "", "", follows=True, number=number, href=href)
    entry = told[turn.position]
    return Turn(on, until, label, names.person(entry.actor_id), str(entry.data.get("note", "")))


@dataclass(frozen=True, slots=True)
class Value:
    """A value reported at a stage, with what was said beside it."""

    stage: str
    value: str
    on: date
    who: str
    more: str


def values(page: RecordPage, register: RecordRegister, names: Names) -> tuple[Value, ...]:
    """The values of a statistic by stage, the highest first."""
    if not register.value_field or not register.stage_field:
        return ()
    told = {entry.position: entry for entry in page.log}
    stage, value = register.by_name[register.stage_field], register.by_name[register.value_field]
    apart = {*register.key_fields, stage.name, value.name, register.day_field}
    beside = [f for f in register.fields if f.name not in apart]
    ranks = [choice.name for choice in register.stages]
    rows = sorted(page.record.reports, key=lambda r: ranks.index(r.stage), reverse=True)
    return tuple(
        Value(
            stage=value_text(stage, report.stage, names),
            value=value_text(value, report.fields.get(value.name), names),
            on=from_number(report.day),
            who=names.person(told[report.position].actor_id),
            more=_said(beside, report.fields, names),
        )
        for report in rows
    )


def _said(fields: Iterable[Field], given: Mapping[str, Any], names: Names) -> str:
    known = ((f, given.get(f.name)) for f in fields)
    return gettext("; ").join(value_text(f, v, names) for f, v in known if v not in (None, "", [], False))


# -- the log ------------------------------------------------------------------------------------------
def log_rows(logged: Iterable[LoggedEvent], register: RecordRegister, names: Names) -> tuple[LogRow, ...]:
    return tuple(
        LogRow(
            position=row.position,
            occurred_on=row.occurred_on,
            recorded_at=row.recorded_at,
            what=words.event(row.kind),
            who=names.person(row.actor_id),
            detail=gettext("; ").join(_details(row, register, names)),
            late_days=row.late_days,
            is_closing=False,
        )
        for row in logged
    )


def _details(row: LoggedEvent, register: RecordRegister, names: Names) -> list[str]:
    data, out = row.data, []
    if "state" in data:
        out.append(state_label(register, data["state"]))
    if row.kind == "followed":
        out += _followed(data, register, names)
    if "stage" in data and register.stage_field:
        out.append(value_text(register.by_name[register.stage_field], data["stage"], names))
    if register.value_field and register.value_field in data.get("fields", {}):
        out.append(value_text(register.by_name[register.value_field], data["fields"][register.value_field], names))
    elif row.kind == "state_changed":
        out += ticket_view.changed(data.get("fields", {}), register.by_name, names)
    out += [str(data[name]) for name in ("reason", "note") if data.get(name)]
    out += ticket_view.changed(data.get("changes", {}), register.by_name, names)
    if row.kind == "amended" and data.get("private"):
        out += [words.of(register.by_name[n].label) for n in data["private"] if n in register.by_name]
    if answers := data.get("answers"):
        failed = sum(answer.get("result") == FAIL for answer in answers.values())
        out.append(ngettext("%(num)s answer", "%(num)s answers", len(answers)))
        if failed:
            out.append(ngettext("%(num)s failed", "%(num)s failed", failed))
    if files := data.get("evidence"):
        out.append(f"{words.need('evidence')} {len(files)}")
    return [text for text in out if text]


def _followed(data: Mapping[str, Any], register: RecordRegister, names: Names) -> list[str]:
    """The ticket, and where it has led to by then; nowhere when it no longer says anything."""
    led = [state_label(register, claim["state"]) for claim in data["claims"] if "state" in claim]
    return [names.numbers.get(data["ticket"], ""), " → ".join(led) if led else gettext("as if without it")]


# -- what names the record ----------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class LinkedPart:
    """The tickets or records of one register that name this record. `href`: all of them, when there are more."""

    register: Register | RecordRegister
    label: str
    count_text: str
    tickets: list[Row]
    records: list[RecordRow]
    href: str | None


def registers_that_name(name: str) -> tuple[Register | RecordRegister, ...]:
    """Registers with a field that leads to this register, those of tickets first."""
    pack = house().pack
    every: tuple[Register | RecordRegister, ...] = (*pack.registers, *pack.records)
    return tuple(r for r in every if any(f.register == name for f in r.links))


def linked_parts(record: Record, asking: Viewer) -> tuple[LinkedPart, ...]:
    """Register by register the newest; registers without any are left out."""
    parts = (_linked_part(record, register, asking) for register in registers_that_name(record.register))
    return tuple(part for part in parts if part.tickets or part.records)


def _linked_part(record: Record, register: Register | RecordRegister, asking: Viewer) -> LinkedPart:
    tickets, kept, following = linked_rows(record, register, asking, after=None, limit=FIRST_LINKED)
    is_of_tickets = isinstance(register, Register)
    count = Count(len(tickets) + len(kept), is_more=False)
    if following is not None:
        count = records.count_linked(connection(), asking, record.id, register.name, is_of_tickets=is_of_tickets)
    href = url_for("records.linked", number=record.number, register=register.name) if following else None
    return LinkedPart(register, words.of(register.label), list_view.count_text(count), tickets, kept, href)


def linked_rows(
    record: Record, register: Register | RecordRegister, asking: Viewer, *, after: RecordCursor | None, limit: int
) -> tuple[list[Row], list[RecordRow], RecordCursor | None]:
    """Tickets or records, as many as asked for, and the cursor of those that follow."""
    is_of_tickets = isinstance(register, Register)
    found = records.linked(
        connection(), asking, record.id, register.name, is_of_tickets=is_of_tickets, after=after, limit=limit
    )
    if isinstance(register, Register):
        return (
            list_view.rows(lists.lines_by_id(connection(), asking, {register.name: register}, found.ids)),
            [],
            found.next,
        )
    lines = record_lists.lines_of(connection(), asking, {register.name: register}, found.ids)
    return [], record_list_view.rows(lines), found.next
