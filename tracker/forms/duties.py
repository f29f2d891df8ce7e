"""What is said to a period that is owed: why it was missed, that one has read of it, why nobody could have done it."""

from __future__ import annotations

from flask_babel import gettext

from tracker.forms.fields import TextAreaField, required
from tracker.forms.keyed import KeyedForm


class ReasonForm(KeyedForm):
    """One text; the button says what it is."""

    reason: TextAreaField


def reason_form(version: int | None = None, *, is_needed: bool) -> ReasonForm:
    """`version`: what the person sees; None for a form that was sent. `is_needed`: whoever only says that they have
    read it need not say more."""
    field = TextAreaField(
        gettext("Reason"), description=gettext("Illness, flood, ice, epidemic: what stood in the way.")
    )
    form: ReasonForm = type("Form", (ReasonForm,), {"reason": required(field) if is_needed else field})()
    if version is not None:
        form.version.data = str(version)
    return form
