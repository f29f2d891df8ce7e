"""The log's page: what an auditor reads there, what stays covered, that a changed byte is named. On both databases."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from page_checks import check_page
from sqlalchemy import Engine, text
from ticket_stories import assigned, registered, take
from township import PHOTO, Township, at, plain_ticket

from tracker import clock, signin
from tracker.domain.commands import GiveGrant, TakeStep
from tracker.domain.events import StreamKind
from tracker.log import store
from tracker.log.seal import Tree
from tracker.queries import audit

Browse = Callable[..., Any]


def positions(page: str) -> list[int]:
    """Positions of the entries of a page, in its order."""
    return [int(found) for found in re.findall(r'class="serial cell-hidden">#(\d+)<', page)]


def size(town: Township) -> int:
    with town.engine.connect() as conn:
        return store.read_head(conn).size


def damage(engine: Engine, statement: str) -> None:
    """What somebody with the database in hand could do: the triggers are taken away first."""
    with engine.begin() as conn:
        if conn.dialect.name == "sqlite":
            for (name,) in conn.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).all():
                conn.execute(text(f"DROP TRIGGER {name}"))
        else:
            conn.execute(text("ALTER TABLE events DISABLE TRIGGER USER"))
        conn.execute(text(statement))


def test_entries_stand_newest_first_with_both_times_and_who(town: Township, browse: Browse) -> None:
    ticket_id = assigned(town)
    submit = TakeStep(
        ticket_id=ticket_id,
        step="submit",
        version=town.state(ticket_id).version,
        occurred_on=date(2023, 3, 10),
        evidence=(PHOTO,),
    )
    town.do(submit, "staff", at("2023-05-02"))
    page = browse("auditor").text("/log")
    assert positions(page) == list(range(size(town), size(town) - 50, -1))[: len(positions(page))]
    first = page[page.index('class="serial cell-hidden"') :].split("</tr>")[0]
    for said in ("10 Mar 2023", "2 May 2023, 10:00", "late entry, 53 days", "Submitted for closure", "晨光村网格员"):
        assert said in first
    assert town.state(ticket_id).number in first


def test_page_after_page_every_position_is_there_once(town: Township, browse: Browse) -> None:
    for _ in range(80):
        registered(town)
    auditor, url, seen = browse("auditor"), "/log", []
    while url:
        page = auditor.text(url)
        seen += positions(page)
        following = re.search(r'href="(/log\?before=\d+)" rel="next"', page)
        url = following.group(1) if following else ""
    assert seen == list(range(size(town), 0, -1))


def test_filters_narrow_to_a_kind_a_person_a_day_and_late_entries(town: Township, browse: Browse) -> None:
    ticket_id = assigned(town)
    take(town, ticket_id, "accept", "staff", "2023-03-03")
    late = TakeStep(
        ticket_id=ticket_id,
        step="submit",
        version=town.state(ticket_id).version,
        occurred_on=date(2023, 3, 10),
        evidence=(PHOTO,),
    )
    town.do(late, "staff", at("2023-05-02"))
    last = size(town)
    auditor = browse("auditor")
    assert positions(auditor.text("/log?kind=assigned")) == [last - 2]
    assert positions(auditor.text(f"/log?actor={town.person['staff']}")) == [last, last - 1]
    assert positions(auditor.text("/log?day=2023-03-02")) == [last - 2]
    assert positions(auditor.text("/log?day=2023-03-02&kind=closed")) == []
    assert positions(auditor.text("/log?late=yes")) == [last]
    assert positions(auditor.text("/log?kind=assigned&day=2024-01-01")) == []


def test_filters_stand_in_the_frame_that_every_list_has(town: Township, browse: Browse) -> None:
    auditor = browse("auditor")
    for url in ("/log", "/sign-ins"):
        assert '<div class="filters"><div class="filters__row">' in auditor.text(url), url


def test_a_day_that_cannot_be_read_is_refused_at_its_field_and_the_rest_is_kept(town: Township, browse: Browse) -> None:
    answer = browse("auditor").open("/log?day=2023-02-30&kind=granted")
    assert answer.status_code == 422
    check_page(answer.text)
    assert 'value="2023-02-30"' in answer.text
    assert "is not a day" in answer.text
    assert '<option value="granted" selected>' in answer.text


def test_an_entry_of_a_restricted_ticket_keeps_its_place_and_says_nothing_else(town: Township, browse: Browse) -> None:
    command = plain_ticket(town, "petition", is_restricted=True, named_ids=(town.person["supervisor"],))
    ticket_id = town.do(command, "supervisor", at("2023-03-01"))[0].stream_id
    number = town.state(ticket_id).number
    page = browse("auditor").text("/log")
    assert positions(page)[0] == ticket_id
    first = page[page.index('class="serial cell-hidden"') :].split("</tr>")[0]
    assert "about a ticket that you may not see" in first
    assert number not in page
    assert "镇督办" not in first
    assert "2023" not in first  # nor when
    assert ticket_id not in positions(browse("auditor").text("/log?day=2023-03-01"))
    # nor does a filter tell what it says
    assert ticket_id not in positions(browse("auditor").text("/log?kind=registered"))
    assert ticket_id not in positions(browse("auditor").text(f"/log?actor={town.person['supervisor']}"))
    assert number in browse("supervisor").text("/log")


def test_a_ticket_that_one_may_not_see_is_not_read_in_the_log_either(town: Township, browse: Browse) -> None:
    """An administrator looks after people and sees no ticket; a supervisor of one village, none of another."""
    ticket_id = assigned(town)
    take(town, ticket_id, "accept", "staff", "2023-03-03")
    number, last = town.state(ticket_id).number, size(town)
    administrator = browse("administrator")
    page = administrator.text("/log")
    first = page[page.index('class="serial cell-hidden"') :].split("</tr>")[0]
    assert positions(page)[0] == last
    assert number not in page
    assert [said in first for said in ("Accepted", "晨光村网格员")] == [False, False]
    for asked in ("kind=accepted", f"actor={town.person['staff']}"):
        assert last not in positions(administrator.text(f"/log?{asked}"))
        assert last in positions(browse("auditor").text(f"/log?{asked}"))


def test_entries_about_people_are_open_to_administrators_and_auditors_of_everything(
    town: Township, browse: Browse
) -> None:
    with town.engine.connect() as conn:
        (granted,) = [
            e for e in store.read_stream(conn, StreamKind.PERSON, town.person["staff"]) if e.kind == "granted"
        ]
    one_village = GiveGrant(
        person_id=town.person["colleague"], role="auditor", unit_id=town.unit["chenguang"], starts_on=date(2023, 1, 1)
    )
    town.do(one_village, "administrator", at("2023-03-01"))
    for post, is_open in {"auditor": True, "administrator": True, "supervisor": False, "colleague": False}.items():
        reader = browse(post)
        said = {
            entry.group(1): entry.group(0)
            for entry in re.finditer(
                r'cell-hidden">#(\d+)<.*?</tr>', reader.text(f"/log?before={granted.position + 1}"), re.S
            )
        }[str(granted.position)]
        assert ("晨光村网格员" in said) == is_open, post
        assert ("This entry is about a person." in said) != is_open, post
        for asked in ("kind=granted", "actor=0"):
            found = positions(reader.text(f"/log?{asked}&before={granted.position + 1}"))
            assert (granted.position in found) == is_open, (post, asked)
        assert reader.open("/sign-ins").status_code == (200 if is_open else 404), post


def test_no_private_value_stands_in_it(town: Township, browse: Browse) -> None:
    registered(town)
    assert "刘小云" not in browse("auditor").text("/log")


def test_the_head_of_the_tree_is_there_and_the_latest_entries_fit_it(town: Township, browse: Browse) -> None:
    registered(town)
    with town.engine.connect() as conn:
        head = store.read_head(conn)
    page = browse("auditor").text("/log")
    assert head.root.hex() in page
    assert f"Entries #1 to #{head.size}" in page
    assert "The latest entries hold together" in page


@pytest.mark.parametrize(
    "harm",
    [
        "UPDATE events SET actor_id = 0 WHERE position = {last}",
        "UPDATE events SET occurred_on = occurred_on - 1 WHERE position = {last}",
        "DELETE FROM events WHERE position = {before}",
        "UPDATE log_head SET size = size - 1",
    ],
)
def test_a_log_that_was_tampered_with_is_said_so(town: Township, browse: Browse, harm: str) -> None:
    registered(town)
    last = size(town)
    damage(town.engine, harm.format(last=last, before=last - 1))
    page = browse("auditor").text("/log")
    assert "The log does not hold together" in page
    assert str(last) in page[page.index("The log does not hold together") :][:400]


def test_the_check_begins_at_a_branch_of_the_tree_and_needs_no_more(town: Township) -> None:
    for _ in range(30):
        registered(town)
    with town.engine.connect() as conn:
        for at_most in (1, 2, 5, 16, 40, 1000):
            check = audit.check_latest(conn, at_most)
            assert not check.faults
            assert check.size - check.first + 1 <= at_most
            if check.tree_from is not None:
                Tree(check.tree_from - 1, b"\0" * 32 * (check.tree_from - 1).bit_count())  # a branch begins there
    assert replace(check, faults=()).first == 1


def test_who_has_no_right_does_not_find_it(town: Township, browse: Browse) -> None:
    for post, status in {
        "auditor": 200,
        "supervisor": 200,
        "administrator": 200,
        "staff": 404,
        "verifier": 404,
    }.items():
        assert browse(post).open("/log").status_code == status, post


# -- sign-ins -----------------------------------------------------------------------------------------
@pytest.mark.parametrize("locale", ["zh-Hans", "zh-Hant", "en"])
def test_auditors_see_who_signed_in_and_what_failed_newest_first(town, browse, locale):
    auditor, _ = browse("auditor", locale), browse("staff", locale)
    stranger = signin.Browser(address="198.51.100.66", name="curl", device="")
    for login in ("staff", "MySecretPassword"):
        signin.sign_in(town.engine, login=login, password="wrong", browser=stranger, now=clock.now())
    page = auditor.text("/sign-ins")
    assert page.count("198.51.100.66") == 2
    assert "mysecretpassword" not in page.lower()
    assert "晨光村网格员" in page.split("<tbody")[1]
    alone = auditor.text(f"/sign-ins?person={town.person['auditor']}").split("<tbody")[1]
    assert "198.51.100.66" not in alone
    assert alone.count('role="row"') == 1
