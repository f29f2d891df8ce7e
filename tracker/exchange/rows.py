"""The rows under a header, one by one: is it a record, what are its values, was it here before; every mistake
is named by its cell. What the rules say of a record is asked in `importing`."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from tracker.domain.layouts import Layout
from tracker.domain.links import settled_by_links, with_settled
from tracker.domain.numbers import own_number
from tracker.domain.records import RecordRegister
from tracker.domain.refusals import Refusal
from tracker.domain.registers import Field, FieldType, Register
from tracker.domain.values import is_needed
from tracker.exchange.cells import DayOrder
from tracker.exchange.filling import Filler, cell_at
from tracker.exchange.folding import fold
from tracker.exchange.headings import SERIAL, Header
from tracker.exchange.sheets import Cell, Sheet, address
from tracker.exchange.values import Reader, Surroundings, Value, reader_for
from tracker.log.vault import MASK

_TOTALS = frozenset({"合计", "总计", "共计", "小计", "累计", "total", "sum"})
_NOTES = ("说明", "备注:", "注:", "注1", "填表", "制表", "填报", "审核", "单位负责人", "负责人签", "联系人:")


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
class RowReading:
    """One record. `values` holds what could be read, private fields in clear; empty fields are absent.
    `step_values`: what the row says about steps (owner_unit, due_on, closed_on …), or a subject's state.

    `errors` keep the row out; `notes` do not: a step names a unit or person that nobody here knows, a private value
    is masked. `serial`: what the column 序号 says; `own_number`: that, where it is a whole number of this register,
    as our exports write it. `external_key`: the register's unique number, or a keyed hash of the row's content;
    the same row of the same file, read again, has the same key.
    `duplicate_of`: the earlier row of this file with the same key.
    """

    source_row: int
    serial: str
    names: tuple[str, ...]
    cells: tuple[Value, ...]
    errors: tuple[CellError, ...]
    external_key: str
    duplicate_of: int | None = None
    notes: tuple[CellError, ...] = ()
    step_names: frozenset[str] = frozenset()
    own_number: str | None = None

    @property
    def values(self) -> dict[str, Value]:
        pairs = zip(self.names, self.cells, strict=True)
        return {n: v for n, v in pairs if v is not None and n not in self.step_names}

    @property
    def step_values(self) -> dict[str, Value]:
        pairs = zip(self.names, self.cells, strict=True)
        return {n: v for n, v in pairs if v is not None and n in self.step_names}

    def value(self, name: str) -> Value:
        """One value, without putting all of them together."""
        return self.cells[self.names.index(name)] if name in self.names else None

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


@dataclass(frozen=True)
class Rules:
    """All that the rows of one sheet are read by."""

    sheet: Sheet
    header: Header
    layout: Layout | None
    register: Register | RecordRegister
    around: Surroundings
    today: date
    secret: bytes
    defaults: Mapping[str, Value]
    orders: Mapping[str, DayOrder]
    step_columns: tuple[Field, ...]

    def read_columns(self) -> list[tuple[int, Field, Reader]]:
        """Column, field and reader of each field that has a column."""
        fields = {known.name: known for known in (*self.step_columns, *self.register.fields)}
        columns = [(column, fields.get(column.target or "")) for column in self.header.columns]
        return [
            (column.index, known, reader_for(known, self.around, self._order(known), heading=column.heading))
            for column, known in columns
            if known is not None
        ]

    def _order(self, known: Field) -> DayOrder:
        return self.orders.get(known.name, DayOrder.UNKNOWN)


class RecordReader:
    """Goes down a sheet once. Keeps what the rows above said: merges, 同上, keys already seen."""

    def __init__(self, rules: Rules) -> None:
        register, header = rules.register, rules.header
        self._sheet, self._header, self._register = rules.sheet, header, register
        self._secret, self._today = rules.secret, rules.today
        self._fields = rules.read_columns()
        self._guesses = rules.layout.guesses if rules.layout else ()
        self._defaults = dict(rules.defaults)
        columned = [known.name for _, known, _ in self._fields]
        self._links = rules.around.links
        self._settling = tuple(link for link in register.links if link.settles and link.name in columned)
        guessed = (guess.field for guess in self._guesses)
        settled = sorted(settled_by_links(self._settling))
        self._names = tuple(dict.fromkeys((*columned, *self._defaults, *guessed, *settled)))
        self._step_names = frozenset(known.name for known in rules.step_columns) - register.by_name.keys()
        # What was done since does not make a problem another one: only what was known at the start tells it.
        later = self._step_names | register.recorded_later
        self._told = [(i, known.name) for i, known, _ in self._fields if known.name not in later]
        self._serial = header.column_of(SERIAL)
        self._summary = header.column_of(register.summary_field)
        self._unique = next((f.name for f in register.fields if f.is_unique and f.name in columned), None)
        self._required = [f for f in register.fields if f.is_required and f.name in self._names]
        self._headings = {fold(column.heading) for column in header.columns}
        self._seen: dict[str, int] = {}
        self._filler = Filler(rules.sheet, [column.index for column in header.columns if column.target])
        self._in_notes = False

    def outcomes(self) -> Iterator[RowReading | SkippedRow]:
        for number, cells in self._sheet.rows():
            if number <= self._header.last_row:
                continue
            if not cells:
                self._filler.pass_over(number, cells)
                continue
            reason = self._no_record(number, cells)
            if reason:
                self._filler.pass_over(number, cells)
                yield SkippedRow(number, reason, _shown(cells))
            else:
                yield self._record(number, self._filler.filled(number, cells))

    # ---- is it a record?

    def _no_record(self, number: int, cells: Sequence[Cell]) -> str | None:
        filled = [cell for cell in cells if cell is not None]
        first = fold(str(filled[0])[:40])
        if any(isinstance(cell, str) and len(cell) < 12 and fold(cell).strip(":") in _TOTALS for cell in filled[:3]):
            return "total"
        if first.startswith(_NOTES) or (self._in_notes and len(filled) <= 2):
            self._in_notes = True
            return "note"
        self._in_notes = False
        if len(filled) > 1 and all(isinstance(c, str) and fold(c[:60]) in self._headings for c in filled):
            return "repeated_header"
        return self._not_told(number, cells)

    def _not_told(self, number: int, cells: Sequence[Cell]) -> str | None:
        """A row that says nothing in the main column, nor in any other column that we read."""
        if self._summary is None:
            return None
        told = cell_at(cells, self._summary.index)
        if told is None and self._filler.continues(number, self._summary.index):
            return "continuation"
        others = [i for i, _, _ in self._fields if i != self._summary.index and cell_at(cells, i) is not None]
        if told is not None or len(others) > 1:
            return None
        serial = _serial_text(cell_at(cells, self._serial.index)) if self._serial else ""
        if others or not serial.isdecimal():
            return "section"
        return "empty_record" if sum(1 for cell in cells if cell is not None) == 1 else "no_main_text"

    # ---- the record

    def _record(self, number: int, cells: Sequence[Cell]) -> RowReading:
        errors: list[CellError] = []
        notes: list[CellError] = []
        values: dict[str, Value] = dict(self._defaults)
        for index, known, read in self._fields:
            cell = cells[index] if index < len(cells) else None
            if cell is None:
                continue
            if _is_masked(known, cell):
                notes.append(self._error(number, index, known.name, Refusal("value_masked")))
                continue
            try:
                value = read(cell)
            except Refusal as refusal:
                wrong = self._error(number, index, known.name, refusal)
                (notes if self._is_note(known) else errors).append(wrong)
                values.pop(known.name, None)
                continue
            if value is not None:
                values[known.name] = value
        self._guess(values)
        told = values  # the linked record may lie elsewhere when the file comes again
        if self._settling and self._links is not None:
            values = with_settled(self._settling, values, self._links.fields_of)
        errors.extend(self._row_errors(number, values, errors))
        serial = _serial_text(cell_at(cells, self._serial.index)) if self._serial else ""
        own = own_number(serial, self._register) if serial else None
        key = self._key(told, errors, cells, own)
        duplicate_of = self._first_seen(number, key, values, errors)
        return RowReading(
            number,
            serial,
            self._names,
            tuple(values.get(name) for name in self._names),
            tuple(errors),
            key,
            duplicate_of,
            tuple(notes),
            self._step_names,
            own,
        )

    def _is_note(self, known: Field) -> bool:
        """Old lists name owners who never had an account; the problem itself must still come in."""
        return known.name in self._step_names and known.type in (FieldType.UNIT, FieldType.PERSON)

    def _error(self, number: int, index: int, name: str, refusal: Refusal) -> CellError:
        return CellError(self._sheet.name, number, address(number, index), name, refusal.code, refusal.params)

    def _at_field(self, number: int, name: str, code: str, **params: Any) -> CellError:
        column = self._header.column_of(name)
        cell = address(number, column.index) if column else ""
        return CellError(self._sheet.name, number, cell, name, code, params)

    def _guess(self, values: dict[str, Value]) -> None:
        for guess in self._guesses:
            if guess.field not in values:
                values[guess.field] = guess.choose(str(values.get(guess.source) or ""))

    def _row_errors(
        self, number: int, values: Mapping[str, Value], cell_errors: Sequence[CellError]
    ) -> Iterator[CellError]:
        wrong = {error.field for error in cell_errors}
        for known in self._required:
            if known.name not in values and known.name not in wrong and is_needed(known, values):
                yield self._at_field(number, known.name, "field_required")
        found = values.get("found_on")
        if not isinstance(found, date):
            return
        if found > self._today:
            yield self._at_field(number, "found_on", "found_in_future", found_on=found)
        due = values.get("due_on")
        if isinstance(due, date) and due < found:
            yield self._at_field(number, "due_on", "due_before_found", due_on=due, found_on=found)

    # ---- the same row again

    def _key(
        self, values: Mapping[str, Value], errors: Sequence[CellError], cells: Sequence[Cell], own: str | None
    ) -> str:
        number = values.get(self._unique) if self._unique else None
        if number is not None:
            return str(number)
        wrong = {error.field for error in errors}
        parts = [self._register.name]
        if own is not None:  # two whose names are masked are two, when they have numbers
            parts.append(f"#={own}")
        for index, name in self._told:
            value = cell_at(cells, index) if name in wrong else values.get(name)
            if value is not None:
                parts.append(f"{name}={value}")
        # Sorted, so that a column moved elsewhere does not make the row another one.
        content = "\x1f".join(sorted(parts)).encode("utf-8", "surrogatepass")
        return hmac.new(self._secret, content, hashlib.sha256).hexdigest()

    def _first_seen(self, number: int, key: str, values: Mapping[str, Value], errors: list[CellError]) -> int | None:
        first = self._seen.setdefault(key, number)
        if first == number:
            return None
        if self._unique and values.get(self._unique) is not None:
            errors.append(self._at_field(number, self._unique, "duplicate_external_number", value=key, first_row=first))
        return first


def _is_masked(known: Field, cell: Cell) -> bool:
    """Exports mask what is private: that is no value. Where one is required, the row comes in with what is left."""
    return known.is_private and not known.is_required and isinstance(cell, str) and MASK in cell


def _serial_text(cell: Cell) -> str:
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return "" if cell is None else str(cell).strip()


def _shown(cells: Sequence[Cell]) -> str:
    return " ".join(str(cell) for cell in cells if cell is not None)[:80]
