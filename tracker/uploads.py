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
from tracker.models.imports import ImportedRow, ImportRow
from tracker.models.rows import insert_rows, writer
from tracker.queries.imports import State

KEPT_FOR = timedelta(days=7)
_ROWS = ImportedRow.__table__
_COLUMNS = ("import_id", "row", "state", "told", "ticket_id")
_SETTLE = (
    update(_ROWS)
    .where(
        _ROWS.c.import_id == bindparam("b_import"),
        _ROWS.c.row == bindparam("b_row"),
        _ROWS.c.state != int(State.REGISTERED),
    )
    .values(state=bindparam("b_state"), told=bindparam("b_told"), ticket_id=bindparam("b_ticket"))
)


@dataclass(frozen=True, slots=True)
class ReadRow:
    """A record as the preview tells it; `told` holds no private value."""

    row: int
    state: State
    told: Mapping[str, Any]
    ticket_id: int | None = None


@dataclass(frozen=True, slots=True)
class ReadFile:
    """A file, and what was read of one of its sheets."""

    register: str
    file_name: str
    sheet: str
    digest: str
    content: bytes
    told: Mapping[str, Any]
    rows: tuple[ReadRow, ...]


def keep(engine: Engine, file: ReadFile, *, person_id: int, now: datetime) -> int:
    """The number of the new upload. What has expired is forgotten on this occasion."""
    row = {"person_id": person_id, "register": file.register, "file_name": file.file_name[:160]}
    row |= {"sheet": file.sheet[:120], "digest": file.digest, "content": file.content}
    row |= {"uploaded_at": to_ms(now), "expires_at": to_ms(now + KEPT_FOR), "told": _json(file.told), "done": "{}"}
    with writer(engine) as conn, conn.begin():
        _forget_expired(conn, now)
        import_id = int(conn.execute(insert(ImportRow).values(row).returning(ImportRow.id)).scalar_one())
        _put_rows(conn, import_id, file.rows)
    return import_id


def read_again(engine: Engine, import_id: int, file: ReadFile) -> None:
    """Another reading of the same file: another sheet, or other values for what it does not say."""
    with writer(engine) as conn, conn.begin():
        conn.execute(delete(ImportedRow).where(ImportedRow.import_id == import_id))
        change = update(ImportRow).where(ImportRow.id == import_id)
        conn.execute(change.values(sheet=file.sheet[:120], told=_json(file.told), done="{}"))
        _put_rows(conn, import_id, file.rows)


def settle(
    engine: Engine, import_id: int, rows: Iterable[ReadRow], counts: Mapping[str, int], *, now: datetime
) -> None:
    """What came of these rows; `counts` are added to those of earlier confirmations of this upload.

    A row that stands as registered stays so: a second press of the button learns only that it came second.
    """
    changes = [
        {
            "b_import": import_id,
            "b_row": r.row,
            "b_state": int(r.state),
            "b_told": _json(r.told),
            "b_ticket": r.ticket_id,
        }
        for r in rows
    ]
    with writer(engine) as conn, conn.begin():
        this = select(ImportRow.done).where(ImportRow.id == import_id).with_for_update()
        before: dict[str, int] = orjson.loads(conn.execute(this).scalar_one())
        if changes:
            conn.execute(_SETTLE, changes)
        done = {name: before.get(name, 0) + count for name, count in counts.items()} | {"at": to_ms(now)}
        conn.execute(update(ImportRow).where(ImportRow.id == import_id).values(done=_json(done)))


def forget(engine: Engine, import_id: int) -> None:
    """The file and its rows are gone; what was registered from it stays."""
    with writer(engine) as conn, conn.begin():
        _forget(conn, [import_id])


def _forget_expired(conn: Connection, now: datetime) -> None:
    expired = select(ImportRow.id).where(ImportRow.expires_at <= to_ms(now))
    _forget(conn, list(conn.scalars(expired)))


def _forget(conn: Connection, import_ids: list[int]) -> None:
    conn.execute(delete(ImportedRow).where(ImportedRow.import_id.in_(import_ids)))
    conn.execute(delete(ImportRow).where(ImportRow.id.in_(import_ids)))


def _put_rows(conn: Connection, import_id: int, rows: Iterable[ReadRow]) -> None:
    packed = [(import_id, r.row, int(r.state), _json(r.told), r.ticket_id) for r in rows]
    insert_rows(conn, _ROWS, _COLUMNS, packed)


def _json(value: Mapping[str, Any]) -> str:
    return orjson.dumps(value, default=str).decode()
