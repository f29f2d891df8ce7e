"""Double entry for promises: which accounts a ticket stands under, and from which day until which.

`marks(ticket, register)` is one pure function of the folded history; `Marks` gives the same after event upon event,
and remembers what it need not work out again. A mark (account, ef, et) counts
on every effective day ef <= D < et. What an event changes in the ledger is the difference between
the marks before and after it. Source: design.md "Double entry for promises"; asof.md §1, §5.

Days are day numbers. Edges may lie ahead (overdue from due+1): so forecasts come free.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from tracker.domain.days import FOREVER, first_of_next_year
from tracker.domain.lifecycle import CLOCK_RUNS, Status
from tracker.domain.quantities import amounts_beside, beside
from tracker.domain.registers import Clock, Predicate, Register
from tracker.domain.ticket import Closing, DueTurn, Reached, Ticket

FORMAT = 2
"""Raise it when this code, record_ledger or period_ledger gives other marks, or projections/search.py other pieces:
what pages read is then made again at the next start."""

Span = tuple[int, int]
"""[start, end) in day numbers; end FOREVER while it lasts."""
Facts = Mapping[str, Any]
"""What predicates test, by name; what permission asks is another thing, `access.Facts`."""

FLOWS = frozenset(
    {
        "registered",
        "closed_ever",
        "closings",
        "relapses",
        "extensions",
        "submissions",
        "rejections",
        "returns",
        "voided",
        "merged",
        "excluded",
    }
)
"""Accounts whose marks never end: something happened on that day."""

STOCKS = frozenset(
    {
        "countable",
        "open",
        "closed",
        "closed_held",
        "closed_on_time",
        "closed_late",
        "due_or_closed",
        "overdue",
        "overdue_30",
        "carried_over",
    }
    | {f"at.{status}" for status in Status if status not in (Status.VOIDED, Status.MERGED)}
)
"""Accounts in force between two days. `paused` is at.paused."""

OWNER_ACCOUNTS = frozenset({"owner.open", "owner.overdue", "owner.closed", "owner.closed_on_time"})
"""The same promises by owner unit in place of the village: their `unit` is the owner."""

CLOCK_ACCOUNTS = ("in_time", "late", "overdue", "waived")

QUANTIFIED = ("registered", "countable", "closed")
"""Accounts beside which a register's sums and groups stand (quantities.py)."""


RESTRICTED = 1 << 30
"""The bit of a segment that says the ticket is restricted: counted in totals, listed to named people only."""


class Mark(NamedTuple):
    """`unit` is the place, or the owner unit for the accounts `owner.*`. `segment`: bit i says that
    the register's predicate i holds. `source` tells two equal flows of one day apart (a position). `quantity`: what the
    mark adds to a sum (record_ledger.py)."""

    account: str
    unit: int
    ef: int
    et: int
    segment: int
    cohort: int
    source: int
    quantity: int = 1


def account_names(register: Register) -> frozenset[str]:
    """Every account a figure of this register may name."""
    names = set(FLOWS | STOCKS | OWNER_ACCOUNTS)
    names.update(f"reached.{m.name}" for m in register.milestones)
    for clock in register.milestone_clocks:
        names.update(f"{clock.name}.{kind}" for kind in CLOCK_ACCOUNTS)
    for account in QUANTIFIED:
        names.update(name for name, _, _ in beside(account, register.quantities, register.groups))
    return frozenset(names)


def segment_of(facts: Facts, predicates: Iterable[Predicate]) -> int:
    """Bit i says that predicate i holds."""
    return sum(1 << i for i, predicate in enumerate(predicates) if predicate.holds(facts))


def marks(t: Ticket, register: Register) -> frozenset[Mark]:
    """All marks of the ticket as its history now stands.

    A voided, merged or excluded ticket leaves every account but the one that lists it: such a
    correction holds for every effective day once it is known (docs/decisions/0002).
    """
    return Marks().of(t, register)


