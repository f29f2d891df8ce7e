"""Importing a ledger by page: the preview promises, the confirmation keeps it, and a second time adds nothing."""

from __future__ import annotations

import re
from dataclasses import replace
from io import BytesIO
from typing import Any

import openpyxl
import pytest
from exchange.samples import csv, xlsx
from page_checks import check_page
from pages.conftest import form_values
from sqlalchemy import text
from township import Township
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from tracker import clock
from tracker.domain.commands import TakeStep
from tracker.forms.imports import row_numbers
from tracker.packs.loader import built_in, load_pack

URL = "/registers/toilet_survey/import"
PETITIONS = "/registers/petition/import"


@pytest.fixture(scope="module")
def pack():
    return load_pack(built_in("township"))


@pytest.fixture
def town_pack(pack):
    return pack


@pytest.fixture
def town(app, engine, pack):
    """The same township with the registers that the product ships."""
    founded = Township.joined(engine, pack)
    app.extensions["house"] = founded.house
    yield founded
    founded.close()


# -- ledgers to send ----------------------------------------------------------------------------------
def row(number: int, **changes: Any) -> list[Any]:
    cells = {
        "序号": number,
        "发现日期": "2023-03-01",
        "村（社区）": "晨光村",
        "户主姓名": f"刘某{number}",
        "问题描述": f"化粪池盖板缺失{number}",
        "问题类别": "改厕质量",
        "问题类型": "化粪池破损渗漏",
        "整改类别": "限期整改",
    }
    return list((cells | changes).values())


HEADINGS = ("序号", "发现日期", "村（社区）", "户主姓名", "问题描述", "问题类别", "问题类型", "整改类别")


def ledger(*rows: list[Any]) -> bytes:
    return xlsx([["铁丝塘镇户厕问题台账"], HEADINGS, *rows], merges=["A1:H1"])


GOOD = ledger(*(row(n) for n in range(1, 6)))
MIXED = ledger(
    row(1), row(2, 发现日期="2023-06-31"), row(3, **{"村（社区）": "白水村"}), row(1), row(4, 问题类型="缺水")
)


def send(visitor, data: bytes, name: str = "台账.xlsx", url: str = URL, **typed):
    given = visitor.form(url) | {"file": FileStorage(BytesIO(data), name)} | typed
    # Encoded here: the client would leave the temporary file of a large body open.
    boundary, body = encode_multipart(given)
    return visitor.client.post(url, data=body, content_type=f'multipart/form-data; boundary="{boundary}"')


def sent(visitor, data: bytes, name: str = "台账.xlsx", **typed) -> str:
    """The address of the preview."""
    answer = send(visitor, data, name, **typed)
    assert answer.status_code == 302, answer.text
    return answer.headers["Location"]


def confirm(visitor, url: str, **typed):
    page = visitor.text(url + "?show=ready")
    return visitor.client.post(url, data=form_values(page, url) | typed)


def numbers(page: str) -> list[str]:
    return re.findall(r'href="/tickets/([^"]+)"', page)


def counted(town) -> int:
    with town.engine.connect() as conn:
        return conn.scalar(text("SELECT count(*) FROM tickets"))


# -- the file -----------------------------------------------------------------------------------------
@pytest.mark.parametrize("locale", ["zh-Hans", "zh-Hant", "en"])
def test_the_pages_are_in_order_in_every_language(browse, locale):
    supervisor = browse("supervisor", locale)
    supervisor.text(URL)
    for show in ("ready", "wrong", "known", "repeated", "registered"):
        supervisor.text(f"{sent(supervisor, MIXED)}?show={show}")


def test_an_empty_list_leads_to_the_files_that_must_be_there_first(browse):
    page = browse("supervisor").text("/registers/river_patrol/records")
    assert "enter them first" in page
    assert 'href="/registers/river_section/records"' in page
    assert "enter them first" not in browse("supervisor").text("/registers/river_section/records")


@pytest.mark.parametrize("post", ["staff", "verifier", "auditor", "administrator", "official"])
def test_only_who_may_import_finds_the_page(browse, post):
    assert browse(post).open(URL).status_code == 404


def test_a_register_that_there_is_not_is_not_found(browse):
    assert browse("supervisor").open("/registers/nothing/import").status_code == 404


