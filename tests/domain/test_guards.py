"""A guard that looks at what is given with a step says so: the others decide whether there is a button."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
from lives import BY, DAY, POSSIBLE, life_at

from tracker.domain.context import StepContext
from tracker.domain.guards import OF_WHAT_IS_GIVEN, Guard
from tracker.domain.lifecycle import STEP_BY_NAME


class OutOfSight(Mapping[str, Any]):
    """What is given with a step, to those that must not look."""

    def __getitem__(self, name: str) -> Any:
        raise AssertionError(f"looked at {name}")

    def __iter__(self) -> Iterator[str]:
        raise AssertionError("looked at all")

    __len__ = __iter__  # type: ignore[assignment]


GUARDED = [(name, guard) for name, step in STEP_BY_NAME.items() for guard in step.guards]


@pytest.mark.parametrize(("name", "guard"), GUARDED, ids=lambda value: getattr(value, "__name__", value))
def test_a_guard_looks_at_what_is_given_only_if_it_says_so(name: str, guard: Guard) -> None:
    life = life_at(POSSIBLE[name][0].split()[0], name)
    ticket = life.paper.state(life.id)
    world = life.paper.world(BY.get(name, "supervisor"), DAY)
    unseen = replace(life.command(name), values=OutOfSight(), evidence=OutOfSight())  # type: ignore[arg-type]
    context = StepContext(ticket, world.actor, life.paper.register_of(life.id), unseen, world)
    if guard in OF_WHAT_IS_GIVEN:
        with pytest.raises(AssertionError, match="looked at"):
            guard(context)
    else:
        guard(context)
