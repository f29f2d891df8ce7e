"""What records leave in the ledger, held against a plain reading of their events that shares no code with it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from records import HARVEST, MEETING, MEMBER

from tracker.domain.days import from_number, to_number
from tracker.domain.events import Event, StreamKind
from tracker.domain.record import fold
from tracker.domain.record_ledger import record_marks
from tracker.domain.records import RecordRegister

START = date(2023, 1, 1)
DAYS = st.integers(0, 60).map(lambda n: START + timedelta(days=n))


def event(position: int, kind: str, occurred: date, **data: Any) -> Event:
    at = datetime(2023, 6, 1, tzinfo=UTC) + timedelta(minutes=position)
    return Event(position, StreamKind.RECORD, 1, position, kind, occurred, at, 7, data)


def recorded(register: RecordRegister, on: date, fields: dict[str, Any], **more: Any) -> Event:
    head = {"register": register.name, "number": "会-2023-0001", "pack": "1", "unit": 3}
    return event(1, "recorded", on, **head, fields=fields, **more)


def counted(events: list[Event], register: RecordRegister, account: str, day: date) -> dict[int, int]:
    """What the ledger says is in force under an account on a day, by unit."""
    record = fold(events)
    assert record is not None
    number = to_number(day)
    found: dict[int, int] = {}
    for mark in record_marks(record, register):
        if mark.account == account and mark.ef <= number < mark.et:
            found[mark.unit] = found.get(mark.unit, 0) + mark.quantity
    return found


# -- subjects -----------------------------------------------------------------------------------------
@st.composite
def subject_lives(draw: st.DrawFn) -> list[Event]:
    """Opened, then states in ascending days, corrections of persons and unit in between, sometimes a void at last."""
    day = draw(DAYS)
    fields = {"opened_on": day.isoformat(), "place": 3, "persons": draw(st.integers(0, 9))}
    events = [recorded(MEMBER, day, fields, state="clue")]
    for _ in range(draw(st.integers(0, 6))):
        position = len(events) + 1
        if draw(st.booleans()):
            day += timedelta(days=draw(st.integers(0, 9)))
            state = draw(st.sampled_from(["clue", "enrolled", "cleared"]))
            events.append(event(position, "state_changed", day, state=state))
        else:
            changes: dict[str, Any] = {"persons": draw(st.one_of(st.none(), st.integers(0, 9)))}
            more: dict[str, Any] = {}
            if draw(st.booleans()):
                more["unit"] = changes["place"] = draw(st.sampled_from([3, 4]))
            events.append(event(position, "amended", day, changes=changes, reason="更正", **more))
    if draw(st.integers(0, 9)) == 0:
        events.append(event(len(events) + 1, "voided", day, reason="重复"))
    return events


def naive_subject(events: list[Event], day: date) -> dict[str, dict[int, int]]:
    """Read the events one by one: what stands on the day, as known with all of them."""
    unit, persons = 3, 0
    states: list[tuple[date, str]] = []
    for e in events:
        if e.kind == "voided":
            return {}
        if e.kind == "recorded":
            persons = e.data["fields"]["persons"]
            states.append((e.occurred_on, e.data["state"]))
        elif e.kind == "amended":
            persons = e.data["changes"]["persons"] or 0
            unit = e.data.get("unit", unit)
        else:
            states.append((e.occurred_on, e.data["state"]))
    begun = [state for on, state in states if on <= day]
    out: dict[str, dict[int, int]] = {}
    if begun:
        now = begun[-1]
        out[f"state.{now}"] = {unit: 1}
        out[f"state.{now}.sum.persons"] = {unit: persons} if persons else {}
        out["live"] = {unit: 1} if now != "cleared" else {}
        out["live.by.self"] = {1: 1} if now != "cleared" else {}
    for state in ("clue", "enrolled", "cleared"):
        out[f"ever.{state}"] = {unit: 1} if state in begun else {}
        out[f"entered.{state}"] = {unit: begun.count(state)} if state in begun else {}
    return out


@given(subject_lives(), st.data())
def test_a_subject_counts_as_a_plain_reading_of_its_events_says_on_every_day_that_matters(events, data) -> None:
    known = events[: data.draw(st.integers(1, len(events)), label="known")]
    edges = {e.occurred_on + timedelta(days=n) for e in known for n in (-1, 0, 1)}
    for day in sorted(edges):
        expected = naive_subject(known, day)
        accounts = {f"{k}.{s}" for k in ("state", "ever", "entered") for s in ("clue", "enrolled", "cleared")}
        for account in accounts | {"live", "live.by.self"} | {f"state.{s}.sum.persons" for s in ("clue", "enrolled")}:
            assert counted(known, MEMBER, account, day) == expected.get(account, {}), (account, day)


# -- activities ---------------------------------------------------------------------------------------
@given(DAYS, st.integers(0, 500), st.booleans(), st.booleans(), st.booleans())
def test_an_activity_counts_from_its_day_with_its_quantities_until_it_is_voided(
    on: date, leaflets: int, nil: bool, is_complete: bool, is_void: bool
) -> None:
    fields = {"held_on": on.isoformat(), "place": 3, "leaflets": leaflets, "nothing_found": nil, "member": 77}
    events = [recorded(MEETING, on, fields, complete=is_complete)]
    if is_void:
        events.append(event(2, "voided", on, reason="误登"))
    counts = is_complete and not is_void
    for day, has_come in ((on - timedelta(days=1), False), (on, True), (on + timedelta(days=400), True)):
        here = {3: 1} if counts and has_come else {}
        assert counted(events, MEETING, "held", day) == here
        assert counted(events, MEETING, "nil", day) == (here if nil else {})
        assert counted(events, MEETING, "sum.leaflets", day) == ({3: leaflets} if here and leaflets else {})
        assert counted(events, MEETING, "by.member", day) == ({77: 1} if here else {})
        assert counted(events, MEETING, "voided", day) == ({3: 1} if is_void and has_come else {})


# -- statistics ---------------------------------------------------------------------------------------
STAGES = ("estimate", "reported", "final")


@st.composite
def reports(draw: st.DrawFn) -> list[Event]:
    """Stages in ascending order on any days, with corrections of the latest one in between."""
    events: list[Event] = []
    for stage in draw(st.lists(st.sampled_from(STAGES), min_size=1, max_size=3, unique=True).map(sorted)):
        on, value = draw(DAYS), str(draw(st.integers(0, 9999)))
        fields = {"place": 3, "year": 2023, "value": value, "stage": stage, "reported_on": on.isoformat()}
        if not events:
            events.append(recorded(HARVEST, on, fields, stage=stage, key="3|2023"))
        else:
            events.append(event(len(events) + 1, "reported", on, stage=stage, fields=fields))
        if draw(st.booleans()):
            changes = {"value": str(draw(st.integers(0, 9999)))}
            moved = {"on": draw(DAYS).isoformat()} if draw(st.booleans()) else {}
            events.append(event(len(events) + 1, "amended", on, changes=changes, stage=stage, reason="错位", **moved))
    return events


@given(reports(), st.data())
def test_of_a_statistic_the_highest_stage_reported_by_the_day_stands_as_corrected(events, data) -> None:
    known = events[: data.draw(st.integers(1, len(events)), label="known")]
    values: dict[str, tuple[date, int]] = {}
    for e in known:
        stage = e.data["stage"]
        if e.kind == "amended":
            on = date.fromisoformat(e.data["on"]) if "on" in e.data else values[stage][0]
            values[stage] = (on, int(e.data["changes"]["value"]))
        else:
            values[stage] = (e.occurred_on, int(e.data["fields"]["value"]))
    for day in {from_number(to_number(on) + n) for on, _ in values.values() for n in (-1, 0, 1)}:
        there = [stage for stage in STAGES if stage in values and values[stage][0] <= day]
        expected = values[max(there, key=STAGES.index)][1] if there else 0
        assert sum(counted(known, HARVEST, "value", day).values()) == expected * 100
