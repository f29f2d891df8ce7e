"""The log: events, its head, the vault of private values. Append-only by trigger (migration 0002).

Narrow on purpose: a million tickets are eight million rows here (bench/results.md).
"""

from sqlalchemy import BigInteger, Boolean, Index, Integer, LargeBinary, SmallInteger, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from tracker.models import Base

# SQLite keeps a row under its key only when the column is called INTEGER.
Position = BigInteger().with_variant(Integer, "sqlite")


class EventRow(Base):
    """One event. `leaf` is SHA-256(0x00 ‖ canonical bytes); `root` the tree head, on an append's last event."""

    __tablename__ = "events"

    position: Mapped[int] = mapped_column(Position, primary_key=True, autoincrement=False)
    stream_kind: Mapped[int] = mapped_column(SmallInteger)
    stream_id: Mapped[int] = mapped_column(Position)
    version: Mapped[int] = mapped_column(Integer)
    kind: Mapped[str] = mapped_column(String(24))
    occurred_on: Mapped[int] = mapped_column(Integer)
    recorded_at: Mapped[int] = mapped_column(BigInteger)
    actor_id: Mapped[int] = mapped_column(Position)
    data: Mapped[str] = mapped_column(Text)
    leaf: Mapped[bytes] = mapped_column(LargeBinary(32))
    root: Mapped[bytes | None] = mapped_column(LargeBinary(32))

    __table_args__ = (Index("uq_events_stream", "stream_kind", "stream_id", "version", unique=True),)


class CommandKeyRow(Base):
    """An idempotency key that was used, and the first event it led to."""

    __tablename__ = "command_keys"

    key: Mapped[bytes] = mapped_column(LargeBinary(16), primary_key=True)
    position: Mapped[int] = mapped_column(Position)

    __table_args__ = ({"sqlite_with_rowid": False},)


class LogHeadRow(Base):
    """The one row that serialises appends: size, frontier of the Merkle tree, latest instant.

    `directory_position` is the latest unit or person event, so that caches know when they are stale;
    `epoch` changes when the ledger is rebuilt, so that a cube file of another life is not used; `rules` are those by
    which it was made (packs/rules.py).
    """

    __tablename__ = "log_head"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    size: Mapped[int] = mapped_column(BigInteger)
    frontier: Mapped[bytes] = mapped_column(LargeBinary)
    root: Mapped[bytes] = mapped_column(LargeBinary(32))
    recorded_at: Mapped[int] = mapped_column(BigInteger)
    directory_position: Mapped[int] = mapped_column(BigInteger)
    is_demonstration: Mapped[bool] = mapped_column(default=False)
    epoch: Mapped[str] = mapped_column(String(32))
    rules: Mapped[str | None] = mapped_column(String(64))


class PrivateValueRow(Base):
    """A personal value outside the log: erasing the row leaves the log verifiable."""

    __tablename__ = "private_values"

    # By ticket first: its values lie together, and new ones go to the end of the table.
    ticket_id: Mapped[int] = mapped_column(Position, primary_key=True, autoincrement=False)
    commitment: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    field: Mapped[str] = mapped_column(String(40))
    salt: Mapped[bytes] = mapped_column(LargeBinary(16))
    value: Mapped[str] = mapped_column(Text)
    is_current: Mapped[bool] = mapped_column(Boolean)  # false once amended; the old value stays provable

    __table_args__ = ({"sqlite_with_rowid": False},)
