"""Steps of the lifecycle as people take them: by the forms of the pages, on both databases."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta
from io import BytesIO
from typing import Any

import pytest
from page_checks import check_page
from ticket_stories import (
    address,
    assigned,
    current,
    kept_form,
    picture,
    registered,
    seen_by_test,
    send,
    submitted,
    take,
)
from township import DOCUMENT, PHOTO, Township
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from tracker.domain.lifecycle import Status

Browse = Callable[..., Any]
Visitor = Any


def test_from_registered_to_closed_by_forms(town: Township, browse: Browse) -> None:
    ticket_id = registered(town)
    supervisor, staff, verifier = browse("supervisor"), browse("staff"), browse("verifier")
    chenguang, person = str(town.unit["chenguang"]), str(town.person["staff"])

    def step(visitor: Visitor, name: str, **typed: Any) -> None:
        answer = visitor.send(address(town, ticket_id, name), **typed)
        assert answer.status_code == 303, answer.text

    step(supervisor, "assign", owner_unit_id=chenguang, owner_id=person, due_on="2030-01-31", occurred_on="2023-03-02")
    step(staff, "accept", occurred_on="2023-03-03")
    step(staff, "submit", photos=(picture(), "after.jpg"), note="换了盖板", occurred_on="2023-03-10")
    step(verifier, "reject", reason="还在渗漏", occurred_on="2023-03-11")
    step(staff, "submit", photos=(picture("red"), "after.jpg"), note="又修了", occurred_on="2023-03-12")
    step(verifier, "verify", finding="试水无渗漏", outcome="fixed", occurred_on="2023-03-13")
    ticket = current(town, ticket_id)
    assert (ticket.status, ticket.closed_on, ticket.rejected_count) == (Status.CLOSED, date(2023, 3, 13), 1)
    assert "seal-impression" in staff.text(address(town, ticket_id))


def test_the_hint_says_what_the_rule_demands_and_what_is_there(town: Township, browse: Browse) -> None:
    ticket_id, staff = assigned(town), browse("staff")
    url = address(town, ticket_id, "submit")
    assert "1 photograph is needed." in staff.text(url)
    assert "is there." not in staff.text(url)
    before = {**PHOTO, "digest": "cd" * 32, "kind": "photo_before"}
    take(town, ticket_id, "add_evidence", "staff", "2023-03-03", evidence=(PHOTO, before))
    assert re.search(r"1 photograph is needed; [^<]+ 1 is there\.", staff.text(url))
    take(town, ticket_id, "submit", "staff", "2023-03-04")
    take(town, ticket_id, "reject", "verifier", "2023-03-05", reason="还在渗漏")
    assert "is there." not in staff.text(url)  # of an attempt that failed nothing counts any more
    house = address(town, assigned(town, "house"), "submit")
    came_back = send(staff, house, photos=(picture(), "after.jpg"))
    assert "1 document is needed." in came_back
    assert "0 of 1 needed files are there." in came_back


def test_every_step_of_the_owner_and_the_office_has_its_form(town: Township, browse: Browse) -> None:
    ticket_id = assigned(town)
    supervisor, staff, approver = browse("supervisor"), browse("staff"), browse("approver")
    donghu = str(town.unit["donghu"])
    acts: list[tuple[Visitor, str, dict[str, Any]]] = [
        (staff, "accept", {"occurred_on": "2023-03-03"}),
        (staff, "request_extension", {"extension_days": "１０", "reason": "下雨", "occurred_on": "2023-03-04"}),
        (approver, "grant_extension", {"occurred_on": "2023-03-05"}),
        (staff, "request_extension", {"extension_days": "5", "reason": "再下雨", "occurred_on": "2023-03-05"}),
        (approver, "refuse_extension", {"reason": "已够", "occurred_on": "2023-03-06"}),
        (supervisor, "pause", {"pause_reason": "frost", "reason": "冰冻", "occurred_on": "2023-03-07"}),
        (supervisor, "resume", {"occurred_on": "2023-03-09"}),
        (staff, "object", {"reason": "不归我村", "occurred_on": "2023-03-10"}),
        (supervisor, "transfer", {"owner_unit_id": donghu, "reason": "属东湖村", "occurred_on": "2023-03-11"}),
        (supervisor, "urge", {"message": "抓紧"}),
        (supervisor, "comment", {"message": "已电话联系"}),
        (browse("neighbour"), "add_evidence", {"photos": (picture(), "a.jpg"), "photo_kind": "photo_before"}),
    ]
    for visitor, step, typed in acts:
        typed = {"owner_id": "", **typed} if step == "transfer" else typed
        answer = send(visitor, address(town, ticket_id, step), **typed)
        assert answer.startswith("303"), (step, answer)
    ticket = current(town, ticket_id)
    assert (ticket.status, ticket.owner_unit_id) == (Status.ASSIGNED, town.unit["donghu"])
    assert ticket.current_due == date(2023, 4, 1) + timedelta(days=10 + 2)
    assert [e.kind for e in ticket.evidence] == ["photo_before"]


def test_a_house_goes_through_milestones_publicity_and_approval(town: Township, browse: Browse) -> None:
    ticket_id = registered(town, "house")
    supervisor, verifier, official = browse("supervisor"), browse("verifier"), browse("official")
    milestone = address(town, ticket_id, "reach_milestone")
    for name, more in (("appraised", {"grade": "D"}), ("people_safe", {}), ("building_disposed", {})):
        url = f"{milestone}?milestone={name}"
        answer = supervisor.client.post(milestone, data=supervisor.form(url) | more | {"occurred_on": "2023-03-02"})
        assert answer.status_code == 303, answer.text
    take(
        town,
        seen_by_test(town, ticket_id),
        "assign",
        "supervisor",
        "2023-03-03",
        owner_unit_id=town.unit["chenguang"],
    )
    take(town, ticket_id, "submit", "staff", "2023-03-04", evidence=(DOCUMENT,))
    acts: list[tuple[Visitor, str, dict[str, Any]]] = [
        (verifier, "verify", {"finding": "已拆除", "outcome": "fixed"}),
        (verifier, "publicise", {"from_on": "2023-03-05", "to_on": "2023-03-12"}),
        (official, "approve", {}),
        (verifier, "close", {"outcome": "fixed"}),
    ]
    for visitor, step, typed in acts:
        answer = send(visitor, address(town, ticket_id, step), occurred_on="2023-03-13", **typed)
        assert answer.startswith("303"), (step, answer)
    assert current(town, ticket_id).status is Status.CLOSED
    page = supervisor.text(address(town, ticket_id))
    assert "鉴定" in page
    assert "grade D" in page


@pytest.mark.parametrize(("way", "status"), [("void", Status.VOIDED), ("merge", Status.MERGED), ("exclude", None)])
def test_leaving_the_figures_takes_two_people(town: Township, browse: Browse, way: str, status: Status | None) -> None:
    other, ticket_id = registered(town), registered(town)
    supervisor, approver = browse("supervisor"), browse("approver")
    into = town.state(other).number if way == "merge" else ""
    asked = send(supervisor, address(town, ticket_id, "request_exclusion"), way=way, into_id=into, reason="重复录入")
    assert asked.startswith("303"), asked
    assert "重复录入" in approver.text(address(town, ticket_id))
    if way != "void":
        assert approver.open(address(town, ticket_id, "void")).status_code == 303
    assert send(approver, address(town, ticket_id, way)).startswith("303")
    ticket = current(town, ticket_id)
    assert ticket.status is (status or Status.REGISTERED)
    page = supervisor.text(address(town, ticket_id))
    if way == "merge":
        assert town.state(other).number in page
    else:
        assert "重复录入" in page
    if way == "exclude":
        assert send(approver, address(town, ticket_id, "include"), reason="查实应计").startswith("303")


def test_a_closed_ticket_relapses_is_reopened_and_rechecked(town: Township, browse: Browse) -> None:
    ticket_id = submitted(town)
    take(town, ticket_id, "verify", "verifier", "2023-03-11", finding="好", outcome="fixed")
    second = browse("second_verifier")
    checked = send(second, address(town, ticket_id, "recheck"), recheck_result="passed", occurred_on="2023-04-01")
    assert checked.startswith("303"), checked
    again = send(
        second, address(town, ticket_id, "relapse"), reason="又漏", due_on="2023-06-01", occurred_on="2023-05-01"
    )
    assert again.startswith("303"), again
    assert current(town, ticket_id).status is Status.RELAPSED


# -- bad input ----------------------------------------------------------------------------------------
def test_a_refused_form_keeps_what_was_typed_and_the_files(town: Township, browse: Browse) -> None:
    ticket_id, staff = assigned(town), browse("staff")
    url = address(town, ticket_id, "submit")
    answer = staff.send(url, note="换了盖板", photos=(picture(), "近景.jpg"), occurred_on="2023-01-01")
    assert answer.status_code == 422
    check_page(answer.text)
    assert "换了盖板" in answer.text
    assert "近景.jpg" in answer.text
    assert "2023-01-01" in answer.text
    assert "lies before the latest step" in answer.text
    assert current(town, ticket_id).status is Status.ASSIGNED
    form = kept_form(answer.text)
    assert staff.client.post(url, data=form | {"occurred_on": "2023-03-10"}).status_code == 303
    assert [e.name for e in current(town, ticket_id).evidence] == ["近景.jpg"]


@pytest.mark.parametrize(
    ("content", "name", "sentence"),
    [
        (b"\xff\xd8\xff" + b"\x00" * (30 * 1024 * 1024), "large.jpg", "larger than 20 MB"),
        (b"%PDF-1.4 ... %%EOF", "photo.jpg", "does not fit its name"),
        (b"MZ\x90 a program", "photo.jpg", "not accepted"),
        (b"\xff\xd8\xff\xe0 cut off", "photo.jpg", "damaged"),
    ],
    ids=["thirty megabytes", "a PDF called jpg", "a program called jpg", "cut off"],
)
def test_a_bad_file_is_refused_by_name_and_the_good_one_stays(
    town: Township, browse: Browse, content: bytes, name: str, sentence: str
) -> None:
    ticket_id, staff = assigned(town), browse("staff")
    url = address(town, ticket_id, "submit")
    files = [FileStorage(picture(), "good.jpg"), FileStorage(BytesIO(content), name)]
    form = staff.form(url) | {"note": "修好了", "photos": files}
    # Werkzeug's client leaves a temporary file open behind a large form, so it is put together in memory.
    boundary, body = encode_multipart(form)
    answer = staff.client.post(url, data=body, content_type=f"multipart/form-data; boundary={boundary}")
    assert answer.status_code == 422
    check_page(answer.text)
    assert sentence in answer.text
    assert f"{name}:" in answer.text
    assert "修好了" in answer.text
    assert "good.jpg" in answer.text
    assert staff.client.post(url, data=kept_form(answer.text)).status_code == 303
    assert [e.name for e in current(town, ticket_id).evidence] == ["good.jpg"]


def test_a_kept_file_belongs_to_the_one_who_sent_it(town: Township, browse: Browse) -> None:
    ticket_id, staff, colleague = assigned(town), browse("staff"), browse("colleague")
    url = address(town, ticket_id, "submit")
    note = kept_form(staff.send(url, photos=(picture(), "a.jpg"), occurred_on="2023-01-01").text)["kept"]
    assert "files are there" in send(colleague, url, kept=note)
    assert "files are there" in send(colleague, url, kept="made up")


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"due_on": "2023-02-01"}, "lies before the day found"),
        ({"due_on": "2023-03-02", "occurred_on": "2023-03-05"}, "lies before the day of assignment"),
        ({"due_on": "31/31/2023"}, "is not a day"),
        ({"occurred_on": "2099-01-01"}, "lies in the future"),
        ({"occurred_on": "2023-02-28"}, "lies before the latest step"),
        ({"occurred_on": ""}, "has to be filled in"),
        ({"owner_unit_id": ""}, "has to be filled in"),
        ({"owner_unit_id": "987654"}, "is not known here"),
        ({"owner_unit_id": "99999999999999999999"}, "has to be filled in"),  # no number at all
    ],
)
def test_a_wrong_day_or_unit_is_refused_at_its_field(
    town: Township, browse: Browse, typed: dict[str, str], sentence: str
) -> None:
    ticket_id = registered(town)
    good = {"owner_unit_id": str(town.unit["chenguang"]), "due_on": "2023-06-01", "occurred_on": "2023-03-02"}
    answer = send(browse("supervisor"), address(town, ticket_id, "assign"), **{**good, "note": "请抓紧", **typed})
    assert answer.startswith("422"), answer
    field = f'id="{next(iter(typed))}-error"'
    assert field in answer
    assert sentence in answer[answer.index(field) :]
    assert "请抓紧" in answer


def test_text_that_no_field_can_hold_is_refused_and_kept(town: Township, browse: Browse) -> None:
    ticket_id = assigned(town)
    answer = send(browse("staff"), address(town, ticket_id, "object"), reason="长" * 2001)
    assert answer.startswith("422")
    assert "长" * 2001 in answer


# -- two at once --------------------------------------------------------------------------------------
def test_a_double_click_does_it_once(town: Township, browse: Browse) -> None:
    ticket_id, staff = assigned(town), browse("staff")
    url = address(town, ticket_id, "submit")
    form = staff.form(url)
    first, second = (staff.client.post(url, data={**form, "photos": (picture(), "a.jpg")}) for _ in range(2))
    assert (first.status_code, second.status_code) == (303, 303)
    assert current(town, ticket_id).version == town.state(ticket_id).version + 1


def test_the_draft_of_a_form_is_forgotten_once_it_arrived(town: Township, browse: Browse) -> None:
    ticket_id, supervisor = assigned(town), browse("supervisor")
    url = address(town, ticket_id, "comment")
    (draft,) = re.findall(r'data-draft="([^"]+)"', supervisor.text(url))
    supervisor.send(url, message="已电话联系")
    assert f'data-draft-sent="{draft}"' in supervisor.text(address(town, ticket_id))


def test_a_stale_form_shows_what_happened_and_can_be_sent_on_top(town: Township, browse: Browse) -> None:
    ticket_id, staff = assigned(town), browse("staff")
    url = address(town, ticket_id, "submit")
    form = staff.form(url)
    take(town, ticket_id, "accept", "colleague", "2023-03-03")
    answer = staff.client.post(url, data={**form, "note": "换了盖板", "photos": (picture(), "after.jpg")})
    assert answer.status_code == 409
    check_page(answer.text)
    for said in ("Somebody else changed this first", "Accepted", "晨光村文书", "换了盖板", "after.jpg"):
        assert said in answer.text
    assert current(town, ticket_id).status is Status.ACCEPTED
    assert staff.client.post(url, data=kept_form(answer.text)).status_code == 303
    ticket = current(town, ticket_id)
    assert (ticket.status, [e.name for e in ticket.evidence]) == (Status.SUBMITTED, ["after.jpg"])


def test_a_stale_form_whose_step_is_gone_keeps_the_words(town: Township, browse: Browse) -> None:
    ticket_id, staff = assigned(town), browse("staff")
    url = address(town, ticket_id, "object")
    form = staff.form(url)
    take(town, ticket_id, "submit", "colleague", "2023-03-10", evidence=(PHOTO,))
    answer = staff.client.post(url, data={**form, "reason": "不归我村"})
    assert answer.status_code == 409
    check_page(answer.text)
    assert "不归我村" in answer.text
    assert "Submitted for closure" in answer.text
    with pytest.raises(IndexError):
        kept_form(answer.text)


def test_a_comment_makes_no_form_stale(town: Township, browse: Browse) -> None:
    ticket_id, staff = assigned(town), browse("staff")
    url = address(town, ticket_id, "accept")
    form = staff.form(url)
    take(town, ticket_id, "comment", "supervisor", "2023-03-03", message="抓紧")
    assert staff.client.post(url, data=form).status_code == 303


def test_a_correction_takes_over_what_somebody_else_corrected(town: Township, browse: Browse) -> None:
    ticket_id, supervisor, other = registered(town), browse("supervisor"), browse("everything")
    url = address(town, ticket_id, "amend")
    form = supervisor.form(url)
    assert other.send(url, remark="门牌 12 号", reason="补门牌").status_code == 303
    answer = supervisor.client.post(url, data=form | {"problem": "化粪池盖板缺失", "reason": "看错了"})
    assert answer.status_code == 409
    check_page(answer.text)
    again = supervisor.client.post(url, data=form | kept_form(answer.text))
    assert again.status_code == 303
    fields = current(town, ticket_id).fields
    assert (fields["problem"], fields["remark"]) == ("化粪池盖板缺失", "门牌 12 号")


def test_a_verdict_is_given_and_never_stands_there_already(town: Township, browse: Browse) -> None:
    url, verifier = address(town, submitted(town), "verify"), browse("verifier")
    assert "outcome" not in verifier.form(url)
    came_back = verifier.send(url)
    assert came_back.status_code == 422
    assert 'id="outcome-error"' in came_back.text
    assert 'id="finding-error"' in came_back.text


def test_after_a_check_the_next_that_waits_for_this_person_is_offered(town: Township, browse: Browse) -> None:
    first, mine, second = submitted(town), submitted(town, by="everything"), submitted(town)
    verifier, both = browse("verifier"), browse("everything")
    verdict = {"finding": "试水无渗漏", "outcome": "fixed"}
    done = verifier.send(address(town, first, "reject"), reason="还在渗漏")
    assert done.location.endswith("?then=checks")
    page = verifier.text(done.location)
    assert f"The next one: {current(town, mine).number}" in page
    assert "2 wait for a check" in page
    page = both.text(address(town, first) + "?then=checks")  # their own work is no turn of theirs
    assert f"The next one: {current(town, second).number}" in page
    for ticket_id in (mine, second):
        done = verifier.send(address(town, ticket_id, "verify"), **verdict)
    page = verifier.text(done.location)
    assert "The next one" not in page


def test_after_a_submission_the_owner_is_led_to_what_is_to_do_next(town: Township, browse: Browse) -> None:
    first, second = assigned(town), assigned(town)
    staff = browse("staff")
    done = staff.send(address(town, first, "submit"), photos=(picture(), "after.jpg"))
    assert f"The next one: {current(town, second).number}" in staff.text(done.location)


# -- who ----------------------------------------------------------------------------------------------
def test_nobody_verifies_their_own_work_by_any_route(town: Township, browse: Browse) -> None:
    ticket_id = submitted(town, by="everything")
    one, other = browse("everything"), browse("verifier")
    page = one.text(address(town, ticket_id))
    assert "You did part of this work yourself" in page
    for step in ("verify", "reject"):
        url = address(town, ticket_id, step)
        assert one.open(url).status_code == 403
        token = one.form(address(town, ticket_id, "comment"))
        data = token | {"finding": "好", "outcome": "fixed", "reason": "不好", "occurred_on": "2023-03-11"}
        assert one.client.post(url, data=data).status_code == 403
    assert current(town, ticket_id).status is Status.SUBMITTED
    assert send(other, address(town, ticket_id, "verify"), finding="好", outcome="fixed").startswith("303")


@pytest.mark.parametrize(
    ("post", "step"),
    [
        ("staff", "assign"),
        ("supervisor", "submit"),
        ("neighbour", "accept"),
        ("auditor", "comment"),
        ("administrator", "comment"),
        ("supervisor", "nonsense"),
        ("supervisor", "publicise"),
        ("supervisor", "reach_milestone"),
    ],
)
def test_a_step_one_may_not_take_does_not_exist(town: Township, browse: Browse, post: str, step: str) -> None:
    ticket_id = assigned(town)
    url = address(town, ticket_id, step)
    assert browse(post).open(url).status_code == 404
    form = browse("supervisor").form(address(town, ticket_id, "comment"))
    assert browse(post).client.post(url, data=form).status_code in (400, 404)
    assert current(town, ticket_id).version == town.state(ticket_id).version


def test_a_step_that_is_not_possible_now_says_so_before_anybody_types(town: Township, browse: Browse) -> None:
    ticket_id, verifier = assigned(town), browse("verifier")
    assert verifier.open(address(town, ticket_id, "verify")).status_code == 303
    assert "not possible as things now stand" in verifier.text(address(town, ticket_id))


@pytest.mark.parametrize("locale", ["en", "zh-Hans", "zh-Hant"])
def test_forms_are_in_order_in_every_language(town: Township, browse: Browse, locale: str) -> None:
    ticket_id = submitted(town)
    for post, steps in (("verifier", ("verify", "reject")), ("supervisor", ("comment", "request_exclusion", "amend"))):
        visitor = browse(post, locale)
        for step in ("", *steps):
            visitor.text(address(town, ticket_id, step))
