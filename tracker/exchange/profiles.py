"""Layouts of other systems, mapped onto our registers: data, not code.

A profile is recognised by headings that only its system uses together. Its targets are fields of
the register (the first that the register has), or IGNORED.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tracker.domain.registers import Register
from tracker.exchange.headings import IGNORED


@dataclass(frozen=True, slots=True)
class Guess:
    """A choice told by the first word that the text of `source` contains; `otherwise` when none is."""

    field: str
    source: str
    words: tuple[tuple[str, str], ...]
    otherwise: str

    def choose(self, text: str) -> str:
        return next((choice for word, choice in self.words if word in text), self.otherwise)


@dataclass(frozen=True)
class Profile:
    """`constants` are choices that hold for every row; they apply where the register knows them."""

    name: str
    register: str
    signature: frozenset[str]
    targets: Mapping[str, tuple[str, ...]]
    constants: Mapping[str, str]
    guesses: tuple[Guess, ...] = ()
    place_is_root: bool = False  # rows name no village: they go to the unit above all

    def headings_for(self, register: Register) -> dict[str, str]:
        """Heading → target, for the fields that the register has."""
        return {
            heading: next(name for name in names if name == IGNORED or name in register.by_name)
            for heading, names in self.targets.items()
            if any(name == IGNORED or name in register.by_name for name in names)
        }

    def defaults_for(self, register: Register) -> dict[str, str]:
        return {
            field: choice
            for field, choice in self.constants.items()
            if field in register.by_name and choice in register.by_name[field].choice_names
        }

    def guesses_for(self, register: Register) -> tuple[Guess, ...]:
        return tuple(guess for guess in self.guesses if guess.field in register.by_name)


# What a message asks for decides which clock runs (domain.md §3); a clerk corrects the guess.
_CLASS_WORDS = (("咨询", "inquiry"), ("建议", "suggestion"), ("举报", "report"))

MESSAGE_BOARD = Profile(
    name="message_board",
    register="petition",
    signature=frozenset({"留言编号", "留言用户", "留言主题", "留言时间", "留言详情"}),
    targets={
        "留言编号": ("platform_no",),
        "留言用户": ("petitioner",),
        "留言主题": ("title",),
        "留言时间": ("received_on", "found_on"),
        "留言详情": ("problem", "content"),
        "一级分类": ("content_kind", "category"),
        "答复意见": ("reply",),
        "答复时间": ("replied_on",),
        "反对数": (IGNORED,),
        "点赞数": (IGNORED,),
    },
    constants={"channel": "web", "source": "petition", "severity": "0", "repeat": "first"},
    guesses=(Guess("class", "title", _CLASS_WORDS, "plea"),),
    place_is_root=True,
)

NYC_311 = Profile(
    name="nyc_311",
    register="petition",
    signature=frozenset({"Unique Key", "Created Date", "Complaint Type", "Descriptor"}),
    targets={
        "Unique Key": ("platform_no",),
        "Created Date": ("received_on", "found_on"),
        "Complaint Type": ("title",),
        "Descriptor": ("problem", "content"),
        "Due Date": ("due_on",),
        "Closed Date": ("replied_on",),
        "Resolution Description": ("reply",),
    },
    constants={"channel": "call", "source": "petition", "severity": "0", "class": "plea", "repeat": "first"},
    place_is_root=True,
)

PROFILES = (MESSAGE_BOARD, NYC_311)


def profiles_of(register: Register) -> tuple[Profile, ...]:
    return tuple(profile for profile in PROFILES if profile.register == register.name)
