"""THE table of steps against the second copy of it in `lives.py`: what is possible where, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from histories import Player
from lives import ALL_ON, BEFORE, BY, DAY, DECIDES_EXTENSION, EVERYTHING, POSSIBLE, Life, life_at
from township import PHOTO, Paper, Refused, at, refused

from tracker.domain.commands import TakeStep
from tracker.domain.deciding import awaited_decisions, awaited_step, has_step, possible_steps
from tracker.domain.deciding import closes as finishes
from tracker.domain.effects import _APPLY
from tracker.domain.events import TICKET_KINDS
from tracker.domain.lifecycle import STEP_BY_NAME, STEPS, SWITCHES, Need, Status, Step
from tracker.domain.needs import COLLECT
from tracker.domain.ticket import Ticket


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)
@pytest.mark.parametrize("status", [s.value for s in Status])
def test_a_step_is_possible_where_the_table_says_and_leads_where_it_says(status: str, step: Step) -> None:
    possible, after = POSSIBLE[step.name]
    life = life_at(status, step.name)
    answer = life.take(f"{step.name}:{BEFORE.get(step.name, '').split(':')[-1].split(' ')[0]}")
    if status not in possible.split():
        assert answer is not None
        owns = life.paper.state(life.id).owner_unit_id is not None or BY.get(step.name) != "staff"
        assert answer.codes == ("step_not_possible_now" if owns else "not_permitted",)  # the owner's, and nobody owns
        assert life.status == status
    elif step.name in DECIDES_EXTENSION and status == "registered":  # nobody can have asked yet
        assert answer is not None
        assert "no_open_request" in answer.codes
    else:
        assert answer is None, answer
        assert life.status == (after or status)


def test_every_step_of_the_table_is_on_this_page() -> None:
    assert POSSIBLE.keys() == STEP_BY_NAME.keys()


def test_every_status_can_be_reached_from_the_registration() -> None:
    frontier = found = {Status.REGISTERED}
    while frontier:
        targets = {t for step in STEPS if frontier & set(step.sources) for t in _targets(step)}
        frontier = targets - found
        found = found | frontier
    assert found == set(Status)


def _targets(step: Step) -> set[Status]:
    return {step.target} - {None} | ({Status.CLOSED} if step.closes else set())


def test_every_event_of_a_ticket_has_an_effect_and_every_need_is_asked_and_read() -> None:
    assert _APPLY.keys() == TICKET_KINDS
    assert {need for step in STEPS for need in step.needs} == COLLECT.keys() == set(Need)


@pytest.mark.parametrize("name", sorted(SWITCHES))
def test_a_step_that_the_register_does_not_have_is_refused_wherever_the_ticket_stands(name: str) -> None:
    life = life_at("assigned")
    without = replace(ALL_ON, steps=SWITCHES - {name})
    life.paper.pack = replace(EVERYTHING, registers=(without, *EVERYTHING.registers[1:]))
    answer = life.take(name)
    assert answer is not None
    assert answer.codes == ("step_switched_off",)


@pytest.mark.parametrize(
    ("switched", "words", "closes"),
    [
        (set(), "assign submit", "verify"),
        ({"publicise"}, "assign submit verify", "publicise"),
        ({"publicise", "approve"}, "assign submit verify publicise", "approve"),
        ({"approve"}, "assign submit verify", "approve"),
        ({"approve", "close"}, "assign submit verify approve", "close"),
        ({"close"}, "assign submit verify", "close"),
    ],
    ids=["verify", "publicise", "publicise, approve", "approve", "approve, close", "close"],
)
def test_the_last_step_that_a_register_has_closes(switched: set[str], words: str, closes: str) -> None:
    life = Life()
    register = replace(ALL_ON, steps=frozenset(switched))
    life.paper.pack = replace(EVERYTHING, registers=(register, *EVERYTHING.registers[1:]))
    life.take_all(words)
    assert life.status != "closed"
    assert not any(finishes(STEP_BY_NAME[word], register) for word in words.split())
    assert finishes(STEP_BY_NAME[closes], register)
    awaited = awaited_step(life.paper.state(life.id), register)
    assert awaited is not None
    assert awaited.name == closes
    life.take_all(closes)
    assert (life.status, life.paper.state(life.id).outcome) == ("closed", "fixed")


# status: the step it waits for, with everything switched on and with nothing
AWAITED: Mapping[str, tuple[str | None, str | None]] = {
    "registered": ("assign", "assign"),
    "assigned": ("accept", "submit"),
    "accepted": ("submit", "submit"),
    "returned": ("assign", "assign"),
    "paused": ("resume", None),
    "submitted": ("verify", "verify"),
    "verified": ("publicise", None),
    "publicised": ("approve", None),
    "approved": ("close", None),
    "closed": (None, None),
    "relapsed": ("submit", "submit"),
    "voided": (None, None),
    "merged": (None, None),
}


@pytest.mark.parametrize("status", list(Status))
def test_a_ticket_waits_for_one_step_that_its_register_has_and_that_is_possible(status: Status) -> None:
    for register, name in zip((ALL_ON, replace(ALL_ON, steps=frozenset())), AWAITED[status], strict=True):
        step = awaited_step(Ticket(status=status), register)
        assert (step and step.name) == name
        assert step is None or (status in step.sources and has_step(register, step))


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("assign", "accept"),
        ("assign accept", "submit"),
        ("assign accept submit reject", "submit"),
        ("assign submit reject", "submit"),
        ("assign submit verify reject", "submit"),
        ("assign submit withdraw", "submit"),
        ("assign pause resume", "accept"),
        ("assign accept pause resume", "submit"),
        ("assign accept assign", "accept"),
        ("assign accept submit reject transfer", "accept"),
        ("assign submit verify close reopen", "accept"),
    ],
)
def test_who_has_taken_it_up_is_not_asked_to_accept_it_again(words: str, name: str) -> None:
    life = Life()
    life.take_all(words)
    awaited = awaited_step(life.paper.state(life.id), ALL_ON)
    assert awaited is not None
    assert awaited.name == name


def test_a_register_without_milestones_has_no_step_that_reaches_one() -> None:
    reach = STEP_BY_NAME["reach_milestone"]
    assert has_step(ALL_ON, reach)
    assert not has_step(replace(ALL_ON, milestones=()), reach)


def test_two_requests_at_once_wait_each_for_its_own_answer() -> None:
    life = Life()
    life.take_all("assign request_extension request_exclusion:merge")
    ticket = life.paper.state(life.id)
    assert [step.name for step in awaited_decisions(ticket)] == ["grant_extension", "merge"]
    register = life.paper.register_of(life.id)
    world = life.paper.world("approver", DAY)
    free = {step.name for step, why in possible_steps(ticket, register, world) if why is None}
    assert {"grant_extension", "refuse_extension", "merge", "refuse_exclusion"} <= free
    assert not {"void", "exclude"} & free
    answer = life.take("void")
    assert answer is not None
    assert answer.codes == ("no_open_request",)


# -- what must be given -------------------------------------------------------------------------------
MUST_GIVE = [
    (step.name, need)
    for step in STEPS
    for need in step.needs
    if need not in (Need.DUE, Need.NOTE, Need.EVIDENCE, Need.INTO, Need.PEOPLE, Need.PUBLICITY)
    and (need is not Need.MESSAGE or step.name == "comment")
]
STANDS_AT = {name: possible.split()[0] for name, (possible, _) in POSSIBLE.items()}
STANDS_AT |= dict.fromkeys((*DECIDES_EXTENSION, "add_evidence"), "assigned")


@pytest.mark.parametrize(("name", "need"), MUST_GIVE, ids=lambda value: str(value))
@pytest.mark.parametrize("blank", [None, "   "], ids=["nothing", "blanks"])
def test_a_step_without_what_it_must_be_given_is_refused_at_that_field(
    name: str, need: Need, blank: str | None
) -> None:
    life = life_at(STANDS_AT[name], name)
    field = {Need.OWNER: "owner_unit_id"}.get(need, need.value)
    command = life.command(name)
    answer = refused(life.paper, replace(command, values={**command.values, field: blank}), BY.get(name, "supervisor"),
                     at(DAY))  # fmt: skip
    assert answer is not None
    assert answer.fields == (field,)


@pytest.mark.parametrize("name", [step.name for step in STEPS if step.is_monotone])
def test_no_step_lies_in_the_future_or_before_the_latest_step(name: str) -> None:
    life = life_at(STANDS_AT[name], name)
    for on, code in ((date(2023, 3, 3), "day_in_future"), (date(2023, 2, 28), "day_before_latest_step")):
        answer = refused(life.paper, life.command(name, occurred_on=on), BY.get(name, "supervisor"), at(DAY))
        assert answer is not None
        assert (answer.codes, answer.fields) == ((code,), ("occurred_on",))


Change = Callable[[Life], TakeStep]
BAD_INPUT: Mapping[str, tuple[str, Change, str, str]] = {
    "a deadline before the found day": (
        "assign", lambda x: _with(x, "assign", due_on=date(2023, 2, 28)), "due_before_found", "due_on"),
    "a deadline before the assignment": (
        "assign", lambda x: _with(x, "assign", due_on=date(2023, 3, 1)), "due_before_assignment", "due_on"),
    "an unknown unit": ("assign", lambda x: _with(x, "assign", owner_unit_id=999), "unit_unknown", "owner_unit_id"),
    "a unit that is no number": ("assign", lambda x: _with(x, "assign", owner_unit_id="1"), "unit_unknown",
                                 "owner_unit_id"),
    "a person of another unit": (
        "assign", lambda x: _with(x, "assign", owner_id=x.paper.person["neighbour"]), "person_not_in_unit", "owner_id"),
    "the lead unit as its own support": (
        "assign", lambda x: _with(x, "assign", supports=({"unit_id": x.paper.unit["chenguang"]},)),
        "lead_unit_also_supports", "supports"),
    "a part of a support unit of three thousand characters": (
        "assign", lambda x: _with(x, "assign", supports=({"unit_id": x.paper.unit["donghu"], "part": "长" * 3000},)),
        "field_too_long", "supports"),
    "an outcome that the register has not": (
        "verify", lambda x: _with(x, "verify", outcome="gone"), "outcome_unknown", "outcome"),
    "an extension by no day": (
        "request_extension", lambda x: _with(x, "request_extension", extension_days=0), "extension_not_later",
        "extension_days"),
    "a ticket merged into itself": (
        "request_exclusion", lambda x: _with(x, "request_exclusion", way="merge", into_id=x.id), "same_ticket",
        "into_id"),
    "a merge into a ticket of another register or none": (
        "request_exclusion", lambda x: _with(x, "request_exclusion", way="merge", into_id=12345), "ticket_unknown",
        "into_id"),
    "a file of no known kind": (
        "add_evidence", lambda x: x.command("add_evidence", evidence=({**PHOTO, "kind": "selfie"},)), "choice_unknown",
        "evidence"),
    "a reason of three thousand characters": (
        "reopen", lambda x: _with(x, "reopen", reason="长" * 3000), "field_too_long", "reason"),
}  # fmt: skip


def _with(life: Life, name: str, **values: Any) -> TakeStep:
    command = life.command(name)
    return replace(command, values={**command.values, **values})


@pytest.mark.parametrize(("name", "change", "code", "field"), BAD_INPUT.values(), ids=BAD_INPUT.keys())
def test_bad_input_is_refused_at_its_field_and_changes_nothing(
    name: str, change: Change, code: str, field: str
) -> None:
    life = life_at(STANDS_AT[name], name)
    before = len(life.paper.log)
    answer = refused(life.paper, change(life), BY.get(name, "supervisor"), at(DAY))
    assert answer is not None
    assert (answer.codes, answer.fields) == ((code,), (field,))
    assert len(life.paper.log) == before


def test_a_merge_into_a_ticket_that_is_gone_is_refused() -> None:
    life = Life()
    gone = TakeStep(ticket_id=life.other, step="request_exclusion", version=1, occurred_on=DAY,
                    values={"way": "void", "reason": "误"})  # fmt: skip
    life.paper.do(gone, "supervisor", at(DAY))
    life.paper.do(replace(gone, step="void", version=2, values={}), "approver", at(DAY))
    answer = life.take("request_exclusion:merge")
    assert answer is not None
    assert answer.codes == ("merge_target_closed_or_gone",)


@pytest.mark.parametrize(
    ("meanwhile", "code"),
    [
        ("2023-03-05 request_exclusion #b way=merge into=a\n2023-03-06 merge #b", "others_merged_into_it"),
        ("2023-03-05 request_exclusion #b way=void\n2023-03-06 void #b", "merge_target_closed_or_gone"),
    ],
    ids=["merged the other way", "voided"],
)
def test_a_merge_asked_for_is_not_granted_once_the_ticket_that_was_to_stay_has_left(meanwhile: str, code: str) -> None:
    player = Player(Paper())
    player.play(f"""
        2023-03-01 register #a toilet
        2023-03-01 register #b toilet
        2023-03-04 request_exclusion #a way=merge into=b
        {meanwhile}""")
    assert player.refused("2023-03-07 merge #a") == Refused((code,), (None,))
    player.play("2023-03-07 refuse_exclusion #a")
    assert not player.world.state(player.tickets["a"]).is_gone


MERGED_IN = """
    2023-03-01 register #a toilet
    2023-03-01 register #b toilet
    2023-03-01 register #c toilet"""
WAYS = {"void": "", "merge": "into=c"}


@pytest.mark.parametrize(("way", "into"), WAYS.items(), ids=WAYS)
def test_a_ticket_into_which_others_were_merged_stays(way: str, into: str) -> None:
    """What was merged counts there: with it, the promise would leave every figure."""
    player = Player(Paper())
    player.play(f"""{MERGED_IN}
        2023-03-02 request_exclusion #a way={way} {into}
        2023-03-02 request_exclusion #b way=merge into=a
        2023-03-03 merge #b""")
    assert player.refused(f"2023-03-04 {way} #a") == Refused(("others_merged_into_it",), (None,))
    player.play("2023-03-04 refuse_exclusion #a")
    asked_again = f"2023-03-05 request_exclusion #a way={way} {into}"
    assert player.refused(asked_again) == Refused(("others_merged_into_it",), ("way",))
    player.play("2023-03-06 request_exclusion #a way=exclude\n2023-03-07 exclude #a")
