"""Killed at any moment, a writer leaves whole commands only, and every one that it had acknowledged.

`kill -9` cannot be caught: what is tested is what stands on the disk. On PostgreSQL the writer's server process is
ended in half of the rounds, as a restarting server would do.
"""

from __future__ import annotations

import itertools
import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from handling.wholeness import troubles
from installations import ROOT
from sqlalchemy import URL, Engine, text
from township import Township

from tracker.domain.events import StreamKind
from tracker.log import store

ROUNDS = 16
TESTS = Path(__file__).resolve().parent.parent
pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and kill -9, which this system has not")


@contextmanager
def writers(town: Township) -> Iterator[subprocess.Popen[str]]:
    """The process that forks writers."""
    url = town.engine.url.render_as_string(hide_password=False)
    given = json.dumps({"database": url, "unit": town.unit, "person": town.person})
    path = os.pathsep.join([str(ROOT), str(TESTS)])
    process = subprocess.Popen(
        [sys.executable, str(TESTS / "handling" / "dying_writer.py"), given],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
    )
    with process:
        yield process
        assert process.stdin is not None
        process.stdin.close()
    assert process.returncode == 0


def one_round(process: subprocess.Popen[str], engine: Engine, dice: random.Random, number: int) -> list[list[str]]:
    """Let it write, kill it after a few acknowledged commands and a moment more; what it had acknowledged."""
    assert process.stdin is not None
    assert process.stdout is not None
    print(dice.randrange(10**6), number * 10_000, file=process.stdin, flush=True)
    first = process.stdout.readline().split()
    assert first[0] == "writer"
    acknowledged = [line.split() for line in itertools.islice(process.stdout, dice.randrange(1, 9))]
    with suppress(subprocess.TimeoutExpired):  # the moment of the blow: anywhere within a command
        process.wait(timeout=dice.uniform(0, 0.03))
    if engine.dialect.name == "postgresql" and number % 2:
        end_server_processes(engine)
    with suppress(ProcessLookupError):
        os.kill(int(first[1]), signal.SIGKILL)
    for line in process.stdout:
        if line.startswith("gone"):
            return acknowledged
        acknowledged.append(line.split())
    raise AssertionError("the process that starts writers is gone")


def end_server_processes(engine: Engine) -> None:
    with engine.connect() as conn:
        conn.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )


def test_whatever_moment_a_writer_is_killed_the_log_is_whole_and_keeps_what_was_acknowledged(database: URL) -> None:
    town, dice = Township.founded(database), random.Random(9)
    with writers(town) as process:
        for number in range(ROUNDS):
            acknowledged = one_round(process, town.engine, dice, number)
            assert acknowledged, "killed before anything was written: nothing is tested"
            assert troubles(town.engine, town.pack) == []
            assert_kept(town, acknowledged)
    assert_no_half_commands(town)
    town.close()


def assert_kept(town: Township, acknowledged: list[list[str]]) -> None:
    """Every event of an acknowledged command, every ticket of an acknowledged import."""
    with town.engine.connect() as conn:
        for what, *numbers in acknowledged:
            positions = [int(n) for n in numbers]
            assert [e.position for e in store.read_events(conn, positions)] == positions, what


def assert_no_half_commands(town: Township) -> None:
    """A verification that closes is two events or none; an import of thirty is thirty tickets or none."""
    kinds: dict[int, list[str]] = {}
    with town.engine.connect() as conn:
        for event in store.read_all(conn):
            if event.stream_kind is StreamKind.TICKET:
                kinds.setdefault(event.stream_id, []).append(event.kind)
    whole = ["registered", "assigned", "submitted", "verified", "closed", "amended"]
    lives = [whole[:n] for n in (1, 2, 3, 5, 6)]
    assert all(life in lives for life in kinds.values())
    only_registered = [life for life in kinds.values() if len(life) == 1]
    assert len(kinds) > ROUNDS
    assert len(only_registered) % 30 <= ROUNDS  # at most one life cut short after its first command per round
