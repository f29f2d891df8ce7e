"""The report of 2023, figure by figure: what was published comes out of records, and nothing else does."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from office import Office
from sqlalchemy import Connection, select
from township import PHOTO

from tracker.cli.installation import opened
from tracker.domain.commands import EnterRecord, OpenPeriod, RegisterTicket, TakeStep, VoidRecord
from tracker.domain.days import from_number
from tracker.domain.figures import FigureSpec, FigureValue, Grouping
from tracker.domain.people import SYSTEM, Role
from tracker.handler import handle
from tracker.house import House
from tracker.models.records import RecordLinkRow, RecordRow
from tracker.models.tickets import TicketRow
from tracker.queries import behind, behind_marks
from tracker.queries.behind import NUMERATOR, Behind
from tracker.queries.figures import AsOf, as_of, figure_values

# Published on 2023-12-06; ids, values and which of them are floors (余, 超, 以上) as in its list of figures.
PUBLISHED: Mapping[str, float] = {
    "party_lectures": 12,
    "courtyard_meetings": 110,
    "courtyard_opinions": 25,
    "courtyard_problems": 28,
    "courtyard_problems_solved": 27,
    "monitored_households": 12,
    "monitored_persons": 23,
    "education_subsidy_persons": 50,
    "education_subsidy_amount": 77000,
    "dangerous_houses": 13,
    "dangerous_houses_resolved": 13,
    "toilets_built": 258,
    "toilet_problems": 187,
    "toilet_problems_rectified": 187,
    "river_four_disorders": 0,
    "welfare_posts": 35,
    "cultivated_land": 24492,
    "restored_land": 200,
    "disputes_mediated": 118,
    "law_meetings": 58,
    "governance_centre_disputes": 30,
    "petitions": 18,
    "petitions_accepted_in_time": 100.0,
    "petitions_completed": 100.0,
    "petitions_satisfied": 100.0,
    "safety_inspections": 16,
    "hazard_places_rectified": 1,
    "safety_campaigns": 7,
    "safety_accidents": 0,
    "party_day": 20,
    "straw_fires_2024": 0,
}
AT_LEAST: Mapping[str, tuple[float, str]] = {  # id → the printed floor, and how it is worded
    "study_books": (300, "300余"),
    "congress_talks": (100, "100余"),
    "water_population": (1800, "超1800"),
    "grain_tonnes": (16000, "1.6万余"),
    "vegetable_tonnes": (10600, "1.06万余"),
    "law_leaflets": (5000, "5000余"),
    "practice_activities_month": (2, "2"),
    "members_per_household": (5, "5"),
}
REPORT = ("figures", "--report", "annual-2023", "--format", "json")
AS_PUBLISHED = ("--effective", "2023-12-05", "--known", "2023-12-06T18:00:00+08:00")


def told(office: Office, *words: str) -> dict[str, Any]:
    return {figure["id"]: figure for figure in json.loads(office.good(*REPORT, *words))}


def test_every_published_figure_comes_out_at_its_own_cut_off(office: Office) -> None:
    figures = told(office, *AS_PUBLISHED)
    assert {name: figures[name]["value"] for name in PUBLISHED} == PUBLISHED
    assert {name: figures[name]["worded"] for name in AT_LEAST} == {n: worded for n, (_, worded) in AT_LEAST.items()}
    assert all(figures[name]["value"] >= floor for name, (floor, _) in AT_LEAST.items())
    meetings = ("courtyard_meetings", "courtyard_problems_solved", "law_leaflets")
    assert {figures[name]["effective"] for name in meetings} == {"2023-11-30"}
    assert figures["toilets_built"]["effective"] == "2023-12-05"
    assert figures["education_subsidy_amount"]["worded"] == "7.7万"
    coverage = {name: figures[name] for name in ("members_visits", "households_visited")}  # registers.md §11.3
    assert {name: (f["numerator"], f["denominator"]) for name, f in coverage.items()} == {
        "members_visits": (1050, 1080),
        "households_visited": (63, 65),
    }


def test_the_published_figures_are_those_of_the_report(shared_dir: Path) -> None:
    report = json.loads((shared_dir / "seed" / "figures.json").read_text(encoding="utf-8"))
    floors = {f["id"]: f["value"] for f in report["figures"] if f.get("at_least")}
    exact = {f["id"]: f["value"] for f in report["figures"] if not f.get("at_least")}
    assert exact == PUBLISHED
    assert floors == {name: floor for name, (floor, _) in AT_LEAST.items()}


def test_what_was_recorded_late_was_not_in_the_report_of_the_first_of_december(office: Office) -> None:
    """Source: registers.md §11.4: a problem solved on 29 November was entered on 5 December."""
    early = told(office, "--effective", "2023-12-05", "--known", "2023-12-01T00:00:00+08:00")
    assert early["courtyard_problems_solved"]["value"] == 26
    assert told(office, *AS_PUBLISHED)["courtyard_problems_solved"]["value"] == 27


# -- one record less ----------------------------------------------------------------------------------
def _centre_and_month(conn: Connection, record: behind_marks.DrillRecord) -> object:
    return record.unit_id, from_number(record.held_on).month


def _member(conn: Connection, record: behind_marks.DrillRecord) -> object:
    link = (RecordLinkRow.source_id == record.id, RecordLinkRow.field == "member")
    return conn.scalar(select(RecordLinkRow.target_id).where(*link))


GROUPS = {"practice_activities_month": _centre_and_month, "members_per_household": _member}
ZEROS = {"river_four_disorders", "safety_accidents"}
"""A zero has no record behind it: one that is added must show."""
SETTINGS = {"party_day"}
"""The day is the duty's own, whatever was held (registers.md §12.6): one that is owed on another day must show."""


