"""Accounts with a quantity or under a linked record, added up from their marks as known at a position.

Bound: the marks of the folios asked for, which are those of one register's account, of one year where the figure asks
for a cohort. Measured: some 2 µs a mark.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import BigInteger, Connection, bindparam, func, select

from tracker.models.ledger import MarkRow, end_at, known_at

_AT = bindparam("position", type_=BigInteger)
_KNOWN = select(MarkRow.unit, MarkRow.ef, end_at(MarkRow, _AT), func.coalesce(MarkRow.quantity, 1)).where(
    MarkRow.folio.in_(bindparam("folios", expanding=True)), known_at(MarkRow, _AT)
)


@dataclass(frozen=True, slots=True)
class Tallied:
    """(unit, from, until, quantity) of each mark that was known at the position. The unit may be a record's id."""

    marks: tuple[tuple[int, int, int, int], ...]

    @staticmethod
    def read(conn: Connection, folios: Sequence[int], position: int) -> Tallied:
        if not folios:
            return Tallied(())
        rows = conn.execute(_KNOWN, {"folios": list(folios), "position": position})
        return Tallied(tuple((unit, ef, et, quantity) for unit, ef, et, quantity in rows))

    def by_unit(self, day: int) -> dict[int, int]:
        """What is in force on the day, under each unit."""
        found: dict[int, int] = {}
        for unit, ef, et, quantity in self.marks:
            if ef <= day < et:
                found[unit] = found.get(unit, 0) + quantity
        return found

    def total(self, day: int, units: Sequence[int] | None) -> int:
        """In all units, or in these."""
        by_unit = self.by_unit(day)
        return sum(by_unit.values()) if units is None else sum(by_unit.get(unit, 0) for unit in units)
