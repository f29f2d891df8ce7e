"""Files in a form: kept by hash at once, so that a refused form shows them again instead of asking again.

What was kept travels in the page as a signed note, good for one person: nobody can claim a file by its hash.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from flask import current_app
from flask_babel import gettext, ngettext
from flask_wtf import FlaskForm
from flask_wtf.file import MultipleFileField
from itsdangerous import BadSignature, URLSafeSerializer
from werkzeug.datastructures import FileStorage

from tracker import words
from tracker.domain.evidence import UNKNOWN, Taken, point_of, taken_of
from tracker.domain.kinds import PHOTO_KINDS, Part
from tracker.domain.proofs import Proof, given
from tracker.domain.refusals import Refusal
from tracker.domain.values import position
from tracker.forms.fields import POSITION_LIKE, InstantField, PositionField, RadioField, required
from tracker.log.exif import taken_of_file
from tracker.log.files import FileStore, clean_name

MOST_FILES = 20


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A file that lies safe on disk and waits for its command. `note`: its signed form."""

    digest: str
    name: str
    media_type: str
    size: int
    kind: str
    note: str
    taken: Mapping[str, Any] = field(default_factory=dict)

    def as_command(self, said: Taken) -> Mapping[str, Any]:
        """The file as the log names it; what the picture does not say itself may be `said` beside it."""
        told = taken_of(self.taken).filled(said).as_data() if self.media_type.startswith("image/") else {}
        return {
            "digest": self.digest,
            "name": self.name,
            "media_type": self.media_type,
            "size": self.size,
            "kind": self.kind,
            **told,
        }


def file_store() -> FileStore:
    """The files of this installation; one file may be as large as its settings say."""
    settings = current_app.config["SETTINGS"]
    return FileStore.of(settings.instance, settings.file_bytes)


def photos_field(label: str, *, is_needed: bool) -> MultipleFileField:
    made = MultipleFileField(label)
    return required(made) if is_needed else made


WHEN, WHERE = "_at", "_where"
"""Behind the name of an input for photographs: those for what they do not say themselves."""


def taken_fields(name: str, asked: Collection[Part]) -> dict[str, Any]:
    """Inputs for when and where the photographs of the input `name` were taken, as far as the register asks it."""
    hint = gettext("Only where the picture does not say it itself.")
    inputs: dict[str, Any] = {}
    if Part.PLACE in asked:
        usual = {"autocomplete": "off", "placeholder": POSITION_LIKE}
        inputs[name + WHERE] = PositionField(gettext("Where they were taken"), description=hint, render_kw=usual)
    if Part.TIME in asked:
        inputs[name + WHEN] = InstantField(gettext("When they were taken"), description=hint)
    return inputs


def is_beside(name: str) -> bool:
    """Whether an input stands below one for photographs."""
    return name.startswith("photos") and name.endswith((WHEN, WHERE))


def said_of(form: FlaskForm, name: str) -> Taken:
    """What was typed below the input `name`. Refuses pattern_mismatch and field_out_of_range there."""
    at, where = None, None
    if name + WHERE in form:
        where = point_of(position(form[name + WHERE].value or "", name + WHERE))
    if name + WHEN in form and (moment := form[name + WHEN].value) is not None:
        zone = moment.tzinfo or current_app.config["SETTINGS"].time_zone
        at = round(moment.replace(tzinfo=zone).timestamp()) * 1000
    return Taken(at, where)


def documents_field(label: str, *, is_needed: bool) -> MultipleFileField:
    made = MultipleFileField(label, render_kw={"accept": ".pdf,.docx,.xlsx,image/*"})
    return required(made) if is_needed else made


