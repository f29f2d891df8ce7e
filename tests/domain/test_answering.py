"""Why a record does not count for a duty: each reason has its case, and what counts lacks nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from duty_town import WALK
from hypothesis import given
from hypothesis import strategies as st

from tracker.domain.answering import Answer, Why, answer_to, needed_of, worth_saying
from tracker.domain.duties import DutySpec, OwedBy, Period
from tracker.domain.people import Unit, UnitKind
from tracker.domain.period import OwedPeriod
from tracker.domain.record import Record
from tracker.domain.registers import Predicate

VILLAGE = Unit(3, "v", "晨光村", UnitKind.VILLAGE, None)
DUTY = DutySpec(
    id="weekly",
    label={},
    activity="walk",
    owed_by=OwedBy(("village",)),
    every=Period.WEEK,
    source={"en": "tests"},
    in_force_from=date(2023, 1, 2),
    at_least=(("minutes", 5),),
    where=(Predicate("", (("remark", "in", ("dry",)),)),),
)
WEEK = OwedPeriod(id=9, duty="weekly", unit_id=3, start=date(2023, 3, 6), end=date(2023, 3, 12))
FIELDS: dict[str, Any] = {"minutes": 30, "remark": "dry"}
HELD = Record(id=1, register="walk", unit_id=3, on=date(2023, 3, 8), fields=FIELDS)


def told(spec: DutySpec = DUTY, record: Record = HELD, unit: Unit = VILLAGE, **period: Any) -> Answer:
    return answer_to(spec, record, WALK, [replace(WEEK, **period)], unit)


def with_fields(**fields: Any) -> Record:
    return replace(HELD, fields={**FIELDS, **fields})


SUBJECTS = OwedBy(subjects="post", link="post")
REASONS = [
    (told(spec=replace(DUTY, activity="meeting")), Why.OTHER_ACTIVITY, {}),
    (told(record=replace(HELD, is_void=True)), Why.VOID, {}),
    (told(record=replace(HELD, is_complete=False)), Why.UNFINISHED, {}),
    (told(record=with_fields(nothing=True)), Why.NIL_REPORT, {}),
    (told(record=with_fields(remark="wet")), Why.OTHER_KIND, {"field": "remark", "value": "wet", "wanted": ("dry",)}),
    (told(record=with_fields(minutes=4)), Why.TOO_LITTLE, {"field": "minutes", "value": 4, "least": 5}),
    (told(record=with_fields(minutes=None)), Why.TOO_LITTLE, {"field": "minutes", "value": None, "least": 5}),
    (answer_to(replace(DUTY, owed_by=SUBJECTS), HELD, WALK, [], VILLAGE), Why.FOR_NOBODY, {"field": "post"}),
    (answer_to(DUTY, HELD, WALK, [], replace(VILLAGE, kind=UnitKind.OFFICE)), Why.OWED_BY_OTHERS, {"unit": 3}),
    (answer_to(DUTY, HELD, WALK, [], VILLAGE), Why.NOT_OWED_THEN, {"on": HELD.on}),
    (told(enter_days=1), Why.ENTERED_LATE, {"last_entry": date(2023, 3, 13)}),
    (told(counted={1: HELD.on, 2: date(2023, 3, 7)}), Why.DONE_BEFORE, {}),
]


@pytest.mark.parametrize(("answer", "why", "params"), REASONS, ids=[str(why) for _, why, _ in REASONS])
def test_each_reason_says_what_is_asked_for(answer: Answer, why: Why, params: dict[str, Any]) -> None:
    assert answer.counted == ()
    assert [(lack.why, dict(lack.params)) for lack in answer.lacks] == [(why, params)]


def test_every_reason_has_a_case() -> None:
    assert {why for _, why, _ in REASONS} == set(Why)


def test_all_that_is_lacking_is_said_at_once() -> None:
    short = told(record=with_fields(minutes=4, nothing=True))
    assert [lack.why for lack in short.lacks] == [Why.NIL_REPORT, Why.TOO_LITTLE]


def test_what_counts_names_its_period_and_whether_it_was_late() -> None:
    (in_time,) = told(counted={1: HELD.on}).counted
    (late,) = told(counted={1: WEEK.end + timedelta(days=1)}).counted
    assert (in_time.period.id, in_time.is_late, late.is_late) == (9, False, True)


def test_only_the_duty_that_was_meant_is_spoken_of() -> None:
    """registers.md §5: a patrol of the village chief is none of the town chief, and nobody wonders about that."""
    meant, other = told(record=with_fields(minutes=4)), told(record=with_fields(remark="wet", minutes=4))
    counting = told(counted={1: HELD.on})
    assert worth_saying([other, meant]) == (meant,)
    assert worth_saying([other, meant, counting]) == (counting,)
    assert worth_saying([other]) == (other,)


@given(st.dictionaries(st.integers(1, 9), st.dates(WEEK.start, WEEK.end)), st.integers(1, 3))
def test_a_period_is_whole_on_the_day_of_the_last_record_it_needed(counted: dict[int, date], needed: int) -> None:
    period = replace(WEEK, counted=counted, needed=needed)
    chosen = needed_of(period)
    assert len(chosen) == min(needed, len(counted))
    if period.made_on is not None:
        assert max(counted[record] for record in chosen) == period.made_on
