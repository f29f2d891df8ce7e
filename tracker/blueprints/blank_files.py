"""The workbook that a register offers to be filled in and imported, in the reader's language."""

from __future__ import annotations

from tempfile import SpooledTemporaryFile
from typing import BinaryIO, cast

from flask.typing import ResponseReturnValue
from flask_babel import gettext

from tracker import formats, languages, words
from tracker.blueprints import files
from tracker.blueprints.rights import directory, house
from tracker.domain.registers import NUMBER_TYPES, Field, FieldType
from tracker.exchange.blanks import Blank, BlankWords, write_blank
from tracker.exchange.importing import Importer


def file_response(importer: Importer) -> ResponseReturnValue:
    """The file. It holds nothing of what is recorded, so taking it is no export."""
    out = cast(BinaryIO, SpooledTemporaryFile(max_size=files.IN_MEMORY))  # noqa: SIM115 # send_file closes it
    write_blank(out, [_blank(field, importer) for field in taken_over(importer)], _said(importer))
    out.seek(0)
    return files.sent(out, f"{importer.register.name}-{gettext('template')}", "xlsx")


def taken_over(importer: Importer) -> list[Field]:
    """What an import fills, in the register's order: its fields, and a subject's state."""
    further = (f for f in importer.further_columns if f.name not in importer.not_imported)
    fields = (*(f for f in importer.register.fields if f.imported is None), *further)
    return list({f.name: f for f in fields}.values())


def _said(importer: Importer) -> BlankWords:
    return BlankWords(
        title=words.of(importer.register.label),
        note=gettext("One row each, from row 4 on. Headings with * must be filled in; columns that stay empty may go."),
        guide=gettext("How to fill in"),
        guide_headings=(gettext("Heading"), gettext("Needed"), gettext("How to write it"), gettext("Choices")),
        needed=gettext("needed"),
        unusual=gettext("This is not what the column expects. Keep it only if you know that it is right."),
    )


def _blank(field: Field, importer: Importer) -> Blank:
    return Blank(
        heading=words.of(field.label),
        type=field.type,
        how=" ".join(filter(None, (_how(field), words.of(field.hint) if field.hint else ""))),
        is_needed=field.is_required,
        choices=_choices(field, importer),
        minimum=field.minimum,
        maximum=field.maximum,
    )


def _choices(field: Field, importer: Importer) -> tuple[str, ...]:
    match field.type:
        case FieldType.YES_NO:
            return words.yes_no(value=True), words.yes_no(value=False)
        case FieldType.UNIT:
            places = importer.places if field.name == importer.register.unit_field else directory().units.values()
            return tuple(unit.label(languages.current()) for unit in places)
        case _:
            return tuple(words.of(choice.label) for choice in field.choices if not choice.is_retired)


def _how(field: Field) -> str:
    """What a cell of this type looks like, in one sentence."""
    if field.type in NUMBER_TYPES:
        return _number(field)
    match field.type:
        case FieldType.TEXT:
            return gettext("At most %(limit)s characters.", limit=formats.number(field.max_length))
        case FieldType.DATE:
            return gettext("A day, such as 2023-11-24.")
        case FieldType.TIME:
            return gettext("A time of the day, such as 09:30.")
        case FieldType.SELECT_MULTIPLE:
            return gettext("One or more of the choices, with “、” between them.")
        case FieldType.PERSON:
            return gettext("The name of somebody who is known here.")
        case FieldType.GEOPOINT:
            return gettext("Latitude and longitude, such as 26.9301,112.6103.")
        case FieldType.RECORD:
            register = house().pack.record_by_name.get(field.register or "")
            name = words.of(register.label) if register else words.of(field.label)
            return gettext("The number of a record in “%(register)s”.", register=name)
        case _:
            return gettext("Choose from the list.")


def _number(field: Field) -> str:
    whole = field.type is FieldType.INTEGER
    if field.minimum is not None and field.maximum is not None:
        bounds = {"minimum": formats.number(field.minimum), "maximum": formats.number(field.maximum)}
        if whole:
            return gettext("A whole number from %(minimum)s to %(maximum)s.", **bounds)
        return gettext("A number from %(minimum)s to %(maximum)s.", **bounds)
    if field.minimum is not None:
        least = formats.number(field.minimum)
        if whole:
            return gettext("A whole number, at least %(minimum)s.", minimum=least)
        return gettext("A number, at least %(minimum)s.", minimum=least)
    return gettext("A whole number.") if whole else gettext("A number.")
