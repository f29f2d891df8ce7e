"""A log of stories: each move goes through the product's handler (permit, decide, append, vault), all in one order.

Left out are only the projections, made by a rebuild afterwards, and a transaction per command: `seal` after each
gives the log the tree heads that it would have. PostgreSQL gets the rows of SQLite by COPY.
"""

from __future__ import annotations

import gc
import heapq
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from datetime import date
from random import Random
from typing import Any

import numpy as np
from sqlalchemy import Connection, Engine, select, text

from bench.county import People, Site
from bench.stories import Move, Story
from tracker.domain.commands import RegisterTicket, TakeStep
from tracker.domain.days import to_number
from tracker.domain.effects import evolve, fold
from tracker.domain.events import Event, StreamKind
from tracker.domain.refusals import Refusal, Refusals
from tracker.domain.registers import Register
from tracker.domain.ticket import Ticket
from tracker.handler import Done, Request, Work
from tracker.house import House
from tracker.log import seal, store
from tracker.log.packing import unpack
from tracker.models import load_tables
from tracker.models.duties import JobLeaseRow
from tracker.models.log import CommandKeyRow, EventRow, LogHeadRow
from tracker.models.rows import insert_rows

YEARS = 3
FLUSH_AT = 40_000
SAMPLED = 97
DAY_MS = 86_400_000
_EVENT_DATA = list(EventRow.__table__.columns.keys()).index("data")
Progress = Callable[[int, int], None]


class LogWriting(Work):
    """The handler's unit of work without projections: it keeps the state of each ticket that goes on."""

    def __init__(self, house: House, conn: Connection) -> None:
        super().__init__(house, conn)
        self._going: dict[int, Ticket] = {}

    def _find(self, ticket_id: int) -> Ticket | None:
        return self._going.get(ticket_id)

    def _project(self, before: Ticket | None, events: Sequence[Event], register: Register) -> Ticket:
        state = before
        for event in events:
            state = evolve(state, event)
        if state is None:
            raise ValueError("no events")
        self._going[state.id] = state
        self.log.seal()
        return state

    def version(self, ticket_id: int) -> int:
        return self._going[ticket_id].version

    def end(self, ticket_id: int) -> Ticket:
        """The story is told: its ticket is not needed any more."""
        return self._going.pop(ticket_id)

    def write(self) -> None:
        """What was appended goes to the database and is committed; the next transaction begins."""
        self.log.flush()
        self.vault.flush()
        self.flush()
        self.conn.commit()
        self.conn.begin()


def write_log(place: Site, people: People, until: date, progress: Progress) -> dict[str, int]:
    """Tell all stories into the log of a founded site. Gives the number of events and of refused moves."""
    (place.folder / "people.json").write_text(json.dumps(asdict(people)), encoding="utf-8")
    engine = place.engine()
    house = place.house(engine)
    gc.disable()  # a hundred thousand tickets that go on, and no garbage in rings
    with engine.connect().execution_options(write=True) as conn:
        conn.begin()
        teller = _Teller(house, LogWriting(house, conn), people, until)
        teller.tell(place.tickets, progress)
        _check(conn, teller.sample)
    teller.write_keys(engine)
    engine.dispose()
    return {"events": teller.writing.log.size, "refused": teller.refused}


def read_people(place: Site) -> People:
    saved = json.loads((place.folder / "people.json").read_text(encoding="utf-8"))
    staff = {int(unit): person for unit, person in saved["staff"].items()}
    return People(tuple(saved["villages"]), tuple(saved["offices"]), staff, saved["by_role"])


