"""The town whose records are measured: the township's own pack, with more villages; years of meetings, one household
that is visited again and again, and a year of a weekly duty of every village.

Up to TOLD meetings are real: the log is written through the handler's own decisions, as in generate.py, projections
are made by a rebuild, and the year of duties by the clockwork itself, which opens it after the fact. A larger town has
each meeting's rows several times, in `records`, `marks` and `mark_deltas`: what lists, counts and figures read. Their
copies have no events, so that no page of their own can be opened.
"""

from __future__ import annotations

import gc
import json
import re
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any

from sqlalchemy import Connection, bindparam, select, text, update

from bench.county import People, Site
from bench.generate import FLUSH_AT, LogWriting
from tracker.domain.commands import EnterRecord, RecordCommand, VoidRecord
from tracker.domain.days import to_number
from tracker.domain.duties import JOB
from tracker.domain.events import Event
from tracker.domain.record import Record, evolve
from tracker.handler import Request, Work
from tracker.house import House
from tracker.jobs import Ran, run_duties
from tracker.models.duties import JobLeaseRow
from tracker.models.ledger import MarkDeltaRow
from tracker.models.log import EventRow
from tracker.models.records import RecordRow
from tracker.models.rows import writer
from tracker.packs.loader import built_in
from tracker.recorder import Recorder
from tracker.timekeeper import Timekeeper

YEARS = 3
TOLD = 100_000
DUTY_DAYS = 365
MEETING, VISIT, HOUSEHOLD, PATROL = (
    "courtyard_meeting",
    "household_visit",
    "monitored_household",
    "straw_burning_patrol",
)
HOUSEHOLDS, VISITS, OTHER_VISITS = 2_000, 10_000, 5
"""Visits of the first household, and of each other."""
VOIDED, NIL, LEFT, PATROLLED = 0.01, 0.7, 0.01, 0.9
THEMES = ("law", "congress", "party_building", "selfbuilt", "straw", "safety", "poverty", "other")


# -- the pack -----------------------------------------------------------------------------------------
def write_pack(place: Site, until: date) -> None:
    """The township's, with so many villages and a duty of each."""
    source, target = built_in("township"), place.pack
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("demo"))
    units = (source / "units.yaml").read_text(encoding="utf-8").splitlines()
    kept = [line for line in units if re.search(r"kind: (town|office),", line)]
    (town,) = (m[1] for line in kept if (m := re.search(r'code: "(\d+)".*kind: town,', line)))
    villages = [_village(f"{town}{i:03d}", f"第{i:03d}村", town) for i in range(place.villages)]
    (target / "units.yaml").write_text("\n".join(["units:", *kept, *villages]) + "\n", encoding="utf-8")
    duties = (source / "duties.yaml").read_text(encoding="utf-8")
    (target / "duties.yaml").write_text(_duties(duties, until), encoding="utf-8")


def _village(code: str, name: str, town: str) -> str:
    label = json.dumps({"zh-Hans": name, "zh-Hant": name, "en": name}, ensure_ascii=False)
    return f'  - {{code: "{code}", name: {name}, kind: village, parent: "{town}", label: {label}}}'


def _duties(text: str, until: date) -> str:
    """The township's duties, to which figures point, begin later; until then there is one."""
    label = "{zh-Hans: 每周巡查, zh-Hant: 每週巡查, en: Weekly patrol}"
    year = timedelta(days=DUTY_DAYS)
    later = re.sub(r"^    from: .*$", f"    from: {until + year}", text, flags=re.M)
    return later + (
        f"  - id: weekly_patrol\n    label: {label}\n    activity: {PATROL}\n    owed_by: {{units: [village]}}\n"
        f"    every: week\n    nil_reports: true\n    from: {until - year}\n    source: The bench\n"
    )


