"""What is owed: how units stand in a month and who is left; one period, its notice, excusing it; blocks of the first
pages."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from tracker import words
from tracker.blueprints import linking
from tracker.blueprints.names import Names, names
from tracker.blueprints.rights import can_on, connection, current_person, directory, house, needs, now, today, viewer
from tracker.domain.access import Facts
from tracker.domain.commands import AnswerNotice, ExcusePeriod
from tracker.domain.duties import DutySpec
from tracker.domain.events import StreamKind
from tracker.domain.kinds import Told
from tracker.domain.owing import can_be_answered, is_told, period_facts
from tracker.domain.period import OwedPeriod, fold
from tracker.domain.refusals import Kind, Refusal, Refusals
from tracker.forms.duties import ReasonForm, reason_form
from tracker.handler import handle
from tracker.log import store
from tracker.queries import duties as queries
from tracker.queries import notices
from tracker.queries.duties import PeriodGroup, PeriodLine, UnitLine
from tracker.queries.notices import Notice, Notices

bp = Blueprint("duties", __name__)

UNITS_SHOWN = 50


@bp.get("/duties")
@needs("view")
def show() -> ResponseReturnValue:
    """One month, of all duties or of one."""
    chosen = house().pack.duty_by_id.get(request.args.get("duty", ""))
    allowed = queries.visible(viewer(), [chosen] if chosen else house().pack.duties)
    months = queries.months(connection(), allowed)
    month = _month(request.args.get("month", "")) or next((m for m in months if m <= today()), today().replace(day=1))
    board = queries.board(connection(), allowed, month, today())
    units = sorted(board.units, key=lambda line: _code(line.unit_id))
    shown, following = _units_after(units, request.args.get("after", ""))
    return render_template(
        "duties/show.html",
        units=shown,
        unit_count=len(units),
        following=following,
        left=board.left,
        is_cut=board.is_cut,
        chosen=chosen,
        month=month,
        months=[(f"{one:%Y-%m}", f"{one:%Y-%m}") for one in dict.fromkeys((*months, month))],
        duties=[(spec.id, words.of(spec.label)) for spec in house().pack.duties],
        names=_named(board.left),
        label=label,
        today=today(),
    )


def _units_after(units: Sequence[UnitLine], after: str) -> tuple[Sequence[UnitLine], str | None]:
    """A page of the units whose codes follow this one, and the code after which the next page begins."""
    rest = [line for line in units if _code(line.unit_id) > after] if after else units
    shown = rest[:UNITS_SHOWN]
    return shown, _code(shown[-1].unit_id) if len(rest) > len(shown) else None


def _month(text: str) -> date | None:
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError:
        return None


def _code(unit_id: int) -> str:
    unit = names().directory.units.get(unit_id)
    return unit.code if unit else ""


def label(duty: str) -> str:
    """What a duty is called; its id where the pack has it no longer."""
    spec = house().pack.duty_by_id.get(duty)
    return words.of(spec.label) if spec else duty


@dataclass(frozen=True, slots=True)
class DutyAct:
    """A way to a form in which what is owed is recorded."""

    href: str
    is_inspection: bool


# -- one period ---------------------------------------------------------------------------------------
@bp.get("/duties/<int:period_id>")
@needs("view")
def period(period_id: int) -> ResponseReturnValue:
    return _page(period_id, None)


@bp.post("/duties/<int:period_id>/say")
@needs("view")
def say(period_id: int) -> ResponseReturnValue:
    """To what was missed: why, or that one has read it; or it is excused, and stays apart from what was done."""
    if _line(period_id) is None:
        abort(404)
    form = reason_form(is_needed=request.form.get("act") != Told.LEAD)
    try:
        handle(house(), _command(period_id, form), actor_id=current_person().id, now=now())
    except (Refusal, Refusals) as why:
        if why.kind is not Kind.INVALID or (isinstance(why, Refusal) and why.code == "record_unknown"):
            return _conflict(why)
        form.refuse(why)
        return _page(period_id, form), 422
    return redirect(url_for("duties.period", period_id=period_id), 303)


_EXCUSE = "excuse"


def _command(period_id: int, form: ReasonForm) -> AnswerNotice | ExcusePeriod:
    """By the button that was pressed; 400 for one that no page has."""
    act, text, seen = request.form.get("act", ""), form.reason.value or "", form.seen_version()
    if act == _EXCUSE:
        return ExcusePeriod(period_id=period_id, version=seen, reason=text, key=form.key.data)
    if act not in set(Told):
        abort(400)
    return AnswerNotice(period_id=period_id, version=seen, told=Told(act), note=text, key=form.key.data)


def _conflict(why: Refusal | Refusals) -> ResponseReturnValue:
    """What nobody may know of is not there; everything else is said by the page of its kind."""
    if isinstance(why, Refusal) and why.code == "record_unknown":
        abort(404)
    raise why


def _line(period_id: int) -> PeriodLine | None:
    return queries.period_line(connection(), queries.visible(viewer(), house().pack.duties), period_id)


def _page(period_id: int, came_back: ReasonForm | None) -> str:
    line = _line(period_id)
    whole = fold(store.read_stream(connection(), StreamKind.DUTY, period_id)) if line else None
    if line is None or whole is None:
        abort(404)
    spec = house().pack.duty_by_id[line.duty]
    register = house().pack.record_by_name[spec.activity]
    running = notices.running(connection(), spec, line) if line.is_missed else 0
    says = _may_say(spec, line, whole, is_twice=running > 1)
    known = _named([line])
    return render_template(
        "duties/period.html",
        line=line,
        subject_href=_address(known.numbers.get(line.subject_id or 0)),
        least=[(words.of(register.by_name[name].label), least) for name, least in spec.at_least],
        whole=whole,
        counted=_counted(whole.counted),
        acts=_acts(spec, line) if line.is_open or line.is_missed else (),
        spec=spec,
        label=label,
        names=known,
        today=today(),
        running=running,
        says=says,
        form=(came_back or reason_form(line.version, is_needed=Told.LEAD not in says)) if says else None,
        register=register,
    )


def _may_say(spec: DutySpec, line: PeriodLine, whole: OwedPeriod, *, is_twice: bool) -> list[str]:
    """What the person may say to it: answer as the owner, as whom it was missed twice running, excuse it."""
    person, units = current_person(), directory()
    found: list[str] = [
        told.value
        for told in ((Told.OWNER, Told.LEAD) if is_twice else (Told.OWNER,))
        if can_be_answered(whole, told) and is_told(told, spec, line.unit_id, person, units, today())
    ]
    if line.may_be_excused and can_on("excuse", period_facts(spec, line.unit_id)):
        found.append(_EXCUSE)
    return found


def _counted(ids: Collection[int]) -> list[dict[str, Any]]:
    """The records that count, with the address of each that the person may open."""
    may_open = linking.numbers_of(viewer(), ids)
    found = queries.records_named(connection(), sorted(ids))
    return [{"record": one, "href": _address(may_open.get(key))} for key, one in found.items()]


def _address(number: str | None) -> str | None:
    return url_for("records.show", number=number) if number else None


def _acts(spec: DutySpec, line: PeriodLine) -> list[DutyAct]:
    """How the person may do what is owed: walk the checklist of what it is owed for, or record it."""
    register = house().pack.record_by_name[spec.activity]
    if not can_on("register", Facts.of_unit(register.name, line.unit_id)):
        return []
    found = []
    owed: dict[str, Any] = {linking.DUTY: spec.id}  # what kind it asks for is filled in
    if line.subject and register.checklist:
        href = url_for("inspections.begin", register=register.name, subject=line.subject[0], **owed)
        found.append(DutyAct(href, is_inspection=True))
    told: dict[str, Any] = {"from": line.subject[0]} if line.subject else {"place": str(line.unit_id)}
    found.append(DutyAct(url_for("record_lists.enter", register=register.name, **told, **owed), is_inspection=False))
    return found


# -- first pages --------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class DeskDuties:
    """What was missed and what ends soon, by duty and period; and who missed something twice running. `told`: of that
    what is a notice to the reader, in person."""

    told: Notices
    twice: tuple[Notice, ...]
    missed: tuple[PeriodGroup, ...]
    soon: tuple[PeriodGroup, ...]


def for_desk() -> DeskDuties:
    """Of the units that the person looks after."""
    specs = house().pack.duties
    allowed = queries.visible(viewer(), specs)
    told = notices.of_twice(connection(), queries.told_of_twice(viewer(), specs), specs, today())
    twice = notices.of_twice(connection(), allowed, specs, today())
    mine = {one.line.id for one in told.lines}
    return DeskDuties(
        told,
        tuple(one for one in twice.lines if one.line.id not in mine),
        tuple(queries.missed_lately(connection(), allowed, today())),
        tuple(queries.ends_soon(connection(), allowed, today())),
    )


@dataclass(frozen=True, slots=True)
class DutyTask:
    """A period as a line of today's list. `days`: until it ends, or can no longer be made good. `running`: so many were
    missed running up to it. `act`: the form in which it is recorded, filled in.
    """

    href: str
    title: str
    below: str
    days: int
    act: DutyAct | None
    line: PeriodLine
    running: int


@dataclass(frozen=True, slots=True)
class TodaysDuties:
    """What the person's own units owe within the week, the soonest first, and what they missed and have not answered.

    `is_cut`: there are more, on the page of the duties.
    """

    missed: tuple[DutyTask, ...]
    to_do: tuple[DutyTask, ...]
    is_cut: bool


def for_today() -> TodaysDuties:
    """Of the units for which the person may record what is owed."""
    specs = house().pack.duties
    mine = queries.visible(viewer(), specs, "register")
    missed = notices.of_owner(connection(), mine, specs, today())
    to_do = queries.to_do(connection(), mine, today())
    shown = to_do[: queries.TODAY_SHOWN]
    known = _named([*(one.line for one in missed.lines), *shown])
    return TodaysDuties(
        tuple(_task(one.line, known, one.running) for one in missed.lines),
        tuple(_task(line, known) for line in shown),
        missed.is_cut or len(to_do) > len(shown),
    )


def _named(lines: Iterable[PeriodLine]) -> Names:
    """With the numbers and titles of what these periods are owed for."""
    return linking.named(viewer(), {line.subject_id for line in lines if line.subject_id})


def _task(line: PeriodLine, known: Names, running: int = 0) -> DutyTask:
    of = [known.unit(line.unit_id), known.titled(line.subject_id) if line.subject_id else ""]
    counted = gettext("%(counted)s of %(needed)s", counted=line.counted, needed=line.needed)
    acts = _acts(house().pack.duty_by_id[line.duty], line)
    return DutyTask(
        href=url_for("duties.period", period_id=line.id),
        title=label(line.duty),
        below=" ".join(part for part in (*of, counted) if part),
        days=max(((line.end if line.end >= today() else line.last_entry) - today()) // timedelta(days=1), 0),
        act=acts[0] if acts else None,
        line=line,
        running=running,
    )
