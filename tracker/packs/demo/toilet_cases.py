"""What is done to a toilet, and the cases of registers.md §11.4 that must be there, by their row of the workbook."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

from tracker.packs.demo.pictures import Picture
from tracker.packs.demo.story import PostName, Story, UnitName

CENTRE, CENTRE_CLERK = "农业综合服务中心", "改厕专干"
ISSUER, OFFICE_CHECKER, VICE_HEAD = "党政办主任", "督办员", "分管农业副镇长"
LIMITS: Mapping[str, int] = {"on_spot": 7, "dated": 30, "planned": 90}
"""Days of `deadlines.yaml`; the test of the demonstration counts what is on time."""


def pictures_of(row: int, attempt: int) -> list[Picture]:
    """One before, two after; `attempt` keeps the files of a second submission apart."""
    name = f"toilet-{row:04d}"
    after = [Picture("photo_after", "toilet", f"{name}-{attempt}{side}") for side in "ab"]
    return [Picture("photo_before", "toilet", f"{name}-before"), *after]


@dataclass(slots=True)
class Toilet:
    """A row of the workbook and who has to do with it. `mishap`: late, rejected, extended or none."""

    row: int
    village: str
    rectification: str
    is_centre: bool
    closed_on: date | None = None
    mishap: str = ""
    outcome: str = "fixed"

    @property
    def unit(self) -> str:
        return CENTRE if self.is_centre else self.village

    @property
    def owner(self) -> str:
        return CENTRE_CLERK if self.is_centre else f"{self.village}网格员"

    @property
    def lead(self) -> str:
        return VICE_HEAD

    @property
    def checker(self) -> str:
        """The line office checks villages; another office checks the line office. Source: registers.md §1."""
        return OFFICE_CHECKER if self.is_centre else CENTRE_CLERK

    def assign(self, story: Story, on: date, due_on: date | None = None) -> None:
        given = {"due_on": due_on} if due_on else {}
        story.assign(ISSUER, on, self.unit, self.owner, self.lead, **given)

    def accept(self, story: Story, on: date) -> None:
        story.step("accept", self.owner, on)

    def submit(self, story: Story, on: date, *, attempt: int) -> None:
        pictures = pictures_of(self.row, attempt)
        story.step(
            "submit",
            self.owner,
            on,
            note="已整改，冲水测试正常，户主已签字",
            pictures=pictures if attempt == 1 else pictures[1:],
        )

    def reject(self, story: Story, on: date, reason: str) -> None:
        story.step("reject", self.checker, on, reason=reason)

    def verify(self, story: Story, on: date) -> None:
        story.step("verify", self.checker, on, finding="现场核查，整改到位", outcome=self.outcome)


# -- cases --------------------------------------------------------------------------------------------
def _rejected(story: Story, t: Toilet) -> None:
    """厕-2023-0142: a rejection does not stop the clock."""
    t.assign(story, date(2023, 10, 24))
    t.accept(story, date(2023, 10, 25))
    t.submit(story, date(2023, 11, 6), attempt=1)
    t.reject(story, date(2023, 11, 7), "清掏口仍无盖")
    t.submit(story, date(2023, 11, 21), attempt=2)
    t.verify(story, date(2023, 11, 23))


def _relapsed(story: Story, t: Toilet) -> None:
    """厕-2023-0066: closed, came back, closed again: closed now is one fewer on 11-22."""
    t.assign(story, date(2023, 9, 18))
    t.accept(story, date(2023, 9, 19))
    t.submit(story, date(2023, 10, 10), attempt=1)
    t.verify(story, date(2023, 10, 12))
    story.step("relapse", OFFICE_CHECKER, date(2023, 11, 18), reason="回头看发现粪液溢出")
    t.submit(story, date(2023, 11, 29), attempt=2)
    t.verify(story, date(2023, 12, 1))


def _extended(story: Story, t: Toilet) -> None:
    """厕-2023-0118: asked one day before the due day, granted, on time."""
    t.assign(story, date(2023, 9, 11), date(2023, 10, 10))
    t.accept(story, date(2023, 9, 12))
    story.step("request_extension", t.owner, date(2023, 10, 9), extension_days=30, reason="构件到货晚")
    story.step("grant_extension", t.lead, date(2023, 10, 10), note="同意延期一次")
    t.submit(story, date(2023, 11, 2), attempt=1)
    t.verify(story, date(2023, 11, 3))


def _refused(story: Story, t: Toilet) -> None:
    """厕-2023-0103: asked one day after the due day, refused, late by the original date."""
    t.assign(story, date(2023, 10, 18))
    t.accept(story, date(2023, 10, 19))
    story.step("request_extension", t.owner, date(2023, 11, 18), extension_days=30, reason="施工队未到")
    story.step("refuse_extension", t.lead, date(2023, 11, 20), reason="申请时已超过整改时限")
    t.submit(story, date(2023, 11, 29), attempt=1)
    t.verify(story, date(2023, 12, 1))


def _paused(story: Story, t: Toilet) -> None:
    """厕-2023-0091: rested while the county's money was on its way."""
    t.assign(story, date(2023, 5, 8))
    t.accept(story, date(2023, 5, 9))
    story.step("pause", ISSUER, date(2023, 6, 5), pause_reason="county_money", reason="县级奖补资金未到")
    story.step("resume", ISSUER, date(2023, 7, 20), note="资金已到位")
    t.submit(story, date(2023, 8, 16), attempt=1)
    t.verify(story, date(2023, 8, 18))


def _transferred(story: Story, t: Toilet) -> None:
    """厕-2023-0155: from the village to the centre; the clock runs on."""
    first = Toilet(t.row, t.village, t.rectification, is_centre=False)
    first.assign(story, date(2023, 7, 10))
    first.accept(story, date(2023, 7, 11))
    story.step(
        "transfer",
        ISSUER,
        date(2023, 8, 7),
        owner_unit_id=UnitName(CENTRE),
        owner_id=PostName(CENTRE_CLERK),
        reason="需整体更换化粪池，超出村级能力",
    )
    t.accept(story, date(2023, 8, 8))
    t.submit(story, date(2023, 9, 12), attempt=1)
    t.verify(story, date(2023, 9, 14))


@dataclass(frozen=True, slots=True)
class Case:
    """A toilet whose story is fixed; the dealing of classes, owners and months leaves room for it."""

    rectification: str
    closed_month: int
    is_centre: bool
    problem: str
    group: int
    tell: Callable[[Story, Toilet], None]


CASES: Mapping[int, Case] = {
    66: Case("dated", 12, is_centre=False, problem="粪液溢出，未按期清掏", group=1, tell=_relapsed),
    91: Case("planned", 8, is_centre=True, problem="化粪池破损渗漏", group=0, tell=_paused),
    103: Case("dated", 12, is_centre=True, problem="黑灰水未分离", group=0, tell=_refused),
    118: Case("dated", 11, is_centre=False, problem="厕屋门缺失", group=0, tell=_extended),
    142: Case("dated", 11, is_centre=False, problem="化粪池破损渗漏", group=4, tell=_rejected),
    155: Case("planned", 9, is_centre=True, problem="化粪池破损渗漏", group=0, tell=_transferred),
}
