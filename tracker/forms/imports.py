"""The upload, its gaps, the rows chosen; and the sentences of what can be wrong with a file as a whole."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from flask_babel import gettext, lazy_gettext
from flask_wtf import FlaskForm
from flask_wtf.file import FileField
from wtforms import HiddenField

from tracker import words
from tracker.domain.refusals import Refusal
from tracker.domain.registers import Field, Label, Register
from tracker.forms.fields import DateField, IdField, Pairs, TextField, normal, required

_ = lazy_gettext

MOST_CHOICES = 12
"""So many choices are named in a hint; with more, the register's page is the better place to look."""

# (code, reason) → sentence. The codes say what is wrong with a file anywhere, these with one to import.
_FILE_TROUBLE: Mapping[tuple[str, str], Any] = {
    ("file_too_large", "bytes"): _("The file is larger than %(limit_mb)s MB. Split it, or use the command line."),
    ("file_too_large", "entries"): _(
        "The workbook has more parts than a ledger needs. Save only the sheet with the list."
    ),
    ("file_too_large", "unpacked"): _("Unpacked, the workbook is too large. Save only the sheet with the list."),
    ("file_too_large", "rows"): _("The sheet has more than %(limit)s rows. Split it, or use the command line."),
    ("file_too_large", "columns"): _("The sheet has more than %(limit)s columns. Delete those that nobody needs."),
    ("file_too_large", "sheets"): _("The workbook has more than %(limit)s sheets. Save only the one with the list."),
    ("file_too_large", "memory"): _("The workbook needs too much memory. Save only the sheet with the list as CSV."),
    ("file_too_large", "time"): _("Reading the workbook takes too long. Save only the sheet with the list as CSV."),
    ("file_type_refused", "encrypted"): _("The workbook is locked with a password. Save it without one and send that."),
    ("file_type_refused", "macros"): _("The workbook holds macros. Save it as .xlsx without macros and send that."),
    ("file_type_refused", "external_links"): _(
        "The workbook takes values from other files. Paste them as values and save."
    ),
    ("file_type_refused", "entities"): _(
        "The workbook is built in a way that no spreadsheet program writes. Save it anew."
    ),
    ("file_type_refused", "type"): _("This is no spreadsheet. Send .xlsx, .xls, .ods or .csv."),
    ("file_type_refused", "not_a_list"): _("No sheet has a heading for “%(needed)s”. Headings found: %(found)s."),
    ("file_not_what_it_says", ""): _(
        "The content does not fit the name (it is: %(found)s). Save it again and send that."
    ),
    ("file_damaged", ""): _("The file is damaged or was cut short. Open it, save it again and send that."),
    ("file_empty", "no_records"): _("The sheet “%(sheet)s” has headings but no record below them."),
    ("file_empty", "none"): _("Choose a file."),
    ("file_empty", ""): _("The file is empty."),
}
# The same for cells: what a spreadsheet does to values that a form never sees.
_CELL_TROUBLE: Mapping[tuple[str, str], Any] = {
    ("field_not_a_day", "no_such_day"): _("There is no such day: %(value)s."),
    ("field_not_a_day", "order"): _(
        "“%(value)s”: nothing in this column shows whether day or month stands first. Write it like 2023-11-24."
    ),
    ("field_not_a_number", "not_whole"): _("“%(value)s” is not a whole number."),
    ("id_number_invalid", "digits_lost"): _(
        "The spreadsheet has cut off the last digits of this number. Make the column text and type it again."
    ),
    ("duplicate_external_number", "first_row"): _("%(value)s stands in row %(first_row)s as well."),
}
WARNINGS: Mapping[str, Any] = {
    "macros_ignored": _("The workbook holds macros. They are not run; only values are read."),
    "name_differs": _("The ending of the name is not that of the content. It was read all the same."),
}
SKIPPED: Mapping[str, Any] = {
    "total": _("a total"),
    "note": _("a note below the list"),
    "repeated_header": _("the headings once more"),
    "section": _("a line between sections"),
    "continuation": _("goes on from the row above"),
    "empty_record": _("a number and nothing else"),
    "no_main_text": _("says nothing in the main column"),
}


