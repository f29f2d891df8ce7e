"""Rows out: CSV for spreadsheets (UTF-8 with mark) and .xlsx, both in constant memory.

A cell that a spreadsheet would run as a formula is text, and every file says in its head who made it
when, and at which pair of dates; the caller gives these lines in the reader's language.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, BinaryIO

import xlsxwriter

from tracker.domain.people import Directory
from tracker.domain.registers import Field, FieldType, HasFields, Privacy, text_in
from tracker.exchange.delimited import RUNS

_CELL_LIMIT = 32_767  # characters in a cell of .xlsx
_BUFFER = 64 * 2**10

OutCell = str | int | None


@dataclass(frozen=True, slots=True)
class ExportHead:
    """Title, and pairs of label and text: who, when, effective, known. Empty texts are a fault."""

    title: str
    lines: tuple[tuple[str, str], ...]

    def __post_init__(self) -> None:
        if not self.title or not self.lines or not all(label and text for label, text in self.lines):
            raise ValueError("an export says who made it, when, and at which pair of dates")


def exported_fields(register: HasFields) -> tuple[Field, ...]:
    """The fields that may stand in a file, in the register's order: sensitive ones never, masked or not."""
    return tuple(f for f in register.fields if f.privacy is not Privacy.SENSITIVE)


@dataclass(frozen=True, slots=True)
class Spelling:
    """How the reader's language writes values: its code, yes and no, what stands between the parts of a list."""

    language: str
    yes: str
    no: str
    between: str


def cell_of(known: Field, value: Any, directory: Directory, spelling: Spelling) -> OutCell:
    """A value as people read it: choices by label, units and people by name, days as 2023-03-01."""
    if value is None or value == "" or value == ():
        return None
    match known.type:
        case FieldType.SELECT_ONE:
            return _labels(known, spelling.language).get(value, value)
        case FieldType.SELECT_MULTIPLE:
            labels = _labels(known, spelling.language)
            return spelling.between.join(labels.get(name, name) for name in value)
        case FieldType.YES_NO:
            return spelling.yes if value else spelling.no
        case FieldType.UNIT:
            return directory.units[value].label(spelling.language) if value in directory.units else str(value)
        case FieldType.PERSON:
            return directory.people[value].name if value in directory.people else str(value)
        case FieldType.INTEGER:
            return int(value)
        case FieldType.DATE:
            return value.isoformat() if isinstance(value, date) else str(value)
        case _:
            return str(value)


def _labels(known: Field, language: str) -> Mapping[str, str]:
    return {choice.name: text_in(choice.label, language) for choice in known.choices}


def guarded(cell: OutCell) -> OutCell:
    """Text that a spreadsheet would run gets an apostrophe before it. Numbers stay numbers."""
    return f"'{cell}" if isinstance(cell, str) and RUNS.match(cell) else cell


def csv_pieces(head: ExportHead, columns: Sequence[str], rows: Iterable[Sequence[OutCell]]) -> Iterator[bytes]:
    """The file in pieces of some 64 KB, for a streamed response."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\r\n")
    buffer.write("\ufeff")
    lines: Iterable[Sequence[OutCell]] = ([head.title], *head.lines, [], columns)
    for row in _chain(lines, rows):
        writer.writerow(["" if cell is None else guarded(cell) for cell in row])
        if buffer.tell() > _BUFFER:
            yield buffer.getvalue().encode("utf-8", "replace")
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue().encode("utf-8", "replace")


def _chain(*parts: Iterable[Sequence[OutCell]]) -> Iterator[Sequence[OutCell]]:
    for part in parts:
        yield from part


def write_xlsx(out: BinaryIO, head: ExportHead, columns: Sequence[str], rows: Iterable[Sequence[OutCell]]) -> int:
    """Writes one sheet and returns the count of records. Text is written as text, never as formula or link."""
    book = xlsxwriter.Workbook(out, {"constant_memory": True, "strings_to_formulas": False})
    sheet = book.add_worksheet()
    bold = book.add_format({"bold": True, "text_wrap": True, "valign": "vcenter"})
    sheet.set_column(0, max(0, len(columns) - 1), 16)
    sheet.write_string(0, 0, head.title, bold)
    for number, line in enumerate(head.lines, start=1):
        for column, text in enumerate(line):
            sheet.write_string(number, column, text)
    top = len(head.lines) + 2
    for column, heading in enumerate(columns):
        sheet.write_string(top, column, heading, bold)
    count = 0
    for count, row in enumerate(rows, start=1):
        for column, cell in enumerate(row):
            if isinstance(cell, int):
                sheet.write_number(top + count, column, cell)
            elif cell:
                sheet.write_string(top + count, column, _fitting(cell))
    sheet.freeze_panes(top + 1, 0)
    if count and columns:
        sheet.autofilter(top, 0, top + count, len(columns) - 1)
    book.close()
    return count


def _fitting(text: str) -> str:
    return text if len(text) <= _CELL_LIMIT else text[: _CELL_LIMIT - 1] + "…"
