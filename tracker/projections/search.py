"""Words of tickets for search: overlapping two-character pieces, so that Chinese is found without a dictionary.

Stub of the write side; the tables and the folding come with the search helper.
"""

from __future__ import annotations

from sqlalchemy import Connection

from tracker.domain.registers import Register
from tracker.domain.ticket import Ticket


class SearchWriter:
    """Collects the texts of one transaction."""

    def __init__(self, conn: Connection) -> None:
        self._conn = conn

    def put(self, before: Ticket | None, after: Ticket, register: Register) -> None:
        return None

    def flush(self) -> None:
        return None


def empty(conn: Connection) -> None:
    """Forget every text, before a rebuild writes them again."""
