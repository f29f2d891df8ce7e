"""A question to the cube: which folios under which group, which days, which places; and its tally.

The days are turned into bins: bin b holds the days after cut b - 1 up to cut b. What lies in no
bin or no wanted place falls into a last one that is thrown away, which is cheaper than filtering.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tracker.projections.cube.cells import DAYS, Column, Ints, Places


@dataclass(frozen=True, slots=True)
class Question:
    """`folio[i]` counts in group `group[i]`; groups ascend."""

    folio: Ints
    group: Ints
    cuts: Ints
    column: Ints  # of the tally, by place index
    group_count: int
    column_count: int  # without the one that is thrown away

    @staticmethod
    def of(groups: Sequence[Sequence[int]], cuts: Ints, places: Places, wanted: Ints) -> Question:
        sizes = [len(group) for group in groups]
        index, known = places.index(wanted)
        column = np.full(places.ids.size, wanted.size, np.int64)
        column[index[known]] = np.flatnonzero(known)
        return Question(
            folio=np.array([folio for group in groups for folio in group], np.int64),
            group=np.repeat(np.arange(len(groups)), sizes),
            cuts=cuts,
            column=column,
            group_count=len(groups),
            column_count=int(wanted.size),
        )

    @property
    def nowhere(self) -> int:
        """The bin that is thrown away."""
        return int(self.cuts.size)

    @property
    def stride(self) -> int:
        """Cells of the tally in one group: bins and columns with those thrown away."""
        return (self.cuts.size + 1) * (self.column_count + 1)

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


class Tally:
    """Changes added up by group, bin and column.

    As floats, because that is how NumPy adds by index: exact up to 2**53, beyond any number of tickets.
    """

    def __init__(self, question: Question) -> None:
        self.question = question
        self._total = np.zeros((question.group_count, question.stride))

    def add(self, group: Ints, lengths: Ints, cells: Ints, changes: NDArray[np.float64]) -> None:
        """`lengths[i]` changes of `group[i]`, ascending, at `cells` (bin and column added up).

        Works in `cells`, to spare an array.
        """
        if not cells.size:
            return
        first, last = int(group[0]), int(group[-1])
        cells += np.repeat((group - first) * self.question.stride, lengths)
        within = self._total[first : last + 1]
        within += np.bincount(cells, changes, within.size).reshape(within.shape)

    def at_days(self, days: Ints) -> Ints:
        """Numbers in force on each day: (groups, days, places)."""
        asked = self.question
        total = self._total.reshape(asked.group_count, asked.nowhere + 1, asked.column_count + 1)
        running = np.cumsum(total[:, :-1, :-1], axis=1)
        rows = np.searchsorted(asked.cuts, np.clip(days, -1, DAYS - 1))
        return running[:, rows, :].astype(np.int64)
