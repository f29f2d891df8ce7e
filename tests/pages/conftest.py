"""What tests of pages may ask for: the small township behind the application, and browsers of its people."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from page_checks import check_page, parsed
from sqlalchemy import Engine
from township import PACK, Township
from werkzeug.test import TestResponse

from tracker import clock, signin
from tracker.domain.packs import Pack
from tracker.domain.refusals import Refusal

PASSWORD = "a long plain sentence"

Browse = Callable[..., "Visitor"]


@pytest.fixture
def town_pack():
    """Every test of pages begins with the small township; a file with another pack says which."""
    return PACK


@pytest.fixture
def town(app: Flask, engine: Engine, town_pack: Pack) -> Iterator[Township]:
    """The township of township.py in the database of `app`, whose pages show it."""
    founded = Township.joined(engine, town_pack)
    app.extensions["house"] = founded.house
    yield founded
    founded.close()


@pytest.fixture
def browse(app: Flask, town: Township) -> Browse:
    """`browse("supervisor")`: a browser without scripts, in which this person of the township is signed in."""

    def open_browser(post: str, locale: str = "en") -> Visitor:
        return Visitor(_signed_in(app, town, post, locale))

    return open_browser


def _signed_in(app: Flask, town: Township, post: str, locale: str) -> FlaskClient:
    login = post.replace("_", "-")
    try:
        signin.add_account(
            town.engine,
            login=login,
            password=PASSWORD,
            person_id=town.person[post],
            locale=locale,
            must_change=False,
            now=clock.now(),
        )
    except Refusal:
        pass  # a second browser of the same person
    place = signin.Browser(address="127.0.0.1", name="test", device="")
    attempt = signin.sign_in(town.engine, login=login, password=PASSWORD, browser=place, now=clock.now())
    if attempt.account.locale != locale:  # the account was made for another language
        signin.choose_locale(town.engine, attempt.account.id, locale)
    client = app.test_client()
    with client.session_transaction() as session:
        session["_user_id"] = attempt.account.token
        session["_fresh"] = True
    return client


@dataclass
class Visitor:
    """A browser without scripts: opens pages, sends the forms that it finds there."""

    client: FlaskClient

    def open(self, url: str, **more: Any) -> TestResponse:
        return self.client.get(url, **more)

    def text(self, url: str) -> str:
        """The page, which must be there and in order."""
        answer = self.open(url)
        assert answer.status_code == 200, (url, answer.status_code)
        check_page(answer.text)
        return answer.text

    def form(self, url: str, action: str | None = None) -> dict[str, Any]:
        """What the form of the page (the one with this action, else the last one that changes something) would send."""
        return form_values(self.text(url), action)

    def send(self, url: str, action: str | None = None, **typed: Any) -> TestResponse:
        """Open the page, fill in its form, send it (to `action`, else to the page's own address)."""
        return self.client.post(action or url, data=self.form(url, action) | typed)


def form_values(page: str, action: str | None = None) -> dict[str, Any]:
    """Names and values of a form as it stands; LookupError when the page has none such."""
    tree, _ = parsed(page)
    main = next(tree.iter("main"), tree)  # not the frame's own forms
    forms = [f for f in main.iter("form") if (f.get("method") or "").lower() == "post"]
    if action is not None:
        forms = [f for f in forms if f.get("action") == action]
    if not forms:
        raise LookupError(f"no form for {action or 'a change'} on this page")
    values: dict[str, Any] = {}
    for node in forms[-1].iter():
        name = node.get("name")
        if name and (value := _value(node)) is not None:
            values.setdefault(name, []).append(value)
    return {name: found[0] if len(found) == 1 else found for name, found in values.items()}


def _value(node: Any) -> str | None:
    """What a control sends; None when it sends nothing."""
    if node.tag == "textarea":
        return "".join(node.itertext()).lstrip("\n")
    if node.tag == "select":
        options = list(node.iter("option"))
        chosen = [o for o in options if o.get("selected") is not None] or options[:1]
        return chosen[0].get("value") if chosen else None
    if node.tag != "input" or node.get("type") in ("submit", "file", "button", "image"):
        return None
    if node.get("type") in ("checkbox", "radio") and node.get("checked") is None:
        return None
    return node.get("value") or ""
