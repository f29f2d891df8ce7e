"""The demonstration year as it is told, before any database: its totals are those of the tables in registers.md §11.

The figures that come out of it are asked in tests/handling/test_report_of_2023.py, on a database of each system.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from figures.told_year import Tale, Year, told_year

from tracker.packs.calendar import work_calendar
from tracker.packs.demo.story import BEGIN, END, Deed, StoryKey, is_festival

DAILY = {"river_patrol", "straw_burning_patrol", "accident"}  # patrols and nil reports, also on festivals


@pytest.fixture(scope="module")
def year() -> Year:
    return told_year()


# -- the tables ---------------------------------------------------------------------------------------
Rows = Mapping[str, Callable[[Year], list[Tale]]]
BY_VILLAGE: Rows = {
    "meetings to 11-30": lambda y: y.meetings(),
    "… theme law": lambda y: y.meetings("law"),
    "… theme congress": lambda y: y.meetings("congress"),
    "opinions": lambda y: y.raised("courtyard_opinion"),
    "problems": lambda y: y.raised("courtyard_problem"),
    "problem toilets": Year.toilets,
    "toilets built": lambda y: [t for t in y.of("toilet_build") if t.day_of("accepted")],
    "dangerous houses": Year.houses,
    "watch households": Year.enrolled,
    "… persons": Year.enrolled,
    "subsidy persons": Year.students,
    "disputes, judicial, settled": Year.settled,
    "disputes, centre, accepted": Year.accepted,
    "petitions": Year.petitions,
    "welfare posts": Year.posts_open,
    "cultivated land 亩": lambda y: y.statistic("cultivated_land"),
    "restored land 亩": lambda y: y.statistic("restored_land"),
    "grain 吨": lambda y: y.statistic("grain"),
    "vegetables 吨": lambda y: y.statistic("vegetables"),
}
SUMS = {"… persons": "persons_at_enrolment"} | dict.fromkeys(
    ["cultivated land 亩", "restored land 亩", "grain 吨", "vegetables 吨"], "value"
)
BY_MONTH: Rows = {
    "meetings held (those of December lie after the cut-off)": lambda y: y.meetings(until=date.max),
    "… theme law": lambda y: y.meetings("law", until=date.max),
    "… theme congress": lambda y: y.meetings("congress", until=date.max),
    "toilets, last closing": Year.toilets,
    "toilets built, accepted": lambda y: [t for t in y.of("toilet_build") if t.day_of("accepted")],
    "disputes, judicial, settled": Year.settled,
    "disputes, centre, accepted": Year.accepted,
    "petitions received": Year.petitions,
    "lectures by the leadership": lambda y: y.of("party_lecture", lecturer_level="leadership"),
    "safety inspections": lambda y: y.of("safety_inspection"),
    "safety campaigns": lambda y: y.of("safety_publicity"),
}
MONTH_OF = {
    "toilets, last closing": "verify",
    "disputes, judicial, settled": "verify",
    "toilets built, accepted": "accepted",
}


@pytest.fixture(scope="module")
def chapter(shared_dir: Path) -> str:
    text = (shared_dir / "registers.md").read_text(encoding="utf-8")
    return text[text.index("### 11.1") : text.index("### 11.3")]


def rows_of(chapter: str, heading: str, names: Rows) -> Iterator[tuple[str, list[int]]]:
    """The named rows of the table under the heading, without their sums."""
    part = chapter[chapter.index(heading) :].split("\n###", 1)[0]
    for line in part.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if cells[0] in names:
            yield cells[0], [int(re.sub(r"\D", "", cell)) for cell in cells[1:-1]]


def test_every_total_by_village_is_that_of_the_table(year: Year, chapter: str):
    told = dict(rows_of(chapter, "### 11.1", BY_VILLAGE))
    assert told.keys() == BY_VILLAGE.keys()
    for name, expected in told.items():
        counts: Counter[str] = Counter()
        for tale in BY_VILLAGE[name](year):
            counts[tale.village] += int(tale.values[SUMS[name]]) if name in SUMS else 1
        assert [counts[village] for village in year.villages] == expected, name


def test_every_total_by_month_is_that_of_the_table(year: Year, chapter: str):
    told = dict(rows_of(chapter, "### 11.2", BY_MONTH))
    assert told.keys() == BY_MONTH.keys()
    for name, expected in told.items():
        months: Counter[int] = Counter()
        for tale in BY_MONTH[name](year):
            on = tale.day_of(MONTH_OF[name]) if name in MONTH_OF else tale.first.on
            assert on is not None, tale
            months[on.month] += 1
        assert [months[n] for n in range(1, 13)] == expected, name


# -- each register (registers.md §11.3) ---------------------------------------------------------------
RECORDS = {
    "toilet_survey": 199,
    "toilet": 640 - 258,  # those of the toilets built are opened by their acceptance
    "toilet_build": 266,
    "house": 412,
    "house_inspection": 17,
    "petition": 22,
    "dispute": 154,
    "courtyard_meeting": 116,
    "courtyard_problem": 32,
    "courtyard_opinion": 27,
    "monitored_household": 13,
    "household_problem": 19,
    "household_visit": 65,
    "river_section": 6,
    "river_patrol": 365,
    "river_problem": 9,
    "straw_burning_patrol": 1084,
    "straw_fire": 1,
    "safety_inspection": 16,
    "premises_check": 176,
    "premises": 88,
    "safety_hazard": 33,
    "safety_publicity": 7,
    "accident": 121,
    "party_lecture": 45,
    "study": 14,
    "party_day": 121,
    "practice_activity": 279,
    "party_member": 78,
    "member_household": 360,
    "member_visit": 1050,
    "student": 50,
    "subsidy": 53,
    "welfare_post": 37,
    "project_task": 21,
    "statistic": 70,
    "integrity_site": 1,
    "publicity_posting": 5,
}


def test_every_register_has_as_many_as_were_agreed(year: Year):
    assert {register: len(tales) for register, tales in year.all.items()} == RECORDS


def counted(tales: list[Tale], name: str) -> dict[Any, int]:
    return dict(Counter(tale.values.get(name) for tale in tales))


def test_courtyard_problems_and_opinions_add_up(year: Year):
    assert counted(year.raised("courtyard_problem"), "disposition") == {"on_spot": 9, "dated": 15, "passed_on": 4}
    assert counted(year.raised("courtyard_opinion"), "outcome") == {
        "adopted": 14,
        "partly": 5,
        "not_adopted": 4,
        "noted": 2,
    }
    owners = Counter(
        act.values["owner_unit_id"].name in year.villages
        for tale in year.raised("courtyard_problem")
        for act in tale.acts
        if act.what == "assign"
    )
    assert owners == {True: 19, False: 9}


def test_problem_toilets_add_up(year: Year):
    assert counted(year.toilets(), "rectification") == {"on_spot": 74, "dated": 68, "planned": 45}
    assert counted(year.toilets(), "outcome") == {"fixed": 183, "rebuilt": 4}
    steps = ("reject", "grant_extension", "refuse_extension")
    assert [sum(1 for t in year.toilets() if t.day_of(step)) for step in steps] == [9, 6, 1]
    gone = [tale for tale in year.all["toilet_survey"] if tale.is_gone]
    assert Counter("void" if tale.day_of("void") else "merge" for tale in gone) == {"merge": 4, "void": 2}
    later = [tale for tale in year.of("toilet_survey") if tale.first.on.year == 2023]
    assert counted(later, "outcome") == {"fixed": 4, None: 2}


def test_houses_and_those_who_live_in_them_add_up(year: Year):
    houses = year.houses()
    assert counted(houses, "grade") == {"C": 9, "D": 4}
    assert sum(int(tale.values["persons"]) for tale in houses) == 27
    disposed = {"reinforced": 6, "rebuilt": 1, "demolished": 3, "sealed": 1, None: 2}
    assert counted(houses, "building_how") == disposed
    assert counted(year.of("house_inspection"), "outcome") == {
        "fixed": 11,
        "not_established": 2,
        "regraded": 1,
        None: 2,
    }


def test_petitions_add_up(year: Year):
    petitions = year.petitions()
    assert counted(petitions, "class") == {"plea": 13, "suggestion": 2, "inquiry": 2, "report": 1}
    assert counted(petitions, "repeat") == {"first": 17, "repeat": 1}
    assert counted(petitions, "evaluation") == {"very": 5, "yes": 6, "basic": 3, None: 4}
    owners = Counter(a.values["owner_unit_id"].name for t in petitions for a in t.acts if a.what == "assign")
    assert sorted(owners.values()) == [1, 2, 3, 4, 8]
    assert owners["纪委"] == 1


def test_files_toilets_built_and_posts_add_up_by_their_states(year: Year):
    def states(register: str, place: int = -1) -> Counter[str]:
        return Counter(tale.states[place] for tale in year.of(register))

    assert states("toilet_build") == {"paid": 231, "accepted": 27, "building": 5, "finished": 2, "withdrawn": 1}
    assert counted(year.of("toilet"), "origin") == {"survey": 187 + 6 + 189}
    assert states("welfare_post") == {"filled": 34, "vacant": 1, "ended": 1, "": 1}


def test_plans_problems_of_households_premises_and_study_add_up(year: Year):
    assert counted(year.of("project_task"), "plan_year") == {2023: 12, 2024: 9}
    assert counted(year.of("household_problem"), "outcome") == {"fixed": 16, "not_established": 1, None: 2}
    assert counted(year.of("premises"), "key") == {True: 9, False: 79}
    assert counted(year.of("safety_hazard"), "fixed_on_spot") == {True: 31, False: 2}
    assert counted(year.of("study"), "kind") == {"meeting": 11, "books": 3}
    assert [tale.values["copies"] for tale in year.of("study", kind="books")] == [118, 120, 80]
    assert counted(year.of("party_member"), "exempt") == {"none": 64, "old": 8, "away": 4, "ill": 2}
    values = [act for tale in year.of("statistic") for act in tale.acts if act.deed in (Deed.ENTER, Deed.REPORT)]
    assert len(values) == 120


def test_leaflets_of_the_law_meetings_follow_their_rule(year: Year):
    law = sorted(year.meetings("law"), key=lambda tale: (tale.first.on, tale.village))
    assert [tale.values["leaflets"] for tale in law] == [88 + 37 * i % 7 for i in range(58)]
    assert sum(tale.values["leaflets"] for tale in law) == 5274


def test_disputes_add_up_over_their_two_organs(year: Year):
    everything = counted(year.of("dispute"), "outcome")
    assert everything == {"settled": 118 + 25, "failed_told": 2, "withdrawn": 1, "handed_over": 1, None: 3 + 2}
    both = [tale for tale in year.accepted() if tale.values.get("handled_by") == "judicial_office"]
    assert len(both) == 2
    numbered = sorted(year.all["dispute"], key=lambda tale: tale.first.at)
    assert [n for n, tale in enumerate(numbered, 1) if tale in both] == [58, 77]


def test_patrols_are_nil_reports_but_for_what_they_found(year: Year):
    assert counted(year.of("river_patrol"), "nothing_found") == {True: 356, False: 9}
    assert counted(year.of("straw_burning_patrol"), "nothing_found") == {True: 1083, False: 1}
    assert counted(year.of("accident"), "nothing_found") == {True: 121}
    assert counted(year.of("river_problem"), "category") == {"cleaning": 6, "sign": 2, "occupy": 1}
    weeks = Counter(
        (tale.village, tale.first.on.isocalendar().week)
        for tale in year.of("river_patrol", level="village")
        if tale.first.on <= date(2023, 12, 3)
    )
    sections = [tale.village for tale in year.of("river_section")]
    missed = {(village, week) for village in sections for week in range(1, 49)} - weeks.keys()
    days = {"望江村": date(2023, 1, 23), "丹水村": date(2023, 7, 3), "花泉村": date(2023, 10, 2)}
    assert missed == {(village, day.isocalendar().week) for village, day in days.items()}


def test_watch_households_add_up_by_category_year_and_state(year: Year):
    def sums(key: Callable[[Tale], object]) -> dict[object, tuple[int, int]]:
        groups: dict[object, list[int]] = {}
        for tale in year.enrolled():
            groups.setdefault(key(tale), []).append(tale.values["persons"])
        return {name: (len(persons), sum(persons)) for name, persons in groups.items()}

    assert sums(lambda t: t.values["category"]) == {"unstable": (4, 8), "marginal": (5, 9), "sudden": (3, 6)}
    by_year = {2020: (3, 6), 2021: (3, 6), 2022: (4, 7), 2023: (2, 4)}
    assert sums(lambda t: t.values["decided_on"].year) == by_year
    assert sums(lambda t: t.states[-1]) == {"enrolled": (5, 9), "cleared": (7, 14)}


def test_members_have_five_pairs_at_least_unless_they_are_exempt(year: Year):
    pairs = Counter(tale.values["member"].key for tale in year.of("member_household"))
    by_member = {tale.first.story: tale for tale in year.of("party_member")}
    assert Counter(pairs[key] for key, tale in by_member.items() if tale.values["exempt"] == "none") == {
        5: 40,
        6: 16,
        8: 8,
    }
    assert not any(pairs[key] for key, tale in by_member.items() if tale.values["exempt"] != "none")
    visits = Counter((t.values["pair"].key, (t.first.on.month - 1) // 3) for t in year.of("member_visit"))
    assert len(visits) == len(year.of("member_visit")) == 3 * 360 - 30


def test_party_days_fall_on_the_twentieth_or_say_why_not(year: Year):
    held = Counter(tale.first.on for tale in year.of("party_day"))
    moved = {date(2023, 5, 20): 9, date(2023, 5, 22): 2, date(2023, 8, 20): 10, date(2023, 8, 21): 1}
    ordinary = {date(2023, month, 20): 11 for month in range(1, 12) if month not in (5, 8)}
    assert held == {**ordinary, **moved}
    assert {tale.first.on for tale in year.of("party_day", moved=True)} == {date(2023, 5, 22), date(2023, 8, 21)}


def test_every_centre_holds_two_activities_in_every_month(year: Year):
    held = Counter((t.values["centre"].name, t.first.on.month) for t in year.of("practice_activity"))
    assert len(held) == 11 * 11
    assert min(held.values()) == 2


def test_subsidies_are_payments_to_students(year: Year):
    payments = year.of("subsidy")
    assert (len(year.all["subsidy"]), len(payments), len(year.students())) == (53, 52, 50)
    assert sum(int(tale.values["amount"]) for tale in payments) == 77_000
    assert Counter(int(tale.values["amount"]) for tale in payments) == {1500: 46 + 2 * 2, 1000: 2}


def test_inspections_are_not_premises_nor_hazards(year: Year):
    themes = {"campus": 4, "food": 4, "fire": 5, "gas": 1, "fireworks": 1, "selfbuilt_business": 1}
    assert counted(year.of("safety_inspection"), "theme") == themes
    assert set(Counter(tale.values["premises"].key for tale in year.of("premises_check")).values()) == {2}
    notices = year.of("safety_hazard", fixed_on_spot=False)
    assert {(tale.values["premises_name"], tale.day_of("verify")) for tale in notices} == {
        ("中心小学食堂", date(2023, 11, 28)),
        ("中心小学食堂", date(2023, 12, 1)),
    }


# -- working days, and who does what ------------------------------------------------------------------
def test_ordinary_work_lies_on_working_days(year: Year):
    calendar = work_calendar()
    restless = {"courtyard_meeting", "member_visit", "practice_activity", "party_day"}
    assert year.acts
    for act in year.acts:
        assert BEGIN <= act.at <= END, act
        if act.register in DAILY or act.deed is not Deed.ENTER or act.on.year < BEGIN.year:
            continue
        assert not is_festival(act.on), act
        assert not is_festival(act.at.date()), act
        assert act.register in restless or calendar.is_working(act.on), act


def test_nobody_tells_what_is_not_there_yet(year: Year):
    """Links lead to what was told before, and every act is somebody's."""
    told: set[str] = set()
    for act in year.acts:
        links = {value.key for value in act.values.values() if isinstance(value, StoryKey)}
        assert links <= told, act
        told.add(act.story)
    assert {act.by for act in year.acts} <= year.posts
    assert all(a.at <= b.at for a, b in pairwise(year.acts))


def test_straw_reports_come_by_nine_of_the_next_morning(year: Year):
    tales = list(year.of("straw_burning_patrol"))
    assert tales
    for tale in tales:
        last = datetime.combine(tale.first.on + timedelta(days=1), datetime.min.time(), END.tzinfo)
        assert tale.first.at <= last + timedelta(hours=9)
