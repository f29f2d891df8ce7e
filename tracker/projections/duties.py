"""The current row of each owed period, as pages and the clockwork read them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from tracker.domain.days import to_number
from tracker.domain.kinds import Told
from tracker.domain.period import OwedPeriod, Standing
from tracker.models.duties import DutyPeriodRow
from tracker.models.rows import ChangedRows

STANDING_NUMBERS = {standing: number for number, standing in enumerate(Standing)}
"""As stored: the order of `Standing` is part of the tables."""
STANDING_BY_NUMBER = {number: standing for standing, number in STANDING_NUMBERS.items()}

TOLD_NUMBERS = {Told.OWNER: 1, Told.LEAD: 2}
"""As stored: a bit for each who has answered the notice."""

LONGEST_PERIOD = 366
"""Days: no period that began longer before a day, and before what may come late, holds that day."""

_PERIODS = DutyPeriodRow.__table__
_INSERT = insert(_PERIODS)
_CHANGING = ("counted", "standing", "answered", "version")
_UPDATE = update(_PERIODS).where(_PERIODS.c.id == bindparam("id")).values({n: bindparam(n) for n in _CHANGING})
_P = DutyPeriodRow
_HOLDING = select(_P.id).where(
    _P.duty == bindparam("duty"),
    _P.starts.between(bindparam("earliest"), bindparam("day")),
    _P.last_day >= bindparam("day"),
)
_OF_UNIT = _HOLDING.where(_P.unit_id == bindparam("owner"), _P.subject_id == 0)
_UNFULFILLED = (
    select(_P.id)
    .where(
        _P.subject_id == bindparam("subject"),
        _P.standing.in_([STANDING_NUMBERS[Standing.OPEN], STANDING_NUMBERS[Standing.MISSED]]),
    )
    .order_by(_P.id)
)
_OF_SUBJECT = _HOLDING.where(_P.subject_id == bindparam("owner"))


def periods_holding(
    conn: Connection, duty: str, owner_id: int, day: int, late_days: int, *, is_subject: bool
) -> list[int]:
    """The periods of a unit or a subject in which something held on the day may count."""
    asked = {"duty": duty, "owner": owner_id, "day": day, "earliest": day - LONGEST_PERIOD - late_days}
    return list(conn.scalars(_OF_SUBJECT if is_subject else _OF_UNIT, asked))


def unfulfilled_of(conn: Connection, subject_id: int) -> list[int]:
    """The periods that are or were owed for a subject, and were not fulfilled."""
    return list(conn.scalars(_UNFULFILLED, {"subject": subject_id}))


def row_of(p: OwedPeriod) -> dict[str, Any]:
    return {
        "id": p.id,
        "duty": p.duty,
        "unit_id": p.unit_id,
        "subject_id": p.subject_id or 0,
        "starts": to_number(p.start),
        "ends": to_number(p.end),
        "due_on": to_number(p.due_on),
        "last_day": to_number(p.last_day),
        "last_entry": to_number(p.last_entry),
        "needed": p.needed,
        "counted": len(p.counted),
        "standing": STANDING_NUMBERS[p.standing],
        "answered": sum(TOLD_NUMBERS[told] for told in {reply.told for reply in p.replies}),
        "version": p.version,
    }


class DutyWriter:
    """Collects the changed periods of one transaction; the latest state is written."""

    def __init__(self, conn: Connection) -> None:
        self._conn = conn
        self._rows: ChangedRows[OwedPeriod] = ChangedRows()

    def put(self, before: OwedPeriod | None, after: OwedPeriod) -> None:
        self._rows.put(before, after)

    def flush(self) -> None:
        self._rows.write(self._conn, _INSERT, _UPDATE, row_of)
