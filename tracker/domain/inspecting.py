"""The answers of a checklist: what counts as one, what an inspection lacks, its score, the tickets that it proposes.

Source: registers.md §8. Whether somebody may is asked in `recording.py`; who registers the tickets confirms each.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tracker.domain.checklists import PLACE, Checklist, ChecklistItem, Creation
from tracker.domain.kinds import EvidenceKind
from tracker.domain.needs import check_length
from tracker.domain.people import Directory
from tracker.domain.proofs import proof_missing
from tracker.domain.record import Record
from tracker.domain.records import RecordRegister
from tracker.domain.refusals import Refusal, Refusals
from tracker.domain.registers import Field, FieldType, Register
from tracker.domain.values import is_needed, printable

PASS, FAIL, NOT_APPLICABLE = "pass", "fail", "na"
RESULTS = (PASS, FAIL, NOT_APPLICABLE)
FOUND_BY = "inspection"
"""The choice of a ticket's `source` that says so."""
_OWN = frozenset({"place", "found_on", "source", "source_ref", "remark", "restricted"})
"""Fields of a ticket that say something of the ticket, whatever its subject says in one of that name."""

Answers = Mapping[str, Mapping[str, Any]]


def subject_link(register: RecordRegister, checklist: Checklist) -> Field | None:
    """The field of the activity that names what the checklist is put to; None: nothing in particular."""
    return next((f for f in register.links if f.register == checklist.subject), None)


def settled_fields(register: RecordRegister, checklist: Checklist) -> frozenset[str]:
    """Fields that an unfinished inspection no longer changes: its day, its unit, what it looks at."""
    link = subject_link(register, checklist)
    return frozenset({register.day_field, register.unit_field} | ({link.name} if link else set()))


# -- answers ------------------------------------------------------------------------------------------
def answers_given(
    given: Answers, checklist: Checklist, before: Answers, evidence: Collection[Mapping[str, Any]]
) -> dict[str, dict[str, Any]]:
    """The answers that are new. A failed item needs a note: what is wrong, in the words of who saw it."""
    wrong: list[Refusal] = []
    new: dict[str, dict[str, Any]] = {}
    digests = {str(f["digest"]) for f in evidence}
    for item, answer in given.items():
        try:
            said = _answer(item, answer, checklist, before.get(item, {}), digests)
        except Refusal as refusal:
            wrong.append(refusal)
            continue
        if dict(before.get(item, {})) != said:
            new[item] = said
    if wrong:
        raise Refusals(wrong)
    return new


def _answer(
    item: str, answer: Mapping[str, Any], checklist: Checklist, before: Mapping[str, Any], digests: Collection[str]
) -> dict[str, Any]:
    result, note = str(answer.get("result", "")), printable(str(answer.get("note", "")))
    if not (item.isascii() and item.isdecimal() and len(item) < 10) or int(item) not in checklist.item_by_id:
        raise Refusal("item_unknown", field=f"item-{item}", value=item)
    if result not in RESULTS:
        raise Refusal("choice_unknown", field=f"item-{item}", value=result)
    if result == FAIL and not note:
        raise Refusal("note_missing", field=f"note-{item}")
    said: dict[str, Any] = {"result": result}
    if note:
        check_length(note, f"note-{item}")
        said["note"] = note
    if (photo := str(answer.get("photo", ""))) and photo in digests:
        said["photo"] = photo
    elif "photo" in before:
        said["photo"] = before["photo"]
    if reason := printable(str(answer.get("left_out", ""))):
        check_length(reason, f"left_out-{item}")
        said["left_out"] = reason
    return said


def lacking(
    register: RecordRegister,
    checklist: Checklist,
    fields: Mapping[str, Any],
    private: Collection[str],
    answers: Answers,
    kinds: Collection[str],
) -> tuple[Refusal, ...]:
    """What is missing before an inspection is complete: answers, a picture of each fail, fields and files that the
    register needs. `kinds`: of the files that are there and of those that come now."""
    items = (item for item in checklist.item_by_id if str(item) not in answers)
    needed = (
        f.name
        for f in register.fields
        if fields.get(f.name) in (None, "", []) and f.name not in private and is_needed(f, fields)
    )
    pictures = tuple(_pictures_missing(checklist, answers))
    kinds = [*kinds, *(EvidenceKind.PHOTO_BEFORE for _ in pictures)]  # asked for at the item, and not a second time
    return (
        *(Refusal("answer_missing", field=f"item-{item}") for item in items),
        *pictures,
        *(Refusal("field_required", field=name) for name in needed),
        *proof_missing(register.proof, kinds, is_nil=_is_nil(register, fields, answers)),
    )


