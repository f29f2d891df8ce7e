"""The log: what is hashed, what the hashes find, what the database refuses, what a private value leaves behind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from hashlib import sha256
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import URL, Connection, bindparam, select, text
from sqlalchemy.exc import DatabaseError
from township import PACK, PHOTO, Township, at, plain_ticket

from tracker.domain.commands import AmendTicket, ErasePrivateValues, TakeStep
from tracker.domain.events import MAX_INTEGER, Event, NewEvent, StreamKind, canonical, check_canonical
from tracker.domain.people import SYSTEM
from tracker.domain.refusals import Refusal
from tracker.handler import Request, handle, handle_all
from tracker.log import store, vault
from tracker.log.audit import chain_faults
from tracker.log.seal import EMPTY_ROOT, Tree, leaf_hash
from tracker.models.log import PrivateValueRow

_KEYS = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=8)
_TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-MAX_INTEGER, MAX_INTEGER) | _TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=3),
    max_leaves=12,
)
DATA = st.dictionaries(_KEYS, _VALUES, max_size=5)


def an_event(data: dict[str, Any], **more: Any) -> Event:
    plain: dict[str, Any] = {
        "position": 7,
        "stream_kind": StreamKind.TICKET,
        "stream_id": 5,
        "version": 2,
        "kind": "assigned",
        "occurred_on": date(2023, 3, 5),
        "recorded_at": datetime(2023, 3, 6, 10, 0, 0, 120_000, UTC),
        "actor_id": 3,
        "data": data,
    }
    return Event(**{**plain, **more})


# -- canonical form -----------------------------------------------------------------------------------
@given(DATA)
def test_an_event_is_hashed_in_the_canonical_form_of_rfc_8785(data: dict[str, Any]) -> None:
    expected = {
        "actor": 3,
        "data": data,
        "kind": "assigned",
        "occurred_on": "2023-03-05",
        "position": 7,
        "recorded_at": "2023-03-06T10:00:00.120Z",
        "schema": 1,
        "stream": "ticket/5",
        "version": 2,
    }
    check_canonical(data)
    assert canonical(an_event(data)) == rfc8785.dumps(expected)


@pytest.mark.parametrize(
    "data",
    [{"share": 0.5}, {"many": 2**53}, {"few": -(2**53)}, {"键": 1}, {"on": date(2023, 3, 5)}, {"in": [{"x": 1.0}]}],
    ids=["a float", "an integer beyond 2^53", "the same below zero", "a key not in ASCII", "a day", "a float within"],
)
def test_what_two_readers_could_write_differently_never_enters_an_event(data: dict[str, Any]) -> None:
    with pytest.raises((ValueError, TypeError)):
        check_canonical(data)


# -- the tree -----------------------------------------------------------------------------------------
def tree_head(leaves: list[bytes]) -> bytes:
    """RFC 6962 §2.1, as it is written there."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return sha256(b"\x01" + tree_head(leaves[:split]) + tree_head(leaves[split:])).digest()


