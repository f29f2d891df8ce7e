"""Figures of a township in a database, held against the replay: by the cube, and by the lists behind them.

A figure here is one account of one register, narrowed by a condition or to the tickets found in the year; so every
account of every register is asked, also those that no printed report names.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from figures import oracle
from figures.chooser import Chance
from figures.comparing import hunted_days
from township import Township, label

from tracker.domain.figures import Counting, FigureSpec, Term, Window
from tracker.domain.ledger import FLOWS, account_names
from tracker.domain.registers import Predicate, Register
from tracker.queries.behind import NUMERATOR, Behind, Reader, all_behind, drill
from tracker.queries.figures import AsOf, figure_months, figure_units, figure_values, month_of

Counts = dict[str, Counter[tuple[int, int, int, int]]]
"""Account → (ticket, unit, segment, cohort) → how often."""


@dataclass(frozen=True)
class Asked:
    """One account as a figure; `spec` asks the product, the rest asks the replay."""

    spec: FigureSpec
    account: str
    bits: int
    of_year: bool

    @property
    def is_flow(self) -> bool:
        return self.account in FLOWS

    def of(
        self,
        counts: Counts,
        register: frozenset[int],
        effective: date,
        unit: int | None = None,
        *,
        is_whole: bool = True,
    ) -> Counter[int]:
        """Ticket → how often the replay counts it; restricted ones in the whole only."""
        found: Counter[int] = Counter()
        for (ticket, where, segment, cohort), number in counts.get(self.account, {}).items():
            if ticket not in register or segment & self.bits != self.bits or (segment & 2**30 and not is_whole):
                continue
            if (unit is None or where == unit) and (not self.of_year or cohort == effective.year):
                found[ticket] += number
        return found


def questions(register: Register) -> list[Asked]:
    """Every account: all of it, the year's, and under each condition of the register."""
    out = []
    for account in sorted(account_names(register)):
        out += [_asked(register, account, None, of_year=False), _asked(register, account, None, of_year=True)]
        out += [_asked(register, account, i, of_year=False) for i in range(len(register.predicates))]
    return out


def _asked(register: Register, account: str, predicate: int | None, *, of_year: bool) -> Asked:
    where: tuple[Predicate, ...] = () if predicate is None else (register.predicates[predicate],)
    counting = Counting.FLOW if account in FLOWS else Counting.STOCK
    cohort = Window.YEAR if of_year else Window.ALL
    term = Term(account, counting, window=Window.ALL, cohort=cohort, where=where)
    spec = FigureSpec(account, label(account), register.name, {}, "count", (term,), (), (), {}, "tests")
    return Asked(spec, account, 0 if predicate is None else 1 << predicate, of_year)


@dataclass
class Comparison:
    """A township and the pairs at which it is asked; `lists` is how many lists behind figures are read per pair."""

    town: Township
    chance: Chance
    lists: int = 12

    def tickets_of(self, register: str) -> frozenset[int]:
        return frozenset(i for i, t in self.town.states.items() if t.register == register)

    def replayed(self, position: int, day: date) -> Counts:
        out: Counts = {}
        for ticket_id in self.town.states:
            register = self.town.register_of(ticket_id)
            counts = oracle.counts(self.town.history(ticket_id), position, day, register)
            for (account, *where), number in counts.items():
                out.setdefault(account, Counter())[ticket_id, where[0], where[1], where[2]] += number
        return out

    def pairs(self, number: int) -> list[tuple[date, int]]:
        """The head, and positions and days where faults live."""
        head, first = self.town.log[-1].position, self.town.log[0].position
        out = []
        for i in range(number):
            ticket_id = self.chance.pick(sorted(self.town.states))
            position = head if i % 3 == 0 else self.chance.number(first - 1, head)
            out.append((self.chance.pick(hunted_days(self.town.history(ticket_id))), position))
        return out

    def check_pairs(self, number: int) -> None:
        for day, position in self.pairs(number):
            self.check(day, position)

    def check(self, day: date, position: int) -> None:
        pair = AsOf(day, position, None, is_head=False)
        counts = self.replayed(position, day)
        for register in self.town.pack.registers:
            asked, ids = questions(register), self.tickets_of(register.name)
            self._check_values(asked, ids, counts, pair)
            self._check_villages(asked, ids, counts, pair)
            self._check_lists(asked, ids, counts, pair)

    def check_months(self, day: date, position: int) -> None:
        """Each month of the year up to the day: stocks at its end, happenings within it."""
        pair = AsOf(day, position, None, is_head=False)
        ends = [month_of(date(day.year, n, 1), day)[1] for n in range(1, day.month + 1)]
        at = {d: self.replayed(position, d) for d in (date(day.year - 1, 12, 31), *ends)}
        for register in self.town.pack.registers:
            asked, ids = questions(register), self.tickets_of(register.name)
            with self.town.engine.connect() as conn:
                said = figure_months(conn, self.town.house, _specs(asked), pair, units=None)
            for one, months in zip(asked, said, strict=True):
                for month, value in zip(ends, months, strict=True):
                    true = one.of(at[month], ids, month, is_whole=False).total()
                    if one.is_flow:
                        before = max(d for d in at if d < month)
                        true -= one.of(at[before], ids, month, is_whole=False).total()
                    assert value.numerator == true, (one, month, position)

    def _check_values(self, asked: Sequence[Asked], ids: frozenset[int], counts: Counts, pair: AsOf) -> None:
        with self.town.engine.connect() as conn:
            said = figure_values(conn, self.town.house, _specs(asked), pair, units=None)
        for one, value in zip(asked, said, strict=True):
            assert value.numerator == one.of(counts, ids, pair.effective).total(), (one, pair)

    def _check_villages(self, asked: Sequence[Asked], ids: frozenset[int], counts: Counts, pair: AsOf) -> None:
        units = [self.town.unit[code] for code in ("donghu", "chenguang", "farming")]
        with self.town.engine.connect() as conn:
            said = figure_units(conn, self.town.house, _specs(asked), pair, units=units)
        for one, values in zip(asked, said, strict=True):
            true = [one.of(counts, ids, pair.effective, unit, is_whole=False).total() for unit in units]
            assert [value.numerator for value in values] == true, (one, pair)

    def _check_lists(self, asked: Sequence[Asked], ids: frozenset[int], counts: Counts, pair: AsOf) -> None:
        reader = Reader(self.town.person["supervisor"], None)  # named on every restricted ticket
        with self.town.engine.connect() as conn:
            for _ in range(self.lists):
                one = self.chance.pick(asked)
                behind = Behind(one.spec, NUMERATOR, pair, None, None)
                listed = Counter(t.id for t in all_behind(conn, self.town.house, behind, reader))
                true = one.of(counts, ids, pair.effective)
                assert listed == true, (one, pair, listed, true)
                page = drill(conn, self.town.house, behind, reader, cursor="", limit=2)
                assert (page.count, page.hidden, len(page.tickets)) == (true.total(), 0, min(2, true.total()))


def _specs(asked: Iterable[Asked]) -> list[FigureSpec]:
    return [one.spec for one in asked]
