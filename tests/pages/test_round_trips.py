"""What the export of a register writes can be imported again: every register of records that the product ships.

One town keeps a record of each, with all its fields filled in. Its files go into a second town, which has only what
they link to; there they must say the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from io import BytesIO
from typing import Any

import openpyxl
import pytest
from exchange.samples import SECRET
from flask import Flask
from installations import application, copy_of, settings_for
from pages.conftest import Visitor, _signed_in
from sqlalchemy import URL
from township import PHOTO, Township, at

from tracker.domain.commands import EnterRecord
from tracker.domain.packs import Pack
from tracker.domain.record import Record
from tracker.domain.records import RecordRegister
from tracker.domain.registers import Field, FieldType, Register, text_in
from tracker.exchange.exports import exported_fields
from tracker.exchange.headings import SERIAL, HeadingIndex
from tracker.exchange.importing import Importer, Judged
from tracker.exchange.record_rows import RecordRows
from tracker.extensions import limiter
from tracker.packs.loader import built_in, load_pack
from tracker.queries.records import record_at
from tracker.queries.scope import Viewer
from tracker.queries.uploads import State

PACK = load_pack(built_in("township"))
NOW = at("2023-12-06")
NUMBER = {"zh-Hans": "编号", "zh-Hant": "編號", "en": "Number"}
PHOTOS = tuple({**PHOTO, "kind": "photo", "digest": digit * 64} for digit in "ab")


def in_order(registers: tuple[RecordRegister, ...]) -> Iterator[RecordRegister]:
    """Each behind those to which it links."""
    known = {r.name: r for r in registers}
    done: set[str] = set()

    def visit(register: RecordRegister) -> Iterator[RecordRegister]:
        if register.name not in done:
            done.add(register.name)
            for link in register.links:
                if link.register in known:
                    yield from visit(known[link.register])
            yield register

    for register in registers:
        yield from visit(register)


REGISTERS = tuple(in_order(PACK.records))


# -- a record with all its fields ---------------------------------------------------------------------
@dataclass
class Town:
    """A township behind an application, and what is recorded there: register → id."""

    town: Township
    app: Flask
    entered: dict[str, int] = field(default_factory=dict)
    taken: dict[str, Judged] = field(default_factory=dict)

    def value(self, known: Field, register: RecordRegister) -> Any:
        if known.pattern:
            return {"phone": "13812345678", "id_number": "11010519491231002X"}.get(known.pattern, "YH4304221080001")
        if known.choices:
            names = [c.name for c in known.choices if not c.is_retired]
            return names[:2] if known.type is FieldType.SELECT_MULTIPLE else names[-1]
        return {
            FieldType.TEXT: f"=第一村，“{known.name}”\n、晨光",
            FieldType.INTEGER: max(known.minimum or 0, min(2023, known.maximum or 12)),
            FieldType.DECIMAL: "77000.5" if (known.maximum or 10**6) > 77000 else str(known.minimum or 1),
            FieldType.DATE: date(2023, 5, 10) + timedelta(days=known.not_before[1] if known.not_before else 0),
            FieldType.TIME: "09:30",
            FieldType.YES_NO: known.name != register.nil_field,
            FieldType.UNIT: self.town.unit["chenguang"],
            FieldType.PERSON: self.town.person["staff"],
            FieldType.GEOPOINT: "26.55,112.38",
            FieldType.RECORD: self.entered.get(known.register or ""),
        }[known.type]

    def enter(self, register: RecordRegister) -> None:
        values = {f.name: self.value(f, register) for f in register.fields}
        values = {name: value for name, value in values.items() if value is not None}
        state = register.states[-1].name if register.states else None
        command = EnterRecord(register=register.name, values=values, state=state, evidence=PHOTOS)
        self.entered[register.name] = self.town.do(command, "supervisor", NOW)[0].stream_id

    def record(self, record_id: int) -> Record:
        with self.town.engine.connect() as conn:
            found = record_at(conn, record_id)
        assert found is not None
        return found

    def exported(self, register: RecordRegister, kind: str, locale: str) -> bytes:
        visitor = Visitor(_signed_in(self.app, self.town, "supervisor", locale))
        with visitor.open(f"/registers/{register.name}/records.{kind}") as answer:
            assert answer.status_code == 200
            return answer.data

    def template(self, register: Register | RecordRegister, locale: str) -> bytes:
        visitor = Visitor(_signed_in(self.app, self.town, "supervisor", locale))
        with visitor.open(f"/registers/{register.name}/import/template.xlsx") as answer:
            assert answer.status_code == 200
            return answer.data

    def importer(self, register: Register | RecordRegister) -> Importer:
        with self.town.engine.connect() as conn:
            numbers = self.town.house.register_numbers(conn)
        person = self.town.directory.people[self.town.person["supervisor"]]
        return Importer(self.town.house, Viewer(person, self.town.directory, numbers, NOW.date()), register, SECRET)


@pytest.fixture(scope="module")
def towns(
    tmp_path_factory: pytest.TempPathFactory,
    migrated_sqlite: URL,
    founded: Callable[[URL, Pack, None], URL],
) -> Iterator[tuple[Town, Town]]:
    """The one that exports, with a record in each register, and the one that imports."""
    made = []
    limiter.enabled = False  # one person takes thirty lists away within a minute
    for name in ("from", "to"):
        folder = tmp_path_factory.mktemp(name)
        url = copy_of(founded(migrated_sqlite, PACK, None), folder, None)
        with application(settings_for(url, folder / "instance")) as app:
            town = Township.joined(url, PACK)
            app.extensions["house"] = town.house
            made.append(Town(town, app))
    for register in REGISTERS:
        made[0].enter(register)
    yield made[0], made[1]
    limiter.enabled = True
    for one in made:
        one.town.close()


def sayable(record: Record, register: RecordRegister) -> Mapping[str, Any]:
    """What an export tells of a record: the numbers of what it links to differ from town to town."""
    links = {f.name for f in register.links}
    return {name: value for name, value in record.fields.items() if name not in links}


def told(rows: tuple[Judged, ...]) -> list[Any]:
    """For whoever reads that a test failed."""
    return [(one.state.name, one.row.errors, one.refusals) for one in rows]


def taken_over(source: Town, target: Town, register: RecordRegister) -> Judged:
    """What came of the register's one row in the other town, once all is there that it links to."""
    if register.name not in target.taken:
        for link in register.links:
            if link.register in PACK.record_by_name:
                taken_over(source, target, PACK.record_by_name[link.register])
        by = target.importer(register)
        reading = by.read(source.exported(register, "csv", "zh-Hans"), "a.csv", None, {})
        assert (reading.unknown_columns, reading.duplicate_columns, reading.missing_required) == ((), (), ())
        done = by.carry_out(reading, reading.rows, NOW, goes_on=False)
        assert [one.state for one in done] == [State.REGISTERED], told(done)
        with target.town.engine.connect() as conn:
            assert [one.state for one in by.judge(conn, reading)] == [State.KNOWN]
        target.taken[register.name] = done[0]
        target.entered[register.name] = done[0].ticket_id or 0
    return target.taken[register.name]


