"""A section of the report by month or by village: rows of values, each with the address of what it counts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from flask_babel import gettext

from tracker import languages, words
from tracker.blueprints.figure_view import Sight, month_text
from tracker.blueprints.rights import connection, directory, house
from tracker.domain.figures import FigureSpec, FigureValue
from tracker.domain.people import Unit, UnitKind
from tracker.queries import figures

Cell = tuple[FigureValue, str]

UNITS_A_PAGE = 60
"""A county has hundreds; a table of all is no page any more."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its name, per column a value with its address, and the address of the name where it has one."""

    name: str
    cells: tuple[Cell, ...]
    url: str | None


@dataclass(frozen=True, slots=True)
class Table:
    """A section broken down; `columns` are headings. By unit: `shown` units from number `start` on, of `total`."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    start: int = 0
    shown: int = 0
    total: int = 0


def by_month(specs: Sequence[FigureSpec], sight: Sight, _start: int) -> Table:
    """Figures down, months of the effective year across."""
    values = figures.figure_months(connection(), house(), specs, sight.pair, units=None)
    starts = [start for start, _ in figures.months_of(sight.pair.effective)]

    def cells(spec: FigureSpec, of_months: Sequence[FigureValue]) -> tuple[Cell, ...]:
        months = zip(starts, of_months, strict=False)  # a figure's own cut-off may lie before
        return tuple((value, sight.url(spec, month=f"{start:%Y-%m}")) for start, value in months)

    rows = (Row(words.of(s.label), cells(s, of), sight.url(s)) for s, of in zip(specs, values, strict=True))
    return Table(tuple(month_text(start, with_year=False) for start in starts), tuple(rows))


def by_village(specs: Sequence[FigureSpec], sight: Sight, start: int) -> Table:
    """Villages in the order of their codes, under the whole; other units only where they have anything."""
    units = _units()
    page = units[start : start + UNITS_A_PAGE]
    whole = figures.figure_values(connection(), house(), specs, sight.pair, units=None)
    values = figures.figure_units(connection(), house(), specs, sight.pair, units=[u.id for u in page])
    rows = [Row(gettext("All"), tuple((v, sight.url(s)) for s, v in zip(specs, whole, strict=True)), None)]
    for n, unit in enumerate(page):
        of_unit = [of[n] for of in values]
        if unit.kind == UnitKind.VILLAGE or any(v.numerator or v.denominator or v.excluded for v in of_unit):
            cells = ((v, sight.url(s, village=unit.id)) for s, v in zip(specs, of_unit, strict=True))
            rows.append(Row(unit.label(languages.current()), tuple(cells), None))
    return Table(tuple(words.of(s.label) for s in specs), tuple(rows), start, len(page), len(units))


def _units() -> tuple[Unit, ...]:
    places = directory().places
    others = (unit for unit in directory().units.values() if unit.kind != UnitKind.VILLAGE)
    return (*places, *sorted(others, key=lambda unit: unit.code))


BREAKDOWNS: Mapping[str, Callable[[Sequence[FigureSpec], Sight, int], Table]] = {
    "month": by_month,
    "village": by_village,
}
