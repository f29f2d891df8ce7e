"""Links: a field of a ticket or another record that names a record, which must be there and of the right register.

Where the pack says so, the linked record settles other fields: a patrol lies in the village of its river section. What
was left empty is taken from it, in forms and files alike; what says otherwise is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from tracker.domain.context import World
from tracker.domain.refusals import Refusal, Refusals
from tracker.domain.registers import Field

FieldsOf = Callable[[int], Mapping[str, Any] | None]
"""The open fields of a record that stands; None for any other id."""


def check_links(links: Iterable[Field], values: Mapping[str, Any], context: World) -> None:
    """Refusals: record_unknown at each field that leads nowhere, or to a record of another register."""
    wrong = [
        Refusal("record_unknown", field=field.name, value=str(values[field.name]))
        for field in links
        if values.get(field.name) is not None and context.register_of(values[field.name]) != field.register
    ]
    if wrong:
        raise Refusals(wrong)


# -- what a linked record settles ---------------------------------------------------------------------
def settled_by_links(links: Iterable[Field]) -> frozenset[str]:
    """Fields that may be left empty where the record is named that says them."""
    return frozenset(name for field in links for name in field.settles)


def with_settled(links: Iterable[Field], values: Mapping[str, Any], fields_of: FieldsOf) -> dict[str, Any]:
    """`values`, and of the fields left empty what the linked records say."""
    found = dict(values)
    for field in links:
        empty = [name for name in field.settles if found.get(name) in (None, "")]
        said = _said_by(field, values, fields_of) if empty else {}
        found.update({name: said[name] for name in empty if said.get(name) is not None})
    return found


def check_settled(
    links: Iterable[Field], values: Mapping[str, Any], fields_of: FieldsOf, told: Collection[str] | None = None
) -> None:
    """Refusals: differs_from_link at each field that says otherwise than the linked record. `values` as the log keeps
    them; `told`: only what of it was told just now, None: all."""
    wrong = []
    for field in links:
        names = [name for name in field.settles if told is None or name in told or field.name in told]
        said = _said_by(field, values, fields_of) if names else {}
        wrong += [
            Refusal("differs_from_link", field=name, link=field.label)
            for name in names
            if said.get(name) is not None and values.get(name) not in (None, said[name])
        ]
    if wrong:
        raise Refusals(wrong)


def _said_by(field: Field, values: Mapping[str, Any], fields_of: FieldsOf) -> Mapping[str, Any]:
    linked = values.get(field.name)
    return (fields_of(linked) or {}) if isinstance(linked, int) else {}
