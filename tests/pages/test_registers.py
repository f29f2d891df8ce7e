"""Registers: the list of tickets, registering a problem by form, assigning many at once. On both databases."""

from __future__ import annotations

import csv
import re
import zipfile
from dataclasses import replace
from datetime import date, timedelta
from io import BytesIO, StringIO
from typing import Any
from urllib.parse import unquote

import pytest
from page_checks import check_page
from pages.conftest import form_values
from PIL import Image
from sqlalchemy import select
from township import PEOPLE, PLAIN_VALUES, UNITS, Township, label, plain_ticket

from tracker import clock
from tracker.domain.commands import TakeStep
from tracker.domain.events import Event, StreamKind
from tracker.domain.registers import Field, FieldType, Privacy
from tracker.domain.ticket import Ticket
from tracker.handler import Done, Request, handle_all
from tracker.log import store
from tracker.models.tickets import NamedPersonRow
from tracker.queries.scope import Viewer
from tracker.queries.tickets import find_visible_id, ticket_now

LIST, NEW, ASSIGN = "/registers/toilet/tickets", "/registers/toilet/tickets/new", "/registers/toilet/assign"


def today(town: Township) -> date:
    return town.house.today(clock.now())


def registered(town: Township, text: str = "化粪池破损渗漏", by: str = "supervisor", **more: Any) -> int:
    values = {**PLAIN_VALUES["toilet"], "problem": text}
    return town.do(plain_ticket(town, **({"values": values} | more)), by, clock.now())[0].stream_id


def many(town: Township, count: int) -> list[int]:
    """So many tickets in one transaction."""
    requests = [Request(plain_ticket(town), town.person["supervisor"], clock.now()) for _ in range(count)]
    return [r.stream_id for r in handle_all(town.house, requests) if isinstance(r, Done)]


def now(town: Township, ticket_id: int) -> Ticket:
    with town.engine.connect() as conn:
        ticket = ticket_now(conn, ticket_id)
    assert ticket is not None
    return ticket


def viewer(town: Township, post: str) -> Viewer:
    with town.engine.connect() as conn:
        numbers = town.house.register_numbers(conn)
    return Viewer(town.directory.people[town.person[post]], town.directory, numbers, today(town))


def numbers(page: str) -> list[str]:
    """The numbers of a list, in its order."""
    return re.findall(r'class="serial" href="/tickets/[^"]+">([^<]+)<', page)


def picture() -> tuple[BytesIO, str]:
    data = BytesIO()
    Image.new("RGB", (40, 30), "white").save(data, "JPEG")
    return BytesIO(data.getvalue()), "before.jpg"


# -- the list -----------------------------------------------------------------------------------------
def test_the_registers_stand_with_what_is_open_in_each(town, browse):
    registered(town)
    page = browse("supervisor").text("/registers")
    assert 'href="/registers/toilet/tickets?view=open">1</a>' in page
    assert 'href="/registers/house/tickets?view=open">0</a>' in page


def test_an_empty_register_says_that_it_is_empty_and_what_to_do(browse):
    assert "No ticket yet" in browse("supervisor").text(LIST)
    assert NEW in browse("supervisor").text(LIST)
    assert NEW not in browse("auditor").text(LIST)


def test_a_list_shows_names_only_masked(town, browse):
    registered(town)
    page = browse("supervisor").text(LIST)
    assert "刘小云" not in page


# -- registering --------------------------------------------------------------------------------------
def test_a_problem_is_registered_by_form_and_its_page_opens(town, browse):
    visitor = browse("staff")
    answer = visitor.send(NEW, **PLAIN_VALUES["toilet"], photos=picture())
    assert answer.status_code == 303
    page = visitor.text(answer.headers["Location"])
    assert "is registered" in page
    assert "化粪池破损渗漏" in page
    assert numbers(visitor.text(LIST))


def test_a_double_click_registers_once(town, browse):
    visitor = browse("staff")
    sent = visitor.form(NEW) | PLAIN_VALUES["toilet"]
    first, second = (visitor.client.post(NEW, data=sent) for _ in range(2))
    assert first.headers["Location"] == second.headers["Location"]
    assert len(numbers(visitor.text(LIST))) == 1


