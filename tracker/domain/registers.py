"""What a register (台账) is: fields, choices, outcomes, milestones, clocks, lifecycle options, headings.

These are the types that `tracker/packs/loader.py` fills from YAML. No rule of a particular
register stands here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from tracker.domain.following import SubjectStates
    from tracker.domain.succession import Succession

from tracker.domain.kinds import Part

DUTY_PREFIX = "duty:"
"""Before the id of a duty, where figures and the ledger name it beside registers."""

Label = Mapping[str, str]
"""A text per language (BCP 47). The pack's schema says which every label has; more may be there."""


def text_in(label: Label, language: str) -> str:
    """The label in this language, else in a wider one (`zh-Hant-HK`: `zh-Hant`), else in English, else in any."""
    if text := label.get(language):
        return text
    parts = language.split("-")
    wider = ("-".join(parts[:count]) for count in range(len(parts) - 1, 0, -1))
    return next(filter(None, map(label.get, (*wider, "en", *label))), "")


def as_label(text: str | Label) -> Label:
    """A label as it is. A plain text, as an office writes its own, says the same in every language."""
    return {"und": text} if isinstance(text, str) else text


class FieldType(StrEnum):
    """Field vocabulary as in XLSForm, plus `unit`, `person` and `record`."""

    TEXT = "text"
    INTEGER = "integer"
    DECIMAL = "decimal"  # kept as a string of digits in events: the canonical form has no floats
    DATE = "date"
    TIME = "time"  # of the day, as HH:MM
    SELECT_ONE = "select_one"
    SELECT_MULTIPLE = "select_multiple"
    YES_NO = "yes_no"
    UNIT = "unit"
    PERSON = "person"
    GEOPOINT = "geopoint"
    RECORD = "record"  # a link to one record or ticket of another register, kept as its id


NUMBER_TYPES = frozenset({FieldType.INTEGER, FieldType.DECIMAL})
"""What can be added up and compared."""

ID_NUMBER = "id_number"
"""A pattern that is a check in Python, since its last character is computed (`domain.values`)."""
PHONE = "phone"
NAMED_PATTERNS: Mapping[str, str | None] = {
    ID_NUMBER: None,
    # A mobile number, a landline with or without area code, a short number.
    PHONE: r"(\+?86[- ]?)?1[3-9][0-9]{9}|(0[0-9]{2,3}[- ]?)?[0-9]{7,8}(-[0-9]{1,5})?|[0-9]{5,6}",
}
"""What a register may name instead of a regular expression, and the expression that it stands for."""


class Privacy(StrEnum):
    """How a value is kept. Source: registers.md §1 (flags P and S)."""

    OPEN = "open"
    PERSONAL = "personal"  # in the vault, masked, never in the log in clear
    SENSITIVE = "sensitive"  # personal, and in no file that leaves


@dataclass(frozen=True, slots=True)
class Choice:
    name: str
    label: Label
    is_retired: bool = False
    synonyms: tuple[str, ...] = ()


@dataclass(frozen=True)
class Field:
    """One field of a register. `headings` are the literal column words an importer accepts."""

    name: str
    type: FieldType
    label: Label
    hint: Label | None = None
    is_required: bool = False
    required_unless: str | None = None  # name of a yes/no field that lifts the duty (anonymous)
    is_listed: bool = False
    privacy: Privacy = Privacy.OPEN
    choices: tuple[Choice, ...] = ()
    headings: tuple[str, ...] = ()
    minimum: int | None = None
    maximum: int | None = None
    min_length: int = 0
    max_length: int = 500
    pattern: str | None = None  # one of NAMED_PATTERNS, or a regular expression
    is_unique: bool = False  # an external number: no second live ticket of the register may carry it
    register: str | None = None  # of a record field: the register that it points into
    imported: str | None = None  # the choice of a row from a file that does not say another
    contains: str | None = None  # a select_one field whose choice counts as one of this field's: the main theme
    not_before: tuple[str, int] | None = None  # a date field, and so many days after it at the earliest
    settles: tuple[str, ...] = ()  # of a record field: other fields of this register that the linked record says

    @cached_property
    def choice_names(self) -> frozenset[str]:
        return frozenset(c.name for c in self.choices)

    @cached_property
    def has_retired(self) -> bool:
        """Whether there are choices that records still carry and nobody chooses any more."""
        return any(c.is_retired for c in self.choices)

    @cached_property
    def is_private(self) -> bool:
        return self.privacy is not Privacy.OPEN

    @cached_property
    def compiled_pattern(self) -> re.Pattern[str] | None:
        expression = NAMED_PATTERNS.get(self.pattern, self.pattern) if self.pattern else None
        return re.compile(expression) if expression else None


