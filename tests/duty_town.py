"""The small township with something to do again and again: walks, lamp posts, and duties of every kind."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from township import PACK, label

from tracker.domain.duties import DutySpec, OwedBy, Period
from tracker.domain.records import RecordKind, RecordRegister, State
from tracker.domain.registers import Field, FieldType


def _record_field(name: str, kind: FieldType, **more: Any) -> Field:
    return Field(name, kind, label(name), **more)


_HEAD = (
    _record_field("held_on", FieldType.DATE, is_required=True),
    _record_field("place", FieldType.UNIT, is_required=True),
    _record_field("remark", FieldType.TEXT),
)
WALK = RecordRegister(
    name="walk",
    label=label("巡查"),
    kind=RecordKind.ACTIVITY,
    prefix="巡",
    ascii_prefix="XC",
    version="1",
    fields=(
        *_HEAD,
        _record_field("post", FieldType.RECORD, register="post"),
        _record_field("minutes", FieldType.INTEGER),
        _record_field("nothing", FieldType.YES_NO),
    ),
    measure=label("次"),
    day_field="held_on",
    unit_field="place",
    summary_field="remark",
    nil_field="nothing",
)
POST = RecordRegister(
    name="post",
    label=label("灯杆"),
    kind=RecordKind.SUBJECT,
    prefix="杆",
    ascii_prefix="DG",
    version="1",
    fields=_HEAD,
    measure=label("根"),
    day_field="held_on",
    unit_field="place",
    summary_field="remark",
    states=(State("standing", label("在用")), State("fallen", label("已倒"), is_end=True)),
)


def duty(name: str, every: Period, **more: Any) -> DutySpec:
    """A duty of the villages to walk, unless `more` says otherwise."""
    given: dict[str, Any] = {"owed_by": OwedBy(("village",)), "in_force_from": date(2023, 1, 1), **more}
    return DutySpec(id=name, label=label(name), activity="walk", every=every, source=label("tests"), **given)


DUTIES = (
    duty("weekly", Period.WEEK, late_days=2, has_nil_reports=True, in_force_from=date(2023, 1, 2)),
    duty("twentieth", Period.MONTH_DAY, month_day=20, late_days=5, has_nil_reports=True),
    duty("daily", Period.DAY, within=(((7, 10), (7, 19)),), enter_days=1, has_nil_reports=True),
    duty("twice", Period.MONTH, count=2),  # a nil report is none
    duty("report", Period.MONTH, enter_days=5, late_days=3, has_nil_reports=True, in_force_to=date(2023, 10, 31)),
    duty(
        "look",
        Period.QUARTER,
        owed_by=OwedBy(subjects="post", states=("standing",), link="post"),
        at_least=(("minutes", 5),),
        has_nil_reports=True,
    ),
)
TOWN = replace(PACK, records=(WALK, POST), duties=DUTIES)
