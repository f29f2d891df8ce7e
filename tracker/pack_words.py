"""What the loader says of a pack's mistakes (packs/problems.py), in the reader's language.

The loader writes English, with names of the pack inside, for logs and for whoever runs a check. Each sentence that it
can write stands here, with letters for what varies; tests/house/test_pack_words.py finds one that is missing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

from flask_babel import gettext

from tracker.packs.problems import Problem


def _(sentence: str) -> str:
    """Marks a sentence for the catalogues; it is looked up when somebody reads it."""
    return sentence


SENTENCES: tuple[str, ...] = (
    _("%(a)s stands in %(b)s"),
    _("name both alike"),
    _("`where` asks facts of no subject"),
    _("name the `subject`, or remove it"),
    _("%(a)s is private and %(b)s is open"),
    _("make both private"),
    _("item %(a)s stands twice"),
    _("number the items apart"),
    _("item %(a)s has points that nobody counts"),
    _("say `scored: true`"),
    _("unknown field %(a)s"),
    _("name a field of %(a)s"),
    _("%(a)s is private and cannot be named here"),
    _("use a field that is open"),
    _("%(a)s has no choice %(b)s"),
    _("use of %(a)s"),
    _("unknown register %(a)s"),
    _("name one of the pack"),
    _("unknown clock %(a)s"),
    _("declare it under `clocks` of %(a)s"),
    _("%(a)s ends before it begins"),
    _("swap `from` and `to`"),
    _("%(a)s overlap in time"),
    _("end %(a)s on %(b)s"),
    _("begin %(a)s on %(b)s, or add the row between"),
    _("gap between %(a)s"),
    _("%(a)s and %(b)s can hold for the same ticket"),
    _("make one more specific, or their conditions exclusive"),
    _("duty %(a)s stands twice"),
    _("rename or remove one"),
    _("%(a)s is after %(b)s"),
    _("write two parts, one to 12-31 and one from 01-01"),
    _("%(a)s has no nil report"),
    _("declare `nil` in %(a)s, or remove it here"),
    _("%(a)s is not an open number"),
    _("name an integer or decimal field"),
    _("%(a)s needs %(b)s, which nobody tells"),
    _("give the field `imported`, or choose `notice`"),
    _("%(a)s does not point to %(b)s"),
    _("`link` names the field of %(a)s that points to %(b)s: %(c)s"),
    _("nothing shared is called %(a)s"),
    _("use one of %(a)s, or `include` the file that has it"),
    _("%(a)s stands twice in %(b)s"),
    _("%(a)s: choices belong to select fields"),
    _("add or remove `choices`"),
    _("%(a)s: a record field, and no other, points into a register"),
    _("name its `register`, or remove it"),
    _("%(a)s: a choice stands twice"),
    _("let `imported` name a choice"),
    _("%(a)s: required_unless needs a yes_no field"),
    _("name one"),
    _("%(a)s: pattern is not a regular expression"),
    _("correct it"),
    _("%(a)s cannot contain %(b)s"),
    _("let `contains` of a select_multiple field name a select_one field with the same choices"),
    _("%(a)s: not_before compares two days"),
    _("name a date field"),
    _("%(a)s: tickets have no fields that depend on another"),
    _("remove it"),
    _("heading %(a)s belongs to %(b)s and to %(c)s"),
    _("an importer could not choose: give it to one"),
    _("%(a)s is not a record field"),
    _("name one that points into a register"),
    _("unknown %(a)s %(b)s"),
    _("use one of %(a)s"),
    _("%(a)s stands in no section"),
    _("name a figure of it"),
    _("unknown figure %(a)s"),
    _("see figures.yaml"),
    _("%(a)s has no counting word"),
    _("give it a `measure`"),
    _("%(a)s mixes whole numbers and decimals"),
    _("add up fields of one type"),
    _("unknown exclusion %(a)s"),
    _("use one of %(a)s, or write it out"),
    _("figure %(a)s stands twice"),
    _("%(a)s shows a percentage of nothing"),
    _("give a denominator"),
    _("%(a)s compares groups with nothing"),
    _("%(a)s does not say among what"),
    _("give `among`: a group may have none"),
    _("name a figure of this file"),
    _("%(a)s needs %(b)s conditions, %(c)s are possible"),
    _("let figures share conditions"),
    _("name a register of pack.yaml, or duty:<id>"),
    _("unknown account %(a)s"),
    _("%(a)s does not lead to a register of subjects"),
    _("name a record field that does"),
    _("only what is closed has an outcome"),
    _("say `on: %(a)s`"),
    _("a row says a `state`, or `back: true`"),
    _("say one of the two"),
    _("nothing was before a ticket that is only opened"),
    _("say a `state`"),
    _("%(a)s is no date"),
    _("state %(a)s needs %(b)s"),
    _("state %(a)s cannot follow %(b)s"),
    _("give it with `day_into` or `says`"),
    _("state %(a)s asks for files"),
    _("only a person can bring them: leave it out"),
    _("%(a)s is a column too"),
    _("keep one of the two"),
    _("no column gives %(a)s"),
    _("guess from one of %(a)s"),
    _("%(a)s is no field with one choice"),
    _("%(a)s already belongs to %(b)s"),
    _("choose another"),
    _("%(a)s points into an unknown register %(b)s"),
    _("name one of %(a)s"),
    _("%(a)s does not lead to %(b)s"),
    _("%(a)s cannot hold what %(b)s holds"),
    _("copy a field of its kind"),
    _("%(a)s asks for files"),
    _("only a person can bring them"),
    _("%(a)s of %(b)s is required and may be missing"),
    _("copy a required field into it, or say it"),
    _("`same` lacks %(a)s"),
    _("add it"),
    _("%(a)s is private and cannot be compared"),
    _("of private fields only the summary can"),
    _("an inspection has room for one photograph"),
    _("ask for `photos: 1`, or none"),
    _("%(a)s is not a yes_no field"),
    _("name a yes_no field"),
    _("%(a)s is not required"),
    _("records without it could not be counted"),
    _("the key lacks %(a)s"),
    _("values of two units would be one"),
    _("%(a)s cannot be the %(b)s"),
    _("name %(a)s that is open"),
    _("every state is an end"),
    _("a subject must begin somewhere: leave one open"),
    _("unknown step %(a)s"),
    _("no field %(a)s of type %(b)s"),
    _("every register of tickets has it"),
    _("%(a)s is not a date"),
    _("a milestone's field is a date"),
    _("two main clocks"),
    _("a ticket has one due day: leave one `main`"),
    _("clock %(a)s has no rule"),
    _("add a dated row to deadlines.yaml"),
    _("waived_by %(a)s is not a yes_no field"),
    _("%(a)s: %(b)s"),
    _("missing %(a)s"),
    _("unknown word %(a)s"),
    _("unknown %(a)s"),
    _("%(a)s is not of the form %(b)s"),
    _("write it in that form"),
    _("fits none of the allowed forms"),
    _("see docs/packs.md for the forms"),
    _("see docs/packs.md"),
    _("the file is empty"),
    _("fill it or remove it"),
    _("not YAML: %(a)s"),
    _("check indentation and quotes"),
    _("save the file as plain UTF-8 text"),
    _("the file is larger than %(a)s KB"),
    _("split it"),
    _("anchors and aliases are not allowed"),
    _("write the value out, or `use` it"),
    _("tags are not allowed: %(a)s"),
    _("remove the tag"),
    _("deeper than %(a)s or more than %(b)s values"),
    _("split the file"),
    _("a key is not a word"),
    _("use a plain word before the colon"),
    _("`%(a)s` stands twice"),
    _("%(a)s is not a day"),
    _("write year-month-day"),
    _("the file lies outside the pack"),
    _("copy it into the pack's folder"),
    _("the file is missing"),
    _("add it, or remove what names it"),
    _("the file is not UTF-8"),
    _("save it as UTF-8"),
    _("code %(a)s stands twice"),
    _("a code names one unit"),
    _("unknown parent %(a)s"),
    _("%(a)s names %(b)s and %(c)s"),
    _("put the parent above its children"),
    _("an importer could not choose: drop one"),
    _("it is no file of a register"),
    _("%(a)s is too long"),
    _("%(a)s is too short"),
    _("%(a)s should be non-empty"),
    _("%(a)s is less than the minimum of %(b)s"),
    _("%(a)s is greater than the maximum of %(b)s"),
    _("%(a)s has non-unique elements"),
    _("%(a)s is not of type %(b)s"),
    _("name a field of %(a)s or one of %(b)s"),
    _("unknown field %(a)s in a condition"),
    _("%(a)s is private and cannot be counted by"),
    _("`before` and `from` need a date"),
    _("name a language as BCP 47 does (ko, zh-Hant-HK)"),
    _("name %(a)s, the code of a unit or a person of the subject"),
    _("an inspection does not ask pictures when and where"),
    _("give it a field `location`; the register that it opens tickets in may ask `taken`"),
    _("unknown owner %(a)s"),
    _("let a record field settle other fields that this register has"),
    _("%(a)s cannot settle %(b)s"),
    _("%(a)s: %(b)s has no %(c)s to settle"),
    _("settle open fields that registers of records have alike"),
    _("%(a)s has no choice %(b)s in the key"),
    _("name a field of the key and the choice that contains its others"),
    _("%(a)s of %(b)s does not lead to %(c)s"),
    _("of %(a)s and %(b)s one is private and one is open"),
    _("name a record field there that does"),
    _("make both alike"),
    _("%(a)s is unique"),
    _("no two tickets may carry it: leave it out"),
)
NOUNS: Mapping[str, str] = {
    "field": _("field"),
    "state": _("state"),
    "milestone": _("milestone"),
    "step": _("step"),
    "step or milestone": _("step or milestone"),
    "unit": _("unit"),
    "checklist": _("checklist"),
    "register of tickets": _("register of tickets"),
    "register of subjects": _("register of subjects"),
    "register of activities": _("register of activities"),
    "a date field": _("a date field"),
    "a unit field": _("a unit field"),
    "a select_one field": _("a select_one field"),
    "a number field": _("a number field"),
    "a select_one, unit or integer field": _("a select_one, unit or integer field"),
    "register": _("register"),
    "event or milestone": _("event or milestone"),
    "outcome": _("outcome"),
}
"""What stands in a sentence and is no name of the pack."""

_VARIES = re.compile(r"%\(([a-z])\)s")


def mistake(problem: Problem) -> str:
    """What is wrong and how to mend it. What no pattern fits stays as the loader wrote it."""
    return gettext("%(what)s; %(mend)s", what=told(problem.what), mend=told(problem.mend))


def told(text: str) -> str:
    """One sentence of the loader in the reader's language."""
    if text in NOUNS:
        return gettext(NOUNS[text])
    for pattern, sentence in _patterns():
        if found := pattern.fullmatch(text):
            return gettext(sentence) % {name: told(value) for name, value in found.groupdict().items()}
    return text


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], str], ...]:
    """The longest first: of two that fit, the one that says more."""
    known = sorted(SENTENCES, key=lambda sentence: -len(_VARIES.sub("", sentence)))
    return tuple((re.compile(_expression(sentence), re.DOTALL), sentence) for sentence in known)


def _expression(sentence: str) -> str:
    parts = _VARIES.split(sentence)  # text, letter, text, letter … text
    return "".join(re.escape(part) if n % 2 == 0 else f"(?P<{part}>.+?)" for n, part in enumerate(parts))
