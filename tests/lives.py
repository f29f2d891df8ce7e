"""A second copy of the table of steps, in words, and a ticket that is brought to wherever a step can be taken.

A change of the lifecycle must change this page too, which is the point of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from histories import Player, lines
from township import DOCUMENT, PACK, PHOTO, TOILET, Paper, Refused, at, label, refused

from tracker.domain.commands import TakeStep
from tracker.domain.lifecycle import STEP_BY_NAME, SWITCHES, Need
from tracker.domain.packs import Pack
from tracker.domain.registers import EvidenceRule, Milestone, Separation

LIVE = "registered assigned accepted returned paused submitted verified publicised approved closed relapsed"
OPEN = LIVE.replace(" closed", "")

# step: (statuses in which it is possible, status after it; "" leaves it)
POSSIBLE: Mapping[str, tuple[str, str]] = {
    "assign": ("registered returned assigned accepted relapsed", "assigned"),
    "accept": ("assigned", "accepted"),
    "object": ("assigned accepted", "returned"),
    "transfer": ("assigned accepted relapsed returned", "assigned"),
    "request_extension": ("assigned accepted relapsed returned", ""),
    "grant_extension": (OPEN, ""),
    "refuse_extension": (OPEN, ""),
    "pause": ("assigned accepted relapsed", "paused"),
    "resume": ("paused", "assigned"),
    "submit": ("assigned accepted relapsed", "submitted"),
    "withdraw": ("submitted", "assigned"),
    "reject": ("submitted verified publicised", "assigned"),
    "verify": ("submitted", "verified"),
    "publicise": ("verified", "publicised"),
    "approve": ("verified publicised", "approved"),
    "close": ("verified publicised approved", "closed"),
    "relapse": ("closed", "relapsed"),
    "reopen": ("closed", "assigned"),
    "recheck": ("closed", ""),
    "urge": ("registered assigned accepted returned relapsed", ""),
    "comment": (LIVE + " voided merged", ""),
    "add_evidence": (OPEN, ""),
    "reach_milestone": (LIVE, ""),
    "name": (LIVE + " voided merged", ""),
    "request_exclusion": (LIVE, ""),
    "refuse_exclusion": (LIVE, ""),
    "void": (LIVE, "voided"),
    "merge": (LIVE, "merged"),
    "exclude": (LIVE, ""),
    "include": (LIVE, ""),
}

# a register in which every step is switched on, and nobody is kept from anything but by the table
ALL_ON = replace(
    TOILET,
    steps=SWITCHES,
    evidence=EvidenceRule(photos_after=1),
    separation=Separation(),
    milestones=(Milestone("seen", label("看过")),),
)
EVERYTHING = Pack("everything", "1", label("全"), (ALL_ON, *PACK.registers[1:]), (), (), ())
DAY = date(2023, 3, 2)
BY = {
    "accept": "staff", "object": "staff", "submit": "staff", "withdraw": "staff", "request_extension": "staff",
    "grant_extension": "approver", "refuse_extension": "approver", "verify": "verifier", "reject": "verifier",
    "close": "verifier", "relapse": "verifier", "reopen": "verifier", "recheck": "auditor", "approve": "official",
    "void": "approver", "merge": "approver", "exclude": "approver", "include": "approver",
    "refuse_exclusion": "approver",
}  # fmt: skip

WAYS_THERE: Mapping[str, str] = {
    "registered": "",
    "assigned": "assign",
    "accepted": "assign accept",
    "returned": "assign object",
    "paused": "assign pause",
    "submitted": "assign submit",
    "verified": "assign submit verify",
    "publicised": "assign submit verify publicise",
    "approved": "assign submit verify approve",
    "closed": "assign submit verify close",
    "relapsed": "assign submit verify close relapse",
    "voided": "request_exclusion:void void",
    "merged": "request_exclusion:merge merge",
}
DECIDES_EXTENSION = ("grant_extension", "refuse_extension")
# what must be open for a step to be taken, asked for right before it, or where it still could be asked for
BEFORE: Mapping[str, str] = {
    "refuse_exclusion": "request_exclusion:void",
    "void": "request_exclusion:void",
    "merge": "request_exclusion:merge",
    "exclude": "request_exclusion:exclude",
    "include": "request_exclusion:exclude exclude",
}
VALUES: Mapping[Need, Any] = {
    Need.REASON: "据实", Need.NOTE: "据实", Need.FINDING: "已修好", Need.OUTCOME: "fixed", Need.EXTENSION_DAYS: 5,
    Need.PAUSE_REASON: "frost", Need.RECHECK_RESULT: "passed", Need.MILESTONE: "seen", Need.MESSAGE: "据实",
}  # fmt: skip


class Life:
    """A restricted ticket that everybody is named on, so that naming is possible too; and another beside it."""

    def __init__(self) -> None:
        self.paper = Paper(EVERYTHING)
        player = Player(self.paper)
        self.other = player.play("2023-03-01 register toilet")
        everybody = tuple(sorted(self.paper.person.values()))
        registration = player.command(lines("2023-03-01 register toilet restricted=yes")[0])
        command = replace(registration, named_ids=everybody)
        self.id = self.paper.do(command, "supervisor", at(DAY))[0].stream_id

    @property
    def status(self) -> str:
        return self.paper.state(self.id).status.value

    def take(self, word: str) -> Refused | None:
        name, _, way = word.partition(":")
        command = self.command(name, way)
        return refused(self.paper, command, BY.get(name, "supervisor"), at(DAY))

    def take_all(self, words: str) -> None:
        for word in words.split():
            answer = self.take(word)
            assert answer is None, (word, answer)

    def command(self, name: str, way: str = "exclude", **more: Any) -> TakeStep:
        step = STEP_BY_NAME[name]
        values: dict[str, Any] = {n.value: VALUES[n] for n in step.needs if n in VALUES}
        if Need.OWNER in step.needs:
            values["owner_unit_id"] = self.paper.unit["chenguang"]
        if Need.DUE in step.needs:
            values["due_on"] = date(2023, 4, 1)
        if Need.PUBLICITY in step.needs:
            values |= {"from_on": DAY, "to_on": DAY}
        if Need.WAY in step.needs:
            values |= {"way": way or "exclude", "into_id": self.other}
        files = (PHOTO, DOCUMENT) if Need.EVIDENCE in step.needs else ()
        version = self.paper.state(self.id).version
        plain = TakeStep(ticket_id=self.id, step=name, version=version, occurred_on=DAY, values=values, evidence=files)
        return replace(plain, **more)


def life_at(status: str, step: str = "") -> Life:
    """A ticket in that status, with the request that `step` decides on still open."""
    life = Life()
    words = WAYS_THERE[status].split()
    if step in DECIDES_EXTENSION:
        words = _with_request(words, status)
    life.take_all(" ".join(words))
    if status not in ("voided", "merged"):
        life.take_all(BEFORE.get(step, ""))
    assert life.status == status
    return life


def _with_request(words: list[str], status: str) -> list[str]:
    """The extension is asked for in the last status of the way where it can be."""
    askable = POSSIBLE["request_extension"][0].split()
    if status in askable:
        return [*words, "request_extension"]
    at_work = max((i for i, word in enumerate(words) if word == "assign"), default=None)
    return words if at_work is None else [*words[: at_work + 1], "request_extension", *words[at_work + 1 :]]
