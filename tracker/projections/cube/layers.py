"""A layer: entries of one kind, packed, sorted by folio, so that a report reads only its folios.

A slot is the stretch of one folio in one unit of time (a month or a year). A layer that keeps
knowledge is sorted by recorded day inside each slot, so that "known until" is a stretch as well.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tracker.projections.cube.cells import Column, Ints, spans, stretches
from tracker.projections.cube.entries import LARGEST_CHANGE, Entries
from tracker.projections.cube.question import Question, Tally

_CHANGE_BITS = 11
_ITEM_BITS = 5
ITEMS = 1 << _ITEM_BITS
_PLACE_SHIFT = np.uint32(_CHANGE_BITS + _ITEM_BITS)
_CHANGE_MASK = np.uint32((1 << _CHANGE_BITS) - 1)
_BIAS = LARGEST_CHANGE + 1
_CHANGES = np.arange(1 << _CHANGE_BITS, dtype=np.float64) - _BIAS

Arrays = Mapping[str, NDArray[Any]]
"""Arrays of several widths, by name, as the files keep them."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Which bin each item of each unit falls into: `bins[unit - first_unit, item]`."""

    first_unit: int
    bins: Ints
    wanted: NDArray[np.bool_]  # by unit: has an item in a bin

    @staticmethod
    def of(first_unit: int, bins: Ints, nowhere: int) -> Plan:
        return Plan(first_unit, bins, (bins != nowhere).any(axis=1))


