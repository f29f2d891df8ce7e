"""A year of duties by an injected clock, on both databases: two holders compete, die and stand still.

What the log says at the end must be what a loop over plain lists of facts says: it shares no code with `tracker`, knows
only what was held, where, when, when that was entered, and which notices somebody answered, and looks at every day by
itself.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from duty_town import DUTIES, POST, TOWN, WALK, duty
from sqlalchemy import URL, select, true
from township import CHINA, STAFF_OF, Township, at, label

from tracker.domain.commands import AmendRecord, AnswerNotice, ChangeState, Command, EnterRecord, VoidRecord
from tracker.domain.days import from_number
from tracker.domain.duties import OwedBy, Period
from tracker.domain.events import StreamKind
from tracker.domain.kinds import Told
from tracker.domain.period import Standing
from tracker.domain.records import State
from tracker.domain.registers import Predicate
from tracker.handler import Done, Request, handle_all
from tracker.jobs import LEASE, let_go, run_duties, take_turn
from tracker.log import store
from tracker.models.duties import DutyPeriodRow, JobRunRow
from tracker.models.ledger import FolioRow, MarkRow
from tracker.models.rows import writer
from tracker.projections.duties import STANDING_BY_NUMBER, STANDING_NUMBERS
from tracker.projections.rebuild import rebuild
from tracker.queries import notices

DAY = timedelta(days=1)
FIRST, LAST = date(2023, 1, 3), date(2024, 1, 20)
VILLAGES = ("chenguang", "donghu")
OFFICE = "farming"
BY_NIGHT = "夜巡"
NEEDED = {"report": 7, "twice": 6}
"""So many walks that some months have them in time, some late and some never."""
POSTS = OwedBy(subjects="post", states=("standing",), link="post")
# Whatever a pack may owe and how: of its kinds of period only ten days and the year are left out, a loop of their own
# has them (tests/domain/test_duties.py), and two a month stand for twelve a year.
YEAR_TOWN = replace(
    TOWN,
    # One that has fallen stays in the register, as an idle toilet does: nothing is owed for it all the same.
    records=(WALK, replace(POST, states=(State("standing", label("在用")), State("fallen", label("已倒"))))),
    duties=(
        *(replace(d, count=NEEDED.get(d.id, d.count)) for d in DUTIES),
        duty("half", Period.HALF_MONTH, has_nil_reports=True),
        duty(
            "office",
            Period.MONTH,
            owed_by=OwedBy(unit_codes=(OFFICE,)),
            where=(Predicate("night", (("remark", "in", (BY_NIGHT,)),)),),
            has_nil_reports=True,
        ),
        duty(
            "rounds",
            Period.WEEK,
            owed_by=POSTS,
            at_least=(("minutes", 5),),
            within=(((4, 1), (4, 30)), ((9, 1), (9, 30))),
            has_nil_reports=True,
        ),
    ),
)


@pytest.fixture
def town_pack():
    return YEAR_TOWN


@pytest.fixture
def town(database: URL) -> Iterator[Township]:
    founded = Township.joined(database, YEAR_TOWN)
    yield founded
    founded.close()


# -- what happens -------------------------------------------------------------------------------------
@dataclass
class Fact:
    """A walk as it was entered, and what became of it: (day recorded, what) in their order."""

    place: str
    post: int | None
    held_on: date
    entered_on: date
    minutes: int
    is_nil: bool
    is_by_night: bool
    moved: list[tuple[date, date]]
    voided_on: date | None = None
    record_id: int = 0
    version: int = 1


def invented(chance: random.Random) -> list[Fact]:
    """Some walks of every week, a good part of them entered late, moved or voided afterwards."""
    facts = []
    day = FIRST
    while day <= date(2023, 12, 31):
        for place in (*VILLAGES, OFFICE):
            if chance.random() < (0.08 if place == OFFICE else 0.7 if day.month == 7 else 0.25):
                entered = day + chance.choice((0, 0, 0, 1, 2, 4, 8)) * DAY
                post = None if place == OFFICE else 3 if chance.random() < 0.01 else chance.choice((None, 0, 1, 2))
                is_nil, is_by_night = chance.random() < 0.3, chance.random() < 0.5
                fact = Fact(place, post, day, entered, chance.choice((2, 30)), is_nil, is_by_night, [])
                if chance.random() < 0.1:
                    moved_to = day - chance.randrange(1, 9) * DAY
                    fact.moved.append((entered + chance.randrange(1, 20) * DAY, max(moved_to, FIRST)))
                if chance.random() < 0.1:
                    fact.voided_on = entered + chance.randrange(20, 40) * DAY
                facts.append(fact)
        day += DAY
    return facts


POST_ENDS = {1: date(2023, 4, 6)}
"""The second post falls; the third is put up late; to the fourth hardly anybody goes."""
POST_BEGINS = {0: date(2023, 1, 1), 1: date(2023, 1, 1), 2: date(2023, 4, 3), 3: date(2023, 1, 1)}
POST_PLACE = {0: "chenguang", 1: "donghu", 2: "donghu", 3: "donghu"}


class Year:
    """Plays the facts day by day, and lets the clockwork come by as it may."""

    def __init__(self, town: Township, chance: random.Random) -> None:
        self.town, self.chance = town, chance
        self.facts = invented(chance)
        self.post: dict[int, int] = {}
        self.houses = {"A": town.again(), "B": town.again()}
        self.run_days: list[date] = []
        self.doubled: list[date] = []
        self.answered: list[tuple[int, Told, date]] = []

    def play(self) -> None:
        day = FIRST
        while day <= LAST:
            if day == FIRST:
                self._put_up(day)
            self._clockwork(day)
            if day != FIRST:
                self._put_up(day)
            self._entries(day)
            if self.chance.random() < 0.2:
                self._answer(day)
            day += DAY
        for house in self.houses.values():
            house.close()

    # -- people -----------------------------------------------------------------------------------
    def _put_up(self, day: date) -> None:
        for post, begins in POST_BEGINS.items():
            if max(begins, FIRST) == day:
                values = {"held_on": begins, "place": self.town.unit[POST_PLACE[post]], "remark": str(post)}
                (event,) = self.town.do(EnterRecord(register="post", values=values), "supervisor", at(day, 0))
                self.post[post] = event.stream_id
            if POST_ENDS.get(post) == day:
                fallen = ChangeState(record_id=self.post[post], version=1, state="fallen", occurred_on=day)
                self.town.do(fallen, "supervisor", at(day))

    def _entries(self, day: date) -> None:
        entering = [fact for fact in self.facts if fact.entered_on == day]
        changing = [(fact, to) for fact in self.facts for on, to in fact.moved if on == day]
        voiding = [fact for fact in self.facts if fact.voided_on == day]
        commands: list[Command] = [self._entry(fact) for fact in entering]
        for fact, to in changing:
            changes = {"held_on": to}
            commands.append(AmendRecord(record_id=fact.record_id, version=1, changes=changes, reason="日期有误"))
            fact.version += 1
        commands += [VoidRecord(record_id=f.record_id, version=f.version, reason="重复") for f in voiding]
        if commands:
            requests = [Request(command, self.town.person["supervisor"], at(day)) for command in commands]
            results = handle_all(self.town.house, requests)
            for fact, result in zip(entering, results, strict=False):
                fact.record_id = result.stream_id if isinstance(result, Done) else 0

    def _entry(self, fact: Fact) -> EnterRecord:
        values: dict[str, Any] = {"held_on": fact.held_on, "place": self.town.unit[fact.place]}
        values["remark"] = BY_NIGHT if fact.is_by_night else "巡查"
        values |= {"minutes": fact.minutes, "nothing": fact.is_nil}
        if fact.post is not None and fact.post in self.post:
            values["post"] = self.post[fact.post]
        else:
            fact.post = None
        return EnterRecord(register="walk", values=values)

    def _answer(self, day: date) -> None:
        """Somebody answers one of the notices there are; of 东湖村 only the lead official does."""
        row = DutyPeriodRow
        missed = (row.standing == STANDING_NUMBERS[Standing.MISSED], row.answered == 0)
        with self.town.engine.connect() as conn:
            rows = conn.execute(select(row.id, row.unit_id, row.version).where(*missed).order_by(row.id)).all()
        if not rows:
            return
        chosen = self.chance.choice(rows)
        code = self.town.code_of_unit(chosen.unit_id) or ""
        told = Told.LEAD if code == "donghu" else self.chance.choice(list(Told))
        command = AnswerNotice(period_id=chosen.id, version=chosen.version, told=told, note="忘了")
        self.town.do(command, STAFF_OF[code] if told is Told.OWNER else "official", at(day, 20))
        self.answered.append((chosen.id, told, day))

    # -- the clockwork ----------------------------------------------------------------------------
    def _clockwork(self, day: date) -> None:
        if is_standing_still(day):
            return
        now = datetime.combine(day, time(0, 5), CHINA)
        if day.day in (1, 20) and day.month % 2:
            self._both_at_once(now)  # without a lease: nothing happens twice all the same
        else:
            self._in_turn(now)
        self.run_days.append(day)

    def _both_at_once(self, now: datetime) -> None:
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda house: run_duties(house.house, now), self.houses.values()))

    def _in_turn(self, now: datetime) -> None:
        """One comes first, often the other at the same instant; sometimes one restarts, or lets go."""
        order = self.chance.sample(sorted(self.houses), 2)
        coming = order if self.chance.random() < 0.5 else order[:1]
        ran = [name for name in coming if take_turn(self.houses[name].house, name, self._clock(now)) is not None]
        if len(ran) != 1:
            self.doubled.append(now.date())
        if self.chance.random() < 0.1:
            self.houses[order[0]].close()
            self.houses[order[0]] = self.town.again()
        if self.chance.random() < 0.3:
            let_go(self.town.engine, order[0])

    def _clock(self, now: datetime) -> Callable[[], datetime]:
        return lambda: now


def is_standing_still(day: date) -> bool:
    """A weekend's power cut, three weeks over the daily reports of July; from September on only some days see it."""
    is_off = date(2023, 3, 31) <= day <= date(2023, 4, 3) or date(2023, 7, 12) <= day <= date(2023, 8, 3)
    return is_off or (day >= date(2023, 9, 1) and day.day % 3 != 0)


