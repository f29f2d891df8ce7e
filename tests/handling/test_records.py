"""Activities, subjects and statistics through the handler: what is written, refused, counted, and made again."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from records import RECORDS, meeting
from sqlalchemy import Engine, select
from township import PHOTO, PLAIN_VALUES, Township, at, label, plain_ticket, refused

from tracker.domain.commands import AmendRecord, ChangeState, EnterRecord, ErasePrivateValues, ReportValue, VoidRecord
from tracker.domain.duties import DutySpec, OwedBy, Period
from tracker.domain.events import StreamKind
from tracker.domain.figures import Counting, FigureSpec, Grouping, Term
from tracker.domain.people import SYSTEM
from tracker.domain.record import fold
from tracker.domain.refusals import Refusal, Refusals
from tracker.domain.registers import Field
from tracker.handler import handle
from tracker.log import store
from tracker.log.audit import chain_faults, named_files
from tracker.log.vault import read_private
from tracker.models.log import EventRow
from tracker.projections.rebuild import TABLES, rebuild
from tracker.queries import behind_marks
from tracker.queries.behind import NUMERATOR, Behind
from tracker.queries.figures import as_of, figure_values
from tracker.queries.records import record_page
from tracker.queries.scope import Viewer


@pytest.fixture
def town_pack():
    return RECORDS


@pytest.fixture
def town(engine: Engine):
    founded = Township.joined(engine, RECORDS)
    yield founded
    founded.close()


def enter(town: Township, register: str, by: str = "staff", day: str = "2023-06-01", **more: Any) -> int:
    values = more.pop("values")
    (event, *_) = town.do(EnterRecord(register=register, values=values, **more), by, at(day))
    return event.stream_id


def hold(
    town: Township, on: str, by: str = "staff", place: str = "chenguang", day: str = "2023-06-01", **more: Any
) -> int:
    return enter(town, "meeting", by, day, values=meeting(town.unit[place], on, **more))


def figure(register: str, *numerator: Term, **more: Any) -> FigureSpec:
    more = {"denominator": (), "exclusions": (), **more}
    return FigureSpec("f", label("f"), register, {}, "count", numerator, definition={}, source=label("tests"), **more)


def value(
    town: Township, spec: FigureSpec, effective: str, known: str | None = None, units: tuple[int, ...] | None = None
):
    with town.engine.connect() as conn:
        pair = as_of(conn, effective=date.fromisoformat(effective), known=at(known, 23) if known else None)
        (found,) = figure_values(conn, town.house, [spec], pair, units=units)
        return found


HELD = figure("meeting", Term("held", Counting.FLOW))
LEAFLETS = figure("meeting", Term("sum.leaflets", Counting.FLOW))


def code(why: pytest.ExceptionInfo[Any]) -> str:
    refusal = why.value.refusals[0] if isinstance(why.value, Refusals) else why.value
    return refusal.code


def test_a_meeting_counts_on_its_day_with_its_leaflets_and_in_its_village(town: Township) -> None:
    hold(town, "2023-05-10", leaflets=88)
    hold(town, "2023-05-20", leaflets=40)
    hold(town, "2023-05-20", by="neighbour", place="donghu", leaflets=7)
    assert value(town, HELD, "2023-05-19").numerator == 1
    assert value(town, HELD, "2023-05-20").numerator == 3
    assert value(town, LEAFLETS, "2023-05-31").numerator == 135
    assert value(town, LEAFLETS, "2023-05-31", units=(town.unit["donghu"],)).numerator == 7
    assert value(town, LEAFLETS, "2024-05-31").numerator == 0  # another year


def test_what_was_entered_late_or_corrected_later_is_not_known_before(town: Township) -> None:
    first = hold(town, "2023-05-10", day="2023-05-12", leaflets=80)
    hold(town, "2023-05-11", day="2023-06-20", leaflets=5)
    town.do(AmendRecord(record_id=first, version=1, changes={"leaflets": 60}, reason="数错"), "staff", at("2023-06-25"))
    assert value(town, LEAFLETS, "2023-05-31", known="2023-06-01").numerator == 80
    assert value(town, LEAFLETS, "2023-05-31", known="2023-06-21").numerator == 85
    assert value(town, LEAFLETS, "2023-05-31").numerator == 65


def test_a_void_meeting_counts_nowhere_from_the_moment_it_is_known_to_be_void(town: Township) -> None:
    record = hold(town, "2023-05-10", leaflets=80)
    with pytest.raises(Refusal) as why:
        town.do(VoidRecord(record_id=record, version=1, reason="误登"), "staff", at("2023-06-05"))
    assert code(why) == "not_permitted"
    town.do(VoidRecord(record_id=record, version=1, reason="误登"), "supervisor", at("2023-06-05"))
    assert value(town, HELD, "2023-05-31", known="2023-06-04").numerator == 1
    assert value(town, HELD, "2023-05-31").numerator == value(town, LEAFLETS, "2023-05-31").numerator == 0
    with pytest.raises(Refusal) as why:
        town.do(
            AmendRecord(record_id=record, version=2, changes={"leaflets": 1}, reason="再改"), "staff", at("2023-06-06")
        )
    assert code(why) == "step_not_possible_now"


@pytest.mark.parametrize(
    ("by", "changes", "refusal"),
    [
        ("neighbour", {}, "not_permitted"),
        ("auditor", {}, "not_permitted"),
        ("staff", {"held_on": "2023-06-02"}, "day_in_future"),
        ("staff", {"held_on": "1969-12-31"}, "day_too_early"),
        ("staff", {"held_on": None}, "field_required"),
        ("staff", {"leaflets": -1}, "field_out_of_range"),
        ("staff", {"member": 1}, "record_unknown"),
        ("staff", {"themes": ["poems"]}, "choice_unknown"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_written(town: Township, by: str, changes: dict, refusal: str) -> None:
    values = {**meeting(town.unit["chenguang"], "2023-05-10"), **changes}
    with pytest.raises((Refusal, Refusals)) as why:
        town.do(EnterRecord(register="meeting", values=values), by, at("2023-06-01"))
    assert code(why) == refusal
    assert value(town, HELD, "2023-12-31").numerator == 0


def test_a_double_click_records_once_and_two_people_on_one_record_get_a_conflict(town: Township) -> None:
    command = EnterRecord(register="meeting", values=meeting(town.unit["chenguang"], "2023-05-10"), key="form-1")
    (first, *_) = town.do(command, "staff", at("2023-06-01"))
    (again, *_) = town.do(command, "staff", at("2023-06-01"))
    assert again.stream_id == first.stream_id
    assert value(town, HELD, "2023-12-31").numerator == 1
    other = EnterRecord(register="meeting", values=meeting(town.unit["chenguang"], "2023-05-11"), key="form-1")
    with pytest.raises(Refusal) as why:
        town.do(other, "staff", at("2023-06-01"))
    assert code(why) == "key_used_for_another_command"
    amend = AmendRecord(record_id=first.stream_id, version=1, changes={"leaflets": 3}, reason="补")
    town.do(amend, "staff", at("2023-06-02"))
    with pytest.raises(Refusal) as why:
        town.do(amend, "supervisor", at("2023-06-02"))
    assert code(why) == "stale_version"


def member(town: Township, persons: int, on: str = "2023-01-05", place: str = "chenguang") -> int:
    by = "staff" if place == "chenguang" else "neighbour"
    values = {"opened_on": on, "place": town.unit[place], "name": "刘小云", "persons": persons}
    return enter(town, "member", by, values=values)


def change(town: Township, record: int, version: int, state: str, on: str, **values: Any) -> None:
    command = ChangeState(
        record_id=record, version=version, state=state, occurred_on=date.fromisoformat(on), values=values
    )
    town.do(command, "supervisor", at("2023-11-01"))


def test_ever_enrolled_and_enrolled_now_are_two_figures_and_households_are_not_persons(town: Township) -> None:
    one, two = member(town, 3), member(town, 2)
    for record in (one, two):
        change(town, record, 1, "enrolled", "2023-03-01")
    with pytest.raises(Refusals) as why:
        change(town, one, 2, "cleared", "2023-10-20")
    assert code(why) == "field_required"
    change(town, one, 2, "cleared", "2023-10-20", reason="稳定消除")
    change(town, one, 3, "enrolled", "2023-10-25")
    ever = figure("member", Term("ever.enrolled", Counting.FLOW))
    now = figure("member", Term("state.enrolled"))
    persons = figure("member", Term("state.enrolled.sum.persons"))
    entered = figure("member", Term("entered.enrolled", Counting.FLOW))
    days = ("2023-02-28", "2023-03-01", "2023-10-20", "2023-10-25")
    assert [value(town, ever, day).numerator for day in days] == [0, 2, 2, 2]
    assert [value(town, now, day).numerator for day in days] == [0, 2, 1, 2]
    assert [value(town, persons, day).numerator for day in days] == [0, 5, 2, 5]
    assert [value(town, entered, day).numerator for day in days] == [0, 2, 2, 3]
    with pytest.raises(Refusal) as why:
        change(town, one, 4, "clue", "2023-10-24")
    assert code(why) == "day_before_latest_step"


def test_names_lie_in_the_vault_and_the_log_verifies(town: Township) -> None:
    record = member(town, 3)
    with town.engine.connect() as conn:
        texts = " ".join(map(str, conn.scalars(select(EventRow.data)).all()))
        assert "刘小云" not in texts
        state = fold(store.read_stream(conn, StreamKind.RECORD, record))
        assert state is not None
        assert read_private(conn, record, state.private) == {"name": "刘小云"}
        assert list(chain_faults(conn, lambda event, size: None)) == []


def test_a_private_value_of_a_record_is_erased_by_the_operator_alone_and_the_log_still_verifies(town: Township) -> None:
    record = member(town, 3)
    amend = AmendRecord(record_id=record, version=1, changes={"name": "刘大云"}, reason="写错了")
    town.do(amend, "staff", at("2023-06-02"))
    erase = ErasePrivateValues(ticket_id=record, fields=("name",), reason="本人要求删除")
    with pytest.raises(Refusal, match="not_permitted"):
        town.do(erase, "administrator", at("2023-06-03"))
    (event,) = handle(town.house, erase, actor_id=SYSTEM, now=at("2023-06-03")).events
    told = {"fields": ["name"], "count": 2, "reason": "本人要求删除"}
    assert (event.stream_kind, event.stream_id, event.kind, event.data) == (StreamKind.ACCESS, record, "erased", told)
    with town.engine.connect() as conn:
        page = record_page(conn, record, RECORDS.record_by_name["member"], town.house.time_zone)
        assert (page.record.fields["persons"], page.masked) == (3, {})
        assert read_private(conn, record, page.record.private) == {}
        assert list(chain_faults(conn, lambda event, size: None)) == []
    with pytest.raises(Refusal, match="field_unknown"):
        handle(town.house, replace(erase, fields=("reason",)), actor_id=SYSTEM, now=at("2023-06-03"))


def test_files_of_records_are_known_to_be_kept(town: Township) -> None:
    enter(town, "meeting", values=meeting(town.unit["chenguang"], "2023-05-10"), evidence=(PHOTO,))
    with town.engine.connect() as conn:
        assert named_files(conn) == {PHOTO["digest"]}


def report(town: Township, stage: str, amount: str, on: str, place: str = "chenguang") -> dict[str, Any]:
    return {"place": town.unit[place], "year": 2023, "value": amount, "stage": stage, "reported_on": on}


def test_of_a_statistic_the_highest_stage_stands_and_all_values_stay(town: Township) -> None:
    first = enter(town, "harvest", day="2023-12-01", values=report(town, "estimate", "1600.5", "2023-07-01"))
    enter(town, "harvest", "neighbour", "2023-12-01", values=report(town, "final", "300", "2023-09-01", "donghu"))
    with pytest.raises(Refusal) as why:
        enter(town, "harvest", day="2023-12-01", values=report(town, "final", "1765", "2023-10-01"))
    assert code(why) == "statistic_known"
    final = ReportValue(record_id=first, version=1, values=report(town, "final", "1765", "2023-10-01"))
    town.do(final, "staff", at("2023-12-01"))
    corrected = AmendRecord(record_id=first, version=2, changes={"value": "1675"}, reason="数字错位")
    town.do(corrected, "staff", at("2023-12-02"))
    grain = figure("harvest", Term("value"), scale=100)
    assert str(value(town, grain, "2023-07-01").amount) == "1600.5"
    assert value(town, grain, "2023-10-01").amount == 1975
    assert value(town, grain, "2023-10-01", known="2023-12-01").amount == 2065
    estimate = ReportValue(record_id=first, version=3, values=report(town, "reported", "1", "2023-11-01"))
    with pytest.raises(Refusal) as why:
        town.do(estimate, "staff", at("2023-12-03"))
    assert code(why) == "stage_not_later"


def test_a_value_of_the_town_is_not_taken_beside_those_of_its_villages(town: Township) -> None:
    first = enter(
        town, "harvest", "neighbour", "2023-12-01", values=report(town, "final", "300", "2023-09-01", "donghu")
    )
    whole = report(town, "final", "1975", "2023-10-01", "town")
    with pytest.raises(Refusal) as why:
        enter(town, "harvest", "supervisor", "2023-12-01", values=whole)
    assert (code(why), why.value.params["number"]) == ("statistic_overlaps", "统-2023-0001")
    town.do(VoidRecord(record_id=first, version=1, reason="只报全镇数"), "supervisor", at("2023-12-01"))
    enter(town, "harvest", "supervisor", "2023-12-01", values=whole)
    with pytest.raises(Refusal) as why:
        enter(town, "harvest", "neighbour", "2023-12-02", values=report(town, "final", "1", "2023-09-01", "donghu"))
    assert code(why) == "statistic_overlaps"


def test_groups_are_counted_any_all_least_and_the_list_behind_is_theirs(town: Township) -> None:
    members = [member(town, 1), member(town, 1), member(town, 1)]
    for n, leaflets in ((0, 5), (0, 6), (1, 7)):
        hold(town, "2023-05-10", member=members[n], leaflets=leaflets)
    by_member = Term("by.member", Counting.FLOW)
    assert value(town, figure("meeting", by_member, grouping=Grouping.ANY), "2023-12-31").numerator == 2
    among = (Term("live.by.self", register="member"),)
    least = figure("meeting", Term("sum.leaflets.by.member", Counting.FLOW), grouping=Grouping.LEAST, among=among)
    assert value(town, least, "2023-12-31").numerator == 0  # the third held none
    hold(town, "2023-05-11", member=members[2], leaflets=2)
    assert value(town, least, "2023-12-31").numerator == 2
    assert not value(town, least, "2022-12-31").is_known
    with town.engine.connect() as conn:
        pair = as_of(conn, effective=date(2023, 12, 31), known=None)
        asked = Behind(LEAFLETS, NUMERATOR, pair, None, None)
        page = behind_marks.drill(conn, town.house, asked, None, cursor="", limit=3)
        assert (page.count, sorted(r.quantity for r in page.records)) == (4, [2, 6, 7])
        rest = behind_marks.drill(conn, town.house, asked, None, cursor=page.next_cursor or "", limit=3)
        assert ([r.quantity for r in rest.records], rest.next_cursor) == ([5], None)


def test_a_duty_that_is_called_as_its_register_lends_no_list_its_own_rights(town: Township) -> None:
    """The township has one: courtyard meetings, which are owed each month."""
    for day in ("2023-05-10", "2023-05-11"):
        hold(town, day)
    owed = OwedBy(("village",))
    spec = DutySpec("meeting", label("屋场会"), "meeting", owed, Period.MONTH, "tests", date(2023, 1, 1))
    house = replace(town.house, pack=replace(RECORDS, duties=(spec,)))
    with town.engine.connect() as conn:
        directory, numbers = house.directory(conn), house.register_numbers(conn)
        asking = Viewer(directory.people[town.person["staff"]], directory, numbers, date(2023, 12, 31))
        asked = Behind(HELD, NUMERATOR, as_of(conn, effective=date(2023, 12, 31), known=None), None, None)
        page = behind_marks.drill(conn, house, asked, asking, cursor="", limit=5)
    assert (page.count, page.hidden, len(page.records)) == (2, 0, 2)


def test_a_zero_that_nobody_looked_for_is_no_zero(town: Township) -> None:
    looked = (Term("nil", Counting.FLOW, register="meeting"),)
    spec = figure("toilet", Term("countable"), needs=looked)
    assert not value(town, spec, "2023-12-31").is_known
    hold(town, "2023-05-10", nothing_found=True)
    assert value(town, spec, "2023-12-31").is_known


def test_a_ticket_names_its_meeting_and_its_cost_adds_up_there(town: Township) -> None:
    held = hold(town, "2023-05-10")
    command = plain_ticket(town)
    for cost in ("12.50", "7.25"):
        values = {**command.values, "meeting": held, "cost": cost}
        town.do(plain_ticket(town, values=values), "staff", at("2023-06-01"))
    cost = figure("toilet", Term("countable.sum.cost"), scale=100)
    by_meeting = figure("toilet", Term("countable.by.meeting"), grouping=Grouping.ANY)
    assert str(value(town, cost, "2023-12-31").amount) == "19.75"
    assert value(town, by_meeting, "2023-12-31").numerator == 1
    with pytest.raises(Refusals) as why:
        town.do(plain_ticket(town, values={**command.values, "meeting": 1}), "staff", at("2023-06-01"))
    assert code(why) == "record_unknown"


def test_a_rebuild_makes_records_links_and_marks_again_as_they_were(town: Township) -> None:
    one = member(town, 3)
    change(town, one, 1, "enrolled", "2023-03-01")
    held = hold(town, "2023-05-10", member=one, leaflets=88)
    hold(town, "2023-05-11")
    town.do(AmendRecord(record_id=held, version=1, changes={"leaflets": 60}, reason="数错"), "staff", at("2023-06-25"))
    town.do(plain_ticket(town, values={**plain_ticket(town).values, "meeting": held}), "staff", at("2023-06-01"))
    town.do(plain_ticket(town, "house", origin_id=held), "staff", at("2023-06-01"))  # in a register without links
    before = rows(town.engine)
    house = town.house
    with town.engine.connect().execution_options(write=True) as conn, conn.begin():
        rebuild(conn, house.pack, house.time_zone, house.folios, lambda done, of: None)
    assert rows(town.engine) == before
    assert value(town, LEAFLETS, "2023-12-31").numerator == 60


def rows(engine: Engine) -> dict[str, list[str]]:
    with engine.connect() as conn:
        return {t.name: sorted(map(repr, map(tuple, conn.execute(select(t))))) for t in TABLES}


def test_a_subject_is_not_opened_after_its_next_state_began(town: Township) -> None:
    record = member(town, 3, on="2023-01-05")
    change(town, record, 1, "enrolled", "2023-03-01")
    late = AmendRecord(record_id=record, version=2, changes={"opened_on": "2023-03-02"}, reason="日期填错")
    with pytest.raises(Refusal) as why:
        town.do(late, "supervisor", at("2023-06-01"))
    assert code(why) == "day_after_next_state"
    town.do(
        AmendRecord(record_id=record, version=2, changes={"opened_on": "2023-03-01"}, reason="日期填错"),
        "supervisor",
        at("2023-06-01"),
    )
    assert value(town, figure("member", Term("state.enrolled")), "2023-03-01").numerator == 1


def test_a_meeting_is_held_where_the_linked_member_lives(town: Township) -> None:
    """The same rule for a new record, a correction of one, and a ticket that names it."""
    settling = replace(RECORDS.records[0], fields=_settling(RECORDS.records[0].fields, "member"))
    toilet = replace(RECORDS.registers[0], fields=_settling(RECORDS.registers[0].fields, "meeting"))
    town.house.pack = replace(
        RECORDS, registers=(toilet, *RECORDS.registers[1:]), records=(settling, *RECORDS.records[1:])
    )
    here, there = town.unit["chenguang"], town.unit["donghu"]
    values = {"opened_on": "2023-05-01", "place": here, "name": "刘小云"}
    named = enter(town, "member", values=values)
    now = at("2023-06-01")
    elsewhere = EnterRecord(register="meeting", values=meeting(there, "2023-05-10", member=named))
    assert refused(town, elsewhere, "supervisor", now).codes == ("differs_from_link",)
    held = hold(town, "2023-05-10", member=named)
    moved = AmendRecord(record_id=held, version=1, changes={"place": there}, reason="登记有误")
    assert refused(town, moved, "supervisor", now).codes == ("differs_from_link",)
    named_on = {**PLAIN_VALUES["toilet"], "meeting": held}
    ticket = plain_ticket(town, place="donghu", values=named_on)
    assert refused(town, ticket, "supervisor", now).codes == ("differs_from_link",)
    town.do(plain_ticket(town, values=named_on), "supervisor", now)


def _settling(fields: tuple[Field, ...], name: str) -> tuple[Field, ...]:
    return tuple(replace(field, settles=("place",)) if field.name == name else field for field in fields)
