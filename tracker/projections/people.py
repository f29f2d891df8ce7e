"""Units, people and grants as rows, from directory events; and the Directory that rules look at."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any

import orjson
from sqlalchemy import Connection, insert, select, update

from tracker.domain.days import from_number, to_number
from tracker.domain.events import ACCOUNT_KINDS, Event
from tracker.domain.people import Directory, Grant, Person, Role, Unit
from tracker.models.people import GrantRow, PersonRow, UnitRow

_UNITS, _PEOPLE, _GRANTS = UnitRow.__table__, PersonRow.__table__, GrantRow.__table__


def project_directory(conn: Connection, events: Iterable[Event]) -> None:
    """Write what these unit and person events change."""
    for event in events:
        _PROJECT[event.kind](conn, event, event.data)


def _unit_added(conn: Connection, e: Event, data: Mapping[str, Any]) -> None:
    row = {
        "id": e.stream_id,
        "code": data["code"],
        "name": data["name"],
        "kind": data["kind"],
        "parent_id": data.get("parent"),
        "is_closed": False,
        "synonyms": orjson.dumps(data.get("synonyms", [])).decode(),
        "labels": orjson.dumps(data.get("labels", {}), option=orjson.OPT_SORT_KEYS).decode(),
    }
    conn.execute(insert(_UNITS), [row])


def _person_added(conn: Connection, e: Event, data: Mapping[str, Any]) -> None:
    row = {"id": e.stream_id, "name": data["name"], "unit_id": data["unit"], "has_left": False}
    conn.execute(insert(_PEOPLE), [row])


def _person_left(conn: Connection, e: Event, data: Mapping[str, Any]) -> None:
    conn.execute(update(_PEOPLE).where(_PEOPLE.c.id == e.stream_id).values(has_left=True))


def _account_changed(conn: Connection, e: Event, data: Mapping[str, Any]) -> None:
    """The account is a row of `signin`, which changes it; the log says who asked for that."""


def _granted(conn: Connection, e: Event, data: Mapping[str, Any]) -> None:
    row = {
        "id": e.position,
        "person_id": e.stream_id,
        "role": data["role"],
        "unit_id": data["unit"],
        "register": data.get("register"),
        "starts_on": to_number(date.fromisoformat(data["starts_on"])),
        "ends_on": None,
    }
    conn.execute(insert(_GRANTS), [row])


def _grant_ended(conn: Connection, e: Event, data: Mapping[str, Any]) -> None:
    ends_on = to_number(date.fromisoformat(data["ends_on"]))
    conn.execute(update(_GRANTS).where(_GRANTS.c.id == data["grant"]).values(ends_on=ends_on))


_PROJECT: Mapping[str, Callable[[Connection, Event, Mapping[str, Any]], None]] = {
    "unit_added": _unit_added,
    "person_added": _person_added,
    "person_left": _person_left,
    "granted": _granted,
    "grant_ended": _grant_ended,
    **dict.fromkeys(ACCOUNT_KINDS, _account_changed),
}


def load_directory(conn: Connection, position: int) -> Directory:
    """Everybody and every unit as they now stand; `position` is the latest directory event."""
    units = {
        r.id: Unit(
            r.id,
            r.code,
            r.name,
            r.kind,
            r.parent_id,
            tuple(orjson.loads(r.synonyms)),
            orjson.loads(r.labels),
            r.is_closed,
        )
        for r in conn.execute(select(_UNITS))
    }
    grants: dict[int, list[Grant]] = {}
    for r in conn.execute(select(_GRANTS).order_by(_GRANTS.c.id)):
        ends_on = None if r.ends_on is None else from_number(r.ends_on)
        grant = Grant(r.id, Role(r.role), r.unit_id, r.register, from_number(r.starts_on), ends_on)
        grants.setdefault(r.person_id, []).append(grant)
    people = {
        r.id: Person(r.id, r.name, r.unit_id, tuple(grants.get(r.id, ())), r.has_left)
        for r in conn.execute(select(_PEOPLE))
    }
    return Directory(units, people, position)
