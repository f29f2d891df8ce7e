"""What figures may ask of a register or a duty: its accounts, how each counts, and the scale of its quantities."""

from __future__ import annotations

from tracker.domain.duties import DUTY_ACCOUNTS, RUNNING_ACCOUNTS, DutySpec
from tracker.domain.figures import Counting
from tracker.domain.ledger import FLOWS, account_names
from tracker.domain.quantities import base_of, quantity_field, scale_of
from tracker.domain.record_ledger import is_stock_of_records, record_account_names
from tracker.domain.records import RecordRegister
from tracker.domain.registers import Field, Register

AnyCounted = Register | RecordRegister | DutySpec


def accounts_of(counted: AnyCounted) -> frozenset[str]:
    """Every account that a term about it may name."""
    if isinstance(counted, Register):
        return account_names(counted)
    if isinstance(counted, RecordRegister):
        return record_account_names(counted)
    return DUTY_ACCOUNTS


def counting(counted: AnyCounted, account: str) -> Counting:
    if isinstance(counted, Register):
        return Counting.FLOW if base_of(account) in FLOWS else Counting.STOCK
    if isinstance(counted, DutySpec):
        return Counting.STOCK if account in RUNNING_ACCOUNTS else Counting.FLOW
    is_stock = is_stock_of_records(account)
    return Counting.STOCK if is_stock else Counting.FLOW


def scale(counted: AnyCounted, account: str) -> int:
    """How many units of the account's number make one of what people read (decimals are added up in hundredths)."""
    if isinstance(counted, DutySpec):
        return 1
    name = quantity_field(account)
    if name is None and isinstance(counted, RecordRegister) and account == "value":
        name = counted.value_field
    field = counted.by_name.get(name) if name else None
    return scale_of(field) if field else 1


def field_of(counted: AnyCounted, name: str) -> Field | None:
    return None if isinstance(counted, DutySpec) else counted.by_name.get(name)


def facts_beside_fields(counted: AnyCounted) -> frozenset[str]:
    """What conditions may ask of whatever fields there are. The owner unit is none: it has accounts of its own."""
    if isinstance(counted, Register):
        return frozenset({"outcome", "found_on", "found_year", "restricted"})
    return frozenset({"found_on", "found_year"}) if isinstance(counted, RecordRegister) else frozenset()
