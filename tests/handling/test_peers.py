"""Traps that other products fell into (peers.md, cautions), where a database is needed to fall into them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from sqlalchemy import URL, Engine, select
from sqlalchemy import event as engine_event
from township import PACK, PLAIN_VALUES, Township, at, label, plain_ticket

from tracker.domain.commands import AmendTicket, PersonLeaves, TakeStep
from tracker.domain.events import StreamKind
from tracker.domain.figures import FigureSpec, Term
from tracker.handler import Request, handle, handle_all
from tracker.log import store
from tracker.models import Base
from tracker.models.log import PrivateValueRow
from tracker.queries.behind import NUMERATOR, Behind, Reader, drill
from tracker.queries.figures import AsOf, as_of, figure_months, figure_units, figure_values

NOW, DAY = at("2023-03-05"), date(2023, 3, 5)
SECRET = "举报某干部克扣补贴"


@pytest.fixture
def town_pack():
    return PACK


@pytest.fixture
def town(database: URL) -> Iterator[Township]:
    founded = Township.joined(database)
    yield founded
    founded.close()


def figure(account: str, register: str = "petition") -> FigureSpec:
    return FigureSpec(account, label(account), register, {}, "count", (Term(account),), (), (), {}, "tests")


def pair_of(town: Township) -> AsOf:
    with town.engine.connect() as conn:
        return as_of(conn, effective=DAY, known=None)


def restricted_petition(town: Township) -> int:
    values = {**PLAIN_VALUES["petition"], "title": SECRET, "problem": SECRET}
    named = tuple(town.person[post] for post in ("supervisor", "verifier", "approver"))
    command = plain_ticket(town, "petition", values=values, is_restricted=True, named_ids=named)
    return town.do(command, "supervisor", NOW)[0].stream_id


# -- titles of restricted tickets in side lists (zammad/zammad#2757) ----------------------------------
def test_the_text_of_a_restricted_ticket_stands_in_no_table_but_the_vault(town: Township) -> None:
    ticket_id = restricted_petition(town)
    amend = AmendTicket(ticket_id=ticket_id, version=1, changes={"title": SECRET + "二"}, reason="补正")
    town.do(amend, "supervisor", NOW)
    assert tables_with(town, SECRET) == {PrivateValueRow.__tablename__}
    with town.engine.connect() as conn:
        assert all(SECRET not in str(event.data) for event in store.read_all(conn))  # SQLite keeps them deflated


def tables_with(town: Township, words: str) -> set[str]:
    found = set()
    with town.engine.connect() as conn:
        for table in Base.metadata.sorted_tables:
            for row in conn.execute(select(table)):
                if words in "".join(_text(value) for value in row):
                    found.add(table.name)
    return found


def _text(value: Any) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


def test_a_restricted_ticket_counts_in_the_figure_and_is_listed_to_named_people_only(town: Township) -> None:
    ticket_id = restricted_petition(town)
    behind = Behind(figure("open"), NUMERATOR, pair_of(town), None, None)
    with town.engine.connect() as conn:
        for post, seen in (("supervisor", [ticket_id]), ("auditor", []), ("second_verifier", [])):
            page = drill(conn, town.house, behind, Reader(town.person[post], None), cursor="", limit=50)
            assert (page.count, page.hidden) == (1, 1 - len(seen))
            assert [t.id for t in page.tickets] == seen


# -- a table that loops over all tickets (mysociety/fixmystreet#1726) ----------------------------------
@contextmanager
def counted_statements(engine: Engine) -> Iterator[list[str]]:
    statements: list[str] = []

    def note(_conn: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        statements.append(statement)

    engine_event.listen(engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        engine_event.remove(engine, "before_cursor_execute", note)


def test_a_report_asks_the_database_no_more_for_three_hundred_tickets_than_for_three(town: Township) -> None:
    specs = [figure(account, "toilet") for account in ("countable", "open", "closed", "overdue")]
    units = [place.id for place in town.directory.places]
    asked = []
    for number in (3, 297):
        actor = town.person["supervisor"]
        handle_all(town.house, [Request(plain_ticket(town), actor, NOW) for _ in range(number)])
        pair = pair_of(town)
        with town.engine.connect() as conn:
            figure_values(conn, town.house, specs, pair, units=None)  # the cube catches up once
        with town.engine.connect() as conn, counted_statements(town.engine) as statements:
            (value, *_) = figure_values(conn, town.house, specs, pair, units=None)
            figure_months(conn, town.house, specs, pair, units=None)
            figure_units(conn, town.house, specs, pair, units=units)
        asked.append((value.numerator, len(statements)))
    (few, statements_for_few), (many, statements_for_many) = asked
    assert (few, many) == (3, 300)
    assert statements_for_many <= statements_for_few <= 8


# -- data that goes away bends old reports (zammad/zammad-admin-documentation#396) ---------------------
def test_a_person_who_leaves_takes_nothing_out_of_any_figure(town: Township) -> None:
    (ticket,) = town.do(plain_ticket(town), "staff", NOW)
    assign = TakeStep(ticket_id=ticket.stream_id, step="assign", version=1, occurred_on=DAY,
                      values={"owner_unit_id": town.unit["chenguang"], "owner_id": town.person["staff"]})  # fmt: skip
    town.do(assign, "supervisor", NOW)
    specs = [figure(account, "toilet") for account in ("registered", "open", "owner.open")]
    with town.engine.connect() as conn:
        before = figure_values(conn, town.house, specs, pair_of(town), units=None)
    leaves = PersonLeaves(person_id=town.person["staff"], occurred_on=DAY)
    handle(town.house, leaves, actor_id=town.person["administrator"], now=NOW)
    with town.engine.connect() as conn:
        after = figure_values(conn, town.house, specs, pair_of(town), units=None)
    assert [v.numerator for v in before] == [v.numerator for v in after] == [1, 1, 1]


# -- text that a database cannot keep ------------------------------------------------------------------
def test_a_text_pasted_with_unprintable_characters_is_kept_without_them(town: Township) -> None:
    values = {**PLAIN_VALUES["toilet"], "problem": "化粪池\x00破损\x1b\ud800渗漏", "household": "刘\x00云"}
    (ticket,) = town.do(plain_ticket(town, values=values), "supervisor", NOW)
    assert ticket.data["fields"]["problem"] == "化粪池破损渗漏"


@pytest.mark.parametrize("text", ["看\x00过", "看\ud800过"], ids=["NUL", "half of a pair"])
def test_a_remark_with_unprintable_characters_is_kept_without_them(town: Township, text: str) -> None:
    (ticket,) = town.do(plain_ticket(town), "supervisor", NOW)
    remark = TakeStep(ticket_id=ticket.stream_id, step="comment", version=1, occurred_on=DAY, values={"message": text})
    town.do(replace(remark, key="once"), "supervisor", NOW)
    with town.engine.connect() as conn:
        events = store.read_stream(conn, StreamKind.TICKET, ticket.stream_id)
    assert events[-1].data["text"] == "看过"
