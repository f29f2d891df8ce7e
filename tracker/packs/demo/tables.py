"""The tables of the demonstration: YAML, read by the C parser where PyYAML has it, which takes a tenth of the time."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_table(folder: Path, name: str) -> Mapping[str, Any]:
    """`name`.yaml of the demonstration's folder."""
    text = (folder / f"{name}.yaml").read_text(encoding="utf-8")
    table: Mapping[str, Any] = yaml.load(text, Loader=_LOADER)  # noqa: S506 # safe: a subclass of SafeLoader
    return table
