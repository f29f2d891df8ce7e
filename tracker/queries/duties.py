"""What is owed: what the clockwork asks (who owes, what is over), and what pages show to whoever may see the unit.
Whom a missed period is a notice to: notices.py.

Bound: a page counts the periods of one month, and lists so many of them; the clockwork reads the marks of one register
of subjects for each period that begins, and the periods that are over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Select, and_, bindparam, case, false, func, or_, select, true

from tracker.domain.days import from_number, to_number
from tracker.domain.duties import DutySpec
from tracker.domain.kinds import Told
from tracker.domain.people import Directory
from tracker.domain.period import Standing
from tracker.log.store import from_ms
from tracker.models.duties import DutyPeriodRow, JobLeaseRow, JobRunRow
from tracker.models.ledger import FolioRow, MarkRow
from tracker.models.records import RecordRow
from tracker.projections.duties import STANDING_BY_NUMBER, STANDING_NUMBERS, TOLD_NUMBERS
from tracker.queries.scope import Condition, Viewer, units_of_role, units_open

P = DutyPeriodRow
LEFT_SHOWN = 50
DESK_SHOWN = 6
TODAY_SHOWN = 8
MONTHS_OFFERED = 24
MISSED_LATELY = 31
SOON = 7
"""Days: what was missed in so many before today, and ends in so many from today, stands on first pages."""
RUNS_SHOWN = 50

_duty_beside = P.duty.concat("")
"""The duty of a period, where SQLite shall not look for it first: a duty has its periods of all years."""

_OPEN, MISSED = STANDING_NUMBERS[Standing.OPEN], STANDING_NUMBERS[Standing.MISSED]
_IN_STATES = (
    select(MarkRow.ticket_id, MarkRow.unit)
    .join(FolioRow, FolioRow.id == MarkRow.folio)
    .where(
        FolioRow.register == bindparam("register"),
        FolioRow.account.in_(bindparam("accounts", expanding=True)),
        MarkRow.ef <= bindparam("day"),
        MarkRow.et > bindparam("day"),
        MarkRow.rt.is_(None),
    )
    .order_by(MarkRow.ticket_id)
)
_OVER = (
    select(P.id)
    .where(P.standing == _OPEN, P.last_entry >= bindparam("first"), P.last_entry < bindparam("day"))
    .order_by(P.last_entry, P.id)
)


# -- the clockwork ------------------------------------------------------------------------------------
def owners(conn: Connection, directory: Directory, spec: DutySpec, day: date) -> list[tuple[int, int | None]]:
    """(unit, subject) for each who owes the duty on that day, as now known."""
    owed_by = spec.owed_by
    if owed_by.subjects is not None:
        accounts = [f"state.{state}" for state in owed_by.states] or ["live"]
        asked = {"register": owed_by.subjects, "accounts": accounts, "day": to_number(day)}
        return [(unit_id, subject_id) for subject_id, unit_id in conn.execute(_IN_STATES, asked)]
    units = sorted(directory.units.values(), key=lambda unit: unit.id)
    return [(unit.id, None) for unit in units if not unit.is_closed and owed_by.has(unit)]


def over(conn: Connection, first: date, today: date) -> list[int]:
    """Periods that can no longer be fulfilled and of which nobody has said so. `first`: those that could be until
    then, or later."""
    return list(conn.scalars(_OVER, {"first": to_number(first), "day": to_number(today)}))


def done_until(conn: Connection, job: str) -> date | None:
    """The day up to which the job's work is done; None before its first run."""
    number = conn.scalar(select(JobLeaseRow.done_until).where(JobLeaseRow.name == job))
    return None if number is None else from_number(number)


@dataclass(frozen=True, slots=True)
class JobRun:
    """One run of a job. `took`: None while it runs, or when its process died."""

    began_at: datetime
    took: timedelta | None
    holder: str
    opened: int
    missed: int
    fault: str | None


def job_runs(conn: Connection, job: str) -> list[JobRun]:
    """The newest runs."""
    row = JobRunRow
    query = select(*row.__table__.columns).where(row.name == job).order_by(row.id.desc()).limit(RUNS_SHOWN)
    return [
        JobRun(
            from_ms(r.began_at),
            None if r.ended_at is None else timedelta(milliseconds=r.ended_at - r.began_at),
            r.holder,
            r.opened,
            r.missed,
            r.fault,
        )
        for r in conn.execute(query)
    ]


