"""Photographs that say when and where they were taken: asked for, shown, and what to look twice at."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, datetime
from io import BytesIO
from typing import Any

import pytest
from page_checks import check_page
from pages.conftest import Browse, form_values
from photographs import HOME, photograph
from records import RECORDS, meeting
from ticket_stories import address, assigned, current, registered, take
from township import CHINA, DOCUMENT, PHOTO, TOILET, Township, at, label, plain_ticket
from werkzeug.datastructures import FileStorage

from tracker.domain.commands import EnterRecord, TakeStep
from tracker.domain.evidence import Point
from tracker.domain.kinds import Part
from tracker.domain.registers import EvidenceRule, Field, FieldType

WHEN = datetime(2023, 3, 12, 10, 20, tzinfo=CHINA)
SHOWN = replace(
    TOILET,
    fields=(*TOILET.fields, Field("location", FieldType.GEOPOINT, label("定位"), max_length=40)),
    evidence=EvidenceRule(photos_before=1, photos_after=1, taken=frozenset(Part)),
)
PACK = replace(RECORDS, registers=(SHOWN, *(r for r in RECORDS.registers if r.name != "toilet")))


@pytest.fixture
def town_pack():
    return PACK


def sent(content: bytes, name: str = "x.jpg") -> FileStorage:
    return FileStorage(BytesIO(content), name)


def told(number: str = "a", kind: str = "photo_after", **more: Any) -> dict[str, Any]:
    """A picture as a command names it; it says when and where."""
    place = {"taken_at": 1677628800000, "lat": 26_550_000, "lon": 112_380_000}
    return {**PHOTO, "digest": number * 64, "kind": kind, **place, **more}


def test_a_submission_asks_for_both_pictures_and_for_their_time_and_place(town: Township, browse: Browse) -> None:
    ticket_id = assigned(town)
    staff, url = browse("staff"), address(town, ticket_id, "submit")
    page = staff.text(url)
    assert page.index('name="photos_before"') < page.index('name="photos"')
    answer = staff.send(url, photos=sent(photograph("white", WHEN)))
    assert answer.status_code == 422
    check_page(answer.text)
    for part in ("photos_before-error", "photos-error"):
        assert f'id="{part}"' in answer.text
    assert "nobody knows where they were taken" in answer.text
    assert "nobody knows when" not in answer.text, "the picture says it"
    more = {
        "photos_before": sent(photograph("black")),
        "photos_before_at": "2023-03-02T09:00",
        "photos_before_where": "26.55, 112.38",
        "photos_where": "somewhere",
    }
    answer = staff.client.post(url, data=form_values(answer.text) | more)
    assert answer.status_code == 422
    assert 'id="photos_where-error"' in answer.text
    again = form_values(answer.text) | {"photos_where": "26.551,112.38"}
    assert staff.client.post(url, data=again).status_code == 303
    after, before = sorted(current(town, ticket_id).evidence, key=lambda e: e.kind)
    assert (after.taken.where, after.taken.said) == (Point(26_551_000, 112_380_000), {Part.PLACE})
    assert (before.taken.where, before.taken.said) == (Point(26_550_000, 112_380_000), frozenset(Part))
    page = staff.text(address(town, ticket_id))
    assert "the place as whoever sent it says, not the picture" in page
    assert "time and place as whoever sent it says, not the picture" in page


def test_a_telephone_s_picture_is_registered_and_its_distance_shown(town: Township, browse: Browse) -> None:
    staff, url = browse("staff"), "/registers/toilet/tickets/new"
    values = {"place": str(town.unit["chenguang"]), "problem": "化粪池破损渗漏", "category": "quality"}
    values |= {"household": "刘小云", "found_on": "2023-03-12", "location": "26.5531,112.38"}
    answer = staff.send(url, **values, photos=sent(photograph("white", WHEN)))
    assert answer.status_code == 422
    assert 'id="photos-error"' in answer.text, "whoever stands there can still mend it"
    done = staff.client.post(url, data=form_values(answer.text) | {"photos": sent(photograph("red", WHEN, HOME))})
    assert done.status_code == 422, "the first one still does not say where"
    kept = form_values(done.text)
    done = staff.client.post(url, data=kept | {"kept": kept["kept"][1]})
    assert done.status_code == 303
    page = staff.text(done.headers["Location"])
    assert "taken 12 Mar 2023, 10:20" in page
    assert "345 m from the position given" in page
    assert "gallery__doubt" not in page


def test_who_decides_is_told_to_look_twice_and_why(town: Township, browse: Browse) -> None:
    ticket_id = assigned(town)
    old = told(taken_at=1677200000000, lat=27_000_000)
    take(town, ticket_id, "submit", "staff", "2023-03-10", evidence=(told("b", "photo_before"), old))
    page = browse("verifier").text(address(town, ticket_id))
    assert "Look twice at 2 photographs before you decide." not in page
    assert "Look twice at 1 photograph before you decide." in page
    assert "Taken before the problem was found, on 1 March 2023." in page
    assert "Taken more than 1000 m away from the photograph before the work." in page
    assert "away from where it should be" not in page, "nobody knows where that is"
    assert "Look twice" not in browse("staff").text(address(town, ticket_id)), "who did the work decides nothing"


def test_a_picture_that_says_nothing_says_that(town: Township, browse: Browse) -> None:
    values = meeting(town.unit["chenguang"], date(2023, 3, 1))
    files = ({**PHOTO, "kind": "photo"}, DOCUMENT)
    town.do(EnterRecord(register="meeting", values=values, evidence=files), "staff", at("2023-03-02"))
    page = browse("staff").text("/records/会-2023-0001")
    assert page.count("When and where it was taken is unknown.") == 1


# -- one picture for five households ------------------------------------------------------------------
def used(page: str) -> str:
    found = re.search(r'<span class="gallery__doubt">(.*?)</figcaption>', page, re.S)
    return " ".join(re.sub(r"<.*?>", " ", found[1]).split()) if found else ""


def test_the_same_picture_elsewhere_is_named_to_who_may_see_it(town: Township, browse: Browse) -> None:
    first = registered(town, evidence=(told(kind="photo_before"),))
    other = registered(town, place="donghu", evidence=(told(kind="photo_before"),))
    number = town.state(other).number
    assert used(browse("supervisor").text(address(town, first))).endswith(
        f"in another ticket or record as well: {number}"
    )
    there = used(browse("staff").text(address(town, first)))
    assert there == "The same picture stands in 1 ticket or record that is not open to you."
    values = meeting(town.unit["chenguang"], date(2023, 3, 1))
    photo = told(kind="photo")
    town.do(EnterRecord(register="meeting", values=values, evidence=(photo,)), "staff", at("2023-03-02"))
    there = used(browse("staff").text(address(town, first)))
    assert there == "The same picture stands in 1 other ticket or record, and in these: 会-2023-0001"
    assert "gallery__doubt" in browse("staff").text("/records/会-2023-0001")


def test_a_restricted_ticket_is_told_by_no_picture(town: Township, browse: Browse) -> None:
    first = registered(town, evidence=(told(kind="photo_before"),))
    secret = plain_ticket(town, "toilet", is_restricted=True, evidence=(told(kind="photo_before"),))
    (event,) = town.do(secret, "supervisor", at("2023-03-02"))
    assert "26550000" not in str(event.data), "where it was taken tells whose home it is"
    assert used(browse("staff").text(address(town, first))) == ""
    number = town.state(event.stream_id).number
    assert number in used(browse("supervisor").text(address(town, first)))
    assert "at 26.55000, 112.38000" in browse("supervisor").text(address(town, event.stream_id))


def test_an_inspection_and_its_tickets_show_one_picture_and_so_does_what_is_void(
    town: Township, browse: Browse
) -> None:
    values = meeting(town.unit["chenguang"], date(2023, 3, 1))
    photo = told(kind="photo")
    (event,) = town.do(EnterRecord(register="meeting", values=values, evidence=(photo,)), "staff", at("2023-03-01"))
    of_it = [registered(town, origin_id=event.stream_id, evidence=(told(kind="photo_before"),)) for _ in range(2)]
    assert used(browse("supervisor").text(address(town, of_it[0]))) == ""
    twice = registered(town, evidence=(told("c", "photo_before"),))
    gone = registered(town, evidence=(told("c", "photo_before"),))
    take(town, gone, "request_exclusion", "supervisor", "2023-03-02", way="void", reason="误登")
    take(town, gone, "void", "approver", "2023-03-02")
    assert used(browse("supervisor").text(address(town, twice))) == ""


def test_a_row_of_an_old_ledger_has_its_first_picture_there(town: Township) -> None:
    ticket_id = assigned(town, external_key="旧台账 7")
    command = TakeStep(
        ticket_id=ticket_id,
        step="submit",
        version=town.state(ticket_id).version,
        occurred_on=date(2023, 3, 10),
        evidence=(told(),),
    )
    town.do(command, "staff", at("2023-03-10"))
    assert [e.kind for e in town.state(ticket_id).evidence] == ["photo_after"]
