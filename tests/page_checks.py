"""What holds for every page of ours, looked at each time a test opens one."""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache
from typing import Any

import html5lib

_UNLABELLED = frozenset({"hidden", "submit", "button", "image", "reset"})


@lru_cache(maxsize=4)
def parsed(html: str) -> tuple[Any, list[Any]]:
    """The page as a tree, only to be read, and what was wrong with it. Who checks a page looks into it next."""
    parser = html5lib.HTMLParser(namespaceHTMLElements=False)
    return parser.parse(html), parser.errors


def check_page(html: str) -> None:
    """AssertionError that names the first thing wrong with a page."""
    tree, errors = parsed(html)
    assert not errors, f"the page is not valid HTML: {errors[:3]}"
    _title_is_heading(tree)
    _ids_are_unique(tree)
    _inputs_have_labels(tree)
    _forms_know_where(tree)
    _nothing_is_inline(tree)
    assert not re.search(r"\{\{|\}\}|%\(\w+\)s", _text(tree.find(".//body"))), "a placeholder was not filled in"


def _text(node: Any) -> str:
    return " ".join("".join(node.itertext()).split())


def _title_is_heading(tree: Any) -> None:
    headings = list(tree.iter("h1"))
    assert len(headings) == 1, f"{len(headings)} first headings"
    title, heading = _text(tree.find(".//title")), _text(headings[0])
    assert title.startswith(heading), f"title {title!r} is not heading {heading!r}"


def _ids_are_unique(tree: Any) -> None:
    counted = Counter(node.get("id") for node in tree.iter() if node.get("id"))
    twice = [name for name, count in counted.items() if count > 1]
    assert not twice, f"ids that stand twice: {twice}"


def _inputs_have_labels(tree: Any) -> None:
    named = {label.get("for") for label in tree.iter("label")}
    wrapped = {id(node) for label in tree.iter("label") for node in label.iter()}
    for node in tree.iter():
        if node.tag not in ("input", "select", "textarea") or node.get("type") in _UNLABELLED:
            continue
        has_label = node.get("aria-label") or node.get("aria-labelledby") or id(node) in wrapped
        assert has_label or node.get("id") in named, f"{node.tag} {node.get('name')!r} has no label"


def _forms_know_where(tree: Any) -> None:
    for form in tree.iter("form"):
        method = (form.get("method") or "get").lower()
        if method == "dialog":
            continue
        assert form.get("action"), "a form without an address"
        if method == "post":
            names = [node.get("name") for node in form.iter("input")]
            assert "csrf_token" in names, f"the form for {form.get('action')} has no token"


def _nothing_is_inline(tree: Any) -> None:
    for node in tree.iter():
        if not isinstance(node.tag, str):
            continue
        assert node.get("style") is None, f"{node.tag} has a style of its own"
        assert not [name for name in node.attrib if str(name).startswith("on")], f"{node.tag} runs a script of its own"
        if node.tag == "script":
            assert node.get("nonce"), "a script without nonce"
