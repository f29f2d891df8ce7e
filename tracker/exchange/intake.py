"""What the importer asks of a kind of register: what a row becomes there, and what of it is here already.

`ticket_rows` answers for tickets, `record_rows` for activities, subjects and statistics. All else about an import
is the same for both and stands in `importing`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple, Protocol, TypeVar

from sqlalchemy import Connection

from tracker.domain.access import Facts
from tracker.domain.commands import EnterRecord, RegisterTicket, ReportValue, TakeStep
from tracker.domain.context import World
from tracker.domain.days import to_number
from tracker.domain.records import RecordRegister
from tracker.domain.refusals import Refusal
from tracker.domain.registers import Field, Register
from tracker.exchange.rows import RowReading
from tracker.queries.scope import Viewer
from tracker.queries.uploads import Numbered


@dataclass(frozen=True, slots=True)
class Addition:
    """What a row adds to a ticket or statistic that is known: a name and a command for each, in their order.

    `refusals`: what the rules say of them. Without names: what else is to be said of the row.
    """

    names: tuple[str, ...] = ()
    commands: tuple[TakeStep | ReportValue, ...] = ()
    refusals: tuple[Refusal, ...] = ()


NOTHING = Addition()


class Series(NamedTuple):
    """What a row of values measures, and at which stage; a later one has a higher `rank`."""

    key: str
    rank: int
    stage: str


class Intake(Protocol):
    """A register, as the importer sees it. `columns`: what is read beside its fields."""

    @property
    def register(self) -> Register | RecordRegister: ...

    @property
    def columns(self) -> tuple[Field, ...]: ...

    def facts(self, row: RowReading, person_id: int) -> Facts:
        """What the permission to import is asked with. Refusal: nothing says the unit."""
        ...

    def command(self, row: RowReading) -> RegisterTicket | EnterRecord:
        """The command of a row without mistakes. Refusal: nothing says the unit or the day."""
        ...

    def ask(self, row: RowReading, world: World) -> None:
        """Refusal, Refusals: the rules would not let the row in."""
        ...

    def series(self, row: RowReading) -> Series | None:
        """Of a register of values, whose file may tell one at several stages."""
        ...

    def recorded(self, conn: Connection, viewer: Viewer, rows: Iterable[RowReading]) -> dict[str, int]:
        """External key → what a row is recorded as, seen or not: a page shows its number only to whoever may see it."""
        ...

    def additions(
        self, conn: Connection, known: Sequence[tuple[RowReading, int]], world: World
    ) -> Mapping[int, Addition]:
        """Row → what it adds to what it is recorded as; rows that add nothing may be missing."""
        ...


AT_ONCE = 1_000
State = TypeVar("State")


def in_slices(ids: Iterable[int], read: Callable[[Iterable[int]], dict[int, State]]) -> dict[int, State]:
    """All that `read` gives of these ids, asked for AT_ONCE of them together."""
    wanted = sorted(set(ids))
    slices = (wanted[start : start + AT_ONCE] for start in range(0, len(wanted), AT_ONCE))
    return {number: state for part in slices for number, state in read(part).items()}


def own_numbers(rows: Iterable[RowReading]) -> list[str]:
    """Numbers of this register that rows carry, as our own exports write them."""
    return [row.own_number for row in rows if row.own_number is not None]


def by_number(
    rows: Iterable[RowReading], standing: Mapping[str, Numbered], register: Register | RecordRegister
) -> dict[str, int]:
    """External key → what carries the row's own number, and has its unit and day: else it is another town's number."""
    found = {}
    for row in rows:
        one = standing.get(row.own_number or "")
        if one is not None and _is_same(row, one, register):
            found[row.external_key] = one.id
    return found


def _is_same(row: RowReading, one: Numbered, register: Register | RecordRegister) -> bool:
    on = row.value(register.day_field)
    return isinstance(on, date) and (row.value(register.unit_field), to_number(on)) == (one.unit_id, one.day)
