"""What a monitor is told."""

from __future__ import annotations

from sqlalchemy import text


def test_a_whole_installation_is_well(client, town):
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json) == (
        200,
        {"status": "ok", "database": "ok", "migration": "ok", "cube": "ok"},
    )


def test_tables_of_another_version_are_noticed(client, town, engine):
    with engine.begin() as conn:
        conn.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json["migration"]) == (503, "failed")


def test_a_database_without_its_tables_is_not_well_and_says_nothing_more(client, town, engine):
    with engine.begin() as conn:
        conn.execute(text("DROP TABLE log_head"))
    answer = client.get("/healthz")
    assert answer.status_code == 503
    assert answer.json == {"status": "failed", "database": "failed", "migration": "unknown", "cube": "unknown"}
