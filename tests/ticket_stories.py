"""What tests of tickets say again and again: tickets that stand where a test begins, forms that come back."""

from __future__ import annotations

from datetime import date
from io import BytesIO
from typing import Any

from page_checks import check_page, parsed
from PIL import Image
from township import PHOTO, Township, at, plain_ticket

from tracker.domain.commands import TakeStep
from tracker.domain.ticket import Ticket
from tracker.queries import tickets


def picture(colour: str = "white", size: tuple[int, int] = (64, 48)) -> BytesIO:
    out = BytesIO()
    Image.new("RGB", size, colour).save(out, "JPEG")
    out.seek(0)
    return out


def registered(town: Township, register: str = "toilet", **more: Any) -> int:
    return town.do(plain_ticket(town, register, **more), "supervisor", at("2023-03-01"))[0].stream_id


def take(town: Township, ticket_id: int, step: str, by: str, on: str, **values: Any) -> None:
    """A step that a test needs to have happened, by command."""
    evidence = values.pop("evidence", ())
    command = TakeStep(
        ticket_id=ticket_id,
        step=step,
        version=town.state(ticket_id).version,
        occurred_on=date.fromisoformat(on),
        values=values,
        evidence=evidence,
    )
    town.do(command, by, at(on))


def assigned(town: Township, register: str = "toilet", owner: str = "chenguang", **more: Any) -> int:
    ticket_id = registered(town, register, **more)
    take(town, ticket_id, "assign", "supervisor", "2023-03-02", owner_unit_id=town.unit[owner], due_on=date(2023, 4, 1))
    return ticket_id


def submitted(town: Township, by: str = "staff") -> int:
    ticket_id = assigned(town)
    take(town, ticket_id, "submit", by, "2023-03-10", evidence=(PHOTO,))
    return ticket_id


def current(town: Township, ticket_id: int) -> Ticket:
    with town.engine.connect() as conn:
        ticket = tickets.ticket_now(conn, ticket_id)
    assert ticket is not None
    return ticket


def address(town: Township, ticket_id: int, step: str = "") -> str:
    return f"/tickets/{town.state(ticket_id).number}" + (f"/{step}" if step else "")


def seen_by_test(town: Township, ticket_id: int) -> int:
    """Lets the test's own view of the ticket catch up with what was done through pages."""
    town.states[ticket_id] = current(town, ticket_id)
    return ticket_id


def send(visitor: Any, url: str, **typed: Any) -> str:
    """Send the form of the page; the page that comes back must be in order, whatever it says."""
    answer = visitor.send(url, **typed)
    if answer.status_code != 303:
        check_page(answer.text)
    return f"{answer.status_code} {answer.text}"


def kept_form(page: str) -> dict[str, Any]:
    """What the form of a page that came back would send again."""
    tree, _ = parsed(page)
    form = [f for f in tree.find(".//main").iter("form") if f.get("method") == "post"][-1]
    values = {n.get("name"): n.get("value") or "" for n in form.iter("input") if n.get("type") not in ("file", "radio")}
    values |= {n.get("name"): n.get("value") for n in form.iter("input") if n.get("checked") is not None}
    return values | {n.get("name"): "".join(n.itertext()).lstrip("\n") for n in form.iter("textarea")}
