"""What a record counts for among the duties, and why not, in the reader's words: its page, and right after saving."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import url_for
from flask_babel import gettext

from tracker import duty_words, formats, words
from tracker.blueprints import linking
from tracker.blueprints.names import Names
from tracker.blueprints.rights import connection, directory, house, viewer
from tracker.blueprints.ticket_view import value_text
from tracker.domain.answering import Answer, Counted, Lack, Why
from tracker.domain.duties import DutySpec
from tracker.domain.record import Record
from tracker.domain.records import RecordRegister
from tracker.domain.registers import FieldType
from tracker.queries import answers, duties


@dataclass(frozen=True, slots=True)
class Told:
    """One duty and the record. `kind`: of a note or of what is flashed. `href`: the period for which it counts, where
    the reader may see that."""

    text: str
    kind: str
    href: str = ""


_NOTHING_WRONG = frozenset({Why.DONE_BEFORE, Why.NOT_OWED_THEN, Why.OWED_BY_OTHERS})
"""What does not count for these reasons is no worse for it: more was done than was owed."""


def told(record: Record, register: RecordRegister) -> tuple[Told, ...]:
    """Nothing where no duty asks for the activity; nor of a record that is voided or unfinished, and says so itself."""
    if record.is_void or not record.is_complete:
        return ()
    pack = house().pack
    found = answers.answers_of(connection(), directory(), pack.duties, record, register)
    ids = [one.period.id for answer in found for one in answer.counted]
    open_ids = duties.period_lines(connection(), duties.visible(viewer(), pack.duties), ids).keys()
    known = linking.named(viewer(), linking.ids_named(register, record.fields))
    out: list[Told] = []
    for answer in found:
        whose = _whose(answer.spec, record, register, known)
        out += [_counted(one, whose, is_open=one.period.id in open_ids) for one in answer.counted]
        if answer.lacks:
            is_well = all(lack.why in _NOTHING_WRONG for lack in answer.lacks)
            out.append(Told(_not_counted(answer, whose, register, known), "info" if is_well else "warn"))
    return tuple(out)


def _whose(spec: DutySpec, record: Record, register: RecordRegister, known: Names) -> str:
    """The duty, and the subject or unit for which it was done."""
    link = register.by_name.get(spec.owed_by.link or "")
    named = record.fields.get(link.name) if link else None
    of = known.unit(record.unit_id) if link is None else value_text(link, named, known) if named else ""
    return gettext("%(duty)s (%(of)s)", duty=words.of(spec.label), of=of) if of else words.of(spec.label)


def _counted(one: Counted, whose: str, *, is_open: bool) -> Told:
    params = {"duty": whose, "start": formats.day(one.period.start), "end": formats.day(one.period.end)}
    if one.period.start == one.period.end:
        text = gettext("Counts for: %(duty)s, %(end)s", **params)
    else:
        text = gettext("Counts for: %(duty)s, %(start)s – %(end)s", **params)
    if one.is_late:
        text = gettext("%(text)s. It was late.", text=text)
    return Told(text, "done", url_for("duties.period", period_id=one.period.id) if is_open else "")


def _not_counted(answer: Answer, whose: str, register: RecordRegister, known: Names) -> str:
    reasons = " ".join(_reason(lack, register, known) for lack in answer.lacks)
    source = words.of(answer.spec.source)
    return gettext("Does not count for: %(duty)s. %(why)s (%(source)s)", duty=whose, why=reasons, source=source)


def _reason(lack: Lack, register: RecordRegister, known: Names) -> str:
    params: dict[str, Any] = dict(lack.params)
    if "field" in params:
        params = _named(params, register, known)
    if "unit" in params:
        params["unit"] = known.unit(params["unit"])
    return duty_words.reason(lack.why, params)


def _named(params: Mapping[str, Any], register: RecordRegister, known: Names) -> dict[str, Any]:
    """Field and values as the form calls them."""
    out = dict(params)
    field = register.by_name.get(params["field"])
    if field is None:  # of the record as such: its day, say
        return out
    out["field"] = words.of(field.label)
    if "value" in params:
        value = params["value"]
        out["value"] = duty_words.not_given() if value in (None, "", []) else value_text(field, value, known)
    if "wanted" in params:
        is_choice = field.type in (FieldType.SELECT_ONE, FieldType.SELECT_MULTIPLE)
        out["wanted"] = [value_text(field, one, known) if is_choice else one for one in params["wanted"]]
    return out
