"""Registers made and changed by administrators: a form, the files themselves, and who changed what when.

What a change may not do is said by the rules (domain/defining.py) and the pack's loader, through the handler.
"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import unified_diff
from typing import Any

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from tracker import words
from tracker.blueprints.definition_view import Shown, can_owe, has_walk, kind_of, known_beside, registers_of
from tracker.blueprints.names import names
from tracker.blueprints.rights import connection, current_person, house, needs, now, today
from tracker.definer import propose
from tracker.domain.commands import DefineRegister, WithdrawRegister
from tracker.domain.defining import FOLDERS, AnyRegister, Definition, parts_of
from tracker.domain.refusals import Kind, Refusal, Refusals
from tracker.forms.definitions import EXPLAINED, KINDS, DefinitionForm, FilesForm, files_form, withdraw_form
from tracker.forms.drafting import BLANK_ROWS, MORE, PARTS, Around, DraftForm, again, draft_form
from tracker.handler import handle
from tracker.packs.loader import LoadedPack
from tracker.packs.making import KINDS as MADE_KINDS
from tracker.packs.making import Draft, draft_of, files_of
from tracker.packs.problems import PackError, Problem
from tracker.packs.source import MAX_BYTES, Folder
from tracker.packs.writing import path_of_text

bp = Blueprint("definitions", __name__)

CONFIRM = "confirm"
Files = dict[str, str]


# -- what there is ------------------------------------------------------------------------------------
@bp.get("/admin/registers")
@needs("administer")
def index() -> ResponseReturnValue:
    """Every register, with its version and since when; what begins on a later day besides."""
    latest = {d.name: d for d in house().definitions(connection())}
    owners = {name: d for d in latest.values() for name in d.registers}
    rows = [_line(register, owners.get(register.name)) for register in _registers().values()]
    known = {row["name"] for row in rows}
    rows += [
        {
            "name": d.name,
            "label": d.name,
            "kind": "",
            "version": d.version,
            "since": d.takes_effect_on,
            "is_own": True,
            "is_withdrawn": d.is_withdrawn,
        }
        for d in latest.values()
        if d.name not in known
    ]
    return render_template("admin/registers.html", rows=rows)


def _line(register: AnyRegister, definition: Definition | None) -> dict[str, Any]:
    return {
        "name": definition.name if definition else register.name,
        "label": words.of(register.label),
        "kind": KINDS[kind_of(register)],
        "version": definition.version if definition else None,
        "since": definition.takes_effect_on if definition else None,
        "is_own": definition is not None,
        "is_withdrawn": definition is not None and definition.is_withdrawn,
    }


def _registers() -> dict[str, AnyRegister]:
    return registers_of(house().pack)


def _definitions(name: str) -> list[Definition]:
    return [d for d in house().definitions(connection()) if d.name == name]


def _files(name: str) -> Files:
    """The files of a register as they were last defined, else as the pack has them; 404 where there are none."""
    path, pack = f"registers/{name}.yaml", house().pack
    folder = Folder(pack.folder) if isinstance(pack, LoadedPack) and pack.folder else None
    versions = [d for d in _definitions(name) if d.files]
    if versions and not (versions[-1].is_withdrawn and _is_delivered(name)):
        return dict(versions[-1].files)
    if name not in _registers() or folder is None:
        abort(404)
    found = {path: folder.text(path)}
    checklist = getattr(_registers()[name], "checklist", None)
    return found | ({walk: folder.text(walk)} if folder.has(walk := f"checklists/{checklist}.yaml") else {})


def _around(kind: str, draft: Draft | None, files: Files) -> Around:
    """What the form needs to know besides the register."""
    pack, name = house().pack, draft.name if draft else ""
    is_sent = request.method == "POST"
    counts = {part: request.form.get(f"{part}_count", 0, type=int) if is_sent else 0 for part in PARTS}
    asked = request.form.get("act", "").removeprefix(MORE)
    return Around(
        known=known_beside(pack, kind, draft, files),
        links=[(register.name, words.of(register.label)) for register in _registers().values()],
        tickets=[(register.name, words.of(register.label)) for register in pack.registers if register.name != name],
        has_walk=has_walk(pack, name, kind, files),
        can_owe=can_owe(pack, name, kind, files),
        version=len(_definitions(name)) if name else 0,
        today=today(),
        counts={part: max(0, count) + BLANK_ROWS * (part == asked) for part, count in counts.items()},
    )


# -- with a form --------------------------------------------------------------------------------------
@bp.route("/admin/registers/new", methods=["GET", "POST"])
@needs("administer")
def new() -> ResponseReturnValue:
    """First what it keeps, then the form."""
    kind = request.args.get("kind", "")
    if kind not in MADE_KINDS:
        return render_template("admin/register_kinds.html", kinds=[(k, KINDS[k], EXPLAINED[k]) for k in MADE_KINDS])
    return _drafted(draft_form(kind, None, _around(kind, None, {})), {})


@bp.route("/admin/registers/<name>", methods=["GET", "POST"])
@needs("administer")
def edit(name: str) -> ResponseReturnValue:
    """The register as a form; one of a kind that has no form, as its files."""
    files = _files(name)
    register = _registers().get(name)
    if register is not None and kind_of(register) not in MADE_KINDS:
        return redirect(url_for("definitions.files", name=name))
    draft = draft_of(name, files)
    return _drafted(draft_form(draft.kind, draft, _around(draft.kind, draft, files)), files)


def _drafted(form: DraftForm, before: Files) -> ResponseReturnValue:
    shown = Shown()
    is_for_rows = request.form.get("act", "").startswith(MORE)
    if request.method == "POST" and not is_for_rows and form.validate():
        draft = form.to_draft()
        try:
            made = files_of(draft, before, form.effect(today()))
        except PackError as mistaken:
            made, shown.problems = {}, mistaken.problems
        if made:
            answer = _settled(form, draft.name, made, shown, is_new=form.old is None)
            if answer is not None:
                return answer
    if shown.proposal is not None:
        form = again(form)
    page = render_template("admin/register.html", form=form, shown=shown, kind=KINDS[form.kind], name=_name_of(form))
    return page, _status(form, shown)


def _name_of(form: DraftForm) -> str:
    return form.old.name if form.old else ""


def _status(form: DefinitionForm, shown: Shown) -> int:
    is_refused = request.method == "POST" and (form.has_errors or bool(shown.problems))
    return shown.status if is_refused else 200


def _settled(form: DefinitionForm, name: str, files: Files, shown: Shown, *, is_new: bool) -> Response | None:
    """Done, when it was confirmed; else what it would lead to, or why not, goes onto the page."""
    command = DefineRegister(
        name=name,
        files=files,
        takes_effect_on=form.effect(today()),
        version=form.seen_version(),
        is_new=is_new,
        key=form.key.data,
    )
    try:
        if request.form.get("act") != CONFIRM:
            shown.proposal = propose(house(), connection(), command, today())
            return None
        handle(house(), command, actor_id=current_person().id, now=now())
    except (Refusal, Refusals) as why:
        if why.kind is Kind.FORBIDDEN:
            raise
        shown.status = 409 if why.kind is Kind.CONFLICT else 422
        for one in why.refusals if isinstance(why, Refusals) else (why,):
            shown.problems += tuple(one.params.get("problems", ()))
        form.refuse(why)
        return None
    flash(gettext("The register is defined."), "done")
    answer: Any = redirect(url_for("definitions.index"))
    return answer


# -- with the files -----------------------------------------------------------------------------------
@bp.route("/admin/registers/upload", methods=["GET", "POST"])
@needs("administer")
def upload() -> ResponseReturnValue:
    """A register from its files."""
    return _as_files("", {}, 0)


@bp.route("/admin/registers/<name>/files", methods=["GET", "POST"])
@needs("administer")
def files(name: str) -> ResponseReturnValue:
    """The files of a register, to be read, changed, or replaced by others."""
    return _as_files(name, _files(name), len(_definitions(name)))


def _as_files(name: str, texts: Files, version: int) -> ResponseReturnValue:
    shown = Shown()
    form = _files_form(name, texts, version)
    if request.method == "POST" and form.validate():
        given, uploaded = form.texts(), _uploaded(form, name, shown)
        if uploaded:
            given |= uploaded
            form = _filled(form, given)
        register = name or next((n for folder, n in map(parts_of, given) if folder == "registers"), "")
        if not given:
            form.add_error("uploads", words.refusal(Refusal("field_required")))
        elif not shown.problems:
            answer = _settled(form, register, given, shown, is_new=not name)
            if answer is not None:
                return answer
    page = render_template("admin/register_files.html", form=form, shown=shown, name=name, files=texts)
    return page, _status(form, shown)


def _files_form(name: str, texts: Files, version: int) -> FilesForm:
    sent = [request.form.get(f"path_{n}", "") for n in range(20)] if request.method == "POST" else []
    usual = [f"{folder}/{name}.yaml" for folder in FOLDERS] if name else []
    paths = dict.fromkeys(path for path in (*texts, *usual, *sent) if parts_of(path) != ("", ""))
    return files_form(list(paths)[:20], texts, version=version, today=today())


def _uploaded(form: FilesForm, name: str, shown: Shown) -> Files:
    """The files that were sent, each under its path; what is none goes among the mistakes."""
    found: Files = {}
    sent = [(file.filename or "", file.read(MAX_BYTES + 1)) for file in form.uploads.data or () if file.filename]
    for file_name, content in sent:
        try:
            path = path_of_text(content.decode("utf-8"), file_name, name or _register_among(sent))
        except (PackError, UnicodeDecodeError) as mistaken:
            problems = mistaken.problems if isinstance(mistaken, PackError) else ()
            shown.problems += problems or (Problem(file_name, 1, "the file is not UTF-8", "save it as UTF-8"),)
            continue
        if parts_of(path) == ("", "") or len(content) > MAX_BYTES:
            shown.problems += (Problem(file_name, 1, "it is no file of a register", "see docs/packs.md"),)
        else:
            found[path] = content.decode("utf-8")
    return found


def _register_among(sent: list[tuple[str, bytes]]) -> str:
    """The name that the register's own file gives to those that name nothing."""
    for file_name, content in sent:
        try:
            path = path_of_text(content.decode("utf-8"), file_name, "")
        except (PackError, UnicodeDecodeError):
            continue  # said when its turn comes
        if parts_of(path)[0] == "registers":
            return parts_of(path)[1]
    return ""


