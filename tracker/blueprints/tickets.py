"""One ticket: its page, the form of every step, its correction, its private values, its evidence.

Whoever may not see a ticket gets the same 404 as for a number that does not exist. Lists: registers.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from tracker import words
from tracker.blueprints import evidence_files, evidence_view, going_on, linking, next_turn, ticket_view
from tracker.blueprints.imported import imported
from tracker.blueprints.linking import links
from tracker.blueprints.names import Names
from tracker.blueprints.rights import (
    REVEALED,
    SENT,
    by_person,
    can_on,
    connection,
    directory,
    house,
    needs,
    now,
    today,
    uploads_of_a_day,
    viewer,
)
from tracker.domain.commands import AmendTicket, NoteAccess, TakeStep
from tracker.domain.context import ticket_facts
from tracker.domain.deciding import closes, has_step, possible_steps
from tracker.domain.kinds import EvidenceKind
from tracker.domain.lifecycle import STEP_BY_NAME, Step
from tracker.domain.people import Person
from tracker.domain.refusals import Kind, Refusal, Refusals
from tracker.domain.registers import Register
from tracker.domain.texts import half_width
from tracker.domain.ticket import Ticket
from tracker.extensions import db, limiter
from tracker.forms.evidence import file_store
from tracker.forms.options import options_for
from tracker.forms.register import AmendForm
from tracker.forms.step import Asked, StepForm
from tracker.handler import handle
from tracker.queries import inspections, lists, tickets
from tracker.queries.scope import Viewer
from tracker.queries.world import world_for

bp = Blueprint("tickets", __name__)

MAX_REASON = 500

Sent = Callable[[], TakeStep | AmendTicket]


@dataclass(frozen=True)
class Opened:
    """A ticket that this person may see, with what its pages need."""

    page: tickets.TicketPage
    register: Register
    viewer: Viewer

    @property
    def ticket(self) -> Ticket:
        return self.page.ticket

    @property
    def person(self) -> Person:
        return self.viewer.person

    def names(self) -> Names:
        """With the numbers of the tickets that this one names."""
        told = [row.data.get("into") for row in self.page.log]
        ids = {i for i in (self.ticket.merged_into, self.ticket.origin_id, *told) if i is not None}
        return linking.named(self.viewer, ids | linking.ids_named(self.register, self.ticket.fields))

    def possible(self) -> tuple[tuple[Step, Refusal | None], ...]:
        return possible_steps(self.ticket, self.register, world_for(connection(), self.viewer, house()))

    def may(self, action: str) -> bool:
        return can_on(action, ticket_facts(self.ticket))


def _opened(number: str) -> Opened:
    """The ticket, else 404. That somebody read a restricted one stands in the log, once a day for each reader."""
    asking = viewer()
    ticket_id = tickets.find_visible_id(connection(), asking, number)
    if ticket_id is None:
        abort(404)
    page = tickets.ticket_page(connection(), ticket_id, house().register, house().time_zone)
    if page.ticket.is_restricted and not tickets.was_read_on(connection(), ticket_id, asking.person.id, today()):
        _note_access(asking.person, NoteAccess(ticket_id=ticket_id, kind="read", data={}))
    return Opened(page, house().register(page.ticket.register), asking)


def _note_access(person: Person, access: NoteAccess) -> None:
    handle(house(), access, actor_id=person.id, now=now())


# -- the page -----------------------------------------------------------------------------------------
@bp.get("/tickets/<number>")
@needs("view")
def show(number: str) -> ResponseReturnValue:
    """`then`: the list that the reader is working through; the next of it is offered."""
    opened = _opened(number)
    then = request.args.get("then")
    return _ticket_page(opened, {}, next=next_turn.next_of(then, opened.ticket.id) if then else None)


def _ticket_page(opened: Opened, revealed: Mapping[str, Any], **more: Any) -> str:
    names, ticket, register = opened.names(), opened.ticket, opened.register
    turn = ticket_view.turn(ticket, register, opened.possible())
    first = STEP_BY_NAME[turn.main[0]] if turn.main else None
    return render_template(
        "tickets/show.html",
        **_head(opened, names),
        facts=ticket_view.facts(opened.page, register, names, revealed),
        goes_on=going_on.goes_on(ticket, register),
        imported=imported(opened.page.log, register.name, names),
        milestones=ticket_view.milestone_rows(ticket, register, names),
        log=ticket_view.log_rows(opened.page.log, register, names),
        turn=turn,
        row=first,
        form=_step_form(opened, first.name) if first and first.is_at_once else None,
        is_final=first is not None and closes(first, register),
        can_amend=opened.may("amend") and not ticket.is_gone,
        can_reveal=opened.may("reveal"),
        revealed=revealed,
        came_from=linking.came_from(),
        **more,
    )


def _head(opened: Opened, names: Names) -> dict[str, Any]:
    """What every page about a ticket shows of it."""
    ticket, register = opened.ticket, opened.register
    return {
        "ticket": ticket,
        "register": register,
        "names": names,
        "summary": ticket_view.summary(opened.page, register),
        "told": lambda name: ticket_view.fact_text(opened.page, register, names, name),
        "submission": ticket_view.said_last(opened.page, "submitted"),
        "rejection": ticket_view.said_last(opened.page, "rejected"),
        "due": lists.due_state(ticket.current_due, ticket.status, today()),
        **evidence_view.context(evidence_view.file_rows(ticket, register, names, opened.viewer)),
    }


@bp.post("/tickets/<number>/reveal")
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
        return _ticket_page(opened, {}, reveal_error="reason" if not reason else "names", reason=reason), 422
    data = {"fields": wanted, "reason": reason[:MAX_REASON]}
    _note_access(opened.person, NoteAccess(ticket_id=opened.ticket.id, kind="revealed", data=data))
    return _ticket_page(opened, tickets.private_values(connection(), opened.ticket, wanted))


# -- steps --------------------------------------------------------------------------------------------
@bp.route("/tickets/<number>/<step>", methods=["GET", "POST"])
@needs("view")
@limiter.limit(SENT, methods=["POST"], key_func=by_person)
@uploads_of_a_day
def take_step(number: str, step: str) -> ResponseReturnValue:
    opened = _opened(number)
    form = _step_form(opened, step)
    if request.method == "POST":
        return _sent(opened, form, lambda: form.to_command(opened.ticket.id, form.seen_version()))
    if why := _impossible(opened, step):
        return _not_now(opened, why)
    return _form_page(opened, form)


def _step_form(opened: Opened, name: str) -> StepForm:
    """The form of this step, else 404 where the register has no such step or the person no right to it."""
    step = STEP_BY_NAME.get(name)
    if step is None or not opened.may(step.right) or not has_step(opened.register, step):
        abort(404)
    asked = Asked(
        step=step,
        ticket=opened.ticket,
        register=opened.register,
        options=lambda: options_for(
            opened.viewer, action=step.right, register=opened.register.name, near=(opened.ticket.place_id,)
        ),
        today=today(),
        is_owner=_is_owner(opened),
        milestone=request.values.get("milestone"),
        usual_owner=lambda: inspections.usual_owner(connection(), house().pack, directory(), opened.ticket),
    )
    return StepForm.for_step(asked, lambda text: tickets.find_visible_id(connection(), opened.viewer, half_width(text)))


def _is_owner(opened: Opened) -> bool:
    owner_id = opened.ticket.owner_unit_id
    return owner_id is not None and directory().is_within(opened.person.unit_id, owner_id)


def _impossible(opened: Opened, name: str) -> Refusal | None:
    """Why this cannot be done as the ticket stands, before anybody fills in a form for nothing."""
    possible = {step.name: why for step, why in opened.possible()}
    return possible[name] if name in possible else Refusal("step_not_possible_now", step=name)


def _not_now(opened: Opened, why: Refusal) -> ResponseReturnValue:
    """Back to the ticket with the reason; what a person may never do to it is forbidden."""
    if why.kind is Kind.FORBIDDEN:
        raise why
    flash(words.refusal(why), "warn")
    return redirect(url_for("tickets.show", number=opened.ticket.number), 303)


def _form_page(opened: Opened, form: StepForm | AmendForm) -> str:
    names = opened.names()
    return render_template("tickets/step.html", **_head(opened, names), **_asked(opened, form))


def _asked(opened: Opened, form: StepForm | AmendForm) -> dict[str, Any]:
    """The form and what stands around its fields."""
    step = form.step if isinstance(form, StepForm) else None
    name = step.name if step else "amend"
    return {
        "form": form,
        "inputs_in_order": form.names if isinstance(form, StepForm) else (*form.names, "reason"),
        "step_name": name,
        "row": step,
        "is_final": step is not None and closes(step, opened.register),
        "milestone": opened.register.milestone_by_name.get(request.values.get("milestone", "")),
        "action": url_for("tickets.amend", number=opened.ticket.number)
        if step is None
        else url_for("tickets.take_step", number=opened.ticket.number, step=name),
        "demanded": _demanded(opened, form),
        "came_back": request.method == "POST",
    }


def _demanded(opened: Opened, form: StepForm | AmendForm) -> Mapping[str, tuple[int, int]]:
    """Input → how many files the register demands there, as guards.has_evidence counts them, and how many of this
    attempt are there: on the ticket and waiting in the form."""
    given = opened.ticket.evidence[opened.ticket.evidence_before :]
    kept = form.evidence.files if request.method == "POST" else []
    kinds = [*(e.kind for e in given), *(file.kind for file in kept)]
    rule = opened.register.evidence
    waiting = [file.kind for file in kept].count(EvidenceKind.PHOTO_BEFORE)
    there = sum(e.kind == EvidenceKind.PHOTO_BEFORE for e in opened.ticket.evidence)
    return {
        "photos_before": (rule.photos_before, there + waiting),
        "photos": (rule.photos_after, kinds.count(EvidenceKind.PHOTO_AFTER)),
        "documents": (rule.documents, kinds.count(EvidenceKind.DOCUMENT)),
    }


# -- a correction -------------------------------------------------------------------------------------
@bp.route("/tickets/<number>/amend", methods=["GET", "POST"])
@needs("amend")
@limiter.limit(SENT, methods=["POST"], key_func=by_person)
@uploads_of_a_day
def amend(number: str) -> ResponseReturnValue:
    opened = _opened(number)
    if not opened.may("amend"):
        abort(404)
    form = _amend_form(opened, opened.ticket)
    if request.method == "POST":
        return _sent(opened, form, form.to_command)
    if opened.ticket.is_gone:
        return _not_now(opened, Refusal("step_not_possible_now", step="amend"))
    return _form_page(opened, form)


def _amend_form(opened: Opened, ticket: Ticket) -> AmendForm:
    form = AmendForm.for_ticket(
        ticket,
        opened.register,
        options_for(opened.viewer, action="amend", register=opened.register.name, links=links()),
    )
    if request.method == "GET":
        for name, value in (("place", str(ticket.place_id)), ("found_on", ticket.found_on)):
            if name in form:
                form[name].data = value
    return form


def _keep_theirs(opened: Opened, form: AmendForm) -> None:
    """Where the reader changed nothing and somebody else did, the form takes what they wrote."""
    before = tickets.ticket_at(connection(), opened.ticket.id, form.seen_version())
    if before is None:
        return
    was, latest = _amend_form(opened, before), _amend_form(opened, opened.ticket)
    for name in form.names:
        if (form[name].data or None) == (was[name].default or None):
            form[name].data = latest[name].default
    for name, old, new in (
        ("place", str(before.place_id), str(opened.ticket.place_id)),
        ("found_on", before.found_on, opened.ticket.found_on),
    ):
        if name in form and form[name].data in (old, None):
            form[name].data = new


# -- what was sent ------------------------------------------------------------------------------------
def _sent(opened: Opened, form: StepForm | AmendForm, command: Sent) -> ResponseReturnValue:
    """Carry it out; else the same page with what is wrong, or the page of the conflict. Nothing typed is lost."""
    is_readable = form.validate()
    is_kept = form.take_files(file_store(), opened.person.id, request.form.getlist("kept"))
    if not (is_readable and is_kept):
        _tell_missing_files(opened, form)
        return _form_page(opened, form), 422
    try:
        outcome = handle(house(), command(), actor_id=opened.person.id, now=now())
    except (Refusal, Refusals) as no:
        return _refused(opened, form, no)
    kinds = [event.kind for event in outcome.events]
    is_sealed = "closed" in kinds
    flash(f"{opened.ticket.number} {words.event('closed' if is_sealed else kinds[0])}", "done")
    flash(url_for(str(request.endpoint), **(request.view_args or {})), "draft-sent")
    sealed = 1 if is_sealed else None
    then = next_turn.kind_after(form.step) if isinstance(form, StepForm) else None
    return redirect(url_for("tickets.show", number=opened.ticket.number, sealed=sealed, then=then), 303)


def _tell_missing_files(opened: Opened, form: StepForm | AmendForm) -> None:
    """Beside what is wrong already: what lacks is said at once, not after the next sending."""
    if not (isinstance(form, StepForm) and form.step.is_submission):
        return
    for name, (needed, there) in _demanded(opened, form).items():
        if there < needed and not form[name].errors:
            form.refuse(Refusal("evidence_missing", field=name, needed=needed, given=there))


def _refused(opened: Opened, form: StepForm | AmendForm, no: Refusal | Refusals) -> ResponseReturnValue:
    if no.kind is Kind.FORBIDDEN:
        raise no
    if no.kind is Kind.CONFLICT:
        return _conflict(opened.ticket.number, form, no)
    form.refuse(no)
    return _form_page(opened, form), 422


def _conflict(number: str, form: StepForm | AmendForm, no: Refusal | Refusals) -> ResponseReturnValue:
    """What happened since, and what was typed, to be sent on top of it where that is still possible."""
    db.session.rollback()  # the snapshot of this request is older than what it lost against
    opened = _opened(number)
    seen, names = form.seen_version(), opened.names()
    since = tickets.changes_since(connection(), opened.ticket.id, seen, house().time_zone)
    if isinstance(form, AmendForm):
        _keep_theirs(opened, form)
    form.send_on_top_of(opened.ticket.version)
    return (
        render_template(
            "tickets/conflict.html",
            **_head(opened, names),
            **_asked(opened, form),
            since=ticket_view.log_rows(since, opened.register, names),
            refusals=no.refusals if isinstance(no, Refusals) else (no,),
            can_send=_can_send(opened, form),
        ),
        409,
    )


def _can_send(opened: Opened, form: StepForm | AmendForm) -> bool:
    if isinstance(form, StepForm):
        return _impossible(opened, form.step.name) is None
    return not opened.ticket.is_gone


# -- evidence -----------------------------------------------------------------------------------------
@bp.get("/tickets/<number>/evidence/<digest>")
@needs("view")
def evidence(number: str, digest: str) -> ResponseReturnValue:
    """`size=small|large`: a picture drawn anew, to look at. Without: the original, only ever as a download."""
    opened = _opened(number)
    return evidence_files.sent(opened.ticket.evidence, digest)
