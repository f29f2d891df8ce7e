"""Courtyard meetings of the demonstration with the problems and opinions raised there. registers.md §11.1–11.4."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from tracker.packs.demo.pictures import Picture
from tracker.packs.demo.record_story import RecordStory
from tracker.packs.demo.story import ZONE, PostName, Story, StoryKey, Teller, UnitName
from tracker.packs.demo.tables import read_table

ISSUER, CHECKER, EXCLUDER, HEAD = "党政办主任", "督办员", "党委副书记", "镇长"
OWNERS = {
    "综治中心": "综治中心办理员",
    "自然资源和村镇建设办": "自然资源和村镇建设办主任",
    "农业综合服务中心": "农业综合服务中心主任",
    "乡村振兴办": "监测专干",
}
_CADRES = ("分管农业副镇长", "分管安全副镇长", "政法委员", "纪委书记", "镇长")
_RECTIFICATION = {"on_spot": "on_spot", "dated": "dated", "passed_on": "planned"}
_LATE_ENTRY = datetime(2023, 12, 5, 9, 20, tzinfo=ZONE)
_CUTOFF = date(2023, 11, 29)


@dataclass(slots=True)
class Meeting:
    """A meeting to be told; `themes` begins with the main one."""

    village: str
    on: date
    themes: list[str] = field(default_factory=list)
    leaflets: int = 0

    @property
    def key(self) -> str:
        return f"meeting/{self.village}/{self.on}"


def tell(folder: Path, teller: Teller) -> None:
    """The meetings of the year, and what `courtyard.yaml` says was raised at some of them."""
    data = read_table(folder, "courtyard")
    raised = {(row["village"], row["day"]) for row in [*data["problems"], *data["opinions"]]}
    for meeting in _meetings(data, teller, raised):
        _tell_meeting(data, teller, meeting, is_prompt=(meeting.village, meeting.on) in raised)
    for n, row in enumerate(data["problems"], 1):
        _tell_problem(teller, n, row)
    for n, row in enumerate(data["opinions"], 1):
        _tell_opinion(teller, n, row)


# -- meetings -----------------------------------------------------------------------------------------
def _meetings(data: Mapping[str, Any], teller: Teller, raised: set[tuple[str, date]]) -> list[Meeting]:
    spring = list(_dealt(data["spring"], data["spring_months"], teller, raised))
    law = list(_dealt(data["law"], data["law_months"], teller, raised))
    others = [Meeting(village, _day(teller, month)) for village, month in data["other_autumn"]]
    law.sort(key=lambda m: (m.on, m.village))
    size = data["leaflets"]
    for i, meeting in enumerate(law):
        meeting.themes.append("law")
        meeting.leaflets = size["least"] + size["step"] * i % size["modulus"]
    autumn = [*law, *others]
    without = _without_congress(data["no_congress"], autumn)
    for meeting in [*spring, *autumn]:
        if id(meeting) not in without:
            meeting.themes.append("congress")
        if not meeting.themes or teller.dice.random() < 0.5:
            meeting.themes.append(teller.dice.choice(data["themes_beside"]))
    december = [Meeting(row["village"], row["day"], [row["theme"]]) for row in data["december"]]
    return [*spring, *autumn, *december]


def _dealt(
    villages: Mapping[str, int], months: Mapping[int, int], teller: Teller, raised: set[tuple[str, date]]
) -> Iterator[Meeting]:
    """Village × month, with the meetings of which something is known on their days."""
    known = sorted((village, on) for village, on in raised if on.month in months)
    cells = teller.deal(villages, months, [(village, on.month) for village, on in known])
    for village, on in known:
        yield Meeting(village, on)
    taken = set(known)
    for village, month in cells[len(known) :]:
        on = _day(teller, month)
        while (village, on) in taken:
            on = _day(teller, month)
        taken.add((village, on))
        yield Meeting(village, on)


def _day(teller: Teller, month: int) -> date:
    """Meetings are also held on rest days and in the evening."""
    return teller.dice.choice(teller.month_days(month, first=6, is_rest_too=True))


def _without_congress(villages: list[str], autumn: list[Meeting]) -> set[int]:
    """One meeting of each of these villages, two in each month."""
    left = {9: 2, 10: 2, 11: 2}
    chosen: set[int] = set()
    for village in villages:
        meeting = max((m for m in autumn if m.village == village), key=lambda m: left[m.on.month])
        left[meeting.on.month] -= 1
        chosen.add(id(meeting))
    return chosen


def _tell_meeting(data: Mapping[str, Any], teller: Teller, meeting: Meeting, *, is_prompt: bool) -> None:
    dice, village, on = teller.dice, meeting.village, meeting.on
    households = dice.randint(12, 40)
    values: dict[str, Any] = {
        "held_on": on,
        "place": UnitName(village),
        "unit": UnitName(village),
        "group": dice.randint(1, 12),
        "level": "village",
        "form": "yard",
        "main_theme": meeting.themes[0],
        "themes": meeting.themes,
        "summary": dice.choice(data["summaries"][meeting.themes[0]]),
        "attendees": households + dice.randint(3, 15),
        "households": households,
        "host": PostName(f"{village}村支书"),
        "cadre": PostName(dice.choice(_CADRES)),
        "venue": f"{dice.randint(1, 12)}组屋场",
    }
    if meeting.leaflets:
        fold = meeting.leaflets * 2 // 3
        parts = {"leaflets_fold": fold, "leaflets_sheet": meeting.leaflets - fold}
        values |= {"leaflets": meeting.leaflets, **parts}
    story = RecordStory(teller, meeting.key, "courtyard_meeting")
    at = min(teller.evening(on), datetime.combine(on, time(21, 20), ZONE)) if is_prompt else None
    photo = Picture("document", "paper", f"meeting-{meeting.on:%m%d}-{ord(village[0])}")
    story.enter(f"{village}村支书", on, values, at=at, pictures=[photo] if meeting.leaflets else [])
    twice = data["twice"]
    if village == twice["village"] and on.month == twice["month"] and not is_prompt:
        _tell_twice(teller, meeting, values, twice["reason"])


def _tell_twice(teller: Teller, meeting: Meeting, values: Mapping[str, Any], reason: str) -> None:
    """The online half of a meeting, entered as another one and voided. registers.md §11.3."""
    key = f"meeting/{meeting.village}/twice"
    if any(act.story == key for act in teller.acts):
        return
    story = RecordStory(teller, key, "courtyard_meeting")
    online = {name: value for name, value in values.items() if not name.startswith("leaflets")}
    story.enter(f"{meeting.village}村支书", meeting.on, {**online, "form": "online"})
    story.void(ISSUER, teller.after(meeting.on, 2), reason)


# -- problems -----------------------------------------------------------------------------------------
def _tell_problem(teller: Teller, n: int, row: Mapping[str, Any]) -> None:
    """Registered on the next working day, in the order of the meetings, so that numbers follow the rows."""
    village: str = row["village"]
    story = Story(teller, f"problem/{row.get('key', n)}", "courtyard_problem")
    day = teller.after(row["day"], 1)
    at = datetime.combine(day, time(9), ZONE) + timedelta(minutes=n)
    before = Picture("photo_before", "road", f"problem-{n:02d}-before")
    clerk = f"{village}网格员"
    story.register(clerk, row["day"], village, _problem_values(teller, row), at=at, pictures=[before])
    if "voided" in row:
        story.exclude("void", ISSUER, EXCLUDER, teller.after(day, 1), row["voided"])
        return
    if "merged_into" in row:
        into = StoryKey(f"problem/{row['merged_into']}")
        story.exclude("merge", ISSUER, EXCLUDER, teller.after(day, 1), "同一地点同一问题，另一次屋场会已登记", into)
        return
    unit = row.get("unit", village)
    owner = OWNERS.get(unit, clerk)
    story.assign(ISSUER, day, unit, owner, HEAD, **({"due_on": row["due"]} if "due" in row else {}))
    if "done" not in row:
        return
    if row["way"] != "on_spot":
        story.step("accept", owner, teller.after(day, 1))
    _finish(teller, story, n, row, owner, day)


def _problem_values(teller: Teller, row: Mapping[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {
        "meeting": StoryKey(f"meeting/{row['village']}/{row['day']}"),
        "source": "meeting",
        "group": row.get("group") or teller.dice.randint(1, 12),
        "problem": row["text"],
        "category": row["category"],
        "severity": row.get("severity", "0"),
        "disposition": row["way"],
        "rectification": _RECTIFICATION[row["way"]],
        "policy": "solve",
    }
    if "opinion" in row:
        values["opinion"] = StoryKey(f"opinion/{row['opinion']}")
    return values


def _finish(teller: Teller, story: Story, n: int, row: Mapping[str, Any], owner: str, day: date) -> None:
    pictures = [Picture("photo_after", "road", f"problem-{n:02d}-after")]
    done: dict[str, Any] = {"note": row["done"], "pictures": pictures}
    fixed: dict[str, Any] = {"finding": "现场核查，提出人满意", "outcome": "fixed"}
    key = row.get("key")
    if key == "culvert":  # 屋-2023-0026: overdue, urged, closed after the cut-off
        story.step("urge", ISSUER, date(2023, 11, 13), message="已过承诺时限，请立即办理")
        story.step("urge", ISSUER, date(2023, 11, 17), message="督办单：限三日内书面说明原因和完成时间")
        story.step("submit", owner, date(2023, 12, 3), is_prompt=True, **done)
        story.step("verify", CHECKER, date(2023, 12, 4), is_prompt=True, **fixed)
    elif key == "light":  # 屋-2023-0024: done in November, written down in December
        story.step("submit", owner, date(2023, 11, 27), at=_LATE_ENTRY, **done)
        story.step("verify", CHECKER, date(2023, 11, 29), at=_LATE_ENTRY + timedelta(minutes=1), **fixed)
    else:
        on = day if row["way"] == "on_spot" else teller.working(day + timedelta(days=row["days"]))
        story.step("submit", owner, on, is_prompt=True, **done)
        story.step("verify", CHECKER, min(teller.after(on, 1), _CUTOFF), is_prompt=True, **fixed)


# -- opinions -----------------------------------------------------------------------------------------
def _tell_opinion(teller: Teller, n: int, row: Mapping[str, Any]) -> None:
    village: str = row["village"]
    story = Story(teller, f"opinion/{row.get('key', n)}", "courtyard_opinion")
    day = teller.after(row["day"], 1)
    at = datetime.combine(day, time(8, 31), ZONE) + timedelta(seconds=n)
    values = {
        "meeting": StoryKey(f"meeting/{village}/{row['day']}"),
        "source": "meeting",
        "group": teller.dice.randint(1, 12),
        "problem": row["text"],
        "category": row["category"],
    }
    clerk = f"{village}网格员"
    story.register(clerk, row["day"], village, values, at=at)
    if "voided" in row:
        story.exclude("void", ISSUER, EXCLUDER, teller.after(day, 1), row["voided"])
        return
    unit = row.get("unit", village)
    owner = OWNERS.get(unit, f"{village}村支书")
    story.assign(ISSUER, teller.after(day, 1), unit, owner, HEAD)
    if "say" not in row:
        return
    answered = teller.working_before(row["day"] + timedelta(days=teller.dice.randint(12, 25)))
    said: dict[str, Any] = {"milestone": "answered", "adoption": row["say"], "answer": row["answer"]}
    story.step("reach_milestone", owner, answered, is_prompt=True, **said)
    story.step("submit", owner, answered, is_prompt=True, note="已书面答复提出人")
    checked = teller.after(answered, 1)
    story.step("verify", CHECKER, checked, is_prompt=True, finding="答复属实，已告知提出人", outcome=row["say"])
