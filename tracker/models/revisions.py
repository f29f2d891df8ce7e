"""Whether the tables of a database are those of this version. Without Alembic, which takes its time to load."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from sqlalchemy import Connection, inspect, text

MIGRATIONS = Path(__file__).parent.parent / "migrations" / "versions"


@cache
def newest() -> str:
    """The last of our migrations; their files begin with their numbers."""
    return max(path.name.partition("_")[0] for path in MIGRATIONS.glob("[0-9]*.py"))


def is_current(conn: Connection) -> bool:
    if not inspect(conn).has_table("alembic_version"):
        return False
    return list(conn.scalars(text("SELECT version_num FROM alembic_version"))) == [newest()]
