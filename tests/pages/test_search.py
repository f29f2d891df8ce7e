"""Search: a number opens its ticket; words, villages and either script find it; nobody finds more than they may see."""

from __future__ import annotations

import re
from typing import Any

import pytest
from township import PLAIN_VALUES, Township, plain_ticket

from tracker import clock
from tracker.domain.commands import AmendTicket, TakeStep
from tracker.handler import Done, Request, handle_all
from tracker.queries import search


def registered(town: Township, text: str = "化粪池破损渗漏", register: str = "toilet", **more: Any) -> str:
    """The number of a new ticket that says this."""
    values = {**PLAIN_VALUES[register], "problem": text, **more.pop("values", {})}
    town.do(plain_ticket(town, register, values=values, **more), "supervisor", clock.now())
    return list(town.states.values())[-1].number


def numbers(page: str) -> list[str]:
    """The numbers of a list, in its order."""
    return re.findall(r'class="serial" href="/tickets/[^"]+">([^<]+)<', page)


def found(visitor: Any, typed: str) -> list[str]:
    """What the page lists, after it has been checked as every page is."""
    answer = visitor.open("/search", query_string={"q": typed})
    assert answer.status_code == 200, (typed, answer.status_code, answer.headers.get("Location"))
    return numbers(visitor.text(answer.request.full_path))


@pytest.fixture
def desk(browse):
    return browse("supervisor")


# -- by number ----------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "dress", [str, lambda n: f"  {n} ", lambda n: n.replace("-", "－"), lambda n: n.replace("0", "０")]
)
def test_a_number_opens_its_ticket_however_it_is_typed(town, desk, dress):
    number = registered(town)
    answer = desk.open("/search", query_string={"q": dress(number)})
    assert answer.status_code == 302
    assert desk.open(answer.headers["Location"]).status_code == 200
    assert number in desk.text(answer.headers["Location"])


def test_an_external_number_opens_its_ticket(town, desk):
    number = registered(town, "要求说明理由", "petition", values={"platform_no": "HN-0077"})
    answer = desk.open("/search?q=HN-0077")
    assert answer.status_code == 302
    assert number in desk.text(answer.headers["Location"])


def test_the_end_of_a_number_lists_the_tickets_that_have_it(town, desk):
    first, second, house = registered(town), registered(town), registered(town, "墙体开裂严重", "house")
    year = first.split("-")[1]
    assert found(desk, "1") == [house, first]
    assert found(desk, f"{year}-2") == [second]
    assert found(desk, "０００２") == [second]


def test_who_may_not_see_a_ticket_finds_it_by_no_number(town, browse):
    number = registered(town)
    for typed in (number, "1"):
        assert found(browse("neighbour"), typed) == []


# -- by words -----------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "typed",
    [
        "粪池",
        "化粪池破损渗漏",
        "渗漏 化粪池",
        "化糞池破損",
        "编号１２３",
        "leak",
        "LEAK",
        "晨光村",
        "晨光",
        "晨光村渗漏",
    ],
)
def test_part_of_the_text_finds_the_ticket(town, desk, typed):
    number = registered(town, "化粪池破损渗漏，编号123，leak")
    registered(town, "无厕屋，四面透风", place="donghu")
    assert found(desk, typed) == [number]


def test_either_script_finds_the_other(town, desk):
    simple, traditional = registered(town, "已销号又反弹"), registered(town, "請盡快銷號")
    assert found(desk, "銷號") == found(desk, "销号") == [traditional, simple]


def test_other_open_texts_are_found_too(town, desk):
    number = registered(town, values={"remark": "屋后山塘"})
    assert found(desk, "山塘") == [number]


def test_all_words_must_be_there(town, desk):
    registered(town)
    assert found(desk, "渗漏 墙体") == []
    assert "Nothing found" in desk.text("/search?q=墙体")


def test_a_household_is_found_by_nobody(town, desk):
    registered(town)
    for typed in ("刘小云", "小云"):
        assert found(desk, typed) == []


