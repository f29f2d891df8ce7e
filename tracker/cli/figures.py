"""`xiaohao figures` and `xiaohao drill`: numbers at an as-of pair, and exactly the tickets behind one."""

from __future__ import annotations

import json
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import click

from tracker.cli.installation import Installation, opened
from tracker.domain.figures import worded

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from tracker.domain.figures import FigureSpec, FigureValue, ReportSpec
    from tracker.domain.packs import Pack
    from tracker.house import House
    from tracker.queries.behind import Behind, DrillTicket
    from tracker.queries.figures import AsOf


class Day(click.ParamType):
    """A day: 2023-12-05."""

    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        try:
            return date.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{value!r} is not a day; write it like 2023-12-05", param, ctx)


class Instant(click.ParamType):
    """An instant with its offset: 2023-12-06T18:00:00+08:00. A day alone means its end in the log's time zone."""

    name = "instant"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        try:
            return datetime.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{value!r} is not an instant; write it like 2023-12-06T18:00:00+08:00", param, ctx)


def _pair_options(command: Any) -> Any:
    for option in (
        click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True),
        click.option("--known", type=Instant(), help="As known at this instant; now when left out."),
        click.option("--effective", type=Day(), help="As in force on this day; today when left out."),
    ):
        command = option(command)
    return command


@click.command("figures")
@click.option("--report", "name", help="Those of one report, each at its own cut-off, in its order.")
@_pair_options
def show(name: str | None, effective: date | None, known: datetime | None, form: str) -> None:
    """All figures of the pack: numerator, denominator and what was left out, at an as-of pair."""
    from tracker.queries import figures

    with opened() as installation, installation.engine.connect() as conn:
        house = installation.house
        report = _report(house.pack, name) if name else None
        specs = report.figures(house.pack.figure_by_id) if report else house.pack.figures
        pair = _pair(installation, conn, effective or (report.effective if report else None), known)
        values = figures.figure_values(conn, house, specs, pair, units=None)
        if form == "json":
            click.echo(_as_json([_told(s, v, pair) for s, v in zip(specs, values, strict=True)]))
            return
        lines = installation.say(lambda: "\n".join(_line(s, v) for s, v in zip(specs, values, strict=True)))
        click.echo(f"{_heading(pair)}\n{lines}")


@click.command()
@click.argument("figure")
@click.option("--part", default="numerator", show_default=True, help="numerator, denominator, rest or an exclusion.")
@_pair_options
def drill(figure: str, part: str, effective: date | None, known: datetime | None, form: str) -> None:
    """The tickets that FIGURE counts. Restricted ones are counted, not listed."""
    from tracker.queries import behind, behind_marks

    with opened() as installation, installation.engine.connect() as conn:
        house = installation.house
        spec = next((f for f in house.pack.figures if f.id == figure), None)
        if spec is None:
            raise click.ClickException(f"There is no figure {figure}; xiaohao figures lists them.")
        if part not in behind.part_names(spec):
            raise click.ClickException(f"{figure} has no part {part}; it has {', '.join(behind.part_names(spec))}.")
        pair = _pair(installation, conn, effective, known)
        asked = behind.Behind(spec, part, pair, None, None)
        if behind_marks.is_from_marks(spec, house):
            _drill_marks(conn, house, asked, form)
            return
        tickets = list(behind.all_behind(conn, house, asked, behind.OPERATOR))
        if form == "json":
            click.echo(_as_json([_ticket(t) for t in tickets]))
            return
        count = behind.drill(conn, house, asked, behind.OPERATOR, cursor="", limit=1).count
        click.echo(_heading(pair))
        for ticket in tickets:
            click.echo(f"{ticket.number}  {ticket.summary}")
        hidden = count - len(tickets)
        click.echo(f"{count} in all" + (f", {hidden} of them restricted and not listed" if hidden else ""))


