"""The petitions of the demonstration, from received to evaluated. Cases: registers.md §11.3–11.4."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from tracker.packs.demo.pictures import Picture
from tracker.packs.demo.story import Story, StoryKey, Teller
from tracker.packs.demo.tables import read_table

CLERK, CHECKER, SECRETARY = "信访专干", "综治中心专职副主任", "政法委员"
DISCIPLINE_HEAD, DISCIPLINE_CLERK = "纪委书记", "纪检干事"
OWNERS = {
    "综治中心": "综治中心办理员",
    "自然资源和村镇建设办": "自然资源和村镇建设办主任",
    "农业综合服务中心": "农业综合服务中心主任",
    "乡村振兴办": "监测专干",
    "纪委": DISCIPLINE_CLERK,
}
_SENT_FROM_ABOVE = "assigned"


def tell(folder: Path, teller: Teller) -> None:
    """All petitions of `petitions.yaml`."""
    rows = read_table(folder, "petitions")["petitions"]
    for n, row in enumerate(rows, 1):
        _tell(teller, n, row)


def _tell(teller: Teller, n: int, row: Mapping[str, Any]) -> None:
    key = f"petition/{row.get('key', n)}"
    story = Story(teller, key, "petition")
    received: date = row["received"]
    is_restricted = bool(row.get("restricted"))
    clerk = DISCIPLINE_HEAD if is_restricted else CLERK
    is_transferred = row["channel"] == _SENT_FROM_ABOVE
    story.register(
        clerk,
        received,
        row["village"],
        _values(row, n),
        named=(DISCIPLINE_HEAD, DISCIPLINE_CLERK) if is_restricted else (),
        milestones={"transfer_received": received} if is_transferred else {},
    )
    ends = row.get("ends")
    if ends == "voided":
        story.exclude("void", CLERK, SECRETARY, received, row["reason"], days=0)
    elif ends == "merged":
        into = StoryKey(f"petition/{row['into']}")
        reason = "同一信访人、同一事项，合并办理"
        story.exclude("merge", CLERK, SECRETARY, teller.after(received, 1), reason, into)
    elif ends == "returned":
        _return(teller, story, row, n)
    else:
        _answer(teller, story, row, n, clerk)


def _values(row: Mapping[str, Any], n: int) -> dict[str, Any]:
    values = {
        "platform_no": f"HNX2023{n:05d}",
        "channel": row["channel"],
        "petitioner": "荆运生" if row.get("key") in {"original", "duplicate_1", "duplicate_2"} else f"信访人{n:02d}",
        "title": row["title"],
        "problem": row["text"],
        "class": row["class"],
        "category": row["category"],
        "severity": "1" if row.get("repeat") else "0",
        "repeat": "repeat" if row.get("repeat") else "first",
    }
    if row.get("ends") == "returned":
        values["wrong_addressee"] = True
    return values


def _answer(teller: Teller, story: Story, row: Mapping[str, Any], n: int, clerk: str) -> None:
    """Assigned, accepted, told, perhaps extended, replied, checked, approved, evaluated."""
    unit, owner = row["unit"], OWNERS[row["unit"]]
    # Of a restricted one only two people know: the head checks, so the owner also tells the petitioner.
    checker, approver, informer = (clerk, clerk, owner) if row.get("restricted") else (CHECKER, SECRETARY, clerk)
    story.assign(clerk, min(teller.after(row["received"], 1), row["accepted"]), unit, owner, approver)
    story.step("accept", owner, row["accepted"])
    story.step("reach_milestone", informer, row["told"], milestone="notified", result="accept")
    if "asked" in row:
        story.step("request_extension", owner, row["asked"], extension_days=30, reason="加压设备采购周期长")
        story.step("grant_extension", approver, row["granted"], note="同意延期，已书面告知信访人理由")
    replied: date = row["replied"]
    opinion = "explain" if row.get("outcome") == "explained" or row["class"] == "inquiry" else "support"
    way = "letter" if row["class"] == "plea" else "phone"
    story.step(
        "reach_milestone", owner, replied, milestone="replied", opinion=opinion, reply_way=way, reply=row["reply"]
    )
    paper = Picture("document", "paper", f"petition-{n:02d}-reply")
    story.step("submit", owner, replied, note="处理意见书已送达", pictures=[paper])
    checked = teller.after(replied, 1)
    story.step(
        "verify", checker, checked, finding="告知书、处理意见书和送达回证齐全", outcome=row.get("outcome", "replied")
    )
    story.step("approve", approver, min(teller.after(checked, 1), date(2023, 12, 5)))
    if "evaluation" in row:
        on = min(teller.working(replied + timedelta(days=6)), date(2023, 12, 1))
        story.step("reach_milestone", clerk, on, milestone="evaluated", evaluation=row["evaluation"])


def _return(teller: Teller, story: Story, row: Mapping[str, Any], n: int) -> None:
    """Not within our powers: objected to within five working days, upheld, sent back. Source: 条例 art. 23."""
    owner = OWNERS[row["unit"]]
    story.assign(CLERK, teller.after(row["received"], 1), row["unit"], owner, SECRETARY)
    story.step("object", owner, row["objected"], reason=row["reason"])
    upheld = teller.after(row["objected"], 1)
    story.assign(CLERK, upheld, "综治中心", OWNERS["综治中心"], SECRETARY, note="异议成立，办理退件")
    paper = Picture("document", "paper", f"petition-{n:02d}-returned")
    story.step("submit", OWNERS["综治中心"], teller.after(upheld, 1), note="退件函已送达", pictures=[paper])
    checked = teller.after(upheld, 2)
    story.step("verify", CHECKER, checked, finding="转送机关已核实同意", outcome="returned_to_sender")
    story.step("approve", SECRETARY, teller.after(checked, 1))
