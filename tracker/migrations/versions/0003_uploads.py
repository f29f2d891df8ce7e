"""Uploaded files that wait for their import, with the rows read of them."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# SQLite keeps a row under its key only when the column is called INTEGER.
Position = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "imports",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", Position, nullable=False),
        sa.Column("register", sa.String(length=60), nullable=False),
        sa.Column("file_name", sa.String(length=160), nullable=False),
        sa.Column("sheet", sa.String(length=120), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("uploaded_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("told", sa.Text(), nullable=False),
        sa.Column("done", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_imports")),
    )
    op.create_index(op.f("ix_imports_expires_at"), "imports", ["expires_at"], unique=False)
    op.create_index("ix_imports_person", "imports", ["person_id", "uploaded_at"], unique=False)
    op.create_table(
        "import_rows",
        sa.Column("import_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("row", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("state", sa.SmallInteger(), nullable=False),
        sa.Column("told", sa.Text(), nullable=False),
        sa.Column("ticket_id", Position, nullable=True),
        sa.ForeignKeyConstraint(["import_id"], ["imports.id"], name=op.f("fk_import_rows_import_id")),
        sa.PrimaryKeyConstraint("import_id", "row", name=op.f("pk_import_rows")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_import_rows_state", "import_rows", ["import_id", "state", "row"], unique=False)


def downgrade() -> None:
    """Rows that expire by themselves are not worth a way back."""
    op.drop_table("import_rows")
    op.drop_table("imports")
