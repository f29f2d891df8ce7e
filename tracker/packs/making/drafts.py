"""A register as the form asks for it: `Draft` and its parts. Texts are as the administrator typed them.

What each kind begins with stands in the YAML files beside this one (`skeleton`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from tracker.domain.registers import NUMBER_TYPES, FieldType
from tracker.packs.source import read_text

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
    FieldType.RECORD,
)
SELECTS = frozenset({FieldType.SELECT_ONE, FieldType.SELECT_MULTIPLE})
SELF = "self"
"""Stands for the register itself where a register of tickets is named: a new one has no name yet."""
SUMS = "sums"
"""Among the figures of a draft: a sum for each of its numbers."""
STATES = "states"
"""Among the figures of a draft: how many are in each of its states."""
LINKED = "linked"
"""Among the figures of a draft: of each register that it links to, how many it named, each once."""
CHECK = "_check"
"""Behind the name of a register of tickets or subjects: the activity in which its checklist is walked."""
STEP_GROUPS: Mapping[str, tuple[str, ...]] = {
    "accept": ("accept",),
    "object": ("object",),
    "transfer": ("transfer",),
    "extension": ("request_extension", "grant_extension", "refuse_extension"),
    "pause": ("pause", "resume"),
    "publicise": ("publicise",),
    "approve": ("approve",),
    "close": ("close",),
    "relapse": ("relapse",),
    "recheck": ("recheck",),
}
"""The steps that may be switched on (`lifecycle.SWITCHES`), those together that are of no use alone."""

Data = dict[str, Any]
Texts = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class FieldDraft:
    """One field; `name` is empty while it is new. `choices`: one text each. `register`: what a link points into."""

    name: str
    label: str
    english: str = ""
    type: str = FieldType.TEXT
    choices: tuple[str, ...] = ()
    is_required: bool = False
    is_listed: bool = False
    is_private: bool = False
    register: str = ""


@dataclass(frozen=True, slots=True)
class ItemDraft:
    """One item of the checklist; `id` is 0 while it is new. `opens`: the register of tickets that a fail goes to, or
    none; SELF: the register's own."""

    label: str
    id: int = 0
    english: str = ""
    guidance: str = ""
    opens: str = ""


@dataclass(frozen=True, slots=True)
class StateDraft:
    """A state of a subject; `name` is empty while it is new. `after`: texts of the states that it may follow (none:
    any); `needs`: texts of fields that must be filled before; `photos`: how many must be there."""

    name: str
    label: str
    english: str = ""
    is_end: bool = False
    after: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    photos: int = 0


@dataclass(frozen=True, slots=True)
class TicketDraft:
    """How tickets run. `steps`: names of STEP_GROUPS; `days`, counted by `basis`, from the assignment; `extensions`:
    how often, `extension_days`: by how many at most; `own_unit`, `issuer`: who may not verify, besides the doer."""

    steps: frozenset[str]
    photos_before: int = 0
    photos_after: int = 1
    documents: int = 0
    is_note_required: bool = False
    own_unit: bool = False
    issuer: bool = False
    days: int = 0
    basis: str = "natural"
    extensions: int = 0
    extension_days: int = 0


@dataclass(frozen=True, slots=True)
class Draft:
    """A register as the form asks for it. `opens`: the register of tickets that failed items go to unless they say
    another; `gives`: registers of tickets that may come of it besides; `photos`, `documents`: what it must bring;
    `walk`: `photographed`, `signed`, `scored`, as of the checklist; `tickets`: of a register of tickets;
    `every`, `times`: how often it is owed, a period of a duty and a number."""

    name: str
    kind: str
    label: Mapping[str, str]
    prefix: str
    ascii_prefix: str
    measure: str
    fields: tuple[FieldDraft, ...]
    items: tuple[ItemDraft, ...] = ()
    opens: str = ""
    figures: tuple[str, ...] = ()
    states: tuple[StateDraft, ...] = ()
    gives: tuple[str, ...] = ()
    photos: int = 0
    documents: int = 0
    walk: tuple[str, ...] = ()
    tickets: TicketDraft | None = None
    every: str = ""
    times: int = 1


@cache
def skeleton(kind: str) -> Data:
    """What a register of the kind begins with, and the figures that it may have."""
    name = f"{kind}.yaml"
    data: Data = read_text((Path(__file__).parent / name).read_text(encoding="utf-8"), name).data
    return data


def fixed_names(kind: str) -> frozenset[str]:
    """Fields that every register of the kind made with the form has."""
    return frozenset(item["name"] for item in skeleton(kind)["register"]["fields"])


def is_drafted(item: Data, fixed: frozenset[str]) -> bool:
    """Whether the form shows this field of a file: neither a shared one nor one that every register has."""
    return "name" in item and item["name"] not in fixed


def is_quantity(item: Data) -> bool:
    return item.get("type") in NUMBER_TYPES and item.get("privacy", "open") == "open"


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


def english_of(label: Texts) -> str:
    """The English word, empty where only the Chinese one stands there."""
    return "" if label["en"] == label["zh-Hans"] else label["en"]


def file_of(files: Texts, path: str) -> Data:
    """The values of one file; empty where it is not there."""
    data: Data = read_text(files[path], path).data if path in files else {}
    return data


def switched(data: Data, word: str, *, is_set: bool) -> None:
    """A flag, where it says something else than before."""
    if bool(data.get(word)) is not is_set:
        put(data, word, is_set)


def counted(data: Data, counts: Mapping[str, int]) -> Data:
    """The numbers put in place; zeros are left out, what else stood there stays."""
    return {word: n for word, n in {**data, **counts}.items() if n or word not in counts}


def put(data: Data, word: str, value: Any) -> None:
    """A value where the word stands already, else at the end; nothing of what is empty."""
    if value:
        data[word] = value
    else:
        data.pop(word, None)
