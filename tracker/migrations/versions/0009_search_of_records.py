"""The index of words of records. It begins empty: `xiaohao rebuild` fills it with those that are there already."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

# As of tickets (0004).
SQLITE = (
    "CREATE VIRTUAL TABLE search_record_pieces "
    "USING fts5(pieces, content='', columnsize=0, detail=none, tokenize='ascii')",
)
POSTGRESQL = (
    "CREATE TABLE search_record_texts (record_id BIGINT PRIMARY KEY, pieces INTEGER[] NOT NULL)",
    "CREATE INDEX ix_search_record_texts_pieces ON search_record_texts USING gin (pieces) "
    "WITH (gin_pending_list_limit = 512)",
)


def upgrade() -> None:
    for statement in POSTGRESQL if op.get_bind().dialect.name == "postgresql" else SQLITE:
        op.execute(statement)


def downgrade() -> None:
    """A projection: what it knows is in the log."""
    table = "search_record_texts" if op.get_bind().dialect.name == "postgresql" else "search_record_pieces"
    op.execute(f"DROP TABLE {table}")
