"""The tickets behind a figure as a file: the same list as the page, whole, with the pair in its head.

Names of people are not in it. Rows are read in slices on a connection of their own, since a streamed answer
outlives the request's; the list is that of one log position, so that entries made meanwhile do not change it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from flask import Response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from tracker import languages, words
from tracker.blueprints import figure_view, files
from tracker.blueprints.figure_view import part_label
from tracker.blueprints.names import names
from tracker.blueprints.rights import connection, directory, house, viewer
from tracker.domain.days import from_number
from tracker.domain.figures import FigureValue
from tracker.domain.lifecycle import STATUS_BY_NUMBER
from tracker.exchange.exports import ExportHead, OutCell, csv_pieces
from tracker.house import House
from tracker.queries import behind, behind_marks
from tracker.queries.behind import Behind, Reader
from tracker.queries.scope import Viewer

MOST_ROWS_OF_A_SHEET = 1_000_000
"""A sheet of .xlsx ends at 1,048,576 rows; a longer list is a CSV."""


def csv_response(asked: Behind, count: int) -> ResponseReturnValue:
    pieces = csv_pieces(_head(asked, count), *_content(asked))
    _note_access(asked, count, "csv")
    headers = {"Content-Disposition": f'attachment; filename="{_name(asked)}.csv"'}
    return Response(pieces, content_type=files.MEDIA_TYPES["csv"], headers=headers)


def xlsx_response(asked: Behind, count: int) -> ResponseReturnValue:
    if count > MOST_ROWS_OF_A_SHEET:
        asked_for = request.query_string.decode("ascii", "ignore")
        return redirect(f"{url_for('figures.csv', figure=asked.spec.id)}?{asked_for}")
    file = files.written("xlsx", _head(asked, count), *_content(asked))
    _note_access(asked, count, "xlsx")
    return files.sent(file, _name(asked), "xlsx")


def _name(asked: Behind) -> str:
    return f"{asked.spec.id}-{asked.part}-{asked.pair.effective.isoformat()}"


def _note_access(asked: Behind, count: int, kind: str) -> None:
    files.record_taken(
        {
            "figure": asked.spec.id,
            "part": asked.part,
            "effective": asked.pair.effective.isoformat(),
            "position": asked.pair.position,
            "units": list(asked.units or ()),
            "month": f"{asked.month[0]:%Y-%m}" if asked.month else None,
            "count": count,
            "format": kind,
        }
    )


def _head(asked: Behind, count: int) -> ExportHead:
    lines = (
        (gettext("List"), part_label(asked.spec, asked.part)),
        (gettext("Occurred up to"), (asked.month[1] if asked.month else asked.pair.effective).isoformat()),
        files.recorded_up_to(asked.pair.known_at, asked.pair.position),
        *_narrowed(asked),
        (gettext("Records") if _is_of_records(asked) else gettext("Tickets"), str(count)),
        *_not_shown(asked),
    )
    return files.head_of(words.of(asked.spec.label), lines)


def _narrowed(asked: Behind) -> Iterator[tuple[str, str]]:
    if asked.units:
        yield gettext("Village"), names().unit(asked.units[0])


def _not_shown(asked: Behind) -> Iterator[tuple[str, str]]:
    """Why the list is shorter than its number, where it is."""
    if _is_of_records(asked):
        hidden = behind_marks.drill(connection(), house(), asked, viewer(), cursor="", limit=1).hidden
    else:
        hidden = behind.hidden_behind(connection(), house(), asked, behind.reader_of(viewer(), asked.spec.register))
    if hidden:
        yield gettext("Of these not open to you"), str(hidden)


def count_of(asked: Behind, value: FigureValue) -> int:
    """How many rows the list has: the number of a plain figure, else that of its records."""
    if _is_of_records(asked):
        return behind_marks.drill(connection(), house(), asked, viewer(), cursor="", limit=1).count
    return behind.part_count(asked.spec, asked.part, value)


def _is_of_records(asked: Behind) -> bool:
    return behind_marks.is_from_marks(asked.spec, house())


def _content(asked: Behind) -> tuple[tuple[str, ...], Iterator[tuple[OutCell, ...]]]:
    """Headings and rows; what they need of the request is asked for now, since they are read when it is over."""
    return (_record_columns(), _record_rows(asked)) if _is_of_records(asked) else (_columns(), _rows(asked))


def _record_columns() -> tuple[str, ...]:
    return (
        gettext("Number"),
        gettext("What it is about"),
        gettext("Unit"),
        gettext("Day"),
        gettext("State now"),
        gettext("Counts"),
        gettext("Counted from"),
    )


def _record_rows(asked: Behind) -> Iterator[tuple[OutCell, ...]]:
    labels = figure_view.record_labels(asked.spec)
    return _read_records(house(), asked, viewer(), labels)


def _read_records(
    house: House, asked: Behind, who: Viewer, labels: figure_view.RecordLabels
) -> Iterator[tuple[OutCell, ...]]:
    with house.engine.connect() as conn:
        for record in behind_marks.all_behind(conn, house, asked, who):
            line = labels.line(record)
            held_on = from_number(record.held_on).isoformat()
            counted_from = from_number(record.counted_from).isoformat()
            yield (line.number, line.summary, line.unit, held_on, line.state, str(line.quantity), counted_from)


def _columns() -> tuple[str, ...]:
    return (
        gettext("Number"),
        gettext("Status now"),
        gettext("Problem"),
        gettext("Village"),
        gettext("Owner unit"),
        gettext("Found on"),
        gettext("Due"),
        gettext("Closed on"),
        gettext("Counted from"),
    )


def _rows(asked: Behind) -> Iterator[tuple[OutCell, ...]]:
    reader = behind.reader_of(viewer(), asked.spec.register)
    language = languages.current()
    units = {unit.id: unit.label(language) for unit in directory().units.values()}
    statuses = tuple(words.status(status) for status in STATUS_BY_NUMBER)
    return _read(house(), asked, reader, units, statuses)


def _read(
    house: House, asked: Behind, reader: Reader, units: Mapping[int, str], statuses: Sequence[str]
) -> Iterator[tuple[OutCell, ...]]:
    with house.engine.connect() as conn:
        for ticket in behind.all_behind(conn, house, asked, reader):
            days = (ticket.found_on, ticket.due_on, ticket.closed_on, ticket.counted_from)
            yield (
                ticket.number,
                statuses[ticket.status],
                ticket.summary,
                units.get(ticket.place_id),
                units.get(ticket.owner_unit_id or 0),
                *(None if day is None else from_number(day).isoformat() for day in days),
            )
