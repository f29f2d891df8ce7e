"""Registers made with a form, by somebody who knows no YAML: `Draft` is what the form asks, `files_of` the files.

What each kind begins with stands in the YAML files beside this one. A draft changes only what it knows: whatever else
the files of a register say stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from tracker.domain.registers import NUMBER_TYPES, FieldType
from tracker.packs.source import read_text
from tracker.packs.writing import written

KINDS = ("ticket", "activity", "subject")
TYPES = (
    FieldType.TEXT,
    FieldType.INTEGER,
    FieldType.DECIMAL,
    FieldType.DATE,
    FieldType.TIME,
    FieldType.SELECT_ONE,
    FieldType.SELECT_MULTIPLE,
    FieldType.YES_NO,
    FieldType.UNIT,
    FieldType.PERSON,
    FieldType.GEOPOINT,
)
"""All but links: a link to other records is written in the file."""
SELECTS = frozenset({FieldType.SELECT_ONE, FieldType.SELECT_MULTIPLE})
FIRST = "2000-01-01"
"""From when the first deadline of a register holds: before anything that may be registered."""
SUMS = "sums"
"""Among the figures of a draft: a sum for each of its numbers."""
CHECK = "_check"
"""Behind the name of a register of tickets or subjects: the activity in which its checklist is walked."""

Data = dict[str, Any]
Texts = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class FieldDraft:
    """One field; `name` is empty while it is new. `choices`: one text each."""

    name: str
    label: str
    english: str = ""
    type: str = FieldType.TEXT
    choices: tuple[str, ...] = ()
    is_required: bool = False
    is_listed: bool = False
    is_private: bool = False


@dataclass(frozen=True, slots=True)
class Draft:
    """A register as the form asks for it. `opens`: the register of tickets that failed items of `items` go to."""

    name: str
    kind: str
    label: Mapping[str, str]
    prefix: str
    ascii_prefix: str
    measure: str
    fields: tuple[FieldDraft, ...]
    items: tuple[str, ...] = ()
    opens: str = ""
    figures: tuple[str, ...] = ()
    days: int = 0  # natural days that a ticket has from its assignment


@cache
def skeleton(kind: str) -> Data:
    name = f"{kind}.yaml"
    data: Data = read_text((Path(__file__).parent / name).read_text(encoding="utf-8"), name).data
    return data


@lru_cache(maxsize=512)
def traditional(text: str) -> str:
    """The text in traditional characters, by the words of the mainland's own usage (台賬, 核驗)."""
    from opencc import OpenCC

    converted = str(OpenCC("s2t").convert(text))
    for rare, usual in (("臺", "台"), ("覈", "核"), ("羣", "群"), ("峯", "峰"), ("衆", "眾"), ("裏", "裡")):
        converted = converted.replace(rare, usual)
    return converted


def label_of(text: str, english: str = "", before: Texts | None = None) -> dict[str, str]:
    """A label in three languages. Without an English word the Chinese one stands there; what was written stays."""
    if before and before.get("zh-Hans") == text:
        return {**before, "en": english or before.get("en", text)}
    return {"zh-Hans": text, "zh-Hant": traditional(text), "en": english or text}


# -- from a draft to files ----------------------------------------------------------------------------
def files_of(draft: Draft, before: Texts, on: date) -> dict[str, str]:
    """The files of the register from the day on; `before`: those that it had."""
    name = draft.name
    register = _register(draft, _data(before, f"registers/{name}.yaml"))
    files = {**before}
    if draft.items:
        holder = register if draft.kind == "activity" else _check_register(draft, before)
        checklist = holder["checklist"] = holder["name"]
        opens = draft.name if draft.kind == "ticket" else draft.opens
        holder["gives"] = list(dict.fromkeys([*holder.get("gives", ()), *([opens] if opens else [])]))
        files[f"registers/{checklist}.yaml"] = written(holder)
        items = _data(before, f"checklists/{checklist}.yaml")
        files[f"checklists/{checklist}.yaml"] = written(_checklist(draft, holder, items))
    files[f"registers/{name}.yaml"] = written(register)
    deadlines = f"deadlines/{name}.yaml"
    if rules := _rules(draft, register, _data(before, deadlines).get("rules", []), on):
        files[deadlines] = written({"rules": rules})
    figures = list(_figures(draft, register, _data(before, f"figures/{name}.yaml").get("figures", [])))
    files.pop(f"figures/{name}.yaml", None)
    if figures:
        files[f"figures/{name}.yaml"] = written({"figures": figures})
    return files


def _data(files: Texts, path: str) -> Data:
    return read_text(files[path], path).data if path in files else {}


