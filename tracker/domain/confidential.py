"""What of an event goes to the vault instead of the log: every text of a restricted ticket, every private field.

Source: 信访工作条例 (2022) art. 30, 46; 个人信息保护法 28. The log is for ever, the vault can be erased. Choices and
days stay in the log, since figures ask for them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tracker.domain.registers import Field, FieldType, Register

STEP_TEXTS = ("reason", "finding", "note", "text")
"""Keys of an event's data that hold what somebody wrote about the step."""
LISTED_TEXTS: Mapping[str, tuple[str, ...]] = {"support": ("part",), "evidence": ("name", "lat", "lon")}
"""Lists in an event's data, and the keys of their rows that hold what somebody wrote: a file's name is a text too, and
where a picture was taken tells whose home it is."""
PREFIX = "step."
"""Their names in the vault begin so; a field of the register keeps its own name."""


def kept_apart(
    data: Mapping[str, Any], register: Register, *, is_restricted: bool
) -> tuple[dict[str, Any], dict[str, Any]]:
    """(what the event says, what the vault keeps for it)."""
    said = dict(data)
    private: dict[str, Any] = {}
    if is_restricted:
        private = {PREFIX + key: said.pop(key) for key in STEP_TEXTS if said.get(key)}
        for key in LISTED_TEXTS.keys() & said.keys():
            said[key], texts = rows_apart(said[key], key)
            private.update(texts)
    if "values" in said:
        said["values"], fields = values_apart(said["values"], register, is_restricted=is_restricted)
        private.update(fields)
    return said, private


def rows_apart(rows: Iterable[Mapping[str, Any]], key: str) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """(rows without their text, what the vault keeps of them) of a list of LISTED_TEXTS."""
    given, words = list(rows), LISTED_TEXTS[key]
    texts = {
        f"{PREFIX}{key}.{i}.{word}": row[word]
        for i, row in enumerate(given)
        for word in words
        if row.get(word) not in (None, "")
    }
    return [{k: v for k, v in row.items() if k not in words} for row in given], texts


def put_back(data: Mapping[str, Any], texts: Mapping[str, Any]) -> dict[str, Any]:
    """An event's data with its texts where they would have stood. `texts`: by their names in the vault."""
    said = dict(data)
    for name, text in texts.items():
        key, *place = name.removeprefix(PREFIX).split(".")
        if place:
            number, word = int(place[0]), place[1]
            said[key] = [{**row, word: text} if i == number else row for i, row in enumerate(said[key])]
        else:
            said[key] = text
    return said


def values_apart(
    values: Mapping[str, Any], register: Register, *, is_restricted: bool
) -> tuple[dict[str, Any], dict[str, Any]]:
    """(open, private) of the values recorded with a milestone."""
    private = {n: v for n, v in values.items() if _is_private(register.by_name[n], is_restricted=is_restricted)}
    return {n: v for n, v in values.items() if n not in private}, private


def _is_private(field: Field, *, is_restricted: bool) -> bool:
    return field.is_private or (is_restricted and field.type is FieldType.TEXT)
