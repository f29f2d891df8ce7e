"""Builds layouts of other systems' lists from `layouts/*.yaml`; refuses what their register does not have."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from tracker.domain.layouts import Guess, Layout
from tracker.domain.registers import Field, FieldType, Register
from tracker.packs.problems import Problem
from tracker.packs.source import KeyPath, Source


def build_layout(
    source: Source,
    registers: Mapping[str, Register],
    step_columns: Mapping[str, Iterable[Field]],
    problems: list[Problem],
) -> Layout:
    """One layout. Mistakes are added to `problems`."""
    data = source.data
    layout = Layout(
        name=data["name"],
        register=data["register"],
        recognised_by=frozenset(data["recognised_by"]),
        columns=data["columns"],
        ignored=tuple(data.get("ignored", ())),
        choices=data.get("choices", {}),
        guesses=tuple(_guess(item) for item in data.get("guesses", ())),
        is_at_top=data.get("place") == "top",
    )
    register = registers.get(layout.register)
    if register is None:
        problems.append(source.problem(("register",), f"unknown register {layout.register}", "name one of the pack"))
    else:
        known = {column.name for column in step_columns.get(register.name, ())} | register.by_name.keys()
        problems.extend(_check(source, layout, register, known))
    return layout


def _guess(item: Mapping[str, Any]) -> Guess:
    return Guess(item["field"], item["from"], item["words"], item["otherwise"])


def _check(source: Source, layout: Layout, register: Register, known: Collection[str]) -> Iterator[Problem]:
    if source.name != f"layouts/{layout.name}.yaml":
        yield source.problem(("name",), f"{layout.name} stands in {source.name}", "name both alike")
    for heading in sorted(layout.columns.keys() & set(layout.ignored)):
        yield source.problem(("ignored",), f"{heading} is a column too", "keep one of the two")
    for heading, name in layout.columns.items():
        if name not in known:
            yield source.problem(
                ("columns", heading), f"unknown field {name}", f"use one of {', '.join(sorted(known))}"
            )
    for name, choice in layout.choices.items():
        yield from _check_choice(source, ("choices", name), register, name, (choice,))
    for n, guess in enumerate(layout.guesses):
        path: KeyPath = ("guesses", n)
        if guess.source not in layout.columns.values():
            mend = f"guess from one of {', '.join(sorted(layout.columns.values()))}"
            yield source.problem(path, f"no column gives {guess.source}", mend)
        yield from _check_choice(source, path, register, guess.field, (*guess.words.values(), guess.otherwise))


def _check_choice(
    source: Source, path: KeyPath, register: Register, name: str, choices: Iterable[str]
) -> Iterator[Problem]:
    field = register.by_name.get(name)
    if field is None or field.type is not FieldType.SELECT_ONE:
        selects = sorted(f.name for f in register.fields if f.type is FieldType.SELECT_ONE)
        yield source.problem(path, f"{name} is no field with one choice", f"use one of {', '.join(selects)}")
        return
    for choice in choices:
        if choice not in field.choice_names:
            mend = f"use of {', '.join(sorted(field.choice_names))}"
            yield source.problem(path, f"{name} has no choice {choice}", mend)