def _register(draft: Draft, before: Data) -> Data:
    begun = before or dict(skeleton(draft.kind)["register"])
    head: Data = {} if draft.kind == "ticket" else {"kind": draft.kind}
    head |= {
        "name": draft.name,
        "label": {**before.get("label", {}), **draft.label},
        "prefix": draft.prefix,
        "ascii_prefix": draft.ascii_prefix,
        "measure": _measure(draft.measure, before.get("measure")),
    }
    data = {**head, **{word: value for word, value in begun.items() if word not in head}}
    data["fields"] = _fields(draft, begun["fields"])
    if draft.kind != "ticket":
        numbers = [f["name"] for f in data["fields"] if _is_quantity(f)]
        data["quantities"] = list(dict.fromkeys([*before.get("quantities", ()), *numbers]))
        data["quantities"] = [name for name in data["quantities"] if name in {f.get("name") for f in data["fields"]}]
    return data


def _is_quantity(item: Data) -> bool:
    return item.get("type") in NUMBER_TYPES and item.get("privacy", "open") == "open"


def _measure(text: str, before: Texts | None) -> dict[str, str]:
    if before and before.get("zh-Hans") == text:
        return dict(before)
    english = skeleton("check")["english"]
    return {**label_of(text, english["many"]), "en-one": english["one"]}


def _fields(draft: Draft, before: list[Data]) -> list[Data]:
    """Fields that the form shows, changed or new; the others, links and shared ones, where they stood."""
    drafts = {field.name: field for field in draft.fields if field.name}
    fixed = fixed_names(draft.kind)
    kept: list[Data] = []
    for item in before:
        name = item.get("name", "")
        if not _is_drafted(item, fixed):
            kept.append(item)
        elif name in drafts:
            kept.append(_field(drafts[name], item, name))
    taken = {item.get("name") for item in before} | {field.name for field in draft.fields}
    free = (f"field_{n}" for n in range(1, 1000) if f"field_{n}" not in taken)
    return kept + [_field(field, {}, next(free)) for field in draft.fields if not field.name]


def fixed_names(kind: str) -> frozenset[str]:
    """Fields that every register of the kind made with the form has."""
    return frozenset(item["name"] for item in skeleton(kind)["register"]["fields"])


def _is_drafted(item: Data, fixed: frozenset[str]) -> bool:
    return "name" in item and item["name"] not in fixed and item.get("type") in TYPES


def _field(draft: FieldDraft, before: Data, name: str) -> Data:
    data: Data = {**before, "name": name, "type": str(draft.type)}
    data["label"] = label_of(draft.label, draft.english, before.get("label"))
    flags = {"required": draft.is_required, "listed": draft.is_listed}
    for word, is_set in flags.items():
        data.pop(word, None)
        if is_set:
            data[word] = True
    if draft.is_private is not (before.get("privacy", "open") != "open"):
        data.pop("privacy", None)
        if draft.is_private:
            data["privacy"] = "personal"
    data.pop("choices", None)
    if draft.type in SELECTS:
        data["choices"] = _choices(draft.choices, before.get("choices", []))
    if not before and draft.type is FieldType.TEXT:
        data["max_length"] = 100
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


def _check_register(draft: Draft, before: Texts) -> Data:
    name = f"{draft.name}{CHECK}"
    if found := _data(before, f"registers/{name}.yaml"):
        return found
    head = skeleton("check")
    label = {language: _named(text, draft.label[language]) for language, text in head["label"].items()}
    data: Data = {"kind": "activity", "name": name, "label": label, "prefix": f"{draft.prefix[:3]}{head['prefix']}"}
    data |= {"ascii_prefix": f"{draft.ascii_prefix[:5]}{head['ascii']}", "measure": head["measure"]}
    data |= skeleton("activity")["register"]
    if draft.kind == "subject":
        link = {"name": "subject", "type": "record", "register": draft.name, "label": dict(draft.label)}
        day, *others = data["fields"]
        data |= {"fields": [day, {**link, "required": True, "listed": True}, *others], "groups": ["subject"]}
    return data


def _checklist(draft: Draft, holder: Data, before: Data) -> Data:
    known = {item["label"]["zh-Hans"]: item for item in before.get("items", [])}
    last = max((item["id"] for item in before.get("items", [])), default=0)
    opens = draft.name if draft.kind == "ticket" else draft.opens
    items = []
    for text in dict.fromkeys(draft.items):
        if text not in known:
            last += 1
        item = known.get(text) or {"id": last, "label": label_of(text)}
        creates = item.get("creates") if (item.get("creates") or {}).get("register") == opens else None
        items.append({**item, "creates": creates or ({"register": opens} if opens else None)})
    subject = draft.name if draft.kind == "subject" else None
    head = {"name": holder["name"], "label": holder["label"], "subject": subject, "source": skeleton("check")["source"]}
    return {**head, **before, "items": items}


