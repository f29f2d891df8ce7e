"""What a form lets one choose from: units and people as pairs (number, name) in the reader's language."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from flask_babel import gettext

from tracker import languages
from tracker.domain.access import may_hand_to
from tracker.domain.lifecycle import HANDING_OVER
from tracker.domain.people import Unit
from tracker.forms.links import Links
from tracker.queries import people
from tracker.queries.scope import Viewer

Pairs = list[tuple[str, str]]
Grouped = Mapping[str, Pairs]


@dataclass(frozen=True, slots=True)
class Options:
    """`members` are grouped by their unit's name, as WTForms wants them: {group: pairs}.

    `owners`, of the same form: who may work on a ticket. `homes`: units under which a record may be entered.
    `links`: what fields that name records may name.
    """

    places: Pairs
    units: Pairs
    members: Grouped
    leads: Pairs
    keepers: Pairs
    homes: Pairs = field(default_factory=list)
    links: Links | None = None
    owners: Grouped = field(default_factory=dict)


def options_for(
    viewer: Viewer, *, action: str, register: str, links: Links | None = None, near: Collection[int] = ()
) -> Options:
    """What this person may choose from in a form for `action` in `register`. `near`: the units that come first."""
    units = tuple(sorted(people.owner_units(viewer), key=lambda u: u.id not in near))
    if action in HANDING_OVER:
        who, where, on = viewer.person, viewer.directory, viewer.on
        units = tuple(u for u in units if may_hand_to(who, action, u.id, register, where, on))
    return Options(
        unit_pairs(people.places_for(viewer, action, register)),
        unit_pairs(units),
        _grouped(people.members(viewer, units)),
        [("", gettext("Choose")), *((str(m.id), m.name) for m in people.lead_officials(viewer))],
        [(str(m.id), m.name) for m in people.keepers(viewer, register)],
        unit_pairs(people.homes_for(viewer, action, register)),
        links,
        _grouped(people.workers(viewer, units, register)) if action in HANDING_OVER else {},
    )


def unit_pairs(units: Iterable[Unit]) -> Pairs:
    return [(str(unit.id), unit.label(languages.current())) for unit in units]


def _grouped(by_unit: Iterable[tuple[Unit, Iterable[people.Member]]]) -> dict[str, Pairs]:
    """Two units of one name (village names repeat) share a group; the people are told apart by their posts."""
    found: dict[str, Pairs] = {"": [("", gettext("Choose"))]}
    for unit, members in by_unit:
        found.setdefault(unit.label(languages.current()), []).extend((str(m.id), m.name) for m in members)
    return found
