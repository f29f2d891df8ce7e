"""The tests' own language: a history as lines of text, one command each.

    2023-03-01  register  toilet  place=chenguang
    2023-03-02  assign    owner=chenguang  due=2023-03-20
    2023-03-18  submit
    2023-03-25  verify    by=second_verifier  recorded=2023-04-02

A line is the day it took effect, the step, what it needs, who (`by=`, else whose work it usually is), and the day it
was recorded (`recorded=`, else the same day, never before the line above). `register` and `merge … into=` may carry a
`#label` where a history has several tickets; a line without one speaks of the latest ticket. What a step needs and the
line does not give is filled in. `amend` takes place=, found=, field=value.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from township import DOCUMENT, PHOTO, PLAIN_VALUES, STAFF_OF, Refused, Scene, at

from tracker.domain.commands import AmendTicket, Command, RegisterTicket, TakeStep
from tracker.domain.events import Event
from tracker.domain.lifecycle import STEP_BY_NAME, Need
from tracker.domain.refusals import Refusal, Refusals

USUALLY_BY = {
    "register": "supervisor",
    "assign": "supervisor",
    "transfer": "supervisor",
    "urge": "supervisor",
    "pause": "supervisor",
    "publicise": "supervisor",
    "request_exclusion": "supervisor",
    "reach_milestone": "supervisor",
    "comment": "supervisor",
    "amend": "supervisor",
    "name": "supervisor",
    "decide_extension": "approver",
    "decide_exclusion": "approver",
    "verify": "verifier",
    "relapse": "verifier",
    "recheck": "auditor",
    "approve": "official",
}
OWNERS_STEPS = ("accept", "object", "submit", "request_extension", "add_evidence")
_DAYS = ("due", "found", "from", "to")


@dataclass(frozen=True)
class Line:
    on: date
    step: str
    label: str | None
    words: tuple[str, ...]
    options: Mapping[str, str]

    @property
    def recorded_on(self) -> date:
        return date.fromisoformat(self.options.get("recorded", self.on.isoformat()))


def lines(text: str) -> list[Line]:
    """The lines of a history; # opens a label, not a comment."""
    out = []
    for row in filter(str.strip, text.splitlines()):
        day, step, *rest = row.split()
        label = next((w[1:] for w in rest if w.startswith("#")), None)
        options = dict(w.split("=", 1) for w in rest if "=" in w)
        words = tuple(w for w in rest if "=" not in w and not w.startswith("#"))
        out.append(Line(date.fromisoformat(day), step, label, words, options))
    return out


