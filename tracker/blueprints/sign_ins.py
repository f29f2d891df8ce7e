"""Who signed in, from where, and what failed: for administrators and auditors of the whole, beside the log."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, render_template, request, url_for
from flask.typing import ResponseReturnValue

from tracker.blueprints.rights import can_see_people, connection, directory, needs
from tracker.domain.texts import whole_number
from tracker.queries.sign_ins import PAGE, sign_ins

bp = Blueprint("sign_ins", __name__)


@bp.get("/sign-ins")
@needs("see_people")
def show() -> ResponseReturnValue:
    """The newest records, of all or of one person; 404 for an auditor of a part only."""
    if not can_see_people():
        abort(404)
    person_id = whole_number(request.args.get("person"))
    before = whole_number(request.args.get("before"))
    found = sign_ins(connection(), person_id=person_id, before=before)
    shown = found[:PAGE]
    kept: dict[str, Any] = {} if person_id is None else {"person": person_id}
    people = directory().people
    return render_template(
        "log/sign_ins.html",
        rows=shown,
        people=people,
        choices=sorted(((p.id, p.name) for p in people.values()), key=lambda one: one[1]),
        person_id=person_id,
        first_url=url_for("sign_ins.show", **kept) if before else None,
        next_url=url_for("sign_ins.show", before=shown[-1].id, **kept) if len(found) > PAGE else None,
    )
