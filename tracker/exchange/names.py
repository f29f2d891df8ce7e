"""Units and people as spreadsheets name them: short names, 村委会, old spellings, posts.

What a name means is looked up, never guessed: two matches are an ambiguity that names both.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from tracker.domain.people import Person, Unit
from tracker.domain.refusals import Refusal
from tracker.exchange.folding import fold

# Longest first: 居委会 must not be cut from 村居委会 and leave 村.
_SUFFIXES = (
    "社区居民委员会",
    "村民委员会",
    "居民委员会",
    "社区居委会",
    "村居委会",
    "村(社区)",
    "村委会",
    "居委会",
    "社区",
    "村委",
    "村",
)


def _base(folded: str) -> str:
    for suffix in _SUFFIXES:
        if folded.endswith(suffix) and len(folded) > len(suffix):
            return folded.removesuffix(suffix)
    return folded


def _names_of(unit: Unit) -> Iterator[str]:
    return filter(None, (unit.name, *unit.synonyms, *unit.labels.values()))


class UnitNames:
    """Looks units up by any of their names, or by code. Closed units are found too: old rows name them."""

    def __init__(self, units: Mapping[int, Unit]) -> None:
        self._units = units
        self._exact: dict[str, set[int]] = {}
        self._bases: dict[str, set[int]] = {}
        for unit in units.values():
            for name in (*_names_of(unit), unit.code):
                self._exact.setdefault(fold(name), set()).add(unit.id)
                self._bases.setdefault(_base(fold(name)), set()).add(unit.id)

    def find(self, text: str) -> int:
        """The id of the unit that `text` names, also as 某镇某村.

        Refusals: unit_unknown; unit_ambiguous with `candidates`, each with the unit above it.
        """
        found = self._named(fold(text)) or self._below(fold(text))
        if not found:
            raise Refusal("unit_unknown", value=text[:40])
        if len(found) > 1:
            candidates = tuple(sorted(self._path(unit_id) for unit_id in found))
            raise Refusal("unit_ambiguous", value=text[:40], candidates=candidates)
        return next(iter(found))

    def _named(self, folded: str) -> set[int]:
        return self._exact.get(folded) or self._bases.get(_base(folded)) or set()

    def _below(self, folded: str) -> set[int]:
        """Units that the end of the text names and whose upper units the beginning names."""
        for cut in range(1, min(len(folded), 40)):
            above = folded[:cut].strip("/-")
            matching = {u for u in self._named(folded[cut:].strip("/-")) if self._is_under(u, above)}
            if matching:
                return matching
        return set()

    def _is_under(self, unit_id: int, above: str) -> bool:
        names = [fold(name) for upper in self._uppers(unit_id) for name in _names_of(upper)]
        return any(above == _base(name) or above.endswith(name) for name in names)

    def _uppers(self, unit_id: int) -> Iterable[Unit]:
        seen = {unit_id}
        upper = self._units[unit_id].parent_id
        while upper is not None and upper in self._units and upper not in seen:
            seen.add(upper)
            yield self._units[upper]
            upper = self._units[upper].parent_id

    def _path(self, unit_id: int) -> str:
        above = next(iter(self._uppers(unit_id)), None)
        name = self._units[unit_id].name
        return f"{above.name}{name}" if above else name


class PersonNames:
    """Looks people up by name; people are named by post, so 晨光网格员 finds 晨光村网格员."""

    def __init__(self, people: Mapping[int, Person], units: Mapping[int, Unit]) -> None:
        self._found: dict[str, set[int]] = {}
        for person in people.values():
            for name in _person_names(person, units.get(person.unit_id)):
                self._found.setdefault(fold(name), set()).add(person.id)

    def find(self, text: str) -> int:
        """The id of the person. Refusal: person_unknown, with `reason` ambiguous when several fit."""
        found = self._found.get(fold(text))
        if not found:
            raise Refusal("person_unknown", value=text[:40])
        if len(found) > 1:
            raise Refusal("person_unknown", value=text[:40], reason="ambiguous")
        return next(iter(found))


def _person_names(person: Person, unit: Unit | None) -> Iterator[str]:
    """The name, the post without its unit, and the post behind each other name of the unit."""
    yield person.name
    if unit is None or not person.name.startswith(unit.name):
        return
    post = person.name.removeprefix(unit.name)
    if post:
        yield post
        yield _base(unit.name) + post
        yield from (name + post for name in _names_of(unit))
