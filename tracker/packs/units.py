"""Builds the units that a pack proposes from `units.yaml`: the tree, and every name a workbook may use."""

from __future__ import annotations

from tracker.domain.packs import UnitSeed
from tracker.packs.problems import Problem
from tracker.packs.source import KeyPath, Source


def build_units(source: Source, problems: list[Problem]) -> tuple[UnitSeed, ...]:
    """Parents come before children. Mistakes are added to `problems`."""
    units: list[UnitSeed] = []
    names: dict[str, str] = {}
    for n, item in enumerate(source.data["units"]):
        path: KeyPath = ("units", n)
        codes = {unit.code for unit in units}
        if item["code"] in codes:
            problems.append(source.problem(path, f"code {item['code']} stands twice", "a code names one unit"))
        if item.get("parent") is not None and item["parent"] not in codes:
            what = f"unknown parent {item['parent']}"
            problems.append(source.problem(path, what, "put the parent above its children"))
        unit = UnitSeed(
            code=item["code"],
            name=item["name"],
            kind=item["kind"],
            parent_code=item.get("parent"),
            synonyms=tuple(item.get("synonyms", ())),
            label=item["label"],
        )
        for name in (unit.name, *unit.synonyms):
            other = names.setdefault(name, unit.code)
            if other != unit.code:
                what = f"{name} names {other} and {unit.code}"
                problems.append(source.problem(path, what, "an importer could not choose: drop one"))
        units.append(unit)
    return tuple(units)
