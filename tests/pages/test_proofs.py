"""A form says which photographs a register demands, and refuses at their field where they are missing."""

from __future__ import annotations

import re
from dataclasses import replace
from urllib.parse import quote

import pytest
from inspected import CHECK, FILE, LIST, TOILET
from page_checks import check_page
from pages.conftest import Browse, form_values
from records import MEETING, MEMBER, RECORDS
from ticket_stories import picture
from township import Township, at
from werkzeug.datastructures import FileStorage

from tracker import clock
from tracker.domain.commands import EnterRecord
from tracker.domain.proofs import Proof
from tracker.domain.record import Record
from tracker.queries.records import find_id, record_at

_STATES = tuple(
    replace(s, proof=Proof(photos_before=1, photos_after=1)) if s.name == "enrolled" else s for s in MEMBER.states
)
PACK = replace(
    RECORDS,
    name="proofs",  # founded towns are kept by the name of their pack
    registers=(*(r for r in RECORDS.registers if r.name != "toilet"), TOILET),
    records=(
        replace(MEETING, proof=Proof(photos=2), gives=()),
        replace(MEMBER, states=_STATES),
        FILE,
        replace(CHECK, proof=Proof(photos=1, of_nil=True)),
    ),
    checklists=(replace(LIST, is_photographed=True),),
)
YEAR = clock.now().year
NEW = "/registers/meeting/records/new"


@pytest.fixture
def town_pack():
    return PACK


def photo(name: str) -> FileStorage:
    return FileStorage(picture(), name)


def kept(town: Township, number: str) -> Record:
    with town.engine.connect() as conn:
        found = find_id(conn, number)
        record = record_at(conn, found) if found else None
    assert record is not None
    return record


def member(town: Township) -> str:
    values = {"place": town.unit["chenguang"], "opened_on": "2023-05-01", "name": "刘小云"}
    town.do(EnterRecord(register="member", values=values), "staff", at("2023-06-01"))
    return "员-2023-0001"


def test_a_meeting_without_its_photographs_is_refused_at_their_field_and_those_that_came_are_kept(
    town: Township, browse: Browse
) -> None:
    staff = browse("staff")
    assert "2 photographs are needed." in staff.text(NEW)
    answer = staff.send(NEW, topic="听取意见", photos=photo("meeting.jpg"))
    assert answer.status_code == 422
    check_page(answer.text)
    assert 'id="photos-error"' in answer.text
    assert "1 of 2 needed files are there" in answer.text
    more = form_values(answer.text) | {"photos": FileStorage(picture("black"), "second.jpg")}
    assert staff.client.post(NEW, data=more).status_code == 303
    assert [f.name for f in kept(town, f"会-{YEAR}-0001").evidence] == ["meeting.jpg", "second.jpg"]


def test_what_is_wrong_and_what_lacks_are_said_together(town: Township, browse: Browse) -> None:
    answer = browse("staff").send(NEW, held_on="")
    assert answer.status_code == 422
    assert 'id="held_on-error"' in answer.text
    assert answer.text.count('id="photos-error"') == 1


def test_a_nil_report_needs_no_photograph(town: Township, browse: Browse) -> None:
    assert browse("staff").send(NEW, then="nil").status_code == 303


def test_a_state_asks_for_its_own_photographs_and_tells_which_are_missing(town: Township, browse: Browse) -> None:
    number, staff = member(town), browse("staff")
    assert "Photographs after the work" in staff.text("/registers/member/records/new")
    url = f"/records/{quote(number)}/state?to=enrolled"
    page = staff.text(url)
    assert "Photographs before the work" in page
    assert "Photographs after the work" in page
    answer = staff.send(url, photos_before=photo("before.jpg"))
    assert answer.status_code == 422
    check_page(answer.text)
    assert 'id="photos_after-error"' in answer.text
    assert 'id="photos_before-error"' not in answer.text
    more = form_values(answer.text) | {"photos_after": FileStorage(picture("black"), "after.jpg")}
    assert staff.client.post(url, data=more).status_code == 303
    record = kept(town, number)
    assert (record.state, {f.name: f.kind for f in record.evidence}) == (
        "enrolled",
        {"before.jpg": "photo_before", "after.jpg": "photo_after"},
    )


def test_an_inspection_is_completed_with_a_photograph_of_the_visit_and_of_each_fail(
    town: Township, browse: Browse
) -> None:
    values = {"opened_on": "2023-01-01", "place": town.unit["chenguang"], "household": "刘小云"}
    town.do(EnterRecord(register="file", values=values), "supervisor", at("2023-06-01"))
    staff, url = browse("staff"), f"/registers/{CHECK.name}/inspections/new?subject={quote('坑-2023-0001')}"
    label = re.search(r'id="photo-2-label">(.*?)</span>', staff.text(url), re.S)
    assert label is not None
    assert "optional" not in label[1]
    said = {"item-1": "pass", "item-2": "fail", "note-2": "臭", "summary": "臭", "act": "complete"}
    answer = staff.send(url, **said)
    assert answer.status_code == 422
    check_page(answer.text)
    assert 'id="photo-2-error"' in answer.text
    assert 'id="photos-error"' not in answer.text, "the picture of a fail is one of the visit"
    shown = {"photo-2": photo("smell.jpg"), "photos": FileStorage(picture("black"), "door.jpg")}
    done = staff.client.post(url, data=form_values(answer.text) | said | shown)
    assert done.status_code == 303, done.text
    record = kept(town, f"巡-{YEAR}-0001")
    assert (record.is_complete, {f.name for f in record.evidence}) == (True, {"smell.jpg", "door.jpg"})
