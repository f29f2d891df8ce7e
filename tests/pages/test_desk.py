"""First pages: where each person begins, what the desk says, and the list of today."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from township import Township, plain_ticket

from tracker import clock
from tracker.blueprints.desk import MOST_TOLD
from tracker.blueprints.list_view import MOST_ROWS
from tracker.domain.commands import TakeStep
from tracker.queries import desk
from tracker.queries.tickets import ticket_now


def register(town: Township, text: str = "化粪池破损渗漏", by: str = "supervisor", **more: object) -> int:
    values = {"problem": text, "category": "quality", "household": "刘小云"}
    command = plain_ticket(town, **({"values": values, "found_on": yesterday(town, 40)} | more))
    return town.do(command, by, clock.now())[0].stream_id


def yesterday(town: Township, days: int = 1) -> date:
    return today(town) - timedelta(days=days)


def today(town: Township) -> date:
    return town.house.today(clock.now())


def take(town: Township, ticket_id: int, step: str, by: str, on: date | None = None, **values: object) -> None:
    command = TakeStep(
        ticket_id=ticket_id,
        step=step,
        version=town.state(ticket_id).version,
        occurred_on=on or today(town),
        values=values,
        evidence=({"digest": "ab" * 32, "name": "a.jpg", "media_type": "image/jpeg", "size": 9, "kind": "photo_after"},)
        if step == "submit"
        else (),
    )
    town.do(command, by, clock.now())


def assigned(town: Township, text: str, due: int, on: int = 30, unit: str = "chenguang") -> int:
    """A ticket assigned `on` days ago, due in `due` days."""
    ticket_id = register(town, text)
    take(
        town,
        ticket_id,
        "assign",
        "supervisor",
        yesterday(town, on),
        owner_unit_id=town.unit[unit],
        due_on=today(town) + timedelta(days=due),
    )
    return ticket_id


@pytest.mark.parametrize(
    ("post", "page"),
    [
        ("supervisor", "/desk"),
        ("official", "/desk"),
        ("verifier", "/desk"),
        ("approver", "/desk"),
        ("staff", "/today"),
        ("auditor", "/figures"),
        ("administrator", "/admin/people"),
        ("everything", "/desk"),
    ],
)
def test_each_person_begins_with_the_page_of_their_work(browse, post, page):
    assert browse(post).open("/").headers["Location"] == page


def test_the_desk_says_what_is_late_and_whose(town, browse):
    assigned(town, "粪管断裂渗漏一处", due=-12)
    assigned(town, "厕屋门缺失一扇", due=-1, unit="donghu")
    assigned(town, "盖板松动一块", due=20)
    text = browse("supervisor").text("/desk")
    assert "12 days overdue" in text
    assert "1 day overdue" in text
    assert text.index("粪管断裂渗漏一处") < text.index("厕屋门缺失一扇")
    assert "盖板松动一块" not in text
    assert "东湖村" in text


def test_the_desk_shows_what_waits_for_a_check_and_for_a_decision(town, browse):
    waits = assigned(town, "已经换好化粪池", due=10)
    take(town, waits, "submit", "staff", note="已换")
    asks = assigned(town, "请求延期的一件", due=10)
    take(town, asks, "request_extension", "staff", extension_days=10, reason="连日大雨")
    text = browse("supervisor").text("/desk")
    assert text.index('id="verify"') < text.index("已经换好化粪池") < text.index('id="decide"')
    assert text.index('id="decide"') < text.index("请求延期的一件")
    for post, act in {
        "verifier": "Look and decide",
        "approver": "Open the ticket",
        "official": "Open the ticket",
    }.items():
        text = browse(post).text("/desk")
        assert "已经换好化粪池" in text
        assert f">{act}</a>" in text


def test_an_empty_desk_says_so_and_is_no_error(browse):
    for post in ("supervisor", "verifier", "approver"):
        assert "No open ticket is past its due day." in browse(post).text("/desk")


def test_today_lists_what_to_do_in_order_of_doing(town, browse):
    fresh = assigned(town, "刚刚交办的一件", due=60, on=0)
    late = assigned(town, "已经逾期的一件", due=-3)
    take(town, late, "accept", "staff", yesterday(town, 20))
    now_due = assigned(town, "今天到期的一件", due=0)
    take(town, now_due, "accept", "staff", yesterday(town, 20))
    other = assigned(town, "东湖村的一件事", due=-3, unit="donghu")
    text = browse("staff").text("/today")
    places = [text.index(words) for words in ("已经逾期的一件", "今天到期的一件", "刚刚交办的一件")]
    assert places == sorted(places)
    assert "东湖村的一件事" not in text
    assert town.state(fresh).number in text
    assert town.state(other).number not in text


def test_what_came_back_stands_first_with_the_reason_until_it_is_submitted_again(town, browse):
    assigned(town, "已经逾期的一件", due=-3)
    back = assigned(town, "退回来的这一件", due=60)
    take(town, back, "submit", "staff", yesterday(town, 3))
    take(town, back, "reject", "verifier", yesterday(town, 2), reason="照片看不清井盖")
    text = browse("staff").text("/today")
    places = [text.index(words) for words in ('id="sent_back"', "退回来的这一件", "照片看不清井盖", "已经逾期的一件")]
    assert places == sorted(places)
    assert "Verification failed" in text
    take(town, back, "accept", "staff", yesterday(town, 1))
    assert 'id="sent_back"' in browse("staff").text("/today")
    take(town, back, "submit", "staff")
    text = browse("staff").text("/today")
    assert 'id="sent_back"' not in text
    assert "照片看不清井盖" not in text


def test_the_owner_of_a_late_ticket_is_urged_in_one_press(town, browse):
    late, other = assigned(town, "盖板早已破裂", due=-3), assigned(town, "池体渗漏已久", due=-2)
    desk_of = browse("supervisor")
    sent = desk_of.form("/desk", "/desk/urge") | {"ticket": f"{late}.{town.state(late).version}"}
    for _ in range(2):
        answer = desk_of.client.post("/desk/urge", data=sent)
        assert answer.headers["Location"] == f"/desk#urge-{late}"
    text = desk_of.text("/desk")
    assert "1 ticket urged." in text
    assert text.count("urged today") == 1
    assert f'value="{other}.2"' in text
    with town.engine.connect() as conn:
        assert desk.urged_on(conn, [late, other]) == {late: today(town)}
    take(town, other, "submit", "staff")
    refused = desk_of.client.post("/desk/urge", data=sent | {"ticket": f"{other}.2", "key": "another"})
    assert refused.status_code == 303
    assert "Not urged" in desk_of.text("/desk")


def test_new_tickets_are_accepted_without_leaving_the_list_and_twice_is_once(town, browse):
    first, second = assigned(town, "刚刚交办的一件", due=9, on=0), assigned(town, "刚刚交办的两件", due=9, on=0)
    visitor = browse("staff")
    sent = visitor.form("/today", "/today/accept")
    assert len(sent["ticket"]) == 2
    for _ in range(2):
        answer = visitor.client.post("/today/accept", data=sent)
        assert answer.headers["Location"] == "/today"
    text = visitor.text("/today")
    assert "2 tickets accepted." in text
    assert "Not accepted" not in text
    with town.engine.connect() as conn:
        states = [ticket_now(conn, i) for i in (first, second)]
    assert [s.status for s in states if s] == ["accepted", "accepted"]
    assert [s.version for s in states if s] == [3, 3]


def test_one_acceptance_takes_as_many_as_a_list_shows(town, browse):
    ticket = assigned(town, "刚刚交办的一件", due=9, on=0)
    visitor = browse("staff")
    sent = visitor.form("/today", "/today/accept")
    sent["ticket"] = [*(f"{n}.1" for n in range(10**6, 10**6 + MOST_ROWS)), sent["ticket"]]
    assert visitor.client.post("/today/accept", data=sent).status_code == 303
    with town.engine.connect() as conn:
        state = ticket_now(conn, ticket)
    assert state is not None
    assert state.status == "assigned"
    assert visitor.text("/today").count("Not accepted") == MOST_TOLD


def test_who_accepts_a_ticket_that_moved_on_is_told_why_not(town, browse):
    ticket_id = assigned(town, "刚刚交办的一件", due=9, on=0)
    visitor = browse("staff")
    sent = visitor.form("/today", "/today/accept")
    take(town, ticket_id, "accept", "colleague")
    visitor.client.post("/today/accept", data=sent)
    assert "Not accepted: " in visitor.text("/today")


def test_a_day_without_work_says_so(browse):
    assert "Nothing to do by Sunday" in browse("staff").text("/today")


def test_forged_rows_are_passed_over(town, browse):
    visitor = browse("staff")
    register(town)
    answer = visitor.client.post(
        "/today/accept",
        data={"csrf_token": visitor.form("/profile")["csrf_token"], "ticket": ["x", "1", "9.9", "٣.1"], "key": "k"},
    )
    assert answer.status_code == 303


def test_only_those_with_the_role_have_a_desk_or_a_list_of_today(browse):
    assert browse("staff").open("/desk").status_code == 404
    assert browse("supervisor").open("/today").status_code == 404
    assert browse("auditor").open("/desk").status_code == 404


def test_first_pages_read_in_every_language(town, browse):
    assigned(town, "粪管断裂渗漏一处", due=-12)
    for locale in ("zh-Hans", "zh-Hant", "en"):
        assert "粪管断裂渗漏一处" in browse("staff", locale).text("/today")


def test_where_a_group_of_the_desk_is_cut_it_says_so(town, browse, monkeypatch):
    monkeypatch.setattr(desk, "SHOWN", dict.fromkeys(desk.SHOWN, 1))
    for due in (-9, -3, 0, 0):
        assigned(town, f"差{due}天的一件", due=due)
    text = browse("supervisor").text("/desk")
    assert "The 1 latest are shown." in text
    assert "差-3天的一件" not in text
    assert "1 ticket late" not in text  # of a cut list nobody knows how many the unit has
    assert "There are more; these come first." in text
    assert text.count('class="day__date"') == 1  # a day that the cut list does not reach is not called empty


def test_every_page_says_when_its_figures_follow_earlier_rules(town, browse):
    supervisor = browse("supervisor")
    assert "xiaohao rebuild" not in supervisor.text("/desk")
    town.house.rules = "those of a newer pack"
    for url in ("/desk", "/figures"):
        assert "xiaohao rebuild" in supervisor.text(url)
