"""When a promise falls due, and why on that day. Vectors: domain.md §10; law: the article in each test."""

import json
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.domain.deadlines import DayMark, KnownDays, due_on, explain, extended_due, limit_in_force, paused_due
from tracker.domain.refusals import Refusal
from tracker.domain.registers import Clock, DayBasis, ExtensionRule, Limit
from tracker.packs.calendar import HolidayNotice, read_notice, work_calendar

CALENDAR = work_calendar()
NO_CALENDAR = KnownDays(frozenset(), frozenset(), frozenset())
NATURAL, WORKING = DayBasis.NATURAL, DayBasis.WORKING
DAY = timedelta(days=1)


def a_limit(amount: int, basis: DayBasis = NATURAL, **changes: object) -> Limit:
    row: dict[str, object] = {
        "rule_id": "test.rule",
        "clock": "rectify",
        "amount": amount,
        "basis": basis,
        "in_force_from": date(2004, 1, 1),
        "in_force_to": None,
        "when": {},
        "source": {},
    }
    return Limit(**{**row, **changes})  # type: ignore[arg-type]  # the rows of a table of cases


def days(text: str) -> date:
    return date.fromisoformat(text)


@pytest.mark.parametrize(
    ("start", "amount", "due"),
    [
        pytest.param("2023-09-27", 5, "2023-10-10", id="over Mid-Autumn and National Day, both make-up days worked"),
        pytest.param("2023-09-26", 5, "2023-10-09", id="the objection of 访-2023-0015 (条例 art. 23)"),
        pytest.param("2023-04-27", 5, "2023-05-08", id="over May Day with its make-up Saturday"),
        pytest.param("2024-02-08", 5, "2024-02-21", id="over the Spring Festival"),
        pytest.param("2023-03-06", 5, "2023-03-13", id="an ordinary week"),
        pytest.param("2023-03-10", 1, "2023-03-13", id="Friday to Monday"),
        pytest.param("2023-01-27", 1, "2023-01-28", id="a make-up Saturday is a working day"),
    ],
)
def test_working_days_count_make_up_days_and_skip_holidays(start: str, amount: int, due: str) -> None:
    assert due_on(days(start), a_limit(amount, WORKING), CALENDAR) == days(due)


@pytest.mark.parametrize(
    ("start", "amount", "nominal", "rolled"),
    [
        pytest.param("2023-09-14", 15, "2023-09-29", "2023-10-07", id="a holiday rolls to the make-up Saturday"),
        pytest.param("2023-08-02", 60, "2023-10-01", "2023-10-07", id="60 days into National Day"),
        pytest.param("2023-12-06", 60, "2024-02-04", "2024-02-04", id="a make-up Sunday does not roll"),
        pytest.param("2023-03-01", 10, "2023-03-11", "2023-03-13", id="an ordinary Saturday rolls to Monday"),
        pytest.param("2023-08-21", 60, "2023-10-20", "2023-10-20", id="访-2023-0010: a Friday stays"),
    ],
)
def test_natural_days_roll_only_where_the_rule_says_so(start: str, amount: int, nominal: str, rolled: str) -> None:
    """民法典 art. 201: the start day does not count; art. 203: a last day off moves behind the holiday."""
    assert due_on(days(start), a_limit(amount), CALENDAR) == days(nominal)
    assert due_on(days(start), a_limit(amount, roll_forward=True), CALENDAR) == days(rolled)


def test_sixty_days_and_thirty_more_end_on_the_monday() -> None:
    """信访工作条例 art. 34, with art. 203 by analogy: 10-20 and 30 days are Sunday 11-19."""
    complete = a_limit(60, extension=ExtensionRule(1, 30), roll_forward=True)
    assert extended_due(days("2023-10-20"), 30, complete, CALENDAR) == days("2023-11-20")
    assert extended_due(days("2023-10-20"), 30, a_limit(60), CALENDAR) == days("2023-11-19")


def test_an_extension_counts_as_its_limit_counts() -> None:
    assert extended_due(days("2023-09-27"), 5, a_limit(5, WORKING), CALENDAR) == days("2023-10-10")


def test_the_first_limit_ends_with_the_year_but_an_approved_extension_may_cross_it() -> None:
    planned = a_limit(90, not_after_year_end=True, extension=ExtensionRule(1, 60))
    assert due_on(days("2023-11-15"), planned, CALENDAR) == days("2023-12-31")
    assert due_on(days("2023-06-01"), planned, CALENDAR) == days("2023-08-30")
    assert extended_due(days("2023-12-31"), 60, planned, CALENDAR) == days("2024-02-29")


def test_a_limit_that_ends_with_the_year_does_not_roll_out_of_it() -> None:
    limit = a_limit(90, not_after_year_end=True, roll_forward=True)
    assert due_on(days("2023-11-15"), limit, CALENDAR) == days("2023-12-31")


