"""First pages: the desk of those who supervise, verify and decide, and the list of today of those who do the work."""

from __future__ import annotations

import uuid
from collections import Counter
from dataclasses import dataclass

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, ngettext

from tracker import words
from tracker.blueprints import duties, list_view
from tracker.blueprints.inspection_walk import activities_open_for, left_by
from tracker.blueprints.names import names
from tracker.blueprints.rights import SIGNED_IN, can, connection, current_person, house, needs, now, today, viewer
from tracker.domain.commands import TakeStep
from tracker.domain.lifecycle import WORKING
from tracker.handler import Refused, Request, handle_all
from tracker.queries import desk
from tracker.queries.lists import View

bp = Blueprint("desk", __name__)

LATE_OF_UNIT = 5
"""So many late tickets of one unit stand on the desk; the unit's lists have all of them."""
MOST_TOLD = 5
"""Different reasons why tickets were not accepted; they travel in the cookie."""

_FIRST = {"desk": "desk.show", "today": "desk.today", "figures": "figures.report", "people": "admin.people"}


@bp.get("/")
@needs(SIGNED_IN)
def home() -> ResponseReturnValue:
    """To the page that this person begins with; to their profile, while nobody has given them a role."""
    page = desk.first_page(viewer())
    return redirect(url_for(_FIRST.get(page, "profile.show")))


# -- the desk -----------------------------------------------------------------------------------------
@bp.get("/desk")
@needs("desk")
def show() -> ResponseReturnValue:
    page = desk.desk_page(connection(), viewer(), house().pack.register_by_name)
    return render_template(
        "desk/show.html",
        page=page,
        names=names(),
        today=today(),
        numbers=_numbers(page),
        late=[_late_unit(unit) for unit in page.late],
        late_count=sum(len(unit.lines) for unit in page.late),
        cut={view.value for view in page.cut},
        to_verify=list_view.rows(page.to_verify),
        to_decide=list_view.rows(page.to_decide),
        relapsed=list_view.rows(page.relapsed),
        week=[(day.on, list_view.rows(day.lines)) for day in page.week],
        order=_order(),
        duties=duties.for_desk(),
        duty_label=duties.label,
        working=WORKING,
        urged=desk.urged_on(connection(), [line.id for unit in page.late for line in unit.lines[:LATE_OF_UNIT]])
        if can("urge")
        else {},
        new_key=uuid.uuid4().hex,
    )


@bp.post("/desk/urge")
@needs("urge")
def urge() -> ResponseReturnValue:
    """Urges the owner of a late ticket in one press; the desk comes back where it was."""
    picked, done, refused = _taken("urge")
    if done:
        flash(ngettext("%(num)s ticket urged.", "%(num)s tickets urged.", done), "done")
    for why in _reasons(refused):
        flash(gettext("Not urged: %(why)s", why=why), "warn")
    return redirect(url_for("desk.show", _anchor=f"urge-{next(iter(picked), '')}"), 303)


def _taken(step: str) -> tuple[dict[int, int], int, list[Refused]]:
    """The step taken with every ticket that was sent: these, how many were done, and those that were not."""
    picked = list_view.picked(request.form.getlist("ticket")[: list_view.MOST_ROWS])
    key = request.form.get("key", "")
    requests = [
        Request(
            TakeStep(ticket_id=i, step=step, version=version, occurred_on=today(), key=f"{key}.{i}"),
            current_person().id,
            now(),
        )
        for i, version in picked.items()
    ]
    results = handle_all(house(), requests, goes_on=True)
    refused = [r for r in results if isinstance(r, Refused)]
    return picked, len(results) - len(refused), refused


def _reasons(refused: list[Refused]) -> list[str]:
    """Why they were not, each reason once; some of them."""
    return list(dict.fromkeys(words.refusal(no) for r in refused for no in r.refusals))[:MOST_TOLD]


@dataclass(frozen=True, slots=True)
class LateUnit:
    """A unit with its latest tickets. `days`, `marks`: of all its late ones. `others`: where the rest are listed."""

    name: str
    rows: tuple[list_view.Row, ...]
    days: tuple[int, ...]
    marks: tuple[int, ...]
    others: tuple[tuple[str, str, int], ...]


def _late_unit(unit: desk.LateUnit) -> LateUnit:
    return LateUnit(
        name=names().unit(unit.unit_id),
        rows=tuple(list_view.rows(unit.lines[:LATE_OF_UNIT])),
        days=tuple(line.due.days for line in unit.lines),
        marks=unit.marks,
        others=_lists_of(unit) if len(unit.lines) > LATE_OF_UNIT and unit.unit_id is not None else (),
    )


def _lists_of(unit: desk.LateUnit) -> tuple[tuple[str, str, int], ...]:
    """(address, register, how many): the late tickets of the unit, register by register."""
    counted = Counter(line.register for line in unit.lines)
    return tuple(
        (
            url_for("registers.tickets", register=name, view=View.OVERDUE.value, owner=unit.unit_id),
            words.of(house().register(name).label),
            count,
        )
        for name, count in counted.items()
    )


def _numbers(page: desk.DeskPage) -> dict[View, str]:
    return {view: list_view.count_text(count) for view, count in page.counts.items()}


def _order() -> tuple[str, ...]:
    """What this person is here for comes first."""
    if can("assign"):
        return ("late", "verify", "decide")
    return ("decide", "late", "verify") if can("approve") else ("verify", "late", "decide")


# -- today --------------------------------------------------------------------------------------------
@bp.get("/today", endpoint="today")
@needs("today")
def today_page() -> ResponseReturnValue:
    page = desk.today_page(connection(), viewer(), house().pack.register_by_name)
    return render_template(
        "desk/today.html",
        page=page,
        parts={name: list_view.rows(getattr(page, name)) for name in desk.PARTS},
        duties=duties.for_today(),
        today=today(),
        working=WORKING,
        registers=list_view.registers_open_for("register"),
        activities=activities_open_for("register"),
        left=left_by(current_person().id),
        new_key=uuid.uuid4().hex,
    )


@bp.post("/today/accept")
@needs("accept")
def accept() -> ResponseReturnValue:
    """Accepts one ticket or all that were sent, without leaving the list."""
    _, done, refused = _taken("accept")
    if done:
        flash(ngettext("%(num)s ticket accepted.", "%(num)s tickets accepted.", done), "done")
    for why in _reasons(refused):
        flash(gettext("Not accepted: %(why)s", why=why), "warn")
    return redirect(url_for("desk.today"), 303)
