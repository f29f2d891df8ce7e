"""Notices: a missed period stands before who owed it, and twice running before whom its duty names, until answered.

Nothing is sent and nothing is stored but the answers: what was missed and not answered is a notice, however long the
clockwork stood still and however often it came by. Of what the same unit, or subject, missed again and again the latest
stands for all. Bound: those of the last months, so many of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, and_, case, exists, func, select
from sqlalchemy.orm import aliased

from tracker.domain.days import from_number, to_number
from tracker.domain.duties import DutySpec
from tracker.domain.kinds import Told
from tracker.domain.period import period_before
from tracker.models.duties import DutyPeriodRow
from tracker.projections.duties import TOLD_NUMBERS
from tracker.queries.duties import MISSED, PeriodLine, lines_of
from tracker.queries.scope import Condition

P = DutyPeriodRow
KEPT_DAYS = 92
"""What ended a quarter ago is no news; the page of the duties still says that nobody answered."""
SHOWN = 8
OF_ONE_DUTY = 3
"""A daily report that ten villages miss does not hide the patrol that one missed."""
MOST_RUNNING = 99


@dataclass(frozen=True, slots=True)
class Notice:
    """A missed period, and how many were missed running up to it, MOST_RUNNING at most."""

    line: PeriodLine
    running: int


@dataclass(frozen=True, slots=True)
class Notices:
    """The latest first. `is_cut`: there are more."""

    lines: tuple[Notice, ...]
    is_cut: bool


def of_owner(conn: Connection, allowed: Condition, duties: Sequence[DutySpec], today: date) -> Notices:
    """What was missed, whether once or more often, and nobody of those who owed it has said why."""
    return _notices(conn, and_(allowed, _is_missed(today), _is_unanswered(Told.OWNER)), duties)


def of_twice(conn: Connection, allowed: Condition, duties: Sequence[DutySpec], today: date) -> Notices:
    """What was missed, and the period before it too, and nobody to whom that is a notice has answered."""
    is_twice = _is_twice(conn, and_(allowed, _is_missed(today)), duties)
    if is_twice is None:
        return Notices((), is_cut=False)
    return _notices(conn, and_(allowed, _is_missed(today), _is_unanswered(Told.LEAD), is_twice), duties)


def running(conn: Connection, spec: DutySpec, line: PeriodLine) -> int:
    """How many were missed running up to this one, which was; MOST_RUNNING at most."""
    here = (P.duty == line.duty, P.unit_id == line.unit_id, P.subject_id == (line.subject_id or 0))
    missed = select(P.starts).where(*here, P.standing == MISSED, P.starts <= to_number(line.start))
    count, expected = 0, line.start
    for number in conn.scalars(missed.order_by(P.starts.desc()).limit(MOST_RUNNING)):
        if from_number(number) != expected:
            break
        count += 1
        previous = period_before(spec, expected)
        if previous is None:
            break
        expected = previous
    return count


def _is_missed(today: date) -> Condition:
    day = to_number(today)
    return and_(P.standing == MISSED, P.ends.between(day - KEPT_DAYS, day))


def _is_unanswered(told: Told) -> Condition:
    return P.answered.bitwise_and(TOLD_NUMBERS[told]) == 0


def _is_twice(conn: Connection, among: Condition, duties: Sequence[DutySpec]) -> Condition | None:
    """The period that was owed before, not merely the one that was opened before: where the clockwork did not ask for
    one in between, nothing was missed running. None: among these there is nothing missed."""
    by_id = {spec.id: spec for spec in duties}
    starts = conn.execute(select(P.duty, P.starts).where(among).distinct()).all()
    before = {
        (duty, day): previous
        for duty, day in starts
        if duty in by_id and (previous := period_before(by_id[duty], from_number(day))) is not None
    }
    if not before:
        return None
    earlier = aliased(P)
    previous_start = case(
        *((and_(P.duty == duty, P.starts == day), to_number(previous)) for (duty, day), previous in before.items())
    )
    return (
        exists()
        .where(
            earlier.duty == P.duty,
            earlier.unit_id == P.unit_id,
            earlier.subject_id == P.subject_id,
            earlier.starts == previous_start,
            earlier.standing == MISSED,
        )
        .correlate(P)
    )


def _is_latest() -> Condition:
    """Nothing later was missed of the same."""
    later = aliased(P)
    return ~(
        exists()
        .where(
            later.duty == P.duty,
            later.unit_id == P.unit_id,
            later.subject_id == P.subject_id,
            later.starts > P.starts,
            later.standing == MISSED,
        )
        .correlate(P)
    )


def _notices(conn: Connection, which: Condition, duties: Sequence[DutySpec]) -> Notices:
    newest = (P.ends.desc(), P.id)
    rank = func.row_number().over(partition_by=P.duty, order_by=newest).label("rank")
    found = select(P.id, rank).where(which, _is_latest()).subquery()
    ids = list(conn.scalars(select(found.c.id).where(found.c.rank <= OF_ONE_DUTY + 1)))
    lines = lines_of(conn, select(P).where(P.id.in_(ids)).order_by(*newest)) if ids else ()
    counted: Counter[str] = Counter()
    first: list[PeriodLine] = []
    for line in lines:
        counted[line.duty] += 1
        if counted[line.duty] <= OF_ONE_DUTY and len(first) < SHOWN:
            first.append(line)
    by_id = {spec.id: spec for spec in duties}
    shown = tuple(Notice(line, running(conn, by_id[line.duty], line)) for line in first)
    return Notices(shown, len(lines) > len(first))
