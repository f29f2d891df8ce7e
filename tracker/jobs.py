"""The clockwork: opens what is owed when its time begins, and says what was missed when its time is over.

Exactly one process works, however many serve: whoever holds the lease in the database, until it runs out. All that is
done goes through `handler.py`, is done once however often it is tried, and is caught up after a time of standing still.
The rows of leases and runs are written here.
"""

from __future__ import annotations

import os
import socket
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, delete, insert, select, update

from tracker import clock as system_clock
from tracker.domain.commands import DutyCommand, MissPeriod, OpenPeriod
from tracker.domain.days import to_number
from tracker.domain.duties import JOB, DutySpec
from tracker.domain.people import SYSTEM
from tracker.domain.period import periods
from tracker.handler import Done, Request, handle_all
from tracker.house import House
from tracker.log.store import to_ms
from tracker.models.duties import JobLeaseRow, JobRunRow
from tracker.models.rows import writer
from tracker.queries import demonstration, duties

if TYPE_CHECKING:
    from apscheduler.schedulers.background import BackgroundScheduler

LEASE = timedelta(minutes=5)
"""A holder that has not come by for so long is dead."""
TICK = timedelta(minutes=1)
AT_ONCE = 500
"""Commands in one transaction: others who write wait for no more than some tenths of a second."""
RUNS_KEPT = 500
LONGEST = timedelta(days=366)
_LONGEST_FAULT = 500


@dataclass(frozen=True, slots=True)
class Ran:
    """How many periods a run opened, and of how many it said that they were missed."""

    opened: int = 0
    missed: int = 0


# -- the work -----------------------------------------------------------------------------------------
def run_duties(
    house: House, now: datetime, *, until: date | None = None, beat: Callable[[], object] | None = None
) -> Ran:
    """All that is due by the day of `now` (or `until`, when that is earlier): safe to call at any time, by anybody.

    The first run ever opens what runs on that day, any other what has begun since the last. `beat` is called
    after each transaction: it keeps the lease of a long run, which else would have two at work, though doing nothing
    twice. A demonstration whose year is over is not caught up: on days on which nobody looked at it nobody owed
    anything, and what was running then is left as it stood, not said to be missed.
    """
    today = house.today(now) if until is None else min(until, house.today(now))
    with house.engine.connect() as conn:
        since = duties.done_until(conn, JOB)
        if since is not None and since >= today:
            return Ran()
        judged_from = date.min
        if since is not None and _is_after_its_year(conn, today):
            is_looked_at = since == today - timedelta(days=1)
            since, judged_from = (since, since) if is_looked_at else (None, today)
        directory = house.directory(conn)  # and the duties as they are defined by now
        opening = list(_beginning(house.pack.duties, since, today))
        commands: list[DutyCommand] = [
            OpenPeriod(duty=spec.id, unit_id=unit_id, start=start, subject_id=subject_id)
            for spec, start in opening
            for unit_id, subject_id in duties.owners(conn, directory, spec, start)
        ]
    opened = _carry_out(house, commands, now, beat)
    with house.engine.connect() as conn:
        over = duties.over(conn, judged_from, today)
    missed = _carry_out(house, [MissPeriod(period_id=i) for i in over], now, beat)
    _done_until(house.engine, today)
    return Ran(opened, missed)


def _is_after_its_year(conn: Connection, today: date) -> bool:
    """Whether this is a demonstration whose year is over."""
    ended = demonstration.ends_on(conn)
    return ended is not None and ended < today


def _beginning(specs: Sequence[DutySpec], since: date | None, today: date) -> Iterator[tuple[DutySpec, date]]:
    """The periods that begin after `since`, up to today; without it those that today lies in."""
    for spec in specs:
        first = today - LONGEST if since is None else since + timedelta(days=1)
        for start, end in periods(spec, first, today):
            if since is not None or end >= today:
                yield spec, start


