"""What may not be typed into the form of a register, said at its field: the pack's loader would refuse the files,
in the words of those who write them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tracker.domain.refusals import Refusal
from tracker.domain.registers import Label
from tracker.forms.draft_rows import FIELD_PARTS, ITEM_PARTS, LINK, STATE_PARTS, type_choices, whole
from tracker.packs.making.drafts import SELECTS, Draft, skeleton
from tracker.packs.making.states import named
from tracker.packs.making.walks import check_letters, check_prefix

__all__ = ["FIELD_PARTS", "ITEM_PARTS", "STATE_PARTS", "Known", "faults"]

MOST_CHOICES, MOST_ITEMS, LONGEST = 80, 80, 400
"""Of a field, of a checklist, characters of a text: as the pack's schema says."""
NUMBERS: Mapping[str, tuple[int, int]] = {
    "days": (1, 3660),
    "extensions": (0, 12),
    "extension_days": (0, 3660),
    "photos_before": (0, 20),
    "photos_after": (0, 20),
    "documents": (0, 20),
    "photos_needed": (0, 20),
    "documents_needed": (0, 20),
    "times": (1, 366),
}
_LETTERS = re.compile(r"[A-Z]{2,6}\Z")


@dataclass(frozen=True, slots=True)
class Known:
    """What there is beside the form. `prefixes`: of numbers → whose; `names`: of registers; `figures`: ids of others;
    `headings`: words of columns → the field that the form does not show; `fields`: what any field of the register's
    file is called, or its name → its name."""

    prefixes: Mapping[str, Label] = field(default_factory=dict)
    names: Mapping[str, Label] = field(default_factory=dict)
    figures: frozenset[str] = frozenset()
    headings: Mapping[str, Label] = field(default_factory=dict)
    fields: Mapping[str, str] = field(default_factory=dict)


def faults(form: Any, draft: Draft, known: Known) -> Iterator[Refusal]:
    """Each mistake, with the input that it stands at. `form`: the DraftForm that `draft` was read from."""
    yield from _of_head(form, draft, known)
    yield from _of_numbers(form)
    yield from _of_fields(form, draft, known)
    yield from _of_items(form, draft)
    yield from _of_states(form, draft, known)
    yield from _of_tickets(form, draft)


def _of_head(form: Any, draft: Draft, known: Known) -> Iterator[Refusal]:
    if not _LETTERS.match(draft.ascii_prefix):
        yield Refusal("letters_only", field="ascii_prefix")
    own = {"prefix": [draft.prefix], "ascii_prefix": [draft.ascii_prefix]}
    if draft.items and draft.kind != "activity":
        own["prefix"].append(check_prefix(draft.prefix))
        own["ascii_prefix"].append(check_letters(draft.ascii_prefix))
    for name, prefixes in own.items():
        for prefix in prefixes:
            if prefix in known.prefixes:
                yield Refusal("prefix_taken", field=name, prefix=prefix, name=known.prefixes[prefix])
    if form.old is None and draft.name in known.names:
        yield Refusal("register_name_taken", field="label_en", name=known.names[draft.name])


def _of_numbers(form: Any) -> Iterator[Refusal]:
    photos = {f"state_photos_{n}": (0, 20) for n in form.rows["state"]}
    for name, (least, most) in {**NUMBERS, **photos}.items():
        text = (form[name].value if name in form else None) or ""
        if text and not (text.isascii() and text.isdigit()):
            yield Refusal("field_not_a_number", field=name, value=text)
        elif text and not least <= int(text) <= most:
            yield Refusal("field_out_of_range", field=name, value=text, minimum=least, maximum=most)
    if "days" in form and form["days"].value is None:
        yield Refusal("field_required", field="days")


