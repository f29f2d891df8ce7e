"""Files that are damaged, locked, mislabelled or meant to harm: a refusal or a reading, never a fault."""

import io
import struct
import zipfile

import pytest
from exchange.samples import HEADINGS, csv, reading, ready, row, xlsx
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tracker.exchange import files, sheets
from tracker.exchange.files import FileRefusal
from tracker.exchange.sheets import read_workbook

GOOD = xlsx([HEADINGS, row(1), row(2)])
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)


def repacked(changes: dict[str, bytes | None], good: bytes = GOOD) -> bytes:
    """The workbook with entries replaced, added, or (None) left out."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(good)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            if entry.filename not in changes:
                new.writestr(entry, old.read(entry))
        for name, content in changes.items():
            if content is not None:
                new.writestr(name, content)
    return out.getvalue()


def sheet_xml(cells: str) -> bytes:
    head = '<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
    return f"{head}<sheetData>{cells}</sheetData></worksheet>".encode()


def refusal_of(data: bytes, name: str) -> tuple[str, object]:
    with pytest.raises(FileRefusal) as caught:
        read_workbook(data, name)
    return caught.value.code, caught.value.params.get("reason") or caught.value.params.get("found")


@pytest.mark.parametrize(
    ("data", "name", "code", "why"),
    [
        (b"", "a.xlsx", "file_empty", "no_content"),
        (b"\r\n  \r\n", "a.csv", "file_empty", "no_content"),
        (GOOD[: len(GOOD) // 2], "a.xlsx", "file_damaged", "truncated"),
        (OLE + "EncryptedPackage".encode("utf-16-le"), "a.xlsx", "file_type_refused", "encrypted"),
        (OLE + "WordDocument".encode("utf-16-le"), "a.xls", "file_not_what_it_says", "document"),
        (OLE, "a.xls", "file_damaged", "truncated"),
        (b"%PDF-1.7 ...", "a.xlsx", "file_not_what_it_says", "pdf"),
        (b"%PDF-1.7 ...", "a.pdf", "file_type_refused", "type"),
        (b"\x89PNG\r\n\x1a\n", "a.xlsx", "file_not_what_it_says", "picture"),
        (b"<html><table><tr><td>1</td></tr></table>", "a.xls", "file_not_what_it_says", "html"),
        (b"only,text\r\n1,2", "a.xlsx", "file_not_what_it_says", "text"),
        (GOOD, "a.jpg", "file_not_what_it_says", "xlsx"),
        (bytes(range(256)) * 9, "a.csv", "file_not_what_it_says", "unknown"),
        (repacked({"xl/vbaProject.bin": b"macro"}), "a.xlsx", "file_type_refused", "macros"),
        (repacked({"xl/macrosheets/sheet1.xml": b"<a/>"}), "a.xlsm", "file_type_refused", "macros"),
        (repacked({"xl/externalLinks/externalLink1.xml": b"<a/>"}), "a.xlsx", "file_type_refused", "external_links"),
        (repacked({"xl/workbook.bin": b"x"}), "a.xlsb", "file_type_refused", "type"),
        (
            repacked({"xl/styles.xml": b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'}),
            "a.xlsx",
            "file_type_refused",
            "entities",
        ),
        ("发现日期,问题描述\r\n".encode() + "盖".encode()[:2], "a.csv", "file_damaged", "truncated"),
    ],
)
def test_what_may_not_be_opened_is_refused_with_its_reason(data, name, code, why):
    assert refusal_of(data, name) == (code, why)


def test_macros_under_their_own_name_are_read_without_being_run():
    assert read_workbook(repacked({"xl/vbaProject.bin": b"macro"}), "a.xlsm").warnings == ("macros_ignored",)


def test_a_renamed_workbook_is_read_with_a_warning():
    assert read_workbook(GOOD, "a.xls").warnings == ("name_differs",)
    assert read_workbook(csv("a\tb", "1\t2"), "a.xls").warnings == ("name_differs",)


def test_a_docx_is_not_a_workbook():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("word/document.xml", "<a/>")
    assert refusal_of(out.getvalue(), "a.xlsx") == ("file_not_what_it_says", "document")
    assert refusal_of(out.getvalue(), "a.docx") == ("file_type_refused", "type")


def test_a_zip_bomb_is_refused_before_it_is_unpacked():
    bomb = repacked({"xl/worksheets/sheet9.xml": b" " * (40 * 2**20)})
    assert len(bomb) < 100_000
    assert refusal_of(bomb, "a.xlsx") == ("file_too_large", "unpacked")


def test_a_file_above_the_limit_is_refused():
    assert refusal_of(bytes(files.MAX_BYTES + 1), "a.csv") == ("file_too_large", "bytes")


def test_too_many_rows_or_columns_are_refused(monkeypatch):
    monkeypatch.setattr(sheets, "MAX_ROWS", 2)
    assert refusal_of(GOOD, "a.xlsx") == ("file_too_large", "rows")
    assert refusal_of(csv("a,b", "1,2", "3,4"), "a.csv") == ("file_too_large", "rows")
    wide = xlsx([list(range(201))])
    assert refusal_of(wide, "a.xlsx") == ("file_too_large", "columns")
    assert refusal_of(csv(",".join("x" * 201)), "a.csv") == ("file_too_large", "columns")


def test_line_ends_without_end_are_no_list(monkeypatch):
    monkeypatch.setattr(sheets, "MAX_HEIGHT", 50)
    assert refusal_of(csv("问题描述", *[""] * 60, "盖板缺失"), "a.csv") == ("file_too_large", "rows")


def test_one_cell_in_the_last_corner_costs_neither_memory_nor_the_process():
    corner = sheet_xml('<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>')
    code, _ = refusal_of(repacked({"xl/worksheets/sheet1.xml": corner}), "a.xlsx")
    assert code == "file_too_large"


def test_a_stray_cell_a_million_rows_down_does_not_hide_the_list():
    cells = "".join(
        f'<row r="{n}"><c r="A{n}" t="inlineStr"><is><t>{text}</t></is></c></row>'
        for n, text in ((1, "问题描述"), (2, "盖板缺失"), (900_000, "x"))
    )
    (sheet,) = read_workbook(repacked({"xl/worksheets/sheet1.xml": sheet_xml(cells)}), "a.xlsx").sheets
    assert sum(1 for _, cells in sheet.rows() if cells) == 3


def test_formulas_give_their_stored_values_only():
    formula = '<c r="A1"><f>HYPERLINK("http://example.org","x")</f><v>7</v></c>'
    cells = f'<row r="1">{formula}<c r="B1" t="e"><v>#REF!</v></c></row>'
    (sheet,) = read_workbook(repacked({"xl/worksheets/sheet1.xml": sheet_xml(cells)}), "a.xlsx").sheets
    assert [cells for _, cells in sheet.rows()] == [[7.0]]


def test_a_lying_dimensions_record_of_an_old_workbook_ends_only_the_child(shared_dir):
    data = bytearray((shared_dir / "data/workbooks/inspection-import-template.xls").read_bytes())
    start = data.find(b"\x00\x02\x0e\x00") + 4
    data[start : start + 14] = struct.pack("<IIHHH", 0, 4_000_000_000, 0, 256, 0)
    assert refusal_of(bytes(data), "a.xls")[0] in {"file_too_large", "file_damaged"}


def read_or_refuse(data: bytes, name: str) -> None:
    try:
        found = reading(data, name)
    except FileRefusal as refusal:
        assert refusal.code.startswith("file_")  # noqa: PT017 - either outcome is right
    else:
        assert len(found.rows) <= 3


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.tuples(st.integers(0, len(GOOD) - 1), st.binary(min_size=1, max_size=8)), min_size=1, max_size=6))
def test_any_corruption_of_a_workbook_is_a_refusal_or_a_reading(changes):
    data = bytearray(GOOD)
    for start, content in changes:
        data[start : start + len(content)] = content
    read_or_refuse(bytes(data), "a.xlsx")


SHEET = zipfile.ZipFile(io.BytesIO(GOOD)).read("xl/worksheets/sheet1.xml")
STRINGS = zipfile.ZipFile(io.BytesIO(GOOD)).read("xl/sharedStrings.xml")


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, len(SHEET) - 1), st.binary(max_size=12), st.integers(0, len(STRINGS) - 1), st.binary(max_size=3))
def test_any_corruption_inside_a_whole_package_is_a_refusal_or_a_reading(at, content, other, more):
    sheet = SHEET[:at] + content + SHEET[at + len(content) :]
    strings = STRINGS[:other] + more + STRINGS[other + len(more) :]
    read_or_refuse(repacked({"xl/worksheets/sheet1.xml": sheet, "xl/sharedStrings.xml": strings}), "a.xlsx")


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=300), st.sampled_from(["a.csv", "a.xlsx", "a.xls", "a.ods", "a", "a.exe", "../../a.csv"]))
def test_any_bytes_under_any_name_are_a_refusal_or_a_reading(data, name):
    read_or_refuse(data, name)


def ods(table: str) -> bytes:
    spaces = " ".join(
        f'xmlns:{short}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
        for short, name in (("office", "office"), ("table", "table"), ("text", "text"))
    )
    body = f'<office:spreadsheet><table:table table:name="t">{table}</table:table></office:spreadsheet>'
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr(
            "content.xml",
            f"<office:document-content {spaces}><office:body>{body}</office:body></office:document-content>",
        )
        archive.writestr("META-INF/manifest.xml", "<manifest/>")
    return out.getvalue()


def ods_row(*texts: str, repeated: int = 1) -> str:
    cells = "".join(
        f'<table:table-cell office:value-type="string"><text:p>{text}</text:p></table:table-cell>' for text in texts
    )
    return f'<table:table-row table:number-rows-repeated="{repeated}">{cells}</table:table-row>'


def test_an_open_document_is_read():
    table = ods_row("发现日期", "所在村", "问题描述") + ods_row("2023-03-01", "晨光", "盖板缺失")
    assert [r.values["problem"] for r in ready(reading(ods(table), "a.ods"))] == ["盖板缺失"]


def test_an_open_document_that_repeats_a_row_a_thousand_million_times_is_refused():
    assert refusal_of(ods(ods_row("x", "y", repeated=10**9)), "a.ods")[0] == "file_too_large"


def test_a_locked_open_document_is_refused():
    locked = repacked({"META-INF/manifest.xml": b"<manifest:encryption-data/>"}, ods(ods_row("x")))
    assert refusal_of(locked, "a.ods") == ("file_type_refused", "encrypted")
