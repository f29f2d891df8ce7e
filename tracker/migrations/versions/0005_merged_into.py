"""Which ticket a merged one was merged into. `xiaohao rebuild` fills it in for those merged before."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

# SQLite keeps a row under its key only when the column is called INTEGER.
Position = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("tickets", sa.Column("merged_into", Position, nullable=True))
    # Few tickets are merged ever.
    op.create_index(
        "ix_tickets_merged",
        "tickets",
        ["merged_into"],
        sqlite_where=sa.text("merged_into IS NOT NULL"),
        postgresql_where=sa.text("merged_into IS NOT NULL"),
    )


def downgrade() -> None:
    """A projection: what it knows is in the log."""
    op.drop_index("ix_tickets_merged", table_name="tickets")
    op.drop_column("tickets", "merged_into")
