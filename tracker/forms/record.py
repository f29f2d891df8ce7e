"""Recording an activity, a subject or a statistic, and what happens to it: inputs follow from the register's fields."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask_babel import gettext

from tracker import words
from tracker.domain.commands import AmendRecord, ChangeState, EnterRecord, ReportValue, VoidRecord
from tracker.domain.kinds import EvidenceKind
from tracker.domain.proofs import NO_PROOF, proof_missing
from tracker.domain.record import Record
from tracker.domain.records import RecordRegister, State
from tracker.domain.refusals import Refusal
from tracker.domain.registers import Choice, Field
from tracker.forms.evidence import files_for, is_beside
from tracker.forms.fields import DateField, TextAreaField, choice_pairs, choose, required
from tracker.forms.keyed import KeyedForm
from tracker.forms.links import Links
from tracker.forms.options import Options
from tracker.forms.register import can_be_told, changes_in, inputs_for, typed_value

STATE = "state"
MOST_QUANTITIES = 3
"""So many numbers that figures add up stand open in a form; more are folded away with the rest."""


def state_pairs(states: tuple[State, ...]) -> list[tuple[str, str]]:
    return [(state.name, words.of(state.label)) for state in states]


class EnterForm(KeyedForm):
    """A new record. `first` and `further` are the names of the fields that stand open and folded away."""

    register: RecordRegister
    links: Links | None = None
    first: tuple[str, ...] = ()
    further: tuple[str, ...] = ()
    names_of_files: tuple[str, ...] = ()

    @classmethod
    def for_register(cls, register: RecordRegister, options: Options, begun: Mapping[str, Any]) -> EnterForm:
        """`begun`: what is known already, as inputs hold it."""
        inputs = inputs_for(register.fields, options, begun, home=register.unit_field)
        if len(register.states) > 1:
            pairs = state_pairs(register.states)
            inputs[STATE] = choose(gettext("State"), pairs, is_needed=True, default=register.states[0].name)
        files = files_for(register.proof, always=True, later=(state.proof for state in register.states))
        form = type("EnterForm", (cls,), inputs | files)()
        form.names_of_files = tuple(name for name in files if not is_beside(name))
        form.register, form.links = register, options.links
        shown = {register.day_field, register.unit_field, register.summary_field, register.nil_field, *begun}
        if len(register.quantities) <= MOST_QUANTITIES:
            shown.update(register.quantities)
        first = tuple(f.name for f in register.fields if f.name in shown or f.is_required or f.is_listed)
        form.further = tuple(f.name for f in register.fields if f.name not in first)
        form.first = (*first, STATE) if STATE in inputs else first
        return form

    def kind_of_photos(self) -> str:
        return EvidenceKind.PHOTO

    def tell_missing_files(self, *, is_nil: bool) -> None:
        """Beside what is wrong already: what lacks is said at once, not after the next sending."""
        there = (file.kind for file in self.evidence.files)
        for missing in proof_missing(self.register.proof, there, is_nil=is_nil):
            if missing.field in self and not self[missing.field].errors:
                self.refuse(missing)

    def to_command(self, *, is_nil: bool) -> EnterRecord:
        """`is_nil`: the press that reports that nothing was found."""
        values = {name: self[name].value for name in (*self.first, *self.further) if name != STATE}
        values = {name: value for name, value in values.items() if value not in (None, [])}
        register = self.register
        if self.links is not None:
            values = self.links.with_settled(register, values)
        if is_nil and register.nil_field:
            values[register.nil_field] = True
            values.setdefault(register.summary_field, words.of(register.by_name[register.nil_field].label))
        return EnterRecord(
            register=register.name,
            values=values,
            state=self[STATE].value if STATE in self else None,
            evidence=self.evidence.as_command(),
            key=self.key.data,
        )


@dataclass(frozen=True, slots=True)
class Shown:
    """The record that a form is about, with what its fields may name."""

    record: Record
    register: RecordRegister
    options: Options

    def inputs(self, fields: tuple[Field, ...], *, is_amendment: bool) -> dict[str, Any]:
        """Inputs as the record stands; those of private fields are empty."""
        record, links = self.record, self.options.links
        defaults = {f.name: typed_value(f, record.fields, links) for f in fields if f.name not in record.private}
        home = self.register.unit_field
        return inputs_for(fields, self.options, defaults, is_amendment=is_amendment, home=home)


class ActForm(KeyedForm):
    """Something done to a record. `names`: the inputs in their order."""

    shown: Shown
    names: tuple[str, ...] = ()

    def to_command(self) -> AmendRecord | VoidRecord | ChangeState | ReportValue:
        raise NotImplementedError

    @classmethod
    def _made(cls, shown: Shown, inputs: Mapping[str, Any]) -> Any:
        form = type(cls.__name__, (cls,), dict(inputs))(version=str(shown.record.version))
        form.shown, form.names = shown, tuple(name for name in inputs if not is_beside(name))
        return form

    def values_of(self, names: tuple[str, ...]) -> dict[str, Any]:
        """What was typed, without what was left empty."""
        values = {name: self[name].value for name in names}
        return {name: value for name, value in values.items() if value not in (None, [])}


def _reason() -> Any:
    return required(TextAreaField(words.need("reason")))


class AmendRecordForm(ActForm):
    """A correction: every open field as it stands, private ones empty (empty means unchanged), evidence that came
    later, and the reason."""

    @classmethod
    def for_record(cls, shown: Shown) -> AmendRecordForm:
        """Not what a statistic measures, nor its stage: another one is another report."""
        register, record = shown.register, shown.record
        fixed = {*register.key_fields, register.stage_field}
        links = shown.options.links
        fields = tuple(f for f in register.fields if f.name not in fixed and can_be_told(f, record.fields, links))
        files = files_for(NO_PROOF, always=True)
        return cls._made(shown, shown.inputs(fields, is_amendment=True) | files | {"reason": _reason()})

    def kind_of_photos(self) -> str:
        return EvidenceKind.PHOTO

    def to_command(self) -> AmendRecord:
        record, names = self.shown.record, [n for n in self.names if n not in ("photos", "documents", "reason")]
        return AmendRecord(
            record_id=record.id,
            version=self.seen_version(),
            changes=changes_in(self, names, record.fields, record.private),
            evidence=self.evidence.as_command(),
            reason=self["reason"].value or "",
            key=self.key.data,
        )


class VoidForm(ActForm):
    @classmethod
    def for_record(cls, shown: Shown) -> VoidForm:
        return cls._made(shown, {"reason": _reason()})

    def to_command(self) -> VoidRecord:
        return VoidRecord(
            record_id=self.shown.record.id,
            version=self.seen_version(),
            reason=self["reason"].value or "",
            key=self.key.data,
        )


class StateForm(ActForm):
    """A subject goes into another state on a day, with what has to be known for it."""

    state: State

    @classmethod
    def for_record(cls, shown: Shown, state: State, today: date) -> StateForm:
        fields = tuple(shown.register.by_name[name] for name in state.needs)
        on = required(DateField(words.need("occurred_on"), default=today, render_kw={"max": today.isoformat()}))
        note = TextAreaField(words.need("note"))
        files = files_for(state.proof, (file.kind for file in shown.record.evidence), always=False)
        inputs = {"occurred_on": on, **shown.inputs(fields, is_amendment=True), **files, "note": note}
        for name in state.needs:
            inputs[name] = required(inputs[name])
        form: StateForm = cls._made(shown, inputs)
        form.state = state
        return form

    def kind_of_photos(self) -> str:
        return EvidenceKind.PHOTO

    def to_command(self) -> ChangeState:
        on = self["occurred_on"].value
        if on is None:
            raise Refusal("field_required", field="occurred_on")
        record = self.shown.record
        return ChangeState(
            record_id=record.id,
            version=self.seen_version(),
            state=self.state.name,
            occurred_on=on,
            values=changes_in(self, self.state.needs, record.fields, record.private),
            evidence=self.evidence.as_command(),
            note=self["note"].value or "",
            key=self.key.data,
        )


def later_stages(record: Record, register: RecordRegister) -> tuple[Choice, ...]:
    """Stages that a value may still be reported at."""
    reported = {report.stage for report in record.reports}
    ranks = [i for i, stage in enumerate(register.stages) if stage.name in reported]
    return register.stages[max(ranks, default=-1) + 1 :]


class ReportForm(ActForm):
    """A value at a further stage; what is measured stands fast."""

    @classmethod
    def for_record(cls, shown: Shown, today: date) -> ReportForm:
        register = shown.register
        fields = tuple(f for f in register.fields if f.name not in register.key_fields)
        stage = register.by_name[register.stage_field or ""]
        pairs = choice_pairs(later_stages(shown.record, register))
        following = pairs[0][0] if pairs else None
        inputs = shown.inputs(fields, is_amendment=False)
        inputs[stage.name] = choose(words.of(stage.label), pairs, is_needed=True, default=following)
        inputs[register.day_field].kwargs["default"] = today
        inputs[register.value_field or ""].kwargs["default"] = None
        return cls._made(shown, inputs)

    def to_command(self) -> ReportValue:
        return ReportValue(
            record_id=self.shown.record.id,
            version=self.seen_version(),
            values=self.values_of(self.names),
            key=self.key.data,
        )
