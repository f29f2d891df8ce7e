"""A workbook to fill in: the headings of a register, what each cell may hold, and a sheet that explains them.

The caller brings the words, in the reader's language, in which the importer reads them back. Nothing here is a rule:
a cell that does not fit is warned of, since the importer knows more words than the lists.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time
from typing import Any, BinaryIO

import xlsxwriter
from xlsxwriter.utility import quote_sheetname, xl_range_abs

from tracker.domain.registers import FieldType

ROWS = 1_000
"""So many rows have their lists and their formats; more may be written below."""
NEEDED = "*"
"""Before a heading that must be filled in, as offices write it; the importer passes over it."""
_FIRST_CHOICE = 3  # the column of the explaining sheet in which the choices of a heading begin
_MESSAGE, _TITLE, _SHEET_NAME = 255, 32, 31  # characters that a spreadsheet keeps
_FORMATS: Mapping[FieldType, str] = {
    FieldType.DATE: "yyyy-mm-dd",
    FieldType.TIME: "hh:mm",
    # Numbers of identity cards, accounts and telephones lose digits in a column of numbers.
    FieldType.TEXT: "@",
}


@dataclass(frozen=True, slots=True)
class Blank:
    """A column: its heading, how it is filled in, and what may stand there (empty: anything of the type)."""

    heading: str
    type: FieldType
    how: str
    is_needed: bool = False
    choices: tuple[str, ...] = ()
    minimum: int | None = None
    maximum: int | None = None


@dataclass(frozen=True, slots=True)
class BlankWords:
    """What the workbook says besides: its title, how to use it, the explaining sheet and its headings."""

    title: str
    note: str
    guide: str
    guide_headings: tuple[str, str, str, str]
    needed: str
    unusual: str


def write_blank(out: BinaryIO, columns: Sequence[Blank], said: BlankWords) -> None:
    """Two sheets: one to fill in, with its headings in the third row; one that explains the headings."""
    book = xlsxwriter.Workbook(out, {"strings_to_formulas": False, "strings_to_urls": False})
    sheet = book.add_worksheet(_sheet_name(said.title))
    guide = book.add_worksheet(_sheet_name(said.guide))
    head = {"bold": True, "text_wrap": True, "valign": "vcenter", "border": 1, "bg_color": "#EFEFE7"}
    plain, needed = book.add_format(head), book.add_format({**head, "bg_color": "#FBE3D6"})
    sheet.write_string(0, 0, said.title, book.add_format({"bold": True, "font_size": 14}))
    sheet.write_string(1, 0, said.note)
    for number, column in enumerate(columns):
        cells = book.add_format({"num_format": _FORMATS[column.type]}) if column.type in _FORMATS else None
        sheet.set_column(number, number, 26 if column.type is FieldType.TEXT else 16, cells)
        mark = NEEDED if column.is_needed else ""
        sheet.write_string(2, number, f"{mark}{column.heading}", needed if column.is_needed else plain)
        sheet.data_validation(3, number, 2 + ROWS, number, _validation(column, number, said))
    sheet.freeze_panes(3, 0)
    _explain(guide, columns, said, plain, book.add_format({"text_wrap": True, "valign": "top"}))
    book.close()


def _explain(guide: Any, columns: Sequence[Blank], said: BlankWords, head: Any, wrapped: Any) -> None:
    """A row for each heading; its choices run to the right, where the lists of the other sheet find them."""
    guide.set_column(0, 0, 24)
    guide.set_column(2, 2, 60)
    guide.set_column(_FIRST_CHOICE, _FIRST_CHOICE + 80, 16)
    for number, text in enumerate(said.guide_headings):
        guide.write_string(0, number, text, head)
    for row, column in enumerate(columns, start=1):
        needed = said.needed if column.is_needed else ""
        for number, text in enumerate((column.heading, needed, column.how, *column.choices)):
            guide.write_string(row, number, text, wrapped)
    guide.freeze_panes(1, 1)


def _validation(column: Blank, number: int, said: BlankWords) -> dict[str, Any]:
    shown = {
        "input_title": column.heading[:_TITLE],
        "input_message": column.how[:_MESSAGE],
        "error_type": "warning",
        "error_message": said.unusual[:_MESSAGE],
    }
    if column.choices and column.type is not FieldType.SELECT_MULTIPLE:
        cells = xl_range_abs(number + 1, _FIRST_CHOICE, number + 1, _FIRST_CHOICE + len(column.choices) - 1)
        return {**shown, "validate": "list", "source": f"={quote_sheetname(_sheet_name(said.guide))}!{cells}"}
    match column.type:
        case FieldType.DATE:
            return {**shown, **_between("date", date(1990, 1, 1), date(2100, 12, 31))}
        case FieldType.TIME:
            return {**shown, **_between("time", time(0, 0), time(23, 59))}
        case FieldType.INTEGER | FieldType.DECIMAL:
            low = -(10**12) if column.minimum is None else column.minimum
            high = 10**12 if column.maximum is None else column.maximum
            return {**shown, **_between("integer" if column.type is FieldType.INTEGER else "decimal", low, high)}
        case _:
            return {**shown, "validate": "any"}


def _between(what: str, low: Any, high: Any) -> dict[str, Any]:
    return {"validate": what, "criteria": "between", "minimum": low, "maximum": high}


def _sheet_name(text: str) -> str:
    """The text as a spreadsheet allows it for the name of a sheet."""
    return "".join(" " if mark in "[]:*?/\\'" else mark for mark in text)[:_SHEET_NAME]
