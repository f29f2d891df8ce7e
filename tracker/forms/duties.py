"""What is said to a period that is owed: why it was missed, that one has read of it, why nobody could have done it."""

from __future__ import annotations

from flask_babel import gettext

from tracker.forms.fields import TextAreaField
from tracker.forms.keyed import KeyedForm


class ReasonForm(KeyedForm):
    """One text; the button says what it is."""

    reason: TextAreaField


def reason_form(version: int | None = None) -> ReasonForm:
    """`version`: what the person sees; None for a form that was sent."""
    field = TextAreaField(
        gettext("Reason"), description=gettext("Illness, flood, ice, epidemic: what stood in the way.")
    )
    form: ReasonForm = type("Form", (ReasonForm,), {"reason": field})()
    if version is not None:
        form.version.data = str(version)
    return form
