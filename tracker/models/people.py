"""Units, people and grants as they now stand. Projections of directory events."""

from sqlalchemy import Boolean, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from tracker.models import Base
from tracker.models.log import Position


class UnitRow(Base):
    __tablename__ = "units"

    id: Mapped[int] = mapped_column(Position, primary_key=True, autoincrement=False)
    code: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(80))
    kind: Mapped[str] = mapped_column(String(20))
    parent_id: Mapped[int | None] = mapped_column(Position)
    synonyms: Mapped[str] = mapped_column(Text)  # JSON list
    labels: Mapped[str] = mapped_column(Text)  # JSON language → name
    is_closed: Mapped[bool] = mapped_column(Boolean)


class PersonRow(Base):
    __tablename__ = "people"

    id: Mapped[int] = mapped_column(Position, primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(String(80))
    unit_id: Mapped[int] = mapped_column(Position)
    has_left: Mapped[bool] = mapped_column(Boolean)


class GrantRow(Base):
    __tablename__ = "grants"

    id: Mapped[int] = mapped_column(Position, primary_key=True, autoincrement=False)
    person_id: Mapped[int] = mapped_column(Position, index=True)
    role: Mapped[str] = mapped_column(String(20))
    unit_id: Mapped[int] = mapped_column(Position)
    register: Mapped[str | None] = mapped_column(String(60))
    starts_on: Mapped[int] = mapped_column(Integer)
    ends_on: Mapped[int | None] = mapped_column(Integer)
