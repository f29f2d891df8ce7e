"""The form of an inspection: an answer, a note and a photograph for each item, the fields told beside it, a signature.

Nothing is chosen beforehand. Files are kept at once, so that a refused form shows them again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext
from flask_wtf.file import FileField
from werkzeug.datastructures import MultiDict

from tracker import words
from tracker.domain.checklists import Checklist
from tracker.domain.commands import AnswerItems, EnterRecord
from tracker.domain.evidence import UNKNOWN
from tracker.domain.inspecting import FAIL, NOT_APPLICABLE, PASS, settled_fields
from tracker.domain.kinds import EvidenceKind
from tracker.domain.record import Record
from tracker.domain.records import RecordRegister
from tracker.domain.registers import Field
from tracker.forms.evidence import Evidence, KeptFile
from tracker.forms.fields import RadioField, TextAreaField, required
from tracker.forms.keyed import KeyedForm
from tracker.forms.options import Options
from tracker.forms.register import inputs_for, typed_value
from tracker.log.files import FileStore

SIGNATURE, PHOTOS = "signature", "photos"


def _when_needed(register: RecordRegister) -> str:
    if register.proof.of_nil:
        return gettext("One is needed, whatever was found.")
    return gettext("One is needed where something was found; that of an item that failed will do.")


class InspectionForm(KeyedForm):
    """`first`, `further`: names of the record's own fields that stand open and folded away."""

    checklist: Checklist
    register: RecordRegister
    first: tuple[str, ...] = ()
    further: tuple[str, ...] = ()
    files: Mapping[str, Evidence]

    @classmethod
    def to_begin(
        cls,
        register: RecordRegister,
        checklist: Checklist,
        options: Options,
        begun: Mapping[str, Any],
        settled: Mapping[str, Any],
    ) -> InspectionForm:
        """A new one. `begun`: what is known already; `settled`: fields that the subject has decided."""
        defaults = dict(begun)
        if len(options.homes) == 1:
            defaults[register.unit_field] = options.homes[0][0]
        fields = tuple(f for f in register.fields if f.name not in settled and f.name != register.nil_field)
        return cls._of(register, checklist, options, fields, defaults, version="")

    @classmethod
    def to_continue(
        cls, record: Record, register: RecordRegister, checklist: Checklist, options: Options
    ) -> InspectionForm:
        """One that was left: with the answers and values so far."""
        left_out = settled_fields(register, checklist) | {register.nil_field}
        fields = tuple(f for f in register.fields if f.name not in left_out)
        told = {f.name: typed_value(f, record.fields, options.links) for f in fields if f.name in record.fields}
        form = cls._of(register, checklist, options, fields, told, version=str(record.version))
        for item in checklist.items:
            said = record.answers.get(str(item.id), {})
            if not form.is_submitted():
                form[f"item-{item.id}"].data = said.get("result")
                form[f"note-{item.id}"].data = said.get("note")
        return form

    @classmethod
    def _of(
        cls,
        register: RecordRegister,
        checklist: Checklist,
        options: Options,
        fields: tuple[Field, ...],
        defaults: Mapping[str, Any],
        version: str,
    ) -> InspectionForm:
        results = [(PASS, words.choice(PASS)), (FAIL, words.choice(FAIL)), (NOT_APPLICABLE, words.choice("na"))]
        inputs: dict[str, Any] = {}
        for item in checklist.items:
            inputs[f"item-{item.id}"] = RadioField(words.of(item.label), choices=results)
            inputs[f"note-{item.id}"] = TextAreaField(gettext("What failed here"))
            photo = FileField(gettext("Photograph"))
            inputs[f"photo-{item.id}"] = required(photo) if checklist.is_photographed else photo
        inputs |= inputs_for(fields, options, defaults, home=register.unit_field)
        if register.proof.photos:
            shown = FileField(gettext("Photograph of the visit"), description=_when_needed(register))
            inputs[PHOTOS] = required(shown) if register.proof.of_nil else shown
        if checklist.is_signed:
            inputs[SIGNATURE] = FileField(words.choice(SIGNATURE))
        form = type("InspectionForm", (cls,), inputs)(version=version)
        form.checklist, form.register, form.files = checklist, register, {}
        form.first = tuple(f.name for f in fields if f.is_required and f.name != register.day_field)
        form.further = tuple(f.name for f in fields if f.name not in form.first)
        return form

    # -- what was sent --------------------------------------------------------------------------------
    def take_photos(self, store: FileStore, person_id: int, sent: MultiDict[str, str]) -> bool:
        """Keep the files of this sending; False when one was refused, with the reason at its field."""
        files: dict[str, Evidence] = {}
        is_good = True
        for name, kind in self._file_fields().items():
            kept = Evidence(person_id)
            kept.take_kept(store, sent.getlist(f"kept-{name}")[-1:])
            upload = self[name].data
            for file, why in kept.take_new(store, [upload] if upload else [], kind, pictures_only=True):
                self.add_error(name, f"{file}: {words.refusal(why)}")
                is_good = False
            files[name] = kept
        self.files = files
        return is_good

    def _file_fields(self) -> dict[str, str]:
        found = {f"photo-{item.id}": str(EvidenceKind.PHOTO_BEFORE) for item in self.checklist.items}
        beside = {PHOTOS: str(EvidenceKind.PHOTO), SIGNATURE: str(EvidenceKind.SIGNATURE)}
        return found | {name: kind for name, kind in beside.items() if name in self}

    def kept(self, name: str) -> KeptFile | None:
        """The file of this input that has arrived: the last one."""
        files = self.files[name].files if name in self.files else []
        return files[-1] if files else None

    def pass_rest(self) -> None:
        """Every item without an answer passes."""
        for item in self.checklist.items:
            if not self[f"item-{item.id}"].data:
                self[f"item-{item.id}"].data = PASS

    def answers(self) -> dict[str, dict[str, str]]:
        """Item → what was said of it; items without an answer are left out."""
        found: dict[str, dict[str, str]] = {}
        for item in self.checklist.items:
            result = self[f"item-{item.id}"].data
            note = self[f"note-{item.id}"].value or ""
            if not result:
                continue
            said = {"result": str(result)}
            if result == FAIL:
                said["note"] = note
                if kept := self.kept(f"photo-{item.id}"):
                    said["photo"] = kept.digest
            found[str(item.id)] = said
        return found

    def values(self) -> dict[str, Any]:
        """The record's own fields that say something."""
        told = {name: self[name].value for name in (*self.first, *self.further)}
        return {name: value for name, value in told.items() if value not in (None, "", [])}

    def evidence_sent(self) -> tuple[Mapping[str, Any], ...]:
        """The files as the log names them, each once: those of items that failed, and the signature."""
        wanted = [f"photo-{i}" for i, said in self.answers().items() if said["result"] == FAIL]
        wanted += [PHOTOS, SIGNATURE]
        files = [file for name in wanted if (file := self.kept(name)) is not None]
        named = {(f.digest, f.kind): f for f in files}
        return tuple(f.as_command(UNKNOWN) for f in named.values())

    def to_enter(self, settled: Mapping[str, Any], *, is_complete: bool) -> EnterRecord:
        return EnterRecord(
            register=self.register.name,
            values={**self.values(), **settled},
            answers=self.answers(),
            is_complete=is_complete,
            evidence=self.evidence_sent(),
            key=self.key.data,
        )

    def to_answers(self, record: Record, *, is_complete: bool) -> AnswerItems:
        """What is new. Files that the record has already are not sent again."""
        there = {(e.digest, e.kind) for e in record.evidence}
        return AnswerItems(
            record_id=record.id,
            version=self.seen_version(),
            answers=self.answers(),
            is_complete=is_complete,
            values=self.values(),
            evidence=tuple(f for f in self.evidence_sent() if (f["digest"], f["kind"]) not in there),
            key=self.key.data,
        )
