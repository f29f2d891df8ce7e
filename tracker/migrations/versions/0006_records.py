"""Activities, subjects and statistics; marks with a quantity."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

# SQLite keeps a row under its key only when the column is called INTEGER.
Position = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("marks", sa.Column("quantity", sa.BigInteger(), nullable=True))
    op.create_table(
        "records",
        sa.Column("id", Position, autoincrement=False, nullable=False),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("register_id", sa.SmallInteger(), nullable=False),
        sa.Column("unit_id", Position, nullable=False),
        sa.Column("held_on", sa.Integer(), nullable=False),
        sa.Column("shelf", sa.SmallInteger(), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=True),
        sa.Column("is_nil", sa.Boolean(), nullable=False),
        sa.Column("recorder_id", Position, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("listed", sa.Text(), nullable=False),
        sa.Column("key", sa.LargeBinary(length=16), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_records")),
        sa.UniqueConstraint("number", name=op.f("uq_records_number")),
    )
    op.create_index("ix_records_register", "records", ["register_id", "shelf", "held_on", "id"], unique=False)
    op.create_index("ix_records_unit", "records", ["unit_id", "register_id", "shelf", "held_on"], unique=False)
    op.create_index("ix_records_state", "records", ["register_id", "state", "shelf", "held_on"], unique=False)
    op.create_index("uq_records_key", "records", ["register_id", "key"], unique=True)
    op.create_table(
        "record_links",
        sa.Column("target_id", Position, autoincrement=False, nullable=False),
        sa.Column("register_id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("held_on", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("source_id", Position, autoincrement=False, nullable=False),
        sa.Column("field", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint(
            "target_id", "register_id", "held_on", "source_id", "field", name=op.f("pk_record_links")
        ),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_record_links_source", "record_links", ["source_id"], unique=False)


def downgrade() -> None:
    op.drop_table("record_links")
    op.drop_table("records")
    op.drop_column("marks", "quantity")