@pytest.mark.parametrize("register", REGISTERS, ids=lambda r: r.name)
def test_what_is_exported_comes_in_again(towns, register):
    source, target = towns
    one = taken_over(source, target, register)
    before, after = source.record(source.entered[register.name]), target.record(one.ticket_id or 0)
    assert (after.on, after.state, sayable(after, register)) == (before.on, before.state, sayable(before, register))
    linked = {f.name: target.entered[f.register] for f in register.links if f.register in target.entered}
    assert {f.name: after.fields[f.name] for f in register.links if f.name in after.fields} == linked


@pytest.mark.parametrize(("name", "locale"), [("courtyard_meeting", "en"), ("toilet", "zh-Hant"), ("statistic", "en")])
def test_the_town_that_exports_knows_its_own_records(towns, name, locale):
    """A workbook in another language; what is masked in it makes no second record."""
    source, _ = towns
    register = PACK.record_by_name[name]
    by = source.importer(register)
    reading = by.read(source.exported(register, "xlsx", locale), "a.xlsx", None, {})
    with source.town.engine.connect() as conn:
        rows = tuple(by.judge(conn, reading))
    assert [(one.state, one.ticket_id) for one in rows] == [(State.KNOWN, source.entered[name])], told(rows)


@pytest.mark.parametrize("language", ["zh-Hans", "zh-Hant", "en"])
@pytest.mark.parametrize("register", REGISTERS, ids=lambda r: r.name)
def test_each_heading_that_an_export_writes_means_its_field(register, language):
    columns = (*exported_fields(register), *RecordRows(register).columns)
    header = [NUMBER[language], *(text_in(known.label, language) for known in columns)]
    index = HeadingIndex(register, RecordRows(register).columns)
    assert [index.find(heading) for heading in header] == [SERIAL, *(known.name for known in columns)]


