"""A register as a form for somebody who knows no YAML: its names, fields, checklist, states, steps, figures.

The rows are in draft_rows.py, what may not be typed in draft_checks.py. A name and fields are enough: whatever is left
empty besides has a sensible value.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from flask_babel import gettext, lazy_gettext
from wtforms import HiddenField

from tracker import words
from tracker.domain.refusals import Refusal, Refusals
from tracker.forms.definitions import DefinitionForm
from tracker.forms.draft_checks import Known, faults
from tracker.forms.draft_rows import (
    field_of_row,
    field_row,
    item_of_row,
    item_row,
    lines_of,
    number,
    plain,
    row_called,
    state_of_row,
    state_row,
    type_choices,
    whole,
)
from tracker.forms.fields import (
    BooleanField,
    DateField,
    MultiCheckboxField,
    Pairs,
    SelectField,
    TextAreaField,
    required,
)
from tracker.packs.making.drafts import (
    SELF,
    STEP_GROUPS,
    Draft,
    ItemDraft,
    TicketDraft,
    english_of,
    skeleton,
    traditional,
)
from tracker.packs.making.figures import pattern_of
from tracker.packs.making.naming import letters_for, name_for, prefix_for
from tracker.packs.making.states import drafted_states
from tracker.packs.making.tickets import drafted_tickets

_ = lazy_gettext

BLANK_ROWS = 3
MOST_ROWS = 60
MORE = "more_"
"""Before the part that is to have more rows, as the button says it that asks for them."""
PARTS = ("field", "item", "state")
USUAL_DAYS = 30
USUAL_EXTENSION = (1, 15)
"""Once, by at most so many days."""
USUAL_MEASURES = {"ticket": "件", "activity": "次", "subject": "个"}

STEP_WORDS: Mapping[str, tuple[Any, Any]] = {
    "accept": (_("Accept"), _("The owner confirms the ticket before the work begins.")),
    "object": (_("Object"), _("The owner may send back what is not its own, with a reason.")),
    "transfer": (_("Transfer"), _("A ticket may go over to another unit.")),
    "extension": (_("Extension"), _("More time may be asked for; somebody else grants or refuses it.")),
    "pause": (_("Pause and resume"), _("The deadline rests while nothing can be done, for weather or money.")),
    "publicise": (_("Publicise"), _("After the verification the result is displayed for some days.")),
    "approve": (_("Approve"), _("After the verification the approver has to agree.")),
    "close": (_("Close"), _("Closing is a step of its own; without it the last of the steps before closes.")),
    "relapse": (_("Relapse"), _("A closed ticket whose problem is there again is opened again and counted as such.")),
    "recheck": (_("Recheck"), _("A closed ticket may be looked at again, and the result is kept.")),
}
BASES: Mapping[str, Any] = {"natural": _("Calendar days"), "working": _("Working days")}
PERIOD_WORDS: Mapping[str, Any] = {
    "week": _("Every week"),
    "ten_days": _("Every ten days"),
    "half_month": _("Every half month"),
    "month": _("Every month"),
    "quarter": _("Every quarter"),
    "year": _("Every year"),
}
WALK_WORDS: Mapping[str, Any] = {
    "photographed": _("A failed item needs a photograph"),
    "signed": _("Whoever is there signs on the screen"),
    "scored": _("Points are shown"),
}


@dataclass(frozen=True, slots=True)
class Around:
    """What the form needs to know besides the register: others, registers of tickets, whether it has a checklist of
    its own and may say how often it is owed; `version` seen, `today`."""

    known: Known
    links: Pairs
    tickets: Pairs
    has_walk: bool
    can_owe: bool
    version: int
    today: date
    counts: Mapping[str, int] = field(default_factory=dict)  # rows that were sent, by part; empty at first


class DraftForm(DefinitionForm):
    """A register as a form. `kind` and `old`: what it is, and what it was; `rows`: numbers of rows, by part."""

    kind: str
    old: Draft | None
    around: Around
    rows: Mapping[str, tuple[int, ...]]
    shown: Draft

    def validate(self, extra_validators: object = None) -> bool:
        is_good = super().validate(extra_validators)
        for refusal in faults(self, self.to_draft(), self.around.known):
            self.add_error(refusal.field or "", words.refusal(refusal))
        return is_good and not self.has_errors

    def shown_at(self, name: str) -> str:
        step = name.removeprefix("step_")
        group = next((f"step_{group}" for group, steps in STEP_GROUPS.items() if step in steps), name)
        return {"name": "label_en"}.get(name, super().shown_at(group))

    def refuse(self, refusal: Refusal | Refusals) -> None:
        """What names a part of the register stands at its row."""
        for one in refusal.refusals if isinstance(refusal, Refusals) else (refusal,):
            at = one.field or row_called(self, self.old, one.params.get("name"))
            super().refuse(Refusal(one.code, field=at, **one.params))

    def to_draft(self) -> Draft:
        label = {"zh-Hans": self["label_zh"].value or ""}
        label["zh-Hant"] = self["label_hant"].value or traditional(label["zh-Hans"])
        english = self["label_en"].value or ""
        taken, old = self.around.known.prefixes, self.old
        return replace(
            self.shown,  # what this register has no inputs for stays
            name=old.name if old else name_for(english, self.around.known.names),
            kind=self.kind,
            label={**label, "en": english or label["zh-Hans"]},
            prefix=self["prefix"].value or prefix_for(label["zh-Hans"], taken),
            ascii_prefix=(self["ascii_prefix"].value or "").upper() or letters_for(english, taken),
            measure=self["measure"].value or USUAL_MEASURES[self.kind],
            fields=tuple(field_of_row(self, n) for n in self.rows["field"] if self[f"label_{n}"].value),
            figures=tuple(self["figures"].data or ()),
            **self._walk(),
            **self._of_kind(),
        )

    def _walk(self) -> dict[str, Any]:
        if not self.around.has_walk:
            return {}
        opens = self["opens"].value or ""
        rows = (item_of_row(self, n) for n in self.rows["item"] if self[f"item_{n}"].value)
        new = (ItemDraft(label=line, opens=opens) for line in lines_of(self["checklist"]))
        return {"items": (*rows, *new), "opens": opens, "walk": tuple(self["walk"].data or ())}

    def _of_kind(self) -> dict[str, Any]:
        if self.kind == "ticket":
            return {"tickets": self._tickets()}
        found = {"gives": tuple(self["gives"].data or ()), "photos": whole(self["photos_needed"])}
        found["documents"] = whole(self["documents_needed"])
        if "every" in self:
            found |= {"every": self["every"].value or "", "times": max(1, whole(self["times"]))}
        if self.kind == "subject":
            found["states"] = tuple(state_of_row(self, n) for n in self.rows["state"] if self[f"state_{n}"].value)
        return found

    def _tickets(self) -> TicketDraft:
        rules: dict[str, Any] = {
            name: whole(self[name]) for name in ("days", "extensions", "extension_days") if name in self
        }
        if "basis" in self:
            rules["basis"] = self["basis"].value or "natural"
        return replace(
            self.shown.tickets or TicketDraft(frozenset()),
            steps=frozenset(name for name in STEP_GROUPS if self[f"step_{name}"].data),
            photos_before=whole(self["photos_before"]),
            photos_after=whole(self["photos_after"]),
            documents=whole(self["documents"]),
            is_note_required=bool(self["note_required"].data),
            own_unit=bool(self["own_unit"].data),
            issuer=bool(self["issuer"].data),
            **rules,
        )


def draft_form(kind: str, old: Draft | None, around: Around, *, shown: Draft | None = None) -> DraftForm:
    """The form; `shown`: what it begins with where that is not `old`: then nothing that was sent is read."""
    begun = shown or old or new_draft(kind)
    spare = 0 if shown else BLANK_ROWS
    drafts: Mapping[str, tuple[Any, ...]] = {"field": begun.fields, "item": begun.items, "state": begun.states}
    blank = {"field": spare, "item": 0, "state": spare if kind == "subject" else 0}
    counts = {p: min(around.counts.get(p) or len(drafts[p]) + blank[p], MOST_ROWS) for p in PARTS}
    fields = _head(begun, is_new=old is None)
    for part, count in counts.items():
        for n in range(count):
            fields |= _row(part, n, drafts[part][n] if n < len(drafts[part]) else None, around, kind)
    fields |= _walk_fields(begun, around, kind) if around.has_walk else {}
    fields |= _ticket_fields(begun, is_new=old is None) if kind == "ticket" else _record_fields(begun, around)
    fields |= {f"{part}_count": HiddenField(default=str(count)) for part, count in counts.items()}
    fields |= {
        "figures": MultiCheckboxField(gettext("Figures"), choices=_offered(kind, old, around), default=begun.figures),
        "version": HiddenField(default=str(around.version)),
        "takes_effect_on": required(DateField(gettext("Takes effect on"), default=around.today)),
        "needed": ("label_zh", "takes_effect_on"),
        "longest": {"label_zh": 40, "label_hant": 40, "label_en": 60, "prefix": 4, "measure": 8},
        "kind": kind,
        "old": old,
        "around": around,
        "shown": begun,
        "rows": {part: tuple(range(count)) for part, count in counts.items()},
    }
    kept = {"formdata": None} if shown else {}
    form: DraftForm = type("Form", (DraftForm,), fields)(**kept)
    for part, count in counts.items():
        form[f"{part}_count"].data = str(count)
    return form


def again(form: DraftForm) -> DraftForm:
    """The form as it was understood: lines of the checklist have become rows, empty names have theirs."""
    around = replace(form.around, counts={})
    filled = draft_form(form.kind, form.old, around, shown=form.to_draft())
    for name in ("key", "version", "takes_effect_on"):
        filled[name].data = form[name].data
    return filled


def new_draft(kind: str) -> Draft:
    """What a new register begins with."""
    data = skeleton(kind)["register"]
    tickets = None
    if kind == "ticket":
        extensions, days = USUAL_EXTENSION
        tickets = replace(drafted_tickets("", data, {}), days=USUAL_DAYS, extensions=extensions, extension_days=days)
    states = tuple(replace(state, name="") for state in drafted_states(data.get("states", []), data["fields"]))
    return Draft(
        name="",
        kind=kind,
        label={},
        prefix="",
        ascii_prefix="",
        measure=USUAL_MEASURES[kind],
        fields=(),
        opens=SELF if kind == "ticket" else "",
        figures=tuple(pattern_of(kind)),
        states=states,
        tickets=tickets,
    )


def _row(part: str, n: int, draft: Any, around: Around, kind: str) -> dict[str, Any]:
    if part == "field":
        return field_row(n, draft, type_choices(around.links))
    return state_row(n, draft) if part == "state" else item_row(n, draft, _openings(around, kind))


def _openings(around: Around, kind: str) -> Pairs:
    """Where a ticket may be opened: of a register of tickets, in itself first."""
    own = [(SELF, gettext("This register"))] if kind == "ticket" else []
    return [*own, *around.tickets]


def _head(begun: Draft, *, is_new: bool) -> dict[str, Any]:
    label = begun.label
    own = " " + gettext("Chosen from the name when left empty.") if is_new else ""
    return {
        "label_zh": required(plain(gettext("Name in simplified Chinese"), label.get("zh-Hans", ""))),
        "label_hant": plain(
            gettext("Name in traditional Chinese"), label.get("zh-Hant", ""), gettext("Converted when left empty.")
        ),
        "label_en": plain(gettext("Name in English"), english_of(label) if label else ""),
        "prefix": plain(
            gettext("Character of the numbers"),
            begun.prefix,
            gettext("Stands before each number, as 厕 in 厕-2023-0142.") + own,
        ),
        "ascii_prefix": plain(
            gettext("Letters of the numbers"),
            begun.ascii_prefix,
            gettext("Two to six capital letters, for file names and messages.") + own,
        ),
        "measure": plain(gettext("Counting word"), begun.measure, gettext("个, 处, 户, 次 …")),
    }


def _walk_fields(begun: Draft, around: Around, kind: str) -> dict[str, Any]:
    return {
        "checklist": TextAreaField(
            gettext("Further items, one per line") if begun.items else gettext("Checklist, one item per line"),
            description=gettext("Worded so that a pass is good, for example 盖板牢固."),
        ),
        "opens": SelectField(
            gettext("A failed item opens"),
            choices=[("", gettext("Nothing")), *_openings(around, kind)],
            default=begun.opens,
            description=gettext("A field there that links to this register is filled in by itself."),
        ),
        "walk": MultiCheckboxField(
            gettext("When it is walked"),
            choices=[(name, str(text)) for name, text in WALK_WORDS.items()],
            default=list(begun.walk),
        ),
    }


def _record_fields(begun: Draft, around: Around) -> dict[str, Any]:
    owed = _duty_fields(begun) if around.can_owe else {}
    return owed | {
        "photos_needed": number(
            gettext("Photographs without which it is not entered"), begun.photos, gettext("Empty: none.")
        ),
        "documents_needed": number(gettext("Documents without which it is not entered"), begun.documents),
        "gives": MultiCheckboxField(
            gettext("What may be registered from its page"), choices=around.tickets, default=list(begun.gives)
        ),
    }


def _duty_fields(begun: Draft) -> dict[str, Any]:
    is_thing = begun.kind == "subject"
    return {
        "every": SelectField(
            gettext("Each of them is to be checked") if is_thing else gettext("Each village has to do it"),
            choices=[("", gettext("Not by rule")), *((name, str(text)) for name, text in PERIOD_WORDS.items())],
            default=begun.every,
            description=gettext("Begins with the next whole period. Who is behind stands under Duties."),
        ),
        "times": number(gettext("How many times in each period"), begun.times),
    }


def _ticket_fields(begun: Draft, *, is_new: bool) -> dict[str, Any]:
    said = begun.tickets or TicketDraft(frozenset())
    fields: dict[str, Any] = {
        f"step_{name}": BooleanField(text, default=name in said.steps, description=hint)
        for name, (text, hint) in STEP_WORDS.items()
    }
    fields |= {
        "photos_before": number(gettext("Photographs before the work"), said.photos_before, gettext("Empty: none.")),
        "photos_after": number(gettext("Photographs after the work"), said.photos_after, gettext("Empty: none.")),
        "documents": number(gettext("Documents"), said.documents, gettext("Empty: none.")),
        "note_required": BooleanField(gettext("A note must say what was done"), default=said.is_note_required),
        "own_unit": BooleanField(gettext("Nobody of the owner's unit may verify"), default=said.own_unit),
        "issuer": BooleanField(gettext("Whoever assigned it may not verify"), default=said.issuer),
    }
    return fields | (_rule_fields(said) if is_new or said.days else {})


def _rule_fields(said: TicketDraft) -> dict[str, Any]:
    return {
        "days": required(
            number(
                gettext("Days to put it right"),
                said.days,
                gettext("From the assignment, unless another day is agreed."),
            )
        ),
        "basis": required(
            SelectField(
                gettext("Counted in"), choices=[(name, str(text)) for name, text in BASES.items()], default=said.basis
            )
        ),
        "extensions": number(gettext("How often it may be extended"), said.extensions),
        "extension_days": number(gettext("By how many days at most"), said.extension_days),
    }


def _offered(kind: str, old: Draft | None, around: Around) -> list[tuple[str, str]]:
    """The figures that may be switched on; of a register of the pack none that the pack has already."""
    taken = {f"{old.name}_{key}" for key in pattern_of(kind)} & around.known.figures if old else set()
    return [
        (key, _without_name(words.of(item["label"])))
        for key, item in pattern_of(kind).items()
        if old is None or f"{old.name}_{key}" not in taken
    ]


_BLANKS = {"{field}": _("each field"), "{state}": _("each state")}


def _without_name(label: str) -> str:
    """The figure's label without the name of the register."""
    for blank in ("{name}: ", "{name}：", "{name}"):
        label = label.replace(blank, "")
    for blank, text in _BLANKS.items():
        label = label.replace(blank, str(text))
    return label