@dataclass
class Archive:
    """A copy of the demonstration in which records may be taken away."""

    house: House
    supervisor: int
    approver: int
    now: datetime

    def value(self, spec: FigureSpec) -> FigureValue:
        with self.house.engine.connect() as conn:
            (found,) = figure_values(conn, self.house, [spec], self.pair(conn), units=None)
            return found

    def pair(self, conn: Connection) -> AsOf:
        return as_of(conn, effective=date(2023, 12, 5), known=None)

    def victims(self, spec: FigureSpec) -> list[tuple[str, int]]:
        """(register, id) of what is taken away: one record behind the figure.

        Of a smallest group, where the figure is the least; all hazards of the one place that it counts; of a target
        of nought, which adds nothing, the task that it rests on.
        """
        if spec.grouping is Grouping.ALL:
            with self.house.engine.connect() as conn:
                asked = Behind(spec, NUMERATOR, self.pair(conn), None, None)
                return [(spec.register, r.id) for r in behind_marks.all_behind(conn, self.house, asked, None)]
        if spec.id == "straw_fires_2024":
            spec = replace(spec, numerator=spec.needs, needs=())
        return [self.victim(spec)]

    def victim(self, spec: FigureSpec) -> tuple[str, int]:
        register = spec.numerator[0].register or spec.register
        with self.house.engine.connect() as conn:
            asked = Behind(spec, NUMERATOR, self.pair(conn), None, None)
            if not behind_marks.is_from_marks(spec, self.house):
                return register, next(t.id for t in behind.all_behind(conn, self.house, asked, behind.OPERATOR))
            records = list(behind_marks.all_behind(conn, self.house, asked, None))
            group = GROUPS.get(spec.id)
            if group is None:
                return register, records[0].id
            groups = {record.id: group(conn, record) for record in records}
        sizes = Counter(groups.values())
        return register, min(groups, key=lambda record_id: sizes[groups[record_id]])

    def take_away(self, register: str, record_id: int) -> None:
        if register in self.house.pack.record_by_name:
            version = self._of(RecordRow, record_id)
            command = VoidRecord(record_id=record_id, version=version, reason="试去一件")
            handle(self.house, command, actor_id=self.supervisor, now=self.now)
            return
        for step, by, values in (
            ("request_exclusion", self.supervisor, {"way": "void", "reason": "试去一件"}),
            ("void", self.approver, {}),
        ):
            version, today = self._of(TicketRow, record_id), self.house.today(self.now)
            taken = TakeStep(ticket_id=record_id, step=step, version=version, occurred_on=today, values=values)
            handle(self.house, taken, actor_id=by, now=self.now)

    def _of(self, row: Any, record_id: int) -> int:
        with self.house.engine.connect() as conn:
            return int(conn.scalar(select(row.version).where(row.id == record_id)) or 0)