# -- what ought to be said ----------------------------------------------------------------------------
Key = tuple[str, str, int | None, date]
"""(duty, village, post, first day)."""


def naive_spans() -> Iterator[tuple[str, list[tuple[date, date]]]]:
    """Each duty with the first and last days of its periods, in their order: found by looking at each day."""
    days = [FIRST + n * DAY for n in range(-400, (LAST - FIRST).days + 400)]
    for name, is_in, of in (
        ("weekly", lambda d: d >= date(2023, 1, 2), lambda d: d.isocalendar()[:2]),
        ("twentieth", lambda d: d >= date(2023, 1, 1) and d.day == 20, lambda d: d),
        ("daily", lambda d: d >= date(2023, 1, 1) and d.month == 7 and 10 <= d.day <= 19, lambda d: d),
        ("twice", lambda d: d >= date(2023, 1, 1), lambda d: (d.year, d.month)),
        ("report", lambda d: date(2023, 1, 1) <= d <= date(2023, 10, 31), lambda d: (d.year, d.month)),
        ("look", lambda d: d >= date(2023, 1, 1), lambda d: (d.year, (d.month + 2) // 3)),
        ("half", lambda d: d >= date(2023, 1, 1), lambda d: (d.year, d.month, d.day > 15)),
        ("office", lambda d: d >= date(2023, 1, 1), lambda d: (d.year, d.month)),
        ("rounds", lambda d: d >= date(2023, 1, 1) and d.month in (4, 9), lambda d: d.isocalendar()[:2]),
    ):
        groups: dict[Any, list[date]] = {}
        for day in filter(is_in, days):
            groups.setdefault(of(day), []).append(day)
        whole = [group for group in groups.values() if name != "rounds" or len(group) == 7]
        yield name, [(group[0], group[-1]) for group in whole]


def naive_periods(run_days: list[date]) -> Iterator[tuple[Key, date]]:
    """Every period that must have been opened, with its last day."""
    for name, spans in naive_spans():
        for begins, ends in spans:
            if ends < FIRST or begins > LAST:
                continue
            opened_on = min((run for run in run_days if run >= begins), default=None)
            if opened_on is None:
                continue
            if name not in OF_POSTS:
                for place in (OFFICE,) if name == "office" else VILLAGES:
                    yield (name, place, None, begins), ends
                continue
            for post, since in POST_BEGINS.items():
                end = POST_ENDS.get(post)
                # On the day itself the clockwork comes before people do, but on the very first.
                is_known = since < opened_on or (since <= opened_on and opened_on == FIRST)
                has_fallen = end is not None and end <= begins and end < opened_on
                if since <= begins and is_known and not has_fallen:
                    yield (name, POST_PLACE[post], post, begins), ends


RULES = {  # duty: needed, late days, days to enter
    "weekly": (1, 2, None),
    "twentieth": (1, 5, None),
    "daily": (1, 0, 1),
    "twice": (NEEDED["twice"], 0, None),
    "report": (NEEDED["report"], 3, 5),
    "look": (1, 0, None),
    "half": (1, 0, None),
    "office": (1, 0, None),
    "rounds": (1, 0, None),
}
OF_POSTS = ("look", "rounds")


def is_of_the_kind(fact: Fact, name: str) -> bool:
    """Whether the duty asks for such a walk, whoever took it and when."""
    asked = {
        "look": fact.minutes >= 5,
        "rounds": fact.minutes >= 5,
        "twice": not fact.is_nil,
        "office": fact.is_by_night,
    }
    return asked.get(name, True)


def naive_made(facts: list[Fact], key: Key, ends: date, seen: date) -> date | None:
    """The day on which enough was there, as the walks entered before the day `seen` tell; None: never."""
    name, place, post, begins = key
    needed, late_days, enter_days = RULES[name]
    days = []
    for fact in facts:
        if fact.entered_on >= seen or (fact.voided_on is not None and fact.voided_on < seen):
            continue
        if (fact.post if post is not None else fact.place) != (post if post is not None else place):
            continue
        if not is_of_the_kind(fact, name):
            continue
        held_on = fact.held_on
        for on, to in fact.moved:
            if on < seen:
                held_on = to
        if not begins <= held_on <= ends + late_days * DAY:
            continue
        if enter_days is None or fact.entered_on <= ends + enter_days * DAY:
            days.append(held_on)
        elif fact.entered_on <= ends + (enter_days + late_days) * DAY:
            days.append(fact.entered_on)
    days.sort()
    return days[needed - 1] if len(days) >= needed else None


def naive_missed(facts: list[Fact], key: Key, ends: date, run_days: list[date]) -> tuple[list[date], bool]:
    """The days on which the period was said to be missed, and whether that stands at the end."""
    _, late_days, enter_days = RULES[key[0]]
    over = ends + (late_days + (enter_days or 0)) * DAY
    fell = POST_ENDS.get(key[2]) if key[2] is not None else None
    is_excused = fell is not None and fell <= ends and naive_made(facts, key, ends, fell) is None
    said, is_missed = [], False
    for run in run_days:
        if is_excused and run > fell:
            break
        if naive_made(facts, key, ends, run) is not None:
            is_missed = False
        elif run > over and not is_missed:
            said, is_missed = [*said, run], True
    is_made = naive_made(facts, key, ends, LAST + DAY) is not None  # what is told later never happens
    return said, is_missed and not is_made and not is_excused


def naive_notices(year: Year, expected: dict[Key, date], keys: dict[int, Key]) -> tuple[set[Key], set[Key]]:
    """The latest missed of each who owes, where nobody has answered it; and of these what was missed twice running,
    where the official has not answered.
    `expected`: each period with its last day; `keys`: which period an answer was about."""
    missed = {}
    for key, ends in expected.items():
        said, is_missed = naive_missed(near(year.facts, key, ends), key, ends, year.run_days)
        if is_missed:
            missed[key] = said[-1]
    before = {
        (name, begins): spans[n - 1][0] if n else None
        for name, spans in naive_spans()
        for n, (begins, _) in enumerate(spans)
    }
    latest = {key for key in missed if not any(one[:3] == key[:3] and one[3] > key[3] for one in missed)}
    answers = {(keys[i], told, day) for i, told, day in year.answered}

    def is_open(key: Key, told: Told) -> bool:
        return not any(one == key and to is told and day >= missed[key] for one, to, day in answers)

    owner = {key for key in latest if is_open(key, Told.OWNER)}
    twice = {key for key in latest if (key[0], key[1], key[2], before[key[0], key[3]]) in missed}
    return owner, {key for key in twice if is_open(key, Told.LEAD)}


def naive_says(facts: list[Fact], key: Key, ends: date, run_days: list[date]) -> tuple[str, int, dict[str, date]]:
    """How the period stands at the end, how often it was said to be missed, and its accounts with their days."""
    _, late_days, enter_days = RULES[key[0]]
    fell = POST_ENDS.get(key[2]) if key[2] is not None else None
    is_excused = fell is not None and fell <= ends and naive_made(facts, key, ends, fell) is None
    days, is_missed = naive_missed(facts, key, ends, run_days)
    said = len(days)
    made = naive_made(facts, key, ends, LAST + DAY)
    due = ends + max(1, enter_days or 0) * DAY
    accounts = {"due": due, "due.by.day": due}
    if is_excused:
        return "excused", said, {**accounts, "excused": due}
    accounts["running"] = key[3]
    if made is None:
        return "missed" if is_missed else "open", said, {**accounts, "missed": due + late_days * DAY}
    if made <= ends:
        return "done", said, {**accounts, "done": due, "running.done": made}
    return "late", said, {**accounts, "late": max(made, due)}


# -- the test -----------------------------------------------------------------------------------------
def test_a_year_by_the_clock_is_what_a_loop_over_days_says(town: Township, monkeypatch: pytest.MonkeyPatch) -> None:
    year = Year(town, random.Random(2023))
    year.play()
    assert year.doubled == []
    expected = {
        key: naive_says(of, key, ends, year.run_days)
        for key, ends in naive_periods(year.run_days)
        for of in [near(year.facts, key, ends)]
    }
    found = told(town, year.post)
    assert found == expected
    standings = [standing for standing, _, _ in found.values()]
    assert set(standings) >= {"done", "late", "missed", "open", "excused"}
    for name in RULES:
        assert {standing for key, (standing, _, _) in found.items() if key[0] == name} >= {"done", "missed"}, name
    assert any(said > 1 for _, said, _ in found.values()) or any(
        said and standing == "done" for standing, said, _ in found.values()
    )
    monkeypatch.setattr(notices, "SHOWN", len(expected))
    monkeypatch.setattr(notices, "OF_ONE_DUTY", len(expected))
    monkeypatch.setattr(notices, "KEPT_DAYS", (LAST - FIRST).days)
    keys = keys_of(town, year.post)
    owner, twice = naive_notices(year, dict(naive_periods(year.run_days)), keys)
    assert told_as_notices(town, keys) == (owner, twice)
    assert twice
    assert len(owner) > len(twice)
    assert {told for _, told, _ in year.answered} == set(Told)
    assert_same_when_made_again(town)


def keys_of(town: Township, posts: dict[int, int]) -> dict[int, Key]:
    """Which period each row is."""
    post_of = {record_id: post for post, record_id in posts.items()}
    row = DutyPeriodRow
    with town.engine.connect() as conn:
        rows = conn.execute(select(row.id, row.duty, row.unit_id, row.subject_id, row.starts)).all()
    return {
        r.id: (r.duty, str(town.code_of_unit(r.unit_id)), post_of.get(r.subject_id), from_number(r.starts))
        for r in rows
    }


def told_as_notices(town: Township, keys: dict[int, Key]) -> tuple[set[Key], set[Key]]:
    with town.engine.connect() as conn:
        owner = notices.of_owner(conn, true(), YEAR_TOWN.duties, LAST)
        twice = notices.of_twice(conn, true(), YEAR_TOWN.duties, LAST)
    return {keys[one.line.id] for one in owner.lines}, {keys[one.line.id] for one in twice.lines}


def near(facts: list[Fact], key: Key, ends: date) -> list[Fact]:
    """Those that could ever matter to the period: a naive loop need not be a slow one."""
    margin = 40 * DAY
    return [f for f in facts if key[3] - margin <= f.held_on <= ends + margin]


def told(town: Township, posts: dict[int, int]) -> dict[Key, tuple[str, int, dict[str, date]]]:
    """The same from the tables and the log."""
    keys = keys_of(town, posts)
    found = {}
    with town.engine.connect() as conn:
        marks: dict[int, dict[str, date]] = {}
        query = select(MarkRow.ticket_id, FolioRow.account, MarkRow.ef).join(FolioRow, FolioRow.id == MarkRow.folio)
        for period_id, account, ef in conn.execute(query.where(FolioRow.register.like("duty:%"), MarkRow.rt.is_(None))):
            marks.setdefault(period_id, {})[account] = from_number(ef)
        for row in conn.execute(select(*DutyPeriodRow.__table__.columns)):
            events = store.read_stream(conn, StreamKind.DUTY, row.id)
            said = sum(1 for event in events if event.kind == "missed")
            found[keys[row.id]] = (STANDING_BY_NUMBER[row.standing].value, said, marks[row.id])
    return found


def assert_same_when_made_again(town: Township) -> None:
    def rows() -> tuple[list[Any], list[Any]]:
        with town.engine.connect() as conn:
            periods = conn.execute(select(*DutyPeriodRow.__table__.columns).order_by(DutyPeriodRow.id)).all()
            marks = conn.execute(
                select(FolioRow.account, MarkRow.ticket_id, MarkRow.ef, MarkRow.rf, MarkRow.rt)
                .join(FolioRow, FolioRow.id == MarkRow.folio)
                .where(FolioRow.register.like("duty:%"))
            ).all()
        return [tuple(row) for row in periods], sorted(tuple(row) for row in marks if row.rt is None)

    before = rows()
    with writer(town.engine) as conn, conn.begin():
        rebuild(conn, YEAR_TOWN, CHINA, town.house.folios, lambda done, total: None)
    assert rows() == before


# -- the lease ----------------------------------------------------------------------------------------
def test_a_dead_holder_is_followed_by_whoever_comes_once_its_lease_has_run_out(town: Township) -> None:
    def at_minute(minute: float) -> Callable[[], datetime]:
        instant = datetime.combine(FIRST, time(8), CHINA) + timedelta(minutes=minute)
        return lambda: instant

    long = LEASE.total_seconds() / 60
    assert take_turn(town.house, "A", at_minute(0)) is not None
    before_midnight = 16 * 60 - 1
    assert take_turn(town.house, "A", at_minute(before_midnight)) is None  # nothing to do, and alive
    assert take_turn(town.house, "B", at_minute(before_midnight + long - 0.1)) is None
    assert take_turn(town.house, "B", at_minute(before_midnight + long)) is not None
    assert take_turn(town.house, "A", at_minute(before_midnight + long)) is None


def test_a_fault_is_written_down_and_the_work_is_done_the_next_time(town: Township) -> None:
    broken = replace(DUTIES[0], activity="no_such_register")
    town.house.pack = replace(YEAR_TOWN, duties=(broken,))
    now = at(FIRST)
    with pytest.raises(KeyError):
        take_turn(town.house, "A", lambda: now)
    town.house.pack = YEAR_TOWN
    ran = take_turn(town.house, "A", lambda: now)
    assert ran is not None
    assert ran.opened > 0
    with town.engine.connect() as conn:
        runs = conn.execute(select(JobRunRow.opened, JobRunRow.fault).order_by(JobRunRow.id)).all()
    assert [(run.opened, run.fault and run.fault[:8]) for run in runs] == [(0, "KeyError"), (ran.opened, None)]
