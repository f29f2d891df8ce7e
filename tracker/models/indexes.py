"""Which index SQLite shall read a table by, where it would take a worse one.

It keeps no statistics of our tables: of two indexes that serve a condition equally well by its rules it takes the one
that was made last, so that the same page was quick before a rebuild and slow after it. PostgreSQL knows its rows.
"""

from __future__ import annotations

from typing import Any, TypeVar

from sqlalchemy import Select
from sqlalchemy.dialects.sqlite.base import SQLiteCompiler, SQLiteDialect
from sqlalchemy.sql.selectable import FromClause

Query = TypeVar("Query", bound=Select[*tuple[Any, ...]])


class _CompilerWithHints(SQLiteCompiler):
    """SQLAlchemy writes the hints of a statement for MySQL and SQL Server only."""

    def get_from_hint_text(self, table: FromClause, text: str | None) -> str | None:
        return text


SQLiteDialect.statement_compiler = _CompilerWithHints


def read_by(query: Query, table: Any, index: str) -> Query:
    """The query, which SQLite answers by this index of the table. It must serve the condition, or SQLite refuses."""
    return query.with_hint(table, f"INDEXED BY {index}", "sqlite")