def test_a_restricted_ticket_is_found_by_its_number_alone_and_by_its_people_alone(town, browse):
    named = town.person["supervisor"]
    number = registered(town, "举报内容详情", "petition", is_restricted=True, named_ids=(named,))
    desk, other = browse("supervisor"), browse("verifier")
    assert found(desk, "举报内容") == found(desk, "低保") == found(other, "举报内容") == []
    assert desk.open("/search", query_string={"q": number}).status_code == 302
    assert found(other, number) == []
    assert found(desk, "1") == [number]
    assert found(other, "1") == []


def test_an_amended_text_is_found_by_its_new_words_only(town, desk):
    number, ticket = registered(town), list(town.states)[-1]
    town.do(
        AmendTicket(ticket_id=ticket, version=1, changes={"problem": "屋顶漏水严重"}, reason="写错了"),
        "supervisor",
        clock.now(),
    )
    assert found(desk, "漏水") == [number]
    assert found(desk, "渗漏") == []


# -- who sees what ------------------------------------------------------------------------------------
def test_everybody_finds_what_their_lists_show(town, browse):
    here, there = registered(town), registered(town, place="donghu")
    town.do(
        TakeStep(
            ticket_id=list(town.states)[-1],
            version=1,
            step="assign",
            occurred_on=town.house.today(clock.now()),
            values={"owner_unit_id": town.unit["farming"]},
        ),
        "supervisor",
        clock.now(),
    )
    assert found(browse("supervisor"), "渗漏") == [there, here]
    assert found(browse("staff"), "渗漏") == [here]
    assert found(browse("neighbour"), "渗漏") == found(browse("clerk"), "渗漏") == [there]
    assert browse("administrator").open("/search?q=渗漏").status_code == 404


def test_the_box_stands_on_every_page(browse):
    assert 'action="/search"' in browse("staff").text("/registers")
    assert browse("auditor").text("/search")


# -- pages and bounds ---------------------------------------------------------------------------------
def many(town: Township, count: int) -> list[str]:
    requests = [Request(plain_ticket(town), town.person["supervisor"], clock.now()) for _ in range(count)]
    return [r.number for r in handle_all(town.house, requests) if isinstance(r, Done) and r.number]


def test_many_come_fifty_a_page_newest_first(town, desk):
    all_of_them = many(town, 120)
    url, seen = "/search?q=渗漏", []
    while url:
        page = desk.text(url)
        seen.append(numbers(page))
        after = re.search(r'href="(/search\?[^"]*before=[^"]*)" rel="next"', page)
        url = after[1].replace("&amp;", "&") if after else ""
    assert [len(part) for part in seen] == [50, 50, 20]
    assert [number for part in seen for number in part] == all_of_them[::-1]


def test_words_of_others_bound_the_look_and_the_page_goes_on(town, browse, monkeypatch):
    """One register's people among many: the page says where it stopped, and leads on."""
    monkeypatch.setattr(search, "_AT_ONCE", 2)
    monkeypatch.setattr(search, "LOOKED_AT", 4)
    monkeypatch.setattr(search, "NARROW", 0)
    mine = registered(town)
    for _ in range(6):
        registered(town, place="donghu")
    staff = browse("staff")
    url, seen = "/search?q=渗漏", []
    for _ in range(5):
        page = staff.text(url)
        seen += numbers(page)
        after = re.search(r'href="(/search\?[^"]*before=[^"]*)"', page)
        if after is None:
            break
        url = after[1].replace("&amp;", "&")
    assert seen == [mine]


@pytest.mark.parametrize(
    "typed", ["", "厕", "?", '"', "' OR 1=1 --", "渗 漏", "*", "NEAR(a b)", "\x00渗漏", "漏" * 3000, "😀😀", "-1"]
)
def test_odd_questions_get_a_page(town, desk, typed):
    registered(town)
    found(desk, typed)


def test_a_cursor_that_nobody_wrote_is_passed_over(town, desk):
    number = registered(town)
    for before in ("x", "-1", "9" * 30, "１"):
        assert numbers(desk.text(f"/search?q=渗漏&before={before}")) == [number]


def test_nobody_searches_without_end(town, browse):
    visitor = browse("staff")
    answers = [visitor.open("/search?q=渗漏").status_code for _ in range(61)]
    assert answers == [200] * 60 + [429]
    assert browse("neighbour").open("/search?q=渗漏").status_code == 200
