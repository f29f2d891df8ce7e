"""Lists of records: each index in the whole order of its list, and one for reports that nothing was found."""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_WIDENED = {
    "ix_records_unit": ["unit_id", "register_id", "shelf", "held_on"],
    "ix_records_state": ["register_id", "state", "shelf", "held_on"],
}


def upgrade() -> None:
    for name, columns in _WIDENED.items():
        op.drop_index(name, table_name="records")
        op.create_index(name, "records", [*columns, "id"], unique=False)
    op.create_index("ix_records_nil", "records", ["register_id", "is_nil", "shelf", "held_on", "id"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_records_nil", table_name="records")
    for name, columns in _WIDENED.items():
        op.drop_index(name, table_name="records")
        op.create_index(name, "records", columns, unique=False)
