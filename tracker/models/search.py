"""Where the words of tickets and of records are looked up: on SQLite FTS5 without content, on PostgreSQL a GIN index.

The two look nothing like each other, so they stand apart from `Base` and are made by their migrations alone.
All are projections. Restricted tickets have no row here, and no private value of any ticket or record. Records have
tables of their own: a year of daily patrols would stand before every ticket of that year.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import BigInteger, Column, Integer, MetaData, Table, Text
from sqlalchemy.dialects.postgresql import ARRAY

SEARCH = MetaData()


@dataclass(frozen=True, slots=True)
class WordIndex:
    """The pieces of each ticket or record, on either system.

    `sqlite`: as words; FTS5 keeps which of them have a piece, nothing else (12 bytes a row saved). `postgresql`: as
    numbers (CRC-32 of the piece), four bytes where a text takes twelve.
    """

    sqlite: Table
    postgresql: Table


def _index(sqlite: str, postgresql: str, of: str) -> WordIndex:
    return WordIndex(
        Table(
            sqlite,
            SEARCH,
            Column("rowid", Integer, key="id", primary_key=True),
            Column("pieces", Text),
            Column(sqlite, Text, key="asked"),  # what FTS5 calls its commands and its query by
        ),
        Table(
            postgresql,
            SEARCH,
            Column(of, BigInteger, key="id", primary_key=True, autoincrement=False),
            Column("pieces", ARRAY(Integer), nullable=False),
        ),
    )


OF_TICKETS = _index("search_pieces", "search_texts", "ticket_id")
OF_RECORDS = _index("search_record_pieces", "search_record_texts", "record_id")


def is_compared(_object: object, name: str | None, kind: str, _is_reflected: bool, _other: object) -> bool:
    """For Alembic's `include_object`: the models do not know these tables, nor those that FTS5 makes beside its own."""
    return not (kind == "table" and name is not None and name.startswith("search_"))