def test_the_next_problem_typed_into_a_form_that_was_sent_is_not_lost(town, browse):
    """The browser's Back shows the form with the key that it had."""
    visitor = browse("staff")
    sent = visitor.form(NEW) | PLAIN_VALUES["toilet"]
    visitor.client.post(NEW, data=sent)
    answer = visitor.client.post(NEW, data=sent | {"problem": "另一户的盖板缺失"})
    assert answer.status_code == 409
    check_page(answer.text)
    assert "This form was sent before" in answer.text
    assert visitor.client.post(NEW, data=form_values(answer.text)).status_code == 303
    assert len(numbers(visitor.text(LIST))) == 2


def test_a_refused_form_keeps_every_word_and_every_photograph(town, browse):
    visitor = browse("staff")
    typed = {**PLAIN_VALUES["toilet"], "problem": "短", "remark": "户主要求周末来", "found_on": "2199-01-01"}
    answer = visitor.send(NEW, **typed, photos=picture())
    assert answer.status_code == 422
    check_page(answer.text)
    for kept in ("刘小云", "短", "户主要求周末来", "2199-01-01", "before.jpg"):
        assert kept in answer.text
    again = form_values(answer.text) | {"problem": "化粪池破损渗漏", "found_on": today(town).isoformat()}
    done = visitor.client.post(NEW, data=again)
    assert done.status_code == 303
    with town.engine.connect() as conn:
        number = unquote(done.headers["Location"]).rpartition("/")[2]
        ticket_id = find_visible_id(conn, viewer(town, "staff"), number)
    assert [e.kind for e in now(town, ticket_id).evidence] == ["photo_before"]


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"problem": ""}, "This has to be filled in."),
        ({"found_on": "after the flood"}, "is not a day"),
        ({"found_on": "２０２３．３．１", "problem": "短"}, "are too few"),
        ({"place": ""}, "This has to be filled in."),
        ({"remark": "长" * 500}, "500 characters are too many"),
        ({"category": "nonsense"}, "is not one of the choices"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else None,
)
def test_each_mistake_is_told_at_its_field(browse, typed, said):
    answer = browse("staff").send(NEW, **(PLAIN_VALUES["toilet"] | typed))
    assert answer.status_code == 422
    check_page(answer.text)
    assert said in answer.text


def test_the_next_problem_follows_at_once_with_the_village_kept(town, browse):
    visitor = browse("supervisor")
    typed = {**PLAIN_VALUES["toilet"], "place": str(town.unit["donghu"])}
    answer = visitor.send(NEW, **typed, then="next")
    assert answer.headers["Location"] == f"{NEW}?place={town.unit['donghu']}"
    assert visitor.form(answer.headers["Location"])["place"] == str(town.unit["donghu"])


def test_a_place_that_is_not_theirs_cannot_be_registered_in(town, browse):
    answer = browse("staff").send(NEW, **PLAIN_VALUES["toilet"], place=str(town.unit["donghu"]))
    assert answer.status_code == 404


def test_registers_that_do_not_exist_or_are_not_open_look_alike(browse):
    for url in ("/registers/nothing/tickets", "/registers/nothing/tickets/new", "/registers/nothing/assign"):
        assert browse("supervisor").open(url).status_code == 404
    assert browse("auditor").open(NEW).status_code == 404
    assert browse("staff").open(ASSIGN).status_code == 404
    assert browse("administrator").open("/registers").status_code == 404


# -- lists: views, filters, orders, pages -------------------------------------------------------------
def test_a_list_is_read_page_by_page_without_gap_or_repetition(town, browse):
    many(town, 120)
    visitor, url, seen = browse("supervisor"), LIST, []
    for _ in range(3):
        page = visitor.text(url)
        seen += numbers(page)
        following = re.search(r'href="([^"]+)" rel="next"', page)
        url = following.group(1).replace("&amp;", "&") if following else None
    assert url is None
    assert len(seen) == len(set(seen)) == 120


def test_two_hundred_fit_on_one_page(town, browse):
    many(town, 120)
    assert len(numbers(browse("supervisor").text(f"{LIST}?rows=200"))) == 120


def test_filters_and_orders_have_addresses(town, browse):
    first = registered(town, "晨光村的第一件")
    second = registered(town, "东湖村的第二件", place_id=town.unit["donghu"])
    visitor = browse("supervisor")
    here, there = now(town, first).number, now(town, second).number
    assert numbers(visitor.text(f"{LIST}?sort=newest")) == [there, here]
    assert numbers(visitor.text(f"{LIST}?sort=oldest")) == [here, there]
    assert numbers(visitor.text(f"{LIST}?place={town.unit['donghu']}")) == [there]
    assert numbers(visitor.text(f"{LIST}?category=quality&status=registered")) == [here, there]
    assert "Nothing fits all these filters together." in visitor.text(f"{LIST}?category=upkeep")
    assert numbers(visitor.text(f"{LIST}?view=closed")) == []


