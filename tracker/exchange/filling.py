"""What a person reads into empty cells: vertical merges, and 同上 for the cell above."""

from __future__ import annotations

from collections.abc import Sequence

from tracker.exchange.sheets import Cell, Sheet

_DITTO = frozenset({"同上", "〃", '"', "″", "''", "”", "ditto"})


class Filler:
    """Fills what a person reads into empty cells: vertical merges, and 同上 for the cell above."""

    def __init__(self, sheet: Sheet, columns: Sequence[int]) -> None:
        self._columns = tuple(columns)
        self._starts: dict[int, list[tuple[int, int]]] = {}
        for merge in sheet.merges:
            if merge.last_row > merge.first_row:
                start = self._starts.setdefault(merge.first_row + 1, [])
                start.append((merge.first_column, merge.last_row + 1))
        self._open: dict[int, tuple[int, Cell]] = {}
        self._above: dict[int, Cell] = {}

    def continues(self, number: int, column: int) -> bool:
        """Whether the cell lies in a merge that began in a row above."""
        return column in self._open and self._open[column][0] >= number

    def pass_over(self, number: int, cells: Sequence[Cell]) -> None:
        for column, last in self._starts.get(number, ()):
            self._open[column] = (last, cell_at(cells, column))

    def filled(self, number: int, cells: list[Cell]) -> list[Cell]:
        self.pass_over(number, cells)
        for column, (last, value) in list(self._open.items()):
            if last < number:
                del self._open[column]
            elif value is not None and cell_at(cells, column) is None:
                cells.extend([None] * (column + 1 - len(cells)))
                cells[column] = value
        for column in self._columns:
            cell = cells[column] if column < len(cells) else None
            if type(cell) is str and len(cell) <= 5 and cell.strip() in _DITTO:
                cells[column] = self._above.get(column)
            else:
                self._above[column] = cell
        return cells


def cell_at(cells: Sequence[Cell], index: int) -> Cell:
    """The cell of a row that ends where its last filled cell stands."""
    return cells[index] if index < len(cells) else None
