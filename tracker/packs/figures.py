"""Builds figures and reports from `figures.yaml` and `reports/*.yaml`, and compiles their conditions.

Each condition of a register becomes one predicate, one bit of a mark's segment, in the order in which
the file first uses it: figures added at the end leave the bits of the others where they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tracker.domain.duties import DUTY_ACCOUNTS, DutySpec
from tracker.domain.figures import Counting, Exclusion, FigureSpec, Grouping, ReportSpec, Term, Window, Wording
from tracker.domain.ledger import FLOWS, account_names
from tracker.domain.quantities import base_of, quantity_field, scale_of
from tracker.domain.record_ledger import is_stock_of_records, record_account_names
from tracker.domain.records import RecordRegister
from tracker.domain.registers import FieldType, Predicate, Register
from tracker.packs.problems import Problem
from tracker.packs.source import KeyPath, Source
from tracker.packs.standard import standard_figures, standard_ids

MAX_PREDICATES = 28
"""Bits of a mark's segment; the thirtieth says that a ticket is restricted."""

AnyCounted = Register | RecordRegister | DutySpec

DERIVED_FACTS = frozenset({"outcome", "found_on", "found_year", "restricted"})
"""Facts of every ticket, whatever fields its register has. The owner unit is none: it has accounts of its own."""
RECORD_FACTS = frozenset({"found_on", "found_year"})
"""Of every other record: its day, under the same names."""


@dataclass(slots=True)
class _Compiler:
    """Builds the terms of figures and remembers the predicates that each register needs."""

    source: Source
    registers: Mapping[str, AnyCounted]
    problems: list[Problem]
    predicates: dict[str, list[Predicate]] = field(default_factory=dict)

    def term(
        self, register: AnyCounted, item: Mapping[str, Any], scope: Mapping[str, Any], path: KeyPath
    ) -> Term | None:
        """None, and a problem, where it names a register that there is not. The scope narrows the figure's own."""
        if (other := item.get("register", register.name)) != register.name:
            if other not in self.registers:
                self.problems.append(self.source.problem(path, f"unknown register {other}", "name one, or a duty"))
                return None
            register, scope = self.registers[other], {}
        account, known = item["account"], _accounts(register)
        if account not in known:
            mend = f"use one of {', '.join(sorted(known))}"
            self.problems.append(self.source.problem(path, f"unknown account {account}", mend))
        wheres = (scope.get("where", {}), item.get("where", {}))
        predicates = [p for where in wheres for p in self._where(register, where, path)]
        return Term(
            account=account,
            counting=_counting(register, account),
            window=Window(item.get("window", "year")),
            cohort=Window(item.get("cohort", scope.get("cohort", "all"))),
            where=tuple(dict.fromkeys(predicates)),
            register=register.name,
        )

    def scale(self, terms: Iterable[Term], path: KeyPath) -> int:
        """How many times as large the numbers are kept; one for all that are added."""
        scales = {self._scale_of(term) for term in terms}
        if len(scales) > 1:
            self.problems.append(self.source.problem(path, "adds whole numbers to decimals", "count them apart"))
        return max(scales, default=1)

    def _scale_of(self, term: Term) -> int:
        register = self.registers[term.register]
        name = quantity_field(term.account)
        if isinstance(register, RecordRegister) and term.account == "value":
            name = register.value_field
        field = None if name is None or isinstance(register, DutySpec) else register.by_name.get(name)
        return scale_of(field) if field else 1

    def _where(self, register: AnyCounted, where: Mapping[str, Any], path: KeyPath) -> Iterator[Predicate]:
        for name, condition in where.items():
            operator, values = _test(condition)
            for what, mend in _mistakes(register, name, operator, values):
                self.problems.append(self.source.problem(path, what, mend))
            if operator in {"before", "from"}:
                self.source.day(path, values[0], self.problems)
            test = (name, operator, values)
            yield self._interned(register, Predicate(f"{name} {operator} {','.join(values)}", (test,)))

    def _interned(self, register: AnyCounted, predicate: Predicate) -> Predicate:
        known = self.predicates.setdefault(register.name, [])
        if predicate not in known:
            known.append(predicate)
        return known[known.index(predicate)]


