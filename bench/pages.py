"""What is timed through HTTP: a waitress of its own process on the site, one signed-in browser per role.

The session is made as the sign-in page makes it, without its form: sign-ins are limited, requests are not.
"""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import quote, unquote, urlencode

from flask.sessions import SecureCookieSessionInterface
from sqlalchemy import select

from bench.county import COPIES, KINDS, PASSWORD, Site
from bench.generate import read_people
from bench.measure import Bench, Numbers, percentiles
from tracker import clock, create_app, signin
from tracker.config import load
from tracker.domain.lifecycle import STATUS_NUMBERS, Status
from tracker.models.tickets import TicketRow
from tracker.projections.tickets import SHELF_OPEN

ROOT = Path(__file__).resolve().parent.parent
ROUNDS, WARM, COMMANDS = 30, 2, 40
FIRST_PAGES = {"supervisor": "/desk", "staff": "/today", "auditor": "/figures", "administrator": "/admin/people"}
VIEWS = ("open", "overdue", "week", "verify", "decide", "relapsed", "closed", "gone", "all")
SORTS = ("due", "newest", "oldest")


@contextmanager
def server(place: Site) -> Iterator[tuple[int, int]]:
    """(port, process id) of a production server on this site, answering."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "waitress",
        f"--listen=127.0.0.1:{port}",
        "--threads=8",
        os.environ.get("BENCH_APP", "wsgi:application"),
    ]
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **place.environment()})
    try:
        _await(port, process)
        yield port, process.pid
    finally:
        process.terminate()
        process.wait()


def _await(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until and process.poll() is None:
        with socket.socket() as attempt:
            if attempt.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise RuntimeError("the server did not start")


@dataclass
class Browser:
    """One person's connection, kept open. `get` and `post` give seconds and the page."""

    port: int
    cookie: str
    connection: http.client.HTTPConnection = field(init=False)

    def __post_init__(self) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", self.port)

    def get(self, url: str) -> tuple[float, str]:
        return self._send("GET", url, None, 200)

    def post(self, url: str, form: dict[str, str]) -> tuple[float, str]:
        return self._send("POST", url, urlencode(form), 302)

    def _send(self, method: str, url: str, body: str | None, wanted: int) -> tuple[float, str]:
        headers = {"Cookie": self.cookie}
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        began = time.perf_counter()
        self.connection.request(method, quote(url, safe="/?&=%"), body, headers)
        answer = self.connection.getresponse()
        page = answer.read()
        if changed := answer.getheader("Set-Cookie"):
            self.cookie = changed.partition(";")[0]
        seconds = time.perf_counter() - began
        if answer.status not in (wanted, 303 if wanted == 302 else wanted):
            raise RuntimeError(f"{method} {url}: {answer.status}\n{page[:2000].decode(errors='replace')}")
        return seconds, page.decode()


def sign_in(bench: Bench, role: str, port: int) -> Browser:
    app = create_app(load(bench.place.environment()))
    where = signin.Browser(address="127.0.0.1", name="bench", device="")
    login = role.replace("_", "-")
    attempt = signin.sign_in(bench.engine, login=login, password=PASSWORD, browser=where, now=clock.now())
    serializer = SecureCookieSessionInterface().get_signing_serializer(app)
    if serializer is None or attempt.account is None:
        raise RuntimeError(f"{role} cannot sign in")
    value = serializer.dumps({"_user_id": attempt.account.token, "_fresh": True})
    return Browser(port, f"{app.config['SESSION_COOKIE_NAME']}={value}")


# -- what is asked ------------------------------------------------------------------------------------
def pages(bench: Bench) -> dict[str, Numbers]:
    """Every kind of page, then what the worker has grown to."""
    out: dict[str, Numbers] = {}
    with server(bench.place) as (port, pid):
        supervisor = sign_in(bench, "supervisor", port)
        year = bench.last_year
        out["page report"] = timed_urls(
            supervisor, [f"/figures?effective={year}&by={by}" for by in ("", "month", "village")]
        )
        out["page list"] = worst_of([(supervisor, url) for url in _lists(bench)])
        out["page ticket"] = timed_urls(supervisor, [f"/tickets/{number}" for number in _numbers(bench, 60)])
        for role, url in FIRST_PAGES.items():
            out[f"page first {role}"] = timed_urls(sign_in(bench, role, port), [url])
        out["page command"] = _commands(bench, sign_in(bench, "supervisor", port))
        out["worker"] = {"MB": resident_mb(pid)}
    return out


