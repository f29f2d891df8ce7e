"""What a page says of the file that its record or ticket came in with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from flask import url_for

from tracker.blueprints.names import Names
from tracker.blueprints.rights import connection, current_person, house, now
from tracker.queries.tickets import LoggedEvent
from tracker.queries.uploads import State, upload_of_file

_SHOWN = 12
"""Characters of the file's fingerprint: enough to tell it from every other."""


@dataclass(frozen=True, slots=True)
class Imported:
    """`name` and `href`, of the import's page: for whoever uploaded the file, as long as it is kept."""

    file: str
    row: int
    on: date
    who: str
    name: str = ""
    href: str = ""


def imported(log: Sequence[LoggedEvent], register: str, names: Names) -> Imported | None:
    """From the first event of a ticket or record; None where somebody entered it. `log`: the newest first."""
    first = log[-1]
    if not (mark := first.data.get("import")):
        return None
    on, who = house().today(first.recorded_at), names.person(first.actor_id)
    file = upload_of_file(connection(), mark["file"], register, person_id=current_person().id, now=now())
    if file is None:
        return Imported(mark["file"][:_SHOWN], mark["row"], on, who)
    href = url_for("imports.preview", upload_id=file.id, show=State.REGISTERED.name.lower())
    return Imported(mark["file"][:_SHOWN], mark["row"], on, who, file.file_name, href)
