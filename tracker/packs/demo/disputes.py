"""The disputes of the demonstration: two organs, two facts, and cases that stand in both. registers.md §11.1–11.4."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from tracker.packs.demo.pictures import Picture
from tracker.packs.demo.story import ZONE, Story, StoryKey, Teller
from tracker.packs.demo.tables import read_table

CENTRE, OFFICE = "综治中心", "司法所"
ROUTER, CENTRE_CLERK, MEDIATOR, OFFICE_HEAD = "综治中心专职副主任", "综治中心办理员", "调解员", "司法所长"
SECRETARY = "政法委员"
_LAST = date(2023, 12, 5)


@dataclass(slots=True)
class Dispute:
    """One case. `closed`: the month in which it was struck off; `ends`: what became of it."""

    village: str
    on: date
    organ: str  # which mediated
    accepted_by: str
    ends: str = "settled"
    closed: date | None = None
    reason: str = ""
    number: int = 0  # of a case whose number is known


def tell(folder: Path, teller: Teller) -> None:
    """All disputes in the order in which they were registered, which is that of their numbers."""
    data = read_table(folder, "disputes")
    cases = [*_judicial(data, teller), *_of_centre(data, teller), *_gone(data)]
    cases.sort(key=lambda c: (c.on, c.village))
    for passed in _passed(data, teller):
        before = cases[passed.number - 2]
        passed.on = before.on
        cases.insert(passed.number - 1, passed)
    latest = datetime(2023, 1, 3, 9, 0, tzinfo=ZONE)
    for n, case in enumerate(cases, 1):
        latest = max(latest + timedelta(minutes=2), _moment(teller, case.on))
        _tell(data, teller, n, case, latest)


def _moment(teller: Teller, on: date) -> datetime:
    """Disputes come on rest days too; they are written down when work begins."""
    return datetime.combine(teller.working(on), time(8, 35), ZONE)


# -- who, where, when ---------------------------------------------------------------------------------
def _judicial(data: Mapping[str, Any], teller: Teller) -> Iterator[Dispute]:
    pins = [(row["village"], row["closed"]) for row in data["passed"]]
    cells = teller.deal(data["settled"]["villages"], data["settled"]["months"], pins)
    for village, month in cells[len(pins) :]:
        closed = _closing_day(teller, month)
        yield Dispute(village, _registered(teller, closed), "judicial_office", "judicial_office", closed=closed)
    for row in data["judicial_others"]:
        on: date = row["day"]
        ended = None if row["ends"] == "open" else teller.working(on + timedelta(days=24))
        yield Dispute(row["village"], on, "judicial_office", "judicial_office", row["ends"], ended)


def _closing_day(teller: Teller, month: int) -> date:
    days = [day for day in teller.month_days(month) if day <= _LAST]
    return teller.dice.choice(days[6:] if month == 1 else days)


def _registered(teller: Teller, closed: date) -> date:
    """Some weeks before the closing; none before the year's first working day."""
    longest = min((closed - date(2023, 1, 3)).days - 5, 27)
    return closed - timedelta(days=teller.dice.randint(min(8, longest), longest))


def _of_centre(data: Mapping[str, Any], teller: Teller) -> Iterator[Dispute]:
    pins = [(row["village"], row["accepted"]) for row in data["passed"]]
    cells = teller.deal(data["accepted"]["villages"], data["accepted"]["months"], pins)
    rows = sorted(cells[len(pins) :], key=lambda cell: cell[1])
    ends = data["centre_ends"]
    for i, (village, month) in enumerate(rows):
        on = teller.dice.choice(teller.month_days(month)[:-4])
        closed = min(teller.working(on + timedelta(days=teller.dice.randint(9, 26))), teller.working_before(_LAST))
        case = Dispute(village, on, "governance_centre", "governance_centre", closed=closed)
        if i >= len(rows) - ends["open"]:
            case.ends, case.closed = "open", None
        elif i == len(rows) // 2:
            case.ends, case.organ = "handed_over", "police"
        yield case


def _passed(data: Mapping[str, Any], teller: Teller) -> Iterator[Dispute]:
    for row in data["passed"]:
        closed = teller.month_days(row["closed"])[-3]
        organ, accepted_by = "judicial_office", "governance_centre"
        yield Dispute(row["village"], closed, organ, accepted_by, closed=closed, number=row["number"])


