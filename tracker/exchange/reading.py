"""A file becomes a reading: its sheet, its columns, its rows, and all that was noticed on the way; nothing is
dropped in silence. What comes of the rows, `importing` says.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from hashlib import sha256

from tracker.domain.layouts import Layout
from tracker.domain.links import settled_by_links
from tracker.domain.people import Directory, Person, Unit
from tracker.domain.records import RecordRegister
from tracker.domain.registers import Field, FieldType, HasFields, Register
from tracker.exchange.cells import DayOrder, prove_order
from tracker.exchange.files import FileRefusal
from tracker.exchange.folding import fold_heading
from tracker.exchange.headings import IGNORED, Column, Header, HeadingIndex, find_header, likely_headings
from tracker.exchange.names import PersonNames, UnitNames
from tracker.exchange.rows import CellError, RecordReader, RowReading, Rules, SkippedRow
from tracker.exchange.sheets import Sheet, read_workbook
from tracker.exchange.values import LinkNames, Surroundings, Value


@dataclass(frozen=True, slots=True)
class SheetSummary:
    """A sheet of the file, so that the preview can offer another one."""

    name: str
    height: int
    field_count: int
    is_hidden: bool


@dataclass(frozen=True)
class ImportReading:
    """All that a sheet says. `digest`: SHA-256 of the whole file, in hex.

    `missing_required`: required fields that have no column and no default.
    `day_orders`: date columns whose own cells proved whether month or day stands first.
    """

    register: str
    digest: str
    sheet: str
    columns: tuple[Column, ...]
    header_row: int
    rows: tuple[RowReading, ...]
    skipped: tuple[SkippedRow, ...]
    unknown_columns: tuple[Column, ...]
    duplicate_columns: tuple[Column, ...]
    missing_required: tuple[str, ...]
    layout: str | None
    warnings: tuple[str, ...]
    sheets: tuple[SheetSummary, ...]
    day_orders: Mapping[str, DayOrder]

    @cached_property
    def letter_of(self) -> Mapping[str, str]:
        """Field → letter of its column."""
        return {column.target: column.letter for column in self.columns if column.target}

    @property
    def errors(self) -> Iterator[CellError]:
        return (error for row in self.rows for error in row.errors)


def read_file(
    data: bytes,
    filename: str,
    register: Register | RecordRegister,
    units: Mapping[int, Unit],
    people: Mapping[int, Person],
    today: date,
    *,
    secret: bytes,
    sheet_name: str | None = None,
    defaults: Mapping[str, Value] | None = None,
    step_columns: Sequence[Field] = (),
    layouts: Sequence[Layout] = (),
    links: LinkNames | None = None,
) -> ImportReading:
    """The reading of a file: of the sheet named, or of the one that names the most fields.

    `secret`: keys the hashes of rows without a number of their own (see `RowReading`), because the
    key stands in the log in clear and must not let anybody guess a name.
    `defaults`: values for fields whose column is absent or whose cell is empty.
    `step_columns`: columns that steps record (`Pack.columns`), or the state of a subject, read into `step_values`.
    `layouts`: of lists of other systems; those of other registers are passed over. `links`: finds records named.
    Refusals: FileRefusal of `sheets.read_workbook`; file_type_refused with reason not_a_list when no
    sheet has the register's main column; file_empty when the list has no record.
    """
    workbook = read_workbook(data, filename)
    own = tuple(layout for layout in layouts if layout.register == register.name)
    tables = [(sheet, _table(sheet, register, step_columns, own)) for sheet in workbook.sheets]
    sheet, table = _chosen(tables, register, sheet_name)
    directory = Directory(units, people)
    around = Surroundings(directory, UnitNames(units), PersonNames(people, units), sheet.dates_from_1904, links)
    rules = _rules(sheet, table, register, around, today, secret, defaults or {}, step_columns)
    summaries = tuple(
        SheetSummary(s.name, s.height, found.header.field_count() if found else 0, s.is_hidden) for s, found in tables
    )
    return _read(rules, sha256(data).hexdigest(), workbook.warnings, summaries)


# ---- which sheet, which columns


@dataclass(frozen=True)
class _Table:
    header: Header
    layout: Layout | None


_Tables = Sequence[tuple[Sheet, _Table | None]]


def _table(
    sheet: Sheet, register: HasFields, step_columns: Sequence[Field], layouts: Sequence[Layout]
) -> _Table | None:
    for layout in layouts:
        headings = {**layout.columns, **dict.fromkeys(layout.ignored, IGNORED)}
        header = find_header(sheet, HeadingIndex(register, step_columns, headings))
        if header and _is_of(header, layout):
            return _Table(header, layout)
    header = find_header(sheet, HeadingIndex(register, step_columns))
    return _Table(header, None) if header else None


def _is_of(header: Header, layout: Layout) -> bool:
    found = {fold_heading(column.heading)[0] for column in header.columns}
    return {fold_heading(word)[0] for word in layout.recognised_by} <= found


def _chosen(tables: _Tables, register: Register | RecordRegister, sheet_name: str | None) -> tuple[Sheet, _Table]:
    if sheet_name is not None:
        tables = [(sheet, table) for sheet, table in tables if sheet.name == sheet_name]
    lists = [
        (sheet, table)
        for sheet, table in tables
        if table and table.header.field_count() >= 2 and table.header.column_of(register.summary_field)
    ]
    if not lists:
        best = max((sheet for sheet, _ in tables), key=lambda s: s.height, default=None)
        found = likely_headings(best) if best else ()
        raise FileRefusal("file_type_refused", reason="not_a_list", found=found, needed=register.summary_field)
    return max(lists, key=lambda pair: (not pair[0].is_hidden, pair[1].header.field_count(), pair[0].height))


# ---- the rows of one sheet


def _rules(
    sheet: Sheet,
    table: _Table,
    register: Register | RecordRegister,
    around: Surroundings,
    today: date,
    secret: bytes,
    defaults: Mapping[str, Value],
    step_columns: Sequence[Field],
) -> Rules:
    return Rules(
        sheet,
        table.header,
        table.layout,
        register,
        around,
        today,
        secret,
        _all_defaults(table.layout, register, around.directory) | dict(defaults),
        _day_orders(sheet, table.header, (*register.fields, *step_columns)),
        tuple(step_columns),
    )


def _read(rules: Rules, digest: str, warnings: tuple[str, ...], sheets: tuple[SheetSummary, ...]) -> ImportReading:
    rows: list[RowReading] = []
    skipped: list[SkippedRow] = []
    for outcome in RecordReader(rules).outcomes():
        if isinstance(outcome, RowReading):
            rows.append(outcome)
        else:
            skipped.append(outcome)
    if not rows:
        raise FileRefusal("file_empty", reason="no_records", sheet=rules.sheet.name)
    return ImportReading(
        register=rules.register.name,
        digest=digest,
        sheet=rules.sheet.name,
        columns=rules.header.columns,
        header_row=rules.header.last_row,
        rows=tuple(rows),
        skipped=tuple(skipped),
        unknown_columns=rules.header.unknown,
        duplicate_columns=rules.header.duplicates,
        missing_required=_missing(rules),
        layout=rules.layout.name if rules.layout else None,
        warnings=warnings,
        sheets=sheets,
        day_orders={name: order for name, order in rules.orders.items() if order is not DayOrder.UNKNOWN},
    )


def _all_defaults(layout: Layout | None, register: HasFields, directory: Directory) -> dict[str, Value]:
    """What the register says of rows from files, and the layout of its own; the town where they name no place."""
    defaults: dict[str, Value] = {known.name: known.imported for known in register.fields if known.imported}
    if layout:
        defaults.update(layout.choices)
        if layout.is_at_top and directory.top is not None:
            defaults["place"] = directory.top.id
    return defaults


def _missing(rules: Rules) -> tuple[str, ...]:
    guessed = {guess.field for guess in rules.layout.guesses} if rules.layout else set()
    settling = [link for link in rules.register.links if rules.header.column_of(link.name) is not None]
    guessed |= settled_by_links(settling)  # or the row says it
    return tuple(
        known.name
        for known in rules.register.fields
        if known.is_required
        and known.required_unless is None
        and known.name not in rules.defaults
        and known.name not in guessed
        and rules.header.column_of(known.name) is None
    )


def _day_orders(sheet: Sheet, header: Header, fields: Sequence[Field]) -> dict[str, DayOrder]:
    """What each date column proves about 3/1/2023: one pass over the sheet."""
    names = {known.name for known in fields if known.type is FieldType.DATE}
    dates = {column.index: column.target for column in header.columns if column.target in names}
    cells: dict[int, list[str]] = {index: [] for index in dates}
    if dates:
        for number, row in sheet.rows():
            if number <= header.last_row:
                continue
            for index in dates:
                cell = row[index] if index < len(row) else None
                # Only a year at the end of the day is in doubt: 1/2/2023, 01.02.2023 10:00.
                if type(cell) is str and len(cell) >= 8 and not cell[:4].isdigit():
                    cells[index].append(cell)
    return {target: prove_order(cells[index]) for index, target in dates.items() if target}
