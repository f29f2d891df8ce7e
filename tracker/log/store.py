"""Append and read events. Appends are serialised by the one row of `log_head`; positions have no gap.

Nothing here commits and nothing here decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import groupby
from operator import itemgetter
from typing import Any
from uuid import uuid4

import orjson
from sqlalchemy import Connection, Executable, bindparam, func, select, update

from tracker.domain.days import from_number, to_number
from tracker.domain.events import ALL_KINDS, Event, NewEvent, StreamKind, check_canonical
from tracker.log.packing import pack, unpack
from tracker.log.seal import SealedEvent, Tree, leaf_hash
from tracker.models.log import CommandKeyRow, EventRow, LogHeadRow
from tracker.models.rows import hashed, insert_rows, write_rows

_EVENT = EventRow.__table__
_COLUMNS = (
    EventRow.position,
    EventRow.stream_kind,
    EventRow.stream_id,
    EventRow.version,
    EventRow.kind,
    EventRow.occurred_on,
    EventRow.recorded_at,
    EventRow.actor_id,
    EventRow.data,
)
_HEAD = select(
    LogHeadRow.size,
    LogHeadRow.frontier,
    LogHeadRow.root,
    LogHeadRow.recorded_at,
    LogHeadRow.directory_position,
    LogHeadRow.is_demonstration,
    LogHeadRow.epoch,
    LogHeadRow.rules,
).where(LogHeadRow.id == 1)
_LAST_VERSION = select(func.max(EventRow.version)).where(
    EventRow.stream_kind == bindparam("kind"), EventRow.stream_id == bindparam("id")
)
_STREAM = (
    select(*_COLUMNS)
    .where(EventRow.stream_kind == bindparam("kind"), EventRow.stream_id == bindparam("id"))
    .order_by(EventRow.version)
)
_DEFINITIONS = select(func.max(EventRow.version)).where(
    EventRow.stream_kind == int(StreamKind.REGISTER), EventRow.stream_id == 0
)
_HEAD_AND_DEFINITIONS = _HEAD.add_columns(func.coalesce(_DEFINITIONS.scalar_subquery(), 0).label("definitions"))
_KEY = select(CommandKeyRow.position).where(CommandKeyRow.key == bindparam("key"))
_MANY_KEYS = select(CommandKeyRow.key, CommandKeyRow.position).where(
    CommandKeyRow.key.in_(bindparam("keys", expanding=True))
)
_RECORDED_AT = select(EventRow.recorded_at).where(EventRow.position == bindparam("position"))
_EVENT_COLUMNS = (*(column.key for column in _COLUMNS), "leaf", "root")
_ROOT = _EVENT_COLUMNS.index("root")
_KEYS = CommandKeyRow.__table__
_HEAD_TABLE = LogHeadRow.__table__
_MOVE_HEAD = (
    update(_HEAD_TABLE)
    .where(_HEAD_TABLE.c.id == 1)
    .values(
        {
            name: bindparam(name)
            for name in ("size", "frontier", "root", "recorded_at", "directory_position", "is_demonstration", "rules")
        }
    )
)
_LOCK_HEAD = _HEAD.with_for_update()
_DIRECTORY_KINDS = (StreamKind.UNIT, StreamKind.PERSON)


@dataclass(frozen=True, slots=True)
class Head:
    """The log as it stands: size = latest position, tree head, latest instant (ms).

    `definitions`: how many versions of registers administrators have made.
    """

    size: int
    root: bytes
    recorded_at: int
    directory_position: int
    is_demonstration: bool
    epoch: str
    rules: str
    definitions: int


def to_ms(instant: datetime) -> int:
    return round(instant.timestamp() * 1000)


def from_ms(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)


def read_head(conn: Connection) -> Head:
    row = conn.execute(_HEAD_AND_DEFINITIONS).one()
    return Head(
        size=row.size,
        root=row.root,
        recorded_at=row.recorded_at,
        directory_position=row.directory_position,
        is_demonstration=row.is_demonstration,
        epoch=row.epoch,
        rules=row.rules or "",
        definitions=row.definitions,
    )


def definition_count(conn: Connection) -> int:
    """The same as `Head.definitions`, for a writer that holds the lock: not what was so before it waited."""
    return conn.scalar(_DEFINITIONS) or 0


def keep_rules(conn: Connection, rules: str) -> None:
    """By which rules the ledger has just been made again."""
    conn.execute(update(_HEAD_TABLE).where(_HEAD_TABLE.c.id == 1).values(rules=rules))


def begin_epoch(conn: Connection) -> None:
    """The ledger begins another life: no cube of the one before, in memory or in files, is used again."""
    conn.execute(update(_HEAD_TABLE).where(_HEAD_TABLE.c.id == 1).values(epoch=uuid4().hex))


def hash_of_use(actor_id: int, key: str) -> bytes:
    """The stored form of an idempotency key: keys of two actors never meet."""
    return hashed(f"{actor_id}:{key}")


class Appender:
    """The write end of the log for one transaction: holds the lock, hands out positions, seals at the end.

    `recorded_at` never decreases along positions: when the clock ran back, the latest instant is kept.
    """

    def __init__(self, conn: Connection) -> None:
        row = conn.execute(_LOCK_HEAD).one()
        self._conn = conn
        self._is_packing = conn.dialect.name == "sqlite"
        self._tree = Tree(row.size, row.frontier)
        self.latest_ms: int = row.recorded_at
        self.directory_position: int = row.directory_position
        self.is_demonstration: bool = row.is_demonstration
        self.rules: str = row.rules or ""
        self._rows: list[list[Any]] = []
        self._keys: list[tuple[bytes, int]] = []
        self._keys_now: dict[bytes, int] = {}
        self._keys_before: dict[bytes, int | None] = {}

    @property
    def size(self) -> int:
        return self._tree.size

    def look_up_keys(self, keys: Sequence[bytes]) -> None:
        """Ask for many keys at once; `used_key` then answers these from memory."""
        found = {bytes(row.key): row.position for row in self._conn.execute(_MANY_KEYS, {"keys": keys})} if keys else {}
        self._keys_before = {key: found.get(key) for key in keys}

    def used_key(self, key: bytes) -> int | None:
        """The position of the first event this key led to, if it was ever used."""
        if key in self._keys_now:
            return self._keys_now[key]
        if key in self._keys_before:
            return self._keys_before[key]
        found = self._conn.scalar(_KEY, {"key": key})
        return None if found is None else int(found)

    def append(
        self,
        stream_kind: StreamKind,
        stream_id: int | None,
        version: int,
        events: Sequence[NewEvent],
        *,
        actor_id: int,
        now: datetime,
        key: bytes | None,
    ) -> tuple[Event, ...]:
        """Give the events their positions. `stream_id` None starts a stream named by its first position."""
        self.latest_ms = max(self.latest_ms, to_ms(now))
        recorded_at = from_ms(self.latest_ms)
        stream = self._tree.size + 1 if stream_id is None else stream_id
        out = []
        for i, new in enumerate(events):
            if new.kind not in ALL_KINDS[stream_kind]:
                raise ValueError(f"{new.kind} is no event of a {stream_kind.name.lower()}")
            check_canonical(new.data)
            event = Event(
                self._tree.size + 1,
                stream_kind,
                stream,
                version + i + 1,
                new.kind,
                new.occurred_on,
                recorded_at,
                actor_id,
                new.data,
            )
            leaf = leaf_hash(event)
            self._tree.add(leaf)
            self._rows.append(_row(event, leaf, self._is_packing))
            out.append(event)
        if key is not None:
            self._keys.append((key, out[0].position))
            self._keys_now[key] = out[0].position
        if stream_kind in _DIRECTORY_KINDS:
            self.directory_position = out[-1].position
        return tuple(out)

    def seal(self) -> bytes:
        """The tree head as of now, which the latest event then carries."""
        root = self._tree.root()
        if self._rows:
            self._rows[-1][_ROOT] = root
        return root

    def flush(self) -> None:
        """Write what was appended and the new head. The tree head stands on the last event written."""
        if not self._rows:
            return
        root = self.seal()
        insert_rows(self._conn, _EVENT, _EVENT_COLUMNS, [tuple(row) for row in self._rows])
        insert_rows(self._conn, _KEYS, ("key", "position"), self._keys)
        head = {
            "size": self._tree.size,
            "frontier": self._tree.frontier,
            "root": root,
            "recorded_at": self.latest_ms,
            "directory_position": self.directory_position,
            "is_demonstration": self.is_demonstration,
            "rules": self.rules,
        }
        write_rows(self._conn, _MOVE_HEAD, [head])
        self._rows, self._keys = [], []


def _row(event: Event, leaf: bytes, is_packing: bool) -> list[Any]:
    """In the order of _EVENT_COLUMNS."""
    text = orjson.dumps(event.data, option=orjson.OPT_SORT_KEYS)
    return [
        event.position,
        int(event.stream_kind),
        event.stream_id,
        event.version,
        event.kind,
        to_number(event.occurred_on),
        to_ms(event.recorded_at),
        event.actor_id,
        pack(text) if is_packing else text.decode(),
        leaf,
        None,
    ]


def _event(row: Any) -> Event:
    return Event(
        row[0],
        StreamKind(row[1]),
        row[2],
        row[3],
        row[4],
        from_number(row[5]),
        from_ms(row[6]),
        row[7],
        orjson.loads(unpack(row[8])),
    )


def read_stream(conn: Connection, kind: StreamKind, stream_id: int) -> tuple[Event, ...]:
    """All events of one stream, in order. Bound: a ticket's life."""
    rows = conn.execute(_STREAM, {"kind": int(kind), "id": stream_id})
    return tuple(_event(row) for row in rows)


