"""Texts made comparable: 簡 to 简, full width to half width, case, spaces and ornaments away.

For words from short lists (headings, choices, names), never for what somebody wrote.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from opencc import OpenCC

_SPACES = re.compile(r"\s+")
_ORNAMENTS = re.compile(r"[*:;,。、·\"'“”‘’《》<>\[\]【】]+|\(?必填项?\)?")
_PARENTHESES = re.compile(r"\([^()]*\)")


@lru_cache(maxsize=1)
def _converter() -> OpenCC:
    return OpenCC("t2s")


@lru_cache(maxsize=20_000)
def fold(text: str) -> str:
    """The comparable form of a name or choice: simplified, half width, lower case, no spaces."""
    plain = _SPACES.sub("", unicodedata.normalize("NFKC", text))
    return (plain if plain.isascii() else _converter().convert(plain)).casefold()


def fold_heading(text: str) -> tuple[str, str]:
    """A heading's two keys: as it stands, and without what stands in parentheses (units, hints).

    `*整改时限\\n（年月日）` gives `整改时限(年月日)` and `整改时限`.
    """
    folded = _ORNAMENTS.sub("", fold(text))
    return folded, _PARENTHESES.sub("", folded)