class _Teller:
    """Stories that go on at the same time, in the order in which their moves are recorded."""

    def __init__(self, house: House, writing: LogWriting, people: People, until: date) -> None:
        self.house, self.writing, self.people = house, writing, people
        self.until = to_number(until)
        self.refused = 0
        self.sample: dict[int, Ticket] = {}
        self.key_positions: list[int] = []

    def tell(self, count: int, progress: Progress) -> None:
        rng = Random(20231206)
        first, days = self.until - YEARS * 365, YEARS * 365
        starts = sorted(first + int(rng.random() * days) for _ in range(count))
        going: list[tuple[int, int, Iterator[Move], Move, int]] = []
        told, written = 0, self.writing.log.size
        while going or told < count:
            if told < count and (not going or starts[told] * DAY_MS <= going[0][0]):
                moves = Story(Random(told), self.people, starts[told]).moves()
                self._wait(going, told, moves, 0)
                told += 1
                continue
            _, serial, moves, move, ticket_id = heapq.heappop(going)
            self._wait(going, serial, moves, self._carry_out(move, ticket_id, serial))
            if self.writing.log.size - written > FLUSH_AT:
                self.writing.write()
                written = self.writing.log.size
                progress(told, count)
        self.writing.write()
        progress(count, count)

    def _wait(self, going: list[Any], serial: int, moves: Iterator[Move], ticket_id: int) -> None:
        move = next(moves, None)
        if move is not None and move.when < (self.until + 1) * DAY_MS:
            heapq.heappush(going, (move.when, serial, moves, move, ticket_id))
        elif ticket_id:
            state = self.writing.end(ticket_id)
            if serial % SAMPLED == 0:
                self.sample[ticket_id] = state

    def _carry_out(self, move: Move, ticket_id: int, serial: int) -> int:
        """The ticket's id. A move that the rules refuse is left out and counted."""
        if move.step is None:
            command: RegisterTicket | TakeStep = RegisterTicket(
                register=move.register,
                values=move.values,
                place_id=move.place_id,
                found_on=move.on,
                is_restricted=move.is_restricted,
                named_ids=move.named_ids,
            )
        else:
            version = self.writing.version(ticket_id)
            command = TakeStep(
                ticket_id=ticket_id,
                step=move.step,
                version=version,
                occurred_on=move.on,
                values=move.values,
                evidence=move.evidence,
            )
        try:
            done: Done = self.writing.carry_out(Request(command, move.by, store.from_ms(move.when)))
        except (Refusal, Refusals):
            self.refused += 1
            if not ticket_id:
                raise
            return ticket_id
        self.key_positions.append(done.events[0].position)
        return done.stream_id

    def write_keys(self, engine: Engine) -> None:
        """An idempotency key per command, as forms send them; in the order of the index, for speed."""
        positions = np.array(self.key_positions)
        keys = np.random.default_rng(1).bytes(16 * positions.size)
        order = np.argsort(np.frombuffer(keys, ">u8")[::2])
        with engine.connect().execution_options(write=True) as conn, conn.begin():
            for some in np.array_split(order, positions.size // FLUSH_AT + 1):
                rows = [(keys[16 * i : 16 * i + 16], int(positions[i])) for i in some.tolist()]
                insert_rows(conn, CommandKeyRow.__table__, ("key", "position"), rows)


def _check(conn: Connection, sample: dict[int, Ticket]) -> None:
    """The events of a sample fold to the states that were decided on, and their leaves are their hashes."""
    for ticket_id, state in sample.items():
        events = store.read_stream(conn, StreamKind.TICKET, ticket_id)
        if fold(events) != state:
            raise AssertionError(f"ticket {ticket_id} folds to another state")
        (sealed,) = store.read_sealed(conn, after=ticket_id - 1, until=ticket_id)
        if seal.leaf_hash(sealed.event) != sealed.leaf:
            raise AssertionError(f"event {ticket_id} has another hash")


# -- the same rows in PostgreSQL ----------------------------------------------------------------------
def _plain(table: str, row: tuple[Any, ...]) -> tuple[Any, ...]:
    """Events as PostgreSQL keeps them: as text, which SQLite packs."""
    if table != "events":
        return row
    kept = unpack(row[_EVENT_DATA])
    return (*row[:_EVENT_DATA], kept if isinstance(kept, str) else kept.decode(), *row[_EVENT_DATA + 1 :])


def copy_rows(source: Engine, target: Engine, progress: Callable[[str], None]) -> None:
    """Every table of a migrated, empty database gets the rows of the other; then statistics."""
    tables = [table for table in load_tables().sorted_tables if table.name != "alembic_version"]
    with source.connect() as read, target.connect().execution_options(write=True) as write, write.begin():
        for table in (LogHeadRow.__table__, JobLeaseRow.__table__):  # migrations begin them with a row
            write.execute(table.delete())
        for table in tables:
            progress(table.name)
            names = tuple(column.name for column in table.columns)
            rows = read.execution_options(yield_per=20_000).execute(select(*table.columns))
            for part in rows.partitions():
                insert_rows(write, table, names, [_plain(table.name, tuple(row)) for row in part])
            if (counted := table.autoincrement_column) is not None:
                sequence = f"pg_get_serial_sequence('{table.name}', '{counted.name}')"
                write.execute(text(f"SELECT setval({sequence}, max({counted.name})) FROM {table.name}"))
    with target.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
        conn.execute(text("VACUUM ANALYZE"))
