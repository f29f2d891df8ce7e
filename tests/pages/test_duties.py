"""Pages of what is owed: who stands how, who is left, an excuse; the first pages; the runs of the clockwork."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta

import pytest
from duty_town import DUTIES, TOWN, WALK
from flask import Flask
from pages.conftest import Browse
from sqlalchemy import Engine, select
from township import CHINA, Township, label

from tracker import clock, duty_words
from tracker.blueprints import duties
from tracker.domain.answering import Why
from tracker.domain.commands import EnterRecord
from tracker.domain.days import to_number
from tracker.domain.registers import Choice, Field, FieldType, Predicate
from tracker.jobs import let_go, run_duties, take_turn
from tracker.models.duties import DutyPeriodRow

DAY = timedelta(days=1)


@pytest.fixture
def town(app: Flask, engine: Engine):
    """The weekly duty alone: whatever day it is, the pages have room for it."""
    founded = Township.joined(engine, replace(TOWN, duties=DUTIES[:1]))
    app.extensions["house"] = founded.house
    yield founded
    founded.close()


def today() -> date:
    return clock.now().astimezone(CHINA).date()


def monday(weeks: int) -> date:
    """The Monday of this week, or of one so many weeks away."""
    return today() - today().weekday() * DAY + 7 * weeks * DAY


def open_since(town: Township, day: date) -> None:
    """The clockwork came by on that day, and comes by now."""
    run_duties(town.house, clock.now(), until=day)
    run_duties(town.house, clock.now())


def walk(town: Township, on: date, place: str = "chenguang") -> None:
    values = {"held_on": on, "place": town.unit[place], "remark": "巡查", "minutes": 30}
    town.do(EnterRecord(register="walk", values=values), "supervisor", clock.now())


def week_of(town: Township, start: date, place: str = "chenguang") -> str:
    """The address of the weekly period of this village that begins then."""
    row = DutyPeriodRow
    here = (row.duty == "weekly", row.starts == to_number(start), row.unit_id == town.unit[place])
    with town.engine.connect() as conn:
        return f"/duties/{conn.scalar(select(row.id).where(*here))}"


@pytest.mark.parametrize("locale", ["zh-Hans", "zh-Hant", "en"])
def test_the_pages_are_in_order_in_every_language_and_when_nothing_is_owed(town: Township, browse: Browse, locale: str):
    supervisor, admin = browse("supervisor", locale), browse("administrator", locale)
    supervisor.text("/duties")
    admin.text("/admin/jobs")
    open_since(town, monday(-3))
    walk(town, monday(-1))
    last = monday(-1)
    for url in (
        "/duties",
        f"/duties?duty=weekly&month={last:%Y-%m}",
        "/duties?month=x&duty=y",
        week_of(town, last),
        "/desk",
    ):
        supervisor.text(url)
    browse("staff", locale).text("/today")


def test_who_patrolled_is_done_and_who_did_not_is_left_and_missed(town: Township, browse: Browse):
    open_since(town, monday(-4))
    walk(town, monday(-2) + 3 * DAY)  # earlier, and it would be the late one of the week before as well
    month = monday(-2) + 6 * DAY
    page = browse("supervisor").text(f"/duties?duty=weekly&month={month:%Y-%m}")
    missed = week_of(town, monday(-3))
    done = week_of(town, monday(-2))
    assert done not in page
    assert "Done in time" in browse("supervisor").text(done)
    assert "Missed" in browse("supervisor").text(missed)
    assert "东湖村" in page
    assert "2 missed" in browse("supervisor").text("/desk")  # both villages, in that week
    entry = re.search(rf'<a href="{missed}">Missed</a>.*?</tr>', browse("auditor").text("/log?kind=missed"), re.S)
    assert entry is not None
    assert f"晨光村 {monday(-3)}" in entry[0]


def test_a_period_leads_to_what_counts_and_to_the_form_in_which_more_is_recorded(town: Township, browse: Browse):
    open_since(town, monday(-1))
    walk(town, today())
    page = browse("supervisor").text(week_of(town, monday(0)))
    assert re.search(r'<a class="line" href="/records/[^"]+"', page)
    owed = week_of(town, monday(0), "donghu")
    form = f"/registers/walk/records/new?place={town.unit['donghu']}"
    assert form in browse("neighbour").text(owed)
    assert "/records/new" not in browse("official").text(owed)  # who may only look


def test_the_form_of_a_duty_has_chosen_already_what_counts_for_it(town: Township, browse: Browse):
    weather = Field(
        "weather",
        FieldType.SELECT_ONE,
        label("weather"),
        choices=(Choice("wet", label("雨")), Choice("dry", label("晴"))),
    )
    dry = Predicate("dry", (("weather", "in", ("dry",)),))
    pack = replace(
        TOWN,
        records=(replace(WALK, fields=(*WALK.fields, weather)), *TOWN.records[1:]),
        duties=(replace(DUTIES[0], where=(dry,)),),
    )
    town.house.pack = pack
    open_since(town, monday(-1))
    supervisor = browse("supervisor")
    (form,) = re.findall(r'href="(/registers/walk/records/new[^"]+)"', supervisor.text(week_of(town, monday(0))))
    assert supervisor.form(form.replace("&amp;", "&"))["weather"] == "dry"
    assert not supervisor.form("/registers/walk/records/new")["weather"]


def test_many_units_stand_on_pages_of_their_own(town: Township, browse: Browse, monkeypatch: pytest.MonkeyPatch):
    open_since(town, monday(-2))
    monkeypatch.setattr(duties, "UNITS_SHOWN", 1)
    url = f"/duties?month={monday(-1) + 6 * DAY:%Y-%m}"
    first = browse("supervisor").text(url)
    assert "1 of 2 rows" in first
    (following,) = re.findall(r'href="(/duties\?[^"]+)" rel="next"', first)
    second = browse("supervisor").text(following.replace("&amp;", "&"))
    assert "1 of 2 rows" in second
    assert 'rel="first"' in second
    assert 'rel="next"' not in second


def test_the_desk_names_who_missed_twice_running_and_nobody_else(town: Township, browse: Browse):
    open_since(town, monday(-4))
    for week in (-4, -2):
        walk(town, monday(week) + 3 * DAY)  # 晨光村 goes every other week, 东湖村 never
    page = browse("supervisor").text("/desk")
    twice = re.findall(r'<a class="line" href="(/duties/\d+)"', page)
    last = max(week for week in (-2, -1) if "Missed" in browse("auditor").text(week_of(town, monday(week), "donghu")))
    assert twice == [week_of(town, monday(last), "donghu")]
    assert f"missed {5 + last} times running" in page


def test_staff_see_the_duties_of_their_own_village_on_their_list_of_today(town: Township, browse: Browse):
    open_since(town, monday(-2))
    page = browse("staff").text("/today")
    assert "weekly" in page
    assert "晨光村" in page
    assert "东湖村" not in page
    shown = browse("neighbour").open(week_of(town, monday(0)))
    assert shown.status_code == 404


def test_an_excuse_needs_a_reason_and_is_shown_apart(town: Township, browse: Browse):
    open_since(town, monday(-3))
    url = week_of(town, monday(-2))
    approver = browse("approver")
    answer = approver.send(url, f"{url}/say", act="excuse", reason=" ")
    assert answer.status_code == 422
    assert "to put right" in answer.text
    assert approver.send(url, f"{url}/say", act="excuse", reason="洪水封路").status_code == 303
    page = approver.text(url)
    assert "洪水封路" in page
    assert "Excused" in page
    with pytest.raises(LookupError):  # there is no form any more
        approver.form(url, f"{url}/say")
    with pytest.raises(LookupError):
        browse("staff").form(url, f"{url}/say")


def test_what_was_seen_meanwhile_changed_is_said(town: Township, browse: Browse):
    open_since(town, monday(-1))
    url = week_of(town, monday(0))
    approver = browse("approver")
    form = approver.form(url, f"{url}/say")
    walk(town, today())
    said = {"act": "excuse", "reason": "洪水"}
    assert approver.client.post(f"{url}/say", data=form | said).status_code == 409


def test_an_administrator_sees_the_runs_and_what_stopped_one(town: Township, browse: Browse):
    take_turn(town.house, "host/1", clock.now)
    page = browse("administrator").text("/admin/jobs")
    assert "host/1" in page
    let_go(town.engine, "host/1")
    assert "This process has ended" in browse("administrator").text("/admin/jobs")


# -- what a record counts for -------------------------------------------------------------------------
def recorded(browse: Browse, post: str, **told: object) -> str:
    """The page of the record right after it was saved."""
    visitor, url = browse(post), "/registers/walk/records/new"
    answer = visitor.send(url, url, **told)
    assert answer.status_code == 303, answer.text
    return visitor.text(answer.headers["Location"])


def test_right_after_saving_it_is_said_for_which_period_a_record_counts(town: Township, browse: Browse):
    open_since(town, monday(-3))
    page = recorded(browse, "staff", held_on=str(today()), remark="巡查")
    assert f'href="{week_of(town, monday(0))}">Counts for: weekly (晨光村)' in page
    beyond = recorded(browse, "staff", held_on=str(today()), remark="又一次")
    assert "Others had done it already" in beyond


def test_a_record_that_does_not_count_says_what_was_asked_for(town: Township, browse: Browse):
    asking = replace(DUTIES[0], at_least=(("minutes", 5),), has_nil_reports=False)
    town.house.pack = replace(TOWN, duties=(asking,))
    open_since(town, monday(-1))
    page = recorded(browse, "staff", held_on=str(today()), remark="巡查", minutes="4")
    assert "Does not count for: weekly (晨光村). minutes: 4, and at least 5 is asked for. (tests)" in page
    early = recorded(browse, "staff", held_on=str(monday(-9)), remark="巡查", minutes="30")
    assert "no period of the duty was open on that day" in early


def test_whoever_goes_on_to_the_next_record_reads_it_there(town: Township, browse: Browse):
    open_since(town, monday(-1))
    page = recorded(browse, "staff", held_on=str(today()), remark="巡查", then="next")
    assert "Counts for: weekly (晨光村)" in page


@pytest.mark.parametrize("locale", ["zh-Hans", "zh-Hant", "en"])
def test_every_reason_has_its_sentence(app: Flask, locale: str):
    with app.test_request_context(headers={"Accept-Language": locale}):
        said = [duty_words.reason(why, {}) for why in Why]
    assert len(set(said)) == len(Why)


# -- notices ------------------------------------------------------------------------------------------
def missed_until_last_week(town: Township, weeks: int) -> None:
    """So many weeks were missed, and last week, which on some days is still open, was not."""
    open_since(town, monday(-1 - weeks))
    for place in ("chenguang", "donghu"):
        walk(town, monday(-1) + 3 * DAY, place)


def missed_weeks(page: str) -> list[str]:
    """Addresses of what stands on a first page as missed."""
    return re.findall(r'<a class="line" href="(/duties/\d+)"[^>]*>(?:(?!</a>).)*(?:Missed|times running)', page, re.S)


def test_what_was_missed_stands_before_who_owed_it_until_they_say_why(town: Township, browse: Browse):
    missed_until_last_week(town, 2)
    staff = browse("staff")
    first, second = week_of(town, monday(-3)), week_of(town, monday(-2))
    page = staff.text("/today")
    assert missed_weeks(page) == [second]  # stands for the one before
    assert "missed 2 times running" in page
    page = staff.text(first)
    assert "Missed since" in page
    assert "say why, or ask to be excused" in page
    assert 'value="excuse"' not in page
    empty = staff.send(second, f"{second}/say", act="owner", reason=" ")
    assert empty.status_code == 422
    assert "to put right" in empty.text
    assert staff.send(second, f"{second}/say", act="owner", reason="村主任住院，请予免除").status_code == 303
    assert missed_weeks(staff.text("/today")) == []
    approver = browse("approver")
    assert "村主任住院，请予免除" in approver.text(second)
    assert approver.send(second, f"{second}/say", act="excuse", reason="洪水封路").status_code == 303
    assert missed_weeks(staff.text("/today")) == [first]  # of which nobody has spoken
    assert approver.send(first, f"{first}/say", act="excuse", reason="洪水封路").status_code == 303
    assert missed_weeks(staff.text("/today")) == []


def test_a_record_that_comes_late_ends_the_notice_too(town: Township, browse: Browse):
    missed_until_last_week(town, 1)
    assert len(missed_weeks(browse("staff").text("/today"))) == 1
    walk(town, monday(-2))
    assert missed_weeks(browse("staff").text("/today")) == []


def test_twice_running_is_a_notice_to_the_lead_official_who_reads_and_is_done_with_it(town: Township, browse: Browse):
    missed_until_last_week(town, 2)
    walk(town, monday(-2) + 3 * DAY, "donghu")  # who missed one only
    official = browse("official")
    url = week_of(town, monday(-2))
    assert missed_weeks(official.text("/desk")) == [url]
    page = official.text(url)
    assert "2 times running." in page
    form = official.form(url, f"{url}/say") | {"act": "lead"}
    assert 'value="owner"' not in page
    assert browse("staff").send(url, f"{url}/say", act="owner", reason="忘了").status_code == 303
    assert official.client.post(f"{url}/say", data=form).status_code == 409  # the village wrote meanwhile
    assert official.send(url, f"{url}/say", act="lead").status_code == 303
    assert missed_weeks(official.text("/desk")) == []
    assert "has read it." in official.text(url)


def test_a_notice_is_answered_by_whom_it_is_for(town: Township, browse: Browse):
    missed_until_last_week(town, 2)
    url = week_of(town, monday(-2))
    staff = browse("staff")
    assert staff.send(url, f"{url}/say", act="lead").status_code == 404
    assert staff.send(url, f"{url}/say", act="nothing").status_code == 400
    assert 'value="owner"' not in browse("approver").text(url)
    with pytest.raises(LookupError):
        browse("auditor").form(url, f"{url}/say")
    other = browse("neighbour")
    theirs = other.form(week_of(town, monday(-2), "donghu"))
    assert other.client.post(f"{url}/say", data=theirs | {"act": "owner", "reason": "忘了"}).status_code == 404


def test_what_ends_soon_leads_to_its_form_at_once(town: Township, browse: Browse):
    asking = replace(DUTIES[0], where=(Predicate("", (("kind", "in", ("dry",)),)),))
    town.house.pack = replace(TOWN, duties=(asking,))
    open_since(town, monday(-1))
    page = browse("staff").text("/today")
    form = f"/registers/walk/records/new?place={town.unit['chenguang']}&amp;duty=weekly"
    assert f'<a class="button" href="{form}">' in page
