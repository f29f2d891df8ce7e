"""The administrator's pages: who is there, who may what, who can sign in."""

from __future__ import annotations

import re

import pytest
from page_checks import check_page
from pages.conftest import PASSWORD

from tracker import clock, signin
from tracker.domain.events import StreamKind
from tracker.domain.people import Person, Role, UnitKind
from tracker.forms.admin import KINDS
from tracker.log import store
from tracker.queries.accounts import AccountLine, accounts_of

PAGES = ("/admin/people", "/admin/people/new", "/admin/units/new")


def person_of(town, name: str):
    with town.engine.connect() as conn:
        return next(p for p in town.house.directory(conn).people.values() if p.name == name)


def page_of(town, post: str) -> str:
    return f"/admin/people/{town.person[post]}"


def add(admin, **typed):
    return admin.send("/admin/people/new", name="东湖村文书", **typed)


def shown_password(answer) -> str:
    return re.search(r'<code class="code">([^<]+)</code>', answer.text)[1]


def may_enter(town, login: str, password: str) -> bool:
    place = signin.Browser(address="192.0.2.7", name="test", device="")
    attempt = signin.sign_in(town.engine, login=login, password=password, browser=place, now=clock.now())
    return attempt.account is not None


# -- who finds the pages ------------------------------------------------------------------------------
@pytest.mark.parametrize("locale", ["zh-Hans", "zh-Hant", "en"])
def test_the_pages_are_in_order_in_every_language(browse, town, locale):
    admin = browse("administrator", locale)
    for url in (*PAGES, page_of(town, "staff"), page_of(town, "administrator")):
        admin.text(url)


@pytest.mark.parametrize("post", ["supervisor", "staff", "auditor", "everything"])
def test_nobody_else_finds_them_or_changes_somebody(browse, town, post):
    """What they send would be carried out for an administrator: it names a role and an account that are there."""
    account_for(town, "colleague")
    before, url = stands(town, "晨光村文书"), page_of(town, "colleague")
    other = browse(post)
    for page in (*PAGES, url):
        assert other.open(page).status_code == 404
    token = other.form("/profile")["csrf_token"]
    sent = {"csrf_token": token, "role": "supervisor", "grant_unit_id": town.unit["town"], "login": "x"}
    for act in acts_on(*before):
        assert other.client.post(f"{url}/{act}", data=sent).status_code == 404, act
    assert stands(town, "晨光村文书") == before


def account_for(town, post: str) -> None:
    signin.add_account(
        town.engine,
        login=post,
        password=PASSWORD,
        person_id=town.person[post],
        locale=None,
        must_change=False,
        now=clock.now(),
    )


def stands(town, name: str) -> tuple[Person, list[AccountLine]]:
    """The person with roles and accounts, to compare with later."""
    person = person_of(town, name)
    with town.engine.connect() as conn:
        return person, accounts_of(conn, [person.id])[person.id]


def acts_on(person: Person, accounts: list[AccountLine]) -> tuple[str, ...]:
    """Where to send what changes these roles and accounts."""
    (account,) = (f"accounts/{account.id}" for account in accounts)
    return (
        "grants",
        f"grants/{person.grants[0].id}/end",
        "accounts",
        f"{account}/reset",
        f"{account}/disable",
        "leave",
    )


def test_people_stand_by_their_units_with_roles_and_sign_in_names(browse, town):
    browse("staff")
    page = browse("administrator").text("/admin/people")
    assert page.index("晨光村</th>") < page.index("晨光村网格员") < page.index("东湖村</th>")
    assert "Supervisor" in page
    assert ">staff</td>" in page


def test_the_list_can_be_narrowed(browse, town):
    admin = browse("administrator")
    assert "东湖村网格员" not in admin.text(f"/admin/people?unit={town.unit['chenguang']}").split("<tbody")[1]
    assert "晨光村网格员" not in admin.text("/admin/people?q=东湖").split("<tbody")[1]
    assert "Nothing fits" in admin.text("/admin/people?q=nobody")


# -- adding -------------------------------------------------------------------------------------------
def test_a_new_person_gets_a_role_an_account_and_a_password_for_one_use(browse, town):
    unit = str(town.unit["donghu"])
    answer = add(browse("administrator"), unit_id=unit, role="staff", login="Donghu.Clerk")
    check_page(answer.text)
    added = person_of(town, "东湖村文书")
    assert [(g.role, g.unit_id, g.register) for g in added.grants] == [(Role.STAFF, town.unit["donghu"], None)]
    assert may_enter(town, "donghu.clerk", shown_password(answer))
    with town.engine.connect() as conn:
        assert conn.exec_driver_sql("SELECT must_change FROM accounts WHERE login = 'donghu.clerk'").scalar()


