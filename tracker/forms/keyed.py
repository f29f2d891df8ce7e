"""What every form of a command has: its key, the version that was seen, refusals at their fields, files."""

from __future__ import annotations

import uuid

from flask_wtf import FlaskForm
from wtforms import HiddenField

from tracker import words
from tracker.domain.kinds import EvidenceKind
from tracker.domain.refusals import Refusal, Refusals
from tracker.forms.evidence import Evidence, said_of
from tracker.log.files import FileStore

# Refusals that name a part of a command which the form calls otherwise.
_KINDS_OF_FILES = {
    "photos_before": EvidenceKind.PHOTO_BEFORE,
    "photos_after": EvidenceKind.PHOTO_AFTER,
    "documents": EvidenceKind.DOCUMENT,
}
_SHOWN_AT = {
    "evidence": "photos",
    "photos_before": "photos",
    "photos_after": "photos",
    "supports": "support_unit_1",
}


class KeyedForm(FlaskForm):
    """`key` makes a second sending harmless; `version` is what the person saw; `kept` are files sent before."""

    key = HiddenField(default=lambda: uuid.uuid4().hex)
    version = HiddenField()

    evidence: Evidence

    def take_files(self, store: FileStore, person_id: int, kept: list[str]) -> bool:
        """Keep the files of this sending; False when one was refused, with the reason at its field."""
        self.evidence = Evidence(person_id)
        self.evidence.take_kept(store, kept)
        is_good = True
        for name, kind in {"photos": self.kind_of_photos(), **_KINDS_OF_FILES}.items():
            if name not in self:
                continue
            is_picture = name != "documents"
            for file, why in self.evidence.take_new(store, self[name].data or [], kind, pictures_only=is_picture):
                self.add_error(name, f"{file}: {words.refusal(why)}")
                is_good = False
            try:
                self.evidence.say(kind, said_of(self, name))
            except Refusal as refusal:
                self.refuse(refusal)
                is_good = False
        return is_good

    def send_on_top_of(self, version: int) -> None:
        """Of what has happened meanwhile. A new key, since the old one may have been used."""
        self.version.data = str(version)
        self.renew_key()

    def renew_key(self) -> None:
        """The next sending is another command."""
        self.key.data = uuid.uuid4().hex

    def kind_of_photos(self) -> str:
        """What a photograph sent with this form shows."""
        return EvidenceKind.PHOTO_AFTER

    def seen_version(self) -> int:
        text = str(self.version.data or "")
        return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0

    def refuse(self, refusal: Refusal | Refusals) -> None:
        """Show each refusal at its field; one without a field of this form stands above all fields."""
        for one in refusal.refusals if isinstance(refusal, Refusals) else (refusal,):
            name = one.field or ""
            self.add_error(name if name in self else self.shown_at(name), words.refusal(one))

    def shown_at(self, name: str) -> str:
        """The field of this form that stands for a part of the command with another name."""
        return _SHOWN_AT.get(name, name)

    def add_error(self, name: str, sentence: str) -> None:
        field = self._fields.get(name)
        if field is None or getattr(field.widget, "input_type", "") == "hidden":
            self.form_errors.append(sentence)
        else:
            field.errors = [*field.errors, sentence]

    @property
    def has_errors(self) -> bool:
        return bool(self.form_errors) or any(field.errors for field in self)