def _pictures_missing(checklist: Checklist, answers: Answers) -> Iterator[Refusal]:
    """Registers.md §8: a fail needs a note and a photo. The note is asked for at once, the photo at the end."""
    if checklist.is_photographed:
        for item in failed(answers):
            if "photo" not in answers[item]:
                yield Refusal("evidence_missing", field=f"photo-{item}", needed=1, given=0)


def _is_nil(register: RecordRegister, fields: Mapping[str, Any], answers: Answers) -> bool:
    said = {**fields, **nil_said(register, fields, answers)}
    return bool(register.nil_field and said.get(register.nil_field))


def nil_said(register: RecordRegister, fields: Mapping[str, Any], answers: Answers) -> dict[str, Any]:
    """The nil report that a walked checklist is: whoever passed every item has said that nothing was found."""
    if register.nil_field is None or fields.get(register.nil_field) is not None:
        return {}
    return {register.nil_field: True} if not failed(answers) else {}


def failed(answers: Answers) -> tuple[str, ...]:
    """The items that did not pass, in their order."""
    return tuple(sorted((item for item, said in answers.items() if said["result"] == FAIL), key=int))


@dataclass(frozen=True, slots=True)
class Score:
    """Items passed, of those that applied, and their points."""

    passed: int
    applied: int
    points: int
    out_of: int

    @property
    def of_hundred(self) -> int | None:
        """百分制, rounded half up in whole numbers; None: nothing applied."""
        return (200 * self.points + self.out_of) // (2 * self.out_of) if self.out_of else None


def score_of(answers: Answers, checklist: Checklist) -> Score:
    """What does not apply neither earns nor costs points. An item that the list no longer has is worth one."""
    worth = {str(item.id): item.points for item in checklist.items}
    passed = {i: worth.get(i, 1) for i, said in answers.items() if said["result"] == PASS}
    applied = {i: worth.get(i, 1) for i, said in answers.items() if said["result"] != NOT_APPLICABLE}
    return Score(len(passed), len(applied), sum(passed.values()), sum(applied.values()))


def score_said(answers: Answers, checklist: Checklist) -> dict[str, int]:
    """The points as an event keeps them: those of a list that is changed later stay what they were."""
    score = score_of(answers, checklist)
    return {"points": score.points, "out_of": score.out_of}


# -- to whom a ticket usually goes ---------------------------------------------------------------------
def usual_owner(
    creation: Creation, place_id: int, subject: Record | None, directory: Directory
) -> tuple[int | None, int | None]:
    """(unit, person) to whom the ticket of a failed item usually goes; None where the list does not say, or where
    whom it means is there no more."""
    owner = creation.owner
    if owner is None or owner == PLACE:
        return (place_id if owner else None), None
    person = directory.people.get(subject.fields.get(owner) or 0) if subject else None
    if person is not None:
        return (None, None) if person.has_left else (person.unit_id, person.id)
    unit = directory.unit_by_code(owner)
    return (unit.id if unit and not unit.is_closed else None), None


# -- the tickets that it proposes ---------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Proposal:
    """The ticket that a failed item would open.

    `values`: what it begins with, in clear; `private`: its field → the field of the subject whose value it takes from
    the vault; `asked`: fields that its register needs and nothing here knows.
    """

    item: ChecklistItem
    register: Register
    note: str
    photo: str | None
    values: Mapping[str, Any]
    private: Mapping[str, str]
    asked: tuple[Field, ...]


def proposals(
    record: Record,
    register: RecordRegister,
    checklist: Checklist,
    subject: tuple[Record, RecordRegister] | None,
    tickets: Mapping[str, Register],
) -> tuple[Proposal, ...]:
    """For each failed item that opens a ticket, in the order of the list."""
    return tuple(_proposals(record, register, checklist, subject, tickets))


