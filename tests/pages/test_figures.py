"""Figures on pages: the report, its breakdowns, the tickets behind a number, the same as a file. On both databases."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from itertools import product
from typing import Any

import pytest
from flask import Flask
from openpyxl import load_workbook
from page_checks import check_page
from sqlalchemy import Engine
from ticket_stories import assigned, registered, take
from township import PACK, PHOTO, PLAIN_VALUES, TOILET, Township, at, label, plain_ticket

from tracker import clock
from tracker.domain.commands import AddUnit, AmendTicket, TakeStep
from tracker.domain.events import StreamKind
from tracker.domain.figures import Counting, Exclusion, FigureSpec, ReportSpec, Term
from tracker.domain.people import SYSTEM
from tracker.handler import Request, handle_all
from tracker.log import store

Browse = Callable[..., Any]

FIXED = TOILET.predicates[0]
GONE = tuple(Exclusion(name, label(name), (Term(name, Counting.FLOW),)) for name in ("voided", "merged"))


def _spec(name: str, register: str, numerator: Term, denominator: Term | None = None, **more: Any) -> FigureSpec:
    return FigureSpec(
        id=name,
        label=label(name.replace("_", " ").capitalize()),
        register=register,
        measure=label("件"),
        shows="percent" if denominator else "count",
        numerator=(numerator,),
        denominator=(denominator,) if denominator else (),
        exclusions=GONE,
        definition=label(f"What {name} means"),
        source=label("tests"),
        **more,
    )


FIGURES = (
    _spec("rectified", "toilet", Term("closed", where=(FIXED,)), Term("countable"), beside=("registered",)),
    _spec("registered", "toilet", Term("registered", Counting.FLOW)),
    _spec("petitions_closed", "petition", Term("closed"), Term("countable")),
)
REPORT = ReportSpec(
    "annual",
    label("Annual report"),
    ((label("Toilets"), ("rectified", "registered")), (label("Petitions"), ("petitions_closed",))),
)
SHOW = "/figures/rectified"
YEAR_END = "effective=2023-12-31"


@pytest.fixture
def town(app: Flask, engine: Engine) -> Iterator[Township]:
    """The small township, whose pack also has figures."""
    founded = Township.joined(engine, replace(PACK, figures=FIGURES, reports=(REPORT,)))
    app.extensions["house"] = founded.house
    yield founded
    founded.close()


def close(town: Township, ticket_id: int, on: str = "2023-03-12", recorded: str = "") -> int:
    """Submitted and verified; the verification is written down on `recorded`, else on its day."""
    take(town, ticket_id, "submit", "staff", "2023-03-10", evidence=(PHOTO,))
    verify = TakeStep(
        ticket_id=ticket_id,
        step="verify",
        version=town.state(ticket_id).version,
        occurred_on=date.fromisoformat(on),
        values={"outcome": "fixed", "finding": "试水无渗漏"},
    )
    town.do(verify, "verifier", at(recorded or on))
    return ticket_id


def number(town: Township, ticket_id: int) -> str:
    return town.state(ticket_id).number


def listed(page: str) -> list[str]:
    """The ticket numbers of the page's list, in its order."""
    return re.findall(r'class="serial" href="[^"]*">([^<]+)</a>', page)


def rows_of(text: str) -> list[list[str]]:
    """The rows of a CSV below its headings."""
    lines = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))
    return lines[lines.index([]) + 2 :]


def sheet(visitor: Any, url: str) -> list[Any]:
    """The lines of a workbook, as cells."""
    with visitor.open(url) as answer:
        return list(load_workbook(io.BytesIO(answer.data)).active)


# -- the report ---------------------------------------------------------------------------------------
def test_a_figure_moves_from_one_short_to_all_when_the_last_ticket_is_closed(town: Township, browse: Browse) -> None:
    close(town, assigned(town))
    last = assigned(town)
    auditor = browse("auditor")
    assert "<span>1</span><span>2</span>" in auditor.text(SHOW)
    assert "50.00%" in auditor.text("/figures")
    close(town, last)
    page = auditor.text(SHOW)
    assert "<span>2</span><span>2</span>" in page
    assert "100.00%" in auditor.text("/figures")


