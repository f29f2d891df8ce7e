"""Who sees which rows: the one visibility predicate, as SQL, and the ways an index can reach those rows.

Lists, counts, search, exports, the log and drill-downs all ask here. A property test holds `visible` equal
to `domain.access.may`, and the union of `ways` equal to `visible`; the same of `records_visible` and `record_ways`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, TypeVar

from sqlalchemy import and_, exists, false, or_, select, true
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.elements import ColumnElement

from tracker.domain.access import RIGHTS, Reach
from tracker.domain.people import Directory, Grant, Person, Role
from tracker.models.records import RecordRow
from tracker.models.tickets import NamedPersonRow, RegisterRow, SupportRow, TicketRow

T = TicketRow
R = RecordRow
unit_beside = R.unit_id + 0
"""The unit of a record, where SQLite shall not look for it first."""
Found = TypeVar("Found")
Condition = ColumnElement[bool]

NARROW = 60
"""Up to so many units a list is merged from one index range per unit; above, the register's own range is
read and filtered, since then a good part of its rows belongs to the list anyway."""

MOST_WAYS = 120
"""Beyond it each register is read as a whole: SQLite joins at most 500 SELECTs, and a view asks for four statuses."""


@dataclass(frozen=True)
class Viewer:
    """Who asks, on which day. `register_ids`: register name → number in the tables. `ticket_registers`: those of them
    that keep tickets; None: all.

    `_known`: what was worked out for this viewer; a page asks for the same ranges and ways dozens of times.
    """

    person: Person
    directory: Directory
    register_ids: Mapping[str, int]
    on: date
    ticket_registers: Collection[str] | None = None
    _known: dict[tuple[Any, ...], Any] = field(default_factory=dict, compare=False, repr=False)

    @property
    def ticket_register_ids(self) -> tuple[int, ...]:
        """Where tickets are looked for that may lie in any register."""
        kept = self.register_ids if self.ticket_registers is None else self.ticket_registers
        return tuple(number for name, number in self.register_ids.items() if name in kept)

    def once(self, key: tuple[Any, ...], work: Callable[[], Found]) -> Found:
        """The answer of `work`, which is asked the first time only."""
        if key not in self._known:
            self._known[key] = work()
        found: Found = self._known[key]
        return found


@dataclass(frozen=True, slots=True)
class Range:
    """What one grant opens: the tickets of a register (None: all) that lie in `units` by `reach`."""

    register_id: int | None
    reach: Reach
    units: frozenset[int]
    is_everywhere: bool


@dataclass(frozen=True, slots=True)
class Entries:
    """The ways into the rows that a person may see. `is_whole`: each reads a register, or all of them, as a whole."""

    ways: tuple[Condition, ...]
    is_whole: bool


def visible(viewer: Viewer, action: str = "view") -> Condition:
    """True for each ticket row on which the person may do `action` today. The same as `access.may`."""
    return viewer.once(
        ("visible", action),
        lambda: and_(_is_open_to(viewer.person), or_(false(), *(_lies_in(r) for r in ranges(viewer, action)))),
    )


def ranges(viewer: Viewer, action: str) -> tuple[Range, ...]:
    """What the person's grants open for this action, without repetition."""
    return viewer.once(("ranges", action), lambda: _ranges(viewer, action))


def _ranges(viewer: Viewer, action: str) -> tuple[Range, ...]:
    found = {
        _range(viewer, rule.reach, grant)
        for rule in RIGHTS[action]
        for grant in viewer.person.grants_on(viewer.on)
        if grant.role in rule.roles and grant.register in (None, *viewer.register_ids)
    }
    return tuple(sorted(found, key=lambda r: (r.register_id or 0, r.reach, sorted(r.units))))


def open_registers(viewer: Viewer, action: str) -> frozenset[str]:
    """Registers in which some grant of the person allows the action."""
    opened = {r.register_id for r in ranges(viewer, action)}
    return frozenset(name for name, number in viewer.register_ids.items() if opened & {None, number})


def units_open(viewer: Viewer, action: str, register: str) -> frozenset[int] | None:
    """Units in which the person may do `action` to whatever lies there in the register; None: in all of them.

    What one may do to what one's unit owns opens no place.
    """
    number = viewer.register_ids.get(register)
    found = [r for r in ranges(viewer, action) if r.register_id in (None, number) and r.reach is not Reach.OWNER]
    if any(r.is_everywhere or r.reach is Reach.ANYWHERE for r in found):
        return None
    return frozenset[int]().union(*(r.units for r in found))


