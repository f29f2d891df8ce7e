"""Pages of activities, subjects and statistics: lists, forms, one record, what gives rise to what."""

from __future__ import annotations

import re
from dataclasses import replace
from io import BytesIO
from typing import Any
from urllib.parse import quote, unquote

import pytest
from page_checks import check_page
from pages.conftest import Browse, Visitor, form_values
from PIL import Image
from records import RECORDS, meeting
from township import PLAIN_VALUES, Township, at, label

from tracker import clock
from tracker.domain.commands import AmendRecord, ChangeState, EnterRecord, VoidRecord
from tracker.domain.figures import Counting, FigureSpec, Grouping, ReportSpec, Term
from tracker.domain.record import Record
from tracker.domain.registers import Choice
from tracker.handler import Request, handle_all
from tracker.queries import records

LIST = "/registers/meeting/records"
NEW = "/registers/meeting/records/new"


@pytest.fixture
def town_pack():
    return RECORDS


def enter(town: Township, register: str, by: str = "staff", **values: Any) -> int:
    values = {"place": town.unit["chenguang"], **values}
    return town.do(EnterRecord(register=register, values=values), by, at("2023-06-01"))[0].stream_id


def hold(town: Township, on: str = "2023-05-10", **more: Any) -> int:
    return enter(town, "meeting", **meeting(town.unit["chenguang"], on), **more)


def member(town: Township, **more: Any) -> int:
    return enter(town, "member", opened_on="2023-05-01", name="刘小云", **more)


def now(town: Township, record_id: int) -> Record:
    with town.engine.connect() as conn:
        found = records.record_at(conn, record_id)
    assert found is not None
    return found


def page_of(town: Township, record_id: int, *more: str) -> str:
    return "/".join(("/records", quote(now(town, record_id).number), *more))


def numbers(page: str) -> list[str]:
    return re.findall(r'class="serial" href="/records/[^"]+">([^<]+)<', page)


def taken(visitor: Visitor, url: str) -> bytes:
    with visitor.open(url) as answer:
        return answer.data


def picture() -> tuple[BytesIO, str]:
    data = BytesIO()
    Image.new("RGB", (40, 30), "white").save(data, "JPEG")
    return BytesIO(data.getvalue()), "meeting.jpg"


# -- lists --------------------------------------------------------------------------------------------
def test_registers_stand_by_kind_with_their_numbers(town, browse):
    hold(town)
    member(town)
    page = browse("supervisor").text("/registers")
    for kind in ("Tickets", "Activities", "Subjects", "Statistics"):
        assert kind in page
    assert 'href="/registers/meeting/records">1</a>' in page
    assert "/registers/harvest/records/new" in page
    assert "/records/new" not in browse("auditor").text("/registers")


def test_an_empty_register_says_that_this_is_no_zero_report(browse):
    page = browse("supervisor").text(LIST)
    assert "No record yet" in page
    assert "An empty register is no zero report" in page
    assert "an entry of its own" in page
    assert "the import page has a template" in page
    assert "import page" not in browse("auditor").text(LIST)


def test_a_list_is_read_page_by_page_the_newest_first(town, browse):
    place, actor = town.unit["chenguang"], town.person["staff"]
    days = [f"2023-{1 + i % 5:02}-{1 + i % 7:02}" for i in range(120)]
    held = (EnterRecord(register="meeting", values=meeting(place, day)) for day in days)
    handle_all(town.house, [Request(command, actor, at("2023-06-01")) for command in held])
    visitor, url, seen = browse("supervisor"), LIST, []
    for _ in range(3):
        page = visitor.text(url)
        seen += re.findall(r'<time class="whole" datetime="([^"]+)">', page)
        following = re.search(r'href="([^"]+)" rel="next"', page)
        url = following.group(1).replace("&amp;", "&") if following else None
    assert url is None
    assert seen == sorted(days, reverse=True)


