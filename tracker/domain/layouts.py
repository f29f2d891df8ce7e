"""What a list of another system looks like, and how it becomes one of our registers; packs fill these types."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Guess:
    """A choice of `field`, told by the first word that the text of `source` contains; `otherwise` when none is."""

    field: str
    source: str
    words: Mapping[str, str]
    otherwise: str

    def choose(self, text: str) -> str:
        return next((choice for word, choice in self.words.items() if word in text), self.otherwise)


@dataclass(frozen=True)
class Layout:
    """A list is of this layout when it has all the headings of `recognised_by`: only that system uses them together.

    `columns`: heading → name of a field, or of a column that steps record. `ignored`: headings nobody wants here.
    `choices`: field → the choice that holds for every row whose cells do not say another.
    `is_at_top`: rows name no village, they go to the unit above all.
    """

    name: str
    register: str
    recognised_by: frozenset[str]
    columns: Mapping[str, str]
    ignored: tuple[str, ...] = ()
    choices: Mapping[str, str] = field(default_factory=dict)
    guesses: tuple[Guess, ...] = ()
    is_at_top: bool = False
