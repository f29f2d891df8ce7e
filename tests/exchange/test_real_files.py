"""Real ledgers and messages of other houses: a reading with exact counts, or a clear refusal.

Source and dirt of each file: ../shared/data/README.md.
"""

from collections import Counter
from datetime import date, timedelta

import pytest
from exchange.samples import STEP_COLUMNS, TODAY, ready, required_only

from tracker.domain.layouts import Layout
from tracker.domain.people import Person, Unit
from tracker.exchange.files import FileRefusal
from tracker.exchange.headings import SERIAL
from tracker.exchange.reading import read_file
from tracker.packs.loader import built_in, load_pack

SECRET = b"secret"
NYC_311 = Layout(
    name="nyc_311",
    register="petition",
    recognised_by=frozenset({"Unique Key", "Created Date", "Complaint Type", "Descriptor"}),
    columns={
        "Unique Key": "platform_no",
        "Created Date": "found_on",
        "Complaint Type": "title",
        "Descriptor": "problem",
        "Due Date": "due_on",
        "Closed Date": "replied_on",
        "Resolution Description": "reply",
    },
    choices={"channel": "call", "source": "petition", "severity": "0", "class": "plea", "repeat": "first"},
    is_at_top=True,
)


@pytest.fixture(scope="module")
def pack():
    return load_pack(built_in("township"))


@pytest.fixture(scope="module")
def units(pack):
    ids = {seed.code: number for number, seed in enumerate(pack.units, start=1)}
    return {
        ids[s.code]: Unit(ids[s.code], s.code, s.name, s.kind, ids.get(s.parent_code), s.synonyms, s.label)
        for s in pack.units
    }


@pytest.fixture
def petitions(shared_dir, pack, units):
    def read(path: str):
        data = (shared_dir / "data" / path).read_bytes()
        layouts = (*pack.layouts, NYC_311)
        return read_file(
            data, path, pack.register_by_name["petition"], units, {}, TODAY, secret=SECRET, layouts=layouts
        )

    return read


@pytest.fixture
def ledger(shared_dir):
    people: dict[int, Person] = {}

    def read(name: str, **more):
        data = (shared_dir / "data/workbooks" / name).read_bytes()
        only_problem = required_only("problem")
        return read_file(data, name, only_problem, {}, people, TODAY, secret=SECRET, step_columns=STEP_COLUMNS, **more)

    return read


def test_messages_with_replies_come_with_their_histories(petitions):
    found = petitions("petitions/petitions-with-replies.xlsx")
    assert (len(found.rows), len(ready(found)), found.missing_required) == (1419, 1419, ())
    days = [(row.values["replied_on"] - row.values["found_on"]).days for row in found.rows]
    assert sum(d <= 15 for d in days) == 867
    assert sum(d <= 60 for d in days) == 1330
    assert sum(d <= 90 for d in days) == 1373
    assert max(days) == 894
    assert all(row.values["reply"] for row in found.rows)
    assert len({row.external_key for row in found.rows}) == 1419


def test_messages_in_gb18030_come_with_two_ways_of_writing_days(petitions):
    found = petitions("petitions/petitions-hot-gb18030.csv")
    assert len(found.rows) == 2212
    assert [(e.cell[0], e.field, e.code) for e in found.errors] == [("C", "title", "field_too_short")]
    assert found.unknown_columns == found.duplicate_columns == ()


def test_ghost_rows_are_neither_counted_nor_waited_for(petitions):
    found = petitions("workbooks/petitions-ghost-rows.xlsx")
    assert len(found.rows) == 495
    assert len({row.values["category"] for row in found.rows}) == 7
    assert Counter(error.code for error in found.errors) == {"duplicate_external_number": 1}


def test_service_requests_of_another_country_prove_their_order_of_days(petitions):
    found = petitions("petitions/nyc311-2018.csv")
    assert len(found.rows) == 1000
    days = [row.values["replied_on"] - row.values["found_on"] for row in found.rows if "replied_on" in row.values]
    assert sum(d < timedelta(0) for d in days) == 10  # the rules refuse these
    assert found.rows[0].values["found_on"] == date(2018, 6, 26)


def test_a_list_of_categories_is_no_list_of_petitions(petitions):
    with pytest.raises(FileRefusal) as caught:
        petitions("petitions/petition-categories.csv")
    assert caught.value.params["found"] == ("一级分类", "二级分类", "三级分类")


def test_a_hand_kept_hazard_register_under_title_rows(ledger):
    found = ledger("hazard-register-2019-06.xlsx")
    assert (len(found.rows), found.header_row) == (38, 3)
    assert [row.serial for row in found.rows] == [str(n) for n in range(1, 39)]
    assert [skipped.reason for skipped in found.skipped] == ["note"] * 3
    assert found.columns[0].target == SERIAL
    assert {row.values["found_on"].month for row in found.rows} == {5, 6}
    assert all(row.is_ready and row.step_values["due_on"] for row in found.rows)


def test_the_export_of_the_same_register_with_other_words(ledger):
    found = ledger("hazard-export-2020-05.xlsx")
    assert (len(found.rows), len(ready(found)), found.skipped) == (57, 57, ())
    assert Counter(note.code for row in found.rows for note in row.notes) == {"unit_unknown": 57, "person_unknown": 57}


def test_an_issue_list_that_starts_in_the_second_column(ledger):
    found = ledger("issue-list-2017-05.xlsx")
    assert len(found.rows) == 102
    assert Counter(skipped.reason for skipped in found.skipped) == {"no_main_text": 3}
    assert found.columns[0].letter == "B"


def test_a_workbook_of_eight_sheets_offers_each(ledger):
    found = ledger("issue-list-2017-02-multisheet.xlsx")
    assert found.sheet == "2017-2-17完成情况汇总"
    assert (len(found.rows), len(found.sheets)) == (124, 8)
    assert [s.field_count for s in found.sheets if s.name == "目标"] == [0]
    counts = {
        s.name: len(ledger("issue-list-2017-02-multisheet.xlsx", sheet_name=s.name).rows)
        for s in found.sheets
        if s.field_count > 1
    }
    assert counts["2017-2-20问题"] == 41
    with pytest.raises(FileRefusal):
        ledger("issue-list-2017-02-multisheet.xlsx", sheet_name="目标")


def test_an_old_workbook_with_its_total_row(ledger):
    found = ledger("feedback-with-completion-2019-03.xls")
    assert len(found.rows) == 18
    assert [(skipped.row, skipped.reason) for skipped in found.skipped] == [(20, "total")]


def test_an_empty_template_has_no_records(ledger):
    with pytest.raises(FileRefusal) as caught:
        ledger("inspection-import-template.xls")
    assert caught.value.code == "file_empty"


def test_a_ledger_of_fees_is_refused_as_no_problem_list(ledger):
    with pytest.raises(FileRefusal) as caught:
        ledger("fee-ledger-2019-07.xls")
    assert (caught.value.code, caught.value.params["reason"]) == ("file_type_refused", "not_a_list")
    assert "HSE费用(元)" in caught.value.params["found"]


@pytest.mark.parametrize("name", ["toilet_survey", "house_inspection", "petition"])
def test_every_literal_heading_of_the_pack_finds_its_field(pack, name):
    from tracker.exchange.headings import HeadingIndex

    register = pack.register_by_name[name]
    index = HeadingIndex(register, pack.columns[name])
    assert any(known.headings for known in register.fields)
    for known in register.fields:
        for heading in (*known.label.values(), *known.headings):
            assert index.find(heading) == known.name, heading
