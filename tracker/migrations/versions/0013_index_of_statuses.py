"""Tickets of a status in a register are counted from an index alone."""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_NAME, _TABLE = "ix_tickets_status", "tickets"
_COLUMNS, _MORE = ["status", "register_id", "due_on"], ["id", "is_restricted"]


def upgrade() -> None:
    op.drop_index(_NAME, table_name=_TABLE)
    op.create_index(_NAME, _TABLE, [*_COLUMNS, *_MORE], unique=False)


def downgrade() -> None:
    op.drop_index(_NAME, table_name=_TABLE)
    op.create_index(_NAME, _TABLE, _COLUMNS, unique=False)
