"""The cases of registers.md §11.4 are told on their days. What figures make of them: test_report_of_2023.py."""

from datetime import date, datetime

import pytest
from figures.told_year import Tale, Year, told_year

from tracker.packs.demo.story import ZONE


@pytest.fixture(scope="module")
def year() -> Year:
    return told_year()


def numbered(year: Year, register: str) -> dict[int, Tale]:
    """By the serial number that each gets: in the order in which they were registered."""
    tales = sorted(year.all[register], key=lambda tale: tale.first.at)
    return dict(enumerate(tales, 1))


def days(tale: Tale, *steps: str) -> list[tuple[int, int]]:
    """Month and day of each of these steps or states, in the order of their telling."""
    return [(act.on.month, act.on.day) for act in tale.acts if act.what in steps]


CASES = [
    ("courtyard_problem", 26, ("urge", "submit", "verify"), [(11, 13), (11, 17), (12, 3), (12, 4)]),
    ("courtyard_problem", 24, ("submit", "verify"), [(11, 27), (11, 29)]),
    ("toilet_survey", 142, ("assign", "submit", "reject", "verify"), [(10, 24), (11, 6), (11, 7), (11, 21), (11, 23)]),
    ("toilet_survey", 66, ("verify", "relapse"), [(10, 12), (11, 18), (12, 1)]),
    ("toilet_survey", 118, ("request_extension", "grant_extension", "verify"), [(10, 9), (10, 10), (11, 3)]),
    ("toilet_survey", 103, ("request_extension", "refuse_extension", "verify"), [(11, 18), (11, 20), (12, 1)]),
    ("toilet_survey", 91, ("pause", "resume"), [(6, 5), (7, 20)]),
    ("toilet_survey", 155, ("transfer",), [(8, 7)]),
    ("petition", 16, ("request_extension", "grant_extension"), [(10, 12), (10, 13)]),
    ("petition", 19, ("object",), [(10, 8)]),
    ("straw_fire", 1, ("submit", "verify"), [(10, 17), (10, 18)]),
]


@pytest.mark.parametrize(("register", "number", "steps", "told"), CASES, ids=lambda value: str(value)[:24])
def test_a_case_is_told_on_its_days(
    year: Year, register: str, number: int, steps: tuple[str, ...], told: list[tuple[int, int]]
):
    assert days(numbered(year, register)[number], *steps) == told


def test_what_was_done_in_november_was_written_down_in_december(year: Year):
    """屋-2023-0024: submitted, verified and closed in November, recorded on the fifth of December."""
    tale = numbered(year, "courtyard_problem")[24]
    late = [act for act in tale.acts if act.what in ("submit", "verify")]
    assert {act.at.replace(minute=0) for act in late} == {datetime(2023, 12, 5, 9, tzinfo=ZONE)}
    others = [t for n, t in numbered(year, "courtyard_problem").items() if n not in (24, 26)]
    known = datetime(2023, 12, 1, tzinfo=ZONE)
    assert all(act.at < known for t in others if t.first.on.month < 12 for act in t.acts)


def test_two_problems_were_merged_and_one_voided(year: Year):
    gone = {n: tale for n, tale in numbered(year, "courtyard_problem").items() if tale.is_gone}
    assert {n: "void" if days(tale, "void") else "merge" for n, tale in gone.items()} == {
        7: "merge",
        19: "merge",
        21: "void",
    }


def test_a_regraded_house_is_one_house(year: Year):
    """房-2023-0005 → 0016: closed as regraded, the successor evacuated on the same day and demolished."""
    first, second = numbered(year, "house_inspection")[5], numbered(year, "house_inspection")[16]
    assert first.outcome == "regraded"
    assert first.day_of("verify") == second.first.on == date(2023, 7, 12)
    reached = {act.values["milestone"]: act.on for act in second.acts if act.what == "reach_milestone"}
    assert reached["people_safe"] == date(2023, 7, 12)
    assert reached["building_disposed"] == date(2023, 9, 20)


def test_people_may_be_safe_while_the_building_stands(year: Year):
    tale = numbered(year, "house_inspection")[11]
    reached = {act.values["milestone"]: act.on for act in tale.acts if act.what == "reach_milestone"}
    assert reached["people_safe"] == date(2023, 8, 2)
    assert "building_disposed" not in reached


def test_two_petitions_are_the_same_matter_as_the_fourth_and_one_was_a_mistake(year: Year):
    petitions = numbered(year, "petition")
    assert days(petitions[3], "void") == [(2, 14)]
    into = {n: act.values["into_id"].key for n in (9, 13) for act in petitions[n].acts if "into_id" in act.values}
    assert into == dict.fromkeys((9, 13), petitions[4].first.story)


def test_an_opinion_that_is_a_problem_is_only_that(year: Year):
    opinions = {tale.first.story: tale for tale in year.all["courtyard_opinion"]}
    both = [tale.values["opinion"].key for tale in year.all["courtyard_problem"] if "opinion" in tale.values]
    assert len(both) == 1
    assert opinions[both[0]].is_gone


def test_one_petition_is_known_to_two_people(year: Year):
    restricted = [tale for tale in year.of("petition") if tale.first.named]
    assert [tale.first.named for tale in restricted] == [("纪委书记", "纪检干事")]


def test_a_household_is_enrolled_within_fifteen_days_and_another_cleared(year: Year):
    clues = [tale for tale in year.enrolled() if "clue_on" in tale.first.values and len(tale.states) > 4]
    spans = {tale.village: (tale.values["decided_on"] - tale.values["clue_on"]).days for tale in clues}
    assert spans == {"荆家村": 14, "晨光村": 14}
    assert all((tale.values["publicity_to"] - tale.values["publicity_from"]).days >= 5 for tale in clues)
    cleared = [tale for tale in year.enrolled() if tale.values.get("cleared_on") == date(2023, 10, 20)]
    assert [tale.values["decided_on"].year for tale in cleared] == [2020]
    assert [tale.values["publicity_from"] for tale in cleared] == [date(2023, 10, 12)]
    assert [tale.values["publicity_to"] for tale in cleared] == [date(2023, 10, 17)]


def test_swapped_digits_of_a_harvest_are_corrected_and_both_stay(year: Year):
    amended = [t for t in year.of("statistic") if any(act.deed == "amend" for act in t.acts)]
    (tale,) = amended
    assert tale.village == "巨麓村"
    assert [int(act.values["value"]) for act in tale.acts[-2:]] == [765, 675]
    assert tale.acts[-1].on == date(2023, 11, 16)


def test_the_day_of_fire_has_leaflets_of_its_own(year: Year):
    (fire,) = [tale for tale in year.of("safety_publicity") if tale.first.on == date(2023, 11, 9)]
    assert fire.values["leaflets"] == 600
