"""Which external numbers are taken, as one transaction sees it: what is written, and what it did itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlalchemy import Connection

from tracker.domain.ticket import Ticket
from tracker.projections.tickets import held_key, tickets_of_numbers


class HeldNumbers:
    """Number → the live ticket that carries it. Rows of this transaction need not be written yet."""

    def __init__(self, conn: Connection, register_ids: Mapping[str, int]) -> None:
        self._conn = conn
        self._register_ids = register_ids
        self._known: dict[tuple[str, str], int | None] = {}

    def holder(self, register: str, key: str) -> int | None:
        if (register, key) in self._known:
            return self._known[register, key]
        return tickets_of_numbers(self._conn, self._register_ids[register], [key]).get(key)

    def look_up(self, register: str, keys: Iterable[str]) -> None:
        """Ask for many together. What this transaction did to a number stands above what is written."""
        asked = list(keys)
        found = tickets_of_numbers(self._conn, self._register_ids.get(register), asked)
        for key in asked:
            self._known.setdefault((register, key), found.get(key))

    def remember(self, before: Ticket | None, state: Ticket) -> None:
        """Who carries which number after a change, and who no longer."""
        old, new = held_key(before) if before else None, held_key(state)
        if old and old != new:
            self._known[state.register, old] = None
        if new:
            self._known[state.register, new] = state.id

    def forget(self) -> None:
        """Once everything is written."""
        self._known = {}
