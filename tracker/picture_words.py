"""The sentences, per language, of what is doubtful about a picture (`domain/doubts.py`, `queries/pictures.py`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext, ngettext

from tracker import formats
from tracker.domain.doubts import Doubt

_ = lazy_gettext

DOUBTS: Mapping[str, Any] = {
    "taken_in_future": _("By its own clock it was taken after it was sent."),
    "taken_before_found": _("Taken before the problem was found, on %(day)s."),
    "taken_before_assigned": _("Taken before the work was assigned, on %(day)s."),
    "taken_before_sent_back": _("Taken before the work was sent back, on %(day)s."),
    "taken_before_the_one_before": _("Taken earlier than the photograph before the work."),
    "taken_before_held": _("Taken before the day of the record, %(day)s."),
    "taken_far_away": _("Taken more than %(limit)s m away from where it should be."),
    "taken_away_from_the_one_before": _("Taken more than %(limit)s m away from the photograph before the work."),
    "same_before_and_after": _("The same picture is given as before and as after the work."),
    "same_as_before_sent_back": _("The same picture was there when the work was sent back."),
}


def doubt(why: Doubt) -> str:
    """The sentence of a doubt in the reader's language."""
    return formats.filled(DOUBTS[why.code], why.params)


def used_elsewhere(named: int, more: int) -> str:
    """That the same picture stands elsewhere, before the numbers of those that may be named; `more`: the others."""
    if not named:
        return ngettext(
            "The same picture stands in %(num)s ticket or record that is not open to you.",
            "The same picture stands in %(num)s tickets or records that are not open to you.",
            more,
        )
    if more:
        return ngettext(
            "The same picture stands in %(num)s other ticket or record, and in these:",
            "The same picture stands in %(num)s other tickets or records, and in these:",
            more,
        )
    return str(_("The same picture stands in another ticket or record as well:"))