def test_views_and_filters_narrow_a_list(town, browse):
    found = hold(town, nothing_found=False)
    nil = hold(town, "2023-04-10", nothing_found=True)
    gone = hold(town, "2023-04-11")
    town.do(VoidRecord(record_id=gone, version=1, reason="误登"), "supervisor", at("2023-06-02"))
    elsewhere = enter(town, "meeting", "neighbour", **meeting(town.unit["donghu"], "2022-12-31"))
    visitor, number = browse("supervisor"), {i: now(town, i).number for i in (found, nil, gone, elsewhere)}

    def listed(query: str) -> list[str]:
        return numbers(visitor.text(f"{LIST}?{query}"))

    assert listed("") == [number[found], number[nil], number[elsewhere]]
    assert listed("view=nil") == [number[nil]]
    assert listed("view=found") == [number[found], number[elsewhere]]
    assert listed("view=void") == [number[gone]]
    assert listed(f"unit={town.unit['donghu']}") == [number[elsewhere]]
    assert listed("year=2023&month=4") == [number[nil]]
    assert listed("year=2022") == [number[elsewhere]]
    assert "Nothing fits all these filters" in visitor.text(f"{LIST}?year=2021")
    assert listed("year=x&month=13&unit=999&view=none&after=no") == listed("")
    assert numbers(browse("neighbour").text(LIST)) == [number[elsewhere]]


def test_subjects_are_listed_by_state_with_names_masked(town, browse):
    first, second = member(town, persons=4), member(town)
    town.do(
        ChangeState(record_id=second, version=1, state="enrolled", occurred_on=at("2023-05-20").date()),
        "staff",
        at("2023-06-02"),
    )
    visitor = browse("supervisor")
    assert numbers(visitor.text("/registers/member/records?state=enrolled")) == [now(town, second).number]
    assert numbers(visitor.text("/registers/member/records?state=clue")) == [now(town, first).number]
    assert "刘小云" not in visitor.text("/registers/member/records")


def test_a_list_is_taken_away_with_the_headings_of_the_register(town, browse):
    pair = member(town, persons=4)
    hold(town, member=pair, leaflets=88)
    visitor = browse("supervisor")
    meetings = taken(visitor, f"{LIST}.csv").decode()
    assert "日期,村,内容,themes,资料,党员,零报告" in meetings
    assert f"2023-05-10,晨光村,屋场恳谈,,88,{now(town, pair).number}," in meetings
    members = taken(visitor, "/registers/member/records.csv").decode()
    assert "刘小云" not in members
    assert "线索" in members
    assert taken(visitor, f"{LIST}.xlsx")[:2] == b"PK"
    assert "Exported" in visitor.text("/log")


# -- recording ----------------------------------------------------------------------------------------
def test_a_meeting_is_recorded_by_form_with_a_photograph(town, browse):
    visitor = browse("staff")
    typed = visitor.form(NEW)
    assert typed["place"] == str(town.unit["chenguang"])
    answer = visitor.send(NEW, topic="听取群众意见", leaflets="88", photos=picture())
    assert answer.status_code == 303
    page = visitor.text(answer.headers["Location"])
    for said in ("is recorded", "听取群众意见", "88", "meeting.jpg"):
        assert said in page
    again = visitor.client.post(NEW, data=typed | {"topic": "听取群众意见"})
    twice = visitor.client.post(NEW, data=typed | {"topic": "听取群众意见"})
    assert again.headers["Location"] == twice.headers["Location"]


def test_one_press_reports_that_nothing_was_found(town, browse):
    answer = browse("staff").send(NEW, then="nil")
    with town.engine.connect() as conn:
        number = unquote(answer.headers["Location"]).rpartition("/")[2]
        viewer_id = conn.scalar(records.select(records.R.id).where(records.R.number == number))
    fields = now(town, viewer_id).fields
    assert fields["nothing_found"] is True
    assert fields["topic"] == "零报告"


def test_a_refused_form_keeps_every_word_and_every_photograph(town, browse):
    visitor = browse("staff")
    answer = visitor.send(NEW, topic="听取意见", held_on="2199-01-01", member="员-2023-0099", photos=picture())
    assert answer.status_code == 422
    check_page(answer.text)
    for kept in ("听取意见", "2199-01-01", "meeting.jpg", "is not known here"):
        assert kept in answer.text
    day = clock.now().date().isoformat()
    assert visitor.client.post(NEW, data=form_values(answer.text) | {"held_on": day, "member": ""}).status_code == 303


