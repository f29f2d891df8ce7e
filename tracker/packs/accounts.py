"""The accounts that a figure of a pack may name, and whether each is a flow or a stock.

The ledger posts the marks; here stands only what a pack author may write.
"""

from __future__ import annotations

from tracker.domain.figures import Counting
from tracker.domain.lifecycle import GONE, Status
from tracker.domain.registers import Register

FLOWS = frozenset(
    {
        "registered",
        "closed_ever",
        "closings",
        "relapses",
        "extensions",
        "submissions",
        "rejections",
        "returns",
        "voided",
        "merged",
        "excluded",
    }
)
STOCKS = frozenset(
    {
        "countable",
        "open",
        "closed",
        "closed_held",
        "closed_on_time",
        "closed_late",
        "due_or_closed",
        "overdue",
        "overdue_30",
        "carried_over",
        "paused",
    }
)
CLOCK_PARTS = ("in_time", "late", "overdue", "waived")


def account_names(register: Register) -> frozenset[str]:
    """Every account of this register: the general ones, its statuses, milestones and clocks."""
    statuses = {f"at.{status}" for status in set(Status) - GONE}
    reached = {f"reached.{milestone.name}" for milestone in register.milestones}
    clocks = {f"{clock.name}.{part}" for clock in register.clocks for part in CLOCK_PARTS}
    return FLOWS | STOCKS | statuses | reached | clocks


def counting_of(account: str) -> Counting:
    """Flows are the named ones; all else is in force on a day."""
    return Counting.FLOW if account in FLOWS else Counting.STOCK
