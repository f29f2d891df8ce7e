"""One check for the whole log and for its end: whoever looks at a part misses nothing that lies in it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from tracker.domain.events import Event, StreamKind
from tracker.log.seal import SealedEvent, Tree, check_chain, leaf_hash

SIZE = 13
START = datetime(2023, 3, 1, tzinfo=UTC)


def chain() -> list[SealedEvent]:
    """Three streams in turn, a tree head beside every second event."""
    tree, out = Tree(), []
    for position in range(1, SIZE + 1):
        stream, version = position % 3, (position + 2) // 3
        at = START + timedelta(minutes=position)
        event = Event(position, StreamKind.TICKET, stream, version, "commented", date(2023, 3, 1), at, 1, {})
        tree.add(leaf_hash(event))
        out.append(SealedEvent(event, leaf_hash(event), tree.root() if position % 2 == 0 else None))
    return out


def tree_of(events: list[SealedEvent]) -> Tree:
    tree = Tree()
    for sealed in events:
        tree.add(sealed.leaf)
    return tree


def faults(events: list[SealedEvent], after: int, *, has_tree: bool = True) -> list[tuple[str, int]]:
    whole = chain()
    tree = tree_of(whole[:after]) if has_tree else None
    found = check_chain(events[after:], SIZE, tree_of(whole).root(), after=after, tree=tree)
    return [(fault.code, fault.position) for fault in found]


@pytest.mark.parametrize("after", range(SIZE))
def test_a_sound_log_has_no_fault_wherever_the_look_begins(after: int) -> None:
    assert faults(chain(), after) == faults(chain(), after, has_tree=False) == []


@pytest.mark.parametrize("after", range(SIZE - 4))
def test_a_version_left_out_is_found_in_a_part_too(after: int) -> None:
    events = chain()
    wrong = replace(events[-1].event, version=events[-1].event.version + 1)
    events[-1] = SealedEvent(wrong, leaf_hash(wrong), None)
    assert ("version_gap", SIZE) in faults(events, after)
    assert faults(events, after, has_tree=False) == [("version_gap", SIZE)]


def test_what_is_gone_at_either_end_of_a_part_is_found() -> None:
    events = chain()
    assert faults([*events[:5], *events[6:]], 5) == [("position_gap", 7)]
    assert faults(events[:-1], 5) == [("log_size_differs", SIZE - 1)]
