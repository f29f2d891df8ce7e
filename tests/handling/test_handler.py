"""handle(): what one command leaves behind, and what a refused one does not. On both databases."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from functools import partial
from typing import Any

import pytest
from handling.wholeness import troubles
from sqlalchemy import URL
from township import DOCUMENT, PACK, PHOTO, PLAIN_VALUES, Township, at, plain_ticket

from tracker import signin
from tracker.domain.commands import (
    AddPerson,
    AddUnit,
    AmendTicket,
    ChangeAccount,
    GiveGrant,
    MarkDemonstration,
    NoteAccess,
    PersonLeaves,
    TakeStep,
)
from tracker.domain.events import StreamKind
from tracker.domain.people import SYSTEM, AccountChange
from tracker.domain.refusals import Kind, Refusal
from tracker.handler import Refused, Request, handle, handle_all
from tracker.log import store
from tracker.log.audit import named_files

NOW = at("2023-03-05")
DAY = date(2023, 3, 5)


@pytest.fixture
def town_pack():
    return PACK


@pytest.fixture
def town(database: URL) -> Iterator[Township]:
    founded = Township.joined(database)
    yield founded
    assert troubles(founded.engine, founded.pack) == []
    founded.close()


def size(town: Township) -> int:
    with town.engine.connect() as conn:
        return store.read_head(conn).size


def a_step(ticket_id: int, name: str, version: int = 1, **values: Any) -> TakeStep:
    return TakeStep(ticket_id=ticket_id, step=name, version=version, occurred_on=DAY, values=values)


def refusal(town: Township, command: Any, by: str | int) -> Refusal:
    actor = town.person[by] if isinstance(by, str) else by
    before = size(town)
    with pytest.raises(Refusal) as caught:
        handle(town.house, command, actor_id=actor, now=NOW)
    assert size(town) == before, "a refused command was written"
    return caught.value


def test_a_double_click_does_nothing_twice_and_gets_the_same_answer(town: Township) -> None:
    command, actor = plain_ticket(town, key="form 1"), town.person["supervisor"]
    first = handle(town.house, command, actor_id=actor, now=NOW)
    second = handle(town.house, command, actor_id=actor, now=at("2023-03-06"))
    assert (second.stream_id, second.number, second.is_repeat) == (first.stream_id, first.number, True)
    assert (first.is_repeat, first.number) == (False, "厕-2023-0001")


def test_a_key_belongs_to_its_sender_and_to_its_ticket(town: Township) -> None:
    (one,) = town.do(plain_ticket(town, key="k"), "supervisor", NOW)
    (other,) = town.do(plain_ticket(town, key="k"), "verifier", NOW)
    assert one.stream_id != other.stream_id
    remark = replace(a_step(one.stream_id, "comment", message="一"), key="remark")
    town.do(remark, "supervisor", NOW)
    again = refusal(town, replace(remark, ticket_id=other.stream_id), "supervisor")
    assert again.code == "key_used_for_another_command"


@pytest.mark.parametrize(
    ("restricted", "change"),
    [
        (False, {"problem": "化粪池盖板缺失"}),
        (False, {"household": "王大山"}),
        (False, {"household": None}),
        (True, {"problem": "化粪池盖板缺失"}),
    ],
)
def test_a_key_that_registered_one_problem_registers_no_other(town: Township, restricted: bool, change) -> None:
    command = plain_ticket(town, key="form", is_restricted=restricted, evidence=(PHOTO,))
    town.do(command, "supervisor", NOW)
    other = replace(command, values={**command.values, **change})
    assert refusal(town, other, "supervisor").code == "key_used_for_another_command"
    assert handle(town.house, command, actor_id=town.person["supervisor"], now=NOW).is_repeat


def test_a_key_of_one_kind_of_command_is_of_no_use_for_another(town: Township) -> None:
    command = plain_ticket(town, key="k")
    (one,) = town.do(command, "supervisor", NOW)
    remark = replace(a_step(one.stream_id, "comment", message="一"), key="k")
    assert refusal(town, remark, "supervisor").code == "key_used_for_another_command"
    assert refusal(town, replace(command, place_id=town.unit["donghu"]), "supervisor").kind is Kind.CONFLICT
    person = AddPerson(name="新来的", unit_id=town.unit["town"], key="p")
    added = handle(town.house, person, actor_id=town.person["administrator"], now=NOW)
    role = {"role": "staff", "unit_id": town.unit["town"], "starts_on": NOW.date(), "key": "p"}
    grant = GiveGrant(person_id=added.stream_id, **role)
    assert refusal(town, grant, "administrator").code == "key_used_for_another_command"


@pytest.mark.parametrize("number", [0, -1, 1, 10**9, 2**40], ids=str)
def test_a_forged_ticket_id_is_unknown(town: Township, number: int) -> None:
    """1 is an event, but a unit's."""
    assert refusal(town, a_step(number, "comment", message="x"), "supervisor").code == "ticket_unknown"


