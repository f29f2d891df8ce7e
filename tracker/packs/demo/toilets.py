"""The problem toilets of the demonstration: a workbook of 2021 imported in 2023, struck off month by month.

193 rows are imported; 187 stay, found in 2021. Totals by village and month: registers.md §11.1–11.3.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from tracker.packs.demo import toilet_cases
from tracker.packs.demo.story import IMPORTED_ON, ZONE, Story, StoryKey, Teller
from tracker.packs.demo.tables import read_table
from tracker.packs.demo.toilet_cases import LIMITS, Toilet, pictures_of

ISSUER, EXCLUDER = "党政办主任", "党委副书记"
IMPORT_AT = datetime.combine(IMPORTED_ON, time(9, 12), ZONE)
_FIRST_ASSIGNMENT = date(2023, 1, 3)
"""No later limit begins in 2022: a plan made then would have ended with that year."""


@dataclass(frozen=True, slots=True)
class _Row:
    """One line of the imported workbook. `stays` is the row that remains when this one is a duplicate."""

    toilet: Toilet
    values: Mapping[str, Any]
    found_on: date
    stays: int | None
    is_ours: bool


def tell(folder: Path, teller: Teller) -> None:
    """The imported workbook and the six found in 2023."""
    data = read_table(folder, "toilets")
    rows = _workbook(data, teller)
    for row in rows:
        _tell_imported(teller, row)
    for n, item in enumerate(data["later"], len(rows) + 1):
        _tell_later(teller, data, n, item)


# -- the workbook -------------------------------------------------------------------------------------
def _workbook(data: Mapping[str, Any], teller: Teller) -> list[_Row]:
    """193 rows in the order of the workbook; pinned rows lie in the village of their case."""
    gone = {**data["duplicates"], **dict.fromkeys(data["not_ours"])}
    kept = [n for n in range(1, sum(data["villages"].values()) + len(gone) + 1) if n not in gone]
    villages = _villages(data, teller, kept)
    toilets = _toilets(data, teller, kept, villages)
    found = teller.working_days(date(2021, 6, 1), date(2021, 12, 24))
    rows: dict[int, _Row] = {}
    for n in kept:
        values = {**_values(data, teller, toilets[n]), "source_ref": f"2021年摸排台账第{n}行"}
        rows[n] = _Row(toilets[n], values, teller.dice.choice(found), None, is_ours=True)
    for n, stays in data["duplicates"].items():
        twin = rows[stays]
        values = {**twin.values, "source_ref": f"2021年摸排台账第{n}行"}
        rows[n] = _Row(
            Toilet(n, twin.toilet.village, "dated", is_centre=False), values, twin.found_on, stays, is_ours=True
        )
    for n in data["not_ours"]:
        toilet = Toilet(n, teller.dice.choice(list(data["villages"])), "dated", is_centre=False)
        values = {**_values(data, teller, toilet), "fund": "self", "source_ref": f"2021年摸排台账第{n}行"}
        rows[n] = _Row(toilet, values, teller.dice.choice(found), None, is_ours=False)
    return [rows[n] for n in sorted(rows)]


def _villages(data: Mapping[str, Any], teller: Teller, kept: Sequence[int]) -> dict[int, str]:
    pool = [village for village, count in data["villages"].items() for _ in range(count)]
    for village in data["pins"].values():
        pool.remove(village)
    teller.dice.shuffle(pool)
    free = iter(pool)
    return {n: data["pins"].get(n) or next(free) for n in kept}


def _toilets(
    data: Mapping[str, Any], teller: Teller, kept: Sequence[int], villages: Mapping[int, str]
) -> dict[int, Toilet]:
    """Deals class, owner, closing day and mishap to every row; the cases have theirs fixed."""
    cases = toilet_cases.CASES
    free = [n for n in kept if n not in cases]
    classes = _deal(teller, data["rectification"], [case.rectification for case in cases.values()])
    months = _deal(teller, data["closed_by_month"], [case.closed_month for case in cases.values()])
    # On the spot is not what takes the longest: give the early months to whatever comes, mishaps to later ones.
    centre = set(teller.dice.sample(free, data["centre_owned"] - sum(case.is_centre for case in cases.values())))
    toilets = {n: Toilet(n, villages[n], case.rectification, case.is_centre) for n, case in cases.items()}
    for n in free:
        toilets[n] = Toilet(n, villages[n], next(classes), n in centre, _closing_day(teller, next(months)))
    _deal_mishaps(data, teller, [toilets[n] for n in free])
    return toilets


def _deal(teller: Teller, counts: Mapping[Any, int], taken: Sequence[Any]) -> Iterator[Any]:
    pool = [name for name, count in counts.items() for _ in range(count)]
    for name in taken:
        pool.remove(name)
    teller.dice.shuffle(pool)
    return iter(pool)


def _closing_day(teller: Teller, month: int) -> date:
    first = date(2023, month, 12 if month == 1 else 1)
    last = date(2023, 12, 5) if month == 12 else date(2023, month + 1, 1) - timedelta(days=1)
    return teller.dice.choice(teller.working_days(first, last))


def _deal_mishaps(data: Mapping[str, Any], teller: Teller, toilets: Sequence[Toilet]) -> None:
    calm = [t for t in toilets if t.closed_on and t.closed_on >= date(2023, 5, 1) and t.rectification != "planned"]
    dated = [t for t in calm if t.rectification == "dated"]
    for toilet in teller.dice.sample(dated, data["extended"]):
        toilet.mishap = "extended"
    for mishap in ("late", "rejected"):
        left = [t for t in calm if not t.mishap]
        for toilet in teller.dice.sample(left, data[mishap]):
            toilet.mishap = mishap
    for toilet in teller.dice.sample([t for t in calm if not t.mishap], data["rebuilt"]):
        toilet.outcome = "rebuilt"


def _values(data: Mapping[str, Any], teller: Teller, toilet: Toilet) -> dict[str, Any]:
    dice = teller.dice
    case = toilet_cases.CASES.get(toilet.row)
    texts = data["texts"]["centre" if toilet.is_centre else "village"]
    wanted = case.problem if case else ""
    every = [*data["texts"]["centre"], *data["texts"]["village"]]
    text, items, category, severity, measure = next((t for t in every if t[0] == wanted), None) or dice.choice(texts)
    return {
        "source": "import",
        "group": case.group if case and case.group else dice.randint(1, 12),
        "household": dice.choice(data["surnames"]) + dice.choice(data["given"]),
        "problem": text,
        "category": category,
        "scheme": "hunan_2021",
        "problem_items": list(items),
        "severity": severity,
        "rectification": toilet.rectification,
        "built_year": dice.randint(2014, 2020),
        "fund": dice.choice(("central", "province", "county", "mixed")),
        "mode": dice.choice(("three_chamber", "three_chamber", "three_chamber", "four_chamber", "sewer")),
        "measures": measure,
    }


def file_of(row: int) -> StoryKey:
    """The file of the toilet in this row, which `toilet_files.py` tells."""
    return StoryKey(f"toilet_file/{row}")


# -- stories ------------------------------------------------------------------------------------------
def _tell_imported(teller: Teller, row: _Row) -> None:
    n = row.toilet.row
    story = Story(teller, f"toilet/{n}", "toilet_survey")
    at = IMPORT_AT + timedelta(milliseconds=n)  # one file, read from top to bottom
    values = {**row.values, **({"toilet_file": file_of(row.stays or n)} if row.is_ours else {})}
    story.register(ISSUER, row.found_on, row.toilet.village, values, at=at)
    if row.stays is not None:
        into = StoryKey(f"toilet/{row.stays}")
        story.exclude("merge", ISSUER, EXCLUDER, date(2023, 3, 15), "同一户摸排登记两次", into)
    elif not row.is_ours:
        story.exclude("void", ISSUER, EXCLUDER, date(2023, 3, 14), "户主自建，非财政资金改厕，不属摸排范围")
    elif n in toilet_cases.CASES:
        toilet_cases.CASES[n].tell(story, row.toilet)
    else:
        tell_course(teller, story, row.toilet)


def tell_course(teller: Teller, story: Story, toilet: Toilet) -> None:
    """From assigned to closed, with the mishap that was dealt."""
    dice, limit = teller.dice, LIMITS[toilet.rectification]
    if toilet.closed_on is None:
        raise ValueError(f"toilet {toilet.row} has no day to be closed on")
    done = teller.before(toilet.closed_on, dice.randint(1, 2))
    if toilet.mishap == "extended":
        start = teller.working_before(done - timedelta(days=limit + dice.randint(3, 10)))
    elif toilet.mishap == "late":
        start = teller.working_before(done - timedelta(days=limit + dice.randint(2, 9)))
    else:
        start = teller.working(done - timedelta(days=dice.randint(max(2, limit // 3), limit - 1)))
    if toilet.mishap != "late":
        start = max(start, _FIRST_ASSIGNMENT)
    toilet.assign(story, start)
    toilet.accept(story, min(teller.after(start, 1), done))
    _tell_mishap(teller, story, toilet, start, done)
    toilet.submit(story, done, attempt=2 if toilet.mishap == "rejected" else 1)
    toilet.verify(story, toilet.closed_on)


def _tell_mishap(teller: Teller, story: Story, toilet: Toilet, start: date, done: date) -> None:
    due = start + timedelta(days=LIMITS[toilet.rectification])
    if toilet.mishap == "extended":
        asked = teller.working_before(due - timedelta(days=teller.dice.randint(2, 5)))
        story.step("request_extension", toilet.owner, asked, extension_days=30, reason="雨季施工，工期顺延")
        story.step("grant_extension", toilet.lead, min(teller.after(asked, 1), due), note="同意延期一次")
    elif toilet.mishap == "late":
        story.step(
            "urge", ISSUER, teller.working(due + timedelta(days=1)), message="已过整改时限，请抓紧完成并说明原因"
        )
    elif toilet.mishap == "rejected":
        first = max(teller.before(done, 3 if toilet.rectification == "dated" else 1), teller.after(start, 1))
        toilet.submit(story, min(first, done), attempt=1)
        story.step(
            "reject",
            toilet.checker,
            min(teller.after(first, 1), done),
            reason="整改后照片与整改前角度不一致，请重拍并补冲水测试",
        )


def _tell_later(teller: Teller, data: Mapping[str, Any], n: int, item: Mapping[str, Any]) -> None:
    """Found in 2023 by the village itself, outside the 187; the last two are still open."""
    found: date = item["found"]
    toilet = Toilet(n, item["village"], item["rectification"], is_centre=item["rectification"] == "planned")
    story = Story(teller, f"toilet/{n}", "toilet_survey")
    values = {**_values(data, teller, toilet), "source": "self_check", "toilet_file": file_of(n)}
    story.register(f"{toilet.village}网格员", found, toilet.village, values, pictures=[pictures_of(n, 0)[0]])
    start = teller.after(found, 1) if item["rectification"] != "on_spot" else teller.after(found, 2)
    toilet.assign(story, start)
    toilet.accept(story, teller.after(start, 1))
    if "closed" in item:
        toilet.submit(story, teller.before(item["closed"], 1), attempt=1)
        toilet.verify(story, item["closed"])
