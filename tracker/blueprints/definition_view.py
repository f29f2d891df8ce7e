"""What the pages that define registers know and show: other registers, and what a definition would lead to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext, ngettext

from tracker import formats, pack_words, words
from tracker.definer import Proposal
from tracker.domain.checklists import Checklist
from tracker.domain.defining import AnyRegister, parts_of
from tracker.domain.kinds import Part
from tracker.domain.lifecycle import STEPS, Status, Step
from tracker.domain.packs import Pack
from tracker.domain.proofs import Proof
from tracker.domain.records import RecordRegister, State
from tracker.domain.registers import Label, Register
from tracker.forms.definitions import KINDS, preview_form
from tracker.forms.draft_checks import Known
from tracker.forms.drafting import PERIOD_WORDS
from tracker.packs.making.drafts import Draft, file_of, skeleton
from tracker.packs.making.duties import can_show
from tracker.packs.making.states import called, named
from tracker.packs.making.walks import holder_of
from tracker.packs.problems import Problem


def registers_of(pack: Pack) -> dict[str, AnyRegister]:
    return {**pack.register_by_name, **pack.record_by_name}


def kind_of(register: AnyRegister) -> str:
    return str(register.kind) if isinstance(register, RecordRegister) else "ticket"


# -- beside the register ------------------------------------------------------------------------------
def known_beside(pack: Pack, kind: str, draft: Draft | None, files: Mapping[str, str]) -> Known:
    """What is there besides a register's files and what the form shows of them; no draft: a new one."""
    name = draft.name if draft else ""
    own = {register for folder, register in map(parts_of, files) if folder == "registers"}
    known = registers_of(pack)
    others = [register for key, register in known.items() if key not in own]
    drafted = {f.name for f in draft.fields} if draft else set()
    rest = [f for f in known[name].fields if f.name not in drafted] if name in known else []
    file = file_of(files, f"registers/{name}.yaml") or skeleton(kind)["register"]
    return Known(
        prefixes={prefix: r.label for r in others for prefix in (r.prefix, r.ascii_prefix) if prefix},
        names={key: register.label for key, register in known.items()},
        figures=frozenset(f.id for f in pack.figures) if f"figures/{name}.yaml" not in files else frozenset(),
        headings={heading: f.label for f in (*pack.columns.get(name, ()), *rest) for heading in f.headings},
        fields=named(called(file["fields"])),
    )


def has_walk(pack: Pack, name: str, kind: str, files: Mapping[str, str]) -> bool:
    """Whether the form shows its checklist: not where the pack walks it in a register of its own."""
    holder = holder_of(name, kind)
    return kind == "activity" or holder not in registers_of(pack) or f"registers/{holder}.yaml" in files


def can_owe(pack: Pack, name: str, kind: str, files: Mapping[str, str]) -> bool:
    """Whether the form asks how often it is owed: not where the pack says so, nor where the file says more."""
    rows = file_of(files, f"duties/{name}.yaml").get("duties", [])
    own, holder = {row["id"] for row in rows}, holder_of(name, kind)
    owed = any(duty.activity == holder and duty.id not in own for duty in pack.duties)
    return kind != "ticket" and not owed and can_show(rows) and has_walk(pack, name, kind, files)


# -- what would be ------------------------------------------------------------------------------------
@dataclass(slots=True)
class Shown:
    """What a page says besides its form: the loader's mistakes, or what will be."""

    problems: tuple[Problem, ...] = ()
    proposal: Proposal | None = None
    status: int = 422

    def mistakes(self) -> list[tuple[str, str]]:
        """File and line, and what is wrong there."""
        return [(f"{one.file}:{one.line}", pack_words.mistake(one)) for one in self.problems]

    @property
    def retired(self) -> str:
        return formats.listed(map(words.of, self.proposal.retired)) if self.proposal else ""

    def previews(self) -> list[dict[str, Any]]:
        """Each register of the definition: its form, its list, its way, and what links to what."""
        if self.proposal is None:
            return []
        pack = self.proposal.pack
        known = registers_of(pack)
        return [_preview(known[name], pack) for name in self.proposal.definition.registers]


def _preview(register: AnyRegister, pack: Pack) -> dict[str, Any]:
    checklist = pack.checklist_by_name.get(getattr(register, "checklist", None) or "")
    return {
        "label": words.of(register.label),
        "kind": KINDS[kind_of(register)],
        "numbers": formats.listed(filter(None, (register.prefix, register.ascii_prefix))),
        "form": preview_form(register),
        "columns": formats.listed(words.of(f.label) for f in register.fields if f.is_listed),
        "figures": [words.of(f.label) for f in pack.figures if f.register == register.name],
        "links": list(_links(register, pack)),
        "steps": list(_steps(register)) if isinstance(register, Register) else [],
        "besides": formats.listed(_besides(register)) if isinstance(register, Register) else "",
        "deadline": _deadline(register) if isinstance(register, Register) else "",
        "states": [_state(s, register) for s in register.states] if isinstance(register, RecordRegister) else [],
        "owed": list(_owed(register, pack)),
        "items": list(_items(checklist, pack)) if checklist else [],
    }


