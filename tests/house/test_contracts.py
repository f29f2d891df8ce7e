"""Who may import whom, who may write, who may look at the clock and the environment."""

import ast
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from installations import ROOT

TRACKER = ROOT / "tracker"
LINT = "import sys; from importlinter.cli import lint_imports_command as lint; lint(['--no-cache'])"


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", LINT], cwd=folder, capture_output=True, text=True, check=False)


def modules() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(TRACKER.rglob("*.py")):
        name = path.relative_to(TRACKER).as_posix()
        if not name.startswith("migrations/"):
            yield name, ast.parse(path.read_text(encoding="utf-8"))


def attributes(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Each `a.b` in the code as ("a", "b"); "" where `a` is no plain name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            yield (node.value.id if isinstance(node.value, ast.Name) else ""), node.attr


def test_the_contracts_hold():
    result = lint(ROOT)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize(
    ("module", "line", "contract"),
    [
        ("models/log.py", "import tracker.signin", "Data flows one way"),
        ("domain/ticket.py", "import sqlalchemy", "Rules know neither web nor database"),
        ("domain/ticket.py", "import tracker.clock", "Rules know neither web nor database"),
        ("models/log.py", "import tracker.config", "The floors below the pages get settings and time as arguments"),
    ],
)
def test_a_broken_contract_is_noticed(tmp_path: Path, module: str, line: str, contract: str):
    ignored = shutil.ignore_patterns("static", "templates", "translations", "__pycache__")
    shutil.copytree(TRACKER, tmp_path / "tracker", ignore=ignored)
    shutil.copy(ROOT / "setup.cfg", tmp_path)
    target = tmp_path / "tracker" / module
    target.write_text(f"{target.read_text(encoding='utf-8')}\n{line}\n", encoding="utf-8")
    result = lint(tmp_path)
    assert result.returncode == 1
    assert f"{contract} BROKEN" in " ".join(result.stdout.split())


def test_only_the_handler_and_operational_rows_are_committed():
    allowed = ("handler.py", "signin.py", "uploads.py", "cli/log.py", "jobs.py", "notices/")
    writers = {
        name
        for name, tree in modules()
        for _, attribute in attributes(tree)
        if attribute in {"commit", "begin", "begin_nested"}
    }
    assert {name for name in writers if not name.startswith(allowed)} == set()


def test_only_the_configuration_reads_the_environment():
    readers = {
        name for name, tree in modules() for pair in attributes(tree) if pair in {("os", "environ"), ("os", "getenv")}
    }
    assert readers == {"config.py"}


def test_only_the_clock_reads_the_clock():
    calls = {("datetime", "now"), ("datetime", "utcnow"), ("datetime", "today"), ("date", "today"), ("time", "time")}
    assert {name for name, tree in modules() for pair in attributes(tree) if pair in calls} == {"clock.py"}


def test_no_module_is_a_drawer_for_odds_and_ends():
    drawers = {"utils", "util", "helpers", "helper", "common", "misc"}
    assert [path for path in TRACKER.rglob("*") if path.stem in drawers] == []


def test_every_module_says_what_lives_in_it():
    assert [name for name, tree in modules() if tree.body and not ast.get_docstring(tree)] == []