@dataclass(frozen=True, slots=True)
class Outcome:
    """A way to close (销号结论). Source: registers.md §1 "Closing outcomes".

    `leaves_denominator`: the ticket stops being countable from the closing day on (not_established).
    `needs`: milestones that must be reached first (house: people_safe and building_disposed).
    """

    name: str
    label: Label
    leaves_denominator: bool = False
    needs: tuple[str, ...] = ()
    successor: Succession | None = None  # what a ticket that was closed so goes on as


@dataclass(frozen=True, slots=True)
class Milestone:
    """A dated fact of a ticket beside its steps: received, notified, people_safe …

    `field`: the register field whose date it is, when the form or an import gives it. `after`: milestones that must
    not be later than this one. `values`: names of fields recorded together with it (evaluation with its level).
    `is_start`: recorded at registration (received).
    `follows_step`: a step that records it on its own day (accept → accepted).
    """

    name: str
    label: Label
    field: str | None = None
    after: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    is_start: bool = False
    follows_step: str | None = None


class DayBasis(StrEnum):
    NATURAL = "natural"
    WORKING = "working"


@dataclass(frozen=True, slots=True)
class ExtensionRule:
    """At most `count` extensions of at most `days` each; asked on or before the due day if `before_due`."""

    count: int
    days: int
    before_due: bool = True


@dataclass(frozen=True, slots=True)
class Limit:
    """One dated row of deadlines.yaml: how long a clock may run for the tickets that match `when`.

    `when`: field values that must match (empty: all tickets). The most specific row in force wins.
    `not_after_year_end`: the due day is never later than 31 December of the start's year.
    `roll_forward`: a due day on a rest day moves to the next working day (民法典 art. 203 by analogy).
    `rule_id` and `source`: the law and article, or the local notice.
    """

    rule_id: str
    clock: str
    amount: int
    basis: DayBasis
    in_force_from: date
    in_force_to: date | None
    when: Mapping[str, tuple[str, ...]]
    source: Label
    extension: ExtensionRule | None = None
    not_after_year_end: bool = False
    roll_forward: bool = False


@dataclass(frozen=True, slots=True)
class Clock:
    """From a start to a stop, each a step (`assigned`) or a milestone (`received`).

    `is_main`: the ticket's own due day (整改时限): its stop is the submission that passed.
    `waived_by`: yes/no fields that lift the clock (name or address unclear).
    """

    name: str
    label: Label
    start: str
    stop: str
    limits: tuple[Limit, ...]
    is_main: bool = False
    waived_by: tuple[str, ...] = ()


class Predicate:
    """A test of a ticket's facts that some figure uses; bit i of a mark's segment is predicate i. `facts` maps field
    names (and `outcome`, `found_on`, `found_year`, `restricted`) to plain values."""

    __slots__ = ("_tests", "name")

    def __init__(self, name: str, tests: tuple[tuple[str, str, tuple[str, ...]], ...]) -> None:
        for _, operator, _values in tests:
            if operator not in {"in", "not_in", "before", "from"}:
                raise ValueError(f"unknown operator {operator}")
        self.name = name
        self._tests = tests

    @property
    def tests(self) -> tuple[tuple[str, str, tuple[str, ...]], ...]:
        """(field, operator, values): `in`, `not_in`, `before` (< ISO day), `from` (>= ISO day)."""
        return self._tests

    @property
    def fields(self) -> frozenset[str]:
        return frozenset(f for f, _, _ in self._tests)

    def holds(self, facts: Mapping[str, Any]) -> bool:
        return all(_holds(facts.get(name), operator, values) for name, operator, values in self._tests)

    def __repr__(self) -> str:
        return f"Predicate({self.name!r}, {self._tests!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Predicate) and other._tests == self._tests

    def __hash__(self) -> int:
        return hash(self._tests)


def _holds(value: Any, operator: str, values: tuple[str, ...]) -> bool:
    if operator == "in":
        if isinstance(value, (list, tuple)):
            return any(str(v) in values for v in value)
        return _plain(value) in values
    if operator == "not_in":
        if isinstance(value, (list, tuple)):
            return not any(str(v) in values for v in value)
        return _plain(value) not in values
    if value is None:
        return False
    return str(value) < values[0] if operator == "before" else str(value) >= values[0]


def _plain(value: Any) -> str:
    if value is True:
        return "yes"
    if value is False:
        return "no"
    return "" if value is None else str(value)


