"""Which column holds which field: the header is found under titles and merged cells, and its words
are matched in any language and spelling. What matched, what is unknown and what lacks is reported.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from tracker.domain.registers import Field, HasFields
from tracker.exchange.folding import fold_heading
from tracker.exchange.sheets import Cell, Sheet, letters

SEARCHED_ROWS = 13  # a header stands under at most twelve rows of titles and notes
_MAX_HEADING = 60
SERIAL = "#"
"""Target of a column that only numbers the rows (序号)."""
IGNORED = "@ignored"
"""Target of a column that a foreign layout has and we do not want."""
_MANY = (SERIAL, IGNORED)  # targets that several columns may have
_SERIAL_WORDS = ("序号", "编号", "问题编号", "no", "no.", "number", "№")


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the sheet. `target`: a field's name, SERIAL, IGNORED, or None where nobody knows it."""

    index: int
    heading: str
    target: str | None

    @property
    def letter(self) -> str:
        return letters(self.index)


@dataclass(frozen=True)
class Header:
    """`last_row` is the row (from 1) above the first record. `duplicates` matched a taken field."""

    first_row: int
    last_row: int
    columns: tuple[Column, ...]
    unknown: tuple[Column, ...]
    duplicates: tuple[Column, ...]

    def field_count(self) -> int:
        return sum(1 for column in self.columns if column.target not in (None, SERIAL))

    def column_of(self, target: str) -> Column | None:
        return next((column for column in self.columns if column.target == target), None)


class HeadingIndex:
    """From the words of headings to targets; the first meaning given to a word stays."""

    def __init__(
        self, register: HasFields, step_columns: Sequence[Field] = (), extra: Mapping[str, str] | None = None
    ) -> None:
        self._targets: dict[str, str] = {}
        for heading, target in (extra or {}).items():
            self._add(fold_heading(heading)[0], target)
        self._add_fields(register.fields)
        for word in _SERIAL_WORDS:
            self._add(fold_heading(word)[0], SERIAL)
        self._add_fields(step_columns)

    def _add_fields(self, fields: Sequence[Field]) -> None:
        """Labels of all fields before synonyms of any, exact words before shortened ones."""
        labels = [(text, f.name) for f in fields for text in f.label.values()]
        words = [(text, f.name) for f in fields for text in (*f.headings, f.name)]
        for level in (0, 1):
            for text, name in (*labels, *words):
                self._add(fold_heading(text)[level], name)

    def _add(self, key: str, target: str) -> None:
        if key:
            self._targets.setdefault(key, target)

    def find(self, heading: str) -> str | None:
        if not heading or len(heading) > _MAX_HEADING:
            return None
        whole, bare = fold_heading(heading)
        return self._targets.get(whole) or self._targets.get(bare)


def find_header(sheet: Sheet, index: HeadingIndex) -> Header | None:
    """The row, or pair of rows, among the first 13 that names the most fields; None when none does."""
    rows = [cells for _, cells in islice(sheet.rows(), SEARCHED_ROWS + 1)]
    best: Header | None = None
    for first in range(min(SEARCHED_ROWS, len(rows))):
        single = [(_heading(cell),) for cell in rows[first]]
        for header in (
            _header(single, first, first, index),
            _header(_paired(rows, first), first, first + 1, index) if first + 1 < len(rows) else None,
        ):
            if header and header.field_count() and (best is None or _worth(header) > _worth(best)):
                best = header
    return best


def likely_headings(sheet: Sheet) -> tuple[str, ...]:
    """The texts of the row that looks most like a header, for the message that none was understood."""
    rows = [[_heading(cell) for cell in cells] for _, cells in islice(sheet.rows(), SEARCHED_ROWS)]
    texts = [[text for text in row if text and len(text) <= _MAX_HEADING] for row in rows]
    return tuple(max(texts, key=lambda row: len(set(row)), default=[])[:20])


def _worth(header: Header) -> tuple[int, int]:
    return header.field_count(), sum(1 for column in header.columns if column.target == SERIAL)


def _heading(cell: Cell) -> str:
    return " ".join(str(cell).split()) if isinstance(cell, str) else ""


def _paired(rows: Sequence[Sequence[Cell]], first: int) -> list[tuple[str, ...]]:
    """Per column the words to try: parent and child together, the child, and a parent without child.

    A parent merged across columns stands in the first of them only; it is carried to the right over
    columns that have a child.
    """
    upper, lower = list(rows[first]), list(rows[first + 1])
    width = max(len(upper), len(lower))
    tries: list[tuple[str, ...]] = []
    parent = ""
    for column in range(width):
        own = _heading(upper[column]) if column < len(upper) else ""
        child = _heading(lower[column]) if column < len(lower) else ""
        parent = own or parent
        tries.append((parent + child, child) if child else (own,))
    return tries


def _header(tries: Sequence[Sequence[str]], first: int, last: int, index: HeadingIndex) -> Header:
    columns: list[Column] = []
    duplicates: list[Column] = []
    taken: set[str] = set()
    for position, words in enumerate(tries):
        shown = words[-1]
        if not shown:
            continue
        target = next((found for word in words if (found := index.find(word))), None)
        if target is not None and target in taken and not target.startswith(_MANY):
            duplicates.append(Column(position, shown, None))
            continue
        if target is not None:
            taken.add(target)
        columns.append(Column(position, shown, target))
    unknown = tuple(column for column in columns if column.target is None)
    return Header(first + 1, last + 1, tuple(columns), unknown, tuple(duplicates))