@dataclass(frozen=True, slots=True)
class Layer:
    """`first_slot[f] … first_slot[f + 1]` are the slots of folio f, `start[s] … start[s + 1]` the
    entries of slot s. `entries` are packed: place 16 bits, item 5, change 11."""

    first_slot: NDArray[np.uint32]
    unit: NDArray[np.uint16]
    start: Ints
    entries: NDArray[np.uint32]
    known: NDArray[np.uint16] | None

    @staticmethod
    def of(entries: Entries, *, keeps_known: bool) -> Layer:
        """From netted entries."""
        folio, unit, length = _slots(entries)
        start = np.zeros(folio.size + 1, np.int64)
        np.cumsum(length, out=start[1:])
        folios = np.arange(int(folio[-1]) + 2 if folio.size else 1)
        return Layer(
            first_slot=np.searchsorted(folio, folios).astype(np.uint32),
            unit=unit.astype(np.uint16),
            start=start,
            entries=_packed(entries),
            known=_known(entries) if keeps_known else None,
        )

    @staticmethod
    def joined(parts: Sequence[Layer], *, keeps_known: bool) -> Layer:
        """Of layers of ascending ranges of folios."""
        first_slot = np.zeros(1, np.uint32)
        start = np.zeros(1, np.int64)
        for part in parts:
            behind = part.first_slot[first_slot.size :]
            first_slot = np.concatenate([first_slot, behind + np.uint32(start.size - 1)])
            start = np.concatenate([start, part.start[1:] + start[-1]])
        known = [part.known for part in parts if part.known is not None]
        return Layer(
            first_slot=first_slot,
            unit=np.concatenate([np.empty(0, np.uint16), *(part.unit for part in parts)]),
            start=start,
            entries=np.concatenate([np.empty(0, np.uint32), *(part.entries for part in parts)]),
            known=np.concatenate([np.empty(0, np.uint16), *known]) if keeps_known else None,
        )

    @staticmethod
    def from_arrays(arrays: Arrays, name: str) -> Layer:
        return Layer(
            arrays[f"{name}_first_slot"],
            arrays[f"{name}_unit"],
            arrays[f"{name}_start"],
            arrays[f"{name}_entries"],
            arrays.get(f"{name}_known"),
        )

    def arrays(self, name: str) -> Arrays:
        arrays: dict[str, Column] = {
            f"{name}_first_slot": self.first_slot,
            f"{name}_unit": self.unit,
            f"{name}_start": self.start,
            f"{name}_entries": self.entries,
        }
        if self.known is not None:
            arrays[f"{name}_known"] = self.known
        return arrays

    @property
    def units(self) -> tuple[int, int]:
        """The first unit and the one after the last."""
        return (int(self.unit.min()), int(self.unit.max()) + 1) if self.unit.size else (0, 0)

    def sizes(self, folio_count: int) -> Ints:
        """Entries by folio."""
        sizes = np.zeros(folio_count, np.int64)
        own = np.diff(self.start[self.first_slot])
        sizes[: own.size] = own
        return sizes

    def unpacked(self, lower: int, upper: int) -> Entries:
        """The entries of the folios lower <= f < upper."""
        bounds = self.first_slot[np.clip(np.arange(lower, upper + 1), 0, self.first_slot.size - 1)].astype(np.int64)
        lengths = np.diff(self.start[bounds[0] : bounds[-1] + 1])
        within = slice(int(self.start[bounds[0]]), int(self.start[bounds[-1]]))
        entries = self.entries[within]
        return Entries(
            folio=np.repeat(np.repeat(np.arange(lower, upper, dtype=np.uint32), np.diff(bounds)), lengths),
            unit=np.repeat(self.unit[bounds[0] : bounds[-1]], lengths),
            item=_item(entries).astype(np.uint8),
            place=(entries >> _PLACE_SHIFT).astype(np.uint16),
            change=_change(entries).astype(np.int16),
            known=None if self.known is None else self.known[within],
        )

    def read(self, tally: Tally, plan: Plan) -> None:
        """Add the entries that the plan wants."""
        pair, slot = self._slots(tally.question, plan)
        self._collect(tally, plan, pair, slot, self.start[slot], self.start[slot + 1], sign=1)

    def read_known_until(self, tally: Tally, plan: Plan, known_on: int) -> None:
        """Add the wanted entries recorded on `known_on` or before."""
        pair, slot = self._slots(tally.question, plan)
        start, stop = self.start[slot], self.start[slot + 1]
        self._collect(tally, plan, pair, slot, start, self._first_after(start, stop, known_on), sign=1)

    def take_off_known_after(self, tally: Tally, plan: Plan, known_on: int) -> None:
        """Take off the wanted entries recorded after `known_on`."""
        pair, slot = self._slots(tally.question, plan)
        start, stop = self.start[slot], self.start[slot + 1]
        self._collect(tally, plan, pair, slot, self._first_after(start, stop, known_on), stop, sign=-1)

    def _slots(self, question: Question, plan: Plan) -> tuple[Ints, Ints]:
        """The wanted slots of the question's folios, each with the number of its folio in the question."""
        bounded = np.clip(question.folio, -1, self.first_slot.size - 2)
        has_slots = (question.folio == bounded) & (bounded >= 0)
        first = self.first_slot[np.where(has_slots, bounded, 0)].astype(np.int64)
        count = np.where(has_slots, self.first_slot[np.where(has_slots, bounded + 1, 0)] - first, 0)
        slot = spans(first, count)
        pair = np.repeat(np.arange(first.size), count)
        row = self.unit[slot].astype(np.int64) - plan.first_unit
        wanted = plan.wanted[row]
        return pair[wanted], slot[wanted]

    def _first_after(self, start: Ints, stop: Ints, known_on: int) -> Ints:
        """By slot, the first entry recorded after `known_on`: bisection in all slots at once."""
        if self.known is None:
            raise TypeError("this layer keeps no knowledge")
        low, high = start.copy(), stop.copy()
        for _ in range(int((stop - start).max(initial=0)).bit_length()):
            middle = (low + high) >> 1
            open_ = low < high
            earlier = self.known[np.minimum(middle, self.known.size - 1)] <= known_on
            low = np.where(open_ & earlier, middle + 1, low)
            high = np.where(open_ & ~earlier, middle, high)
        return low

    def _collect(self, tally: Tally, plan: Plan, pair: Ints, slot: Ints, start: Ints, stop: Ints, *, sign: int) -> None:
        """Unit by unit, so that one table leads from place and item of an entry to bin and column."""
        question, unit = tally.question, self.unit[slot]
        filled = stop > start
        changes = _CHANGES * sign
        for number in np.unique(unit[filled]).tolist():
            here = np.flatnonzero(filled & (unit == number))
            bins = plan.bins[number - plan.first_unit] * (question.column_count + 1)
            cell_of = (question.column[:, None] + bins).ravel()
            first, lengths, group = start[here], stop[here] - start[here], question.group[pair[here]]
            for some in stretches(lengths):
                entries = self.entries.take(spans(first[some], lengths[some]))
                cells = cell_of.take(entries >> np.uint32(_CHANGE_BITS))
                tally.add(group[some], lengths[some], cells, changes.take(entries & _CHANGE_MASK))


def _slots(part: Entries) -> tuple[Column, Column, Ints]:
    """Folio, unit and length of each slot of sorted entries."""
    if not part.folio.size:
        none = np.empty(0, np.int64)
        return none, none, none
    changes = (part.folio[1:] != part.folio[:-1]) | (part.unit[1:] != part.unit[:-1])
    first = np.flatnonzero(np.append(True, changes))
    return part.folio[first], part.unit[first], np.diff(np.append(first, part.folio.size))


def _packed(part: Entries) -> NDArray[np.uint32]:
    packed = part.place.astype(np.uint32)
    packed <<= np.uint32(_ITEM_BITS)
    packed |= part.item.astype(np.uint32)
    packed <<= np.uint32(_CHANGE_BITS)
    packed |= (part.change.astype(np.int32) + _BIAS).astype(np.uint32)
    return packed


def _item(entries: NDArray[np.uint32]) -> NDArray[np.uint32]:
    return (entries >> np.uint32(_CHANGE_BITS)) & np.uint32(ITEMS - 1)


def _change(entries: NDArray[np.uint32]) -> NDArray[np.int32]:
    return (entries & _CHANGE_MASK).astype(np.int32) - np.int32(_BIAS)


def _known(part: Entries) -> NDArray[np.uint16]:
    return np.empty(0, np.uint16) if part.known is None else part.known.astype(np.uint16)
