"""What a row adds to a ticket that is known already: milestones that the ticket lacks, such as a reply that came later.

A milestone that the ticket has is never touched, so the same list brings nothing twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date

from tracker.domain.access import may
from tracker.domain.commands import TakeStep
from tracker.domain.context import World, ticket_facts
from tracker.domain.days import from_number
from tracker.domain.lifecycle import STEP_BY_NAME
from tracker.domain.milestones import check_milestone_day, milestone_values
from tracker.domain.refusals import Refusal
from tracker.domain.registers import Register
from tracker.domain.ticket import Ticket
from tracker.exchange.rows import RowReading

STEP = STEP_BY_NAME["reach_milestone"]


def milestones_of(row: RowReading, register: Register) -> dict[str, date]:
    """The milestones whose day the row says, the earliest first; not the start, which every ticket has."""
    said = {m.name: on for m in register.milestones if not m.is_start and (on := _day(row, m.field)) is not None}
    return dict(sorted(said.items(), key=lambda one: one[1]))


def _day(row: RowReading, field: str | None) -> date | None:
    value = row.values.get(field or "")
    return value if isinstance(value, date) else None


def lacking(row: RowReading, ticket: Ticket, register: Register, world: World) -> dict[str, date]:
    """What the row says and the ticket does not, where this person may record it; nothing of what is none of theirs."""
    if ticket.register != register.name or ticket.status not in STEP.sources:
        return {}
    if not all(may(world.actor, a, ticket_facts(ticket), world.directory, world.today) for a in ("view", STEP.right)):
        return {}
    return {name: on for name, on in milestones_of(row, register).items() if name not in ticket.milestones}


def refusals_of(
    row: RowReading, added: Mapping[str, date], ticket: Ticket, register: Register, world: World
) -> tuple[Refusal, ...]:
    """What the rules say of these milestones, each among those before it: the first that is not possible."""
    reached = {name: from_number(r.on) for name, r in ticket.milestones.items()}
    try:
        for name, on in added.items():
            check_milestone_day(register, name, on, ticket.found_on, reached, world)
            milestone_values(register, name, row.values, world.directory)
            reached[name] = on
    except Refusal as why:
        return (why,)
    return ()


def steps_of(row: RowReading, added: Mapping[str, date], ticket: Ticket, register: Register) -> Iterator[TakeStep]:
    """The commands that add them, one after the other. Somebody else's change in between refuses them: see again."""
    for version, (name, on) in enumerate(added.items(), ticket.version):
        told = {value: row.values[value] for value in register.milestone_by_name[name].values if value in row.values}
        yield TakeStep(
            ticket_id=ticket.id,
            step=STEP.name,
            version=version,
            occurred_on=on,
            values={**told, "milestone": name},
        )
