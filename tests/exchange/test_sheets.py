"""Bytes to cells: formats by content, encodings, delimiters, ghost rows."""

from datetime import date, datetime

import pytest
from exchange.samples import HEADINGS, csv, reading, row, xlsx

from tracker.exchange.delimited import delimiter_of, encoding_of
from tracker.exchange.files import FileKind, recognise
from tracker.exchange.sheets import address, letters, read_workbook

LINES = ("发现日期,所在村,问题描述", "2023-03-01,晨光,化粪池盖板缺失", "2023-03-02,晨光,过粪管脱落")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
def test_text_is_read_in_each_encoding_and_with_each_delimiter(encoding, delimiter):
    data = csv(*(line.replace(",", delimiter) for line in LINES), encoding=encoding)
    assert delimiter_of(data, encoding_of(data)) == delimiter
    assert [r.values["problem"] for r in reading(data, "a.csv").rows] == ["化粪池盖板缺失", "过粪管脱落"]


def test_the_encoding_is_told_by_the_bytes():
    assert encoding_of("晨光".encode("gb18030")) == "gb18030"
    assert encoding_of("晨光".encode()) == "utf-8"
    assert encoding_of(bytes(range(256))) is None


def test_the_kind_is_told_by_the_content():
    assert recognise(xlsx([["a"]]), "").kind is FileKind.XLSX
    assert recognise(b"a,b", "").kind is FileKind.CSV


def test_quoted_cells_keep_line_breaks_and_rows_keep_their_number():
    found = reading(csv(LINES[0], '2023-03-01,晨光,"第一行', '第二行，有逗号"', LINES[2]), "a.csv")
    assert [(r.source_row, r.values["problem"]) for r in found.rows] == [
        (2, "第一行\r\n第二行，有逗号"),
        (3, "过粪管脱落"),
    ]


def test_cells_keep_their_place_when_the_first_rows_and_columns_are_empty():
    (sheet,) = read_workbook(xlsx([[], [], ["", "", "甲", "", "乙"]]), "a.xlsx").sheets
    assert list(sheet.rows()) == [(1, []), (2, []), (3, [None, None, "甲", None, "乙"])]


def test_days_and_instants_come_as_such():
    (sheet,) = read_workbook(xlsx([[date(2023, 3, 1), 5, 2.5, True, "字"]]), "a.xlsx").sheets
    ((_, cells),) = sheet.rows()
    assert cells[1:] == [5.0, 2.5, True, "字"]
    assert cells[0] in (date(2023, 3, 1), datetime(2023, 3, 1))  # noqa: DTZ001 - as the sheet has it


def test_a_sheet_can_be_read_twice():
    (sheet,) = read_workbook(xlsx([HEADINGS, *(row(n) for n in range(2500))]), "a.xlsx").sheets
    assert sum(1 for _ in sheet.rows()) == sum(1 for _ in sheet.rows()) == sheet.height == 2501


def test_empty_sheets_are_left_out():
    assert [sheet.name for sheet in read_workbook(xlsx([["a"]], sheets={"空": []}), "a.xlsx").sheets] == ["台账"]


@pytest.mark.parametrize(("column", "name"), [(0, "A"), (25, "Z"), (26, "AA"), (51, "AZ"), (701, "ZZ"), (702, "AAA")])
def test_columns_have_the_letters_of_a_spreadsheet(column, name):
    assert letters(column) == name
    assert address(17, column) == f"{name}17"
