"""The cube's files: one folder per generation, arrays that are mapped, and a pointer to the one in use.

A generation is complete before the pointer names it, so a process killed while writing leaves the
old one in use. Nothing here is truth: what cannot be read is built again.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_LOG = logging.getLogger(__name__)

FORMAT = 1
"""Raised whenever the arrays change their meaning: older files are then built again."""
_POINTER = "current"
_FACTS = "facts.json"
_AT_ONCE = 128 * 1024  # bytes; of a longer stretch Linux reads only the beginning ahead


class CubeUnusable(Exception):
    """There is no cube in the folder, or one that cannot be read. Build it again."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A generation: what it was built from, and its arrays."""

    epoch: str
    position: int
    arrays: Mapping[str, NDArray[Any]]


def store(folder: Path, stored: Stored) -> None:
    """Write a generation, make it the current one and remove the others. One process at a time."""
    generation = folder / f"{stored.position:012d}-{uuid.uuid4().hex[:8]}"
    generation.mkdir(parents=True)
    for name, array in stored.arrays.items():
        with (generation / f"{name}.npy").open("wb") as file:
            np.save(file, array)
            _to_disk(file.fileno())
    facts = {"format": FORMAT, "epoch": stored.epoch, "position": stored.position, "arrays": sorted(stored.arrays)}
    _write(generation / _FACTS, json.dumps(facts))
    pointer = generation / _POINTER
    _write(pointer, generation.name)
    pointer.replace(folder / _POINTER)
    _remove_older(folder, generation.name)


def load(folder: Path) -> Stored:
    """The current generation, its arrays mapped read-only."""
    try:
        generation = folder / (folder / _POINTER).read_text("utf-8")
        facts = json.loads((generation / _FACTS).read_text("utf-8"))
        if facts["format"] != FORMAT:
            raise CubeUnusable(f"format {facts['format']}, not {FORMAT}")
        arrays = {name: _mapped(generation / f"{name}.npy") for name in facts["arrays"]}
        return Stored(facts["epoch"], facts["position"], arrays)
    except (OSError, ValueError, KeyError, TypeError, EOFError) as error:
        raise CubeUnusable(f"{folder}: {error}") from error


def _mapped(path: Path) -> NDArray[Any]:
    _read_ahead(path)
    # as a plain array: every slice of a memmap costs microseconds more
    return np.asarray(np.load(path, mmap_mode="r"))


def _read_ahead(path: Path) -> None:
    """Have the system read the file while nobody waits for it, where it can be asked to.

    Else the first question about an earlier month waits for the disk, ten times as long as the next (measured).
    What is read is the system's to give up again: it is no memory of the process.
    """
    if hasattr(os, "posix_fadvise"):
        with path.open("rb") as file:
            for start in range(0, path.stat().st_size, _AT_ONCE):
                os.posix_fadvise(file.fileno(), start, _AT_ONCE, os.POSIX_FADV_WILLNEED)


def _write(path: Path, text: str) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        _to_disk(file.fileno())


def _to_disk(descriptor: int) -> None:
    os.fsync(descriptor)


def _remove_older(folder: Path, current: str) -> None:
    """All complete generations but the current one, and what a killed process left of older ones."""
    for generation in folder.iterdir():
        is_complete = (generation / _FACTS).exists()
        if generation.name == current or not generation.is_dir() or not (is_complete or generation.name < current):
            continue
        try:
            shutil.rmtree(generation)
        except OSError:
            # Windows keeps files that a process has mapped; the next save removes them
            _LOG.info("an older generation of the cube is in use: %s", generation.name)
