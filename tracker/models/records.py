"""Activities, subjects, statistics as they now stand, and what links to what. Projections, rebuilt from the log."""

from sqlalchemy import Boolean, Index, Integer, LargeBinary, SmallInteger, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from tracker.models import Base
from tracker.models.log import Position


class RecordRow(Base):
    """One row per record. `held_on`: its day (number); `summary`, `listed`: what lists show, nothing private.

    `state`: of a subject. `shelf`: 0 as it should be, 1 a checklist not finished, 2 voided.
    `key`: what a statistic measures, or the row of a file that it came from, hashed: one live record for each.
    """

    __tablename__ = "records"

    id: Mapped[int] = mapped_column(Position, primary_key=True, autoincrement=False)
    number: Mapped[str] = mapped_column(String(40), unique=True)
    register_id: Mapped[int] = mapped_column(SmallInteger)
    unit_id: Mapped[int] = mapped_column(Position)
    held_on: Mapped[int] = mapped_column(Integer)
    shelf: Mapped[int] = mapped_column(SmallInteger)
    state: Mapped[str | None] = mapped_column(String(40))
    is_nil: Mapped[bool] = mapped_column(Boolean)
    recorder_id: Mapped[int] = mapped_column(Position)
    version: Mapped[int] = mapped_column(Integer)
    summary: Mapped[str] = mapped_column(Text)
    listed: Mapped[str] = mapped_column(Text)
    key: Mapped[bytes | None] = mapped_column(LargeBinary(16))

    # Each list has an index in its order, the newest day first. What stands behind the id of a unit's list lets it be
    # narrowed without a look at the records themselves.
    __table_args__ = (
        Index("ix_records_register", "register_id", "shelf", "held_on", "id"),
        Index("ix_records_unit", "unit_id", "register_id", "shelf", "held_on", "id", "is_nil", "state"),
        Index("ix_records_state", "register_id", "state", "shelf", "held_on", "id"),
        Index("ix_records_nil", "register_id", "is_nil", "shelf", "held_on", "id"),
        Index("uq_records_key", "register_id", "key", unique=True),
    )


class RecordLinkRow(Base):
    """A record or ticket (`source_id`) names another record (`target_id`) in one of its fields."""

    __tablename__ = "record_links"

    target_id: Mapped[int] = mapped_column(Position, primary_key=True, autoincrement=False)
    register_id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)  # of the source
    held_on: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)  # day of the source
    source_id: Mapped[int] = mapped_column(Position, primary_key=True, autoincrement=False)
    field: Mapped[str] = mapped_column(String(40), primary_key=True)

    # Clustered as a subject's history is read: by register and day. Found again by its source when it changes.
    __table_args__ = (Index("ix_record_links_source", "source_id"), {"sqlite_with_rowid": False})
