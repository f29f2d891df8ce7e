"""Names that nobody had to think of: of a register's files, and before its numbers. What is taken is left alone."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from itertools import count, product
from string import ascii_uppercase

from tracker.packs.making.walks import check_letters, check_prefix

LONGEST_NAME = 40


def name_for(english: str, taken: Collection[str]) -> str:
    """The register's own name, in files and addresses: its English words, else a number."""
    name = re.sub(r"[^a-z0-9]+", "_", english.lower()).strip("_")[:LONGEST_NAME]
    if name[:1].isalpha():
        return name
    return next(free for n in count(1) if (free := f"register_{n}") not in taken)


def prefix_for(text: str, taken: Collection[str]) -> str:
    """What stands before its numbers: the first character of its name, or more of them."""
    letters = re.sub(r"\W", "", text)[:4] or "册"
    longer = (f"{letters[:2]}{n}" for n in range(2, 100))
    found = (p for p in (*(letters[:n] for n in range(1, 4)), *longer) if not {p, check_prefix(p)} & set(taken))
    return next(found, letters)


def letters_for(english: str, taken: Collection[str]) -> str:
    """The same where only letters fit: the initials of its English words, or any two that are free."""
    return next(p for p in _letters(english) if not {p, check_letters(p)} & set(taken))


def _letters(english: str) -> Iterator[str]:
    spoken = [re.sub(r"[^A-Z]", "", word) for word in english.upper().split()]
    initials = "".join(word[:1] for word in spoken)
    for text in (initials, *(spoken[0][:n] for n in range(2, 6) if spoken)):
        if 2 <= len(text) <= 5:
            yield text
    for length in (2, 3):
        yield from ("".join(part) for part in product(ascii_uppercase[::-1], repeat=length))
