"""The tables that migrations make are the tables that the models say, on both databases."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from installations import ROOT, migrate, settings_for
from sqlalchemy import URL, Engine, create_engine, inspect, text
from sqlalchemy.exc import DatabaseError

from tracker.models import load_tables, revisions, search

APPEND_ONLY = ("events", "command_keys", "sign_in_records")


def test_there_is_one_head():
    assert ScriptDirectory(str(ROOT / "tracker" / "migrations")).get_heads() == [revisions.newest()]


def test_the_migrated_database_equals_the_models(engine: Engine):
    with engine.connect() as conn:
        opts = {"compare_type": True, "compare_server_default": True, "include_object": search.is_compared}
        context = MigrationContext.configure(conn, opts=opts)
        assert compare_metadata(context, load_tables()) == []


def test_migrating_again_changes_nothing(empty_database: URL, tmp_path):
    settings = settings_for(empty_database, tmp_path / "instance")
    migrate(settings)
    before = made(empty_database)
    migrate(settings)
    assert made(empty_database) == before
    assert before[0]


def made(database: URL) -> tuple[list[str], list[tuple[str, str]]]:
    """The revision, and each table with its columns."""
    engine = create_engine(database)
    with engine.connect() as conn:
        revision = list(conn.scalars(text("SELECT version_num FROM alembic_version")))
        found = inspect(conn)
        columns = [(table, c["name"]) for table in sorted(found.get_table_names()) for c in found.get_columns(table)]
    engine.dispose()
    return revision, columns


def test_an_empty_log_has_a_head(engine: Engine):
    with engine.connect() as conn:
        assert conn.execute(text("SELECT id, size, is_demonstration FROM log_head")).all() == [(1, 0, False)]


@pytest.mark.parametrize("table", APPEND_ONLY)
def test_the_database_refuses_to_change_what_was_written(engine: Engine, table: str):
    insert_row(engine, table)
    column = inspect(engine).get_columns(table)[-1]["name"]
    for change in (f"UPDATE {table} SET {column} = {column}", f"DELETE FROM {table}"):
        with pytest.raises(DatabaseError, match=f"{table} is append-only"), engine.begin() as conn:
            conn.execute(text(change))


def insert_row(engine: Engine, table: str) -> None:
    definition = load_tables().tables[table]
    values = {"str": "x", "int": 1, "bytes": b"\x00" * 16}
    row = {column.name: values[column.type.python_type.__name__] for column in definition.columns}
    with engine.begin() as conn:
        conn.execute(definition.insert().values(row))