@pytest.mark.parametrize(
    "query", ["view=nothing", "sort=1", "after=x", "after=9.9.9", "place=0", "owner=١", "status=closed", "rows=9999"]
)
def test_an_address_that_nobody_of_us_wrote_still_shows_a_list(town, browse, query):
    registered(town)
    assert browse("supervisor").open(f"{LIST}?{query}").status_code == 200


def test_restricted_tickets_show_their_title_to_nobody_in_a_list_and_exist_for_named_people_only(town, browse):
    text = "举报某人的一件事情"
    hidden = registered(town, text, is_restricted=True, named_ids=(town.person["supervisor"],))
    number = now(town, hidden).number
    mine = browse("supervisor").text(LIST)
    assert number in mine
    assert text not in mine
    for post in ("verifier", "official", "auditor", "staff", "everything"):
        for url in (LIST, f"{LIST}?view=all&sort=newest", "/registers"):
            page = browse(post).text(url)
            assert number not in page
            assert text not in page
        assert 'href="/registers/toilet/tickets?view=open">1</a>' not in browse(post).text("/registers")


def test_who_registers_a_restricted_petition_names_a_supervisor_in_the_form(town, browse):
    petition = town.house.register("petition")
    box = Field("restricted", FieldType.YES_NO, label("限制知悉"))
    others = tuple(r for r in town.house.pack.registers if r is not petition)
    town.house.pack = replace(town.house.pack, registers=(replace(petition, fields=(*petition.fields, box)), *others))
    visitor, url = browse("staff"), "/registers/petition/tickets/new"
    words = {**PLAIN_VALUES["petition"], "restricted": "y", "place": str(town.unit["chenguang"])}
    sent = visitor.form(url, url) | {k: v for k, v in words.items() if k in visitor.form(url, url) or k == "restricted"}
    answer = visitor.client.post(url, data=sent)
    assert answer.status_code == 422
    check_page(answer.text)
    assert "Name a supervisor of this place as well" in answer.text
    answer = visitor.client.post(url, data=sent | {"named": str(town.person["supervisor"])})
    assert answer.status_code == 303
    with town.engine.connect() as conn:
        named = set(conn.scalars(select(NamedPersonRow.person_id)))
    assert named == {town.person["supervisor"], town.person["staff"]}


def test_people_see_the_tickets_of_their_subtree_only(town, browse):
    here = now(town, registered(town)).number
    there = now(town, registered(town, place_id=town.unit["donghu"])).number
    assert numbers(browse("staff").text(LIST)) == [here]
    assert numbers(browse("neighbour").text(LIST)) == [there]
    assert numbers(browse("clerk").text(LIST)) == []


@pytest.mark.parametrize("locale", ["zh-Hans", "zh-Hant", "en"])
def test_pages_of_registers_are_in_order_in_every_language(town, browse, locale):
    registered(town)
    visitor = browse("supervisor", locale)
    for url in ("/registers", LIST, NEW, f"{ASSIGN}?ticket=1.1"):
        visitor.text(url)


# -- many at once -------------------------------------------------------------------------------------
def ticked(town: Township, ids: list[int]) -> str:
    return ASSIGN + "?" + "&".join(f"ticket={i}.{now(town, i).version}" for i in ids)


def test_two_hundred_tickets_are_assigned_at_once_and_each_is_named(town, browse):
    ids = many(town, 200)
    visitor = browse("supervisor")
    sent = visitor.form(ASSIGN + "?" + "&".join(f"ticket={i}.1" for i in ids), ASSIGN)
    due = today(town) + timedelta(days=20)
    sent |= {
        "owner_unit_id": str(town.unit["chenguang"]),
        "owner_id": str(town.person["staff"]),
        "lead_official_id": str(town.person["official"]),
        "due_on": due.isoformat(),
    }
    answer = visitor.client.post(ASSIGN, data=sent)
    assert answer.status_code == 200
    check_page(answer.text)
    assert "200 tickets assigned" in answer.text
    assert len(set(numbers(answer.text))) == 200
    for i in (ids[0], ids[-1]):
        ticket = now(town, i)
        assert (ticket.owner_unit_id, ticket.owner_id) == (town.unit["chenguang"], town.person["staff"])
        assert (ticket.lead_official_id, ticket.current_due) == (town.person["official"], due)


