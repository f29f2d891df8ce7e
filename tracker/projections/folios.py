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


class FolioBook:
    """Numbers of folios, kept in memory; a new one is written when it is first needed.

    One book serves all transactions of a process. Numbers given in a transaction that was rolled
    back are forgotten through `forget_unsaved`.
    """

    def __init__(self) -> None:
        self._ids: dict[FolioKey, int] = {}
        self._unsaved: list[FolioKey] = []
        self._is_fresh = False  # read since this transaction began

    def load(self, conn: Connection) -> None:
        rows = conn.execute(select(FolioRow.id, FolioRow.account, FolioRow.register, FolioRow.segment, FolioRow.cohort))
        self._ids = {(r.account, r.register, r.segment, r.cohort): r.id for r in rows}
        self._unsaved = []

    def number(self, conn: Connection, key: FolioKey) -> int:
        known = self._ids.get(key)
        if known is not None:
            return known
        if not self._is_fresh:
            # Another process may have added folios since: look again, once, under the write lock.
            unsaved = self._unsaved
            self.load(conn)
            self._unsaved, self._is_fresh = unsaved, True
        if key not in self._ids:
            number = len(self._ids) + 1  # none is ever taken away, so they have no gap
            account, register, segment, cohort = key
            conn.execute(
                insert(FolioRow.__table__),
                [{"id": number, "account": account, "register": register, "segment": segment, "cohort": cohort}],
            )
            self._ids[key] = number
            self._unsaved.append(key)
        return self._ids[key]

    def saved(self) -> None:
        self._unsaved, self._is_fresh = [], False

    def forget_unsaved(self) -> None:
        for key in self._unsaved:
            self._ids.pop(key, None)
        self._unsaved, self._is_fresh = [], False
