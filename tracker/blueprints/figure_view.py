"""What pages of figures show, as frozen rows in the reader's language: the pair, one figure, one ticket behind it.

The numbers are asked in queries/figures.py, the tickets in queries/behind.py; sentences stand in the templates.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from functools import wraps
from typing import Any
from urllib.parse import quote, urlencode

from babel.dates import format_skeleton
from flask import abort, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale, gettext
from werkzeug.datastructures import MultiDict

from tracker import languages, words
from tracker.blueprints import linking
from tracker.blueprints.names import names
from tracker.blueprints.rights import connection, directory, head, house, now, today, viewer
from tracker.domain.figures import FigureSpec, FigureValue, Grouping, ReportSpec
from tracker.domain.lifecycle import STATUS_BY_NUMBER, Status
from tracker.domain.quantities import is_of_records
from tracker.domain.records import RecordRegister
from tracker.domain.texts import whole_number
from tracker.forms.asof import AsOfForm
from tracker.queries import behind, demonstration, figures
from tracker.queries.behind import Behind, DrillTicket
from tracker.queries.behind_marks import DrillRecord
from tracker.queries.figures import AsOf, Span

View = Callable[..., ResponseReturnValue]

KEPT = ("report", "by", "section", "part", "month", "village")
"""What an address may ask for beside the pair; a new pair does not lose it."""


# -- the pair -----------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Sight:
    """What a page looks at: the form of the pair, the pair, and the arguments that lead to it from anywhere."""

    form: AsOfForm
    pair: AsOf
    args: Mapping[str, str]

    @property
    def is_now(self) -> bool:
        return self.form.is_now

    def url(self, spec: FigureSpec, **more: Any) -> str:
        """The page behind a figure at the same pair. A report has hundreds: only the path is built by the router."""
        return f"{url_for('figures.show', figure=spec.id)}?{urlencode({**self.args, **more})}"


def with_pair(view: View) -> View:
    """Gives the view the pair of the address; one that cannot be read comes back with the reason at its field."""

    @wraps(view)
    def looked(**values: Any) -> ResponseReturnValue:
        form = AsOfForm(_given(), now=now(), zone=house().time_zone)
        if not form.validate():
            return render_template("figures/not_a_pair.html", form=form, kept=kept()), 422
        pair = figures.as_of(connection(), effective=form.effective_on, known=form.known_at, head=head())
        chosen = {"report": request.args["report"]} if request.args.get("report") else {}
        return view(Sight(form, pair, {**chosen, **form.address()}), **values)

    return looked


def _given() -> MultiDict[str, str]:
    """The address; without a day, a report of the past is looked at on the day it was closed, and a demonstration whose
    year is over at the end of it."""
    opens_on = None if request.args.get("effective") else _opens_on()
    if opens_on is None:
        return request.args
    given = MultiDict(request.args)
    given["effective"] = opens_on.isoformat()
    return given


def _opens_on() -> date | None:
    """The day on which the report opens; None: today."""
    if (closed_on := report_spec().effective) is not None:
        return closed_on
    end = demonstration.ends_on(connection())
    return end if end is not None and end < today() else None


def kept() -> dict[str, str]:
    return {name: request.args[name] for name in KEPT if request.args.get(name)}


def narrowed() -> dict[str, str]:
    """The month and the village of the address."""
    return {name: value for name, value in kept().items() if name in ("month", "village")}


def shortcuts(endpoint: str, values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Days that reports are usually asked for: (address, words)."""
    last_month = today().replace(day=1) - timedelta(days=1)
    last_year = date(today().year - 1, 12, 31)
    asked: dict[str, Any] = {**values, **kept()}
    days = [(gettext("End of last month"), last_month), (gettext("End of last year"), last_year)]
    if (end := demonstration.ends_on(connection())) is not None:
        days.append((gettext("End of the demonstration"), end))
    dated = [(url_for(endpoint, **asked, effective=day.isoformat()), text) for text, day in days]
    if _opens_on() is not None:
        asked["effective"] = today().isoformat()
    return [(url_for(endpoint, **asked), gettext("Today")), *dated]


