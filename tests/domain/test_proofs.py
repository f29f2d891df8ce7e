"""The files that a record must bring: counted in one place, for its entry, its states and the end of an inspection."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from inspected import CHECK, LIST
from records import MEETING, MEMBER, meeting
from township import PACK, PHOTO, Paper, at

from tracker.domain.commands import AnswerItems, ChangeState, EnterRecord
from tracker.domain.events import Event, NewEvent, StreamKind
from tracker.domain.proofs import NO_PROOF, Proof, proof_missing
from tracker.domain.record import Record, evolve
from tracker.domain.recording import RecordWorld, decide_answers, decide_change_state, decide_enter
from tracker.domain.refusals import Refusals

DAY = date(2023, 3, 1)
SHOWN = Proof(photos=1)
BUILT = Proof(photos=3, photos_before=1, photos_after=1)


def file(kind: str, letter: str = "a") -> dict[str, Any]:
    return {**PHOTO, "digest": letter * 64, "kind": kind}


@pytest.fixture
def paper() -> Paper:
    return Paper(PACK)


def lacking(no: pytest.ExceptionInfo[Refusals]) -> list[tuple[str | None, int, int]]:
    assert {r.code for r in no.value.refusals} == {"evidence_missing"}
    return [(r.field, r.params["needed"], r.params["given"]) for r in no.value.refusals]


def event(paper: Paper, version: int, new: NewEvent) -> Event:
    by = paper.person["staff"]
    return Event(10 + version, StreamKind.RECORD, 11, version, new.kind, DAY, at(DAY), by, new.data)


@pytest.mark.parametrize(
    ("proof", "kinds", "is_nil", "parts"),
    [
        (NO_PROOF, [], False, []),
        (SHOWN, [], False, ["photos"]),
        (SHOWN, [], True, []),
        (Proof(photos=1, of_nil=True), [], True, ["photos"]),
        (SHOWN, ["document", "signature"], False, ["photos"]),
        (SHOWN, ["photo_before"], False, []),
        (BUILT, ["photo_before", "photo"], False, ["photos_after", "photos"]),
        (BUILT, ["photo_before", "photo", "photo_after"], False, []),
        (Proof(documents=2), ["document"], False, ["documents"]),
    ],
)
def test_each_part_is_counted_by_the_kinds_of_files(proof: Proof, kinds: list[str], is_nil: bool, parts: Any) -> None:
    assert [no.field for no in proof_missing(proof, kinds, is_nil=is_nil)] == parts


def test_an_activity_is_recorded_with_its_photograph_only_but_a_nil_report_without(paper: Paper) -> None:
    world = RecordWorld(paper.world("staff", DAY), replace(MEETING, proof=SHOWN), None)

    def enter(*files: dict[str, Any], **more: Any) -> Any:
        values = meeting(paper.unit["chenguang"], DAY, **more)
        return decide_enter(EnterRecord(register="meeting", values=values, evidence=files), world)

    with pytest.raises(Refusals) as no:
        enter(file("document"))
    assert lacking(no) == [("photos", 1, 0)]
    assert enter(file("photo")).events[0].data["evidence"] == [file("photo")]
    assert "evidence" not in enter(nothing_found=True).events[0].data


def test_a_state_asks_for_pictures_and_those_of_earlier_states_count(paper: Paper) -> None:
    states = tuple(replace(s, proof=BUILT) if s.name == "enrolled" else s for s in MEMBER.states)
    world = RecordWorld(paper.world("staff", DAY), replace(MEMBER, states=states), None)
    values = {"opened_on": DAY, "place": paper.unit["chenguang"], "name": "刘小云"}
    first = EnterRecord(register="member", values=values, evidence=(file("photo_before"),))
    record = evolve(None, event(paper, 1, decide_enter(first, world).events[0]))
    with pytest.raises(Refusals) as no:
        decide_enter(replace(first, state="enrolled"), world)
    assert lacking(no) == [("photos_after", 1, 0), ("photos", 3, 1)]

    def change(*files: dict[str, Any]) -> Record:
        command = ChangeState(record_id=11, version=1, state="enrolled", occurred_on=DAY, evidence=files)
        return evolve(record, event(paper, 2, decide_change_state(command, record, world).events[0]))

    with pytest.raises(Refusals) as no:
        change(file("photo", "b"))
    assert lacking(no) == [("photos_after", 1, 0), ("photos", 3, 2)]
    after = change(file("photo", "b"), file("photo_after", "c"))
    assert (after.state, [f.kind for f in after.evidence]) == ("enrolled", ["photo_before", "photo", "photo_after"])


def test_an_inspection_is_left_without_pictures_and_completed_with_one_of_each_fail(paper: Paper) -> None:
    known = replace(paper.world("staff", DAY), register_of=lambda record_id: "file" if record_id == 7 else None)
    world = RecordWorld(known, replace(CHECK, proof=SHOWN), replace(LIST, is_photographed=True))
    values = {"held_on": DAY, "place": paper.unit["chenguang"], "file": 7, "summary": "破裂"}
    broken = {"1": {"result": "fail", "note": "盖板破裂"}, "2": {"result": "pass"}}
    left = EnterRecord(register="check", values=values, answers=broken, is_complete=False)
    record = evolve(None, event(paper, 1, decide_enter(left, world).events[0]))

    def complete(answers: Any, *files: dict[str, Any]) -> Record:
        command = AnswerItems(record_id=11, version=1, answers=answers, is_complete=True, evidence=files)
        return evolve(record, event(paper, 2, decide_answers(command, record, world).events[0]))

    with pytest.raises(Refusals) as no:
        complete(broken)
    assert lacking(no) == [("photo-1", 1, 0)]  # what lacks is said once
    shown = file("photo_before")
    done = complete(broken | {"1": {**broken["1"], "photo": shown["digest"]}}, shown)
    assert (done.is_complete, done.answers["1"]["photo"]) == (True, shown["digest"])
    passed = complete({"1": {"result": "pass"}})
    assert passed.fields["nothing_found"] is True