def test_a_ticket_that_one_may_not_see_is_answered_like_one_that_is_not_there(town: Township) -> None:
    named = (town.person["supervisor"], town.person["verifier"])
    (secret,) = town.do(plain_ticket(town, is_restricted=True, named_ids=named), "supervisor", NOW)
    (elsewhere,) = town.do(plain_ticket(town, place="donghu"), "supervisor", NOW)
    for hidden, who in ((secret, "second_verifier"), (secret, "approver"), (secret, "auditor"), (elsewhere, "staff")):
        told = refusal(town, a_step(hidden.stream_id, "comment", message="x"), who)
        unknown = refusal(town, a_step(10**9, "comment", message="x"), who)
        assert (told.code, told.field) == (unknown.code, unknown.field) == ("ticket_unknown", None)


def test_a_restricted_ticket_has_numbers_of_its_own_and_no_text_in_the_log(town: Township) -> None:
    town.do(plain_ticket(town), "supervisor", NOW)
    (secret,) = town.do(plain_ticket(town, is_restricted=True), "supervisor", NOW)
    town.do(plain_ticket(town), "supervisor", NOW)
    assert [t.number for t in town.states.values()] == ["厕-2023-0001", "厕密-2023-0001", "厕-2023-0002"]
    assert PLAIN_VALUES["toilet"]["problem"] not in str(secret.data)
    assert town.state(secret.stream_id).named_ids == (town.person["supervisor"],)


def test_numbers_begin_anew_each_year(town: Township) -> None:
    town.do(plain_ticket(town), "supervisor", at("2023-12-31"))
    town.do(plain_ticket(town), "supervisor", at("2024-01-01", hour=0))
    assert [t.number for t in town.states.values()] == ["厕-2023-0001", "厕-2024-0001"]


def test_the_day_of_recording_is_that_of_the_log_not_of_greenwich(town: Township) -> None:
    """Half past midnight on the 6th in Hunan is still the 5th in UTC: the 6th is no future."""
    command = plain_ticket(town, found_on=date(2023, 3, 6))
    town.do(command, "supervisor", at("2023-03-06", hour=0))
    assert refusal(town, plain_ticket(town, found_on=date(2023, 3, 7)), "supervisor").code == "found_in_future"


def test_a_batch_is_all_or_nothing_unless_told_to_go_on(town: Township) -> None:
    good = [plain_ticket(town, key=str(n)) for n in range(3)]
    bad = plain_ticket(town, found_on=date(2024, 1, 1))
    requests = [Request(c, town.person["supervisor"], NOW) for c in (*good[:2], bad, good[2])]
    before = size(town)
    with pytest.raises(Refusal):
        handle_all(town.house, requests)
    assert size(town) == before
    results = handle_all(town.house, requests, goes_on=True)
    assert [isinstance(r, Refused) for r in results] == [False, False, True, False]
    assert size(town) == before + 3


