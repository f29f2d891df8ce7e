"""Builds figures and reports from `figures.yaml` and `reports/*.yaml`, and compiles their conditions.

Each condition of a register becomes one predicate, one bit of a mark's segment, in the order in which
the file first uses it: figures added at the end leave the bits of the others where they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tracker.domain.figures import Exclusion, FigureSpec, Grouping, ReportSpec, Term, Window, Wording
from tracker.domain.registers import FieldType, Label, Predicate, Register, as_label
from tracker.packs.accounts import AnyCounted, accounts_of, counting, facts_beside_fields, field_of, scale
from tracker.packs.problems import Problem
from tracker.packs.source import KeyPath, Source
from tracker.packs.standard import standard_figures, standard_ids

MAX_PREDICATES = 28
"""Bits of a mark's segment. Bit 30 says that a ticket is restricted (`ledger.RESTRICTED`); two are left free."""

OVER = "超"
"""The word that stands before a number that was cut off; any other stands behind it."""


@dataclass(slots=True)
class _Compiler:
    """Builds the terms of figures and remembers the predicates that each register needs."""

    source: Source
    counted: Mapping[str, AnyCounted]
    problems: list[Problem]
    predicates: dict[str, list[Predicate]] = field(default_factory=dict)

    def problem(self, path: KeyPath, what: str, mend: str) -> None:
        self.problems.append(self.source.problem(path, what, mend))

    def known(self, name: str, path: KeyPath) -> AnyCounted | None:
        """The register or duty of this name; None, with the problem noted, where there is none."""
        found = self.counted.get(name)
        if found is None:
            self.problem(path, f"unknown register {name}", "name a register of pack.yaml, or duty:<id>")
        return found

    def term(self, owner: AnyCounted, item: Mapping[str, Any], scope: Mapping[str, Any], path: KeyPath) -> Term:
        about = (self.known(item["register"], path) if "register" in item else owner) or owner
        account = item["account"]
        if account not in accounts_of(about):
            self.problem(path, f"unknown account {account}", f"use one of {', '.join(sorted(accounts_of(about)))}")
        wheres = (scope.get("where", {}), item.get("where", {}))
        predicates = [p for where in wheres for p in self._where(about, where, path)]
        return Term(
            account=account,
            counting=counting(about, account),
            window=Window(item.get("window", "year")),
            cohort=Window(item.get("cohort", scope.get("cohort", "all"))),
            where=tuple(dict.fromkeys(predicates)),
            register=about.name if about is not owner else "",
        )

    def _where(self, register: AnyCounted, where: Mapping[str, Any], path: KeyPath) -> Iterator[Predicate]:
        for name, condition in where.items():
            operator, values = _test(condition)
            for what, mend in _mistakes(register, name, operator, values):
                self.problem(path, what, mend)
            if operator in {"before", "from"}:
                self.source.day(path, values[0], self.problems)
            test = (name, operator, values)
            yield self._interned(register, Predicate(f"{name} {operator} {','.join(values)}", (test,)))

    def _interned(self, register: AnyCounted, predicate: Predicate) -> Predicate:
        known = self.predicates.setdefault(register.name, [])
        if predicate not in known:
            known.append(predicate)
        return known[known.index(predicate)]


Items = Sequence[tuple[Source, KeyPath, Mapping[str, Any]]]
"""Figures as written, with where they stand."""


def build_figures(
    source: Source, counted: Mapping[str, AnyCounted], problems: list[Problem], own: Iterable[Source] = ()
) -> tuple[tuple[FigureSpec, ...], Mapping[str, tuple[Predicate, ...]]]:
    """The figures, and for each register the predicates they use. `counted`: registers and duties by name.

    `own`: files of an installation, whose figures come after those of the pack. Mistakes are added to `problems`.
    """
    compiler = _Compiler(source, counted, problems)
    shared = {item["name"]: item for item in source.data["exclusions"]}
    items = [(source, *item) for item in (*_written_out(source), *standard_figures(source))]
    items += [(file, *item) for file in own for item in _written_out(file)]
    figures = []
    for file, path, item in items:
        compiler.source = file
        about = compiler.known(item["register"], path)
        if about is not None:
            figures.append(_figure(compiler, about, item, shared, path))
    problems.extend(_check_figures(items, figures))
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
    compiler: _Compiler, about: AnyCounted, item: Mapping[str, Any], shared: Mapping[str, Any], path: KeyPath
) -> FigureSpec:
    scope = item.get("scope", {})

    def terms(part: str) -> tuple[Term, ...]:
        """What is needed, and among what, the figure's own scope does not narrow."""
        narrowed = scope if part in ("numerator", "denominator") else {}
        items = enumerate(item.get(part, ()))
        return tuple(compiler.term(about, term, narrowed, (*path, part, i)) for i, term in items)

    return FigureSpec(
        id=item["id"],
        label=item["label"],
        register=about.name,
        measure=_measure(compiler, about, item, path),
        shows=item["shows"],
        numerator=terms("numerator"),
        denominator=terms("denominator"),
        exclusions=tuple(_exclusions(compiler, about, item, shared, path)),
        definition=item["definition"],
        source=as_label(item["source"]),
        beside=tuple(item.get("beside", ())),
        rate_of=item.get("rate_of"),
        grouping=Grouping(item.get("groups", "sum")),
        among=terms("among"),
        is_monthly=item.get("over") == "month",
        needs=terms("needs"),
        wording=_wording(item),
        scale=_scale(compiler, about, item, path),
    )


