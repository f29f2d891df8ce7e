"""Holds a file of a pack against `schema.json`, and says in a pack author's words what does not fit."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from tracker.packs.problems import Problem
from tracker.packs.source import Source

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import ValidationError

_KNOWN: ContextVar[set[str]] = ContextVar("_KNOWN", default=set())  # noqa: B039 # of this process, where none is kept
_SCHEMA_FILE = Path(__file__).with_name("schema.json")


def check_shape(source: Source, text: str, part: str) -> list[Problem]:
    """The problems of `source`, whose text this is, against the definition `part` of the schema; none when it fits."""
    known = _KNOWN.get()
    digest = sha256(b"\0".join((_schema(), part.encode(), text.encode()))).hexdigest()
    if digest in known:
        return []
    problems = [_problem(source, error) for error in _validator(part).iter_errors(source.data)]
    if not problems:
        known.add(digest)
    return problems


@contextmanager
def kept_in(path: Path) -> Iterator[None]:
    """Files of a pack that fitted are known again in the next process by their text, and not held against the schema:
    that is the third part of loading a pack. A file, or a schema, that changed is a text that nobody knows."""
    before = frozenset(path.read_text(encoding="ascii").split()) if path.is_file() else frozenset[str]()
    known = set(before)
    token = _KNOWN.set(known)
    try:
        yield
    finally:
        _KNOWN.reset(token)
    if known != before and path.parent.is_dir():
        fresh = path.with_name(f"{path.name}.{os.getpid()}")
        fresh.write_text("\n".join(sorted(known)), encoding="ascii")
        fresh.replace(path)


@cache
def _schema() -> bytes:
    return _SCHEMA_FILE.read_bytes()


@cache
def _validator(part: str) -> Draft202012Validator:
    from jsonschema import Draft202012Validator  # a tenth of a second, which a known pack need not take

    schema: dict[str, Any] = orjson.loads(_schema())
    if part not in schema["$defs"]:
        raise KeyError(part)
    return Draft202012Validator(_inlined(schema["$defs"][part], schema["$defs"]))


def _inlined(schema: Any, definitions: Mapping[str, Any]) -> Any:
    """The schema with every `$ref` replaced by what it names, which halves the time of loading a pack.

    No definition holds itself. What stands beside a `$ref` is added to what it names.
    """
    if isinstance(schema, list):
        return [_inlined(item, definitions) for item in schema]
    if not isinstance(schema, dict):
        return schema
    beside = {word: _inlined(rule, definitions) for word, rule in schema.items() if word != "$ref"}
    if "$ref" not in schema:
        return beside
    return {**_inlined(definitions[schema["$ref"].removeprefix("#/$defs/")], definitions), **beside}


def _problem(source: Source, error: ValidationError) -> Problem:
    path = tuple(error.absolute_path)
    what, mend = _words(error)
    where = ".".join(str(part) for part in path)
    return source.problem(path, f"{where}: {what}" if where else what, mend)


def _words(error: ValidationError) -> tuple[str, str]:
    """What is wrong, and how to mend it. `rule` is the value of the schema's word that failed."""
    rule: Any = error.validator_value
    match error.validator:
        case "required":
            return f"missing {', '.join(name for name in rule if name not in _keys(error))}", "add it"
        case "additionalProperties":
            schema: Any = error.schema
            known = sorted(schema.get("properties", ()))
            forms = tuple(schema.get("patternProperties", ()))
            left = (key for key in _keys(error) - set(known) if not any(re.search(form, key) for form in forms))
            unknown = ", ".join(sorted(left))
            # Words of a form are languages, and only they: a label may have any further one.
            mend = "name a language as BCP 47 does (ko, zh-Hant-HK)" if forms else f"use one of {', '.join(known)}"
            return f"unknown word {unknown}", mend
        case "enum":
            return f"unknown {error.instance!r}", f"use one of {', '.join(map(str, rule))}"
        case "pattern":
            return f"{error.instance!r} is not of the form {rule}", "write it in that form"
        case "oneOf" | "anyOf":
            return "fits none of the allowed forms", "see docs/packs.md for the forms"
        case _:
            return error.message[:200], "see docs/packs.md"


def _keys(error: ValidationError) -> set[str]:
    instance: Any = error.instance
    return set(instance)
