"""Inspections in a browser: chosen, answered in parts, completed; what failed becomes tickets in one press."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any
from urllib.parse import quote, unquote

import pytest
from flask import Flask
from inspected import CHECK, INSPECTED
from pages.conftest import Browse, form_values
from sqlalchemy import Engine, select
from ticket_stories import picture
from township import Township
from werkzeug.datastructures import FileStorage

from tracker import clock
from tracker.domain.commands import EnterRecord
from tracker.domain.record import Record
from tracker.domain.ticket import Ticket
from tracker.handler import handle
from tracker.log.vault import read_private
from tracker.models.records import RecordRow
from tracker.models.tickets import TicketRow
from tracker.queries.records import record_at
from tracker.queries.tickets import ticket_now

both = pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)
START = f"/registers/{CHECK.name}/inspections"


@pytest.fixture
def town(app: Flask, engine: Engine) -> Iterator[Township]:
    """The small township, which also checks its toilets."""
    founded = Township.joined(engine, INSPECTED)
    app.extensions["house"] = founded.house
    yield founded
    founded.close()


@pytest.fixture
def files(town: Township) -> list[str]:
    """Three toilet files in 晨光村, in the groups 2, 1, 1; one in 东湖村."""
    places = (("chenguang", 2), ("chenguang", 1), ("chenguang", 1), ("donghu", 1))
    return [opened(town, place, group, f"刘{n}云") for n, (place, group) in enumerate(places)]


def opened(town: Township, place: str, group: int, household: str) -> str:
    values = {"opened_on": date(2023, 1, 1), "place": town.unit[place], "group": group, "household": household}
    command = EnterRecord(register="file", values=values)
    return handle(town.house, command, actor_id=town.person["supervisor"], now=clock.now()).number or ""


def photo(name: str = "盖板.jpg") -> FileStorage:
    return FileStorage(picture(), name)


def inspection(town: Township) -> Record:
    """The latest one."""
    with town.engine.connect() as conn:
        newest = conn.scalar(select(RecordRow.id).order_by(RecordRow.id.desc()).limit(1))
        found = record_at(conn, newest)
    assert found is not None
    return found


def tickets(town: Township) -> list[Ticket]:
    with town.engine.connect() as conn:
        ids = conn.scalars(select(TicketRow.id).order_by(TicketRow.id))
        return [t for i in ids if (t := ticket_now(conn, i)) is not None]


def begin(number: str) -> str:
    return f"{START}/new?subject={number}"


@both
def test_from_the_list_to_the_ticket(town: Township, browse: Browse, files: list[str]) -> None:
    """The next one in walking order, left after one item, continued, completed; its ticket says where it came from."""
    staff = browse("staff")
    page = staff.text(START)
    assert page.index(files[1]) < page.index(files[2]) < page.index(files[0])
    assert files[3] not in page
    assert "0 of 3 inspected" in page
    assert quote(files[1]) in page.split("button--primary")[1][:200]
    sent = {"item-1": "fail", "note-1": "盖板破裂", "photo-1": photo(), "act": "save"}
    assert staff.send(begin(files[1]), **sent).status_code == 303
    left = inspection(town)
    assert not left.is_complete
    assert left.answers["1"]["result"] == "fail"
    assert left.number in staff.text(START)
    assert left.number in staff.text("/today")
    assert left.number in staff.text("/search?q=盖板破裂")  # so far it stands in the note alone
    address = f"/records/{left.number}/inspection"
    assert unquote(staff.open(begin(files[1])).location) == address
    signed = {"item-2": "pass", "summary": "盖板破裂", "signature": photo("签名.png"), "act": "complete"}
    done = staff.send(address, **signed)
    assert unquote(done.location) == f"/records/{left.number}/findings"
    assert "镇农业办" in staff.text(done.location)
    told = staff.send(done.location, **{"ask-toilet-seen_at": "09:30", "problem-1": "清掏口盖板破裂"})
    assert unquote(told.location) == address, form_errors(told.text)
    assert {f.kind for f in inspection(town).evidence} == {"photo_before", "signature"}
    (ticket,) = tickets(town)
    assert (ticket.origin_id, ticket.origin_item, ticket.place_id) == (left.id, "1", town.unit["chenguang"])
    assert ticket.fields["problem"] == "清掏口盖板破裂"
    assert ticket.fields["file"] == left.fields["file"]
    assert [f.kind for f in ticket.evidence] == ["photo_before"]
    with town.engine.connect() as conn:
        assert read_private(conn, ticket.id, ticket.private) == {"household": "刘1云"}
    page = staff.text(address)
    assert ticket.number in page
    assert "2 are left" in page
    assert "1 of 2 points, 50 of 100; passed 1 of 2 items" in page
    assert "1 of 2 points, 50 of 100" in staff.text(f"/records/{left.number}")
    assert left.number in staff.text(f"/tickets/{ticket.number}")
    asked = browse("supervisor").form(f"/tickets/{ticket.number}/assign")
    assert asked["owner_unit_id"] == str(town.unit["farming"])
    assert "1 of 3 inspected" in staff.text(START)
    again = staff.text(begin(files[1]))
    assert "Failed on" in again
    assert "盖板破裂" in again
    assert ticket.number in again


def form_errors(page: str) -> str:
    return page.split("data-error-summary")[-1][:900]


def test_a_failed_item_without_a_word_is_asked_again_and_nothing_is_lost(
    town: Township, browse: Browse, files: list[str]
) -> None:
    staff = browse("staff")
    answer = staff.send(begin(files[0]), **{"item-1": "fail", "item-2": "na", "photo-1": photo(), "act": "complete"})
    assert answer.status_code == 422
    assert "a failed item needs a note" in answer.text
    kept = form_values(answer.text)
    assert (kept["item-1"], kept["item-2"]) == ("fail", "na")
    assert kept["kept-photo-1"]
    kept |= {"note-1": "盖板破裂", "summary": "盖板破裂", "act": "complete"}
    assert staff.client.post(begin(files[0]), data=kept).status_code == 303
    assert "photo" in inspection(town).answers["1"]


def test_completing_says_what_is_missing(town: Township, browse: Browse, files: list[str]) -> None:
    """Also when a ticket would have to be confirmed: nobody confirms tickets of half an inspection."""
    staff = browse("staff")
    for first in ({"item-1": "pass"}, {"item-1": "fail", "note-1": "盖板破裂"}):
        answer = staff.send(begin(files[0]), **first, act="complete")
        assert answer.status_code == 422
        assert "This item has no answer yet" in answer.text
    assert inspection(town).register == "file"


def test_one_press_passes_the_rest(town: Township, browse: Browse, files: list[str]) -> None:
    """Without scripts the page comes back filled in; nothing is kept before the person says so."""
    staff = browse("staff")
    page = staff.send(begin(files[0]), **{"item-2": "na", "act": "pass_rest", "summary": "正常"})
    assert page.status_code == 200
    assert inspection(town).register == "file"
    filled = form_values(page.text)
    assert (filled["item-1"], filled["item-2"]) == ("pass", "na")
    assert staff.client.post(begin(files[0]), data=filled | {"act": "complete"}).status_code == 303
    assert inspection(town).fields["nothing_found"] is True
    assert "Every item that applies passed" in staff.text(f"/records/{inspection(town).number}/inspection")


def failed_one(staff: Any, number: str) -> str:
    sent = {"item-1": "fail", "note-1": "盖板破裂", "item-2": "pass", "summary": "盖板破裂", "act": "complete"}
    return unquote(staff.send(begin(number), **sent).location)


def test_a_ticket_may_be_left_out_with_a_reason(town: Township, browse: Browse, files: list[str]) -> None:
    staff = browse("staff")
    findings = failed_one(staff, files[0])
    sent = staff.form(findings) | {"ask-toilet-seen_at": "09:30"}
    del sent["open-1"]
    answer = staff.client.post(findings, data=sent)
    assert answer.status_code == 422
    assert not inspection(town).is_complete
    assert staff.client.post(findings, data=sent | {"why-1": "已有整改单"}).status_code == 303
    assert inspection(town).answers["1"]["left_out"] == "已有整改单"
    assert not tickets(town)
    assert "已有整改单" in staff.text(f"/records/{inspection(town).number}/inspection")


def test_a_refused_ticket_leaves_everything_undone(town: Township, browse: Browse, files: list[str]) -> None:
    """The mistake stands at the input that the ticket was told from."""
    staff = browse("staff")
    findings = failed_one(staff, files[0])
    answer = staff.send(findings, **{"problem-1": "破", "ask-toilet-seen_at": "半夜"})
    assert answer.status_code == 422
    assert not inspection(town).is_complete
    assert not tickets(town)
    assert answer.text.count("field__error") == 2


def test_confirming_twice_opens_the_tickets_once(town: Township, browse: Browse, files: list[str]) -> None:
    staff = browse("staff")
    findings = failed_one(staff, files[0])
    sent = staff.form(findings) | {"ask-toilet-seen_at": "09:30"}
    assert [staff.client.post(findings, data=sent).status_code for _ in range(2)] == [303, 302]
    assert len(tickets(town)) == 1


def test_what_was_answered_meanwhile_is_a_conflict_that_loses_nothing(
    town: Township, browse: Browse, files: list[str]
) -> None:
    staff, colleague = browse("staff"), browse("colleague")
    staff.send(begin(files[0]), **{"item-2": "pass", "act": "save"})
    address = f"/records/{inspection(town).number}/inspection"
    mine = staff.form(address)
    colleague.send(address, **{"item-2": "na", "act": "save"})
    answer = staff.client.post(address, data=mine | {"item-1": "pass", "act": "save"})
    assert answer.status_code == 409
    again = form_values(answer.text)
    assert again["item-1"] == "pass"
    assert staff.client.post(address, data=again | {"act": "save"}).status_code == 303


def test_inspections_elsewhere_are_not_there(town: Township, browse: Browse, files: list[str]) -> None:
    staff, neighbour, auditor = browse("staff"), browse("neighbour"), browse("auditor")
    staff.send(begin(files[0]), **{"item-1": "pass", "act": "save"})
    number = inspection(town).number
    for visitor in (neighbour, auditor):
        assert visitor.open(begin(files[0])).status_code == 404
        assert visitor.open(f"/records/{number}/inspection").status_code == 404
        assert visitor.open(f"/records/{number}/findings").status_code == 404
    assert auditor.open(START).status_code == 404
    assert files[0] not in neighbour.text(START)
    assert staff.open(begin("坑-2023-9999")).status_code == 404
    assert staff.open(f"/records/{files[0]}/inspection").status_code == 404


def test_the_town_sees_how_far_each_village_has_come(town: Township, browse: Browse, files: list[str]) -> None:
    browse("staff").send(begin(files[0]), **{"item-1": "pass", "item-2": "pass", "summary": "正常", "act": "complete"})
    supervisor = browse("supervisor")
    page = supervisor.text(START)
    assert "How far each village has come" in page
    chenguang = supervisor.text(f"{START}?village={town.unit['chenguang']}&state=normal")
    assert "1 of 3 inspected" in chenguang
    assert unquote(supervisor.open(f"{START}?q={files[3][-4:]}").location) == begin(files[3])
    assert "No file" not in page
    assert "has this number" in supervisor.text(f"{START}?q=9999")
