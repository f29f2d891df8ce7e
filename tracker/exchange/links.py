"""The record that a cell names: by its number, or by its name where that is open and means one alone.

Only what the importing person may see is found. The number of another list need not be one of ours: it must be whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from tracker.domain.numbers import own_number, record_number
from tracker.domain.packs import Pack
from tracker.domain.records import RecordRegister
from tracker.domain.refusals import Refusal
from tracker.domain.registers import Field, FieldType
from tracker.exchange.folding import fold
from tracker.queries import records, tickets
from tracker.queries.scope import Viewer

MOST_NAMED = 20_000
"""In a register with more records each is named by its number."""
_CANDIDATES = 5


@dataclass(frozen=True)
class RecordNames:
    """Looks up for one import, in a connection that stays open so long. Names of a register are read once."""

    conn: Connection
    viewer: Viewer
    pack: Pack
    _said: dict[int, Mapping[str, Any] | None] = field(default_factory=dict, compare=False, repr=False)
    _named: dict[str, dict[str, list[int]]] = field(default_factory=dict, compare=False, repr=False)

    def fields_of(self, record_id: int) -> Mapping[str, Any] | None:
        """What the record says that a cell names; read once, a section has a patrol every week."""
        if record_id not in self._said:
            self._said[record_id] = records.fields_of(self.conn, record_id)
        return self._said[record_id]

    def find(self, known: Field, text: str) -> int:
        """The id. Refusal: record_unknown; with `reason` ambiguous and `candidates`, or number: no name is known."""
        kept = self.pack.record_by_name.get(known.register or "")
        register = kept or self.pack.register_by_name.get(known.register or "")
        if register is None:
            raise Refusal("record_unknown", value=text[:40])
        if number := own_number(text, register):
            ask = records.find_standing_id if kept else tickets.find_standing_id
            found = ask(self.conn, self.viewer, register.name, number)
            if found is None:
                raise Refusal("record_unknown", value=text[:40], reason="no_such")
            return found
        ids = self._ids_called(text, kept) if kept and _has_open_names(kept) else None
        if ids is None:
            example = record_number(register, self.viewer.on.year, 1, is_restricted=False)
            raise Refusal("record_unknown", value=text[:40], reason="number", example=example)
        if not ids:
            raise Refusal("record_unknown", value=text[:40], reason="no_such")
        if len(ids) > 1:
            numbers = records.visible_numbers(self.conn, self.viewer, ids[:_CANDIDATES])
            candidates = tuple(sorted(numbers.values()))
            raise Refusal("record_unknown", value=text[:40], reason="ambiguous", candidates=candidates)
        return ids[0]

    def _ids_called(self, text: str, register: RecordRegister) -> list[int] | None:
        """None: the register is too long to know it by names."""
        if register.name not in self._named:
            named = records.standing_summaries(self.conn, self.viewer, register.name, limit=MOST_NAMED + 1)
            ids: dict[str, list[int]] = {}
            for record_id, summary in named if len(named) <= MOST_NAMED else ():
                ids.setdefault(fold(summary), []).append(record_id)
            self._named[register.name] = ids
        ids = self._named[register.name]
        return ids.get(fold(text), []) if ids else None


def _has_open_names(register: RecordRegister) -> bool:
    """What lists call the record by is a text, and nobody's private matter."""
    called = register.by_name[register.summary_field]
    return called.type is FieldType.TEXT and not called.is_private
