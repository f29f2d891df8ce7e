"""Files that wait for their import: kept, read again, told what came of them, forgotten.

Commits its own operational rows and nothing else; the tickets are made by `handler`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import Connection, Engine, bindparam, delete, insert, select, update

from tracker.log.store import to_ms
from tracker.models.rows import insert_rows, writer
from tracker.models.uploads import UploadedRow, UploadRow
from tracker.queries.uploads import State, UploadLine

KEPT_FOR = timedelta(days=7)
_ROWS = UploadedRow.__table__
_COLUMNS = ("import_id", "row", "state", "told", "ticket_id")
_SETTLE = (
    update(_ROWS)
    .where(
        _ROWS.c.import_id == bindparam("b_upload"),
        _ROWS.c.row == bindparam("b_row"),
        _ROWS.c.state != int(State.REGISTERED),
    )
    .values(state=bindparam("b_state"), told=bindparam("b_told"), ticket_id=bindparam("b_ticket"))
)


@dataclass(frozen=True, slots=True)
class ReadFile:
    """A file, and what was read of one of its sheets; `told` and its rows hold no private value."""

    register: str
    file_name: str
    sheet: str
    digest: str
    content: bytes
    told: Mapping[str, Any]
    rows: tuple[UploadLine, ...]


def keep(engine: Engine, file: ReadFile, *, person_id: int, now: datetime) -> int:
    """The number of the new upload. What has expired is forgotten on this occasion."""
    row = {"person_id": person_id, "register": file.register, "file_name": file.file_name[:160]}
    row |= {"sheet": file.sheet[:120], "digest": file.digest, "content": file.content}
    row |= {"uploaded_at": to_ms(now), "expires_at": to_ms(now + KEPT_FOR), "told": _json(file.told), "done": "{}"}
    with writer(engine) as conn, conn.begin():
        _forget_expired(conn, now)
        upload_id = int(conn.execute(insert(UploadRow).values(row).returning(UploadRow.id)).scalar_one())
        _put_rows(conn, upload_id, file.rows)
    return upload_id


def read_again(engine: Engine, upload_id: int, file: ReadFile) -> None:
    """Another reading of the same file: another sheet, or other values for what it does not say."""
    with writer(engine) as conn, conn.begin():
        conn.execute(delete(UploadedRow).where(UploadedRow.upload_id == upload_id))
        change = update(UploadRow).where(UploadRow.id == upload_id)
        conn.execute(change.values(sheet=file.sheet[:120], told=_json(file.told), done="{}"))
        _put_rows(conn, upload_id, file.rows)


def settle(
    engine: Engine, upload_id: int, rows: Iterable[UploadLine], counts: Mapping[str, int], *, now: datetime
) -> None:
    """What came of these rows; `counts` are added to those of earlier confirmations of this upload.

    A row that stands as registered stays so: a second press of the button learns only that it came second.
    """
    changes = [
        {
            "b_upload": upload_id,
            "b_row": r.row,
            "b_state": int(r.state),
            "b_told": _json(r.told),
            "b_ticket": r.ticket_id,
        }
        for r in rows
    ]
    with writer(engine) as conn, conn.begin():
        this = select(UploadRow.done).where(UploadRow.id == upload_id).with_for_update()
        before: dict[str, int] = orjson.loads(conn.execute(this).scalar_one())
        if changes:
            conn.execute(_SETTLE, changes)
        done = {name: before.get(name, 0) + count for name, count in counts.items()} | {"at": to_ms(now)}
        conn.execute(update(UploadRow).where(UploadRow.id == upload_id).values(done=_json(done)))


def forget(engine: Engine, upload_id: int) -> None:
    """The file and its rows are gone; what was registered from it stays."""
    with writer(engine) as conn, conn.begin():
        _forget(conn, [upload_id])


def _forget_expired(conn: Connection, now: datetime) -> None:
    expired = select(UploadRow.id).where(UploadRow.expires_at <= to_ms(now))
    _forget(conn, list(conn.scalars(expired)))


def _forget(conn: Connection, upload_ids: list[int]) -> None:
    conn.execute(delete(UploadedRow).where(UploadedRow.upload_id.in_(upload_ids)))
    conn.execute(delete(UploadRow).where(UploadRow.id.in_(upload_ids)))


def _put_rows(conn: Connection, upload_id: int, rows: Iterable[UploadLine]) -> None:
    packed = [(upload_id, r.row, int(r.state), _json(r.told), r.ticket_id) for r in rows]
    insert_rows(conn, _ROWS, _COLUMNS, packed)


def _json(value: Mapping[str, Any]) -> str:
    return orjson.dumps(value, default=str).decode()
