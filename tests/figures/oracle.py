"""What a ledger ought to say, by the plainest possible means: replay, and look at the ticket on the day.

Shares no code with `tracker.domain.ledger` or `tracker.domain.ticket`; of the register it reads only what is declared.
`counts(history, n, day, register)`: take the events with position ≤ n. Corrections (amended, voided, merged, excluded,
included) and milestones hold, once known, for every day; a milestone counts from its own day, and its latest known
record is the one that counts. Every other step counts when it occurred on or before `day`. Then: 1 or 0 for each
account that is a state, and for each account that is a happening, how often. The outcome belongs to the accounts of
closings only; all other accounts are told apart by fields alone. A segment has a bit per predicate of the register, and
bit 30 for a restricted ticket.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

Key = tuple[str, int, int, int]
"""(account, unit, segment, cohort)."""

RUNNING = ("registered", "assigned", "accepted", "returned", "relapsed")
BECOMES = {
    "registered": "registered",
    "assigned": "assigned",
    "accepted": "accepted",
    "returned": "returned",
    "transferred": "assigned",
    "paused": "paused",
    "resumed": "assigned",
    "submitted": "submitted",
    "withdrawn": "assigned",
    "rejected": "assigned",
    "verified": "verified",
    "publicised": "publicised",
    "approved": "approved",
    "closed": "closed",
    "relapsed": "relapsed",
    "reopened": "assigned",
}
HAPPENINGS = {
    "returned": "returns",
    "submitted": "submissions",
    "rejected": "rejections",
    "relapsed": "relapses",
    "extension_granted": "extensions",
}


@dataclass
class Milestone:
    on: date
    position: int
    clocks: Mapping[str, Any]
    due: date | None


@dataclass
class Known:
    """What holds for every day, as known at the position."""

    found: date
    place: int
    fields: dict[str, Any]
    milestones: dict[str, Milestone] = field(default_factory=dict)
    milestone_values: dict[str, dict[str, Any]] = field(default_factory=dict)
    is_restricted: bool = False
    gone: str | None = None
    is_excluded: bool = False


@dataclass
class Day:
    """The ticket as it stood at the end of a day."""

    status: str = ""
    owner: int | None = None
    due: date | None = None
    paused_on: date | None = None
    open_since: date | None = None
    submitted: date | None = None
    completed: date | None = None
    closed_on: date | None = None
    outcome: str | None = None
    is_late: bool = False
    reopened: int = 0
    happenings: list[tuple[str, str | None]] = field(default_factory=list)


def counts(history: Sequence[Any], n: int, day: date, register: Any) -> Counter[Key]:
    """Every account in which the ticket counts on `day` as known at position `n`."""
    events = [e for e in history if e.position <= n]
    if not events:
        return Counter()
    known = _known(events, register)
    if known.found > day:
        return Counter()
    note = _Note(known, register)
    if known.gone or known.is_excluded:
        note.add(known.gone or "excluded")
        return note.out
    turns = _turns(events, known, register)
    now = _look([t for t in turns if t[0] <= day])
    _states(note, now, day)
    _happenings(note, now)
    _milestones(note, now, day, [t for t in turns if t[0] <= day])
    return note.out


# -- knowledge ----------------------------------------------------------------------------------------
def _known(events: Sequence[Any], register: Any) -> Known:
    first = events[0].data
    known = Known(date.fromisoformat(first["found_on"]), first["place"], dict(first["fields"]))
    for event in events:
        data = event.data
        if event.kind == "registered":
            known.is_restricted = data.get("restricted", False)
            for name, record in data.get("milestones", {}).items():
                _remember(known, name, date.fromisoformat(record["on"]), event, register)
        elif event.kind == "milestone_reached":
            _remember(known, data["name"], event.occurred_on, event, register)
            known.milestone_values[data["name"]] = data.get("values", {})
        elif event.kind == "amended":
            known.fields.update(data.get("changes", {}))
            known.place = data.get("place", known.place)
            if "found_on" in data:
                known.found = date.fromisoformat(data["found_on"])
        elif event.kind in ("voided", "merged"):
            known.gone = event.kind
        elif event.kind in ("excluded", "included"):
            known.is_excluded = event.kind == "excluded"
    return known


def _remember(known: Known, name: str, on: date, event: Any, register: Any) -> None:
    """The record with the clocks it starts; only the main clock's own start sets the ticket's due day."""
    clocks = {c: v for c, v in event.data.get("clocks", {}).items() if _clock(register, c).start == name}
    main = next((c for c in register.clocks if c.is_main), None)
    due = event.data.get("due_on") if main is not None and main.start == name else None
    known.milestones[name] = Milestone(on, event.position, clocks, date.fromisoformat(due) if due else None)


def _clock(register: Any, name: str) -> Any:
    return next(c for c in register.clocks if c.name == name)


# -- the steps, in the order of their days ------------------------------------------------------------
Turn = tuple[date, int, str, Mapping[str, Any]]


def _turns(events: Sequence[Any], known: Known, register: Any) -> list[Turn]:
    turns: list[Turn] = []
    for event in events:
        if event.kind == "registered":
            turns.append((known.found, event.position, "registered", {}))
        elif event.kind in BECOMES or event.kind == "extension_granted":
            turns.append((event.occurred_on, event.position, event.kind, event.data))
    turns.extend(
        (record.on, record.position, "due", {"due_on": record.due.isoformat()})
        for record in known.milestones.values()
        if record.due is not None
    )
    return sorted(turns, key=lambda t: (t[0], t[1]))


def _look(turns: Iterable[Turn]) -> Day:
    now = Day()
    for on, _, kind, data in turns:
        if data.get("due_on"):
            now.due = date.fromisoformat(data["due_on"])
        if "owner_unit" in data:
            now.owner = data["owner_unit"]
        if kind in HAPPENINGS:
            now.happenings.append((HAPPENINGS[kind], None))
        _take(now, on, kind, data)
        now.status = BECOMES.get(kind, now.status)
    return now


def _take(now: Day, on: date, kind: str, data: Mapping[str, Any]) -> None:
    if kind == "paused":
        now.paused_on = on
    elif kind == "submitted":
        now.submitted = on
    elif kind == "verified":
        now.completed = now.submitted
    elif kind == "closed":
        _close(now, on, data["outcome"])
    elif kind in ("relapsed", "reopened"):
        now.reopened += 1
        if now.closed_on != on:
            now.open_since = on
    elif kind == "registered":
        now.open_since = on


def _close(now: Day, on: date, outcome: str) -> None:
    now.closed_on, now.outcome = on, outcome
    done = now.completed or on
    now.is_late = now.due is not None and done > now.due
    now.happenings.append(("closings", outcome))
    if not any(name == "closed_ever" for name, _ in now.happenings):
        now.happenings.append(("closed_ever", outcome))


# -- the accounts -------------------------------------------------------------------------------------
class _Note:
    """Writes down accounts under place or owner, segment and year found."""

    def __init__(self, known: Known, register: Any) -> None:
        self.known = known
        self.register = register
        self.out: Counter[Key] = Counter()
        self.segments: dict[str | None, int] = {}

    def add(self, account: str, outcome: str | None = None, unit: int | None = None) -> None:
        where = self.known.place if unit is None else unit
        self.out[account, where, self.segment(outcome), self.known.found.year] += 1

    def segment(self, outcome: str | None) -> int:
        """Asked for every account, and the same for all that look at one outcome."""
        if outcome not in self.segments:
            self.segments[outcome] = self._segment(outcome)
        return self.segments[outcome]

    def _segment(self, outcome: str | None) -> int:
        facts: dict[str, Any] = {k: v for k, v in self.known.fields.items() if v is not None}
        for values in self.known.milestone_values.values():
            facts.update(values)
        facts |= {"found_on": self.known.found.isoformat(), "outcome": outcome}
        bits = sum(2**i for i, p in enumerate(self.register.predicates) if _all_hold(p.tests, facts))
        return bits + (2**30 if self.known.is_restricted else 0)

    def leaves(self, outcome: str | None) -> bool:
        return any(o.name == outcome and o.leaves_denominator for o in self.register.outcomes)


def _all_hold(tests: Iterable[tuple[str, str, tuple[str, ...]]], facts: Mapping[str, Any]) -> bool:
    for name, operator, values in tests:
        text = _text(facts.get(name))
        holds = {
            "in": text in values,
            "not_in": text not in values,
            "before": text != "" and text < values[0],
            "from": text != "" and text >= values[0],
        }
        if not holds[operator]:
            return False
    return True


def _text(value: Any) -> str:
    if value is None:
        return ""
    return {"True": "yes", "False": "no"}.get(str(value), str(value))


def _is_countable(note: _Note, now: Day) -> bool:
    return not (now.status == "closed" and note.leaves(now.outcome))


def _states(note: _Note, now: Day, day: date) -> None:
    is_closed = now.status == "closed"
    note.add(f"at.{now.status}", now.outcome if is_closed else None)
    if _is_countable(note, now):
        note.add("countable")
        if is_closed or _has_come_due(now, day):
            note.add("due_or_closed")
    if is_closed:
        _closed_states(note, now)
    else:
        _open_states(note, now, day)


def _has_come_due(now: Day, day: date) -> bool:
    """While it rests, the due day moves on with every day: it comes due in a pause only if it was due before."""
    if now.due is None:
        return False
    return (now.paused_on if now.status == "paused" and now.paused_on else day) >= now.due


def _closed_states(note: _Note, now: Day) -> None:
    names = ["closed"]
    if not note.leaves(now.outcome):
        names.append("closed_late" if now.is_late else "closed_on_time")
    if not now.reopened:
        note.add("closed_held", now.outcome)
    for name in names:
        note.add(name, now.outcome)
        if now.owner is not None and name != "closed_late":
            note.add(f"owner.{name}", now.outcome, now.owner)


def _open_states(note: _Note, now: Day, day: date) -> None:
    names = ["open"]
    if now.status in RUNNING and now.due is not None and day > now.due:
        names.append("overdue")
        if day - now.due > timedelta(days=30):
            note.add("overdue_30")
    for name in names:
        note.add(name)
        if now.owner is not None:
            note.add(f"owner.{name}", None, now.owner)
    if now.open_since is not None and now.open_since < date(day.year, 1, 1):
        note.add("carried_over")


def _happenings(note: _Note, now: Day) -> None:
    note.add("registered")
    for name, outcome in now.happenings:
        note.add(name, outcome)


def _milestones(note: _Note, now: Day, day: date, turns: Sequence[Turn]) -> None:
    if not _is_countable(note, now):
        return
    reached = {name: m for name, m in note.known.milestones.items() if m.on <= day}
    for name in reached:
        note.add(f"reached.{name}")
    names = {m.name for m in note.register.milestones}
    for clock in note.register.clocks:
        if {clock.start, clock.stop} <= names and clock.start in reached:
            account = _clock_account(note, now, day, turns, clock, reached)
            if account:
                note.add(f"{clock.name}.{account}")


def _clock_account(
    note: _Note, now: Day, day: date, turns: Sequence[Turn], clock: Any, reached: Mapping[str, Milestone]
) -> str | None:
    if any(note.known.fields.get(f) for f in clock.waived_by):
        return "waived"
    started = reached[clock.start].clocks.get(clock.name)
    due = now.due if clock.is_main else date.fromisoformat(started["due"]) if started else None
    if due is None:
        return None
    stop = reached.get(clock.stop)
    if stop is not None:
        then = _look(t for t in turns if t[0] <= stop.on).due if clock.is_main else due
        return "in_time" if then is None or stop.on <= then else "late"
    rests = clock.is_main and now.status == "paused"
    return "overdue" if now.status != "closed" and not rests and day > due else None