@dataclass(frozen=True, slots=True)
class Lease:
    """`until`: None when the holder has ended, and whoever comes next may begin."""

    holder: str
    until: datetime | None
    done_until: date | None


def lease(conn: Connection, job: str) -> Lease | None:
    """Who works, until when without a sign of life, and up to which day all is done."""
    row = conn.execute(select(*JobLeaseRow.__table__.columns).where(JobLeaseRow.name == job)).one_or_none()
    if row is None or not row.holder:
        return None
    return Lease(
        row.holder,
        from_ms(row.until) if row.until else None,
        None if row.done_until is None else from_number(row.done_until),
    )


# -- pages --------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class UnitLine:
    """How the periods of one unit stand. `running`: of those that are open, the ones not yet at their end."""

    unit_id: int
    standings: Mapping[Standing, int]
    running: int

    @property
    def total(self) -> int:
        return sum(self.standings.values())

    @property
    def waiting(self) -> int:
        """At their end, but something may still come late, or be entered."""
        return self.standings.get(Standing.OPEN, 0) - self.running


@dataclass(frozen=True, slots=True)
class PeriodLine:
    """An owed period in a list. `subject`: number and summary of the record for which it is owed. `missed_on`: where it
    was missed, since when."""

    id: int
    duty: str
    unit_id: int
    subject_id: int | None
    start: date
    end: date
    last_entry: date
    needed: int
    counted: int
    standing: Standing
    answered: int
    version: int
    missed_on: date
    subject: tuple[str, str] | None

    @property
    def is_unanswered(self) -> bool:
        """Missed, and who owed it has not said why."""
        return self.is_missed and not self.answered & TOLD_NUMBERS[Told.OWNER]

    @property
    def is_open(self) -> bool:
        return self.standing is Standing.OPEN

    @property
    def is_missed(self) -> bool:
        return self.standing is Standing.MISSED

    @property
    def may_be_excused(self) -> bool:
        """Not what was done, nor twice: the rule is `owing.can_be_excused`."""
        return self.standing not in (Standing.DONE, Standing.EXCUSED)


@dataclass(frozen=True, slots=True)
class PeriodGroup:
    """So many periods of a duty that end on one day."""

    duty: str
    start: date
    end: date
    count: int


@dataclass(frozen=True, slots=True)
class Board:
    """One month: how each unit stands (in no order), who is left, and whether more are left than shown."""

    units: tuple[UnitLine, ...]
    left: tuple[PeriodLine, ...]
    is_cut: bool


def visible(viewer: Viewer, duties: Iterable[DutySpec], action: str = "view") -> Condition:
    """True for each period of these duties on whose records the person may do `action`: see `access.may`."""
    return _of_units(duties, lambda spec: units_open(viewer, action, spec.activity))


def told_of_twice(viewer: Viewer, duties: Iterable[DutySpec]) -> Condition:
    """True for each period of these duties that is a notice to the person when it was missed twice running."""
    return _of_units(duties, lambda spec: units_of_role(viewer, spec.twice_tells, spec.activity))


def _of_units(duties: Iterable[DutySpec], units_of: Callable[[DutySpec], frozenset[int] | None]) -> Condition:
    """Those of each duty that lie in its units; None: in any."""
    alike: dict[frozenset[int] | None, list[str]] = {}
    for spec in duties:
        units = units_of(spec)
        if units != frozenset():
            alike.setdefault(units, []).append(spec.id)
    arms = (
        and_(_duty_beside.in_(ids), true() if units is None else P.unit_id.in_(units)) for units, ids in alike.items()
    )
    return or_(false(), *arms)


def months(conn: Connection, allowed: Condition) -> list[date]:
    """The months in which visible periods end, the latest first; MONTHS_OFFERED at most. Read from the two ends of
    their index, no further than to the first that is visible."""
    ends = select(P.ends).where(allowed).limit(1)
    first, last = conn.scalar(ends.order_by(P.ends)), conn.scalar(ends.order_by(P.ends.desc()))
    if first is None or last is None:
        return []
    found: list[date] = []
    day = from_number(last).replace(day=1)
    while day >= from_number(first).replace(day=1) and len(found) < MONTHS_OFFERED:
        found.append(day)
        day = (day - timedelta(days=1)).replace(day=1)
    return found


