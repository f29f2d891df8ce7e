"""A pack: registers, units, duties and figures of one kind of office, loaded and checked (`tracker/packs`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

from tracker.domain.checklists import Checklist
from tracker.domain.duties import DutySpec
from tracker.domain.figures import FigureSpec, ReportSpec
from tracker.domain.layouts import Layout
from tracker.domain.records import RecordRegister
from tracker.domain.registers import DUTY_PREFIX, Field, Label, Predicate, Register


class Counted(Protocol):
    """What figures ask of: a register of tickets or of other records, or a duty."""

    @property
    def name(self) -> str: ...

    @property
    def predicates(self) -> tuple[Predicate, ...]: ...


@dataclass(frozen=True)
class UnitSeed:
    """A unit as a pack proposes it; the unit itself is a fact in the log."""

    code: str
    name: str
    kind: str  # a UnitKind
    parent_code: str | None
    synonyms: tuple[str, ...] = ()
    label: Label = field(default_factory=dict)


@dataclass(frozen=True)
class Pack:
    """A folder of YAML, loaded and checked.

    `columns`: register → fields such as owner_unit, due_on, closed_on, with the headings that workbooks use.
    `layouts`: lists of other systems.
    """

    name: str
    version: str
    label: Label
    registers: tuple[Register, ...]
    units: tuple[UnitSeed, ...]
    figures: tuple[FigureSpec, ...]
    reports: tuple[ReportSpec, ...]
    columns: Mapping[str, tuple[Field, ...]] = field(default_factory=dict)
    layouts: tuple[Layout, ...] = ()
    # Registers of records that are not tickets, what is owed, and what is asked on the spot.
    records: tuple[RecordRegister, ...] = ()
    duties: tuple[DutySpec, ...] = ()
    checklists: tuple[Checklist, ...] = ()

    @cached_property
    def register_by_name(self) -> Mapping[str, Register]:
        return {r.name: r for r in self.registers}

    @cached_property
    def record_by_name(self) -> Mapping[str, RecordRegister]:
        return {r.name: r for r in self.records}

    def counted(self, name: str) -> Counted:
        """What a term of a figure names. LookupError: the pack has no such register or duty."""
        found: Counted | None = self.register_by_name.get(name) or self.record_by_name.get(name)
        if found is None and name.startswith(DUTY_PREFIX):
            found = self.duty_by_id.get(name.removeprefix(DUTY_PREFIX))
        if found is None:
            raise LookupError(f"no register {name} in pack {self.name}")
        return found

    @cached_property
    def register_names(self) -> frozenset[str]:
        """Of tickets and of other records: all that have a number in the database."""
        return frozenset(self.register_by_name) | frozenset(self.record_by_name)

    @cached_property
    def duty_by_id(self) -> Mapping[str, DutySpec]:
        return {d.id: d for d in self.duties}

    @cached_property
    def checklist_by_name(self) -> Mapping[str, Checklist]:
        return {c.name: c for c in self.checklists}

    @cached_property
    def figure_by_id(self) -> Mapping[str, FigureSpec]:
        return {f.id: f for f in self.figures}