def _rules(draft: Draft, register: Data, before: list[Data], on: date) -> list[Data]:
    """Dated rows: the one in force ends on the eve of the day, the next begins on it. Rows of files are left alone."""
    clock = next((c["name"] for c in register.get("clocks", ()) if c.get("main")), None)
    if clock is None or not draft.days or (before and before[-1]["amount"] == draft.days):
        return before
    row = {"rule_id": f"{draft.name}.{clock}", "register": draft.name, "clock": clock, "amount": draft.days}
    row |= {"basis": "natural", "from": FIRST, "source": skeleton("check")["source"]}
    if not before:
        return [row]
    if before[-1]["from"] >= on.isoformat():  # never in force: it is written over
        return [*before[:-1], {**before[-1], "amount": draft.days}]
    ended = {**before[-1], "to": (on - timedelta(days=1)).isoformat()}
    return [*before[:-1], ended, {**row, "rule_id": f"{row['rule_id']}.{len(before) + 1}", "from": on.isoformat()}]


def _figures(draft: Draft, register: Data, before: list[Data]) -> Iterator[Data]:
    """Those switched on, as they were written; then new ones. Their order stays: conditions count by it."""
    known = {item["id"]: item for item in before}
    offered = {f"{draft.name}_{key}": (key, item) for key, item in offers(draft.kind, register).items()}
    chosen = (key for key, _ in offered.values() if key in draft.figures or (_is_sum(key) and SUMS in draft.figures))
    wanted = {f"{draft.name}_{key}" for key in chosen}
    yield from (item for item in before if item["id"] not in offered or item["id"] in wanted)
    for figure_id, (_, item) in offered.items():
        if figure_id in wanted and figure_id not in known:
            label = {language: _named(text, draft.label[language]) for language, text in item["label"].items()}
            head = {"id": figure_id, "register": draft.name, "label": label, "shows": item.get("shows", "count")}
            body = {"numerator": item["numerator"], "denominator": [], "exclusions": _exclusions(draft.kind)}
            measure = {"measure": item["measure"]} if "measure" in item else {}
            end = {"definition": item["definition"], "source": skeleton("check")["source"]}
            yield {**head, **measure, **body, **end}


def _exclusions(kind: str) -> list[str]:
    return ["voided"] if kind == "ticket" else []


def _is_sum(key: str) -> bool:
    return key.startswith("sum_")


def _named(text: str, name: str) -> str:
    """A register is called 井盖台账, what it keeps 井盖."""
    return text.replace("{name}", name.removesuffix("台账").removesuffix("台賬"))


def offers(kind: str, register: Data) -> dict[str, Data]:
    """The figures that the form can switch on, by a short name; a sum for each number of an activity."""
    data = skeleton(kind)
    found = {**data["figures"]}
    sums: Data = data.get("sums", {})
    for item in register.get("fields", ()) if sums else ():
        if _is_quantity(item):
            texts = sums["label"].items()
            label = {language: text.replace("{field}", item["label"][language]) for language, text in texts}
            account = f"sum.{item['name']}"
            found[f"sum_{item['name']}"] = {**sums, "label": label, "shows": "sum", "numerator": [{"account": account}]}
    return found


# -- from files to a draft ----------------------------------------------------------------------------
def draft_of(name: str, files: Texts) -> Draft:
    """What the form shows of a register's files."""
    data = _data(files, f"registers/{name}.yaml")
    kind = data.get("kind", "ticket")
    fixed = fixed_names(kind)
    holder = name if kind == "activity" else f"{name}{CHECK}"
    items = _data(files, f"checklists/{holder}.yaml").get("items", [])
    opened = next((item["creates"]["register"] for item in items if item.get("creates")), "")
    ids = {item["id"] for item in _data(files, f"figures/{name}.yaml").get("figures", [])}
    return Draft(
        name=name,
        kind=kind,
        label=data["label"],
        prefix=data["prefix"],
        ascii_prefix=data.get("ascii_prefix", ""),
        measure=data["measure"]["zh-Hans"],
        fields=tuple(_field_draft(item) for item in data["fields"] if _is_drafted(item, fixed)),
        items=tuple(item["label"]["zh-Hans"] for item in items),
        opens="" if kind == "ticket" else opened,
        days=_days(name, files),
        figures=tuple(
            dict.fromkeys(SUMS if _is_sum(key) else key for key in offers(kind, data) if f"{name}_{key}" in ids)
        ),
    )


def _days(name: str, files: Texts) -> int:
    rules = _data(files, f"deadlines/{name}.yaml").get("rules", [])
    return int(rules[-1]["amount"]) if rules else 0


def _field_draft(item: Data) -> FieldDraft:
    label = item["label"]
    return FieldDraft(
        name=item["name"],
        label=label["zh-Hans"],
        english="" if label["en"] == label["zh-Hans"] else label["en"],
        type=item["type"],
        choices=tuple(c["label"]["zh-Hans"] for c in item.get("choices", ()) if not c.get("retired")),
        is_required=item.get("required", False),
        is_listed=item.get("listed", False),
        is_private=item.get("privacy", "open") != "open",
    )
