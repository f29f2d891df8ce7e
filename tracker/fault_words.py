"""The sentence, per language, of each fault that `xiaohao verify` can find in the log and in what is made from it."""

from __future__ import annotations

from collections.abc import Mapping

from flask_babel import lazy_gettext

_ = lazy_gettext

FAULTS: Mapping[str, str] = {
    "position_gap": _("An event is missing: position %(detail)s is not there"),
    "event_changed": _("The event at position %(position)s (%(detail)s) is not what was written"),
    "version_gap": _("The history of a record has a gap at position %(position)s"),
    "clock_ran_back": _("The recorded time runs backwards at position %(position)s"),
    "tree_head_differs": _("The tree head at position %(position)s does not fit the events before it"),
    "log_size_differs": _("The log has %(position)s events but its head says %(detail)s"),
    "private_value_changed": _("A private value of record %(position)s (%(detail)s) is not what was written"),
    "file_missing": _("The file %(detail)s is missing"),
    "file_damaged": _("The file %(detail)s has another content than its hash says"),
    "projection_differs": _("The table %(detail)s is not what the log leads to; xiaohao rebuild mends it"),
}


def fault(code: str, *, position: int, detail: str) -> str:
    """What is wrong with the log, in the reader's language."""
    return str(FAULTS[code] % {"position": position, "detail": detail})
