"""The docstring of each package is its map: whoever looks for something finds its module named there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

TRACKER = Path(__file__).parents[2] / "tracker"
PACKAGES = sorted(init.parent for init in TRACKER.rglob("__init__.py"))


def modules_of(package: Path) -> set[str]:
    below = {folder.name for folder in package.iterdir() if (folder / "__init__.py").exists()}
    return below | {module.stem for module in package.glob("*.py")} - {"__init__"}


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: str(package.relative_to(TRACKER.parent)))
def test_the_docstring_of_a_package_names_each_of_its_modules(package: Path) -> None:
    text = ast.get_docstring(ast.parse((package / "__init__.py").read_text("utf-8"))) or ""
    assert modules_of(package) - set(re.findall(r"\w+", text)) == set()


def test_packages_with_modules_are_found() -> None:
    assert {"tracker", "domain", "queries", "blueprints"} <= {package.name for package in PACKAGES}
    assert "lifecycle" in modules_of(TRACKER / "domain")


def test_the_handler_names_its_parts() -> None:
    """They know its type, no more: the import stands under TYPE_CHECKING."""
    text = ast.get_docstring(ast.parse((TRACKER / "handler.py").read_text("utf-8"))) or ""
    known = re.compile(r"^    from tracker\.handler import", re.MULTILINE)
    parts = {module.stem for module in TRACKER.glob("*.py") if known.search(module.read_text("utf-8"))}
    assert parts
    assert parts - set(re.findall(r"\w+", text)) == set()
