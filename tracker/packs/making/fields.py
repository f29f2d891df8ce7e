"""Fields of a draft to those of a file, and back. What a file says of a field beyond the form stays."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from tracker.domain.registers import FieldType
from tracker.packs.making.drafts import (
    SELECTS,
    SELF,
    Data,
    Draft,
    FieldDraft,
    english_of,
    fixed_names,
    is_drafted,
    is_quantity,
    label_of,
    put,
    switched,
)

NEW_TEXT = 100
"""Characters of a text made with the form: a line."""


def written_fields(draft: Draft, before: list[Data]) -> list[Data]:
    """Fields that the form shows, changed or new; the others where they stood."""
    drafts = {field.name: field for field in draft.fields if field.name}
    fixed = fixed_names(draft.kind)
    kept: list[Data] = []
    for item in before:
        name = item.get("name", "")
        if not is_drafted(item, fixed):
            kept.append(item)
        elif name in drafts:
            kept.append(_written(drafts[name], item, name, draft.name))
    taken = {item.get("name") for item in before} | {field.name for field in draft.fields}
    free = (f"field_{n}" for n in range(1, 1000) if f"field_{n}" not in taken)
    return kept + [_written(field, {}, next(free), draft.name) for field in draft.fields if not field.name]


def written_quantities(kept: Iterable[str], fields: list[Data], before: list[Data]) -> list[str]:
    """What figures may add up: what could be before, and what has become an open number."""
    return _with_new(kept, fields, before, is_quantity)


def written_groups(kept: Iterable[str], fields: list[Data], before: list[Data]) -> list[str]:
    """By what figures may be grouped: what could be before, and what has become a link."""
    return _with_new(kept, fields, before, _is_link)


def _is_link(item: Data) -> bool:
    return item.get("type") == FieldType.RECORD


def _with_new(kept: Iterable[str], fields: list[Data], before: list[Data], is_one: Callable[[Data], bool]) -> list[str]:
    known = {item["name"]: item for item in before if "name" in item}
    now = {item["name"]: item for item in fields if "name" in item}
    new = [name for name, item in now.items() if is_one(item) and not is_one(known.get(name, {}))]
    # Of a name that no field here has, the shared fields know.
    left = [name for name in kept if name not in known or is_one(now.get(name, {}))]
    return list(dict.fromkeys([*left, *new]))


def _written(draft: FieldDraft, before: Data, name: str, register: str) -> Data:
    data: Data = {**before, "name": name, "type": str(draft.type)}
    data["label"] = label_of(draft.label, draft.english, before.get("label"))
    switched(data, "required", is_set=draft.is_required)
    switched(data, "listed", is_set=draft.is_listed)
    if draft.is_private is not (before.get("privacy", "open") != "open"):
        put(data, "privacy", "personal" if draft.is_private else None)
    put(data, "choices", _choices(draft.choices, before.get("choices", [])) if draft.type in SELECTS else None)
    target = register if draft.register == SELF else draft.register
    put(data, "register", target if draft.type == FieldType.RECORD else None)
    if not before and draft.type == FieldType.TEXT:
        data["max_length"] = NEW_TEXT
    return data


def _choices(texts: tuple[str, ...], before: list[Data]) -> list[Data]:
    """A choice is known by its text: one that is typed again is the same one, in use again if it was retired."""
    known = {item["label"]["zh-Hans"]: item for item in before}
    taken = {item["name"] for item in before}
    free = (f"c{n}" for n in range(1, 1000) if f"c{n}" not in taken)
    chosen = []
    for text in dict.fromkeys(texts):
        item = known.get(text) or {"name": next(free), "label": label_of(text)}
        chosen.append({word: value for word, value in item.items() if word != "retired"})
    return chosen + [item for text, item in known.items() if item.get("retired") and text not in texts]


def drafted_field(item: Data) -> FieldDraft:
    """A field of a file as the form shows it."""
    return FieldDraft(
        name=item["name"],
        label=item["label"]["zh-Hans"],
        english=english_of(item["label"]),
        type=item["type"],
        choices=tuple(c["label"]["zh-Hans"] for c in item.get("choices", ()) if not c.get("retired")),
        is_required=item.get("required", False),
        is_listed=item.get("listed", False),
        is_private=item.get("privacy", "open") != "open",
        register=item.get("register", ""),
    )