def test_a_link_is_chosen_or_typed_and_leads_there_and_back(town, browse):
    pair = member(town)
    visitor, number = browse("staff"), now(town, pair).number
    assert f'value="{number}"' in visitor.text(NEW)
    answer = visitor.send(f"{NEW}?from={quote(number)}", topic="走访")
    assert answer.status_code == 303, answer.text
    there = visitor.text(answer.headers["Location"])
    assert f'href="{page_of(town, pair)}"' in there
    assert f"Back to {number}" in there
    assert answer.headers["Location"].partition("?")[0] in visitor.text(page_of(town, pair))
    assert "走访" in visitor.text(page_of(town, pair, "linked", "meeting"))
    theirs = browse("neighbour").send(NEW, topic="走访", member=number)
    assert theirs.status_code == 422


def test_a_meeting_gives_rise_to_a_ticket_that_names_it(town, browse):
    held = hold(town)
    visitor, number = browse("staff"), now(town, held).number
    url = f"/registers/toilet/tickets/new?from={quote(number)}"
    assert url in visitor.text(page_of(town, held))
    form = visitor.form(url)
    assert (form["meeting"], form["found_on"], form["place"]) == (number, "2023-05-10", str(town.unit["chenguang"]))
    answer = visitor.client.post("/registers/toilet/tickets/new", data=form | PLAIN_VALUES["toilet"])
    assert f'href="{page_of(town, held)}"' in visitor.text(answer.headers["Location"])
    assert "化粪池破损渗漏" in visitor.text(page_of(town, held))


def test_what_a_number_stands_for_is_said_beside_it(town, browse):
    held, untitled = hold(town), hold(town, member=member(town))
    report = {"meeting": now(town, held).number, "place": str(town.unit["chenguang"])}
    visitor = browse("staff")
    told = visitor.send("/registers/toilet/tickets/new", **PLAIN_VALUES["toilet"] | report).headers["Location"]
    assert re.search(rf"{report['meeting']}</a> 屋场恳谈", visitor.text(told))
    of_untitled = now(town, now(town, untitled).fields["member"]).number
    assert re.search(rf"{of_untitled}</a> 晨光村", visitor.text(page_of(town, untitled)))


def test_the_next_one_begins_from_the_same_record(town, browse):
    visitor, number = browse("staff"), now(town, member(town)).number
    answer = visitor.send(f"{NEW}?from={quote(number)}", topic="走访", then="next")
    assert answer.status_code == 303
    assert visitor.form(answer.headers["Location"])["member"] == number


# -- one record ---------------------------------------------------------------------------------------
def test_a_correction_changes_what_was_typed_and_nothing_else(town, browse):
    pair = member(town, persons=4)
    visitor, url = browse("staff"), page_of(town, pair, "amend")
    assert visitor.send(url, persons="5").status_code == 422
    assert visitor.send(url, persons="5", reason="点错").status_code == 303
    after = now(town, pair)
    assert (after.fields["persons"], after.version, list(after.private)) == (5, 2, ["name"])
    assert "点错" in visitor.text(page_of(town, pair))


def test_a_photograph_that_comes_later_is_added_with_its_reason(town, browse):
    held = hold(town)
    visitor = browse("staff")
    assert visitor.send(page_of(town, held, "amend"), reason="补传照片", photos=picture()).status_code == 303
    assert [e.kind for e in now(town, held).evidence] == ["photo"]
    assert "meeting.jpg" in visitor.text(page_of(town, held))


