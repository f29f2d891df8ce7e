"""A town office at work: the township pack in a database, people with passwords, a server, browsers of all sizes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import browser as browsers
import pytest
from flask import Flask
from page_checks import check_page
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright
from sqlalchemy import Engine
from waitress.channel import HTTPChannel
from waitress.server import create_server

from tracker import clock, signin
from tracker.domain.commands import AddPerson, AddUnit, Command, GiveGrant
from tracker.domain.people import SYSTEM
from tracker.handler import handle
from tracker.house import House

PATIENCE_MS = 30_000
PASSWORD = "sign in to the journey"
DESKTOP = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}

# login: post, unit, role, unit of the grant
POSTS = {
    "supervisor": ("督办员", "党政办", "supervisor", "铁丝塘镇"),
    "grid": ("晨光村网格员", "晨光村", "staff", "晨光村"),
    "verifier": ("改厕专干", "农业综合服务中心", "verifier", "铁丝塘镇"),
    "auditor": ("纪检干部", "纪委", "auditor", "铁丝塘镇"),
}


@dataclass(frozen=True)
class Office:
    """An installation that answers at `url`."""

    url: str
    house: House
    units: dict[str, int]
    people: dict[str, int]


Seat = Callable[[str, dict[str, int]], Page]


@pytest.fixture
def office(app: Flask, engine: Engine) -> Iterator[Office]:
    house: House = app.extensions["house"]
    units, people = _found(house)
    for login in POSTS:
        signin.add_account(
            engine,
            login=login,
            password=PASSWORD,
            person_id=people[login],
            locale="zh-Hans",
            must_change=False,
            now=clock.now(),
        )
    sockets: dict[int, Any] = {}
    server = create_server(app, map=sockets, host="127.0.0.1", port=0, threads=4)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    yield Office(f"http://127.0.0.1:{server.effective_port}", house, units, people)
    server.task_dispatcher.shutdown()
    # In the server's own thread, which ends with its last socket; browsers leave theirs open, half a picture sent.
    server.trigger.pull_trigger(lambda: _hang_up(server, sockets))
    thread.join(timeout=10)
    assert not thread.is_alive()


def _hang_up(server: Any, sockets: dict[int, Any]) -> None:
    for channel in [one for one in sockets.values() if isinstance(one, HTTPChannel)]:
        channel.handle_close()
    server.close()


def _found(house: House) -> tuple[dict[str, int], dict[str, int]]:
    """Units of the pack, people by login."""

    def do(command: Command) -> int:
        return handle(house, command, actor_id=SYSTEM, now=clock.now()).stream_id

    ids: dict[str, int] = {}
    for seed in house.pack.units:
        parent = ids[seed.parent_code] if seed.parent_code else None
        ids[seed.code] = do(
            AddUnit(
                code=seed.code,
                name=seed.name,
                kind=seed.kind,
                synonyms=seed.synonyms,
                labels=seed.label,
                parent_id=parent,
            )
        )
    units = {seed.name: ids[seed.code] for seed in house.pack.units}
    people = {}
    for login, (post, unit, role, where) in POSTS.items():
        people[login] = do(AddPerson(name=post, unit_id=units[unit]))
        do(GiveGrant(person_id=people[login], role=role, unit_id=units[where], starts_on=date(2021, 1, 1)))
    return units, people


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = browsers.launch(playwright)
        yield browser
        browser.close()


@pytest.fixture
def sit_down(office: Office, chromium: Browser) -> Iterator[Seat]:
    """`sit_down("grid", PHONE)`: a browser of this size in which the person has signed in by the form.

    Whatever a page complains about in its console fails the test.
    """
    complaints: list[str] = []
    contexts = []

    def open_seat(login: str, size: dict[str, int]) -> Page:
        is_phone = size["width"] < 600
        context = chromium.new_context(
            base_url=office.url, viewport=size, locale="zh-CN", has_touch=is_phone, is_mobile=is_phone
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on("console", lambda said: complaints.append(said.text) if _is_complaint(said) else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto("/sign-in")
        page.locator("main input[name=login]").fill(login)
        page.locator("main input[name=password]").fill(PASSWORD)
        page.locator("main input[name=password]").press("Enter")
        page.wait_for_url(lambda url: "/sign-in" not in url)
        return page

    yield open_seat
    for context in contexts:
        context.close()
    assert complaints == []


# What the browser says of a whole page that came with "put this right" or "somebody was faster": the page says it too.
ANSWERS = ("a status of 409", "a status of 422")


def _is_complaint(said: ConsoleMessage) -> bool:
    return said.type in ("error", "warning") and not any(answer in said.text for answer in ANSWERS)


THUMB = 44
LOW = f"""() => [...document.querySelectorAll("main .button, main .chip, main select, main summary, nav a")]
  .filter((one) => one.offsetHeight && one.offsetHeight < {THUMB} && !one.classList.contains("unseen"))
  .map((one) => `${{one.outerHTML.slice(0, 80)}} ${{one.offsetHeight}}`)"""
"""What a phone shows that is too low for a thumb."""


def look(page: Page) -> None:
    """The page is in order, on neither size of screen is anything on it wider than the screen, and on a phone nothing
    that is tapped is too low for a thumb."""
    # The browser hides nonces from whoever reads the page; the check wants to see them.
    page.evaluate("document.querySelectorAll('script').forEach((one) => one.setAttribute('nonce', one.nonce))")
    check_page(page.content())
    own = page.viewport_size
    assert own is not None
    for size in (DESKTOP, PHONE, own):
        page.set_viewport_size(size)  # type: ignore[arg-type]
        wide = page.evaluate("document.scrollingElement.scrollWidth") - size["width"]
        assert wide <= 0, f"{page.url} is {wide} pixels wider than a screen of {size['width']}"
        low = page.evaluate(LOW) if size == PHONE else []
        assert not low, f"{page.url}: lower than {THUMB} pixels: {low}"


def picture(folder: Path, name: str, colour: tuple[int, int, int]) -> Path:
    """A photograph as a phone makes one."""
    from PIL import Image

    path = folder / name
    Image.new("RGB", (1600, 1200), colour).save(path, "JPEG")
    return path
