"""Words of tickets and records: overlapping two-character pieces, so that Chinese is found without a dictionary.

A text is folded first (full width, case, 簡 to 简), then cut: 化粪池 has the pieces 化粪 and 粪池, a Latin word or a
number is one piece. Besides, each has a piece for each unit that has to do with it. Questions: queries/search.py.
Whoever changes what pieces a ticket has must have the index made again: SQLite forgets a ticket by its old pieces.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from functools import cache, lru_cache
from itertools import chain
from operator import itemgetter
from typing import Any, Generic, TypeVar
from zlib import crc32

from sqlalchemy import Connection

from tracker.domain.record import Record
from tracker.domain.records import RecordRegister
from tracker.domain.registers import FieldType, Register
from tracker.domain.ticket import Ticket
from tracker.models.rows import insert_rows
from tracker.models.search import OF_RECORDS, OF_TICKETS, WordIndex

MOST_PIECES = 1_000
"""Pieces of one ticket or record; a petition of 8,000 characters is found by about its first thousand."""
_MOST_OF_A_WORD = 20
_MOST_READ = 4_000  # characters of one text that are cut into pieces

_RUNS = re.compile(r"([0-9a-z]+)|[^\W_0-9a-z]+")
_FIRST, _LAST = 0x3400, 0x9FFF  # the ideographs that have a traditional and a simplified form


# -- texts to pieces ----------------------------------------------------------------------------------
def fold(text: str) -> str:
    """The text in the one form that is compared.

    Character by character: a conversion by phrases would fold a part otherwise than the whole, and not find it.
    """
    plain = unicodedata.normalize("NFKC", text).casefold()
    return plain if plain.isascii() else plain.translate(_simplified())


@cache
def _simplified() -> Mapping[int, int]:
    """Traditional to simplified characters. Made on first use, in some 50 ms: a start need not wait for it."""
    from opencc import OpenCC

    known = [chr(number) for number in range(_FIRST, _LAST + 1)]
    converted = OpenCC("t2s").convert("\n".join(known)).split("\n")
    pairs = zip(known, converted, strict=True)
    return {ord(old): ord(new) for old, new in pairs if old != new and len(new) == 1}


def pieces_of(text: str) -> Iterator[str]:
    """The pieces of a text in its order, with repetitions. A character that stands alone gives none."""
    for run in _RUNS.finditer(fold(text[:_MOST_READ])):
        word = run[0]
        if run[1]:
            yield word[:_MOST_OF_A_WORD]
        else:
            yield from (word[i : i + 2] for i in range(len(word) - 1))


def piece_of_unit(unit_id: int) -> str:
    """The piece of tickets that lie in this unit, or that it owns or supports. No text has a dot in a piece."""
    return f"·{unit_id}"


@lru_cache(maxsize=50_000)
def number_of(piece: str) -> int:
    """The piece as PostgreSQL keeps it: a signed 32-bit number."""
    number = crc32(piece.encode())
    return number - (1 << 32) if number >= 1 << 31 else number


def pieces_of_ticket(ticket: Ticket, register: Register) -> tuple[str, ...]:
    """All pieces of a ticket, each once; none of a restricted one."""
    if ticket.is_restricted:
        return ()
    units = {ticket.place_id, ticket.owner_unit_id, *(s.unit_id for s in ticket.supports)}
    return _pieces(units, _texts_of(ticket.fields, register))


def pieces_of_record(record: Record, register: RecordRegister) -> tuple[str, ...]:
    """All pieces of an activity, a subject or a statistic, each once, what was noted at an item of a checklist among
    them; a void one can still be found."""
    notes = (str(said.get("note") or "") for said in record.answers.values())
    return _pieces({record.unit_id}, chain(_texts_of(record.fields, register), notes))


def _pieces(units: Iterable[int | None], texts: Iterable[str]) -> tuple[str, ...]:
    found = {piece_of_unit(unit_id): None for unit_id in sorted(u for u in units if u is not None)}
    for text in texts:
        for piece in pieces_of(text):
            if len(found) >= MOST_PIECES:
                return tuple(found)
            found[piece] = None
    return tuple(found)


def _texts_of(fields: Mapping[str, Any], register: Register | RecordRegister) -> Iterator[str]:
    return (str(fields.get(name) or "") for name in _names_of_texts(register))


def _names_of_texts(register: Register | RecordRegister) -> tuple[str, ...]:
    """The open texts, the one that lists show first. External numbers of tickets have an index of their own."""
    has_keys = isinstance(register, Register)
    texts = [
        f.name
        for f in register.fields
        if f.type is FieldType.TEXT and not f.is_private and not (has_keys and f.is_unique)
    ]
    first = register.summary_field
    return (first, *(name for name in texts if name != first)) if first in texts or has_keys else tuple(texts)


# -- the index ----------------------------------------------------------------------------------------
State = TypeVar("State", Ticket, Record)
Of = TypeVar("Of", Register, RecordRegister)
Pieces = Iterable[tuple[int, tuple[str, ...]]]


class _Words(Generic[State, Of]):
    """Collects the texts of one transaction; what each said before is forgotten, what it says last is kept."""

    index: WordIndex
    pieces: staticmethod[[State, Of], tuple[str, ...]]
    reads_the_same: staticmethod[[State, State], bool]

    def __init__(self, conn: Connection) -> None:
        self._conn = conn
        self._before: dict[int, State | None] = {}
        self._after: dict[int, tuple[State, Of]] = {}

    def put(self, before: State | None, after: State, register: Of) -> None:
        if before is not None and after.id not in self._before and self.reads_the_same(before, after):
            return
        self._before.setdefault(after.id, before)
        self._after[after.id] = (after, register)

    def flush(self) -> None:
        """Write what was collected. Cost: some 20 µs each on SQLite."""
        old: list[tuple[int, tuple[str, ...]]] = []
        new: list[tuple[int, tuple[str, ...]]] = []
        # In the order of numbers: FTS5 ends a segment whenever the next one is lower.
        for record_id, (after, register) in sorted(self._after.items(), key=itemgetter(0)):
            before = self._before[record_id]
            gone = self.pieces(before, register) if before is not None else ()
            come = self.pieces(after, register)
            if gone == come:
                continue
            if gone:
                old.append((record_id, gone))
            if come:
                new.append((record_id, come))
        _write(self._conn, self.index, old, new)
        self._before, self._after = {}, {}


def _ticket_reads_the_same(before: Ticket, after: Ticket) -> bool:
    """Most steps change no word and no unit."""
    return (
        before.fields == after.fields
        and before.place_id == after.place_id
        and before.owner_unit_id == after.owner_unit_id
        and before.supports == after.supports
        and before.is_restricted == after.is_restricted
    )


def _record_reads_the_same(before: Record, after: Record) -> bool:
    is_same = before.fields == after.fields and before.unit_id == after.unit_id
    return is_same and before.answers == after.answers


class SearchWriter(_Words[Ticket, Register]):
    """The words of tickets."""

    index = OF_TICKETS
    pieces = staticmethod(pieces_of_ticket)
    reads_the_same = staticmethod(_ticket_reads_the_same)


class RecordSearchWriter(_Words[Record, RecordRegister]):
    """The words of activities, subjects and statistics."""

    index = OF_RECORDS
    pieces = staticmethod(pieces_of_record)
    reads_the_same = staticmethod(_record_reads_the_same)


def insert_new(conn: Connection, new: Pieces) -> None:
    """Of tickets that have none yet, in the order of their numbers."""
    _write(conn, OF_TICKETS, (), new)


def _write(conn: Connection, index: WordIndex, old: Pieces, new: Pieces) -> None:
    (_write_sqlite if conn.dialect.name == "sqlite" else _write_postgresql)(conn, index, old, new)


def _write_sqlite(conn: Connection, index: WordIndex, old: Pieces, new: Pieces) -> None:
    name = index.sqlite.name
    forget = f"INSERT INTO {name} ({name}, rowid, pieces) VALUES ('delete', ?, ?)"  # noqa: S608 # a name of ours
    keep = f"INSERT INTO {name} (rowid, pieces) VALUES (?, ?)"  # noqa: S608 # a name of ours
    for statement, pairs in ((forget, old), (keep, new)):
        rows = [(record_id, " ".join(pieces)) for record_id, pieces in pairs]
        if rows:
            conn.exec_driver_sql(statement, rows)


def _write_postgresql(conn: Connection, index: WordIndex, old: Pieces, new: Pieces) -> None:
    table = index.postgresql
    gone = [record_id for record_id, _ in old]
    if gone:
        conn.execute(table.delete().where(table.c.id.in_(gone)))
    rows = [(record_id, [number_of(piece) for piece in pieces]) for record_id, pieces in new]
    insert_rows(conn, table, (table.c.id.name, "pieces"), rows)


def empty(conn: Connection) -> None:
    """Forget every text, before a rebuild writes them again."""
    for index in (OF_TICKETS, OF_RECORDS):
        if conn.dialect.name == "sqlite":
            name = index.sqlite.name
            conn.exec_driver_sql(f"INSERT INTO {name} ({name}) VALUES ('delete-all')")  # noqa: S608 # a name of ours
        else:
            conn.execute(index.postgresql.delete())
