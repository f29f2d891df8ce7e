"""The part of the unit of work that knows owed periods: opened, counted for as records come and go, missed,
answered for, excused.

`handler.py` opens the transaction and hands such commands over, and each record that was written; nothing here commits.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, select

from tracker.domain.access import may
from tracker.domain.commands import AnswerNotice, DutyCommand, MissPeriod, OpenPeriod, RegisterTicket, SaidOfPeriod
from tracker.domain.context import World
from tracker.domain.days import from_number, to_number
from tracker.domain.duties import DutySpec
from tracker.domain.events import Event, NewEvent, StreamKind
from tracker.domain.owing import (
    changes,
    counts_on,
    decide_answer,
    decide_excuse,
    decide_miss,
    decide_open,
    fulfils,
    has_left,
    is_running,
    owner_of,
    period_facts,
    ticket_of_missed,
)
from tracker.domain.period import OwedPeriod
from tracker.domain.record import Record, evolve
from tracker.domain.refusals import Refusal
from tracker.log import store
from tracker.models.records import RecordLinkRow, RecordRow
from tracker.projections.duties import DutyWriter, periods_holding, unfulfilled_of
from tracker.projections.lives import Posting, Touched, period_life
from tracker.projections.records import SHELF_FINISHED

if TYPE_CHECKING:
    from tracker.handler import Request, Work

_R, _L = RecordRow, RecordLinkRow
_HELD_BY_UNIT = select(_R.id).where(
    _R.unit_id == bindparam("owner"),
    _R.register_id == bindparam("register"),
    _R.shelf == SHELF_FINISHED,
    _R.held_on.between(bindparam("first"), bindparam("last")),
)
_HELD_FOR_SUBJECT = select(_L.source_id).where(
    _L.target_id == bindparam("owner"),
    _L.register_id == bindparam("register"),
    _L.held_on.between(bindparam("first"), bindparam("last")),
    _L.field == bindparam("link"),
)


class Timekeeper:
    """The periods that one transaction touched, and their rows to write."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._pack = work.house.pack
        self.rows = DutyWriter(work.conn)
        self._touched = Touched(work.conn, Posting(period_life(), work.ledger, work.house.time_zone))
        self._entered: dict[int, date] = {}
        self._asking: dict[str, list[DutySpec]] = {}
        self._subjects = {spec.owed_by.subjects for spec in self._pack.duties}
        for spec in self._pack.duties:
            self._asking.setdefault(spec.activity, []).append(spec)

    # -- commands ---------------------------------------------------------------------------------
    def carry_out(self, request: Request, command: DutyCommand, key: bytes | None) -> tuple[Event, ...]:
        """LookupError: the pack has no such duty or period, which only the clockwork asks for."""
        if isinstance(command, OpenPeriod):
            return self._open(request, command, key)
        if isinstance(command, MissPeriod):
            period = self._known(command.period_id)
            event = decide_miss(period, self._work.house.today(request.now))
            return self._append(request, period, [event], key)
        return self._said_by_people(request, command, key)

    def ticket_after(self, event: Event) -> RegisterTicket | None:
        """The ticket that a missed period opens, where its duty says so."""
        period = self._known(event.stream_id)
        spec = self._pack.duty_by_id.get(period.duty)
        if event.kind != "missed" or spec is None or spec.missed_register is None:
            return None
        register = self._work.house.register(spec.missed_register)
        return ticket_of_missed(spec, period, event.occurred_on, register)

    def _known(self, period_id: int) -> OwedPeriod:
        period = self.find(period_id)
        if period is None:
            raise LookupError(f"no period {period_id}")
        return period

    def _open(self, request: Request, command: OpenPeriod, key: bytes | None) -> tuple[Event, ...]:
        """Opened, and everything counted that was recorded before."""
        spec = self._pack.duty_by_id[command.duty]
        events = self._append(request, None, [decide_open(command, spec, self._pack.version)], key)
        period = self._known(events[0].stream_id)
        for record, entered_on in self._held_before(spec, period):
            events += self._count(request, spec, period.id, record, entered_on)
        return events

    def _said_by_people(self, request: Request, command: SaidOfPeriod, key: bytes | None) -> tuple[Event, ...]:
        """Unknown and forbidden look alike."""
        world = self._work.world(request)
        period = self.find(command.period_id)
        spec = self._pack.duty_by_id.get(period.duty) if period else None
        if period is None or spec is None or not self._sees(spec, period, world):
            raise Refusal("record_unknown", value=str(command.period_id))
        if isinstance(command, AnswerNotice):
            event = decide_answer(command, spec, period, world)
        else:
            event = decide_excuse(command, period, period_facts(spec, period.unit_id), world)
        return self._append(request, period, [event], key)

    def _sees(self, spec: DutySpec, period: OwedPeriod, world: World) -> bool:
        return may(world.actor, "view", period_facts(spec, period.unit_id), world.directory, world.today)

    # -- what counts ------------------------------------------------------------------------------
    def look_at(self, request: Request, before: Record | None, after: Record, events: Sequence[Event]) -> None:
        """A record was written: the periods that it fulfils, and those that it no longer does, say so."""
        if before is not None and after.register in self._subjects:
            self._forgive(request, before, after)
        specs = self._asking.get(after.register)
        if not specs:
            return
        entered_on = self._entered_on(before, after, events)
        self.rows.flush()
        for spec in specs:
            for period_id in sorted(self._holding(spec, before) | self._holding(spec, after)):
                self._count(request, spec, period_id, after, entered_on)

    def _forgive(self, request: Request, before: Record, after: Record) -> None:
        """What was still owed for a subject that left, and all that was for one that never was, is excused."""
        left = {spec.id for spec in self._pack.duties if has_left(spec, before, after)}
        if not left:
            return
        self.rows.flush()
        reason = {"reason": after.void_reason or self._state_label(after)}
        for period_id in unfulfilled_of(self._work.conn, after.id):
            period = self._known(period_id)
            if period.duty in left and (after.is_void or is_running(period, from_number(after.turns[-1].day))):
                excused = NewEvent("excused", self._work.house.today(request.now), reason)
                self._append(request, period, [excused], None)

    def _state_label(self, subject: Record) -> str:
        """In the words of the pack."""
        return self._pack.record_by_name[subject.register].state_by_name[subject.state or ""].label["zh-Hans"]

    def _holding(self, spec: DutySpec, record: Record | None) -> set[int]:
        """The periods for which the record, as it stands or stood, is an answer."""
        if record is None or not fulfils(spec, record, self._pack.record_by_name[spec.activity]):
            return set()
        owner = owner_of(spec, record)
        if owner is None:
            return set()
        is_subject = spec.owed_by.link is not None
        day = to_number(record.on)
        return set(periods_holding(self._work.conn, spec.id, owner, day, spec.late_days, is_subject=is_subject))

    def _count(
        self, request: Request, spec: DutySpec, period_id: int, record: Record, entered_on: date
    ) -> tuple[Event, ...]:
        period = self._known(period_id)
        register = self._pack.record_by_name[spec.activity]
        is_owner = owner_of(spec, record) == (period.subject_id or period.unit_id)
        is_answer = is_owner and fulfils(spec, record, register)
        on = counts_on(period, record.on, entered_on) if is_answer else None
        said = changes(period, record, on=on)
        return self._append(request, period, said, None) if said else ()

    def _entered_on(self, before: Record | None, after: Record, events: Sequence[Event]) -> date:
        """The day on which the record was first whole: later corrections do not make it late."""
        known = self._entered.get(after.id)
        if known is not None:
            return known
        is_whole_now = before is None or not before.is_complete
        entered_on = self._day(events[-1]) if is_whole_now else self._read(after.id)[1]
        if after.is_complete:
            self._entered[after.id] = entered_on
        return entered_on

    def _read(self, record_id: int) -> tuple[Record, date]:
        """The record as it stands in the log, and the day on which it was first whole."""
        state: Record | None = None
        entered_on: date | None = None
        for event in store.read_stream(self._work.conn, StreamKind.RECORD, record_id):
            state = evolve(state, event)
            if entered_on is None and state.is_complete:
                entered_on = self._day(event)
        if state is None or entered_on is None:
            raise LookupError(f"no whole record {record_id}")
        return state, entered_on

    def _held_before(self, spec: DutySpec, period: OwedPeriod) -> Iterator[tuple[Record, date]]:
        """Records of those days that are there already. Bound: those of one unit or subject in one period."""
        if self._work.records.rows.is_waiting:
            self._work.flush()
        asked = {
            "owner": period.subject_id or period.unit_id,
            "register": self._work.numbers[spec.activity],
            "first": to_number(period.start),
            "last": to_number(period.last_day),
        }
        if spec.owed_by.link:
            found = self._work.conn.scalars(_HELD_FOR_SUBJECT, {**asked, "link": spec.owed_by.link})
        else:
            found = self._work.conn.scalars(_HELD_BY_UNIT, asked)
        for record_id in sorted(set(found)):
            record = self._work.records.find(record_id)
            if record is not None and record.is_complete:
                yield self._read(record_id)

    def _day(self, event: Event) -> date:
        return self._work.house.today(event.recorded_at)

    # -- events and rows --------------------------------------------------------------------------
    def _append(
        self, request: Request, before: OwedPeriod | None, events: Sequence[NewEvent], key: bytes | None
    ) -> tuple[Event, ...]:
        stream_id, version = (before.id, before.version) if before else (None, 0)
        appended = self._work.log.append(
            StreamKind.DUTY, stream_id, version, events, actor_id=request.actor_id, now=request.now, key=key
        )
        self.rows.put(before, self._touched.go_on(before, appended))
        return appended

    def find(self, period_id: int) -> OwedPeriod | None:
        return self._touched.find(period_id)

    def forget(self) -> None:
        self._touched.forget()
        self._entered = {}

    def flush(self) -> None:
        self.rows.flush()
