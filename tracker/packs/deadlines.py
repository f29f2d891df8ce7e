"""Builds limits from `deadlines.yaml`: dated rows with their source; refuses overlaps, gaps and ties."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from itertools import combinations, pairwise
from typing import Any, NamedTuple

from tracker.domain.registers import DayBasis, ExtensionRule, FieldType, Limit, Register, as_label
from tracker.packs.problems import Problem
from tracker.packs.registers import LimitsByClock
from tracker.packs.source import KeyPath, Source

_DAY = timedelta(days=1)


class _Row(NamedTuple):
    path: KeyPath
    register: str
    limit: Limit


def all_limits(source: Source, own: Iterable[Source], problems: list[Problem]) -> LimitsByClock:
    """The rows of `deadlines.yaml`; a file of an installation's own stands in the place of those of its clocks."""
    limits = dict(build_limits(source, problems))
    for written_over in own:
        limits.update(build_limits(written_over, problems))
    return limits


def build_limits(source: Source, problems: list[Problem]) -> LimitsByClock:
    """(register, clock) → its rows. Mistakes between rows are added to `problems`."""
    rows = list(_rows(source, problems))
    by_clock: dict[tuple[str, str], list[_Row]] = {}
    for row in rows:
        by_clock.setdefault((row.register, row.limit.clock), []).append(row)
    for group in by_clock.values():
        problems.extend(_check_times(source, group))
        problems.extend(_check_ties(source, group))
    return {key: tuple(row.limit for row in group) for key, group in by_clock.items()}


def check_limits(source: Source, registers: Mapping[str, Register], problems: list[Problem]) -> None:
    """That every row names a register, a clock, and fields and choices that are there."""
    for n, item in enumerate(source.data["rules"]):
        path: KeyPath = ("rules", n)
        register = registers.get(item["register"])
        if register is None:
            problems.append(source.problem(path, f"unknown register {item['register']}", "name one of the pack"))
            continue
        if item["clock"] not in {clock.name for clock in register.clocks}:
            mend = f"declare it under `clocks` of {register.name}"
            problems.append(source.problem(path, f"unknown clock {item['clock']}", mend))
        problems.extend(_check_when(source, (*path, "when"), item.get("when", {}), register))


def _rows(source: Source, problems: list[Problem]) -> Iterator[_Row]:
    for n, item in enumerate(source.data["rules"]):
        path: KeyPath = ("rules", n)
        starts, ends = source.day(path, item["from"], problems), source.day(path, item.get("to"), problems)
        if starts is None:
            continue
        if ends is not None and ends < starts:
            problems.append(source.problem(path, f"{item['rule_id']} ends before it begins", "swap `from` and `to`"))
            continue
        yield _Row(path, item["register"], _limit(item, starts, ends))


def _limit(item: Mapping[str, Any], starts: date, ends: date | None) -> Limit:
    extension = item.get("extension")
    return Limit(
        rule_id=item["rule_id"],
        clock=item["clock"],
        amount=item["amount"],
        basis=DayBasis(item["basis"]),
        in_force_from=starts,
        in_force_to=ends,
        when={name: tuple(values) for name, values in item.get("when", {}).items()},
        source=as_label(item["source"]),
        extension=ExtensionRule(**extension) if extension else None,
        not_after_year_end=item.get("not_after_year_end", False),
        roll_forward=item.get("roll_forward", False),
    )


def _check_times(source: Source, group: list[_Row]) -> Iterator[Problem]:
    """Rows of one clock with the same conditions follow one another without overlap or gap."""
    same: dict[tuple[tuple[str, frozenset[str]], ...], list[_Row]] = {}
    for row in group:
        key = tuple(sorted((name, frozenset(values)) for name, values in row.limit.when.items()))
        same.setdefault(key, []).append(row)
    for rows in same.values():
        for earlier, later in pairwise(sorted(rows, key=lambda row: row.limit.in_force_from)):
            ends, starts = earlier.limit.in_force_to, later.limit.in_force_from
            names = f"{earlier.limit.rule_id} and {later.limit.rule_id}"
            if ends is None or ends >= starts:
                mend = f"end {earlier.limit.rule_id} on {starts - _DAY}"
                yield source.problem(later.path, f"{names} overlap in time", mend)
            elif ends + _DAY < starts:
                mend = f"begin {later.limit.rule_id} on {ends + _DAY}, or add the row between"
                yield source.problem(later.path, f"gap between {names}", mend)


def _check_ties(source: Source, group: list[_Row]) -> Iterator[Problem]:
    """Two rows in force at once, equally specific, that one ticket could match: nobody could say which wins."""
    for one, other in combinations(group, 2):
        first, second = one.limit, other.limit
        is_tie = (
            len(first.when) == len(second.when)
            and not _same_when(first, second)  # the same conditions: _check_times has looked
            and _times_meet(first, second)
            and _conditions_meet(first, second)
        )
        if is_tie:
            what = f"{first.rule_id} and {second.rule_id} can hold for the same ticket"
            yield source.problem(other.path, what, "make one more specific, or their conditions exclusive")


def _same_when(first: Limit, second: Limit) -> bool:
    return {k: set(v) for k, v in first.when.items()} == {k: set(v) for k, v in second.when.items()}


def _times_meet(first: Limit, second: Limit) -> bool:
    last = date.max
    return first.in_force_from <= (second.in_force_to or last) and second.in_force_from <= (first.in_force_to or last)


def _conditions_meet(first: Limit, second: Limit) -> bool:
    shared = first.when.keys() & second.when.keys()
    return all(set(first.when[name]) & set(second.when[name]) for name in shared)


def _check_when(source: Source, path: KeyPath, when: Mapping[str, list[str]], register: Register) -> Iterator[Problem]:
    for name, values in when.items():
        field = register.by_name.get(name)
        if field is None:
            yield source.problem((*path, name), f"unknown field {name}", f"name a field of {register.name}")
            continue
        known = {"yes", "no"} if field.type is FieldType.YES_NO else field.choice_names
        for value in values:
            if value not in known:
                mend = f"use of {', '.join(sorted(known))}"
                yield source.problem((*path, name), f"{name} has no choice {value}", mend)
