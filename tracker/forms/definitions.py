"""Registers that an administrator makes: a form for somebody who knows no YAML, and the files for somebody who does."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import wtforms
from flask_babel import gettext, lazy_gettext
from flask_wtf.file import MultipleFileField
from wtforms import HiddenField

from tracker import words
from tracker.domain.defining import AnyRegister
from tracker.domain.refusals import Refusal
from tracker.domain.registers import FieldType
from tracker.forms.admin import AdminForm
from tracker.forms.fields import (
    BooleanField,
    DateField,
    IntegerField,
    MultiCheckboxField,
    Pairs,
    SelectField,
    TextAreaField,
    TextField,
    input_for,
    required,
)
from tracker.packs.making import SELECTS, SUMS, TYPES, Draft, FieldDraft, skeleton, traditional

_ = lazy_gettext

BLANK_ROWS = 3
MOST_ROWS = 60
KINDS: Mapping[str, Any] = {
    "ticket": _("Problems that somebody has to put right"),
    "activity": _("Checks, meetings and other things that are done on a day"),
    "subject": _("Things or households that are kept on file"),
    "statistic": _("Reported values"),
}
EXPLAINED: Mapping[str, Any] = {
    "ticket": _("Each is assigned, put right by a day, verified and closed; a checklist opens them."),
    "activity": _("Each counts on its day; a checklist can open problems of another register."),
    "subject": _("Each is in a state until it is ended; it is counted once however often it is visited."),
}
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


REASON_LENGTH = 500


class DefinitionForm(AdminForm):
    """`takes_effect_on`, and what both ways of defining share."""

    takes_effect_on: DateField

    def effect(self, today: date) -> date:
        return self.takes_effect_on.value or today


class DraftForm(DefinitionForm):
    """A register as a form. `kind` and `old`: what it is, and what it was."""

    kind: str
    old: Draft | None
    rows: tuple[int, ...]

    def validate(self, extra_validators: object = None) -> bool:
        is_good = super().validate(extra_validators)
        for n in self.rows:
            if self[f"label_{n}"].value and self[f"type_{n}"].data in SELECTS and not _lines(self[f"choices_{n}"]):
                self.add_error(f"choices_{n}", words.refusal(Refusal("field_required")))
        return is_good and not self.has_errors

    def to_draft(self) -> Draft:
        label = {"zh-Hans": self["label_zh"].value or "", "en": self["label_en"].value or ""}
        label["zh-Hant"] = self["label_hant"].value or traditional(label["zh-Hans"])
        return Draft(
            name=self.old.name if self.old else _slug(label["en"]),
            kind=self.kind,
            label=label,
            prefix=self["prefix"].value or "",
            ascii_prefix=(self["ascii_prefix"].value or "").upper(),
            measure=self["measure"].value or "",
            fields=tuple(self._field(n) for n in self.rows if self[f"label_{n}"].value),
            items=_lines(self["checklist"]),
            opens=(self["opens"].value or "") if "opens" in self else "",
            figures=tuple(self["figures"].data or ()),
            days=int(self["days"].value or 0) if "days" in self else 0,
        )

    def _field(self, n: int) -> FieldDraft:
        return FieldDraft(
            name=self[f"name_{n}"].data or "",
            label=self[f"label_{n}"].value or "",
            english=self[f"english_{n}"].value or "",
            type=self[f"type_{n}"].data or FieldType.TEXT,
            choices=_lines(self[f"choices_{n}"]),
            is_required=bool(self[f"required_{n}"].data),
            is_listed=bool(self[f"listed_{n}"].data),
            is_private=bool(self[f"private_{n}"].data),
        )


def _lines(field: Any) -> tuple[str, ...]:
    lines = (line.strip() for line in (field.data or "").splitlines())
    return tuple(dict.fromkeys(line for line in lines if line))


def _slug(english: str) -> str:
    """The register's own name, in files and addresses."""
    name = re.sub(r"[^a-z0-9]+", "_", english.lower()).strip("_")[:40]
    return name if name[:1].isalpha() else f"register_{name}".rstrip("_")


def draft_form(kind: str, old: Draft | None, *, tickets: Pairs, row_count: int, version: int, today: date) -> DraftForm:
    """`tickets`: registers that failed items may open; `row_count`: rows of fields that were sent, 0 at first."""
    drafts = old.fields if old else ()
    count = min(row_count or len(drafts) + BLANK_ROWS, MOST_ROWS)
    fields = _head(kind, old)
    for n in range(count):
        fields |= _row(n, drafts[n] if n < len(drafts) else None)
    fields |= _rest(kind, old, tickets)
    fields |= {
        "row_count": HiddenField(default=str(count)),
        "version": HiddenField(default=str(version)),
        "takes_effect_on": required(DateField(gettext("Takes effect on"), default=today)),
        "needed": ("label_zh", "label_en", "prefix", "ascii_prefix", "measure", "takes_effect_on"),
        "longest": {"label_zh": 40, "label_hant": 40, "label_en": 60, "prefix": 4, "measure": 8},
        "kind": kind,
        "old": old,
        "rows": tuple(range(count)),
    }
    form: DraftForm = type("Form", (DraftForm,), fields)()
    return form


def _plain(label: str, default: str = "", hint: str = "") -> Any:
    return TextField(label, default=default, description=hint, render_kw={"autocomplete": "off"})


