"""A question to the cube: which folios under which group, which days, which places; and its tally.

The days are turned into bins: bin b holds the days after cut b - 1 up to cut b. What lies in no
bin or no wanted place falls into a last one that is thrown away, which is cheaper than filtering.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tracker.projections.cube_cells import DAYS, Column, Ints, Places


@dataclass(frozen=True, slots=True)
class Question:
    """`folio[i]` counts in the group whose part of the tally begins at `group_offset[i]`."""

    folio: Ints
    group_offset: Ints
    cuts: Ints
    column: Ints  # of the tally, by place index
    group_count: int
    column_count: int  # without the one that is thrown away

    @staticmethod
    def of(groups: Sequence[Sequence[int]], cuts: Ints, places: Places, wanted: Ints) -> Question:
        sizes = [len(group) for group in groups]
        stride = (cuts.size + 1) * (wanted.size + 1)
        index, known = places.index(wanted)
        column = np.full(places.ids.size, wanted.size, np.int64)
        column[index[known]] = np.flatnonzero(known)
        return Question(
            folio=np.array([folio for group in groups for folio in group], np.int64),
            group_offset=np.repeat(np.arange(len(groups)) * stride, sizes),
            cuts=cuts,
            column=column,
            group_count=len(groups),
            column_count=int(wanted.size),
        )

    @property
    def nowhere(self) -> int:
        """The bin that is thrown away."""
        return int(self.cuts.size)

    def bins(self, days: Column, *, after: int, until: int) -> Ints:
        """The bin of each day in after < day <= until; `nowhere` for the others."""
        bins = np.searchsorted(self.cuts, days)
        bins[(days <= after) | (days > until)] = self.nowhere
        return bins


def cuts_for(days: Ints, known_on: int | None) -> Ints:
    """The days asked for, ascending, and the known day among them where the identity changes."""
    cuts = np.unique(np.clip(days, -1, DAYS - 1))
    if known_on is None or not cuts.size or known_on >= cuts[-1]:
        return cuts
    return np.union1d(cuts, np.array([known_on]))


@dataclass(slots=True)
class Tally:
    """Changes collected for one question, added up once at the end."""

    question: Question
    _cells: list[Ints] = field(default_factory=list)
    _changes: list[NDArray[np.float64]] = field(default_factory=list)

    def add(self, offset: Ints, place: Column, change: Column, *, sign: int = 1) -> None:
        """Changes at `offset` (group and bin) in the column of their place. Takes `offset` over."""
        offset += self.question.column.take(place)
        self._cells.append(offset)
        # bincount adds floats: exact up to 2**53, far beyond any number of tickets
        self._changes.append(change.astype(np.float64) if sign > 0 else -change.astype(np.float64))

    def at_days(self, days: Ints) -> Ints:
        """Numbers in force on each day: (groups, days, places)."""
        asked = self.question
        shape = (asked.group_count, asked.nowhere + 1, asked.column_count + 1)
        size = int(np.prod(shape))
        if not self._cells or not asked.nowhere:
            return np.zeros((asked.group_count, days.size, asked.column_count), np.int64)
        total = np.bincount(np.concatenate(self._cells), np.concatenate(self._changes), size).reshape(shape)
        running = np.cumsum(total[:, :-1, :-1], axis=1)
        rows = np.searchsorted(asked.cuts, np.clip(days, -1, DAYS - 1))
        return running[:, rows, :].astype(np.int64)