@dataclass
class Player:
    """Carries out lines in a world; remembers tickets by label, `""` being the latest."""

    world: Scene
    tickets: dict[str, int] = field(default_factory=dict)
    latest: datetime | None = None

    def play(self, text: str) -> int:
        """The id of the latest ticket after all lines; a refusal is raised."""
        for line in lines(text):
            self.take(line)
        return self.tickets[""]

    def take(self, line: Line) -> tuple[Event, ...]:
        now = at(line.recorded_on)
        now = max(now, self.latest or now)
        command = self.command(line)
        events = self.world.do(command, self.actor(line), now)
        self.latest = now
        if line.step == "register":
            for label in {"", line.label or ""}:
                self.tickets[label] = events[0].stream_id
        return events

    def refused(self, text: str) -> Refused | None:
        """How the one line is refused; None when it went through."""
        (line,) = lines(text)
        try:
            self.take(line)
        except Refusal as one:
            return Refused((one.code,), (one.field,))
        except Refusals as several:
            return Refused(tuple(r.code for r in several.refusals), tuple(r.field for r in several.refusals))
        return None

    def ticket(self, line: Line) -> int:
        return self.tickets[line.label or ""]

    def actor(self, line: Line) -> str:
        if "by" in line.options:
            return line.options["by"]
        right = STEP_BY_NAME[line.step].right if line.step in STEP_BY_NAME else line.step
        if right in OWNERS_STEPS:
            owner = self.world.code_of_unit(self.world.state(self.ticket(line)).owner_unit_id)
            return STAFF_OF.get(owner or "", "staff")
        return USUALLY_BY[right]

    def command(self, line: Line) -> Command:
        if line.step == "register":
            return self._registration(line)
        state = self.world.state(self.ticket(line))
        if line.step == "amend":
            return self._amendment(line, state.version)
        needs = STEP_BY_NAME[line.step].needs
        values: dict[str, Any] = {}
        for need in needs:
            values.update(self._given(need, line))
        if milestone := line.options.get("milestone"):
            for name in self.world.register_of(state.id).milestone_by_name[milestone].values:
                values[name] = line.options.get(name)
        evidence = _evidence(line) if Need.EVIDENCE in needs else ()
        version = int(line.options.get("version", state.version))
        return TakeStep(
            ticket_id=state.id,
            step=line.step,
            version=version,
            occurred_on=line.on,
            values=values,
            evidence=evidence,
            key=line.options.get("key"),
        )

    def _registration(self, line: Line) -> RegisterTicket:
        (register,) = line.words
        values = {**PLAIN_VALUES[register], **_fields(line)}
        return RegisterTicket(
            register=register,
            values=values,
            place_id=self.world.unit[line.options.get("place", "chenguang")],
            found_on=date.fromisoformat(line.options.get("found", line.on.isoformat())),
            is_restricted="restricted" in line.options,
            milestones={
                k.removeprefix("milestone."): date.fromisoformat(v)
                for k, v in line.options.items()
                if k.startswith("milestone.")
            },
            key=line.options.get("key"),
        )

    def _amendment(self, line: Line, version: int) -> AmendTicket:
        place, found = line.options.get("place"), line.options.get("found")
        return AmendTicket(
            ticket_id=self.ticket(line),
            version=int(line.options.get("version", version)),
            changes=_fields(line),
            reason=line.options.get("reason", "登记有误"),
            place_id=self.world.unit[place] if place else None,
            found_on=date.fromisoformat(found) if found else None,
            key=line.options.get("key"),
        )

    def _given(self, need: Need, line: Line) -> dict[str, Any]:
        options, unit = line.options, self.world.unit
        match need:
            case Need.OWNER:
                return {"owner_unit_id": unit[options.get("owner", "chenguang")]}
            case Need.DUE:
                return {"due_on": date.fromisoformat(options["due"])} if "due" in options else {}
            case Need.EXTENSION_DAYS:
                return {"extension_days": int(options.get("days", "10"))}
            case Need.PUBLICITY:
                start, end = options.get("from", line.on.isoformat()), options.get("to", line.on.isoformat())
                return {"from_on": date.fromisoformat(start), "to_on": date.fromisoformat(end)}
            case Need.INTO:
                return {"into_id": self.tickets[options["into"]]} if "into" in options else {}
            case Need.PEOPLE:
                names = [n for n in options.get("people", "").split(",") if n]
                return {"people": tuple(self.world.person[n] for n in names)}
            case Need.EVIDENCE:
                return {}
        return {need.value: options.get(need.value, _USUAL.get(need, "据实"))}


_USUAL = {
    Need.OUTCOME: "fixed",
    Need.PAUSE_REASON: "frost",
    Need.RECHECK_RESULT: "passed",
    Need.WAY: "void",
    Need.MILESTONE: "notified",
}
_NOT_FIELDS = re.compile(r"place|found|by|recorded|key|version|reason|restricted|milestone\..*")


def _fields(line: Line) -> dict[str, Any]:
    """field=value of a registration or an amendment; `field=` clears it."""
    return {k: v or None for k, v in line.options.items() if not _NOT_FIELDS.fullmatch(k)}


def _evidence(line: Line) -> tuple[Mapping[str, Any], ...]:
    """evidence=none, or a list of kinds; a submission brings a picture and a document unless told otherwise."""
    kinds = line.options.get("evidence", "photo_after,document")
    samples = {"photo_after": PHOTO, "document": DOCUMENT}
    return tuple({**samples.get(k, PHOTO), "kind": k} for k in kinds.split(",") if k != "none")
