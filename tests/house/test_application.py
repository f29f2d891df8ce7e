"""The application as a whole: default deny, headers, cookies, hosts, languages, error pages, templates."""

import logging
import re

import pytest
from flask import Flask, abort, render_template_string, request
from flask.testing import FlaskClient
from installations import ROOT, application, settings_for
from sqlalchemy import URL
from sqlalchemy.exc import OperationalError

from tracker import languages
from tracker.domain.refusals import Refusal, Refusals


def add(app: Flask, path: str, view, *, right: str | None = "public", methods=("GET",)) -> None:
    """A page of the test's own, declared open unless `right` is None."""
    if right:
        view._right = right
    app.add_url_rule(path, path, view, methods=list(methods))


@pytest.fixture
def app(migrated_sqlite: URL, tmp_path) -> Flask:
    """These tests never write, so one system is enough."""
    with application(settings_for(migrated_sqlite, tmp_path / "instance")) as made:
        yield made


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def test_every_route_declares_a_right(app: Flask):
    views = {endpoint: view for endpoint, view in app.view_functions.items() if endpoint != "static"}
    assert [endpoint for endpoint, view in views.items() if not hasattr(view, "_right")] == []


def test_a_route_without_a_right_does_not_exist(app: Flask, client: FlaskClient):
    add(app, "/undeclared", lambda: "secret", right=None)
    response = client.get("/undeclared")
    assert (response.status_code, "secret" in response.text) == (404, False)


def test_forbidden_and_unknown_look_alike(app: Flask, client: FlaskClient):
    add(app, "/forbidden", lambda: abort(403))
    add(app, "/not-permitted", lambda: refuse("not_permitted"))
    pages = [client.get(path) for path in ("/forbidden", "/not-permitted", "/there-is-none")]
    assert {page.status_code for page in pages} == {404}
    assert len({re.sub(r'nonce="[^"]*"|value="[^"]*"', "", page.text) for page in pages}) == 1


@pytest.mark.parametrize(
    ("code", "status"), [("own_work_cannot_be_verified", 403), ("stale_version", 409), ("due_before_found", 422)]
)
def test_a_refusal_has_the_status_of_its_kind(app: Flask, client: FlaskClient, code: str, status: int):
    add(app, "/refused", lambda: refuse(code))
    add(app, "/refused-twice", lambda: refuse("field_required", code))
    assert client.get("/refused").status_code == status
    assert client.get("/refused-twice").status_code == status


def test_each_page_carries_a_policy_with_its_own_nonce(app: Flask, client: FlaskClient):
    add(app, "/nonce", lambda: render_template_string("{{ csp_nonce() }}"))
    first, second = client.get("/nonce"), client.get("/nonce")
    policy = first.headers["Content-Security-Policy"]
    assert f"script-src 'self' 'nonce-{first.text}'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert first.text != second.text
    assert first.headers["X-Content-Type-Options"] == "nosniff"
    assert first.headers["Referrer-Policy"] == "same-origin"
    assert first.headers["Permissions-Policy"]
    assert first.headers["Cache-Control"] == "no-store"
    assert "Strict-Transport-Security" not in first.headers


def test_static_files_are_kept_under_an_address_of_their_content(app: Flask, client: FlaskClient):
    name = next(path.name for path in (ROOT / "tracker" / "static" / "css").glob("*.css"))
    with app.test_request_context():
        from flask import url_for

        address = url_for("static", filename=f"css/{name}")
    assert "?v=" in address
    with client.get(address) as response:
        assert "immutable" in response.headers["Cache-Control"]
    with client.get(address.split("?")[0]) as response:
        assert "immutable" not in response.headers["Cache-Control"]


@pytest.mark.parametrize("number", ["9223372036854775808", "9" * 5000, "١"])
def test_a_number_that_no_column_holds_leads_to_no_page(app: Flask, client: FlaskClient, number: str):
    app.add_url_rule("/numbers/<int:number>", "numbers", lambda number: str(number))
    app.view_functions["numbers"]._right = "public"
    assert client.get(f"/numbers/{number}").status_code == 404
    assert client.get("/numbers/9223372036854775807").status_code == 200