def test_the_effective_day_set_back_shows_the_old_figure(town: Township, browse: Browse) -> None:
    close(town, assigned(town), "2023-03-12")
    auditor = browse("auditor")
    assert "<span>1</span><span>1</span>" in auditor.text(f"{SHOW}?effective=2023-03-12")
    before = auditor.text(f"{SHOW}?effective=2023-03-11")
    assert "<span>0</span><span>1</span>" in before
    assert "0.00%" in before
    assert "See the figures of today" in before


def test_a_report_of_the_past_opens_on_the_day_it_was_closed(town: Township, browse: Browse) -> None:
    close(town, assigned(town))
    closed = replace(REPORT, id="2022", effective=date(2022, 12, 31))
    town.house.pack = replace(town.house.pack, reports=(REPORT, closed))
    auditor = browse("auditor")
    page = auditor.text("/figures?report=2022")
    assert 'value="2022-12-31"' in page
    assert "100.00%" not in page
    assert f"report=2022&amp;effective={town.house.today(clock.now()).isoformat()}" in page, "today is still offered"
    assert "100.00%" in auditor.text("/figures")


def test_the_known_day_set_back_hides_a_back_dated_entry(town: Township, browse: Browse) -> None:
    close(town, assigned(town), "2023-03-12", recorded="2023-05-02")
    auditor = browse("auditor")
    pair = "effective=2023-03-31&known="
    assert "<span>1</span><span>1</span>" in auditor.text(f"{SHOW}?{pair}2023-05-02")
    hidden = auditor.text(f"{SHOW}?{pair}2023-05-01")
    assert "<span>0</span><span>1</span>" in hidden
    assert "With what has been recorded since, it is 1/1." in hidden
    assert "now 1/1" in auditor.text(f"/figures?{pair}2023-05-01")
    # an instant counts to the minute; the plus sign of a zone arrives as a blank
    minute = at("2023-05-02").strftime("%Y-%m-%dT%H:%M:%S")
    assert "<span>1</span><span>1</span>" in auditor.text(f"{SHOW}?{pair}{minute}")
    assert "<span>0</span><span>1</span>" in auditor.text(f"{SHOW}?{pair}{minute}+09:00")


def test_nothing_to_divide_by_is_a_dash_with_its_words(town: Township, browse: Browse) -> None:
    page = browse("auditor").text("/figures")
    assert "nothing to divide by" in page
    assert "—" in page
    assert "0.00%" not in page
    assert "There is nothing to divide by" in browse("auditor").text(SHOW)


def test_what_was_left_out_stands_beside_the_figure_and_leads_to_its_tickets(town: Township, browse: Browse) -> None:
    assigned(town)
    gone = registered(town)
    take(town, gone, "request_exclusion", "supervisor", "2023-03-03", way="void", reason="登记错了，另有一件")
    take(town, gone, "void", "approver", "2023-03-04", reason="核实是重复登记")
    auditor = browse("auditor")
    assert "voided 1" in auditor.text(f"/figures?{YEAR_END}")
    assert listed(auditor.text(f"{SHOW}?{YEAR_END}&part=voided")) == [number(town, gone)]
    assert "<span>0</span><span>1</span>" in auditor.text(f"{SHOW}?{YEAR_END}")


def test_months_and_villages_add_up_to_the_whole_and_each_leads_to_its_tickets(town: Township, browse: Browse) -> None:
    here = close(town, assigned(town))
    there = registered(town, place_id=town.unit["donghu"])
    auditor = browse("auditor")
    by_village = auditor.text(f"/figures?by=village&{YEAR_END}")
    cells = re.findall(r'href="([^"]*village=(\d+)[^"]*)">([\d/]+)</a>', by_village)
    values = {(int(unit), url.split("?")[0]): value for url, unit, value in cells}
    assert values[town.unit["chenguang"], SHOW] == "1/1"
    assert values[town.unit["donghu"], SHOW] == "0/1"
    url = next(u for u, unit, _ in cells if int(unit) == town.unit["donghu"] and u.startswith(SHOW))
    assert listed(auditor.text(url.replace("&amp;", "&") + "&part=denominator")) == [number(town, there)]
    by_month = auditor.text(f"/figures?by=month&{YEAR_END}")
    assert re.findall(r'rectified\?[^"]*month=2023-0[2-4]">([\d/]+)<', by_month) == ["0/0", "1/2", "1/2"]
    assert re.findall(r'registered\?[^"]*month=2023-0[2-4]">([\d/]+)<', by_month) == ["0", "2", "0"]
    march = auditor.text(f"/figures/registered?{YEAR_END}&month=2023-03")
    assert sorted(listed(march)) == sorted([number(town, here), number(town, there)])
    assert listed(auditor.text(f"/figures/registered?{YEAR_END}&month=2023-04")) == []