# -- fields -------------------------------------------------------------------------------------------
def _of_fields(form: Any, draft: Draft, known: Known) -> Iterator[Refusal]:
    rows = [n for n in form.rows["field"] if form[f"label_{n}"].value]
    owners = {**(_usual_headings(draft.kind) if form.old is None else {}), **known.headings}
    offered = {value for pairs in type_choices(form.around.links).values() for value, _ in pairs}
    for n in rows:
        label, kind = form[f"label_{n}"].value, form[f"type_{n}"].data
        if label in owners:
            yield Refusal("label_taken", field=f"label_{n}", name=label, other=owners[label])
        owners[label] = {"zh-Hans": label}
        if kind not in offered:
            yield Refusal("choice_unknown", field=f"type_{n}", value=str(kind).removeprefix(LINK))
        choices = [line for line in (form[f"choices_{n}"].data or "").splitlines() if line.strip()]
        if kind in SELECTS and not choices:
            yield Refusal("field_required", field=f"choices_{n}")
        if len(choices) > MOST_CHOICES:
            yield Refusal("too_many_parts", field=f"choices_{n}", count=len(choices), limit=MOST_CHOICES)
        yield from _too_long({f"label_{n}": [label], f"choices_{n}": choices})
    for n in set(form.rows["field"]) - set(rows):
        if form[f"english_{n}"].value or (not form[f"name_{n}"].data and form[f"choices_{n}"].value):
            yield Refusal("field_required", field=f"label_{n}")


def _usual_headings(kind: str) -> dict[str, Label]:
    """What the fields that every register has are called, in files too."""
    fields = skeleton(kind)["register"]["fields"]
    return {text: f["label"] for f in fields for text in (f["label"]["zh-Hans"], *f.get("headings", ()))}


def _too_long(texts: Mapping[str, Iterable[str]]) -> Iterator[Refusal]:
    for name, said in texts.items():
        longest = max((len(text or "") for text in said), default=0)
        if longest > LONGEST:
            yield Refusal("field_too_long", field=name, length=longest, limit=LONGEST)


# -- checklist ----------------------------------------------------------------------------------------
def _of_items(form: Any, draft: Draft) -> Iterator[Refusal]:
    if len(draft.items) > MOST_ITEMS:
        yield Refusal("too_many_parts", field="checklist", count=len(draft.items), limit=MOST_ITEMS)
    for n in form.rows["item"]:
        yield from _too_long({name: [form[name].value] for name in (f"item_{n}", f"item_guidance_{n}")})
    if "checklist" in form:
        yield from _too_long({"checklist": (form["checklist"].data or "").splitlines()})
    if draft.kind == "subject" and draft.every and not draft.items:
        yield Refusal("field_required", field="checklist")
    if draft.kind == "activity" and draft.items:
        if draft.photos > 1:
            yield Refusal("one_photograph_in_a_walk", field="photos_needed")
        if draft.documents:
            yield Refusal("one_photograph_in_a_walk", field="documents_needed")


# -- states -------------------------------------------------------------------------------------------
def _of_states(form: Any, draft: Draft, known: Known) -> Iterator[Refusal]:
    if draft.kind != "subject":
        return
    rows = [n for n in form.rows["state"] if form[f"state_{n}"].value]
    if not any(not state.is_end for state in draft.states):
        first = next(iter(rows or form.rows["state"]), None)
        yield Refusal("state_needed", field=None if first is None else f"state_{first}")
    states = named((state.name or state.label, state.label) for state in draft.states)
    drafted = {f.name for f in form.old.fields} if form.old else set()
    kept = {text: name for text, name in known.fields.items() if name not in drafted}
    fields = {**kept, **named((f.name or f.label, f.label) for f in draft.fields)}
    seen: set[str] = set()
    for n, state in zip(rows, draft.states, strict=True):
        if state.label in seen:
            yield Refusal("label_taken", field=f"state_{n}", name=state.label, other=state.label)
        seen.add(state.label)
        yield from _unknown(f"state_after_{n}", state.after, states, [s.label for s in draft.states])
        yield from _unknown(f"state_needs_{n}", state.needs, fields, [f.label for f in draft.fields])


def _unknown(name: str, said: Iterable[str], known: Mapping[str, str], shown: list[str]) -> Iterator[Refusal]:
    for text in said:
        if text not in known:
            yield Refusal("name_unknown_here", field=name, value=text, known=shown)


# -- tickets ------------------------------------------------------------------------------------------
def _of_tickets(form: Any, draft: Draft) -> Iterator[Refusal]:
    if draft.tickets is None or "extensions" not in form or "extension" not in draft.tickets.steps:
        return
    for name in ("extensions", "extension_days"):
        if not whole(form[name]):
            yield Refusal("field_required", field=name)
