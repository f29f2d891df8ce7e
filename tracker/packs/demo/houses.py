"""The dangerous houses of the demonstration: people safe and building disposed are told apart. registers.md §11.4."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from random import Random
from typing import Any

from tracker.packs.demo.pictures import Picture
from tracker.packs.demo.story import Story, StoryKey, Teller
from tracker.packs.demo.tables import read_table

OFFICE, CLERK = "自然资源和村镇建设办", "房屋专干"
ISSUER, CHECKER, VICE_HEAD, EXCLUDER = "党政办主任", "督办员", "分管安全副镇长", "党委副书记"
_SEVERITY = {"B": "0", "C": "1", "D": "2"}
_ADVICE = {"B": "observe", "C": "treat", "D": "demolish"}
_KINDS = ("low_income", "five_guarantee", "out_of_poverty", "ordinary")
_SAME = ("group", "house", "household", "household_kind")
"""What a house of another grade keeps."""
_FAMILY = "荆唐尹廖邓罗蒋谭肖段"


def tell(folder: Path, teller: Teller) -> None:
    """All houses of `houses.yaml`."""
    data = read_table(folder, "houses")
    for n, row in enumerate(data["houses"], 1):
        _tell(teller, n, row, data["appraiser"])


def file_key(n: int, row: Mapping[str, Any]) -> str:
    """The story of the house's file, told by `house_files.py`: row `n` of `houses.yaml`, a successor has that of the
    ticket before it."""
    return f"house_file/{row.get('follows') or row.get('key', n)}"


def _tell(teller: Teller, n: int, row: Mapping[str, Any], appraiser: str) -> None:
    story = Story(teller, f"house/{row.get('key', n)}", "house_inspection")
    found: date = row["found"]
    predecessor = row.get("follows")
    before = Picture("photo_before", "house", f"house-{n:02d}-before")
    values = _values(teller.dice, n, row)
    if row.get("ends") != "voided":  # found out to be the file of another
        values["house_file"] = StoryKey(file_key(n, row))
    if predecessor:
        first = next(act for act in teller.acts if act.story == f"house/{predecessor}")
        values |= {name: first.values[name] for name in _SAME} | {"predecessor": StoryKey(first.story)}
    story.register(f"{row['village']}网格员", found, row["village"], values, pictures=[before])
    if row.get("ends") == "voided":
        story.exclude("void", ISSUER, EXCLUDER, row["ended"], row["reason"])
        return
    assigned = found if predecessor else teller.after(found, 1)
    story.assign(ISSUER, assigned, OFFICE, CLERK, VICE_HEAD)
    story.step("accept", CLERK, assigned)
    if predecessor:
        note = StoryKey(f"house/{predecessor}", "等级变化，先销号后新增；前一件：{number}")
        story.step("comment", CLERK, assigned, message=note)
    _appraise(story, n, row, appraiser)
    if "safe" in row:
        paper = Picture("document", "paper", f"house-{n:02d}-resettled")
        story.step("reach_milestone", CLERK, row["safe"], milestone="people_safe", people_safe_how=row["how"])
        story.step("add_evidence", CLERK, row["safe"], note="安置协议", pictures=[paper])
    if "disposed" in row:
        story.step("reach_milestone", CLERK, row["disposed"], milestone="building_disposed", building_how=row["by"])
        _close(teller, story, n, row["disposed"], "fixed", "住户已安置，房屋已处置")
    elif "ends" in row:
        finding = "等级已变化，先销号后新增" if row["ends"] == "regraded" else "鉴定为B级，加强观察"
        _close(teller, story, n, row["ended"], row["ends"], finding)


def _appraise(story: Story, n: int, row: Mapping[str, Any], appraiser: str) -> None:
    story.step(
        "reach_milestone",
        CLERK,
        row["appraised"],
        milestone="appraised",
        grade=row["grade"],
        appraiser=appraiser,
        advice=_ADVICE[row["grade"]],
    )
    report = Picture("document", "paper", f"house-{n:02d}-appraisal")
    story.step("add_evidence", CLERK, row["appraised"], note="鉴定报告", pictures=[report])


def _close(teller: Teller, story: Story, n: int, on: date, outcome: str, finding: str) -> None:
    """Submitted, verified and approved; an untrue or regraded one on a single day, so that the day is the case's."""
    is_work = outcome == "fixed"
    pictures = [
        Picture("photo_after", "house", f"house-{n:02d}-after"),
        Picture("document", "paper", f"house-{n:02d}-proof"),
    ]
    story.step("submit", CLERK, on, note=finding, pictures=pictures)
    story.step("verify", CHECKER, teller.after(on, 1) if is_work else on, finding=finding, outcome=outcome)
    story.step("approve", VICE_HEAD, teller.after(on, 2) if is_work else on)


def _values(dice: Random, n: int, row: Mapping[str, Any]) -> dict[str, Any]:
    grade = row.get("grade", "C")
    return {
        "source": "self_check",
        "group": dice.randint(1, 9),
        "house": f"FW-{n:03d}",
        "household": dice.choice(_FAMILY) + dice.choice(("德贵", "满秀", "解放", "运生", "桂英", "明生")),
        "persons": row["persons"],
        "household_kind": dice.choice(_KINDS),
        "use": "self",
        "problem": row["text"],
        "category": "structure",
        "defects": list(row["defects"]),
        "first_judgement": "dangerous" if grade in "CD" else "potential",
        "severity": _SEVERITY[grade],
    }
