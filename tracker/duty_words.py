"""The sentence, per language, of each reason why a record does not count for a duty."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext, lazy_gettext

from tracker import formats
from tracker.domain.answering import Why

_ = lazy_gettext

REASONS: Mapping[Why, Any] = {
    Why.OTHER_ACTIVITY: _("This duty asks for another activity."),
    Why.VOID: _("It was voided."),
    Why.UNFINISHED: _("Its checklist is not finished."),
    Why.NIL_REPORT: _("It reports that nothing was found, which is no answer to this duty."),
    Why.OTHER_KIND: _("%(field)s: %(value)s. Asked for is %(wanted)s."),
    Why.TOO_LITTLE: _("%(field)s: %(value)s, and at least %(least)s is asked for."),
    Why.FOR_NOBODY: _("It does not say for which it was: %(field)s is empty."),
    Why.OWED_BY_OTHERS: _("%(unit)s does not owe this duty."),
    Why.NOT_OWED_THEN: _("Nothing was owed on %(on)s: no period of the duty was open on that day."),
    Why.ENTERED_LATE: _("It was entered too late: %(last_entry)s was the last day for it."),
    Why.DONE_BEFORE: _("Others had done it already, so this one is beyond the duty."),
}


def reason(why: Why, params: Mapping[str, Any]) -> str:
    """`params`: names and values as the reader knows them."""
    return formats.filled(REASONS[why], params)


def not_given() -> str:
    return gettext("not given")
