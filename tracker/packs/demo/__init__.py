"""The demonstration year as commands to come: who did what, on which day, and when it was written down.

`people.py` names posts, `tables.py` reads the tables. One story per ticket: `toilets.py` (what happens to each:
`toilet_cases.py`), `houses.py`, `petitions.py`, `disputes.py`. One per record: `toilet_files.py`, `house_files.py`,
`builds.py`, `projects.py`, `households.py`, `courtyard.py`, `safety.py`, `rivers.py`, `straw.py`, `posts.py`,
`members.py`, `party.py`, `practice.py`, `subsidies.py`, `statistics.py`. `story.py` holds their common form,
`record_story.py` that of records, `pictures.py` draws the evidence, `takes.py` says when and where it was taken.
Everything is invented but the villages; a fixed seed makes every installation alike. Nothing here knows the handler or
a database: `tracker/cli/demonstration.py` carries it out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tracker.domain.deadlines import WorkCalendar
from tracker.packs.demo import (
    builds,
    courtyard,
    disputes,
    house_files,
    households,
    houses,
    members,
    party,
    petitions,
    posts,
    practice,
    projects,
    rivers,
    safety,
    statistics,
    straw,
    subsidies,
    toilet_files,
    toilets,
)
from tracker.packs.demo.people import DemoPerson, read_people
from tracker.packs.demo.story import Act, Teller

__all__ = ["Act", "DemoPerson", "Demonstration", "demonstration"]

SEED = 20231206
"""The day the seed report was published."""
_TALES: tuple[Callable[[Path, Teller], None], ...] = (
    petitions.tell,
    houses.tell,
    toilets.tell,
    courtyard.tell,
    disputes.tell,
    rivers.tell,
    straw.tell,
    safety.tell,
    party.tell,
    members.tell,
    practice.tell,
    households.tell,
    subsidies.tell,
    posts.tell,
    builds.tell,
    toilet_files.tell,
    house_files.tell,
    projects.tell,
    statistics.tell,
)


@dataclass(frozen=True, slots=True)
class Demonstration:
    """`acts` in the order in which they were recorded."""

    people: tuple[DemoPerson, ...]
    acts: tuple[Act, ...]


def demonstration(folder: Path, villages: tuple[str, ...], calendar: WorkCalendar) -> Demonstration:
    """The year told in `folder`, with its villages in the order of their codes."""
    acts: list[Act] = []
    for tell in _TALES:
        # A dice of its own for each register: a change in one leaves the others as they are.
        teller = Teller(Random(SEED), calendar, tuple(acts))  # noqa: S311 # a fixed seed is what is wanted
        tell(folder, teller)
        acts.extend(teller.acts)
    acts.sort(key=lambda act: act.at)
    return Demonstration(read_people(folder, villages), tuple(acts))
