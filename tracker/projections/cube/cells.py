"""Cells: what one event changes in the ledger, as columns, and the calendar they are counted by.

A row of `mark_deltas` is (position, recorded_on, cells); the blob is packed records of CELL. Nothing
here adds anything up: that is `cube/layers.py`.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Column = NDArray[np.integer[Any]]
"""Whole numbers of any width: columns are as narrow as their values allow."""

Delta = tuple[int, int, bytes]
"""A row of `mark_deltas`: log position, day number it was recorded on, packed cells."""

_LAYOUT = {"folio": "I", "place": "I", "day": "H", "change": "b"}  # numpy and struct read the same letters
CELL = np.dtype([(name, f"<{letter}") for name, letter in _LAYOUT.items()])
"""One step of a step function: from `day` on, `change` more marks under (folio, place). Packed, little-endian."""
_RECORD = struct.Struct("<" + "".join(_LAYOUT.values()))
_PACK = _RECORD.pack

DAYS = 65_536  # a day number is 16 bits wide
_EVERY_DAY = np.arange(DAYS).astype("datetime64[D]").astype("datetime64[M]")
MONTH_OF_DAY: NDArray[np.uint16] = _EVERY_DAY.astype(np.int64).astype(np.uint16)
"""Months since January 1970, by day number."""
FIRST_DAY_OF_MONTH: Ints = (
    np.arange(int(MONTH_OF_DAY[-1]) + 14).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
)
DAY_IN_MONTH: NDArray[np.uint8] = (np.arange(DAYS) - FIRST_DAY_OF_MONTH[MONTH_OF_DAY]).astype(np.uint8)
"""0 for the first of the month, by day number."""

_AT_ONCE = 8192
_MOST_PLACES = 65_536  # a place is 16 bits wide in the layers


def pack_cells(cells: Mapping[tuple[int, int, int], int]) -> bytes:
    """Netted cells, (folio, place, day) → change, as packed records of CELL; empty when nothing is left."""
    return b"".join(_PACK(folio, place, day, change) for (folio, place, day), change in sorted(cells.items()) if change)


def renumbered(packed: bytes, folios: Mapping[int, int]) -> bytes:
    """Packed cells in which these folios have got other numbers."""
    cells = _RECORD.iter_unpack(packed)
    return pack_cells({(folios.get(folio, folio), place, day): change for folio, place, day, change in cells})


@dataclass(frozen=True, slots=True)
class Places:
    """The units that cells lie in, each with a small index. An index once given never changes.

    Called places throughout the cube, owners' too: in its layers a `unit` is one of time, a month or a year.
    """

    ids: Ints

    @staticmethod
    def none() -> Places:
        return Places(np.empty(0, np.int64))

    def including(self, ids: Column) -> Places:
        """These places and, after them, those of `ids` that are not among them."""
        new = np.setdiff1d(ids.astype(np.int64), self.ids)
        if not new.size:
            return self
        if self.ids.size + new.size > _MOST_PLACES:
            raise OverflowError(f"the cube holds {_MOST_PLACES} places, not {self.ids.size + new.size}")
        return Places(np.concatenate([self.ids, new]))

    def index(self, ids: Column) -> tuple[Ints, NDArray[np.bool_]]:
        """The index of each id, and whether it has one."""
        if not self.ids.size:
            return np.zeros(ids.size, np.int64), np.zeros(ids.size, np.bool_)
        order = np.argsort(self.ids)
        ranks = np.searchsorted(self.ids[order], ids)
        found = order[np.minimum(ranks, order.size - 1)]
        return found, self.ids[found] == ids


@dataclass(frozen=True, slots=True)
class Cells:
    """Columns of equal length, one entry per cell, in the order of the log. `place` is an index."""

    folio: Column
    place: Column
    day: Column
    change: Column
    recorded_on: Column

    @staticmethod
    def joined(parts: Sequence[Cells]) -> Cells:
        if len(parts) == 1:
            return parts[0]
        names = ("folio", "place", "day", "change", "recorded_on")
        return Cells(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))

    @property
    def size(self) -> int:
        return int(self.folio.size)

    def at(self, index: Column | NDArray[np.bool_]) -> Cells:
        """Those at these places, or where the mask holds."""
        if index.dtype == np.bool_:
            index = np.flatnonzero(index)  # once, not once for each column
        return Cells(self.folio[index], self.place[index], self.day[index], self.change[index], self.recorded_on[index])

    def by_folio(self) -> Cells:
        """Sorted by folio, else in the order they had. Numbers of 16 bits are sorted by their digits, in one pass."""
        is_narrow = self.size > 0 and int(self.folio.max()) < 1 << 16
        return self.at(np.argsort(self.folio.astype(np.uint16) if is_narrow else self.folio, kind="stable"))

    def of_folios(self, lower: int, upper: int) -> Cells:
        """Of cells sorted by folio, those with lower <= folio < upper."""
        start, stop = np.searchsorted(self.folio, np.array([lower, upper], self.folio.dtype)).tolist()
        within = slice(start, stop)
        return Cells(
            self.folio[within], self.place[within], self.day[within], self.change[within], self.recorded_on[within]
        )


@dataclass(frozen=True, slots=True)
class KnownDays:
    """The days on which something was recorded, each with its first and last position."""

    recorded_on: Ints
    first: Ints
    last: Ints

    @staticmethod
    def of(positions: Ints, recorded_on: Ints) -> KnownDays:
        """From rows in the order of the log."""
        return KnownDays.joined([KnownDays(recorded_on, positions, positions)])

    @staticmethod
    def joined(parts: Sequence[KnownDays]) -> KnownDays:
        """Of stretches of the log that follow each other; two may share a day.

        ValueError: positions or recorded days that go back, on which no identity of the cube holds.
        """
        none = np.empty(0, np.int64)
        day = np.concatenate([none, *(part.recorded_on for part in parts)])
        first = np.concatenate([none, *(part.first for part in parts)])
        last = np.concatenate([none, *(part.last for part in parts)])
        if (first[1:] <= last[:-1]).any() or (day[1:] < day[:-1]).any():
            raise ValueError("deltas must ascend in position and must not go back in recorded day")
        starts = np.flatnonzero(np.diff(day, prepend=-1))
        ends = np.append(starts[1:], day.size)[: starts.size] - 1
        return KnownDays(day[starts], first[starts], last[ends])

    def standing(self, position: int) -> Standing:
        """Where `position` stands between the day ends."""
        row = int(np.searchsorted(self.first, position, "right")) - 1
        if not self.last.size or position >= self.last[-1]:
            return Standing(None, 0, 0, 0)
        if row < 0:
            return Standing(-1, 0, 0, 0)
        day, first, last = int(self.recorded_on[row]), int(self.first[row]), int(self.last[row])
        if position >= last:
            return Standing(day, 0, 0, 0)
        if position - first < last - position:
            return Standing(day - 1, first - 1, position, 1)
        return Standing(day, position, last, -1)


@dataclass(frozen=True, slots=True)
class Standing:
    """How to know what was known at a position: the tally at the end of a recorded day, and a rest.

    `known_on`: the recorded day, None for all that is known. The rest: deltas with
    `lower` < position <= `upper`, to be added (`sign` 1) or taken off (-1); 0 where there is none.
    """

    known_on: int | None
    lower: int
    upper: int
    sign: int


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows of `mark_deltas` as columns, and their cells one after another."""

    positions: Ints
    recorded_on: Ints
    lengths: Ints  # cells per row
    records: NDArray[np.void]

    @staticmethod
    def of(rows: Sequence[Delta]) -> Batch:
        """ValueError when a blob is not a whole number of cells."""
        positions, days = [row[0] for row in rows], [row[1] for row in rows]
        blobs = [row[2] for row in rows]
        lengths = np.fromiter(map(len, blobs), np.int64, len(blobs))
        return Batch.of_columns(np.array(positions, np.int64), np.array(days, np.int64), lengths, b"".join(blobs))

    @staticmethod
    def of_columns(positions: Column, recorded_on: Column, sizes: Column, blob: bytes) -> Batch:
        """The same from columns; `sizes`: how many bytes of the blob each row has. ValueError: as `of`."""
        if (sizes % CELL.itemsize).any():
            raise ValueError("cells of a delta are cut short")
        lengths = sizes.astype(np.int64) // CELL.itemsize
        return Batch(positions.astype(np.int64), recorded_on.astype(np.int64), lengths, np.frombuffer(blob, CELL))

    def cells(self, places: Places) -> tuple[Cells, Places]:
        """The cells, and the places with those that are new."""
        ids = self.records["place"]
        index, known = places.index(ids)
        if not known.all():
            places = places.including(ids[~known])
            index, _ = places.index(ids)
        cells = Cells(
            self.records["folio"].copy(),
            index.astype(np.uint16),
            self.records["day"].copy(),
            self.records["change"].copy(),
            np.repeat(self.recorded_on.astype(np.uint16), self.lengths),
        )
        return cells, places

    def position_of_cells(self) -> Ints:
        return np.repeat(self.positions, self.lengths)


def spans(starts: Ints, lengths: Ints) -> Ints:
    """The indexes of all stretches `starts[i] … starts[i] + lengths[i]`, one after another."""
    ends = np.cumsum(lengths)
    total = int(ends[-1]) if ends.size else 0
    index = np.repeat(starts - ends + lengths, lengths)
    index += np.arange(total)
    return index


def stretches(lengths: Ints) -> Iterator[slice]:
    """`lengths` cut into slices of some 8000 in sum.

    Arrays of that size come from the heap and stay in the cache. Larger ones are mapped anew each
    time, and the page faults cost more than the counting (measured: half the time of a report).
    """
    number = (np.cumsum(lengths) - lengths) // _AT_ONCE
    cuts = [*np.flatnonzero(np.diff(number, prepend=-1)).tolist(), lengths.size]
    for start, stop in pairwise(cuts):
        yield slice(start, stop)
