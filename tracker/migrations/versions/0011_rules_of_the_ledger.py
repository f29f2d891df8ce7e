"""The head of the log says by which rules the ledger was made, so that a change of the pack is noticed."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("log_head", sa.Column("rules", sa.String(64), nullable=True))


def downgrade() -> None:
    op.drop_column("log_head", "rules")
