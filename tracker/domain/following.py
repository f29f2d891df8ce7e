"""How the state of a subject follows its tickets, as a register of tickets declares it (`subject_states` in packs).

A toilet has a problem from the day on which a ticket found one, and is rectified when the last of them is closed. What
one ticket says of its subject is worked out here from all that the ticket has lived; `turns.py` puts it together with
what other tickets and people say. Source: registers.md §4, "states → what changes them".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tracker.domain.days import from_number, to_number
from tracker.domain.records import RecordRegister
from tracker.domain.registers import Predicate, Register
from tracker.domain.ticket import Ticket
from tracker.domain.turns import Claim

OPENED, CLOSED = "opened", "closed"
"""What a row may be `on` besides a milestone."""


@dataclass(frozen=True, slots=True)
class StateRow:
    """One row: what a ticket does to its subject when it is opened (again), closed, or reaches a milestone.

    `where`: only a ticket of which these facts hold, `outcome` among them when it is closed; the first row that fits is
    taken. `state`: the subject goes there, `sources`: from one of these, else from all that the state may follow and
    that are no end. `is_back`: instead, it is as if the ticket had never been. `waits`: not before no other ticket
    holds the subject. `day_into`: a field of the subject that gets the day, `says`: what other fields get.
    """

    on: str
    state: str | None = None
    where: tuple[Predicate, ...] = ()
    sources: tuple[str, ...] = ()
    waits: bool = False
    is_back: bool = False
    day_into: str | None = None
    says: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SubjectStates:
    """`link`: the ticket's field that names the subject."""

    link: str
    rows: tuple[StateRow, ...]

    def row(self, on: str, facts: Mapping[str, Any]) -> StateRow | None:
        """The row that holds for such a ticket."""
        return next((r for r in self.rows if r.on == on and all(p.holds(facts) for p in r.where)), None)


def subject_of(ticket: Ticket | None, rule: SubjectStates) -> int | None:
    """The subject that the ticket names. A restricted one says nothing to anybody."""
    if ticket is None or ticket.is_gone or ticket.is_restricted:
        return None
    named = ticket.fields.get(rule.link)
    return named if isinstance(named, int) else None


def claims_of(ticket: Ticket, register: Register, subjects: RecordRegister) -> tuple[Claim, ...]:
    """All that the ticket says of its subject as its history now stands. None of one that is void or merged: it never
    was. `subjects`: the register of its subject."""
    rule = register.subject_states
    if rule is None or subject_of(ticket, rule) is None:
        return ()
    return tuple(_claims(ticket, rule, subjects))


def _claims(ticket: Ticket, rule: SubjectStates, subjects: RecordRegister) -> Iterator[Claim]:
    facts = ticket.facts()
    opened = rule.row(OPENED, facts)
    if opened is not None:
        yield _claim(opened, to_number(ticket.found_on), ticket.id, subjects, holds=True)
    for name, reached in ticket.milestones.items():
        if row := rule.row(name, facts):
            yield _claim(row, reached.on, reached.position, subjects, holds=False if row.waits else None)
    for n, closing in enumerate(ticket.closings):
        row = rule.row(CLOSED, {**facts, "outcome": closing.outcome})
        if row is not None:
            yield _claim(row, closing.on, closing.position, subjects, holds=False)
        elif opened is not None:
            yield Claim(closing.on, closing.position, holds=False)
        if opened is not None and n < len(ticket.reopenings):
            day, _, position = ticket.reopenings[n]
            yield _claim(opened, day, position, subjects, holds=True)


def _claim(row: StateRow, day: int, position: int, subjects: RecordRegister, *, holds: bool | None) -> Claim:
    if row.is_back:
        return Claim(day, position, holds=holds, is_back=True)
    fields = dict(row.says)
    if row.day_into:
        fields[row.day_into] = from_number(day).isoformat()
    return Claim(day, position, row.state, sources_of(row, subjects), row.waits, holds, fields=fields)


def sources_of(row: StateRow, subjects: RecordRegister) -> frozenset[str]:
    """The states that the row leads on from: no ticket calls back what has ended, unless the row says so."""
    if row.sources:
        return frozenset(row.sources)
    state = subjects.state_by_name.get(row.state or "")
    follows = state.follows if state and state.follows else [s.name for s in subjects.states if not s.is_end]
    return frozenset(follows) - {row.state or ""}


def fields_said(before: tuple[Claim, ...], after: tuple[Claim, ...], fields: Mapping[str, Any]) -> dict[str, Any]:
    """What the subject's fields become when one ticket claims otherwise than before; None: what it had said goes."""
    was, now = _merged(before), _merged(after)
    changed = {name: value for name, value in now.items() if was.get(name) != value and fields.get(name) != value}
    return changed | {name: None for name, value in was.items() if name not in now and fields.get(name) == value}


def _merged(claims: tuple[Claim, ...]) -> dict[str, Any]:
    return {name: value for claim in sorted(claims, key=lambda c: c.day) for name, value in claim.fields.items()}