def test_nothing_is_registered_by_sending_a_file(browse, town):
    sent(browse("supervisor"), GOOD)
    assert counted(town) == 0


@pytest.mark.parametrize(
    ("data", "name", "sentence"),
    [
        (b"", "a.xlsx", "The file is empty."),
        (b"\x89PNG\r\n\x1a\n" + b"0" * 100, "a.xlsx", "The content does not fit the name (it is: a picture)."),
        (GOOD[: len(GOOD) // 2], "a.xlsx", "The file is damaged or was cut short."),
        (csv("甲,乙", "1,2"), "a.csv", "No sheet has a heading for “问题描述”"),
        (csv(",".join(HEADINGS)), "a.csv", "has headings but no record"),
        (b"%PDF-1.4 " + b"x" * 50, "a.pdf", "This is no spreadsheet."),
    ],
)
def test_a_file_that_cannot_be_read_says_why(browse, data, name, sentence):
    answer = send(browse("supervisor"), data, name)
    check_page(answer.text)
    assert answer.status_code == 422
    assert sentence.replace("问题描述", "Problem") in answer.text or sentence in answer.text


def test_no_file_at_all_is_said_at_its_field(browse):
    supervisor = browse("supervisor")
    answer = supervisor.client.post(URL, data=supervisor.form(URL))
    check_page(answer.text)
    assert (answer.status_code, answer.text.count("Choose a file.")) == (422, 2)


# -- the preview --------------------------------------------------------------------------------------
def test_each_mistake_stands_at_its_cell_with_what_it_may_be(browse):
    supervisor = browse("supervisor")
    page = supervisor.text(f"{sent(supervisor, MIXED)}?show=wrong")
    for cell in ("B4", "C5", "G7"):
        assert f'<b class="whole">{cell}</b>' in page
    assert "There is no such day: 2023-6-31." in page
    assert "Possible here:" in page
    assert "1 record read" not in page
    assert "5 records read" in page


def test_a_row_that_repeats_another_is_named_and_left_out(browse):
    supervisor = browse("supervisor")
    url = sent(supervisor, MIXED)
    assert "row 3" in supervisor.text(f"{url}?show=repeated")
    assert supervisor.text(f"{url}?show=ready").count("data-pick>") == 1


def test_the_preview_tells_how_columns_were_understood(browse):
    supervisor = browse("supervisor")
    headings = [*HEADINGS, "责任单位", "颜色", "复查日期"]
    page = supervisor.text(sent(supervisor, xlsx([headings, [*row(1, 发现日期="3/25/2023"), "晨光村", "红", ""]])))
    assert "recorded by a step, not by the import" in page
    assert "month before day, as its own days show" in page
    assert "Columns that are not used</b><br>J 颜色, K 复查日期" in page


def test_a_unit_that_nobody_here_knows_is_named_beside_its_row(browse):
    supervisor = browse("supervisor")
    url = sent(supervisor, xlsx([[*HEADINGS, "责任单位"], [*row(1), "水利站"], [*row(2), "晨光村"]]))
    page = supervisor.text(url)
    assert "In 1 row a cell is not taken over" in page
    assert page.count("Not taken over:") == 1
    assert '<b class="whole">I2</b>' in page
    confirm(supervisor, url, act="all")
    assert "Not taken over:" in supervisor.text(url)


def test_no_private_value_is_kept_beside_the_file(browse, town):
    sent(browse("supervisor"), GOOD)
    with town.engine.connect() as conn:
        kept = "".join(conn.scalars(text("SELECT told FROM import_rows")))
    assert "化粪池盖板缺失1" in kept
    assert "刘某" not in kept


def test_what_the_file_does_not_say_can_be_said_for_all_rows(browse, town):
    supervisor = browse("supervisor")
    headings, cells = [h for h in HEADINGS if h != "村（社区）"], [c for c in row(1) if c != "晨光村"]
    bare = xlsx([headings, cells])
    url = sent(supervisor, bare)
    page = supervisor.text(url)
    assert "A needed column is missing" in page
    assert 'value="all"' not in page
    url = sent(supervisor, bare, place=str(town.unit["donghu"]))
    assert "A needed column is missing" not in supervisor.text(url)
    confirm(supervisor, url, act="all")
    assert counted(town) == 1


def test_another_sheet_of_the_file_can_be_read(browse):
    supervisor = browse("supervisor")
    book = xlsx([HEADINGS, *(row(n) for n in range(1, 5))], sheets={"二月": [HEADINGS, row(7), row(8)]})
    url = sent(supervisor, book)
    supervisor.send(url, f"{url}/sheet", sheet="二月")
    assert "2 records read" in supervisor.text(url)
    assert supervisor.send(url, f"{url}/sheet", sheet="三月").status_code == 404


def test_an_upload_is_its_uploader_s_alone(browse):
    supervisor, other = browse("supervisor"), browse("everything")
    url = sent(supervisor, GOOD)
    token = other.form("/profile")["csrf_token"]
    for address in (url, f"{url}/mistakes.csv", f"{url}/mistakes.xlsx"):
        assert other.open(address).status_code == 404
    for address in (url, f"{url}/sheet", f"{url}/forget"):
        assert other.client.post(address, data={"csrf_token": token, "act": "all"}).status_code == 404


def test_an_upload_that_expired_is_gone(browse, town):
    supervisor = browse("supervisor")
    url = sent(supervisor, GOOD)
    with town.engine.begin() as conn:
        conn.execute(text("UPDATE imports SET expires_at = 1"))
    assert supervisor.open(url).status_code == 404
    sent(supervisor, GOOD)
    with town.engine.connect() as conn:
        assert conn.scalar(text("SELECT count(*) FROM imports")) == 1
        assert conn.scalar(text("SELECT count(*) FROM import_rows")) == 5


def test_an_upload_can_be_deleted(browse, town):
    supervisor = browse("supervisor")
    url = sent(supervisor, GOOD)
    supervisor.send(url, f"{url}/forget")
    assert supervisor.open(url).status_code == 404


def test_a_long_list_of_mistakes_is_read_page_by_page(browse):
    supervisor = browse("supervisor")
    url = sent(supervisor, ledger(*(row(n, 发现日期="昨天") for n in range(1, 251))))
    seen, address = [], f"{url}?show=wrong"
    while address:
        page = supervisor.text(address)
        seen += re.findall(r'<b class="whole">(B\d+)</b>', page)
        found = re.search(r'href="([^"]+)" rel="next"', page)
        address = found[1].replace("&amp;", "&") if found else None
    assert seen == [f"B{n}" for n in range(3, 253)]


# -- registering --------------------------------------------------------------------------------------
def test_all_rows_that_are_ready_are_registered_and_named(browse, town):
    supervisor = browse("supervisor")
    url = sent(supervisor, GOOD)
    answer = confirm(supervisor, url, act="all")
    assert answer.status_code == 302
    page = supervisor.text(url)
    assert "5 tickets were registered." in page
    assert re.search(r"status=registered&amp;sort=newest[^>]*>Assign<", page)
    assert len(set(numbers(page))) == counted(town) == 5
    assert f'<dt>Imported</dt><dd><a href="{url}?show=registered">' in supervisor.text(f"/tickets/{numbers(page)[0]}")


def test_exactly_the_rows_chosen_are_registered(browse, town):
    supervisor = browse("supervisor")
    url = sent(supervisor, GOOD)
    confirm(supervisor, url, act="picked", row=["3"], rows="5-6")
    with town.engine.connect() as conn:
        found = set(conn.scalars(text("SELECT summary FROM tickets")))
    assert found == {"化粪池盖板缺失1", "化粪池盖板缺失3", "化粪池盖板缺失4"}
    assert supervisor.text(f"{url}?show=ready").count("data-pick>") == 2


@pytest.mark.parametrize(
    ("typed", "count"), [("4-20, 33", 18), ("1-1000000", 10**6), ("1-600000,1-600000", None), ("20-4", None)]
)
def test_rows_that_are_typed_are_no_more_than_a_sheet_has(typed, count):
    rows = row_numbers(typed)
    assert (None if rows is None else len(rows)) == count


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [({"rows": "viele"}, "Write rows like 4-20, 33."), ({"rows": ""}, "No row is chosen."), ({"rows": "9-3"}, "Write")],
)
def test_a_choice_that_cannot_be_read_changes_nothing_and_keeps_what_was_typed(browse, town, typed, sentence):
    supervisor = browse("supervisor")
    url = sent(supervisor, GOOD)
    answer = confirm(supervisor, url, act="picked", **typed)
    check_page(answer.text)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert typed["rows"] in answer.text
    assert counted(town) == 0


def test_rows_with_mistakes_are_never_registered(browse, town):
    supervisor = browse("supervisor")
    url = sent(supervisor, MIXED)
    confirm(supervisor, url, act="picked", rows="1-1000")
    assert counted(town) == 1


def test_the_same_file_again_adds_nothing(browse, town):
    supervisor = browse("supervisor")
    confirm(supervisor, sent(supervisor, GOOD), act="all")
    url = sent(supervisor, GOOD, "renamed.xlsx")
    page = supervisor.text(f"{url}?show=known")
    assert len(set(numbers(page))) == 5
    assert "Register all" not in page
    assert counted(town) == 5


def test_two_previews_of_one_file_register_it_once(browse, town):
    supervisor = browse("supervisor")
    first, second = sent(supervisor, GOOD), sent(supervisor, GOOD)
    later = form_values(supervisor.text(f"{second}?show=ready"), second) | {"act": "all"}
    confirm(supervisor, first, act="all")
    supervisor.client.post(second, data=later)
    assert counted(town) == 5
    assert "5 rows had been registered from this file meanwhile" in supervisor.text(second)


def test_a_ledger_with_new_lines_adds_only_those(browse, town):
    supervisor = browse("supervisor")
    confirm(supervisor, sent(supervisor, GOOD), act="all")
    url = sent(supervisor, ledger(row(9), *(row(n) for n in range(1, 6))))
    confirm(supervisor, url, act="all")
    assert "1 ticket was registered." in supervisor.text(url)
    assert counted(town) == 6


def test_a_second_press_of_the_button_adds_nothing(browse, town):
    supervisor = browse("supervisor")
    url = sent(supervisor, GOOD)
    given = form_values(supervisor.text(url), url) | {"act": "all"}
    answers = [supervisor.client.post(url, data=given) for _ in range(2)]
    assert [a.status_code for a in answers] == [302, 302]
    assert counted(town) == 5
    assert "5 tickets were registered." in supervisor.text(url)


def test_two_confirmations_are_added_up(browse, town):
    supervisor = browse("supervisor")
    url = sent(supervisor, GOOD)
    confirm(supervisor, url, act="picked", rows="3-4")
    confirm(supervisor, url, act="all")
    page = supervisor.text(url)
    assert "5 tickets were registered." in page
    assert len(set(numbers(page))) == counted(town) == 5


def test_a_row_that_was_voided_does_not_come_back_with_its_file(browse, town):
    supervisor = browse("supervisor")
    url = sent(supervisor, GOOD)
    confirm(supervisor, url, act="all")
    with town.engine.connect() as conn:
        ticket_id = conn.scalar(text("SELECT min(id) FROM tickets"))
    values = {"reason": "登记错误", "way": "void"}
    on = clock.now().date()
    ask = TakeStep(ticket_id=ticket_id, step="request_exclusion", version=1, occurred_on=on, values=values)
    town.do(ask, "supervisor", clock.now())
    town.do(replace(ask, step="void", version=2, values={}), "approver", clock.now())
    again = sent(supervisor, GOOD)
    assert len(set(numbers(supervisor.text(f"{again}?show=known")))) == 5


def test_a_file_that_is_too_large_is_told_its_limit(browse):
    answer = send(browse("supervisor"), b"a,b\r\n" * 5_000_000, "a.csv")
    check_page(answer.text)
    assert "The file is larger than 20 MB." in answer.text


def test_an_external_number_that_is_taken_is_recorded_already(browse, town):
    supervisor = browse("supervisor")
    url = PETITIONS
    lines = (
        "平台编号,信访人,标题,信访内容,类型,信访方式,收到日期,村（社区）",
        "X-1,李四,低保,要求说明低保取消的理由,申诉求决,来信,2023-03-01,晨光村",
    )
    first = send(supervisor, csv(*lines), "a.csv", url=url).headers["Location"]
    page = supervisor.text(f"{first}?show=ready")
    supervisor.client.post(first, data=form_values(page, first) | {"act": "all"})
    assert counted(town) == 1, supervisor.text(f"{first}?show=wrong")
    again = send(supervisor, csv(lines[0], lines[1].replace("理由", "原因")), "b.csv", url=url).headers["Location"]
    assert numbers(supervisor.text(f"{again}?show=known"))


def test_a_reply_comes_in_with_its_message_as_the_command_line_does_it(browse, town):
    supervisor = browse("supervisor")
    url = sent(
        supervisor,
        csv(
            "留言编号,留言用户,留言主题,留言时间,留言详情,答复意见,答复时间",
            "17,UU008,咨询低保标准,2023/4/24,请问低保的标准,网友您好,2023/5/9",
            "18,UU009,反映路灯不亮,2023/4/25,村口路灯不亮已有半月,已修好,2023/4/20",
        ),
        "a.csv",
        url=PETITIONS,
    )
    wrong = supervisor.text(f"{url}?show=wrong")
    assert '<b class="whole">G3</b>' in wrong
    confirm(supervisor, url, act="all")
    (number,) = set(numbers(supervisor.text(url)))
    page = supervisor.text(f"/tickets/{number}")
    assert "网友您好" in page
    assert "9 May 2023" in page


# -- the list of mistakes -----------------------------------------------------------------------------
def test_the_mistakes_can_be_taken_along_as_a_workbook_or_csv(browse):
    supervisor = browse("supervisor")
    url = sent(supervisor, MIXED)
    with supervisor.open(f"{url}/mistakes.xlsx") as answer:
        book = openpyxl.load_workbook(BytesIO(answer.data))
    cells = [line[1] for line in book.active.iter_rows(values_only=True)]
    assert {"B4", "C5", "G7"} <= set(cells)
    with supervisor.open(f"{url}/mistakes.csv") as table:
        assert "attachment" in table.headers["Content-Disposition"]
        assert "B4" in table.data.decode("utf-8-sig")


# -- real ledgers -------------------------------------------------------------------------------------
def test_real_messages_are_previewed_and_registered(browse, town, shared_dir):
    supervisor = browse("supervisor")
    data = (shared_dir / "data/petitions/petitions-with-replies.xlsx").read_bytes()
    url = sent(supervisor, data, "messages.xlsx", url=PETITIONS)
    assert "1419 records read" in supervisor.text(url)
    confirm(supervisor, url, act="all")
    assert counted(town) == 1419


@pytest.mark.parametrize("name", ["fee-ledger-2019-07.xls", "issue-list-2017-02-multisheet.xlsx"])
def test_real_ledgers_of_another_kind_are_answered_with_a_page(browse, shared_dir, name):
    answer = send(browse("supervisor"), (shared_dir / "data/workbooks" / name).read_bytes(), name)
    assert answer.status_code in (302, 422)


# -- what a later list says of known tickets ----------------------------------------------------------
REPLIES = "留言编号,留言用户,留言主题,留言时间,留言详情,答复意见,答复时间"
ASKED = "18,UU009,反映路灯不亮,2023/4/25,村口路灯不亮已有半月"


def test_a_reply_in_a_later_list_is_offered_and_added_once(town, browse):
    supervisor = browse("supervisor")
    first = send(supervisor, csv(REPLIES, ASKED + ",,"), "a.csv", url=PETITIONS).headers["Location"]
    confirm(supervisor, first, act="all")
    later = send(supervisor, csv(REPLIES, ASKED + ",路灯已修好,2023/5/20"), "b.csv", url=PETITIONS).headers["Location"]
    page = supervisor.text(later)
    assert "Add what the one row says to its ticket" in page
    assert "To be added: Replied" in page
    for _ in range(2):
        supervisor.client.post(later, data=form_values(page, later) | {"act": "all"})
    page = supervisor.text(later)
    assert "1 milestone was added to tickets known already." in page
    (number,) = set(numbers(page))
    assert counted(town) == 1
    assert "路灯已修好" in supervisor.text(f"/tickets/{number}")