def test_who_was_slower_sees_what_happened_and_may_send_on_top_of_it(town, browse):
    held = hold(town)
    visitor, url = browse("supervisor"), page_of(town, held, "amend")
    form = visitor.form(url) | {"topic": "另一个内容", "reason": "写错"}
    town.do(
        AmendRecord(record_id=held, version=1, changes={"leaflets": 7}, reason="漏记"), "supervisor", at("2023-06-02")
    )
    answer = visitor.client.post(url, data=form)
    assert answer.status_code == 409
    check_page(answer.text)
    assert "漏记" in answer.text
    assert visitor.client.post(url, data=form_values(answer.text)).status_code == 303
    after = now(town, held).fields
    assert (after["topic"], after["leaflets"]) == ("另一个内容", 7)


def test_a_voided_record_is_listed_apart_and_takes_nothing_more(town, browse):
    held = hold(town)
    visitor = browse("supervisor")
    assert visitor.send(page_of(town, held, "void"), reason="误登").status_code == 303
    assert "Voided: 误登" in visitor.text(page_of(town, held))
    assert visitor.open(page_of(town, held, "amend")).status_code == 303


def test_a_subject_goes_from_state_to_state_with_what_is_needed(town, browse):
    pair = member(town)
    visitor, url = browse("staff"), page_of(town, pair, "state")
    assert "在册" in visitor.text(url)
    assert "消除" not in visitor.text(url)
    assert visitor.send(f"{url}?to=enrolled").status_code == 303
    assert visitor.send(f"{url}?to=cleared").status_code == 422
    assert visitor.send(f"{url}?to=cleared", reason="已稳定", note="入户核实").status_code == 303
    page = visitor.text(page_of(town, pair))
    assert now(town, pair).state == "cleared"
    assert all(said in page for said in ("线索", "在册", "消除", "入户核实"))


def test_a_least_names_those_who_hold_it_down(town, browse):
    busy, idle = member(town), member(town)
    for _ in range(2):
        hold(town, member=busy)
    held = Term("by.member", Counting.FLOW)
    least = FigureSpec(
        id="least",
        label=label("最少"),
        register="meeting",
        measure=label("场"),
        shows="count",
        numerator=(held,),
        denominator=(),
        exclusions=(),
        definition=label("每名党员"),
        source=label("tests"),
        grouping=Grouping.LEAST,
        among=(Term("live.by.self", register="member"),),
    )
    report = ReportSpec("annual", label("年报"), ((label("一"), ("least",)),))
    town.house.pack = replace(RECORDS, figures=(least,), reports=(report,))
    page = browse("supervisor").text("/figures/least?effective=2023-12-05")
    found = re.search(r">Fewest .*?</section>", page, re.S)
    assert found
    named = re.findall(r'href="([^"]+)"[^>]*>\s*<span class="line__name">[^<]+</span><span>(\d)<', found[0])
    assert named == [(page_of(town, idle), "0"), (page_of(town, busy), "2")]


def test_a_statistic_is_reported_stage_by_stage(town, browse):
    visitor = browse("staff")
    new, values = "/registers/harvest/records/new", {"year": "2023", "value": "1765", "stage": "estimate"}
    address = visitor.send(new, **values).headers["Location"]
    assert visitor.send(new, **values).status_code in (409, 422)
    assert visitor.send(f"{address}/report", value="1675.5").status_code == 303
    page = visitor.text(address)
    assert "1,765" in page
    assert "1,675.5" in page


def test_the_values_behind_a_figure_say_their_choice_in_words_and_their_sum_in_its_measure(app, engine, browse):
    harvest = RECORDS.record_by_name["harvest"]
    stage = replace(harvest.by_name["stage"], choices=(Choice("estimate", label("初步估产")),))
    fields = tuple(stage if field.name == "stage" else field for field in harvest.fields)
    harvest = replace(harvest, fields=fields, summary_field="stage")
    terms = ((Term("value"),), (), ())
    sum_of = FigureSpec("grain", label("粮食"), "harvest", label("吨"), "sum", *terms, {}, "tests", scale=100)
    report = ReportSpec("annual", label("年报"), ((label("农业"), ("grain",)),))
    pack = replace(RECORDS, records=(*RECORDS.records[:2], harvest), figures=(sum_of,), reports=(report,))
    town = Township.joined(engine, pack)
    app.extensions["house"] = town.house
    enter(town, "harvest", year="2023", value="1765.5", stage="estimate", reported_on="2023-06-01")
    page = browse("supervisor").text("/figures/grain?effective=2023-12-05")
    assert "1,765.5" in page
    assert "176,550" not in page
    assert "初步估产" in page
    assert "estimate" not in page
    town.close()


