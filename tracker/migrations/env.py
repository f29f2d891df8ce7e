"""Runs migrations inside an application: `xiaohao init`, `xiaohao run`, `make migration`.

All pending revisions are one transaction on both databases: either the new version is there or the old one.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from alembic import context
from flask import current_app
from sqlalchemy import Connection, text

_migrate = current_app.extensions["migrate"]
# One migrator at a time; others wait. The number is arbitrary but ours.
_POSTGRESQL = (
    "SET LOCAL lock_timeout = '60s'",
    "SET LOCAL statement_timeout = '1h'",
    "SELECT pg_advisory_xact_lock(78696148)",
)


@contextmanager
def _transaction(connection: Connection) -> Iterator[None]:
    driver = connection.connection.driver_connection
    is_sqlite = connection.dialect.name == "sqlite"
    if is_sqlite:
        # SQLite changes a table by copying it; with foreign keys on, dropping the old one would empty its children.
        driver.execute("PRAGMA foreign_keys=OFF")
    try:
        with connection.begin():
            for statement in () if is_sqlite else _POSTGRESQL:
                connection.execute(text(statement))
            yield
            if is_sqlite and connection.execute(text("PRAGMA foreign_key_check")).first():
                raise RuntimeError("the migration leaves rows without their parent")
    finally:
        if is_sqlite:
            driver.execute("PRAGMA foreign_keys=ON")


def _drop_empty(_context: object, _revision: object, directives: list) -> None:
    """No file for `make migration` when the models have not changed."""
    if getattr(context.config.cmd_opts, "autogenerate", False) and directives[0].upgrade_ops.is_empty():
        directives[:] = []


with _migrate.db.engine.connect().execution_options(write=True) as _connection, _transaction(_connection):
    context.configure(
        connection=_connection,
        target_metadata=_migrate.db.metadata,
        process_revision_directives=_drop_empty,
        **_migrate.configure_args,
    )
    context.run_migrations()
