"""Figures: the report with its breakdowns, and what lies behind each number.

Every page is as of a pair in its address: the day up to which something had occurred, and the moment up to which it
had been recorded. Nothing here counts: the cube does, and the marks give the tickets.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import wraps
from typing import Any

from babel.dates import format_skeleton
from flask import Blueprint, abort, current_app, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale, gettext

from tracker import languages, words
from tracker.blueprints.rights import connection, current_person, directory, house, needs, now, today
from tracker.domain.figures import FigureSpec, FigureValue, ReportSpec
from tracker.domain.people import Unit
from tracker.forms.asof import AsOfForm
from tracker.projections.tickets import STATUS_BY_NUMBER
from tracker.queries import behind, figures
from tracker.queries.behind import Behind, DrillTicket
from tracker.queries.figures import AsOf, Span
from tracker.queries.scope import Viewer

bp = Blueprint("figures", __name__)

PAGE = 50
KEPT = ("by", "section", "part", "month", "village")
"""What an address may ask for beside the pair; a new pair does not lose it."""


@dataclass(frozen=True, slots=True)
class Sight:
    """What a page looks at: the form of the pair, the pair, and the arguments that lead to it from anywhere."""

    form: AsOfForm
    pair: AsOf
    args: Mapping[str, str]

    @property
    def is_now(self) -> bool:
        return self.form.is_now


@dataclass(frozen=True, slots=True)
class Line:
    """A figure as a page prints it. `now`: what it says with everything recorded since, where that differs."""

    spec: FigureSpec
    value: FigureValue
    now: FigureValue | None

    @property
    def rest(self) -> int:
        return behind.part_count(self.spec, behind.REST, self.value)

    def excluded(self) -> list[tuple[str, Mapping[str, str], int]]:
        """(name, label, count) of what was left out, without those that left out nothing."""
        found = zip(self.spec.exclusions, self.value.excluded_by, strict=True)
        return [(e.name, e.label, count) for e, count in found if count]


def with_pair(view: Callable[..., ResponseReturnValue]) -> Callable[..., ResponseReturnValue]:
    """Gives the view the pair of the address; one that cannot be read comes back with the reason at its field."""

    @wraps(view)
    def looked(**values: Any) -> ResponseReturnValue:
        form = AsOfForm(request.args, now=now(), zone=house().time_zone)
        if not form.validate():
            return render_template("figures/not_a_pair.html", form=form, kept=_kept()), 422
        pair = figures.as_of(connection(), effective=form.effective_on, known=form.known_at)
        return view(Sight(form, pair, form.address()), **values)

    return looked


def _kept() -> dict[str, str]:
    return {name: request.args[name] for name in KEPT if request.args.get(name)}


def _narrowed() -> dict[str, str]:
    return {name: value for name, value in _kept().items() if name in ("month", "village")}


@bp.app_template_filter("month")
def month(first: date) -> str:
    """A month with its year: `2023年5月`, `May 2023`."""
    return str(format_skeleton("yMMM", first, locale=get_locale()))


# -- the report ---------------------------------------------------------------------------------------
@bp.get("/figures")
@needs("figures")
@with_pair
def report(sight: Sight) -> ResponseReturnValue:
    """The pack's report: every figure with its parts, or one section of it by month or by village."""
    spec = _report_spec()
    by = request.args.get("by", "")
    if by in _BREAKDOWNS:
        return _breakdown(sight, spec, by)
    sections = [(label, _lines([_figure(name) for name in names], sight.pair)) for label, names in spec.sections]
    return render_template("figures/report.html", **_frame(sight, spec), by="", sections=sections)


def _report_spec() -> ReportSpec:
    """The pack's first report; where it has none, its figures register by register."""
    pack = house().pack
    if pack.reports:
        found: ReportSpec = pack.reports[0]
        return found
    sections = tuple((r.label, tuple(f.id for f in pack.figures if f.register == r.name)) for r in pack.registers)
    return ReportSpec(pack.name, pack.label, tuple(section for section in sections if section[1]))


def _frame(sight: Sight, spec: ReportSpec) -> dict[str, Any]:
    """What the report and its breakdowns share."""
    return {"sight": sight, "report": spec, "kept": _kept(), "shortcuts": _shortcuts("figures.report", {})}


def _lines(specs: Sequence[FigureSpec], pair: AsOf) -> list[Line]:
    values = figures.figure_values(connection(), house(), specs, pair, units=None)
    latest = values if pair.is_head else figures.figure_values(connection(), house(), specs, _head(pair), units=None)
    return [Line(*one) for one in zip(specs, values, map(_differing, values, latest), strict=True)]


