"""Inspections with a checklist, made for a phone in the rain: choose what to look at, answer, confirm what it opens.

An inspection is a record of an activity's register; it may be left and continued. Its page as a record: records.py.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, ngettext

from tracker.blueprints import inspection_view as view
from tracker.blueprints import record_duties
from tracker.blueprints.inspection_view import Activity
from tracker.blueprints.inspection_walk import Walk, activity_named, head, left_rows, may_go_on, opened
from tracker.blueprints.linking import links
from tracker.blueprints.rights import (
    SENT,
    by_person,
    can_on,
    connection,
    current_person,
    house,
    needs,
    now,
    today,
    uploads_of_a_day,
    viewer,
)
from tracker.domain.access import Facts
from tracker.domain.commands import AnswerItems, EnterRecord
from tracker.domain.inspecting import FAIL, answers_given, lacking
from tracker.domain.record import Record
from tracker.domain.refusals import Kind, Refusal, Refusals
from tracker.domain.texts import half_width, whole_number
from tracker.extensions import db, limiter
from tracker.forms.evidence import file_store
from tracker.forms.inspection import InspectionForm
from tracker.handler import handle
from tracker.queries import inspections, records

bp = Blueprint("inspections", __name__)

COMPLETE, PASS_REST = "complete", "pass_rest"


# -- what to look at ----------------------------------------------------------------------------------
@bp.get("/registers/<register>/inspections")
@needs("register")
def start(register: str) -> ResponseReturnValue:
    """Inspections that were left; then the subjects of a village, those first that nobody has looked at yet."""
    activity = activity_named(register)
    subject = activity.subject
    left = inspections.unfinished(connection(), viewer(), {register: activity.register})
    shown: dict[str, Any] = {"activity": activity, "left": left_rows(left)}
    if subject is None:
        return render_template("inspections/start.html", **shown)
    if (typed := request.args.get("q", "").strip()) and (number := _typed_number(activity, typed)):
        return redirect(url_for("inspections.begin", register=register, subject=number))
    state = request.args.get("state", "")
    going_on = inspections.round_of(activity.register, subject, house().pack.duties, today())
    villages = view.villages(activity, going_on, state if state in subject.state_by_name else "")
    asked = whole_number(request.args.get("village", ""))
    here = next((v for v in villages if v.unit_id == asked), villages[0] if len(villages) == 1 else None)
    rows = _round(activity, here.unit_id, state) if here else []
    return render_template(
        "inspections/start.html",
        **shown,
        typed=typed,
        going_on=going_on,
        villages=villages,
        here=here,
        state=state,
        rows=rows,
        following=next((row for row in rows if not row.is_done), None),
    )


def _typed_number(activity: Activity, typed: str) -> str | None:
    """The number of the subject that was typed, whole or by its end."""
    field = activity.register.by_name[activity.link() or ""]
    choices = links().of_field(field)
    found = choices.find(half_width(typed)) if choices else None
    return choices.number_of(found) if choices and found else None


def _round(activity: Activity, unit_id: int, state: str) -> list[view.SubjectRow]:
    if activity.subject is None:
        return []
    going_on = inspections.round_of(activity.register, activity.subject, house().pack.duties, today())
    found = inspections.subjects_of(
        connection(),
        viewer(),
        activity.register,
        activity.subject,
        unit_id=unit_id,
        states=(state,) if state in activity.subject.state_by_name else going_on.states,
        first_day=going_on.first_day,
    )
    return [view.subject_row(one, activity, activity.subject) for one in found]


# -- answering ----------------------------------------------------------------------------------------
@bp.route("/registers/<register>/inspections/new", methods=["GET", "POST"])
@needs("register")
@limiter.limit(SENT, methods=["POST"], key_func=by_person)
@uploads_of_a_day
def begin(register: str) -> ResponseReturnValue:
    activity = activity_named(register)
    subject = _subject(activity, request.args.get("subject", ""))
    if subject is not None and request.method == "GET":
        left = inspections.unfinished(connection(), viewer(), {register: activity.register}, target_id=subject.id)
        if left:
            flash(gettext("This one was begun already; it goes on here."), "info")
            return redirect(url_for("inspections.walk", number=left[0].number))
    return _walked(Walk(activity, activity.checklist_of(subject), subject, None))


def _subject(activity: Activity, number: str) -> Record | None:
    """What the address names; 404 where the person may not inspect it, or it is none of those subjects."""
    if activity.subject is None:
        return None
    asking = viewer()
    found = records.find_visible_id(connection(), asking, number)
    subject = records.record_at(connection(), found) if found else None
    if subject is None or subject.register != activity.subject.name or subject.is_void:
        abort(404)
    if not can_on("register", Facts.of_unit(activity.register.name, subject.unit_id)):
        abort(404)
    return subject


@bp.route("/records/<number>/inspection", methods=["GET", "POST"])
@needs("view")
@limiter.limit(SENT, methods=["POST"], key_func=by_person)
@uploads_of_a_day
def walk(number: str) -> ResponseReturnValue:
    """An inspection that was left goes on; of a complete one what came of it."""
    walking = opened(number)
    record = walking.record
    if record is not None and record.is_complete:
        return _done_page(walking, record)
    if record is None or not may_go_on(record):
        abort(404)
    return _walked(walking)


def _walked(walking: Walk) -> ResponseReturnValue:
    form = walking.form()
    if request.method == "GET":
        return _walk_page(walking, form)
    is_readable = form.validate()
    is_kept = form.take_photos(file_store(), current_person().id, request.form)
    act = request.form.get("act")
    if act == PASS_REST:
        form.pass_rest()
        return _walk_page(walking, form)
    if not (is_readable and is_kept):
        return _walk_page(walking, form), 422
    try:
        return _saved(walking, form, is_complete=act == COMPLETE)
    except (Refusal, Refusals) as no:
        return _refused(walking, form, no)


def _saved(walking: Walk, form: InspectionForm, *, is_complete: bool) -> ResponseReturnValue:
    """Kept; then to the next one, to the tickets to confirm, or to what came of it."""
    opens = is_complete and _opens(walking, form)
    if is_complete:
        _check_whole(walking, form)
    command: EnterRecord | AnswerItems
    if walking.record is None:
        command = form.to_enter(walking.settled, is_complete=is_complete and not opens)
    else:
        command = form.to_answers(walking.record, is_complete=is_complete and not opens)
    number = _number_of(walking, command)
    flash(walking.address, "draft-sent")
    if opens:
        return redirect(url_for("findings.confirm", number=number), 303)
    if is_complete:
        flash(gettext("%(number)s is complete.", number=number), "done")
        return redirect(url_for("inspections.walk", number=number), 303)
    count = len(form.answers())
    told = ngettext("Kept, with %(num)s answer. It waits here.", "Kept, with %(num)s answers. It waits here.", count)
    flash(f"{number} {told}", "done")
    village = walking.subject.unit_id if walking.subject else None
    return redirect(url_for("inspections.start", register=walking.activity.register.name, village=village), 303)


def _number_of(walking: Walk, command: EnterRecord | AnswerItems) -> str:
    """The record's number after the command; one that changed nothing is no mistake here."""
    try:
        done = handle(house(), command, actor_id=current_person().id, now=now())
    except Refusal as no:
        if no.code != "nothing_changed" or walking.record is None:
            raise
        return walking.record.number
    return done.number or ""