def month_text(first: date, *, with_year: bool) -> str:
    """A month: `2023年5月`, `May 2023`; without its year `5月`, `May`."""
    return str(format_skeleton("yMMM" if with_year else "MMM", first, locale=get_locale()))


# -- figures ------------------------------------------------------------------------------------------
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


def report_spec() -> ReportSpec:
    """The report of the address, else the pack's first; where it has none, its figures register by register."""
    pack, name = house().pack, request.args.get("report", "")
    if pack.reports:
        found: ReportSpec | None = next((r for r in pack.reports if name in ("", r.id)), None)
        if found is None:
            abort(404)
        return found
    sections = tuple((r.label, tuple(f.id for f in pack.figures if f.register == r.name)) for r in pack.registers)
    return ReportSpec(pack.name, pack.label, tuple(section for section in sections if section[1]))


def figure_spec(name: str) -> FigureSpec:
    """404 for a figure that the pack does not have."""
    by_id = house().pack.figure_by_id
    if name not in by_id:
        abort(404)
    return report_spec().figures(by_id, [name])[0]


def report_links(current: ReportSpec, sight: Sight) -> list[dict[str, Any]]:
    """The pack's reports, as links: one of the past opens on the day it was closed."""
    found = []
    for report in house().pack.reports:
        day = {"effective": report.effective.isoformat()} if report.effective else {}
        asked: dict[str, Any] = {**sight.args, **day, "report": report.id}
        url = url_for("figures.report", **asked)
        found.append({"url": url, "label": words.of(report.label), "is_current": report.id == current.id})
    return found


def lines_of(specs: Sequence[FigureSpec], pair: AsOf) -> list[Line]:
    """These figures at the pair, each beside what it says now."""
    values = figures.figure_values(connection(), house(), specs, pair, units=None)
    latest = values if pair.is_head else figures.figure_values(connection(), house(), specs, _head(pair), units=None)
    return [Line(*one) for one in zip(specs, values, map(_differing, values, latest), strict=True)]


def line_of(asked: Behind) -> Line:
    """One figure as its own page narrows it."""
    value = _value(asked)
    latest = value if asked.pair.is_head else _value(replace(asked, pair=_head(asked.pair)))
    return Line(asked.spec, value, _differing(value, latest))


def _value(asked: Behind) -> FigureValue:
    return figures.figure_in(connection(), house(), asked.spec, asked.pair, units=asked.units, month=asked.month)


def _head(pair: AsOf) -> AsOf:
    """The same day with everything recorded until now."""
    return figures.as_of(connection(), effective=pair.effective, known=None, head=head())


def _differing(value: FigureValue, latest: FigureValue) -> FigureValue | None:
    is_same = (value.numerator, value.denominator) == (latest.numerator, latest.denominator)
    return None if is_same else latest


# -- what an address asks for -------------------------------------------------------------------------
def behind_of(spec: FigureSpec, sight: Sight) -> Behind:
    """The part, the month and the village of the address; 404 for one that there is not."""
    part = request.args.get("part", behind.NUMERATOR)
    if part not in behind.part_names(spec):
        abort(404)
    return Behind(spec, part, sight.pair, _units_asked(), _month_asked(figures.effective_of(spec, sight.pair)))


def _units_asked() -> tuple[int, ...] | None:
    text = request.args.get("village", "")
    if not text:
        return None
    unit_id = whole_number(text)
    if unit_id is None or unit_id not in directory().units:
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


# -- the tickets behind a figure ----------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class TicketLine:
    """One ticket of a list behind a figure, in the reader's words."""

    ticket: DrillTicket
    url: str
    status: Status
    place: str
    owner: str

    @property
    def is_closed(self) -> bool:
        return self.status is Status.CLOSED


def ticket_line(ticket: DrillTicket) -> TicketLine:
    return TicketLine(
        ticket,
        url_for("tickets.show", number=ticket.number),
        STATUS_BY_NUMBER[ticket.status],
        names().unit(ticket.place_id),
        names().unit(ticket.owner_unit_id),
    )


