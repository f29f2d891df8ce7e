"""What lists of activities, subjects and statistics show, as frozen rows in the reader's language.

Which records there are is asked in queries/record_lists.py; sentences stand in the templates.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from typing import Any

from flask import url_for
from flask_babel import gettext
from sqlalchemy import Connection
from werkzeug.datastructures import MultiDict

from tracker import formats, languages, words
from tracker.blueprints import linking, list_view
from tracker.blueprints.names import Names, names
from tracker.blueprints.rights import connection, directory, house, today, viewer
from tracker.blueprints.ticket_view import value_text
from tracker.domain.records import RecordKind, RecordRegister
from tracker.domain.registers import NUMBER_TYPES, Field
from tracker.domain.texts import whole_number
from tracker.queries import people, scope
from tracker.queries.counts import Count
from tracker.queries.record_lists import (
    RecordCursor,
    RecordFilters,
    RecordLine,
    RecordView,
    count_records,
    days_of,
    living,
    together,
    views_of,
)
from tracker.queries.scope import Viewer

YEARS_OFFERED = 10
FIRST_YEAR, LAST_YEAR = 1971, 2900


def registers_open_for(action: str) -> tuple[RecordRegister, ...]:
    """Registers of records in which the person may do this somewhere, in the order of the pack."""
    opened = scope.open_registers(viewer(), action)
    takes_all = action not in ("register", "import")
    return tuple(r for r in house().pack.records if r.name in opened and (takes_all or not r.is_withdrawn))


def needed_first(register: RecordRegister) -> tuple[RecordRegister, ...]:
    """Registers that still hold nothing this person may see, and of which each entry of this one names a record."""
    names_of = {f.register for f in register.links if f.is_required}
    named = [other for other in house().pack.records if other.name in names_of]
    counts = count_records(connection(), viewer(), [RecordFilters(other.name, RecordView.ALL) for other in named])
    return tuple(other for other, count in zip(named, counts, strict=True) if not count.number)


# -- one line -----------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class RecordRow:
    """A record in a list. `cells`: field → text of its listed fields; `is_closed`: ended or void, told quieter."""

    id: int
    number: str
    href: str
    on: date
    unit: str
    text: str
    state: str
    is_nil: bool
    is_unfinished: bool
    is_void: bool
    is_closed: bool
    cells: Mapping[str, str]
    is_group: bool = False


def rows(lines: Iterable[RecordLine]) -> list[RecordRow]:
    """In the reader's language, the records that they name by their numbers."""
    found = tuple(lines)
    pack = house().pack
    ids = {i for line in found for i in linking.ids_named(pack.record_by_name[line.register], line.listed)}
    known = linking.named(viewer(), ids) if ids else names()
    return [_row(line, pack.record_by_name[line.register], known) for line in found]


def _row(line: RecordLine, register: RecordRegister, known: Names) -> RecordRow:
    state = register.state_by_name.get(line.state or "")
    return RecordRow(
        id=line.id,
        number=line.number,
        href=url_for("records.show", number=line.number),
        on=line.on,
        unit=_unit(line, register, known),
        text=_summary(line, register, known),
        state=words.of(state.label) if state else "",
        is_nil=line.is_nil,
        is_unfinished=line.is_unfinished,
        is_void=line.is_void,
        is_closed=line.is_void or (state is not None and state.is_end),
        cells={f.name: _cell(f, line, known) for f in columns_listed(register)},
    )


def _unit(line: RecordLine, register: RecordRegister, known: Names) -> str:
    """The unit, with the villagers' group as people say it where the unit is a village."""
    group = line.listed.get("group") if register.unit_field == "place" else None
    return list_view.place_text(line.unit_id, None if group is None else str(group), known)


def _summary(line: RecordLine, register: RecordRegister, known: Names) -> str:
    field = register.by_name[register.summary_field]
    if not line.summary:
        return line.masked.get(field.name, "")
    return value_text(field, line.summary, known) if field.choices else line.summary


def _cell(field: Field, line: RecordLine, known: Names) -> str:
    if field.is_private:
        return line.masked.get(field.name, "")
    value = line.listed.get(field.name)
    if value in (None, "", [], False):
        return ""
    if isinstance(value, list):
        return value_text(field, value, known)
    return known.once((line.register, field.name, value), partial(value_text, field, value, known))


