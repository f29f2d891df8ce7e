"""Lists of owed periods by their last day and by how they stand, lists of a unit's records in a view or a state:
read from an index alone."""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_WIDENED = {
    "ix_duty_periods_ends": ("duty_periods", ["ends", "duty"], ["unit_id", "standing"]),
    "ix_records_unit": ("records", ["unit_id", "register_id", "shelf", "held_on", "id"], ["is_nil", "state"]),
}
_LATELY = ["standing", "ends", "duty", "unit_id", "starts"]


def upgrade() -> None:
    for name, (table, columns, more) in _WIDENED.items():
        op.drop_index(name, table_name=table)
        op.create_index(name, table, [*columns, *more], unique=False)
    op.create_index("ix_duty_periods_lately", "duty_periods", _LATELY, unique=False)


def downgrade() -> None:
    op.drop_index("ix_duty_periods_lately", table_name="duty_periods")
    for name, (table, columns, _) in _WIDENED.items():
        op.drop_index(name, table_name=table)
        op.create_index(name, table, columns, unique=False)