def test_the_village_of_the_tickets_comes_first_and_only_people_who_can_work_there_are_offered(town, browse):
    ids = many(town, 1)
    for place, others in (("chenguang", ("farming", "donghu")), ("donghu", ("farming", "chenguang"))):
        i = registered(town, place_id=town.unit[place])
        page = browse("supervisor").text(ticked(town, [i]))
        units = re.findall(r'<option value="(\d+)"', page.split('name="owner_unit_id"')[1].split("</select>")[0])
        assert units[0] == str(town.unit[place])
        assert {str(town.unit[one]) for one in others} <= set(units[1:])
        people = page.split('name="owner_id"')[1].split("</select>")[0]
        groups = re.findall(r'<optgroup label="([^"]+)">(.*?)</optgroup>', people, re.S)
        assert [name for name, _ in groups] == [UNITS[one][0] for one in (place, *others)]
        workers = {PEOPLE[post][0] for post in ("staff", "colleague", "neighbour", "clerk", "everything")}
        assert {said for _, group in groups for said in re.findall(r">([^<]+)</option>", group)} == workers
    one = browse("supervisor").text(f"/tickets/{now(town, ids[0]).number}/assign")
    assert '<optgroup label="晨光村">' in one.split('name="owner_id"')[1].split("</select>")[0]


def test_a_double_click_assigns_once(town, browse):
    (i,) = many(town, 1)
    visitor = browse("supervisor")
    sent = visitor.form(ticked(town, [i]), ASSIGN) | {"owner_unit_id": str(town.unit["chenguang"])}
    answers = [visitor.client.post(ASSIGN, data=sent).text for _ in range(2)]
    assert all("1 ticket assigned" in text for text in answers)
    assert now(town, i).version == 2


def test_who_was_overtaken_on_one_ticket_assigns_the_others_and_is_told_which_and_why(town, browse):
    ids = many(town, 3)
    visitor = browse("supervisor")
    sent = visitor.form(ticked(town, ids), ASSIGN) | {"owner_unit_id": str(town.unit["chenguang"])}
    overtaken = TakeStep(
        ticket_id=ids[1],
        step="assign",
        version=1,
        occurred_on=today(town),
        values={"owner_unit_id": town.unit["farming"]},
    )
    town.do(overtaken, "official", clock.now())
    answer = visitor.client.post(ASSIGN, data=sent)
    check_page(answer.text)
    assert "2 tickets assigned" in answer.text
    assert "1 left as it was" in answer.text
    assert "Somebody changed this while you were writing." in answer.text
    assert now(town, ids[1]).owner_unit_id == town.unit["farming"]
    # The refused one can be ticked again, at the version in which it now stands.
    assert f'value="{ids[1]}.2"' in answer.text
    assert [now(town, i).owner_unit_id for i in (ids[0], ids[2])] == [town.unit["chenguang"]] * 2


def test_a_mistake_in_the_form_comes_back_with_all_that_was_typed_and_ticked(town, browse):
    ids = many(town, 3)
    visitor = browse("supervisor")
    sent = visitor.form(ticked(town, ids), ASSIGN)
    answer = visitor.client.post(ASSIGN, data=sent | {"owner_unit_id": "", "note": "请抓紧办理"})
    assert answer.status_code == 422
    check_page(answer.text)
    assert "请抓紧办理" in answer.text
    assert answer.text.count('name="ticket"') == 3
    early = sent | {"owner_unit_id": str(town.unit["farming"]), "due_on": "2020-01-01"}
    answer = visitor.client.post(ASSIGN, data=early)
    assert answer.status_code == 422
    assert "lies before the day found" in answer.text
    assert all(now(town, i).version == 1 for i in ids)


def test_tickets_that_cannot_be_seen_or_lie_elsewhere_are_not_assigned(town, browse):
    (here,) = many(town, 1)
    hidden = registered(town, by="everything", is_restricted=True, named_ids=(town.person["everything"],))
    house = town.do(plain_ticket(town, "house"), "supervisor", clock.now())[0].stream_id
    visitor = browse("supervisor")
    url = f"{ASSIGN}?ticket={here}.1&ticket={hidden}.1&ticket={house}.1&ticket=99999999.1&ticket=x"
    assert "3 of the chosen rows are not here." in visitor.text(url)
    sent = visitor.form(url, ASSIGN) | {"owner_unit_id": str(town.unit["chenguang"])}
    sent["ticket"] = [sent["ticket"], f"{hidden}.1", f"{house}.1"]
    answer = visitor.client.post(ASSIGN, data=sent)
    assert "1 ticket assigned" in answer.text
    assert now(town, hidden).version == now(town, house).version == 1


