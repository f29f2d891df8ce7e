"""The clockwork around its work: in a server's thread, by command, and in a demonstration whose year is long over."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from itertools import count
from pathlib import Path
from threading import Event

import pytest
from duty_town import TOWN
from house.small_pack import write_pack
from house.small_records import RECORDS
from office import Office
from sqlalchemy import URL, Engine, create_engine, select
from township import CALENDAR, CHINA, UNITS, Township, at

from tracker import jobs
from tracker.domain.commands import AddUnit, MarkDemonstration
from tracker.domain.people import SYSTEM
from tracker.handler import House, handle
from tracker.jobs import Ran, run_duties, start
from tracker.models.duties import DutyPeriodRow, JobLeaseRow, JobRunRow

only_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def rows(engine: Engine, table: type) -> list:
    with engine.connect() as conn:
        return list(conn.execute(select(*table.__table__.columns)))


def clock_of(now: datetime, told: Event) -> Callable[[], datetime]:
    """A clock that stands still, and says when a run has asked for its end."""
    asked: list[datetime] = []

    def clock() -> datetime:
        asked.append(now)
        if len(asked) == 2:  # the beginning of the run, and its end
            told.set()
        return now

    return clock


@pytest.fixture
def town_pack():
    return TOWN


def test_a_server_comes_by_at_once_and_lets_go_when_it_stops(database: URL) -> None:
    town = Township.joined(database, TOWN)
    ran = Event()
    stop = start(town.house, clock_of(at("2023-03-06"), ran))
    assert ran.wait(30)
    stop()
    (run,) = rows(town.engine, JobRunRow)
    assert (run.opened, run.fault) == (len(rows(town.engine, DutyPeriodRow)), None)
    (lease,) = rows(town.engine, JobLeaseRow)
    assert (lease.holder, lease.until) == (run.holder, 0)
    town.close()


def test_a_long_run_keeps_its_lease(database: URL, monkeypatch: pytest.MonkeyPatch) -> None:
    town = Township.joined(database, TOWN)
    monkeypatch.setattr(jobs, "AT_ONCE", 1)
    minutes = (at("2023-03-06") + timedelta(minutes=2 * n) for n in count())
    ran = jobs.take_turn(town.house, "A", lambda: next(minutes))
    assert ran is not None
    assert ran.opened * timedelta(minutes=2) > jobs.LEASE
    assert not jobs.hold(town.engine, "B", next(minutes))
    town.close()


@only_sqlite
@pytest.mark.parametrize("town_pack", [None])
def test_between_a_demonstrations_year_and_today_nobody_owed_anything(database: URL) -> None:
    house = House(create_engine(database), TOWN, CALENDAR, CHINA)
    begins, ends, today = at("2023-03-06"), date(2023, 6, 5), at("2026-11-24")
    handle(house, MarkDemonstration(town="某镇", ends_on=ends), actor_id=SYSTEM, now=begins)
    village = AddUnit(code="v", name="晨光村", kind=UNITS["chenguang"][1], parent_id=None)
    handle(house, village, actor_id=SYSTEM, now=begins)
    run_duties(house, begins)
    run_duties(house, at(ends))
    before = {row.id for row in rows(house.engine, DutyPeriodRow)}
    run_duties(house, today)
    new = [row for row in rows(house.engine, DutyPeriodRow) if row.id not in before]
    assert {row.duty for row in new} == {"weekly", "twice"}
    assert all(row.starts <= (today.date() - date(1970, 1, 1)).days <= row.ends for row in new)
    assert run_duties(house, today) == Ran()
    for days in range(1, 10):  # somebody goes on looking, and the month and the week of today are missed
        ran = run_duties(house, today + timedelta(days=days))
        assert ran.missed == (1 if days in (7, 8) else 0)
    back = run_duties(house, today + timedelta(days=400))
    assert (back.opened, back.missed) == (2, 0)
    house.engine.dispose()


def test_the_command_does_it_once(tmp_path: Path) -> None:
    office = Office(tmp_path / "office", "sqlite:///office.sqlite3")
    office.settings["XIAOHAO_PACK"] = str(write_pack(tmp_path / "pack", RECORDS))
    office.good("init")
    assert "periods opened, 0 missed." in office.good("duties")
    assert office.good("duties") == "0 periods opened, 0 missed.\n"
