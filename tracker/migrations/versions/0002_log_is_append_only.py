"""The log begins empty, and the database itself refuses to change what was written: events, keys, sign-in record."""

import uuid
from hashlib import sha256

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

APPEND_ONLY = ("events", "command_keys", "sign_in_records")


def upgrade() -> None:
    _begin_log()
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$"
        )
    for table in APPEND_ONLY:
        _refuse_changes(table)


def downgrade() -> None:
    """What protects the log is not taken away by a command."""
    raise NotImplementedError


def _begin_log() -> None:
    """The one row that appends lock; the head of an empty tree is SHA-256 of nothing (RFC 6962, 2.1)."""
    head = sa.table(
        "log_head",
        sa.column("id", sa.Integer),
        sa.column("size", sa.BigInteger),
        sa.column("frontier", sa.LargeBinary),
        sa.column("root", sa.LargeBinary),
        sa.column("recorded_at", sa.BigInteger),
        sa.column("directory_position", sa.BigInteger),
        sa.column("is_demonstration", sa.Boolean),
        sa.column("epoch", sa.String),
    )
    first = {"id": 1, "size": 0, "frontier": b"", "root": sha256(b"").digest(), "recorded_at": 0}
    first |= {"directory_position": 0, "is_demonstration": False, "epoch": uuid.uuid4().hex}
    op.bulk_insert(head, [first])


def _refuse_changes(table: str) -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
        return
    for change in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER {table}_no_{change.lower()} BEFORE {change} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        )