def _filled(form: FilesForm, texts: Files) -> FilesForm:
    """The form again, with the texts that came as files."""
    paths = list(dict.fromkeys([*form.paths, *texts]))
    filled = files_form(paths, texts, version=form.seen_version(), today=form.effect(today()))
    filled.key.data, filled.version.data = form.key.data, form.version.data
    filled.takes_effect_on.data = form.takes_effect_on.data
    for n, path in enumerate(paths):
        filled[f"text_{n}"].data, filled[f"path_{n}"].data = texts.get(path, ""), path
    return filled


@bp.get("/admin/registers/<name>/files/<folder>/<file>.yaml")
@needs("administer")
def download(name: str, folder: str, file: str) -> ResponseReturnValue:
    """One file, as a pack's folder would hold it."""
    text = _files(name).get(f"{folder}/{file}.yaml")
    if text is None:
        abort(404)
    head = {"Content-Disposition": f'attachment; filename="{file}.{folder}.yaml"'}
    return Response(text, mimetype="application/yaml", headers=head)


# -- taken back --------------------------------------------------------------------------------------
@bp.route("/admin/registers/<name>/withdraw", methods=["GET", "POST"])
@needs("administer")
def withdraw(name: str) -> ResponseReturnValue:
    """A register of the pack is again what the pack says; one that was made here takes no more entries."""
    versions = _definitions(name)
    if not versions and name not in _registers():
        abort(404)
    if not versions or versions[-1].is_withdrawn:
        flash(words.refusal(Refusal("register_not_defined_here", name=name)), "warn")
        return redirect(url_for("definitions.index"))
    form = withdraw_form(len(versions))
    status = 200
    if request.method == "POST" and form.validate():
        reason = form["reason"].value or ""
        command = WithdrawRegister(name=name, reason=reason, version=form.seen_version(), key=form.key.data)
        try:
            handle(house(), command, actor_id=current_person().id, now=now())
        except (Refusal, Refusals) as why:
            if why.kind is Kind.FORBIDDEN:
                raise
            form.refuse(why)
            status = 409 if why.kind is Kind.CONFLICT else 422
        else:
            flash(gettext("The register is withdrawn."), "done")
            return redirect(url_for("definitions.index"))
    page = render_template("admin/register_withdraw.html", form=form, name=name, is_delivered=_is_delivered(name))
    return page, status if status != 200 or not form.has_errors else 422


