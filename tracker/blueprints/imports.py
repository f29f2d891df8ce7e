"""Importing a list: upload, look at what was understood, register all rows or some, see what came of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from functools import wraps
from typing import Any

from flask import Blueprint, abort, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from tracker import formats, uploads, words
from tracker.blueprints import blank_files, files, import_rows
from tracker.blueprints.import_view import AT_ONCE, carried_out, defaults_of, preview_of
from tracker.blueprints.rights import by_person, connection, current_person, house, needs, now, viewer
from tracker.domain.records import RecordRegister
from tracker.domain.refusals import Refusal
from tracker.domain.registers import Register
from tracker.exchange.files import FileRefusal
from tracker.exchange.importing import Importer
from tracker.extensions import db, limiter
from tracker.forms.imports import (
    SKIPPED,
    WARNINGS,
    ConfirmForm,
    UploadForm,
    confirm_form,
    row_numbers,
    upload_form,
)
from tracker.forms.options import unit_pairs
from tracker.log.files import clean_name
from tracker.queries.uploads import (
    PAGE,
    State,
    Upload,
    UploadLine,
    all_lines,
    content_of,
    lines_of,
    recent_uploads,
    row_counts,
    rows_in,
    upload_of,
)

bp = Blueprint("imports", __name__)

UPLOADS = "30 per minute"
SHOWN_SKIPPED = 20
SHOWN_COLUMNS = 20


# -- the file -----------------------------------------------------------------------------------------
@bp.route("/registers/<register>/import", methods=["GET", "POST"])
@needs("import")
@limiter.limit(UPLOADS, methods=["POST"], key_func=by_person)
def upload(register: str) -> ResponseReturnValue:
    """Choose a file; nothing is registered before its preview was seen."""
    importer = _importer(register)
    form = upload_form(unit_pairs(importer.places), importer.register)
    if request.method == "POST" and form.validate():
        try:
            upload_id = _take_file(importer, form)
        except Refusal as why:
            form.refuse(why, importer.register)
        else:
            return redirect(url_for("imports.preview", upload_id=upload_id))
    page = render_template(
        "imports/upload.html",
        form=form,
        register=importer.register,
        is_of_tickets=isinstance(importer.register, Register),
        list_url=_list_url(importer.register),
        columns=import_rows.headings(importer),
        links=[words.of(f.label) for f in importer.register.links],
        recent=recent_uploads(connection(), person_id=current_person().id, register=register, now=now()),
    )
    return page, 422 if request.method == "POST" else 200


@bp.get("/registers/<register>/import/template.xlsx")
@needs("import")
def template(register: str) -> ResponseReturnValue:
    """A workbook with the register's headings in the reader's language, to fill in and import."""
    return blank_files.file_response(_importer(register))


def _importer(register: str) -> Importer:
    """404 for a register that there is not or that takes no more, or into which this person may import nowhere."""
    pack = house().pack
    known = pack.register_by_name.get(register) or pack.record_by_name.get(register)
    if known is None or known.is_withdrawn:
        abort(404)
    secret = current_app.config["SETTINGS"].secret_key.encode()
    importer = Importer(house(), viewer(), known, secret)
    if not importer.places:
        abort(404)
    return importer


def _list_url(register: Register | RecordRegister) -> str:
    if isinstance(register, RecordRegister):
        return url_for("record_lists.records", register=register.name)
    return url_for("registers.tickets", register=register.name)


def _take_file(importer: Importer, form: UploadForm) -> int:
    sent, limit = form.file.data, current_app.config["SETTINGS"].file_bytes
    if not sent or not sent.filename:
        raise FileRefusal("file_empty", reason="none")
    with closing(sent):
        content = sent.stream.read(limit + 1)
    if len(content) > limit:
        raise FileRefusal("file_too_large", reason="page_bytes", limit=limit // 2**20)
    file = preview_of(importer, connection(), content, clean_name(sent.filename), None, form.defaults())
    return uploads.keep(db.engine, file, person_id=current_person().id, now=now())


# -- the preview --------------------------------------------------------------------------------------
def mine(view: Any) -> Any:
    """Gives the view the upload, which is its uploader's alone: to anybody else it does not exist."""

    @wraps(view)
    def guarded(upload_id: int, **values: Any) -> ResponseReturnValue:
        found = upload_of(connection(), upload_id, person_id=current_person().id, now=now())
        if found is None:
            abort(404)
        answer: ResponseReturnValue = view(found, _importer(found.register), **values)
        return answer

    return guarded


