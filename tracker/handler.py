"""handle(command): the only writer. Load → permit → decide → append → project → commit, in one transaction.

The importer, the command line, a job and the pages all end here. `handle_all` takes many requests in one transaction:
it is the same way, five hundred times. Tickets are written here; its parts write the rest: `recorder.py` (activities,
subjects, statistics), `opener.py` (what a record opens), `successor.py` (a ticket that goes on as another),
`follower.py` (what a ticket means for its subject), `timekeeper.py` (owed periods), `organiser.py` (units, people,
definitions of registers), `definer.py` (what a definition changes), `noter.py` (who read what, what is erased).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import Connection

from tracker.domain.access import may
from tracker.domain.commands import (
    Command,
    DefineRegister,
    DutyCommand,
    EnterRecord,
    ErasePrivateValues,
    MarkDemonstration,
    NoteAccess,
    RecordCommand,
    RegisterTicket,
    SaidOfPeriod,
    TakeStep,
    TicketCommand,
    WithdrawRegister,
)
from tracker.domain.context import Decision, World, ticket_facts
from tracker.domain.deciding import decide_amend, decide_register, decide_step
from tracker.domain.events import Event, NewEvent, StreamKind
from tracker.domain.numbers import record_number
from tracker.domain.owing import clockwork
from tracker.domain.people import SYSTEM, Person
from tracker.domain.record import Record
from tracker.domain.records import RecordRegister
from tracker.domain.refusals import Refusal, Refusals
from tracker.domain.registers import Register
from tracker.domain.repeats import is_another, is_another_problem, is_another_record
from tracker.domain.ticket import Ticket
from tracker.follower import Follower
from tracker.house import House
from tracker.log import store
from tracker.log.vault import VaultWriter, read_private
from tracker.models.rows import pipelined, writer
from tracker.noter import Noter
from tracker.opener import Opener
from tracker.organiser import Organiser
from tracker.projections import search
from tracker.projections.ledger import LedgerWriter
from tracker.projections.lives import Posting, Touched, ticket_life
from tracker.projections.numbers import HeldNumbers
from tracker.projections.pictures import PictureWriter
from tracker.projections.series import SeriesWriter
from tracker.projections.tickets import TicketWriter, has_merged
from tracker.recorder import Recorder
from tracker.successor import Successor
from tracker.timekeeper import Timekeeper

Beside = Callable[[Connection], object]
FLUSH_EVERY = 2000
LOOK_AHEAD = 500  # a part of FLUSH_EVERY, so that no answer is forgotten before it is used


@dataclass(frozen=True, slots=True)
class Request:
    """One command, who asks, and when it is recorded."""

    command: Command
    actor_id: int
    now: datetime


@dataclass(frozen=True, slots=True)
class Done:
    """What a request led to. `is_repeat`: its key had been used, so nothing was done again."""

    events: tuple[Event, ...]
    stream_id: int
    number: str | None
    is_repeat: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """A request that the rules refused, inside a batch that goes on without it."""

    refusals: tuple[Refusal, ...]


def handle(house: House, command: Command, *, actor_id: int, now: datetime, beside: Beside | None = None) -> Done:
    """Carry out one command. Raises Refusal or Refusals; then nothing was written.

    `beside`: writes the operational rows that the command tells of (an account), in the same transaction.
    """
    with _writing(house) as writing:
        done = writing.carry_out(Request(command, actor_id, now))
        if beside is not None and not done.is_repeat:
            beside(writing.conn)
        with pipelined(writing.conn):
            writing.flush()
        return done


def handle_all(
    house: House,
    requests: Iterable[Request],
    *,
    goes_on: bool = False,
    progress: Callable[[int], None] | None = None,
) -> list[Done | Refused]:
    """Carry out many commands in one transaction: all of them (the first refusal is raised, and nothing is written), or
    — `goes_on` — those not refused."""
    results: list[Done | Refused] = []
    with _writing(house) as writing:
        for done, request in enumerate(_looked_ahead(requests, writing), 1):
            try:
                results.append(writing.carry_out(request))
            except (Refusal, Refusals) as refusal:
                if not goes_on:
                    raise
                results.append(Refused(refusal.refusals if isinstance(refusal, Refusals) else (refusal,)))
            if done % FLUSH_EVERY == 0:
                writing.flush()
                writing.forget_tickets()
            if progress is not None:
                progress(done)
    return results


def _looked_ahead(requests: Iterable[Request], writing: Work) -> Iterator[Request]:
    """The requests one by one; what their keys mean is asked for a slice together, which saves a fifth of an import."""
    rest = iter(requests)
    while part := list(islice(rest, LOOK_AHEAD)):
        if len(part) > 1:
            writing.look_up_keys(part)
        yield from part


@contextmanager
def _writing(house: House) -> Iterator[Work]:
    """One transaction of the only writer."""
    with writer(house.engine) as conn, conn.begin():
        writing = Work(house, conn)
        yield writing
        writing.flush()


class Work:
    """The unit of work: the log's lock, the tickets it touched, and the projections to write."""

    def __init__(self, house: House, conn: Connection) -> None:
        self.house = house
        self.conn = conn
        self.log = store.Appender(conn)
        if self.log.size == 0:
            self.log.rules = house.rules
        self.directory = house.directory(conn, self.log.directory_position)
        numbers = house.register_numbers(conn)
        if not numbers.keys() >= house.pack.register_names:
            numbers = house.add_registers(conn)
        self.vault = VaultWriter(conn)
        self.ledger = LedgerWriter(conn, house.folios)
        registers = house.pack.register_by_name
        self.tickets = TicketWriter(conn, registers, numbers)
        self._touched = Touched(conn, Posting(ticket_life(registers), self.ledger, house.time_zone))
        self.texts = search.SearchWriter(conn)
        self.pictures = PictureWriter(conn)
        self.series = SeriesWriter(conn)
        self.numbers = numbers
        self.records = Recorder(self)
        self.organiser = Organiser(self)
        self.noter = Noter(self)
        self.follower = Follower(self)
        self.opener = Opener(self)
        self.successor = Successor(self)
        self.periods = Timekeeper(self)
        self.external = HeldNumbers(conn, numbers)

    # -- one request ------------------------------------------------------------------------------
    def carry_out(self, request: Request) -> Done:
        command = request.command
        key = getattr(command, "key", None)
        hashed = store.hash_of_use(request.actor_id, key) if key else None
        if hashed is not None and (position := self.log.used_key(hashed)) is not None:
            return self._repeat(command, position)
        if isinstance(command, TicketCommand):
            return self._ticket_command(request, command, hashed)
        if isinstance(command, RecordCommand):
            return self._record_command(request, command, hashed)
        if isinstance(command, DutyCommand):
            return self._duty_command(request, command, hashed)
        if isinstance(command, NoteAccess):
            return Done(self.noter.note(request, command), command.ticket_id, None)
        if isinstance(command, ErasePrivateValues):
            return Done(self.noter.erase(request, command), command.ticket_id, None)
        if isinstance(command, DefineRegister | WithdrawRegister):
            return Done(self.organiser.definition(request, command, hashed), 0, None)
        if isinstance(command, MarkDemonstration):
            return Done(self.organiser.mark_demonstration(request, command, hashed), 0, None)
        organised = self.organiser.directory(request, command, hashed)
        return Done(organised, organised[0].stream_id, None)

    def _repeat(self, command: Command, position: int) -> Done:
        """The answer that the first use of the key got."""
        self.flush()
        (first,) = store.read_events(self.conn, [position])
        if is_another(command, first) or self._is_new(command, first):
            raise Refusal("key_used_for_another_command")
        is_of_ticket = first.stream_kind is StreamKind.TICKET
        known = (self._find if is_of_ticket else self.records.find)(first.stream_id)
        return Done((first,), first.stream_id, known.number if known else None, is_repeat=True)

    def _is_new(self, command: Command, first: Event) -> bool:
        """Something else was typed into the form that the key came with."""
        if isinstance(command, EnterRecord):
            register = self.house.pack.record_by_name[command.register]
            return is_another_record(command, first, register, self.directory)
        if not isinstance(command, RegisterTicket):
            return False
        command = self.successor.whole(command)
        private = read_private(self.conn, first.stream_id, first.data.get("private", {}))
        return is_another_problem(command, first, private, self.house.register(command.register), self.directory)

    def world(self, request: Request, actor: Person | None = None) -> World:
        today = self.house.today(request.now)
        return World(
            actor=actor or self.actor(request.actor_id),
            today=today,
            directory=self.directory,
            calendar=self.house.calendar,
            number_for=lambda register, *, is_restricted: self._number(register, today.year, is_restricted),
            key_taken=self.external.holder,
            find_ticket=self._find,
            register_of=self._register_of,
            fields_of=self.records.fields_of,
            has_merged=self._has_merged,
        )

    def _register_of(self, record_id: int) -> str | None:
        """The register of a record or ticket; None: there is none, or it no longer stands."""
        record = self.records.find(record_id)
        if record is not None:
            return None if record.is_void else record.register
        ticket = self._find(record_id)
        return ticket.register if ticket is not None and not ticket.is_gone and not ticket.is_restricted else None

    def actor(self, actor_id: int) -> Person:
        if (person := self.directory.people.get(actor_id)) is None or person.has_left:
            raise Refusal("not_permitted")
        return person

    # -- tickets ----------------------------------------------------------------------------------
    def _ticket_command(self, request: Request, command: TicketCommand, key: bytes | None) -> Done:
        world = self.world(request)
        if isinstance(command, RegisterTicket):
            return self._register(request, command, key, world)
        before = self.visible(command.ticket_id, world)
        register = self.house.register(before.register)
        if isinstance(command, TakeStep):
            decision = decide_step(command, before, register, world)
        else:
            decision = decide_amend(command, before, register, world)
        return self.write_ticket(request, before, register, decision, key)

    def _register(self, request: Request, command: RegisterTicket, key: bytes | None, world: World) -> Done:
        found = self.successor.check(command, world)
        register = self.house.register(command.register)
        decision = decide_register(self.successor.whole(command), register, world)
        done = self.write_ticket(request, None, register, decision, key)
        if found is not None and command.continues_id is not None:
            self.successor.settle(request, found, command.continues_id, done.stream_id, world)
        return done

    def write_ticket(
        self, request: Request, before: Ticket | None, register: Register, decision: Decision, key: bytes | None
    ) -> Done:
        events, rows = self._committed(decision)
        appended = self._append(request, StreamKind.TICKET, before, events, key)
        state = self._project(before, appended, register)
        self.vault.keep(state.id, rows, is_amendment=before is not None)
        self.external.remember(before, state)
        self.follower.look_at(request, before, state, register, appended)
        return Done(appended, state.id, state.number)

    def _committed(self, decision: Decision) -> tuple[list[NewEvent], list[dict[str, Any]]]:
        """The events with the commitments of the private values in the first, and the rows of the vault."""
        if not decision.private:
            return list(decision.events), []
        commitments, rows = self.vault.commit(decision.private)
        first, *rest = decision.events
        return [NewEvent(first.kind, first.occurred_on, {**first.data, "private": commitments}), *rest], rows

    def _append(
        self,
        request: Request,
        kind: StreamKind,
        before: Ticket | Record | None,
        events: Sequence[NewEvent],
        key: bytes | None,
    ) -> tuple[Event, ...]:
        stream_id, version = (before.id, before.version) if before else (None, 0)
        return self.log.append(kind, stream_id, version, events, actor_id=request.actor_id, now=request.now, key=key)

    # -- activities, subjects, statistics ---------------------------------------------------------
    def _record_command(self, request: Request, command: RecordCommand, key: bytes | None) -> Done:
        before, decision = self.records.decide(command, self.world(request))
        decision = self.opener.complete(request, command, before, decision)
        state, appended = self.write_record(request, before, decision, key)
        return Done(appended, state.id, state.number)

    def write_record(
        self, request: Request, before: Record | None, decision: Decision, key: bytes | None
    ) -> tuple[Record, tuple[Event, ...]]:
        """The record after what was decided, and the events."""
        events, rows = self._committed(decision)
        appended = self._append(request, StreamKind.RECORD, before, events, key)
        state = self.records.project(before, appended)
        self.vault.keep(state.id, rows, is_amendment=before is not None)
        self.periods.look_at(request, before, state, appended)
        return state, appended

    def _duty_command(self, request: Request, command: DutyCommand, key: bytes | None) -> Done:
        if request.actor_id != SYSTEM and not isinstance(command, SaidOfPeriod):
            raise Refusal("not_permitted")
        events = self.periods.carry_out(request, command, key)
        if ticket := self.periods.ticket_after(events[-1]):
            register = self.house.register(ticket.register)
            world = self.world(request, clockwork(self.directory))
            self.write_ticket(request, None, register, decide_register(ticket, register, world), None)
        return Done(events, events[0].stream_id, None)

    def _project(self, before: Ticket | None, events: Sequence[Event], register: Register) -> Ticket:
        state = self._touched.go_on(before, events)
        self.tickets.put(before, state)
        self.records.rows.put_ticket(before, state, register)
        self.texts.put(before, state, register)
        self.pictures.put(before, state)
        return state

    def ticket(self, ticket_id: int) -> Ticket:
        if (state := self._find(ticket_id)) is None:
            raise Refusal("ticket_unknown", number=str(ticket_id))
        return state

    def _find(self, ticket_id: int) -> Ticket | None:
        return self._touched.find(ticket_id)

    def _has_merged(self, ticket_id: int) -> bool:
        self.flush()
        return has_merged(self.conn, ticket_id)

    def visible(self, ticket_id: int, world: World) -> Ticket:
        """Unknown and forbidden look alike: a ticket that the actor may not see does not exist."""
        state = self._find(ticket_id)
        if state is None or not may(world.actor, "view", ticket_facts(state), self.directory, world.today):
            raise Refusal("ticket_unknown", number=str(ticket_id))
        return state

    def _number(self, register: Register | RecordRegister, year: int, is_restricted: bool) -> str:
        serial = self.series.next(register.name, year, is_restricted=is_restricted)
        return record_number(register, year, serial, is_restricted=is_restricted)

    def look_up_keys(self, requests: Sequence[Request]) -> None:
        """Which keys of these requests are used, and which external numbers taken, before the first is carried out."""
        keyed = ((r.actor_id, getattr(r.command, "key", None)) for r in requests)
        self.log.look_up_keys([store.hash_of_use(actor_id, key) for actor_id, key in keyed if key])
        asked: dict[tuple[type, str], list[str]] = {}
        for command in (request.command for request in requests):
            if isinstance(command, RegisterTicket | EnterRecord) and command.external_key:
                asked.setdefault((type(command), command.register), []).append(command.external_key)
        for (kind, register), keys in asked.items():
            (self.external if kind is RegisterTicket else self.records).look_up(register, keys)

    # -- writing ----------------------------------------------------------------------------------
    def flush(self) -> None:
        self.log.flush()
        self.vault.flush()
        self.ledger.flush()
        self.tickets.flush()
        self.records.flush()
        self.periods.flush()
        self.texts.flush()
        self.pictures.flush()
        self.series.flush()

    def forget_tickets(self) -> None:
        """Between slices of a large batch: memory stays level, states are read again when needed."""
        self._touched.forget()
        self.records.forget()
        self.periods.forget()
        self.external.forget()
