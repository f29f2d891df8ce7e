"""What is wrong with a pack: every mistake at once, each with its file, its line and how to mend it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One mistake. `mend` is what the author should do about it. In English; pages say it otherwise (pack_words.py)."""

    file: str
    line: int
    what: str
    mend: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.what}; {self.mend}"


class PackError(Exception):
    """A pack that cannot be believed. `problems` are sorted by file and line."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        super().__init__("\n".join(str(problem) for problem in self.problems))


class DefinitionClash(PackError):
    """A pack that is good by itself and cannot be believed with what an installation defines. `names`: of the
    registers whose definitions do not fit. Its text is one line, for whoever starts the program."""

    def __init__(self, problems: Iterable[Problem], names: Sequence[str]) -> None:
        super().__init__(problems)
        self.names = tuple(names)

    def __str__(self) -> str:
        more = f" (and {len(self.problems) - 1} more)" if len(self.problems) > 1 else ""
        return (
            f"What was defined here for {', '.join(self.names)} does not fit the pack: {self.problems[0]}{more}. "
            f"Nothing starts until it does: xiaohao registers list"
        )