@pytest.fixture
def archive(on_sqlite: Office, tmp_path: Path) -> Iterator[Archive]:
    """Of the demonstration on SQLite: that figures follow their records is the same question on each database."""
    copy = on_sqlite.copied(tmp_path)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in copy.settings.items():
            patch.setenv(name, value)
        with opened() as installation, installation.engine.connect() as conn:
            people = installation.house.directory(conn).people.values()
            top = installation.house.directory(conn).top
            assert top is not None

            def holder(role: Role) -> int:
                return next(p.id for p in people if any((g.role, g.unit_id) == (role, top.id) for g in p.grants))

            yield Archive(installation.house, holder(Role.SUPERVISOR), holder(Role.APPROVER), datetime.now(UTC))


def test_files_of_toilets_and_houses_are_as_their_tickets_and_buildings_left_them(archive: Archive) -> None:
    """registers.md §11.3: 640 files, of which 258 by acceptance; 412 houses, 13 of them dangerous in the year."""
    numbers = archive.house.pack.record_by_name
    with archive.house.engine.connect() as conn:
        ids = archive.house.register_numbers(conn)
        rows = conn.execute(select(RecordRow.register_id, RecordRow.state)).all()
    stood = {name: Counter(state for register, state in rows if register == ids[name]) for name in numbers}
    assert stood["toilet"] == {"normal": 258 + 189, "rectified": 187 + 4, "problem": 2}
    assert stood["house"] == {"safe": 373 + 2, "potential": 24, "evacuated": 2, "disposed": 8, "demolished": 3}
    assert stood["premises"] == {"operating": 88}


def test_each_figure_falls_when_one_record_behind_it_is_taken_away(archive: Archive) -> None:
    """Removed one after another: each is looked at right before and right after its own removal."""
    assert len({*PUBLISHED, *AT_LEAST}) == len(PUBLISHED) + len(AT_LEAST) == 39
    by_id = archive.house.pack.figure_by_id
    unmoved = []
    for name in (*PUBLISHED, *AT_LEAST):
        if name in ZEROS | SETTINGS:
            continue
        spec = by_id[name]
        before = archive.value(spec)
        for victim in archive.victims(spec):
            archive.take_away(*victim)
        after = archive.value(spec)
        was, now = (before.numerator, before.is_known), (after.numerator, after.is_known)
        if now >= was:
            unmoved.append((name, was, now))
    assert unmoved == []


def test_a_zero_becomes_one_when_one_is_found(archive: Archive) -> None:
    house = archive.house
    with house.engine.connect() as conn:
        village = house.directory(conn).places[0].id
    river = {"place": village, "problem": "河岸倾倒建筑垃圾", "category": "dump", "source": "self_check"}
    river |= {"rectification": "dated", "severity": "2", "disorder": "rubbish"}
    found = RegisterTicket(register="river_problem", values=river, place_id=village, found_on=date(2023, 11, 20))
    accident = {"occurred_on": "2023-11-20", "unit": village, "kind": "production", "summary": "脚手架跌落一人"}
    for name, command in (
        ("river_four_disorders", found),
        ("safety_accidents", EnterRecord(register="accident", values=accident, evidence=(PHOTO,))),
    ):
        spec = house.pack.figure_by_id[name]
        assert archive.value(spec).amount == Decimal(0)
        handle(house, command, actor_id=archive.supervisor, now=archive.now)
        assert archive.value(spec).amount == Decimal(1)


def test_a_party_day_that_is_owed_on_another_day_leaves_no_one_day(archive: Archive) -> None:
    house = archive.house
    spec = house.pack.figure_by_id["party_day"]
    assert archive.value(spec).amount == Decimal(20)
    with house.engine.connect() as conn:
        village = house.directory(conn).places[0].id
    house.pack = replace(house.pack, duties=(replace(house.pack.duty_by_id["party_day"], month_day=21),))
    another = OpenPeriod(duty="party_day", unit_id=village, start=date(2023, 11, 21))
    handle(house, another, actor_id=SYSTEM, now=archive.now)
    assert not archive.value(spec).is_known
