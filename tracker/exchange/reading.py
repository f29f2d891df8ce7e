"""What a reading is made of: rows, their mistakes by cell, what was skipped, which columns were known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from tracker.exchange.cell_days import DayOrder
from tracker.exchange.headings import Column
from tracker.exchange.values import Value


@dataclass(frozen=True, slots=True)
class CellError:
    """What is wrong with a cell: where it stands and a code of `domain.refusals` with its parameters.

    `cell` is the address (B17); a required field without a column has the row alone.
    """

    sheet: str
    row: int
    cell: str
    field: str
    code: str
    params: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class PastStep:
    """Something that the row says has happened: `kind` replied, on a day, with its text."""

    kind: str
    on: date
    text: str


@dataclass(frozen=True, slots=True)
class RowReading:
    """One record. `values` holds what could be read, private fields in clear; empty fields are absent.
    `step_values`: what the row says about steps (owner_unit, due_on, closed_on …).

    `errors` keep the row out; `notes` do not: a step names a unit or person that nobody here knows.
    `serial`: what the column 序号 says. `external_key`: the register's unique number, or a keyed hash
    of the row's content; the same row of the same file, read again, has the same key.
    `duplicate_of`: the earlier row of this file with the same key.
    """

    source_row: int
    serial: str
    names: tuple[str, ...]
    cells: tuple[Value, ...]
    errors: tuple[CellError, ...]
    external_key: str
    duplicate_of: int | None = None
    history: tuple[PastStep, ...] = ()
    notes: tuple[CellError, ...] = ()
    step_names: frozenset[str] = frozenset()

    @property
    def values(self) -> dict[str, Value]:
        return {n: v for n, v in self._filled() if n not in self.step_names}

    @property
    def step_values(self) -> dict[str, Value]:
        return {n: v for n, v in self._filled() if n in self.step_names}

    def _filled(self) -> Iterator[tuple[str, Value]]:
        return ((n, v) for n, v in zip(self.names, self.cells, strict=True) if v is not None)

    @property
    def is_ready(self) -> bool:
        return not self.errors and self.duplicate_of is None


@dataclass(frozen=True, slots=True)
class SkippedRow:
    """A filled row that is no record. `reason`: total, note, repeated_header, section, continuation,
    empty_record (a number and nothing else), no_main_text (a number and words in unknown columns)."""

    row: int
    reason: str
    text: str


@dataclass(frozen=True, slots=True)
class SheetSummary:
    """A sheet of the file, so that the preview can offer another one."""

    name: str
    height: int
    field_count: int
    is_hidden: bool


@dataclass(frozen=True)
class ImportReading:
    """All that a sheet says. `missing_required`: required fields that have no column and no default.

    `day_orders`: date columns whose own cells proved whether month or day stands first.
    """

    register: str
    sheet: str
    columns: tuple[Column, ...]
    header_row: int
    rows: tuple[RowReading, ...]
    skipped: tuple[SkippedRow, ...]
    unknown_columns: tuple[Column, ...]
    duplicate_columns: tuple[Column, ...]
    missing_required: tuple[str, ...]
    profile: str | None = None
    warnings: tuple[str, ...] = ()
    sheets: tuple[SheetSummary, ...] = ()
    day_orders: Mapping[str, DayOrder] = field(default_factory=dict)

    @property
    def ready_rows(self) -> tuple[RowReading, ...]:
        """Rows without errors that do not repeat an earlier one; none while a required column lacks."""
        return () if self.missing_required else tuple(row for row in self.rows if row.is_ready)

    @property
    def errors(self) -> Iterator[CellError]:
        return (error for row in self.rows for error in row.errors)
