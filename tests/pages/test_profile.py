"""Signing in and out, the language, and what is a person's own: password, look, devices."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

import pytest
from flask import Flask
from flask.testing import FlaskClient
from page_checks import check_page
from pages.conftest import PASSWORD, form_values

from tracker import clock, signin
from tracker.domain.commands import AddPerson, AddUnit, GiveGrant, MarkDemonstration, PersonLeaves
from tracker.domain.people import SYSTEM
from tracker.handler import handle

NEW = "three goats and a bridge"


@pytest.fixture
def account(town) -> str:
    """A sign-in name of the supervisor, whose password was chosen by somebody else."""
    signin.add_account(
        town.engine,
        login="wang",
        password=PASSWORD,
        person_id=town.person["supervisor"],
        locale="en",
        must_change=False,
        now=clock.now(),
    )
    return "wang"


def knock(client: FlaskClient, login: str, password: str = PASSWORD, **more):
    page = client.get("/sign-in", headers={"Accept-Language": "en"})
    given = form_values(page.text) | {"login": login, "password": password} | more
    return client.post("/sign-in", data=given, headers={"Accept-Language": "en"})


def cookies(answer) -> str:
    return "\n".join(answer.headers.getlist("Set-Cookie"))


# -- in -----------------------------------------------------------------------------------------------
def test_the_page_to_sign_in_is_in_order(client, town):
    page = client.get("/sign-in", headers={"Accept-Language": "en"})
    check_page(page.text)
    assert "Accounts of the demonstration" not in page.text


def demonstration_of_2023(house, engine, **logins) -> None:
    """A town of one person, an auditor with these accounts, each opened at its instant."""
    now = datetime(2023, 1, 3, tzinfo=UTC)

    def told(command):
        return handle(house, command, actor_id=SYSTEM, now=now).stream_id

    told(MarkDemonstration(town="铁丝塘镇", ends_on=date(2023, 12, 6)))
    unit_id = told(AddUnit(code="430422108", name="铁丝塘镇", kind="town", parent_id=None))
    person_id = told(AddPerson(name="晨光村网格员", unit_id=unit_id))
    told(GiveGrant(person_id=person_id, role="auditor", unit_id=unit_id, register=None, starts_on=now.date()))
    for login, opened_at in logins.items():
        signin.add_account(
            engine,
            login=login,
            password=PASSWORD,
            person_id=person_id,
            locale=None,
            must_change=False,
            now=opened_at,
        )


@pytest.mark.parametrize("town_pack", [None], ids=["empty"])
def test_a_demonstration_lists_its_own_accounts_and_no_later_one(client, app, engine):
    before = datetime(2023, 1, 3, tzinfo=UTC)
    demonstration_of_2023(app.extensions["house"], engine, chenguang=before, wang=clock.now())
    page = client.get("/sign-in", headers={"Accept-Language": "en"}).text
    check_page(page)
    assert re.findall(r"<dt><code>(.*?)</code></dt><dd>(\S+)", page) == [("chenguang", "晨光村网格员")]
    assert PASSWORD not in page


@pytest.mark.parametrize("town_pack", [None], ids=["empty"])
def test_the_figures_of_a_demonstration_open_at_the_end_of_its_year(client, app, engine):
    """Whoever opens it years later sees the year that is told there, and today one press away."""
    demonstration_of_2023(app.extensions["house"], engine, wang=clock.now())
    assert knock(client, "wang").status_code == 302
    page = client.get("/figures", headers={"Accept-Language": "en"}).text
    check_page(page)
    assert 'value="2023-12-06"' in page
    today = clock.now().astimezone(app.extensions["house"].time_zone).date()
    links = re.findall(r'<a href="([^"]+)">See the figures of today</a>', page)
    assert links == [f"/figures?effective={today}"]
    assert "See the figures of today" not in client.get(links[0], headers={"Accept-Language": "en"}).text


def test_a_page_that_needs_somebody_leads_there_and_back(client, account):
    asked = client.get("/profile?x=1")
    assert asked.status_code == 302
    page = client.get(asked.headers["Location"])
    answer = client.post("/sign-in", data=form_values(page.text) | {"login": account, "password": PASSWORD})
    assert answer.headers["Location"] == "/profile?x=1"
    assert client.get("/profile").status_code == 200


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "/\t/evil.example",
        "javascript:alert(1)",
        "",
        "x",
        "//[",
    ],
)
def test_nobody_is_led_to_another_site(client, account, target):
    assert knock(client, account, next=target).headers["Location"] == "/"


def test_a_wrong_password_keeps_the_name_and_not_the_password(client, account):
    answer = knock(client, account, "a wrong sentence")
    check_page(answer.text)
    assert answer.status_code == 422
    assert 'value="wang"' in answer.text
    assert "a wrong sentence" not in answer.text
    assert "The sign-in name or the password is not right." in answer.text


def test_an_unknown_name_reads_the_same(client, account):
    pages = [knock(client, name, "a wrong sentence").text for name in ("wang", "wong")]
    forms = [page.split('action="/sign-in"')[1].replace("wong", "wang") for page in pages]
    assert re.sub(r'value="[^"]{60,}"', "", forms[0]) == re.sub(r'value="[^"]{60,}"', "", forms[1])


def test_what_is_empty_is_said_at_its_field(client, account):
    answer = knock(client, "", "")
    check_page(answer.text)
    assert (answer.status_code, answer.text.count("This has to be filled in.")) == (422, 4)


def test_guessing_has_to_wait_and_is_told_how_long(client, account):
    answers = [knock(client, account, f"wrong sentence {n}") for n in range(6)]
    assert [a.status_code for a in answers] == [422] * 5 + [429]
    check_page(answers[-1].text)
    # Two, of which a busy machine may have used one already.
    assert re.search(r"Wait (2 seconds|1 second), then try again\.", answers[-1].text)


def test_a_session_begins_anew_and_the_browser_is_known_by_a_cookie(client, account):
    with client.session_transaction() as session:
        session["somebody"] = "else's"
        session["locale"] = "zh-Hant"
    answer = knock(client, account)
    assert "xiaohao-device=" in cookies(answer)
    assert cookies(answer).count("HttpOnly") == 2
    with client.session_transaction() as session:
        assert "somebody" not in session
        assert session["locale"] == "zh-Hant"
    again = knock_again(client, account)
    assert client.get_cookie("xiaohao-device").value in cookies(again)


def knock_again(client: FlaskClient, login: str):
    client.post("/sign-out", data=form_values(client.get("/profile").text, "/sign-out"))
    return knock(client, login)


def test_somebody_who_left_does_not_get_in(client, town, account):
    town.by_system(PersonLeaves(person_id=town.person["supervisor"], occurred_on=clock.now().date()), clock.now())
    answer = knock(client, account)
    check_page(answer.text)
    assert answer.status_code == 422
    assert client.get("/profile").status_code == 302


def test_somebody_who_leaves_while_signed_in_is_seen_off(browse, town):
    staff = browse("staff")
    town.by_system(PersonLeaves(person_id=town.person["staff"], occurred_on=clock.now().date()), clock.now())
    assert staff.open("/profile").headers["Location"] == "/sign-in"
    staff.text("/sign-in")


def test_the_next_person_at_a_browser_ends_the_session_of_the_one_before(client, account, browse, app: Flask):
    knock(client, account)
    with client.session_transaction() as session:
        before = session["_user_id"]
    browse("staff")
    given = {"csrf_token": form_values(client.get("/profile").text, "/sign-out")["csrf_token"]}
    client.post("/sign-in", data=given | {"login": "staff", "password": PASSWORD})
    thief = app.test_client()
    with thief.session_transaction() as session:
        session["_user_id"], session["_fresh"] = before, True
    assert thief.get("/profile").status_code == 302
    assert "晨光村网格员" in client.get("/profile").text


def test_signing_out_ends_the_session_everywhere(client, account, app: Flask):
    knock(client, account)
    with client.session_transaction() as session:
        token = session["_user_id"]
    answer = client.post("/sign-out", data=form_values(client.get("/profile").text, "/sign-out"))
    assert answer.headers["Location"] == "/sign-in"
    thief = app.test_client()
    with thief.session_transaction() as session:
        session["_user_id"], session["_fresh"] = token, True
    assert thief.get("/profile").status_code == 302


# -- language -----------------------------------------------------------------------------------------
def test_the_language_can_be_chosen_before_signing_in(client, town):
    token = form_values(client.get("/sign-in").text)["csrf_token"]
    client.post("/language", data={"csrf_token": token, "locale": "zh-Hant", "next": "/sign-in"})
    assert 'lang="zh-Hant"' in client.get("/sign-in", headers={"Accept-Language": "en"}).text.split("<head>")[0]


def test_the_account_remembers_the_language(browse, app):
    staff = browse("staff")
    answer = staff.send("/profile", "/language", locale="zh-Hans")
    assert answer.headers["Location"] == "/profile"
    assert '<html lang="zh-Hans">' in staff.text("/profile")


def test_an_unknown_language_changes_nothing(browse):
    staff = browse("staff")
    staff.send("/profile", "/language", locale="xx")
    assert '<html lang="en">' in staff.text("/profile")


# -- the profile --------------------------------------------------------------------------------------
def test_the_profile_says_what_one_may_do(browse):
    page = browse("supervisor").text("/profile")
    assert "Supervisor" in page
    assert "铁丝塘镇" in page
    assert "all registers" in page


@pytest.mark.parametrize("locale", ["zh-Hans", "zh-Hant", "en"])
def test_the_profile_is_in_order_in_every_language(browse, locale):
    browse("staff", locale).text("/profile")
    browse("staff", locale).text("/profile/password")


PHONE_IN_WECHAT = "Mozilla/5.0 (Linux; Android 13) AppleWebKit/537.36 Chrome/116.0 Safari/537.36 MicroMessenger/8.0.42"


@pytest.mark.parametrize(("locale", "name"), [("en", "WeChat, Android"), ("zh-Hans", "、Android")])
def test_a_device_is_named_in_the_language_of_the_reader(app, town, browse, locale, name):
    browse("staff", locale)
    phone = app.test_client()
    phone.environ_base["HTTP_USER_AGENT"] = PHONE_IN_WECHAT
    knock(phone, "staff")
    assert name in phone.get("/profile").text


def test_colours_and_keys_are_kept_for_the_device(browse):
    staff = browse("staff")
    form = staff.form("/profile", "/profile/look")
    del form["keys"]
    staff.client.post("/profile/look", data=form | {"theme": "dark"})
    page = staff.text("/profile")
    assert 'data-keys="off"' in page
    assert 'media="screen"' in page
    assert staff.client.get_cookie("xiaohao-look").value == "dark.off"


def test_another_device_can_be_signed_out(browse):
    phone, desk = browse("staff"), browse("staff")
    page = desk.text("/profile")
    action = page.split('action="/profile/devices/')[1].split('"')[0]
    assert page.count('action="/profile/devices/') == 1
    desk.send("/profile", f"/profile/devices/{action}")
    assert phone.open("/profile").status_code == 302
    assert desk.open("/profile").status_code == 200


def test_a_device_of_somebody_else_cannot(browse):
    supervisor, staff = browse("supervisor"), browse("staff")
    browse("supervisor")
    action = "/profile/devices/" + supervisor.text("/profile").split('action="/profile/devices/')[1].split('"')[0]
    token = staff.form("/profile", "/profile/look")["csrf_token"]
    staff.client.post(action, data={"csrf_token": token})
    assert supervisor.text("/profile").count('action="/profile/devices/') == 1


# -- the password -------------------------------------------------------------------------------------
def change(visitor, current=PASSWORD, new=NEW, again=NEW):
    return visitor.send("/profile/password", current=current, new=new, again=again)


def test_a_new_password_signs_out_everything_else(browse, client):
    phone, desk = browse("staff"), browse("staff")
    answer = change(desk)
    assert answer.headers["Location"] == "/profile"
    assert desk.open("/profile").status_code == 200
    assert phone.open("/profile").status_code == 302
    assert knock(client, "staff").status_code == 422
    assert knock(client, "staff", NEW).status_code == 302


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"current": "not this one"}, "This is not the present password."),
        ({"again": "three goats"}, "The two do not agree."),
        ({"new": "short", "again": "short"}, "The password needs at least 8 characters."),
        ({"new": "long " * 60, "again": "long " * 60}, "300 characters are too many; at most 256 fit."),
        ({"new": "password123", "again": "password123"}, "This password is among the first that anybody would try."),
        ({"new": PASSWORD, "again": PASSWORD}, "Nothing was changed."),
        ({"current": ""}, "This has to be filled in."),
    ],
)
def test_a_password_that_will_not_do_is_refused_at_its_field(browse, given, sentence):
    staff = browse("staff")
    answer = change(staff, **given)
    check_page(answer.text)
    assert answer.status_code == 422
    assert sentence in answer.text


def test_a_first_password_has_to_be_changed_before_anything_else(client, town):
    signin.add_account(
        town.engine,
        login="new",
        password=PASSWORD,
        person_id=town.person["staff"],
        locale="en",
        must_change=True,
        now=clock.now(),
    )
    knock(client, "new")
    assert client.get("/profile").headers["Location"] == "/profile/password"
    page = client.get("/profile/password")
    check_page(page.text)
    given = form_values(page.text, "/profile/password") | {"current": PASSWORD, "new": NEW, "again": NEW}
    assert client.post("/profile/password", data=given).headers["Location"] == "/"
    assert client.get("/profile").status_code == 200
