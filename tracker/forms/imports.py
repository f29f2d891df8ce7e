"""The upload, its gaps, the rows chosen. What can be wrong with a file is worded in `tracker/file_words.py`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from flask_babel import gettext, lazy_gettext
from flask_wtf import FlaskForm
from flask_wtf.file import FileField
from wtforms import HiddenField

from tracker import file_words, formats, words
from tracker.domain.records import RecordRegister
from tracker.domain.refusals import Refusal
from tracker.domain.registers import Field, HasFields, Register
from tracker.domain.texts import half_width
from tracker.forms.fields import DateField, IdField, Pairs, TextField, required

_ = lazy_gettext

MOST_CHOICES = 12
"""So many choices are named in a hint; with more, the register's page is the better place to look."""

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
    register: Register | RecordRegister

    def refuse(self, why: Refusal, register: HasFields) -> None:
        self.file.errors = [*self.file.errors, file_words.file_trouble(why, register)]

    def defaults(self) -> dict[str, Any]:
        """Field → value for empty cells and missing columns."""
        given = {self.register.unit_field: self.place.value, self.register.day_field: self.found_on.value}
        return {name: value for name, value in given.items() if value is not None}


def upload_form(places: Pairs, register: Register | RecordRegister) -> UploadForm:
    """The form in the reader's language. `places`: units that this person may import for."""

    def where_none(name: str) -> str:
        return gettext("%(field)s where a row says none", field=words.label_of(name, register.fields))

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
        place = IdField(where_none(register.unit_field), choices=[("", gettext("The file says it")), *places])
        found_on = DateField(where_none(register.day_field))

    form = Form()
    form.register = register
    return form


class ConfirmForm(FlaskForm):
    """All rows that are ready, those ticked, or those typed as numbers."""

    act = HiddenField()
    picked: list[str]
    rows: TextField


def confirm_form() -> ConfirmForm:
    class Form(ConfirmForm):
        rows = TextField(
            gettext("Rows by their number in the sheet"),
            description=gettext("For example 4-20, 33. Only rows that are ready are taken."),
        )

    return Form()


MOST_TYPED = 1_000_000
"""Rows of all ranges together: as many as a sheet has."""

_RANGE = re.compile(r"(\d{1,7})(?:\s*[-–~至到]\s*(\d{1,7}))?")


def row_numbers(text: str) -> set[int] | None:
    """`4-20, 33` as numbers of rows; None when it cannot be read."""
    found: set[int] = set()
    count = 0
    for part in re.split(r"[,;\s，、；]+", re.sub(r"\s*([-–~至到])\s*", r"\1", half_width(text))):
        if not part:
            continue
        one = _RANGE.fullmatch(part)
        if one is None:
            return None
        first, last = int(one[1]), int(one[2] or one[1])
        count += last - first + 1
        if last < first or count > MOST_TYPED:
            return None
        found |= set(range(first, last + 1))
    return found


def how_to_mend(field: Field | None, code: str) -> str:
    """What the cell may say instead; "" where the sentence of the mistake tells it already."""
    if field is None or code not in {"choice_unknown", "choice_retired"} or not field.choices:
        return ""
    names = [words.of(c.label) for c in field.choices if not c.is_retired]
    if len(names) > MOST_CHOICES:
        names = [*names[:MOST_CHOICES], "…"]
    return gettext("Possible here: %(names)s", names=formats.listed(names))
