"""A restricted ticket: somebody named can always work on it and let others know, and its words stay out of the log."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from histories import Player, lines
from township import DOCUMENT, PACK, PETITION, PHOTO, Paper, Refused, at, label, plain_ticket, refused

from tracker.domain.commands import EndGrant, PersonLeaves
from tracker.domain.confidential import kept_apart, put_back
from tracker.domain.context import ticket_facts
from tracker.domain.organising import Office, check_keepers
from tracker.domain.refusals import Refusal
from tracker.domain.registers import Field, FieldType, Milestone

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


LIFE = """
    2023-03-01 register petition {restricted}
    2023-03-01 name people=staff,verifier,approver
    2023-03-02 comment message=机密一
    2023-03-02 assign note=机密二
    2023-03-03 accept
    2023-03-04 request_extension reason=机密三
    2023-03-04 grant_extension note=机密四
    2023-03-05 reach_milestone milestone=replied reply=机密五 note=机密六
    2023-03-06 submit note=机密七
    2023-03-07 verify outcome=replied finding=机密八
    2023-03-08 request_exclusion way=void reason=机密九
    2023-03-08 amend class=inquiry reason=机密十
    2023-03-09 void note=机密十一"""


def told(*, is_restricted: bool) -> Paper:
    reply = Field("reply", FieldType.TEXT, label("答复"))
    milestones = tuple(replace(m, values=("reply",)) if m.name == "replied" else m for m in PETITION.milestones)
    petition = replace(PETITION, fields=(*PETITION.fields, reply), milestones=milestones)
    others = tuple(r for r in PACK.registers if r is not PETITION)
    player = Player(Paper(replace(PACK, registers=(petition, *others))))
    text = LIFE.format(restricted="restricted=yes" if is_restricted else "")
    player.play("\n".join(row for row in text.splitlines() if is_restricted or " name " not in row))
    return player.world  # type: ignore[return-value]


def test_nothing_that_is_written_about_a_restricted_ticket_stands_in_the_log() -> None:
    """The log is for ever; the vault can be erased."""
    log = str([e.data for e in told(is_restricted=True).log])
    assert not [text for text in ("机密", PHOTO["name"], DOCUMENT["name"]) if text in log]
    assert str([e.data for e in told(is_restricted=False).log]).count("机密") == 12  # the void repeats its reason


def test_parts_of_support_units_and_names_of_files_are_texts_too() -> None:
    data = {"support": [{"unit": 2, "part": ""}, {"unit": 3, "part": "机密"}], "evidence": [PHOTO, DOCUMENT]}
    said, private = kept_apart(data, PETITION, is_restricted=True)
    assert private == {
        "step.support.1.part": "机密",
        "step.evidence.0.name": PHOTO["name"],
        "step.evidence.1.name": DOCUMENT["name"],
    }
    assert said["support"] == [{"unit": 2}, {"unit": 3}]
    again = put_back(said, private)
    assert (again["support"][1], again["evidence"]) == (data["support"][1], data["evidence"])
    assert kept_apart(data, PETITION, is_restricted=False) == (data, {})


def test_the_names_of_files_of_a_restricted_registration_stand_in_the_vault_too() -> None:
    paper = Paper()
    (event,) = paper.do(replace(registration(paper), evidence=(PHOTO,)), "supervisor", at(DAY))
    assert PHOTO["name"] not in str(event.data)
    (file,) = paper.state(event.stream_id).evidence
    assert file.name == PHOTO["digest"][:12]  # until it is put back from the vault, or once it is erased


def test_a_private_value_of_a_milestone_goes_to_the_vault_of_any_ticket() -> None:
    petition = replace(PETITION, milestones=(Milestone("replied", label("答复"), values=("petitioner", "class")),))
    said, private = kept_apart({"values": {"petitioner": "李四", "class": "plea"}}, petition, is_restricted=False)
    assert (said, private) == ({"values": {"class": "plea"}}, {"petitioner": "李四"})
