"""One activity, subject or statistic: its page, what may be done to it, its private values, its evidence.

Whoever may not see a record gets the same 404 as for a number that does not exist. Lists: record_lists.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from tracker import words
from tracker.blueprints import (
    evidence_files,
    evidence_view,
    inspection_view,
    linking,
    list_view,
    record_duties,
    record_list_view,
    record_view,
)
from tracker.blueprints.imported import imported
from tracker.blueprints.inspection_walk import ways_to_inspect
from tracker.blueprints.names import Names
from tracker.blueprints.rights import (
    REVEALED,
    SENT,
    by_person,
    can_on,
    connection,
    house,
    needs,
    now,
    today,
    uploads_of_a_day,
    viewer,
)
from tracker.domain.access import Facts
from tracker.domain.commands import NoteAccess
from tracker.domain.record import Record
from tracker.domain.records import RecordRegister, State
from tracker.domain.refusals import Kind, Refusal, Refusals
from tracker.domain.registers import Register
from tracker.extensions import db, limiter
from tracker.forms.evidence import file_store
from tracker.forms.options import options_for
from tracker.forms.record import ActForm, AmendRecordForm, ReportForm, Shown, StateForm, VoidForm, later_stages
from tracker.handler import handle
from tracker.queries import record_lists, records
from tracker.queries.record_lists import RecordCursor
from tracker.queries.scope import Viewer

bp = Blueprint("records", __name__)

MAX_REASON = 500


@dataclass(frozen=True)
class Opened:
    """A record that this person may see, with what its pages need."""

    page: records.RecordPage
    register: RecordRegister
    viewer: Viewer

    @property
    def record(self) -> Record:
        return self.page.record

    def names(self) -> Names:
        """With the numbers of what it names, now or earlier."""
        told = [self.record.fields, *(row.data.get("changes", {}) for row in self.page.log)]
        ids = {i for fields in told for i in linking.ids_named(self.register, fields)}
        ids |= {row.data["ticket"] for row in self.page.log if row.kind == "followed"}
        return linking.named(self.viewer, ids)

    def may(self, action: str) -> bool:
        return can_on(action, Facts.of_unit(self.register.name, self.record.unit_id))

    def may_do(self, act: str) -> bool:
        """Whether the person has the right to it, and the record is of a kind that has such an act."""
        if act == "amend":
            is_own = self.record.recorder_id == self.viewer.person.id
            return self.may("amend") or (is_own and self.may("register"))
        if act == "void":
            return self.may("amend")
        has_act = self.register.states if act == "state" else self.register.stages
        return bool(has_act) and self.may("register")

    def is_possible(self, act: str) -> bool:
        """Whether it can be done as the record stands."""
        if self.record.is_void:
            return False
        if act == "state":
            return bool(self.next_states())
        return act != "report" or bool(later_stages(self.record, self.register))

    def next_states(self) -> tuple[State, ...]:
        """States that may follow the one it is in."""
        now_in = self.record.state
        return tuple(s for s in self.register.states if s.name != now_in and (not s.follows or now_in in s.follows))


def _opened(number: str) -> Opened:
    """The record, else 404."""
    asking = viewer()
    record_id = records.find_visible_id(connection(), asking, number)
    if record_id is None:
        abort(404)
    register = house().pack.record_by_name[records.register_name_of(connection(), record_id)]
    page = records.record_page(connection(), record_id, register, house().time_zone)
    return Opened(page, register, asking)


# -- the page -----------------------------------------------------------------------------------------
ACTS = ("state", "report", "amend", "void")


@bp.get("/records/<number>")
@needs("view")
def show(number: str) -> ResponseReturnValue:
    return _record_page(_opened(number), {})


def _record_page(opened: Opened, revealed: Mapping[str, Any], **more: Any) -> str:
    known, record, register = opened.names(), opened.record, opened.register
    return render_template(
        "records/show.html",
        **_head(opened, known),
        facts=record_view.facts(opened.page, register, known, revealed),
        imported=imported(opened.page.log, register.name, known),
        turns=record_view.turns(opened.page, register, known),
        values=record_view.values(opened.page, register, known),
        score=_score(record),
        **evidence_view.context(evidence_view.file_rows(record, register, known, opened.viewer)),
        duties=record_duties.told(record, register),
        parts=record_view.linked_parts(record, opened.viewer),
        log=record_view.log_rows(opened.page.log, register, known),
        acts=[act for act in ACTS if opened.may_do(act) and opened.is_possible(act)],
        next_states=opened.next_states() if opened.may_do("state") and not record.is_void else (),
        gives=_gives(opened),
        visits=_visits(opened),
        inspects=ways_to_inspect(opened.record, opened.register),
        can_reveal=opened.may("reveal"),
        revealed=revealed,
        came_from=linking.came_from(),
        **more,
    )


def _head(opened: Opened, known: Names) -> dict[str, Any]:
    """What every page about a record shows of it."""
    return {
        "record": opened.record,
        "register": opened.register,
        "names": known,
        "title": record_view.title(opened.page, opened.register, known),
        "state": record_view.state_label(opened.register, opened.record.state),
    }


def _score(record: Record) -> str:
    """Of an inspection with a scored checklist, complete; else nothing."""
    checklist = house().pack.checklist_by_name.get(record.checklist or "")
    score = inspection_view.score(record, checklist) if checklist else None
    return inspection_view.score_text(score) if score else ""


def _gives(opened: Opened) -> list[Register]:
    """Registers of tickets to which this record may give rise, open to the person; in the register's order."""
    if opened.record.is_void:
        return []
    found = {r.name: r for r in list_view.registers_open_for("register")}
    return [found[name] for name in opened.register.gives if name in found]