def test_a_person_without_account_or_role_can_be_added(browse, town):
    answer = add(browse("administrator"), unit_id=str(town.unit["donghu"]))
    assert answer.headers["Location"] == f"/admin/people/{person_of(town, '东湖村文书').id}"


def test_a_second_press_adds_nobody_twice(browse, town):
    admin = browse("administrator")
    given = admin.form("/admin/people/new") | {
        "name": "东湖村文书",
        "unit_id": str(town.unit["donghu"]),
        "role": "staff",
    }
    for _ in range(2):
        admin.client.post("/admin/people/new", data=given)
    with town.engine.connect() as conn:
        people = town.house.directory(conn).people.values()
    assert [len(p.grants) for p in people if p.name == "东湖村文书"] == [1]


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"unit_id": ""}, "This has to be filled in."),
        ({"unit_id": "999999"}, "is not known here"),
        ({"unit_id": "1", "name": "字" * 200}, "200 characters are too many"),
        ({"unit_id": "1", "name": "新人", "login": "administrator"}, "This sign-in name is taken."),
    ],
)
def test_what_will_not_do_is_refused_at_its_field_and_nobody_is_added(browse, town, typed, sentence):
    admin = browse("administrator")
    before = counted(town)
    given = {"name": "新人", **typed}
    answer = admin.send("/admin/people/new", **given)
    check_page(answer.text)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert given["name"] in answer.text
    assert counted(town) == before


def counted(town) -> int:
    with town.engine.connect() as conn:
        return len(town.house.directory(conn).people)


def test_a_unit_can_be_added_and_its_code_is_its_own(browse, town):
    admin = browse("administrator")
    typed = {"name": "望江村", "code": "wangjiang", "kind": "village", "parent_id": str(town.unit["town"])}
    assert admin.send("/admin/units/new", **typed).status_code == 302
    with town.engine.connect() as conn:
        added = town.house.directory(conn).unit_by_code("wangjiang")
    assert (added.name, added.kind, added.parent_id) == ("望江村", "village", town.unit["town"])
    answer = admin.send("/admin/units/new", **typed | {"name": "别的村"})
    check_page(answer.text)
    assert (answer.status_code, "is taken by another unit" in answer.text) == (422, True)


def test_a_unit_of_an_unknown_kind_is_refused_and_every_known_one_is_offered(browse, town):
    admin = browse("administrator")
    typed = {"name": "望江村", "code": "wangjiang", "kind": "empire", "parent_id": ""}
    answer = admin.send("/admin/units/new", **typed)
    check_page(answer.text)
    assert (answer.status_code, "is not one of the choices" in answer.text) == (422, True)
    assert list(KINDS) == list(UnitKind)


def test_a_first_role_in_a_register_that_there_is_not_is_refused(browse, town):
    admin = browse("administrator")
    add(admin, unit_id=str(town.unit["donghu"]), role="staff", register="nothing")
    added = person_of(town, "东湖村文书")
    assert added.grants == ()
    assert "the role was refused" in admin.text(f"/admin/people/{added.id}")


# -- roles --------------------------------------------------------------------------------------------
def test_a_role_is_given_and_ended(browse, town):
    admin, url = browse("administrator"), page_of(town, "clerk")
    typed = {"role": "verifier", "grant_unit_id": str(town.unit["town"]), "register": "toilet"}
    assert admin.send(url, f"{url}/grants", **typed).status_code == 302
    grant = person_of(town, "农业办干事").grants[-1]
    assert (grant.role, grant.unit_id, grant.register) == (Role.VERIFIER, town.unit["town"], "toilet")
    admin.send(url, f"{url}/grants/{grant.id}/end")
    assert person_of(town, "农业办干事").grants_on(clock.now().date())[-1].role is Role.STAFF
    assert "over" in admin.text(url)


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"role": ""}, "This has to be filled in."),
        ({"role": "emperor"}, "There is no role “emperor”."),
        ({"register": "nothing"}, "is not one of the choices"),
        ({"starts_on": "soon"}, "is not a day"),
    ],
)
def test_a_role_that_there_is_not_is_refused(browse, town, typed, sentence):
    admin, url = browse("administrator"), page_of(town, "clerk")
    given = {"role": "verifier", "grant_unit_id": str(town.unit["town"])} | typed
    answer = admin.send(url, f"{url}/grants", **given)
    check_page(answer.text)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert len(person_of(town, "农业办干事").grants) == 1


