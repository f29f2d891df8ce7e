"""What a stream's events leave in the ledger: fold, marks, post. Who writes and who rebuilds run this same code.

`Life` says how a kind of stream is read, `Posting` posts it, `Touched` keeps what one transaction went on with.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from tracker.domain import effects, period, record
from tracker.domain.days import to_number
from tracker.domain.events import Event, StreamKind
from tracker.domain.ledger import Mark, Marks
from tracker.domain.lifecycle import QUIET
from tracker.domain.period import OwedPeriod
from tracker.domain.period_ledger import period_marks
from tracker.domain.record import Record
from tracker.domain.record_ledger import record_marks
from tracker.domain.records import RecordRegister
from tracker.domain.registers import DUTY_PREFIX, Register
from tracker.domain.ticket import Ticket
from tracker.log import store
from tracker.projections.ledger import LedgerChanges

State = TypeVar("State")
Lived = Callable[[Iterable[Event], State | None], Iterator[tuple[Event, State]]]
NOTHING: frozenset[Mark] = frozenset()


@dataclass(frozen=True, slots=True)
class Life(Generic[State]):
    """How the streams of a kind are read. `lived`: each event with the state after it, going on from a state, which it
    leaves as it was; `register`: whose accounts a state stands under; `quiet`: events that move no mark."""

    kind: StreamKind
    lived: Lived[State]
    marks: Callable[[State], frozenset[Mark]]
    register: Callable[[State], str]
    quiet: frozenset[str] = frozenset()

    def fold(self, events: Iterable[Event]) -> State | None:
        """The state after all the events of one stream; None when there are none."""
        last = deque(self.lived(events, None), maxlen=1)
        return last[0][1] if last else None


def ticket_life(registers: Mapping[str, Register]) -> Life[Ticket]:
    """LookupError while it is lived: the pack has no such register."""
    marks = Marks()
    return Life(
        StreamKind.TICKET, effects.lived, lambda t: marks.of(t, registers[t.register]), lambda t: t.register, QUIET
    )


def record_life(registers: Mapping[str, RecordRegister]) -> Life[Record]:
    """LookupError as above."""
    one_by_one: Lived[Record] = partial(_one_by_one, record.evolve)
    return Life(StreamKind.RECORD, one_by_one, lambda r: record_marks(r, registers[r.register]), lambda r: r.register)


def period_life() -> Life[OwedPeriod]:
    return Life(StreamKind.DUTY, partial(_one_by_one, period.evolve), period_marks, lambda p: DUTY_PREFIX + p.duty)


def _one_by_one(
    evolve: Callable[[State | None, Event], State], events: Iterable[Event], before: State | None
) -> Iterator[tuple[Event, State]]:
    for event in events:
        before = evolve(before, event)
        yield event, before


class Posting(Generic[State]):
    """Posts lives to a ledger; the days on which events were recorded are those of the log's time zone."""

    def __init__(self, life: Life[State], ledger: LedgerChanges, time_zone: ZoneInfo) -> None:
        self.life = life
        self._ledger = ledger
        self._time_zone = time_zone

    def post(
        self, events: Sequence[Event], before: State | None = None, held: frozenset[Mark] = NOTHING
    ) -> tuple[State, frozenset[Mark]]:
        """What the events made of the state `before`, which held these marks: the state and the marks after them."""
        life, state = self.life, before
        for event, state in life.lived(events, before):
            if event.kind in life.quiet:
                continue
            after = life.marks(state)
            recorded_on = to_number(event.recorded_at.astimezone(self._time_zone).date())
            self._ledger.post(event.stream_id, life.register(state), event.position, recorded_on, held, after)
            held = after
        if state is None:
            raise ValueError("no events to post")
        return state, held


class Touched(Generic[State]):
    """The streams of a kind that one transaction touched: read from the log when first asked for, kept until forgotten.

    The events of a stream that is not kept must have been written, or they are not found.
    """

    def __init__(self, conn: Connection, posting: Posting[State]) -> None:
        self._conn = conn
        self._posting = posting
        self._states: dict[int, State] = {}
        self._marks: dict[int, frozenset[Mark]] = {}

    def find(self, stream_id: int) -> State | None:
        if stream_id not in self._states:
            life = self._posting.life
            state = life.fold(store.read_stream(self._conn, life.kind, stream_id))
            if state is None:
                return None
            self._states[stream_id] = state
        return self._states[stream_id]

    def go_on(self, before: State | None, events: Sequence[Event]) -> State:
        """The state after the events, with the change of its marks posted."""
        stream_id = events[0].stream_id
        held = self._marks.get(stream_id)
        if held is None:
            held = NOTHING if before is None else self._posting.life.marks(before)
        state, self._marks[stream_id] = self._posting.post(events, before, held)
        self._states[stream_id] = state
        return state

    def forget(self) -> None:
        self._states, self._marks = {}, {}
