"""Files of toilets whose state follows the tickets of `township.py`, and a duty that is owed for those in trouble."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from township import PACK, TOILET, label

from tracker.domain.duties import DutySpec, OwedBy, Period
from tracker.domain.following import CLOSED, OPENED, StateRow, SubjectStates
from tracker.domain.records import RecordKind, RecordRegister, State
from tracker.domain.registers import Field, FieldType, Outcome, Predicate

_DAY = Field("day", FieldType.DATE, label("日期"), is_required=True)
_PLACE = Field("place", FieldType.UNIT, label("村"), is_required=True)
_REMARK = Field("remark", FieldType.TEXT, label("备注"))

FILE = RecordRegister(
    name="file",
    label=label("户厕档"),
    kind=RecordKind.SUBJECT,
    prefix="坑",
    ascii_prefix="HCDA",
    version="1",
    fields=(_DAY, _PLACE, _REMARK, Field("end_reason", FieldType.TEXT, label("原因"))),
    measure=label("座"),
    day_field="day",
    unit_field="place",
    summary_field="remark",
    states=(
        State("normal", label("正常")),
        State("problem", label("有问题")),
        State("rectified", label("已整改"), follows=("problem",)),
        State("idle", label("闲置")),
        State("demolished", label("已拆除"), is_end=True, needs=("end_reason",)),
    ),
)
LOOK = RecordRegister(
    name="look",
    label=label("巡查"),
    kind=RecordKind.ACTIVITY,
    prefix="巡",
    ascii_prefix="XC",
    version="1",
    fields=(_DAY, _PLACE, _REMARK, Field("file", FieldType.RECORD, label("户厕档"), register="file")),
    measure=label("次"),
    day_field="day",
    unit_field="place",
    summary_field="remark",
)


def _closed(outcome: str, state: str | None = None, **more: object) -> StateRow:
    where = (Predicate(outcome, (("outcome", "in", (outcome,)),)),)
    return StateRow(CLOSED, state, where, **more)  # type: ignore[arg-type]


RULE = SubjectStates(
    "file",
    (
        StateRow(OPENED, "problem"),
        _closed("fixed", "rectified", waits=True),
        _closed("demolished_by_wish", "demolished", says={"end_reason": "自愿拆除"}),
        _closed("not_established", is_back=True),
    ),
)
FOLLOWED = replace(
    TOILET,
    fields=(*TOILET.fields, Field("file", FieldType.RECORD, label("关联户厕档"), register="file")),
    outcomes=(*TOILET.outcomes, Outcome("demolished_by_wish", label("自愿拆除"))),
    subject_states=RULE,
)
WATCH = DutySpec(
    id="watch",
    label=label("盯住"),
    activity="look",
    every=Period.MONTH,
    owed_by=OwedBy(subjects="file", states=("problem",), link="file"),
    in_force_from=date(2023, 1, 1),
    source="tests",
)
TOWN = replace(PACK, registers=(FOLLOWED, *PACK.registers[1:]), records=(FILE, LOOK), duties=(WATCH,))
