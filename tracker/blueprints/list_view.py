"""What lists of tickets show, as frozen rows in the reader's language: one line, the views, the filters, the columns.

Which tickets there are is asked in queries/lists.py; sentences stand in the templates.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import partial
from typing import Any, ClassVar, TypeVar
from urllib.parse import quote

from flask import g, url_for
from flask_babel import gettext
from werkzeug.datastructures import MultiDict

from tracker import formats, languages, words
from tracker.blueprints.names import Names, names
from tracker.blueprints.rights import can, connection, directory, head, house, today, viewer
from tracker.blueprints.ticket_view import value_text
from tracker.domain.figures import FigureSpec
from tracker.domain.lifecycle import AWAITING, CLOCK_RUNS, GONE, OPEN, Status
from tracker.domain.registers import Field, FieldType, Register
from tracker.domain.texts import whole_number, whole_numbers
from tracker.queries import figures, people, scope
from tracker.queries.counts import Count
from tracker.queries.lists import PAGE, Cursor, Due, Filters, Sort, TicketLine, View
from tracker.queries.scope import Viewer

VIEWS = (View.OPEN, View.OVERDUE, View.WEEK, View.VERIFY, View.DECIDE, View.RELAPSED, View.CLOSED, View.ALL, View.GONE)
MOST_ROWS = 200
"""As many tickets as one assignment takes."""

_Word = TypeVar("_Word", bound=StrEnum)
_APART = frozenset({"place", "found_on", "category", "severity", "group", "source"})
"""Listed fields that have a place of their own in a line, or tell nothing when one looks for work."""
_BESIDE = frozenset({"category", "severity", "group"})
"""Of these the fields whose words stand in the row."""


def registers_open_for(action: str) -> tuple[Register, ...]:
    """Registers in which the person may do this somewhere, in the order of the pack."""
    opened = scope.open_registers(viewer(), action)
    takes_all = action not in ("register", "import")
    return tuple(r for r in house().pack.registers if r.name in opened and (takes_all or not r.is_withdrawn))


# -- one line -----------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Row:
    """A ticket in a list. `picked`: what a ticked row sends, its id and the version that was seen.

    `who`: masked names of people concerned; `post`: the owner as named right behind `owner_unit`; `more`: the texts of
    further listed fields.
    """

    id: int
    number: str
    href: str
    register: str
    status: Status
    status_label: str
    text: str
    is_restricted: bool
    place: str
    who: str
    category: str
    severity: str
    owner_unit: str
    owner: str
    post: str
    due: Due
    found_on: date
    submitted_on: date | None
    closed_on: date | None
    has_request: bool
    relapse_count: int
    version: int
    more: tuple[str, ...]
    is_group: ClassVar[bool] = False

    @property
    def is_closed(self) -> bool:
        return self.status is Status.CLOSED

    @property
    def picked(self) -> str:
        return f"{self.id}.{self.version}"

    def step_href(self, step: str) -> str:
        """The page of a step of this ticket."""
        return f"{self.href}/{step}"


def _row(line: TicketLine, register: Register, known: Names) -> Row:
    """The line in the reader's language. A restricted ticket shows its number and where it stands, no word of it."""
    listed = {} if line.is_restricted else _listed_texts(line, register, known)
    text = "" if line.is_restricted else line.summary
    return Row(
        id=line.id,
        number=line.number,
        href=_address(line.number),
        register=register.name,
        status=line.status,
        status_label=words.status(line.status),
        text=text,
        is_restricted=line.is_restricted,
        place=place_text(line.place_id, listed.get("group"), known),
        who=" ".join(line.masked.values()),
        category=listed.get("category", ""),
        severity=listed.get("severity", ""),
        owner_unit=known.unit(line.owner_unit_id),
        owner=known.person(line.owner_id),
        post=known.post(line.owner_id, line.owner_unit_id),
        due=line.due,
        found_on=line.found_on,
        submitted_on=line.submitted_on,
        closed_on=line.closed_on,
        has_request=line.has_request,
        relapse_count=line.relapse_count,
        version=line.version,
        more=tuple(text for name, text in listed.items() if _explains_itself(register.by_name[name])),
    )


def _explains_itself(field: Field) -> bool:
    """A choice says what it is by its words; a bare number or day would need its heading."""
    return field.type is FieldType.SELECT_ONE and field.name not in _APART


def rows(lines: tuple[TicketLine, ...]) -> list[Row]:
    known = names()
    return [_row(line, house().register(line.register), known) for line in lines]


def _address(number: str) -> str:
    """The ticket's page. Flask's builder is asked once a request: it would be a tenth of a list's time."""
    if "ticket_address" not in g:
        g.ticket_address = url_for("tickets.show", number="0")[:-1]
    return f"{g.ticket_address}{quote(number)}"