def build_figures(
    source: Source, registers: Mapping[str, AnyCounted], problems: list[Problem]
) -> tuple[tuple[FigureSpec, ...], Mapping[str, tuple[Predicate, ...]]]:
    """The figures, and for each register the predicates they use. Mistakes are added to `problems`."""
    compiler = _Compiler(source, registers, problems)
    shared = {item["name"]: item for item in source.data["exclusions"]}
    items = (*_written_out(source), *standard_figures(source))
    figures = []
    for path, item in items:
        register = registers.get(item["register"])
        if register is None:
            problems.append(source.problem(path, f"unknown register {item['register']}", "name one"))
        else:
            figures.append(_figure(compiler, register, item, shared, path))
    problems.extend(_check_figures(source, items, figures))
    problems.extend(_check_predicates(source, compiler.predicates))
    return tuple(figures), {name: tuple(found) for name, found in compiler.predicates.items()}


def _written_out(source: Source) -> Iterator[tuple[KeyPath, Mapping[str, Any]]]:
    return ((("figures", n), item) for n, item in enumerate(source.data["figures"]))


def build_report(
    source: Source, declared: Source, figures: tuple[FigureSpec, ...], problems: list[Problem]
) -> ReportSpec:
    """A report: figures under headings, those of `declared` (figures.yaml)."""
    known = {figure.id for figure in figures}
    sections = []
    for n, section in enumerate(source.data["sections"]):
        names = (*section.get("figures", ()), *standard_ids(declared, section.get("standard", ())))
        sections.append((section["label"], names))
        unknown = (name for name in names if name not in known)
        problems.extend(
            source.problem(("sections", n), f"unknown figure {name}", "see figures.yaml") for name in unknown
        )
    cutoffs = source.data.get("cutoffs", {})
    strangers = sorted(cutoffs.keys() - {name for _, names in sections for name in names})
    problems.extend(
        source.problem(("cutoffs", name), f"{name} stands in no section", "name a figure of it") for name in strangers
    )
    return ReportSpec(
        source.data["id"],
        source.data["label"],
        tuple(sections),
        source.day(("effective",), source.data.get("effective"), problems),
        {name: day for name, text in cutoffs.items() if (day := source.day(("cutoffs", name), text, problems))},
    )


def _figure(
    compiler: _Compiler, register: AnyCounted, item: Mapping[str, Any], shared: Mapping[str, Any], path: KeyPath
) -> FigureSpec:
    scope = item.get("scope", {})

    def terms(part: str) -> tuple[Term, ...]:
        made = (compiler.term(register, term, scope, (*path, part, i)) for i, term in enumerate(item.get(part, ())))
        return tuple(term for term in made if term is not None)

    numerator = terms("numerator")

    return FigureSpec(
        id=item["id"],
        label=item["label"],
        register=register.name,
        measure=item.get("measure", getattr(register, "measure", {})),
        shows=item["shows"],
        numerator=numerator,
        denominator=terms("denominator"),
        exclusions=tuple(_exclusions(compiler, register, item, shared, path)),
        definition=item["definition"],
        source=item["source"],
        beside=tuple(item.get("beside", ())),
        rate_of=item.get("rate_of"),
        grouping=Grouping(item.get("groups", "sum")),
        among=terms("among"),
        is_monthly=item.get("over") == "month",
        needs=terms("needs"),
        wording=_wording(item["wording"]) if "wording" in item else None,
        scale=compiler.scale(numerator, path),
    )


def _wording(item: Mapping[str, Any]) -> Wording:
    return Wording(item["step"], is_wan=item.get("wan", False), is_over=item.get("over", False))


def _accounts(register: AnyCounted) -> frozenset[str]:
    if isinstance(register, Register):
        return account_names(register)
    return record_account_names(register) if isinstance(register, RecordRegister) else DUTY_ACCOUNTS


