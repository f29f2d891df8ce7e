"""The list of a register as a file: the same rows as the page, whole, with what was asked for in its head.

Names of people stay masked and a restricted ticket is a number without words, as on the page. The file is written
and its export recorded before the first byte leaves.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask.typing import ResponseReturnValue
from flask_babel import gettext

from tracker import formats, languages, words
from tracker.blueprints import files, list_view
from tracker.blueprints.list_view import Asked
from tracker.blueprints.names import names
from tracker.blueprints.rights import connection, directory, house, now, viewer
from tracker.domain.registers import Field, Register
from tracker.exchange.exports import ExportHead, OutCell, Spelling, cell_of, exported_fields
from tracker.log import store
from tracker.queries.lists import TicketLine, tickets_page

MOST_EXPORTED = 100_000
"""Rows of one file. A longer list says in its head that it was cut; a filter makes it shorter."""
SLICE = 500


def file_response(register: Register, what: Asked, kind: str) -> ResponseReturnValue:
    """The file; that this person took it, with which filters and how many rows, stands in the log first."""
    lines = list(_lines(what))
    head, rows = _head(register, what, len(lines)), (_cells(line, register) for line in lines)
    file = files.written(kind, head, _columns(register), rows)
    _note_access(register, what, kind, lines)
    return files.sent(file, f"{register.name}-{what.filters.view}-{formats.iso(now())}", kind)


def _lines(what: Asked) -> Iterator[TicketLine]:
    asking, registers, after, count = viewer(), house().pack.register_by_name, None, 0
    while count < MOST_EXPORTED:
        page = tickets_page(connection(), asking, registers, what.filters, sort=what.sort, after=after, limit=SLICE)
        yield from page.lines
        count, after = count + len(page.lines), page.next
        if after is None:
            return


def _note_access(register: Register, what: Asked, kind: str, lines: list[TicketLine]) -> None:
    files.record_taken(
        {
            "register": register.name,
            "filters": {name: str(value) for name, value in what.args(rows=None).items()},
            "count": len(lines),
            "format": kind,
            "restricted": [line.id for line in lines if line.is_restricted],
        }
    )


def _head(register: Register, what: Asked, count: int) -> ExportHead:
    position = store.read_head(connection()).size
    cut = gettext("cut at this number") if count >= MOST_EXPORTED else ""
    lines = (
        (gettext("List"), list_view.view_label(what.filters.view)),
        *list_view.chosen_filters(register, what),
        files.recorded_up_to(now(), position),
        (gettext("Tickets"), f"{count} {cut}".strip()),
    )
    return files.head_of(words.of(register.label), lines)


def _listed(register: Register) -> tuple[Field, ...]:
    """The fields of the list that may leave; village and day of finding have columns of their own."""
    return tuple(f for f in exported_fields(register) if f.is_listed and f.name not in {"place", "found_on"})


def _columns(register: Register) -> tuple[str, ...]:
    return (
        gettext("Number"),
        gettext("Status"),
        gettext("Village"),
        gettext("Found on"),
        *(words.of(f.label) for f in _listed(register)),
        gettext("Owner unit"),
        gettext("Owner"),
        gettext("Due"),
        words.event("submitted"),
        gettext("Closed on"),
    )


def _spelling() -> Spelling:
    return Spelling(languages.current(), words.yes_no(value=True), words.yes_no(value=False), between=gettext(", "))


def _cells(line: TicketLine, register: Register) -> tuple[OutCell, ...]:
    known, spelling = names(), _spelling()
    shown = {} if line.is_restricted else {**line.listed, **line.masked, register.summary_field: line.summary}
    return (
        line.number,
        words.status(line.status),
        known.unit(line.place_id),
        line.found_on.isoformat(),
        *(_cell(f, shown.get(f.name), spelling) for f in _listed(register)),
        known.unit(line.owner_unit_id),
        known.person(line.owner_id),
        *(None if day is None else day.isoformat() for day in (line.due.on, line.submitted_on, line.closed_on)),
    )


def _cell(field: Field, value: Any, spelling: Spelling) -> OutCell:
    """A masked value is text, whatever its field holds."""
    if field.is_private:
        return None if value is None else str(value)
    return cell_of(field, value, directory(), spelling)
