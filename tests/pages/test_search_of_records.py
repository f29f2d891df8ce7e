"""Search finds activities, subjects and statistics beside tickets, for those who may see them."""

from __future__ import annotations

import re
from typing import Any

import pytest
from records import RECORDS, meeting
from township import Township, at

from tracker.domain.commands import EnterRecord, VoidRecord
from tracker.handler import Request, handle_all
from tracker.queries import search


@pytest.fixture
def town_pack():
    return RECORDS


def hold(town: Township, topic: str, by: str = "staff", place: str = "chenguang") -> int:
    values = meeting(town.unit[place], "2023-05-10", topic=topic)
    return town.do(EnterRecord(register="meeting", values=values), by, at("2023-06-01"))[0].stream_id


def numbers(page: str) -> list[str]:
    return re.findall(r'class="serial" href="/records/[^"]+">([^<]+)<', page)


def found(visitor: Any, typed: str) -> list[str]:
    answer = visitor.open("/search", query_string={"q": typed})
    assert answer.status_code == 200
    return numbers(visitor.text(answer.request.full_path))


def test_words_and_villages_find_records_of_those_who_may_see_them(town: Township, browse):
    hold(town, "秸秆禁烧宣传")
    hold(town, "秸秆离田", by="neighbour", place="donghu")
    desk = browse("supervisor")
    assert found(desk, "秸稈") == ["会-2023-0002", "会-2023-0001"]
    assert found(desk, "晨光村 秸秆") == found(browse("staff"), "秸秆") == ["会-2023-0001"]
    assert found(browse("neighbour"), "秸秆") == ["会-2023-0002"]
    assert found(desk, "2023-2") == ["会-2023-0002"]
    assert browse("administrator").open("/search?q=秸秆").status_code == 404


def test_a_private_name_is_found_by_nobody_and_a_void_record_says_so(town: Township, browse):
    values = {"place": town.unit["chenguang"], "opened_on": "2023-05-01", "name": "欧阳锋"}
    town.do(EnterRecord(register="member", values=values), "staff", at("2023-06-01"))
    held = hold(town, "秸秆禁烧宣传")
    town.do(VoidRecord(record_id=held, version=1, reason="重复"), "supervisor", at("2023-06-02"))
    desk = browse("supervisor")
    assert found(desk, "欧阳锋") == found(desk, "欧阳") == []
    assert found(desk, "宣传") == ["会-2023-0001"]
    assert "Void" in desk.text("/search?q=宣传")


def test_the_first_stand_above_the_tickets_and_all_of_them_on_pages_of_their_own(town: Township, browse):
    values = meeting(town.unit["chenguang"], "2023-05-10", topic="秸秆禁烧")
    asked = [
        Request(EnterRecord(register="meeting", values=values), town.person["staff"], at("2023-06-01"))
        for _ in range(60)
    ]
    handle_all(town.house, asked)
    desk = browse("supervisor")
    assert len(found(desk, "秸秆")) == 10
    url, seen = re.search(r'href="(/search/records[^"]*)"', desk.text("/search?q=秸秆"))[1], []
    while url:
        page = desk.text(url)
        seen += numbers(page)
        after = re.search(r'href="(/search/records[^"]*before=[^"]*)" rel="next"', page)
        url = after[1].replace("&amp;", "&") if after else ""
    assert seen == [f"会-2023-{serial:04}" for serial in range(60, 0, -1)]


def test_a_look_that_was_bounded_says_so_and_leads_on(town: Township, browse, monkeypatch):
    monkeypatch.setattr(search, "_AT_ONCE", 2)
    monkeypatch.setattr(search, "LOOKED_AT", 4)
    monkeypatch.setattr(search, "NARROW", 0)
    hold(town, "秸秆禁烧")
    for _ in range(6):
        hold(town, "秸秆禁烧", by="neighbour", place="donghu")
    staff = browse("staff")
    page, seen = staff.text("/search?q=秸秆"), []
    for _ in range(5):
        seen += numbers(page)
        after = re.search(r'href="(/search/records[^"]*before=[^"]*)"', page)
        if after is None:
            break
        page = staff.text(after[1].replace("&amp;", "&"))
    assert seen == ["会-2023-0001"]