class UploadForm(FlaskForm):
    """A file, and what holds for rows that do not say it themselves."""

    file: FileField
    place: IdField
    found_on: DateField

    def refuse(self, why: Refusal, register: Register) -> None:
        self.file.errors = [*self.file.errors, file_trouble(why, register)]

    def defaults(self) -> dict[str, Any]:
        """Field → value for empty cells and missing columns."""
        given = {"place": self.place.value, "found_on": self.found_on.value}
        return {name: value for name, value in given.items() if value is not None}


def upload_form(places: Pairs) -> UploadForm:
    """The form in the reader's language. `places`: villages that this person may import for."""

    class Form(UploadForm):
        file = required(
            FileField(
                gettext("Workbook or CSV"),
                description=gettext(
                    ".xlsx, .xls, .ods or .csv. Titles above the headings and merged cells do not matter."
                ),
                render_kw={"accept": ".xlsx,.xlsm,.xls,.ods,.csv,.txt,.tsv"},
            )
        )
        place = IdField(gettext("Village where a row names none"), choices=[("", gettext("The file says it")), *places])
        found_on = DateField(gettext("Day found where a row names none"))

    return Form()


class ConfirmForm(FlaskForm):
    """All rows that are ready, those ticked, or those typed as numbers."""

    act = HiddenField()
    picked: list[str]


def confirm_form() -> Any:
    class Form(ConfirmForm):
        rows = TextField(
            gettext("Rows by their number in the sheet"),
            description=gettext("For example 4-20, 33. Only rows that are ready are taken."),
        )

    return Form()


_RANGE = re.compile(r"(\d{1,7})(?:\s*[-–~至到]\s*(\d{1,7}))?")


def row_numbers(text: str) -> set[int] | None:
    """`4-20, 33` as numbers of rows; None when it cannot be read."""
    found: set[int] = set()
    for part in re.split(r"[,;\s，、；]+", re.sub(r"\s*([-–~至到])\s*", r"\1", normal(text))):
        if not part:
            continue
        one = _RANGE.fullmatch(part)
        if one is None:
            return None
        first, last = int(one[1]), int(one[2] or one[1])
        if last < first or last - first > 1_000_000:
            return None
        found |= set(range(first, last + 1))
    return found


def file_trouble(why: Refusal, register: Register) -> str:
    """Why the file as a whole cannot be read, and how to mend it."""
    reason = str(why.params.get("reason", ""))
    sentence = _FILE_TROUBLE.get((why.code, reason)) or _FILE_TROUBLE.get((why.code, ""))
    if sentence is None:
        return words.refusal(why)
    params = dict(why.params)
    if isinstance(limit := params.get("limit"), int):
        params["limit_mb"] = max(1, limit // 2**20)
    if needed := params.get("needed"):
        params["needed"] = words.of(register.by_name[needed].label)
    if isinstance(found := params.get("found"), tuple):
        params["found"] = gettext(", ").join(found) or "—"
    return str(sentence % _Complete(params))


def cell_trouble(code: str, params: Mapping[str, Any]) -> str:
    """What is wrong with a cell."""
    reason = "first_row" if "first_row" in params else str(params.get("reason", ""))
    if sentence := _CELL_TROUBLE.get((code, reason)):
        return str(sentence % _Complete(params))
    return words.refusal(Refusal(code, **{name: value for name, value in params.items() if name != "field"}))


class _Complete(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "—"


def how_to_mend(field: Field | None, code: str) -> str:
    """What the cell may say instead; "" where the sentence of the mistake tells it already."""
    if field is None or code not in {"choice_unknown", "choice_retired"} or not field.choices:
        return ""
    names = [words.of(c.label) for c in field.choices if not c.is_retired]
    if len(names) > MOST_CHOICES:
        names = [*names[:MOST_CHOICES], "…"]
    return gettext("Possible here: %(names)s", names=gettext(", ").join(names))


def label_of(name: str, fields: Iterable[Field]) -> str:
    """How a field is called; what is no field of the register by the head's own words."""
    label: Label | None = next((f.label for f in fields if f.name == name), None)
    if label is not None:
        return words.of(label)
    return words.need(name) if name in words.NEEDS else name
