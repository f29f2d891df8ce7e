"""A row of a reading becomes the command that registers it; the import is a list of these."""

from __future__ import annotations

from datetime import date

from tracker.domain.commands import RegisterTicket
from tracker.domain.registers import Register
from tracker.exchange.reading import RowReading


def command_of(row: RowReading, register: Register) -> RegisterTicket:
    """The command of a row that is ready. ValueError for a row with errors: the caller chose wrongly."""
    values = row.values
    place, found_on = values.get("place"), values.get("found_on")
    if row.errors or not isinstance(place, int) or not isinstance(found_on, date):
        raise ValueError(f"row {row.source_row} cannot be registered")
    return RegisterTicket(
        register=register.name,
        values=values,
        place_id=place,
        found_on=found_on,
        is_restricted=values.get("restricted") is True,
        external_key=row.external_key,
    )
