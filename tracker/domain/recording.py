"""What a command about an activity, a subject or a statistic leads to: `decide_…(…) → Decision`, or a Refusal.

Recording what happened, correcting and voiding it, a subject's change of state, a statistic's further stage, and the
answers of a checklist. All that a decision needs is handed in, as in `deciding.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import product
from typing import Any

from tracker.domain.access import Facts, may
from tracker.domain.checklists import Checklist
from tracker.domain.commands import AmendRecord, AnswerItems, ChangeState, EnterRecord, ReportValue, VoidRecord
from tracker.domain.context import Decision, World
from tracker.domain.days import FIRST_DAY, LAST_DAY, from_number, to_number
from tracker.domain.events import NewEvent
from tracker.domain.inspecting import answers_given, lacking, nil_said, score_said, settled_fields
from tracker.domain.links import check_links, check_settled
from tracker.domain.needs import check_length, check_place, evidence_given, reason_given
from tracker.domain.people import Directory
from tracker.domain.proofs import Proof, proof_missing, untold
from tracker.domain.record import Record
from tracker.domain.records import RecordKind, RecordRegister
from tracker.domain.refusals import Refusal, Refusals
from tracker.domain.values import CheckedValues, check_record, filled, printable


@dataclass(frozen=True, slots=True)
class RecordWorld:
    """What the decisions about one register's records look at: the world, the register, its checklist."""

    context: World
    register: RecordRegister
    checklist: Checklist | None


def statistic_key(register: RecordRegister, fields: Mapping[str, Any]) -> str | None:
    """What a statistic measures, where and when: one stream of values for each."""
    if register.kind is not RecordKind.STATISTIC:
        return None
    return _key_of(register, fields)


def _key_of(register: RecordRegister, fields: Mapping[str, Any]) -> str:
    return "|".join(str(fields.get(name, "")) for name in register.key_fields)


def overlapping_keys(register: RecordRegister, fields: Mapping[str, Any], directory: Directory) -> frozenset[str]:
    """Keys of values that contain this one, or are a part of it: the town's and its villages', the year's and its
    seasons'. Figures add values up, so that such two would count the same tonnes twice (registers.md §7)."""
    known = [{fields.get(name)} | _related(register, name, fields.get(name), directory) for name in register.key_fields]
    keys = {_key_of(register, dict(zip(register.key_fields, one, strict=True))) for one in product(*known)}
    return frozenset(keys - {_key_of(register, fields)})


def _related(register: RecordRegister, name: str, value: Any, directory: Directory) -> set[Any]:
    if name == register.unit_field:
        return {i for i in directory.units if directory.is_within(i, value) or directory.is_within(value, i)}
    whole = register.wholes.get(name)
    if whole is None:
        return set()
    return set(register.by_name[name].choice_names) if value == whole else {whole}


# -- recording ----------------------------------------------------------------------------------------
def decide_enter(command: EnterRecord, world: RecordWorld) -> Decision:
    """Refusals: permission, values, the day, links that lead nowhere, a statistic that is there already, and of a
    checklist that was walked to its end whatever lacks."""
    register, context = world.register, world.context
    is_walked = world.checklist is not None and (bool(command.answers) or not command.is_complete)
    is_left = is_walked and not command.is_complete
    given = filled(command.values) if is_left else command.values
    checked = check_record(register, given, context.directory, is_partial=is_left)
    on, unit_id = _day(checked, world), _unit(checked, world)
    _permit("register", unit_id, world)
    if register.is_withdrawn:
        raise Refusal("register_withdrawn", name=register.label)
    check_links(register.links, checked.open, context)
    check_settled(register.links, checked.open, context.fields_of)
    data: dict[str, Any] = {
        "register": register.name,
        "pack": register.version,
        "number": context.number_for(register, is_restricted=False),  # only tickets are
        "unit": unit_id,
        "fields": {name: value for name, value in checked.open.items() if value is not None},
    }
    if register.states:
        data["state"] = _first_state(command.state, register, checked)
    if key := statistic_key(register, checked.open) or command.external_key:
        data["key"] = key
    if command.from_file:
        data["import"] = command.from_file.as_data()
    if register.stage_field:
        data["stage"] = checked.open[register.stage_field]
    if command.evidence:
        data["evidence"] = evidence_given(command.evidence)
    if is_walked and world.checklist is not None:
        data.update(_walked(command, checked, world.checklist, world))
    elif command.external_key is None:  # a row of an old ledger brings no photographs, and it happened all the same
        _check_proof(register.proof, command.evidence, is_nil=_is_nil(register, data["fields"]))
        if register.states:
            _check_proof(register.state_by_name[data["state"]].proof, command.evidence)
    return Decision((NewEvent("recorded", on, data),), checked.private)