FAR_METRES = 1000
"""So far from where it should be a picture is noticed, where a register does not say another: a village is two or three
kilometres wide, and a point picked on a Chinese map (GCJ-02) lies up to 600 m beside that of a receiver (WGS 84)."""


@dataclass(frozen=True, slots=True)
class EvidenceRule:
    """What a submission must bring. Source: registers.md, "Evidence" of each register.

    `taken`: what each picture before and after must say of itself, or whoever sends it.
    """

    photos_before: int = 0
    photos_after: int = 1
    documents: int = 0
    note_required: bool = False
    taken: frozenset[Part] = frozenset()
    far_metres: int = FAR_METRES


@dataclass(frozen=True, slots=True)
class Separation:
    """Who may not verify besides the doer (who never may). Source: design.md "Lifecycle"."""

    by_unit: bool = False  # nobody of the owner unit may verify
    by_issuer: bool = False  # the issuer may not verify


class HasFields:
    """A register of any kind, as far as its fields go. `quantities`: those that figures add up; `groups`: those that
    link to a record by which figures may be grouped."""

    fields: tuple[Field, ...]
    quantities: tuple[str, ...]
    groups: tuple[str, ...]

    @cached_property
    def by_name(self) -> Mapping[str, Field]:
        return {f.name: f for f in self.fields}

    @cached_property
    def links(self) -> tuple[Field, ...]:
        """Fields that name another record."""
        return tuple(f for f in self.fields if f.type is FieldType.RECORD)

    @cached_property
    def private_fields(self) -> frozenset[str]:
        return frozenset(f.name for f in self.fields if f.is_private)


@dataclass(frozen=True)
class Register(HasFields):
    """A register of tickets. Immutable; `version` is the pack version that records keep."""

    name: str
    label: Label
    prefix: str  # 厕
    version: str
    fields: tuple[Field, ...]
    steps: frozenset[str]  # optional steps switched on: accept, publicise, approve, pause, …
    outcomes: tuple[Outcome, ...]
    milestones: tuple[Milestone, ...] = ()
    clocks: tuple[Clock, ...] = ()
    evidence: EvidenceRule = EvidenceRule()
    separation: Separation = Separation()
    measure: Label = field(default_factory=dict)  # the counting word: 户 / 处 / 件
    usual_measures: tuple[Label, ...] = ()  # offered on forms
    usual_texts: tuple[Label, ...] = ()
    summary_field: str = "problem"  # the text a list shows
    pause_reasons: tuple[Choice, ...] = ()
    predicates: tuple[Predicate, ...] = ()  # compiled from the figures, in a fixed order
    is_withdrawn: bool = False  # no more entries; what is there goes on and stays readable
    ascii_prefix: str = ""  # HCWT: beside the number in file names and text messages
    quantities: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    converts: Succession | None = None  # what an open ticket may be turned into
    subject_states: SubjectStates | None = None  # how the state of what its tickets name follows them
    day_field: ClassVar[str] = "found_on"  # from which a ticket counts
    unit_field: ClassVar[str] = "place"  # under which it counts

    @cached_property
    def outcome_by_name(self) -> Mapping[str, Outcome]:
        return {o.name: o for o in self.outcomes}

    @cached_property
    def recorded_later(self) -> frozenset[str]:
        """Fields that milestones record, each with its own day; only those of the start are known at registration."""
        later = ((m.field if not m.is_start else None, *m.values) for m in self.milestones)
        return frozenset(name for names in later for name in names if name)

    @cached_property
    def milestone_by_name(self) -> Mapping[str, Milestone]:
        return {m.name: m for m in self.milestones}

    @cached_property
    def unique_field(self) -> Field | None:
        """The field that holds the number of another system, where there is one."""
        return next((f for f in self.fields if f.is_unique), None)

    @cached_property
    def work_milestones(self) -> frozenset[str]:
        """Milestones whose recording is work: the end of the main clock, and whatever any outcome rests on."""
        needed = {m for outcome in self.outcomes for m in outcome.needs}
        if self.main_clock is not None:
            needed.add(self.main_clock.stop)
        return frozenset(m.name for m in self.milestones if m.name in needed and not m.is_start)

    @cached_property
    def main_clock(self) -> Clock | None:
        return next((c for c in self.clocks if c.is_main), None)

    @cached_property
    def milestone_clocks(self) -> tuple[Clock, ...]:
        """Clocks between two milestones: they have accounts of their own (`<clock>.in_time` …)."""
        names = self.milestone_by_name
        return tuple(c for c in self.clocks if c.start in names and c.stop in names)

    @cached_property
    def side_clocks(self) -> tuple[Clock, ...]:
        return tuple(c for c in self.clocks if not c.is_main)
