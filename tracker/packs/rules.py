"""A digest of the rules by which a pack's records count: when it changes, what was counted before is counted anew.

Words do not count: a label put right changes no figure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from hashlib import sha256
from typing import Any

import orjson

from tracker.domain.ledger import FORMAT
from tracker.domain.packs import Pack
from tracker.domain.registers import Predicate

_WORDS = frozenset(
    {"label", "hint", "headings", "synonyms", "measure", "usual_measures", "usual_texts", "source", "version"}
)


_WRITTEN = frozenset({"subject_states", "opens", "converts", "successor"})
"""What leads to events, which stay as they are when it changes."""


def rules_of(pack: Pack) -> str:
    """64 hexadecimal digits, the same in every process. TypeError: what a register holds has no plain form."""
    rules = {"format": FORMAT, "registers": _plain(pack.registers), "records": _plain(pack.records)}
    return sha256(orjson.dumps(rules, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _plain(value: Any) -> Any:
    if isinstance(value, Predicate):
        return _plain(value.tests)
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: _plain(getattr(value, f.name)) for f in fields(value) if f.name not in _WORDS | _WRITTEN}
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (frozenset, set)):
        return sorted(_plain(item) for item in value)
    if isinstance(value, (tuple, list)):
        return [_plain(item) for item in value]
    orjson.dumps(value)  # the plain ones, enumerations and days
    return value