def _visits(opened: Opened) -> list[RecordRegister]:
    """Registers of records that are kept about such a record, and in which the person may record. Not those with a
    checklist: they are walked."""
    if opened.record.is_void:
        return []
    naming = {r.name for r in record_view.registers_that_name(opened.register.name)}
    return [r for r in record_list_view.registers_open_for("register") if r.name in naming and not r.checklist]


@bp.get("/records/<number>/linked/<register>")
@needs("view")
def linked(number: str, register: str) -> ResponseReturnValue:
    """All tickets or records of one register that name this record, the newest first."""
    opened = _opened(number)
    naming = next((r for r in record_view.registers_that_name(opened.register.name) if r.name == register), None)
    if naming is None:
        abort(404)
    after = RecordCursor.read(request.args.get("after", ""))
    tickets, kept, following = record_view.linked_rows(
        opened.record, naming, opened.viewer, after=after, limit=record_lists.PAGE
    )
    return render_template(
        "records/linked.html",
        **_head(opened, opened.names()),
        naming=naming,
        tickets=tickets,
        records=kept,
        columns=_columns(naming),
        after=after,
        following=following,
    )


def _columns(naming: Register | RecordRegister) -> list[dict[str, Any]]:
    return [] if isinstance(naming, Register) else record_list_view.columns(naming)


@bp.post("/records/<number>/reveal")
@needs("reveal")
@limiter.limit(REVEALED, key_func=by_person)
def reveal(number: str) -> ResponseReturnValue:
    """The private values asked for, in clear, once: who asked for which and why stands in the log first."""
    opened = _opened(number)
    if not opened.may("reveal"):
        abort(404)
    reason = request.form.get("reason", "").strip()
    wanted = sorted(set(request.form.getlist("names")) & opened.page.masked.keys())
    if not reason or not wanted:
        return _record_page(opened, {}, reveal_error="reason" if not reason else "names", reason=reason), 422
    access = NoteAccess(
        ticket_id=opened.record.id, kind="revealed", data={"fields": wanted, "reason": reason[:MAX_REASON]}
    )
    handle(house(), access, actor_id=opened.viewer.person.id, now=now())
    return _record_page(opened, records.private_values(connection(), opened.record, wanted))


@bp.get("/records/<number>/evidence/<digest>")
@needs("view")
def evidence(number: str, digest: str) -> ResponseReturnValue:
    return evidence_files.sent(_opened(number).record.evidence, digest)


# -- what is done to it -------------------------------------------------------------------------------
@bp.route("/records/<number>/amend", methods=["GET", "POST"])
@needs("register")
@limiter.limit(SENT, methods=["POST"], key_func=by_person)
@uploads_of_a_day
def amend(number: str) -> ResponseReturnValue:
    return _act(_opened(number), "amend")


@bp.route("/records/<number>/void", methods=["GET", "POST"])
@needs("amend")
def void(number: str) -> ResponseReturnValue:
    return _act(_opened(number), "void")


@bp.route("/records/<number>/state", methods=["GET", "POST"])
@needs("register")
@limiter.limit(SENT, methods=["POST"], key_func=by_person)
@uploads_of_a_day
def change_state(number: str) -> ResponseReturnValue:
    """`to`: the state that was chosen; without, the states to choose from."""
    return _act(_opened(number), "state")


@bp.route("/records/<number>/report", methods=["GET", "POST"])
@needs("register")
def report(number: str) -> ResponseReturnValue:
    return _act(_opened(number), "report")


_ENDPOINTS = {
    "amend": "records.amend",
    "void": "records.void",
    "state": "records.change_state",
    "report": "records.report",
}


