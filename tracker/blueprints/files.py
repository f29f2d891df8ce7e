"""Tables to take away: the head that says who made the file and when, the entry in the log, the sending."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from tempfile import SpooledTemporaryFile
from typing import Any, BinaryIO, cast

from flask import send_file
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from tracker import formats
from tracker.blueprints.rights import current_person, house, now
from tracker.domain.commands import NoteAccess
from tracker.exchange.exports import ExportHead, OutCell, csv_pieces, write_xlsx
from tracker.handler import handle

MEDIA_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
IN_MEMORY = 2**20
"""A file larger than this waits on disk until it is sent."""
NO_TICKET = 0
"""What a whole list is taken from, in the log."""


def head_of(title: str, lines: Iterable[tuple[str, str]]) -> ExportHead:
    """The head of a file: what it is, and that this person made it now."""
    made = ((gettext("Made by"), current_person().name), (gettext("Made at"), formats.instant(now())))
    return ExportHead(title, (*lines, *made))


def recorded_up_to(known_at: datetime | None, position: int) -> tuple[str, str]:
    """The line of a head that says what the file could know of."""
    return gettext("Recorded up to"), f"{formats.instant(known_at)} (#{position})"


def record_taken(data: Mapping[str, Any]) -> None:
    """Whoever takes a list away is written down, with what it was."""
    command = NoteAccess(ticket_id=NO_TICKET, kind="exported", data=data)
    handle(house(), command, actor_id=current_person().id, now=now())


def written(kind: str, head: ExportHead, columns: Sequence[str], rows: Iterable[Sequence[OutCell]]) -> BinaryIO:
    """The whole file, `csv` or `xlsx`; `sent` closes it."""
    out = cast(BinaryIO, SpooledTemporaryFile(max_size=IN_MEMORY))  # noqa: SIM115 # send_file closes it
    if kind == "xlsx":
        write_xlsx(out, head, columns, rows)
    else:
        out.writelines(csv_pieces(head, columns, rows))
    out.seek(0)
    return out


def sent(file: BinaryIO, name: str, kind: str) -> ResponseReturnValue:
    """The file as a download that is called so, with its ending."""
    return send_file(file, mimetype=MEDIA_TYPES[kind], as_attachment=True, download_name=f"{name}.{kind}")
