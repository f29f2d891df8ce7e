"""Watch households from clue to cleared, their monthly visits and what these found. registers.md §11.3–11.4."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from tracker.packs.demo.pictures import Picture
from tracker.packs.demo.record_story import RecordStory, early
from tracker.packs.demo.story import PostName, Story, StoryKey, Teller, UnitName
from tracker.packs.demo.tables import read_table

CLERK, CHECKER, LEAD = "监测专干", "督办员", "分管农业副镇长"
_AT = 340.0  # minutes of the first days: after the members' pairs
_MONTHS = range(1, 12)
_LATEST_DAY = 26  # what a visit finds is written down within the month
_CLUES = {"unstable": "cadre", "marginal": "self", "sudden": "warning"}
_DAY = timedelta(days=1)


def tell(folder: Path, teller: Teller) -> None:
    """Everything of the watch households in `households.yaml`."""
    data = read_table(folder, "households")
    for n, row in enumerate(data["households"]):
        story = RecordStory(teller, f"watch/{row['key']}", "monitored_household")
        if "clue" in row:
            _tell_enrolment(data, teller, story, row)
        else:
            _take_over(data, teller, story, row, n)
        if "cleared" in row:
            _tell_clearing(data, teller, story, row, n)
    _tell_rejected(data, teller, data["rejected"])
    problems = {(row["household"], row["month"]): (n, row) for n, row in enumerate(data["problems"], 1)}
    missed = {tuple(pair) for pair in data["missed_visits"]}
    for row in data["households"]:
        for month in _MONTHS:
            days = _days_for_visit(data, teller, row, month)
            if days and (row["key"], month) not in missed:
                _tell_visit(data, teller, row, teller.dice.choice(days), problems.get((row["key"], month)))


def _values(data: Mapping[str, Any], teller: Teller, row: Mapping[str, Any], on: date) -> dict[str, Any]:
    return {
        "opened_on": on,
        "place": UnitName(row["village"]),
        "group": teller.dice.randint(1, 12),
        "household_head": row["head"],
        "persons": row["persons"],
        "category": row["category"],
        "risk": row["risk"],
        "income_line": data["income_line"],
        "clue_source": _CLUES[row["category"]],
        "helper": PostName(f"{row['village']}村主任"),
    }


# -- spells -------------------------------------------------------------------------------------------
def _take_over(data: Mapping[str, Any], teller: Teller, story: RecordStory, row: Mapping[str, Any], n: int) -> None:
    on: date = row["enrolled"]
    values = _values(data, teller, row, on)
    values |= {"persons_at_enrolment": row["persons"], "decided_on": on, "clue_on": on - 14 * _DAY}
    story.enter(CLERK, on, values, state="enrolled", at=early(_AT + n))


def _tell_enrolment(data: Mapping[str, Any], teller: Teller, story: RecordStory, row: Mapping[str, Any]) -> None:
    """Fifteen days from the clue to the county's decision, five of them posted in the village. Source: 湖南 2021."""
    clue, decided = row["clue"], row["enrolled"]
    story.enter(CLERK, clue, {**_values(data, teller, row, clue), "clue_on": clue}, at=_noon(clue))
    told = clue + _DAY
    story.change("verified", CLERK, told, at=_noon(told))
    met = clue + 3 * _DAY
    story.change("deliberated", CLERK, met, at=_noon(met), authorised_on=told, deliberated_on=met)
    posted, taken_down = clue + 4 * _DAY, clue + 9 * _DAY
    story.change("publicity", CLERK, posted, at=_noon(posted), publicity_from=posted)
    _tell_posting(teller, row, "防返贫监测对象纳入公示", posted, taken_down)
    reviewed = taken_down + _DAY
    story.change("town_review", CLERK, reviewed, at=_noon(reviewed), publicity_to=taken_down, town_review_on=reviewed)
    measures = data["measures"][row["key"]]
    facts = {"decided_on": decided, "persons_at_enrolment": row["persons"], "measures": measures}
    story.change("enrolled", CLERK, decided, at=_noon(decided), **facts)


def _noon(day: date) -> datetime:
    """Of the monitoring system's own clock: entered on the day itself."""
    return early(0).replace(year=day.year, month=day.month, day=day.day, hour=11)