def units_of_role(viewer: Viewer, role: Role, register: str) -> frozenset[int] | None:
    """Units for which a grant makes the person this in the register; None: all. The same as `access.holds_role`."""
    grants = [g for g in viewer.person.grants_on(viewer.on) if g.role is role and g.register in (None, register)]
    units = frozenset[int]().union(*(viewer.directory.subtree(grant.unit_id) for grant in grants))
    return None if units >= viewer.directory.units.keys() else units


def _range(viewer: Viewer, reach: Reach, grant: Grant) -> Range:
    register_id = None if grant.register is None else viewer.register_ids[grant.register]
    units = viewer.directory.subtree(grant.unit_id)
    return Range(register_id, reach, units, units >= viewer.directory.units.keys())


def is_named(person_id: int, ticket: InstrumentedAttribute[int]) -> Condition:
    """True where the person is named on the ticket that this column tells: a restricted one exists for them only."""
    return exists().where(NamedPersonRow.ticket_id == ticket, NamedPersonRow.person_id == person_id)


def _is_open_to(person: Person) -> Condition:
    return or_(T.is_restricted.is_(False), is_named(person.id, T.id))


def _lies_in(r: Range) -> Condition:
    register = true() if r.register_id is None else T.register_id == r.register_id
    if r.reach is Reach.ANYWHERE:
        return register
    in_place: Condition = T.place_id.in_(r.units)
    owns: Condition = T.owner_unit_id.in_(r.units)
    if r.is_everywhere:  # every place is one of the units
        in_place, owns = true(), T.owner_unit_id.is_not(None)
    if r.reach is Reach.PLACE:
        return and_(register, in_place)
    if r.reach is Reach.OWNER:
        return and_(register, owns)
    if r.is_everywhere:
        return register
    return and_(register, or_(in_place, owns, _is_supported_by(r.units)))


def _is_supported_by(units: frozenset[int]) -> Condition:
    return exists().where(SupportRow.ticket_id == T.id, SupportRow.unit_id.in_(units))


def ways(viewer: Viewer, action: str, register_ids: tuple[int, ...] | None) -> tuple[Condition, ...]:
    """Conditions whose union is `visible` in these registers (None: in all), each the start of an index range.

    Each begins with an equality that `ix_tickets_register`, `_place` or `_owner` serves and carries what is left
    to check; who sees everything reads all registers by `ix_tickets_shelf`. Bound: MOST_WAYS, or one for each register.
    """
    return entries(viewer, action, register_ids).ways


def entries(viewer: Viewer, action: str, register_ids: tuple[int, ...] | None) -> Entries:
    """The same, with what is known of them."""
    return viewer.once(("ways", action, register_ids), lambda: _entries(viewer, action, register_ids))


def entries_of_each(viewer: Viewer, action: str, register_ids: Iterable[int]) -> list[tuple[list[int], Entries]]:
    """The same for each of some registers: those that share their ways, which are said of the row of `registers`."""
    groups: dict[tuple[Range, ...], list[int]] = {}
    for register_id in register_ids:
        opened = tuple(r for r in ranges(viewer, action) if r.register_id in (None, register_id))
        groups.setdefault(opened, []).append(register_id)
    return [
        (ids, _entries_of(viewer, action, dict.fromkeys(opened, (RegisterRow.id,)), (RegisterRow.id,)))
        for opened, ids in groups.items()
        if opened
    ]


def _entries(viewer: Viewer, action: str, register_ids: tuple[int, ...] | None) -> Entries:
    opened = ranges(viewer, action)
    if register_ids is None and any(_is_unlimited(r) for r in opened):
        return Entries((_is_open_to(viewer.person),), is_whole=True)
    wanted = viewer.ticket_register_ids if register_ids is None else register_ids
    ids = {r: wanted if r.register_id is None else tuple(i for i in wanted if i == r.register_id) for r in opened}
    return _entries_of(viewer, action, ids, wanted, is_all=register_ids is None)