def test_more_villages_than_a_page_holds_follow_on_further_pages(town: Township, browse: Browse) -> None:
    more = [AddUnit(code=f"v{n:03}", name=f"第{n}村", kind="village", parent_id=town.unit["town"]) for n in range(70)]
    handle_all(town.house, [Request(unit, SYSTEM, at("2015-01-02")) for unit in more])
    auditor, url, seen = browse("auditor"), "/figures?by=village", []
    while url:
        page = auditor.text(url)
        seen += re.findall(r'scope="row" role="rowheader" class="cell-number">([^<]+)</th>', page)
        following = re.search(r'href="([^"]*from=[^"]*)" rel="next"', page)
        url = following.group(1).replace("&amp;", "&") if following else ""
    assert [name for name in seen if name == "All"] == ["All", "All"]
    assert sorted(n for n in seen if n != "All") == sorted(["晨光村", "东湖村", *(unit.name for unit in more)])


def test_a_day_that_cannot_be_read_is_refused_at_its_field_and_the_other_is_kept(
    town: Township, browse: Browse
) -> None:
    auditor = browse("auditor")
    asked = product(
        ("/figures", SHOW, f"{SHOW}.csv"),
        ("2023-13-01", "31 December", "1066-10-14", "9999-12-31"),
        ("", "2023-05-02"),
    )
    for url, effective, known in asked:
        answer = auditor.open(f"{url}?effective={effective}&known={known}&by=month")
        assert answer.status_code == 422
        check_page(answer.text)
        assert f'value="{effective}"' in answer.text or "Enter a day from" in answer.text
        assert 'id="effective-error"' in answer.text
        assert f'value="{known}"' in answer.text
        assert '<input type="hidden" name="by" value="month">' in answer.text


def test_so_is_a_moment(town: Township, browse: Browse) -> None:
    auditor = browse("auditor")
    for known in ("yesterday", "2023-05-02T25:00", "0001-01-01T00:00", "9999-12-31T23:59+00:00", "0001-01-01"):
        answer = auditor.open(f"/figures?effective=2023-03-01&known={known}")
        assert answer.status_code == 422
        check_page(answer.text)
        assert 'id="known-error"' in answer.text
        assert 'value="2023-03-01"' in answer.text


def test_a_moment_to_come_is_refused_and_a_day_to_come_is_a_forecast(town: Township, browse: Browse) -> None:
    auditor = browse("auditor")
    ahead = f"{town.house.today(at('2023-01-01')).replace(year=date.today().year + 1)}"  # noqa: DTZ011
    assert auditor.open(f"/figures?known={ahead}").status_code == 422
    assert "This day lies ahead" in auditor.text(f"/figures?effective={ahead}")


# -- the tickets behind a number ----------------------------------------------------------------------
def test_the_list_is_exactly_what_was_counted_and_the_file_is_the_same(town: Township, browse: Browse) -> None:
    done = [close(town, assigned(town)) for _ in range(3)]
    left = [assigned(town) for _ in range(2)]
    auditor = browse("auditor")
    for part, ids in (("numerator", done), ("rest", left), ("denominator", done + left), ("voided", [])):
        url = f"?{YEAR_END}&part={part}"
        wanted = sorted(number(town, i) for i in ids)
        page = auditor.text(SHOW + url)
        assert sorted(listed(page)) == wanted
        assert f"{len(ids)} ticket" in page
        assert sorted(row[0] for row in rows_of(auditor.open(f"{SHOW}.csv{url}").text)) == wanted
        cells = [row[0].value for row in sheet(auditor, f"{SHOW}.xlsx{url}")]
        assert sorted(str(cell) for cell in cells[cells.index("Number") + 1 :]) == wanted