# -- links --------------------------------------------------------------------------------------------
def _links(register: AnyRegister, pack: Pack) -> Iterator[str]:
    """What its fields name, what names it, and what may be opened from it."""
    known = registers_of(pack)
    for f in register.links:
        yield gettext(
            "%(field)s names a record of %(register)s.", field=words.of(f.label), register=_name(known, f.register)
        )
    for other in known.values():
        for f in other.links:
            if f.register == register.name and other is not register:
                yield gettext(
                    "Named by %(register)s (%(field)s).", register=words.of(other.label), field=words.of(f.label)
                )
    for name in getattr(register, "gives", ()):
        yield gettext("Tickets of %(register)s may come of it.", register=_name(known, name))


def _name(known: Mapping[str, AnyRegister], name: str | None) -> str:
    register = known.get(name or "")
    return words.of(register.label) if register else formats.NOTHING


# -- the way of a ticket ------------------------------------------------------------------------------
def _steps(register: Register) -> Iterator[str]:
    """The steps that lead from its registration to its closing, in their order, with what each must bring."""
    yield words.step("register")
    status = Status.REGISTERED
    while (step := _next(register, status)) is not None:
        brings = formats.listed(_brings(register)) if step.is_submission else ""
        is_last = step.target is Status.CLOSED or (step.closes and _next(register, step.target) is None)
        text = _with(words.step(step.name), brings)
        yield gettext("%(step)s, which closes it", step=text) if is_last else text
        if step.target is None or step.target is Status.CLOSED:
            return
        status = step.target


def _next(register: Register, status: Status | None) -> Step | None:
    return next((s for s in STEPS if status in s.awaited_in and (not s.is_switched or s.name in register.steps)), None)


def _brings(register: Register) -> Iterator[str]:
    rule = register.evidence
    yield from _files(rule.photos_before + rule.photos_after, rule.documents)
    if Part.TIME in rule.taken:
        yield gettext("when each photograph was taken")
    if Part.PLACE in rule.taken:
        yield gettext("where each photograph was taken")
    if rule.note_required:
        yield gettext("a note")


def _files(photos: int, documents: int) -> Iterator[str]:
    if photos:
        yield ngettext("%(num)s photograph", "%(num)s photographs", photos)
    if documents:
        yield ngettext("%(num)s document", "%(num)s documents", documents)


def _besides(register: Register) -> Iterable[str]:
    """Steps switched on that are no part of the usual way."""
    return (words.step(s.name) for s in STEPS if s.name in register.steps and not s.awaited_in)


def _deadline(register: Register) -> str:
    clock = register.main_clock
    limit = clock.limits[-1] if clock and clock.limits else None
    if limit is None:
        return ""
    unit = ngettext("%(num)s day", "%(num)s days", limit.amount)
    if limit.basis == "working":
        unit = ngettext("%(num)s working day", "%(num)s working days", limit.amount)
    if limit.extension is None:
        return unit
    more = gettext(
        "extended at most %(count)s times by %(days)s days", count=limit.extension.count, days=limit.extension.days
    )
    return formats.listed((unit, more))


# -- states and checklist -----------------------------------------------------------------------------
def _state(state: State, register: RecordRegister) -> str:
    said = [gettext("the file ends")] if state.is_end else []
    if state.follows:
        before = formats.listed(words.of(register.state_by_name[name].label) for name in state.follows)
        said.append(gettext("only after %(states)s", states=before))
    said += [words.of(register.by_name[name].label) for name in state.needs]
    said += _proof(state.proof)
    return _with(words.of(state.label), formats.listed(said))


def _with(what: str, details: str) -> str:
    return gettext("%(what)s (%(details)s)", what=what, details=details) if details else what


def _owed(register: AnyRegister, pack: Pack) -> Iterator[str]:
    """Duties that it fulfils and that have no end; of a period that the form does not offer only the name."""
    for duty in pack.duties:
        if duty.activity == register.name and duty.in_force_to is None:
            every = str(PERIOD_WORDS.get(duty.every, ""))
            times = ngettext("%(num)s time", "%(num)s times", duty.count)
            yield _with(words.of(duty.label), formats.listed(filter(None, (every, times))))


def _proof(proof: Proof) -> Iterator[str]:
    return _files(proof.photos + proof.photos_before + proof.photos_after, proof.documents)


def _items(checklist: Checklist, pack: Pack) -> Iterator[str]:
    for item in checklist.items:
        opens: Label | None = pack.register_by_name[item.creates.register].label if item.creates else None
        text = words.of(item.label)
        yield gettext("%(item)s → %(register)s", item=text, register=words.of(opens)) if opens else text
