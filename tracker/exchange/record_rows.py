"""What a row becomes in a register of activities, subjects or statistics: a record; photographs and answers of a
checklist are no cells.

A subject is taken up in the state that its row says, as the form does it; earlier states are not invented. To a
statistic that is known a row adds its value at a further stage. Corrections are made on the record's page.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property, partial

from sqlalchemy import Connection

from tracker.domain.access import Facts
from tracker.domain.commands import EnterRecord, ReportValue
from tracker.domain.context import World
from tracker.domain.days import to_number
from tracker.domain.record import Record, Report
from tracker.domain.recording import RecordWorld, decide_enter, decide_report, statistic_key
from tracker.domain.records import RecordRegister
from tracker.domain.refusals import Refusal, Refusals
from tracker.domain.registers import Choice, Field, FieldType
from tracker.exchange.intake import NOTHING, Addition, Series, by_number, in_slices, own_numbers
from tracker.exchange.rows import RowReading
from tracker.queries.records import records_now
from tracker.queries.scope import Viewer
from tracker.queries.uploads import numbered_records, records_recorded

STATE = "state"
_STATE_LABEL = {"zh-Hans": "状态", "zh-Hant": "狀態", "en": "State"}
_STATE_HEADINGS = ("当前状态", "目前状态", "现状态")


@dataclass(frozen=True)
class RecordRows:
    """See `Intake`."""

    register: RecordRegister

    @cached_property
    def columns(self) -> tuple[Field, ...]:
        """The state of a subject, under the heading that our exports have."""
        choices = tuple(Choice(state.name, state.label) for state in self.register.states)
        column = Field(STATE, FieldType.SELECT_ONE, _STATE_LABEL, choices=choices, headings=_STATE_HEADINGS)
        return (column,) if choices else ()

    def facts(self, row: RowReading, person_id: int) -> Facts:
        unit_id = row.value(self.register.unit_field)
        if not isinstance(unit_id, int):
            raise Refusal("field_required", field=self.register.unit_field)
        return Facts.of_unit(self.register.name, unit_id)

    def command(self, row: RowReading) -> EnterRecord:
        state = row.step_values.get(STATE)
        return EnterRecord(
            register=self.register.name,
            values=row.values,
            state=str(state) if state else None,
            external_key=row.external_key,
        )

    def ask(self, row: RowReading, world: World) -> None:
        decide_enter(self.command(row), self._world(world))

    def _world(self, world: World) -> RecordWorld:
        return RecordWorld(world, self.register, checklist=None)  # no file walks one

    def recorded(self, conn: Connection, viewer: Viewer, rows: Iterable[RowReading]) -> dict[str, int]:
        asked = tuple(rows)
        ids = records_recorded(conn, viewer, self.register.name, {self._key(row) for row in asked})
        found = {row.external_key: i for row in asked if (i := ids.get(self._key(row))) is not None}
        standing = numbered_records(conn, viewer, self.register.name, own_numbers(asked))
        return by_number(asked, standing, self.register) | found

    def _key(self, row: RowReading) -> str:
        """What makes the record the same one: of a statistic what is measured, whatever its value."""
        return statistic_key(self.register, row.values) or row.external_key

    def series(self, row: RowReading) -> Series | None:
        key = statistic_key(self.register, row.values)
        stage = row.value(self.register.stage_field or "")
        ranks = [choice.name for choice in self.register.stages]
        return Series(key, ranks.index(stage), stage) if key and isinstance(stage, str) else None

    # -- what is known already --------------------------------------------------------------------------
    def additions(
        self, conn: Connection, known: Sequence[tuple[RowReading, int]], world: World
    ) -> Mapping[int, Addition]:
        if not self.register.stage_field and not self.register.states:
            return {}
        records = in_slices((record_id for _, record_id in known), partial(records_now, conn))
        found: dict[int, Addition] = {}
        for row, record_id in known:
            if (record := records.get(record_id)) is not None:
                found[row.source_row] = adds = self._addition(row, record, world)
                if adds.commands:
                    records[record_id] = self._after(record, row)
        return found

    def _after(self, record: Record, row: RowReading) -> Record:
        """The statistic once the row's value is reported: a later row of the file may tell the next stage."""
        on, stage = row.value(self.register.day_field), str(row.value(self.register.stage_field or ""))
        day = to_number(on) if isinstance(on, date) else 0
        report = Report(day, stage, row.values, position=0)
        return replace(record, version=record.version + 1, reports=(*record.reports, report))

    def _addition(self, row: RowReading, record: Record, world: World) -> Addition:
        if record.is_void:
            return NOTHING
        if not self.register.stage_field:
            return self._other_state(row, record)
        stage = str(row.value(self.register.stage_field))
        if any(report.stage == stage and self._says_same(row, report.fields) for report in record.reports):
            return NOTHING
        command = ReportValue(record_id=record.id, version=record.version, values=row.values)
        try:
            decide_report(command, record, self._world(world))
        except Refusal as why:
            return Addition(refusals=(why,))
        except Refusals as several:
            return Addition(refusals=several.refusals)
        return Addition((stage,), (command,))

    def _says_same(self, row: RowReading, fields: Mapping[str, object]) -> bool:
        name = self.register.value_field or ""
        return row.value(name) == fields.get(name)

    def _other_state(self, row: RowReading, record: Record) -> Addition:
        """A file turns no state: on which day it turned, and what belongs to it, is told on the subject's page."""
        state = row.step_values.get(STATE)
        if state in (None, record.state):
            return NOTHING
        return Addition(refusals=(Refusal("state_turned", field=STATE, number=record.number),))