def _counting(register: AnyCounted, account: str) -> Counting:
    base = base_of(account)
    if isinstance(register, Register):
        return Counting.FLOW if base in FLOWS else Counting.STOCK
    is_stock = isinstance(register, RecordRegister) and is_stock_of_records(base)
    return Counting.STOCK if is_stock else Counting.FLOW


def _exclusions(
    compiler: _Compiler, register: AnyCounted, item: Mapping[str, Any], shared: Mapping[str, Any], path: KeyPath
) -> Iterator[Exclusion]:
    """Named exclusions come from the head of the file; the figure's scope narrows them like its own terms."""
    for n, exclusion in enumerate(item["exclusions"]):
        here = (*path, "exclusions", n)
        if isinstance(exclusion, str) and exclusion not in shared:
            mend = f"use one of {', '.join(sorted(shared))}, or write it out"
            compiler.problems.append(compiler.source.problem(here, f"unknown exclusion {exclusion}", mend))
            continue
        full = shared[exclusion] if isinstance(exclusion, str) else exclusion
        made = (compiler.term(register, term, item.get("scope", {}), here) for term in full["terms"])
        yield Exclusion(full["name"], full["label"], tuple(term for term in made if term is not None))


def _test(condition: Any) -> tuple[str, tuple[str, ...]]:
    if isinstance(condition, list):
        return "in", tuple(condition)
    ((word, value),) = condition.items()
    return ("not_in", tuple(value)) if word == "not" else (word, (value,))


def _mistakes(register: AnyCounted, name: str, operator: str, values: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    if isinstance(register, DutySpec):
        yield f"{register.name} knows no field {name}", "a duty's periods are all counted: leave `where` out"
        return
    known_field = register.by_name.get(name)
    derived = DERIVED_FACTS if isinstance(register, Register) else RECORD_FACTS
    if known_field is None and name not in derived:
        mend = f"name a field of {register.name} or one of {', '.join(sorted(derived))}"
        yield f"unknown field {name} in a condition", mend
        return
    if known_field is not None and known_field.is_private:
        yield f"{name} is private and cannot be counted by", "use a field that is open"
    is_day = name == "found_on" or (known_field is not None and known_field.type is FieldType.DATE)
    if operator in {"before", "from"} and not is_day:
        yield f"{name} is not a date", "`before` and `from` need a date"
    choices = _choices(register, name)
    unknown = [value for value in values if choices and value not in choices]
    if unknown:
        yield f"{name} has no choice {', '.join(unknown)}", f"use of {', '.join(sorted(choices))}"


def _choices(register: Register | RecordRegister, name: str) -> frozenset[str]:
    """The values that a condition on this fact may name; empty where any text will do."""
    if name == "outcome" and isinstance(register, Register):
        return frozenset(register.outcome_by_name)
    known_field = register.by_name.get(name)
    if name == "restricted" or (known_field is not None and known_field.type is FieldType.YES_NO):
        return frozenset({"yes", "no"})
    return known_field.choice_names | {""} if known_field is not None and known_field.choices else frozenset()


def _check_figures(
    source: Source, items: Iterable[tuple[KeyPath, Mapping[str, Any]]], figures: list[FigureSpec]
) -> Iterator[Problem]:
    ids = {figure.id for figure in figures}
    seen: set[str] = set()
    for path, item in items:
        if item["id"] in seen:
            yield source.problem(path, f"figure {item['id']} stands twice", "rename or remove one")
        seen.add(item["id"])
        if item["shows"] == "percent" and not item["denominator"]:
            yield source.problem(path, f"{item['id']} shows a percentage of nothing", "give a denominator")
        for other in (*item.get("beside", ()), *([item["rate_of"]] if "rate_of" in item else ())):
            if other not in ids:
                yield source.problem(path, f"unknown figure {other}", "name a figure of this file")


def _check_predicates(source: Source, predicates: Mapping[str, list[Predicate]]) -> Iterator[Problem]:
    for name, found in predicates.items():
        if len(found) > MAX_PREDICATES:
            what = f"{name} needs {len(found)} conditions, {MAX_PREDICATES} are possible"
            yield source.problem(("figures",), what, "let figures share conditions")
