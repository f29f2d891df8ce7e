"""Series: the latest serial number of each register and year, restricted tickets apart.

A projection of the numbers in the log, out of which the next ones are given while the log's lock is held.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from tracker.domain.numbers import year_and_serial
from tracker.domain.ticket import Ticket
from tracker.models.tickets import SeriesRow

SeriesKey = tuple[str, int, bool]
"""(register, year, is restricted)."""

# Built once: putting a statement together costs more than running it.
_SERIES = SeriesRow.__table__
_ONE = (
    (_SERIES.c.register == bindparam("b_register"))
    & (_SERIES.c.year == bindparam("b_year"))
    & (_SERIES.c.is_restricted == bindparam("b_restricted"))
)
_LATEST = select(_SERIES.c.latest).where(_ONE)
_START = insert(_SERIES)
_KEEP = update(_SERIES).where(_ONE).values(latest=bindparam("b_latest"))


class SeriesWriter:
    """Gives numbers out and writes down how far they have come."""

    def __init__(self, conn: Connection) -> None:
        self._conn = conn
        self._latest: dict[SeriesKey, int] = {}
        self._new: set[SeriesKey] = set()
        self._moved: set[SeriesKey] = set()

    def next(self, register: str, year: int, *, is_restricted: bool) -> int:
        """The next serial number of the series. The caller holds the log's lock."""
        key = (register, year, is_restricted)
        if key not in self._latest:
            found = self._conn.scalar(_LATEST, _names(key))
            self._latest[key] = found or 0
            if found is None:
                self._new.add(key)
        self._latest[key] += 1
        self._moved.add(key)
        return self._latest[key]

    def count(self, key: SeriesKey, serial: int) -> None:
        """A number of the log, when the table has been emptied."""
        if key not in self._latest:
            self._latest[key] = 0
            self._new.add(key)
        self._latest[key] = max(self._latest[key], serial)
        self._moved.add(key)

    def flush(self) -> None:
        new = [_row(key, self._latest[key]) for key in self._moved & self._new]
        if new:
            self._conn.execute(_START, new)
        kept = [{**_names(key), "b_latest": self._latest[key]} for key in self._moved - self._new]
        if kept:
            self._conn.execute(_KEEP, kept)
        self._new, self._moved = set(), set()


def series_of(ticket: Ticket) -> tuple[SeriesKey, int]:
    """The series of the ticket's number, and its place there. ValueError: it carries no number of a series."""
    year, serial = year_and_serial(ticket.number)
    return (ticket.register, year, ticket.is_restricted), serial


def _names(key: SeriesKey) -> dict[str, Any]:
    return {"b_register": key[0], "b_year": key[1], "b_restricted": key[2]}


def _row(key: SeriesKey, latest: int) -> dict[str, Any]:
    return {"register": key[0], "year": key[1], "is_restricted": key[2], "latest": latest}
