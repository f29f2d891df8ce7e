"""The cube against an oracle that adds up cells in plain loops and knows no layer, bin or roll-up."""

from __future__ import annotations

import itertools
import random
import struct
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

from tracker.projections.cube import Cube, CubeUnusable
from tracker.projections.cube import base as cube_base
from tracker.projections.cube.cells import Batch

CellRow = tuple[int, int, int, int]  # folio, place, day, change
DeltaRow = tuple[int, int, list[CellRow]]  # position, recorded_on, cells

FIRST_DAY = 19_700  # 2023-12-09: the spans below cross two ends of years
PLACES = (7, 1001, 1002, 250_000)


def packed(delta: DeltaRow) -> tuple[int, int, bytes]:
    position, recorded_on, cells = delta
    return position, recorded_on, b"".join(struct.pack("<IIHb", *cell) for cell in cells)


def rows_of(log: Iterable[DeltaRow]) -> list[tuple[int, int, bytes]]:
    return [packed(delta) for delta in log]


def build(batches: Iterable[Sequence[tuple[int, int, bytes]]], *, epoch: str, position: int) -> Cube:
    return Cube.build(map(Batch.of, batches), epoch=epoch, position=position)


class Table:
    """Stands where the table `mark_deltas` stands, and remembers how much was read from it."""

    def __init__(self, log: Sequence[DeltaRow]) -> None:
        self.rows = rows_of(log)
        self.rows_read = 0

    def between(self, lower: int, upper: int) -> list[tuple[int, int, bytes]]:
        found = [row for row in self.rows if lower < row[0] <= upper]
        self.rows_read += len(found)
        return found


def counted(
    log: Sequence[DeltaRow], folios: Sequence[int], place: int, days: Sequence[int], position: int
) -> list[int]:
    """The oracle: for each day, the cells of these folios there that were known at the position, added up."""
    here = [
        (from_day, change * folios.count(folio))
        for at, _, cells in log
        if at <= position
        for folio, where, from_day, change in cells
        if where == place and folio in folios
    ]
    return [sum(change for from_day, change in here if from_day <= day) for day in days]


