"""Work safety: premises, inspections with their checks and hazards, campaigns, nil reports. registers.md §11.2–11.4."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from tracker.packs.demo.pictures import Picture
from tracker.packs.demo.record_story import RecordStory, early
from tracker.packs.demo.story import ZONE, PostName, Story, StoryKey, Teller, UnitName
from tracker.packs.demo.tables import read_table

OFFICE, CLERK, HEAD = "应急办", "安监员", "应急办主任"
ISSUER, CHECKER, LEAD = "党政办主任", "督办员", "分管安全副镇长"
_OPENED_ON = date(2022, 12, 20)
_JOINED = {"campus": "学区、派出所", "food": "市场监管所", "fire": "派出所", "gas": "市场监管所"}
_VILLAGES = ("铁丝社区", "枫林村", "荆家村", "丹水村", "江水村", "花泉村", "晨光村", "望江村", "红旗村", "巨麓村")
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Premises:
    name: str
    kind: str
    village: str
    is_key: bool

    @property
    def key(self) -> str:
        return f"premises/{self.name}"


@dataclass(frozen=True, slots=True)
class _Hazard:
    """Found at premises in a check. `notice`: not put right on the spot."""

    premises: Premises
    item: int
    text: str
    done: str
    notice: Mapping[str, Any] | None = None


def tell(folder: Path, teller: Teller) -> None:
    """Everything of `safety.yaml`."""
    data = read_table(folder, "safety")
    premises = _premises(data)
    for n, one in enumerate(premises):
        _tell_premises(teller, n, one)
    order = _rounds(data, teller, premises)
    number = 0
    for n, row in enumerate(data["inspections"], 1):
        visited = order[data["checks"] * (n - 1) : data["checks"] * n]
        number = _tell_inspection(data, teller, n, row, visited, number)
    for n, row in enumerate(data["campaigns"], 1):
        _tell_campaign(teller, n, row)
    _tell_reports(teller)


# -- premises -----------------------------------------------------------------------------------------
def _premises(data: Mapping[str, Any]) -> list[Premises]:
    out = [Premises(row["name"], row["kind"], row["village"], is_key=True) for row in data["key_premises"]]
    for kind, name, count in data["other_premises"]:
        for n in range(count):
            village = _VILLAGES[n % len(_VILLAGES)]
            out.append(Premises(f"{village}{name}{n // len(_VILLAGES) + 1}号", kind, village, is_key=False))
    return out


def _tell_premises(teller: Teller, n: int, one: Premises) -> None:
    values = {
        "opened_on": _OPENED_ON,
        "place": UnitName(one.village),
        "name": one.name,
        "kind": one.kind,
        "key": one.is_key,
        "head": teller.dice.choice("刘李王张陈周黄肖谢罗") + "某",
        "people": teller.dice.randint(1, 6) if not one.is_key else teller.dice.randint(8, 60),
        "floors": teller.dice.randint(1, 3),
        "risk": "A" if one.is_key else teller.dice.choice("ABB"),
    }
    RecordStory(teller, one.key, "premises").enter(CLERK, _OPENED_ON, values, at=early(20 + n / 4))


def _rounds(data: Mapping[str, Any], teller: Teller, premises: Sequence[Premises]) -> list[Premises]:
    """Every premises twice, none twice in one inspection; the key premises with notices in the last one."""
    per, inspected = data["checks"], len(data["inspections"])
    noticed = next(p for p in premises if p.name == data["notices"][0]["premises"])
    first = list(premises)
    teller.dice.shuffle(first)
    second = [*first[len(first) // 2 :], *first[: len(first) // 2]]
    order = [*first, *second]
    if per * inspected != len(order):
        raise ValueError("the inspections do not visit every premises twice")
    last = len(order) - per
    if noticed not in order[last:]:
        second_visit = len(order) - 1 - order[::-1].index(noticed)
        order[second_visit], order[last] = order[last], order[second_visit]
    return order


# -- inspections --------------------------------------------------------------------------------------
def _tell_inspection(
    data: Mapping[str, Any], teller: Teller, n: int, row: Mapping[str, Any], visited: Sequence[Premises], number: int
) -> int:
    """Gives back how many hazards there were until now."""
    dice, on = teller.dice, row["day"]
    key = f"inspection/{n}"
    at = datetime.combine(on, time(16, 30), ZONE)
    values = {
        "held_on": on,
        "unit": UnitName(OFFICE),
        "theme": row["theme"],
        "joined_by": _JOINED.get(row["theme"], "派出所"),
        "leader": PostName(HEAD),
        "team_size": dice.randint(3, 6),
        "summary": row["text"],
    }
    RecordStory(teller, key, "safety_inspection").enter(CLERK, on, values, at=at)
    hazards = list(_hazards(data, teller, row, visited))
    for i, one in enumerate(visited):
        found = [h for h in hazards if h.premises is one]
        _tell_check(teller, key, on, one, found, at + (i + 4) * _MINUTE)
    for hazard in hazards:
        number += 1
        _tell_hazard(teller, number, key, row, hazard, at + 20 * _MINUTE + number * timedelta(seconds=30))
    return number


def _hazards(
    data: Mapping[str, Any], teller: Teller, row: Mapping[str, Any], visited: Sequence[Premises]
) -> Iterator[_Hazard]:
    places = teller.dice.sample(list(visited), row["hazards"])
    for one in places:
        item, text, done = teller.dice.choice(data["hazards"][row["theme"]])
        yield _Hazard(one, item, text, done)
    if row is data["inspections"][-1]:
        for notice in data["notices"]:
            (one,) = (p for p in visited if p.name == notice["premises"])
            yield _Hazard(one, notice["item"], notice["text"], notice["done"], notice)


def _tell_check(
    teller: Teller, inspection: str, on: date, one: Premises, found: Sequence[_Hazard], at: datetime
) -> None:
    notice = next((h.notice["notice"] for h in found if h.notice), None)
    on_spot = sum(h.notice is None for h in found)
    values = {
        "held_on": on,
        "inspection": StoryKey(inspection),
        "premises": StoryKey(one.key),
        "place": UnitName(one.village),
        "result": "notice" if notice else "fixed" if found else "passed",
        "fixed_on_spot": on_spot,
        "nothing_found": not found,
        **({"notice_no": notice, "summary": "；".join(h.text for h in found)} if notice else {}),
    }
    failed = {h.item: h.text for h in found}
    RecordStory(teller, f"{inspection}/{one.name}", "premises_check").enter(CLERK, on, values, at=at, failed=failed)


def _tell_hazard(
    teller: Teller, n: int, inspection: str, row: Mapping[str, Any], hazard: _Hazard, at: datetime
) -> None:
    """Put right on the spot: registered and struck off on one day. By notice: seven days."""
    one, on, notice = hazard.premises, row["day"], hazard.notice
    story = Story(teller, f"hazard/{n}", "safety_hazard")
    values = {
        "source": "inspection",
        "inspection": StoryKey(inspection),
        "check": StoryKey(f"{inspection}/{one.name}"),
        "premises": StoryKey(one.key),
        "premises_name": one.name,
        "key_place": one.is_key,
        "problem": hazard.text,
        "category": row["theme"],
        "level": "general",
        "severity": "0",
        "fixed_on_spot": notice is None,
        "rectification": "on_spot" if notice is None else "dated",
        "measures": notice["measure"] if notice else hazard.done,
        **({"notice_no": notice["notice"]} if notice else {}),
    }
    before = Picture("photo_before", "shop", f"hazard-{n:02d}-before")
    clerk = f"{one.village}网格员"
    story.register(CLERK, on, one.village, values, at=at, pictures=[before])
    story.assign(CLERK, on, one.village, clerk, LEAD, at=at + 20 * _MINUTE)
    after = [Picture("photo_after", "shop", f"hazard-{n:02d}-after")]
    closed = notice["closed"] if notice else on
    done = teller.before(closed, 1) if notice else on
    if notice:
        story.step("accept", clerk, teller.after(on, 1), is_prompt=True)
    story.step("submit", clerk, done, is_prompt=True, note=hazard.done, pictures=after)
    story.step("verify", CHECKER, closed, is_prompt=True, finding="现场核查，隐患已消除", outcome="fixed")


# -- campaigns and nil reports ------------------------------------------------------------------------
def _tell_campaign(teller: Teller, n: int, row: Mapping[str, Any]) -> None:
    sizes = {name: row[name] for name in ("stands", "leaflets", "banners", "audience")}
    values = {
        "held_on": row["day"],
        "unit": UnitName(OFFICE),
        "place": UnitName(row["place"]),
        "theme": row["theme"],
        "summary": row["text"],
        **sizes,
    }
    photo = Picture("document", "paper", f"campaign-{n}")
    RecordStory(teller, f"campaign/{n}", "safety_publicity").enter(CLERK, row["day"], values, pictures=[photo])


def _tell_reports(teller: Teller) -> None:
    """Every village and the office, every month, by the fifth of the next: nothing happened."""
    for month in range(1, 12):
        last = date(2023, month + 1, 1) - timedelta(days=1)
        days = [last + timedelta(days=n) for n in range(1, 6)]
        # The first days of October are one long festival: a nil report comes all the same.
        days = [day for day in days if teller.calendar.is_working(day)] or days
        for unit in (*_VILLAGES, OFFICE):
            at = datetime.combine(teller.dice.choice(days), time(), ZONE) + teller.minute()
            values = {"occurred_on": last, "unit": UnitName(unit), "nothing_found": True, "summary": "本月无事故"}
            by = CLERK if unit == OFFICE else f"{unit}村主任"
            RecordStory(teller, f"accident/{unit}/{month}", "accident").enter(by, last, values, at=at)
