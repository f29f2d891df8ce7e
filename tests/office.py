"""The commands as an operator types them, in an instance folder of their own.

In this process, where a process of its own would add two seconds and nothing else; a real one (`process`, `started`)
for what only a process has: an exit status, signals, a port, a folder from nothing.
"""

import contextlib
import io
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from installations import ROOT

from tracker.cli import main

COMMAND = (sys.executable, "-c", "from tracker.cli import main; main()")


class Office:
    """An instance folder and the commands in it."""

    def __init__(self, folder: Path, database_url: str) -> None:
        self.folder = folder
        self.settings = {
            "XIAOHAO_INSTANCE": str(folder),
            "XIAOHAO_DATABASE_URL": database_url,
            "PORT": str(_free_port()),
        }

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """In this process; a fault of ours comes out as what it is."""
        out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
        status: object = 0
        with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            patch.chdir(ROOT)
            for name, value in self.settings.items():
                patch.setenv(name, value)
            try:
                main.main(args=list(words), prog_name="xiaohao")
            except SystemExit as end:
                status = end.code or 0
        assert isinstance(status, int), status
        told, complained = (stream.buffer.getvalue().decode() for stream in (out, err))
        return subprocess.CompletedProcess(words, status, told, complained)

    def process(self, *words: str) -> subprocess.CompletedProcess[str]:
        """The same in a process of its own."""
        environment = {**os.environ, **self.settings}
        return subprocess.run(
            [*COMMAND, *words], cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=300
        )

    def good(self, *words: str) -> str:
        done = self.run(*words)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def copied(self, folder: Path) -> "Office":
        """Another installation that begins with what this one has; of a database that is a file."""
        shutil.copytree(self.folder, folder / "copy")
        return Office(folder / "copy", self.settings["XIAOHAO_DATABASE_URL"])

    @contextlib.contextmanager
    def started(self) -> Iterator[subprocess.Popen[str]]:
        """`xiaohao run`, once it answers; stopped afterwards, however the test ends."""
        server = subprocess.Popen(
            [*COMMAND, "run"],
            cwd=ROOT,
            env={**os.environ, **self.settings},
            stdout=subprocess.PIPE,
            text=True,
            preexec_fn=_obey_ctrl_c if os.name == "posix" else None,
        )
        try:
            self._wait_for(server)
            yield server
        finally:
            server.kill()  # does nothing to one that has ended
            server.communicate()

    def _wait_for(self, server: subprocess.Popen[str]) -> None:
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline and server.poll() is None:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.settings['PORT']}/healthz") as answer:
                    assert answer.status == 200
                return
            except OSError:
                time.sleep(0.05)  # asked again until it answers or the deadline has passed
        raise AssertionError("the server never answered")


def _obey_ctrl_c() -> None:
    """Whoever started the tests in the background made their children deaf to it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def stopped_by_ctrl_c(server: subprocess.Popen[str]) -> str:
    """What it said from its start to its end."""
    server.send_signal(signal.SIGINT)
    told, _ = server.communicate(timeout=30)
    assert server.returncode == 0
    return told


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
