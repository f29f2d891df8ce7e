"""The page of a ticket: what it shows to whom, and what of that stands in the log. On both databases."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from hashlib import sha256
from io import BytesIO
from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask
from page_checks import check_page
from ticket_stories import address, assigned, current, picture, registered, seen_by_test, submitted, take
from township import CALENDAR, CHINA, DOCUMENT, PACK, PHOTO, PLAIN_VALUES, TOILET, Township, at, label, plain_ticket

from tracker.domain.commands import GiveGrant
from tracker.domain.events import Event, StreamKind
from tracker.domain.registers import Field, FieldType, Privacy
from tracker.house import House
from tracker.log import store
from tracker.queries.tickets import masked

Browse = Callable[..., Any]
NAME, MASKED = "刘小云", "刘＊云"


def restricted(town: Township, named: tuple[str, ...] = ("supervisor", "verifier")) -> int:
    command = plain_ticket(town, is_restricted=True, named_ids=tuple(town.person[post] for post in named))
    return town.do(command, "supervisor", at("2023-03-01"))[0].stream_id


def accesses(town: Township, ticket_id: int) -> list[Event]:
    with town.engine.connect() as conn:
        return list(store.read_stream(conn, StreamKind.ACCESS, ticket_id))


def quoted(url: str) -> str:
    return quote(url)


# -- the page -----------------------------------------------------------------------------------------
def test_the_promise_says_who_what_and_until_when(town: Township, browse: Browse) -> None:
    ticket_id = registered(town)
    supervisor = browse("supervisor")
    assert "Nobody has been given this yet" in supervisor.text(address(town, ticket_id))
    take(
        town,
        ticket_id,
        "assign",
        "supervisor",
        "2023-03-02",
        owner_unit_id=town.unit["farming"],
        owner_id=town.person["clerk"],
        due_on=date(2023, 4, 1),
    )
    page = supervisor.text(address(town, ticket_id))
    for said in ("镇农业办", "<b>农业办干事</b>", "<b>1 April 2023</b>", "晨光村, 化粪池破损渗漏", "days overdue"):
        assert said in page


@pytest.mark.parametrize(
    ("post", "whose", "acts"),
    [
        ("staff", "Your turn", {"accept", "object", "submit", "request_extension", "add_evidence", "comment"}),
        (
            "supervisor",
            "The turn of 晨光村",
            {"assign", "transfer", "pause", "urge", "comment", "add_evidence", "request_exclusion"},
        ),
        ("auditor", "The turn of 晨光村", set()),
    ],
)
def test_it_says_whose_turn_it_is_and_offers_what_this_person_may_do(
    town: Township, browse: Browse, post: str, whose: str, acts: set[str]
) -> None:
    ticket_id = assigned(town)
    page = browse(post).text(address(town, ticket_id))
    assert whose in page
    offered = set(re.findall(rf'="{quoted(address(town, ticket_id))}/(\w+)"', page)) - {"reveal", "amend"}
    assert offered == acts


def test_a_closed_ticket_bears_the_seal_and_says_who_verified_it(town: Township, browse: Browse) -> None:
    ticket_id = submitted(town)
    take(town, ticket_id, "verify", "verifier", "2023-03-12", finding="试水无渗漏", outcome="fixed")
    page = browse("staff", "zh-Hans").text(address(town, ticket_id))
    for said in ("is-struck", "seal-impression", "镇核查员", "试水无渗漏", "整改到位"):
        assert said in page


def test_the_log_shows_both_times_and_marks_what_was_entered_late(town: Township, browse: Browse) -> None:
    ticket_id = town.do(plain_ticket(town), "supervisor", at("2023-03-20"))[0].stream_id
    page = browse("auditor").text(address(town, ticket_id))
    for said in ("1 Mar 2023", "20 Mar 2023, 10:00", "late entry, 19 days"):
        assert said in page


def test_a_ticket_that_was_sent_back_is_not_told_as_submitted(town: Township, browse: Browse) -> None:
    ticket_id, staff = submitted(town), browse("staff")
    told = "submitted 10 Mar 2023"
    assert told in staff.text(address(town, ticket_id))
    take(town, ticket_id, "reject", "verifier", "2023-03-12", reason="还在渗漏")
    page = staff.text(address(town, ticket_id))
    assert told not in page
    assert "After (earlier attempt)" in page
    assert "after 0" in page
    take(town, ticket_id, "submit", "staff", "2023-03-13", evidence=(PHOTO,))
    page = staff.text(address(town, ticket_id))
    assert "earlier attempt" not in page  # the same photograph again, and now it counts
    assert "after 1" in page


def test_what_was_sent_back_is_submitted_again_and_not_accepted_again(town: Township, browse: Browse) -> None:
    ticket_id, staff = submitted(town), browse("staff")
    take(town, ticket_id, "reject", "verifier", "2023-03-12", reason="还在渗漏")
    page = staff.text(address(town, ticket_id))
    here = quoted(address(town, ticket_id))
    assert f'class="button button--primary button--wide button--large" href="{here}/submit"' in page
    assert f"{here}/accept" not in page
    assert f"{here}/object" in page


def test_the_unit_of_an_owner_is_said_once(town: Township, browse: Browse) -> None:
    ticket_id = registered(town)
    owner = {"owner_unit_id": town.unit["chenguang"], "owner_id": town.person["staff"]}
    take(town, ticket_id, "assign", "supervisor", "2023-03-02", **owner, due_on=date(2023, 4, 1))
    supervisor = browse("supervisor")
    pages = [supervisor.text(address(town, ticket_id, step)) for step in ("", "urge")]
    pages.append(supervisor.text("/registers/toilet/tickets"))
    texts = [" ".join(re.sub(r"<[^>]+>", " ", page.split("<main")[1]).split()) for page in pages]
    for text in texts:
        assert "晨光村 网格员" in text
        assert "晨光村 晨光村网格员" not in text
    assert "晨光村 晨光村 " not in texts[1]


def test_a_request_shows_who_asked_for_what_and_why(town: Township, browse: Browse) -> None:
    ticket_id = assigned(town)
    take(town, ticket_id, "request_extension", "staff", "2023-03-05", extension_days=10, reason="连日下雨")
    assert "晨光村网格员 asked on 5 Mar 2023 for 10 more days: 连日下雨" in browse("approver").text(
        address(town, ticket_id)
    )


@pytest.mark.parametrize("locale", ["en", "zh-Hans", "zh-Hant"])
@pytest.mark.parametrize("register", ["toilet", "house", "petition"])
def test_every_register_and_language_gives_a_page_in_order(
    town: Township, browse: Browse, register: str, locale: str
) -> None:
    assert browse("supervisor", locale).text(address(town, registered(town, register)))


@pytest.mark.parametrize(
    "number",
    ["厕-2023-9999", "1", "0", "-1", "厕-2023-0001 ", "' OR 1=1 --", "%00", "x" * 3000, "..%2f..%2fetc%2fpasswd"],
)
def test_a_forged_number_is_not_found(town: Township, browse: Browse, number: str) -> None:
    registered(town)
    supervisor = browse("supervisor")
    for url in (f"/tickets/{number}", f"/tickets/{number}/comment", f"/tickets/{number}/evidence/{'a' * 64}"):
        assert supervisor.open(url).status_code == 404


# -- private values -----------------------------------------------------------------------------------
def test_a_private_value_is_masked_and_shown_only_for_a_reason_that_is_logged(town: Township, browse: Browse) -> None:
    ticket_id, staff = registered(town), browse("staff")
    url = address(town, ticket_id)
    page = staff.text(url)
    assert MASKED in page
    assert NAME not in page
    answer = staff.send(url, f"{quoted(url)}/reveal", names="household", reason="上门核对户主")
    assert answer.status_code == 200
    check_page(answer.text)
    assert NAME in answer.text
    (event,) = accesses(town, ticket_id)
    assert (event.kind, event.actor_id) == ("revealed", town.person["staff"])
    assert event.data == {"fields": ["household"], "reason": "上门核对户主"}
    assert NAME not in staff.text(url)


@pytest.mark.parametrize(
    "typed", [{"reason": ""}, {"names": ""}, {"names": "problem"}, {"names": "../etc/passwd"}], ids=lambda t: str(t)
)
def test_without_a_reason_or_a_value_nothing_is_revealed(town: Township, browse: Browse, typed: dict[str, str]) -> None:
    ticket_id, staff = registered(town), browse("staff")
    url = address(town, ticket_id)
    answer = staff.send(url, f"{quoted(url)}/reveal", **({"names": "household", "reason": "核对地址"} | typed))
    assert answer.status_code == 422
    check_page(answer.text)
    assert NAME not in answer.text
    assert accesses(town, ticket_id) == []
    if typed.get("reason") is None:
        assert "核对地址" in answer.text


@pytest.mark.parametrize(
    ("kind", "value", "shown"),
    [
        (FieldType.TEXT, "刘小云", "刘＊云"),
        (FieldType.TEXT, "13812345678", "138＊＊＊＊5678"),
        (FieldType.SELECT_ONE, "low_income", "＊＊＊"),
        (FieldType.SELECT_MULTIPLE, ["disabled"], "＊＊＊"),
        (FieldType.YES_NO, True, "＊＊＊"),
    ],
)
def test_of_a_private_choice_nothing_is_shown(kind: FieldType, value: Any, shown: str) -> None:
    field = Field("household", kind, {"en": "Household"}, privacy=Privacy.PERSONAL)
    assert masked(field, value) == shown


def test_somebody_elses_private_values_do_not_exist(town: Township, browse: Browse) -> None:
    ticket_id = registered(town)
    url = address(town, ticket_id)
    for post in ("neighbour", "administrator"):
        token = browse("staff").form(url, f"{quoted(url)}/reveal")
        answer = browse(post).client.post(f"{url}/reveal", data=token | {"names": "household", "reason": "好奇"})
        assert answer.status_code in (400, 404)
    assert accesses(town, ticket_id) == []


# -- restricted tickets -------------------------------------------------------------------------------
def test_a_restricted_ticket_does_not_exist_for_others(town: Township, browse: Browse) -> None:
    ticket_id = restricted(town)
    url = address(town, ticket_id)
    for post in ("staff", "approver", "auditor", "official", "everything"):
        visitor = browse(post)
        for path in ("", "/comment", "/amend", "/evidence/" + "a" * 64):
            assert visitor.open(url + path).status_code == 404
    assert accesses(town, ticket_id) == []


def test_reading_a_restricted_ticket_is_logged_once_a_day_for_each_reader(town: Township, browse: Browse) -> None:
    ticket_id = restricted(town)
    url = address(town, ticket_id)
    for post in ("supervisor", "supervisor", "verifier"):
        assert PLAIN_VALUES["toilet"]["problem"] in browse(post).text(url)
    browse("supervisor").text(f"{url}/comment")
    read = [(e.kind, e.actor_id) for e in accesses(town, ticket_id)]
    assert read == [("read", town.person["supervisor"]), ("read", town.person["verifier"])]


def test_the_names_of_a_restricted_ticket_stay_masked_for_its_readers_too(town: Township, browse: Browse) -> None:
    page = browse("supervisor").text(address(town, restricted(town)))
    assert MASKED in page
    assert NAME not in page


def test_whoever_is_named_later_may_read_it(town: Township, browse: Browse) -> None:
    ticket_id = restricted(town)
    url = address(town, ticket_id)
    people = [str(town.person[post]) for post in ("supervisor", "verifier", "staff")]
    assert browse("supervisor").send(f"{url}/name", people=people).status_code == 303
    assert browse("staff").open(url).status_code == 200


# -- evidence -----------------------------------------------------------------------------------------
def with_picture(town: Township, browse: Browse) -> tuple[int, str, bytes]:
    """A submitted ticket, the digest of its photograph and the photograph."""
    ticket_id, content = assigned(town), picture("navy", (900, 600)).getvalue()
    url = address(town, ticket_id, "submit")
    assert browse("staff").send(url, photos=(BytesIO(content), "整改后.jpg")).status_code == 303
    seen_by_test(town, ticket_id)
    return ticket_id, sha256(content).hexdigest(), content


def test_a_picture_is_shown_as_a_copy_and_the_original_is_a_download(town: Township, browse: Browse) -> None:
    ticket_id, digest, content = with_picture(town, browse)
    verifier = browse("verifier")
    url = address(town, ticket_id, f"evidence/{digest}")
    assert f"{digest}?size=small" in verifier.text(address(town, ticket_id))
    original, copy = verifier.open(url), verifier.open(f"{url}?size=small")
    assert original.data == content
    assert original.headers["Content-Disposition"].startswith("attachment")
    assert copy.data != content
    assert copy.mimetype == "image/jpeg"
    for answer in (original, copy):
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in answer.headers["Content-Security-Policy"]
        assert answer.headers["Cache-Control"] == "no-store"
        answer.close()


def test_evidence_belongs_to_its_ticket_and_its_readers(town: Township, browse: Browse) -> None:
    ticket_id, digest, _ = with_picture(town, browse)
    other = registered(town)
    url = address(town, ticket_id, f"evidence/{digest}")
    assert browse("neighbour").open(url).status_code == 404
    assert browse("administrator").open(url).status_code == 404
    supervisor = browse("supervisor")
    assert supervisor.open(address(town, other, f"evidence/{digest}")).status_code == 404
    assert supervisor.open(f"{url}?size=huge").status_code == 404
    assert supervisor.open(url[:-1]).status_code == 404


def test_a_file_that_is_gone_is_not_found(town: Township, browse: Browse) -> None:
    ticket_id = registered(town)
    take(town, ticket_id, "add_evidence", "supervisor", "2023-03-02", evidence=(DOCUMENT,))
    assert browse("supervisor").open(address(town, ticket_id, f"evidence/{DOCUMENT['digest']}")).status_code == 404


# -- corrections --------------------------------------------------------------------------------------
def test_a_correction_needs_a_reason_and_changes_only_what_was_typed(town: Township, browse: Browse) -> None:
    ticket_id, supervisor = registered(town), browse("supervisor")
    url = address(town, ticket_id, "amend")
    refused = supervisor.send(url, problem="化粪池盖板缺失")
    assert refused.status_code == 422
    check_page(refused.text)
    assert "化粪池盖板缺失" in refused.text
    assert supervisor.send(url, problem="化粪池盖板缺失", household="王大山", reason="户主更名").status_code == 303
    ticket = current(town, ticket_id)
    assert (ticket.fields["problem"], ticket.place_id) == ("化粪池盖板缺失", town.unit["chenguang"])
    page = supervisor.text(address(town, ticket_id))
    assert "王＊山" in page
    assert "户主更名" in page
    assert "王大山" not in page


def test_a_correction_offers_the_places_where_one_may_correct(app: Flask, town: Township, browse: Browse) -> None:
    """The clerk may register everywhere in the town, and correct in one village."""
    toilet = replace(TOILET, fields=(*TOILET.fields, Field("place", FieldType.UNIT, label("村"))))
    app.extensions["house"] = House(town.engine, replace(PACK, registers=(toilet,)), CALENDAR, CHINA)
    for role, unit in (("staff", "town"), ("supervisor", "chenguang")):
        grant = GiveGrant(
            person_id=town.person["clerk"], role=role, unit_id=town.unit[unit], starts_on=date(2023, 1, 1)
        )
        town.by_system(grant, at("2023-02-01"))
    page = browse("clerk").text(address(town, registered(town), "amend"))
    places = page.split('name="place"')[1].split("</select>")[0]
    assert "晨光村" in places
    assert "东湖村" not in places


def test_what_is_written_about_a_restricted_ticket_is_read_by_its_people_from_the_vault(
    town: Township, browse: Browse
) -> None:
    ticket_id = restricted(town, ("supervisor", "verifier", "staff"))
    take(town, ticket_id, "comment", "supervisor", "2023-03-02", message="谈话记录一份")
    support = {"unit_id": town.unit["farming"], "part": "查阅台账", "due_on": None}
    take(town, ticket_id, "assign", "supervisor", "2023-03-02", owner_unit_id=town.unit["chenguang"],
         supports=(support,))  # fmt: skip
    paper = {**DOCUMENT, "name": "举报信.pdf"}
    take(town, ticket_id, "add_evidence", "staff", "2023-03-02", evidence=(paper,))
    take(town, ticket_id, "request_exclusion", "supervisor", "2023-03-02", way="void", reason="重复登记的一件")
    with town.engine.connect() as conn:
        events = store.read_stream(conn, StreamKind.TICKET, ticket_id)
    assert not any(text in str(e.data) for e in events for text in ("谈话记录", "重复登记", "台账", "举报信"))
    page = browse("verifier").text(address(town, ticket_id))
    assert "谈话记录一份" in page
    assert page.count("查阅台账") >= 2  # in the log, and among the facts
    assert "举报信.pdf" in page
    assert page.count("重复登记的一件") >= 2  # in the log, and beside the request that waits
