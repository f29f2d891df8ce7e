"""What is owed, period by period (a projection, rebuilt from the log); who runs the clockwork, and its runs."""

from sqlalchemy import BigInteger, Index, Integer, SmallInteger, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from tracker.models import Base
from tracker.models.log import Position


class DutyPeriodRow(Base):
    """One row per owed period. `subject_id`: 0 where the unit itself owes it. Days are day numbers.

    `standing`: see projections/duties.py. `due_on`: when it is judged; `last_day`: the last on which something that
    counts may be held, `last_entry`: may be entered. `counted`: so many records count, of `needed`.
    `answered`: the bits of those who answered its notice, see projections/duties.py.
    """

    __tablename__ = "duty_periods"

    id: Mapped[int] = mapped_column(Position, primary_key=True, autoincrement=False)
    duty: Mapped[str] = mapped_column(String(60))
    unit_id: Mapped[int] = mapped_column(Position)
    subject_id: Mapped[int] = mapped_column(Position)
    starts: Mapped[int] = mapped_column(Integer)
    ends: Mapped[int] = mapped_column(Integer)
    due_on: Mapped[int] = mapped_column(Integer)
    last_day: Mapped[int] = mapped_column(Integer)
    last_entry: Mapped[int] = mapped_column(Integer)
    needed: Mapped[int] = mapped_column(SmallInteger)
    counted: Mapped[int] = mapped_column(Integer)
    standing: Mapped[int] = mapped_column(SmallInteger)
    answered: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    version: Mapped[int] = mapped_column(Integer)

    __table_args__ = (
        # Also finds the periods for which a record counts: of its unit, or by the next of its subject.
        Index("uq_duty_periods_owner", "duty", "unit_id", "subject_id", "starts", unique=True),
        Index("ix_duty_periods_subject", "subject_id", "duty", "starts"),
        Index("ix_duty_periods_standing", "standing", "last_entry"),
        Index("ix_duty_periods_unit", "unit_id", "standing", "ends"),
        # What stands behind the day lets pages count without a look at the periods themselves.
        Index("ix_duty_periods_ends", "ends", "duty", "unit_id", "standing"),
        Index("ix_duty_periods_lately", "standing", "ends", "duty", "unit_id", "starts"),
    )


class JobLeaseRow(Base):
    """Who runs a job: `holder` until the instant `until` (ms), then whoever comes first.

    `done_until`: the day (number) up to which its work is done; NULL before the first run.
    """

    __tablename__ = "job_leases"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    holder: Mapped[str] = mapped_column(String(80))
    until: Mapped[int] = mapped_column(BigInteger)
    done_until: Mapped[int | None] = mapped_column(Integer)


class JobRunRow(Base):
    """One run. `ended_at` NULL: it runs, or its process died. `fault`: the class and words of what stopped it."""

    __tablename__ = "job_runs"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    name: Mapped[str] = mapped_column(String(40))
    holder: Mapped[str] = mapped_column(String(80))
    began_at: Mapped[int] = mapped_column(BigInteger)
    ended_at: Mapped[int | None] = mapped_column(BigInteger)
    opened: Mapped[int] = mapped_column(Integer)
    missed: Mapped[int] = mapped_column(Integer)
    fault: Mapped[str | None] = mapped_column(Text)
