"""What has happened: one frozen envelope, its kinds in the past tense, and its canonical bytes.

The canonical form is RFC 8785 (JSON Canonicalization Scheme), restricted to objects with ASCII keys,
strings, integers, booleans and null: within that restriction sorted compact JSON is exactly RFC 8785.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import IntEnum
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from tracker.domain.lifecycle import STEPS
from tracker.domain.people import AccountChange

SCHEMA_VERSION = 1
MAX_INTEGER = 2**53 - 1
LATE_ENTRY_DAYS = 3
"""An entry recorded more days after it happened is a late one (补记): a weekend and a day. Our own custom, no rule."""


class StreamKind(IntEnum):
    """What a stream of events belongs to; the number is stored."""

    TICKET = 1
    UNIT = 2
    PERSON = 3
    SYSTEM = 4  # demonstration marked
    ACCESS = 5  # who read or revealed what of a ticket (stream id = ticket id): apart, so that a
    # reader never makes a writer's form stale
    RECORD = 6  # activities, subjects, statistics
    DUTY = 7  # one period that is owed
    REGISTER = 8  # what registers are, as an administrator defines them (one stream, id 0)


TICKET_KINDS = frozenset({"registered", "amended", *(step.event for step in STEPS)})
"""What a step leads to, and the two that no step makes. Their effects: `effects.py`."""
UNIT_KINDS = frozenset({"unit_added"})
ACCOUNT_KINDS = frozenset(change.value for change in AccountChange)
PERSON_KINDS = ACCOUNT_KINDS | {"person_added", "person_left", "granted", "grant_ended"}
SYSTEM_KINDS = frozenset({"marked_demonstration"})
ACCESS_KINDS = frozenset({"read", "revealed", "exported", "erased"})
RECORD_KINDS = frozenset({"recorded", "amended", "voided", "state_changed", "followed", "reported", "checked"})
"""Their effects: `record.py`."""
DUTY_KINDS = frozenset({"opened", "counted", "uncounted", "missed", "answered", "excused"})
"""Their effects: `period.py`."""
REGISTER_KINDS = frozenset({"register_defined", "register_withdrawn"})

ALL_KINDS: Mapping[StreamKind, frozenset[str]] = {
    StreamKind.TICKET: TICKET_KINDS,
    StreamKind.UNIT: UNIT_KINDS,
    StreamKind.PERSON: PERSON_KINDS,
    StreamKind.SYSTEM: SYSTEM_KINDS,
    StreamKind.ACCESS: ACCESS_KINDS,
    StreamKind.RECORD: RECORD_KINDS,
    StreamKind.DUTY: DUTY_KINDS,
    StreamKind.REGISTER: REGISTER_KINDS,
}


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event that a rule has decided, before the log gives it a position."""

    kind: str
    occurred_on: date
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Event:
    """An event in the log. `occurred_on`: the day it took effect; `recorded_at`: when it was written.

    `actor_id` is the person's id, 0 for the system itself. `version` counts within the stream from 1.
    """

    position: int
    stream_kind: StreamKind
    stream_id: int
    version: int
    kind: str
    occurred_on: date
    recorded_at: datetime
    actor_id: int
    data: Mapping[str, Any]


def late_days(event: Event, zone: ZoneInfo) -> int | None:
    """How many days after its day it was recorded, in the log's time zone; None while that is usual."""
    late = (event.recorded_at.astimezone(zone).date() - event.occurred_on).days
    return late if late > LATE_ENTRY_DAYS else None


def canonical(event: Event) -> bytes:
    """The RFC 8785 bytes of an event; the leaf of the log's Merkle tree is their hash."""
    return orjson.dumps(
        {
            "actor": event.actor_id,
            "data": event.data,
            "kind": event.kind,
            "occurred_on": event.occurred_on.isoformat(),
            "position": event.position,
            "recorded_at": instant_text(event.recorded_at),
            "schema": SCHEMA_VERSION,
            "stream": f"{event.stream_kind.name.lower()}/{event.stream_id}",
            "version": event.version,
        },
        option=orjson.OPT_SORT_KEYS,
    )


def instant_text(instant: datetime) -> str:
    """UTC to the millisecond, `2023-12-06T10:00:00.000Z`."""
    utc = instant.astimezone(UTC)
    return f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond // 1000:03d}Z"


def check_canonical(value: Any) -> None:
    """Raise ValueError or TypeError where `value` leaves the subset in which our canonical form is RFC 8785."""
    if value is None or isinstance(value, (bool, str)):
        return
    if isinstance(value, int):
        if abs(value) > MAX_INTEGER:
            raise ValueError("integer beyond 2^53 in an event")
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            if not (isinstance(key, str) and key.isascii()):
                raise ValueError(f"event keys are ASCII: {key!r}")
            check_canonical(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            check_canonical(inner)
    else:
        raise TypeError(f"not allowed in an event: {type(value).__name__}")
