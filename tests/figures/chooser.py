"""Chooses what happens next in a township: mostly what is possible, now and then what must be refused.

`Chance` is where the dice come from: Hypothesis draws (so that a failing history shrinks) or a seeded generator. Days
are drawn where faults live: the latest step's day, the due day, the day after, the 31st after, 1 January.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Protocol, TypeVar

from township import DOCUMENT, PHOTO, PLAIN_VALUES, STAFF_OF, Refused, Scene, at, refused

from tracker.domain.commands import AmendTicket, Command, RegisterTicket, TakeStep
from tracker.domain.lifecycle import STEPS, Need, Status, Step
from tracker.domain.ticket import Ticket

T = TypeVar("T")
FIRST = date(2021, 11, 20)

BY: dict[str, str] = {
    "assign": "supervisor",
    "transfer": "supervisor",
    "urge": "supervisor",
    "pause": "supervisor",
    "publicise": "supervisor",
    "request_exclusion": "supervisor",
    "reach_milestone": "supervisor",
    "comment": "supervisor",
    "decide_extension": "approver",
    "decide_exclusion": "approver",
    "verify": "verifier",
    "relapse": "second_verifier",
    "recheck": "auditor",
    "approve": "official",
}
# Weighted so that a history of a dozen commands often closes, relapses, rests, gets its extension.
WEIGHT = {
    "assign": 2, "accept": 4, "submit": 14, "verify": 18, "reject": 6, "publicise": 12, "approve": 16, "close": 16,
    "request_extension": 6, "grant_extension": 30, "pause": 4, "resume": 14, "relapse": 14, "reopen": 8,
    "reach_milestone": 6, "request_exclusion": 1, "void": 6, "merge": 30, "exclude": 8, "include": 16,
    "comment": 0, "urge": 0, "add_evidence": 0,
}  # fmt: skip
OTHERS_WEIGH = 1


class Chance(Protocol):
    def pick(self, options: Sequence[T]) -> T: ...

    def number(self, low: int, high: int) -> int: ...


class Dice:
    """Chance from a seed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def pick(self, options: Sequence[T]) -> T:
        return options[self._random.randrange(len(options))]

    def number(self, low: int, high: int) -> int:
        return self._random.randint(low, high)


