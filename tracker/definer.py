"""Registers defined: read the files, see what they would harm, append the event, count again what counts otherwise.

`propose` only looks, for a preview; `define` writes, in the transaction that `handler.py` opened. Nothing here commits.
Other processes notice at their next request (house.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, func, select

from tracker.domain.commands import DefineRegister, WithdrawRegister
from tracker.domain.defining import (
    AnyRegister,
    Definition,
    check_head,
    event_of,
    in_effect,
    next_version,
    withdrawal,
)
from tracker.domain.events import Event, StreamKind
from tracker.domain.harm import (
    Use,
    counts_alike,
    harm,
    is_shown_alike,
    lost_items,
    retired_choices,
    stranded,
)
from tracker.domain.lifecycle import STATUS_NUMBERS
from tracker.domain.packs import Pack
from tracker.domain.refusals import Refusal, Refusals
from tracker.domain.registers import Label, Register
from tracker.house import House
from tracker.models.duties import DutyPeriodRow
from tracker.models.tickets import RegisterRow, TicketRow
from tracker.packs.loader import LoadedPack, PackError, load_defined
from tracker.packs.writing import with_retired
from tracker.projections.recounting import Recounting, histories, record_count, record_ids
from tracker.projections.tickets import sync_registers
from tracker.queries.unread import unread_of

if TYPE_CHECKING:
    from tracker.handler import Request, Work

MOST_RECOUNTED = 5_000
"""Records of a register that are looked through, and counted again, while a browser waits: some ten seconds."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A definition that may be made, and the pack as it will then be. `retired`: choices that stay because records
    use them; `recounted`: registers whose records are counted again; `records`: how many."""

    definition: Definition
    pack: LoadedPack
    retired: tuple[Label, ...]
    recounted: tuple[str, ...]
    records: int


def propose(house: House, conn: Connection, command: DefineRegister, today: date) -> Proposal:
    """What the command would lead to. Refusals: the loader's mistakes (`register_mistaken` with `problems`), or every
    harm that the change would do to records."""
    return _Definer(house, conn).propose(command, today)


def define(
    work: Work, request: Request, command: DefineRegister | WithdrawRegister, key: bytes | None
) -> tuple[Event, ...]:
    """Append the definition, or that it is taken back; from today on, count again what it counts otherwise."""
    work.flush()
    today = work.house.today(request.now)
    definer = _Definer(work.house, work.conn)
    if isinstance(command, WithdrawRegister):
        definition, pack, recounted = definer.withdraw(command, today)
    else:
        found = definer.propose(command, today)
        definition, pack, recounted = found.definition, found.pack, found.recounted
    version = len(definer.known)
    events = work.log.append(
        StreamKind.REGISTER,
        0,
        version,
        [event_of(definition)],
        actor_id=request.actor_id,
        now=request.now,
        key=key,
    )
    if pack is None:  # others still do not fit: nothing can be counted before they do
        return events
    numbers = sync_registers(work.conn, pack.register_names)
    for name in recounted:
        register = _registers(pack)[name]
        recounting = Recounting(work.conn, register, numbers[name], work.house.folios, work.house.time_zone)
        recounting.run(definer.records(name))
    return events


@dataclass(slots=True)
class _Definer:
    """A definition against everything that is in the log; what was looked up is kept."""

    house: House
    conn: Connection
    known: tuple[Definition, ...] = ()
    _ids: dict[str, list[int]] = field(default_factory=dict)
    _uses: dict[str, Use] = field(default_factory=dict)
    _before: dict[str, AnyRegister] = field(default_factory=dict)

    def propose(self, command: DefineRegister, today: date) -> Proposal:
        folder, self.known = self._folder(), self.house.definitions(self.conn)
        on = command.takes_effect_on
        version = next_version(self.known, command.name)
        definition = Definition(command.name, version, on, dict(command.files))
        check_head(definition, command.version, self.known, today)
        before = self._as_it_is(folder, max(on, today))
        self._before = _registers(before) if before else {}
        if command.is_new and command.name in self._before:
            raise Refusal("register_name_taken", field="name", name=self._before[command.name].label)
        after = self._loaded(folder, definition)
        definition, retired = self._with_retired(definition, after)
        if retired:
            after = self._loaded(folder, definition)
        changed = tuple(name for name in self._before if self._is_recounted(name, after))
        if before:
            self._check(before, after, changed, is_today=on == today, lost=self._lost_duties(before, after))
        else:
            self._check_unread(definition, after)
        return Proposal(definition, after, retired, changed, sum(len(self.records(name)) for name in changed))

    def withdraw(self, command: WithdrawRegister, today: date) -> tuple[Definition, LoadedPack | None, tuple[str, ...]]:
        """The version that takes it back, the pack then (None: other definitions do not fit it), what is recounted.

        Records stay readable: of a register that was made here and no longer fits, the files go only when it has none.
        """
        folder, self.known = self._folder(), self.house.definitions(self.conn)
        definition = withdrawal(command.name, self.known, command.version, command.reason, today)
        before = self._as_it_is(folder, today)
        self._before = _registers(before) if before else {}
        after = self._as_it_is(folder, today, definition)
        if after is None:
            gone = replace(definition, files={})
            without = self._as_it_is(folder, today, gone)
            if without is not None or not self._fits(folder, definition, today):
                self._check_empty(definition)
                definition, after = gone, without
        changed: tuple[str, ...] = ()
        if before and after:
            changed = tuple(name for name in self._before if self._is_recounted(name, after))
            self._check(before, after, changed, is_today=True)
        elif after:
            self._check_unread(definition, after)
        return definition, after, changed

    def _as_it_is(self, folder: Path, on: date, more: Definition | None = None) -> LoadedPack | None:
        """The pack with the definitions in effect; None where they do not fit it."""
        known = (*self.known, more) if more else self.known
        try:
            return load_defined(folder, in_effect(known, on))
        except PackError:
            return None

    def _fits(self, folder: Path, definition: Definition, on: date) -> bool:
        """Whether what does not fit is other definitions' alone."""
        try:
            load_defined(folder, in_effect((*self.known, definition), on))
        except PackError as left:
            return not {problem.file for problem in left.problems} & definition.files.keys()
        return True

    def _check_empty(self, definition: Definition) -> None:
        for name in definition.registers:
            number = self.conn.scalar(select(RegisterRow.id).where(RegisterRow.name == name))
            count = 0 if number is None else record_count(self.conn, number)
            if count:
                raise Refusal("withdrawn_unreadable", name=name, count=count)

    def _check(
        self, before: Pack, after: Pack, changed: Sequence[str], *, is_today: bool, lost: Iterable[Refusal] = ()
    ) -> None:
        refusals = [*lost, *self._harm(before, after), *self._too_much(changed, is_today=is_today)]
        if refusals:
            raise Refusals(refusals)

    def _check_unread(self, definition: Definition, after: Pack) -> None:
        """Where nothing says any more what the registers were, their records are held against what they will be."""
        registers = _registers(after)
        earlier = (name for d in self.known if d.name == definition.name for name in d.registers)
        refusals: list[Refusal] = []
        for name in dict.fromkeys((*definition.registers, *earlier)):
            number = self.conn.scalar(select(RegisterRow.id).where(RegisterRow.name == name))
            if number is not None and name in registers:
                refusals += unread_of(self.conn, registers[name], number)
            elif number is not None and (count := record_count(self.conn, number)):
                refusals.append(Refusal("part_in_use", name=name, count=count))
        if refusals:
            raise Refusals(refusals)

    def _folder(self) -> Path:
        pack = self.house.pack
        if not isinstance(pack, LoadedPack) or pack.folder is None:
            raise LookupError(f"pack {pack.name} has no files")
        return pack.folder

    def _loaded(self, folder: Path, definition: Definition) -> LoadedPack:
        """The pack when it takes effect. It must also stand on every later day on which another version begins."""
        known = (*self.known, definition)
        days = sorted({d.takes_effect_on for d in known if d.takes_effect_on >= definition.takes_effect_on})
        try:
            first, *_ = [load_defined(folder, in_effect(known, day)) for day in days]
        except PackError as mistaken:
            raise Refusal("register_mistaken", problems=mistaken.problems) from mistaken
        return first

    def _with_retired(self, definition: Definition, after: Pack) -> tuple[Definition, tuple[Label, ...]]:
        """The files with the choices back, retired, that they lack and records use."""
        files, labels = dict(definition.files), list[Label]()
        registers = _registers(after)
        for name in definition.registers:
            old = self._before.get(name)
            lost = retired_choices(old, registers[name], self.use(name)) if old else {}
            if lost:
                path = f"registers/{name}.yaml"
                files[path] = with_retired(files[path], lost)
                labels += [choice.label for choices in lost.values() for choice in choices]
        return replace(definition, files=files), tuple(labels)

    def _harm(self, before: Pack, after: Pack) -> Iterator[Refusal]:
        registers = _registers(after)
        for name, old in self._before.items():
            new = registers.get(name)
            if new is None:
                if count := len(self.records(name)):
                    yield Refusal("part_in_use", name=old.label, count=count)
            elif new is not old and new != old:
                yield from harm(old, new, self.use(name))
                yield from self._stranded(old, new)
        for checklist in before.checklists:
            new_list = after.checklist_by_name.get(checklist.name)
            if new_list != checklist:
                for register in (r for r in before.records if r.checklist):
                    yield from lost_items(checklist, new_list, self.use(register.name))

    def _lost_duties(self, before: Pack, after: Pack) -> Iterator[Refusal]:
        """What was owed is ended with a day, never taken away."""
        for duty in before.duties:
            periods = select(func.count()).select_from(DutyPeriodRow).where(DutyPeriodRow.duty == duty.id)
            if duty.id not in after.duty_by_id and (count := self.conn.scalar(periods)):
                yield Refusal("part_in_use", name=duty.label, count=count)

    def _stranded(self, old: AnyRegister, new: AnyRegister) -> Iterator[Refusal]:
        """A step that tickets wait for cannot be switched off."""
        if not (isinstance(old, Register) and isinstance(new, Register)) or old.steps <= new.steps:
            return
        for status, step in stranded(old, new).items():
            query = select(func.count()).where(
                TicketRow.register_id == select(RegisterRow.id).where(RegisterRow.name == old.name).scalar_subquery(),
                TicketRow.status == STATUS_NUMBERS[status],
            )
            if count := self.conn.scalar(query):
                yield Refusal("step_in_use", field=f"step_{step.name}", step=step.name, count=count)

    def _is_recounted(self, name: str, after: Pack) -> bool:
        new = _registers(after).get(name)
        old = self._before[name]
        return (
            new is not None and not (counts_alike(old, new) and is_shown_alike(old, new)) and bool(self.records(name))
        )

    def _too_much(self, changed: Sequence[str], *, is_today: bool) -> Iterator[Refusal]:
        for name in changed:
            label = self._before[name].label
            if len(self.records(name)) > MOST_RECOUNTED:
                yield Refusal("too_many_to_count_again", name=label, limit=MOST_RECOUNTED)
            elif not is_today:
                yield Refusal("counting_changes_today_only", field="takes_effect_on", name=label)

    # -- what is there ----------------------------------------------------------------------------
    def records(self, name: str) -> list[int]:
        """Ids of the register's records, one more than may be looked through where there are so many."""
        if name not in self._ids:
            number = self.conn.scalar(select(RegisterRow.id).where(RegisterRow.name == name))
            register = self._before.get(name)
            if number is None or register is None:
                return []
            self._ids[name] = record_ids(self.conn, register, number, MOST_RECOUNTED + 1)
        return self._ids[name]

    def use(self, name: str) -> Use:
        if name not in self._uses:
            ids = self.records(name)
            use = Use(records=len(ids), is_whole=len(ids) <= MOST_RECOUNTED)
            if not use.is_whole:
                use.records = record_count(self.conn, self.house.register_numbers(self.conn)[name])
            elif ids:
                for events in histories(self.conn, self._before[name], ids):
                    use.add(event.data for event in events)
            self._uses[name] = use
        return self._uses[name]


def _registers(pack: Pack) -> dict[str, AnyRegister]:
    return {**pack.register_by_name, **pack.record_by_name}