def _head(pair: AsOf) -> AsOf:
    """The same day with everything recorded until now."""
    return figures.as_of(connection(), effective=pair.effective, known=None)


def _differing(value: FigureValue, latest: FigureValue) -> FigureValue | None:
    is_same = (value.numerator, value.denominator) == (latest.numerator, latest.denominator)
    return None if is_same else latest


def _figure(name: str) -> FigureSpec:
    found: FigureSpec | None = house().pack.figure_by_id.get(name)
    if found is None:
        abort(404)
    return found


def _shortcuts(endpoint: str, values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Days that reports are usually asked for: (address, words)."""
    last_month = today().replace(day=1) - timedelta(days=1)
    kept = {**values, **_kept()}
    days = ((gettext("End of last month"), last_month), (gettext("End of last year"), date(today().year - 1, 12, 31)))
    dated = [(url_for(endpoint, **kept, effective=day.isoformat()), text) for text, day in days]
    return [(url_for(endpoint, **kept), gettext("Today")), *dated]


# -- breakdowns ---------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Row:
    """One row of a breakdown: its name (a pack label or a text), and per cell a value and its address."""

    name: Any
    cells: tuple[tuple[FigureValue, str], ...]
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """A section by month or by village. `columns`: labels, texts or days."""

    columns: tuple[Any, ...]
    rows: tuple[Row, ...]


def _breakdown(sight: Sight, spec: ReportSpec, by: str) -> ResponseReturnValue:
    number = request.args.get("section", 0, type=int)
    if not 0 <= number < len(spec.sections):
        abort(404)
    label, names = spec.sections[number]
    table = _BREAKDOWNS[by]([_figure(name) for name in names], sight)
    return render_template(
        "figures/breakdown.html", **_frame(sight, spec), by=by, section=number, section_label=label, table=table
    )


def _by_month(specs: Sequence[FigureSpec], sight: Sight) -> Table:
    values = figures.figure_months(connection(), house(), specs, sight.pair, units=None)
    starts = [start for start, _ in figures.months_of(sight.pair.effective)]

    def cells(spec: FigureSpec, of_months: Sequence[FigureValue]) -> tuple[tuple[FigureValue, str], ...]:
        months = zip(starts, of_months, strict=False)  # a figure's own cut-off may lie before
        return tuple((value, _show_url(spec, sight, month=f"{start:%Y-%m}")) for start, value in months)

    rows = (Row(s.label, cells(s, of), _show_url(s, sight)) for s, of in zip(specs, values, strict=True))
    return Table(tuple(starts), tuple(rows))


def _by_village(specs: Sequence[FigureSpec], sight: Sight) -> Table:
    """Villages in the order of their codes, under the whole; other units only where they have anything."""
    units = _units_of_breakdowns()
    whole = figures.figure_values(connection(), house(), specs, sight.pair, units=None)
    values = figures.figure_units(connection(), house(), specs, sight.pair, units=[u.id for u in units])
    rows = [Row(gettext("All"), tuple((v, _show_url(s, sight)) for s, v in zip(specs, whole, strict=True)))]
    for n, unit in enumerate(units):
        of_unit = [of[n] for of in values]
        if unit.kind == "village" or any(_has_any(v) for v in of_unit):
            cells = ((v, _show_url(s, sight, village=unit.id)) for s, v in zip(specs, of_unit, strict=True))
            rows.append(Row(unit.label(languages.current()), tuple(cells)))
    return Table(tuple(s.label for s in specs), tuple(rows))


_BREAKDOWNS: Mapping[str, Callable[[Sequence[FigureSpec], Sight], Table]] = {"month": _by_month, "village": _by_village}


def _units_of_breakdowns() -> tuple[Unit, ...]:
    places = directory().places
    others = (unit for unit in directory().units.values() if unit.kind != "village")
    return (*places, *sorted(others, key=lambda unit: unit.code))


def _has_any(value: FigureValue) -> bool:
    return bool(value.numerator or value.denominator or value.excluded)


def _show_url(spec: FigureSpec, sight: Sight, **more: Any) -> str:
    return url_for("figures.show", **{"figure": spec.id, **sight.args, **more})


# -- behind a number ----------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class TicketRow:
    """One ticket of a list behind a figure, in the reader's words."""

    ticket: DrillTicket
    url: str | None
    status: Any
    place: str
    owner: str

    @property
    def is_closed(self) -> bool:
        return self.status.value == "closed"


@bp.get("/figures/<figure>")
@needs("figures")
@with_pair
def show(sight: Sight, figure: str) -> ResponseReturnValue:
    """A figure: what it means, how it adds up, and exactly the tickets that one of its parts counts."""
    spec = _figure(figure)
    asked = _behind(spec, sight)
    value = _value(asked)
    latest = value if sight.pair.is_head else _value(_at_head(asked))
    line = Line(spec, value, _differing(value, latest))
    reader = behind.reader_of(_viewer(), spec.register)
    page = behind.drill(connection(), house(), asked, reader, cursor=request.args.get("after", ""), limit=PAGE)
    return render_template(
        "figures/show.html",
        sight=sight,
        report=_report_spec(),
        line=line,
        asked=asked,
        page=page,
        rows=[_row(ticket) for ticket in page.tickets],
        parts=_parts(line, asked, sight),
        near=[_figure(name) for name in _near(spec)],
        village=_village_name(asked),
        part_label=part_label,
        kept=_kept(),
        narrowed=_narrowed() | dict(sight.args),
        shortcuts=_shortcuts("figures.show", {"figure": spec.id}),
    )


def _behind(spec: FigureSpec, sight: Sight) -> Behind:
    """What the address asks for; 404 for a part, a month or a village that there is not."""
    part = request.args.get("part", behind.NUMERATOR)
    if part not in behind.part_names(spec):
        abort(404)
    return Behind(spec, part, sight.pair, _units_asked(), _month_asked(figures.effective_of(spec, sight.pair)))


def _units_asked() -> tuple[int, ...] | None:
    text = request.args.get("village", "")
    if not text:
        return None
    unit_id = int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0
    if unit_id not in directory().units:
        abort(404)
    return (unit_id,)


def _month_asked(effective: date) -> Span | None:
    text = request.args.get("month", "")
    if not text:
        return None
    try:
        start = date.fromisoformat(f"{text}-01")
    except ValueError:
        abort(404)
    if start > effective:
        abort(404)
    return figures.month_of(start, effective)


def _value(asked: Behind) -> FigureValue:
    return figures.figure_in(connection(), house(), asked.spec, asked.pair, units=asked.units, month=asked.month)


def _at_head(asked: Behind) -> Behind:
    return Behind(asked.spec, asked.part, _head(asked.pair), asked.units, asked.month)


def _viewer() -> Viewer:
    return Viewer(current_person(), directory(), house().register_numbers(connection()), today())


def _village_name(asked: Behind) -> str:
    return "" if asked.units is None else _unit_name(asked.units[0])


def _unit_name(unit_id: int | None) -> str:
    unit = directory().units.get(unit_id or 0)
    return unit.label(languages.current()) if unit else ""


def _row(ticket: DrillTicket) -> TicketRow:
    has_page = "tickets.show" in current_app.view_functions
    return TicketRow(
        ticket,
        url_for("tickets.show", number=ticket.number) if has_page else None,
        STATUS_BY_NUMBER[ticket.status],
        _unit_name(ticket.place_id),
        _unit_name(ticket.owner_unit_id),
    )


def _parts(line: Line, asked: Behind, sight: Sight) -> list[dict[str, Any]]:
    """The lists that this figure has, as links; exclusions that left out nothing are not offered."""
    return [
        {
            "url": _show_url(line.spec, sight, **_narrowed(), part=part),
            "label": part_label(line.spec, part),
            "count": count,
            "is_current": part == asked.part,
        }
        for part in behind.part_names(line.spec)
        if (count := behind.part_count(line.spec, part, line.value)) or part in (behind.NUMERATOR, asked.part)
    ]


def part_label(spec: FigureSpec, part: str) -> str:
    named = {
        behind.NUMERATOR: gettext("Numerator") if spec.denominator else gettext("Counted"),
        behind.DENOMINATOR: gettext("Denominator"),
        behind.REST: gettext("Not in the numerator"),
    }
    return named.get(part) or next(words.of(e.label) for e in spec.exclusions if e.name == part)


def _near(spec: FigureSpec) -> tuple[str, ...]:
    """Figures that are printed beside this one."""
    return (*((spec.rate_of,) if spec.rate_of else ()), *spec.beside)


# -- the same list as a file --------------------------------------------------------------------------
@bp.get("/figures/<figure>.csv")
@needs("export")
@with_pair
def csv(sight: Sight, figure: str) -> ResponseReturnValue:
    """The list of `show`, whole, as CSV; streamed, whatever its length."""
    abort(404)


@bp.get("/figures/<figure>.xlsx")
@needs("export")
@with_pair
def xlsx(sight: Sight, figure: str) -> ResponseReturnValue:
    """The same as a workbook."""
    abort(404)
