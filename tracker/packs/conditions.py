"""Plain conditions on the facts of a record: a field, and the values of which it has one.

Figures ask more of their facts (`figures.py`); duties and checklists only this.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from tracker.domain.registers import Field, FieldType, Predicate
from tracker.packs.fields import AnyRegister
from tracker.packs.problems import Problem
from tracker.packs.source import KeyPath, Source


def predicates_of(where: Mapping[str, Iterable[str]]) -> tuple[Predicate, ...]:
    """One predicate for each field: its value is one of those named."""
    return tuple(
        Predicate(f"{name} in {','.join(values)}", ((name, "in", tuple(values)),)) for name, values in where.items()
    )


def check_choices(
    source: Source, path: KeyPath, where: Mapping[str, Iterable[str]], register: AnyRegister
) -> Iterator[Problem]:
    """That every field is there and open, and knows every value that is named for it."""
    for name, values in where.items():
        field = register.by_name.get(name)
        if field is None:
            yield source.problem((*path, name), f"unknown field {name}", f"name a field of {register.name}")
            continue
        if field.is_private:
            what = f"{name} is private and cannot be named here"
            yield source.problem((*path, name), what, "use a field that is open")
        known = _choices(field)
        for value in values:
            if known and value not in known:
                yield source.problem(
                    (*path, name), f"{name} has no choice {value}", f"use of {', '.join(sorted(known))}"
                )


def _choices(field: Field) -> frozenset[str]:
    """The values that the field can have; empty where any text will do."""
    return frozenset({"yes", "no"}) if field.type is FieldType.YES_NO else field.choice_names
