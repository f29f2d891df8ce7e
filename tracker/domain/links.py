"""Links: a field of a ticket or another record that names a record, which must be there and of the right register."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tracker.domain.context import World
from tracker.domain.refusals import Refusal, Refusals
from tracker.domain.registers import Field


def check_links(links: Iterable[Field], values: Mapping[str, Any], context: World) -> None:
    """Refusals: record_unknown at each field that leads nowhere, or to a record of another register."""
    wrong = [
        Refusal("record_unknown", field=field.name, value=str(values[field.name]))
        for field in links
        if values.get(field.name) is not None and context.register_of(values[field.name]) != field.register
    ]
    if wrong:
        raise Refusals(wrong)