def _act(opened: Opened, act: str) -> ResponseReturnValue:
    if not opened.may_do(act):
        abort(404)
    form = _form(opened, act)
    if request.method == "POST" and form is not None:
        return _sent(opened, act, form)
    if not opened.is_possible(act):
        flash(words.refusal(Refusal("step_not_possible_now", step=act)), "warn")
        return redirect(url_for("records.show", number=opened.record.number), 303)
    return _act_page(opened, act, form)


def _form(opened: Opened, act: str, record: Record | None = None) -> ActForm | None:
    """None: the state has not been chosen yet."""
    options = options_for(opened.viewer, action="register", register=opened.register.name, links=linking.links())
    shown = Shown(record or opened.record, opened.register, options)
    if act == "amend":
        return AmendRecordForm.for_record(shown)
    if act == "void":
        return VoidForm.for_record(shown)
    if act == "report":
        return ReportForm.for_record(shown, today())
    state = opened.register.state_by_name.get(request.values.get("to", ""))
    return StateForm.for_record(shown, state, today()) if state is not None else None


def _act_page(opened: Opened, act: str, form: ActForm | None) -> str:
    return render_template("records/act.html", **_head(opened, opened.names()), **_asked(opened, act, form))


def _asked(opened: Opened, act: str, form: ActForm | None) -> dict[str, Any]:
    """The form and what stands around its fields."""
    chosen = form.state if isinstance(form, StateForm) else None
    to: dict[str, Any] = {"to": chosen.name} if chosen else {}
    return {
        "act": act,
        "form": form,
        "inputs_in_order": form.names if form else (),
        "next_states": opened.next_states() if act == "state" else (),
        "chosen": chosen,
        "action": url_for(_ENDPOINTS[act], number=opened.record.number, **to),
        "came_back": request.method == "POST",
    }


def _sent(opened: Opened, act: str, form: ActForm) -> ResponseReturnValue:
    """Carry it out; else the same page with what is wrong, or the page of the conflict. Nothing typed is lost."""
    is_readable = form.validate()
    if not (form.take_files(file_store(), opened.viewer.person.id, request.form.getlist("kept")) and is_readable):
        return _act_page(opened, act, form), 422
    try:
        outcome = handle(house(), form.to_command(), actor_id=opened.viewer.person.id, now=now())
    except (Refusal, Refusals) as no:
        return _refused(opened, act, form, no)
    flash(f"{opened.record.number} {words.event(outcome.events[0].kind)}", "done")
    flash(_asked(opened, act, form)["action"], "draft-sent")
    db.session.rollback()  # the snapshot of this request is older than what it has just written
    if records.find_visible_id(connection(), opened.viewer, opened.record.number) is None:  # moved out of reach
        return redirect(url_for("record_lists.records", register=opened.register.name), 303)
    return redirect(url_for("records.show", number=opened.record.number), 303)


def _refused(opened: Opened, act: str, form: ActForm, no: Refusal | Refusals) -> ResponseReturnValue:
    if no.kind is Kind.FORBIDDEN:
        raise no
    if no.kind is Kind.CONFLICT:
        return _conflict(opened.record.number, act, form, no)
    form.refuse(no)
    return _act_page(opened, act, form), 422


def _conflict(number: str, act: str, form: ActForm, no: Refusal | Refusals) -> ResponseReturnValue:
    """What happened since, and what was typed, to be sent on top of it where that is still possible."""
    db.session.rollback()  # the snapshot of this request is older than what it lost against
    opened = _opened(number)
    known = opened.names()
    since = records.changes_since(connection(), opened.record.id, form.seen_version(), house().time_zone)
    if isinstance(form, AmendRecordForm):
        _keep_theirs(opened, form)
    form.send_on_top_of(opened.record.version)
    return (
        render_template(
            "records/conflict.html",
            **_head(opened, known),
            **_asked(opened, act, form),
            since=record_view.log_rows(since, opened.register, known),
            refusals=no.refusals if isinstance(no, Refusals) else (no,),
            can_send=opened.may_do(act) and opened.is_possible(act) and _still_follows(opened, form),
        ),
        409,
    )


def _still_follows(opened: Opened, form: ActForm) -> bool:
    return not isinstance(form, StateForm) or form.state in opened.next_states()


def _keep_theirs(opened: Opened, form: AmendRecordForm) -> None:
    """Where the reader changed nothing and somebody else did, the form takes what they wrote."""
    before = records.record_at(connection(), opened.record.id, form.seen_version())
    if before is None:
        return
    was, latest = _form(opened, "amend", before), _form(opened, "amend")
    if was is None or latest is None:
        return
    for name in form.names:
        if name in was and name in latest and (form[name].data or None) == (was[name].default or None):
            form[name].data = latest[name].default
