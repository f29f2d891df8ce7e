"""Records and tickets that name each other: what a form may name, what it begins with, their addresses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from flask import request, url_for

from tracker import words
from tracker.blueprints.names import Names, names
from tracker.blueprints.rights import connection, house, viewer
from tracker.domain.record import Record
from tracker.domain.records import RecordRegister
from tracker.domain.registers import Field, FieldType, Register
from tracker.forms.links import Links
from tracker.forms.options import Options
from tracker.queries import lists, record_lists, records, tickets
from tracker.queries.record_lists import RecordLine
from tracker.queries.scope import Viewer

DUTY = "duty"
TITLE = 24
"""Characters of a text that tell which one it is."""


def links() -> Links:
    """What the fields of this request's form may name."""
    return Links(connection(), viewer(), house().pack)


def numbers_of(asking: Viewer, ids: Iterable[int]) -> dict[int, str]:
    """The numbers of those of these tickets and records that the person may see."""
    wanted = set(ids)
    found = tickets.visible_numbers(connection(), asking, wanted)
    return found | records.visible_numbers(connection(), asking, wanted - found.keys())


def named(asking: Viewer, ids: Iterable[int]) -> Names:
    """Names with the numbers and titles of those of these tickets and records that the person may see."""
    numbers = numbers_of(asking, ids)
    return names(numbers, _titles_of(asking, numbers.keys())) if numbers else names()


def _titles_of(asking: Viewer, ids: Iterable[int]) -> dict[int, str]:
    """A short title of each, in the words of its summary; a private one masked, else where it is."""
    pack, wanted = house().pack, set(ids)
    kept = record_lists.lines_by_id(connection(), asking, pack.record_by_name, wanted)
    found = {line.id: _title(line, pack.record_by_name[line.register]) for line in kept}
    others = sorted(wanted - found.keys())
    lines = lists.lines_by_id(connection(), asking, pack.register_by_name, others)
    return found | {line.id: "" if line.is_restricted else _short(line.summary) for line in lines}


def _title(line: RecordLine, register: RecordRegister) -> str:
    field = register.by_name[register.summary_field]
    choice = next((c for c in field.choices if c.name == line.summary), None)
    if line.summary:
        return words.of(choice.label) if choice else _short(line.summary)
    return line.masked.get(field.name) or names().unit(line.unit_id)


def _short(text: str) -> str:
    return text if len(text) <= TITLE else f"{text[: TITLE - 1]}…"


def ids_named(register: Register | RecordRegister, fields: Mapping[str, Any]) -> set[int]:
    """Ids in the fields that name records."""
    return {value for f in register.links if isinstance(value := fields.get(f.name), int)}


def address_of(field: Field, number: str | None) -> str:
    """The page of what the field names; empty when the reader may not know of it."""
    if field.type is not FieldType.RECORD or not number:
        return ""
    endpoint = "records.show" if field.register in house().pack.record_by_name else "tickets.show"
    return url_for(endpoint, number=number)


def record_address(number: str | None) -> str | None:
    """The page of the record; None where the reader may not know of it."""
    return url_for("records.show", number=number) if number else None


# -- what a form begins with --------------------------------------------------------------------------
def begun(register: Register | RecordRegister, options: Options) -> dict[str, Any]:
    """What the address says already: `place`; `from`, the number of the record that gives rise to this one; `duty`,
    what it is to count for."""
    origin = _origin(request.args.get("from", ""))
    found = as_owed(register)
    found |= {} if origin is None else _told_by(origin, register, options)
    if (place := request.args.get("place", "")) in _values(options.places):
        found["place"] = place
    return found


def as_owed(register: Register | RecordRegister) -> dict[str, str]:
    """The choices without which a record would not count for the duty of the address: a village chief's patrol."""
    spec = house().pack.duty_by_id.get(request.args.get(DUTY, ""))
    if spec is None or spec.activity != register.name:
        return {}
    told = (test for predicate in spec.where for test in predicate.tests)
    return {
        name: values[0]
        for name, operator, values in told
        if operator == "in" and len(values) == 1 and register.by_name[name].type is FieldType.SELECT_ONE
    }


def origin_asked() -> dict[str, Any]:
    """`from` of this request's address, for the address of the form that follows: a member has five households."""
    number = request.args.get("from", "")
    return {"from": number} if number else {}


def came_from() -> tuple[str, str] | None:
    """Number and title of the record from whose page the reader set out, to go back there: a meeting has five
    problems."""
    number = request.args.get("from", "")
    found = records.find_visible_id(connection(), viewer(), number) if number else None
    return None if found is None else (number, _titles_of(viewer(), {found}).get(found, ""))


def _values(pairs: Iterable[tuple[str, str]]) -> set[str]:
    return {value for value, _ in pairs}


def _origin(number: str) -> Record | None:
    found = records.find_visible_id(connection(), viewer(), number) if number else None
    return None if found is None else records.record_at(connection(), found)


def _told_by(origin: Record, register: Register | RecordRegister, options: Options) -> dict[str, Any]:
    """The link back, further links and units that both have, the place, and of a ticket the day it was found."""
    source = house().pack.record_by_name[origin.register]
    found: dict[str, Any] = {}
    for field in register.links:
        if field.register == origin.register:
            found[field.name] = origin.number
        elif same := _same_link(field, source, origin):
            found[field.name] = same
    place = str(origin.fields.get("place", origin.unit_id))
    if place in _values(options.places):
        found["place"] = place
    if isinstance(register, Register):
        found["found_on"] = origin.on
    elif place in _values(options.homes):
        found[register.unit_field] = place
    units = _values(options.units)
    for field in register.fields:
        if field.type is FieldType.UNIT and field.name not in found and str(origin.fields.get(field.name)) in units:
            found[field.name] = str(origin.fields[field.name])
    if "group" in register.by_name and "group" in origin.fields:
        found["group"] = str(origin.fields["group"])
    return found


def _same_link(field: Field, source: RecordRegister, origin: Record) -> str | None:
    named = next((origin.fields.get(f.name) for f in source.links if f.register == field.register), None)
    return links().number_of(field, named) if named is not None else None
