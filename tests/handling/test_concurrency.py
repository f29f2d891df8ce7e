"""Forty people at once on one register: nothing lost, nothing twice, no gap, and whoever was late is told so.

Each client is a process of its own as far as the product knows: own connections, own caches.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import pytest
from handling.wholeness import troubles
from sqlalchemy import URL
from township import PACK, PHOTO, PLAIN_VALUES, Township, at, plain_ticket

from tracker.domain.commands import AmendTicket, Command, RegisterTicket, TakeStep
from tracker.domain.events import StreamKind
from tracker.domain.refusals import Refusal
from tracker.handler import Done, handle
from tracker.log import store

CLIENTS = 40
NOW = at("2023-03-05")


@dataclass
class Crowd:
    """Forty clients of one township, who all begin at the same instant."""

    town: Township
    clients: list[Township]

    def all_at_once(self, job: Callable[[Township, int], Any]) -> list[Any]:
        """What each client got, in their order; a refusal as its code."""
        start = threading.Barrier(CLIENTS)

        def work(number: int) -> Any:
            start.wait()
            try:
                return job(self.clients[number], number)
            except Refusal as refusal:
                return refusal.code

        with ThreadPoolExecutor(CLIENTS) as pool:
            return list(pool.map(work, range(CLIENTS)))

    def log(self, ticket_id: int) -> list[str]:
        with self.town.engine.connect() as conn:
            return [e.kind for e in store.read_stream(conn, StreamKind.TICKET, ticket_id)]


@pytest.fixture
def town_pack():
    return PACK


@pytest.fixture
def crowd(database: URL) -> Iterator[Crowd]:
    town = Township.joined(database)
    clients = [town.again() for _ in range(CLIENTS)]
    yield Crowd(town, clients)
    assert troubles(town.engine, town.pack) == []
    for one in (town, *clients):
        one.close()


def ask(client: Township, command: Command, by: str) -> Done:
    return handle(client.house, command, actor_id=client.person[by], now=NOW)


def test_forty_registrations_at_once_get_forty_numbers_and_positions_without_a_gap(crowd: Crowd) -> None:
    """And each comes twice, as from a double click: the second finds what the first made."""

    def register_twice(client: Township, number: int) -> tuple[Done, Done]:
        command = plain_ticket(client, key=f"client {number}")
        return ask(client, command, "supervisor"), ask(client, command, "supervisor")

    with crowd.town.engine.connect() as conn:
        before = store.read_head(conn).size
    pairs = crowd.all_at_once(register_twice)
    assert [(a.stream_id, a.number) for a, _ in pairs] == [(b.stream_id, b.number) for _, b in pairs]
    assert [(a.is_repeat, b.is_repeat) for a, b in pairs] == [(False, True)] * CLIENTS
    numbers = sorted(a.number for a, _ in pairs)
    assert numbers == [f"厕-2023-{n:04d}" for n in range(1, CLIENTS + 1)]
    with crowd.town.engine.connect() as conn:
        assert [e.position for e in store.read_all(conn, after=before)] == list(range(before + 1, before + CLIENTS + 1))


def test_one_key_sent_by_forty_clients_is_applied_once(crowd: Crowd) -> None:
    answers = crowd.all_at_once(lambda client, _: ask(client, plain_ticket(client, key="the same form"), "supervisor"))
    assert len({o.stream_id for o in answers}) == 1
    assert Counter(o.is_repeat for o in answers) == {True: CLIENTS - 1, False: 1}
    assert crowd.log(answers[0].stream_id) == ["registered"]


def test_of_forty_who_saw_the_same_version_one_acts_and_the_others_are_told(crowd: Crowd) -> None:
    (event,) = crowd.town.do(plain_ticket(crowd.town), "supervisor", NOW)
    for round_number in range(1, 4):

        def assign(client: Township, number: int, seen: int = round_number) -> Done:
            owner = client.unit[("chenguang", "donghu")[number % 2]]
            command = TakeStep(ticket_id=event.stream_id, step="assign", version=seen, occurred_on=date(2023, 3, 5),
                               values={"owner_unit_id": owner})  # fmt: skip
            return ask(client, command, "supervisor")

        answers = crowd.all_at_once(assign)
        assert Counter(a if isinstance(a, str) else "done" for a in answers) == {"done": 1, "stale_version": 39}
        assert crowd.log(event.stream_id) == ["registered", *["assigned"] * round_number]


def test_forty_remarks_at_once_are_all_kept_and_make_nobody_late(crowd: Crowd) -> None:
    """A remark moves nothing, so it is no conflict, whichever version its writer saw."""
    (event,) = crowd.town.do(plain_ticket(crowd.town), "supervisor", NOW)

    def comment(client: Township, number: int) -> Done:
        command = TakeStep(ticket_id=event.stream_id, step="comment", version=1, occurred_on=date(2023, 3, 5),
                           values={"message": f"第{number}条"})  # fmt: skip
        return ask(client, command, "supervisor")

    crowd.all_at_once(comment)
    with crowd.town.engine.connect() as conn:
        events = store.read_stream(conn, StreamKind.TICKET, event.stream_id)
    assert sorted(e.data["text"] for e in events[1:]) == sorted(f"第{n}条" for n in range(CLIENTS))
    assert [e.version for e in events] == list(range(1, CLIENTS + 2))


def test_one_external_number_enters_once_whoever_brings_it(crowd: Crowd) -> None:
    def register(client: Township, number: int) -> Done:
        values = {**PLAIN_VALUES["petition"], "platform_no": "43122100001"}
        return ask(client, plain_ticket(client, "petition", values=values), "supervisor")

    answers = crowd.all_at_once(register)
    assert Counter(a if isinstance(a, str) else "done" for a in answers) == {
        "done": 1,
        "duplicate_external_number": 39,
    }


def test_forty_whole_lives_at_once_leave_one_story(crowd: Crowd) -> None:
    """Each client carries a ticket from the find to the closure and corrects it, while thirty-nine others do so."""

    def live(client: Township, number: int) -> list[str]:
        command: RegisterTicket = plain_ticket(client, key=f"{number}")
        ticket_id = ask(client, command, "supervisor").stream_id
        step = TakeStep(ticket_id=ticket_id, step="", version=0, occurred_on=date(2023, 3, 5), evidence=(PHOTO,))
        kinds = []
        for seen, name, by, values in (
            (1, "assign", "supervisor", {"owner_unit_id": client.unit["chenguang"]}),
            (2, "submit", ("staff", "colleague")[number % 2], {}),
            (3, "verify", ("verifier", "second_verifier")[number % 2], {"finding": "已修好", "outcome": "fixed"}),
        ):
            next_one = replace(step, step=name, version=seen, values=values, key=name + str(number))
            done = ask(client, next_one, by)
            kinds += [e.kind for e in done.events]
        amend = AmendTicket(ticket_id=ticket_id, version=5, changes={"category": "upkeep"}, reason="登记有误")
        return kinds + [e.kind for e in ask(client, amend, "supervisor").events]

    stories = crowd.all_at_once(live)
    assert stories == [["assigned", "submitted", "verified", "closed", "amended"]] * CLIENTS
