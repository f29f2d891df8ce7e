"""Units, people and roles in the reader's language."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from flask import g
from flask_babel import gettext

from tracker import formats, languages, words
from tracker.blueprints.rights import directory, house, today
from tracker.domain.people import Directory, Grant


@dataclass(frozen=True)
class Names:
    """Units and people by name in the reader's language; `numbers`: other tickets and records that the reader may know
    of; `titles`: what they are called, beside the number.

    `_said`: what was put into words for this request; a list says the same of one row after another.
    """

    directory: Directory
    language: str
    numbers: Mapping[int, str]
    titles: Mapping[int, str] = field(default_factory=dict)
    _said: dict[tuple[Any, ...], str] = field(default_factory=dict, compare=False, repr=False)

    def once(self, key: tuple[Any, ...], work: Callable[[], str]) -> str:
        """The words of `work`, which is asked the first time only."""
        if (known := self._said.get(key)) is None:
            self._said[key] = known = work()
        return known

    def unit(self, unit_id: int | None) -> str:
        unit = self.directory.units.get(unit_id or 0)
        return unit.label(self.language) if unit else ""

    def person(self, person_id: int | None) -> str:
        person = self.directory.people.get(person_id or 0)
        return person.name if person else ""

    def post(self, person_id: int | None, unit_id: int | None) -> str:
        """The person as named right behind this unit: a post that begins with its name (晨光村网格员) is the rest."""
        name, unit = self.person(person_id), self.directory.units.get(unit_id or 0)
        starts = (unit.label(self.language), unit.name) if unit else ()
        rest = next((name.removeprefix(start) for start in starts if name.startswith(start)), name)
        return rest.strip() or name

    def owner(self, unit_id: int | None, person_id: int | None) -> str:
        """Unit and person, the unit said once."""
        return f"{self.unit(unit_id)} {self.post(person_id, unit_id)}".strip()

    def number(self, ticket_id: int | None) -> str:
        return self.numbers.get(ticket_id or 0, formats.NOTHING)

    def titled(self, record_id: int | None) -> str:
        """The number and what it is called: nobody knows numbers by heart."""
        return f"{self.number(record_id)} {self.titles.get(record_id or 0, '')}".strip()


def names(numbers: Mapping[int, str] | None = None, titles: Mapping[int, str] | None = None) -> Names:
    """The names as known to this request."""
    if numbers:
        return Names(directory(), languages.current(), numbers, titles or {})
    if "names" not in g:
        g.names = Names(directory(), languages.current(), {})
    return cast(Names, g.names)


def grant_line(grant: Grant) -> dict[str, Any]:
    """A role as people read it: for which units, in which registers, from when to when."""
    pack, name = house().pack, grant.register or ""
    register = pack.register_by_name.get(name) or pack.record_by_name.get(name)
    return {
        "id": grant.id,
        "role": words.role(grant.role),
        "unit": names().unit(grant.unit_id),
        "register": words.of(register.label) if register else gettext("all registers"),
        "starts_on": grant.starts_on,
        "ends_on": grant.ends_on,
        "is_over": grant.ends_on is not None and grant.ends_on <= today(),
    }
