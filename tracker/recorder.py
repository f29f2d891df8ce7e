"""The part of the unit of work that knows activities, subjects and statistics: load, decide, append, project.

`handler.py` opens the transaction and hands such commands over; nothing here commits.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tracker.domain.access import Facts, may
from tracker.domain.checklists import Checklist, checklist_for
from tracker.domain.commands import AmendRecord, AnswerItems, ChangeState, EnterRecord, RecordCommand, ReportValue
from tracker.domain.context import Decision, World
from tracker.domain.events import Event
from tracker.domain.inspecting import subject_link
from tracker.domain.record import Record
from tracker.domain.recording import (
    RecordWorld,
    decide_amend_record,
    decide_answers,
    decide_change_state,
    decide_enter,
    decide_report,
    decide_void_record,
    overlapping_keys,
)
from tracker.domain.records import RecordKind, RecordRegister
from tracker.domain.refusals import Refusal
from tracker.projections.lives import Posting, Touched, record_life
from tracker.projections.records import RecordWriter, records_of_keys
from tracker.projections.search import RecordSearchWriter

if TYPE_CHECKING:
    from tracker.handler import Work


class Recorder:
    """The records that one transaction touched, and their rows to write."""

    def __init__(self, work: Work) -> None:
        self._work = work
        registers = work.house.pack.record_by_name
        self.rows = RecordWriter(work.conn, registers, work.numbers)
        self._touched = Touched(work.conn, Posting(record_life(registers), work.ledger, work.house.time_zone))
        self._texts = RecordSearchWriter(work.conn)
        self._keys: dict[tuple[str, str], int | None] = {}

    def decide(self, command: RecordCommand, context: World) -> tuple[Record | None, Decision]:
        """The record as it was (None: a new one), and what the command leads to."""
        if isinstance(command, EnterRecord):
            register = self._register(command.register)
            world = RecordWorld(context, register, self._checklist(register, command.values))
            decision = decide_enter(command, world)
            self._check_key(register, decision, context)
            return None, decision
        record = self._visible(command.record_id, context)
        register = self._register(record.register)
        world = RecordWorld(context, register, self._checklist(register, record.fields, record.checklist))
        if isinstance(command, AmendRecord):
            return record, decide_amend_record(command, record, world)
        if isinstance(command, ChangeState):
            return record, decide_change_state(command, record, world)
        if isinstance(command, ReportValue):
            return record, decide_report(command, record, world)
        if isinstance(command, AnswerItems):
            return record, decide_answers(command, record, world)
        return record, decide_void_record(command, record, world)

    def _register(self, name: str) -> RecordRegister:
        register = self._work.house.pack.record_by_name.get(name)
        if register is None:
            raise LookupError(f"no register {name} of records in pack {self._work.house.pack.name}")
        return register

    def _checklist(
        self, register: RecordRegister, values: Mapping[str, Any], walked: str | None = None
    ) -> Checklist | None:
        """The one that was walked, else the one for the subject that these values name."""
        pack = self._work.house.pack
        known = pack.checklist_by_name.get(walked or "")
        if known is not None or register.checklist is None:
            return known
        named = pack.checklist_by_name[register.checklist]
        link = subject_link(register, named)
        subject = self.find(values[link.name]) if link and isinstance(values.get(link.name), int) else None
        return checklist_for(named, pack.checklists, subject.fields if subject else {})

    def _check_key(self, register: RecordRegister, decision: Decision, context: World) -> None:
        """One stream of values for each thing that is measured, and none beside another that contains it; one record
        for each row of a file."""
        data = decision.events[0].data
        key = data.get("key")
        if key is None:
            return
        is_value = register.kind is RecordKind.STATISTIC
        others = sorted(overlapping_keys(register, data["fields"], context.directory)) if is_value else []
        self.look_up(register.name, [key, *others])
        if self._keys[register.name, key] is not None:
            number = self._number_of(register, key, context)
            if is_value:
                raise Refusal("statistic_known", number=number)
            raise Refusal("row_known", number=number)
        for other in others:
            if self._keys[register.name, other] is not None:
                number = self._number_of(register, other, context)
                raise Refusal("statistic_overlaps", field=register.unit_field, number=number)

    def _number_of(self, register: RecordRegister, key: str, context: World) -> str:
        """Of the record that has the key; empty where the actor may not see it."""
        found = self._keys[register.name, key]
        known = self.find(found) if found is not None and self.is_visible(found, context) else None
        return known.number if known else ""

    def look_up(self, register: str, keys: Iterable[str]) -> None:
        """Ask for many keys together. What this transaction did stands above what is written."""
        asked = [key for key in keys if (register, key) not in self._keys]
        if asked:
            found = records_of_keys(self._work.conn, self._work.numbers[register], asked)
            self._keys.update({(register, key): found.get(key) for key in asked})

    def project(self, before: Record | None, events: Sequence[Event]) -> Record:
        """The state after the events, with its row, its links and its marks to be written."""
        state = self._touched.go_on(before, events)
        self.rows.put(before, state)
        self._texts.put(before, state, self._register(state.register))
        self._work.pictures.put(before, state)
        if state.key:
            self._keys[state.register, state.key] = None if state.is_void else state.id
        return state

    def find(self, record_id: int) -> Record | None:
        return self._touched.find(record_id)

    def fields_of(self, record_id: int) -> Mapping[str, Any] | None:
        """What a record that stands says openly; None for any other id."""
        record = self.find(record_id)
        return None if record is None or record.is_void else record.fields

    def _visible(self, record_id: int, context: World) -> Record:
        """Unknown and forbidden look alike."""
        state = self.find(record_id)
        if state is None or not self.is_visible(record_id, context):
            raise Refusal("record_unknown", value=str(record_id))
        return state

    def is_visible(self, record_id: int, context: World) -> bool:
        """Whether there is a record of this id that the actor may see."""
        state = self.find(record_id)
        if state is None:
            return False
        facts = Facts.of_unit(state.register, state.unit_id)
        return may(context.actor, "view", facts, context.directory, context.today)

    def forget(self) -> None:
        self._touched.forget()
        self._keys = {}

    def flush(self) -> None:
        self.rows.flush()
        self._texts.flush()
