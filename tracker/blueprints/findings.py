"""The failed items of an inspection as the tickets that they would open, to be confirmed in one press."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, ngettext

from tracker.blueprints import inspection_view as view
from tracker.blueprints.inspection_walk import Walk, head, may_go_on, opened, options_in
from tracker.blueprints.rights import SENT, by_person, connection, current_person, house, needs, now
from tracker.domain.commands import Command
from tracker.domain.inspecting import proposals
from tracker.domain.record import Record
from tracker.domain.refusals import Kind, Refusal, Refusals
from tracker.extensions import db, limiter
from tracker.forms.findings import FindingsForm
from tracker.handler import Request, handle_all
from tracker.queries import records

bp = Blueprint("findings", __name__)


@bp.route("/records/<number>/findings", methods=["GET", "POST"])
@needs("register")
@limiter.limit(SENT, methods=["POST"], key_func=by_person)
def confirm(number: str) -> ResponseReturnValue:
    """The failed items as the tickets that they would open; one press completes the inspection and opens them."""
    walking = opened(number)
    record = walking.record
    if record is None or not may_go_on(record):
        abort(404)
    if record.is_complete:
        return redirect(url_for("inspections.walk", number=number))
    subject, kept = walking.subject, walking.activity.subject
    pair = (subject, kept) if subject is not None and kept is not None else None
    found = proposals(record, walking.activity.register, walking.checklist, pair, house().pack.register_by_name)
    form = FindingsForm.for_proposals(record, found, options_in)
    if request.method == "POST" and form.validate() and form.check_reasons():
        try:
            count = _confirmed(walking, form)
        except (Refusal, Refusals) as no:
            return _not_confirmed(walking, form, no)
        if count is not None:
            return _told(number, count)
    return _confirm_page(walking, form), 422 if request.method == "POST" else 200


def _confirmed(walking: Walk, form: FindingsForm) -> int | None:
    """One transaction: the inspection is complete and its tickets are there, how many; or neither, and the form says
    which ticket was refused and why."""
    actor_id, opens, done = current_person().id, form.opens(), [0]
    tickets = [form.to_ticket(one, _private(walking, one.private)) for one in opens]
    commands: list[Command] = [form.to_completion(), *tickets]
    try:
        handle_all(house(), [Request(c, actor_id, now()) for c in commands], progress=done.append)
    except (Refusal, Refusals) as no:
        if done[-1] == 0 or no.kind is Kind.FORBIDDEN:
            raise
        form.refuse_ticket(opens[done[-1] - 1], no)
        form.renew_key()
        return None
    return len(opens)


def _private(walking: Walk, wanted: Mapping[str, str]) -> dict[str, Any]:
    """Field of the ticket → the subject's value, from its vault into the ticket's: nobody is shown it on the way."""
    if walking.subject is None or not wanted:
        return {}
    values = records.private_values(connection(), walking.subject, wanted.values())
    return {name: values[taken] for name, taken in wanted.items() if taken in values}


def _not_confirmed(walking: Walk, form: FindingsForm, no: Refusal | Refusals) -> ResponseReturnValue:
    if no.kind is Kind.FORBIDDEN:
        raise no
    form.refuse(no)
    form.renew_key()
    if no.kind is Kind.CONFLICT:
        db.session.rollback()
        return redirect(url_for("inspections.walk", number=walking.record.number if walking.record else ""), 303)
    return _confirm_page(walking, form), 422


def _told(number: str, count: int) -> ResponseReturnValue:
    flash(gettext("%(number)s is complete.", number=number), "done")
    if count:
        flash(ngettext("%(num)s ticket is opened.", "%(num)s tickets are opened.", count), "done")
    return redirect(url_for("inspections.walk", number=number), 303)


def _confirm_page(walking: Walk, form: FindingsForm) -> str:
    record = walking.record or Record()
    return render_template(
        "inspections/findings.html",
        **head(walking),
        form=form,
        proposed=[(one, view.proposed(one, record, walking.subject)) for one in form.proposed],
        register_labels={r.name: r.label for r in walking.activity.tickets.values()},
    )
