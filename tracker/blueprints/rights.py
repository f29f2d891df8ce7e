"""What a route may ask: its right, the person who is signed in, the house. Default deny.

`@needs(action)` names a row of `domain/access.py`; an endpoint without it (or `@public`) does not exist.
Forbidden and unknown look alike: both are 404.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from functools import wraps
from typing import TypeVar, cast

from flask import abort, current_app, g, request
from flask.typing import ResponseReturnValue
from flask_login import current_user
from sqlalchemy import Connection

from tracker import clock
from tracker.domain.access import RIGHTS, Facts, holds_any, may, may_beside_tickets
from tracker.domain.people import Directory, Person
from tracker.extensions import db, limiter, login
from tracker.house import House
from tracker.log import store
from tracker.queries.scope import Viewer

View = TypeVar("View", bound=Callable[..., ResponseReturnValue])

PUBLIC = "public"
SIGNED_IN = "signed_in"

TAKEN_AWAY = "20 per minute"
"""Files of lists: each may hold a hundred thousand rows."""
REVEALED = "30 per minute"
"""More than anybody reads, fewer than it takes to copy a register's people in an afternoon."""
SENT = "60 per minute"
"""Forms that may bring files with them."""
SENT_A_DAY = "4000 per day"
"""Megabytes of such forms: more than a day of photographs, too few to fill a disk unnoticed."""

VIEWERS = 16
"""As many people as work at one time; what is kept of one takes some hundred kilobytes."""


def public(view: View) -> View:
    """For sign-in and the health check: no right is asked."""
    view._right = PUBLIC  # type: ignore[attr-defined] # read by create_app's default deny
    return view


def needs(action: str) -> Callable[[View], View]:
    """Only for people with a grant that could allow `action` (a key of RIGHTS, or SIGNED_IN)."""
    if action != SIGNED_IN and action not in RIGHTS:
        raise ValueError(f"no such right: {action}")

    def wrap(view: View) -> View:
        @wraps(view)
        def guarded(*args: object, **kwargs: object) -> ResponseReturnValue:
            if not current_user.is_authenticated:
                return cast(ResponseReturnValue, login.unauthorized())
            if action != SIGNED_IN and not holds_any(current_person(), action, today()):
                abort(404)
            return view(*args, **kwargs)

        guarded._right = action  # type: ignore[attr-defined] # read by create_app's default deny
        return cast(View, guarded)

    return wrap


def house() -> House:
    return cast(House, current_app.extensions["house"])


def connection() -> Connection:
    """The reading connection of this request; one snapshot for the whole page."""
    return db.session.connection()


def now() -> datetime:
    """The instant of this request, the same for the whole of it."""
    if "now" not in g:
        g.now = clock.now()
    return cast(datetime, g.now)


def today() -> date:
    """Today in the log's time zone."""
    return house().today(now())


def head() -> store.Head:
    """The log as this page sees it, read once for each of its snapshots."""
    conn = connection()
    snapshot = conn.get_transaction()
    if g.get("head_of") is not snapshot:
        g.head_of, g.head = snapshot, store.read_head(conn)
    return cast(store.Head, g.head)


def directory() -> Directory:
    if "directory" not in g:
        g.directory = house().directory_at(connection(), head())
    return cast(Directory, g.directory)


def viewer() -> Viewer:
    """Who asks, as `queries/scope.py` wants to know them.

    Kept from request to request while the directory, the registers and the day are the same: with a viewer goes what
    was worked out for them, their ways and the statements of their counts. Bound: the VIEWERS latest.
    """
    kept: dict[int, Viewer] = current_app.extensions.setdefault("viewers", {})
    person, known, numbers = current_person(), directory(), house().register_numbers(connection())
    found = kept.get(person.id)
    if found is None or found.directory is not known or found.register_ids is not numbers or found.on != today():
        found = Viewer(person, known, numbers, today(), house().pack.register_by_name.keys())
        kept.pop(person.id, None)
        kept[person.id] = found
        for oldest in list(kept)[:-VIEWERS]:
            kept.pop(oldest, None)
    return found


def current_person() -> Person:
    """The signed-in person; 404 for one who has left."""
    person = directory().people.get(current_user.person_id)
    if person is None or person.has_left:
        abort(404)
    return person


def by_person() -> str:
    """Whom a limit counts: the person, since an office shares one address. For views behind `needs`."""
    return f"person {current_person().id}"


def megabytes_sent() -> int:
    """What a sending costs of a person's day: each begun megabyte."""
    return 1 + (request.content_length or 0) // 2**20


uploads_of_a_day = limiter.shared_limit(
    SENT_A_DAY, scope="uploads", key_func=by_person, methods=["POST"], cost=megabytes_sent
)


def can(action: str) -> bool:
    """For templates: whether some grant of the person could allow the action."""
    return current_user.is_authenticated and holds_any(current_person(), action, today())


def can_see_people() -> bool:
    """Whether the person may read what is written about people, their roles and accounts."""
    return may_beside_tickets(current_person(), "see_people", directory(), today())


def can_on(action: str, facts: Facts) -> bool:
    """For templates and views: whether the person may do this to this ticket."""
    return may(current_person(), action, facts, directory(), today())
