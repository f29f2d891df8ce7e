"""On both databases a figure is the same by three ways: the marks, the cube, and the list behind it; and right.

"Right" is what a replay of the log counts that shares no code with the ledger (oracle.py). Several tickets of three
registers live at once, recorded late, corrected, merged; days and positions are those where faults live.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from figures.chooser import Chooser, Dice
from figures.comparing import check_rules
from figures.test_histories import REGISTERS
from figures.town_figures import Comparison
from sqlalchemy import URL
from township import PACK, Township

from tracker.projections import ledger as ledger_rows


@pytest.fixture
def town_pack():
    return PACK


@pytest.fixture
def town(database: URL) -> Iterator[Township]:
    founded = Township.joined(database)
    yield founded
    founded.close()


def live(town: Township, seed: int, times: int = 70, tickets: int = 8) -> Chooser:
    chooser = Chooser(town, Dice(seed), REGISTERS)
    chooser.happen(times=times, tickets=tickets)
    return chooser


def test_a_figure_a_cube_and_a_list_count_what_a_replay_counts(town: Township) -> None:
    chooser, comparison = live(town, 1), Comparison(town, Dice(1))
    for _ in range(3):
        comparison.check_pairs(4)
        chooser.happen(times=25)
    for ticket_id in chooser.ticket_ids:
        check_rules(town, ticket_id)


def test_months_and_villages_count_what_a_replay_counts(town: Township) -> None:
    live(town, 2)
    comparison = Comparison(town, Dice(2))
    for day, position in comparison.pairs(4):
        comparison.check_months(day, position)


def test_another_process_says_the_same(town: Township) -> None:
    live(town, 3)
    other = town.again()
    other.log, other.states = town.log, town.states
    try:
        comparison = Comparison(other, Dice(3), lists=4)
        comparison.check_pairs(3)
    finally:
        other.close()


# -- faults planted in what is written ----------------------------------------------------------------
def marks_never_end(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(ledger_rows.LedgerWriter, "_end", lambda *_: None)


def ends_are_not_written_where_marks_stand(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(ledger_rows.LedgerWriter, "_cut_off", lambda *_: None)


def cells_a_day_late(patch: pytest.MonkeyPatch) -> None:
    right = ledger_rows.pack_cells
    patch.setattr(
        ledger_rows,
        "pack_cells",
        lambda cells: right({(folio, unit, day + 1): n for (folio, unit, day), n in cells.items()}),
    )


def deltas_on_one_place(patch: pytest.MonkeyPatch) -> None:
    right = ledger_rows.pack_cells
    patch.setattr(
        ledger_rows,
        "pack_cells",
        lambda cells: right({(folio, min(u for _, u, _ in cells), day): n for (folio, _, day), n in cells.items()}),
    )


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "plant", [marks_never_end, ends_are_not_written_where_marks_stand, cells_a_day_late, deltas_on_one_place]
)
def test_a_fault_in_what_is_written_is_noticed(
    plant: Callable[[pytest.MonkeyPatch], None], town: Township, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch)
    live(town, 1)
    comparison = Comparison(town, Dice(1), lists=40)
    with pytest.raises(AssertionError, match="spec=FigureSpec"):
        comparison.check_pairs(12)