def columns_listed(register: RecordRegister) -> tuple[Field, ...]:
    """Listed fields that have no place of their own in a line."""
    apart = {register.day_field, register.unit_field, register.summary_field, register.nil_field}
    if register.unit_field == "place":
        apart.add("group")
    return tuple(f for f in register.fields if f.is_listed and f.name not in apart)


def columns(register: RecordRegister) -> list[dict[str, Any]]:
    """The columns of a register's list."""
    heads = (register.day_field, register.unit_field, register.summary_field)
    day, unit, summary = (register.by_name[name] for name in heads)
    out: list[dict[str, Any]] = [
        {"name": "number", "label": gettext("Number"), "slot": "number"},
        {"name": "on", "label": words.of(day.label), "slot": "deadline"},
        {"name": "unit", "label": words.of(unit.label), "slot": "place"},
        {"name": "text", "label": words.of(summary.label), "slot": "text"},
    ]
    out += [
        {"name": f.name, "label": words.of(f.label), "number": f.type in NUMBER_TYPES} for f in columns_listed(register)
    ]
    if register.states:
        out.append({"name": "state", "label": gettext("State"), "slot": "status"})
    return out


# -- what the address asks for ------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Asked:
    """A list as its address asks for it."""

    filters: RecordFilters
    year: int | None
    month: int | None
    after: RecordCursor | None

    def args(self, **changes: Any) -> dict[str, Any]:
        """The address of the same list, with changes. What is usual is left out, and the cursor."""
        f = self.filters
        given = {
            "view": None if f.view is RecordView.ALL else f.view.value,
            "unit": f.unit_id,
            "state": f.state,
            "year": self.year,
            "month": self.month,
        } | changes
        return {name: value for name, value in given.items() if value not in (None, "")}

    def cleared(self) -> dict[str, Any]:
        """The address without what narrows it."""
        return self.args(unit=None, state=None, year=None, month=None)

    @property
    def is_narrowed(self) -> bool:
        return any(value is not None for value in (self.filters.unit_id, self.filters.state, self.year, self.month))


def asked(register: RecordRegister, args: MultiDict[str, str]) -> Asked:
    """Reads the address. What it cannot be read as is passed over: a list is shown, never an error."""
    view, state = args.get("view"), args.get("state")
    month = whole_number(args.get("month"))
    month = month if month is not None and 1 <= month <= 12 else None
    year = whole_number(args.get("year"))
    year = year if year is not None and FIRST_YEAR <= year <= LAST_YEAR else None
    if month is not None and year is None:
        year = today().year
    unit_id = whole_number(args.get("unit"))
    filters = RecordFilters(
        register=register.name,
        view=RecordView(view) if view in set(views_of(register)) else RecordView.ALL,
        unit_id=unit_id if unit_id in directory().units else None,
        state=state if state in register.state_by_name else None,
    )
    if year is not None:
        filters = _within(filters, year, month)
    return Asked(filters, year, month, RecordCursor.read(args.get("after", "")))


# -- views and filters --------------------------------------------------------------------------------
def view_label(register: RecordRegister, view: RecordView) -> str:
    if view is RecordView.NIL and register.nil_field:
        return words.of(register.by_name[register.nil_field].label)
    return {
        RecordView.ALL: gettext("All"),
        RecordView.UNFINISHED: gettext("Unfinished"),
        RecordView.FOUND: gettext("Something found"),
        RecordView.VOID: gettext("Voided"),
    }[view]


def view_chips(register: RecordRegister, what: Asked, counts: Mapping[RecordView, Count]) -> list[dict[str, Any]]:
    return [
        {
            "url": url_for(
                "record_lists.records",
                register=register.name,
                **what.args(view=None if view is RecordView.ALL else view.value, state=None),
            ),
            "label": view_label(register, view),
            "count_text": list_view.count_text(counts.get(view)),
            "is_current": view is what.filters.view,
        }
        for view in views_of(register)
    ]