def _walked(command: EnterRecord, checked: CheckedValues, checklist: Checklist, world: RecordWorld) -> dict[str, Any]:
    """What an inspection adds: its checklist, the answers so far and whether that is all."""
    answers = answers_given(command.answers, checklist, {}, command.evidence)
    data: dict[str, Any] = {"checklist": checklist.name, "answers": answers, "complete": command.is_complete}
    if command.is_complete:
        kinds = _kinds(command.evidence)
        if wrong := lacking(world.register, checklist, checked.open, set(checked.private), answers, kinds):
            raise Refusals(wrong)
        data["fields"] = {**checked.open, **nil_said(world.register, checked.open, answers)}
        if checklist.is_scored:
            data["score"] = score_said(answers, checklist)
    return data


def _check_proof(
    proof: Proof, files: Iterable[Mapping[str, Any]], record: Record | None = None, *, is_nil: bool = False
) -> None:
    """`files`: those that come now; those of the `record` count as well."""
    wrong = (*proof_missing(proof, _kinds(files, record), is_nil=is_nil), *untold(proof.taken, files))
    if wrong:
        raise Refusals(wrong)


def _kinds(files: Iterable[Mapping[str, Any]], record: Record | None = None) -> list[str]:
    """Of the files that come now, and of those that the record has."""
    return [str(file["kind"]) for file in files] + [file.kind for file in (record.evidence if record else ())]


def _is_nil(register: RecordRegister, fields: Mapping[str, Any]) -> bool:
    return bool(register.nil_field and fields.get(register.nil_field))


def _day(checked: CheckedValues, world: RecordWorld) -> date:
    """The record's day: told, not in the future, and one that the ledger can keep."""
    name = world.register.day_field
    text = checked.open.get(name)
    if text is None:
        raise Refusal("field_required", field=name)
    on = date.fromisoformat(text)
    check_day(on, name, world.context.today)
    return on


def check_day(on: date, field: str, today: date) -> None:
    if on > today:
        raise Refusal("day_in_future", field=field, day=on)
    if not FIRST_DAY <= on <= LAST_DAY:
        raise Refusal("day_too_early", field=field, day=on, first=FIRST_DAY)


def _unit(checked: CheckedValues, world: RecordWorld) -> int:
    name = world.register.unit_field
    unit_id = checked.open.get(name)
    if unit_id is None:
        raise Refusal("field_required", field=name)
    check_place(unit_id, world.context.directory)
    return int(unit_id)


def _permit(action: str, unit_id: int, world: RecordWorld) -> None:
    if not _may(action, unit_id, world):
        raise Refusal("not_permitted")


def _first_state(wanted: str | None, register: RecordRegister, checked: CheckedValues) -> str:
    """The state in which the subject is taken up, with all that it needs: an old ledger has them in every state."""
    name = wanted or register.states[0].name
    if name not in register.state_by_name:
        raise Refusal("state_unknown", field="state", value=name)
    given = {**checked.open, **checked.private}
    missing = [needed for needed in register.state_by_name[name].needs if given.get(needed) is None]
    if missing:
        raise Refusals([Refusal("field_required", field=needed) for needed in missing])
    return name