def _carry_out(house: House, commands: Sequence[DutyCommand], now: datetime, beat: Callable[[], object] | None) -> int:
    """How many were new. A period that somebody fulfilled or excused meanwhile is not missed: that is refused."""
    count = 0
    for n in range(0, len(commands), AT_ONCE):
        part = commands[n : n + AT_ONCE]
        results = handle_all(house, [Request(command, SYSTEM, now) for command in part], goes_on=True)
        count += sum(1 for result in results if isinstance(result, Done) and not result.is_repeat)
        if beat is not None:
            beat()
    return count


def _done_until(engine: Engine, day: date) -> None:
    with writer(engine) as conn, conn.begin():
        conn.execute(update(JobLeaseRow).where(JobLeaseRow.name == JOB).values(done_until=to_number(day)))


# -- whose turn it is ---------------------------------------------------------------------------------
def take_turn(house: House, holder: str, clock: Callable[[], datetime]) -> Ran | None:
    """Run when something is to be done and nobody else does it; None otherwise. What stops a run is written down."""
    now = clock()
    with house.engine.connect() as conn:
        house.follow(conn)
    if not house.pack.duties or not hold(house.engine, holder, now):
        return None
    with house.engine.connect() as conn:
        done = duties.done_until(conn, JOB)
    if done is not None and done >= house.today(now):
        return None
    run_id = _begin_run(house.engine, holder, now)
    try:
        ran = run_duties(house, now, beat=lambda: hold(house.engine, holder, clock()))
    except Exception as error:
        fault = f"{type(error).__name__}: {error}"[:_LONGEST_FAULT]
        _end_run(house.engine, run_id, clock(), Ran(), fault)
        raise
    _end_run(house.engine, run_id, clock(), ran, None)
    return ran


def hold(engine: Engine, holder: str, now: datetime) -> bool:
    """Take the lease, or keep it; False while somebody else who is alive has it."""
    row = JobLeaseRow
    with writer(engine) as conn, conn.begin():
        lease = conn.execute(select(row.holder, row.until).where(row.name == JOB).with_for_update()).one()
        if lease.holder != holder and lease.until > to_ms(now):
            return False
        conn.execute(update(row).where(row.name == JOB).values(holder=holder, until=to_ms(now + LEASE)))
    return True


def let_go(engine: Engine, holder: str) -> None:
    """The next may come at once."""
    row = JobLeaseRow
    with writer(engine) as conn, conn.begin():
        conn.execute(update(row).where(row.name == JOB, row.holder == holder).values(until=0))


def _begin_run(engine: Engine, holder: str, now: datetime) -> int:
    row = JobRunRow
    with writer(engine) as conn, conn.begin():
        begun = insert(row).values(name=JOB, holder=holder, began_at=to_ms(now), opened=0, missed=0)
        run_id = int(conn.execute(begun.returning(row.id)).scalar_one())
        conn.execute(delete(row).where(row.name == JOB, row.id <= run_id - RUNS_KEPT))
    return run_id


def _end_run(engine: Engine, run_id: int, now: datetime, ran: Ran, fault: str | None) -> None:
    row = JobRunRow
    with writer(engine) as conn, conn.begin():
        ended = {"ended_at": to_ms(now), "opened": ran.opened, "missed": ran.missed, "fault": fault}
        conn.execute(update(row).where(row.id == run_id).values(ended))


# -- in a server --------------------------------------------------------------------------------------
def start(house: House, clock: Callable[[], datetime]) -> Callable[[], None]:
    """Come by every minute, in a thread of this process; gives what stops it."""
    from apscheduler.schedulers.background import BackgroundScheduler

    holder = f"{socket.gethostname()[:40]}/{os.getpid()}/{uuid.uuid4().hex[:8]}"
    scheduler: BackgroundScheduler = BackgroundScheduler(timezone=house.time_zone)
    scheduler.add_job(
        lambda: take_turn(house, holder, clock),
        "interval",
        seconds=TICK.total_seconds(),
        next_run_time=system_clock.now(),  # the scheduler's own waiting is real, whatever day `clock` says
        coalesce=True,
        max_instances=1,
        misfire_grace_time=None,
    )
    scheduler.start()

    def stop() -> None:
        scheduler.shutdown(wait=True)
        let_go(house.engine, holder)

    return stop
