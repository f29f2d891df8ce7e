"""What leaves the house: no cell runs, every file says who made it, and it can be read back."""

import io
import zipfile
from datetime import date

import pytest
from exchange.samples import FIELDS, PEOPLE, UNITS, reading, ready, register
from hypothesis import given
from hypothesis import strategies as st

from tracker.domain.people import Directory
from tracker.exchange import delimited
from tracker.exchange.exports import ExportHead, Spelling, cell_of, csv_pieces, exported_fields, guarded, write_xlsx
from tracker.exchange.sheets import read_workbook

HEAD = ExportHead(
    "问题厕所", (("导出人", "督办员"), ("导出时间", "2023-12-06 18:00"), ("截至", "2023-12-05"), ("已知", "2023-12-06"))
)
DIRECTORY = Directory(UNITS, PEOPLE)
VALUES = {
    "source": "check",
    "found_on": date(2023, 3, 1),
    "place": 4,
    "group": 3,
    "household": "刘某",
    "problem": "=cmd|' /C calc'!A0",
    "items": ("tank_leak", "smell"),
    "content": False,
    "funds": "1200.5",
    "remark": "-3 度结冰",
}


def as_csv(rows, columns=("甲",)) -> bytes:
    return b"".join(csv_pieces(HEAD, columns, rows))


def as_xlsx(rows, columns=("甲",)) -> bytes:
    out = io.BytesIO()
    assert write_xlsx(out, HEAD, columns, rows) == len(rows)
    return out.getvalue()


@pytest.mark.parametrize(
    ("language", "yes", "no", "between"), [("zh-Hans", "是", "否", "、"), ("en", "Yes", "No", ", ")], ids=["zh", "en"]
)
@pytest.mark.parametrize("write", [as_csv, as_xlsx])
def test_an_export_can_be_imported_again(write, language, yes, no, between):
    fields = exported_fields(register())
    spelling = Spelling(language, yes, no, between)
    cells = [cell_of(f, VALUES.get(f.name), DIRECTORY, spelling) for f in fields]
    found = reading(write([cells], [f.label[language] for f in fields]), "a.csv" if write is as_csv else "a.xlsx")
    (only,) = ready(found)
    assert only.values == VALUES


def test_sensitive_fields_never_leave():
    assert {f.name for f in FIELDS} - {f.name for f in exported_fields(register())} == {"id_number"}


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "'="])
def test_text_that_would_run_is_marked(start):
    assert guarded(f"{start}1+1") == f"'{start}1+1"


@pytest.mark.parametrize("cell", ["晨光村", "1200.5", -5, 7, None, "'quoted'", "a=b"])
def test_other_cells_stay_as_they_are(cell):
    assert guarded(cell) == cell


CELLS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cn")), min_size=1, max_size=20)


@given(
    st.lists(
        st.builds("".join, st.tuples(st.sampled_from(["", "=", "'", "''=", "+", "-", "@", "\t", "\n"]), CELLS)),
        min_size=1,
    )
)
def test_every_text_survives_csv(texts):
    data = as_csv([[text, "x"] for text in texts], ("甲", "乙"))
    assert [cells[0] for cells in delimited.rows(data, "utf-8-sig") if cells][-len(texts) :] == texts


@given(st.builds("".join, st.tuples(st.sampled_from("=+-@"), CELLS)))
def test_no_written_cell_begins_a_formula(text):
    for line in as_csv([[text]]).decode("utf-8-sig").splitlines():
        assert not line.lstrip('"').startswith(("=", "+", "-", "@"))


def test_a_workbook_holds_no_formula_and_no_link():
    data = as_xlsx([["=1+1"], ["http://example.org"], ["@SUM(A1)"]])
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml")
    assert b"<f>" not in sheet
    assert b"hyperlink" not in sheet
    (read,) = read_workbook(data, "a.xlsx").sheets
    assert [cells for _, cells in read.rows()][-3:] == [["=1+1"], ["http://example.org"], ["@SUM(A1)"]]


def test_every_export_says_who_when_and_as_of():
    for data, name in ((as_csv([["x"]]), "a.csv"), (as_xlsx([["x"]]), "a.xlsx")):
        (sheet,) = read_workbook(data, name).sheets
        lines = [cells for _, cells in sheet.rows()]
        assert lines[0] == ["问题厕所"]
        assert lines[1:5] == [list(line) for line in HEAD.lines]
    with pytest.raises(ValueError, match="who made it"):
        ExportHead("问题厕所", ())


def test_a_spreadsheet_opens_the_csv_as_utf8():
    assert as_csv([["晨光"]]).startswith(b"\xef\xbb\xbf")
