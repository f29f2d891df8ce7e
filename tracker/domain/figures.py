"""A figure is a declared query: what it counts, of what, without what, as of which pair of days.

Types and arithmetic only. The numbers come from the cube (`queries/figures.py`), the declarations
from `packs/<pack>/figures.yaml`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum

from tracker.domain.registers import Label, Predicate


class Counting(StrEnum):
    """STOCK: marks in force on the effective day. FLOW: marks that began in the window."""

    STOCK = "stock"
    FLOW = "flow"


class Window(StrEnum):
    """Which days a flow covers, or which cohort a stock: the year of the effective day, or all."""

    YEAR = "year"
    ALL = "all"


class Grouping(StrEnum):
    """How the numbers of groups make a figure. A group is a unit, or the record that a `…by.<field>` account names.

    SUM adds them up. ANY counts the groups that have one. ALL counts those whose numerator is their whole denominator.
    LEAST is the smallest number of a group of `among`; ONLY the one group that there is (the day all fell due on).
    """

    SUM = "sum"
    ANY = "any"
    ALL = "all"
    LEAST = "least"
    ONLY = "only"


@dataclass(frozen=True, slots=True)
class Wording:
    """How a report says a number: floored to a step with “余” when something is cut off, in 万 where asked.

    Source: registers.md §9 "Wording".
    """

    step: int = 1
    is_wan: bool = False
    is_over: bool = False  # “超” before it, in place of “余” behind it


@dataclass(frozen=True, slots=True)
class Term:
    """One account of one register, narrowed by predicates.

    `cohort`: YEAR keeps tickets found or received in the year of the effective day.
    `where`: predicates that must all hold (bits of the mark's segment). `register`: when it is not the figure's.
    """

    account: str
    counting: Counting = Counting.STOCK
    window: Window = Window.YEAR  # of a flow
    cohort: Window = Window.ALL
    where: tuple[Predicate, ...] = ()
    register: str = ""


@dataclass(frozen=True, slots=True)
class Exclusion:
    """What was left out of the denominator, printed beside the figure with its reason (剔除)."""

    name: str
    label: Label
    terms: tuple[Term, ...]


@dataclass(frozen=True, slots=True)
class FigureSpec:
    """A declared figure.

    Terms of a numerator or denominator must be disjoint: they are added. `shows`: "count" prints
    the numerator as the value, "percent" the rate. `beside`: figures printed next to it.
    `source`: the law, article, notice or domain.md § that the definition follows.
    `needs`: without any of these nobody looked, and a zero would say what nobody knows: printed “—”.
    `is_monthly`: of a LEAST, that of unit and ended month. `scale`: numbers are kept so many times as large.
    """

    id: str
    label: Label
    register: str
    measure: Label
    shows: str
    numerator: tuple[Term, ...]
    denominator: tuple[Term, ...]
    exclusions: tuple[Exclusion, ...]
    definition: Label
    source: Label
    beside: tuple[str, ...] = ()
    rate_of: str | None = None
    cutoff: date | None = None  # the report's in which it stands
    grouping: Grouping = Grouping.SUM
    among: tuple[Term, ...] = ()
    is_monthly: bool = False
    needs: tuple[Term, ...] = ()
    wording: Wording | None = None
    scale: int = 1

    @property
    def is_divisible(self) -> bool:
        """Whether it is the sum of its months and villages, so that a breakdown adds up to it."""
        return self.grouping is Grouping.SUM


@dataclass(frozen=True, slots=True)
class ReportSpec:
    """A report: an ordered list of figures under headings.

    `effective`: the day that a report of the past was closed, `cutoffs`: figures that it counts up to an earlier day.
    """

    id: str
    label: Label
    sections: tuple[tuple[Label, tuple[str, ...]], ...]
    effective: date | None = None
    cutoffs: Mapping[str, date] = field(default_factory=dict)

    def figures(self, by_id: Mapping[str, FigureSpec], names: Iterable[str] | None = None) -> tuple[FigureSpec, ...]:
        """The figures of these names, of all sections when none are given, each with its own cut-off."""
        wanted = names if names is not None else (name for _, section in self.sections for name in section)
        return tuple(replace(by_id[name], cutoff=self.cutoffs.get(name)) for name in wanted)


@dataclass(frozen=True, slots=True)
class Rate:
    """Whole tickets: `numerator` of `denominator`, `excluded` left out and listed."""

    numerator: int
    denominator: int
    excluded: int = 0

    @property
    def is_empty(self) -> bool:
        """Nothing to divide by: printed “—”, never 0 % or 100 % (domain.md §2.2)."""
        return self.denominator == 0

    def percent(self, places: int = 2) -> Decimal | None:
        """Half-up percentage; 100 only when n = d, and never 0 when n > 0. None when empty.

        Source: domain.md §2.2 (99.996 % prints 99.99 %, never 100.00 %).
        """
        if self.is_empty:
            return None
        step = Decimal(1).scaleb(-places)
        exact = Decimal(self.numerator) * 100 / Decimal(self.denominator)
        rounded = exact.quantize(step, ROUND_HALF_UP)
        if rounded == 100 and self.numerator != self.denominator:
            return Decimal(100) - step if self.numerator < self.denominator else Decimal(100) + step
        if rounded == 0 and self.numerator:
            return step
        return rounded


@dataclass(frozen=True, slots=True)
class FigureValue:
    """A figure at one as-of pair: `effective` day, log `position`, and the numbers.

    `rate` is None when the figure has no denominator. `excluded_by` keeps each exclusion's count
    in the order of the spec. Not `is_known`: printed “—”, whatever the numbers say.
    """

    id: str
    numerator: int
    denominator: int | None
    excluded_by: tuple[int, ...]
    effective: date
    position: int
    is_known: bool = True
    scale: int = 1

    @property
    def amount(self) -> Decimal:
        """The numerator in the figure's own measure."""
        return Decimal(self.numerator) / self.scale

    @property
    def excluded(self) -> int:
        return sum(self.excluded_by)

    @property
    def rate(self) -> Rate | None:
        if self.denominator is None:
            return None
        return Rate(self.numerator, self.denominator, self.excluded)


def worded(value: FigureValue, wording: Wording | None) -> str:
    """The number as a Chinese report says it, without its measure: 300余, 1.06万余, 超1800, 7.7万.

    “余” and “超” only where something is cut off. Nothing known: “—”. Source: registers.md §9 "Wording".
    """
    if not value.is_known:
        return "—"
    rule = wording or Wording()
    floored = value.amount // rule.step * rule.step if wording else value.amount
    is_more = floored < value.amount
    text = f"{(floored / 10_000).normalize():f}万" if rule.is_wan and floored >= 10_000 else f"{floored.normalize():f}"
    if not is_more:
        return text
    return f"超{text}" if rule.is_over else f"{text}余"


def group_number(
    grouping: Grouping,
    *,
    numerator: Mapping[int, int],
    denominator: Mapping[int, int],
    among: Iterable[int],
    months: Sequence[Mapping[int, int]] | None,
) -> int | None:
    """What the groups' numbers make of a figure; None where there is no group to speak of.

    Groups with the number 0 are not in the mappings. `months`: of each ended month, for the least of unit and month.
    """
    if grouping is Grouping.ANY:
        return sum(1 for number in numerator.values() if number > 0)
    if grouping is Grouping.ALL:
        return sum(1 for group, number in denominator.items() if number > 0 and numerator.get(group, 0) == number)
    if grouping is Grouping.ONLY:
        groups = [group for group, number in numerator.items() if number > 0]
        return groups[0] if len(groups) == 1 else None
    held = [numerator] if months is None else list(months)
    return min((found.get(group, 0) for group in among for found in held), default=None)
