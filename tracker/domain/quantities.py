"""Quantities in the ledger: sums of a field, and counts by a linked record, beside the plain accounts.

`held` → `sum.leaflets`, `by.pair`; `closed` → `closed.sum.result_value`, `closed.by.premises`. Such accounts are added
up from the marks themselves: the cube counts marks and knows units only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from functools import cache
from typing import Any

from tracker.domain.registers import Field, FieldType, HasFields

HUNDREDTHS = 100
"""Decimals are added up in hundredths, exactly."""

Beside = tuple[str, str | None, str | None]
"""(account, the field that is added up, the field that links to the group)."""


def scale_of(field: Field) -> int:
    """How many units of a mark's quantity make one of the field's."""
    return HUNDREDTHS if field.type is FieldType.DECIMAL else 1


def quantity_of(field: Field, value: Any) -> int:
    """A field's value as a mark's quantity; nothing counts as 0. What lies beyond two decimals is cut off."""
    return int(Decimal(str(value)) * scale_of(field)) if value not in (None, "") else 0


def beside(account: str, quantities: Iterable[str], groups: Iterable[str]) -> Iterator[Beside]:
    """What stands beside an account. `held` is the account of an activity as such: it leaves no name before them."""
    head = "" if account == "held" else f"{account}."
    named = tuple(quantities)
    for quantity in named:
        yield f"{head}sum.{quantity}", quantity, None
    for group in groups:
        yield f"{head}by.{group}", None, group
        for quantity in named:
            yield f"{head}sum.{quantity}.by.{group}", quantity, group


def amounts_beside(
    account: str, register: HasFields, facts: Mapping[str, Any], unit_id: int
) -> Iterator[tuple[str, int, int]]:
    """(account, unit, quantity) of each mark that stands beside one of `unit_id`; in a group the unit is the linked
    record. Nothing stands where there is no such record, or nothing to add."""
    for name, quantity, group in beside(account, register.quantities, register.groups):
        unit = facts.get(group) if group else unit_id
        amount = quantity_of(register.by_name[quantity], facts.get(quantity)) if quantity else 1
        if unit is not None and amount:
            yield name, unit, amount


def base_of(account: str) -> str:
    """The plain account beside which this one stands."""
    parts = account.split(".")
    ends = [parts.index(word) for word in ("sum", "by") if word in parts]
    return ".".join(parts[: min(ends)]) or "held" if ends else account


def quantity_field(account: str) -> str | None:
    """The field that the account adds up; None where it counts."""
    parts = account.split(".")
    return parts[parts.index("sum") + 1] if "sum" in parts else None


@cache
def is_of_records(account: str) -> bool:
    """Whether its marks stand under a linked record, not under a unit."""
    return "by" in account.split(".")


def is_added_from_marks(account: str) -> bool:
    """Whether figures add it up from its marks: it has a quantity, or its unit is a linked record."""
    parts = account.split(".")
    return account == "value" or "sum" in parts or "by" in parts
