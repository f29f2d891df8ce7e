"""Toilets that turn out to be dangerous houses, and houses of another grade: tickets that go on as others."""

from __future__ import annotations

from dataclasses import replace

from township import HOUSE, PACK, TOILET, label

from tracker.domain.registers import Field, FieldType, Outcome
from tracker.domain.succession import Succession

COPIES = {"problem": "problem", "household": "household"}
OPINION = replace(TOILET, converts=Succession("house", "opinion", COPIES, "属房屋安全问题"))
GRADED = replace(
    HOUSE,
    fields=(
        *HOUSE.fields,
        Field("opinion", FieldType.RECORD, label("原件"), register="toilet"),
        Field("predecessor", FieldType.RECORD, label("前件"), register="house"),
    ),
    outcomes=(
        *HOUSE.outcomes,
        Outcome("regraded", label("等级变化"), True, ("appraised",), Succession("house", "predecessor", COPIES)),
    ),
)
TOWN = replace(PACK, registers=(OPINION, GRADED, *PACK.registers[2:]))
