"""What the frame of every page shows: who is signed in, where they may go, which log they look at."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from flask import Flask, request, session, url_for
from flask_babel import gettext
from flask_login import current_user

from tracker import languages, words
from tracker.blueprints.rights import can, current_person, directory, head, house, today
from tracker.domain.people import Person, Role

# (right, endpoint, label) in the order of the bar; a person sees what their grants could open.
_PLACES = (
    ("desk", "desk.show", lambda: gettext("Desk")),
    ("today", "desk.today", lambda: gettext("Today")),
    ("view", "registers.index", lambda: gettext("Registers")),
    ("view", "duties.show", lambda: gettext("Duties")),
    ("figures", "figures.report", lambda: gettext("Figures")),
    ("audit", "log.show", lambda: gettext("Log")),
    ("administer", "admin.people", lambda: gettext("People")),
    ("administer", "definitions.index", lambda: gettext("Making registers")),
)
_ORDER = (
    Role.SUPERVISOR,
    Role.LEAD_OFFICIAL,
    Role.APPROVER,
    Role.VERIFIER,
    Role.STAFF,
    Role.AUDITOR,
    Role.ADMINISTRATOR,
)


def init_app(app: Flask) -> None:
    app.context_processor(frame)
    app.jinja_env.globals["words"] = words  # the module: words.step(name), words.refusal(why) …
    app.add_template_global(can, "can")
    app.add_template_global(once_each, "once_each")


def once_each(macro: Callable[..., Any]) -> Callable[..., Any]:
    """The macro, which is asked once for each of its arguments: a list says the same in one row after another.

    For macros of nothing but their arguments and the page's language; what is kept goes with the page.
    """
    return cache(macro)


def frame() -> dict[str, Any]:
    """The variables of base.html, see its head. An error page gets none of what may be in trouble."""
    at = head()
    shown: dict[str, Any] = {
        "is_demonstration": at.is_demonstration,
        "is_behind": house().is_behind(at),
        "log_position": at.size,
        "theme": session.get("theme", "system"),
        "keys_are_on": session.get("keys", True),
        "jurisdiction_name": jurisdiction_name(),
    }
    if current_user.is_authenticated:
        person = current_person()
        shown |= {"person": person, "role_label": role_label(person), "nav": places()}
        if can("view"):
            shown["search_url"] = url_for("search.show")
    return shown


def jurisdiction_name() -> str:
    """The unit this log is for, in the reader's language; empty where there is no one such unit."""
    top = directory().top
    return top.label(languages.current()) if top else ""


def role_label(person: Person) -> str:
    """The role a person is known by: the first of theirs in the order of the office."""
    held = {g.role for g in person.grants_on(today())}
    return next((words.role(role) for role in _ORDER if role in held), "")


def places() -> list[dict[str, Any]]:
    """Where this person may go."""
    return [
        {
            "endpoint": endpoint,
            "url": url_for(endpoint),
            "label": label(),
            "current": (request.blueprint or "") == endpoint.partition(".")[0] and _is_here(endpoint),
        }
        for right, endpoint, label in _PLACES
        if can(right)
    ]


def _is_here(endpoint: str) -> bool:
    """Two pages of one blueprint (desk and today) are two places."""
    twins = {"desk.show", "desk.today"}
    return request.endpoint == endpoint if twins & {request.endpoint, endpoint} else True