@dataclass
class Chooser:
    """Lets things happen in `world`, from `FIRST` on or from the day the world has reached.

    `repeats_a_day`: whether the same happening may befall a ticket twice on one day. `plain`: register → what its
    registration needs at least.
    """

    world: Scene
    chance: Chance
    registers: tuple[str, ...]
    today: date = FIRST
    repeats_a_day: bool = True
    plain: Mapping[str, Mapping[str, Any]] = field(default_factory=lambda: PLAIN_VALUES)
    ticket_ids: list[int] = field(default_factory=list)
    done: list[Command] = field(default_factory=list)

    def happen(self, times: int, tickets: int = 1) -> None:
        for _ in range(tickets):
            self.register()
        for _ in range(times):
            self.one_more()

    def one_more(self) -> None:
        """One command: a step, an amendment, or one that the rules must refuse."""
        alive = [i for i in self.ticket_ids if not self.world.state(i).is_gone]
        if not alive:
            self.register()
            return
        ticket = self.world.state(self.chance.pick(alive))
        self._let_time_pass(ticket)
        roll = self.chance.number(0, 19)
        if roll == 0:
            self._expect_refusal(ticket)
        elif roll <= 3:
            self._try(self._amendment(ticket), "supervisor")
        else:
            self._step(ticket)

    def register(self) -> None:
        self.today += timedelta(days=self.chance.number(0, 3))
        name = self.chance.pick(self.registers)
        register = self.world.pack.register_by_name[name]
        found = self.today - timedelta(days=self.chance.pick((0, 0, 1, 5, 40)))
        start = {m.name: found + timedelta(days=self.chance.number(0, (self.today - found).days))
                 for m in register.milestones if m.is_start}  # fmt: skip
        values = dict(self.plain[name])
        for declared in register.fields:
            if declared.choices and self.chance.number(0, 1):
                values[declared.name] = self.chance.pick(declared.choices).name
        is_restricted = self.chance.number(0, 5) == 0
        command = RegisterTicket(
            register=name,
            values=values,
            place_id=self._place(),
            found_on=found,
            is_restricted=is_restricted,
            named_ids=tuple(sorted(self.world.person.values())) if is_restricted else (),
            milestones=start,
        )
        answer = self._do(command, "supervisor")
        assert answer is None, answer
        self.ticket_ids.append(max(self.world.states))

    # -- days -------------------------------------------------------------------------------------
    def _let_time_pass(self, t: Ticket) -> None:
        days = [self.today + timedelta(days=n) for n in (0, 0, 1, 2, 7, self.chance.number(3, 45))]
        if t.current_due:
            days += [t.current_due + timedelta(days=n) for n in (-1, 0, 1, 2, 30, 31)]
        days.append(date(self.today.year + 1, 1, self.chance.number(1, 2)))
        self.today = self.chance.pick([d for d in days if self.today <= d])

    def _day(self, earliest: date, t: Ticket) -> date:
        """Between `earliest` and today: back-dated as often as not."""
        if earliest >= self.today:
            return self.today
        days = [earliest, self.today, self.today, earliest + timedelta(days=self.chance.number(0, 30))]
        if t.current_due:
            days += [t.current_due, t.current_due + timedelta(days=1)]
        return self.chance.pick([d for d in days if earliest <= d <= self.today])

    # -- what happens -----------------------------------------------------------------------------
    def _step(self, t: Ticket) -> None:
        step = self.chance.pick([s for s in self._possible(t) for _ in range(WEIGHT.get(s.name, OTHERS_WEIGH))])
        self._try(self._command(t, step), self._actor(t, step))

    def _possible(self, t: Ticket) -> list[Step]:
        register = self.world.register_of(t.id)
        decided = {"void", "merge", "exclude", "refuse_exclusion"}
        wish = t.pending_exclusion.way if t.pending_exclusion else None
        out = []
        for step in STEPS:
            if t.status not in step.sources or (step.is_switched and step.name not in register.steps):
                continue
            if step.name in decided and (wish is None or step.name not in (wish, "refuse_exclusion")):
                continue
            if step.name in ("grant_extension", "refuse_extension") and t.pending_extension is None:
                continue
            if (step.name == "include" and not t.is_excluded) or (step.name == "name" and not t.is_restricted):
                continue
            if step.name == "reach_milestone" and not register.milestones:
                continue
            if step.closing_rank and t.status is Status.CLOSED:
                continue
            out.append(step)
        return out or [s for s in STEPS if s.name == "assign"]

    def _actor(self, t: Ticket, step: Step) -> str:
        return BY.get(step.right) or STAFF_OF.get(self.world.code_of_unit(t.owner_unit_id) or "", "staff")

    def _command(self, t: Ticket, step: Step) -> TakeStep:
        values: dict[str, Any] = {}
        for need in step.needs:
            values.update(self._given(t, need, step))
        earliest = t.last_step_on if step.is_monotone else t.found_on
        if step.name == "reach_milestone":
            earliest = self._earliest_for(t, values["milestone"])
            for name in self.world.register_of(t.id).milestone_by_name[values["milestone"]].values:
                choices = self.world.register_of(t.id).by_name[name].choices
                values[name] = self.chance.pick(choices).name if choices else "据实"
        files = (PHOTO, DOCUMENT) if Need.EVIDENCE in step.needs else ()
        return TakeStep(
            ticket_id=t.id,
            step=step.name,
            version=t.version,
            occurred_on=self._day(earliest, t),
            values=values,
            evidence=files,
        )

    def _earliest_for(self, t: Ticket, name: str) -> date:
        register = self.world.register_of(t.id)
        before = [t.milestones[m].on for m in register.milestone_by_name[name].after if m in t.milestones]
        return max([t.found_on, *(date(1970, 1, 1) + timedelta(days=n) for n in before)])

    def _given(self, t: Ticket, need: Need, step: Step) -> dict[str, Any]:
        chance, register = self.chance, self.world.register_of(t.id)
        match need:
            case Need.OWNER:
                return {"owner_unit_id": self.world.unit[chance.pick(sorted(STAFF_OF))]}
            case Need.DUE:
                return chance.pick(({}, {"due_on": self.today + timedelta(days=chance.number(0, 40))}))
            case Need.EXTENSION_DAYS:
                return {"extension_days": chance.pick((1, 5, 15, 30))}
            case Need.OUTCOME:
                possible = [o.name for o in register.outcomes if all(m in t.milestones for m in o.needs)]
                return {"outcome": chance.pick(possible)}
            case Need.PUBLICITY:
                return {"from_on": self.today, "to_on": self.today}
            case Need.WAY:
                return {"way": chance.pick(("void", "merge", "merge", "exclude", "exclude"))}
            case Need.INTO:
                others = [i for i in self.ticket_ids if i != t.id and self.world.state(i).register == t.register]
                return {"into_id": chance.pick(others or self.ticket_ids)}
            case Need.MILESTONE:
                return {"milestone": chance.pick(register.milestones).name}
            case Need.EVIDENCE:
                return {}
        everybody = tuple(sorted(self.world.person.values()))
        usual: dict[Need, Any] = {Need.PAUSE_REASON: "frost", Need.RECHECK_RESULT: "passed", Need.PEOPLE: everybody}
        return {need.value: usual.get(need, "据实")}

    def _amendment(self, t: Ticket) -> AmendTicket:
        place, found, changes = None, None, {}
        what = self.chance.number(0, 2)
        if what == 0:
            place = self._place()
        elif what == 1:
            found = t.found_on + timedelta(days=self.chance.pick((-400, -1, 1, 3)))
        else:
            chosen = [f for f in self.world.register_of(t.id).fields if f.choices]
            declared = self.chance.pick(chosen)
            changes = {declared.name: self.chance.pick([c.name for c in declared.choices])}
            if t.register == "petition" and self.chance.number(0, 1):
                changes = {"contact_unclear": self.chance.pick((True, False))}
        return AmendTicket(
            ticket_id=t.id, version=t.version, changes=changes, reason="登记有误", place_id=place, found_on=found
        )

    def _place(self) -> int:
        return self.world.unit[self.chance.pick(("chenguang", "donghu"))]

    # -- carrying out -----------------------------------------------------------------------------
    def _try(self, command: Any, by: str) -> None:
        """A command made in good faith; guards may still refuse it (a ring of merges, a used-up extension)."""
        if not self.repeats_a_day and self._repeats(command):
            return
        if self._do(command, by) is None:
            self.done.append(command)

    def _repeats(self, command: Command) -> bool:
        flows = {"object": "returns", "submit": "submissions", "reject": "rejections", "relapse": "relapses",
                 "grant_extension": "extensions", "verify": "closings", "approve": "closings",
                 "close": "closings"}  # fmt: skip
        if not isinstance(command, TakeStep) or command.step not in flows:
            return False
        day = (command.occurred_on - date(1970, 1, 1)).days
        return any((f[0], f[1]) == (flows[command.step], day) for f in self.world.state(command.ticket_id).flows)

    def _do(self, command: Command, by: str) -> Refused | None:
        length = len(self.world.log)
        answer = refused(self.world, command, by, at(self.today))
        if answer is not None:
            assert len(self.world.log) == length, "a refused command left events"
        return answer

    def _expect_refusal(self, t: Ticket) -> None:
        """One of the commands that no state of the ticket may allow."""
        day = timedelta(days=1)
        step, values, on, by, version = self.chance.pick(
            (
                ("submit", {"note": "x"}, self.today + day, "staff", t.version),  # tomorrow
                ("assign", {"owner_unit_id": self.world.unit["donghu"]}, t.last_step_on - day, "supervisor", t.version),
                ("verify", {"finding": "x", "outcome": "fixed"}, self.today, "staff", t.version),  # no verifier
                ("verify", {"finding": "x", "outcome": "no such"}, self.today, "verifier", t.version),
                ("assign", {"owner_unit_id": self.world.unit["donghu"]}, self.today, "auditor", t.version),
                ("assign", {"owner_unit_id": self.world.unit["donghu"]}, self.today, "supervisor", t.loud_version - 1),
                ("no such step", {}, self.today, "supervisor", t.version),
                ("void", {}, self.today, "supervisor", t.version),  # nobody's own wish, and no approver
                ("relapse", {}, self.today, "verifier", t.version),  # without a reason
            )
        )
        command = TakeStep(
            ticket_id=t.id, step=step, version=version, occurred_on=on, values=values, evidence=(PHOTO, DOCUMENT)
        )
        answer = self._do(command, by)
        assert answer is not None, f"{by} could {step} on {on} at version {version} of {t}"
