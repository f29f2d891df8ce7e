"""Commands about owed periods: who may give them, what they refuse, what being missed or voided leads to."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from duty_town import DUTIES, TOWN
from sqlalchemy import URL, select
from township import Township, at, label, refused

from tracker.domain.commands import (
    AnswerNotice,
    ChangeState,
    EnterRecord,
    ExcusePeriod,
    MissPeriod,
    OpenPeriod,
    VoidRecord,
)
from tracker.domain.duties import Missed
from tracker.domain.events import StreamKind
from tracker.domain.figures import Counting, FigureSpec, Term
from tracker.domain.kinds import Told
from tracker.domain.people import SYSTEM
from tracker.domain.period import OwedPeriod, fold
from tracker.domain.refusals import Refusal
from tracker.handler import handle
from tracker.jobs import run_duties
from tracker.log import store
from tracker.models.duties import DutyPeriodRow
from tracker.models.tickets import TicketRow
from tracker.queries import behind_marks
from tracker.queries.behind import NUMERATOR, Behind
from tracker.queries.figures import as_of, figure_values

MONDAY = date(2023, 3, 6)
INSPECTED = FigureSpec(
    "f",
    label("覆盖率"),
    "duty:look",
    {},
    "percent",
    (Term("running.done", Counting.STOCK),),
    denominator=(Term("running", Counting.STOCK),),
    exclusions=(),
    definition={},
    source=label("tests"),
)


@pytest.fixture
def town_pack():
    return TOWN


@pytest.fixture
def town(database: URL):
    founded = Township.joined(database, TOWN)
    yield founded
    founded.close()


def opened(town: Township, duty: str = "weekly", start: date = MONDAY, subject_id: int | None = None) -> int:
    command = OpenPeriod(duty=duty, unit_id=town.unit["chenguang"], start=start, subject_id=subject_id)
    return town.by_system(command, at(start, 0))


def period(town: Township, period_id: int) -> OwedPeriod:
    with town.engine.connect() as conn:
        found = fold(store.read_stream(conn, StreamKind.DUTY, period_id))
    assert found is not None
    return found


def test_only_the_clockwork_opens_and_misses(town: Township) -> None:
    period_id = opened(town)
    again = OpenPeriod(duty="twentieth", unit_id=town.unit["chenguang"], start=date(2023, 3, 20))
    for post in ("supervisor", "everything", "administrator"):
        for command in (again, MissPeriod(period_id=period_id)):
            assert refused(town, command, post, at("2023-04-20")).codes == ("not_permitted",)


def test_a_period_is_opened_once_and_missed_only_when_it_is_over(town: Township) -> None:
    period_id = opened(town)
    assert opened(town) == period_id
    last_late_day = MONDAY + timedelta(days=8)
    with pytest.raises(Refusal, match="step_not_possible_now"):
        town.by_system(MissPeriod(period_id=period_id), at(last_late_day))
    town.by_system(MissPeriod(period_id=period_id), at(last_late_day + timedelta(days=1)))
    assert period(town, period_id).missed_on == last_late_day + timedelta(days=1)
    with pytest.raises(Refusal, match="step_not_possible_now"):
        town.by_system(MissPeriod(period_id=period_id), at("2023-04-01"))


def test_an_excuse_is_for_whoever_decides_with_a_reason_and_not_for_what_is_done(town: Township) -> None:
    period_id = opened(town)

    def excuse(reason: str = "洪水", version: int = 1) -> ExcusePeriod:
        return ExcusePeriod(period_id=period_id, version=version, reason=reason)

    assert refused(town, excuse(), "staff", at("2023-03-20")).codes == ("not_permitted",)
    assert refused(town, excuse(), "neighbour", at("2023-03-20")).codes == ("record_unknown",)
    assert refused(town, excuse(" "), "approver", at("2023-03-20")).codes == ("reason_missing",)
    assert refused(town, excuse(version=2), "approver", at("2023-03-20")).codes == ("stale_version",)
    assert refused(town, excuse(), "approver", at("2023-03-20")) is None
    assert refused(town, excuse(version=2), "approver", at("2023-03-20")).codes == ("step_not_possible_now",)
    assert period(town, period_id).standing.value == "excused"


def test_a_notice_is_answered_once_by_whom_it_is_for_and_the_owner_gives_a_reason(town: Township) -> None:
    period_id = opened(town)

    def answer(told: Told, version: int = 2, note: str = "忘了") -> AnswerNotice:
        return AnswerNotice(period_id=period_id, version=version, told=told, note=note)

    now = at("2023-03-20")
    assert refused(town, answer(Told.OWNER, version=1), "staff", now).codes == ("step_not_possible_now",)
    town.by_system(MissPeriod(period_id=period_id), now)
    assert refused(town, answer(Told.OWNER), "neighbour", now).codes == ("record_unknown",)
    assert refused(town, answer(Told.OWNER), "official", now).codes == ("not_permitted",)
    assert refused(town, answer(Told.LEAD), "supervisor", now).codes == ("not_permitted",)
    assert refused(town, answer(Told.OWNER, note=" "), "staff", now).codes == ("reason_missing",)
    assert refused(town, answer(Told.OWNER, version=1), "staff", now).codes == ("stale_version",)
    assert refused(town, answer(Told.OWNER), "staff", now) is None
    assert refused(town, answer(Told.OWNER, version=3), "supervisor", now).codes == ("step_not_possible_now",)
    assert refused(town, answer(Told.LEAD, version=3, note=""), "official", now) is None
    assert [(reply.told, reply.note) for reply in period(town, period_id).replies] == [("owner", "忘了"), ("lead", "")]
    assert period(town, period_id).standing.value == "missed"


def test_who_is_missed_anew_is_told_anew(town: Township) -> None:
    period_id = opened(town)
    town.by_system(MissPeriod(period_id=period_id), at("2023-03-20"))
    answer = AnswerNotice(period_id=period_id, version=2, told=Told.OWNER, note="忘了")
    town.do(answer, "staff", at("2023-03-20"))
    walk = {"held_on": MONDAY, "place": town.unit["chenguang"], "remark": "巡查"}
    (event,) = town.do(EnterRecord(register="walk", values=walk), "staff", at("2023-03-21"))
    town.do(VoidRecord(record_id=event.stream_id, version=1, reason="误登"), "supervisor", at("2023-03-22"))
    town.by_system(MissPeriod(period_id=period_id), at("2023-03-23"))
    assert period(town, period_id).replies == ()


def test_a_missed_period_opens_a_ticket_where_the_pack_wants_one(town: Township) -> None:
    weekly = replace(DUTIES[0], missed=Missed.TICKET, missed_register="toilet")
    town.house.pack = replace(TOWN, duties=(weekly,))
    run_duties(town.house, at(MONDAY, 0))
    run_duties(town.house, at("2023-03-16", 0))
    run_duties(town.house, at("2023-03-17", 0))
    with town.engine.connect() as conn:
        tickets = conn.execute(select(TicketRow.place_id, TicketRow.summary, TicketRow.number)).all()
    assert {t.place_id for t in tickets} == {town.unit["chenguang"], town.unit["donghu"]}
    assert [t.summary for t in tickets] == ["weekly 2023-03-06/2023-03-12"] * 2


def test_what_was_owed_for_a_subject_that_never_was_is_excused(town: Township) -> None:
    values = {"held_on": date(2023, 1, 1), "place": town.unit["chenguang"], "remark": "灯杆"}
    (event,) = town.do(EnterRecord(register="post", values=values), "supervisor", at("2023-01-01", 0))
    period_id = opened(town, "look", date(2023, 1, 1), event.stream_id)
    town.do(VoidRecord(record_id=event.stream_id, version=1, reason="重复建档"), "supervisor", at("2023-02-01"))
    assert period(town, period_id).excuse == "重复建档"


def test_what_a_subject_no_longer_asks_for_is_excused_and_what_was_over_stays_missed(town: Township) -> None:
    values = {"held_on": date(2023, 1, 1), "place": town.unit["chenguang"], "remark": "灯杆"}
    (event,) = town.do(EnterRecord(register="post", values=values), "supervisor", at("2023-01-01", 0))
    first, second = (opened(town, "look", date(2023, month, 1), event.stream_id) for month in (1, 4))
    town.by_system(MissPeriod(period_id=first), at("2023-04-02"))
    fallen = ChangeState(record_id=event.stream_id, version=1, state="fallen", occurred_on=date(2023, 5, 15))
    town.do(fallen, "supervisor", at("2023-05-16"))
    assert (period(town, first).standing.value, period(town, first).excuse) == ("missed", None)
    assert (period(town, second).standing.value, period(town, second).excuse) == ("excused", "已倒")


def test_unknown_periods_are_no_business_of_anybody(town: Township) -> None:
    command = ExcusePeriod(period_id=999, version=1, reason="洪水")
    assert refused(town, command, "approver", at("2023-03-20")).codes == ("record_unknown",)
    with pytest.raises(LookupError):
        handle(town.house, MissPeriod(period_id=999), actor_id=SYSTEM, now=at("2023-03-20"))
    with pytest.raises(LookupError):  # no Monday
        opened(town, start=MONDAY + timedelta(days=1))
    with town.engine.connect() as conn:
        assert conn.execute(select(DutyPeriodRow.id)).all() == []


def test_how_far_a_running_round_has_come_is_a_figure_with_both_dates_and_its_list(town: Township) -> None:
    """Two posts are to be looked at in the first quarter: one is, on 10 February, which is entered on the 20th."""
    posts = []
    for place in ("chenguang", "donghu"):
        values = {"held_on": date(2023, 1, 1), "place": town.unit[place], "remark": "灯杆"}
        (event,) = town.do(EnterRecord(register="post", values=values), "supervisor", at("2023-01-01", 0))
        posts.append(event.stream_id)
        command = OpenPeriod(duty="look", unit_id=town.unit[place], start=date(2023, 1, 1), subject_id=event.stream_id)
        town.by_system(command, at("2023-01-01", 1))
    walk = {"held_on": date(2023, 2, 10), "place": town.unit["chenguang"], "post": posts[0], "minutes": 9}
    town.do(EnterRecord(register="walk", values=walk), "staff", at("2023-02-20"))

    def said(effective: str, known: str | None = None, unit: str | None = None) -> tuple[int, int]:
        units = (town.unit[unit],) if unit else None
        with town.engine.connect() as conn:
            pair = as_of(conn, effective=date.fromisoformat(effective), known=at(known, 23) if known else None)
            (found,) = figure_values(conn, town.house, [INSPECTED], pair, units=units)
            listed = behind_marks.drill(
                conn, town.house, Behind(INSPECTED, NUMERATOR, pair, units, None), None, cursor="", limit=5
            )
        looked = [(record.number, record.summary) for record in listed.records]
        assert looked == [("杆-2023-0001", "2023-01-01/2023-03-31")] * found.numerator
        return found.numerator, found.denominator

    assert [said(day) for day in ("2022-12-31", "2023-02-09", "2023-02-10", "2023-03-31")] == [
        (0, 0),
        (0, 2),
        (1, 2),
        (1, 2),
    ]
    assert said("2023-02-10", known="2023-02-19") == (0, 2)
    assert (said("2023-03-31", unit="chenguang"), said("2023-03-31", unit="donghu")) == ((1, 1), (0, 1))
    assert said("2023-04-01") == (0, 0)
