"""The ledger: marks for drill-down, deltas for the cube. Projections, rebuilt from the log.

A *folio* is one page of the ledger: (account, register, segment, cohort), numbered because a
million tickets leave some twenty million marks and each would repeat it.
"""

from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    UniqueConstraint,
    and_,
    case,
    or_,
)
from sqlalchemy.orm import Mapped, mapped_column

from tracker.domain.days import FOREVER
from tracker.models import Base
from tracker.models.log import Position


class FolioRow(Base):
    """`segment`: bit i says that predicate i of the register holds; `cohort`: the year found."""

    __tablename__ = "folios"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    account: Mapped[str] = mapped_column(String(60))
    register: Mapped[str] = mapped_column(String(60))
    segment: Mapped[int] = mapped_column(Integer)
    cohort: Mapped[int] = mapped_column(SmallInteger)

    __table_args__ = (UniqueConstraint("account", "register", "segment", "cohort"),)


class MarkRow(Base):
    """Counted on every day ef <= D < et, as known at positions rf <= n < rt (rt NULL: still known).

    Nearly every mark begins without an end and gets one later: that is written where it stands, with the
    position `er` from which the end is known. Before it (n < er) the mark held for ever.
    Clustered in the order of the drill-down: folio, unit, day. `quantity`: what it adds to a sum, or how many equal
    flows of a day it stands for (sent twice on one day); NULL for one. `ticket_id`: also the id of an
    activity, a subject, a statistic or an owed period: whatever the register of the folio holds.
    """

    __tablename__ = "marks"

    folio: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    unit: Mapped[int] = mapped_column(Position, primary_key=True, autoincrement=False)
    ef: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    ticket_id: Mapped[int] = mapped_column(Position, primary_key=True, autoincrement=False)
    rf: Mapped[int] = mapped_column(Position, primary_key=True, autoincrement=False)
    et: Mapped[int] = mapped_column(SmallInteger)
    er: Mapped[int | None] = mapped_column(BigInteger)
    rt: Mapped[int | None] = mapped_column(BigInteger)
    quantity: Mapped[int | None] = mapped_column(BigInteger)

    __table_args__ = ({"sqlite_with_rowid": False},)


class MarkDeltaRow(Base):
    """What one event changed in the ledger: packed (folio, unit, day, change) records, see projections/ledger.py."""

    __tablename__ = "mark_deltas"

    position: Mapped[int] = mapped_column(Position, primary_key=True, autoincrement=False)
    recorded_on: Mapped[int] = mapped_column(Integer)
    cells: Mapped[bytes] = mapped_column(LargeBinary)


# -- what of it was known at a position ---------------------------------------------------------------
def known_at(mark: Any, position: Any) -> ColumnElement[bool]:
    """Whether the mark (MarkRow or an alias of it) stood in the ledger after the event at the position."""
    return and_(mark.rf <= position, or_(mark.rt.is_(None), mark.rt > position))


def end_at(mark: Any, position: Any) -> ColumnElement[int]:
    """The end of a mark as it was known at the position: before `er` it held for ever."""
    return case((mark.er > position, FOREVER), else_=mark.et)


def lasts_beyond(mark: Any, day: int, position: Any) -> ColumnElement[bool]:
    """Whether that end lies after the day."""
    return or_(mark.et > day, mark.er > position)