def _tell_clearing(data: Mapping[str, Any], teller: Teller, story: RecordStory, row: Mapping[str, Any], n: int) -> None:
    """Village check and deliberation, publicity, the county. Those before 2023 are taken over with their days."""
    cleared: date = row["cleared"]
    began = cleared - data["clearing"]["before"] * _DAY
    is_past = cleared.year < early(0).year
    first, second = (early(_AT + 20 + n), early(_AT + 40 + n)) if is_past else (_noon(began), _noon(cleared))
    story.change("clearing", CLERK, began, at=first)
    first_day, last_day = cleared - 8 * _DAY, cleared - 3 * _DAY
    if not is_past:
        _tell_posting(teller, row, "监测对象风险消除公示", first_day, last_day)
    facts: dict[str, Any] = {"publicity_from": first_day, "publicity_to": last_day}
    story.change("cleared", CLERK, cleared, at=second, cleared_on=cleared, cleared_way="stable", **facts)


def _tell_posting(teller: Teller, row: Mapping[str, Any], what: str, first: date, last: date) -> None:
    """Written down when it was taken down again; nobody objected."""
    village = row["village"]
    values = {
        "what": what,
        "unit": UnitName(village),
        "place": UnitName(village),
        "where": "村务公开栏",
        "from": first,
        "to": last,
        "days": (last - first).days,
        "objections": 0,
    }
    story = RecordStory(teller, f"posting/{row['key']}/{first}", "publicity_posting")
    story.enter(f"{village}村主任", first, values, at=_noon(teller.working(last)))


def _tell_rejected(data: Mapping[str, Any], teller: Teller, row: Mapping[str, Any]) -> None:
    story = RecordStory(teller, f"watch/{row['key']}", "monitored_household")
    clue = row["clue"]
    story.enter(CLERK, clue, {**_values(data, teller, row, clue), "clue_on": clue})
    story.change("verified", CLERK, clue + 3 * _DAY)
    story.change("rejected", CLERK, row["on_day"], end_reason=row["reason"])


# -- visits and problems ------------------------------------------------------------------------------
def _days_for_visit(data: Mapping[str, Any], teller: Teller, row: Mapping[str, Any], month: int) -> list[date]:
    """Working days of the month from the decision until the clearing began."""
    cleared = row.get("cleared")
    last = cleared - data["clearing"]["before"] * _DAY if cleared else date.max
    days = teller.month_days(month, first=6)
    return [day for day in days if day.day < _LATEST_DAY and row["enrolled"] < day < last]


def _tell_visit(
    data: Mapping[str, Any],
    teller: Teller,
    row: Mapping[str, Any],
    on: date,
    problem: tuple[int, Mapping[str, Any]] | None,
) -> None:
    village, by = row["village"], f"{row['village']}村主任"
    values = {
        "held_on": on,
        "place": UnitName(village),
        "household": StoryKey(f"watch/{row['key']}"),
        "helper": PostName(by),
        "summary": problem[1]["text"] if problem else teller.dice.choice(data["visit_texts"]),
        "nothing_found": problem is None,
    }
    failed = {problem[1]["item"]: problem[1]["text"]} if problem else {}
    key = f"watch_visit/{row['key']}/{on.month}"
    at = teller.evening(on)
    RecordStory(teller, key, "household_visit").enter(by, on, values, at=at, failed=failed)
    if problem:
        _tell_problem(teller, row, on, key, *problem)


def _tell_problem(
    teller: Teller, household: Mapping[str, Any], on: date, visit: str, n: int, row: Mapping[str, Any]
) -> None:
    village = household["village"]
    owner = f"{village}网格员"
    story = Story(teller, f"watch_problem/{n}", "household_problem")
    values = {
        "source": "self_check",
        "household_subject": StoryKey(f"watch/{household['key']}"),
        "visit": StoryKey(visit),
        "household": household["head"],
        "problem": row["text"],
        "category": row["category"],
        "severity": row["severity"],
        "rectification": "dated",
    }
    day = teller.after(on, 1)
    at = datetime.combine(day, early(0).time(), early(0).tzinfo) + timedelta(minutes=n)
    before = Picture("photo_before", "house", f"watch-{n:02d}-before")
    story.register(f"{village}村主任", on, village, values, at=at, pictures=[before])
    story.assign(CLERK, day, village, owner, LEAD, is_prompt=True)
    began = teller.after(day, 2)
    help_began = {"milestone": "help_began", "measure_kind": row["kind"]}
    story.step("reach_milestone", owner, began, is_prompt=True, **help_began)
    if "done" not in row and "not_established" not in row:
        return
    done = teller.working_before(day + timedelta(days=teller.dice.randint(7, 13)))
    after = [Picture("photo_after", "house", f"watch-{n:02d}-after")]
    outcome = "fixed" if "done" in row else "not_established"
    note = row.get("done") or row["not_established"]
    story.step("submit", owner, done, is_prompt=True, note=note, pictures=after)
    story.step("verify", CHECKER, teller.after(done, 1), is_prompt=True, finding="入户核查属实", outcome=outcome)
