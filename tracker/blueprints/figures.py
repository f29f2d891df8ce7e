"""Figures: the report with its breakdowns, what lies behind each number, and the same as a file.

Every page is as of a pair in its address: the day up to which something had occurred, and the moment up to which it
had been recorded. Nothing here counts: the cube does, and the marks give the tickets.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, abort, render_template, request
from flask.typing import ResponseReturnValue

from tracker.blueprints import figure_files, figure_view
from tracker.blueprints.breakdowns import BREAKDOWNS
from tracker.blueprints.figure_view import Sight, with_pair
from tracker.blueprints.names import names
from tracker.blueprints.rights import TAKEN_AWAY, by_person, connection, house, needs, viewer
from tracker.domain.figures import FigureSpec, ReportSpec
from tracker.extensions import limiter
from tracker.queries import behind, behind_marks

bp = Blueprint("figures", __name__)

PAGE = 50


@bp.get("/figures")
@needs("figures")
@with_pair
def report(sight: Sight) -> ResponseReturnValue:
    """The pack's report: every figure with its parts, or one section of it by month or by village."""
    spec = figure_view.report_spec()
    by = request.args.get("by", "")
    if by in BREAKDOWNS:
        return _breakdown(sight, spec, by)
    wanted = spec.figures(house().pack.figure_by_id)
    lines = iter(figure_view.lines_of(wanted, sight.pair))
    rows: list[Any] = []
    for label, ids in spec.sections:
        rows += [{"is_group": True, "label": label}, *(next(lines) for _ in ids)]
    return render_template("figures/report.html", **_frame(sight, spec), by="", rows=rows)


def _breakdown(sight: Sight, spec: ReportSpec, by: str) -> ResponseReturnValue:
    number = request.args.get("section", 0, type=int)
    if not 0 <= number < len(spec.sections):
        abort(404)
    label, names = spec.sections[number]
    by_id = house().pack.figure_by_id
    start = max(0, request.args.get("from", 0, type=int))
    return render_template(
        "figures/breakdown.html",
        **_frame(sight, spec),
        by=by,
        section=number,
        section_label=label,
        broken_down=BREAKDOWNS[by]([s for s in spec.figures(by_id, names) if s.is_divisible], sight, start),
    )


def _frame(sight: Sight, spec: ReportSpec) -> Mapping[str, Any]:
    """What the report and its breakdowns share."""
    shortcuts = figure_view.shortcuts("figures.report", {})
    reports = figure_view.report_links(spec, sight)
    return {"sight": sight, "report": spec, "reports": reports, "kept": figure_view.kept(), "shortcuts": shortcuts}


@bp.get("/figures/<figure>")
@needs("figures")
@with_pair
def show(sight: Sight, figure: str) -> ResponseReturnValue:
    """A figure: what it means, how it adds up, and exactly the tickets that one of its parts counts."""
    spec = figure_view.figure_spec(figure)
    asked = figure_view.behind_of(spec, sight)
    line = figure_view.line_of(asked)
    is_of_records = behind_marks.is_from_marks(spec, house())
    page, rows = (_records if is_of_records else _tickets)(asked)
    return render_template(
        "figures/show.html",
        sight=sight,
        report=figure_view.report_spec(),
        line=line,
        asked=asked,
        page=page,
        rows=rows,
        is_of_records=is_of_records,
        part=figure_view.part_label(spec, asked.part),
        parts=figure_view.part_links(line, asked, sight),
        near=_near(spec),
        lowest=figure_view.lowest(asked),
        village=names().unit(asked.units[0]) if asked.units else "",
        month=figure_view.month_text(asked.month[0], with_year=True) if asked.month else "",
        kept=figure_view.kept(),
        narrowed=figure_view.narrowed() | dict(sight.args),
        shortcuts=figure_view.shortcuts("figures.show", {"figure": spec.id}),
    )


def _tickets(asked: behind.Behind) -> tuple[Any, list[Any]]:
    reader = behind.reader_of(viewer(), asked.spec.register)
    page = behind.drill(connection(), house(), asked, reader, cursor=request.args.get("after", ""), limit=PAGE)
    return page, [figure_view.ticket_line(ticket) for ticket in page.tickets]


def _records(asked: behind.Behind) -> tuple[Any, list[Any]]:
    page = behind_marks.drill(connection(), house(), asked, viewer(), cursor=request.args.get("after", ""), limit=PAGE)
    labels = figure_view.record_labels(asked.spec)
    return page, [labels.line(record) for record in page.records]


def _near(spec: FigureSpec) -> list[FigureSpec]:
    """Figures that are printed beside this one."""
    names = (*((spec.rate_of,) if spec.rate_of else ()), *spec.beside)
    return [figure_view.figure_spec(name) for name in names]


@bp.get("/figures/<figure>.csv")
@needs("export")
@limiter.limit(TAKEN_AWAY, key_func=by_person)
@with_pair
def csv(sight: Sight, figure: str) -> ResponseReturnValue:
    """The list of `show`, whole, as CSV; streamed, whatever its length."""
    asked = figure_view.behind_of(figure_view.figure_spec(figure), sight)
    return figure_files.csv_response(asked, _count(asked))


@bp.get("/figures/<figure>.xlsx")
@needs("export")
@limiter.limit(TAKEN_AWAY, key_func=by_person)
@with_pair
def xlsx(sight: Sight, figure: str) -> ResponseReturnValue:
    """The same as a workbook."""
    asked = figure_view.behind_of(figure_view.figure_spec(figure), sight)
    return figure_files.xlsx_response(asked, _count(asked))


def _count(asked: behind.Behind) -> int:
    return figure_files.count_of(asked, figure_view.line_of(asked).value)
