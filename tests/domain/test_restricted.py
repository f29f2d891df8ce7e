"""A restricted ticket: somebody named can always work on it and let others know, and its words stay out of the log."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from histories import Player, lines
from township import Paper, Refused, at, plain_ticket, refused

from tracker.domain.commands import EndGrant, PersonLeaves
from tracker.domain.deciding import ticket_facts
from tracker.domain.organising import Office, check_keepers
from tracker.domain.refusals import Refusal

DAY = date(2023, 3, 5)


def registration(paper: Paper, *named: str) -> Any:
    ids = tuple(paper.person[post] for post in named)
    return plain_ticket(paper, "petition", is_restricted=True, named_ids=ids)


@pytest.mark.parametrize("by", ["staff", "verifier"])
def test_who_may_not_let_others_know_registers_a_restricted_ticket_only_beside_somebody_who_may(by: str) -> None:
    paper = Paper()
    nobody = Refused(("restricted_without_keeper",), ("named",))
    assert refused(paper, registration(paper), by, at(DAY)) == nobody
    assert refused(paper, registration(paper, "colleague", "approver"), by, at(DAY)) == nobody
    (event,) = paper.do(registration(paper, "supervisor"), by, at(DAY))
    assert set(paper.state(event.stream_id).named_ids) == {paper.person["supervisor"], paper.person[by]}


def test_who_is_named_at_the_registration_exists_and_works_here() -> None:
    paper = Paper()
    command = replace(registration(paper), named_ids=(10**9,))
    assert refused(paper, command, "supervisor", at(DAY)) == Refused(("person_unknown",), ("named",))
    gone = paper.person["colleague"]
    people = {**paper.directory.people, gone: replace(paper.directory.people[gone], has_left=True)}
    paper.directory = replace(paper.directory, people=people)
    command = registration(paper, "colleague")
    assert refused(paper, command, "supervisor", at(DAY)) == Refused(("person_unknown",), ("named",))


def test_a_restricted_ticket_goes_only_where_somebody_named_can_work_on_it() -> None:
    player = Player(Paper())
    player.play("2023-03-01 register petition restricted=yes")
    nobody = Refused(("owner_not_named",), ("owner_unit_id",))
    assert player.refused("2023-03-02 assign owner=chenguang") == nobody
    player.play("2023-03-02 name people=colleague")
    assert player.refused("2023-03-02 assign owner=donghu") == nobody
    command = player.command(lines("2023-03-02 assign owner=chenguang")[0])
    world = player.world
    for field, post in (("owner_id", "staff"), ("lead_official_id", "official")):
        unnamed = replace(command, values={**command.values, field: world.person[post]})  # type: ignore[union-attr, arg-type]
        assert refused(world, unnamed, "supervisor", at("2023-03-02")) == Refused(("owner_not_named",), (field,))
    player.play("2023-03-02 assign owner=chenguang")


@pytest.mark.parametrize("named", [("supervisor",), ("supervisor", "staff"), ("supervisor", "everything")])
@pytest.mark.parametrize("way", ["leaves", "ends"])
def test_the_last_who_could_let_others_know_stays_until_somebody_else_can(named: tuple[str, ...], way: str) -> None:
    paper = Paper()
    (event,) = paper.do(registration(paper, *named), "supervisor", at(DAY))
    facts = [ticket_facts(paper.state(event.stream_id))]
    person = paper.directory.people[paper.person["supervisor"]]
    office = Office(paper.directory, (), paper.person["administrator"], DAY)
    command: PersonLeaves | EndGrant = PersonLeaves(person_id=person.id, occurred_on=DAY)
    if way == "ends":
        command = EndGrant(person_id=person.id, grant_id=person.grants[0].id, ends_on=DAY)
    if "everything" in named:
        check_keepers(command, facts, office)
    else:
        with pytest.raises(Refusal, match="last_keeper"):
            check_keepers(command, facts, office)
    check_keepers(command, [], office)