def board(conn: Connection, allowed: Condition, month: date, today: date) -> Board:
    """The periods that end in the month."""
    next_month = (month.replace(day=28) + timedelta(days=4)).replace(day=1)
    here = and_(allowed, P.ends.between(to_number(month), to_number(next_month) - 1))
    runs = case((and_(P.standing == _OPEN, P.ends >= to_number(today)), 1), else_=0)
    query = select(P.unit_id, P.standing, func.count(), func.sum(runs)).where(here).group_by(P.unit_id, P.standing)
    standings: dict[int, dict[Standing, int]] = {}
    running: dict[int, int] = {}
    for unit_id, standing, count, running_of in conn.execute(query):
        standings.setdefault(unit_id, {})[STANDING_BY_NUMBER[standing]] = count
        running[unit_id] = running.get(unit_id, 0) + int(running_of)
    units = tuple(UnitLine(unit_id, standings[unit_id], running[unit_id]) for unit_id in standings)
    left = and_(here, P.standing.in_((_OPEN, MISSED)))
    lines = lines_of(conn, select(P).where(left).order_by(P.ends.desc(), P.id).limit(LEFT_SHOWN + 1))
    return Board(units, lines[:LEFT_SHOWN], len(lines) > LEFT_SHOWN)


def missed_lately(conn: Connection, allowed: Condition, today: date) -> list[PeriodGroup]:
    """What was missed in the last month, the latest first."""
    day = to_number(today)
    lately = and_(allowed, P.standing == MISSED, P.ends.between(day - MISSED_LATELY, day))
    return _groups(conn, select(P.duty, P.starts, P.ends, func.count()).where(lately), P.ends.desc())


def ends_soon(conn: Connection, allowed: Condition, today: date) -> list[PeriodGroup]:
    """What is still owed by whom within a week, the soonest first."""
    return _groups(conn, select(P.duty, P.starts, P.ends, func.count()).where(allowed, _is_soon(today)), P.ends)


def _is_soon(today: date) -> Condition:
    day = to_number(today)
    return and_(P.standing == _OPEN, P.last_entry >= day, P.starts <= day, P.ends <= day + SOON)


def _groups(conn: Connection, query: Select[str, int, int, int], order: Any) -> list[PeriodGroup]:
    grouped = query.group_by(P.duty, P.starts, P.ends).order_by(order, P.duty).limit(DESK_SHOWN)
    return [PeriodGroup(duty, from_number(a), from_number(b), n) for duty, a, b, n in conn.execute(grouped)]


def to_do(conn: Connection, allowed: Condition, today: date) -> tuple[PeriodLine, ...]:
    """What somebody's units still owe within a week, the soonest first; one more than is shown."""
    query = select(P).where(allowed, _is_soon(today)).order_by(P.ends, P.id).limit(TODAY_SHOWN + 1)
    return lines_of(conn, query)


def period_line(conn: Connection, allowed: Condition, period_id: int) -> PeriodLine | None:
    """One period; None where there is none that the person may see."""
    return next(iter(lines_of(conn, select(P).where(P.id == period_id, allowed))), None)


def period_lines(conn: Connection, allowed: Condition, ids: Sequence[int]) -> dict[int, PeriodLine]:
    """Those of these periods that the person may see."""
    return {line.id: line for line in lines_of(conn, select(P).where(P.id.in_(list(ids)), allowed))} if ids else {}


@dataclass(frozen=True, slots=True)
class CountedRecord:
    number: str
    summary: str
    held_on: date


def records_named(conn: Connection, ids: Sequence[int]) -> dict[int, CountedRecord]:
    """Number, summary and day of some records."""
    row = RecordRow
    query = select(row.id, row.number, row.summary, row.held_on).where(row.id.in_(list(ids)))
    return {r.id: CountedRecord(r.number, r.summary, from_number(r.held_on)) for r in conn.execute(query)}


def lines_of(conn: Connection, query: Select[Any]) -> tuple[PeriodLine, ...]:
    """The periods of the query, with what each is owed for."""
    rows = conn.execute(query.with_only_columns(*P.__table__.columns)).all()
    subjects = records_named(conn, [r.subject_id for r in rows if r.subject_id])
    return tuple(
        PeriodLine(
            r.id,
            r.duty,
            r.unit_id,
            r.subject_id or None,
            from_number(r.starts),
            from_number(r.ends),
            from_number(r.last_entry),
            r.needed,
            r.counted,
            STANDING_BY_NUMBER[r.standing],
            r.answered,
            r.version,
            from_number(r.due_on + r.last_day - r.ends),
            (found.number, found.summary) if (found := subjects.get(r.subject_id)) else None,
        )
        for r in rows
    )
