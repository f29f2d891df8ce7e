"""The people of the demonstration, named by post, with their grants and the accounts to sign in with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tracker.packs.demo.tables import read_table


@dataclass(frozen=True, slots=True)
class DemoGrant:
    """A role for a unit (by name) and everything below it, in one register or in all."""

    role: str
    unit: str
    register: str | None


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """`login` None: the person works, but the demonstration offers no account."""

    post: str
    unit: str
    grants: tuple[DemoGrant, ...]
    login: str | None


def read_people(folder: Path, villages: tuple[str, ...]) -> tuple[DemoPerson, ...]:
    """Everybody of `people.yaml`; the posts of a village once for each village."""
    data = read_table(folder, "people")
    town = tuple(_person(item, item["unit"], item.get("login")) for item in data["people"])
    return town + tuple(_of_villages(data, villages))


def _of_villages(data: Mapping[str, Any], villages: tuple[str, ...]) -> Iterator[DemoPerson]:
    for village in villages:
        for item in data["village_people"]:
            post = item["post"].format(village=village)
            yield _person({**item, "post": post}, village, data["village_logins"].get(post))


def _person(item: Mapping[str, Any], unit: str, login: str | None) -> DemoPerson:
    grants = tuple(DemoGrant(g["role"], g.get("unit", unit), g.get("in")) for g in item["grants"])
    return DemoPerson(item["post"], unit, grants, login)
