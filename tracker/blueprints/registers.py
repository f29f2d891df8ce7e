"""Registers: which there are, the tickets of one as a list, registering a problem, assigning many at once, exports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from werkzeug.datastructures import MultiDict

from tracker import words
from tracker.blueprints import list_view, record_list_view, register_files
from tracker.blueprints.going_on import Continued, continued
from tracker.blueprints.linking import begun, links, origin_asked
from tracker.blueprints.list_view import Row
from tracker.blueprints.rights import (
    SENT,
    TAKEN_AWAY,
    by_person,
    can,
    connection,
    current_person,
    house,
    needs,
    now,
    today,
    uploads_of_a_day,
    viewer,
)
from tracker.domain.lifecycle import STEP_BY_NAME
from tracker.domain.refusals import Kind, Refusal, Refusals
from tracker.domain.registers import Register
from tracker.extensions import db, limiter
from tracker.forms.evidence import file_store
from tracker.forms.options import Options, options_for
from tracker.forms.register import RegisterForm
from tracker.forms.step import Asked, StepForm
from tracker.handler import Done, Refused, Request, handle, handle_all
from tracker.queries import counts as counting
from tracker.queries import lists
from tracker.queries import tickets as queries
from tracker.queries.counts import Count
from tracker.queries.lists import View

bp = Blueprint("registers", __name__)

_OVERVIEW = (View.OPEN, View.OVERDUE, View.WEEK, View.VERIFY, View.RELAPSED)


def opened(name: str, action: str) -> Register:
    """The register of the address, in which the person may do this somewhere; else 404."""
    found = next((r for r in list_view.registers_open_for(action) if r.name == name), None)
    if found is None:
        abort(404)
    return found


@bp.get("/registers")
@needs("view")
def index() -> ResponseReturnValue:
    asking, shown = viewer(), list_view.registers_open_for("view")
    counts = counting.count_registers(connection(), asking, [r.name for r in shown], _OVERVIEW)
    return render_template(
        "registers/index.html",
        registers=[(register, _texts(counts[register.name])) for register in shown],
        views=[(view, list_view.view_label(view)) for view in _OVERVIEW],
        groups=record_list_view.overview(connection(), asking),
        may_register={r.name for r in list_view.registers_open_for("register")},
        may_enter={r.name for r in record_list_view.registers_open_for("register")},
        may_import=_may_import(),
    )


def _texts(counts: dict[View, Count]) -> dict[View, str]:
    return {view: list_view.count_text(count) for view, count in counts.items()}


def _may_import() -> frozenset[str]:
    """Registers into which a file may be read."""
    tickets = {r.name for r in list_view.registers_open_for("import")}
    return frozenset(tickets | {r.name for r in record_list_view.registers_open_for("import")})


# -- the tickets of a register ------------------------------------------------------------------------
@bp.get("/registers/<register>/tickets")
@needs("view")
def tickets(register: str) -> ResponseReturnValue:
    known, asking = opened(register, "view"), viewer()
    what = list_view.asked(known, request.args)
    page = lists.tickets_page(
        connection(),
        asking,
        house().pack.register_by_name,
        what.filters,
        sort=what.sort,
        after=what.after,
        limit=what.limit,
    )
    counts = counting.count_views(connection(), asking, known.name, list_view.VIEWS)
    total = (
        counting.count_tickets(connection(), asking, what.filters) if what.is_narrowed else counts[what.filters.view]
    )
    return render_template(
        "registers/tickets.html",
        register=known,
        what=what,
        page=page,
        rows=list_view.rows(page.lines),
        total=total,
        total_text=list_view.count_text(total),
        chips=[*list_view.view_chips(known, what, counts), *list_view.carried_over_chip(known)],
        selects=list_view.selects(known, what, asking),
        columns=list_view.columns(known, what),
        is_empty_register=counts[View.ALL].number == counts[View.GONE].number == 0,
        may_register=known in list_view.registers_open_for("register"),
        may_assign=can("assign") and what.filters.view not in (View.CLOSED, View.GONE),
        may_import=known.name in _may_import(),
        most_rows=list_view.MOST_ROWS,
    )


@bp.get("/registers/<register>/tickets.<any(csv, xlsx):kind>")
@needs("export")
@limiter.limit(TAKEN_AWAY, key_func=by_person)
def export(register: str, kind: str) -> ResponseReturnValue:
    known = opened(register, "view")
    return register_files.file_response(known, list_view.asked(known, request.args), kind)


# -- a found problem ----------------------------------------------------------------------------------
@bp.route("/registers/<register>/tickets/new", methods=["GET", "POST"])
@needs("register")
@limiter.limit(SENT, methods=["POST"], key_func=by_person)
@uploads_of_a_day
def register_ticket(register: str) -> ResponseReturnValue:
    known = opened(register, "register")
    options = options_for(viewer(), action="register", register=known.name, links=links())
    old = continued(known)
    begins = begun(known, options) | (old.begins_with(known, options) if old else {})
    form = RegisterForm.for_register(known, options, today(), begins, continued=old.ticket if old else None)
    if request.method == "POST":
        return _registered(known, form, options, old)
    return _register_page(known, form, options, old)


def _register_page(register: Register, form: RegisterForm, options: Options, old: Continued | None) -> str:
    wrong = {name for name in form.further if form[name].errors or form[name].value not in (None, [])}
    return render_template(
        "registers/register_ticket.html",
        register=register,
        form=form,
        has_places=bool(options.places),
        is_further_open=bool(wrong),
        old=old,
        came_back=request.method == "POST",
    )


def _registered(register: Register, form: RegisterForm, options: Options, old: Continued | None) -> ResponseReturnValue:
    """The ticket's page, or an empty form for the next one; else the same form with what is wrong, all of it kept."""
    is_readable = form.validate()
    is_kept = form.take_files(file_store(), current_person().id, request.form.getlist("kept"))
    if not (is_readable and is_kept):
        return _register_page(register, form, options, old), 422
    try:
        outcome = handle(house(), form.to_command(), actor_id=current_person().id, now=now())
    except (Refusal, Refusals) as no:
        if no.kind is Kind.FORBIDDEN:
            raise
        form.refuse(no)
        if no.kind is Kind.CONFLICT:
            form.send_on_top_of(old.ticket.version) if old else form.renew_key()
        return _register_page(register, form, options, old), 409 if no.kind is Kind.CONFLICT else 422
    if outcome.is_repeat:
        flash(gettext("%(number)s was registered already. Nothing is there twice.", number=outcome.number), "info")
    else:
        flash(gettext("%(number)s is registered.", number=outcome.number), "done")
    flash(request.path, "draft-sent")
    if request.form.get("then") == "next":
        place = str(outcome.events[0].data.get("place", ""))
        return redirect(
            url_for("registers.register_ticket", register=register.name, place=place, **origin_asked()), 303
        )
    return redirect(url_for("tickets.show", number=outcome.number, **origin_asked()), 303)