def test_a_batch_sees_what_it_did_itself(town: Township) -> None:
    """An external number twice in one file, the same row twice, a step on a ticket of the same batch."""
    values = {**PLAIN_VALUES["petition"], "platform_no": "431221001"}
    one = plain_ticket(town, "petition", values=values)
    actor = town.person["supervisor"]
    first, second = handle_all(town.house, [Request(one, actor, NOW), Request(one, actor, NOW)], goes_on=True)
    assert isinstance(second, Refused)
    assert [(r.code, r.field, r.params["number"]) for r in second.refusals] == [
        ("duplicate_external_number", "platform_no", first.number)  # type: ignore[union-attr]
    ]
    keyed = [Request(plain_ticket(town, key="row 7"), actor, NOW)] * 2
    assert [o.is_repeat for o in handle_all(town.house, keyed)] == [False, True]  # type: ignore[union-attr]


def test_a_void_number_may_be_registered_again(town: Township) -> None:
    values = {**PLAIN_VALUES["petition"], "platform_no": "431221001"}
    (first,) = town.do(plain_ticket(town, "petition", values=values), "supervisor", NOW)
    assert refusal(town, plain_ticket(town, "petition", values=values), "supervisor").params["number"] == "访-2023-0001"
    town.do(a_step(first.stream_id, "request_exclusion", 1, way="void", reason="误录"), "supervisor", NOW)
    town.do(a_step(first.stream_id, "void", 2), "approver", NOW)
    town.do(plain_ticket(town, "petition", values=values), "supervisor", NOW)


def test_after_a_refusal_in_the_middle_the_next_command_finds_everything_in_order(town: Township) -> None:
    """What a rolled-back transaction had numbered (folios, tickets) is not remembered."""
    early = plain_ticket(town, "house", found_on=date(2019, 1, 1))
    bad = plain_ticket(town, found_on=date(2024, 1, 1))
    requests = [Request(c, town.person["supervisor"], NOW) for c in (early, bad)]
    with pytest.raises(Refusal):
        handle_all(town.house, requests)
    town.do(plain_ticket(town, "house", found_on=date(2018, 1, 1)), "supervisor", NOW)
    town.do(early, "supervisor", NOW)
    assert [t.number for t in town.states.values()] == ["房-2023-0001", "房-2023-0002"]


def test_who_has_left_does_nothing_more(town: Township) -> None:
    handle(town.house, PersonLeaves(person_id=town.person["verifier"], occurred_on=DAY),
           actor_id=town.person["administrator"], now=NOW)  # fmt: skip
    assert refusal(town, plain_ticket(town), "verifier").code == "not_permitted"


def test_a_grant_begins_on_its_day_and_in_its_register(town: Township) -> None:
    administrator = town.person["administrator"]
    person = handle(town.house, AddPerson(name="新人", unit_id=town.unit["town"]), actor_id=administrator, now=NOW)
    grant = GiveGrant(person_id=person.stream_id, role="supervisor", unit_id=town.unit["town"], register="toilet",
                      starts_on=date(2023, 3, 6))  # fmt: skip
    handle(town.house, grant, actor_id=administrator, now=NOW)
    assert refusal(town, plain_ticket(town), person.stream_id).code == "not_permitted"
    tomorrow = at("2023-03-06")
    handle(town.house, plain_ticket(town), actor_id=person.stream_id, now=tomorrow)
    with pytest.raises(Refusal, match="not_permitted"):
        handle(town.house, plain_ticket(town, "house"), actor_id=person.stream_id, now=tomorrow)


@pytest.mark.parametrize("who", ["supervisor", "staff", "auditor", "approver"])
def test_only_an_administrator_changes_people_and_units(town: Township, who: str) -> None:
    unit = AddUnit(code="x", name="x", kind="village", parent_id=None)
    grant = GiveGrant(person_id=town.person[who], role="administrator", unit_id=town.unit["town"], starts_on=DAY)
    for command in (unit, grant, AddPerson(name="x", unit_id=town.unit["town"])):
        assert refusal(town, command, who).code == "not_permitted"


