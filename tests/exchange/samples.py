"""A small register, a township's units and people, and spreadsheets made in memory. Nothing touches a database."""

import io
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

import xlsxwriter

from tracker.domain.people import Person, Unit
from tracker.domain.registers import Choice, Field, FieldType, Privacy, Register
from tracker.exchange.reading import ImportReading, read_file
from tracker.exchange.rows import RowReading

TODAY = date(2023, 12, 6)
SECRET = b"a secret of the installation"


def label(hans: str, hant: str = "", english: str = "") -> dict[str, str]:
    return {"zh-Hans": hans, "zh-Hant": hant or hans, "en": english or hans}


def field(name: str, kind: FieldType, hans: str, *headings: str, **more: Any) -> Field:
    return Field(name, kind, more.pop("label", label(hans)), headings=headings, **more)


def choices(**labels: str) -> tuple[Choice, ...]:
    return tuple(Choice(name, label(text)) for name, text in labels.items())


ITEMS = choices(
    tank_leak="化粪池破损渗漏", no_flush="水冲不上水/水压不足", four="四格式（三格+湿地）", smell="臭味蝇蛆"
)
FIELDS = (
    field(
        "source",
        FieldType.SELECT_ONE,
        "问题来源",
        is_required=True,
        choices=choices(check="检查", **{"import": "台账导入"}),
        imported="import",
    ),
    field("found_on", FieldType.DATE, "发现日期", "排查时间", "检查日期", "检查时间", "排查日期", is_required=True),
    field("place", FieldType.UNIT, "村（社区）", "所在村", "行政村", is_required=True),
    field("group", FieldType.INTEGER, "组", "村民小组", minimum=1, maximum=40),
    field("household", FieldType.TEXT, "户主", "户主姓名", privacy=Privacy.PERSONAL, max_length=40),
    field("id_number", FieldType.TEXT, "身份证号", privacy=Privacy.SENSITIVE, pattern="id_number", max_length=18),
    field(
        "problem",
        FieldType.TEXT,
        "问题描述",
        "存在问题",
        "隐患内容",
        "问题或功能要求",
        "不合格项描述",
        label=label("问题描述", "問題描述", "Problem"),
        is_required=True,
        min_length=2,
    ),
    field("items", FieldType.SELECT_MULTIPLE, "问题类型", choices=ITEMS),
    field("content", FieldType.YES_NO, "户主是否满意", "整改情况"),
    field("funds", FieldType.DECIMAL, "资金（元）", minimum=0),
    field("remark", FieldType.TEXT, "备注"),
)
STEP_COLUMNS = (
    field("owner_unit", FieldType.UNIT, "责任单位"),
    field("owner", FieldType.PERSON, "责任人"),
    field("due_on", FieldType.DATE, "整改时限", "整改期限", "计划完成时间", "限时时间"),
    field("done_on", FieldType.DATE, "完成日期", "实际完成时间"),
)


def register(fields: Iterable[Field] = FIELDS, **more: Any) -> Register:
    return Register(
        name=more.pop("name", "toilets"),
        label=label("台账"),
        prefix="厕",
        version="2023.1",
        fields=tuple(fields),
        steps=frozenset(),
        outcomes=(),
        **more,
    )


def required_only(*names: str) -> Register:
    """The same register for ledgers that lack our columns: only these fields are required."""
    from dataclasses import replace

    return register(replace(f, is_required=f.name in names) for f in FIELDS)


UNITS: Mapping[int, Unit] = {
    unit.id: unit
    for unit in (
        Unit(1, "430422", "衡南县", "county", None),
        Unit(2, "430422108", "铁丝塘镇", "town", 1, ("铁丝塘",)),
        Unit(3, "430422108001", "铁丝社区", "village", 2),
        Unit(4, "430422108214", "晨光村", "village", 2, labels={"zh-Hant": "晨光村", "en": "Chenguang Village"}),
        Unit(5, "430422101", "花桥镇", "town", 1),
        Unit(6, "430422102", "茅市镇", "town", 1),
        Unit(7, "430422101201", "白水村", "village", 5),
        Unit(8, "430422102201", "白水村", "village", 6),
        Unit(9, "430422108.a", "农业综合服务中心", "office", 2, ("农业办",)),
        Unit(10, "430422.a", "县农业农村局", "county_bureau", None),
    )
}
PEOPLE: Mapping[int, Person] = {
    person.id: person
    for person in (Person(21, "晨光村网格员", 4), Person(22, "铁丝社区网格员", 3), Person(23, "督办员", 2))
}

HEADINGS = ("序号", "发现日期", "村（社区）", "村民小组", "户主姓名", "问题描述", "问题类型", "备注")


def row(number: int, **changes: Any) -> list[Any]:
    cells = {
        "序号": number,
        "发现日期": "2023-03-01",
        "村（社区）": "晨光村",
        "村民小组": 3,
        "户主姓名": f"刘某{number}",
        "问题描述": f"化粪池盖板缺失{number}",
        "问题类型": "化粪池破损渗漏",
        "备注": "",
    }
    return list((cells | changes).values())


def xlsx(
    rows: Sequence[Sequence[Any]], merges: Iterable[str] = (), sheets: Mapping[str, Sequence[Sequence[Any]]] = {}
) -> bytes:
    """A workbook; a merge is given as A1:C1 and keeps the text of its first cell."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"strings_to_formulas": False}) as book:
        for name, content in {"台账": rows, **sheets}.items():
            sheet = book.add_worksheet(name)
            for number, cells in enumerate(content):
                for column, cell in enumerate(cells):
                    if isinstance(cell, date):
                        sheet.write_datetime(number, column, cell, book.add_format({"num_format": "yyyy-mm-dd"}))
                    elif cell is not None and cell != "":
                        sheet.write(number, column, cell)
        sheet = book.get_worksheet_by_name("台账")
        for area in merges:
            first = xlsxwriter.utility.xl_cell_to_rowcol(area.split(":")[0])
            text = rows[first[0]][first[1]] if first[1] < len(rows[first[0]]) else ""
            sheet.merge_range(area, text)
    return out.getvalue()


def csv(*lines: str, encoding: str = "utf-8") -> bytes:
    return "\r\n".join(lines).encode(encoding)


def ready(found: ImportReading) -> tuple[RowReading, ...]:
    """Rows that can come in: without errors, not a repetition; none while a required column lacks."""
    return () if found.missing_required else tuple(row for row in found.rows if row.is_ready)


def reading(data: bytes, name: str = "a.xlsx", **more: Any) -> ImportReading:
    chosen = more.pop("register", None) or register()
    return read_file(data, name, chosen, UNITS, PEOPLE, TODAY, secret=SECRET, step_columns=STEP_COLUMNS, **more)