def files_for(proof: Proof, there: Iterable[str] = (), *, always: bool, later: Iterable[Proof] = ()) -> dict[str, Any]:
    """The inputs for the files that a record must bring, each with how many; `there`: kinds of those it has.

    `always`: photographs and papers may be added where none is asked for, and what is asked for `later`.
    """
    kinds = tuple(there)
    lacking = {name: count - given(name, kinds) for name, count in proof.needed().items()}
    offered = {"photos", "documents"}.union(*(one.needed() for one in later))
    found: dict[str, Any] = {}
    for name, label in (
        ("photos_before", gettext("Photographs before the work")),
        ("photos", gettext("Photographs")),
        ("photos_after", gettext("Photographs after the work")),
        ("documents", words.need("documents")),
    ):
        count = lacking.get(name, 0)
        if count > 0 or (always and name in offered):
            make = documents_field if name == "documents" else photos_field
            found[name] = make(label, is_needed=count > 0 and (name != "photos" or len(lacking) == 1))
            found[name].kwargs["description"] = _at_least(name, count, proof) if count > 0 else ""
            if name != "documents":
                found |= taken_fields(name, proof.taken)
    return found


def _at_least(name: str, count: int, proof: Proof) -> str:
    if name == "documents":
        return ngettext("%(num)s file is needed.", "%(num)s files are needed.", count)
    told = ngettext("%(num)s photograph is needed.", "%(num)s photographs are needed.", count)
    if name == "photos" and len(proof.needed()) > 1:
        told = ngettext(
            "%(num)s photograph is needed in all, those before and after among them.",
            "%(num)s photographs are needed in all, those before and after among them.",
            count,
        )
    return told


def photo_kind_field(default: str) -> RadioField:
    pairs = [(kind, words.choice(kind)) for kind in PHOTO_KINDS]
    return RadioField(words.need("evidence"), choices=pairs, default=default)


class Evidence:
    """The files of one sending of a form: those kept before and not taken away, and those that came now."""

    def __init__(self, person_id: int) -> None:
        self._signer = URLSafeSerializer(str(current_app.secret_key), salt=f"evidence {person_id}")
        self.files: list[KeptFile] = []
        self._said: dict[str, Taken] = {}

    def take_kept(self, store: FileStore, notes: list[str]) -> None:
        """Files of the sending before. A note that we did not write for this person is passed over, and one whose file
        was tidied away since."""
        for note in notes[:MOST_FILES]:
            try:
                told = self._signer.loads(note)
            except BadSignature:
                continue
            if store.still_has(told["digest"]):
                self._add(KeptFile(**told, note=note))

    def take_new(
        self, store: FileStore, uploads: list[FileStorage], kind: str, *, pictures_only: bool
    ) -> list[tuple[str, Refusal]]:
        """Keep what came now. Gives the name of each file that was refused, and why; the others are kept."""
        refused = []
        for upload in uploads:
            if not upload or not upload.filename:
                continue
            try:
                self._take(store, upload, kind, pictures_only=pictures_only)
            except Refusal as refusal:
                refused.append((clean_name(upload.filename), refusal))
            finally:
                upload.close()  # a large one is a file of its own meanwhile
        return refused

    def _take(self, store: FileStore, upload: FileStorage, kind: str, *, pictures_only: bool) -> None:
        if len(self.files) >= MOST_FILES:
            raise Refusal("too_many_files", limit=MOST_FILES)
        kept = store.put(upload.stream, upload.filename or "")  # type: ignore[arg-type] # werkzeug: IO[bytes]
        if pictures_only and not kept.media_type.startswith("image/"):
            raise Refusal("photograph_needed")
        told = {**asdict(kept), "kind": kind}
        if kept.media_type.startswith("image/"):
            told["taken"] = self._taken(store, kept.digest)
        self._add(KeptFile(**told, note=str(self._signer.dumps(told))))

    def _taken(self, store: FileStore, digest: str) -> Mapping[str, Any]:
        """What the picture says of itself, read from the original: copies that are shown say nothing."""
        path = store.path(digest)
        zone = current_app.config["SETTINGS"].time_zone
        return taken_of_file(path, zone).as_data() if path is not None else {}

    def say(self, kind: str, said: Taken) -> None:
        """When and where the files of this kind were taken that do not say it themselves."""
        self._said[kind] = said

    def _add(self, file: KeptFile) -> None:
        if all((file.digest, file.kind) != (other.digest, other.kind) for other in self.files):
            self.files.append(file)

    def as_command(self) -> tuple[Mapping[str, Any], ...]:
        """The files as the log names them."""
        return tuple(f.as_command(self._said.get(f.kind, UNKNOWN)) for f in self.files)
