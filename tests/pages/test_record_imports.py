"""Importing activities, subjects and statistics by page: as for tickets, with the words and the links of records."""

from __future__ import annotations

import re
from dataclasses import replace
from urllib.parse import quote

import pytest
from exchange.samples import csv, xlsx
from pages.test_imports import confirm, send
from pages.test_records import enter, member, now, numbers
from records import RECORDS
from sqlalchemy import text
from township import Township

from tracker import clock

MEETINGS = "/registers/meeting/import"
HEADINGS = ("日期", "村", "内容", "资料", "党员")

only_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def town_pack():
    return RECORDS


def sent(visitor, data: bytes, register: str = "meeting", name: str = "台账.xlsx", **typed) -> str:
    """The address of the preview."""
    answer = send(visitor, data, name, f"/registers/{register}/import", **typed)
    assert answer.status_code == 302, answer.text
    return answer.headers["Location"]


def counted(town: Township) -> int:
    with town.engine.connect() as conn:
        return conn.scalar(text("SELECT count(*) FROM records")) or 0


def test_a_ledger_of_meetings_comes_in_row_by_chosen_row_and_never_twice(browse, town):
    pair = now(town, member(town)).number
    rows = [
        ["2023-05-10", "晨光村", "屋场恳谈", 88, pair],
        ["2023-05-11", "白水村", "屋场恳谈", 88, ""],
        ["2023-05-12", "晨光村", "听取意见", "", "员-2023-0099"],
        ["2023-05-13", "东湖村", "金秋送法", 120, ""],
    ]
    supervisor = browse("supervisor")
    listed = supervisor.text("/registers/meeting/records")
    assert listed.count(f'href="{MEETINGS}"') == 2  # above the list, and in what is said of an empty one
    url = sent(supervisor, xlsx([["屋场会台账"], HEADINGS, *rows], merges=["A1:E1"]))
    assert counted(town) == 1
    wrong = supervisor.text(url + "?show=wrong")
    for said in ("B4", "E5", "There is no “员-2023-0099” here"):
        assert said in wrong
    confirm(supervisor, url, act="picked", rows="6")
    assert numbers(supervisor.text("/registers/meeting/records")) == ["会-2023-0001".replace("2023", str(year()))]
    confirm(supervisor, url, act="all")
    page = supervisor.text(url)
    assert "2 records were entered." in page
    assert f'href="/records/{pair.replace("员", "会")}' not in page
    assert counted(town) == 3
    again = supervisor.text(sent(supervisor, xlsx([HEADINGS, *rows]), name="又一份.xlsx"))
    assert "2 rows of this file are recorded already." in again
    assert re.search(r'class="serial" href="/records/[^"]+">会-\d{4}-0001<', supervisor.text(url + "?show=registered"))


def test_a_record_says_which_row_of_which_file_it_was_and_its_uploader_alone_reads_the_name(browse, town):
    supervisor = browse("supervisor")
    url = sent(supervisor, xlsx([HEADINGS, ["2023-05-10", "晨光村", "屋场恳谈", 88, ""]]), name="刘小云提供.xlsx")
    confirm(supervisor, url, act="all")
    record = f"/records/{quote(f'会-{year()}-0001')}"
    page = supervisor.text(record)
    assert re.search(rf'<dt>Imported</dt><dd><a href="{url}\?show=registered">刘小云提供.xlsx</a> row 2 ', page)
    assert f'href="{record}"' in supervisor.text(f"{url}?show=registered")
    page = browse("auditor").text(record)
    assert re.search(r'<dt>Imported</dt><dd><span class="serial" title="SHA-256">[0-9a-f]{12}…</span> row 2 ', page)
    assert "刘小云提供" not in page
    supervisor.send(url, f"{url}/forget")
    assert "刘小云提供" not in supervisor.text(record)


def year() -> int:
    return clock.now().year


@only_sqlite
@pytest.mark.parametrize("locale", ["zh-Hans", "zh-Hant", "en"])
def test_the_pages_are_in_order_in_every_language(browse, town, locale):
    supervisor = browse("supervisor", locale)
    enter(town, "harvest", year=2023, value="1200", stage="estimate", reported_on="2023-05-01")
    lines = (
        "晨光村,2023,1180,reported,2023-09-01",
        "晨光村,2022,1180,reported,2022-09-01",
        "晨光村,2022,一千,reported,2022-09-01",
    )
    supervisor.text("/registers/harvest/import")
    url = sent(supervisor, csv("村,年度,数值,stage,填报日期", *lines), "harvest", "a.csv")
    for show in ("ready", "adds", "wrong", "known", "registered"):
        supervisor.text(f"{url}?show={show}")
    for show in ("ready", "adds"):
        page = supervisor.form(f"{url}?show={show}", url)
        supervisor.client.post(url, data=page | {"act": "all"})
    done = supervisor.text(f"{url}?show=added")
    assert "TJSJ" not in done
    supervisor.text("/registers")


@only_sqlite
def test_names_in_a_preview_are_masked_and_the_state_is_read(browse, town):
    supervisor = browse("supervisor")
    lines = (",2023-01-01,晨光村,刘小云,4,在册", ",2023-01-01,晨光村,刘小雨,4,走了")
    url = sent(supervisor, csv("编号,建档日期,村,姓名,人数,状态", *lines), "member", "a.csv")
    for show in ("ready", "wrong"):
        page = supervisor.text(f"{url}?show={show}")
        assert "刘小" not in page
    assert "Possible here: 线索, 在册, 消除" in page
    confirm(supervisor, url, act="all")
    assert numbers(supervisor.text("/registers/member/records?state=enrolled"))


@only_sqlite
@pytest.mark.parametrize("post", ["staff", "verifier", "auditor", "administrator", "official"])
def test_only_who_may_import_finds_the_page_and_its_link(browse, post):
    visitor = browse(post)
    assert visitor.open(MEETINGS).status_code == 404
    if post != "administrator":
        assert MEETINGS not in visitor.text("/registers/meeting/records")


@only_sqlite
def test_what_is_given_for_the_whole_file_is_kept(browse, town):
    supervisor = browse("supervisor")
    given = {"place": str(town.unit["donghu"]), "found_on": "2023-05-10"}
    url = sent(supervisor, csv("内容,资料", "屋场恳谈,88"), name="a.csv", **given)
    assert "东湖村" in supervisor.text(url)
    confirm(supervisor, url, act="all")
    page = supervisor.text("/registers/meeting/records")
    assert "东湖村" in page
    assert 'datetime="2023-05-10"' in page


@only_sqlite
def test_a_withdrawn_register_takes_no_file(browse, town):
    supervisor = browse("supervisor")
    withdrawn = replace(town.pack.record_by_name["meeting"], is_withdrawn=True)
    others = tuple(r for r in town.pack.records if r.name != "meeting")
    town.house.pack = replace(town.pack, records=(withdrawn, *others))
    assert supervisor.open(MEETINGS).status_code == 404
    assert MEETINGS not in supervisor.text("/registers/meeting/records")
