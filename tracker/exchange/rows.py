"""A sheet becomes a reading: rows of values with every mistake named by its cell, nothing dropped
in silence. The preview shows a reading; the import turns its rows into commands.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from tracker.domain.people import Directory, Person, Unit
from tracker.domain.registers import FieldType, Register
from tracker.exchange.cell_days import DayOrder, prove_order
from tracker.exchange.files import FileRefusal
from tracker.exchange.folding import fold_heading
from tracker.exchange.headings import Header, HeadingIndex, find_header, likely_headings
from tracker.exchange.names import PersonNames, UnitNames
from tracker.exchange.profiles import REPLIED_ON, Profile, profiles_of
from tracker.exchange.reading import CellError, ImportReading, PastStep, RowReading, SheetSummary, SkippedRow
from tracker.exchange.records import RecordReader, Rules
from tracker.exchange.sheets import Sheet, Workbook, read_workbook
from tracker.exchange.values import Surroundings, Value

__all__ = [
    "CellError",
    "FileRefusal",
    "ImportReading",
    "PastStep",
    "RowReading",
    "SheetSummary",
    "SkippedRow",
    "read_file",
    "read_rows",
]


def read_file(
    data: bytes,
    filename: str,
    register: Register,
    units: Mapping[int, Unit],
    people: Mapping[int, Person],
    today: date,
    *,
    secret: bytes,
    sheet_name: str | None = None,
    defaults: Mapping[str, Value] | None = None,
) -> ImportReading:
    """The reading of a file: of the sheet named, or of the one that names the most fields.

    `secret`: keys the hashes of rows without a number of their own (see `RowReading`), because the
    key stands in the log in clear and must not let anybody guess a name.
    `defaults`: values for fields whose column is absent or whose cell is empty.
    Refusals: FileRefusal of `sheets.read_workbook`; file_type_refused with reason not_a_list when no
    sheet has the register's main column; file_empty when the list has no record.
    """
    workbook = read_workbook(data, filename)
    layouts = _layouts(workbook, register)
    sheet, layout = _chosen(layouts, register, sheet_name)
    reading = _read(sheet, layout, register, Directory(units, people), today, secret, dict(defaults or {}))
    summaries = tuple(
        SheetSummary(s.name, s.height, found.header.field_count() if found else 0, s.is_hidden) for s, found in layouts
    )
    return _with_file(reading, workbook, summaries)


def read_rows(
    sheet: Sheet,
    register: Register,
    units: Mapping[int, Unit],
    people: Mapping[int, Person],
    today: date,
    *,
    secret: bytes,
    defaults: Mapping[str, Value] | None = None,
) -> ImportReading:
    """The reading of one sheet; parameters and refusals as in `read_file`."""
    layouts = ((sheet, _layout(sheet, register)),)
    sheet, layout = _chosen(layouts, register, None)
    return _read(sheet, layout, register, Directory(units, people), today, secret, dict(defaults or {}))


# ---- which sheet, which columns


@dataclass(frozen=True)
class _Layout:
    header: Header
    profile: Profile | None


_Layouts = Sequence[tuple[Sheet, _Layout | None]]


def _layouts(workbook: Workbook, register: Register) -> _Layouts:
    return tuple((sheet, _layout(sheet, register)) for sheet in workbook.sheets)


def _layout(sheet: Sheet, register: Register) -> _Layout | None:
    for profile in profiles_of(register):
        header = find_header(sheet, HeadingIndex(register, profile.headings_for(register)))
        if header and _signs(header, profile):
            return _Layout(header, profile)
    header = find_header(sheet, HeadingIndex(register))
    return _Layout(header, None) if header else None


def _signs(header: Header, profile: Profile) -> bool:
    found = {fold_heading(column.heading)[0] for column in header.columns}
    return {fold_heading(word)[0] for word in profile.signature} <= found


def _chosen(layouts: _Layouts, register: Register, sheet_name: str | None) -> tuple[Sheet, _Layout]:
    if sheet_name is not None:
        layouts = [(sheet, layout) for sheet, layout in layouts if sheet.name == sheet_name]
    lists = [
        (sheet, layout)
        for sheet, layout in layouts
        if layout and layout.header.field_count() >= 2 and layout.header.column_of(register.summary_field)
    ]
    if not lists:
        best = max((sheet for sheet, _ in layouts), key=lambda s: s.height, default=None)
        found = likely_headings(best) if best else ()
        raise FileRefusal("file_type_refused", reason="not_a_list", found=found, needed=register.summary_field)
    return max(lists, key=lambda pair: (not pair[0].is_hidden, pair[1].header.field_count(), pair[0].height))


def _with_file(reading: ImportReading, workbook: Workbook, summaries: tuple[SheetSummary, ...]) -> ImportReading:
    return replace(reading, warnings=(*workbook.warnings, *reading.warnings), sheets=summaries)


# ---- the rows of one sheet


def _read(
    sheet: Sheet,
    layout: _Layout,
    register: Register,
    directory: Directory,
    today: date,
    secret: bytes,
    defaults: dict[str, Value],
) -> ImportReading:
    defaults = _all_defaults(layout.profile, register, directory) | defaults
    units = UnitNames(directory.units)
    people = PersonNames(directory.people, directory.units)
    around = Surroundings(directory, units, people, sheet.dates_from_1904)
    orders = _day_orders(sheet, layout.header, register)
    rules = Rules(sheet, layout.header, layout.profile, register, around, today, secret, defaults, orders)
    rows: list[RowReading] = []
    skipped: list[SkippedRow] = []
    for outcome in RecordReader(rules).outcomes():
        if isinstance(outcome, RowReading):
            rows.append(outcome)
        else:
            skipped.append(outcome)
    if not rows:
        raise FileRefusal("file_empty", reason="no_records", sheet=sheet.name)
    return ImportReading(
        register=register.name,
        sheet=sheet.name,
        columns=layout.header.columns,
        header_row=layout.header.last_row,
        rows=tuple(rows),
        skipped=tuple(skipped),
        unknown_columns=layout.header.unknown,
        duplicate_columns=layout.header.duplicates,
        missing_required=_missing(layout, register, defaults),
        profile=layout.profile.name if layout.profile else None,
        warnings=("layout_of_another_system",) if layout.profile else (),
        day_orders={k: v for k, v in orders.items() if v is not DayOrder.UNKNOWN},
    )


def _all_defaults(profile: Profile | None, register: Register, directory: Directory) -> dict[str, Value]:
    """An imported row says so in `source`; a profile's constants; the town where rows name no village."""
    defaults: dict[str, Value] = {}
    source = register.by_name.get("source")
    if source and "import" in source.choice_names:
        defaults["source"] = "import"
    if profile:
        defaults.update(profile.defaults_for(register))
        if profile.place_is_root and len(directory.root_ids) == 1:
            defaults["place"] = next(iter(directory.root_ids))
    return {name: value for name, value in defaults.items() if name in register.by_name}


def _missing(layout: _Layout, register: Register, defaults: Mapping[str, Value]) -> tuple[str, ...]:
    guessed = {guess.field for guess in layout.profile.guesses} if layout.profile else set()
    return tuple(
        f.name
        for f in register.fields
        if f.is_required
        and f.required_unless is None
        and f.name not in defaults
        and f.name not in guessed
        and layout.header.column_of(f.name) is None
    )


def _day_orders(sheet: Sheet, header: Header, register: Register) -> dict[str, DayOrder]:
    """What each date column proves about 3/1/2023; one pass, and only when such cells stand there."""
    dates = {
        column.index: column.target
        for column in header.columns
        if column.target and (column.target == REPLIED_ON or _is_date(register, column.target))
    }
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


def _is_date(register: Register, target: str) -> bool:
    known = register.by_name.get(target)
    return known is not None and known.type is FieldType.DATE
