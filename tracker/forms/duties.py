"""Excusing a period that is owed: one reason."""

from __future__ import annotations

from flask_babel import gettext

from tracker.forms.fields import TextAreaField, required
from tracker.forms.keyed import KeyedForm


class ExcuseForm(KeyedForm):
    """Why nobody could be expected to do it."""

    reason: TextAreaField


def excuse_form() -> ExcuseForm:
    field = TextAreaField(gettext("Reason"), description=gettext("Flood, ice, epidemic: what made it impossible."))
    form: ExcuseForm = type("Form", (ExcuseForm,), {"reason": required(field)})()
    return form
