"""The tail: cells newer than the base, in memory, with their exact positions.

Runs sorted by folio. A new run is joined with its neighbours while they are small, so that a
thousand single events leave a handful of runs and each cell is sorted again only some twenty times.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tracker.projections.cube.cells import Batch, Cells, Ints, KnownDays, Places, spans, stretches
from tracker.projections.cube.question import Tally


@dataclass(frozen=True, slots=True)
class Run:
    """Cells sorted by folio; `position` of each."""

    cells: Cells
    position: Ints

    @staticmethod
    def of(batch: Batch, places: Places) -> tuple[Run, Places]:
        """Also the places with those that are new."""
        cells, places = batch.cells(places)
        return Run.sorted(cells, batch.position_of_cells()), places

    @staticmethod
    def sorted(cells: Cells, position: Ints) -> Run:
        order = np.argsort(cells.folio, kind="stable")  # two sorted stretches merge in one pass
        return Run(cells.at(order), position[order])

    def joined(self, other: Run) -> Run:
        return Run.sorted(Cells.joined([self.cells, other.cells]), np.concatenate([self.position, other.position]))

    def between(self, lower: int, upper: int) -> Run:
        """The cells with lower < position <= upper."""
        inside: NDArray[np.bool_] = (self.position > lower) & (self.position <= upper)
        return Run(self.cells.at(inside), self.position[inside])

    def known_days(self) -> KnownDays:
        order = np.argsort(self.position)
        position, first = np.unique(self.position[order], return_index=True)
        return KnownDays.of(position, self.cells.recorded_on[order][first].astype(np.int64))

    def read(self, tally: Tally, position: int, *, sign: int) -> None:
        """Add the cells up to `position` to the tally, or take them off."""
        question = tally.question
        start = np.searchsorted(self.cells.folio, question.folio)
        lengths = np.searchsorted(self.cells.folio, question.folio, "right") - start
        for some in stretches(lengths):
            index = spans(start[some], lengths[some])
            changes = self.cells.change[index].astype(np.float64) * sign
            changes[self.position[index] > position] = 0
            cells = np.searchsorted(question.cuts, self.cells.day[index]) * (question.column_count + 1)
            cells += question.column[self.cells.place[index]]
            tally.add(question.group[some], lengths[some], cells, changes)


Runs = tuple[Run, ...]


def with_run(runs: Runs, new: Run) -> Runs:
    """The runs and a newer one, joined while the last is not twice as large."""
    while runs and runs[-1].cells.size < 2 * new.cells.size:
        new = runs[-1].joined(new)
        runs = runs[:-1]
    return (*runs, new)


def joined_runs(runs: Sequence[Run]) -> Run:
    """All runs as one; there is at least one."""
    return Run.sorted(Cells.joined([run.cells for run in runs]), np.concatenate([run.position for run in runs]))
