"""What the pages of an import show: its headings, how columns were understood, its rows with what is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import url_for
from flask_babel import gettext

from tracker import file_words, formats, words
from tracker.blueprints import blank_files
from tracker.blueprints.import_view import defaults_of
from tracker.blueprints.names import names
from tracker.blueprints.ticket_view import value_text
from tracker.domain.records import RecordRegister
from tracker.domain.registers import FieldType, Register
from tracker.exchange.headings import IGNORED, SERIAL
from tracker.exchange.importing import Importer
from tracker.forms.imports import how_to_mend
from tracker.queries.uploads import State, Upload, UploadLine


def headings(importer: Importer) -> list[tuple[Mapping[str, str], bool]]:
    """Headings that are taken over, and whether they are needed."""
    return [(f.label, f.is_required) for f in blank_files.taken_over(importer)]


def views(
    upload: Upload, register: Register | RecordRegister, counts: Mapping[State, int], shown: State
) -> list[dict[str, Any]]:
    is_of_tickets = isinstance(register, Register)
    labels = {
        State.REGISTERED: gettext("Registered"),
        State.READY: gettext("Ready"),
        State.ADDS: gettext("To add to known tickets") if is_of_tickets else gettext("To add to known values"),
        State.ADDED: gettext("Added to known tickets") if is_of_tickets else gettext("Added to known values"),
        State.WRONG: gettext("With mistakes"),
        State.KNOWN: gettext("Recorded already"),
        State.REPEATED: gettext("Repeated in the file"),
    }
    return [
        {
            "url": url_for("imports.preview", upload_id=upload.id, show=state.name.lower()),
            "label": label,
            "count": counts[state],
            "is_current": state is shown,
        }
        for state, label in labels.items()
        if counts[state] or state in (State.READY, State.WRONG)
    ]


def target(upload: Upload, known: str | None, importer: Importer) -> dict[str, Any]:
    """How a column was understood: a field's name, a number of the row, something a step records, or nothing."""
    if known is None or known == IGNORED:
        return {"kind": "unused"}
    if known == SERIAL:
        return {"kind": "serial"}
    fields = (*importer.register.fields, *importer.further_columns)
    return {
        "kind": "step" if known in importer.not_imported else "field",
        "label": words.label_of(known, fields),
        "order": upload.told.get("day_orders", {}).get(known),
    }


def given(upload: Upload, register: Register | RecordRegister) -> list[tuple[str, str]]:
    """What the upload said for rows that do not."""
    shown = []
    for name, value in defaults_of(upload, register).items():
        text = formats.day(value) if register.by_name[name].type is FieldType.DATE else names().unit(value)
        shown.append((words.label_of(name, register.fields), text))
    return shown


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the file as the page prints it."""

    row: int
    summary: str
    place: str
    found_on: str | None
    mistakes: tuple[dict[str, str], ...]
    notes: tuple[dict[str, str], ...]
    repeats: int | None
    ticket_id: int | None
    number: str | None
    is_again: bool
    adds: str


def row(line: UploadLine, importer: Importer) -> Row:
    told = line.told
    return Row(
        line.row,
        summary(told["summary"], importer.register),
        names().unit(told["place"]),
        told["found_on"],
        tuple(mistake(one, importer) for one in told["errors"]),
        tuple(mistake(one, importer) for one in told.get("notes", ())),
        told.get("repeats"),
        line.ticket_id,
        line.number,
        bool(told.get("again")),
        formats.listed(_added(name, importer.register) for name in told.get("adds", ())),
    )


def _added(name: str, register: Register | RecordRegister) -> str:
    """What a row adds: a milestone, or the stage of a value."""
    if isinstance(register, Register):
        return words.of(register.milestone_by_name[name].label)
    return next((words.of(stage.label) for stage in register.stages if stage.name == name), name)


def mistake(told: Mapping[str, Any], importer: Importer) -> dict[str, str]:
    """Where, in which field, what is wrong, what it may be instead."""
    fields = (*importer.register.fields, *importer.further_columns)
    field = next((f for f in fields if f.name == told["field"]), None)
    label = words.label_of(told["field"], fields) if told["field"] else ""
    return {
        "cell": told["cell"],
        "field": label,
        "what": file_words.cell_trouble(told["code"], told["params"]),
        "instead": how_to_mend(field, told["code"]),
    }


def summary(text: str, register: Register | RecordRegister) -> str:
    """A choice by its label."""
    field = register.by_name[register.summary_field]
    return value_text(field, text, names()) if field.choices else text
