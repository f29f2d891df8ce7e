"""Registers: the list of tickets, registering a problem by form, assigning many at once. On both databases."""

from __future__ import annotations

import re
from datetime import date
from io import BytesIO
from typing import Any

from PIL import Image
from township import PLAIN_VALUES, Township, plain_ticket

from tracker import clock
from tracker.domain.ticket import Ticket
from tracker.handler import Outcome, Request, handle_all
from tracker.queries.tickets import ticket_now

LIST, NEW, ASSIGN = "/registers/toilet/tickets", "/registers/toilet/tickets/new", "/registers/toilet/assign"


def today(town: Township) -> date:
    return town.house.today(clock.now())


def registered(town: Township, text: str = "化粪池破损渗漏", by: str = "supervisor", **more: Any) -> int:
    values = {**PLAIN_VALUES["toilet"], "problem": text}
    return town.do(plain_ticket(town, **({"values": values} | more)), by, clock.now())[0].stream_id


def many(town: Township, count: int) -> list[int]:
    """So many tickets in one transaction."""
    requests = [Request(plain_ticket(town), town.person["supervisor"], clock.now()) for _ in range(count)]
    return [r.stream_id for r in handle_all(town.house, requests) if isinstance(r, Outcome)]


def now(town: Township, ticket_id: int) -> Ticket:
    with town.engine.connect() as conn:
        ticket = ticket_now(conn, ticket_id)
    assert ticket is not None
    return ticket


def numbers(page: str) -> list[str]:
    """The numbers of a list, in its order."""
    return re.findall(r'class="serial" href="/tickets/[^"]+">([^<]+)<', page)


def picture() -> tuple[BytesIO, str]:
    data = BytesIO()
    Image.new("RGB", (40, 30), "white").save(data, "JPEG")
    return BytesIO(data.getvalue()), "before.jpg"


# -- the list -----------------------------------------------------------------------------------------
def test_the_registers_stand_with_what_is_open_in_each(town, browse):
    registered(town)
    page = browse("supervisor").text("/registers")
    assert 'href="/registers/toilet/tickets?view=open">1</a>' in page
    assert 'href="/registers/house/tickets?view=open">0</a>' in page


def test_an_empty_register_says_that_it_is_empty_and_what_to_do(browse):
    assert "No ticket yet" in browse("supervisor").text(LIST)
    assert NEW in browse("supervisor").text(LIST)
    assert NEW not in browse("auditor").text(LIST)


def test_a_list_shows_names_only_masked(town, browse):
    registered(town)
    page = browse("supervisor").text(LIST)
    assert "刘小云" not in page


# -- registering --------------------------------------------------------------------------------------
def test_a_problem_is_registered_by_form_and_its_page_opens(town, browse):
    visitor = browse("staff")
    answer = visitor.send(NEW, **PLAIN_VALUES["toilet"], photos=picture())
    assert answer.status_code == 303
    page = visitor.text(answer.headers["Location"])
    assert "is registered" in page
    assert "化粪池破损渗漏" in page
    assert numbers(visitor.text(LIST))