def test_a_long_list_goes_on_page_by_page_without_gap_or_repetition(town: Township, browse: Browse) -> None:
    ids = [registered(town, place_id=town.unit[("chenguang", "donghu")[n % 2]]) for n in range(103)]
    auditor = browse("auditor")
    url, seen, pages = f"/figures/registered?{YEAR_END}", [], 0
    while url:
        page = auditor.text(url)
        seen += listed(page)
        pages += 1
        following = re.search(r'href="([^"]*after=[^"]*)" rel="next"', page)
        url = following.group(1).replace("&amp;", "&") if following else ""
    assert pages == 3
    assert sorted(seen) == sorted(number(town, i) for i in ids)
    assert len(rows_of(auditor.open(f"/figures/registered.csv?{YEAR_END}").text)) == 103


def test_a_restricted_ticket_is_counted_and_shown_to_its_named_people_only(town: Township, browse: Browse) -> None:
    secret = {**PLAIN_VALUES["petition"], "title": "举报信内容"}
    named = tuple(town.person[post] for post in ("supervisor", "verifier"))
    command = plain_ticket(town, "petition", values=secret, is_restricted=True, named_ids=named)
    ticket_id = town.do(command, "supervisor", at("2023-03-01"))[0].stream_id
    registered(town, "petition")
    url = f"/figures/petitions_closed?{YEAR_END}&part=denominator"
    for post in ("auditor", "official", "staff"):
        page = browse(post).text(url)
        assert number(town, ticket_id) not in page
        assert "举报信内容" not in page
        assert "2 tickets" in page
        assert "counted but not shown" in page
        csv_text = browse(post).open(url.replace("?", ".csv?")).text
        assert number(town, ticket_id) not in csv_text
        assert len(rows_of(csv_text)) == 1
    assert number(town, ticket_id) in browse("supervisor").text(url)
    assert number(town, ticket_id) in browse("supervisor").open(url.replace("?", ".csv?")).text


def test_no_village_and_no_month_tells_that_there_is_a_restricted_ticket(town: Township, browse: Browse) -> None:
    """Every address as an outsider: the same with and without it, the whole excepted."""
    village = f"village={town.unit['chenguang']}"
    addresses = [
        *(f"/figures/petitions_closed?{YEAR_END}&part={part}&{narrow}"
          for part in ("denominator", "numerator", "rest") for narrow in (village, "month=2023-03")),
        f"/figures/petitions_closed?{YEAR_END}&part=denominator",
    ]  # fmt: skip
    registered(town, "petition")
    before = [main_of(browse("auditor").text(url)) for url in addresses]
    named = (town.person["supervisor"],)
    town.do(plain_ticket(town, "petition", is_restricted=True, named_ids=named), "supervisor", at("2023-03-01"))
    after = [main_of(browse("auditor").text(url)) for url in addresses]
    assert [a == b for a, b in zip(before[:-1], after[:-1], strict=True)] == [True] * (len(addresses) - 1)
    assert before[-1] != after[-1]  # the whole


def main_of(page: str) -> list[str]:
    """The numbers of a page: its tables, and the counts beside its lists."""
    return re.findall(r"<td[^>]*>.*?</td>|\d+ tickets?", page, re.S)


def test_staff_see_the_whole_figure_and_of_its_tickets_their_own(town: Township, browse: Browse) -> None:
    here, there = registered(town), registered(town, place_id=town.unit["donghu"])
    url = f"{SHOW}?{YEAR_END}&part=denominator"
    page = browse("staff").text(url)
    assert listed(page) == [number(town, here)]
    assert "2 tickets" in page
    assert "1 of them is counted but not shown" in page
    assert [row[0] for row in rows_of(browse("neighbour").open(url.replace("?", ".csv?")).text)] == [
        number(town, there)
    ]


def test_a_list_as_known_earlier_says_what_has_left_the_readers_village_since(town: Township, browse: Browse) -> None:
    ticket_id = registered(town)
    amend = AmendTicket(ticket_id=ticket_id, version=1, changes={}, reason="误", place_id=town.unit["donghu"])
    town.do(amend, "supervisor", at("2023-03-20"))
    url = f"{SHOW}?effective=2023-03-10&known=2023-03-10&part=denominator&village={town.unit['chenguang']}"
    page = browse("staff").text(url)
    assert "1 ticket" in page
    assert listed(page) == []
    assert "1 of them is counted but not shown" in page
    head = browse("staff").open(url.replace("?", ".csv?")).text.split("\r\n\r\n")[0]
    for said in ("Tickets,1", "Of these not open to you,1", "Village,晨光村"):
        assert said in head