def test_nothing_ticked_says_what_to_do(browse):
    assert "No ticket is chosen" in browse("supervisor").text(ASSIGN)


def test_more_than_two_hundred_are_cut_and_it_is_said(town, browse):
    ids = many(town, 201)
    page = browse("supervisor").text(ASSIGN + "?" + "&".join(f"ticket={i}.1" for i in ids))
    assert "At most 200 tickets can be assigned at once." in page
    assert page.count('name="ticket"') == 200


# -- files --------------------------------------------------------------------------------------------
def test_a_list_goes_out_as_csv_with_the_same_rows_masked_and_says_who_took_it(town, browse):
    many(town, 60)
    registered(town, "东湖村的一件", place_id=town.unit["donghu"])
    hidden = registered(town, "举报某人的一件", is_restricted=True, named_ids=(town.person["supervisor"],))
    visitor = browse("supervisor")
    text = taken(visitor, "/registers/toilet/tickets.csv?sort=newest").decode("utf-8-sig")
    rows = [row for row in csv.reader(StringIO(text)) if row]
    titles = next(i for i, row in enumerate(rows) if row[0] == "Number")
    assert len(rows) - titles - 1 == 62
    assert "刘小云" not in text
    assert "举报某人的一件" not in text
    assert now(town, hidden).number in text
    assert ["Made by", "镇督办"] in rows
    log = accesses(town)
    assert (log.kind, log.data["count"], log.data["restricted"]) == ("exported", 62, [hidden])
    assert log.actor_id == town.person["supervisor"]


@pytest.mark.parametrize(("privacy", "leaves"), [(Privacy.PERSONAL, True), (Privacy.SENSITIVE, False)])
def test_a_sensitive_field_stays_out_of_a_file_even_masked(town, browse, privacy, leaves):
    toilet = town.house.register("toilet")
    household = replace(toilet.by_name["household"], is_listed=True, privacy=privacy)
    fields = tuple(household if f.name == "household" else f for f in toilet.fields)
    others = tuple(r for r in town.house.pack.registers if r is not toilet)
    town.house.pack = replace(town.house.pack, registers=(replace(toilet, fields=fields), *others))
    registered(town)
    text = taken(browse("supervisor"), "/registers/toilet/tickets.csv").decode()
    assert [words in text for words in (household.label["en"], "刘＊云")] == [leaves, leaves]


def test_a_file_holds_what_its_filters_and_its_reader_may_see(town, browse):
    here = now(town, registered(town)).number
    there = now(town, registered(town, "东湖村的一件", place_id=town.unit["donghu"])).number
    text = taken(browse("supervisor"), f"/registers/toilet/tickets.csv?place={town.unit['donghu']}").decode()
    assert there in text
    assert here not in text
    assert "东湖村" in text.splitlines()[2]
    text = taken(browse("staff"), "/registers/toilet/tickets.csv").decode()
    assert here in text
    assert there not in text


def test_a_list_goes_out_as_a_workbook_that_can_be_read_again(town, browse):
    number = now(town, registered(town, "=cmd|' /C calc'!A0 公式")).number
    with zipfile.ZipFile(BytesIO(taken(browse("auditor"), "/registers/toilet/tickets.xlsx"))) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
        shared = book.read("xl/sharedStrings.xml").decode() if "xl/sharedStrings.xml" in book.namelist() else ""
    assert number in sheet + shared
    assert "<f>" not in sheet


def test_only_files_of_known_kinds_and_registers_exist(browse):
    for url in ("/registers/toilet/tickets.pdf", "/registers/nothing/tickets.csv"):
        assert browse("supervisor").open(url).status_code == 404
    assert browse("administrator").open("/registers/toilet/tickets.csv").status_code == 404


def taken(visitor: Any, url: str) -> bytes:
    with visitor.open(url) as answer:
        assert answer.status_code == 200
        assert answer.headers["Content-Disposition"].startswith("attachment")
        return bytes(answer.data)


def accesses(town: Township) -> Event:
    """The latest entry of who took lists away."""
    with town.engine.connect() as conn:
        return list(store.read_stream(conn, StreamKind.ACCESS, 0))[-1]
