"""Lists of owed periods: by their last day, and by how they stand, without a look at the periods themselves."""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_duty_periods_ends", table_name="duty_periods")
    op.create_index("ix_duty_periods_ends", "duty_periods", ["ends", "duty", "unit_id", "standing"], unique=False)
    op.create_index(
        "ix_duty_periods_lately", "duty_periods", ["standing", "ends", "duty", "unit_id", "starts"], unique=False
    )


def downgrade() -> None:
    op.drop_index("ix_duty_periods_lately", table_name="duty_periods")
    op.drop_index("ix_duty_periods_ends", table_name="duty_periods")
    op.create_index("ix_duty_periods_ends", "duty_periods", ["ends", "duty"], unique=False)