@bp.get("/imports/<int:upload_id>")
@needs("import")
@mine
def preview(upload: Upload, importer: Importer) -> ResponseReturnValue:
    """What was understood, what would come of each row, and what came of it."""
    return _preview_page(upload, importer, confirm_form())


def _preview_page(upload: Upload, importer: Importer, form: ConfirmForm) -> str:
    counts = row_counts(connection(), upload.id)
    state = _state_shown(upload, counts)
    after = request.args.get("after", 0, type=int)
    lines = lines_of(connection(), upload.id, state, importer.viewer, after=max(0, min(after, 10**7)))
    shown, more = lines[:PAGE], lines[PAGE:]
    register, told = importer.register, upload.told
    return render_template(
        "imports/preview.html",
        upload=upload,
        form=form,
        register=register,
        is_of_tickets=isinstance(register, Register),
        list_url=_list_url(register),
        heads={name: words.label_of(name, register.fields) for name in _told_fields(register)},
        counts={state.name.lower(): count for state, count in counts.items()},
        show=state.name.lower(),
        views=import_rows.views(upload, register, counts, state),
        rows=[import_rows.row(line, importer) for line in shown],
        first_url=url_for("imports.preview", upload_id=upload.id, show=state.name.lower()) if after else None,
        next_url=url_for("imports.preview", upload_id=upload.id, show=state.name.lower(), after=shown[-1].row)
        if more
        else None,
        columns=[
            (letter, text, import_rows.target(upload, known, importer)) for letter, text, known in told["columns"]
        ],
        unused=[f"{letter} {heading}" for letter, heading in told.get("unknown", ())][:SHOWN_COLUMNS],
        noted_count=told.get("noted_count", 0),
        missing=[words.label_of(name, register.fields) for name in told["missing"]],
        warnings=[WARNINGS[name] for name in told["warnings"] if name in WARNINGS],
        skipped=[(row, SKIPPED[reason], text) for row, reason, text in told["skipped"][:SHOWN_SKIPPED]],
        given=import_rows.given(upload, register),
        at_once=AT_ONCE,
    )


def _told_fields(register: Register | RecordRegister) -> tuple[str, str, str]:
    """The fields that the rows of a preview show."""
    return register.summary_field, register.unit_field, register.day_field


def _state_shown(upload: Upload, counts: Mapping[State, int]) -> State:
    """What was asked for; else what came of the import, what is ready, what is wrong."""
    asked = request.values.get("show", "").upper()
    if asked in State.__members__:
        return State[asked]
    usual = (State.REGISTERED,) if upload.done else ()
    order = (*usual, State.READY, State.ADDS, State.WRONG, State.ADDED, State.KNOWN, State.REPEATED, State.REGISTERED)
    return next((state for state in order if counts[state]), State.READY)


@bp.post("/imports/<int:upload_id>/sheet")
@needs("import")
@limiter.limit(UPLOADS, key_func=by_person)
@mine
def sheet(upload: Upload, importer: Importer) -> ResponseReturnValue:
    """Read another sheet of the same file."""
    name = request.form.get("sheet", "")
    if name not in {told[0] for told in upload.told["sheets"]}:
        abort(404)
    content, defaults = content_of(connection(), upload.id), defaults_of(upload, importer.register)
    try:
        file = preview_of(importer, connection(), content, upload.file_name, name, defaults)
    except FileRefusal:
        flash(gettext("That sheet holds no list for this register. The present one stays."), "warn")
    else:
        uploads.read_again(db.engine, upload.id, file)
    return redirect(url_for("imports.preview", upload_id=upload.id))