def _opens(walking: Walk, form: InspectionForm) -> bool:
    """Whether some failed item opens a ticket, so that somebody has to confirm it."""
    failing = {item for item, said in form.answers().items() if said["result"] == FAIL}
    return any(str(item.id) in failing and item.creates for item in walking.checklist.items)


def _check_whole(walking: Walk, form: InspectionForm) -> None:
    """Refuses with all that is missing at once, and before anybody confirms tickets of half an inspection."""
    record = walking.record or Record()
    fields = {**record.fields, **form.values(), **walking.settled}
    said_now = {i: {**record.answers.get(i, {}), **said} for i, said in form.answers().items()}  # with its photo
    answers = {**record.answers, **said_now}
    sent = form.evidence_sent()
    kinds = [str(file["kind"]) for file in sent] + [file.kind for file in record.evidence]
    wrong = list(lacking(walking.activity.register, walking.checklist, fields, record.private, answers, kinds))
    try:
        answers_given(form.answers(), walking.checklist, record.answers, sent)
    except Refusals as answered:
        wrong += answered.refusals
    if wrong:
        raise Refusals(wrong)


def _refused(walking: Walk, form: InspectionForm, no: Refusal | Refusals) -> ResponseReturnValue:
    if no.kind is Kind.FORBIDDEN:
        raise no
    form.refuse(no)
    if no.kind is not Kind.CONFLICT:
        return _walk_page(walking, form), 422
    db.session.rollback()  # the snapshot of this request is older than what it lost against
    if walking.record is not None:
        form.send_on_top_of(opened(walking.record.number).record.version)  # type: ignore[union-attr] # it is there
    else:
        form.renew_key()
    return _walk_page(walking, form), 409


def _walk_page(walking: Walk, form: InspectionForm) -> str:
    activity, subject = walking.activity, walking.subject
    past = inspections.earlier(connection(), _number(activity), subject.id) if subject else ()
    opened = inspections.open_tickets(connection(), viewer(), activity.tickets, subject.id) if subject else ()
    before = view.found_before(past, opened)
    return render_template(
        "inspections/walk.html",
        **head(walking),
        form=form,
        before=before,
        other_tickets=view.other_tickets(opened, before),
        saved_photos={
            i: True for i, said in (walking.record.answers.items() if walking.record else ()) if "photo" in said
        },
        came_back=request.method == "POST",
    )


def _number(activity: Activity) -> int:
    return viewer().register_ids[activity.register.name]


def _done_page(walking: Walk, record: Record) -> str:
    opened = inspections.tickets_from(connection(), viewer(), walking.activity.tickets, record.id)
    rows = _round(walking.activity, record.unit_id, "") if may_go_on(record) else []
    return render_template(
        "inspections/done.html",
        **head(walking),
        outcomes=view.outcomes(record, walking.checklist, opened),
        duties=record_duties.told(record, walking.activity.register),
        score=view.score_text(score) if (score := view.score(record, walking.checklist)) else "",
        left=sum(not row.is_done for row in rows),
        following=next((row for row in rows if not row.is_done), None),
        may_begin=may_go_on(record),
    )