def timed_urls(browser: Browser, urls: list[str]) -> Numbers:
    for url in urls[:5]:
        for _ in range(WARM):
            browser.get(url)
    times = [browser.get(urls[i % len(urls)])[0] for i in range(max(ROUNDS, len(urls)))]
    return percentiles(times, 50, 95, 99)


def worst_of(asked: list[tuple[Browser, str]]) -> Numbers:
    """Percentiles over all lists, and those of the slowest: a filter or an order without its index shows there."""
    samples, slowest, name = [], 0.0, ""
    for browser, url in asked:
        browser.get(url)
        times = [browser.get(url)[0] for _ in range(3)]
        samples += times
        if (middle := sorted(times)[1]) > slowest:
            slowest, name = middle, url
    print(f"    slowest list {1000 * slowest:.0f} ms: {name}", flush=True)
    return percentiles(samples, 50, 95, 99) | {"slowest": 1000 * slowest}


def _lists(bench: Bench) -> list[str]:
    """Every view in every order and every filter in every order, of one register."""
    people = read_people(bench.place)
    register = f"{KINDS[0]}{list(COPIES)[1]}"
    village, office = people.villages[3], people.offices[1]
    categories = bench.house.register(register).by_name["category"].choices
    filters = [f"view={view}" for view in VIEWS]
    filters += [f"view=all&place={village}", f"view=all&owner={village}", f"view=all&owner={office}"]
    filters += [f"view=all&place={village}&owner={office}", f"view=all&category={categories[0].name}"]
    filters += [f"view=all&category={categories[0].name}&place={village}"]
    filters += [f"view=all&status={status}" for status in STATUS_NUMBERS]
    return [f"/registers/{register}/tickets?sort={sort}&{given}" for given in filters for sort in SORTS]


def _numbers(bench: Bench, count: int) -> list[str]:
    """Numbers of open tickets of all registers and ages."""
    with bench.engine.connect() as conn:
        open_ = TicketRow.shelf == SHELF_OPEN, TicketRow.is_restricted.is_(False)
        working = TicketRow.status.in_([STATUS_NUMBERS[Status.ASSIGNED], STATUS_NUMBERS[Status.ACCEPTED]])
        found = list(conn.scalars(select(TicketRow.number).where(*open_, working).order_by(TicketRow.id)))
    return [str(number) for number in found[:: max(1, len(found) // count)][:count]]


def _commands(bench: Bench, browser: Browser) -> Numbers:
    """A reminder to the owner of one ticket after another: the form is opened, the sending is timed."""
    times = []
    for number in _numbers(bench, COMMANDS):
        url = f"/tickets/{number}/urge"
        form = FormReader.values(browser.get(url)[1], url)
        times.append(browser.post(url, form | {"message": "请抓紧整改，月底前销号"})[0])
    return percentiles(times, 50, 95, 99)


class FormReader(HTMLParser):
    """The hidden values of the form with one action."""

    def __init__(self, action: str) -> None:
        super().__init__()
        self.action, self.found, self.is_inside = action, dict[str, str](), False

    @staticmethod
    def values(page: str, action: str) -> dict[str, str]:
        reader = FormReader(action)
        reader.feed(page)
        return reader.found

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "form":
            self.is_inside = unquote(given.get("action") or "") == self.action
        elif self.is_inside and tag == "input" and given.get("name"):
            self.found[str(given["name"])] = given.get("value") or ""

    def handle_endtag(self, tag: str) -> None:
        self.is_inside = self.is_inside and tag != "form"


def resident_mb(pid: int) -> float:
    """Resident memory of a process, as `ps` says it."""
    said = subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, text=True, check=True)
    return int(said.stdout) / 1024
