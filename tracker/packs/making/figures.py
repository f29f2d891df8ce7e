"""The figures that a register made with the form may have: which are offered, and the file of those switched on."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tracker.domain.registers import FieldType
from tracker.packs.making.drafts import LINKED, STATES, SUMS, Data, Draft, Texts, file_of, skeleton
from tracker.packs.making.walks import named

SETS = (SUMS, STATES, LINKED)
"""Switched on together, one figure for each number, state or link of the register; `<set>_<name>` each."""
_BRACKETS = re.compile(r"[（(]([^（）()]+)[）)]\s*\Z")
_PLURAL = {SUMS: "sum_", STATES: "state_", LINKED: "linked_"}


def written_figures(draft: Draft, register: Data, before: list[Data]) -> Iterator[Data]:
    """Those switched on, as they were written; then new ones. Their order stays: conditions count by it."""
    known = {item["id"]: item for item in before}
    offered = {f"{draft.name}_{key}": (key, item) for key, item in offers(draft.kind, register).items()}
    wanted = {figure_id for figure_id, (key, _) in offered.items() if set_of(key) in draft.figures}
    gone = tuple(f"{draft.name}_{begin}" for begin in _PLURAL.values())  # of a number, state or link that went
    own = (item for item in before if item["id"] not in offered and not item["id"].startswith(gone))
    others = {item["id"] for item in own}
    yield from (item for item in before if item["id"] in wanted | others)
    for figure_id, (key, item) in offered.items():
        if figure_id in wanted and figure_id not in known and (set_of(key) != STATES or _are_told_apart(register)):
            yield _figure(draft, figure_id, item)


def _are_told_apart(register: Data) -> bool:
    """Whether its states say more than what is on the books: with a single open one their figures would be the same."""
    return sum(not state.get("is_end") for state in register.get("states", ())) > 1


def _figure(draft: Draft, figure_id: str, item: Data) -> Data:
    label = {language: named(text, draft.label[language]) for language, text in item["label"].items()}
    head: Data = {"id": figure_id, "register": draft.name, "label": label, "shows": item.get("shows", "count")}
    beside = {word: item[word] for word in ("measure", "groups") if word in item}
    exclusions = ["voided"] if draft.kind == "ticket" else []
    body = {"numerator": item["numerator"], "denominator": item.get("denominator", []), "exclusions": exclusions}
    return {**head, **beside, **body, "definition": item["definition"], "source": skeleton("check")["source"]}


def set_of(key: str) -> str:
    """What the form calls it: one of a set by the set's name."""
    return next((name for name, begin in _PLURAL.items() if key.startswith(begin)), key)


def offers(kind: str, register: Data) -> dict[str, Data]:
    """The figures that the form can switch on for this register, by a short name."""
    data = skeleton(kind)
    found: dict[str, Data] = {key: item for key, item in data["figures"].items() if _is_possible(item, register)}
    for name, (word, parts) in _parts(register).items():
        if name in data:
            for part in parts:
                found[f"{_PLURAL[name]}{part['name']}"] = _filled(data[name], word, part)
    return {key: _with_ends(item, register) for key, item in found.items()}


def _parts(register: Data) -> Mapping[str, tuple[str, Iterable[Data]]]:
    """Set → what is named in its labels, and of which parts of the register there is one each."""
    fields: list[Data] = register.get("fields", [])
    groups, numbers = register.get("groups", ()), register.get("quantities", ())
    return {
        SUMS: ("{field}", [f for f in fields if f.get("name") in numbers]),
        STATES: ("{state}", register.get("states", [])),
        LINKED: ("{field}", [f for f in fields if f.get("type") == FieldType.RECORD and f["name"] in groups]),
    }


def _filled(pattern: Data, word: str, part: Data) -> Data:
    label = {language: text.replace(word, part["label"][language]) for language, text in pattern["label"].items()}
    found = {**pattern, "label": label, "numerator": [_term(term, part["name"]) for term in pattern["numerator"]]}
    return found | ({"measure": unit} if (unit := _unit_in(part["label"])) and "measure" in pattern else {})


def _unit_in(label: Texts) -> dict[str, str] | None:
    """The counting word that stands in brackets at the end of a label: 用料（公斤）."""
    found = {language: _BRACKETS.search(text) for language, text in label.items()}
    return {language: said[1].strip() for language, said in found.items() if said} if all(found.values()) else None


def _term(term: Data, name: str) -> Data:
    return {**term, "account": term["account"].replace("*", name)}


def _ends(register: Data) -> list[str]:
    return [state["name"] for state in register.get("states", ()) if state.get("is_end")]


def _is_possible(item: Data, register: Data) -> bool:
    return "of_ends" not in item or bool(_ends(register))


def _with_ends(item: Data, register: Data) -> Data:
    """A figure of all states in which the file is closed."""
    if "of_ends" not in item:
        return item
    return {**item, "numerator": [{"account": f"{item['of_ends']}.{name}"} for name in _ends(register)]}


def switched_on(name: str, kind: str, register: Data, files: Texts) -> tuple[str, ...]:
    """What is ticked on the form."""
    ids = {item["id"] for item in file_of(files, f"figures/{name}.yaml").get("figures", [])}
    return tuple(dict.fromkeys(set_of(key) for key in offers(kind, register) if f"{name}_{key}" in ids))


def pattern_of(kind: str) -> Mapping[str, Any]:
    """Figure or set → its labels, with the names left open: what the form offers before a register is there."""
    data = skeleton(kind)
    return {**data["figures"], **{name: data[name] for name in SETS if name in data}}
