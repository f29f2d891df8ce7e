"""A figure is a declared query: what it counts, of what, without what, as of which pair of days.

Types and arithmetic only. The numbers come from the cube (`queries/figures.py`), the declarations
from `packs/<pack>/figures.yaml`.
"""

from __future__ import annotations

from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Term:
    """One account of one register, narrowed by predicates.

    `cohort`: YEAR keeps tickets found or received in the year of the effective day.
    `where`: predicates that must all hold (bits of the mark's segment).
    """

    account: str
    counting: Counting = Counting.STOCK
    window: Window = Window.YEAR  # of a flow
    cohort: Window = Window.ALL
    where: tuple[Predicate, ...] = ()


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
    source: str
    beside: tuple[str, ...] = ()
    rate_of: str | None = None
    cutoff: date | None = None


@dataclass(frozen=True, slots=True)
class ReportSpec:
    """A report: an ordered list of figures under headings."""

    id: str
    label: Label
    sections: tuple[tuple[Label, tuple[str, ...]], ...]


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
    in the order of the spec.
    """

    id: str
    numerator: int
    denominator: int | None
    excluded_by: tuple[int, ...]
    effective: date
    position: int

    @property
    def excluded(self) -> int:
        return sum(self.excluded_by)

    @property
    def rate(self) -> Rate | None:
        if self.denominator is None:
            return None
        return Rate(self.numerator, self.denominator, self.excluded)
