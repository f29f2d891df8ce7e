"""River sections, their patrols week by week and month by month, and what these found. registers.md §11.3–11.4."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from tracker.packs.demo.pictures import Picture
from tracker.packs.demo.record_story import RecordStory, early
from tracker.packs.demo.story import ZONE, PostName, Story, StoryKey, Teller, UnitName
from tracker.packs.demo.tables import read_table

KEEPER, KEEPER_UNIT, CHECKER, LEAD = "河长办专干", "农业综合服务中心", "督办员", "分管农业副镇长"
_OPENED_ON = date(2021, 4, 1)
_DAY = timedelta(days=1)
_FLOODS = range(4, 9)


@dataclass(frozen=True, slots=True)
class _Patrol:
    village: str
    on: date
    level: str
    finding: Mapping[str, Any] | None = None

    @property
    def key(self) -> str:
        return f"patrol/{self.village}/{self.level}/{self.on}"


def tell(folder: Path, teller: Teller) -> None:
    """Everything of `rivers.yaml`."""
    data = read_table(folder, "rivers")
    for n, section in enumerate(data["sections"]):
        _tell_section(teller, n, section)
    chiefs = {section["village"]: section["chief"] for section in data["sections"]}
    found = sorted(_patrols(data, teller), key=lambda p: (p.on, p.level, p.village))
    n = 0
    for patrol in found:
        at = _tell_patrol(data, teller, patrol, chiefs[patrol.village])
        if patrol.finding:
            n += 1
            _tell_problem(teller, n, patrol, at)


def _tell_section(teller: Teller, n: int, row: Mapping[str, Any]) -> None:
    village = row["village"]
    values = {
        "opened_on": _OPENED_ON,
        "place": UnitName(village),
        "river": row["river"],
        "from": row["from"],
        "to": row["to"],
        "length_km": row["km"],
        "town_chief": PostName(row["chief"]),
        "village_chief": PostName(f"{village}村支书"),
        "sign": f"{row['from']}旁",
    }
    RecordStory(teller, f"section/{village}", "river_section").enter(KEEPER, _OPENED_ON, values, at=early(n))


# -- patrols ------------------------------------------------------------------------------------------
def _patrols(data: Mapping[str, Any], teller: Teller) -> Iterator[_Patrol]:
    missed = {(village, week) for village, week in data["missed"]}
    findings = {(row["village"], row["week"]): row for row in data["problems"]}
    for section in data["sections"]:
        village = section["village"]
        beyond = {on for name, on in data["beyond"] if name == village}
        for n in range(data["weeks"]):
            week: date = data["first_week"] + 7 * n * _DAY
            if (village, week) in missed:
                continue
            first = 1 if n == 0 else 0  # 2 January is a day off, and nobody had an account yet
            days = [d for i in range(first, 7) if (d := week + i * _DAY) not in beyond and d.year == week.year]
            yield _Patrol(village, teller.dice.choice(days), "village", findings.get((village, week)))
        for month in range(1, 12):
            yield _Patrol(village, teller.dice.choice(teller.month_days(month, first=4)), "town")
    for village, on in data["beyond"]:
        yield _Patrol(village, on, "village")


def _tell_patrol(data: Mapping[str, Any], teller: Teller, patrol: _Patrol, chief: str) -> datetime:
    """Written down in the evening of the day; a town chief's is by the clerk."""
    dice, on = teller.dice, patrol.on
    by = f"{patrol.village}村支书" if patrol.level == "village" else KEEPER
    minutes, start = dice.randint(18, 55), time(dice.randint(8, 16), dice.randint(0, 59))
    end = (datetime.combine(on, start) + timedelta(minutes=minutes)).time()
    is_flood = on.month in _FLOODS and dice.random() < 0.3
    text = data["flood_text"] if is_flood else dice.choice(data["texts"])
    values = {
        "held_on": on,
        "place": UnitName(patrol.village),
        "section": StoryKey(f"section/{patrol.village}"),
        "level": patrol.level,
        "walker": PostName(by if patrol.level == "village" else chief),
        "from": start.strftime("%H:%M"),
        "to": end.strftime("%H:%M"),
        "minutes": minutes,
        "metres": minutes * dice.randint(38, 52),
        "weather": dice.choice(("clear", "clear", "cloudy", "rain")),
        "summary": patrol.finding["text"] if patrol.finding else text,
        "nothing_found": patrol.finding is None,
    }
    at = teller.evening(on)
    failed = {patrol.finding["item"]: patrol.finding["text"]} if patrol.finding else {}
    RecordStory(teller, patrol.key, "river_patrol").enter(by, on, values, at=at, failed=failed)
    return at


# -- what they found ----------------------------------------------------------------------------------
def _tell_problem(teller: Teller, n: int, patrol: _Patrol, seen_at: datetime) -> None:
    """Cleaning is the village's, the rest the office's; each is verified by another unit."""
    row, on, village = patrol.finding or {}, patrol.on, patrol.village
    is_cleaning = row["category"] == "cleaning"
    story = Story(teller, f"river/{n}", "river_problem")
    values = {
        "source": "self_check",
        "section": StoryKey(f"section/{village}"),
        "patrol": StoryKey(patrol.key),
        "problem": row["text"],
        "category": row["category"],
        "severity": "0",
        "rectification": "on_spot" if is_cleaning else "dated",
        **({"disorder": "tall_crops"} if row["category"] == "occupy" else {}),
    }
    before = Picture("photo_before", "river", f"river-{n}-before")
    at = min(seen_at + timedelta(minutes=6), datetime.combine(on, time(22), ZONE))
    story.register(f"{village}村支书", on, village, values, at=at, pictures=[before])
    unit, owner = (village, f"{village}网格员") if is_cleaning else (KEEPER_UNIT, KEEPER)
    issuer = KEEPER if is_cleaning else "党政办主任"
    day = on + _DAY if is_cleaning else teller.after(on, 1)
    begun = datetime.combine(day, time(8, 30), ZONE) + teller.dice.randint(5, 90) * timedelta(minutes=1)
    story.assign(issuer, day, unit, owner, LEAD, at=begun)
    done = day + _DAY if is_cleaning else teller.working(day + 12 * _DAY)
    written = datetime.combine(done, time(16, 10), ZONE)
    pictures = [Picture("photo_after", "river", f"river-{n}-after")]
    note = row.get("done") or row["not_established"]
    story.step("submit", owner, done, at=written, note=note, pictures=pictures)
    outcome = "fixed" if "done" in row else "not_established"
    checker = KEEPER if is_cleaning else CHECKER
    story.step("verify", checker, teller.after(done, 1), is_prompt=True, finding="现场核查属实", outcome=outcome)
