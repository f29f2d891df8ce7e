"""Whatever happens to tickets: who stands in a rate's numerator stands in its denominator too, and in each only once.

On the domain's ledger alone, with the registers and figures that the product ships.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from figures.chooser import Chooser, Dice
from figures.comparing import hunted_days
from township import Paper

from tracker.domain import effects, ledger
from tracker.domain.days import to_number
from tracker.domain.figures import Counting, FigureSpec, Term, Window
from tracker.domain.registers import EvidenceRule, Field, FieldType, Register
from tracker.packs.loader import LoadedPack, built_in, load_pack

HEAD = ("place", "found_on", "restricted")
SEEDS = range(14)


@pytest.fixture(scope="module")
def pack() -> LoadedPack:
    """The product's, but no evidence is asked for: it is not what this is about."""
    shipped = load_pack(built_in("township"))
    return replace(shipped, registers=tuple(replace(r, evidence=EvidenceRule(0, 0)) for r in shipped.registers))


def value_of(field: Field) -> Any:
    """Something that the field takes."""
    if field.choices:
        return [field.choices[0].name] if field.type is FieldType.SELECT_MULTIPLE else field.choices[0].name
    plain = {FieldType.INTEGER: 1, FieldType.DECIMAL: "1", FieldType.DATE: date(2020, 1, 1), FieldType.YES_NO: True}
    return plain.get(field.type, "化粪池破损渗漏，需整改")


def values_of(register: Register) -> dict[str, Any]:
    return {f.name: value_of(f) for f in register.fields if f.is_required and f.name not in HEAD}


def count(terms: Iterable[Term], marks: Iterable[ledger.Mark], register: Register, day: date) -> int:
    """How often the ticket with these marks is counted on the day."""
    held, found = list(marks), 0
    first = {Window.YEAR: to_number(date(day.year, 1, 1)), Window.ALL: 0}
    for term in terms:
        bits = sum(1 << register.predicates.index(p) for p in term.where)
        for mark in held:
            begins = 0 if term.counting is Counting.STOCK else first[term.window]
            is_counted = mark.account == term.account and mark.segment & bits == bits
            is_there = begins <= mark.ef <= to_number(day) < mark.et
            found += is_counted and is_there and (term.cohort is Window.ALL or mark.cohort == day.year)
    return found


@pytest.mark.parametrize("name", ["toilet_survey", "house_inspection", "petition"])
def test_a_numerator_is_a_part_of_its_denominator(name: str, pack: LoadedPack) -> None:
    register = pack.register_by_name[name]
    rates = [f for f in pack.figures if f.register == name and f.denominator and f.shows == "percent"]
    accounts = {term.account for rate in rates for term in (*rate.numerator, *rate.denominator)}
    reached: dict[str, int] = {}
    for seed in SEEDS:
        chooser = Chooser(Paper(pack), Dice(seed), (name,), plain={name: values_of(register)})
        chooser.happen(times=60, tickets=4)
        for ticket_id in chooser.ticket_ids:
            history = chooser.world.history(ticket_id)
            for cut in {len(history), *range(6, len(history), 8)}:
                state = effects.fold(history[:cut])
                assert state is not None
                marks = [m for m in ledger.marks(state, register) if m.account in accounts]
                for day in hunted_days(history)[seed % 2 :: 2]:
                    for rate in rates:
                        _check(rate, marks, register, day, reached)
    assert rates
    assert {rate.id for rate in rates} == reached.keys(), "some rate never counted anything"


def _check(rate: FigureSpec, marks: Any, register: Register, day: date, reached: dict[str, int]) -> None:
    part, whole = (count(terms, marks, register, day) for terms in (rate.numerator, rate.denominator))
    assert part <= whole <= 1, (rate.id, day, part, whole, sorted(marks))
    if part:
        reached[rate.id] = reached.get(rate.id, 0) + part
