"""The index of words. It begins empty: `xiaohao rebuild` fills it with the tickets that are there already."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# detail=none: which tickets have a word, not where it stands. ascii: what is not ASCII belongs to a word as it is.
SQLITE = (
    "CREATE VIRTUAL TABLE search_pieces USING fts5(pieces, content='', columnsize=0, detail=none, tokenize='ascii')",
)
# The list of pending entries is read by every search: a small one keeps searches even, and imports fast.
POSTGRESQL = (
    "CREATE TABLE search_texts (ticket_id BIGINT PRIMARY KEY, pieces INTEGER[] NOT NULL)",
    "CREATE INDEX ix_search_texts_pieces ON search_texts USING gin (pieces) WITH (gin_pending_list_limit = 512)",
)


def upgrade() -> None:
    for statement in POSTGRESQL if op.get_bind().dialect.name == "postgresql" else SQLITE:
        op.execute(statement)


def downgrade() -> None:
    """A projection: what it knows is in the log."""
    op.execute("DROP TABLE " + ("search_texts" if op.get_bind().dialect.name == "postgresql" else "search_pieces"))