def place_text(village_id: int, group: str | None, known: Names) -> str:
    """The village, with the villagers' group as people say it: 晨光村4组."""
    village = known.unit(village_id)
    if not group:
        return village
    return known.once(
        ("place", village_id, group), lambda: gettext("%(village)s, group %(number)s", village=village, number=group)
    )


def _listed_texts(line: TicketLine, register: Register, known: Names) -> dict[str, str]:
    """Field → what a row shows of it."""
    fields = ((register.by_name.get(name), value) for name, value in line.listed.items())
    return {
        f.name: known.once((register.name, f.name, value), partial(value_text, f, value, known))
        for f, value in fields
        if f is not None and value not in (None, "", []) and (f.name in _BESIDE or _explains_itself(f))
    }


def picked(values: list[str]) -> dict[int, int]:
    """Ticked rows as they are sent: ticket → the version that was seen. What we did not write is passed over."""
    pairs = [whole_numbers(value, ".") for value in values]
    return {pair[0]: pair[1] for pair in pairs if len(pair) == 2}


# -- what the address asks for ------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Asked:
    """A list as its address asks for it."""

    filters: Filters
    sort: Sort
    after: Cursor | None
    limit: int

    def args(self, **changes: Any) -> dict[str, Any]:
        """The address of the same list, with changes. What is usual is left out, and the cursor."""
        given = {
            "view": None if self.filters.view is View.OPEN else self.filters.view.value,
            "sort": None if self.sort is Sort.DUE else self.sort.value,
            "place": self.filters.place_id,
            "owner": self.filters.owner_unit_id,
            "category": self.filters.category,
            "status": self.filters.status.value if self.filters.status else None,
            "rows": self.limit if self.limit != PAGE else None,
        } | changes
        return {name: value for name, value in given.items() if value not in (None, "")}

    @property
    def is_narrowed(self) -> bool:
        f = self.filters
        return any(value is not None for value in (f.place_id, f.owner_unit_id, f.category, f.status))


def asked(register: Register, args: MultiDict[str, str]) -> Asked:
    """Reads the address. What it cannot be read as is passed over: a list is shown, never an error."""
    category, status = args.get("category"), args.get("status")
    categories = {c.name for c in _categories(register)}
    view = _one_of(View, args.get("view"), View.OPEN)
    filters = Filters(
        register=register.name,
        view=view,
        place_id=_unit_id(args.get("place")),
        owner_unit_id=_unit_id(args.get("owner")),
        category=category if category in categories else None,
        status=Status(status) if status in set(_statuses(view)) else None,
    )
    limit = MOST_ROWS if args.get("rows") == str(MOST_ROWS) else PAGE
    return Asked(filters, _one_of(Sort, args.get("sort"), Sort.DUE), Cursor.read(args.get("after", "")), limit)


def _one_of(kind: type[_Word], text: str | None, usual: _Word) -> _Word:
    return kind(text) if text in set(kind) else usual


def _unit_id(text: str | None) -> int | None:
    unit_id = whole_number(text)
    return unit_id if unit_id in directory().units else None


def _categories(register: Register) -> tuple[Any, ...]:
    field = register.by_name.get("category")
    return field.choices if field is not None else ()


def _statuses(view: View) -> tuple[Status, ...]:
    """The statuses that can be chosen in a view: where it holds one only, none."""
    found = {
        View.VERIFY: AWAITING,
        View.OVERDUE: CLOCK_RUNS,
        View.RELAPSED: frozenset[Status](),
        View.CLOSED: frozenset[Status](),
        View.GONE: GONE,
        View.ALL: OPEN | {Status.CLOSED},
    }.get(view, OPEN)
    return tuple(s for s in Status if s in found)


# -- views and filters --------------------------------------------------------------------------------
def view_label(view: View) -> str:
    return {
        View.OPEN: gettext("Open"),
        View.OVERDUE: gettext("Overdue"),
        View.WEEK: gettext("Due this week"),
        View.VERIFY: gettext("Awaiting verification"),
        View.DECIDE: gettext("Awaiting a decision"),
        View.RELAPSED: gettext("Relapsed"),
        View.CLOSED: gettext("Closed"),
        View.GONE: gettext("Voided or merged"),
        View.ALL: gettext("Open and closed"),
    }[view]


def count_text(count: Count | None) -> str:
    """Exact up to where we count, then “999+”."""
    return "" if count is None else f"{formats.number(count.number)}{'+' if count.is_more else ''}"