def test_an_administrator_has_no_tickets(town: Township) -> None:
    (event,) = town.do(plain_ticket(town), "supervisor", NOW)
    assert refusal(town, plain_ticket(town), "administrator").code == "not_permitted"
    assert refusal(town, a_step(event.stream_id, "comment", message="x"), "administrator").code == "ticket_unknown"


def test_nobody_acts_in_the_name_of_the_system_or_of_nobody(town: Township) -> None:
    for nobody in (SYSTEM, 10**9):
        assert refusal(town, plain_ticket(town), nobody).code == "not_permitted"


def test_a_log_that_has_begun_is_never_marked_as_a_demonstration(town: Township) -> None:
    assert refusal(town, MarkDemonstration(town="铁丝塘镇", ends_on=NOW.date()), SYSTEM).code == "not_permitted"


def test_who_reads_a_restricted_ticket_makes_no_form_stale(town: Township) -> None:
    named = (town.person["supervisor"], town.person["staff"])
    (event,) = town.do(plain_ticket(town, is_restricted=True, named_ids=named), "supervisor", NOW)
    read = NoteAccess(ticket_id=event.stream_id, kind="read", data={"reason": "核对"})
    handle(town.house, read, actor_id=town.person["supervisor"], now=NOW)
    assert refusal(town, read, "auditor").code == "ticket_unknown"
    town.do(a_step(event.stream_id, "assign", 1, owner_unit_id=town.unit["chenguang"]), "supervisor", NOW)
    with town.engine.connect() as conn:
        (access,) = store.read_stream(conn, StreamKind.ACCESS, event.stream_id)
    assert (access.kind, access.actor_id) == ("read", town.person["supervisor"])


@pytest.mark.parametrize("seen", [0, 2, 10**9, 2**62], ids=str)
def test_a_version_that_the_ticket_never_had_is_a_conflict_and_writes_nothing(town: Township, seen: int) -> None:
    (event,) = town.do(plain_ticket(town), "supervisor", NOW)
    step = a_step(event.stream_id, "assign", seen, owner_unit_id=town.unit["chenguang"])
    amend = AmendTicket(ticket_id=event.stream_id, version=seen, changes={"household": "刘大云"}, reason="误")
    for command in (step, amend):
        why = refusal(town, command, "supervisor")
        assert (why.code, why.kind) == ("stale_version", Kind.CONFLICT)
    with town.engine.connect() as conn:
        assert len(store.read_stream(conn, StreamKind.TICKET, event.stream_id)) == 1


def test_a_whole_life_leaves_the_events_that_it_says_in_their_order(town: Township) -> None:
    (event,) = town.do(plain_ticket(town), "supervisor", NOW)
    files = (PHOTO, DOCUMENT)
    town.do(a_step(event.stream_id, "assign", 1, owner_unit_id=town.unit["chenguang"]), "supervisor", NOW)
    town.do(replace(a_step(event.stream_id, "submit", 2), evidence=files), "staff", NOW)
    town.do(a_step(event.stream_id, "verify", 3, finding="已修好", outcome="fixed"), "verifier", NOW)
    amend = AmendTicket(ticket_id=event.stream_id, version=5, changes={"household": "刘大云"}, reason="误")
    town.do(amend, "supervisor", NOW)
    with town.engine.connect() as conn:
        events = store.read_stream(conn, StreamKind.TICKET, event.stream_id)
    assert [e.kind for e in events] == ["registered", "assigned", "submitted", "verified", "closed", "amended"]
    assert [e.version for e in events] == [1, 2, 3, 4, 5, 6]
    assert [e.position for e in events] == list(range(events[0].position, events[0].position + 6))
    assert list(events) == town.history(event.stream_id)


