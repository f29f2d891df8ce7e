"""Tickets and records found by number, by words of their texts, by village: the newest first that the person may see.

A word is found by its pieces (projections/search.py), all of which must be there; they need not stand together.
Bound: of the newest LOOKED_AT matches it is asked who may see them; a following page goes on from there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, ScalarResult, Select, and_, false, or_, select, true
from sqlalchemy.sql.elements import ColumnElement

from tracker.domain.numbers import record_number, serial_typed, typed_number
from tracker.domain.people import Unit
from tracker.domain.records import RecordRegister
from tracker.domain.registers import Register
from tracker.domain.texts import half_width
from tracker.models.rows import hashed
from tracker.models.search import OF_RECORDS, OF_TICKETS, WordIndex
from tracker.models.tickets import TicketRow
from tracker.projections.search import fold, number_of, piece_of_unit, pieces_of
from tracker.queries import record_lists, records
from tracker.queries.lists import TicketLine, lines_by_id
from tracker.queries.record_lists import RecordLine
from tracker.queries.scope import NARROW, Condition, Viewer, ranges, visible
from tracker.queries.tickets import visible_numbers

T = TicketRow
PAGE = 50
MOST_TYPED = 100
"""Characters of a question that are read."""
MOST_PIECES = 24
LOOKED_AT = 5_000
"""Matches that are looked at for one page when few of them may be seen; the next page goes on from there."""
_AT_ONCE = 200  # matches whose visibility is asked together
_NEWEST = 8_000  # tickets that PostgreSQL reads, until a page is full, before it asks its index; one takes 1 µs
_SERIAL_YEARS = 15
_MOST_BY_SERIAL = 20
_MOST_UNITS_NAMED = 20


@dataclass(frozen=True, slots=True)
class Word:
    """A part of the question: its pieces must all be there, or else it concerns one of the units."""

    pieces: tuple[str, ...]
    unit_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """One page of answers. `before` leads to older ones; `is_cut`: there were matches that nobody looked at yet."""

    lines: tuple[TicketLine, ...]
    before: int | None
    is_cut: bool


@dataclass(frozen=True, slots=True)
class RecordsFound:
    """The same of activities, subjects and statistics."""

    lines: tuple[RecordLine, ...]
    before: int | None
    is_cut: bool


@dataclass(frozen=True, slots=True)
class _Where:
    """The words that are asked, and which of the matches the person may see."""

    index: WordIndex
    visible_numbers: Callable[[Connection, Viewer, Iterable[int]], dict[int, str]]


_TICKETS = _Where(OF_TICKETS, visible_numbers)
_RECORDS = _Where(OF_RECORDS, records.visible_numbers)


# -- by number ----------------------------------------------------------------------------------------
def find_number(conn: Connection, viewer: Viewer, registers: Mapping[str, Register], typed: str) -> str | None:
    """The number of the one ticket that the question names, by its own number or by its external one."""
    plain = half_width(typed[:MOST_TYPED])
    if not plain or not plain.isprintable():
        return None
    number = typed_number(plain, registers.values())
    own = conn.scalar(select(T.number).where(T.number == number, visible(viewer)))
    if own is not None:
        return str(own)
    key = hashed(plain)
    by_key = select(T.number).where(T.register_id.in_(viewer.ticket_register_ids), T.external_key == key)
    numbers = conn.scalars(by_key.where(visible(viewer)).limit(2)).all()
    return numbers[0] if len(numbers) == 1 else None


def _by_serial(conn: Connection, viewer: Viewer, registers: Mapping[str, Register], typed: str) -> list[int]:
    """Tickets whose number ends so: 142 and 2023-142 mean 厕-2023-0142. Bound: registers x years x 2, each one look."""
    found = serial_typed(typed[:MOST_TYPED])
    if found is None:
        return []
    told, serial = found
    years = [told] if told else range(viewer.on.year - _SERIAL_YEARS + 1, viewer.on.year + 1)
    numbers = [
        record_number(register, year, serial, is_restricted=is_restricted)
        for register in registers.values()
        for year in years
        for is_restricted in (False, True)
    ]
    ids = conn.scalars(
        select(T.id).where(T.number.in_(numbers), visible(viewer)).order_by(T.id.desc()).limit(_MOST_BY_SERIAL)
    )
    return list(ids)


# -- by words -----------------------------------------------------------------------------------------
def tickets_found(
    conn: Connection, viewer: Viewer, registers: Mapping[str, Register], typed: str, *, before: int | None
) -> Found:
    """Tickets for the question, newest first; those whose number it is stand at the head of the first page."""
    first = _by_serial(conn, viewer, registers, typed) if before is None else []
    ids, older, is_cut = _page(conn, viewer, _TICKETS, typed, before, PAGE - len(first))
    listed = list(dict.fromkeys((*first, *ids)))
    return Found(lines_by_id(conn, viewer, registers, listed), older, is_cut)


def records_found(
    conn: Connection,
    viewer: Viewer,
    registers: Mapping[str, RecordRegister],
    typed: str,
    *,
    before: int | None,
    at_most: int = PAGE,
) -> RecordsFound:
    """The same of records; `at_most` of them."""
    first = records.ids_by_serial(conn, viewer, registers.values(), typed)[:at_most] if before is None else []
    ids, older, is_cut = _page(conn, viewer, _RECORDS, typed, before, at_most - len(first))
    listed = list(dict.fromkeys((*first, *ids)))
    return RecordsFound(record_lists.lines_of(conn, viewer, registers, listed), older, is_cut)


def _page(
    conn: Connection, viewer: Viewer, where: _Where, typed: str, before: int | None, room: int
) -> tuple[list[int], int | None, bool]:
    """Up to `room` ids; what leads to older ones; whether there were matches that nobody looked at yet."""
    words = words_of(viewer, typed)
    if not words or room < 1:
        return [], None, False
    ids, looked_to = _search(conn, viewer, where, words, before)
    shown = ids[:room]
    older = shown[-1] if len(ids) > len(shown) else looked_to
    return shown, older, len(ids) == len(shown) and bool(looked_to)


def words_of(viewer: Viewer, typed: str) -> tuple[Word, ...]:
    """What the question asks for; empty when it has not two characters in a row."""
    plain = typed[:MOST_TYPED]
    names = tuple(_unit_names(viewer.directory.units.values()))
    if whole := _units_named("".join(fold(plain).split()), names):
        return (Word(tuple(dict.fromkeys(pieces_of(plain))), _with_those_below(viewer, whole)),)
    found: list[Word] = []
    room = MOST_PIECES
    for part in _parts(fold(plain), names):
        pieces = tuple(dict.fromkeys(pieces_of(part)))[:room]
        room -= len(pieces)
        units = _with_those_below(viewer, _units_named(part, names))
        if pieces or units:
            found.append(Word(pieces, units))
    return tuple(found)


def _unit_names(units: Iterable[Unit]) -> Iterator[tuple[str, int]]:
    """Folded names, synonyms and labels; one character names nothing."""
    for unit in units:
        for name in {unit.name, *unit.synonyms, *unit.labels.values()}:
            if len(folded := _folded_name(name)) > 1:
                yield folded, unit.id


@lru_cache(maxsize=10_000)
def _folded_name(name: str) -> str:
    return "".join(fold(name).split())


def _parts(folded: str, names: Sequence[tuple[str, int]]) -> Iterator[str]:
    """The question at its blanks, and where the name of a unit begins or ends: 晨光村渗漏 is two parts."""
    for word in folded.split():
        held = max((name for name, _ in names if name in word), key=len, default="")
        around = word.split(held, 1) if held else [word]
        yield from (part for part in ([around[0], held, around[1]] if held else around) if part)


def _units_named(word: str, names: Sequence[tuple[str, int]]) -> tuple[int, ...]:
    """Units of this name, else those whose name begins so: 晨光 means 晨光村. None when that says too little."""
    exact = {unit_id for name, unit_id in names if name == word}
    found = exact or {unit_id for name, unit_id in names if len(word) > 1 and name.startswith(word)}
    return tuple(sorted(found)) if len(found) <= _MOST_UNITS_NAMED else ()


def _with_those_below(viewer: Viewer, unit_ids: Iterable[int]) -> tuple[int, ...]:
    """A town means its villages, too; of a county the name is looked for as a text only."""
    found = frozenset[int]().union(*(viewer.directory.subtree(unit_id) for unit_id in unit_ids))
    return tuple(sorted(found)) if len(found) <= NARROW else ()


def _own_units(viewer: Viewer) -> tuple[int, ...]:
    """The units to which everything that the person sees belongs; empty when these are too many to name."""
    opened = ranges(viewer, "view")
    if any(r.is_everywhere for r in opened):
        return ()
    units = frozenset[int]().union(*(r.units for r in opened))
    return tuple(sorted(units)) if len(units) <= NARROW else ()


def _search(
    conn: Connection, viewer: Viewer, where: _Where, words: Sequence[Word], before: int | None
) -> tuple[list[int], int | None]:
    """Ids, one more than a page when there are; and the last match looked at when that was the bound."""
    ways = _ways_sqlite if conn.dialect.name == "sqlite" else _ways_postgresql
    ids: list[int] = []
    looked_to = None
    for matches in ways(viewer, where.index, words, before):
        ids, looked_to = _first_visible(conn, viewer, where, conn.scalars(matches))
        if len(ids) > PAGE:
            break
    return ids, looked_to


def _first_visible(
    conn: Connection, viewer: Viewer, where: _Where, matches: ScalarResult[int]
) -> tuple[list[int], int | None]:
    ids: list[int] = []
    looked_at, last = 0, None
    # FTS5 walks on only as far as it is asked: mostly the first handful is enough.
    while len(ids) <= PAGE and (some := matches.fetchmany(_AT_ONCE)):
        ids += where.visible_numbers(conn, viewer, some).keys()
        looked_at, last = looked_at + len(some), some[-1]
    matches.close()
    ids.sort(reverse=True)
    return ids[: PAGE + 1], last if len(ids) <= PAGE and looked_at == LOOKED_AT else None


def _ways_sqlite(
    viewer: Viewer, index: WordIndex, words: Sequence[Word], before: int | None
) -> Iterator[Select[tuple[int]]]:
    f = index.sqlite.c
    older = true() if before is None else f.id < before
    asked = f.asked.op("MATCH")(_fts_query(viewer, words))
    yield select(f.id).where(asked, older).order_by(f.id.desc()).limit(LOOKED_AT)


def _fts_query(viewer: Viewer, words: Sequence[Word]) -> str:
    """FTS5's own language. Pieces hold letters, digits and the dot of units, so quoting them is enough."""
    parts = [_either(" AND ".join(f'"{p}"' for p in word.pieces), word.unit_ids) for word in words]
    if own := _own_units(viewer):
        parts.append(_either("", own))
    return " AND ".join(f"({part})" for part in parts)


