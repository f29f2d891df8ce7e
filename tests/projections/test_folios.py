"""Numbers of folios are shared by all writers of a process, and a roll-back leaves none behind."""

from __future__ import annotations

from sqlalchemy import Engine, select

from tracker.domain.days import FOREVER
from tracker.domain.ledger import Mark
from tracker.models.ledger import FolioRow, MarkRow
from tracker.projections.folios import FolioBook
from tracker.projections.ledger import LedgerWriter


def write(engine: Engine, book: FolioBook, ticket_id: int, *accounts: str, is_kept: bool = True) -> None:
    """One transaction that opens a mark under each of these accounts."""
    with engine.connect().execution_options(write=True) as conn, conn.begin() as transaction:
        writer = LedgerWriter(conn, book)
        for position, account in enumerate(accounts, ticket_id):
            mark = Mark(account, 1, 19_000, FOREVER, 0, 2023, 0)
            writer.post(ticket_id, "toilet", position, 19_000, frozenset(), frozenset({mark}))
        writer.flush()
        if not is_kept:
            transaction.rollback()


def accounts(engine: Engine) -> list[tuple[int, str]]:
    """(ticket, account) of every mark, by the folio that it stands under."""
    with engine.connect() as conn:
        found = conn.execute(
            select(MarkRow.ticket_id, FolioRow.account)
            .join_from(MarkRow, FolioRow, FolioRow.id == MarkRow.folio, isouter=True)
            .order_by(MarkRow.ticket_id, FolioRow.account)
        )
        return [tuple(row) for row in found]


def test_a_number_of_a_transaction_that_was_rolled_back_is_given_again(engine: Engine) -> None:
    """The next writer may begin before the first has cleared up: it waits for the lock alone."""
    book = FolioBook()
    write(engine, book, 1, "open", "closed", is_kept=False)
    write(engine, book, 1, "closed", "registered")
    write(engine, book, 5, "open", "closed")
    assert accounts(engine) == [(1, "closed"), (1, "registered"), (5, "closed"), (5, "open")]


def test_two_processes_write_under_the_same_numbers(engine: Engine) -> None:
    here, there = FolioBook(), FolioBook()
    write(engine, here, 1, "open")
    write(engine, there, 3, "closed", "open")
    write(engine, here, 6, "overdue", "closed")
    assert accounts(engine) == [(1, "open"), (3, "closed"), (3, "open"), (6, "closed"), (6, "overdue")]
