"""The cube: marks added up for whole reports, for any effective day as known at any log position.

A columnar cache of `mark_deltas`, refreshed by log position, never the truth: what it says can be
counted from the marks. cells are the columns of a change, entries places them in the calendar, layers packs them.
A base (mapped from files) and a tail of newer cells answer a question together, because a count is a sum over the log;
live keeps them up with it. The cube knows folios, places, days and positions as numbers; which folios make a figure is
for `queries/figures.py`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tracker.projections.cube.base import CELLS_AT_ONCE, Base
from tracker.projections.cube.cells import Batch, Cells, Delta, Ints, KnownDays, Places
from tracker.projections.cube.files import CubeUnusable, Stored, load, store
from tracker.projections.cube.question import Question, Tally, cuts_for
from tracker.projections.cube.tail import Run, Runs, joined_runs, with_run

__all__ = ["Counts", "Cube", "CubeUnusable", "Delta", "DeltasBetween"]

DeltasBetween = Callable[[int, int], Iterable[Delta]]
"""Rows of `mark_deltas` with lower < position <= upper, in the order of the log."""

OVERGROWN_CELLS = 2_000_000
"""A tail beyond this costs a report several milliseconds: time to save."""


@dataclass(frozen=True, slots=True)
class Counts:
    """`numbers[group, day, place]` of marks in force; `places` are the unit ids of the last axis."""

    numbers: Ints
    places: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _State:
    """What one reader works with from beginning to end; replaced whole, never changed."""

    base: Base
    runs: Runs
    places: Places
    position: int


class Cube:
    """Readers take no lock. `epoch` names the ledger it was built from: compare before use."""

    def __init__(self, epoch: str, state: _State) -> None:
        self.epoch = epoch
        self._state = state
        self._rest: tuple[int, int, Run] | None = None
        self._changing = threading.Lock()
        self._saving = threading.Lock()

    @staticmethod
    def build(batches: Iterable[Batch], *, epoch: str, position: int) -> Cube:
        """From all of `mark_deltas` in the order of the log, as of the head `position`.

        Batches of some thousand rows. ValueError: positions or recorded days that go back.
        """
        places = Places.none()
        parts: list[Cells] = []
        unsorted: list[Cells] = []
        known_days: list[KnownDays] = []
        for batch in batches:
            cells, places = batch.cells(places)
            unsorted.append(cells)
            known_days.append(KnownDays.of(batch.positions, batch.recorded_on))
            if sum(some.size for some in unsorted) >= CELLS_AT_ONCE:
                parts.append(Cells.joined(unsorted).by_folio())
                unsorted = []
        if unsorted:
            parts.append(Cells.joined(unsorted).by_folio())
        base = Base.empty()
        if parts:
            base = base.merged(parts, KnownDays.joined(known_days))
        return Cube(epoch, _State(base, (), places, position))

    @staticmethod
    def open(folder: Path) -> Cube:
        """The cube last saved in `folder`, mapped. CubeUnusable: none there, or not to be read."""
        stored = load(folder)
        try:
            places = Places(stored.arrays["places"])
            return Cube(stored.epoch, _State(Base.from_arrays(stored.arrays), (), places, stored.position))
        except KeyError as error:
            raise CubeUnusable(f"{folder}: no array {error}") from error

    @property
    def position(self) -> int:
        """The log position up to which the cube knows."""
        return self._state.position

    @property
    def tail_cells(self) -> int:
        """How many cells are not in the base yet."""
        return sum(run.cells.size for run in self._state.runs)

    @property
    def is_overgrown(self) -> bool:
        """Saving would make reports faster again."""
        return self.tail_cells > OVERGROWN_CELLS

    def save(self, folder: Path) -> None:
        """Merge the tail into the base, write it, and work from the written files.

        Takes seconds at millions of cells; readers and `catch_up` go on meanwhile.
        """
        with self._saving:
            state = self._state
            base = state.base
            if state.runs:
                newer = joined_runs(state.runs)
                base = base.merged([newer.cells], newer.known_days())
            store(folder, Stored(self.epoch, state.position, {**base.arrays(), "places": state.places.ids}))
            mapped = Base.from_arrays(load(folder).arrays)
            with self._changing:
                now = self._state
                rest = (run.between(state.position, now.position) for run in now.runs)
                runs = tuple(run for run in rest if run.cells.size)
                self._state = _State(mapped, runs, now.places, now.position)

    def catch_up(self, rows: Iterable[Delta], *, position: int) -> None:
        """Take in the deltas after the cube's position, up to `position`.

        Rows that it has already are left out, so two threads may bring the same ones.
        """
        with self._changing:
            state = self._state
            if position <= state.position:
                return
            newer = [row for row in rows if state.position < row[0] <= position]
            runs, places = state.runs, state.places
            if newer:
                run, places = Run.of(Batch.of(newer), places)
                runs = with_run(runs, run)
            self._state = _State(state.base, runs, places, position)

    def counts(
        self,
        groups: Sequence[Sequence[int]],
        days: Sequence[int],
        *,
        position: int,
        places: Sequence[int] | None,
        deltas_between: DeltasBetween,
    ) -> Counts:
        """Marks in force on each day, by group of folios and place, as known at `position`.

        A folio may stand in several groups. `places`: unit ids in the order wanted, None for all
        that ever occurred, ascending. `deltas_between` is asked for at most half of one recorded
        day, and only if `position` is neither its last nor in the tail. ValueError: a position
        that the cube does not know yet.
        """
        state = self._state
        if position > state.position:
            raise ValueError(f"the cube knows up to position {state.position}, not {position}")
        wanted = np.sort(state.places.ids) if places is None else np.array(places, np.int64)
        asked = np.array(days, np.int64)
        standing = state.base.known_days.standing(position)
        cuts = cuts_for(asked, standing.known_on)
        tally = Tally(Question.of(groups, cuts, state.places, wanted))
        state.base.read(tally, standing.known_on)
        for run in state.runs:
            run.read(tally, position, sign=1)
        if standing.sign:
            rest = self._rest_of_day(standing.lower, standing.upper, state.places, deltas_between)
            rest.read(tally, standing.upper, sign=standing.sign)
        return Counts(tally.at_days(asked), tuple(wanted.tolist()))

    def _rest_of_day(self, lower: int, upper: int, places: Places, deltas_between: DeltasBetween) -> Run:
        """The cells between two positions of a day. The latest are kept: a page asks several times at one position,
        and on the day of a large import they are tens of thousands."""
        kept = self._rest
        if kept is not None and kept[:2] == (lower, upper):
            return kept[2]
        rest, _ = Run.of(Batch.of(list(deltas_between(lower, upper))), places)
        self._rest = (lower, upper, rest)
        return rest
