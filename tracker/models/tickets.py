"""What the ticket pages read: the current state of each ticket. Projections, rebuilt from the log."""

from sqlalchemy import Boolean, Index, Integer, LargeBinary, SmallInteger, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from tracker.models import Base
from tracker.models.log import Position


class RegisterRow(Base):
    """The short number of a register, so that a million rows need not repeat its name."""

    __tablename__ = "registers"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(String(60), unique=True)


class TicketRow(Base):
    """One row per ticket. `status` is a number of projections/tickets.py; days are day numbers.

    `shelf` groups what lists ask for: 0 open, 1 closed, 2 voided or merged.
    `summary` is empty for a restricted ticket; `listed` holds the open values of listed fields (JSON).
    """

    __tablename__ = "tickets"

    id: Mapped[int] = mapped_column(Position, primary_key=True, autoincrement=False)
    number: Mapped[str] = mapped_column(String(40), unique=True)
    register_id: Mapped[int] = mapped_column(SmallInteger)
    place_id: Mapped[int] = mapped_column(Position)
    owner_unit_id: Mapped[int | None] = mapped_column(Position)
    owner_id: Mapped[int | None] = mapped_column(Position)
    shelf: Mapped[int] = mapped_column(SmallInteger)
    status: Mapped[int] = mapped_column(SmallInteger)
    due_on: Mapped[int | None] = mapped_column(Integer)
    found_on: Mapped[int] = mapped_column(Integer)
    submitted_on: Mapped[int | None] = mapped_column(Integer)
    closed_on: Mapped[int | None] = mapped_column(Integer)
    category: Mapped[str | None] = mapped_column(String(40))
    severity: Mapped[int | None] = mapped_column(SmallInteger)
    is_restricted: Mapped[bool] = mapped_column(Boolean)
    has_request: Mapped[bool] = mapped_column(Boolean)  # an extension or an exclusion waits for a decision
    relapse_count: Mapped[int] = mapped_column(SmallInteger)
    version: Mapped[int] = mapped_column(Integer)
    summary: Mapped[str] = mapped_column(Text)
    listed: Mapped[str] = mapped_column(Text)
    external_key: Mapped[bytes | None] = mapped_column(LargeBinary(16))
    merged_into: Mapped[int | None] = mapped_column(Position)

    # Each list has an index in its order: due day first, the newest number second (= id). What stands behind
    # the id lets a thousand be counted without a look at the tickets themselves.
    __table_args__ = (
        Index("ix_tickets_register", "register_id", "shelf", "due_on", "id", "is_restricted", "status"),
        Index("ix_tickets_newest", "register_id", "shelf", "id", "is_restricted"),
        Index("ix_tickets_shelf", "shelf", "due_on", "id", "is_restricted", "status"),
        Index("ix_tickets_place", "place_id", "register_id", "shelf", "due_on"),
        Index("ix_tickets_owner", "owner_unit_id", "shelf", "register_id", "due_on"),
        Index("ix_tickets_today", "owner_unit_id", "shelf", "owner_id", "due_on", "id", "status"),
        Index("ix_tickets_status", "status", "register_id", "due_on", "id", "is_restricted"),
        Index("ix_tickets_waiting", "status", "due_on", "id", "is_restricted"),
        Index("ix_tickets_category", "category", "register_id", "shelf", "due_on"),
        # Few tickets are merged ever.
        Index(
            "ix_tickets_merged",
            "merged_into",
            sqlite_where=text("merged_into IS NOT NULL"),
            postgresql_where=text("merged_into IS NOT NULL"),
        ),
        # Few tickets ever wait for a decision, and the desk counts them.
        Index(
            "ix_tickets_request",
            "register_id",
            "due_on",
            sqlite_where=text("has_request IS 1"),
            postgresql_where=text("has_request IS true"),
        ),
        Index("uq_tickets_external", "register_id", "external_key", unique=True),
    )


class NamedPersonRow(Base):
    """Who may know of a restricted ticket."""

    __tablename__ = "ticket_named"

    ticket_id: Mapped[int] = mapped_column(Position, primary_key=True, autoincrement=False)
    person_id: Mapped[int] = mapped_column(Position, primary_key=True, autoincrement=False, index=True)

    __table_args__ = ({"sqlite_with_rowid": False},)


class SupportRow(Base):
    """Support units of a ticket: they see it, they do not own it."""

    __tablename__ = "ticket_supports"

    ticket_id: Mapped[int] = mapped_column(Position, primary_key=True, autoincrement=False)
    unit_id: Mapped[int] = mapped_column(Position, primary_key=True, autoincrement=False, index=True)

    __table_args__ = ({"sqlite_with_rowid": False},)


class SeriesRow(Base):
    """The next serial number of a register in a year. Restricted tickets count apart: no gap tells of one."""

    __tablename__ = "series"

    register: Mapped[str] = mapped_column(String(60), primary_key=True)
    year: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    is_restricted: Mapped[bool] = mapped_column(Boolean, primary_key=True)
    latest: Mapped[int] = mapped_column(Integer)
