"""Rows of the ledger against the marks of the state: equal flows of one day, and corrections that move them."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import Any

import pytest
from records import RECORDS
from sqlalchemy import Engine, select
from township import PHOTO, Township, at, plain_ticket

from tracker.domain.commands import AmendRecord, AmendTicket, EnterRecord, ReportValue, TakeStep
from tracker.domain.effects import fold as fold_ticket
from tracker.domain.events import StreamKind
from tracker.domain.figures import Counting, FigureSpec, Term
from tracker.domain.ledger import Mark, marks
from tracker.domain.record import fold as fold_record
from tracker.domain.record_ledger import record_marks
from tracker.log import store
from tracker.models.ledger import FolioRow, MarkRow
from tracker.projections import ledger
from tracker.queries.behind import NUMERATOR, OPERATOR, Behind, all_behind, drill
from tracker.queries.figures import as_of


@pytest.fixture
def town_pack():
    return RECORDS


@pytest.fixture
def town(engine: Engine):
    founded = Township.joined(engine, RECORDS)
    yield founded
    founded.close()


def in_the_table(town: Township, record_id: int) -> Counter[tuple[Any, ...]]:
    """(account, unit, from, until, segment) → quantity of the rows that are known now."""
    found: Counter[tuple[Any, ...]] = Counter()
    query = select(MarkRow, FolioRow).join(FolioRow, FolioRow.id == MarkRow.folio)
    with town.engine.connect() as conn:
        for row in conn.execute(query.where(MarkRow.ticket_id == record_id, MarkRow.rt.is_(None))):
            found[row.account, row.unit, row.ef, row.et, row.segment] += 1 if row.quantity is None else row.quantity
    return found


def of_the_state(found: frozenset[Mark]) -> Counter[tuple[Any, ...]]:
    total: Counter[tuple[Any, ...]] = Counter()
    for mark in found:
        total[mark.account, mark.unit, mark.ef, mark.et, mark.segment] += mark.quantity
    return total


def step(town: Township, ticket_id: int, name: str, by: str, day: str, **more: Any) -> None:
    evidence = more.pop("evidence", ())
    taken = TakeStep(
        ticket_id=ticket_id,
        step=name,
        version=town.state(ticket_id).version,
        occurred_on=date.fromisoformat(day),
        values=more,
        evidence=evidence,
    )
    town.do(taken, by, at(day))


def sent_twice_on_one_day(town: Township) -> int:
    (event, *_) = town.do(plain_ticket(town), "supervisor", at("2023-03-02"))
    ticket_id = event.stream_id
    owner = town.unit["chenguang"]
    step(town, ticket_id, "assign", "supervisor", "2023-03-03", owner_unit_id=owner, due_on=date(2023, 3, 20))
    step(town, ticket_id, "accept", "staff", "2023-03-04")
    for _ in range(2):
        step(town, ticket_id, "submit", "staff", "2023-03-10", evidence=(PHOTO,))
        step(town, ticket_id, "reject", "verifier", "2023-03-10", reason="盖板未固定")
    return ticket_id


def test_a_ticket_sent_twice_on_one_day_can_be_corrected_and_counts_twice(town: Township) -> None:
    ticket_id = sent_twice_on_one_day(town)
    amend = AmendTicket(
        ticket_id=ticket_id,
        version=town.state(ticket_id).version,
        changes={"category": "upkeep"},
        reason="分类填错",
        place_id=town.unit["donghu"],
    )
    town.do(amend, "supervisor", at("2023-03-12"))
    with town.engine.connect() as conn:
        state = fold_ticket(store.read_stream(conn, StreamKind.TICKET, ticket_id))
        assert state is not None
        assert in_the_table(town, ticket_id) == of_the_state(marks(state, town.register_of(ticket_id)))
        submissions = (Term("submissions", Counting.FLOW),)
        spec = FigureSpec("f", {}, "toilet", {}, "count", submissions, (), (), definition={}, source={})
        asked = Behind(spec, NUMERATOR, as_of(conn, effective=date(2023, 12, 1), known=None), None, None)
        assert [t.id for t in all_behind(conn, town.house, asked, OPERATOR)] == [ticket_id, ticket_id]
        page = drill(conn, town.house, asked, OPERATOR, cursor="", limit=1)
        assert (page.count, len(page.tickets), page.next_cursor) == (2, 2, None)  # never on two pages


def test_of_two_stages_reported_on_one_day_one_can_be_corrected(town: Township) -> None:
    values = {"place": town.unit["chenguang"], "year": 2023, "value": "10", "reported_on": "2023-07-01"}
    (event, *_) = town.do(
        EnterRecord(register="harvest", values={**values, "stage": "estimate"}), "staff", at("2023-08-01")
    )
    record_id = event.stream_id
    report = ReportValue(record_id=record_id, version=1, values={**values, "stage": "reported", "value": "12"})
    town.do(report, "staff", at("2023-08-01"))
    amend = AmendRecord(record_id=record_id, version=2, changes={"value": "11"}, reason="数字错位")
    town.do(amend, "staff", at("2023-08-02"))
    moved = AmendRecord(record_id=record_id, version=3, changes={"reported_on": "2023-07-05"}, reason="日期错位")
    town.do(moved, "staff", at("2023-08-03"))
    with town.engine.connect() as conn:
        state = fold_record(store.read_stream(conn, StreamKind.RECORD, record_id))
        assert state is not None
        expected = of_the_state(record_marks(state, town.pack.record_by_name["harvest"]))
    assert in_the_table(town, record_id) == expected
    assert sum(n for (account, *_), n in expected.items() if account == "reported") == 2


def test_deltas_are_read_as_columns_as_they_are_one_by_one(town: Township, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger, "POSITIONS_AT_ONCE", 3)
    for _ in range(6):
        town.do(plain_ticket(town), "supervisor", at("2023-03-02"))
    with town.engine.connect() as conn:
        head = store.read_head(conn).size
        rows = list(ledger.read_deltas(conn, after=0, until=head - 1))
        parts = list(ledger.read_delta_batches(conn, until=head - 1))
    assert len(rows) > 3
    assert [p for part in parts for p in part.positions] == [row[0] for row in rows]
    assert [d for part in parts for d in part.recorded_on] == [row[1] for row in rows]
    assert b"".join(part.records.tobytes() for part in parts) == b"".join(row[2] for row in rows)
    assert sum(int(part.lengths.sum()) for part in parts) == sum(part.records.size for part in parts)