def last_version(conn: Connection, kind: StreamKind, stream_id: int) -> int:
    """Of a stream that only counts its events, such as who read what: it grows for ever and is never folded."""
    return conn.execute(_LAST_VERSION, {"kind": int(kind), "id": stream_id}).scalar() or 0


def read_all(conn: Connection, *, after: int = 0, until: int | None = None) -> Iterator[Event]:
    """Every event by position; streamed in slices, so that memory stays level. ValueError: one cannot be read."""
    for row in _stored(conn, after, until):
        yield _event(row)


def read_sealed(conn: Connection, *, after: int = 0, until: int | None = None) -> Iterator[SealedEvent]:
    """Every event with its stored hashes, by position. One that cannot be read comes with data of its own,
    so that it is found changed by its hash and named."""
    for row in _stored(conn, after, until):
        yield SealedEvent(_readable(row), bytes(row[9]), None if row[10] is None else bytes(row[10]))


def _stored(conn: Connection, after: int, until: int | None) -> Iterator[Any]:
    query = select(*_COLUMNS, EventRow.leaf, EventRow.root).where(EventRow.position > after)
    if until is not None:
        query = query.where(EventRow.position <= until)
    yield from _streamed(conn, query.order_by(EventRow.position))


def _streamed(conn: Connection, query: Executable) -> Iterator[Any]:
    """Rows in slices. The option is the query's, not the connection's, which would keep it; and whoever stops
    reading half way leaves no cursor open on the server."""
    with conn.execute(query.execution_options(yield_per=5000)) as rows:
        yield from rows


