"""Plan items of two years with their milestones, and the integrity site of 晨光村. registers.md §11.3."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any

from tracker.packs.demo.pictures import Picture
from tracker.packs.demo.record_story import RecordStory
from tracker.packs.demo.story import ZONE, Story, Teller, UnitName
from tracker.packs.demo.tables import read_table

ISSUER, CHECKER, HEAD, DISCIPLINE_CLERK, TOWN = "党政办主任", "督办员", "镇长", "纪检干事", "铁丝塘镇"


def tell(folder: Path, teller: Teller) -> None:
    """Everything of `projects.yaml`."""
    data = read_table(folder, "projects")
    for n, row in enumerate(data["tasks"], 1):
        _tell_task(data, teller, n, row)
    _tell_site(teller, data["integrity"])


def _tell_task(data: Mapping[str, Any], teller: Teller, n: int, row: Mapping[str, Any]) -> None:
    given = data["given"][row["year"]]
    owner = data["owners"][row["unit"]]
    story = Story(teller, f"task/{n}", "project_task")
    at = datetime.combine(given, time(9), ZONE) + n * timedelta(minutes=2)
    story.register(ISSUER, given, row.get("place", TOWN), _values(row), at=at)
    story.assign(ISSUER, given, row["unit"], owner, row["lead"], due_on=row["due"], at=at + timedelta(hours=1))
    if row["year"] == given.year:
        story.step("accept", owner, teller.after(given, 1), is_prompt=True)
    for name in ("started", "halfway"):
        if name in row:
            story.step("reach_milestone", owner, row[name], milestone=name)
    if "achieved" in row:
        _achieve(teller, story, n, row, owner)


def _values(row: Mapping[str, Any]) -> dict[str, Any]:
    values = {
        "title": row["title"],
        "plan_year": row["year"],
        "plan_ref": row["ref"],
        "topic": row["topic"],
        "problem": row["text"],
        "measure_of": row["measure"],
        "target_value": row.get("target"),
        "result_of": row.get("result_of"),
    }
    return {name: value for name, value in values.items() if value is not None}


def _achieve(teller: Teller, story: Story, n: int, row: Mapping[str, Any], owner: str) -> None:
    """Achieved, shown by a paper, checked and approved some days later."""
    on = row["achieved"]
    facts = {"result_value": row.get("result"), "result_source": row.get("from")}
    said: dict[str, Any] = {name: value for name, value in facts.items() if value is not None}
    story.step("reach_milestone", owner, on, is_prompt=True, milestone="achieved", **said)
    paper = Picture("document", "paper", f"task-{n:02d}-proof")
    story.step("submit", owner, on, is_prompt=True, note="已完成，佐证材料附后", pictures=[paper])
    if row.get("is_awaited"):
        return
    checked = teller.after(on, 2)
    story.step("verify", CHECKER, checked, is_prompt=True, finding="现场和资料核查属实", outcome="achieved")
    story.step("approve", HEAD, teller.after(checked, 1), is_prompt=True, note="同意")


def _tell_site(teller: Teller, row: Mapping[str, Any]) -> None:
    story = RecordStory(teller, "integrity/1", "integrity_site")
    values = {
        "opened_on": row["opened"],
        "place": UnitName(row["village"]),
        "title": row["title"],
        "items": row["items"],
    }
    by = f"{row['village']}村支书"
    story.enter(by, row["opened"], values)
    story.change("built", by, row["built"], done_on=row["built"])
    story.change("in_use", by, row["in_use"], in_use_on=row["in_use"])
