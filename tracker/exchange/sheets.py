"""Bytes of a spreadsheet to sheets of cells. Values only: no formula is run, no link is followed.

Rows are kept packed, a thousand to a frame, and unpacked while somebody reads them; so a list of
100,000 rows costs some ten megabytes, and can be read twice.
"""

from __future__ import annotations

import csv
import struct
import subprocess
import sys
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import orjson

from tracker.config import child_environment
from tracker.exchange import delimited
from tracker.exchange.files import FileKind, FileRefusal, Recognised, recognise

MAX_ROWS = 200_000
MAX_HEIGHT = 2**20  # with empty rows: what a sheet of a workbook can have
MAX_COLUMNS = 200
MAX_SHEETS = 100
_PARSER_SECONDS = 120
FRAME_ROWS = 1_000
_PARSER = str(Path(__file__).with_name("parser.py"))

Cell = str | int | float | bool | date | datetime | None


@dataclass(frozen=True, slots=True)
class Merge:
    """A merged block; rows and columns are counted from 0, the last row is inside."""

    first_row: int
    first_column: int
    last_row: int


@dataclass(frozen=True)
class Sheet:
    """One sheet. `height` counts rows from the top of the sheet to the last one with content."""

    name: str
    height: int
    width: int
    merges: tuple[Merge, ...]
    frames: tuple[bytes, ...]
    is_hidden: bool = False
    dates_from_1904: bool = False

    def rows(self) -> Iterator[tuple[int, list[Cell]]]:
        """(row number as the spreadsheet shows it, cells from column A); blank cells are None.

        Rows are as long as their last filled cell: blank ones are []. May be called again.
        """
        number = 0
        for frame in self.frames:
            for cells in orjson.loads(zlib.decompress(frame)):
                number += 1
                yield number, [_moment(cell) if type(cell) is list else cell for cell in cells]


@dataclass(frozen=True)
class Workbook:
    """The sheets that have content, in their order, and warnings of `files.recognise`."""

    kind: FileKind
    sheets: tuple[Sheet, ...]
    warnings: tuple[str, ...] = ()


def address(row: int, column: int) -> str:
    """`B17` for row 17 (from 1) and column 1 (from 0)."""
    return f"{letters(column)}{row}"


def letters(column: int) -> str:
    """`A` for 0, `AA` for 26."""
    name = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(65 + rest) + name
    return name


def read_workbook(data: bytes, filename: str) -> Workbook:
    """All sheets of a file. Raises FileRefusal (see `files.recognise`), and here:

    file_too_large (rows, columns, sheets, memory, time), file_type_refused (encrypted),
    file_damaged, file_empty (no sheet has a filled cell).
    """
    recognised = recognise(data, filename)
    read = _read_delimited if recognised.kind is FileKind.CSV else _read_workbook
    sheets = read(data, recognised)
    filled = tuple(sheet for sheet in sheets if sheet.height)
    if not filled:
        raise FileRefusal("file_empty", reason="no_rows")
    return Workbook(recognised.kind, filled, recognised.warnings)


def _moment(parts: list[int]) -> date:
    if len(parts) == 3:
        return date(*parts)
    # A spreadsheet's clock has no zone; only its day is used.
    return datetime(*parts)  # type: ignore[arg-type]  # noqa: DTZ001 - no zone in the file


# ---- workbooks, by the child process


def _read_workbook(data: bytes, recognised: Recognised) -> list[Sheet]:
    try:
        child = subprocess.run(  # noqa: S603 - our own script, by its full path
            [sys.executable, "-I", _PARSER, *map(str, (MAX_ROWS, MAX_COLUMNS, FRAME_ROWS))],
            input=data,
            capture_output=True,
            timeout=_PARSER_SECONDS,
            check=False,
            env=child_environment(),
        )
    except subprocess.TimeoutExpired:
        raise FileRefusal("file_too_large", reason="time", limit=_PARSER_SECONDS) from None
    if child.returncode != 0:
        is_memory = b"memory allocation" in child.stderr or b"MemoryError" in child.stderr
        raise (
            FileRefusal("file_too_large", reason="memory")
            if is_memory
            else FileRefusal("file_damaged", reason="unreadable")
        )
    return _sheets_of(child.stdout, recognised.dates_from_1904)


def _sheets_of(output: bytes, dates_from_1904: bool) -> list[Sheet]:
    sheets: list[Sheet] = []
    for frame in _frames_of(output):
        content = orjson.loads(zlib.decompress(frame))
        if isinstance(content, list):
            sheets[-1] = _with_frame(sheets[-1], frame, content)
        elif "error" in content:
            raise _refusal_of(content)
        else:
            merges = tuple(Merge(row, column, last_row) for (row, column), (last_row, _) in content["merges"])
            sheets.append(Sheet(content["sheet"], 0, 0, merges, (), content["hidden"], dates_from_1904))
    if len(sheets) > MAX_SHEETS:
        raise FileRefusal("file_too_large", reason="sheets", limit=MAX_SHEETS, found=len(sheets))
    return sheets


def _frames_of(output: bytes) -> Iterator[bytes]:
    start = 0
    while start < len(output):
        (length,) = struct.unpack_from(">I", output, start)
        yield output[start + 4 : start + 4 + length]
        start += 4 + length


def _with_frame(sheet: Sheet, frame: bytes, rows: list[list[Any]]) -> Sheet:
    filled = [index for index, row in enumerate(rows) if row]
    before = len(sheet.frames) * FRAME_ROWS
    return replace(
        sheet,
        frames=(*sheet.frames, frame),
        width=max(sheet.width, *(len(row) for row in rows)) if rows else sheet.width,
        height=before + filled[-1] + 1 if filled else sheet.height,
    )


def _refusal_of(content: dict[str, Any]) -> FileRefusal:
    error = content.pop("error")
    if error == "too_large":
        return FileRefusal("file_too_large", **content)
    if error == "encrypted":
        return FileRefusal("file_type_refused", reason="encrypted")
    return FileRefusal("file_damaged", reason="unreadable")


# ---- CSV


def _read_delimited(data: bytes, recognised: Recognised) -> list[Sheet]:
    if recognised.encoding is None:
        raise ValueError("text without an encoding")
    sheet = Sheet("", 0, 0, (), ())
    frame: list[list[str | None]] = []
    filled = height = 0
    try:
        for cells in delimited.rows(data, recognised.encoding):
            row = [cell if cell and not cell.isspace() else None for cell in cells]
            while row and row[-1] is None:
                row.pop()
            filled += bool(row)
            _check_size(filled, len(row))
            height += 1
            if height > MAX_HEIGHT:  # most of them empty: twenty megabytes of line ends are no list
                raise FileRefusal("file_too_large", reason="rows", limit=MAX_ROWS, found=height)
            frame.append(row)
            if len(frame) == FRAME_ROWS:
                sheet = _with_frame(sheet, zlib.compress(orjson.dumps(frame), 1), frame)
                frame = []
    except csv.Error:
        # A quote that never closes swallows the rest of the file into one cell.
        raise FileRefusal("file_damaged", reason="quotes") from None
    if frame:
        sheet = _with_frame(sheet, zlib.compress(orjson.dumps(frame), 1), frame)
    return [sheet]


def _check_size(rows: int, columns: int) -> None:
    if rows > MAX_ROWS:
        raise FileRefusal("file_too_large", reason="rows", limit=MAX_ROWS, found=rows)
    if columns > MAX_COLUMNS:
        raise FileRefusal("file_too_large", reason="columns", limit=MAX_COLUMNS, found=columns)
