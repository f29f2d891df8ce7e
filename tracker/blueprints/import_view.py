"""What an upload says, told for the preview, and its rows carried out as commands.

The preview asks the rules what they would say, without writing; so it promises exactly what the import does.
Nothing private is told: the preview shows village, day and problem, and the words of mistakes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection

from tracker.domain.access import TicketFacts, may
from tracker.domain.commands import RegisterTicket
from tracker.domain.context import Context
from tracker.domain.deciding import decide_register
from tracker.domain.refusals import Refusal, Refusals
from tracker.domain.registers import Field, Register
from tracker.exchange.commands import command_of
from tracker.exchange.files import FileRefusal
from tracker.exchange.reading import CellError, ImportReading, RowReading
from tracker.exchange.rows import read_file
from tracker.handler import Outcome, Refused, Request, handle_all
from tracker.house import House
from tracker.log.store import hash_key
from tracker.packs.loader import LoadedPack
from tracker.queries.imports import State, Upload, tickets_of_keys, tickets_recorded
from tracker.queries.scope import Viewer
from tracker.uploads import ReadFile, ReadRow

MOST_ROWS = 20_000
"""A longer list is for `xiaohao import`, which shows its progress and needs no browser to wait."""
AT_ONCE = 5_000
"""Rows that one confirmation registers: some four seconds, so that no browser gives up and no colleague waits."""
MOST_SKIPPED = 200
_SUMMARY = 120
DATED = frozenset({"found_on"})


@dataclass(frozen=True)
class Importer:
    """Who imports, into which register, and what they see."""

    house: House
    conn: Connection
    viewer: Viewer
    register: Register
    secret: bytes

    @property
    def step_columns(self) -> tuple[Field, ...]:
        pack = self.house.pack
        return tuple(pack.columns.get(self.register.name, ())) if isinstance(pack, LoadedPack) else ()

    def read(self, content: bytes, name: str, sheet: str | None, defaults: Mapping[str, Any]) -> ImportReading:
        """The reading of a file. FileRefusal: none of it can be used, and why."""
        reading = read_file(
            content,
            name,
            self.register,
            self.viewer.directory.units,
            self.viewer.directory.people,
            self.viewer.on,
            secret=self.secret,
            sheet_name=sheet,
            defaults=defaults,
            step_columns=self.step_columns,
        )
        if len(reading.rows) > MOST_ROWS:
            raise FileRefusal("file_too_large", reason="page_rows", limit=MOST_ROWS)
        return reading

    def preview(self, content: bytes, name: str, sheet: str | None, defaults: Mapping[str, Any]) -> ReadFile:
        """The same as what is kept of it."""
        reading = self.read(content, name, sheet, defaults)
        digest = hashlib.sha256(content).hexdigest()
        return ReadFile(
            self.register.name,
            name,
            reading.sheet,
            digest,
            content,
            _told_of_file(reading, defaults),
            tuple(self._judged(reading, digest)),
        )

    # -- what would come of each row ------------------------------------------------------------------
    def _judged(self, reading: ImportReading, digest: str) -> Iterator[ReadRow]:
        recorded = self._recorded(reading, digest)
        world = self._world(recorded)
        at = _cells_of(reading)
        for row in reading.rows:
            yield self._one(row, recorded.get(row.external_key), world, at, bool(reading.missing_required))

    def _recorded(self, reading: ImportReading, digest: str) -> dict[str, int]:
        """External key → ticket, of rows that are recorded, or were from this very file and are voided since."""
        sound = [row for row in reading.rows if row.is_ready]
        person_id = self.viewer.person.id
        keys = {hash_key(person_id, self._key(digest, reading.sheet, row.source_row)): row for row in sound}
        from_file = tickets_of_keys(self.conn, keys)
        found = {keys[key].external_key: ticket_id for key, ticket_id in from_file.items()}
        by_number = tickets_recorded(self.conn, self.viewer, self.register.name, (row.external_key for row in sound))
        return found | by_number

    def _one(
        self, row: RowReading, before: int | None, world: Context, at: Mapping[str, str], lacks_column: bool
    ) -> ReadRow:
        told = _told(row, self.register)
        if row.errors:
            return ReadRow(row.source_row, State.WRONG, told)
        if row.duplicate_of is not None:
            return ReadRow(row.source_row, State.REPEATED, told | {"repeats": row.duplicate_of})
        if before is not None:
            return ReadRow(row.source_row, State.KNOWN, told, before)
        if lacks_column:
            return ReadRow(row.source_row, State.WRONG, told)
        if refusals := self._objections(row, world):
            return ReadRow(row.source_row, State.WRONG, told | {"errors": _at_cells(refusals, row.source_row, at)})
        return ReadRow(row.source_row, State.READY, told)

    def _objections(self, row: RowReading, world: Context) -> tuple[Refusal, ...]:
        try:
            command = command_of(row, self.register)
        except ValueError:
            return (Refusal("field_required", field="place"),)
        if not self._may_import(command):
            return (Refusal("not_permitted", field="place"),)
        try:
            decide_register(command, self.register, world)
        except (Refusal, Refusals) as why:
            return why.refusals if isinstance(why, Refusals) else (why,)
        return ()

    def _may_import(self, command: RegisterTicket) -> bool:
        viewer, is_restricted = self.viewer, command.is_restricted
        named = (viewer.person.id,) if is_restricted else ()
        facts = TicketFacts(self.register.name, command.place_id, None, (), is_restricted, named)
        return may(viewer.person, "import", facts, viewer.directory, viewer.on)

    def _world(self, recorded: Mapping[str, int]) -> Context:
        """For asking the rules only: no number is handed out."""
        return Context(
            actor=self.viewer.person,
            today=self.viewer.on,
            directory=self.viewer.directory,
            calendar=self.house.calendar,
            number_for=lambda register, is_restricted: "",
            key_taken=lambda register, key: str(recorded[key]) if key in recorded else None,
            find_ticket=lambda ticket_id: None,
        )

    # -- carrying out ---------------------------------------------------------------------------------
    def carry_out(self, upload: Upload, content: bytes, chosen: Collection[int], now: datetime) -> tuple[ReadRow, ...]:
        """Register the chosen rows, all in one transaction: those that the rules refuse stay out and say why.

        A row that was registered from this file before is not registered again: its key says so.
        """
        reading = self.read(content, upload.file_name, upload.sheet, defaults_of(upload))
        rows = [row for row in reading.rows if row.source_row in chosen and row.is_ready]
        commands = {row.source_row: self._command(row, upload) for row in rows}
        allowed = {number: command for number, command in commands.items() if self._may_import(command)}
        requests = [Request(command, self.viewer.person.id, now) for command in allowed.values()]
        results = dict(zip(allowed, handle_all(self.house, requests, goes_on=True), strict=True))
        elsewhere = Refused((Refusal("not_permitted", field="place"),))
        at = _cells_of(reading)
        return tuple(self._settled(row, results.get(row.source_row, elsewhere), at) for row in rows)

    def _command(self, row: RowReading, upload: Upload) -> RegisterTicket:
        return replace(command_of(row, self.register), key=self._key(upload.digest, upload.sheet, row.source_row))

    def _key(self, digest: str, sheet: str, row: int) -> str:
        """The same row of the same file, however often it is sent."""
        return f"import/{self.register.name}/{digest}/{sheet}/{row}"

    def _settled(self, row: RowReading, result: Outcome | Refused, at: Mapping[str, str]) -> ReadRow:
        told = _told(row, self.register)
        if isinstance(result, Outcome):
            return ReadRow(row.source_row, State.REGISTERED, told | {"again": result.is_repeat}, result.stream_id)
        if {why.code for why in result.refusals} == {"duplicate_external_number"}:
            found = tickets_recorded(self.conn, self.viewer, self.register.name, [row.external_key])
            return ReadRow(row.source_row, State.KNOWN, told, found.get(row.external_key))
        return ReadRow(row.source_row, State.WRONG, told | {"errors": _at_cells(result.refusals, row.source_row, at)})


def defaults_of(upload: Upload) -> dict[str, Any]:
    """What was given at the upload for rows that do not say it."""
    told: Mapping[str, Any] = upload.told.get("defaults", {})
    return {name: date.fromisoformat(value) if name in DATED else value for name, value in told.items()}


# -- what is kept of a reading ------------------------------------------------------------------------
def _told_of_file(reading: ImportReading, defaults: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "columns": [[column.letter, column.heading, column.target] for column in reading.columns],
        "duplicates": [[column.letter, column.heading] for column in reading.duplicate_columns],
        "missing": list(reading.missing_required),
        "header_row": reading.header_row,
        "row_count": len(reading.rows),
        "skipped": [[s.row, s.reason, s.text] for s in reading.skipped[:MOST_SKIPPED]],
        "skipped_count": len(reading.skipped),
        "warnings": list(reading.warnings),
        "sheets": [[s.name, s.height, s.field_count] for s in reading.sheets if not s.is_hidden],
        "defaults": {name: str(value) if isinstance(value, date) else value for name, value in defaults.items()},
    }


def _told(row: RowReading, register: Register) -> dict[str, Any]:
    values = row.values
    is_restricted = values.get("restricted") is True
    return {
        "summary": "" if is_restricted else str(values.get(register.summary_field) or "")[:_SUMMARY],
        "place": values.get("place"),
        "found_on": values.get("found_on"),
        "errors": [_told_error(error) for error in row.errors],
    }


def _told_error(error: CellError) -> dict[str, Any]:
    return {"cell": error.cell, "field": error.field, "code": error.code, "params": dict(error.params)}


def _cells_of(reading: ImportReading) -> dict[str, str]:
    """Field → letter of its column."""
    return {column.target: column.letter for column in reading.columns if column.target}


def _at_cells(refusals: tuple[Refusal, ...], row: int, at: Mapping[str, str]) -> list[dict[str, Any]]:
    told = []
    for why in refusals:
        name = why.field or ""
        cell = f"{at[name]}{row}" if name in at else ""
        told.append({"cell": cell, "field": name, "code": why.code, "params": dict(why.params)})
    return told
