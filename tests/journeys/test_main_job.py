"""The main job, as people do it: from a workbook of found problems to a figure that holds as of any two dates."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import openpyxl
import pytest
from journeys.conftest import DESKTOP, PHONE, Office, Seat, look, picture
from playwright.sync_api import Locator, Page, expect
from township import PHOTO

from tracker import clock
from tracker.domain.commands import RegisterTicket, TakeStep
from tracker.domain.events import StreamKind
from tracker.domain.ticket import Ticket
from tracker.handler import handle
from tracker.log import store
from tracker.queries import tickets

pytestmark = pytest.mark.browser

REGISTER = "/registers/toilet_survey"
FIGURE = "toilet_problems_rectified"
HEADINGS = ("序号", "排查时间", "所在村", "户主姓名", "存在问题", "问题类别", "问题清单", "整改类别")
HOUSEHOLDS = ("刘甲云", "刘乙云", "刘丙云", "刘丁云")


@dataclass(frozen=True)
class Days:
    """What happened when; all of it is recorded today."""

    assigned: date
    accepted: date
    submitted: date
    rejected: date
    resubmitted: date
    closed: date

    @classmethod
    def before(cls, today: date) -> Days:
        return cls(*(today - timedelta(days=n) for n in (20, 18, 12, 9, 6, 1)))


@pytest.fixture
def days(office: Office) -> Days:
    return Days.before(clock.now().astimezone(office.house.time_zone).date())


@pytest.fixture
def workbook(tmp_path: Path) -> Path:
    """A ledger as villages keep it: a merged title, their own headings, a village that nobody knows."""
    path = tmp_path / "铁丝塘镇问题厕所台账.xlsx"
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "问题厕所"
    sheet.append(["铁丝塘镇2021年问题厕所摸排台账"])
    sheet.merge_cells("A1:H1")
    sheet.append(HEADINGS)
    rows = [*(("晨光村", who) for who in HOUSEHOLDS), ("晨星村", "刘戊云")]
    for n, (village, who) in enumerate(rows, 1):
        problem = f"化粪池盖板缺失，有跌落风险（第{n}户）"
        sheet.append([n, date(2021, 8, n), village, who, problem, "改厕质量", "化粪池破损渗漏", "限期整改"])
    book.save(path)
    book.close()
    return path


# -- what people do -----------------------------------------------------------------------------------
def import_workbook(page: Page, path: Path) -> None:
    """The supervisor: registers, import, look at what was understood, register what is ready."""
    page.goto("/registers")
    look(page)
    page.locator(f"main a[href='{REGISTER}/import']").click()
    page.wait_for_url(f"**{REGISTER}/import")
    look(page)
    page.locator("main input[type=file]").set_input_files(path)
    press(page.locator("main form", has=page.locator("input[type=file]")))
    page.wait_for_url("**/imports/*")
    look(page)
    page.locator("main a[href*='show=wrong']").click()
    wrong = page.locator("main tbody tr")
    expect(wrong).to_have_count(1)
    expect(wrong).to_contain_text("C7")
    expect(wrong).to_contain_text("晨星村")
    look(page)
    page.locator("main a[href*='show=ready']").click()
    expect(page.locator("main tbody tr")).to_have_count(len(HOUSEHOLDS))
    page.locator("main button[name=act][value=all]").click()
    expect(page.locator("main a.serial")).to_have_count(len(HOUSEHOLDS))
    look(page)


def assign_all(page: Page, office: Office, on: date) -> None:
    """The supervisor ticks all rows of the list and gives them to one village."""
    page.goto(REGISTER + "/tickets")
    look(page)
    page.locator("[data-pick-all]").check()
    page.locator("[data-bulk-bar] button[type=submit]").click()
    page.wait_for_url(f"**{REGISTER}/assign?*")
    look(page)
    page.locator("main select[name=owner_unit_id]").select_option(str(office.units["晨光村"]))
    page.locator("main select[name=owner_id]").select_option(str(office.people["grid"]))
    page.locator("main input[name=occurred_on]").fill(on.isoformat())
    press(page.locator("main form[method=post]"))
    expect(page.locator("#done")).to_be_visible()
    expect(page.locator("main a.serial")).to_have_count(len(HOUSEHOLDS))
    look(page)


def accept(page: Page, number: str, on: date) -> None:
    """The cadre finds the ticket among today's and accepts it."""
    page.goto("/today")
    look(page)
    page.locator(f"main a[href='{address(number)}']").first.click()
    page.wait_for_url(f"**{address(number)}*")
    look(page)
    form = step_form(page, number, "accept")
    form.locator("input[name=occurred_on]").fill(on.isoformat())
    press(form)
    expect(page.locator(".messages")).to_be_visible()
    look(page)