def _is_delivered(name: str) -> bool:
    pack = house().pack
    return (
        isinstance(pack, LoadedPack) and pack.folder is not None and Folder(pack.folder).has(f"registers/{name}.yaml")
    )


# -- what was -----------------------------------------------------------------------------------------
@bp.get("/admin/registers/<name>/history")
@needs("administer")
def history(name: str) -> ResponseReturnValue:
    """Every version, by whom and when, with what is different from the one before."""
    versions = _definitions(name)
    if not versions and name not in _registers():
        abort(404)
    rows = [
        {
            "version": after.version,
            "takes_effect_on": after.takes_effect_on,
            "recorded_at": after.recorded_at,
            "who": names().person(after.actor_id),
            "withdrawn_for": after.reason if after.is_withdrawn else "",
            "difference": _difference(before.files if before else {}, after.files),
        }
        for before, after in zip([None, *versions], versions, strict=False)
    ]
    return render_template("admin/register_history.html", name=name, rows=rows[::-1])


def _difference(before: Mapping[str, str], after: Mapping[str, str]) -> str:
    lines: list[str] = []
    for path in sorted({*before, *after}):
        old, new = before.get(path, "").splitlines(), after.get(path, "").splitlines()
        lines += unified_diff(old, new, path, path, lineterm="", n=1)
    return "\n".join(lines)
