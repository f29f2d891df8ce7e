"""A process that writes commands until it is killed; test_power_loss.py starts it and holds the knife.

Reads lines "<seed> <first number>" and forks a writer for each, as a server forks its workers: so that being killed
thirty times does not cost thirty starts. A writer prints its process id, then one line per command that was
acknowledged: what a person would have seen on the page.
"""

from __future__ import annotations

import json
import os
import random
import sys
from contextlib import suppress
from dataclasses import replace
from datetime import date

from sqlalchemy import make_url
from sqlalchemy.exc import OperationalError
from township import PHOTO, Township, at, plain_ticket

from tracker import extensions
from tracker.domain.commands import AmendTicket, RegisterTicket, TakeStep
from tracker.handler import Request, handle, handle_all

NOW = at("2023-03-05")
DAY = date(2023, 3, 5)


def main(town: Township) -> None:
    for line in sys.stdin:
        seed, number = (int(word) for word in line.split())
        child = os.fork()
        if child == 0:
            say("writer", os.getpid())
            with suppress(OperationalError):  # the server has ended the connection
                write(town, random.Random(seed), number)
            os._exit(0)
        os.waitpid(child, 0)
        say("gone", child)


def say(*words: object) -> None:
    """One write: a line is there whole or not at all."""
    os.write(1, (" ".join(str(word) for word in words) + "\n").encode())


def write(town: Township, dice: random.Random, number: int) -> None:
    """Tickets and their lives for as long as it lasts, now and then an import of many in one transaction."""
    while True:
        number += 1
        if dice.random() < 0.2:
            requests = [Request(registration(town, f"{number}-{i}"), town.person["supervisor"], NOW) for i in range(30)]
            outcomes = handle_all(town.house, requests)
            say("import", *(o.stream_id for o in outcomes))  # type: ignore[union-attr]  # none was refused
            continue
        ticket_id = do(town, registration(town, f"{number}"), "supervisor")
        step = TakeStep(ticket_id=ticket_id, step="", version=0, occurred_on=DAY, evidence=(PHOTO,))
        owner = {"owner_unit_id": town.unit["chenguang"]}
        do(town, replace(step, step="assign", version=1, values=owner, key=f"assign {number}"), "supervisor")
        do(town, replace(step, step="submit", version=2, key=f"submit {number}"), "staff")
        verdict = {"finding": "已修好", "outcome": "fixed"}
        do(town, replace(step, step="verify", version=3, values=verdict, key=f"verify {number}"), "verifier")
        do(town, AmendTicket(ticket_id=ticket_id, version=5, changes={"household": "王五"}, reason="误"), "supervisor")


def registration(town: Township, key: str) -> RegisterTicket:
    return plain_ticket(town, key=f"register {key}")


def do(town: Township, command: RegisterTicket | TakeStep | AmendTicket, by: str) -> int:
    outcome = handle(town.house, command, actor_id=town.person[by], now=NOW)
    say("done", *(e.position for e in outcome.events))
    return outcome.stream_id


if __name__ == "__main__":
    assert extensions.db is not None  # how connections behave is set when this is imported
    given = json.loads(sys.argv[1])
    here = Township(make_url(given["database"]))
    here.unit, here.person = given["unit"], given["person"]
    main(here)