# -- correcting ---------------------------------------------------------------------------------------
def decide_amend_record(command: AmendRecord, record: Record, world: RecordWorld) -> Decision:
    """A correction with its reason. Who recorded it may correct it, and who may amend tickets there."""
    register, context = world.register, world.context
    _check_open(record, command.version)
    if context.actor.id != record.recorder_id or not _may("register", record.unit_id, world):
        _permit("amend", record.unit_id, world)
    reason = reason_given(command.reason)
    fixed = set(register.key_fields) | {register.stage_field}
    changes = {name: value for name, value in command.changes.items() if name not in fixed}
    checked = check_record(register, changes, context.directory, is_partial=True, before=record.fields)
    check_links(register.links, checked.open, context)
    changed = {n: v for n, v in checked.open.items() if record.fields.get(n) != v}
    if not changed and not checked.private and not command.evidence:
        raise Refusal("nothing_changed")
    check_settled(register.links, {**record.fields, **changed}, context.fields_of, changed.keys())
    data: dict[str, Any] = {"changes": changed, "reason": reason}
    if command.evidence:
        data["evidence"] = evidence_given(command.evidence)
    if register.unit_field in changed:
        data["unit"] = _unit(checked, world)
        _permit("register", data["unit"], world)
    if register.day_field in changed:
        data["on"] = _moved_day(_day(checked, world), record, register).isoformat()
    if record.reports:
        data["stage"] = record.reports[-1].stage
    return Decision((NewEvent("amended", _amended_on(data, record), data),), checked.private)


def _moved_day(on: date, record: Record, register: RecordRegister) -> date:
    """A subject is not opened after its next state began: that would turn its state back."""
    if len(record.said_turns) > 1 and to_number(on) > (following := min(turn.day for turn in record.said_turns[1:])):
        raise Refusal("day_after_next_state", field=register.day_field, day=on, following=from_number(following))
    return on


def _amended_on(data: Mapping[str, Any], record: Record) -> date:
    """A correction holds for every day: it carries the record's own, of a statistic that of its latest report."""
    if "on" in data:
        return date.fromisoformat(data["on"])
    return from_number(record.reports[-1].day) if record.reports else record.on


def decide_void_record(command: VoidRecord, record: Record, world: RecordWorld) -> Decision:
    """Entered by mistake, or twice: out of every figure, listed beside it with its reason."""
    _check_open(record, command.version)
    _permit("amend", record.unit_id, world)
    return Decision((NewEvent("voided", record.on, {"reason": reason_given(command.reason)}),), {})


def _check_open(record: Record, version: int) -> None:
    if version != record.version:
        raise Refusal("stale_version", version=record.version, seen=version)
    if record.is_void:
        raise Refusal("step_not_possible_now")


def _may(action: str, unit_id: int, world: RecordWorld) -> bool:
    context = world.context
    facts = Facts.of_unit(world.register.name, unit_id)
    return may(context.actor, action, facts, context.directory, context.today)


# -- subjects -----------------------------------------------------------------------------------------
def decide_change_state(command: ChangeState, record: Record, world: RecordWorld) -> Decision:
    """From one state to another on a day, with what belongs to it. Not before the state it leaves."""
    register, context = world.register, world.context
    _check_open(record, command.version)
    _permit("register", record.unit_id, world)
    state = register.state_by_name.get(command.state)
    if state is None:
        raise Refusal("state_unknown", field="state", value=command.state)
    if record.state == state.name or (state.follows and record.state not in state.follows):
        raise Refusal("step_not_possible_now")
    check_day(command.occurred_on, "occurred_on", context.today)
    latest = record.turns[-1]
    if to_number(command.occurred_on) < latest.day:
        day = command.occurred_on
        raise Refusal("day_before_latest_step", field="occurred_on", day=day, latest=from_number(latest.day))
    checked = check_record(register, command.values, context.directory, is_partial=True, before=record.fields)
    check_links(register.links, checked.open, context)
    check_settled(register.links, {**record.fields, **checked.open}, context.fields_of, checked.open.keys())
    missing = [n for n in state.needs if not _is_filled(n, record, checked)]
    if missing:
        raise Refusals([Refusal("field_required", field=name) for name in missing])
    _check_proof(state.proof, command.evidence, record)
    data: dict[str, Any] = {"state": state.name}
    if command.evidence:
        data["evidence"] = evidence_given(command.evidence)
    if checked.open:
        data["fields"] = dict(checked.open)
    if note := printable(command.note):
        check_length(note, "note")
        data["note"] = note
    return Decision((NewEvent("state_changed", command.occurred_on, data),), checked.private)