def test_a_pause_moves_the_due_day_by_its_length() -> None:
    assert paused_due(days("2023-07-01"), 45) == days("2023-08-15")


@pytest.mark.parametrize("day", ["2003-12-31", "2027-01-01", "2027-06-15"])
def test_a_year_without_data_is_refused_never_guessed(day: str) -> None:
    with pytest.raises(Refusal) as refusal:
        CALENDAR.is_working(days(day))
    assert refusal.value.code == "year_without_calendar"
    assert refusal.value.params == {"year": days(day).year}


@pytest.mark.parametrize("limit", [a_limit(5, WORKING), a_limit(30, roll_forward=True)], ids=["working", "rolled"])
def test_a_limit_that_needs_an_unknown_year_is_refused(limit: Limit) -> None:
    with pytest.raises(Refusal, match="year_without_calendar"):
        due_on(days("2026-12-30"), limit, CALENDAR)


def test_natural_days_need_no_calendar() -> None:
    assert due_on(days("2026-12-20"), a_limit(60), NO_CALENDAR) == days("2027-02-18")


def test_a_notice_makes_its_year_known() -> None:
    notice = HolidayNotice(2027, frozenset({days("2027-01-01")}), frozenset({days("2027-01-03"), days("2026-12-27")}))
    calendar = work_calendar([notice])
    assert not calendar.is_working(days("2027-01-01"))
    assert calendar.is_working(days("2027-01-03"))
    assert calendar.is_working(days("2026-12-27"))
    assert not CALENDAR.is_working(days("2026-12-27"))


def test_a_later_notice_of_the_same_year_wins_day_by_day() -> None:
    """As in 2020, when the Spring Festival was lengthened after the first notice."""
    calendar = work_calendar([HolidayNotice(2023, frozenset({days("2023-10-07")}), frozenset({days("2023-10-06")}))])
    assert not calendar.is_working(days("2023-10-07"))
    assert calendar.is_working(days("2023-10-06"))
    assert calendar.is_working(days("2023-10-08"))


def test_an_empty_notice_is_unknown_not_a_year_without_holidays(tmp_path: Path) -> None:
    (tmp_path / "2027.json").write_text('{"year": 2027, "papers": [], "days": []}')
    with pytest.raises(ValueError, match=r"2027\.json"):
        read_notice(tmp_path / "2027.json")


def test_a_notice_is_read_from_its_file(tmp_path: Path) -> None:
    text = (
        '{"year": 2027, "days": [{"date": "2027-01-01", "isOffDay": true}, {"date": "2027-01-03", "isOffDay": false}]}'
    )
    (tmp_path / "2027.json").write_text(text)
    expected = HolidayNotice(2027, frozenset({days("2027-01-01")}), frozenset({days("2027-01-03")}))
    assert read_notice(tmp_path / "2027.json") == expected


def published_days(folder: Path) -> dict[date, bool]:
    """Every day that a notice of 2015-2026 names, and whether it is off. Read without the code under test."""
    files = [json.loads((folder / f"{year}.json").read_text()) for year in range(2015, 2027)]
    return {days(day["date"]): day["isOffDay"] for file in files for day in file["days"]}


def test_the_calendar_equals_the_published_notices_day_by_day(shared_dir: Path) -> None:
    named = published_days(shared_dir / "data" / "holidays")
    day, differing = days("2015-01-01"), []
    while day <= days("2026-12-31"):
        works = not named[day] if day in named else day.isoweekday() <= 5
        if CALENDAR.is_working(day) != works:
            differing.append(day)
        day += DAY
    assert differing == []


@pytest.mark.parametrize(("year", "working"), [(2023, 249), (2024, 251), (2025, 248), (2026, 248)])
def test_a_year_has_its_published_number_of_working_days(year: int, working: int) -> None:
    first = date(year, 1, 1)
    length = (date(year + 1, 1, 1) - first).days
    assert sum(CALENDAR.is_working(first + n * DAY) for n in range(length)) == working


A_CLOCK = Clock(
    name="complete",
    label={},
    start="accepted",
    stop="replied",
    limits=(
        a_limit(60, rule_id="old", in_force_from=days("2005-05-01"), in_force_to=days("2022-04-30")),
        a_limit(60, rule_id="plea", in_force_from=days("2022-05-01"), when={"class": ("plea",)}),
        a_limit(30, rule_id="urgent", in_force_from=days("2022-05-01"), when={"class": ("plea",), "severity": ("3",)}),
    ),
)