def _gone(data: Mapping[str, Any]) -> Iterator[Dispute]:
    for row in data["gone"]:
        yield Dispute(row["village"], row["day"], "", "", row["ends"], reason=row["reason"])


# -- stories ------------------------------------------------------------------------------------------
def _tell(data: Mapping[str, Any], teller: Teller, n: int, case: Dispute, at: datetime) -> None:
    story = Story(teller, f"dispute/{n}", "dispute")
    values = _values(data, teller)
    clerk = f"{case.village}网格员"
    if case.ends in ("merged", "voided"):
        story.register(clerk, case.on, case.village, values, at=at)
        _exclude(teller, story, n, case)
        return
    day = teller.working(case.on)
    is_centre = case.accepted_by == "governance_centre"
    if is_centre:
        milestones = {"accepted": case.on}
        accepted = {"accepted": {"accepted_by": case.accepted_by}}
        story.register(
            CENTRE_CLERK, case.on, case.village, values, at=at, milestones=milestones, milestone_values=accepted
        )
        story.assign(ROUTER, day, CENTRE, CENTRE_CLERK, SECRETARY, is_prompt=True)
    else:
        story.register(clerk, case.on, case.village, values, at=at)
        story.assign(ROUTER, day, OFFICE, MEDIATOR, SECRETARY, is_prompt=True)
        accepted_on = teller.after(day, 1)
        story.step(
            "reach_milestone", MEDIATOR, accepted_on, is_prompt=True, milestone="accepted", accepted_by=case.accepted_by
        )
    if case.number:
        _pass_on(teller, story, day)
    if case.closed is not None:
        _close(teller, story, n, case, case.closed)


def _exclude(teller: Teller, story: Story, n: int, case: Dispute) -> None:
    way = "merge" if case.ends == "merged" else "void"
    into = StoryKey(f"dispute/{n - 1}") if way == "merge" else None
    story.exclude(way, ROUTER, SECRETARY, teller.after(case.on, 1), case.reason, into)


def _pass_on(teller: Teller, story: Story, day: date) -> None:
    story.assign(ROUTER, teller.after(day, 2), OFFICE, MEDIATOR, SECRETARY, is_prompt=True, note="转司法所调解")


def _close(teller: Teller, story: Story, n: int, case: Dispute, closed: date) -> None:
    is_office = case.organ == "judicial_office"
    worker, checker = (MEDIATOR, ROUTER) if is_office else (CENTRE_CLERK, OFFICE_HEAD)
    done = max(teller.before(closed, 1), teller.after(teller.working(case.on), 2))
    is_mediated = case.ends in ("settled", "failed_told")
    if is_mediated:
        written = case.ends == "settled" and teller.dice.random() < 0.6
        agreement = "written" if written else "oral" if case.ends == "settled" else "none"
        facts: dict[str, Any] = {
            "handled_by": case.organ,
            "sessions": teller.dice.randint(1, 3),
            "agreement": agreement,
        }
        if case.ends == "settled":
            facts["performed"] = teller.dice.choice(("on_spot", "done"))
        story.step("reach_milestone", worker, done, is_prompt=True, milestone="mediated", **facts)
    paper = Picture("document", "paper", f"dispute-{n:03d}-file")
    note = {"settled": "双方达成协议", "failed_told": "调解不成，已告知诉讼途径"}.get(case.ends, "当事人撤回或移交")
    story.step("submit", worker, done, is_prompt=True, note=note, pictures=[paper])
    finding = "卷宗齐全，电话回访属实"
    story.step("verify", checker, closed, is_prompt=True, finding=finding, outcome=case.ends)


def _values(data: Mapping[str, Any], teller: Teller) -> dict[str, Any]:
    dice = teller.dice
    kind, text, people, least, most = dice.choice(data["kinds"])
    values: dict[str, Any] = {
        "group": dice.randint(1, 12),
        "party_a": dice.choice(data["surnames"]) + "某",
        "party_b": dice.choice(data["surnames"]) + "某某",
        "others": people,
        "problem": text,
        "category": kind,
        "origin": dice.choice(("applied", "applied", "own")),
        "severity": dice.choice(("0", "1", "1", "2")),
        "measures": dice.choice(data["measures"]),
    }
    if most:
        values["amount"] = str(dice.randrange(least, most, 100) or 100)
    return values
