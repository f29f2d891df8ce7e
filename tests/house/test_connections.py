"""Connections to the database: what becomes of those that lie idle, and of what is written on one journey."""

from __future__ import annotations

import pytest
from sqlalchemy import Column, Engine, Integer, MetaData, Table, insert, select, text
from sqlalchemy.exc import IntegrityError

from tracker import extensions
from tracker.models.rows import insert_rows, pipelined, write_rows, writer

ONE = Table("one", MetaData(), Column("id", Integer, primary_key=True))
ADD = insert(ONE)


def test_a_connection_that_the_server_closed_while_it_lay_idle_is_not_given_out(engine: Engine, monkeypatch):
    if engine.dialect.name == "sqlite":
        pytest.skip("SQLite has no server that could close a connection")
    monkeypatch.setattr(extensions, "ASKED_AFTER", 0)
    with engine.connect() as first, engine.connect() as second:
        pids = [conn.scalar(text("SELECT pg_backend_pid()")) for conn in (first, second)]
    other = engine.execution_options(isolation_level="AUTOCOMMIT")
    with other.connect() as conn:
        mine = conn.scalar(text("SELECT pg_backend_pid()"))
        for pid in pids:
            if pid != mine:
                conn.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
    with engine.connect() as first, engine.connect() as second:
        assert [conn.scalar(text("SELECT 1")) for conn in (first, second)] == [1, 1]


def test_short_statements_are_not_compiled_by_the_server(engine: Engine):
    if engine.dialect.name == "sqlite":
        pytest.skip("SQLite compiles nothing")
    for _ in range(2):  # also after a transaction that was rolled back
        with engine.connect() as conn:
            assert conn.scalar(text("SHOW jit")) == "off"


def test_what_is_written_on_one_journey_is_written_in_order_or_not_at_all(engine: Engine):
    with writer(engine) as conn, conn.begin():
        ONE.create(conn)
    with writer(engine) as conn, conn.begin(), pipelined(conn):
        write_rows(conn, ADD, [{"id": 1}])
        insert_rows(conn, ONE, ("id",), [(n,) for n in range(2, 300)])
    with pytest.raises(IntegrityError), writer(engine) as conn, conn.begin(), pipelined(conn):
        insert_rows(conn, ONE, ("id",), [(300,), (1,)])
    with engine.connect() as conn:
        assert list(conn.scalars(select(ONE.c.id).order_by(ONE.c.id))) == list(range(1, 300))
