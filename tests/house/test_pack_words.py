"""What the loader says of mistakes is said in every language: no sentence of the code is missing in pack_words.py."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import chain

import pytest
from flask import Flask
from flask_babel import Babel, force_locale
from installations import ROOT

from tracker import pack_words
from tracker.packs.problems import Problem

MISTAKEN = {"problem", "Problem", "_refused"}
"""Calls whose last two arguments say what is wrong and how to mend it."""


def sentences(node: ast.expr, known: dict[str, list[ast.expr]]) -> Iterator[str]:
    """What an expression may say; whatever varies is a name."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.JoinedStr):
        yield "".join(str(v.value) if isinstance(v, ast.Constant) else "some_name" for v in node.values)
    elif isinstance(node, ast.IfExp):
        yield from chain(sentences(node.body, known), sentences(node.orelse, known))
    elif isinstance(node, ast.Name):
        yield from chain.from_iterable(sentences(value, {}) for value in known.get(node.id, []))


def written(function: ast.FunctionDef) -> Iterator[str]:
    known: dict[str, list[ast.expr]] = {}
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            known.setdefault(node.targets[0].id, []).append(node.value)
    for node in ast.walk(function):
        if isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) in MISTAKEN:
            yield from chain.from_iterable(sentences(a, known) for a in node.args[-2:])
        elif isinstance(node, ast.Return | ast.Yield) and isinstance(node.value, ast.Tuple):
            pairs = node.value.elts if function.name in {"_words", "_mistakes"} else ()
            yield from chain.from_iterable(sentences(one, known) for one in pairs)


def said_by_the_loader() -> set[str]:
    files = [*(ROOT / "tracker" / "packs").glob("*.py"), ROOT / "tracker" / "blueprints" / "definitions.py"]
    functions = (n for f in files for n in ast.walk(ast.parse(f.read_text("utf-8"))) if isinstance(n, ast.FunctionDef))
    return {text for function in functions for text in written(function)}


def test_every_sentence_of_the_loader_has_its_pattern() -> None:
    said = said_by_the_loader()
    assert len(said) > 150
    patterns = [pattern for pattern, sentence in pack_words._patterns() if sentence != "%(a)s: %(b)s"]
    assert {text for text in said if not any(p.fullmatch(text) for p in patterns)} <= {"some_name: some_name"}


@pytest.mark.parametrize(
    ("what", "english"),
    [
        ("fields.3.type: unknown 'integr'", "fields.3.type: unknown 'integr'"),
        ("unknown register of tickets lamps", "unknown register of tickets lamps"),
        ("as nobody ever wrote", "as nobody ever wrote"),
    ],
)
def test_the_loaders_own_words_come_back_in_english(what: str, english: str) -> None:
    app = Flask("tracker", root_path=str(ROOT / "tracker"))
    Babel(app)
    with app.test_request_context(), force_locale("en"):
        assert pack_words.mistake(Problem("a.yaml", 1, what, "add it")) == f"{english}; add it"
