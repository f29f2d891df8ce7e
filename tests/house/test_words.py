"""Each code of the rules has its words, each word a rule, and no sentence a hole: what it names, the rule gives."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest
from flask import Flask
from flask_babel import Babel, force_locale
from installations import ROOT

from tracker import fault_words, file_words, formats, languages, words
from tracker.domain.events import ALL_KINDS
from tracker.domain.lifecycle import STEPS, Need, Status
from tracker.domain.people import Role
from tracker.domain.refusals import CODES, Refusal

TRACKER = ROOT / "tracker"
BESIDE_STEPS = {"register", "amend"}
"""What people do with a ticket that is no step of its life."""
SPREAD = {
    Need.OWNER: {"owner_unit_id", "owner_id", "lead_official_id", "supports"},
    Need.PUBLICITY: {"from_on", "to_on"},
    Need.EVIDENCE: {"evidence", "photos", "documents"},
}
"""Needs that are more than one input; every other is one, of the same name."""
HEAD = {"occurred_on", "place", "found_on", "named"}
"""Inputs beside a step's needs and a register's fields."""


def test_whoever_looks_at_a_ticket_reads_what_it_waits_for():
    turn = (TRACKER / "templates" / "tickets" / "_turn.html").read_text(encoding="utf-8")
    awaited = {step.name for step in STEPS if step.awaited_in}
    assert awaited
    assert {name for name in awaited if f'"{name}"' not in turn} == set()


@dataclass(frozen=True)
class Raised:
    """A refusal in the code: `given` are the names of its parameters, None where they come from elsewhere."""

    where: str
    code: str
    reason: str
    given: frozenset[str] | None
    is_of_file: bool

    @property
    def sentence(self) -> Any:
        find = file_words.file_sentence if self.is_of_file else file_words.cell_sentence
        return find(self.code, "first_row" if "first_row" in (self.given or ()) else self.reason)


def literals(node: ast.expr) -> list[str]:
    """The texts that an expression can be: `"a"`, or `"a" if … else "b"`. Empty for what is worked out elsewhere."""
    if isinstance(node, ast.IfExp):
        return literals(node.body) + literals(node.orelse)
    return [node.value] if isinstance(node, ast.Constant) and isinstance(node.value, str) else []


CODE_AT = {"Refusal": 0, "FileRefusal": 0, "_at_field": 2}
"""Calls that refuse, and the place of the code among their arguments."""


@cache
def raised() -> tuple[Raised, ...]:
    found: list[Raised] = []
    for path in sorted(TRACKER.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                found += refusals_of(node, f"{path.relative_to(ROOT)}:{node.lineno}")
            elif isinstance(node, ast.Dict) and path.name == "parser.py":
                found += told_by_parser(node, f"{path.relative_to(ROOT)}:{node.lineno}")
    return tuple(found)


def refusals_of(call: ast.Call, where: str) -> Iterator[Raised]:
    name = getattr(call.func, "attr", getattr(call.func, "id", ""))
    if name not in CODE_AT or len(call.args) <= CODE_AT[name]:
        return
    values = {keyword.arg: keyword.value for keyword in call.keywords}
    given = None if None in values else frozenset(map(str, values)) - {"field"}
    for code in literals(call.args[CODE_AT[name]]):
        for reason in literals(values["reason"]) if "reason" in values else [""]:
            yield Raised(where, code, reason, given, name == "FileRefusal")


def told_by_parser(node: ast.Dict, where: str) -> Iterator[Raised]:
    """The parser of workbooks is a process of its own; what it sends becomes a FileRefusal."""
    told = {literals(key)[0]: value for key, value in zip(node.keys, node.values, strict=True) if key}
    if literals(told.get("error", ast.Constant(None))) == ["too_large"]:
        yield Raised(where, "file_too_large", literals(told["reason"])[0], frozenset(told), is_of_file=True)


def placeholders(sentence: Any) -> set[str]:
    return set(re.findall(r"%\((\w+)\)", str(sentence)))


@pytest.fixture
def speaking() -> Iterator[None]:
    app = Flask("tracker", root_path=str(TRACKER))
    Babel(app)
    with app.test_request_context():
        yield


def holes(refusals: Iterable[Raised]) -> list[tuple[str, str, str, list[str]]]:
    """Where a sentence names what its refusal does not give."""
    return [
        (r.where, r.code, r.reason, sorted(missing))
        for r in refusals
        if r.given is not None and (missing := placeholders(r.sentence) - r.given)
    ]


@pytest.mark.parametrize(
    ("code", "missing"),
    [
        ('Refusal("password_too_short", field="password", length=8)', ["limit"]),
        ('self._at_field(1, "key", "duplicate_external_number", first_row=3)', ["value"]),
        ('FileRefusal("file_too_large", reason="rows", found=7)', ["limit"]),
        ('Refusal("field_too_long" if long else "pattern_mismatch", limit=8, length=9)', ["value"]),
    ],
)
def test_a_hole_is_noticed(code: str, missing: list[str]):
    call = ast.parse(code, mode="eval").body
    assert isinstance(call, ast.Call)
    assert [found for *_, found in holes(refusals_of(call, ""))] == [missing]


def test_refusals_are_found_in_the_code():
    assert len(raised()) > 120
    assert {r.is_of_file for r in raised()} == {True, False}


@pytest.mark.usefixtures("speaking")
@pytest.mark.parametrize("language", languages.codes())
def test_a_refusal_gives_what_its_sentence_names(language: str):
    with force_locale(language.replace("-", "_")):
        assert holes(raised()) == []


def test_each_code_has_its_sentence():
    assert words.REFUSALS.keys() == CODES.keys()


def test_each_code_is_given_by_some_rule():
    assert CODES.keys() - {r.code for r in raised()} == set()


def test_each_sentence_about_a_file_or_cell_is_needed():
    given = {(r.code, "first_row" if "first_row" in (r.given or ()) else r.reason) for r in raised()}
    codes = {code for code, _ in given}
    for table in (file_words.FILE_TROUBLE, file_words.CELL_TROUBLE):
        assert {key for key in table if key not in given and (key[1] or key[0] not in codes)} == set()


@pytest.mark.parametrize(
    ("table", "wanted"),
    [
        (words.STEPS, {step.name for step in STEPS} | BESIDE_STEPS),
        (words.STATUSES, set(Status)),
        (words.ROLES, set(Role)),
        (words.EVENTS, set().union(*ALL_KINDS.values())),
        (words.NEEDS, HEAD.union(*(SPREAD.get(need, {need.value}) for need in Need))),
    ],
    ids=["steps", "statuses", "roles", "events", "needs"],
)
def test_the_words_are_those_of_the_rules(table: Mapping[Any, Any], wanted: set[Any]):
    assert set(table) == wanted


def test_each_fault_of_the_log_has_its_words():
    call = re.compile(r'\b(?:File)?Fault\(\s*"(\w+)"')
    given = {code for path in TRACKER.rglob("*.py") for code in call.findall(path.read_text(encoding="utf-8"))}
    assert given == fault_words.FAULTS.keys()


def test_each_word_that_a_page_asks_for_is_there():
    tables = {"step": words.STEPS, "need": words.NEEDS, "choice": words.CHOICES, "event": words.EVENTS}
    call = re.compile(r'\bwords\.(step|need|choice|event)\("(\w+)"\)')
    pages = (*TRACKER.rglob("*.py"), *TRACKER.rglob("*.html"))
    asked = {found for path in pages for found in call.findall(path.read_text(encoding="utf-8"))}
    assert len(asked) > 20
    assert [(kind, name) for kind, name in asked if name not in tables[kind]] == []


@pytest.mark.usefixtures("speaking")
def test_lists_and_days_in_a_sentence_follow_the_language():
    with force_locale("zh_Hans"):
        assert formats.filled("%(a)s %(b)s", {"a": ("一", "二")}) == "一、二 —"
    with force_locale("en"):
        assert formats.filled("%(a)s", {"a": ("one", "two")}) == "one, two"


@pytest.mark.usefixtures("speaking")
def test_a_file_says_how_large_it_may_be_in_megabytes():
    with force_locale("en"):
        text = words.refusal(Refusal("file_too_large", limit=20))
    assert text == "The file is larger than 20 MB. Send a smaller one."
