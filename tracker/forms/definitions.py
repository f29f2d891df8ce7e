"""Registers that an administrator makes: what the form (drafting.py) and the files of a register share, the files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import wtforms
from flask_babel import gettext, lazy_gettext
from flask_wtf.file import MultipleFileField
from wtforms import HiddenField

from tracker import words
from tracker.domain.defining import AnyRegister
from tracker.forms.admin import AdminForm
from tracker.forms.fields import DateField, TextAreaField, input_for, required

_ = lazy_gettext

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
REASON_LENGTH = 500


class DefinitionForm(AdminForm):
    """`takes_effect_on`, and what both ways of defining share."""

    takes_effect_on: DateField

    def effect(self, today: date) -> date:
        return self.takes_effect_on.value or today


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