class Marks:
    """The marks of tickets as they go on: what predicates test of the latest is kept while nothing of it changed that
    they can see, since most events change none (a third of the time of a rebuild).

    A part of a state that is the same object is taken to say the same: effects.py replaces parts, never changes one.
    """

    def __init__(self) -> None:
        self._seen: tuple[object, ...] = ()
        self._facts: Facts = {}
        self._segments: dict[str, int] = {}

    def of(self, t: Ticket, register: Register) -> frozenset[Mark]:
        """The same as `marks`."""
        seen = (t.fields, t.milestones, t.found_on, t.is_restricted, register)
        if not self._seen or any(a is not b for a, b in zip(self._seen, seen, strict=True)):
            are_asked = register.predicates or register.quantities or register.groups
            self._seen, self._facts, self._segments = seen, dict(t.facts()) if are_asked else {}, {}
        return frozenset(_Book(t, register, self._facts, self._segments).post())


class _Book:
    """Collects the marks of one ticket. `segments`: those found so far by outcome, from the same facts."""

    def __init__(self, t: Ticket, register: Register, facts: Facts, segments: dict[str, int]) -> None:
        self.t = t
        self.register = register
        self.cohort = t.found_on.year
        self.facts, self.segments = facts, segments
        self.has_beside = bool(register.quantities or register.groups)
        self.out: list[Mark] = []
        self.born = t.status_turns[0][0]
        self.due_turns = _due_turns(t, register)

    def segment(self, outcome: str) -> int:
        """Fields as known now; the outcome only where the mark lies in a closing."""
        if outcome not in self.segments:
            bits = segment_of({**self.facts, "outcome": outcome}, self.register.predicates)
            self.segments[outcome] = bits | RESTRICTED if self.t.is_restricted else bits
        return self.segments[outcome]

    def stock(self, account: str, spans: Iterable[Span], outcome: str = "", unit: int | None = None) -> None:
        place = self.t.place_id if unit is None else unit
        segment = self.segment(outcome)
        for ef, et in spans:
            if ef < et:
                self.out.append(Mark(account, place, ef, et, segment, self.cohort, 0))
                if self.has_beside and account in QUANTIFIED:
                    self._beside(account, ef, et, segment)

    def flow(self, account: str, day: int, source: int, outcome: str = "") -> None:
        segment = self.segment(outcome)
        self.out.append(Mark(account, self.t.place_id, day, FOREVER, segment, self.cohort, source))
        if self.has_beside and account in QUANTIFIED:
            self._beside(account, day, FOREVER, segment)

    def _beside(self, account: str, ef: int, et: int, segment: int) -> None:
        """The sums and groups of an account: under the place, or under the linked record."""
        for name, unit, amount in amounts_beside(account, self.register, self.facts, self.t.place_id):
            self.out.append(Mark(name, unit, ef, et, segment, self.cohort, 0, amount))

    def post(self) -> list[Mark]:
        t = self.t
        gone = {Status.VOIDED: "voided", Status.MERGED: "merged"}.get(t.status)
        if gone or t.is_excluded:
            self.flow(gone or "excluded", self.born, 0)
            return self.out
        self._statuses()
        self._closings()
        self._dues()
        self._milestones()
        self._owners()
        outcomes = {c.position: c.outcome for c in t.closings}
        for account, day, position in t.flows:
            self.flow(account, day, position, outcomes.get(position, "") if account == "closings" else "")
        return self.out

    # -- statuses ---------------------------------------------------------------------------------
    def _statuses(self) -> None:
        turns = self.t.status_turns
        self.flow("registered", self.born, 0)
        self.open_spans: list[Span] = []
        self.running_spans: list[Span] = []
        self.paused_spans: list[Span] = []
        closings = iter(self.t.closings)
        for i, (day, status) in enumerate(turns):
            end = turns[i + 1][0] if i + 1 < len(turns) else FOREVER
            outcome = next(closings).outcome if status is Status.CLOSED else ""
            self.stock(_AT[status], ((day, end),), outcome)
            if status is not Status.CLOSED:
                extend(self.open_spans, day, end)
            if status in CLOCK_RUNS:
                extend(self.running_spans, day, end)
            elif status is Status.PAUSED:
                self.paused_spans.append((day, end))
        self.stock("open", self.open_spans)
        self.stock("carried_over", ((first_of_next_year(a), b) for a, b in self.open_spans))

    # -- closings ---------------------------------------------------------------------------------
    def _closings(self) -> None:
        t = self.t
        self.closed_spans: list[tuple[Closing, int]] = [
            (c, t.reopenings[i][0] if i < len(t.reopenings) else FOREVER) for i, c in enumerate(t.closings)
        ]
        out_spans: list[Span] = []
        for i, (closing, end) in enumerate(self.closed_spans):
            span = ((closing.on, end),)
            self.stock("closed", span, closing.outcome)
            if self._leaves(closing):
                out_spans.append((closing.on, end))
            else:
                account = "closed_on_time" if self._is_on_time(closing) else "closed_late"
                self.stock(account, span, closing.outcome)
            if i == 0:
                self.flow("closed_ever", closing.on, 0, closing.outcome)
        self._held()
        self.countable_spans = _minus([(self.born, FOREVER)], out_spans)
        self.stock("countable", self.countable_spans)

    def _leaves(self, closing: Closing) -> bool:
        outcome = self.register.outcome_by_name.get(closing.outcome)
        return outcome is not None and outcome.leaves_denominator

    def _is_on_time(self, closing: Closing) -> bool:
        """Against the due day in force at the closing, as known now; without one nothing was late."""
        before = [x for x in self.due_turns if (x.day, x.position) <= (closing.on, closing.position)]
        return not before or closing.completed_on <= before[-1].due

    def _held(self) -> None:
        """Closed and never reopened since: a single closing that still stands."""
        if self.closed_spans:
            first, end = self.closed_spans[0]
            self.stock("closed_held", ((first.on, end),), first.outcome)

    # -- the main clock ---------------------------------------------------------------------------
    def _dues(self) -> None:
        due_spans = _due_spans(self.due_turns)
        overdue = _past_due(due_spans, self.running_spans, 1)
        self.stock("overdue", overdue)
        self.stock("overdue_30", _past_due(due_spans, self.running_spans, 31))
        self.overdue_spans = overdue
        reached = [(max(start, due), end) for start, end, due in due_spans if due < end]
        closed = [(c.on, end) for c, end in self.closed_spans]
        come = _union(closed + self._come_due(reached, due_spans))
        self.stock("due_or_closed", _meet(come, self.countable_spans))

    def _come_due(self, reached: list[Span], due_spans: Sequence[tuple[int, int, int]]) -> list[Span]:
        """While a ticket rests its due day moves on day by day: none comes due that had not before the pause."""
        if not self.paused_spans:
            return reached
        before = [
            (max(start, begun), min(end, until))
            for begun, until in self.paused_spans
            for start, end, due in due_spans
            if due <= begun
        ]
        return _minus(reached, self.paused_spans) + before

    # -- milestones and their clocks --------------------------------------------------------------
    def _milestones(self) -> None:
        t = self.t
        for name, reached in t.milestones.items():
            self.stock(f"reached.{name}", _meet([(reached.on, FOREVER)], self.countable_spans))
        for clock in self.register.milestone_clocks:
            start = t.milestones.get(clock.start)
            if start is None:
                continue
            if any(t.fields.get(f) for f in clock.waived_by):
                self.stock(f"{clock.name}.waived", _meet([(start.on, FOREVER)], self.countable_spans))
                continue
            self._clock(clock, start)

    def _clock(self, clock: Clock, start: Reached) -> None:
        """From its start's day on, and only where a rule or a promise gave it a due day."""
        t, stop = self.t, self.t.milestones.get(clock.stop)
        rests: list[Span] = []
        if clock.is_main:
            due_spans, rests = _due_spans(self.due_turns), self.paused_spans
        elif (running := t.clocks.get(clock.name)) is not None and running.position == start.position:
            due_spans = [(running.started_on, FOREVER, running.due_on)]
        else:
            return
        has_due = [(max(begun, start.on), end) for begun, end, _ in due_spans]
        waiting = _meet(_minus(_union(self.open_spans), rests), [(start.on, stop.on if stop else FOREVER)])
        overdue = _past_due(due_spans, waiting, 1)
        self.stock(f"{clock.name}.overdue", _meet(overdue, self.countable_spans))
        if stop is not None:
            due = _due_on(due_spans, stop.on)
            kind = "in_time" if due is None or stop.on <= due else "late"
            done = _meet(_union(has_due), [(stop.on, FOREVER)])
            self.stock(f"{clock.name}.{kind}", _meet(done, self.countable_spans))

    # -- by owner ---------------------------------------------------------------------------------
    def _owners(self) -> None:
        turns = self.t.owner_turns
        for i, (day, unit) in enumerate(turns):
            end = turns[i + 1][0] if i + 1 < len(turns) else FOREVER
            own: list[Span] = [(day, end)]
            self.stock("owner.open", _meet(self.open_spans, own), unit=unit)
            self.stock("owner.overdue", _meet(self.overdue_spans, own), unit=unit)
            for closing, until in self.closed_spans:
                span = _meet([(closing.on, until)], own)
                self.stock("owner.closed", span, closing.outcome, unit=unit)
                if self._is_on_time(closing) and not self._leaves(closing):
                    self.stock("owner.closed_on_time", span, closing.outcome, unit=unit)


