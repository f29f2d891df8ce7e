"""What happens to a ticket of the bench: moves with both days, in the order of their recording.

About 8 events each; 8 % of the moves are recorded 1 to 60 days after they took effect, 3 % of the closed tickets
are opened again, 5 % are extended. A story is decided by its own random numbers and never looks at the database.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from random import Random
from typing import Any

from bench.county import COPIES, People
from tracker.domain.days import from_number

KIND_SHARES = {"toilet_survey": 62, "house_inspection": 15, "petition": 23}
BACK_DATED, REJECTED, REOPENED, EXTENDED, VOIDED, FORGOTTEN = 0.08, 0.08, 0.03, 0.05, 0.01, 0.03
LATEST_ENTRY_DAYS = 60
DAY_MS, MORNING_MS, WORKING_DAY_MS = 86_400_000, 3_600_000, 32_400_000  # 09:00 to 18:00 in China

SURNAMES, GIVEN = "王李张刘陈杨黄赵周吴徐孙马朱胡郭何林", "小大建国秀英桂芳志强春梅德明玉兰"
PLACES = ("屋场东头", "村部后面", "小学旁边", "老井边上", "塘坝下面", "公路拐弯处", "祠堂对面", "果园入口")
TROUBLES = {
    "toilet_survey": (
        "化粪池破损渗漏，雨天外溢",
        "厕屋门缺失，无法正常使用",
        "过粪管脱落，冲水不畅",
        "水冲不上水，水压不足",
    ),
    "house_inspection": (
        "土坯房墙体开裂，宽约两厘米",
        "屋面塌陷漏雨，檩条腐朽",
        "地基不均匀沉降，墙体倾斜",
        "后山滑坡威胁房屋安全",
    ),
    "petition": (
        "征地青苗补偿一直未到位",
        "村级公路被重车压坏无人修",
        "养猪场臭味扰民多次反映",
        "低保被取消要求说明理由",
    ),
}
CATEGORIES = {
    "toilet_survey": ("technique", "quality", "promotion", "upkeep", "files"),
    "house_inspection": ("structure", "business", "legality"),
    "petition": ("traffic", "farming", "labour", "land", "building", "welfare", "environment", "education"),
}


@dataclass(frozen=True, slots=True)
class Move:
    """A command to come: recorded at `when` (ms), in effect on `on`. `step` None registers the ticket."""

    when: int
    by: int
    step: str | None
    on: date
    values: Mapping[str, Any] = field(default_factory=dict)
    evidence: tuple[Mapping[str, Any], ...] = ()
    register: str = ""
    place_id: int = 0
    is_restricted: bool = False
    named_ids: tuple[int, ...] = ()


class Story:
    """One ticket's life, begun on day number `start`. `moves` gives it to its end, which may lie ahead."""

    def __init__(self, rng: Random, people: People, start: int) -> None:
        self.rng, self.people = rng, people
        self.kind = rng.choices(tuple(KIND_SHARES), tuple(KIND_SHARES.values()))[0]
        self.register = self.kind + rng.choice(tuple(COPIES))
        self.place = rng.choice(people.villages)
        self.owner = self.place if rng.random() < 0.6 else rng.choice(people.offices)
        # One in a hundred petitions is known to named people only.
        self.is_restricted = self.kind == "petition" and rng.random() < 0.01
        self.day, self.recorded = start, 0

    def moves(self) -> Iterator[Move]:
        is_quick = self.rng.random() < 0.3
        yield self._registered(is_quick)
        yield self._assigned()
        yield self._move(self._worker, "accept", 0, 2)
        yield from self._asides()
        if self.rng.random() < VOIDED:
            yield from self._voided()
            return
        if not is_quick and self.rng.random() < EXTENDED / 0.7:
            yield from self._extended()
        if self.rng.random() < FORGOTTEN:
            return
        yield from _MILESTONES[self.kind](self)
        yield from self._worked_off(5 if is_quick else 40)
        if self.kind == "petition" and self.rng.random() < 0.5:
            values = {"milestone": "evaluated", "evaluation": self.rng.choice(("very", "yes", "basic", "no"))}
            yield self._move("supervisor", "reach_milestone", 1, 10, values)
        if self.rng.random() < REOPENED:
            yield self._move("verifier", "relapse", 20, 200, {"reason": "回头看发现问题反弹"})
            yield from self._worked_off(20)
        elif self.rng.random() < 0.1:
            yield self._move("verifier", "recheck", 30, 90, {"recheck_result": "passed"})

    # -- parts ----------------------------------------------------------------------------------------
    def _registered(self, is_quick: bool) -> Move:
        move = self._move(self.people.staff[self.place], None, 0, 0, self._values(is_quick))
        if not self.is_restricted:
            return move
        roles = ("supervisor", "verifier", "approver")
        named = (move.by, self._worker, *(self.people.by_role[role] for role in roles))
        return replace(move, is_restricted=True, named_ids=tuple(dict.fromkeys(named)))

    def _values(self, is_quick: bool) -> dict[str, Any]:
        rng, kind = self.rng, self.kind
        name = rng.choice(SURNAMES) + rng.choice(GIVEN) + rng.choice(GIVEN)
        problem = f"{rng.choice(PLACES)}{name[0]}家{rng.choice(TROUBLES[kind])}，编号{rng.randrange(10**6):06d}"
        phone = f"138{rng.randrange(10**8):08d}"
        common: dict[str, Any] = {
            "problem": problem,
            "category": rng.choice(CATEGORIES[kind]),
            "severity": str(rng.randrange(4)),
        }
        common |= {"group": rng.randrange(1, 20), "source": "self_check", "phone": phone}
        if kind == "petition":
            title, number = problem[:16], f"HN{rng.randrange(10**12):012d}"
            letter = {"channel": rng.choice(("letter", "visit", "call", "web")), "platform_no": number}
            letter |= {"class": rng.choices(("plea", "suggestion", "report", "inquiry"), (70, 10, 3, 17))[0]}
            return common | letter | {"title": title, "petitioner": name, "repeat": "first"}
        common |= {"household": name, "rectification": "on_spot" if is_quick else rng.choice(("dated", "planned"))}
        if kind == "house_inspection":
            return common | {"use": "self", "first_judgement": rng.choice(("potential", "dangerous"))}
        item = rng.choice(("tank_leak", "pipe", "no_flush", "house_damaged"))
        return common | {"problem_items": [item], "built_year": rng.randrange(2012, 2022), "mode": "three_chamber"}

    def _assigned(self) -> Move:
        values = {"owner_unit_id": self.owner, "owner_id": self.people.staff[self.owner]}
        if self.rng.random() < 0.5:
            values["lead_official_id"] = self.people.by_role["lead_official"]
        return self._move("supervisor", "assign", 0, 5, values)

    def _asides(self) -> Iterator[Move]:
        if self.rng.random() < 0.3:
            yield self._move(self._worker, "comment", 0, 3, {"message": "已到现场查看，正在联系施工队"})
        if self.rng.random() < 0.2:
            yield self._move(self._worker, "add_evidence", 0, 3, evidence=(self._file("photo_before"),))

    def _voided(self) -> Iterator[Move]:
        values = {"way": "void", "reason": "录入错误，同一问题已另行登记"}
        yield self._move("supervisor", "request_exclusion", 1, 5, values)
        yield self._move("approver", "void", 0, 3)

    def _extended(self) -> Iterator[Move]:
        values = {"extension_days": self.rng.randrange(5, 30), "reason": "材料未到，连续下雨无法施工"}
        yield self._move(self._worker, "request_extension", 0, 2, values)
        yield self._move("approver", "grant_extension", 0, 3)

    def _worked_off(self, longest: int) -> Iterator[Move]:
        yield self._submitted(longest)
        if self.rng.random() < REJECTED:
            yield self._move("verifier", "reject", 0, 7, {"reason": "现场照片与问题位置不符"})
            yield self._submitted(12)
        outcome = "replied" if self.kind == "petition" else "fixed"
        finding = {"finding": "现场核查，问题已整改到位", "outcome": outcome}
        yield self._move("verifier", "verify", 0, 7, finding)
        if self.kind != "toilet_survey":
            yield self._move("approver", "approve", 0, 3)

    def _submitted(self, longest: int) -> Move:
        photos = 0 if self.kind == "petition" else 2 if self.kind == "toilet_survey" else 1
        evidence = tuple(self._file("photo_after") for _ in range(photos))
        if self.kind != "petition":
            evidence += (self._file("photo_before"),)
        if self.kind != "toilet_survey":
            evidence += (self._file("document"),)
        return self._move(self._worker, "submit", 1, longest, {"note": "已按要求整改完毕，申请销号"}, evidence)

    def _house(self) -> Iterator[Move]:
        grade = {"milestone": "appraised", "grade": self.rng.choice("BCCD"), "appraiser": "县房屋安全鉴定站"}
        yield self._move("supervisor", "reach_milestone", 1, 20, grade)
        yield self._move(
            "supervisor", "reach_milestone", 1, 10, {"milestone": "people_safe", "people_safe_how": "rent"}
        )
        disposed = {"milestone": "building_disposed", "building_how": "reinforced"}
        yield self._move("supervisor", "reach_milestone", 5, 80, disposed)

    def _petition(self) -> Iterator[Move]:
        yield self._move("supervisor", "reach_milestone", 0, 5, {"milestone": "notified", "result": "accept"})
        replied = {"milestone": "replied", "opinion": "support", "reply_way": "phone"}
        yield self._move("supervisor", "reach_milestone", 5, 40, replied)

    # -- what each move has ---------------------------------------------------------------------------
    @property
    def _worker(self) -> int:
        return self.people.staff[self.owner]

    def _move(
        self,
        by: str | int,
        step: str | None,
        soonest: int,
        latest: int,
        values: Mapping[str, Any] | None = None,
        evidence: tuple[Mapping[str, Any], ...] = (),
    ) -> Move:
        rng = self.rng
        self.day += rng.randint(soonest, latest)
        late = rng.randint(1, LATEST_ENTRY_DAYS) if rng.random() < BACK_DATED else 0
        when = (self.day + late) * DAY_MS + MORNING_MS + int(rng.random() * WORKING_DAY_MS)
        self.recorded = max(self.recorded + 60_000, when)
        actor = by if isinstance(by, int) else self.people.by_role[by]
        day = from_number(self.day)
        return Move(self.recorded, actor, step, day, values or {}, evidence, self.register, self.place)

    def _file(self, kind: str) -> Mapping[str, Any]:
        is_photo = kind != "document"
        return {
            "digest": f"{self.rng.getrandbits(256):064x}",
            "name": "IMG_20240312_101502.jpg" if is_photo else "report.pdf",
            "media_type": "image/jpeg" if is_photo else "application/pdf",
            "size": self.rng.randrange(100_000, 4_000_000),
            "kind": kind,
        }


_MILESTONES = {
    "toilet_survey": lambda story: (),
    "house_inspection": Story._house,
    "petition": Story._petition,
}
