"""The ticket registers of the township by the rules alone: each lives from its finding to its closing as declared."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import cache
from typing import Any

import pytest
from township import DOCUMENT, PHOTO, Paper, at

from tracker.domain.commands import RegisterTicket, TakeStep
from tracker.domain.days import to_number
from tracker.domain.ledger import marks
from tracker.domain.lifecycle import Status
from tracker.domain.refusals import Refusal, Refusals
from tracker.domain.registers import Field, FieldType, Register
from tracker.packs.loader import LoadedPack, built_in, load_pack

FOUND, ASSIGNED, WORKED = date(2023, 3, 1), date(2023, 3, 2), date(2023, 3, 3)


@cache
def township() -> LoadedPack:
    return load_pack(built_in("township"))


def plausible(field: Field) -> Any:
    """A value that the field takes."""
    match field.type:
        case FieldType.SELECT_ONE:
            return field.choices[0].name
        case FieldType.SELECT_MULTIPLE:
            return [field.choices[0].name]
        case FieldType.INTEGER | FieldType.DECIMAL:
            return field.minimum or 1
        case FieldType.DATE:
            return FOUND.isoformat()
        case FieldType.TIME:
            return "19:30"
        case FieldType.GEOPOINT:
            return "26.9,112.5"
        case FieldType.RECORD:
            return 1
        case _:
            return "甲" * max(field.min_length, 2)


def values_of(register: Register, given: Mapping[str, Any]) -> dict[str, Any]:
    needed = {f.name: plausible(f) for f in register.fields if f.is_required and f.name not in {"place", "found_on"}}
    return {**needed, **given}


class Life:
    """One ticket among people of a small town; whoever may take a step takes it."""

    def __init__(self, register: str, given: Mapping[str, Any]) -> None:
        self.paper = Paper(township())
        self.register = township().register_by_name[register]
        command = RegisterTicket(
            register=register,
            values=values_of(self.register, given),
            place_id=self.paper.unit["chenguang"],
            found_on=FOUND,
        )
        self.ticket_id = self.paper.do(command, "staff", at(FOUND))[0].stream_id

    @property
    def ticket(self) -> Any:
        return self.paper.state(self.ticket_id)

    def take(self, step: str, by: str, on: date = WORKED, **values: Any) -> None:
        evidence = (BEFORE, AFTER, AFTER, DOCUMENT) if step == "submit" else ()
        command = TakeStep(
            ticket_id=self.ticket_id,
            step=step,
            version=self.ticket.version,
            occurred_on=on,
            values=values,
            evidence=evidence,
        )
        self.paper.do(command, by, at(on))

    def assign(self) -> None:
        self.take("assign", "supervisor", ASSIGNED, owner_unit_id=self.paper.unit["chenguang"])

    def reach(self, **milestones: Mapping[str, Any]) -> None:
        for name, values in milestones.items():
            self.take("reach_milestone", "staff", milestone=name, **values)

    def close(self, outcome: str) -> None:
        self.take("submit", "staff", note="已办理完毕")
        self.take("verify", "verifier", finding="现场核实", outcome=outcome)
        if "approve" in self.register.steps:
            self.take("approve", "approver")


TAKEN = {"taken_at": 1678240800000, "lat": 26_761_200, "lon": 112_693_400}
BEFORE, AFTER = {**PHOTO, **TAKEN, "kind": "photo_before"}, {**PHOTO, **TAKEN}
DISPUTES = ("disputes_mediated", "governance_centre_disputes", "disputes_of_both", "dispute_success")


def counts(life: Life, figure: str) -> bool:
    """Whether the ticket, as it now stands, is among those that the figure counts."""
    known = life.register.predicates
    return any(
        mark.account == term.account and all(mark.segment >> known.index(p) & 1 for p in term.where)
        for term in township().figure_by_id[figure].numerator
        for mark in marks(life.ticket, life.register)
        if mark.ef <= to_number(WORKED) < mark.et
    )


# register, what is known of it, milestones on the way, outcome, the due day in force at the end
LIVES = [
    ("dispute", {}, {"accepted": {"accepted_by": "governance_centre"}, "mediated": {}}, "settled", "2023-04-02"),
    ("courtyard_problem", {"rectification": "on_spot"}, {}, "fixed", "2023-03-05"),
    ("courtyard_problem", {"rectification": "dated"}, {"replied": {}}, "explained", "2023-04-01"),
    ("courtyard_problem", {"rectification": "planned"}, {}, "fixed", "2023-05-31"),
    ("courtyard_opinion", {}, {"answered": {"adoption": "partly", "answer": "分段管护"}}, "partly", "2023-03-31"),
    ("household_problem", {}, {"help_began": {"measure_kind": ["post"]}}, "fixed", "2023-03-17"),
    ("household_problem", {"needs_funds": True}, {}, "fixed", "2023-04-01"),
    ("safety_hazard", {"level": "general"}, {}, "fixed", "2023-03-09"),
    ("safety_hazard", {"level": "major"}, {"resumption_approved": {}}, "closed_down", "2023-05-31"),
    ("river_problem", {"category": "cleaning"}, {}, "fixed", "2023-03-04"),
    ("river_problem", {"category": "occupy", "disorder": "tall_crops"}, {}, "fixed", "2023-03-31"),
    ("river_problem", {"category": "sign"}, {}, "not_established", "2023-03-31"),
    ("straw_fire", {"category": "black"}, {"put_out": {"out_at": "19:50"}}, "fixed", "2023-03-04"),
    ("project_task", {"target_value": "1800"}, {"achieved": {"result_value": "1836"}}, "achieved", None),
]  # fmt: skip


@pytest.mark.parametrize(
    ("register", "given", "milestones", "outcome", "due"), LIVES, ids=[f"{x[0]}-{x[3]}-{x[4]}" for x in LIVES]
)
def test_a_ticket_lives_from_its_finding_to_its_closing(
    register: str, given: dict[str, Any], milestones: dict[str, Any], outcome: str, due: str | None
) -> None:
    life = Life(register, given)
    life.assign()
    life.reach(**milestones)
    life.close(outcome)
    assert life.ticket.status is Status.CLOSED
    assert life.ticket.outcome == outcome
    assert str(life.ticket.current_due) == str(due)
    assert {name for name in milestones if name not in life.ticket.milestones} == set()


# register, outcome, what has to be recorded first
NEEDS = [
    ("dispute", "settled"),
    ("dispute", "failed_told"),
    ("courtyard_problem", "explained"),
    ("courtyard_opinion", "adopted"),
    ("straw_fire", "fixed"),
    ("project_task", "achieved"),
]


@pytest.mark.parametrize(("register", "outcome"), NEEDS)
def test_an_outcome_rests_on_what_was_recorded(register: str, outcome: str) -> None:
    life = Life(register, {})
    life.assign()
    with pytest.raises(Refusal) as caught:
        life.close(outcome)
    assert caught.value.code == "milestone_missing"


def test_a_dispute_of_the_centre_that_the_judicial_office_settled_is_a_fact_of_both() -> None:
    life = Life("dispute", {})
    life.assign()
    life.reach(
        accepted={"accepted_by": "governance_centre"},
        mediated={"handled_by": "judicial_office", "agreement": "written"},
    )
    life.close("settled")
    assert [name for name in DISPUTES if counts(life, name)] == list(DISPUTES)


def test_a_dispute_that_was_not_settled_counts_as_accepted_alone() -> None:
    life = Life("dispute", {})
    life.assign()
    life.reach(accepted={"accepted_by": "governance_centre"}, mediated={"handled_by": "judicial_office"})
    life.close("failed_told")
    assert [name for name in DISPUTES if counts(life, name)] == ["governance_centre_disputes"]


@pytest.mark.parametrize("severity", ["0", "3"])
def test_a_dispute_that_may_turn_violent_is_routed_in_a_day(severity: str) -> None:
    life = Life("dispute", {"severity": severity})
    assert ("route" in life.ticket.clocks) is (severity == "3")


def test_what_a_project_achieved_is_recorded_with_its_day() -> None:
    life = Life("project_task", {"target_value": "1800", "measure_of": "people", "topic": "water"})
    life.assign()
    life.reach(achieved={"result_value": "1836", "result_source": "供水工程受益户花名册"})
    assert life.ticket.facts()["result_value"] == "1836"
    assert life.ticket.facts()["target_value"] == "1800"


@pytest.mark.parametrize(("register", "asked"), [("river_problem", 2), ("straw_fire", 2), ("toilet_survey", 1)])
def test_a_picture_before_is_asked_for_and_where_the_register_says_so_its_time_and_place(
    register: str, asked: int
) -> None:
    life = Life(register, {})
    life.assign()
    with pytest.raises((Refusal, Refusals)) as caught:
        life.paper.do(
            TakeStep(
                ticket_id=life.ticket_id,
                step="submit",
                version=life.ticket.version,
                occurred_on=WORKED,
                values={"note": "已办理完毕"},
                evidence=(PHOTO, {**PHOTO, **TAKEN}),
            ),
            "staff",
            at(WORKED),
        )
    no = caught.value
    refused = {(r.code, r.field) for r in (no.refusals if isinstance(no, Refusals) else (no,))}
    told = {("picture_without_time", "photos_after"), ("picture_without_place", "photos_after")} if asked > 1 else set()
    assert refused == {("evidence_missing", "photos_before"), *told}