def view_chips(register: Register, what: Asked, counts: Mapping[View, Count]) -> list[dict[str, Any]]:
    return [
        {
            "url": url_for(
                "registers.tickets", register=register.name, **what.args(view=_unless_open(view), status=None)
            ),
            "view": view,
            "label": view_label(view),
            "count_text": count_text(counts.get(view)),
            "is_current": view is what.filters.view,
        }
        for view in VIEWS
    ]


def carried_over_chip(register: Register) -> list[dict[str, Any]]:
    """What the year began with and still has, as its figure counts it and lists it; of a register without that figure,
    and where there is nothing, no chip."""
    spec = next((f for f in house().pack.figures if f.register == register.name and _is_of_old(f)), None)
    if spec is None or not can("figures"):
        return []
    pair = figures.as_of(connection(), effective=today(), known=None, head=head())
    (value,) = figures.figure_values(connection(), house(), [spec], pair, units=None)
    if not value.numerator:
        return []
    href = url_for("figures.show", figure=spec.id, effective=today().isoformat())
    text = formats.number(value.numerator)
    return [{"url": href, "view": None, "label": gettext("Carried over"), "count_text": text, "is_current": False}]


def _is_of_old(spec: FigureSpec) -> bool:
    return [term.account for term in spec.numerator] == ["carried_over"] and not spec.denominator


def _unless_open(view: View) -> str | None:
    return None if view is View.OPEN else view.value


def selects(register: Register, what: Asked, viewer: Viewer) -> list[dict[str, Any]]:
    """The lists to choose from above a list of tickets; one with a single choice is left out."""
    f, lang = what.filters, languages.current()
    places = [(u.id, u.label(lang)) for u in people.places_for(viewer, "view", register.name)]
    owners = [(u.id, u.label(lang)) for u in people.owner_units(viewer)]
    found: list[tuple[str, str, Any, list[Any]]] = [
        ("place", gettext("Village"), f.place_id, places),
        ("status", gettext("Status"), f.status, [(s.value, words.status(s)) for s in _statuses(f.view)]),
        ("category", gettext("Category"), f.category, [(c.name, words.of(c.label)) for c in _categories(register)]),
        ("owner", gettext("Owner unit"), f.owner_unit_id, owners),
    ]
    shown = [
        {"name": name, "label": label, "value": value, "options": [("", gettext("All")), *options]}
        for name, label, value, options in found
        if len(options) > 1 or value is not None
    ]
    pages = [("", formats.number(PAGE)), (str(MOST_ROWS), formats.number(MOST_ROWS))]
    chosen = str(what.limit) if what.limit != PAGE else ""
    return [*shown, {"name": "rows", "label": gettext("Rows per page"), "value": chosen, "options": pages}]


def chosen_filters(register: Register, what: Asked) -> list[tuple[str, str]]:
    """(what, which one) of every filter that is on, as a file says it in its head."""
    f = what.filters
    category = next((words.of(c.label) for c in _categories(register) if c.name == f.category), "")
    found = [
        (gettext("Village"), names().unit(f.place_id)),
        (gettext("Status"), words.status(f.status) if f.status else ""),
        (gettext("Category"), category),
        (gettext("Owner unit"), names().unit(f.owner_unit_id)),
    ]
    return [(label, text) for label, text in found if text]


def columns(register: Register, what: Asked) -> list[dict[str, Any]]:
    """The columns of a register's list; those that an index can sort lead to the sorted list."""

    def sorted_by(sort: Sort) -> str:
        return url_for("registers.tickets", register=register.name, **what.args(sort=sort.value))

    by_number = Sort.OLDEST if what.sort is Sort.NEWEST else Sort.NEWEST
    orders = {Sort.NEWEST: "descending", Sort.OLDEST: "ascending"}
    shows_closing = what.filters.view in (View.CLOSED, View.ALL)
    out: list[dict[str, Any]] = [
        {"name": "number", "label": gettext("Number"), "slot": "number", "sort": sorted_by(by_number)}
        | ({"order": orders[what.sort]} if what.sort in orders else {}),
        {"name": "status", "label": gettext("Status"), "slot": "status"},
        {"name": "place", "label": gettext("Place"), "slot": "place"},
        {"name": "text", "label": gettext("Problem"), "slot": "text"},
        {"name": "owner", "label": gettext("Owner"), "slot": "owner"},
        {"name": "due", "label": gettext("Due"), "slot": "deadline", "sort": sorted_by(Sort.DUE)}
        | ({"order": "ascending"} if what.sort is Sort.DUE else {}),
    ]
    if shows_closing:
        out.append({"name": "closed_on", "label": gettext("Closed on"), "slot": "hidden"})
    return out