def _drill_marks(conn: Connection, house: House, asked: Behind, form: str) -> None:
    from tracker.domain.days import from_number
    from tracker.queries import behind_marks

    records = list(behind_marks.all_behind(conn, house, asked, None))
    if form == "json":
        told = (("number", "number"), ("counted_from", "counted_from"), ("quantity", "quantity"))
        rows = [{name: getattr(r, key) for name, key in told} for r in records]
        click.echo(_as_json([{**row, "counted_from": from_number(row["counted_from"]).isoformat()} for row in rows]))
        return
    click.echo(_heading(asked.pair))
    for record in records:
        click.echo(f"{from_number(record.counted_from)}  {record.number}  {record.summary}")
    count = behind_marks.drill(conn, house, asked, None, cursor="", limit=1).count
    hidden = count - len(records)
    click.echo(f"{count} in all" + (f", {hidden} of them restricted and not listed" if hidden else ""))


def _report(pack: Pack, name: str) -> ReportSpec:
    found: ReportSpec | None = next((r for r in pack.reports if r.id == name), None)
    if found is None:
        raise click.ClickException(f"There is no report {name}; there are {', '.join(r.id for r in pack.reports)}.")
    return found


def _pair(installation: Installation, conn: Any, effective: date | None, known: datetime | None) -> AsOf:
    from datetime import time

    from tracker import clock
    from tracker.log import store
    from tracker.queries import figures

    if installation.house.is_behind(store.read_head(conn)):
        click.echo("The rules have changed since these were counted. Run: xiaohao rebuild", err=True)
    zone = installation.settings.time_zone
    if known is not None and known.tzinfo is None:
        known = datetime.combine(known.date(), time.max if known.time() == time.min else known.time(), zone)
    return figures.as_of(conn, effective=effective or installation.house.today(clock.now()), known=known)


def _told(spec: FigureSpec, value: FigureValue, pair: AsOf) -> dict[str, Any]:
    return {
        "id": spec.id,
        "value": _value(spec, value),
        "worded": worded(value, spec.wording),
        "numerator": _plain(value.amount),
        "denominator": value.denominator,
        "excluded": value.excluded,
        "effective": value.effective.isoformat(),
        "known": pair.known_at.isoformat() if pair.known_at else None,
        "position": value.position,
    }


def _value(spec: FigureSpec, value: FigureValue) -> int | float | None:
    """None where nothing is known, or nothing to divide by."""
    if not value.is_known:
        return None
    if spec.shows != "percent":
        return _plain(value.amount)
    percent = value.rate.percent() if value.rate else None
    return None if percent is None else float(percent)


def _plain(amount: Decimal) -> int | float:
    return int(amount) if amount == int(amount) else float(amount)


def _line(spec: FigureSpec, value: FigureValue) -> str:
    from tracker import formats, words

    number = str(_plain(value.amount)) if value.is_known else formats.NOTHING
    whole = f"{number:>7}" + (f" / {value.denominator:<7}" if value.denominator is not None else " " * 10)
    share = formats.percent(value.rate) if value.rate else ""
    left_out = f"  −{value.excluded}" if value.excluded else ""
    return f"{spec.id:<28}{whole}{share:>9}{left_out:<6}  {words.of(spec.label)}"


def _heading(pair: AsOf) -> str:
    known = pair.known_at.isoformat(timespec="seconds") if pair.known_at else "—"
    return f"effective {pair.effective}  known {known}  position {pair.position}"


def _ticket(ticket: DrillTicket) -> dict[str, Any]:
    from tracker.domain.days import from_number
    from tracker.domain.lifecycle import STATUS_BY_NUMBER

    def day(number: int | None) -> str | None:
        return None if number is None else from_number(number).isoformat()

    return {
        "number": ticket.number,
        "summary": ticket.summary,
        "status": STATUS_BY_NUMBER[ticket.status].value,
        "counted_from": day(ticket.counted_from),
        "found_on": day(ticket.found_on),
        "due_on": day(ticket.due_on),
        "closed_on": day(ticket.closed_on),
    }


def _as_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1)