# -- the log ------------------------------------------------------------------------------------------
class _Recorder(Recorder):
    """Without projections. It keeps the households, which visits name, and the latest record, which may be voided."""

    def __init__(self, work: Work) -> None:
        super().__init__(work)
        self._kept: dict[int, Record] = {}
        self._latest: Record | None = None

    def project(self, before: Record | None, events: Sequence[Event]) -> Record:
        state = evolve(before, events[0])
        if state.register == HOUSEHOLD:
            self._kept[state.id] = state
        self._latest = state
        return state

    def find(self, record_id: int) -> Record | None:
        is_latest = self._latest is not None and self._latest.id == record_id
        return self._latest if is_latest else self._kept.get(record_id)


class _NobodyOwes(Timekeeper):
    """Duties are opened after the fact, and find their records then."""

    def look_at(self, request: Request, before: Record | None, after: Record, events: Sequence[Event]) -> None:
        pass


class RecordWriting(LogWriting):
    """The handler's unit of work for records, without projections."""

    def __init__(self, house: House, conn: Connection) -> None:
        super().__init__(house, conn)
        self.records = _Recorder(self)
        self.periods = _NobodyOwes(self)


def write_log(place: Site, people: People, until: date) -> int:
    """The town's real records, day by day. Gives the number of events."""
    (place.folder / "people.json").write_text(json.dumps(asdict(people)), encoding="utf-8")
    engine = place.engine()
    house = place.house(engine)
    gc.disable()  # nothing here makes rings
    with engine.connect().execution_options(write=True) as conn:
        conn.begin()
        teller = _Teller(RecordWriting(house, conn), people, min(place.tickets, TOLD), until)
        teller.tell()
    engine.dispose()
    return teller.told


