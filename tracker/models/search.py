"""Where the words of tickets are looked up: on SQLite an FTS5 index without content, on PostgreSQL a GIN index.

The two look nothing like each other, so they stand apart from `Base` and are made by their migration alone.
Both are projections. Restricted tickets have no row here, and no private value of any ticket.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Integer, MetaData, Table, Text
from sqlalchemy.dialects.postgresql import ARRAY

SEARCH = MetaData()

SQLITE = Table(
    "search_pieces",
    SEARCH,
    Column("rowid", Integer, primary_key=True),  # the ticket
    Column("pieces", Text),
    Column("search_pieces", Text),  # what FTS5 calls its commands and its query by
)
"""The pieces of each ticket as words; FTS5 keeps which tickets have a piece, nothing else (12 bytes a row saved)."""

POSTGRESQL = Table(
    "search_texts",
    SEARCH,
    Column("ticket_id", BigInteger, primary_key=True, autoincrement=False),
    Column("pieces", ARRAY(Integer), nullable=False),
)
"""The pieces of each ticket as numbers (CRC-32 of the piece): four bytes where a text takes twelve."""


def is_compared(_object: object, name: str | None, kind: str, _is_reflected: bool, _other: object) -> bool:
    """For Alembic's `include_object`: the models do not know these tables, nor those that FTS5 makes beside its own."""
    return not (kind == "table" and name is not None and name.startswith("search_"))
