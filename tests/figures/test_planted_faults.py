"""The comparison with the replay is itself on trial: faults are planted in the rules, and each must be noticed.

Were one of these to pass, the property tests beside it would be blind for that kind of mistake.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import pytest
from figures import oracle
from figures.chooser import Chooser, Dice
from figures.comparing import EPOCH, count_marks, hunted_days
from figures.test_histories import EDGES, REGISTERS
from histories import Player
from township import Paper

from tracker.domain import effects, ledger
from tracker.domain.days import FOREVER, first_of_next_year
from tracker.domain.events import Event
from tracker.domain.lifecycle import Status
from tracker.domain.registers import Register

Plant = Callable[[pytest.MonkeyPatch], None]
SEEDS = range(12)


class Case:
    """A history with the counts that are right: on hunted days, as known after every third event and at the end."""

    def __init__(self, history: list[Event], register: Register) -> None:
        self.history, self.register = history, register
        self.days = hunted_days(history)
        self.cuts = sorted({len(history), *range(1, len(history), 3)})
        self.right = {
            (cut, day): oracle.counts(history, history[cut - 1].position, day, register)
            for cut in self.cuts
            for day in self.days
        }

    def is_right(self) -> bool:
        for cut in self.cuts:
            state = effects.fold(self.history[:cut])
            assert state is not None
            marks = ledger.marks(state, self.register)
            if any(count_marks(marks, day) != self.right[cut, day] for day in self.days):
                return False
        return True


@cache
def cases() -> tuple[Case, ...]:
    out = [_edge(story) for story in EDGES.values()]
    for seed in SEEDS:
        chooser = Chooser(Paper(), Dice(seed), REGISTERS)
        chooser.happen(times=30, tickets=3)
        out += [Case(chooser.world.history(i), chooser.world.register_of(i)) for i in chooser.ticket_ids]
    return tuple(out)


def _edge(story: str) -> Case:
    player = Player(Paper())
    latest = player.play(story)
    return Case(player.world.history(latest), player.world.register_of(latest))


# -- faults -------------------------------------------------------------------------------------------
def due_line(shift: int, line: int) -> Plant:
    """The line at `line` days after the due day is drawn `shift` days off."""
    right = ledger._past_due

    def wrong(due_spans: Any, running: Any, after: int) -> Any:
        return right(due_spans, running, after + shift if after == line else after)

    return lambda patch: patch.setattr(ledger, "_past_due", wrong)


def retroactive_extension(patch: pytest.MonkeyPatch) -> None:
    """The due day last granted is taken to have held from the beginning."""
    right = ledger._due_spans

    def wrong(turns: Any) -> Any:
        spans = right(turns)
        return [(start, end, spans[-1][2]) for start, end, _ in spans]

    patch.setattr(ledger, "_due_spans", wrong)


def forgotten(kind: str) -> Plant:
    """An event of this kind leaves no trace in the state."""
    return lambda patch: patch.setitem(effects._APPLY, kind, effects._quiet)  # type: ignore[arg-type]


def keeps(kind: str, *names: str) -> Plant:
    """An event of this kind fails to change these parts of the state."""
    right = effects._APPLY[kind]

    def wrong(t: Any, e: Event, day: int, data: Mapping[str, Any]) -> None:
        before = {name: getattr(t, name) for name in names}
        right(t, e, day, data)
        for name, value in before.items():
            setattr(t, name, value)

    return lambda patch: patch.setitem(effects._APPLY, kind, wrong)  # type: ignore[arg-type]


def clock_also_runs_in(status: Status) -> Plant:
    return lambda patch: patch.setattr(ledger, "CLOCK_RUNS", ledger.CLOCK_RUNS | {status})


def clock_rests_in(status: Status) -> Plant:
    return lambda patch: patch.setattr(ledger, "CLOCK_RUNS", ledger.CLOCK_RUNS - {status})


def carried_over_on_31_december(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(ledger, "first_of_next_year", lambda day: first_of_next_year(day) - 1)


def carried_over_a_year_after_it_was_found(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(ledger, "first_of_next_year", lambda day: day + 365)


def slow_verifier_makes_late(patch: pytest.MonkeyPatch) -> None:
    """The day of closing is taken for the day on which the work was done."""
    patch.setattr(ledger._Book, "_is_on_time", lambda book, c: c.on <= (ledger._due_on(
        ledger._due_spans(book.due_turns), c.on) or c.on))  # fmt: skip


def reopened_once_counts_as_held(patch: pytest.MonkeyPatch) -> None:
    def wrong(book: Any) -> None:
        for closing, end in book.closed_spans:
            book.stock("closed_held", ((closing.on, end),), closing.outcome)

    patch.setattr(ledger._Book, "_held", wrong)


def closed_a_day_longer(patch: pytest.MonkeyPatch) -> None:
    right = ledger._Book.stock

    def wrong(book: Any, account: str, spans: Any, outcome: str = "", unit: int | None = None) -> None:
        if account == "closed":
            spans = [(a, min(b + 1, FOREVER)) for a, b in spans]
        right(book, account, spans, outcome, unit)

    patch.setattr(ledger._Book, "stock", wrong)


def outcome_as_last_known(patch: pytest.MonkeyPatch) -> None:
    """Every closing is told apart by the latest outcome."""
    right = ledger._Book.segment
    patch.setattr(
        ledger._Book, "segment", lambda book, outcome: right(book, book.t.closings[-1].outcome if outcome else "")
    )


def restricted_not_marked(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(ledger, "RESTRICTED", 0)


def cohort_of_registration(patch: pytest.MonkeyPatch) -> None:
    right = ledger._Book.__init__

    def wrong(book: Any, t: Any, *others: Any) -> None:
        right(book, t, *others)
        first_step = t.status_turns[1][0] if len(t.status_turns) > 1 else book.born
        book.cohort = ledger_year(first_step)

    patch.setattr(ledger._Book, "__init__", wrong)


def ledger_year(day: int) -> int:
    return EPOCH.fromordinal(EPOCH.toordinal() + day).year


FAULTS: Mapping[str, Plant] = {
    "overdue on the due day itself": due_line(-1, 1),
    "overdue two days after the due day": due_line(+1, 1),
    "overdue over thirty days after thirty": due_line(-1, 31),
    "overdue over thirty days after thirty-one": due_line(+1, 31),
    "a retroactive extension": retroactive_extension,
    "a forgotten extension": keeps("extension_granted", "due_turns"),
    "a forgotten merge": forgotten("merged"),
    "a forgotten void": forgotten("voided"),
    "a forgotten exclusion": forgotten("excluded"),
    "an exclusion that cannot be taken back": forgotten("included"),
    "a forgotten amendment": forgotten("amended"),
    "a move to another village forgotten": keeps("amended", "place_id"),
    "a relapse that stays counted as closed": keeps("relapsed", "reopenings"),
    "a reopening that stays counted as closed": keeps("reopened", "reopenings"),
    "a relapse not counted": keeps("relapsed", "flows"),
    "a rejection after which it waits on": keeps("rejected", "status_turns"),
    "a rejected submission that made it complete": keeps("submitted", "submitted_on"),
    "a withdrawal forgotten": keeps("withdrawn", "status_turns"),
    "an owner who keeps what was transferred": keeps("transferred", "owner_turns"),
    "a pause forgotten": keeps("paused", "status_turns"),
    "the due day after a pause unmoved": keeps("resumed", "due_turns"),
    "the clock runs while somebody else verifies": clock_also_runs_in(Status.SUBMITTED),
    "the clock runs in a pause": clock_also_runs_in(Status.PAUSED),
    "the clock rests after a relapse": clock_rests_in(Status.RELAPSED),
    "the clock rests once accepted": clock_rests_in(Status.ACCEPTED),
    "carried over on 31 December": carried_over_on_31_december,
    "carried over a year after it was found": carried_over_a_year_after_it_was_found,
    "a slow verifier who makes the owner late": slow_verifier_makes_late,
    "reopened once, still called held": reopened_once_counts_as_held,
    "closed on the day of its relapse": closed_a_day_longer,
    "an old closing with the latest outcome": outcome_as_last_known,
    "a restricted ticket counted among the open ones": restricted_not_marked,
    "the year of the first step for the year found": cohort_of_registration,
    "a milestone forgotten": keeps("milestone_reached", "milestones"),
    "the clocks of a milestone forgotten": keeps("milestone_reached", "clocks"),
    "the due day of a milestone forgotten": keeps("milestone_reached", "due_turns"),
}


@pytest.fixture(scope="module")
def right_cases() -> tuple[Case, ...]:
    return cases()


def test_without_a_fault_the_comparison_passes(right_cases: tuple[Case, ...]) -> None:
    assert all(case.is_right() for case in right_cases)


@pytest.mark.parametrize("plant", FAULTS.values(), ids=FAULTS.keys())
def test_a_planted_fault_is_noticed(
    plant: Plant, right_cases: tuple[Case, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch)
    assert not all(case.is_right() for case in right_cases)