def random_log(seed: int, *, events: int = 150, span: int = 500, folios: int = 12) -> list[DeltaRow]:
    """Hostile: bursts on one day, idle weeks, cells decades late or early, an import of a backlog."""
    dice = random.Random(seed)
    log: list[DeltaRow] = []
    recorded_on, position = FIRST_DAY, 0
    for _ in range(events):
        recorded_on += dice.choice((0, 0, 0, 0, 1, 1, 2, dice.randrange(span // 20)))
        position += dice.choice((1, 1, 1, 2, 9))
        log.append(
            (position, recorded_on, [_random_cell(dice, recorded_on, span, folios) for _ in range(dice.randrange(7))])
        )
    for _ in range(events // 3):  # all on one day, all late
        position += 1
        cells = [
            (dice.randrange(1, folios), dice.choice(PLACES), recorded_on - dice.randrange(1, span), 1) for _ in range(4)
        ]
        log.append((position, recorded_on, cells))
    return log


def _random_cell(dice: random.Random, recorded_on: int, span: int, folios: int) -> CellRow:
    lag = dice.choice((0, 0, 0, 1, -1, 31, -31, dice.randrange(-span, span), dice.randrange(-9000, 9000)))
    change = dice.choice((1, 1, -1, -1, 2, -128, 127))
    return dice.choice((1, 2, dice.randrange(3, folios))), dice.choice(PLACES), max(0, recorded_on - lag), change


def hunted_days(dice: random.Random, log: Sequence[DeltaRow]) -> list[int]:
    """Days of cells, recorded days, ends of months and of years, each with its neighbours."""
    days = {0, 65_535}
    for _, recorded_on, cells in dice.sample(log, 4):
        for day in (recorded_on, *(cell[2] for cell in cells[:2]), *dice.sample((19_722, 20_088, 19_782, 19_813), 1)):
            days.update((max(0, day - 1), day, day + 1))
    asked = list(days)
    dice.shuffle(asked)
    return asked


def hunted_positions(dice: random.Random, log: Sequence[DeltaRow], head: int) -> list[int]:
    """First, inner and last positions of recorded days, gaps between deltas, before all, the head."""
    positions = {0, log[0][0] - 1, log[0][0], log[-1][0], head, head - 1}
    for index in dice.sample(range(1, len(log)), 12):
        positions.update((log[index][0], log[index][0] - 1, log[index - 1][0]))
    return sorted(p for p in positions if 0 <= p <= head)


def assert_exact(cube: Cube, log: Sequence[DeltaRow], table: Table, dice: random.Random) -> None:
    groups = [[1], [2, 1], [], [3, 4, 5, 99_999], list(range(1, 13))]
    for position in hunted_positions(dice, log, cube.position):
        days = hunted_days(dice, log)
        counts = cube.counts(groups, days, position=position, places=None, deltas_between=table.between)
        assert counts.places == PLACES
        for g, folios in enumerate(groups):
            for p, place in enumerate(counts.places):
                expected = counted(log, folios, place, days, position)
                assert counts.numbers[g, :, p].tolist() == expected, (folios, place, position, days)


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("batch", [1, 7, 1000])
def test_any_pair_of_day_and_position_equals_a_count_of_cells(seed: int, batch: int) -> None:
    log = random_log(seed)
    rows = rows_of(log)
    batches = [rows[start : start + batch] for start in range(0, len(rows), batch)]
    cube = build(batches, epoch="e", position=log[-1][0] + 3)
    assert_exact(cube, log, Table(log), random.Random(seed + batch))


@pytest.mark.parametrize("seed", range(12))
def test_a_cube_that_caught_up_says_what_a_built_one_says(seed: int, tmp_path: Path) -> None:
    log, dice = random_log(seed), random.Random(seed)
    table = Table(log)
    stops = sorted(dice.sample(range(1, len(log)), 6))
    cube = build([rows_of(log[: stops[0]])], epoch="e", position=log[stops[0] - 1][0])
    for start, stop in zip(stops, [*stops[1:], len(log)], strict=True):
        position = log[stop - 1][0]
        cube.catch_up(rows_of(log[max(0, start - 3) : stop]), position=position)  # some again
        cube.catch_up(rows_of(log[:start]), position=position)
        if dice.random() < 0.4:
            cube.save(tmp_path)
            assert cube.tail_cells == 0
        if dice.random() < 0.4:
            cube.save(tmp_path)
            cube = Cube.open(tmp_path)
        assert cube.position == position
    assert_exact(cube, log, table, dice)


def test_the_base_is_the_same_however_many_folios_are_sorted_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    log = random_log(5)
    monkeypatch.setattr(cube_base, "CELLS_AT_ONCE", 40)
    cube = build([rows_of(log)], epoch="e", position=log[-1][0])
    assert_exact(cube, log, Table(log), random.Random(5))


def test_keys_too_wide_for_one_word_are_sorted_in_halves() -> None:
    dice = random.Random(1)
    log: list[DeltaRow] = []
    for position in range(1, 400):
        cells = [
            (dice.choice((1, 2, 3, 2**21 + dice.randrange(9))), place, dice.choice((0, 65_535, 9, position * 99)), 1)
            for place in dice.sample(range(1, 3_000_000), 20)
        ]
        log.append((position, position * 160, cells))
    cube = build([rows_of(log)], epoch="e", position=399)
    folios, days = [[1], [2, 3], [2**21 + 4]], [0, 9, 30_000, 65_535]
    for position in (399, 200):
        counts = cube.counts(folios, days, position=position, places=None, deltas_between=Table(log).between)
        for g, group in enumerate(folios):
            for d, day in enumerate(days):
                expected = sum(
                    change
                    for at, _, cells in log
                    if at <= position
                    for folio, _, from_day, change in cells
                    if folio in group and from_day <= day
                )
                assert counts.numbers[g, d].sum() == expected


def test_an_import_of_five_thousand_on_one_day_keeps_every_one() -> None:
    log = [(n, FIRST_DAY, [(1, 7, FIRST_DAY - 400, 1), (1, 7, FIRST_DAY - 3, 1)]) for n in range(1, 5001)]
    cube = build([rows_of(log)], epoch="e", position=5000)
    table = Table(log)
    days = [FIRST_DAY - 401, FIRST_DAY - 400, FIRST_DAY - 3, FIRST_DAY]
    for position in (5000, 4000, 1000, 1, 0):
        counts = cube.counts([[1]], days, position=position, places=[7], deltas_between=table.between)
        assert counts.numbers.ravel().tolist() == [0, position, 2 * position, 2 * position]
    assert table.rows_read <= 1000 + 1000 + 1 + 1


def test_the_end_of_a_recorded_day_needs_no_delta_from_the_table() -> None:
    log = random_log(3)
    table = Table(log)
    cube = build([table.rows], epoch="e", position=log[-1][0])
    ends = [a[0] for a, b in itertools.pairwise(log) if a[1] < b[1]]
    for position in (*ends, log[-1][0]):
        cube.counts([[1, 2]], [FIRST_DAY + 100], position=position, places=None, deltas_between=table.between)
    assert table.rows_read == 0


def test_places_are_answered_in_the_order_asked_and_unknown_ones_count_nothing() -> None:
    log = [
        (
            1,
            FIRST_DAY,
            [(1, 7, FIRST_DAY, 1), (1, 1001, FIRST_DAY, 1), (1, 1001, FIRST_DAY, 1), (2, 1002, FIRST_DAY, 1)],
        )
    ]
    cube = build([rows_of(log)], epoch="e", position=1)
    counts = cube.counts([[1]], [FIRST_DAY], position=1, places=[1001, 4, 7], deltas_between=Table(log).between)
    assert counts.places == (1001, 4, 7)
    assert counts.numbers.tolist() == [[[2, 0, 1]]]


def test_an_empty_ledger_counts_nothing_and_can_be_saved(tmp_path: Path) -> None:
    build([], epoch="e", position=0).save(tmp_path)
    cube = Cube.open(tmp_path)
    assert cube.counts([[1], []], [5, 4], position=0, places=[7], deltas_between=Table([]).between).numbers.sum() == 0
    log = random_log(1)
    cube.catch_up(rows_of(log), position=log[-1][0])
    assert_exact(cube, log, Table(log), random.Random(1))


def test_a_position_that_the_cube_does_not_know_is_a_fault() -> None:
    cube = build([], epoch="e", position=4)
    with pytest.raises(ValueError, match="up to position 4, not 5"):
        cube.counts([[1]], [1], position=5, places=None, deltas_between=Table([]).between)


@pytest.mark.parametrize(
    "log",
    [[(2, 9, []), (1, 9, [])], [(1, 9, []), (1, 9, [])], [(1, 9, []), (2, 8, [])]],
    ids=["position back", "position twice", "recorded day back"],
)
@pytest.mark.parametrize("batch", [1, 2])
def test_a_log_that_goes_back_is_refused(log: list[DeltaRow], batch: int) -> None:
    rows = rows_of(log)
    with pytest.raises(ValueError, match="ascend"):
        build([rows[i : i + batch] for i in range(0, 2, batch)], epoch="e", position=2)


def test_cells_cut_short_are_refused() -> None:
    with pytest.raises(ValueError, match="cut short"):
        build([[(1, 9, b"\x00" * 12)]], epoch="e", position=1)


def test_a_saved_cube_keeps_its_epoch_and_replaces_the_older_one(tmp_path: Path) -> None:
    log = random_log(2)
    for epoch, size in (("first", 20), ("second", 90)):
        build([rows_of(log[:size])], epoch=epoch, position=log[size - 1][0]).save(tmp_path)
    cube = Cube.open(tmp_path)
    assert (cube.epoch, cube.position) == ("second", log[89][0])
    assert len([entry for entry in tmp_path.iterdir() if entry.is_dir()]) == 1


def test_a_cube_of_another_ledger_with_a_longer_log_can_be_replaced(tmp_path: Path) -> None:
    log = random_log(2)
    build([rows_of(log)], epoch="old", position=log[-1][0]).save(tmp_path)
    build([rows_of(log[:9])], epoch="new", position=log[8][0]).save(tmp_path)
    assert Cube.open(tmp_path).epoch == "new"


@pytest.mark.parametrize("damage", ["absent", "pointer", "facts", "array missing", "array cut", "format"])
def test_files_that_cannot_be_read_are_said_to_be_unusable(tmp_path: Path, damage: str) -> None:
    if damage != "absent":
        build([rows_of(random_log(2))], epoch="e", position=10_000).save(tmp_path)
        (generation,) = (entry for entry in tmp_path.iterdir() if entry.is_dir())
        array = generation / "days_entries.npy"
    if damage == "pointer":
        (tmp_path / "current").write_text("elsewhere")
    elif damage == "facts":
        (generation / "facts.json").write_text("{")
    elif damage == "array missing":
        array.unlink()
    elif damage == "array cut":
        array.write_bytes(array.read_bytes()[:-40])
    elif damage == "format":
        (generation / "facts.json").write_text('{"format": 0}')
    with pytest.raises(CubeUnusable):
        Cube.open(tmp_path)


def test_readers_see_whole_states_while_others_catch_up_and_save(tmp_path: Path) -> None:
    """Each event puts one mark under two folios: a torn state would show them unequal."""
    log: list[DeltaRow] = [
        (n, FIRST_DAY + n // 50, [(1, 7, FIRST_DAY, 1), (2, 1000 + n % 40, FIRST_DAY + n % 90, 1)])
        for n in range(1, 3001)
    ]
    rows = rows_of(log)
    cube = build([rows[:100]], epoch="e", position=100)
    table = Table(log)
    wrong: list[object] = []
    done = threading.Event()

    def read() -> None:
        dice = random.Random(threading.get_ident())
        while not done.is_set():
            position = dice.choice((cube.position, dice.randrange(1, cube.position + 1)))
            numbers = cube.counts(
                [[1], [2]], [FIRST_DAY + 200], position=position, places=None, deltas_between=table.between
            ).numbers.sum(axis=(1, 2))
            if numbers.tolist() != [position, position]:
                wrong.append((position, numbers))

    def write(offset: int) -> None:
        for end in range(110 + offset, 3001, 10):
            start = cube.position
            cube.catch_up(rows[start:end], position=end)
            if end % 500 == offset:
                cube.save(tmp_path)

    readers = [threading.Thread(target=read) for _ in range(3)]
    writers = [threading.Thread(target=write, args=(offset,)) for offset in (0, 10)]
    for thread in (*readers, *writers):
        thread.start()
    for thread in writers:
        thread.join()
    done.set()
    for thread in readers:
        thread.join()
    assert not wrong
    assert cube.position == 3000
