"""A row of a reading becomes the command that registers it, and its past the steps that follow."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date

from tracker import clock
from tracker.domain.commands import RegisterTicket, TakeStep
from tracker.domain.refusals import Refusal
from tracker.domain.registers import Register
from tracker.exchange.reading import ImportReading, RowReading
from tracker.handler import Outcome, Refused, Request, handle_all
from tracker.house import House


def command_of(row: RowReading, register: Register) -> RegisterTicket:
    """The command of a row that is ready. ValueError for a row with errors: the caller chose wrongly."""
    values = row.values
    place, found_on = values.get("place"), values.get("found_on")
    if row.errors or not isinstance(place, int) or not isinstance(found_on, date):
        raise ValueError(f"row {row.source_row} cannot be registered")
    return RegisterTicket(
        register=register.name,
        values=values,
        place_id=place,
        found_on=found_on,
        is_restricted=values.get("restricted") is True,
        external_key=row.external_key,
    )


@dataclass(frozen=True, slots=True)
class Imported:
    """What came of an import. `refused`: source row and why the rules said no."""

    registered: int
    known: int
    steps: int
    refused: tuple[tuple[int, Refusal], ...]


def carry_out(
    house: House, reading: ImportReading, *, actor_id: int, key: str, progress: Callable[[int, int], None]
) -> Imported:
    """Register the rows that are ready, in one transaction, then what they say of their past in another.

    A row that is recorded already is passed over; one that the rules refuse is told and left out. `key`: of this
    sheet of this file; with the row it makes the idempotency key, so that no row is registered twice.
    """
    rows = reading.ready_rows
    register = house.register(reading.register)
    now = clock.now()
    requests = (Request(replace(command_of(r, register), key=f"{key}/{r.source_row}"), actor_id, now) for r in rows)
    results = handle_all(house, requests, goes_on=True, progress=lambda done: progress(done, len(rows)))
    registered = known = 0
    refused: list[tuple[int, Refusal]] = []
    born: list[tuple[RowReading, int]] = []
    for row, result in zip(rows, results, strict=True):
        if isinstance(result, Outcome):
            registered, known = registered + (not result.is_repeat), known + result.is_repeat
            if row.history and not result.is_repeat:
                born.append((row, result.stream_id))
        elif {why.code for why in result.refusals} == {"duplicate_external_number"}:
            known += 1
        else:
            refused.append((row.source_row, result.refusals[0]))
    steps = [Request(s, actor_id, now) for row, ticket in born for s in _past(row, ticket, f"{key}/{row.source_row}")]
    told = handle_all(house, steps, goes_on=True)
    refused += [
        (row.source_row, result.refusals[0])
        for (row, _), result in zip(born, told, strict=True)
        if isinstance(result, Refused)
    ]
    return Imported(registered, known, sum(isinstance(r, Outcome) for r in told), tuple(refused))


def _past(row: RowReading, ticket_id: int, key: str) -> Iterator[TakeStep]:
    """The reply that a row brings, as the milestone it was, on its own day."""
    for past in row.history:
        yield TakeStep(
            ticket_id=ticket_id,
            step="reach_milestone",
            version=1,
            occurred_on=past.on,
            values={"milestone": past.kind, "reply": past.text},
            key=f"{key}/{past.kind}",
        )
