"""From the page of an opinion to the problem that it is, and from a regraded house to its successor."""

from __future__ import annotations

import re
from urllib.parse import quote, unquote

import pytest
from going_on import TOWN
from histories import Player
from township import Township


@pytest.fixture
def town_pack():
    return TOWN


def page_of(town: Township, ticket_id: int) -> str:
    return f"/tickets/{quote(town.state(ticket_id).number)}"


def test_an_opinion_is_turned_into_a_problem_in_one_act_and_says_where_it_went(town, browse):
    old = Player(town).play("2023-03-01  register  toilet  place=chenguang")
    supervisor, number = browse("supervisor"), town.state(old).number
    link = re.search(r'href="([^"]+)">Turn it into: 房屋<', supervisor.text(page_of(town, old)))
    assert link is not None
    form = supervisor.form(link[1])
    assert (form["problem"], form["place"], form["household"]) == ("化粪池破损渗漏", str(town.unit["chenguang"]), "")
    assert f"With it {number} is void." in supervisor.text(link[1])
    answer = supervisor.client.post(link[1], data=form | {"problem": ""})
    assert answer.status_code == 422
    assert f"With it {number} is void." in answer.text
    answer = supervisor.client.post(link[1], data=form | {"problem": "墙体开裂，宽约2厘米"})
    assert answer.status_code == 303
    new = unquote(answer.headers["Location"].rpartition("/")[2])
    page = supervisor.text(page_of(town, old))
    assert f"It goes on as {new}." in page
    assert "属房屋安全问题" in page
    assert "Turn it into" not in page
    page = supervisor.text(f"/tickets/{quote(new)}")
    assert f'href="{page_of(town, old)}">{number}</a>' in page
    assert "刘＊云" in page


def test_somebody_was_faster_and_it_is_said_with_all_that_was_typed(town, browse):
    player = Player(town)
    old = player.play("2023-03-01  register  toilet  place=chenguang")
    supervisor = browse("supervisor")
    url = f"/registers/house/tickets/new?continues={quote(town.state(old).number)}"
    form = supervisor.form(url)
    player.play("2023-03-02  assign  owner=chenguang")
    answer = supervisor.client.post(url, data=form | {"problem": "墙体开裂，宽约3厘米"})
    assert answer.status_code == 409
    assert "墙体开裂，宽约3厘米" in answer.text
    assert f'name="version" type="hidden" value="{town.state(old).version}"' in answer.text


def test_who_may_not_is_offered_nothing_and_no_address_leads_there(town, browse):
    old = Player(town).play("2023-03-01  register  toilet  place=chenguang")
    assert "Turn it into" not in browse("staff").text(page_of(town, old))
    number = quote(town.state(old).number)
    assert browse("neighbour").open(f"/registers/house/tickets/new?continues={number}").status_code == 404
    assert browse("supervisor").open(f"/registers/petition/tickets/new?continues={number}").status_code == 404


def test_a_restricted_one_goes_on_nowhere(town, browse):
    old = Player(town).play("2023-03-01  register  toilet  place=chenguang  restricted=yes")
    supervisor = browse("supervisor")
    assert "Turn it into" not in supervisor.text(page_of(town, old))
    url = f"/registers/house/tickets/new?continues={quote(town.state(old).number)}"
    assert supervisor.open(url).status_code == 404


def test_a_regraded_house_asks_for_its_successor_until_it_is_there(town, browse):
    old = Player(town).play("""
        2023-03-01  register  house  place=chenguang
        2023-03-02  assign  owner=chenguang
        2023-03-03  reach_milestone  milestone=appraised  grade=C
        2023-03-10  submit
        2023-03-10  verify  outcome=regraded
        2023-03-10  publicise
        2023-03-10  approve
        2023-03-10  close  outcome=regraded
    """)
    supervisor = browse("supervisor")
    page = supervisor.text(page_of(town, old))
    assert "it goes on as a new ticket, which is not registered yet" in page
    (url,) = re.findall(r'href="([^"]+continues=[^"]+)"', page)
    assert supervisor.form(url)["found_on"] == "2023-03-10"
    new = unquote(supervisor.send(url).headers["Location"].rpartition("/")[2])
    page = supervisor.text(page_of(town, old))
    assert f"It goes on as {new}." in page
    assert "not registered yet" not in page
