"""The units that a pack proposes, added to a log by commands, parents before children."""

from __future__ import annotations

from datetime import datetime

from tracker.domain.commands import AddUnit
from tracker.domain.packs import UnitSeed
from tracker.domain.people import SYSTEM
from tracker.handler import Done, Request, handle_all
from tracker.house import House


def add_units(house: House, now: datetime, *, key: str) -> dict[str, int]:
    """Unit code → id. Done again with the same `key`, it adds nothing and gives the same ids."""
    ids: dict[str, int] = {}
    waiting = list(house.pack.units)
    while waiting:
        ready = [seed for seed in waiting if seed.parent_code is None or seed.parent_code in ids]
        if not ready:
            raise ValueError(f"units whose parent is missing: {[seed.code for seed in waiting]}")
        requests = [Request(_command(seed, ids, key), SYSTEM, now) for seed in ready]
        for seed, done in zip(ready, handle_all(house, requests), strict=True):
            if isinstance(done, Done):
                ids[seed.code] = done.stream_id
        waiting = [seed for seed in waiting if seed.code not in ids]
    return ids


def _command(seed: UnitSeed, ids: dict[str, int], key: str) -> AddUnit:
    return AddUnit(
        code=seed.code,
        name=seed.name,
        kind=seed.kind,
        synonyms=seed.synonyms,
        labels=seed.label,
        parent_id=ids[seed.parent_code] if seed.parent_code else None,
        key=f"{key}/unit/{seed.code}",
    )