def selects(register: RecordRegister, what: Asked, asking: Viewer) -> list[dict[str, Any]]:
    """The lists to choose from above a list of records; one with a single choice is left out."""
    f, lang = what.filters, languages.current()
    units = [(u.id, u.label(lang)) for u in _units(register, asking)]
    states = [(s.name, words.of(s.label)) for s in register.states]
    this_year = today().year
    years = sorted({*range(this_year - YEARS_OFFERED + 1, this_year + 1), what.year or this_year}, reverse=True)
    found: list[tuple[str, str, Any, list[Any]]] = [
        ("unit", words.of(register.by_name[register.unit_field].label), f.unit_id, units),
        ("state", gettext("State"), f.state, states),
        ("year", gettext("Year"), what.year, [(year, str(year)) for year in years]),
        ("month", gettext("Month"), what.month, [(m, formats.month_name(m)) for m in range(1, 13)]),
    ]
    return [
        {"name": name, "label": label, "value": value, "options": [("", gettext("All")), *options]}
        for name, label, value, options in found
        if len(options) > 1 or value is not None
    ]


def _units(register: RecordRegister, asking: Viewer) -> tuple[Any, ...]:
    if register.unit_field == "place":
        return people.places_for(asking, "view", register.name)
    return people.homes_for(asking, "view", register.name)


def chosen_filters(register: RecordRegister, what: Asked) -> list[tuple[str, str]]:
    """(what, which one) of every filter that is on, as a file says it in its head."""
    found = [
        (words.of(register.by_name[register.unit_field].label), names().unit(what.filters.unit_id)),
        (gettext("State"), words.of(register.state_by_name[what.filters.state].label) if what.filters.state else ""),
        (gettext("Year"), str(what.year or "")),
        (gettext("Month"), formats.month_name(what.month) if what.month else ""),
    ]
    return [(label, text) for label, text in found if text]


# -- all registers ------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Overview:
    """A register with its numbers: (what, how many, the list of them)."""

    register: RecordRegister
    counts: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True)
class Group:
    """The registers of a kind."""

    label: str
    columns: tuple[str, ...]
    rows: tuple[Overview, ...]


def overview(conn: Connection, asking: Viewer) -> tuple[Group, ...]:
    """Kind by kind the registers that the person may look into; a kind without any is left out."""
    opened = registers_open_for("view")
    groups = (_group(conn, asking, kind, [r for r in opened if r.kind is kind]) for kind in RecordKind)
    return tuple(group for group in groups if group.rows)


def _group(conn: Connection, asking: Viewer, kind: RecordKind, registers: list[RecordRegister]) -> Group:
    asked_of = [(r, _headings(r)) for r in registers]
    counts = iter(count_records(conn, asking, [f for _, parts in asked_of for _, _, filters in parts for f in filters]))
    found = []
    for register, parts in asked_of:
        told = []
        for label, args, filters in parts:
            count = together(next(counts) for _ in filters)
            href = url_for("record_lists.records", register=register.name, **args)
            told.append((label, list_view.count_text(count), href))
        found.append(Overview(register, tuple(told)))
    labels = tuple(label for label, _, _ in asked_of[0][1]) if asked_of else ()
    return Group(kind_label(kind), labels, tuple(found))


def _headings(register: RecordRegister) -> list[tuple[str, dict[str, Any], tuple[RecordFilters, ...]]]:
    """What is counted of a register: how it is called, the address of the list, what to add up."""
    every = RecordFilters(register.name)
    if register.kind is RecordKind.SUBJECT:
        return [(gettext("Current"), {}, living(register)), (gettext("All"), {}, (every,))]
    if register.kind is RecordKind.STATISTIC:
        return [(gettext("All"), {}, (every,))]
    year, month = today().year, today().month
    spans: list[tuple[str, dict[str, Any]]] = [
        (gettext("This month"), {"year": year, "month": month}),
        (gettext("This year"), {"year": year}),
    ]
    dated = [(label, args, (_within(every, args["year"], args.get("month")),)) for label, args in spans]
    return [*dated, (gettext("All"), {}, (every,))]


def _within(filters: RecordFilters, year: int, month: int | None) -> RecordFilters:
    first, last = days_of(year, month)
    return replace(filters, from_on=first, until_on=last)


def kind_label(kind: RecordKind) -> str:
    return {
        RecordKind.ACTIVITY: gettext("Activities"),
        RecordKind.SUBJECT: gettext("Subjects"),
        RecordKind.STATISTIC: gettext("Statistics"),
    }[kind]
