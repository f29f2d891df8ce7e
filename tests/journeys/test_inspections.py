"""Ten toilets surveyed with the checklist from a phone: seven pass, three are left with a ticket."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from journeys.conftest import PHONE, Office, Seat, look, picture
from playwright.sync_api import Page, expect
from sqlalchemy import select

from tracker import clock
from tracker.domain.commands import EnterRecord
from tracker.handler import Request, handle_all
from tracker.models.records import RecordRow
from tracker.models.tickets import TicketRow
from tracker.queries.records import record_at
from tracker.queries.tickets import ticket_now

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("database", ["sqlite"], indirect=True)]

START = "/registers/toilet_check/inspections"
TOILETS = 10
FAILS = {2: (8, "清掏口盖板破裂"), 5: (6, "池体一侧渗水"), 9: (14, "第三格粪液溢出")}
"""Of the third, the sixth and the last: which item, and what is wrong."""
NOTES = {str(item): note for item, note in FAILS.values()}


@pytest.fixture
def files(office: Office) -> None:
    """Ten toilet files of 晨光村, in three groups."""
    values = [
        {"opened_on": date(2022, 6, 1), "place": office.units["晨光村"], "group": 1 + n // 4, "household": f"刘{n}云"}
        for n in range(TOILETS)
    ]
    actor_id, now = office.people["grid"], clock.now()
    handle_all(office.house, [Request(EnterRecord(register="toilet", values=v), actor_id, now) for v in values])


def answer(page: Page, n: int, photo: Path) -> None:
    """One toilet: what failed first, all others in one press, the last one signed with a finger."""
    if n in FAILS:
        item, note = FAILS[n]
        failed = page.locator("[data-item]", has=page.locator(f"input[name=item-{item}]"))
        failed.locator("label.answer--fail").click()
        failed.locator("textarea").fill(note)
        failed.locator("input[type=file][name]").set_input_files(photo)
        expect(failed.locator("[data-photos] canvas")).to_be_visible()
    page.locator("[data-pass-rest]").click()
    expect(page.locator("[data-progress]")).to_contain_text("18")
    if n == max(FAILS):
        sign(page)
    page.locator("button[value=complete]").click()


def sign(page: Page) -> None:
    board = page.locator("[data-signature] canvas")
    board.scroll_into_view_if_needed()
    frame = board.bounding_box()
    assert frame is not None
    page.mouse.move(frame["x"] + 40, frame["y"] + 90)
    page.mouse.down()
    page.mouse.move(frame["x"] + 160, frame["y"] + 40, steps=4)
    page.mouse.up()
    state = page.locator("[data-signature-state]")
    expect(state).to_have_text(state.get_attribute("data-signed") or "-")


def test_ten_toilets_and_three_tickets(office: Office, sit_down: Seat, files: None, tmp_path: Path) -> None:
    phone = sit_down("grid", PHONE)
    photo = picture(tmp_path, "盖板.jpg", (120, 90, 60))
    phone.goto("/today")
    phone.locator(f"main a[href='{START}']").click()
    look(phone)
    for n in range(TOILETS):
        phone.locator("main a.button--primary").click()
        phone.wait_for_url("**/inspections/new*")
        if n == 0:
            look(phone)
        answer(phone, n, photo)
        if n in FAILS:
            phone.wait_for_url("**/findings")
            look(phone)
            phone.locator("main .dock button[type=submit]").click()
        phone.wait_for_url("**/inspection")
    look(phone)
    phone.goto(START)
    expect(phone.locator("main li.is-done")).to_have_count(TOILETS)
    with office.house.engine.connect() as conn:
        tickets = [ticket_now(conn, i) for i in conn.scalars(select(TicketRow.id).order_by(TicketRow.id))]
        last = record_at(conn, conn.scalar(select(RecordRow.id).order_by(RecordRow.id.desc()).limit(1)) or 0)
    assert [(t.origin_item, len(t.evidence)) for t in tickets if t] == [("8", 1), ("6", 1), ("14", 1)]
    assert last is not None
    assert {file.kind for file in last.evidence} == {"photo_before", "signature"}
    for ticket in tickets:
        assert ticket is not None
        phone.goto(f"/tickets/{ticket.number}")
        expect(phone.locator("main")).to_contain_text(NOTES[ticket.origin_item])
