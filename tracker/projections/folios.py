"""Folios: the pages of the ledger, interned. A mark names its page by one number (models/ledger.py).

Whoever writes marks asks the book for numbers; whoever counts asks for the pages of an account.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, insert, select

from tracker.models.ledger import FolioRow

FolioKey = tuple[str, str, int, int]
"""(account, register, segment, cohort)."""


@dataclass(frozen=True, slots=True)
class Folio:
    """One page of an account of a register."""

    id: int
    segment: int
    cohort: int


FolioIndex = dict[tuple[str, str], tuple[Folio, ...]]
"""(account, register) → its folios, one per segment and cohort."""


def read_folios(conn: Connection) -> FolioIndex:
    """All folios by account and register: some hundreds of rows."""
    index: dict[tuple[str, str], list[Folio]] = {}
    for row in conn.execute(select(FolioRow.__table__)):
        index.setdefault((row.account, row.register), []).append(Folio(row.id, row.segment, row.cohort))
    return {key: tuple(found) for key, found in index.items()}


def folio_numbers(conn: Connection) -> dict[FolioKey, int]:
    """The number of every folio that the table has."""
    rows = conn.execute(select(FolioRow.id, FolioRow.account, FolioRow.register, FolioRow.segment, FolioRow.cohort))
    return {(r.account, r.register, r.segment, r.cohort): r.id for r in rows}


class FolioBook:
    """Numbers of folios, kept in memory for all transactions and threads of a process.

    It knows what a writer found in the table under the log's lock before adding any. What a transaction adds stays
    with its `FolioWriter`: after a roll-back there is nothing to forget, and nobody learns a number without a row.
    """

    def __init__(self) -> None:
        self._ids: dict[FolioKey, int] = {}

    def find(self, key: FolioKey) -> int | None:
        return self._ids.get(key)

    def read(self, conn: Connection) -> int:
        """Learn what others have added; how many folios there are. Needs the write lock, and nothing added yet."""
        self._ids = ids = folio_numbers(conn)
        return len(ids)


class FolioWriter:
    """The numbers that one transaction needs; a new folio is written when it is first asked for."""

    def __init__(self, conn: Connection, book: FolioBook) -> None:
        self._conn = conn
        self._book = book
        self._added: dict[FolioKey, int] = {}
        self._written_before: int | None = None  # folios; known once one was looked for in the table

    def number(self, key: FolioKey) -> int:
        known = self._book.find(key) or self._added.get(key)
        return known or self._add(key)

    def _add(self, key: FolioKey) -> int:
        if self._written_before is None:
            # Another transaction may have added folios since: look again, once, under the write lock.
            self._written_before = self._book.read(self._conn)
            if known := self._book.find(key):
                return known
        # None is ever taken away, so they have no gap.
        self._added[key] = number = self._written_before + len(self._added) + 1
        account, register, segment, cohort = key
        row = {"id": number, "account": account, "register": register, "segment": segment, "cohort": cohort}
        self._conn.execute(insert(FolioRow.__table__), [row])
        return number
