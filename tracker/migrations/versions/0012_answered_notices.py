"""An owed period says who has answered the notice that it was missed."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("duty_periods", sa.Column("answered", sa.SmallInteger(), server_default="0", nullable=False))


def downgrade() -> None:
    op.drop_column("duty_periods", "answered")
