"""The rows of the form for registers: a field, an item of the checklist, a state. An empty row says nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext, lazy_gettext
from wtforms import HiddenField

from tracker.domain.registers import FieldType
from tracker.forms.fields import BooleanField, IntegerField, Pairs, SelectField, TextAreaField, TextField, required
from tracker.packs.making.drafts import TYPES, Draft, FieldDraft, ItemDraft, StateDraft

_ = lazy_gettext

TYPE_NAMES: Mapping[FieldType, Any] = {
    FieldType.TEXT: _("Text"),
    FieldType.INTEGER: _("Whole number"),
    FieldType.DECIMAL: _("Number with decimals"),
    FieldType.DATE: _("Date"),
    FieldType.TIME: _("Time of day"),
    FieldType.SELECT_ONE: _("One of several choices"),
    FieldType.SELECT_MULTIPLE: _("Several of several choices"),
    FieldType.YES_NO: _("Yes or no"),
    FieldType.UNIT: _("Unit or village"),
    FieldType.PERSON: _("Person with an account"),
    FieldType.GEOPOINT: _("Position on the map"),
}
LINK = f"{FieldType.RECORD}:"
"""Before the name of a register, among the types: a link to one of its records."""
_SEPARATORS = str.maketrans("、，;；\n", ",,,,,")

Parts = dict[str, Any]


def plain(label: str, default: str = "", hint: str = "") -> Any:
    """One line that no browser fills in by itself."""
    return TextField(label, default=default, description=hint, render_kw={"autocomplete": "off"})


def number(label: str, default: int, hint: str = "") -> Any:
    return IntegerField(
        label, default=str(default or ""), description=hint, render_kw={"inputmode": "numeric", "autocomplete": "off"}
    )


def type_choices(links: Pairs) -> Mapping[str, Pairs]:
    """What a field may be; `links`: registers whose records it may name."""
    kinds = [(str(kind), str(TYPE_NAMES[kind])) for kind in TYPES if kind in TYPE_NAMES]
    named = [(LINK + name, gettext("A record of %(register)s", register=label)) for name, label in links]
    return {"": kinds, gettext("A link to another register"): named}


def lines_of(field: Any) -> tuple[str, ...]:
    """The lines of a text area, each once."""
    lines = (line.strip() for line in (field.data or "").splitlines())
    return tuple(dict.fromkeys(line for line in lines if line))


def listed_in(field: Any) -> tuple[str, ...]:
    """What stands between commas, in Chinese or Latin writing, each once."""
    parts = (part.strip() for part in (field.data or "").translate(_SEPARATORS).split(","))
    return tuple(dict.fromkeys(part for part in parts if part))


def whole(field: Any) -> int:
    """The number typed; 0 where none is (`draft_checks.py` refuses what is no number)."""
    text = field.value or ""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0


# -- fields -------------------------------------------------------------------------------------------
FIELD_PARTS = ("label", "english", "type", "choices", "required", "listed", "private")


def field_row(n: int, draft: FieldDraft | None, types: Mapping[str, Pairs]) -> Parts:
    old = draft or FieldDraft("", "")
    kind = LINK + old.register if old.type == FieldType.RECORD else str(old.type)
    return {
        f"name_{n}": HiddenField(default=old.name),
        f"label_{n}": plain(gettext("Name of the field"), old.label),
        f"english_{n}": plain(gettext("Name in English"), old.english),
        f"type_{n}": required(SelectField(gettext("Type"), choices=types, default=kind)),
        f"choices_{n}": TextAreaField(
            gettext("Choices, one per line"),
            default="\n".join(old.choices),
            description=gettext("A choice that records use stays in them, but is not offered any more."),
        ),
        f"required_{n}": BooleanField(gettext("Must be filled in"), default=old.is_required),
        f"listed_{n}": BooleanField(gettext("Shown in lists"), default=old.is_listed),
        f"private_{n}": BooleanField(gettext("Personal: kept apart and masked"), default=old.is_private),
    }


def field_of_row(form: Any, n: int) -> FieldDraft:
    kind, _mark, register = (form[f"type_{n}"].data or FieldType.TEXT).partition(":")
    return FieldDraft(
        name=form[f"name_{n}"].data or "",
        label=form[f"label_{n}"].value or "",
        english=form[f"english_{n}"].value or "",
        type=kind,
        choices=lines_of(form[f"choices_{n}"]),
        is_required=bool(form[f"required_{n}"].data),
        is_listed=bool(form[f"listed_{n}"].data),
        is_private=bool(form[f"private_{n}"].data),
        register=register,
    )


# -- items of the checklist ---------------------------------------------------------------------------
ITEM_PARTS = ("item", "item_english", "item_guidance", "item_opens")


def item_row(n: int, draft: ItemDraft | None, tickets: Pairs) -> Parts:
    old = draft or ItemDraft("")
    return {
        f"item_id_{n}": HiddenField(default=str(old.id)),
        f"item_{n}": plain(gettext("What is asked"), old.label),
        f"item_english_{n}": plain(gettext("In English"), old.english),
        f"item_guidance_{n}": plain(gettext("How to look"), old.guidance),
        f"item_opens_{n}": SelectField(
            gettext("A fail opens a ticket in"), choices=[("", gettext("Nothing")), *tickets], default=old.opens
        ),
    }


def item_of_row(form: Any, n: int) -> ItemDraft:
    number_sent = form[f"item_id_{n}"].data or ""
    return ItemDraft(
        label=form[f"item_{n}"].value or "",
        id=int(number_sent) if number_sent.isascii() and number_sent.isdigit() and len(number_sent) < 4 else 0,
        english=form[f"item_english_{n}"].value or "",
        guidance=form[f"item_guidance_{n}"].value or "",
        opens=form[f"item_opens_{n}"].value or "",
    )


# -- states -------------------------------------------------------------------------------------------
STATE_PARTS = ("state", "state_english", "state_end", "state_after", "state_needs", "state_photos")


def state_row(n: int, draft: StateDraft | None) -> Parts:
    old = draft or StateDraft("", "")
    return {
        f"state_name_{n}": HiddenField(default=old.name),
        f"state_{n}": plain(gettext("Name of the state"), old.label),
        f"state_english_{n}": plain(gettext("In English"), old.english),
        f"state_end_{n}": BooleanField(gettext("The file ends with it"), default=old.is_end),
        f"state_after_{n}": plain(
            gettext("Only after"),
            gettext(", ").join(old.after),
            gettext("Names of states, with commas between them. Empty: after any."),
        ),
        f"state_needs_{n}": plain(
            gettext("Fields to be filled in before"),
            gettext(", ").join(old.needs),
            gettext("Names of fields, with commas between them."),
        ),
        f"state_photos_{n}": number(gettext("Photographs that must be there"), old.photos),
    }


def state_of_row(form: Any, n: int) -> StateDraft:
    return StateDraft(
        name=form[f"state_name_{n}"].data or "",
        label=form[f"state_{n}"].value or "",
        english=form[f"state_english_{n}"].value or "",
        is_end=bool(form[f"state_end_{n}"].data),
        after=listed_in(form[f"state_after_{n}"]),
        needs=listed_in(form[f"state_needs_{n}"]),
        photos=whole(form[f"state_photos_{n}"]),
    )


# -- which row is meant -------------------------------------------------------------------------------
def row_called(form: Any, old: Draft | None, label: Any) -> str | None:
    """The input with the name of the part that was called so before this change; None: no row of the form."""
    called = label.get("zh-Hans") if isinstance(label, Mapping) else None
    if old is None or called is None:
        return None
    known = [("label", "name", f.name) for f in old.fields if f.label == called]
    known += [("state", "state_name", state.name) for state in old.states if state.label == called]
    known += [("item", "item_id", str(item.id)) for item in old.items if item.label == called]
    for shown, hidden, name in known:
        for n in form.rows["field" if shown == "label" else shown]:
            if form[f"{hidden}_{n}"].data == name:
                return f"{shown}_{n}"
    return None
