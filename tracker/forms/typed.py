"""What somebody had typed into a form that could not be taken, as they would say it: by label, never by input's name.

Only inputs that stand here or are fields of a register are told: a password cannot slip through. Units and people are
chosen, not typed; nothing here asks the database, since this is told on pages about trouble.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from flask_babel import lazy_gettext

from tracker import words
from tracker.domain.registers import Field, FieldType, HasFields

_ = lazy_gettext

_OF_STEPS = (
    "occurred_on",
    "found_on",
    "due_on",
    "from_on",
    "to_on",
    "reason",
    "note",
    "finding",
    "message",
    "extension_days",
    "into_id",
)
LABELS: Mapping[str, Any] = {
    **{name: words.NEEDS[name] for name in _OF_STEPS},
    "support_part": _("Its part"),
    "support_due": _("Its day"),
    "name": _("Name"),
    "code": _("Code"),
    "login": _("Sign-in name"),
    "starts_on": _("From"),
    "rows": _("Rows by their number in the sheet"),
}
_UNTYPED = frozenset({"key", "version", "csrf_token"})
"""Hidden inputs of every form; a field of a register may have the same name."""
_ROW = re.compile(r"_\d+$")


def typed(sent: Iterable[tuple[str, str]], registers: Iterable[HasFields]) -> list[tuple[str, str]]:
    """Label and text of what was typed. `registers`: those whose fields the form may have asked for."""
    fields = {field.name: field for register in registers for field in register.fields}
    told = []
    for name, value in sent:
        if not value.strip() or name in _UNTYPED:
            continue
        if label := LABELS.get(_ROW.sub("", name)):
            told.append((str(label), value))
        elif (field := fields.get(name)) and (text := _text(field, value)):
            told.append((words.of(field.label), text))
    return told


def _text(field: Field, value: str) -> str:
    match field.type:
        case FieldType.UNIT | FieldType.PERSON | FieldType.RECORD:
            return ""
        case FieldType.YES_NO:
            return words.yes_no(value=True)  # a box that is not ticked sends nothing
        case FieldType.SELECT_ONE | FieldType.SELECT_MULTIPLE:
            return next((words.of(choice.label) for choice in field.choices if choice.name == value), "")
        case _:
            return value