def submit(page: Page, number: str, on: date, note: str, photos: Iterable[Path]) -> None:
    """The cadre submits with photographs."""
    page.goto(address(number))
    page.locator(f"main a[href='{address(number)}/submit']").first.click()
    page.wait_for_url(f"**{address(number)}/submit")
    fill_submission(page, number, on, note, photos)
    look(page)
    press(step_form(page, number, "submit"))
    page.wait_for_url(f"**{address(number)}*")
    look(page)


def fill_submission(page: Page, number: str, on: date, note: str, photos: Iterable[Path]) -> None:
    form, paths = step_form(page, number, "submit"), list(photos)
    form.locator("input[name=photos]").set_input_files(paths)
    expect(form.locator("[data-photos] canvas")).to_have_count(len(paths))
    expect(page.locator("main form[data-sending]")).to_have_count(0)
    form.locator("textarea[name=note]").fill(note)
    form.locator("input[name=occurred_on]").fill(on.isoformat())


def reject(page: Page, number: str, on: date, reason: str) -> None:
    """The verifier finds the ticket on the desk, sees the pictures and sends it back."""
    page.goto("/desk")
    look(page)
    page.locator(f"main a[href='{address(number)}']").first.click()
    page.wait_for_url(f"**{address(number)}*")
    pictures_are_shown(page, 2)
    look(page)
    page.locator(f"main a[href='{address(number)}/reject']").click()
    page.wait_for_url(f"**{address(number)}/reject")
    look(page)
    form = step_form(page, number, "reject")
    form.locator("textarea[name=reason]").fill(reason)
    form.locator("input[name=occurred_on]").fill(on.isoformat())
    press(form)
    page.wait_for_url(f"**{address(number)}*")
    expect(page.locator("main")).to_contain_text(reason)


def verify(page: Page, number: str, on: date, finding: str) -> None:
    page.goto(address(number))
    form = step_form(page, number, "verify")
    form.locator("textarea[name=finding]").fill(finding)
    form.locator("label.chip", has=page.locator("input[name=outcome][value=fixed]")).click()
    form.locator("input[name=occurred_on]").fill(on.isoformat())
    look(page)
    press(form)
    page.wait_for_url(f"**{address(number)}?sealed=1*")
    expect(page.locator(".turn--closed")).to_be_visible()
    look(page)


def address(number: str) -> str:
    return f"/tickets/{quote(number)}"


def step_form(page: Page, number: str, step: str) -> Locator:
    return page.locator(f"main form[action='{address(number)}/{step}']")


def press(form: Locator) -> None:
    form.locator("button[type=submit]").first.click()


def pictures_are_shown(page: Page, count: int) -> None:
    pictures = page.locator("main .gallery img")
    expect(pictures).to_have_count(count)
    for n in range(count):
        pictures.nth(n).scroll_into_view_if_needed()
        page.wait_for_function(
            "(image) => image.complete && image.naturalWidth > 0", arg=pictures.nth(n).element_handle()
        )


# -- figures ------------------------------------------------------------------------------------------
def reported(page: Page) -> tuple[int, int]:
    """Numerator and denominator of our figure on the report that is open."""
    row = page.locator("main tbody tr", has=page.locator(f"a[href*='/figures/{FIGURE}?']")).first
    found = re.search(r"(\d+)\D{0,4}/\s*(\d+)", row.inner_text())
    assert found, row.inner_text()
    return int(found[1]), int(found[2])


def behind(page: Page) -> list[str]:
    return sorted(page.locator("main a.serial").all_inner_texts())


def compute(page: Page, **days: date) -> None:
    """Set a date in the bar above the figures, as anybody does."""
    form = page.locator("main form.as-of")
    for name, day in days.items():
        form.locator(f"input[name={name}]").fill(day.isoformat())
    form.locator("button[type=submit]").click()
    page.wait_for_url(lambda url: all(f"{name}={day.isoformat()}" in url for name, day in days.items()))