# -- the workbook to fill in --------------------------------------------------------------------------
FILLED = ("toilet_survey", "petition", "courtyard_meeting", "river_patrol", "toilet", "statistic")


def typed(known: Field, choices: list[str], source: Town) -> Any:
    """What somebody types into a cell of this column, or chooses from its list."""
    if known.pattern:
        return {"phone": "13812345678", "id_number": "11010519491231002X"}.get(known.pattern)
    if choices:
        return "、".join(choices[:2]) if known.type is FieldType.SELECT_MULTIPLE else choices[0]
    return {
        FieldType.TEXT: "三组机耕道旁",
        FieldType.INTEGER: max(known.minimum or 0, min(2023, known.maximum or 12)),
        FieldType.DECIMAL: max(known.minimum or 0, 1.5),
        FieldType.DATE: date(2023, 5, 10),
        FieldType.TIME: time(9, 30),
        FieldType.PERSON: source.town.directory.people[source.town.person["staff"]].name,
        FieldType.GEOPOINT: "26.55,112.38",
        FieldType.RECORD: source.record(source.entered[known.register or ""]).number if known.register else None,
    }[known.type]


@pytest.mark.parametrize("locale", ["zh-Hans", "zh-Hant", "en"])
@pytest.mark.parametrize("name", FILLED)
def test_a_template_that_is_filled_in_comes_in(towns, name, locale):
    source, _ = towns
    register = PACK.register_by_name.get(name) or PACK.record_by_name[name]
    by = source.importer(register)
    known = {f.name: f for f in (*by.further_columns, *register.fields)}
    book = openpyxl.load_workbook(BytesIO(source.template(register, locale)))
    sheet, guide = book.worksheets
    index = HeadingIndex(register, by.further_columns)
    headings = [str(cell.value) for cell in sheet[3]]
    columns = [known[index.find(heading) or ""] for heading in headings]
    assert [heading.startswith("*") for heading in headings] == [f.is_required for f in columns]
    assert {f.name for f in columns} >= {f.name for f in register.fields if f.imported is None}
    assert len(sheet.data_validations.dataValidation) == len(columns)
    for number, field_ in enumerate(columns, start=1):
        label, _, how, *choices = (cell.value for cell in guide[number + 1])
        assert label == text_in(field_.label, locale)
        assert how
        sheet.cell(4, number).value = typed(field_, [c for c in choices if c], source)
    out = BytesIO()
    book.save(out)
    reading = by.read(out.getvalue(), "a.xlsx", None, {})
    assert (reading.unknown_columns, reading.duplicate_columns, reading.missing_required) == ((), (), ())
    assert [row.errors for row in reading.rows] == [()]
    assert {f.name for f in columns} - reading.rows[0].values.keys() <= {"state"}  # which is no field
