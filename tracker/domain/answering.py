"""Whether a record is an answer to a duty, and in one place why not: the clockwork counts by it, pages say it.

Reasons are codes with parameters; their sentences stand in `tracker/duty_words.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any

from tracker.domain.duties import DutySpec
from tracker.domain.people import Unit
from tracker.domain.period import OwedPeriod
from tracker.domain.quantities import quantity_of, scale_of
from tracker.domain.record import Record
from tracker.domain.record_ledger import facts_of
from tracker.domain.records import RecordRegister


class Why(StrEnum):
    """Why a record does not count for a duty."""

    OTHER_ACTIVITY = "other_activity"
    VOID = "void"
    UNFINISHED = "unfinished"  # its checklist was left
    NIL_REPORT = "nil_report"  # the duty asks for more than that nothing was found
    OTHER_KIND = "other_kind"  # field, value, wanted: of another level, another theme
    TOO_LITTLE = "too_little"  # field, value, least
    FOR_NOBODY = "for_nobody"  # field: it does not say for whom
    OWED_BY_OTHERS = "owed_by_others"  # unit: that one does not owe the duty
    NOT_OWED_THEN = "not_owed_then"  # on: no period of it was open for them
    ENTERED_LATE = "entered_late"  # last_entry
    DONE_BEFORE = "done_before"  # others were enough


@dataclass(frozen=True, slots=True)
class Lack:
    """A reason. Of `params`, `field` is the name of a field of the activity."""

    why: Why
    params: Mapping[str, Any] = field(default_factory=dict)


def shortfalls(spec: DutySpec, record: Record, register: RecordRegister) -> tuple[Lack, ...]:
    """What the record lacks to be of the kind that the duty asks for, whoever owes it and whenever it was held."""
    return tuple(_lacking(spec, record, register))


def _lacking(spec: DutySpec, record: Record, register: RecordRegister) -> Iterator[Lack]:
    if record.register != spec.activity:
        yield Lack(Why.OTHER_ACTIVITY)
        return
    if record.is_void:
        yield Lack(Why.VOID)
    if not record.is_complete:
        yield Lack(Why.UNFINISHED)
    if register.nil_field and record.fields.get(register.nil_field) and not spec.has_nil_reports:
        yield Lack(Why.NIL_REPORT)
    yield from _other_kind(spec, record)
    for name, least in spec.at_least:
        known, value = register.by_name[name], record.fields.get(name)
        if quantity_of(known, value) < least * scale_of(known):
            yield Lack(Why.TOO_LITTLE, {"field": name, "value": value, "least": least})


def _other_kind(spec: DutySpec, record: Record) -> Iterator[Lack]:
    facts = facts_of(record)
    for predicate in spec.where:
        if not predicate.holds(facts):
            for name, _, wanted in predicate.tests:
                yield Lack(Why.OTHER_KIND, {"field": name, "value": facts.get(name), "wanted": wanted})


# -- a record and the periods of one duty -------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Counted:
    """The period and the day on which the record counts for it: later than its end, it made it good late."""

    period: OwedPeriod
    on: date

    @property
    def is_late(self) -> bool:
        return self.on > self.period.end


@dataclass(frozen=True, slots=True)
class Answer:
    """What a record is to a duty: it counts for periods, or else lacks something."""

    spec: DutySpec
    counted: tuple[Counted, ...]
    lacks: tuple[Lack, ...]

    @property
    def is_of_its_kind(self) -> bool:
        """Whether it was meant for this duty at all: a patrol of the village chief is none of the town chief."""
        return not any(lack.why in (Why.OTHER_KIND, Why.OTHER_ACTIVITY) for lack in self.lacks)


def answer_to(
    spec: DutySpec, record: Record, register: RecordRegister, periods: Sequence[OwedPeriod], unit: Unit
) -> Answer:
    """`periods`: those of whoever the record is for in which something held on its day may count. `unit`: its unit.

    A record beyond what was needed counts for nothing more: of those of one day the first that was entered did it.
    """
    counted = [period for period in periods if record.id in period.counted]
    found = tuple(Counted(p, p.counted[record.id]) for p in counted if record.id in needed_of(p))
    if found:
        return Answer(spec, found, ())
    lacks = shortfalls(spec, record, register)
    if not lacks:
        lacks = (Lack(Why.DONE_BEFORE) if counted else _none_for(spec, record, periods, unit),)
    return Answer(spec, (), lacks)


def _none_for(spec: DutySpec, record: Record, periods: Sequence[OwedPeriod], unit: Unit) -> Lack:
    """Why a record of the right kind counts for no period."""
    if periods:
        return Lack(Why.ENTERED_LATE, {"last_entry": max(period.last_entry for period in periods)})
    link = spec.owed_by.link
    if link and record.fields.get(link) is None:
        return Lack(Why.FOR_NOBODY, {"field": link})
    if not link and not spec.owed_by.has(unit):
        return Lack(Why.OWED_BY_OTHERS, {"unit": unit.id})
    return Lack(Why.NOT_OWED_THEN, {"on": record.on})


def needed_of(period: OwedPeriod) -> frozenset[int]:
    """The records that make the period whole, or go towards it."""
    ordered = sorted(period.counted.items(), key=lambda one: (one[1], one[0]))
    return frozenset(record for record, _ in ordered[: period.needed])


def worth_saying(answers: Iterable[Answer]) -> tuple[Answer, ...]:
    """Where the record counts; else what the duties of its kind want of it; else what all of them want."""
    every = tuple(answers)
    counting = tuple(answer for answer in every if answer.counted)
    return counting or tuple(answer for answer in every if answer.is_of_its_kind) or every