def _either(pieces: str, unit_ids: Iterable[int]) -> str:
    units = " OR ".join(f'"{piece_of_unit(unit_id)}"' for unit_id in unit_ids)
    return f"({pieces}) OR {units}" if pieces and units else pieces or units


def _ways_postgresql(
    viewer: Viewer, index: WordIndex, words: Sequence[Word], before: int | None
) -> Iterator[Select[tuple[int]]]:
    """A common word is among the newest tickets, a rare one has a short list in the index."""
    p = index.postgresql.c
    older = true() if before is None else p.id < before
    newest = select(p.id, p.pieces).where(older).order_by(p.id.desc()).limit(_NEWEST).subquery().c
    recent = select(newest.id).where(_holds(viewer, words, newest.pieces))
    yield recent.order_by(newest.id.desc()).limit(_AT_ONCE)
    # Apart: the planner takes pieces for independent, and would walk all tickets for a word that is rare.
    matches = select(p.id).where(_holds(viewer, words, p.pieces), older).cte("matches")
    held = matches.prefix_with("MATERIALIZED")
    yield select(held.c.id).order_by(held.c.id.desc()).limit(LOOKED_AT)


def _holds(viewer: Viewer, words: Sequence[Word], pieces: Any) -> Condition:
    tests = [_holds_word(word, pieces) for word in words]
    if own := _own_units(viewer):
        tests.append(pieces.overlap([number_of(piece_of_unit(i)) for i in own]))
    return and_(*tests)


def _holds_word(word: Word, pieces: Any) -> Condition:
    tests: list[ColumnElement[bool]] = []
    if word.pieces:
        tests.append(pieces.contains([number_of(piece) for piece in word.pieces]))
    if word.unit_ids:
        tests.append(pieces.overlap([number_of(piece_of_unit(i)) for i in word.unit_ids]))
    return or_(false(), *tests)
