"""The Flask extensions as bare objects, and how a database connection behaves; `create_app` joins them to the app.

Transactions are ours on both databases: SQLite's driver is put in autocommit and BEGIN is sent here, so that a writer
(`connection.execution_options(write=True)`) takes the write lock at once instead of failing at its first statement.
"""

import sqlite3
import time
from contextlib import closing
from typing import Any

import click
from flask import Flask, has_request_context
from flask_babel import Babel
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_login import LoginManager
from flask_sqlalchemy import SQLAlchemy
from flask_wtf import CSRFProtect
from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.pool import ConnectionPoolEntry, Pool, PoolProxiedConnection

from tracker.models import Base

db = SQLAlchemy(model_class=Base, disable_autonaming=True)
login = LoginManager()
csrf = CSRFProtect()
babel = Babel()
limiter = Limiter(get_remote_address)


class _DatabaseCommands(click.Command):
    """`flask db …`, of Flask-Migrate."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        from flask_migrate.cli import db as commands

        made: click.Context = commands.make_context(info_name, args, parent, **extra)
        return made


class Migrations:
    """What Flask-Migrate keeps in an application, made when somebody migrates: a start need not load Alembic."""

    def __init__(self, app: Flask, **options: Any) -> None:
        self._app, self._options = app, options
        app.cli.add_command(_DatabaseCommands("db"))

    def __getattr__(self, name: str) -> Any:
        from flask_migrate import Migrate

        Migrate(self._app, db, **self._options)  # puts its own in the place of this one
        return getattr(self._app.extensions["migrate"], name)


# 10 s: longer than any command, shorter than a browser's patience. NORMAL: with WAL a crash of the process loses
# nothing, a power cut may lose the last commits but never tears one.
SQLITE_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=NORMAL",
    "PRAGMA wal_autocheckpoint=4000",  # pages, 16 MB: what each command touches is carried over once for many
    "PRAGMA foreign_keys=ON",
    "PRAGMA busy_timeout=10000",
)
# Our statements are short. The counts of a page look dear enough to be compiled by the server each time: 20 ms for 1.
POSTGRESQL_SETTINGS = "SET jit = off"
# A page that waits longer has failed for its reader; jobs and the command line may take their time.
POSTGRESQL_WEB_LIMITS = "SELECT set_config('lock_timeout', '10s', true), set_config('statement_timeout', '20s', true)"

ASKED_AFTER = 5.0
"""Seconds."""


@event.listens_for(Engine, "connect")
def _prepare(driver_connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
    if not isinstance(driver_connection, sqlite3.Connection):
        driver_connection.autocommit = True  # a setting made in a transaction would go with it
        with closing(driver_connection.cursor()) as cursor:
            cursor.execute(POSTGRESQL_SETTINGS)
        driver_connection.autocommit = False
        return
    driver_connection.isolation_level = None
    for pragma in SQLITE_PRAGMAS:
        driver_connection.execute(pragma)


@event.listens_for(Pool, "checkin")
def _note_use(_driver_connection: DBAPIConnection | None, record: ConnectionPoolEntry) -> None:
    record.info["used"] = time.monotonic()


@event.listens_for(Pool, "checkout")
def _ask_for_life(
    driver_connection: DBAPIConnection, record: ConnectionPoolEntry, _proxy: PoolProxiedConnection
) -> None:
    """A connection that has lain idle may have been closed by a server or a firewall. One just used is taken as it is:
    to ask each time is a fifth of a short command. Where one does turn out to be gone, the pool renews them all."""
    used = record.info.get("used")
    if used is None or time.monotonic() - used < ASKED_AFTER or isinstance(driver_connection, sqlite3.Connection):
        return
    try:
        with closing(driver_connection.cursor()) as cursor:
            cursor.execute("SELECT 1")
        driver_connection.rollback()
    except Exception as error:  # whatever it says, it does not answer; the pool opens others
        raise InvalidatePoolError from error


@event.listens_for(Engine, "begin")
def _begin(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        is_writer = connection.get_execution_options().get("write", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if is_writer else "BEGIN")
    elif has_request_context():
        connection.exec_driver_sql(POSTGRESQL_WEB_LIMITS)
