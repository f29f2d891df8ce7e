"""What a record is to the duties that ask for its activity: which owed periods it counts for, or why for none.

Bound: for each such duty the periods of one unit or subject that hold one day, mostly one, and their few events.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection

from tracker.domain.answering import Answer, answer_to, worth_saying
from tracker.domain.days import to_number
from tracker.domain.duties import DutySpec
from tracker.domain.events import StreamKind
from tracker.domain.owing import owner_of
from tracker.domain.people import Directory
from tracker.domain.period import OwedPeriod, fold
from tracker.domain.record import Record
from tracker.domain.records import RecordRegister
from tracker.log import store
from tracker.projections.duties import periods_holding


def answers_of(
    conn: Connection, directory: Directory, duties: Iterable[DutySpec], record: Record, register: RecordRegister
) -> tuple[Answer, ...]:
    """What is worth saying of the record; nothing where no duty asks for its activity."""
    asking = [spec for spec in duties if spec.activity == register.name]
    unit = directory.units[record.unit_id]
    return worth_saying(answer_to(spec, record, register, _periods(conn, spec, record), unit) for spec in asking)


def _periods(conn: Connection, spec: DutySpec, record: Record) -> list[OwedPeriod]:
    owner = owner_of(spec, record)
    if owner is None:
        return []
    is_subject = spec.owed_by.link is not None
    ids = periods_holding(conn, spec.id, owner, to_number(record.on), spec.late_days, is_subject=is_subject)
    found = (fold(store.read_stream(conn, StreamKind.DUTY, period_id)) for period_id in ids)
    return [period for period in found if period is not None]