@pytest.mark.parametrize("size", [0, 1, 2, 3, 4, 5, 7, 8, 9, 31, 32, 33, 100])
def test_the_head_of_the_growing_tree_is_that_of_rfc_6962(size: int) -> None:
    leaves = [sha256(bytes([n])).digest() for n in range(size)]
    whole = Tree()
    for leaf in leaves:
        whole.add(leaf)
    assert whole.root() == tree_head(leaves)
    half = Tree()
    for leaf in leaves[: size // 2]:
        half.add(leaf)
    again = Tree(half.size, half.frontier)  # as the next transaction finds it
    for leaf in leaves[size // 2 :]:
        again.add(leaf)
    assert again.root() == tree_head(leaves)


def test_a_leaf_is_the_hash_of_rfc_6962_and_an_empty_log_has_the_hash_of_nothing() -> None:
    event = an_event({})
    assert leaf_hash(event) == sha256(b"\x00" + canonical(event)).digest()
    assert sha256(b"").digest() == EMPTY_ROOT


def test_a_frontier_that_does_not_fit_its_size_is_refused() -> None:
    with pytest.raises(ValueError, match="does not fit"):
        Tree(3, b"\x00" * 32)


# -- in a database ------------------------------------------------------------------------------------
@pytest.fixture
def town_pack():
    return PACK


@pytest.fixture
def town(database: URL) -> Iterator[Township]:
    """A township with a ticket that has lived, and one that came with an import."""
    founded = Township.joined(database)
    (event,) = founded.do(plain_ticket(founded), "supervisor", at("2023-03-01"))
    step = TakeStep(ticket_id=event.stream_id, step="assign", version=1, occurred_on=date(2023, 3, 2),
                    values={"owner_unit_id": founded.unit["chenguang"]})  # fmt: skip
    founded.do(step, "supervisor", at("2023-03-02"))
    submit = TakeStep(ticket_id=event.stream_id, step="submit", version=2, occurred_on=date(2023, 3, 9),
                      values={"note": "已更换化粪池盖板，并安排专人每月巡查一次"}, evidence=(PHOTO,))  # fmt: skip
    founded.do(submit, "staff", at("2023-03-10"))
    handle_all(
        founded.house,
        [Request(plain_ticket(founded, key=str(n)), founded.person["supervisor"], at("2023-03-11")) for n in range(3)],
    )
    yield founded
    founded.close()


def faults(town: Township) -> list[tuple[str, int]]:
    with town.engine.connect() as conn:
        return [(fault.code, fault.position) for fault in chain_faults(conn, lambda event, size: None)]


def unlocked(town: Township, change: Callable[[Connection], object]) -> None:
    """What somebody with the database in their hands can do: take the triggers away, change, put nothing back."""
    with town.engine.connect().execution_options(write=True) as conn, conn.begin():
        if conn.dialect.name == "postgresql":
            conn.execute(text("ALTER TABLE events DISABLE TRIGGER ALL"))
        else:
            names = conn.scalars(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).all()
            for name in names:
                conn.execute(text(f"DROP TRIGGER {name}"))
        change(conn)


def test_an_untouched_log_has_no_fault_and_no_gap(town: Township) -> None:
    assert faults(town) == []
    with town.engine.connect() as conn:
        head, positions = store.read_head(conn), [e.position for e in store.read_all(conn)]
    assert positions == list(range(1, head.size + 1))


@pytest.mark.parametrize("table", ["events", "command_keys"])
@pytest.mark.parametrize("change", ["UPDATE {} SET position = position", "DELETE FROM {}"])
def test_the_database_itself_refuses_to_change_what_was_written(town: Township, table: str, change: str) -> None:
    with (
        pytest.raises(DatabaseError, match="append-only"),
        town.engine.connect().execution_options(write=True) as conn,
        conn.begin(),
    ):
        conn.execute(text(change.format(table)))
    assert faults(town) == []


def a_bit_more(value: Any) -> Any:
    """The smallest change of a stored value; of one with many bytes, of its middle."""
    if isinstance(value, int):
        return value ^ (1 << 14)  # not the lowest bit: the next version of a stream is taken
    if isinstance(value, str):
        middle = len(value) // 2
        return value[:middle] + chr(ord(value[middle]) ^ 1) + value[middle + 1 :]
    middle = len(value) // 2
    return value[:middle] + bytes([value[middle] ^ 1]) + value[middle + 1 :]


COLUMNS = ("stream_id", "version", "kind", "occurred_on", "recorded_at", "actor_id", "data", "leaf")


@pytest.mark.parametrize("column", COLUMNS)
def test_a_changed_column_of_any_event_is_found_and_the_event_is_named(town: Township, column: str) -> None:
    with town.engine.connect() as conn:
        size = store.read_head(conn).size
    for position in (1, size // 2, size - 4, size):
        found = _found_after(town, column, position)
        assert ("event_changed", position) in found, (column, position, found)
    assert faults(town) == [], "put back, the log is whole again"


def _found_after(town: Township, column: str, position: int) -> list[tuple[str, int]]:
    """The faults when one column of one event is changed; then it is put back."""
    before: list[Any] = []

    def change(conn: Connection) -> None:
        value = conn.execute(text(f"SELECT {column} FROM events WHERE position = {position}")).scalar_one()
        before.append(bytes(value) if isinstance(value, memoryview) else value)
        conn.exec_driver_sql(_set(conn, column), (a_bit_more(before[0]), position))

    unlocked(town, change)
    found = faults(town)
    unlocked(town, lambda conn: conn.exec_driver_sql(_set(conn, column), (before[0], position)))
    return found


def _set(conn: Connection, column: str) -> str:
    mark = "?" if conn.dialect.name == "sqlite" else "%s"
    return f"UPDATE events SET {column} = {mark} WHERE position = {mark}"


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("stream_kind", 3),
        ("stream_kind", 99),
        ("occurred_on", 10**9),
        ("recorded_at", 2**62),
        ("data", "{"),
        ("data", "[1]"),
    ],
    ids=["another kind of stream", "no kind of stream", "no day", "no instant", "no JSON", "no object"],
)
def test_an_event_that_cannot_even_be_read_is_named(town: Township, column: str, value: Any) -> None:
    with town.engine.connect() as conn:
        position = store.read_head(conn).size - 3
    unlocked(town, lambda conn: conn.exec_driver_sql(_set(conn, column), (value, position)))
    assert faults(town)[0] == ("event_changed", position)


def test_any_changed_byte_of_what_was_said_is_found(town: Township) -> None:
    """Every byte of one event's data, one after the other."""
    with town.engine.connect() as conn:
        position = store.read_head(conn).size - 3  # the submission
        stored = conn.execute(text(f"SELECT data FROM events WHERE position = {position}")).scalar_one()
    assert stored
    for i in range(len(stored)):
        if isinstance(stored, str):
            damaged: Any = stored[:i] + chr(ord(stored[i]) ^ 1) + stored[i + 1 :]
        else:
            damaged = stored[:i] + bytes([stored[i] ^ 1]) + stored[i + 1 :]
        unlocked(town, lambda conn, value=damaged: conn.exec_driver_sql(_set(conn, "data"), (value, position)))
        with town.engine.connect() as conn:
            (sealed,) = list(store.read_sealed(conn, after=position - 1, until=position))
        assert leaf_hash(sealed.event) != sealed.leaf, (i, damaged)


@pytest.mark.parametrize(
    ("what", "code"),
    [
        ("DELETE FROM events WHERE position = {middle}", "position_gap"),
        ("DELETE FROM events WHERE position = {last}", "log_size_differs"),
        ("UPDATE log_head SET size = size - 1", "log_size_differs"),
        ("UPDATE events SET root = leaf WHERE position = {last}", "tree_head_differs"),
        ("UPDATE log_head SET root = (SELECT leaf FROM events WHERE position = 1)", "tree_head_differs"),
    ],
    ids=["an event taken out", "the latest taken away", "the size", "a stored tree head", "the log's head"],
)
def test_what_is_missing_or_does_not_fit_its_head_is_found(town: Township, what: str, code: str) -> None:
    with town.engine.connect() as conn:
        size = store.read_head(conn).size
    unlocked(town, lambda conn: conn.execute(text(what.format(middle=size // 2, last=size))))
    assert code in {found for found, _ in faults(town)}


def test_a_forged_event_with_a_fitting_hash_breaks_every_head_after_it(town: Township) -> None:
    """Whoever recomputes the leaf still meets the tree."""
    with town.engine.connect() as conn:
        (event,) = store.read_events(conn, [3])
    forged = replace(event, data={**event.data, "name": "另一个人"})

    def forge(conn: Connection) -> None:
        packed = canonical_data(forged)
        conn.exec_driver_sql(_set(conn, "data"), (packed, 3))
        conn.exec_driver_sql(_set(conn, "leaf"), (leaf_hash(forged), 3))

    unlocked(town, forge)
    assert faults(town) == [("tree_head_differs", 3)]


def canonical_data(event: Event) -> str:
    return rfc8785.dumps(dict(event.data)).decode()


# -- order and time -----------------------------------------------------------------------------------
def test_a_clock_that_runs_back_does_not_turn_the_log_around(town: Township) -> None:
    (late,) = town.do(plain_ticket(town), "supervisor", at("2023-03-02"))
    assert late.recorded_at == at("2023-03-11")
    assert faults(town) == []


def test_what_was_known_at_an_instant_is_the_events_recorded_until_then(town: Township) -> None:
    with town.engine.connect() as conn:
        events = list(store.read_all(conn))
        for instant in {e.recorded_at for e in events} | {at("2014-01-01"), at("2030-01-01")}:
            expected = sum(1 for e in events if e.recorded_at <= instant)
            assert store.position_at(conn, instant) == expected


def test_an_event_of_an_unknown_kind_cannot_be_appended(town: Township) -> None:
    with town.engine.connect().execution_options(write=True) as conn, conn.begin():
        log = store.Appender(conn)
        with pytest.raises(ValueError, match="no event of a ticket"):
            log.append(StreamKind.TICKET, None, 0, [NewEvent("deleted", date(2023, 3, 1), {})],
                       actor_id=1, now=at("2023-03-12"), key=None)  # fmt: skip


# -- private values -----------------------------------------------------------------------------------
def test_a_private_value_never_enters_the_log_and_its_commitment_is_in_it(town: Township) -> None:
    ticket_id = next(iter(town.states))
    with town.engine.connect() as conn:
        log = b"".join(canonical(e) for e in store.read_all(conn))
        ticket = town.state(ticket_id)
        assert vault.read_private(conn, ticket_id, ticket.private) == {"household": "刘小云"}
    assert "刘小云".encode() not in log
    assert ticket.private["household"].encode() in log


def test_erasing_a_private_value_leaves_a_log_that_verifies(town: Township) -> None:
    ticket_id = next(iter(town.states))
    erase = ErasePrivateValues(ticket_id=ticket_id, fields=("household",), reason="本人要求删除")
    with pytest.raises(Refusal, match="not_permitted"):
        town.do(erase, "administrator", at("2023-03-12"))
    (event,) = handle(town.house, erase, actor_id=SYSTEM, now=at("2023-03-12")).events
    assert (event.kind, event.data["fields"], event.data["count"]) == ("erased", ["household"], 1)
    with town.engine.connect() as conn:
        assert vault.read_private(conn, ticket_id, town.state(ticket_id).private) == {}
    assert faults(town) == []


@pytest.mark.parametrize(
    ("more", "code"),
    [({"fields": ("problem",)}, "field_unknown"), ({"reason": " "}, "reason_missing")],
    ids=["a field that is open", "without a reason"],
)
def test_what_is_not_private_or_has_no_reason_is_not_erased(town: Township, more: dict[str, Any], code: str) -> None:
    values: dict[str, Any] = {"ticket_id": next(iter(town.states)), "fields": ("household",), "reason": "本人要求删除"}
    with pytest.raises(Refusal, match=code):
        handle(town.house, ErasePrivateValues(**(values | more)), actor_id=SYSTEM, now=at("2023-03-12"))


def test_an_amended_private_value_keeps_the_old_one_provable(town: Township) -> None:
    ticket_id = next(iter(town.states))
    before = town.state(ticket_id).private["household"]
    amend = AmendTicket(ticket_id=ticket_id, version=3, changes={"household": "刘大云"}, reason="登记有误")
    town.do(amend, "supervisor", at("2023-03-12"))
    with town.engine.connect() as conn:
        rows = conn.execute(
            select(PrivateValueRow.value, PrivateValueRow.is_current, PrivateValueRow.commitment).where(
                PrivateValueRow.ticket_id == bindparam("ticket")
            ),
            {"ticket": ticket_id},
        ).all()
    assert {(r.value, r.is_current) for r in rows} == {('"刘小云"', False), ('"刘大云"', True)}
    assert bytes.fromhex(before) in {bytes(r.commitment) for r in rows}


def test_equal_private_values_of_two_tickets_have_unlike_commitments(town: Township) -> None:
    town.do(plain_ticket(town), "supervisor", at("2023-03-12"))
    commitments = [t.private["household"] for t in town.states.values()]
    assert len(set(commitments)) == len(commitments) == 2