# -- many at once -------------------------------------------------------------------------------------
@bp.route("/registers/<register>/assign", methods=["GET", "POST"])
@needs("assign")
def assign(register: str) -> ResponseReturnValue:
    """GET with the ticked rows: the form. POST: assigns each of them, or says of each why not."""
    known = opened(register, "assign")
    chosen = _chosen(known, list_view.picked(request.values.getlist("ticket")))
    form = _assign_form(known, chosen)
    if request.method == "GET":
        return _assign_page(known, form, chosen)
    is_readable = form.validate()
    form.take_files(file_store(), current_person().id, [])
    if not (is_readable and chosen.rows):
        return _assign_page(known, form, chosen), 422
    try:
        requests = _assignments(form, chosen)
    except Refusal as no:
        form.refuse(no)
        return _assign_page(known, form, chosen), 422
    results = handle_all(house(), requests, goes_on=True)
    return _assigned(known, form, chosen, results)


@dataclass(frozen=True, slots=True)
class Chosen:
    """The ticked rows that this person may see, each with the version that was seen.

    `is_cut`: more were ticked than one assignment takes. `missing_count`: rows of no ticket that may be seen here.
    `place_ids`: where they lie.
    """

    rows: tuple[Row, ...]
    place_ids: frozenset[int]
    seen: Mapping[int, int]
    missing_count: int
    is_cut: bool


def _chosen(register: Register, picked: Mapping[int, int]) -> Chosen:
    seen = dict(list(picked.items())[: list_view.MOST_ROWS])
    asking = viewer()
    ids = sorted(queries.visible_numbers(connection(), asking, seen))
    lines = lists.lines_by_id(connection(), asking, house().pack.register_by_name, ids)
    lines = tuple(line for line in lines if line.register == register.name)
    here = tuple(list_view.rows(lines))
    return Chosen(
        here, frozenset(line.place_id for line in lines), seen, len(seen) - len(here), len(picked) > len(seen)
    )


def _assign_form(register: Register, chosen: Chosen) -> StepForm:
    asked = Asked(
        step=STEP_BY_NAME["assign"],
        ticket=None,
        register=register,
        options=lambda: options_for(viewer(), action="assign", register=register.name, near=chosen.place_ids),
        today=today(),
        is_owner=False,
        milestone=None,
    )
    return StepForm.for_step(asked, lambda number: None)


def _assign_page(register: Register, form: StepForm, chosen: Chosen) -> str:
    return render_template(
        "registers/assign.html",
        register=register,
        form=form,
        chosen=chosen,
        came_back=request.method == "POST",
        most_rows=list_view.MOST_ROWS,
    )


def _assignments(form: StepForm, chosen: Chosen) -> list[Request]:
    """One command for each ticket, with its own key: a second sending finds each of them done."""
    command = form.to_command(0, 0)
    return [
        Request(
            replace(command, ticket_id=row.id, version=chosen.seen[row.id], key=f"{form.key.data}.{row.id}"),
            current_person().id,
            now(),
        )
        for row in chosen.rows
    ]


def _assigned(
    register: Register, form: StepForm, chosen: Chosen, results: Sequence[Done | Refused]
) -> ResponseReturnValue:
    """What became of each. When the same mistake in the form stopped every one of them, the form comes back."""
    refused = {row.id: r for row, r in zip(chosen.rows, results, strict=True) if isinstance(r, Refused)}
    reasons = {no.code: no for r in refused.values() for no in r.refusals}
    if len(refused) == len(results) and all(no.kind is Kind.INVALID for no in reasons.values()):
        for no in reasons.values():
            form.refuse(no)
        return _assign_page(register, form, chosen), 422
    db.session.rollback()  # the snapshot of this request is older than what it has just written
    after = _chosen(register, {row.id: 0 for row in chosen.rows})
    done = [row for row in after.rows if row.id not in refused]
    return render_template(
        "registers/assigned.html",
        register=register,
        done=done,
        refused=[row for row in after.rows if row.id in refused],
        reasons={i: [words.refusal(no) for no in r.refusals] for i, r in refused.items()},
        missing_count=chosen.missing_count,
        columns=[
            {name: value for name, value in column.items() if name not in ("sort", "order")}
            for column in list_view.columns(register, list_view.asked(register, MultiDict()))
        ],
        draft=request.path,
    )
