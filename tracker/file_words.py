"""The sentences, per language, of what can be wrong with a file to import, or with one of its cells.

The codes are those of `words.py`; a list has its own causes and its own ways to mend them. Page and command
line say the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext

from tracker import formats, words
from tracker.domain.refusals import Refusal
from tracker.domain.registers import HasFields

_ = lazy_gettext

# (code, reason) → sentence. The codes say what is wrong with a file anywhere, these with one to import.
FILE_TROUBLE: Mapping[tuple[str, str], Any] = {
    ("file_too_large", "bytes"): _("The file is larger than %(limit)s MB. Split it."),
    ("file_too_large", "page_bytes"): _("The file is larger than %(limit)s MB. Split it, or use the command line."),
    ("file_too_large", "entries"): _(
        "The workbook has more parts than a list needs. Save only the sheet with the list."
    ),
    ("file_too_large", "unpacked"): _("Unpacked, the workbook is too large. Save only the sheet with the list."),
    ("file_too_large", "rows"): _("The sheet has more than %(limit)s rows. Split it."),
    ("file_too_large", "page_rows"): _("The sheet has more than %(limit)s rows. Split it, or use the command line."),
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
CELL_TROUBLE: Mapping[tuple[str, str], Any] = {
    ("field_not_a_day", "no_such_day"): _("There is no such day: %(value)s."),
    ("field_not_a_day", "order"): _(
        "“%(value)s”: nothing in this column shows whether day or month stands first. Write it like 2023-11-24."
    ),
    ("field_not_a_number", "not_whole"): _("“%(value)s” is not a whole number."),
    ("id_number_invalid", "digits_lost"): _(
        "The spreadsheet has cut off the last digits of this number. Make the column text and type it again."
    ),
    ("person_unknown", "ambiguous"): _("“%(value)s” is the name of more than one person. Write their post in full."),
    ("record_unknown", "no_such"): _("There is no “%(value)s” here that a row may name. Record it first."),
    ("record_unknown", "number"): _(
        "“%(value)s” is not the number of a record. Names are not looked up here: write the number, like %(example)s."
    ),
    ("record_unknown", "ambiguous"): _(
        "“%(value)s” is the name of more than one record. Write the number: %(candidates)s."
    ),
    ("statistic_known", "first_row"): _(
        "Row %(first_row)s tells this value at the same stage or a later one. Put the stages in their order."
    ),
    ("duplicate_external_number", "first_row"): _("%(value)s stands in row %(first_row)s as well."),
}
# What a file turned out to be. Endings (xlsx, pdf) need no translation.
CONTENTS: Mapping[str, Any] = {
    "picture": _("a picture"),
    "archive": _("an archive"),
    "document": _("a text document"),
    "program": _("a program"),
    "database": _("a database"),
    "text": _("plain text"),
    "unknown": _("unknown"),
}


def file_sentence(code: str, reason: str) -> Any:
    """The sentence with its placeholders; that of `words.REFUSALS` where a list has none of its own."""
    return FILE_TROUBLE.get((code, reason)) or FILE_TROUBLE.get((code, "")) or words.REFUSALS[code]


def cell_sentence(code: str, reason: str) -> Any:
    """The sentence with its placeholders; that of `words.REFUSALS` where a cell has none of its own."""
    return CELL_TROUBLE.get((code, reason)) or words.REFUSALS[code]


def file_trouble(why: Refusal, register: HasFields) -> str:
    """Why the file as a whole cannot be read, and how to mend it."""
    params = dict(why.params)
    if needed := params.get("needed"):
        params["needed"] = words.label_of(needed, register.fields)
    if isinstance(found := params.get("found"), str):
        params["found"] = CONTENTS.get(found, found)
    return formats.filled(file_sentence(why.code, str(params.get("reason", ""))), params)


def cell_trouble(code: str, params: Mapping[str, Any]) -> str:
    """What is wrong with a cell."""
    reason = "first_row" if "first_row" in params else str(params.get("reason", ""))
    return formats.filled(cell_sentence(code, reason), params)
