"""Answers of a checklist: what completes an inspection, what it proposes, what its tickets keep of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from inspected import CHECK, FILE, LIST, TOILET
from township import PACK, Paper, at, plain_ticket

from tracker.domain.checklists import Creation
from tracker.domain.commands import AnswerItems, EnterRecord
from tracker.domain.context import World
from tracker.domain.events import Event, StreamKind
from tracker.domain.inspecting import Score, proposals, score_of, usual_owner
from tracker.domain.record import Record, evolve
from tracker.domain.recording import RecordWorld, decide_answers, decide_enter
from tracker.domain.refusals import Refusal, Refusals
from tracker.domain.registers import Register

DAY = date(2023, 3, 1)
PASS, NA = {"result": "pass"}, {"result": "na"}
BROKEN = {"result": "fail", "note": "盖板破裂"}
PHOTO = {"digest": "a" * 64, "name": "盖板.jpg", "media_type": "image/jpeg", "size": 9, "kind": "photo_before"}


@pytest.fixture
def paper() -> Paper:
    return Paper(PACK)


@pytest.fixture
def world(paper: Paper) -> RecordWorld:
    known = replace(paper.world("staff", DAY), register_of=lambda record_id: "file" if record_id == 7 else None)
    return RecordWorld(known, CHECK, LIST)


def values(paper: Paper, **more: Any) -> dict[str, Any]:
    return {"held_on": DAY, "place": paper.unit["chenguang"], "file": 7, **more}


def entered(paper: Paper, world: RecordWorld, answers: Mapping[str, Any], **more: Any) -> Record:
    told = {"values": values(paper), "is_complete": False, **more}
    decision = decide_enter(EnterRecord(register="check", answers=answers, **told), world)
    return evolve(None, event(world.context, 11, 1, decision.events[0].kind, decision.events[0].data))


def continued(record: Record, world: RecordWorld, answers: Mapping[str, Any], **more: Any) -> Record:
    told = {"is_complete": False, **more}
    decision = decide_answers(AnswerItems(record_id=11, version=record.version, answers=answers, **told), record, world)
    return evolve(record, event(world.context, 12, record.version + 1, "checked", decision.events[0].data))


def event(context: World, position: int, version: int, kind: str, data: Mapping[str, Any]) -> Event:
    return Event(position, StreamKind.RECORD, 11, version, kind, DAY, at("2023-03-01"), context.actor.id, data)


def codes(failed: pytest.ExceptionInfo[Any]) -> set[tuple[str, str | None]]:
    no = failed.value
    return {(r.code, r.field) for r in (no.refusals if isinstance(no, Refusals) else (no,))}


# -- left and continued -------------------------------------------------------------------------------
def test_an_inspection_may_be_left_before_its_last_fields_are_known(paper: Paper, world: RecordWorld) -> None:
    left = entered(paper, world, {"1": BROKEN})
    assert (left.is_complete, left.checklist, dict(left.answers)) == (False, "toilet", {"1": BROKEN})
    with pytest.raises(Refusals) as no:
        continued(left, world, {}, is_complete=True)
    assert codes(no) == {("answer_missing", "item-2"), ("field_required", "summary")}
    done = continued(left, world, {"2": PASS}, is_complete=True, values={"summary": "盖板破裂，其余正常"})
    assert (done.is_complete, done.fields["summary"]) == (True, "盖板破裂，其余正常")
    assert "nothing_found" not in done.fields


def test_what_it_looks_at_its_day_and_its_village_stay(paper: Paper, world: RecordWorld) -> None:
    left = entered(paper, world, {"1": PASS})
    moved = {"held_on": date(2023, 2, 1), "place": paper.unit["donghu"], "file": 8, "summary": "正常"}
    after = continued(left, world, {}, values=moved)
    assert (after.on, after.unit_id, after.fields["file"]) == (left.on, left.unit_id, 7)
    assert after.fields["summary"] == "正常"


def test_after_it_is_complete_its_fields_change_by_a_correction_only(paper: Paper, world: RecordWorld) -> None:
    done = entered(paper, world, {"1": PASS, "2": PASS}, is_complete=True, values=values(paper, summary="正常"))
    with pytest.raises(Refusal) as no:
        continued(done, world, {}, values={"summary": "另一种说法"})
    assert codes(no) == {("nothing_changed", None)}


def test_passing_every_item_is_a_nil_report(paper: Paper, world: RecordWorld) -> None:
    done = entered(paper, world, {"1": PASS, "2": NA}, is_complete=True, values=values(paper, summary="正常"))
    assert done.is_complete
    assert done.fields["nothing_found"] is True


def test_a_record_may_be_entered_without_walking_the_list(paper: Paper, world: RecordWorld) -> None:
    """A patrol that reports zero is a record, whoever has no time for its list."""
    done = entered(paper, world, {}, is_complete=True, values=values(paper, summary="无问题", nothing_found=True))
    assert done.is_complete
    assert done.checklist is None
    assert not done.answers


# -- answers ------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ({"1": {"result": "fail"}}, {("note_missing", "note-1")}),
        ({"9": PASS, "2": {"result": "maybe"}}, {("item_unknown", "item-9"), ("choice_unknown", "item-2")}),
        ({"²": PASS}, {("item_unknown", "item-²")}),
        ({"2": {"result": "fail", "note": "臭" * 2001}}, {("field_too_long", "note-2")}),
    ],
)
def test_answers_are_refused_item_by_item(paper: Paper, world: RecordWorld, answers: Any, said: Any) -> None:
    with pytest.raises(Refusals) as no:
        entered(paper, world, answers)
    assert codes(no) == said


def test_a_photo_is_one_that_came_with_the_answers_and_stays(paper: Paper, world: RecordWorld) -> None:
    with_photo = {"1": {**BROKEN, "photo": PHOTO["digest"]}, "2": {"result": "fail", "note": "臭", "photo": "b" * 64}}
    left = entered(paper, world, with_photo, evidence=(PHOTO,))
    assert [left.answers[i].get("photo") for i in ("1", "2")] == [PHOTO["digest"], None]
    after = continued(left, world, {"1": {"result": "fail", "note": "盖板破裂两块"}})
    assert after.answers["1"]["photo"] == PHOTO["digest"]


def test_the_score_leaves_out_what_does_not_apply() -> None:
    lid = replace(LIST.items[0], points=3)
    scored = replace(LIST, items=(lid, *LIST.items[1:]))
    assert score_of({"1": BROKEN, "2": PASS, "3": NA, "4": PASS}, scored) == Score(2, 3, points=2, out_of=5)
    assert score_of({"1": BROKEN, "2": PASS}, scored).of_hundred == 25
    assert score_of({"1": NA, "2": NA}, scored).of_hundred is None


def test_the_score_stands_in_the_log_when_the_inspection_is_complete(paper: Paper, world: RecordWorld) -> None:
    left = entered(paper, world, {"1": BROKEN})
    assert left.score is None
    done = continued(left, world, {"2": PASS}, is_complete=True, values={"summary": "盖板破裂"})
    assert done.score == {"points": 1, "out_of": 2}
    mended = continued(done, world, {"1": PASS})
    assert mended.score == {"points": 2, "out_of": 2}
    plain = replace(world, checklist=replace(LIST, is_scored=False))
    at_once = entered(paper, plain, {"1": PASS, "2": PASS}, is_complete=True, values=values(paper, summary="正常"))
    assert at_once.score is None


# -- the tickets --------------------------------------------------------------------------------------
def test_a_failed_item_proposes_its_ticket(paper: Paper, world: RecordWorld) -> None:
    """What the file says is taken over, a name by its place in the vault only; what nobody knows is asked."""
    done = entered(paper, world, {"1": BROKEN, "2": {"result": "fail", "note": "臭"}})
    subject = Record(id=7, register="file", fields={"group": 4}, private={"household": "00"})
    tickets: Mapping[str, Register] = {"toilet": TOILET}
    (one,) = proposals(done, CHECK, LIST, (subject, FILE), tickets)
    assert (one.item.id, one.note) == (1, "盖板破裂")
    assert one.values == {"category": "quality", "group": 4, "file": 7}
    assert one.private == {"household": "household"}
    assert [f.name for f in one.asked] == ["seen_at"]


@pytest.mark.parametrize(
    ("owner", "unit", "person"),
    [
        (None, None, None),
        ("place", "chenguang", None),
        ("farming", "farming", None),
        ("no_such_unit", None, None),
        ("helper", "farming", "clerk"),
        ("driver", None, None),  # the file names nobody
    ],
)
def test_a_ticket_usually_goes_to_whom_the_item_names(
    paper: Paper, owner: str | None, unit: str | None, person: str | None
) -> None:
    household = Record(id=7, register="file", fields={"helper": paper.person["clerk"]})
    found = usual_owner(Creation("toilet", {}, owner), paper.unit["chenguang"], household, paper.directory)
    assert found == (paper.unit.get(unit or ""), paper.person.get(person or ""))


def test_whoever_has_left_is_not_proposed(paper: Paper) -> None:
    people = dict(paper.directory.people)
    people[paper.person["clerk"]] = replace(people[paper.person["clerk"]], has_left=True)
    household = Record(id=7, register="file", fields={"helper": paper.person["clerk"]})
    without = replace(paper.directory, people=people)
    assert usual_owner(Creation("toilet", {}, "helper"), 1, household, without) == (None, None)


def test_a_ticket_keeps_the_inspection_and_the_item_it_came_from(paper: Paper) -> None:
    register = plain_ticket(paper, origin_id=11, origin_item="8")
    with pytest.raises(Refusal):  # there is no such record
        paper.do(register, "staff", at("2023-03-02"))
    found = paper.do(plain_ticket(paper), "staff", at("2023-03-02"))[0].stream_id
    opened = paper.do(replace(register, origin_id=found), "staff", at("2023-03-02"))[0].stream_id
    assert (paper.states[opened].origin_id, paper.states[opened].origin_item) == (found, "8")
