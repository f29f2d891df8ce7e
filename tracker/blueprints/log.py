"""The log, for auditors: its head, whether it holds together, and its entries, newest first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from tracker import fault_words, words
from tracker.blueprints.duties import label
from tracker.blueprints.names import names
from tracker.blueprints.rights import can_see_people, connection, directory, house, needs, viewer
from tracker.domain.events import ACCOUNT_KINDS, ALL_KINDS, LATE_ENTRY_DAYS, Event, StreamKind
from tracker.domain.texts import whole_number
from tracker.forms.asof import DayForm
from tracker.queries import audit, duties
from tracker.queries.audit import LogEntry, LogFilters
from tracker.queries.duties import PeriodLine

bp = Blueprint("log", __name__)

FILTERS = ("kind", "actor", "day", "late")
SYSTEM = "0"


@bp.get("/log")
@needs("audit")
def show() -> ResponseReturnValue:
    """The page; 422 when the day of the filter cannot be read, and then that filter is left out."""
    form = DayForm(request.args)
    is_good = form.validate()
    filters = LogFilters(_kind_asked(), _number("actor"), form.day.data, request.args.get("late") == "yes")
    page = audit.log_page(connection(), viewer(), filters, house().time_zone, before=_number("before"))
    periods = _periods(page.entries)
    kept = {name: request.args[name] for name in FILTERS if request.args.get(name)}
    check = audit.check_latest(connection(), audit.CHECKED)
    shown = render_template(
        "log/show.html",
        check=check,
        faults=[fault_words.fault(f.code, position=f.position, detail=f.detail) for f in check.faults],
        page=page,
        rows=[_row(entry, periods.get(entry.event.stream_id)) for entry in page.entries],
        unsound=[entry.event.position for entry in page.entries if not entry.is_sound],
        filters=filters,
        mistake=" ".join(form.day.errors),
        kept=kept,
        kinds=sorted(((kind, words.event(kind)) for kind in set().union(*ALL_KINDS.values())), key=lambda k: k[1]),
        actors=[(SYSTEM, gettext("The system itself")), *_people()],
        late_days=LATE_ENTRY_DAYS,
        sees_people=can_see_people(),
    )
    return shown, 200 if is_good else 422


def _number(name: str) -> int | None:
    return whole_number(request.args.get(name))


def _kind_asked() -> str | None:
    kind = request.args.get("kind", "")
    return kind if any(kind in kinds for kinds in ALL_KINDS.values()) else None


def _people() -> list[tuple[str, str]]:
    return sorted(((str(p.id), p.name) for p in directory().people.values()), key=lambda p: p[1])


def _periods(entries: Iterable[LogEntry]) -> Mapping[int, PeriodLine]:
    """The owed periods that these entries are about and this person may see."""
    ids = sorted({e.event.stream_id for e in entries if e.event.stream_kind is StreamKind.DUTY})
    return duties.period_lines(connection(), duties.visible(viewer(), house().pack.duties), ids)


def _row(entry: LogEntry, period: PeriodLine | None) -> Mapping[str, Any]:
    """One line of components/log.html. `period`: of an entry about what is owed."""
    event = entry.event
    if entry.is_hidden:  # not even its times: with the figures they would tell when a restricted ticket was brought
        return {
            "position": event.position,
            "what": gettext("Not open to you"),
            "detail": _why_hidden(entry),
        }
    return {
        "position": event.position,
        "occurred_on": event.occurred_on,
        "recorded_at": event.recorded_at,
        "what": words.event(event.kind),
        "who": _who(event.actor_id),
        "detail": entry.number or (_owed(period) if period else _detail(event)),
        "late_days": entry.late_days,
        "is_closing": event.kind == "closed",
        "href": _href(entry, period),
    }


def _href(entry: LogEntry, period: PeriodLine | None) -> str | None:
    if period is not None:
        return url_for("duties.period", period_id=period.id)
    if entry.number is None:
        return None
    return url_for("records.show" if entry.is_of_record else "tickets.show", number=entry.number)


def _owed(period: PeriodLine) -> str:
    """Which duty, whose, from which day, and for what where it is not the unit's own."""
    told = (label(period.duty), names().unit(period.unit_id), period.start.isoformat(), *(period.subject or ())[:1])
    return " ".join(told)


def _why_hidden(entry: LogEntry) -> str:
    if entry.event.stream_kind is StreamKind.PERSON:
        return gettext("This entry is about a person. Administrators and auditors of everything read it.")
    if entry.is_of_record:
        return gettext("This entry is about a record that you may not see.")
    return gettext("This entry is about a ticket that you may not see.")


def _who(actor_id: int) -> str:
    person = directory().people.get(actor_id)
    return person.name if person else gettext("The system itself")


def _detail(event: Event) -> str:
    """What an entry that is not about a ticket is about: names only, and the figure of an export."""
    data = event.data
    person = directory().people.get(event.stream_id)
    told = {
        "exported": (data.get("figure"), data.get("part"), data.get("effective")),
        "granted": (person.name if person else "", _role(data.get("role")), names().unit(data.get("unit"))),
        "grant_ended": (person.name if person else "",),
        "person_left": (person.name if person else "",),
        **dict.fromkeys(ACCOUNT_KINDS, (person.name if person else "", data.get("login"))),
    }
    return " ".join(str(text) for text in told.get(event.kind, (data.get("name"),)) if text)


def _role(name: Any) -> str:
    return words.role(name) if isinstance(name, str) else ""