@dataclass(frozen=True, slots=True)
class RecordLine:
    """One record of a list behind a figure, in the reader's words. `quantity`: what it adds, in its measure."""

    number: str
    url: str | None
    summary: str
    unit: str
    state: str
    quantity: Decimal
    counted_from: int


@dataclass(frozen=True, slots=True)
class RecordLabels:
    """What the lines of a figure's records need of the request, asked for once: files are read when it is over."""

    spec: FigureSpec
    address: str | None  # of a record, with {} for its number
    states: Mapping[str, str]
    units: Mapping[int, str]
    choices: Mapping[str, str]  # where records are about a choice (an indicator): its label
    about: str  # what stands where a record has no words of its own

    def line(self, record: DrillRecord) -> RecordLine:
        return RecordLine(
            record.number,
            self.address.format(quote(record.number)) if self.address and record.number else None,
            self.choices.get(record.summary, record.summary) or self.about,
            self.units.get(record.unit_id, ""),
            self.states.get(record.state or "", ""),
            Decimal(record.quantity) / self.spec.scale,
            record.counted_from,
        )


def record_labels(spec: FigureSpec) -> RecordLabels:
    pack, register = house().pack, spec.numerator[0].register or spec.register
    endpoint = "tickets.show" if register in pack.register_by_name else "records.show"
    of_register = pack.record_by_name.get(register)
    language = languages.current()
    return RecordLabels(
        spec,
        f"{url_for(endpoint, number='-').rpartition('-')[0]}{{}}",
        {s.name: words.of(s.label) for s in of_register.states} if of_register else {},
        {unit.id: unit.label(language) for unit in directory().units.values()},
        _choices_of(of_register),
        words.of(spec.label),
    )


def _choices_of(register: RecordRegister | None) -> dict[str, str]:
    """Labels of the choices that the summary of its records may be."""
    field = register.by_name.get(register.summary_field) if register else None
    return {choice.name: words.of(choice.label) for choice in field.choices} if field else {}


LOWEST = 10
"""So many of the groups that hold a least down are named; the figure itself says how low they are."""


@dataclass(frozen=True, slots=True)
class Low:
    """A unit or record with the number that it has. `href` None: a unit, or a record not for the reader's eyes."""

    name: str
    href: str | None
    number: int


def lowest(asked: Behind) -> list[Low]:
    """Of a figure that is a least: whose it is, and who comes next. Of a month alone nothing is compared."""
    spec = asked.spec
    if spec.grouping is not Grouping.LEAST or asked.month:
        return []
    found = figures.figure_lowest(connection(), house(), spec, asked.pair, units=asked.units, most=LOWEST)
    if not any(is_of_records(term.account) for term in spec.numerator):
        return [Low(names().unit(group), None, number) for group, number in found]
    known = linking.named(viewer(), [group for group, _ in found])
    return [
        Low(known.titled(group), linking.record_address(known.numbers.get(group)), number) for group, number in found
    ]


def part_label(spec: FigureSpec, part: str) -> str:
    """What a part of a figure is called, exclusions by their own label."""
    named = {
        behind.NUMERATOR: gettext("Numerator") if spec.denominator else gettext("Counted"),
        behind.DENOMINATOR: gettext("Denominator"),
        behind.REST: gettext("Not in the numerator"),
    }
    return named.get(part) or next(words.of(e.label) for e in spec.exclusions if e.name == part)


def part_links(line: Line, asked: Behind, sight: Sight) -> list[dict[str, Any]]:
    """The lists that this figure has, as links; parts that hold nothing are not offered."""
    return [
        {
            "url": sight.url(line.spec, **narrowed(), part=part),
            "label": part_label(line.spec, part),
            "count": (Decimal(count) / line.value.scale).normalize(),
            "is_current": part == asked.part,
        }
        for part in behind.part_names(line.spec)
        if (count := behind.part_count(line.spec, part, line.value)) or part in (behind.NUMERATOR, asked.part)
    ]