def known_at(page: Page, office: Office, effective: date, known: datetime) -> tuple[int, int]:
    """The report by an address that names an instant, in the office's own time."""
    instant = known.astimezone(office.house.time_zone).replace(tzinfo=None).isoformat(timespec="seconds")
    page.goto(f"/figures?effective={effective.isoformat()}&known={instant}")
    return reported(page)


# -- what others have done before ---------------------------------------------------------------------
def now_of(office: Office, ticket_id: int) -> Ticket:
    with office.house.engine.connect() as conn:
        ticket = tickets.ticket_now(conn, ticket_id)
    assert ticket is not None
    return ticket


def step(office: Office, ticket_id: int, name: str, login: str, on: date, *evidence: Any, **values: Any) -> None:
    command = TakeStep(
        ticket_id=ticket_id,
        step=name,
        version=now_of(office, ticket_id).version,
        occurred_on=on,
        values=values,
        evidence=evidence,
    )
    handle(office.house, command, actor_id=office.people[login], now=clock.now())


def close_by_command(office: Office, ticket_id: int, days: Days) -> None:
    step(office, ticket_id, "submit", "grid", days.submitted, PHOTO, PHOTO, note="已换新盖板")
    step(office, ticket_id, "verify", "verifier", days.rejected, finding="现场查看属实", outcome="fixed")


def list_of(page: Page) -> dict[str, int]:
    """The tickets of the list that is open: id by number."""
    boxes = page.locator("main input[name=ticket]").evaluate_all("(all) => all.map((one) => one.value)")
    numbers = page.locator("main tbody a.serial").all_inner_texts()
    return dict(zip(numbers, (int(box.partition(".")[0]) for box in boxes), strict=True))


# -- journeys -----------------------------------------------------------------------------------------
def test_from_a_workbook_to_a_figure(
    office: Office, sit_down: Seat, workbook: Path, days: Days, tmp_path: Path
) -> None:
    n = len(HOUSEHOLDS)
    supervisor = sit_down("supervisor", DESKTOP)
    import_workbook(supervisor, workbook)
    assign_all(supervisor, office, days.assigned)
    supervisor.goto(REGISTER + "/tickets")
    ids = list_of(supervisor)
    ours, *others = sorted(ids)
    for number in others:
        close_by_command(office, ids[number], days)

    cadre, verifier = sit_down("grid", PHONE), sit_down("verifier", DESKTOP)
    before, after = picture(tmp_path, "厕所一.jpg", (200, 60, 40)), picture(tmp_path, "厕所二.jpg", (60, 160, 60))
    accept(cadre, ours, days.accepted)
    submit(cadre, ours, days.submitted, "已换新盖板", [before, after])
    reject(verifier, ours, days.rejected, "盖板未固定，请重新整改")
    cadre.goto(address(ours))
    expect(cadre.locator("main")).to_contain_text("盖板未固定，请重新整改")
    expect(cadre.locator("[data-print]")).to_be_hidden()  # nobody prints from a phone
    expect(verifier.locator("[data-print]")).to_be_visible()
    submit(cadre, ours, days.resubmitted, "盖板已用螺栓固定", [after, before])

    auditor = sit_down("auditor", DESKTOP)
    auditor.goto("/figures")
    look(auditor)
    assert reported(auditor) == (n - 1, n)
    before_closing = clock.now()
    verify(verifier, ours, days.closed, "现场查看，盖板牢固")
    auditor.reload()
    assert reported(auditor) == (n, n)
    _tickets_behind(auditor, sorted(ids), others)

    # The closing happened yesterday: the day before it, the old figure; it was recorded just now: before that, too.
    auditor.goto("/figures")
    compute(auditor, effective=days.closed - timedelta(days=1))
    look(auditor)
    assert reported(auditor) == (n - 1, n)
    assert known_at(auditor, office, days.closed, before_closing) == (n - 1, n)
    look(auditor)
    auditor.goto("/figures")  # whose date bar asks for days again
    compute(auditor, effective=days.closed, known=clock.now().astimezone(office.house.time_zone).date())
    assert reported(auditor) == (n, n)
    compute(auditor, known=days.closed)
    assert reported(auditor) == (0, 0), "nothing of all this was recorded by yesterday"


