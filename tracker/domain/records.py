"""What a register of activities, subjects or statistics is: the records that are not promises but facts.

An activity happened on a day and may give rise to tickets; a subject is a thing or household with a state over time;
a statistic is a reported value of a place and a period. Types only: one record's life is in `record.py`.
Source: design.md "Five kinds of record"; registers.md §4, §5, §7.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

from tracker.domain.proofs import NO_PROOF, Proof
from tracker.domain.registers import Choice, Field, HasFields, Label, Predicate

SELF = "self"
"""Among the groups of a register: each record is a group of its own (the members among whom the least is sought)."""


class RecordKind(StrEnum):
    ACTIVITY = "activity"
    SUBJECT = "subject"
    STATISTIC = "statistic"


@dataclass(frozen=True, slots=True)
class State:
    """A state that a subject may be in. `follows`: the states it may come from, any when empty.

    `needs`: fields that must be filled before, `proof`: files that must be there. `is_end`: the subject is no longer
    one of the living (`live`).
    """

    name: str
    label: Label
    is_end: bool = False
    follows: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    proof: Proof = NO_PROOF


@dataclass(frozen=True, slots=True)
class Opening:
    """A subject that comes into one of `states` opens a record of another register, and names it in its field `link`.

    `copies`: field there → field here, `says`: further fields there; its day is that of the state. `same`: fields there
    by which one that is there already is known, so that none is opened twice; the summary and the unit are among them.
    """

    register: str
    states: tuple[str, ...]
    link: str
    copies: Mapping[str, str]
    says: Mapping[str, str]
    same: tuple[str, ...] = ()


@dataclass(frozen=True)
class RecordRegister(HasFields):
    """A register of records. Immutable; `version` is the pack version that records keep.

    `day_field`: the field with the record's day, from which it counts; `unit_field`: the unit it counts under, which
    also decides who may see it. A statistic has `key_fields` (what is measured, where and when),
    `value_field` and `stage_field`, whose choices ascend: the highest stage reported by a day stands. `wholes`: a key
    field → its choice that contains the others (the whole year).
    """

    name: str
    label: Label
    kind: RecordKind
    prefix: str
    ascii_prefix: str
    version: str
    fields: tuple[Field, ...]
    measure: Label
    day_field: str
    unit_field: str
    summary_field: str
    quantities: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    gives: tuple[str, ...] = ()
    states: tuple[State, ...] = ()
    nil_field: str | None = None
    checklist: str | None = None
    key_fields: tuple[str, ...] = ()
    value_field: str | None = None
    stage_field: str | None = None
    wholes: Mapping[str, str] = field(default_factory=dict)
    usual_texts: tuple[Label, ...] = ()
    proof: Proof = NO_PROOF  # what it must bring when it is entered
    opens: Opening | None = None
    is_withdrawn: bool = False  # as in Register
    predicates: tuple[Predicate, ...] = ()  # compiled from the figures, in a fixed order

    @property
    def recorded_later(self) -> frozenset[str]:
        """As in Register: all that a record says is known from its first entry."""
        return frozenset()

    @cached_property
    def state_by_name(self) -> Mapping[str, State]:
        return {s.name: s for s in self.states}

    def is_over(self, state: str | None) -> bool:
        """Whether a subject in this state is no longer one of the living."""
        known = self.state_by_name.get(state or "")
        return known is not None and known.is_end

    @cached_property
    def stages(self) -> tuple[Choice, ...]:
        """The stages of a statistic, the lowest first."""
        return self.by_name[self.stage_field].choices if self.stage_field else ()
