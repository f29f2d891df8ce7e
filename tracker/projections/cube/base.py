"""The base: all cells up to a position in five layers, and how they answer for any pair.

days, months, years hold what is known now. late holds again the cells recorded after the day they
took effect, scheduled those recorded before it. With K the day known and D the effective day:
D <= K: now(day <= D) - late(day <= D, known > K);
D > K: the former at K, + scheduled(K < day <= D, known <= K).
A cell recorded on its own day is in neither: it is known whenever it is in effect.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from tracker.projections.cube.cells import DAYS, FIRST_DAY_OF_MONTH, Cells, Ints, KnownDays
from tracker.projections.cube.entries import Entries
from tracker.projections.cube.layers import ITEMS, Arrays, Layer, Plan
from tracker.projections.cube.question import Question, Tally

_NOW = ("days", "months", "years")
_LAYERS = (*_NOW, "late", "scheduled")
_KNOWN_DAYS = ("recorded_on", "first", "last")

CELLS_AT_ONCE = 2_000_000
"""How many cells a thread sorts together; what a build needs beside the cells grows with it."""
_THREADS = 2


@dataclass(frozen=True, slots=True)
class Base:
    """Immutable; `merged` makes the next one."""

    days: Layer
    months: Layer
    years: Layer
    late: Layer
    scheduled: Layer
    known_days: KnownDays

    @staticmethod
    def empty() -> Base:
        now = Layer.of(Entries.none(), keeps_known=False)
        known = Layer.of(Entries.none(), keeps_known=True)
        return Base(now, now, now, known, known, KnownDays.joined([]))

    @staticmethod
    def from_arrays(arrays: Arrays) -> Base:
        layers = {name: Layer.from_arrays(arrays, name) for name in _LAYERS}
        first, last = arrays["known_days_first"], arrays["known_days_last"]
        return Base.of(layers, KnownDays(arrays["known_days_recorded_on"], first, last))

    @staticmethod
    def of(layers: Mapping[str, Layer], known_days: KnownDays) -> Base:
        """From layers by name."""
        return Base(
            days=layers["days"],
            months=layers["months"],
            years=layers["years"],
            late=layers["late"],
            scheduled=layers["scheduled"],
            known_days=known_days,
        )

    def arrays(self) -> Arrays:
        arrays = {f"known_days_{name}": getattr(self.known_days, name) for name in _KNOWN_DAYS}
        for name in _LAYERS:
            arrays.update(getattr(self, name).arrays(name))
        return arrays

    def merged(self, parts: Sequence[Cells], known_days: KnownDays) -> Base:
        """This base with cells that follow it in the log, each part sorted by folio.

        Costs a sort of everything it holds; NumPy sorts outside of the interpreter's lock, so two threads help.
        """
        layers: dict[str, list[Layer]] = {name: [] for name in _LAYERS}
        with ThreadPoolExecutor(_THREADS) as pool:
            for made in pool.map(lambda within: self._layers(parts, *within), self._folio_ranges(parts)):
                for name, layer in made.items():
                    layers[name].append(layer)
        joined = {name: Layer.joined(layers.pop(name), keeps_known=name not in _NOW) for name in _LAYERS}
        return Base.of(joined, KnownDays.joined([self.known_days, known_days]))

    def _layers(self, parts: Sequence[Cells], lower: int, upper: int) -> dict[str, Layer]:
        """Every layer for a range of folios."""
        cells = Cells.joined([part.of_folios(lower, upper) for part in parts])
        entries = self._entries(cells, lower, upper)
        return {name: Layer.of(entries[name], keeps_known=name not in _NOW) for name in _LAYERS}

    def read(self, tally: Tally, known_on: int | None) -> None:
        """Add what was known at the end of a recorded day (None: all) to the tally.

        `known_on` is one of the tally's cuts unless no cut lies behind it.
        """
        until = DAYS if known_on is None else known_on
        self._read_now(tally, until)
        if known_on is None:
            return
        first, stop = self.late.units
        self.late.take_off_known_after(tally, _days_plan(tally.question, first, stop, after=-1, until=until), until)
        first, stop = self.scheduled.units
        plan = _days_plan(tally.question, max(first, 0), stop, after=until, until=DAYS)
        self.scheduled.read_known_until(tally, plan, until)

    def _read_now(self, tally: Tally, until: int) -> None:
        """Whole years from the years, of the others whole months from the months, the rest by day."""
        question = tally.question
        first, stop = self.days.units
        bins, months_apart = _whole(question, np.arange(first, stop), 1, until)
        years = np.arange(first // 12, -(-stop // 12))
        year_bins, years_apart = _whole(question, years * 12, 12, until)
        nowhere = question.nowhere
        self.years.read(tally, Plan.of(first // 12, _by_item(year_bins[:, None], nowhere), nowhere))
        in_years = np.full((years.size, 12), nowhere)
        in_years.reshape(-1)[first % 12 : first % 12 + bins.size] = bins
        in_years[~years_apart] = nowhere
        self.months.read(tally, Plan.of(first // 12, _by_item(in_years, nowhere), nowhere))
        plan = _days_plan(question, first, stop, after=-1, until=until)
        plan.bins[~months_apart] = nowhere
        self.days.read(tally, Plan.of(first, plan.bins, nowhere))

    def _folio_ranges(self, parts: Sequence[Cells]) -> Iterator[tuple[int, int]]:
        """Ranges of folios with some CELLS_AT_ONCE cells and entries each."""
        largest = max(int(part.folio[-1]) + 1 if part.size else 0 for part in parts)
        sizes = np.zeros(max(largest, self.days.first_slot.size), np.int64)
        for part in parts:
            sizes += np.bincount(part.folio, minlength=sizes.size)
        for layer in (self.days, self.late, self.scheduled):
            sizes += layer.sizes(sizes.size)
        number = np.cumsum(sizes) // CELLS_AT_ONCE
        starts = np.flatnonzero(np.diff(number, prepend=-1))
        yield from zip(starts.tolist(), [*starts[1:].tolist(), sizes.size], strict=True)

    def _entries(self, cells: Cells, lower: int, upper: int) -> dict[str, Entries]:
        """The netted entries of every layer for a range of folios."""
        late = cells.at(cells.recorded_on > cells.day)
        scheduled = cells.at(cells.recorded_on < cells.day)
        days = _with(self.days.unpacked(lower, upper), Entries.of(cells, with_known=False))
        months = days.by_month_of_year().netted()
        return {
            "days": days,
            "months": months,
            "years": months.by_year().netted(),
            "late": _with(self.late.unpacked(lower, upper), Entries.of(late, with_known=True)),
            "scheduled": _with(self.scheduled.unpacked(lower, upper), Entries.of(scheduled, with_known=True)),
        }


def _with(old: Entries, new: Entries) -> Entries:
    return Entries.joined([old, new]).netted()


def _days_plan(question: Question, first: int, stop: int, *, after: int, until: int) -> Plan:
    """A plan by day for the months first <= m < stop."""
    days = FIRST_DAY_OF_MONTH[first:stop, None] + np.arange(ITEMS)
    return Plan.of(first, question.bins(days, after=after, until=until), question.nowhere)


def _whole(question: Question, months: Ints, length: int, until: int) -> tuple[Ints, Ints]:
    """The bin of each span of `length` months, nowhere if it is cut apart; and which are cut apart."""
    first = question.bins(FIRST_DAY_OF_MONTH[months], after=-1, until=until)
    last = question.bins(FIRST_DAY_OF_MONTH[months + length] - 1, after=-1, until=until)
    return np.where(first == last, first, question.nowhere), first != last


def _by_item(bins: Ints, nowhere: int) -> Ints:
    """Widened to the number of items that an entry can name."""
    return np.pad(bins, ((0, 0), (0, ITEMS - bins.shape[1])), constant_values=nowhere)