@bp.post("/imports/<int:upload_id>/forget")
@needs("import")
@mine
def forget(upload: Upload, importer: Importer) -> ResponseReturnValue:
    """The file is not needed any more."""
    uploads.forget(db.engine, upload.id)
    flash(gettext("The file is deleted. What was registered from it stays."), "done")
    return redirect(url_for("imports.upload", register=upload.register))


# -- registering --------------------------------------------------------------------------------------
@bp.post("/imports/<int:upload_id>")
@needs("import")
@mine
def confirm(upload: Upload, importer: Importer) -> ResponseReturnValue:
    """Register all rows that are ready, or exactly the rows chosen; or add what rows say to what is known already."""
    form = confirm_form()
    adds = request.form.get("show") == "adds"
    ready = rows_in(connection(), upload.id, State.ADDS if adds else State.READY)
    wanted = set(ready) if request.form.get("act") == "all" else _chosen(form)
    if wanted is None:
        return _preview_page(upload, importer, form), 422
    chosen = [row for row in ready if row in wanted][:AT_ONCE]
    # A second press of the button finds nothing ready any more, and says what the first one did.
    if chosen or not upload.done:
        content = content_of(connection(), upload.id)
        _settle(upload, carried_out(importer, upload, content, frozenset(chosen), now(), adds=adds))
    return redirect(url_for("imports.preview", upload_id=upload.id))


def _chosen(form: ConfirmForm) -> set[int] | None:
    """Rows ticked and rows typed; None, with the reason at the field, when there are none or they cannot be read."""
    ticked = {int(text) for text in request.form.getlist("row") if text.isascii() and text.isdigit() and len(text) < 9}
    typed = row_numbers(form.rows.data or "")
    if typed is None:
        form.rows.errors = [gettext("Write rows like 4-20, 33.")]
    elif not ticked | typed:
        form.rows.errors = [gettext("No row is chosen. Tick rows, or write their numbers.")]
    else:
        return ticked | typed
    form.rows.data = formats.listed([*map(str, sorted(ticked)), *filter(None, [form.rows.data])])
    return None


def _settle(upload: Upload, rows: tuple[UploadLine, ...]) -> None:
    registered = [row for row in rows if row.state is State.REGISTERED]
    counts = {
        "registered": len([row for row in registered if not row.told["again"]]),
        "again": len([row for row in registered if row.told["again"]]),
        "added": sum(len(row.told["adds"]) for row in rows if row.state is State.ADDED),
        "known": sum(1 for row in rows if row.state is State.KNOWN),
        "refused": sum(1 for row in rows if row.state is State.WRONG),
    }
    uploads.settle(db.engine, upload.id, rows, counts, now=now())


# -- the list of mistakes -----------------------------------------------------------------------------
@bp.get("/imports/<int:upload_id>/mistakes.<any(csv, xlsx):ending>")
@needs("import")
@mine
def mistakes(upload: Upload, importer: Importer, ending: str) -> ResponseReturnValue:
    """Every mistake with its cell, to hand to whoever keeps the list."""
    sheet = ((gettext("Sheet"), upload.sheet),) if upload.sheet else ()  # a CSV has none
    head = files.head_of(gettext("Mistakes in %(file)s", file=upload.file_name), sheet)
    columns = (
        gettext("Row"),
        gettext("Cell"),
        gettext("Field"),
        gettext("What is wrong"),
        gettext("What it may be"),
        words.of(importer.register.by_name[importer.register.summary_field].label),
    )
    rows = _mistake_rows(all_lines(connection(), upload.id, State.WRONG, importer.viewer), importer)
    name = f"{upload.file_name.rpartition('.')[0] or upload.file_name}-{gettext('mistakes')}"
    return files.sent(files.written(ending, head, columns, rows), name, ending)


def _mistake_rows(lines: Iterable[UploadLine], importer: Importer) -> Iterator[tuple[int | str, ...]]:
    for line in lines:
        for told in line.told["errors"]:
            one = import_rows.mistake(told, importer)
            summary = import_rows.summary(line.told["summary"], importer.register)
            yield line.row, one["cell"], one["field"], one["what"], one["instead"], summary
