"""Search: one box for a number, a village, or words of a text. What is found is asked in queries/search.py."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from tracker.blueprints import list_view, record_list_view
from tracker.blueprints.rights import connection, current_person, house, needs, viewer
from tracker.domain.texts import whole_number
from tracker.extensions import limiter
from tracker.queries import records, search

bp = Blueprint("search", __name__)

# Faster than anybody types; slower than somebody who reads the registers out by trying words.
_LIMIT = "60 per minute"
_FIRST_RECORDS = 10
"""So many records stand above the tickets; the others on pages of their own."""


@bp.get("/search")
@needs("view")
@limiter.limit(_LIMIT, key_func=lambda: f"search {current_person().id}")
def show() -> ResponseReturnValue:
    """The ticket or record itself when the question is its number; else what was found, newest first."""
    typed = _typed(request.args.get("q", ""))
    before = whole_number(request.args.get("before"))
    if before is None and (address := _named_by(typed)) is not None:
        return redirect(address)
    asking, pack = viewer(), house().pack
    found = search.tickets_found(connection(), asking, pack.register_by_name, typed, before=before)
    kept = search.RecordsFound((), None, is_cut=False)
    if before is None:
        kept = search.records_found(
            connection(), asking, pack.record_by_name, typed, before=None, at_most=_FIRST_RECORDS
        )
    return render_template(
        "search/show.html",
        typed=typed,
        found=found,
        rows=list_view.rows(found.lines),
        kept=kept,
        records=record_list_view.rows(kept.lines),
        is_readable=bool(found.lines or kept.lines or search.words_of(asking, typed)),
        before=before,
    )


@bp.get("/search/records")
@needs("view")
@limiter.limit(_LIMIT, key_func=lambda: f"search {current_person().id}")
def show_records() -> ResponseReturnValue:
    """The records among what was found, fifty a page."""
    typed = _typed(request.args.get("q", ""))
    before = whole_number(request.args.get("before"))
    kept = search.records_found(connection(), viewer(), house().pack.record_by_name, typed, before=before)
    return render_template(
        "search/records.html", typed=typed, kept=kept, records=record_list_view.rows(kept.lines), before=before
    )


def _named_by(typed: str) -> str | None:
    """The page of the one ticket or record whose number this is."""
    pack = house().pack
    number = search.find_number(connection(), viewer(), pack.register_by_name, typed)
    if number is not None:
        return url_for("tickets.show", number=number)
    record = records.find_number(connection(), viewer(), pack.records, typed)
    return url_for("records.show", number=record) if record is not None else None


def _typed(text: str) -> str:
    """The question in one line; what nobody can see is a blank."""
    readable = "".join(letter if letter.isprintable() else " " for letter in text[: search.MOST_TYPED])
    return " ".join(readable.split())
