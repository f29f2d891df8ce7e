"""The world that the rules look at, for pages that ask them what could be done and change nothing."""

from __future__ import annotations

from functools import cache
from typing import NoReturn

from sqlalchemy import Connection

from tracker.domain.context import World
from tracker.house import House
from tracker.projections.tickets import has_merged
from tracker.queries.records import fields_of, register_of
from tracker.queries.scope import Viewer
from tracker.queries.tickets import ticket_now


def world_for(conn: Connection, viewer: Viewer, house: House) -> World:
    """For what could be done to a ticket that is there; nothing is registered in it.

    Whatever only a registration asks raises NotImplementedError: a rule that came to need it is told nothing untrue.
    """
    return World(
        actor=viewer.person,
        today=viewer.on,
        directory=viewer.directory,
        calendar=house.calendar,
        number_for=_of_registrations,
        key_taken=_of_registrations,
        find_ticket=lambda ticket_id: ticket_now(conn, ticket_id),
        register_of=lambda record_id: register_of(conn, record_id),
        fields_of=cache(lambda record_id: fields_of(conn, record_id)),
        has_merged=lambda ticket_id: has_merged(conn, ticket_id),
    )


def _of_registrations(*_about: object, **_more: object) -> NoReturn:
    raise NotImplementedError("asked by registrations alone")