_UNREADABLE = {"unreadable": True}


def _readable(row: Any) -> Event:
    try:
        return _event(row)
    except (ValueError, TypeError, OverflowError, OSError):  # data, or a kind, day or instant that cannot be
        return Event(row[0], StreamKind.SYSTEM, row[2], row[3], str(row[4]), date.min, from_ms(0), 0, _UNREADABLE)


def read_by_stream(
    conn: Connection, kind: StreamKind, *, after: int = 0, until: int | None = None
) -> Iterator[list[Event]]:
    """The whole history, one stream after the other, of those with after < id <= until; for rebuilding."""
    query = select(*_COLUMNS).where(EventRow.stream_kind == int(kind), EventRow.stream_id > after)
    if until is not None:
        query = query.where(EventRow.stream_id <= until)
    query = query.order_by(EventRow.stream_kind, EventRow.stream_id, EventRow.version)
    current: list[Event] = []
    for row in _streamed(conn, query):
        if current and current[0].stream_id != row[2]:
            yield current
            current = []
        current.append(_event(row))
    if current:
        yield current


def read_streams(conn: Connection, kind: StreamKind, ids: Iterable[int]) -> Iterator[list[Event]]:
    """The histories of some hundreds of streams, one after the other."""
    query = (
        select(*_COLUMNS)
        .where(EventRow.stream_kind == int(kind), EventRow.stream_id.in_(list(ids)))
        .order_by(EventRow.stream_kind, EventRow.stream_id, EventRow.version)
    )
    for _, rows in groupby(conn.execute(query), key=itemgetter(2)):
        yield [_event(row) for row in rows]


def read_events(conn: Connection, positions: Iterable[int]) -> tuple[Event, ...]:
    rows = conn.execute(select(*_COLUMNS).where(EventRow.position.in_(list(positions))).order_by(EventRow.position))
    return tuple(_event(row) for row in rows)


def position_at(conn: Connection, instant: datetime) -> int:
    """The position known at an instant: the last event recorded at or before it; 0 before the first.

    A binary search over positions, since `recorded_at` never decreases along them: 23 key look-ups
    at eight million events, and no index to keep.
    """
    wanted = to_ms(instant)
    low, high = 0, read_head(conn).size
    while low < high:
        middle = (low + high + 1) // 2
        recorded = conn.scalar(_RECORDED_AT, {"position": middle})
        if recorded is None:
            raise LookupError(f"event {middle} is missing")
        if recorded <= wanted:
            low = middle
        else:
            high = middle - 1
    return low


def recorded_at(conn: Connection, position: int) -> datetime | None:
    """When the event at this position was written; None for position 0."""
    ms = conn.scalar(_RECORDED_AT, {"position": position})
    return None if ms is None else from_ms(ms)
