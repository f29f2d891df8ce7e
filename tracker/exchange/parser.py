"""The child process of `sheets`: workbook bytes on stdin, packed frames of rows on stdout.

A process of its own because a damaged workbook can make the native parser allocate terabytes and
abort (measured: one changed DIMENSIONS record in an .xls ends the interpreter). Here it ends a
child. Runs as a plain script, so that it starts in a tenth of a second and imports nothing of ours.

A frame is four bytes of length and zlib-packed JSON: an object opens a sheet or reports an error, a
list holds as many rows as `sheets` asks for. Blank rows are `[]`; a day is `[y, m, d]`, an instant has three more.
"""

from __future__ import annotations

import datetime
import io
import struct
import sys
import zlib
from typing import Any

import orjson
import python_calamine as calamine

MEMORY_LIMIT = 2 * 2**30
MAX_MERGES = 50_000


def _limit_memory() -> None:
    try:
        import resource
    except ImportError:  # Windows has no such limit; there the child's time limit must do
        return
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    soft = MEMORY_LIMIT if hard == resource.RLIM_INFINITY else min(MEMORY_LIMIT, hard)
    try:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
    except ValueError:  # macOS refuses to limit address space
        return


def _send(content: Any) -> None:
    packed = zlib.compress(orjson.dumps(content), 1)
    sys.stdout.buffer.write(struct.pack(">I", len(packed)))
    sys.stdout.buffer.write(packed)


def _plain(cell: Any) -> Any:
    kind = type(cell)
    if kind is str:
        return cell if cell and not cell.isspace() else None
    if kind is float or kind is int or kind is bool:
        return cell
    if kind is datetime.datetime:
        return [cell.year, cell.month, cell.day, cell.hour, cell.minute, cell.second]
    if kind is datetime.date:
        return [cell.year, cell.month, cell.day]
    return str(cell)


def _plain_row(cells: list[Any], offset: int) -> list[Any]:
    row = [_plain(cell) for cell in cells]
    while row and row[-1] is None:
        row.pop()
    return [None] * offset + row if row else row


def _send_sheet(sheet: Any, *, is_hidden: bool, max_rows: int, max_columns: int, frame_rows: int) -> None:
    width = sheet.total_width if sheet.start is None else sheet.end[1] + 1
    if width > max_columns:
        _send({"error": "too_large", "reason": "columns", "limit": max_columns, "found": width})
        return
    merges = (sheet.merged_cell_ranges or [])[:MAX_MERGES]
    _send({"sheet": sheet.name, "hidden": is_hidden, "merges": merges})
    offset = sheet.start[1] if sheet.start else 0
    filled = 0
    frame: list[list[Any]] = []
    for cells in sheet.iter_rows():
        row = _plain_row(cells, offset)
        filled += bool(row)
        if filled > max_rows:
            _send({"error": "too_large", "reason": "rows", "limit": max_rows, "found": sheet.height})
            return
        frame.append(row)
        if len(frame) == frame_rows:
            _send(frame)
            frame = []
    if frame:
        _send(frame)


def main(max_rows: int, max_columns: int, frame_rows: int) -> None:
    data = sys.stdin.buffer.read()
    _limit_memory()
    try:
        workbook = calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
        for about in workbook.sheets_metadata:
            if about.typ == calamine.SheetTypeEnum.WorkSheet:
                is_hidden = about.visible != calamine.SheetVisibleEnum.Visible
                sheet = workbook.get_sheet_by_name(about.name)
                limits = {"max_rows": max_rows, "max_columns": max_columns, "frame_rows": frame_rows}
                _send_sheet(sheet, is_hidden=is_hidden, **limits)
    except calamine.PasswordError:
        _send({"error": "encrypted"})
    except MemoryError:
        _send({"error": "too_large", "reason": "memory"})
    except (calamine.CalamineError, OSError, ValueError) as error:
        _send({"error": "damaged", "detail": str(error)[:200]})
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:4]))