def test_a_file_runs_nothing_in_a_spreadsheet_and_says_what_it_is(town: Township, browse: Browse) -> None:
    registered(town, values={**PLAIN_VALUES["toilet"], "problem": '=HYPERLINK("http://x.example","y")'})
    answer = browse("auditor").open(f"/figures/registered.csv?{YEAR_END}")
    assert answer.mimetype == "text/csv"
    assert "registered-numerator-2023-12-31.csv" in answer.headers["Content-Disposition"]
    head = answer.text.split("\r\n\r\n")[0]
    for said in ("Registered", "Made by,纪检干部", "Occurred up to,2023-12-31", "Tickets,1"):
        assert said in head
    (row,) = rows_of(answer.text)
    assert not [cell for cell in row if cell.startswith(("=", "+", "-", "@"))]
    cells = [cell for line in sheet(browse("auditor"), f"/figures/registered.xlsx?{YEAR_END}") for cell in line]
    assert not [cell for cell in cells if cell.data_type == "f" or cell.hyperlink]


def test_whoever_takes_a_list_away_is_written_down(town: Township, browse: Browse) -> None:
    registered(town)
    browse("auditor").open(f"{SHOW}.csv?{YEAR_END}&part=denominator")
    with town.engine.connect() as conn:
        (event,) = store.read_stream(conn, StreamKind.ACCESS, 0)
    assert (event.kind, event.actor_id) == ("exported", town.person["auditor"])
    assert (event.data["figure"], event.data["part"], event.data["count"]) == ("rectified", "denominator", 1)


def test_what_there_is_not_is_not_found(town: Township, browse: Browse) -> None:
    auditor = browse("auditor")
    for url in (
        "/figures/nothing",
        "/figures/nothing.csv",
        f"{SHOW}?part=nothing",
        f"{SHOW}?month=2023-13",
        f"{SHOW}?month=2023-04&effective=2023-03-31",
        f"{SHOW}?village=0",
        f"{SHOW}?village=999999999999999999999",
        "/figures?by=month&section=7",
    ):
        assert auditor.open(url).status_code == 404, url


def test_a_forged_cursor_begins_at_the_beginning(town: Township, browse: Browse) -> None:
    ticket_id, auditor = registered(town), browse("auditor")
    for cursor in ("x", "1-2", "-1--1--1", "9" * 40 + "-0-0", "0-a-0"):
        page = auditor.text(f"/figures/registered?{YEAR_END}&after={cursor}")
        assert listed(page) == [number(town, ticket_id)]


def test_every_page_reads_in_every_language(town: Township, browse: Browse) -> None:
    close(town, assigned(town))
    for post, locale in {"auditor": "zh-Hans", "supervisor": "zh-Hant", "everything": "en"}.items():
        reader = browse(post, locale)
        for url in ("/figures", "/figures?by=month", "/figures?by=village", SHOW, "/log"):
            assert f'<html lang="{locale}">' in reader.text(url)


def test_the_administrator_has_no_figures(town: Township, browse: Browse) -> None:
    for url in ("/figures", SHOW, f"{SHOW}.csv", f"{SHOW}.xlsx"):
        assert browse("administrator").open(url).status_code == 404


def test_an_instant_of_any_zone_comes_back_in_a_form_that_browsers_keep(browse: Browse):
    page = browse("auditor").text("/figures?effective=2023-06-30&known=2023-06-30T10:00:00.5%2B00:00")
    assert 'value="2023-06-30T18:00:00.500"' in page
    assert 'type="datetime-local"' in page


def test_what_a_year_began_with_leads_from_its_register_to_its_list(town: Township, browse: Browse) -> None:
    """The number beside the register's views is the figure's, and the list behind it has the tickets."""
    old = _spec("left_over", "toilet", Term("carried_over"))
    house = town.house
    house.pack = replace(house.pack, figures=(*FIGURES, old))
    open_id, closed_id = assigned(town), assigned(town)
    close(town, closed_id)
    page = browse("supervisor").text("/registers/toilet/tickets")
    href = re.search(r'href="(/figures/left_over[^"]*)"[^>]*>\s*Carried over <b>1</b>', page)
    assert href is not None
    listed = browse("supervisor").text(href[1].replace("&amp;", "&"))
    assert town.state(open_id).number in listed
    assert town.state(closed_id).number not in listed
    assert "Carried over" not in browse("supervisor").text("/registers/petition/tickets")
