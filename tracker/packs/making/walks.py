"""The checklist of a draft, and the activity in which it is walked, to files and back."""

from __future__ import annotations

from collections import Counter

from tracker.packs.making.drafts import (
    CHECK,
    SELF,
    Data,
    Draft,
    ItemDraft,
    Texts,
    english_of,
    file_of,
    label_of,
    put,
    skeleton,
    switched,
)

FLAGS = ("photographed", "signed", "scored")


def holder_of(name: str, kind: str) -> str:
    """The activity in which the checklist of a register made with the form is walked."""
    return name if kind == "activity" else f"{name}{CHECK}"


def checklist_of(name: str, kind: str, files: Texts) -> str:
    """The name of the checklist that these files have: the one that the activity names, else the activity's own."""
    holder = holder_of(name, kind)
    named: str = file_of(files, f"registers/{holder}.yaml").get("checklist") or holder
    return named


def opened_by(draft: Draft) -> tuple[str, ...]:
    """The registers of tickets that its items open, each once."""
    return tuple(dict.fromkeys(_register(draft, item) for item in draft.items if item.opens))


def _register(draft: Draft, item: ItemDraft) -> str:
    return draft.name if item.opens == SELF else item.opens


def check_register(draft: Draft, before: Texts) -> Data:
    """The activity beside a register of tickets or subjects."""
    name = f"{draft.name}{CHECK}"
    if found := file_of(before, f"registers/{name}.yaml"):
        return found
    head = skeleton("check")
    label = {language: named(text, draft.label[language]) for language, text in head["label"].items()}
    data: Data = {"kind": "activity", "name": name, "label": label, "prefix": check_prefix(draft.prefix)}
    data |= {"ascii_prefix": check_letters(draft.ascii_prefix), "measure": head["measure"]}
    data |= skeleton("activity")["register"]
    if draft.kind == "subject":
        link = {"name": "subject", "type": "record", "register": draft.name, "label": dict(draft.label)}
        day, *others = data["fields"]
        data |= {"fields": [day, {**link, "required": True, "listed": True}, *others], "groups": ["subject"]}
    return data


def check_prefix(prefix: str) -> str:
    return f"{prefix[:3]}{skeleton('check')['prefix']}"


def check_letters(letters: str) -> str:
    return f"{letters[:5]}{skeleton('check')['ascii']}"


def named(text: str, name: str) -> str:
    """A register is called 井盖台账, what it keeps 井盖."""
    return text.replace("{name}", name.removesuffix("台账").removesuffix("台賬"))


def written_checklist(draft: Draft, name: str, holder: Data, before: Data) -> Data:
    """An item is known by its number, which answers keep; what a file says of it beyond the form stays."""
    known = {item["id"]: item for item in before.get("items", [])}
    last = max(known, default=0)
    items = []
    for item in draft.items:
        last += not item.id
        items.append(_written(draft, item, item.id or last, known.get(item.id, {})))
    subject = draft.name if draft.kind == "subject" else None
    head = {"name": name, "label": holder["label"], "subject": subject, "source": skeleton("check")["source"]}
    data: Data = {**head, **before}
    for flag in FLAGS:
        switched(data, flag, is_set=flag in draft.walk)
    return {**data, "items": items}


def _written(draft: Draft, item: ItemDraft, number: int, before: Data) -> Data:
    data: Data = {**before, "id": number, "label": label_of(item.label, item.english, before.get("label"))}
    put(data, "guidance", label_of(item.guidance, before=before.get("guidance")) if item.guidance else None)
    opens = _register(draft, item)
    creates = before.get("creates") or {}
    kept = creates if creates.get("register") == opens else None
    return {**data, "creates": kept or ({"register": opens} if opens else None)}


def drafted_items(name: str, checklist: Data) -> tuple[ItemDraft, ...]:
    """The items of a file as the form shows them."""
    return tuple(
        ItemDraft(
            label=item["label"]["zh-Hans"],
            id=item["id"],
            english=english_of(item["label"]),
            guidance=(item.get("guidance") or {}).get("zh-Hans", ""),
            opens=_opened(name, item),
        )
        for item in checklist.get("items", ())
    )


def _opened(name: str, item: Data) -> str:
    opened: str = (item.get("creates") or {}).get("register", "")
    return SELF if opened == name else opened


def usual_opening(items: tuple[ItemDraft, ...]) -> str:
    """What most items open."""
    counts = Counter(item.opens for item in items if item.opens)
    return counts.most_common(1)[0][0] if counts else ""
