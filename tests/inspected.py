"""A register of toilet files, one of their checks with a checklist of two items, and the small township with them."""

from __future__ import annotations

from dataclasses import replace

from township import PACK, label

from tracker.domain.checklists import Checklist, ChecklistItem, Creation
from tracker.domain.packs import Pack
from tracker.domain.records import RecordKind, RecordRegister, State
from tracker.domain.registers import Field, FieldType, Privacy

HOUSEHOLD = Field("household", FieldType.TEXT, label("户主"), is_required=True, privacy=Privacy.PERSONAL)
FILE = RecordRegister(
    name="file",
    label=label("户厕档"),
    kind=RecordKind.SUBJECT,
    prefix="坑",
    ascii_prefix="HCDA",
    version="1",
    fields=(
        Field("opened_on", FieldType.DATE, label("建档日期")),
        Field("place", FieldType.UNIT, label("村")),
        HOUSEHOLD,
        Field("group", FieldType.INTEGER, label("组"), is_listed=True),
    ),
    measure=label("座"),
    day_field="opened_on",
    unit_field="place",
    summary_field="household",
    states=(State("normal", label("正常")),),
)
CHECK = RecordRegister(
    name="check",
    label=label("户厕巡查"),
    kind=RecordKind.ACTIVITY,
    prefix="巡",
    ascii_prefix="XC",
    version="1",
    fields=(
        Field("held_on", FieldType.DATE, label("日期"), is_required=True),
        Field("place", FieldType.UNIT, label("村"), is_required=True),
        Field("file", FieldType.RECORD, label("户厕档"), register="file"),
        Field("summary", FieldType.TEXT, label("情况"), is_required=True),
        Field("nothing_found", FieldType.YES_NO, label("无问题")),
    ),
    measure=label("次"),
    day_field="held_on",
    unit_field="place",
    summary_field="summary",
    nil_field="nothing_found",
    checklist="toilet",
)
TOILET = replace(
    PACK.register_by_name["toilet"],
    fields=(
        *(f for f in PACK.register_by_name["toilet"].fields if f.name != "household"),
        HOUSEHOLD,
        Field("group", FieldType.INTEGER, label("组")),
        Field("file", FieldType.RECORD, label("户厕档"), register="file"),
        Field("seen_at", FieldType.TIME, label("时间"), is_required=True),
    ),
)
LID = ChecklistItem(1, label("盖板牢固"), creates=Creation("toilet", {"category": "quality"}, owner="farming"))
SMELL = ChecklistItem(2, label("无臭味"))
LIST = Checklist("toilet", label("核查表"), "file", "tests", (LID, SMELL), is_scored=True, is_signed=True)

INSPECTED: Pack = replace(
    PACK,
    registers=tuple(TOILET if r.name == "toilet" else r for r in PACK.registers),
    records=(FILE, CHECK),
    checklists=(LIST,),
)
