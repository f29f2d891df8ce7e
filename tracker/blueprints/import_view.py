"""What an upload says, told for the preview, and what came of its rows.

Nothing private is told: the preview shows village, day and problem, and the words of mistakes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection

from tracker.domain.records import RecordRegister
from tracker.domain.registers import FieldType, Register
from tracker.exchange.files import FileRefusal
from tracker.exchange.importing import Importer, Judged, mistakes_of
from tracker.exchange.reading import ImportReading
from tracker.exchange.rows import CellError
from tracker.queries.tickets import masked
from tracker.queries.uploads import State, Upload, UploadLine
from tracker.uploads import ReadFile

MOST_ROWS = 20_000
"""A longer list is for `xiaohao import`, which shows its progress and needs no browser to wait."""
AT_ONCE = 5_000
"""Rows that one confirmation registers: some four seconds, so that no browser gives up and no colleague waits."""
MOST_SKIPPED = 200
_SUMMARY = 120


def preview_of(
    importer: Importer, conn: Connection, content: bytes, name: str, sheet: str | None, defaults: Mapping[str, Any]
) -> ReadFile:
    """What a file says and what would come of its rows. FileRefusal: none of it can be used, and why."""
    reading = _read(importer, content, name, sheet, defaults)
    return ReadFile(
        importer.register.name,
        name,
        reading.sheet,
        reading.digest,
        content,
        _told_of_file(reading, defaults),
        _told_rows(importer.judge(conn, reading), reading, importer.register),
    )


def carried_out(
    importer: Importer, upload: Upload, content: bytes, chosen: Collection[int], now: datetime, *, adds: bool
) -> tuple[UploadLine, ...]:
    """Register the chosen rows of an upload, or add what they say to what is known; tell what came of each.

    Those that the rules refuse stay out.
    """
    reading = _read(importer, content, upload.file_name, upload.sheet, defaults_of(upload, importer.register))
    rows = [row for row in reading.rows if row.source_row in chosen]
    if adds:
        return _told_rows(importer.add(reading, rows, now), reading, importer.register)
    return _told_rows(importer.carry_out(reading, rows, now, goes_on=True), reading, importer.register)


def _read(
    importer: Importer, content: bytes, name: str, sheet: str | None, defaults: Mapping[str, Any]
) -> ImportReading:
    reading = importer.read(content, name, sheet, defaults)
    if len(reading.rows) > MOST_ROWS:
        raise FileRefusal("file_too_large", reason="page_rows", limit=MOST_ROWS)
    return reading


def defaults_of(upload: Upload, register: Register | RecordRegister) -> dict[str, Any]:
    """What was given at the upload for rows that do not say it."""
    told: Mapping[str, Any] = upload.told.get("defaults", {})
    dated = {known.name for known in register.fields if known.type is FieldType.DATE}
    return {name: date.fromisoformat(value) if name in dated else value for name, value in told.items()}


# -- what is kept of a reading ------------------------------------------------------------------------
def _told_of_file(reading: ImportReading, defaults: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "columns": [[column.letter, column.heading, column.target] for column in reading.columns],
        "unknown": [[column.letter, column.heading] for column in reading.unknown_columns],
        "duplicates": [[column.letter, column.heading] for column in reading.duplicate_columns],
        "day_orders": dict(reading.day_orders),
        "missing": list(reading.missing_required),
        "header_row": reading.header_row,
        "row_count": len(reading.rows),
        "noted_count": sum(1 for row in reading.rows if row.notes),
        "skipped": [[s.row, s.reason, s.text] for s in reading.skipped[:MOST_SKIPPED]],
        "skipped_count": len(reading.skipped),
        "warnings": list(reading.warnings),
        "sheets": [[s.name, s.height, s.field_count] for s in reading.sheets if not s.is_hidden],
        "defaults": {name: str(value) if isinstance(value, date) else value for name, value in defaults.items()},
    }


def _told_rows(
    rows: Iterable[Judged], reading: ImportReading, register: Register | RecordRegister
) -> tuple[UploadLine, ...]:
    return tuple(
        UploadLine(one.row.source_row, one.state, _told(one, reading, register), one.ticket_id) for one in rows
    )


def _told(one: Judged, reading: ImportReading, register: Register | RecordRegister) -> dict[str, Any]:
    row, values = one.row, one.row.values
    told: dict[str, Any] = {
        "summary": _summary(values, register),
        "place": values.get(register.unit_field),
        "found_on": values.get(register.day_field),
        "errors": [_told_error(error) for error in mistakes_of(one, reading)],
    }
    if row.notes:
        told["notes"] = [_told_error(note) for note in row.notes]
    if one.state is State.REPEATED:
        told["repeats"] = row.duplicate_of
    if one.adds:
        told["adds"] = list(one.adds)
    if one.state is State.REGISTERED:
        told["again"] = one.is_again
    return told


def _summary(values: Mapping[str, Any], register: Register | RecordRegister) -> str:
    """What tells the row: a choice by its name, as the page knows its label; a private value as lists show it."""
    known, value = register.by_name[register.summary_field], values.get(register.summary_field)
    if value is None or values.get("restricted") is True:
        return ""
    return masked(known, value) if known.is_private else str(value)[:_SUMMARY]


def _told_error(error: CellError) -> dict[str, Any]:
    return {"cell": error.cell, "field": error.field, "code": error.code, "params": dict(error.params)}