def _measure(compiler: _Compiler, about: AnyCounted, item: Mapping[str, Any], path: KeyPath) -> Label:
    """Its own counting word, else that of its register; a duty has none."""
    found: Label | None = item.get("measure") or getattr(about, "measure", None)
    if found is None:
        compiler.problem(path, f"{item['id']} has no counting word", "give it a `measure`")
    return found or {}


def _wording(item: Mapping[str, Any]) -> Wording | None:
    floor = item.get("floor")
    if floor is None and not item.get("wan"):
        return None
    floor = floor or {}
    return Wording(floor.get("step", 1), item.get("wan", False), floor.get("word") == OVER)


def _scale(compiler: _Compiler, about: AnyCounted, item: Mapping[str, Any], path: KeyPath) -> int:
    """One scale for all that is added up or divided; a share has none."""
    terms = [*item["numerator"], *item["denominator"]]
    scales = {scale(compiler.counted.get(t.get("register", about.name), about), t["account"]) for t in terms}
    if len(scales) > 1:
        compiler.problem(path, f"{item['id']} mixes whole numbers and decimals", "add up fields of one type")
    return max(scales)


def _exclusions(
    compiler: _Compiler, register: AnyCounted, item: Mapping[str, Any], shared: Mapping[str, Any], path: KeyPath
) -> Iterator[Exclusion]:
    """Named exclusions come from the head of the file; the figure's scope narrows them like its own terms."""
    for n, exclusion in enumerate(item["exclusions"]):
        here = (*path, "exclusions", n)
        if isinstance(exclusion, str) and exclusion not in shared:
            mend = f"use one of {', '.join(sorted(shared))}, or write it out"
            compiler.problem(here, f"unknown exclusion {exclusion}", mend)
            continue
        full = shared[exclusion] if isinstance(exclusion, str) else exclusion
        terms = tuple(compiler.term(register, term, item.get("scope", {}), here) for term in full["terms"])
        yield Exclusion(full["name"], full["label"], terms)


def _test(condition: Any) -> tuple[str, tuple[str, ...]]:
    if isinstance(condition, list):
        return "in", tuple(condition)
    ((word, value),) = condition.items()
    return ("not_in", tuple(value)) if word == "not" else (word, (value,))


def _mistakes(about: AnyCounted, name: str, operator: str, values: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    known_field = field_of(about, name)
    if known_field is None and name not in facts_beside_fields(about):
        mend = f"name a field of {about.name} or one of {', '.join(sorted(facts_beside_fields(about)))}"
        yield f"unknown field {name} in a condition", mend
        return
    if known_field is not None and known_field.is_private:
        yield f"{name} is private and cannot be counted by", "use a field that is open"
    is_day = name == "found_on" or (known_field is not None and known_field.type is FieldType.DATE)
    if operator in {"before", "from"} and not is_day:
        yield f"{name} is not a date", "`before` and `from` need a date"
    choices = _choices(about, name)
    unknown = [value for value in values if choices and value not in choices]
    if unknown:
        yield f"{name} has no choice {', '.join(unknown)}", f"use of {', '.join(sorted(choices))}"


def _choices(about: AnyCounted, name: str) -> frozenset[str]:
    """The values that a condition on this fact may name; empty where any text will do."""
    if name == "outcome" and isinstance(about, Register):
        return frozenset(about.outcome_by_name)
    known_field = field_of(about, name)
    if name == "restricted" or (known_field is not None and known_field.type is FieldType.YES_NO):
        return frozenset({"yes", "no"})
    return known_field.choice_names | {""} if known_field is not None and known_field.choices else frozenset()


def _check_figures(items: Items, figures: list[FigureSpec]) -> Iterator[Problem]:
    ids = {figure.id for figure in figures}
    seen: set[str] = set()
    for source, path, item in items:
        if item["id"] in seen:
            yield source.problem(path, f"figure {item['id']} stands twice", "rename or remove one")
        seen.add(item["id"])
        if item["shows"] == "percent" and not item["denominator"]:
            yield source.problem(path, f"{item['id']} shows a percentage of nothing", "give a denominator")
        if item.get("groups") == "all" and not item["denominator"]:
            yield source.problem(path, f"{item['id']} compares groups with nothing", "give a denominator")
        if item.get("groups") == "least" and not item.get("among"):
            yield source.problem(path, f"{item['id']} does not say among what", "give `among`: a group may have none")
        for other in (*item.get("beside", ()), *([item["rate_of"]] if "rate_of" in item else ())):
            if other not in ids:
                yield source.problem(path, f"unknown figure {other}", "name a figure of this file")


def _check_predicates(source: Source, predicates: Mapping[str, list[Predicate]]) -> Iterator[Problem]:
    for name, found in predicates.items():
        if len(found) > MAX_PREDICATES:
            what = f"{name} needs {len(found)} conditions, {MAX_PREDICATES} are possible"
            yield source.problem(("figures",), what, "let figures share conditions")