def _proposals(
    record: Record,
    register: RecordRegister,
    checklist: Checklist,
    subject: tuple[Record, RecordRegister] | None,
    tickets: Mapping[str, Register],
) -> Iterator[Proposal]:
    for item in checklist.items:
        said = record.answers.get(str(item.id), {})
        creation = item.creates
        if said.get("result") != FAIL or creation is None:
            continue
        opened = tickets[creation.register]
        copies = checklist.copies.get(opened.name, {})
        values = {
            **_of_subject(opened, subject, copies),
            **_of_activity(opened, record, register),
            **_links(opened, record, register, subject),
            **_source(opened, record, item),
            **_created(creation),
        }
        private = _private_of_subject(opened, subject, copies, values)
        yield Proposal(
            item=item,
            register=opened,
            note=said.get("note", ""),
            photo=said.get("photo"),
            values=values,
            private=private,
            asked=tuple(_asked(opened, {**values, **private})),
        )


def _created(creation: Creation) -> dict[str, Any]:
    return {name: list(v) if isinstance(v, tuple) else v for name, v in creation.values.items()}


def _of_subject(
    opened: Register, subject: tuple[Record, RecordRegister] | None, copies: Mapping[str, str]
) -> dict[str, Any]:
    """What the subject's file says in open fields of the same meaning."""
    if subject is None:
        return {}
    record, register = subject
    return {
        field.name: record.fields[named.name]
        for field, named in _pairs(opened, register, copies)
        if not named.is_private and named.name in record.fields and _fits(field, record.fields[named.name])
    }


def _private_of_subject(
    opened: Register,
    subject: tuple[Record, RecordRegister] | None,
    copies: Mapping[str, str],
    values: Mapping[str, Any],
) -> dict[str, str]:
    """Names and numbers of people only where the ticket cannot be without, and only into fields as private."""
    if subject is None:
        return {}
    record, register = subject
    return {
        field.name: named.name
        for field, named in _pairs(opened, register, copies)
        if field.is_private and named.name in record.private and is_needed(field, values)
    }


def _pairs(opened: Register, subject: RecordRegister, copies: Mapping[str, str]) -> Iterator[tuple[Field, Field]]:
    for field in opened.fields:
        named = subject.by_name.get(copies.get(field.name, field.name))
        is_own = field.name in _OWN or field.name == opened.summary_field or field.name in opened.recorded_later
        if named is not None and named.type is field.type and not is_own:
            yield field, named


def _fits(field: Field, value: Any) -> bool:
    if field.type is FieldType.SELECT_ONE:
        return value in field.choice_names
    if field.type is FieldType.SELECT_MULTIPLE:
        return set(value) <= field.choice_names
    return field.type is not FieldType.RECORD


def _of_activity(opened: Register, record: Record, register: RecordRegister) -> dict[str, Any]:
    """Where it was found, when the activity says so."""
    shared = (n for n in ("location", "group") if n in opened.by_name and n in register.by_name)
    return {name: record.fields[name] for name in shared if name in record.fields}


def _links(
    opened: Register, record: Record, register: RecordRegister, subject: tuple[Record, RecordRegister] | None
) -> dict[str, int]:
    """The inspection, its subject, and whatever else the inspection names that the ticket names too."""
    targets = {f.register: record.fields[f.name] for f in register.links if f.name in record.fields}
    targets[register.name] = record.id
    if subject is not None:
        targets[subject[1].name] = subject[0].id
    return {f.name: targets[f.register] for f in opened.links if f.register in targets}


def _source(opened: Register, record: Record, item: ChecklistItem) -> dict[str, str]:
    found: dict[str, str] = {}
    source = opened.by_name.get("source")
    if source is not None and FOUND_BY in source.choice_names:
        found["source"] = FOUND_BY
    if "source_ref" in opened.by_name:
        found["source_ref"] = f"{record.number} · {item.id}"
    return found


def _asked(opened: Register, known: Collection[str]) -> Iterator[Field]:
    head = {"place", "found_on", opened.summary_field}
    for field in opened.fields:
        if field.name not in head and field.name not in known and is_needed(field, {}):
            yield field
