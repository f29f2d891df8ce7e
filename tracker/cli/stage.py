"""Plays the acts of a demonstration: each as the command that it stands for, in the order in which it was recorded."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from hashlib import sha256
from typing import Any
from zlib import crc32

from tracker.domain.checklists import checklist_for
from tracker.domain.commands import (
    AmendRecord,
    ChangeState,
    Command,
    EnterRecord,
    RegisterTicket,
    ReportValue,
    TakeStep,
    VoidRecord,
)
from tracker.domain.events import StreamKind
from tracker.domain.evidence import Taken
from tracker.domain.inspecting import FAIL, PASS, subject_link
from tracker.domain.kinds import EvidenceKind
from tracker.domain.proofs import proof_missing
from tracker.domain.record import fold
from tracker.domain.refusals import Refusal
from tracker.handler import Done, Request, handle_all
from tracker.house import House
from tracker.jobs import run_duties
from tracker.log import store
from tracker.log.files import FileStore
from tracker.log.store import to_ms
from tracker.packs.demo.pictures import Picture, draw, proof, stamped
from tracker.packs.demo.story import Act, Deed, PostName, StoryKey, UnitName
from tracker.packs.demo.takes import Takes

LONGEST_BATCH = 500
_CLOCKWORK_AT = time(0, 1)


@dataclass(frozen=True, slots=True)
class Names:
    """The ids of units by name and of people by post."""

    units: Mapping[str, int]
    people: Mapping[str, int]


@dataclass(slots=True)
class _Told:
    """A ticket or record as far as its story has been told."""

    id: int
    number: str
    version: int


class Stage:
    """Plays acts in batches: one transaction until an act needs to know what an earlier one led to."""

    def __init__(self, house: House, files: FileStore, names: Names) -> None:
        self._house, self._files, self._names = house, files, names
        self._told: dict[str, _Told] = {}
        self._waiting: list[tuple[Act, Request]] = []
        self._in_batch: set[str] = set()
        self._day: date | None = None  # of the act before
        self._kinds: dict[str, list[str]] = {}  # of the files of each subject
        self._drawings: dict[Picture, bytes] = {}
        self._files_of: dict[str, dict[str, Any]] = {}  # those of stories by their names
        self._takes = Takes()

    def play(self, acts: tuple[Act, ...], progress: Callable[[int, int], None]) -> None:
        for done, act in enumerate(acts):
            self._begin_day(act.at.date())
            needed = {act.story, *(v.key for v in act.values.values() if isinstance(v, StoryKey))}
            if needed & self._in_batch or len(self._waiting) >= LONGEST_BATCH:
                self._carry_out()
                progress(done, len(acts))
            actor_id = self._names.people[act.by]
            self._waiting.append((act, Request(self._command(act), actor_id, act.at)))
            self._in_batch.add(act.story)
        self._carry_out()
        progress(len(acts), len(acts))

    def _begin_day(self, day: date) -> None:
        """What the clockwork of a server does after midnight: periods begin, and those that are over were missed."""
        if self._day is not None and day > self._day:
            self._carry_out()
            run_duties(self._house, datetime.combine(day, _CLOCKWORK_AT, self._house.time_zone))
        self._day = day

    def _carry_out(self) -> None:
        results = handle_all(self._house, [request for _, request in self._waiting])
        for (act, _), result in zip(self._waiting, results, strict=True):
            if isinstance(result, Done):
                number = result.number or ""
                self._told[act.story] = _Told(result.stream_id, number, self._version(result))
        self._waiting, self._in_batch = [], set()

    def _version(self, done: Done) -> int:
        if not done.is_repeat:
            return done.events[-1].version
        with self._house.engine.connect() as conn:
            return len(store.read_stream(conn, done.events[0].stream_kind, done.stream_id))

    def _command(self, act: Act) -> Command:
        values = {name: self._resolved(value) for name, value in act.values.items()}
        return _COMMANDS[act.deed](self, act, values)

    # -- tickets --------------------------------------------------------------------------------------
    def _register(self, act: Act, values: dict[str, Any]) -> Command:
        return RegisterTicket(
            register=act.register,
            values=values,
            place_id=self._names.units[act.place],
            found_on=act.on,
            is_restricted=bool(act.named),
            named_ids=tuple(self._names.people[post] for post in act.named),
            milestones=act.milestones,
            milestone_values=act.milestone_values,
            evidence=self._kept(act),
            key=act.key,
        )

    def _step(self, act: Act, values: dict[str, Any]) -> Command:
        told = self._told[act.story]
        return TakeStep(
            ticket_id=told.id,
            step=act.what,
            version=told.version,
            occurred_on=act.on,
            values=values,
            evidence=self._kept(act),
            key=act.key,
        )

    # -- records --------------------------------------------------------------------------------------
    def _enter(self, act: Act, values: dict[str, Any]) -> Command:
        register = self._house.pack.record_by_name[act.register]
        is_nil = not act.failed if register.checklist else bool(values.get(register.nil_field or ""))
        failed = self._proofs(act, [EvidenceKind.PHOTO_BEFORE] * bool(act.failed))
        told = (*self._kept(act), *failed)
        lacking = proof_missing(register.proof, (f["kind"] for f in told), is_nil=is_nil)
        return EnterRecord(
            register=act.register,
            values=values,
            state=act.what or None,
            answers=self._answers(act, values, failed[0]["digest"] if failed else ""),
            evidence=(*told, *self._proofs(act, _kinds_of(lacking))),
            key=act.key,
        )

    def _proofs(self, act: Act, kinds: Iterable[str]) -> tuple[dict[str, Any], ...]:
        """Pictures that the register demands, each another one."""
        prefix = self._house.pack.record_by_name[act.register].ascii_prefix
        first = crc32(act.story.encode())
        asked = (proof(act.register, prefix, kind, first + n) for n, kind in enumerate(kinds))
        return tuple(self._stored(picture, act, n) for n, picture in enumerate(asked, len(act.pictures)))

    def _answers(self, act: Act, values: Mapping[str, Any], photo: str) -> Mapping[str, Mapping[str, Any]]:
        """Every item of the checklist for this subject: passed, but those that the act says failed, with a photo."""
        register, pack = self._house.pack.record_by_name[act.register], self._house.pack
        if register.checklist is None:
            return {}
        named = pack.checklist_by_name[register.checklist]
        link = subject_link(register, named)
        checklist = checklist_for(named, pack.checklists, self._facts(values.get(link.name)) if link else {})
        return {
            str(item): {"result": FAIL, "note": act.failed[item], "photo": photo}
            if item in act.failed
            else {"result": PASS}
            for item in checklist.item_by_id
        }

    def _facts(self, subject_id: int | None) -> Mapping[str, Any]:
        """What its file says of a subject; it is in the log already, since an act that names one waits for it."""
        if subject_id is None:
            return {}
        with self._house.engine.connect() as conn:
            subject = fold(store.read_stream(conn, StreamKind.RECORD, subject_id))
        return subject.fields if subject else {}

    def _state(self, act: Act, values: dict[str, Any]) -> Command:
        told = self._told[act.story]
        asked = self._house.pack.record_by_name[act.register].state_by_name[act.what].proof
        kinds = self._kinds.setdefault(act.story, [])
        files = self._proofs(act, _kinds_of(proof_missing(asked, kinds, is_nil=False)))
        kinds.extend(f["kind"] for f in files)
        return ChangeState(
            record_id=told.id,
            version=told.version,
            state=act.what,
            occurred_on=act.on,
            values=values,
            evidence=files,
            key=act.key,
        )

    def _report(self, act: Act, values: dict[str, Any]) -> Command:
        told = self._told[act.story]
        return ReportValue(record_id=told.id, version=told.version, values=values, key=act.key)

    def _amend(self, act: Act, values: dict[str, Any]) -> Command:
        told = self._told[act.story]
        return AmendRecord(record_id=told.id, version=told.version, changes=values, reason=act.what, key=act.key)

    def _void(self, act: Act, values: dict[str, Any]) -> Command:
        told = self._told[act.story]
        return VoidRecord(record_id=told.id, version=told.version, reason=act.what, key=act.key)

    # -- values ---------------------------------------------------------------------------------------
    def _resolved(self, value: Any) -> Any:
        if isinstance(value, UnitName):
            return self._names.units[value.name]
        if isinstance(value, PostName):
            return self._names.people[value.post]
        if isinstance(value, StoryKey):
            told = self._told[value.key]
            return value.text.format(number=told.number) if value.text else told.id
        return value

    def _kept(self, act: Act) -> tuple[dict[str, Any], ...]:
        return tuple(self._shown(picture, act, n) for n, picture in enumerate(act.pictures))

    def _shown(self, picture: Picture, act: Act, number: int) -> dict[str, Any]:
        """That of a story is one file, however often it is shown."""
        if picture.name not in self._files_of:
            self._files_of[picture.name] = self._stored(picture, act, number)
        return self._files_of[picture.name]

    def _stored(self, picture: Picture, act: Act, number: int) -> dict[str, Any]:
        if picture not in self._drawings:
            self._drawings[picture] = draw(picture)
        taken_at, where = self._takes.of(act, picture.kind, number)
        which = sha256(f"{act.key}/{number}".encode()).hexdigest()
        content = stamped(self._drawings[picture], which, taken_at, where)
        stored = self._files.put_own(content, picture.name, "image/jpeg")
        told = {} if picture.kind == EvidenceKind.DOCUMENT else Taken(to_ms(taken_at), where).as_data()
        return {
            "digest": stored.digest,
            "name": stored.name,
            "media_type": stored.media_type,
            "size": stored.size,
            "kind": picture.kind,
            **told,
        }


_KINDS = {
    "photos": EvidenceKind.PHOTO,
    "photos_before": EvidenceKind.PHOTO_BEFORE,
    "photos_after": EvidenceKind.PHOTO_AFTER,
    "documents": EvidenceKind.DOCUMENT,
}


def _kinds_of(lacking: Iterable[Refusal]) -> list[str]:
    """A file for each that lacks; photographs of whatever kind come last, for what those before and after leave."""
    wanted = [(str(no.field), int(no.params["needed"]) - int(no.params["given"])) for no in lacking]
    apart = [name for name, missing in wanted if name.startswith("photos_") for _ in range(missing)]
    rest = [name for name, missing in wanted if name == "photos" for _ in range(missing - len(apart))]
    papers = [name for name, missing in wanted if name == "documents" for _ in range(missing)]
    return [_KINDS[name] for name in (*apart, *rest, *papers)]


_COMMANDS: Mapping[Deed, Callable[[Stage, Act, dict[str, Any]], Command]] = {
    Deed.REGISTER: Stage._register,
    Deed.STEP: Stage._step,
    Deed.ENTER: Stage._enter,
    Deed.STATE: Stage._state,
    Deed.REPORT: Stage._report,
    Deed.AMEND: Stage._amend,
    Deed.VOID: Stage._void,
}
