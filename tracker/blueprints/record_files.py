"""The list of a register of records as a file: the same rows as the page, whole, with every field that may leave.

The columns carry the register's own headings, so that the file fits the ledgers in use. Personal values are masked as
on the page and sensitive ones left out. The file is written and its export recorded before the first byte leaves.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from flask.typing import ResponseReturnValue
from flask_babel import gettext

from tracker import formats, languages, words
from tracker.blueprints import files, linking, record_list_view
from tracker.blueprints.record_list_view import Asked
from tracker.blueprints.rights import connection, directory, now, viewer
from tracker.domain.records import RecordRegister
from tracker.domain.registers import Field, FieldType
from tracker.exchange.exports import ExportHead, OutCell, Spelling, cell_of, exported_fields
from tracker.log import store
from tracker.queries import records
from tracker.queries.record_lists import RecordLine, records_slice

MOST_EXPORTED = 100_000
"""Rows of one file. A longer list says in its head that it was cut; a filter makes it shorter."""
SLICE = 500

Line = tuple[RecordLine, Mapping[str, Any]]


def file_response(register: RecordRegister, what: Asked, kind: str) -> ResponseReturnValue:
    """The file; that this person took it, with which filters and how many rows, stands in the log first."""
    lines = list(_lines(register, what))
    columns = _columns(register)
    headings = (gettext("Number"), *(words.of(f.label) for f in columns), *_state_heading(register))
    rows = _rows(lines, columns, register)
    file = files.written(kind, _head(register, what, len(lines)), headings, rows)
    files.record_taken(
        {
            "register": register.name,
            "filters": {name: str(value) for name, value in what.args().items()},
            "count": len(lines),
            "format": kind,
            "restricted": [],
        }
    )
    return files.sent(file, f"{register.name}-{what.filters.view}-{formats.iso(now())}", kind)


def _lines(register: RecordRegister, what: Asked) -> Iterator[Line]:
    """Each line with the values of its fields, that lists do not hold."""
    asking, after, count = viewer(), None, 0
    while count < MOST_EXPORTED:
        page = records_slice(connection(), asking, register, what.filters, after=after, limit=SLICE)
        whole = records.records_now(connection(), [line.id for line in page.lines])
        yield from ((line, whole[line.id].fields) for line in page.lines)
        count, after = count + len(page.lines), page.next
        if after is None:
            return


def _head(register: RecordRegister, what: Asked, count: int) -> ExportHead:
    position = store.read_head(connection()).size
    cut = gettext("cut at this number") if count >= MOST_EXPORTED else ""
    lines = (
        (gettext("List"), record_list_view.view_label(register, what.filters.view)),
        *record_list_view.chosen_filters(register, what),
        files.recorded_up_to(now(), position),
        (gettext("Records"), f"{count} {cut}".strip()),
    )
    return files.head_of(words.of(register.label), lines)


def _columns(register: RecordRegister) -> tuple[Field, ...]:
    """Private fields only where the list shows them, masked."""
    shown = {f.name for f in record_list_view.columns_listed(register)} | {register.summary_field}
    return tuple(f for f in exported_fields(register) if not f.is_private or f.name in shown)


def _state_heading(register: RecordRegister) -> tuple[str, ...]:
    return (gettext("State"),) if register.states else ()


def _rows(lines: list[Line], columns: tuple[Field, ...], register: RecordRegister) -> Iterator[tuple[OutCell, ...]]:
    spelling = Spelling(languages.current(), words.yes_no(value=True), words.yes_no(value=False), between=gettext(", "))
    for start in range(0, len(lines), SLICE):
        part = lines[start : start + SLICE]
        numbers = linking.numbers_of(viewer(), {i for _, fields in part for i in linking.ids_named(register, fields)})
        for line, fields in part:
            cells = (_cell(f, line, fields, numbers, spelling) for f in columns)
            state = register.state_by_name.get(line.state or "")
            yield (line.number, *cells, *((words.of(state.label),) if state else ()))


def _cell(
    field: Field, line: RecordLine, fields: Mapping[str, Any], numbers: Mapping[int, str], spelling: Spelling
) -> OutCell:
    if field.is_private:
        return line.masked.get(field.name)
    value = fields.get(field.name)
    if field.type is FieldType.RECORD:
        return numbers.get(value) if isinstance(value, int) else None
    return cell_of(field, value, directory(), spelling)