@dataclass
class _Teller:
    writing: RecordWriting
    people: People
    meetings: int
    until: date
    told: int = 0

    def __post_init__(self) -> None:
        self.rng = Random(20231206)
        self.first = self.until - timedelta(days=YEARS * 365)
        self.zone = self.writing.house.time_zone
        self.households: list[tuple[int, int]] = []
        self._written = 0

    def tell(self) -> None:
        for n in range(HOUSEHOLDS):
            self._household(self.people.villages[n % len(self.people.villages)])
        others = HOUSEHOLDS * OTHER_VISITS
        days = YEARS * 365
        for n in range(1, days + 1):
            self.day = self.first + timedelta(days=n - 1)
            for _ in range(self.meetings * n // days - self.meetings * (n - 1) // days):
                self._meeting()
            for _ in range(VISITS * n // days - VISITS * (n - 1) // days):
                self._visit(*self.households[0])
            for _ in range(others * n // days - others * (n - 1) // days):
                self._visit(*self.rng.choice(self.households[1:]))
            if self.day.weekday() == 0 and self.day >= self.until - timedelta(days=DUTY_DAYS):
                self._patrols()
        self.writing.write()

    def _household(self, village: int) -> None:
        self.day = self.first
        values = {
            "opened_on": self.first,
            "place": village,
            "household_head": "刘小云",
            "persons": self.rng.randrange(1, 8),
            "category": self.rng.choice(("unstable", "marginal", "sudden")),
            "decided_on": self.first,
            "persons_at_enrolment": 3,
        }
        done = self._enter(HOUSEHOLD, village, values, state="enrolled")
        self.households.append((done, village))

    def _meeting(self) -> None:
        village, rng = self.rng.choice(self.people.villages), self.rng
        themes = rng.sample(THEMES, rng.randrange(1, 4))
        values = {
            "held_on": self.day,
            "place": village,
            "group": rng.randrange(1, 20),
            "main_theme": themes[0],
            "themes": themes,
            "summary": f"第{self.told}场，宣讲政策，听取意见",
            "attendees": rng.randrange(10, 60),
            "leaflets": rng.randrange(0, 100),
        }
        meeting = self._enter(MEETING, village, values)
        if rng.random() < VOIDED:
            self._carry_out(
                self.people.by_role["supervisor"], VoidRecord(record_id=meeting, version=1, reason="重复录入")
            )

    def _visit(self, household: int, village: int) -> None:
        values: dict[str, Any] = {"held_on": self.day, "place": village, "household": household}
        values |= {"summary": "家庭情况稳定", "nothing_found": self.rng.random() < NIL}
        self._enter(VISIT, village, values, is_complete=self.rng.random() >= LEFT)

    def _patrols(self) -> None:
        for village in self.people.villages:
            if self.rng.random() < PATROLLED:
                values = {"held_on": self.day, "place": village, "shift": "day", "area_walked": "全村各组田垄"}
                self._enter(PATROL, village, values | {"nothing_found": True})

    def _enter(self, register: str, village: int, values: dict[str, Any], **more: Any) -> int:
        return self._carry_out(self.people.staff[village], EnterRecord(register=register, values=values, **more))

    def _carry_out(self, actor: int, command: RecordCommand) -> int:
        at = datetime.combine(self.day, time(18), self.zone)
        done = self.writing.carry_out(Request(command, actor, at))
        self.told += 1
        if self.writing.log.size - self._written > FLUSH_AT:
            self.writing.write()
            self._written = self.writing.log.size
        return done.stream_id


# -- a larger town ------------------------------------------------------------------------------------
APART = 10_000_000
"""Between the ids of a meeting and its copy: no log of the bench is longer."""
_TIMES = "WITH RECURSIVE n(k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM n WHERE k < :most)"
_RECORDS = (
    "INSERT INTO records (id, number, register_id, unit_id, held_on, shelf, state, is_nil, recorder_id, version,"
    f" summary, listed, key) {_TIMES} SELECT id + k * :apart, number || '-' || k, register_id, unit_id, held_on, shelf,"
    " state, is_nil, recorder_id, version, summary, listed, key FROM records, n WHERE register_id = :register"
)
_MARKS = (
    f"INSERT INTO marks (folio, unit, ef, ticket_id, rf, et, er, rt, quantity) {_TIMES} SELECT folio, unit, ef,"
    " ticket_id + k * :apart, rf, et, er, rt, quantity FROM marks JOIN folios ON folios.id = folio, n"
    " WHERE register = :name"
)


def multiply(place: Site) -> None:
    """The rest of a town that is larger than TOLD, on SQLite."""
    times = place.tickets // TOLD
    if times < 2:
        return
    engine = place.engine()
    house = place.house(engine)
    with writer(engine) as conn, conn.begin():
        register = house.register_numbers(conn)[MEETING]
        given = {"most": times - 1, "apart": APART, "register": register, "name": MEETING}
        conn.execute(text(_MARKS), given)
        of_meetings = select(MarkDeltaRow.position, MarkDeltaRow.cells).join(
            EventRow, EventRow.position == MarkDeltaRow.position
        )
        of_meetings = of_meetings.join(RecordRow, RecordRow.id == EventRow.stream_id).where(
            RecordRow.register_id == register
        )
        changed = [{"at": position, "more": bytes(cells) * times} for position, cells in conn.execute(of_meetings)]
        conn.execute(
            update(MarkDeltaRow.__table__)
            .where(MarkDeltaRow.position == bindparam("at"))
            .values(cells=bindparam("more")),
            changed,
        )
        conn.execute(text(_RECORDS), given)
    engine.dispose()


# -- a year of duties ---------------------------------------------------------------------------------
def owe(place: Site, until: date) -> Ran:
    """What the clockwork opens and misses when it comes back after a year."""
    engine = place.engine()
    house = place.house(engine)
    with writer(engine) as conn, conn.begin():
        since = to_number(until - timedelta(days=DUTY_DAYS))
        conn.execute(update(JobLeaseRow).where(JobLeaseRow.name == JOB).values(done_until=since))
    ran = run_duties(house, datetime.combine(until, time(12), house.time_zone))
    engine.dispose()
    return ran
