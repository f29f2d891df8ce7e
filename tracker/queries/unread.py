"""Records that the registers in force no longer know as they are: after a change of the pack, before it does harm."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, func, select

from tracker.domain.defining import AnyRegister
from tracker.domain.harm import Unread
from tracker.domain.packs import Pack
from tracker.domain.records import RecordRegister
from tracker.domain.refusals import Refusal
from tracker.models.records import RecordRow
from tracker.models.tickets import RegisterRow, TicketRow
from tracker.projections.recounting import histories, record_count


def unread(conn: Connection, pack: Pack) -> Iterator[Refusal]:
    """For each register with records, what the pack does not know of them: `records_unreadable`, with their number.

    Reads every event of every record: some seconds for a hundred thousand of them.
    """
    known: dict[str, AnyRegister] = {**pack.register_by_name, **pack.record_by_name}
    for number, name in conn.execute(select(RegisterRow.id, RegisterRow.name).order_by(RegisterRow.id)).all():
        if name in known:
            yield from unread_of(conn, known[name], number)
        elif count := record_count(conn, number):
            yield Refusal("records_unreadable", register={"zh-Hans": name}, name={"zh-Hans": name}, count=count)


def unread_of(conn: Connection, register: AnyRegister, number: int) -> Iterator[Refusal]:
    """The same of one register, whose kind and prefix are fixed with its first record."""
    table = RecordRow if isinstance(register, RecordRegister) else TicketRow
    mine = table.register_id == number
    count = conn.scalar(select(func.count()).select_from(table).where(mine)) or 0
    if others := record_count(conn, number) - count:
        yield Refusal("register_kind_fixed", count=others)
        return
    first = conn.scalar(select(table.number).where(mine).order_by(table.id).limit(1))
    if first is not None and (prefix := first.partition("-")[0]) != register.prefix:
        yield Refusal("register_prefix_fixed", field="prefix", prefix=prefix, count=count)
    found = Unread(register)
    for events in histories(conn, register, conn.scalars(select(table.id).where(mine).order_by(table.id))):
        found.add(event.data for event in events)
    yield from found.refusals()
