"""Search: one box for a number, a village, or words of a problem. What is found is asked in queries/search.py."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from tracker.blueprints import list_view, record_list_view
from tracker.blueprints.rights import connection, current_person, house, needs, viewer
from tracker.domain.texts import whole_number
from tracker.extensions import limiter
from tracker.queries import record_lists, records, search

bp = Blueprint("search", __name__)

# Faster than anybody types; slower than somebody who reads the registers out by trying words.
_LIMIT = "60 per minute"


@bp.get("/search")
@needs("view")
@limiter.limit(_LIMIT, key_func=lambda: f"search {current_person().id}")
def show() -> ResponseReturnValue:
    """The ticket or record itself when the question is its number; else what was found, newest first."""
    typed = _typed(request.args.get("q", ""))
    before = whole_number(request.args.get("before"))
    asking = viewer()
    pack = house().pack
    number = search.find_number(connection(), asking, pack.register_by_name, typed)
    if number is not None and before is None:
        return redirect(url_for("tickets.show", number=number))
    record = records.find_number(connection(), asking, pack.records, typed)
    if record is not None and before is None:
        return redirect(url_for("records.show", number=record))
    found = search.tickets_found(connection(), asking, pack.register_by_name, typed, before=before)
    by_serial = records.ids_by_serial(connection(), asking, pack.records, typed) if before is None else []
    kept = record_lists.lines_of(connection(), asking, pack.record_by_name, by_serial)
    return render_template(
        "search/show.html",
        typed=typed,
        found=found,
        rows=list_view.rows(found.lines),
        records=record_list_view.rows(kept),
        is_readable=bool(found.lines or kept or search.words_of(asking, typed)),
        before=before,
    )


def _typed(text: str) -> str:
    """The question in one line; what nobody can see is a blank."""
    readable = "".join(letter if letter.isprintable() else " " for letter in text[: search.MOST_TYPED])
    return " ".join(readable.split())
