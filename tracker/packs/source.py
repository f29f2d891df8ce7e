"""One YAML file of a pack: its plain values and the line of each. Hostile files are refused, not read.

The YAML is a small part of YAML 1.2: no tags, no anchors, no aliases, and plain scalars are text unless
they are `true`, `false`, `null` or whole numbers. So `yes`, `no` and `2022-01-01` are text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Protocol

import yaml

from tracker.packs.problems import PackError, Problem

MAX_BYTES = 512 * 1024
MAX_DEPTH = 16
MAX_VALUES = 40_000
"""The township's largest file has some 3,000 values, 8 deep, in under 60 KB: room for ten times as much."""

KeyPath = tuple[str | int, ...]

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,14})\Z")
_WORDS: Mapping[str, Any] = {"true": True, "false": False, "null": None, "~": None, "": None}


@dataclass(frozen=True, slots=True)
class Source:
    """A file that was read. `name` is its path inside the pack, `lines` the line of every value."""

    name: str
    data: Any
    lines: Mapping[KeyPath, int] = field(repr=False)

    def line(self, path: KeyPath) -> int:
        """The line of the value at `path`, or of the nearest value around it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)

    def problem(self, path: KeyPath, what: str, mend: str) -> Problem:
        return Problem(self.name, self.line(path), what, mend)

    def day(self, path: KeyPath, text: str | None, problems: list[Problem]) -> date | None:
        """The day that `text` writes; None, with the problem noted, where the calendar has no such day."""
        try:
            return date.fromisoformat(text) if text else None
        except ValueError:
            problems.append(self.problem(path, f"{text} is not a day", "write year-month-day"))
            return None


class Texts(Protocol):
    """Where the files of a pack are: a folder, or a folder with some files written over by an installation."""

    def has(self, name: str) -> bool: ...

    def text(self, name: str) -> str:
        """The text of a file. PackError: missing, outside the pack, too large, not UTF-8."""


@dataclass(frozen=True, slots=True)
class Folder:
    """A pack as its author keeps it."""

    path: Path

    def has(self, name: str) -> bool:
        return (self.path / name).exists()

    def text(self, name: str) -> str:
        path = self.path / name
        if not path.resolve().is_relative_to(self.path.resolve()):
            raise _refused(name, 1, "the file lies outside the pack", "copy it into the pack's folder")
        if not path.is_file():
            raise _refused(name, 1, "the file is missing", "add it, or remove what names it")
        _check_size(name, path.stat().st_size)
        try:
            return path.read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            raise _refused(name, 1, "the file is not UTF-8", "save it as UTF-8") from error


@dataclass(frozen=True, slots=True)
class Overlay:
    """Files that stand before those of `below`, or beside them."""

    below: Texts
    files: Mapping[str, str]

    def has(self, name: str) -> bool:
        return name in self.files or self.below.has(name)

    def text(self, name: str) -> str:
        if name not in self.files:
            return self.below.text(name)
        text = self.files[name]
        _check_size(name, len(text.encode()))
        return text


def read_text(text: str, name: str) -> Source:
    """The values of a file. Raises PackError, without having built them, when it is too deep, uses tags or aliases,
    or is no YAML."""
    try:
        _check_events(text, name)
        node = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise _refused(name, line, f"not YAML: {error.problem}", "check indentation and quotes") from error
    except yaml.YAMLError as error:
        raise _refused(name, 1, f"not YAML: {error}", "save the file as plain UTF-8 text") from error
    if node is None:
        raise _refused(name, 1, "the file is empty", "fill it or remove it")
    lines: dict[KeyPath, int] = {}
    return Source(name, _value(node, (), name, lines), lines)


def _refused(name: str, line: int, what: str, mend: str) -> PackError:
    return PackError([Problem(name, line, what, mend)])


def _check_size(name: str, size: int) -> None:
    if size > MAX_BYTES:
        raise _refused(name, 1, f"the file is larger than {MAX_BYTES // 1024} KB", "split it")


def _check_events(text: str, name: str) -> None:
    """Walk the flat stream of events before anything is built, so that nesting cannot exhaust the stack."""
    depth = count = 0
    for event in yaml.parse(text, Loader=_Loader):
        line = _line(event)
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise _refused(name, line, "anchors and aliases are not allowed", "write the value out, or `use` it")
        if tag := getattr(event, "tag", None):
            raise _refused(name, line, f"tags are not allowed: {tag}", "remove the tag")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        count += isinstance(event, yaml.NodeEvent)
        if depth > MAX_DEPTH or count > MAX_VALUES:
            raise _refused(name, line, f"deeper than {MAX_DEPTH} or more than {MAX_VALUES} values", "split the file")


def _value(node: yaml.Node, path: KeyPath, name: str, lines: dict[KeyPath, int]) -> Any:
    lines[path] = _line(node)
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, path, name, lines)
    if isinstance(node, yaml.SequenceNode):
        return [_value(item, (*path, n), name, lines) for n, item in enumerate(node.value)]
    is_quoted = isinstance(node, yaml.ScalarNode) and bool(node.style)
    return str(node.value) if is_quoted else _plain(str(node.value))


def _mapping(node: yaml.MappingNode, path: KeyPath, name: str, lines: dict[KeyPath, int]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key_node, value_node in node.value:
        line = _line(key_node)
        if not isinstance(key_node, yaml.ScalarNode):
            raise _refused(name, line, "a key is not a word", "use a plain word before the colon")
        key = key_node.value
        if key in result:
            raise _refused(name, line, f"`{key}` stands twice", "keep one of the two")
        result[key] = _value(value_node, (*path, key), name, lines)
        lines[(*path, key)] = line
    return result


def _line(piece: yaml.Node | yaml.Event) -> int:
    return piece.start_mark.line + 1 if piece.start_mark else 1


def _plain(text: str) -> Any:
    if text in _WORDS:
        return _WORDS[text]
    return int(text) if _INTEGER.match(text) else text