@pytest.mark.parametrize(
    ("facts", "on", "rule_id"),
    [
        pytest.param({"class": "plea"}, "2022-04-30", "old", id="the last day of the old law"),
        pytest.param({"class": "plea"}, "2022-05-01", "plea", id="the first day of the new law"),
        pytest.param({"class": "inquiry"}, "2022-04-30", "old", id="the old law bound every class"),
        pytest.param({"class": "inquiry"}, "2022-05-01", None, id="the new one only pleas (art. 31(6), 34)"),
        pytest.param({"class": "plea", "severity": "3"}, "2023-01-01", "urgent", id="the most specific row wins"),
        pytest.param({"class": "plea", "severity": "0"}, "2023-01-01", "plea", id="a condition must match"),
        pytest.param({}, "2023-01-01", None, id="an unknown fact matches nothing"),
        pytest.param({"class": "plea"}, "2005-04-30", None, id="before any rule"),
        pytest.param({"class": ["inquiry", "plea"]}, "2023-01-01", "plea", id="one of several choices is enough"),
    ],
)
def test_the_rule_in_force_on_the_start_day_holds(facts: dict[str, object], on: str, rule_id: str | None) -> None:
    limit = limit_in_force(A_CLOCK, facts, days(on))
    assert (limit.rule_id if limit else None) == rule_id


def test_yes_and_no_answers_match_conditions() -> None:
    clock = Clock("object", {}, "a", "b", (a_limit(5, WORKING, when={"wrong_addressee": ("yes",)}),))
    assert limit_in_force(clock, {"wrong_addressee": True}, days("2023-01-01")) is not None
    assert limit_in_force(clock, {"wrong_addressee": False}, days("2023-01-01")) is None


def test_the_reckoning_shows_each_day_of_a_holiday() -> None:
    shown = explain(days("2023-09-26"), a_limit(5, WORKING), CALENDAR)
    rest = [(day, DayMark.REST) for day in (days("2023-09-29") + n * DAY for n in range(8))]
    assert shown == (
        (days("2023-09-27"), DayMark.COUNTED),
        (days("2023-09-28"), DayMark.COUNTED),
        *rest,
        (days("2023-10-07"), DayMark.MAKE_UP),
        (days("2023-10-08"), DayMark.MAKE_UP),
        (days("2023-10-09"), DayMark.COUNTED),
    )


def test_the_reckoning_of_natural_days_shows_what_a_roll_passes_over() -> None:
    shown = dict(explain(days("2023-03-01"), a_limit(10, roll_forward=True), CALENDAR))
    assert [shown[days(f"2023-03-{n}")] for n in ("11", "12", "13")] == ["counted", "rest", "counted"]


STARTS = st.dates(date(2005, 1, 1), date(2025, 6, 30))
AMOUNTS = st.integers(1, 120)


def every_day(start: date, end: date) -> Iterator[date]:
    while start < end:
        start += DAY
        yield start


@given(STARTS, AMOUNTS)
def test_working_days_add_up_to_the_limit_and_end_on_a_working_day(start: date, amount: int) -> None:
    due = due_on(start, a_limit(amount, WORKING), CALENDAR)
    assert sum(CALENDAR.is_working(day) for day in every_day(start, due)) == amount
    assert CALENDAR.is_working(due)


@given(STARTS, AMOUNTS, st.sets(st.integers(1, 150), max_size=20), st.booleans(), st.sampled_from(DayBasis))
def test_a_holiday_never_shortens_a_limit(
    start: date, amount: int, offsets: set[int], rolls: bool, basis: DayBasis
) -> None:
    limit = a_limit(amount, basis, roll_forward=rolls)
    more_off = frozenset(start + n * DAY for n in offsets)
    longer = KnownDays(CALENDAR.years, CALENDAR.off_days | more_off, CALENDAR.worked_days - more_off)
    assert due_on(start, limit, CALENDAR) <= due_on(start, limit, longer)
    assert start + amount * DAY <= due_on(start, limit, longer)


@given(STARTS, AMOUNTS, st.booleans(), st.booleans(), st.sampled_from(DayBasis))
def test_the_reckoning_ends_on_the_due_day_and_leaves_no_day_out(
    start: date, amount: int, rolls: bool, ends_with_year: bool, basis: DayBasis
) -> None:
    limit = a_limit(amount, basis, roll_forward=rolls, not_after_year_end=ends_with_year)
    due = due_on(start, limit, CALENDAR)
    assert [day for day, _ in explain(start, limit, CALENDAR)] == list(every_day(start, due))


@given(STARTS, AMOUNTS, st.integers(1, 60), st.sampled_from(DayBasis))
def test_an_extension_is_as_long_as_a_limit_from_the_old_due_day(
    start: date, amount: int, more: int, basis: DayBasis
) -> None:
    limit = a_limit(amount, basis)
    due = due_on(start, limit, CALENDAR)
    assert extended_due(due, more, limit, CALENDAR) == due_on(start, a_limit(amount + more, basis), CALENDAR)
