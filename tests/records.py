"""Registers of activities, subjects and a statistic to test with, for the township of `township.py`."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from township import PACK, TOILET, label

from tracker.domain.records import SELF, RecordKind, RecordRegister, State
from tracker.domain.registers import Choice, Field, FieldType, Predicate, Privacy


def _choices(name: str, *choices: str, **more: Any) -> Field:
    return Field(name, more.pop("type", FieldType.SELECT_ONE), label(name), choices=_as(choices), **more)


def _as(names: tuple[str, ...]) -> tuple[Choice, ...]:
    return tuple(Choice(name, label(name)) for name in names)


_PLACE = Field("place", FieldType.UNIT, label("村"), is_required=True)

MEETING = RecordRegister(
    name="meeting",
    label=label("屋场会"),
    kind=RecordKind.ACTIVITY,
    prefix="会",
    ascii_prefix="WCH",
    version="1",
    fields=(
        Field("held_on", FieldType.DATE, label("日期"), is_required=True),
        _PLACE,
        Field("topic", FieldType.TEXT, label("内容"), is_listed=True),
        _choices("themes", "law", "congress", type=FieldType.SELECT_MULTIPLE),
        Field("leaflets", FieldType.INTEGER, label("资料"), minimum=0),
        Field("member", FieldType.RECORD, label("党员"), register="member"),
        Field("nothing_found", FieldType.YES_NO, label("零报告")),
    ),
    measure=label("场"),
    day_field="held_on",
    unit_field="place",
    summary_field="topic",
    quantities=("leaflets",),
    groups=("member",),
    nil_field="nothing_found",
    gives=("toilet",),
    predicates=(Predicate("law", (("themes", "in", ("law",)),)),),
)

MEMBER = RecordRegister(
    name="member",
    label=label("党员"),
    kind=RecordKind.SUBJECT,
    prefix="员",
    ascii_prefix="DYHM",
    version="1",
    fields=(
        Field("opened_on", FieldType.DATE, label("建档日期"), is_required=True),
        _PLACE,
        Field("name", FieldType.TEXT, label("姓名"), is_required=True, privacy=Privacy.PERSONAL),
        Field("persons", FieldType.INTEGER, label("人数")),
        Field("reason", FieldType.TEXT, label("原因")),
    ),
    measure=label("名"),
    day_field="opened_on",
    unit_field="place",
    summary_field="persons",
    quantities=("persons",),
    groups=(SELF,),
    states=(
        State("clue", label("线索")),
        State("enrolled", label("在册"), follows=("clue", "cleared")),
        State("cleared", label("消除"), is_end=True, follows=("enrolled",), needs=("reason",)),
    ),
    predicates=(),
)

HARVEST = RecordRegister(
    name="harvest",
    label=label("产量"),
    kind=RecordKind.STATISTIC,
    prefix="统",
    ascii_prefix="TJSJ",
    version="1",
    fields=(
        _PLACE,
        Field("year", FieldType.INTEGER, label("年度"), is_required=True),
        Field("value", FieldType.DECIMAL, label("数值"), is_required=True),
        _choices("stage", "estimate", "reported", "final", is_required=True),
        Field("reported_on", FieldType.DATE, label("填报日期"), is_required=True),
    ),
    measure=label("吨"),
    day_field="reported_on",
    unit_field="place",
    summary_field="year",
    key_fields=("place", "year"),
    value_field="value",
    stage_field="stage",
)

LINKED = replace(
    TOILET,
    fields=(
        *TOILET.fields,
        Field("meeting", FieldType.RECORD, label("屋场会"), register="meeting"),
        Field("cost", FieldType.DECIMAL, label("花费")),
    ),
    quantities=("cost",),
    groups=("meeting",),
)

RECORDS = replace(PACK, name="records", registers=(LINKED, *PACK.registers[1:]), records=(MEETING, MEMBER, HARVEST))


def meeting(place: int, on: date | str, **more: Any) -> dict[str, Any]:
    """The values of a meeting in order."""
    return {"held_on": str(on), "place": place, "topic": "屋场恳谈", **more}
