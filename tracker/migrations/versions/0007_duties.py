"""What is owed, period by period; who runs the clockwork, and its runs."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

# SQLite keeps a row under its key only when the column is called INTEGER.
Position = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "duty_periods",
        sa.Column("id", Position, autoincrement=False, nullable=False),
        sa.Column("duty", sa.String(length=60), nullable=False),
        sa.Column("unit_id", Position, nullable=False),
        sa.Column("subject_id", Position, nullable=False),
        sa.Column("starts", sa.Integer(), nullable=False),
        sa.Column("ends", sa.Integer(), nullable=False),
        sa.Column("due_on", sa.Integer(), nullable=False),
        sa.Column("last_day", sa.Integer(), nullable=False),
        sa.Column("last_entry", sa.Integer(), nullable=False),
        sa.Column("needed", sa.SmallInteger(), nullable=False),
        sa.Column("counted", sa.Integer(), nullable=False),
        sa.Column("standing", sa.SmallInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duty_periods")),
    )
    op.create_index("uq_duty_periods_owner", "duty_periods", ["duty", "unit_id", "subject_id", "starts"], unique=True)
    op.create_index("ix_duty_periods_subject", "duty_periods", ["subject_id", "duty", "starts"], unique=False)
    op.create_index("ix_duty_periods_standing", "duty_periods", ["standing", "last_entry"], unique=False)
    op.create_index("ix_duty_periods_unit", "duty_periods", ["unit_id", "standing", "ends"], unique=False)
    op.create_index("ix_duty_periods_ends", "duty_periods", ["ends", "duty"], unique=False)
    leases = op.create_table(
        "job_leases",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("holder", sa.String(length=80), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("done_until", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_job_leases")),
    )
    op.bulk_insert(leases, [{"name": "duties", "holder": "", "until": 0, "done_until": None}])
    op.create_table(
        "job_runs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("holder", sa.String(length=80), nullable=False),
        sa.Column("began_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("opened", sa.Integer(), nullable=False),
        sa.Column("missed", sa.Integer(), nullable=False),
        sa.Column("fault", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job_runs")),
    )


def downgrade() -> None:
    op.drop_table("job_runs")
    op.drop_table("job_leases")
    op.drop_table("duty_periods")
