"""The first tables: the log, its projections, accounts."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# SQLite keeps a row under its key only when the column is called INTEGER.
Position = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "accounts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("login", sa.String(length=64), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("locale", sa.String(length=16), nullable=True),
        sa.Column("must_change", sa.Boolean(), nullable=False),
        sa.Column("password_changed_at", sa.BigInteger(), nullable=False),
        sa.Column("disabled_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accounts")),
        sa.UniqueConstraint("login", name=op.f("uq_accounts_login")),
    )
    op.create_index(op.f("ix_accounts_person_id"), "accounts", ["person_id"], unique=False)

    op.create_table(
        "command_keys",
        sa.Column("key", sa.LargeBinary(length=16), nullable=False),
        sa.Column("position", Position, nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_command_keys")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "events",
        sa.Column("position", Position, autoincrement=False, nullable=False),
        sa.Column("stream_kind", sa.SmallInteger(), nullable=False),
        sa.Column("stream_id", Position, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("occurred_on", sa.Integer(), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("actor_id", Position, nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.Column("leaf", sa.LargeBinary(length=32), nullable=False),
        sa.Column("root", sa.LargeBinary(length=32), nullable=True),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_events")),
    )
    op.create_index("uq_events_stream", "events", ["stream_kind", "stream_id", "version"], unique=True)

    op.create_table(
        "folios",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("account", sa.String(length=60), nullable=False),
        sa.Column("register", sa.String(length=60), nullable=False),
        sa.Column("segment", sa.Integer(), nullable=False),
        sa.Column("cohort", sa.SmallInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_folios")),
        sa.UniqueConstraint(
            "account", "register", "segment", "cohort", name=op.f("uq_folios_account_register_segment_cohort")
        ),
    )
    op.create_table(
        "grants",
        sa.Column("id", Position, autoincrement=False, nullable=False),
        sa.Column("person_id", Position, nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("unit_id", Position, nullable=False),
        sa.Column("register", sa.String(length=60), nullable=True),
        sa.Column("starts_on", sa.Integer(), nullable=False),
        sa.Column("ends_on", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grants")),
    )
    op.create_index(op.f("ix_grants_person_id"), "grants", ["person_id"], unique=False)

    op.create_table(
        "log_head",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("frontier", sa.LargeBinary(), nullable=False),
        sa.Column("root", sa.LargeBinary(length=32), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("directory_position", sa.BigInteger(), nullable=False),
        sa.Column("is_demonstration", sa.Boolean(), nullable=False),
        sa.Column("epoch", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_log_head")),
    )
    op.create_table(
        "mark_deltas",
        sa.Column("position", Position, autoincrement=False, nullable=False),
        sa.Column("recorded_on", sa.Integer(), nullable=False),
        sa.Column("cells", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_mark_deltas")),
    )
    op.create_table(
        "marks",
        sa.Column("folio", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("unit", Position, autoincrement=False, nullable=False),
        sa.Column("ef", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("ticket_id", Position, autoincrement=False, nullable=False),
        sa.Column("rf", Position, autoincrement=False, nullable=False),
        sa.Column("et", sa.SmallInteger(), nullable=False),
        sa.Column("er", sa.BigInteger(), nullable=True),
        sa.Column("rt", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("folio", "unit", "ef", "ticket_id", "rf", name=op.f("pk_marks")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "people",
        sa.Column("id", Position, autoincrement=False, nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("unit_id", Position, nullable=False),
        sa.Column("has_left", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_people")),
    )
    op.create_table(
        "private_values",
        sa.Column("ticket_id", Position, autoincrement=False, nullable=False),
        sa.Column("commitment", sa.LargeBinary(length=32), nullable=False),
        sa.Column("field", sa.String(length=40), nullable=False),
        sa.Column("salt", sa.LargeBinary(length=16), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("is_current", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("ticket_id", "commitment", name=op.f("pk_private_values")),
        sqlite_with_rowid=False,
    )

    op.create_table(
        "registers",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registers")),
        sa.UniqueConstraint("name", name=op.f("uq_registers_name")),
    )
    op.create_table(
        "series",
        sa.Column("register", sa.String(length=60), nullable=False),
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("is_restricted", sa.Boolean(), nullable=False),
        sa.Column("latest", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("register", "year", "is_restricted", name=op.f("pk_series")),
    )
    op.create_table(
        "sign_in_failures",
        sa.Column("login", sa.String(length=64), nullable=False),
        sa.Column("source", sa.String(length=80), nullable=False),
        sa.Column("failed_count", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("login", "source", name=op.f("pk_sign_in_failures")),
    )
    op.create_index(op.f("ix_sign_in_failures_last_at"), "sign_in_failures", ["last_at"], unique=False)

    op.create_table(
        "sign_in_records",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("login", sa.String(length=64), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in_records")),
    )
    op.create_index(op.f("ix_sign_in_records_account_id"), "sign_in_records", ["account_id"], unique=False)
    op.create_index(op.f("ix_sign_in_records_at"), "sign_in_records", ["at"], unique=False)

    op.create_table(
        "ticket_named",
        sa.Column("ticket_id", Position, autoincrement=False, nullable=False),
        sa.Column("person_id", Position, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("ticket_id", "person_id", name=op.f("pk_ticket_named")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_ticket_named_person_id"), "ticket_named", ["person_id"], unique=False)

    op.create_table(
        "ticket_supports",
        sa.Column("ticket_id", Position, autoincrement=False, nullable=False),
        sa.Column("unit_id", Position, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("ticket_id", "unit_id", name=op.f("pk_ticket_supports")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_ticket_supports_unit_id"), "ticket_supports", ["unit_id"], unique=False)

    op.create_table(
        "tickets",
        sa.Column("id", Position, autoincrement=False, nullable=False),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("register_id", sa.SmallInteger(), nullable=False),
        sa.Column("place_id", Position, nullable=False),
        sa.Column("owner_unit_id", Position, nullable=True),
        sa.Column("owner_id", Position, nullable=True),
        sa.Column("shelf", sa.SmallInteger(), nullable=False),
        sa.Column("status", sa.SmallInteger(), nullable=False),
        sa.Column("due_on", sa.Integer(), nullable=True),
        sa.Column("found_on", sa.Integer(), nullable=False),
        sa.Column("submitted_on", sa.Integer(), nullable=True),
        sa.Column("closed_on", sa.Integer(), nullable=True),
        sa.Column("category", sa.String(length=40), nullable=True),
        sa.Column("severity", sa.SmallInteger(), nullable=True),
        sa.Column("is_restricted", sa.Boolean(), nullable=False),
        sa.Column("has_request", sa.Boolean(), nullable=False),
        sa.Column("relapse_count", sa.SmallInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("listed", sa.Text(), nullable=False),
        sa.Column("external_key", sa.LargeBinary(length=16), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tickets")),
        sa.UniqueConstraint("number", name=op.f("uq_tickets_number")),
    )
    op.create_index("ix_tickets_category", "tickets", ["category", "register_id", "shelf", "due_on"], unique=False)
    op.create_index("ix_tickets_owner", "tickets", ["owner_unit_id", "shelf", "register_id", "due_on"], unique=False)
    op.create_index("ix_tickets_place", "tickets", ["place_id", "register_id", "shelf", "due_on"], unique=False)
    op.create_index(
        "ix_tickets_register",
        "tickets",
        ["register_id", "shelf", "due_on", "id", "is_restricted", "status"],
        unique=False,
    )
    op.create_index("ix_tickets_newest", "tickets", ["register_id", "shelf", "id", "is_restricted"], unique=False)
    op.create_index(
        "ix_tickets_request",
        "tickets",
        ["register_id", "due_on"],
        unique=False,
        sqlite_where=sa.text("has_request IS 1"),
        postgresql_where=sa.text("has_request IS true"),
    )
    op.create_index("ix_tickets_shelf", "tickets", ["shelf", "due_on", "id", "is_restricted", "status"], unique=False)
    op.create_index("ix_tickets_status", "tickets", ["status", "register_id", "due_on"], unique=False)
    op.create_index("ix_tickets_waiting", "tickets", ["status", "due_on", "id", "is_restricted"], unique=False)
    op.create_index(
        "ix_tickets_today",
        "tickets",
        ["owner_unit_id", "shelf", "owner_id", "due_on", "id", "status"],
        unique=False,
    )
    op.create_index("uq_tickets_external", "tickets", ["register_id", "external_key"], unique=True)

    op.create_table(
        "units",
        sa.Column("id", Position, autoincrement=False, nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("parent_id", Position, nullable=True),
        sa.Column("synonyms", sa.Text(), nullable=False),
        sa.Column("labels", sa.Text(), nullable=False),
        sa.Column("is_closed", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_units")),
        sa.UniqueConstraint("code", name=op.f("uq_units_code")),
    )
    op.create_table(
        "sign_in_sessions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("device_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("device", sa.String(length=200), nullable=False),
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_sign_in_sessions_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in_sessions")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_sign_in_sessions_token_hash")),
    )
    op.create_index("ix_sign_in_sessions_known_device", "sign_in_sessions", ["account_id", "device_hash"], unique=False)


def downgrade() -> None:
    """There is nothing before the first tables; a log is not dropped by a command."""
    raise NotImplementedError
