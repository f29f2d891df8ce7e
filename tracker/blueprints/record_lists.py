"""Registers of activities, subjects and statistics: the records of one as a list, and recording another."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from tracker.blueprints import linking, list_view, record_duties, record_files, record_list_view
from tracker.blueprints.rights import (
    SENT,
    TAKEN_AWAY,
    by_person,
    connection,
    current_person,
    house,
    needs,
    now,
    today,
    uploads_of_a_day,
    viewer,
)
from tracker.domain.records import RecordRegister
from tracker.domain.refusals import Kind, Refusal, Refusals
from tracker.extensions import db, limiter
from tracker.forms.evidence import file_store
from tracker.forms.options import Options, options_for
from tracker.forms.record import EnterForm
from tracker.handler import handle
from tracker.queries import record_lists
from tracker.queries.record_lists import RecordFilters, RecordView
from tracker.queries.records import record_at

bp = Blueprint("record_lists", __name__)

NIL = "nil"
"""What the press sends that reports that nothing was found."""


def opened(name: str, action: str) -> RecordRegister:
    """The register of the address, in which the person may do this somewhere; else 404."""
    found = next((r for r in record_list_view.registers_open_for(action) if r.name == name), None)
    if found is None:
        abort(404)
    return found


# -- the records of a register ------------------------------------------------------------------------
@bp.get("/registers/<register>/records")
@needs("view")
def records(register: str) -> ResponseReturnValue:
    known, asking = opened(register, "view"), viewer()
    what = record_list_view.asked(known, request.args)
    page = record_lists.records_page(connection(), asking, known, what.filters, after=what.after)
    views = record_lists.views_of(known)
    told = record_lists.count_records(connection(), asking, [RecordFilters(known.name, view) for view in views])
    counts = dict(zip(views, told, strict=True))
    total = counts[what.filters.view]
    if what.is_narrowed:
        total = record_lists.count_narrowed(connection(), asking, what.filters)
    is_empty = counts[RecordView.ALL].number == counts[RecordView.VOID].number == 0
    return render_template(
        "records/list.html",
        register=known,
        what=what,
        page=page,
        rows=record_list_view.rows(page.lines),
        total=total,
        chips=record_list_view.view_chips(known, what, counts),
        selects=record_list_view.selects(known, what, asking),
        columns=record_list_view.columns(known),
        is_empty_register=is_empty,
        needed_first=record_list_view.needed_first(known) if is_empty else (),
        may_enter=known in record_list_view.registers_open_for("register"),
        may_import=known in record_list_view.registers_open_for("import"),
        count_text=list_view.count_text,
    )


@bp.get("/registers/<register>/records.<any(csv, xlsx):kind>")
@needs("export")
@limiter.limit(TAKEN_AWAY, key_func=by_person)
def export(register: str, kind: str) -> ResponseReturnValue:
    known = opened(register, "view")
    return record_files.file_response(known, record_list_view.asked(known, request.args), kind)


# -- another record -----------------------------------------------------------------------------------
@bp.route("/registers/<register>/records/new", methods=["GET", "POST"])
@needs("register")
@limiter.limit(SENT, methods=["POST"], key_func=by_person)
@uploads_of_a_day
def enter(register: str) -> ResponseReturnValue:
    known = opened(register, "register")
    options = options_for(viewer(), action="register", register=known.name, links=linking.links())
    form = EnterForm.for_register(known, options, _begun(known, options))
    if request.method == "POST":
        return _entered(known, form, options)
    return _enter_page(known, form, options)


def _begun(register: RecordRegister, options: Options) -> dict[str, Any]:
    """Today, the person's own unit, and what the address says."""
    homes = options.places if register.unit_field == "place" else options.homes
    own = str(current_person().unit_id)
    values = [value for value, _ in homes]
    found: dict[str, Any] = {register.day_field: today()}
    if own in values or len(values) == 1:
        found[register.unit_field] = own if own in values else values[0]
    if "place" in register.by_name and own in {value for value, _ in options.places}:
        found["place"] = own
    return found | linking.begun(register, options)


def _enter_page(register: RecordRegister, form: EnterForm, options: Options) -> str:
    wrong = [name for name in form.further if form[name].errors or form[name].value not in (None, [])]
    return render_template(
        "records/enter.html",
        register=register,
        form=form,
        has_units=bool(options.homes),
        is_further_open=bool(wrong),
        came_back=request.method == "POST",
        nil=NIL,
    )


def _entered(register: RecordRegister, form: EnterForm, options: Options) -> ResponseReturnValue:
    """The record's page, or an empty form for the next one; else the same form with what is wrong, all of it kept."""
    is_readable = form.validate()
    is_kept = form.take_files(file_store(), current_person().id, request.form.getlist("kept"))
    is_nil = request.form.get("then") == NIL
    if not (is_readable and is_kept):
        form.tell_missing_files(is_nil=is_nil)
        return _enter_page(register, form, options), 422
    command = form.to_command(is_nil=is_nil)
    try:
        outcome = handle(house(), command, actor_id=current_person().id, now=now())
    except (Refusal, Refusals) as no:
        if no.kind is Kind.FORBIDDEN:
            raise
        form.refuse(no)
        if no.kind is Kind.CONFLICT:
            form.renew_key()
        else:
            form.tell_missing_files(is_nil=is_nil)
        return _enter_page(register, form, options), 409 if no.kind is Kind.CONFLICT else 422
    if outcome.is_repeat:
        flash(gettext("%(number)s was recorded already. Nothing is there twice.", number=outcome.number), "info")
    else:
        flash(gettext("%(number)s is recorded.", number=outcome.number), "done")
    flash(request.path, "draft-sent")
    if request.form.get("then") == "next":
        _tell_duties(outcome.stream_id, register)
        place = str(outcome.events[0].data["fields"].get("place", ""))
        return redirect(
            url_for("record_lists.enter", register=register.name, place=place, **linking.origin_asked()), 303
        )
    return redirect(url_for("records.show", number=outcome.number, **linking.origin_asked()), 303)


def _tell_duties(record_id: int, register: RecordRegister) -> None:
    """Whoever goes on to the next one does not see this one's page."""
    db.session.rollback()  # the snapshot of this request is older than what it has just written
    record = record_at(connection(), record_id)
    for one in record_duties.told(record, register) if record is not None else ():
        flash(one.text, one.kind)
