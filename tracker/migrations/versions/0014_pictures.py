"""Which tickets and records name which picture. It begins empty: the next start counts anew, and fills it."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

# SQLite keeps a row under its key only when the column is called INTEGER.
Position = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "picture_uses",
        sa.Column("digest", sa.LargeBinary(length=16), nullable=False),
        sa.Column("stream_id", Position, autoincrement=False, nullable=False),
        sa.Column("family_id", Position, nullable=False),
        sa.PrimaryKeyConstraint("digest", "stream_id", name=op.f("pk_picture_uses")),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    """A projection: what it knows is in the log."""
    op.drop_table("picture_uses")