def test_private_values_are_shown_for_a_reason_that_stands_in_the_log(town, browse):
    pair = member(town)
    visitor, url = browse("staff"), page_of(town, pair)
    assert "刘小云" not in visitor.text(url)
    assert visitor.send(url, action=f"{url}/reveal", reason="").status_code == 422
    shown = visitor.send(url, action=f"{url}/reveal", reason="电话核实", names="name")
    check_page(shown.text)
    assert "刘小云" in shown.text
    assert town.engine.connect().exec_driver_sql("SELECT count(*) FROM events WHERE kind = 'revealed'").scalar() == 1


@pytest.mark.parametrize("locale", ["zh-Hans", "zh-Hant"])
def test_pages_stand_in_the_languages_of_the_office(town, browse: Browse, locale: str):
    held, pair = hold(town), member(town)
    visitor = browse("supervisor", locale)
    for url in ("/registers", LIST, NEW, page_of(town, held), page_of(town, pair), page_of(town, pair, "state")):
        assert f'lang="{locale}"' in visitor.text(url)


def test_a_number_opens_its_record_with_either_prefix(town, browse):
    number = now(town, hold(town)).number
    visitor = browse("supervisor")
    for typed in (number, f"wch-{number.partition('-')[2]}"):
        assert unquote(visitor.open(f"/search?q={quote(typed)}").headers["Location"]) == f"/records/{number}"
    assert numbers(visitor.text("/search?q=1")) == [number]


def test_the_log_leads_to_the_record_and_covers_it_for_others(town, browse):
    held = hold(town)
    assert f'href="{page_of(town, held)}"' in browse("auditor").text("/log")
    page = browse("administrator").text("/log")
    assert "This entry is about a record that you may not see" in page
    assert now(town, held).number not in page


# -- what a linked record settles ---------------------------------------------------------------------
def test_a_form_takes_the_village_from_the_record_that_was_chosen(town: Township, browse: Browse):
    fields = tuple(replace(f, settles=("place",)) if f.name == "member" else f for f in RECORDS.records[0].fields)
    settling = replace(RECORDS.records[0], fields=fields)
    town.house.pack = replace(RECORDS, records=(settling, *RECORDS.records[1:]))
    chosen = now(town, member(town)).number
    supervisor = browse("supervisor")
    assert "Left empty, it is taken from the record chosen here." in supervisor.text(NEW)
    typed = {"held_on": "2023-05-10", "topic": "屋场恳谈", "member": chosen}
    wrong = supervisor.send(NEW, place=str(town.unit["donghu"]), **typed)
    assert wrong.status_code == 422
    check_page(wrong.text)
    assert re.search(r'id="place-error".*?says otherwise', wrong.text, re.S)
    sent = supervisor.send(NEW, place="", **typed)
    assert sent.status_code == 303
    assert "晨光村" in supervisor.text(sent.headers["Location"])
    none = supervisor.send(NEW, place="", **(typed | {"member": ""}))
    assert none.status_code == 422
    assert re.search(r'id="place-error".*?has to be filled in', none.text, re.S)


def test_a_ticket_takes_its_village_from_the_record_that_was_chosen(town: Township, browse: Browse):
    toilet = RECORDS.registers[0]
    fields = tuple(replace(f, settles=("place",)) if f.name == "meeting" else f for f in toilet.fields)
    town.house.pack = replace(RECORDS, registers=(replace(toilet, fields=fields), *RECORDS.registers[1:]))
    url, chosen = "/registers/toilet/tickets/new", now(town, hold(town)).number
    told = {**PLAIN_VALUES["toilet"], "found_on": "2023-05-10", "meeting": chosen}
    sent = browse("supervisor").send(url, place="", **told)
    assert sent.status_code == 303, sent.text
    assert "晨光村" in browse("supervisor").text(sent.headers["Location"])
