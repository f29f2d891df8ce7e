"""A ticket that goes on as another: what its page offers, what the form of the new one begins with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import abort, request, url_for

from tracker import words
from tracker.blueprints.linking import links
from tracker.blueprints.list_view import registers_open_for
from tracker.blueprints.rights import can_on, connection, house, viewer
from tracker.domain.context import ticket_facts
from tracker.domain.lifecycle import Status
from tracker.domain.registers import Register
from tracker.domain.succession import CONVERTS, Succession, succession_of
from tracker.domain.ticket import Ticket
from tracker.forms.options import Options
from tracker.forms.register import typed_value
from tracker.queries import records, tickets

CONTINUES = "continues"
"""The number of the old ticket, in the address of the form of the new one."""


@dataclass(frozen=True, slots=True)
class Continued:
    """The old ticket, and how it goes on."""

    ticket: Ticket
    register: Register
    way: Succession

    def begins_with(self, target: Register, options: Options) -> dict[str, Any]:
        """Of the old one what can be shown, as inputs hold it."""
        found: dict[str, Any] = {}
        for into, name in self.way.copies.items():
            field = target.by_name[into]
            if not field.is_private and (value := self.ticket.fields.get(name)) is not None:
                found[into] = typed_value(field, {into: value}, links())
        found[self.way.link] = self.ticket.number
        place = str(self.ticket.place_id)
        if place in {value for value, _ in options.places}:
            found["place"] = place
        found["found_on"] = self.ticket.closed_on or self.ticket.found_on
        return {name: value for name, value in found.items() if value is not None}


def continued(target: Register) -> Continued | None:
    """What the address asks for; 404 where there is no such ticket for this person, or it cannot go on there."""
    number = request.args.get(CONTINUES, "")
    if not number:
        return None
    ticket_id = tickets.find_visible_id(connection(), viewer(), number)
    if ticket_id is None:
        abort(404)
    page = tickets.ticket_page(connection(), ticket_id, house().register, house().time_zone)
    register = house().register(page.ticket.register)
    ways = (register.converts, *(outcome.successor for outcome in register.outcomes))
    way = next((way for way in ways if way is not None and way.register == target.name), None)
    if way is None or page.ticket.is_restricted:
        abort(404)
    return Continued(page.ticket, register, way)


@dataclass(frozen=True, slots=True)
class GoesOn:
    """What a ticket's page says. `number`: the one that it goes on as; else `href`: where it is registered."""

    number: str
    href: str
    register: str
    is_conversion: bool


def goes_on(ticket: Ticket, register: Register) -> GoesOn | None:
    """None where a ticket does not go on as another, or not for this person. Asks nothing of other registers."""
    way = succession_of(ticket, register)
    if way is None:
        return None
    if ticket.status is Status.CLOSED and (number := _successor(ticket, way)):
        return GoesOn(number, url_for("tickets.show", number=number), "", is_conversion=False)
    target = next((r for r in registers_open_for("register") if r.name == way.register), None)
    if target is None or (way.is_conversion and not can_on(CONVERTS, ticket_facts(ticket))):
        return None
    href = url_for("registers.register_ticket", register=target.name, continues=ticket.number)
    return GoesOn("", href, words.of(target.label), way.is_conversion)


def _successor(ticket: Ticket, way: Succession) -> str:
    """The number of the latest one that names it, found since it was closed."""
    named = records.linked(connection(), viewer(), ticket.id, way.register, is_of_tickets=True, after=None, limit=1)
    return next(iter(tickets.visible_numbers(connection(), viewer(), set(named.ids)).values()), "")