def test_who_wrote_the_reply_does_not_pass_it_even_after_the_state_is_read_again(town: Township) -> None:
    """The recorder is known from the log alone: another process, with nothing in memory, refuses as well."""
    (event,) = town.do(plain_ticket(town, "petition"), "supervisor", NOW)
    ticket_id = event.stream_id
    town.do(a_step(ticket_id, "assign", 1, owner_unit_id=town.unit["chenguang"]), "supervisor", NOW)
    town.do(a_step(ticket_id, "accept", 2), "staff", NOW)
    town.do(a_step(ticket_id, "reach_milestone", 4, milestone="replied"), "verifier", NOW)
    town.do(a_step(ticket_id, "submit", 5, note="已答复"), "staff", NOW)
    verify = a_step(ticket_id, "verify", 6, finding="属实", outcome="replied")
    other = town.again()
    assert refusal(other, verify, "verifier").code == "own_work_cannot_be_verified"
    other.close()
    town.do(verify, "second_verifier", NOW)


def test_the_last_who_knows_of_a_restricted_ticket_does_not_leave_before_naming_another(town: Township) -> None:
    command = plain_ticket(town, is_restricted=True)
    (event,) = town.do(command, "supervisor", NOW)
    leaves = PersonLeaves(person_id=town.person["supervisor"], occurred_on=DAY)
    assert refusal(town, leaves, "administrator").code == "last_keeper"
    town.do(a_step(event.stream_id, "name", people=(town.person["everything"],)), "supervisor", NOW)
    handle(town.house, leaves, actor_id=town.person["administrator"], now=NOW)


def test_a_ticket_into_which_another_was_merged_just_now_or_before_is_not_voided(town: Township) -> None:
    stays, goes = (town.do(plain_ticket(town), "supervisor", NOW)[0].stream_id for _ in range(2))
    asked = {stays: a_step(stays, "request_exclusion", way="void", reason="误登"),
             goes: a_step(goes, "request_exclusion", way="merge", into_id=stays, reason="重复")}  # fmt: skip
    for command in asked.values():
        town.do(command, "supervisor", NOW)
    approver = town.person["approver"]
    both = [Request(a_step(goes, "merge", 2), approver, NOW), Request(a_step(stays, "void", 2), approver, NOW)]
    _, refused = handle_all(town.house, both, goes_on=True)
    assert isinstance(refused, Refused)
    assert [why.code for why in refused.refusals] == ["others_merged_into_it"]
    assert refusal(town, a_step(stays, "void", 2), "approver").code == "others_merged_into_it"


def test_an_account_and_its_entry_in_the_log_come_together_or_not_at_all(town: Township) -> None:
    person_id, by = town.person["staff"], town.person["administrator"]
    row = {"login": "chenguang", "new_hash": signin.password_hash("chenguang", "first 口令 9"), "person_id": person_id}
    opens = partial(signin.open_account, **row, locale=None, must_change=True, now=NOW)
    command = ChangeAccount(person_id=person_id, login="chenguang", change=AccountChange.OPENED)
    handle(town.house, command, actor_id=by, now=NOW, beside=opens)
    before = size(town)
    with pytest.raises(Refusal, match="login_taken"):
        handle(town.house, command, actor_id=by, now=NOW, beside=opens)
    assert size(town) == before
    with pytest.raises(Refusal, match="not_permitted"):
        handle(town.house, replace(command, login="second"), actor_id=person_id, now=NOW,
               beside=partial(opens, login="second"))  # fmt: skip
    with town.engine.connect() as conn:
        assert signin.person_of(conn, "second") is None


def test_every_file_that_the_log_names_is_known_to_be_kept(town: Township) -> None:
    (ticket,) = town.do(plain_ticket(town, evidence=(PHOTO,)), "supervisor", NOW)
    paper = replace(a_step(ticket.stream_id, "request_exclusion", way="void", reason="误"), evidence=(DOCUMENT,))
    town.do(paper, "supervisor", NOW)
    restricted = {**PHOTO, "digest": "ef" * 32}
    town.do(plain_ticket(town, "petition", is_restricted=True, evidence=(restricted,)), "supervisor", NOW)
    with town.engine.connect() as conn:
        assert named_files(conn) == {PHOTO["digest"], restricted["digest"]}