def _head(kind: str, old: Draft | None) -> dict[str, Any]:
    label: Mapping[str, str] = old.label if old else {}
    fields = {
        "label_zh": required(_plain(gettext("Name in simplified Chinese"), label.get("zh-Hans", ""))),
        "label_hant": _plain(
            gettext("Name in traditional Chinese"), label.get("zh-Hant", ""), gettext("Converted when left empty.")
        ),
        "label_en": required(_plain(gettext("Name in English"), label.get("en", ""))),
        "prefix": required(
            _plain(
                gettext("Character of the numbers"),
                old.prefix if old else "",
                gettext("Stands before each number, as 厕 in 厕-2023-0142."),
            )
        ),
        "ascii_prefix": required(
            _plain(
                gettext("Letters of the numbers"),
                old.ascii_prefix if old else "",
                gettext("Two to six capital letters, for file names and messages."),
            )
        ),
        "measure": required(_plain(gettext("Counting word"), old.measure if old else "", gettext("个, 处, 户, 次 …"))),
    }
    if kind == "ticket" and (old is None or old.days):
        fields["days"] = IntegerField(
            gettext("Days to put it right"),
            default=str(old.days if old else 30),
            description=gettext("Calendar days from the assignment, unless another day is agreed."),
            render_kw={"inputmode": "numeric"},
        )
    return fields


def _row(n: int, draft: FieldDraft | None) -> dict[str, Any]:
    old = draft or FieldDraft("", "")
    types = [(str(kind), str(TYPE_NAMES[kind])) for kind in TYPES]
    return {
        f"name_{n}": HiddenField(default=old.name),
        f"label_{n}": _plain(gettext("Name of the field"), old.label),
        f"english_{n}": _plain(gettext("Name in English"), old.english),
        f"type_{n}": required(SelectField(gettext("Type"), choices=types, default=str(old.type))),
        f"choices_{n}": TextAreaField(
            gettext("Choices, one per line"),
            default="\n".join(old.choices),
            description=gettext("A choice that records use stays in them, but is not offered any more."),
        ),
        f"required_{n}": BooleanField(gettext("Must be filled in"), default=old.is_required),
        f"listed_{n}": BooleanField(gettext("Shown in lists"), default=old.is_listed),
        f"private_{n}": BooleanField(gettext("Personal: kept apart and masked"), default=old.is_private),
    }


def _rest(kind: str, old: Draft | None, tickets: Pairs) -> dict[str, Any]:
    data = skeleton(kind)
    offered = [(key, _without_name(words.of(item["label"]))) for key, item in data["figures"].items()]
    if "sums" in data:
        offered.append((SUMS, gettext("Sums of its numbers")))
    fields: dict[str, Any] = {
        "checklist": TextAreaField(
            gettext("Checklist, one item per line"),
            default="\n".join(old.items if old else ()),
            description=gettext("Worded so that a pass is good, for example 盖板牢固."),
        ),
        "figures": MultiCheckboxField(
            gettext("Figures"), choices=offered, default=list(old.figures if old else data["figures"])
        ),
    }
    if kind != "ticket":
        fields["opens"] = SelectField(
            gettext("A failed item opens"),
            choices=[("", gettext("Nothing")), *tickets],
            default=old.opens if old else "",
        )
    return fields


def _without_name(label: str) -> str:
    """The figure's label without the name of the register."""
    return label.replace("{name}: ", "").replace("{name}", "")


# -- the files ----------------------------------------------------------------------------------------
class FilesForm(DefinitionForm):
    """The texts of a register's files, and files to be put in their place."""

    uploads: MultipleFileField
    paths: tuple[str, ...]

    def texts(self) -> dict[str, str]:
        """Path → text, empty ones left out: a file that is emptied goes."""
        found = {path: (self[f"text_{n}"].data or "").replace("\r\n", "\n") for n, path in enumerate(self.paths)}
        return {path: text for path, text in found.items() if text.strip()}


class WithdrawForm(AdminForm):
    """Why a register is taken back."""


def withdraw_form(version: int) -> WithdrawForm:
    fields = {
        "reason": required(TextAreaField(words.need("reason"))),
        "version": HiddenField(default=str(version)),
        "needed": ("reason",),
        "longest": {"reason": REASON_LENGTH},
    }
    form: WithdrawForm = type("Form", (WithdrawForm,), fields)()
    return form


def files_form(paths: Sequence[str], texts: Mapping[str, str], *, version: int, today: date) -> FilesForm:
    fields: dict[str, Any] = {
        f"text_{n}": TextAreaField(
            path, default=texts.get(path, ""), render_kw={"spellcheck": "false", "autocapitalize": "none"}
        )
        for n, path in enumerate(paths)
    }
    fields |= {f"path_{n}": HiddenField(default=path) for n, path in enumerate(paths)}
    fields |= {
        "uploads": MultipleFileField(
            gettext("Files to read in"),
            description=gettext("YAML files of this register. They take the place of the texts below."),
            render_kw={"accept": ".yaml,.yml", "multiple": True},
        ),
        "version": HiddenField(default=str(version)),
        "takes_effect_on": required(DateField(gettext("Takes effect on"), default=today)),
        "needed": ("takes_effect_on",),
        "paths": tuple(paths),
    }
    form: FilesForm = type("Form", (FilesForm,), fields)()
    return form


def preview_form(register: AnyRegister) -> wtforms.Form:
    """The inputs as users will see them; nothing can be sent from there."""
    fields = {f.name: input_for(f, units=[], people=[], is_needed=f.is_required) for f in register.fields}
    form: wtforms.Form = type("Preview", (wtforms.Form,), fields)(prefix=f"preview-{register.name}-")
    return form