def test_cookies_are_out_of_reach_of_scripts_and_other_sites(migrated_sqlite: URL, tmp_path):
    settings = settings_for(migrated_sqlite, tmp_path, XIAOHAO_TLS="1")
    with application(settings) as app:
        add(app, "/cookie", set_locale)
        response = app.test_client().get("/cookie", base_url="https://localhost")
    cookie = response.headers["Set-Cookie"]
    assert cookie.startswith("__Host-xiaohao=")
    assert all(word in cookie for word in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"))
    assert response.headers["Strict-Transport-Security"]


def test_a_foreign_host_name_is_refused(client: FlaskClient):
    assert client.get("/", headers={"Host": "evil.example"}).status_code == 400


def test_forwarded_addresses_are_not_believed_without_a_proxy(app: Flask, client: FlaskClient):
    add(app, "/address", lambda: str(request.remote_addr))
    assert client.get("/address", headers={"X-Forwarded-For": "192.0.2.1"}).text == "127.0.0.1"


def test_a_change_without_its_token_is_refused_and_shows_what_was_typed(app: Flask, client: FlaskClient):
    add(app, "/change", lambda: "changed", methods=("POST",))
    hidden = {
        "password": "secret 1",
        "current": "secret 2",
        "again": "secret 3",
        "owner_unit_id": "4711",
        "key": "5f5f",
    }
    given = {"reason": "三天的雨水", "support_part_2": "修路", "phone": "5551234", "anonymous": "y"}
    response = client.post("/change", data=hidden | given, headers={"Accept-Language": "en"})
    assert response.status_code == 400
    told = re.search(r"<dl class=.sheet pairs.>(.*?)</dl>", response.text, re.DOTALL)
    assert told is not None
    assert re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", told[1]) == [
        ("Reason", "三天的雨水"),
        ("Its part", "修路"),
        ("Telephone", "5551234"),
        ("Anonymous", "Yes"),
    ]
    assert not [text for text in hidden.values() if text in response.text]


def test_a_request_that_is_too_large_gets_its_page(app: Flask, client: FlaskClient):
    app.config["MAX_CONTENT_LENGTH"] = 1000
    add(app, "/upload", lambda: str(request.form), methods=("POST",))
    assert client.post("/upload", data={"x": "x" * 2000}).status_code == 413


def test_a_fault_shows_a_number_that_stands_in_the_log_and_nothing_else(app: Flask, client: FlaskClient, caplog):
    app.testing = False
    add(app, "/fault", lambda: 1 // 0)
    with caplog.at_level(logging.ERROR):
        response = client.get("/fault?secret=1")
    assert response.status_code == 500
    assert "ZeroDivisionError" not in response.text
    assert re.search(r"incident [0-9a-f]{8}: GET '/fault'", caplog.text)


def test_a_database_that_is_away_is_no_fault_of_the_reader(app: Flask, client: FlaskClient):
    add(app, "/away", lambda: fail(OperationalError("SELECT 1", {}, OSError("gone"))))
    response = client.get("/away")
    assert (response.status_code, response.headers["Retry-After"]) == (503, "30")


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh-Hans"),
        ("zh-TW,zh;q=0.9", "zh-Hant"),
        ("zh-HK", "zh-Hant"),
        ("zh-Hant-TW", "zh-Hant"),
        ("zh", "zh-Hans"),
        ("en-GB,en;q=0.9,zh;q=0.1", "en"),
        ("fr,en;q=0.5", "en"),
        ("fr", "zh-Hans"),
        ("", "zh-Hans"),
    ],
)
def test_a_browser_gets_its_language(app: Flask, client: FlaskClient, asked: str, code: str):
    add(app, "/language", languages.current)
    assert client.get("/language", headers={"Accept-Language": asked}).text == code


def test_the_language_that_was_chosen_wins(app: Flask, client: FlaskClient):
    add(app, "/choose", set_locale)
    add(app, "/language", languages.current)
    client.get("/choose")
    assert client.get("/language", headers={"Accept-Language": "zh"}).text == "en"


def test_all_templates_compile(app: Flask):
    for name in app.jinja_env.list_templates():
        app.jinja_env.get_template(name)


@pytest.mark.parametrize("status", [400, 403, 404, 409, 413, 422, 429, 500, 503])
def test_every_error_page_can_be_shown(app: Flask, status: int):
    with app.test_request_context("/"):
        page = app.jinja_env.get_template(f"errors/{status}.html").render(incident="0123abcd", kept=[("reason", "雨")])
    assert "<h1" in page


def refuse(*codes: str) -> None:
    raise Refusals(map(Refusal, codes)) if len(codes) > 1 else Refusal(*codes)


def fail(error: Exception) -> None:
    raise error


def set_locale() -> str:
    from flask import session

    session["locale"] = "en"
    return "chosen"
