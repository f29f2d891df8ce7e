"""Units, people and grants: who exists, where they sit in the tree, and what they may be.

All of it is folded from events, so an auditor can ask who might do what on any day.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import cached_property

SYSTEM = 0
"""The actor of set-up, of the demonstration and of the clockwork; no person has this id."""


class Role(StrEnum):
    """Source: design.md "Units, people, roles"."""

    STAFF = "staff"
    LEAD_OFFICIAL = "lead_official"
    SUPERVISOR = "supervisor"
    VERIFIER = "verifier"
    APPROVER = "approver"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"


class UnitKind(StrEnum):
    """What a unit is; villages are the places of every breakdown."""

    VILLAGE = "village"
    OFFICE = "office"
    TOWN = "town"
    COUNTY = "county"
    COUNTY_BUREAU = "county_bureau"
    SCHOOL = "school"
    GRID = "grid"


class AccountChange(StrEnum):
    """What is done to an account by somebody else than its owner; the value is the kind of its event."""

    OPENED = "account_opened"
    RESET = "account_reset"
    DISABLED = "account_disabled"
    ENABLED = "account_enabled"


@dataclass(frozen=True, slots=True)
class Unit:
    """An organisation in the tree. `kind`: a UnitKind."""

    id: int
    code: str
    name: str
    kind: str
    parent_id: int | None
    synonyms: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    is_closed: bool = False

    def label(self, language: str) -> str:
        return self.labels.get(language) or self.name


@dataclass(frozen=True, slots=True)
class Grant:
    """A person may act as `role` for the subtree of `unit_id`, in one register or in all."""

    id: int
    role: Role
    unit_id: int
    register: str | None
    starts_on: date
    ends_on: date | None = None

    def is_in_force(self, on: date) -> bool:
        return self.starts_on <= on and (self.ends_on is None or on < self.ends_on)


@dataclass(frozen=True, slots=True)
class Person:
    """A person named by post (晨光村网格员), who belongs to a unit."""

    id: int
    name: str
    unit_id: int
    grants: tuple[Grant, ...] = ()
    has_left: bool = False

    def grants_on(self, day: date) -> tuple[Grant, ...]:
        return () if self.has_left else tuple(g for g in self.grants if g.is_in_force(day))

    def has_role(self, role: Role, on: date) -> bool:
        return any(g.role is role for g in self.grants_on(on))


@dataclass(frozen=True)
class Directory:
    """Everybody and every unit at one log position. Read-only; rebuilt when a directory event comes."""

    units: Mapping[int, Unit]
    people: Mapping[int, Person]
    position: int = 0

    @cached_property
    def _paths(self) -> Mapping[int, frozenset[int]]:
        return {uid: frozenset(self._ancestors(uid)) for uid in self.units}

    def _ancestors(self, unit_id: int) -> Iterable[int]:
        seen: set[int] = set()
        current: int | None = unit_id
        while current is not None and current not in seen:
            seen.add(current)
            yield current
            unit = self.units.get(current)
            current = unit.parent_id if unit else None

    def is_within(self, unit_id: int | None, ancestor_id: int) -> bool:
        """Whether the unit is the ancestor or lies below it."""
        return unit_id is not None and ancestor_id in self._paths.get(unit_id, frozenset())

    def subtree(self, ancestor_id: int) -> frozenset[int]:
        return frozenset(uid for uid, path in self._paths.items() if ancestor_id in path)

    @cached_property
    def top(self) -> Unit | None:
        """The unit that the log is for: the one above all others, or the only town of a county; None where none is.

        Bureaux that only look in from outside have nobody below them.
        """
        roots = [u for u in self.units.values() if u.parent_id is None]
        parent_ids = {u.parent_id for u in self.units.values()}
        upper = [u for u in roots if u.id in parent_ids] or roots
        if len(upper) != 1:
            return None
        towns = [u for u in self.units.values() if u.kind == UnitKind.TOWN and u.parent_id == upper[0].id]
        return towns[0] if upper[0].kind == UnitKind.COUNTY and len(towns) == 1 else upper[0]

    @cached_property
    def places(self) -> tuple[Unit, ...]:
        """Villages and communities, in the order of their codes: the rows of every breakdown."""
        return tuple(sorted((u for u in self.units.values() if u.kind == UnitKind.VILLAGE), key=lambda u: u.code))

    def unit_by_code(self, code: str) -> Unit | None:
        return next((u for u in self.units.values() if u.code == code), None)