def _entries_of(
    viewer: Viewer, action: str, ids: Mapping[Range, tuple[Any, ...]], wanted: tuple[Any, ...], *, is_all: bool = False
) -> Entries:
    """`ids`: of each range the registers that it opens of those that are `wanted`."""
    found: dict[str, Condition] = {}
    for r, register_ids in ids.items():
        found.update(_ways_of(r, register_ids, is_all and r.register_id is None))
    if len(found) > MOST_WAYS:
        by_register = (and_(T.register_id == register_id, visible(viewer, action)) for register_id in wanted)
        return Entries(tuple(by_register), is_whole=True)
    whole = {f"register {i}" for i in wanted}
    if whole <= found.keys():  # the registers are read as a whole anyway
        found = {name: way for name, way in found.items() if name in whole}
    is_open = _is_open_to(viewer.person)
    is_whole = whole <= found.keys() or all(_is_wide(r) for r in ids)
    return Entries(tuple(and_(way, is_open) for way in found.values()), is_whole)


def _is_wide(r: Range) -> bool:
    """Read register by register; else unit by unit."""
    return r.is_everywhere or r.reach is Reach.ANYWHERE or len(r.units) > NARROW


def _is_unlimited(r: Range) -> bool:
    return r.register_id is None and r.is_everywhere and r.reach is not Reach.OWNER


def _ways_of(r: Range, register_ids: tuple[Any, ...], is_all: bool) -> Iterator[tuple[str, Condition]]:
    if not register_ids:
        return
    if _is_wide(r):
        part = "" if r.is_everywhere and r.reach is not Reach.OWNER else f" {r.reach} {hash(r.units)}"
        for register_id in register_ids:
            yield f"register {register_id}{part}", and_(T.register_id == register_id, _lies_in(r))
        return
    for unit_id in sorted(r.units):
        if r.reach is not Reach.OWNER:
            for register_id in register_ids:
                here = and_(T.place_id == unit_id, T.register_id == register_id)
                yield f"register {register_id} place {unit_id}", here
        if r.reach is not Reach.PLACE:
            among = true() if is_all else T.register_id.in_(register_ids)
            yield f"registers {register_ids} owner {unit_id}", and_(T.owner_unit_id == unit_id, among)
    if r.reach is Reach.PLACE_OR_OWNER:
        helped = select(SupportRow.ticket_id).where(SupportRow.unit_id.in_(r.units))
        name = f"registers {register_ids} support {sorted(r.units)}"
        yield name, and_(T.id.in_(helped), T.register_id.in_(register_ids))


# -- activities, subjects, statistics: each lies in the unit under which it counts --------------------
def records_visible(viewer: Viewer, action: str = "view") -> Condition:
    """True for each row of a record on which the person may do `action` today. The same as `access.may`."""
    return viewer.once(("records", action), lambda: _records_in(viewer, action, R.unit_id))


def records_visible_beside(viewer: Viewer, action: str = "view") -> Condition:
    """The same, said so that no index is entered by the unit: where another one finds the few that are wanted."""
    return viewer.once(("records beside", action), lambda: _records_in(viewer, action, unit_beside))


def _records_in(viewer: Viewer, action: str, unit_id: Any) -> Condition:
    return or_(false(), *(_holds_record(r, unit_id) for r in ranges(viewer, action)))


def _holds_record(r: Range, unit_id: Any) -> Condition:
    """Nobody owns a record, so that what one may do to what one owns opens none."""
    register = true() if r.register_id is None else R.register_id == r.register_id
    if r.reach is Reach.OWNER:
        return false()
    if r.reach is Reach.ANYWHERE or r.is_everywhere:
        return register
    return and_(register, unit_id.in_(r.units))


def record_ways(viewer: Viewer, action: str, register_id: int) -> tuple[Condition, ...]:
    """Conditions whose union is `records_visible` in this register, each the start of a range of `ix_records_unit`,
    or of an index of the register where it is read as a whole."""
    return viewer.once(("record ways", action, register_id), lambda: _all_record_ways(viewer, action, register_id))


def _all_record_ways(viewer: Viewer, action: str, register_id: int) -> tuple[Condition, ...]:
    units = record_units(viewer, action, register_id)
    if units is None:
        return (and_(R.register_id == register_id, records_visible_beside(viewer, action)),)
    return tuple(and_(R.unit_id == unit_id, R.register_id == register_id) for unit_id in sorted(units))


def record_units(viewer: Viewer, action: str, register_id: int) -> frozenset[int] | None:
    """The units in which the person may do this, NARROW at most; None: the register is read as a whole."""
    (register,) = (name for name, number in viewer.register_ids.items() if number == register_id)
    units = units_open(viewer, action, register)
    return units if units is not None and len(units) <= NARROW else None