def _is_filled(name: str, record: Record, checked: CheckedValues) -> bool:
    given = {**checked.open, **checked.private}
    if name in given:
        return given[name] is not None
    return name in record.fields or name in record.private


# -- statistics ---------------------------------------------------------------------------------------
def decide_report(command: ReportValue, record: Record, world: RecordWorld) -> Decision:
    """A value at a further stage. The same stage again is a correction, which needs its reason."""
    register, context = world.register, world.context
    _check_open(record, command.version)
    _permit("register", record.unit_id, world)
    same = {name: record.fields[name] for name in register.key_fields if name in record.fields}
    given = {**command.values, **same}
    checked = check_record(register, given, context.directory, is_partial=False, before=record.fields)
    on = _day(checked, world)
    stage = checked.open[register.stage_field or ""]
    ranks = [choice.name for choice in register.stages]
    if ranks.index(stage) <= max(ranks.index(r.stage) for r in record.reports):
        raise Refusal("stage_not_later", field=register.stage_field)
    fields = {name: value for name, value in checked.open.items() if name not in register.key_fields}
    return Decision((NewEvent("reported", on, {"stage": stage, "fields": fields}),), checked.private)


# -- checklists ---------------------------------------------------------------------------------------
def decide_answers(command: AnswerItems, record: Record, world: RecordWorld) -> Decision:
    """Some or all answers of an inspection; it may be left and continued until it is complete."""
    _check_open(record, command.version)
    _permit("register", record.unit_id, world)
    checklist = world.checklist
    if checklist is None:
        raise Refusal("step_not_possible_now")
    register, context = world.register, world.context
    settled = settled_fields(register, checklist)
    told = {} if record.is_complete else {n: v for n, v in command.values.items() if n not in settled}
    checked = check_record(register, told, context.directory, is_partial=True, before=record.fields)
    check_links(register.links, checked.open, context)
    answers = answers_given(command.answers, checklist, record.answers, command.evidence)
    all_answers = {**record.answers, **answers}
    fields = {n: v for n, v in checked.open.items() if record.fields.get(n) != v}
    check_settled(register.links, {**record.fields, **fields}, context.fields_of, fields.keys())
    if command.is_complete and not record.is_complete:
        after = {**record.fields, **fields}
        private, kinds = {*record.private, *checked.private}, _kinds(command.evidence, record)
        if wrong := lacking(register, checklist, after, private, all_answers, kinds):
            raise Refusals(wrong)
        fields.update(nil_said(register, after, all_answers))
    data: dict[str, Any] = {"answers": answers, "complete": record.is_complete or command.is_complete}
    if data["complete"] and checklist.is_scored:
        data["score"] = score_said(all_answers, checklist)
    if fields:
        data["fields"] = fields
    if record.checklist is None:
        data["checklist"] = checklist.name
    if command.evidence:
        data["evidence"] = evidence_given(command.evidence)
    is_same = not answers and not fields and not checked.private and not command.evidence
    if is_same and data["complete"] == record.is_complete:
        raise Refusal("nothing_changed")
    return Decision((NewEvent("checked", record.on, data),), checked.private)