_AT = {status: f"at.{status}" for status in Status}


# -- arithmetic of spans ------------------------------------------------------------------------------
def extend(spans: list[Span], start: int, end: int) -> None:
    """Append a span, joining it to the last where they touch; empty spans join as well."""
    if start >= end:
        return
    if spans and spans[-1][1] == start:
        spans[-1] = (spans[-1][0], end)
    else:
        spans.append((start, end))


def _union(spans: Iterable[Span]) -> list[Span]:
    out: list[Span] = []
    for start, end in sorted(s for s in spans if s[0] < s[1]):
        if out and start <= out[-1][1]:
            out[-1] = (out[-1][0], max(out[-1][1], end))
        else:
            out.append((start, end))
    return out


def _meet(left: Sequence[Span], right: Sequence[Span]) -> list[Span]:
    return [(a, b) for s, e in left for u, v in right if (a := max(s, u)) < (b := min(e, v))]


def _minus(spans: Sequence[Span], holes: Sequence[Span]) -> list[Span]:
    out = list(spans)
    for u, v in holes:
        out = [p for s, e in out for p in ((s, min(e, u)), (max(s, v), e)) if p[0] < p[1]]
    return out


def _due_turns(t: Ticket, register: Register) -> list[DueTurn]:
    """The turns of the due day by day; of those that a milestone started, only its latest record's."""
    main = register.main_clock
    start = t.milestones.get(main.start) if main is not None else None
    stands = start.position if start is not None else None
    known = [x for x in t.due_turns if x.milestone is None or x.position == stands]
    return sorted(known, key=lambda turn: (turn.day, turn.position))


def _due_spans(turns: Sequence[DueTurn]) -> list[tuple[int, int, int]]:
    """(from, until, due day) for each stretch in which a due day was in force."""
    ends = [*(turn.day for turn in turns[1:]), FOREVER]
    return [(turn.day, end, turn.due) for turn, end in zip(turns, ends, strict=False) if turn.day < end]


def _due_on(due_spans: Sequence[tuple[int, int, int]], day: int) -> int | None:
    return next((due for start, end, due in due_spans if start <= day < end), None)


def _past_due(due_spans: Sequence[tuple[int, int, int]], running: Sequence[Span], after: int) -> list[Span]:
    """Where the clock ran `after` or more days past the due day then in force."""
    late = [(max(start, due + after), end) for start, end, due in due_spans if due + after < end]
    return _union(_meet(late, running))