def test_nobody_changes_their_own_roles(browse, town):
    admin, url = browse("administrator"), page_of(town, "administrator")
    page = admin.text(url)
    assert f'action="{url}' not in page
    token = admin.form("/admin/people/new")["csrf_token"]
    before = stands(town, "管理员")
    sent = {"csrf_token": token, "role": "supervisor", "grant_unit_id": str(town.unit["town"])}
    for act in acts_on(*before):
        answer = admin.client.post(f"{url}/{act}", data=sent | {"starts_on": "2023-01-01", "login": "second"})
        assert answer.status_code == 403, act
        assert "changed by another administrator" in answer.text
    assert stands(town, "管理员") == before


# -- leaving and accounts -----------------------------------------------------------------------------
def test_who_has_left_cannot_sign_in_and_is_out_of_the_list(browse, town):
    staff, admin, url = browse("staff"), browse("administrator"), page_of(town, "staff")
    admin.send(url, f"{url}/leave")
    admin.text(url)  # says that it is done
    assert staff.open("/profile").status_code == 302
    assert not may_enter(town, "staff", PASSWORD)
    assert "晨光村网格员" not in admin.text("/admin/people?q=").split("<tbody")[1]
    assert "晨光村网格员" in admin.text("/admin/people?left=1")
    assert "has left" in admin.text(url).lower()


def test_an_account_gets_a_new_first_password(browse, town):
    staff, admin, url = browse("staff"), browse("administrator"), page_of(town, "staff")
    action = re.search(rf'action="({url}/accounts/\d+/reset)"', admin.text(url))[1]
    answer = admin.send(url, action)
    check_page(answer.text)
    assert staff.open("/profile").status_code == 302
    assert not may_enter(town, "staff", PASSWORD)
    assert may_enter(town, "staff", shown_password(answer))


def test_an_account_is_switched_off_and_on_again(browse, town):
    staff = browse("staff")
    admin, url = browse("administrator"), page_of(town, "staff")
    off, on = (f"{url}/accounts/{account_of(town, 'staff')}/{act}" for act in ("disable", "enable"))
    assert off in (page := admin.text(url))
    assert on not in page
    assert admin.client.post(on, data=admin.form(url)).status_code == 404
    admin.send(url, off)
    assert staff.open("/profile").status_code == 302
    assert not may_enter(town, "staff", PASSWORD)
    assert "switched off" in (page := admin.text(url))
    assert off not in page
    assert admin.client.post(off, data=admin.form(url)).status_code == 404
    admin.send(url, on)
    assert may_enter(town, "staff", PASSWORD)
    assert staff.open("/profile").status_code == 302  # what had ended stays so


def account_of(town, post: str) -> int:
    with town.engine.connect() as conn:
        return accounts_of(conn, [town.person[post]])[town.person[post]][0].id


def test_the_log_says_which_administrator_changed_an_account(browse, town):
    account_for(town, "staff")
    admin, url = browse("administrator"), page_of(town, "staff")
    account = f"{url}/accounts/{account_of(town, 'staff')}"
    admin.send(url, f"{url}/accounts", login="staff.two")
    token = admin.form(url)
    for act in ("reset", "disable", "enable"):
        assert admin.client.post(f"{account}/{act}", data=token).status_code in (200, 302)
    with town.engine.connect() as conn:
        events = store.read_stream(conn, StreamKind.PERSON, town.person["staff"])[-4:]
    assert [(e.kind, e.data["login"]) for e in events] == [
        ("account_opened", "staff.two"),
        ("account_reset", "staff"),
        ("account_disabled", "staff"),
        ("account_enabled", "staff"),
    ]
    assert {e.actor_id for e in events} == {town.person["administrator"]}
    assert "晨光村网格员 staff.two" in admin.text("/log?kind=account_opened")


def test_an_account_of_somebody_else_is_not_reached_through_this_person(browse, town):
    browse("staff")
    admin, url = browse("administrator"), page_of(town, "staff")
    number = re.search(rf'action="{url}/accounts/(\d+)/disable"', admin.text(url))[1]
    token = admin.form("/admin/people/new")["csrf_token"]
    wrong = f"{page_of(town, 'clerk')}/accounts/{number}/disable"
    assert admin.client.post(wrong, data={"csrf_token": token}).status_code == 404
    assert may_enter(town, "staff", PASSWORD)


def test_an_account_is_opened_for_somebody_who_has_none(browse, town):
    admin, url = browse("administrator"), page_of(town, "clerk")
    answer = admin.send(url, f"{url}/accounts", login="clerk")
    check_page(answer.text)
    assert may_enter(town, "clerk", shown_password(answer))
    again = admin.send(url, f"{url}/accounts", login="CLERK")
    check_page(again.text)
    assert (again.status_code, "This sign-in name is taken." in again.text) == (422, True)


def test_the_page_of_nobody_is_not_found(browse):
    assert browse("administrator").open("/admin/people/999999").status_code == 404
