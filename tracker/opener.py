"""The part of the unit of work that opens the file of what was built, enrolled, taken up: as its register declares.

A subject that comes into a state may open a record of another register (`opens` in packs), in the same transaction, and
names it from then on; where that is there already, it is named and nothing opened. Nothing here commits.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

from tracker.domain.commands import ChangeState, EnterRecord, RecordCommand
from tracker.domain.context import Decision
from tracker.domain.owing import clockwork
from tracker.domain.record import Record
from tracker.domain.records import Opening, RecordRegister
from tracker.log.vault import read_private
from tracker.projections.records import records_called

if TYPE_CHECKING:
    from tracker.handler import Request, Work

_BEGINNINGS = (EnterRecord, ChangeState)


class Opener:
    """Records that come of other records."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def complete(self, request: Request, command: RecordCommand, before: Record | None, decision: Decision) -> Decision:
        """The decision with the link to what it opened or found; as it is, where the register opens nothing."""
        if not isinstance(command, _BEGINNINGS):
            return decision
        first, *rest = decision.events
        name = before.register if before else first.data["register"]
        opening = self._work.house.pack.record_by_name[name].opens
        if opening is None or first.data.get("state") not in opening.states:
            return decision
        known = {**(before.fields if before else {}), **first.data.get("fields", {})}
        target = self._work.house.pack.record_by_name[opening.register]
        if known.get(opening.link) is not None or target.is_withdrawn:
            return decision
        values = self._values(opening, target, known, self._private(before, decision.private), first.occurred_on)
        found = self._found(opening, target, values)
        record_id = self._open(request, target, values) if found is None else found
        fields = {**first.data.get("fields", {}), opening.link: record_id}
        return replace(decision, events=(replace(first, data={**first.data, "fields": fields}), *rest))

    def _private(self, before: Record | None, given: Mapping[str, Any]) -> Mapping[str, Any]:
        """In clear, for the vault of the other record: what was given now, and what was before."""
        if before is None or not before.private:
            return given
        self._work.vault.flush()
        return {**read_private(self._work.conn, before.id, before.private), **given}

    @staticmethod
    def _values(
        opening: Opening, target: RecordRegister, known: Mapping[str, Any], private: Mapping[str, Any], on: date
    ) -> dict[str, Any]:
        told = {**known, **private}
        copied = {into: told[name] for into, name in opening.copies.items() if told.get(name) is not None}
        return {**copied, **opening.says, target.day_field: on.isoformat()}

    def _found(self, opening: Opening, target: RecordRegister, values: Mapping[str, Any]) -> int | None:
        """The one that is there: alive, and the same in all that the pack says makes it so. Of several the oldest."""
        called = values.get(target.summary_field)
        if not opening.same or called is None:
            return None
        if self._work.records.rows.is_waiting:
            self._work.flush()
        unit_id, register_id = int(values[target.unit_field]), self._work.numbers[target.name]
        is_private = target.by_name[target.summary_field].is_private
        ids = records_called(
            self._work.conn, register_id, unit_id, target.summary_field, str(called), is_private=is_private
        )
        open_ones = [name for name in opening.same if name not in target.private_fields]
        for record_id in ids:
            record = self._work.records.find(record_id)
            if record is None or target.is_over(record.state):
                continue
            if all(str(record.fields.get(name)) == str(values.get(name)) for name in open_ones):
                return record_id
        return None

    def _open(self, request: Request, target: RecordRegister, values: Mapping[str, Any]) -> int:
        """Entered in the name of the person, with the rights of the clockwork: it is the pack that asks for it."""
        work = self._work
        command = EnterRecord(register=target.name, values=values)
        _, decision = work.records.decide(command, work.world(request, clockwork(work.directory)))
        return work.write_record(request, None, decision, None)[0].id