def _tickets_behind(page: Page, everybody: list[str], others: list[str]) -> None:
    """The list behind the figure is exactly what it counts, now and on the day before the last was closed."""
    page.locator(f"main a[href*='/figures/{FIGURE}?']").first.click()
    page.wait_for_url(f"**/figures/{FIGURE}?*")
    assert behind(page) == everybody
    look(page)
    yesterday = date.fromisoformat(page.locator("main input[name=effective]").input_value()) - timedelta(days=2)
    compute(page, effective=yesterday)
    assert behind(page) == sorted(others)
    look(page)


def test_nothing_typed_is_lost(office: Office, sit_down: Seat, workbook: Path, days: Days, tmp_path: Path) -> None:
    """A double click is one event; a form that has grown stale comes back with what was typed."""
    number, ticket_id = _one_assigned(office, days)
    cadre = sit_down("grid", PHONE)
    cadre.goto(address(number))
    form = step_form(cadre, number, "accept")
    form.locator("input[name=occurred_on]").fill(days.accepted.isoformat())
    form.locator("button[type=submit]").first.dblclick()
    expect(cadre.locator(f"main a[href='{address(number)}/submit']").first).to_be_visible()
    assert kinds_of(office, ticket_id).count("accepted") == 1

    cadre.goto(f"{address(number)}/submit")
    shown = [picture(tmp_path, f"厕所{n}.jpg", (90, 90, 60 * n)) for n in (1, 2)]
    fill_submission(cadre, number, days.submitted, "已换新盖板，待核查", shown)
    cadre.locator("input[name=photos_before]").set_input_files(picture(tmp_path, "整改前.jpg", (90, 60, 30)))
    expect(cadre.locator("[data-photos] canvas")).to_have_count(3)
    expect(cadre.locator("main form[data-sending]")).to_have_count(0)
    later = days.submitted + timedelta(days=40)
    step(office, ticket_id, "assign", "supervisor", days.accepted, owner_unit_id=office.units["晨光村"], due_on=later)
    press(step_form(cadre, number, "submit"))
    expect(cadre.locator("main textarea[name=note]")).to_have_value("已换新盖板，待核查")
    assert "submitted" not in kinds_of(office, ticket_id)
    expect(cadre.locator("main input[name=kept]")).to_have_count(3)
    look(cadre)
    press(step_form(cadre, number, "submit"))
    cadre.wait_for_url(f"**{address(number)}*")
    assert kinds_of(office, ticket_id).count("submitted") == 1


def _one_assigned(office: Office, days: Days) -> tuple[str, int]:
    """A ticket that waits for the village."""
    found_on = date(2021, 8, 1)
    register = RegisterTicket(
        register="toilet_survey",
        values={
            "source": "self_check",
            "found_on": found_on,
            "household": "刘甲云",
            "problem": "化粪池盖板缺失，有跌落风险",
            "category": "quality",
            "problem_items": ["tank_leak"],
            "rectification": "dated",
        },
        place_id=office.units["晨光村"],
        found_on=found_on,
    )
    done = handle(office.house, register, actor_id=office.people["supervisor"], now=clock.now())
    step(
        office, done.stream_id, "assign", "supervisor", days.assigned, owner_unit_id=office.units["晨光村"], due_on=None
    )
    return now_of(office, done.stream_id).number, done.stream_id


def kinds_of(office: Office, ticket_id: int) -> list[str]:
    """The events of a ticket, in order."""
    with office.house.engine.connect() as conn:
        return [event.kind for event in store.read_stream(conn, StreamKind.TICKET, ticket_id)]


def test_another_language_keeps_the_page(office: Office, sit_down: Seat, days: Days) -> None:
    number, _ = _one_assigned(office, days)
    auditor, cadre = sit_down("auditor", DESKTOP), sit_down("grid", PHONE)
    for page, where in ((auditor, f"/figures/{FIGURE}?effective={days.closed.isoformat()}"), (cadre, address(number))):
        page.goto(where)
        address_before, heading = page.url, page.locator("h1").inner_text()
        for locale in ("en", "zh-Hant", "zh-Hans"):
            page.locator(f"form.languages:visible button[value={locale}]").click()
            expect(page.locator("html")).to_have_attribute("lang", locale)
            assert page.url == address_before
            look(page)
        assert page.locator("h1").inner_text() == heading
