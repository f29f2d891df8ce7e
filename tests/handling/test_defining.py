"""An administrator defines registers: they hold from a day on, for every process, and harm no record that is there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from handling.test_rebuild import again, rows
from sqlalchemy import Engine, select
from ticket_stories import current, take
from township import PACK, PHOTO, Township, at

from tests.house.small_pack import write_pack
from tracker.domain.commands import ChangeState, DefineRegister, EnterRecord, RegisterTicket, TakeStep, WithdrawRegister
from tracker.domain.lifecycle import Status
from tracker.domain.people import SYSTEM
from tracker.domain.refusals import Refusal, Refusals
from tracker.handler import handle
from tracker.jobs import run_duties
from tracker.log import store
from tracker.log.audit import chain_faults
from tracker.models.tickets import TicketRow
from tracker.packs.loader import load_pack
from tracker.packs.making import Draft, files_of
from tracker.packs.making.drafts import FieldDraft, ItemDraft, StateDraft, TicketDraft
from tracker.packs.problems import DefinitionClash
from tracker.queries.figures import as_of, figure_values
from tracker.queries.unread import unread

WELL = """\
name: well_cover
label: {zh-Hans: 井盖台账, zh-Hant: 井蓋台賬, en: Well covers}
prefix: 井
ascii_prefix: JG
measure: {zh-Hans: 个, zh-Hant: 個, en: covers}
summary_field: problem
steps: [accept]
fields:
  - {name: found_on, type: date, label: {zh-Hans: 发现日期, zh-Hant: 發現日期, en: Found on}, required: true}
  - {name: place, type: unit, label: {zh-Hans: 村, zh-Hant: 村, en: Village}, required: true}
  - {name: problem, type: text, label: {zh-Hans: 问题, zh-Hant: 問題, en: Problem}, required: true}
  - name: owner_kind
    type: select_one
    label: {zh-Hans: 权属, zh-Hant: 權屬, en: Whose}
    choices:
      - {name: water, label: {zh-Hans: 供水, zh-Hant: 供水, en: Water}}
      - {name: power, label: {zh-Hans: 电力, zh-Hant: 電力, en: Power}}
      - {name: phone, label: {zh-Hans: 通信, zh-Hant: 通信, en: Phone}}
  - {name: depth, type: integer, label: {zh-Hans: 深度, zh-Hant: 深度, en: Depth}}
outcomes:
  - {name: fixed, label: {zh-Hans: 已修复, zh-Hant: 已修復, en: Repaired}}
"""
COUNTED = """\
figures:
  - id: well_covers_open
    register: well_cover
    label: {zh-Hans: 井盖未销号, zh-Hant: 井蓋未銷號, en: Well covers open}
    shows: count
    numerator: [{account: open}]
    denominator: []
    exclusions: [voided]
    definition: {zh-Hans: 未销号, zh-Hant: 未銷號, en: Open}
    source: 本镇
"""
BY_OWNER = COUNTED.replace("{account: open}", "{account: open, where: {owner_kind: [water]}}")
DAY = "2023-06-01"


@pytest.fixture
def town_pack():
    return PACK


@pytest.fixture
def town(engine: Engine, tmp_path: Path) -> Iterator[Township]:
    founded = Township.joined(engine, load_pack(write_pack(tmp_path)))
    yield founded
    founded.close()


def define(
    town: Township,
    *,
    well: str = WELL,
    figures: str = COUNTED,
    version: int = 0,
    on: str = DAY,
    by: str = "administrator",
    seen_on: str = "2999-01-01",
) -> None:
    files = {"registers/well_cover.yaml": well, "figures/well_cover.yaml": figures}
    command = DefineRegister(name="well_cover", files=files, takes_effect_on=date.fromisoformat(on), version=version)
    town.do(command, by, at(DAY))
    with town.engine.connect() as conn:
        town.house.follow(conn, date.fromisoformat(seen_on))


def register(town: Township, **values: object) -> int:
    values = {"problem": "井盖缺失", **values}
    command = RegisterTicket(
        register="well_cover", values=values, place_id=town.unit["chenguang"], found_on=date.fromisoformat(DAY)
    )
    (event, *_) = town.do(command, "supervisor", at(DAY))
    return event.stream_id


def codes(town: Township, **changes: object) -> list[str]:
    with pytest.raises((Refusal, Refusals)) as error:
        define(town, **changes)
    return [r.code for r in getattr(error.value, "refusals", [error.value])]


def test_a_new_register_is_there_for_every_process_and_keeps_its_version(town: Township) -> None:
    other = town.again()
    define(town)
    ticket_id = register(town, owner_kind="water")
    with town.engine.connect() as conn:
        other.house.directory(conn)  # as any request
        events = store.read_stream(conn, store.StreamKind.TICKET, ticket_id)
    assert other.house.pack.register_by_name["well_cover"].version == "2026.1+1"
    assert events[0].data["pack"] == "2026.1+1"
    assert [f.id for f in other.house.pack.figures if f.register == "well_cover"] == ["well_covers_open"]
    assert other.house.pack.reports[0].sections[-1][1] == ("well_covers_open",)
    other.close()


def test_a_removed_choice_is_retired_where_records_use_it_and_gone_where_none_does(town: Township) -> None:
    define(town)
    register(town, owner_kind="water")
    lines = [line for line in WELL.splitlines(keepends=True) if "name: water" not in line and "name: phone" not in line]
    define(town, well="".join(lines), version=1)
    choices = town.house.pack.register_by_name["well_cover"].by_name["owner_kind"].choices
    assert [(c.name, c.is_retired) for c in choices] == [("power", False), ("water", True)]


def test_what_records_use_cannot_be_removed_or_become_something_else(town: Township) -> None:
    define(town)
    register(town, owner_kind="water")
    without = "".join(line for line in WELL.splitlines(keepends=True) if "name: depth" not in line)
    changed = WELL.replace("prefix: 井", "prefix: 盖").replace(
        "name: problem, type: text", "name: problem, type: text, privacy: personal"
    )
    assert sorted(codes(town, well=changed, version=1)) == ["part_fixed", "register_prefix_fixed"]
    register(town, depth=3)
    with pytest.raises(Refusals) as error:
        define(town, well=without, version=1)
    assert [(r.code, r.params["name"]["en"], r.params["count"]) for r in error.value.refusals] == [
        ("part_in_use", "Depth", 1)
    ]
    assert codes(town, well=WELL, version=0) == ["definition_moved_on"]


def test_a_field_that_no_record_has_may_go(town: Township) -> None:
    define(town)
    register(town)
    define(town, well=WELL.replace("name: depth", "name: width"), version=1)
    assert "width" in town.house.pack.register_by_name["well_cover"].by_name


def test_the_loaders_mistakes_come_with_file_and_line(town: Township) -> None:
    with pytest.raises(Refusal) as error:
        define(town, well=WELL.replace("type: integer", "type: integr"))
    (problem,) = error.value.params["problems"]
    line = WELL[: WELL.index("name: depth")].count("\n") + 1
    assert (problem.file, problem.line) == ("registers/well_cover.yaml", line)


def test_only_administrators_define_and_never_for_the_past(town: Township) -> None:
    assert codes(town, by="supervisor") == ["not_permitted"]
    assert codes(town, on="2023-05-31") == ["effect_in_past"]


def test_a_later_day_is_waited_for(town: Township) -> None:
    define(town, on="2999-01-01", seen_on=DAY)
    assert "well_cover" not in town.house.pack.register_by_name
    with town.engine.connect() as conn:
        town.house.follow(conn, date(2999, 1, 1))
    assert "well_cover" in town.house.pack.register_by_name


def test_a_new_question_counts_what_was_recorded_before_it(town: Township) -> None:
    define(town)
    register(town, owner_kind="water")
    register(town, owner_kind="power")
    assert codes(town, figures=BY_OWNER, version=1, on="2999-01-01") == ["counting_changes_today_only"]
    define(town, figures=BY_OWNER, version=1)
    register(town, owner_kind="water")
    before = rows(town.engine)
    again(town)
    assert rows(town.engine) == before, "what was counted again is what a rebuild writes"


def test_a_newly_listed_field_stands_in_the_rows_that_are_there(town: Township) -> None:
    define(town)
    ticket_id = register(town, depth=3)
    define(town, well=WELL.replace("en: Depth}}", "en: Depth}, listed: true}"), version=1)
    with town.engine.connect() as conn:
        listed = conn.scalar(select(TicketRow.listed).where(TicketRow.id == ticket_id))
    assert '"depth":3' in listed


def test_the_log_with_definitions_verifies(town: Township) -> None:
    define(town)
    with town.engine.connect() as conn:
        assert not list(chain_faults(conn, lambda event, size: None))


# -- taken back ---------------------------------------------------------------------------------------
def withdraw(town: Township, name: str = "well_cover", version: int = 1, reason: str = "不再使用") -> None:
    town.do(WithdrawRegister(name=name, version=version, reason=reason), "administrator", at("2023-06-05"))
    with town.engine.connect() as conn:
        town.house.follow(conn, date(2023, 6, 5))


def test_a_withdrawn_register_takes_no_more_entries_and_its_records_stay(town: Township) -> None:
    define(town)
    ticket_id = register(town, owner_kind="water")
    withdraw(town)
    assert town.house.pack.register_by_name["well_cover"].is_withdrawn
    with pytest.raises(Refusal, match="register_withdrawn"):
        register(town)
    accept = TakeStep(
        ticket_id=ticket_id,
        version=1,
        step="assign",
        occurred_on=date(2023, 6, 5),
        values={"owner_unit_id": town.unit["farming"]},
    )
    town.do(accept, "supervisor", at("2023-06-05"))
    assert [f.id for f in town.house.pack.figures if f.register == "well_cover"] == ["well_covers_open"]
    for refused in ({}, {"version": 2}, {"name": "lamp", "version": 0}):
        with pytest.raises(Refusal, match="register_not_defined_here"):
            withdraw(town, **refused)
    define(town, version=2, on="2023-06-05")
    assert not town.house.pack.register_by_name["well_cover"].is_withdrawn
    with town.engine.connect() as conn:
        assert list(chain_faults(conn, lambda event, size: None)) == []


def test_who_withdraws_says_why_and_saw_the_latest_version(town: Township) -> None:
    define(town)
    with pytest.raises(Refusal, match="reason_missing"):
        withdraw(town, reason=" ")
    define(town, version=1)
    with pytest.raises(Refusal, match="definition_moved_on"):
        withdraw(town)
    with pytest.raises(Refusal, match="not_permitted"):
        town.do(WithdrawRegister(name="well_cover", version=2, reason="x"), "supervisor", at(DAY))


def test_a_changed_register_of_the_pack_is_again_as_delivered(town: Township, tmp_path: Path) -> None:
    path = "registers/lamp.yaml"
    told = (tmp_path / path).read_text(encoding="utf-8")
    changed = (
        told.replace("usual_texts:", "usual_texts: [灯不亮]\n#", 1)
        if "usual_texts:" in told
        else told + "usual_texts: [灯不亮]\n"
    )
    files = {path: changed}
    town.do(
        DefineRegister(name="lamp", files=files, takes_effect_on=date(2023, 6, 1), version=0), "administrator", at(DAY)
    )
    with town.engine.connect() as conn:
        town.house.follow(conn, date(2023, 6, 1))
    assert town.house.pack.register_by_name["lamp"].usual_texts == ({"und": "灯不亮"},)
    withdraw(town, "lamp")
    lamp = town.house.pack.register_by_name["lamp"]
    assert (lamp.usual_texts, lamp.is_withdrawn, lamp.version) == ((), False, "2026.1")


# -- what is owed -------------------------------------------------------------------------------------
MANHOLES = Draft(
    name="manhole",
    kind="subject",
    label={"zh-Hans": "窨井台账", "zh-Hant": "窨井台賬", "en": "Manholes"},
    prefix="窨",
    ascii_prefix="YJ",
    measure="个",
    fields=(),
    items=(ItemDraft("井盖完好"),),
    states=(StateDraft("", "完好"), StateDraft("", "已填埋", is_end=True)),
    every="month",
)


def test_what_the_form_says_is_owed_is_opened_with_the_next_whole_period(town: Township) -> None:
    on = date(2023, 6, 5)
    files = files_of(MANHOLES, {}, on)
    run_duties(town.house, at("2023-06-01"))
    town.do(
        DefineRegister(name="manhole", files=files, takes_effect_on=on, version=0), "administrator", at("2023-06-05")
    )
    with town.engine.connect() as conn:
        town.house.follow(conn, on)
    values = {"opened_on": on, "place": town.unit["chenguang"], "title": "1号"}
    town.do(EnterRecord(register="manhole", values=values), "supervisor", at("2023-06-05"))
    assert run_duties(town.house, at("2023-06-30")).opened == 0
    assert run_duties(town.house, at("2023-07-01")).opened == 1
    without = {path: text for path, text in files.items() if not path.startswith("duties/")}
    with pytest.raises(Refusals) as error:
        town.do(
            DefineRegister(name="manhole", files=without, takes_effect_on=date(2023, 7, 1), version=1),
            "administrator",
            at("2023-07-01"),
        )
    assert [(r.code, r.params["count"]) for r in error.value.refusals] == [("part_in_use", 1)]


# -- from the form to a closed ticket -----------------------------------------------------------------
PROBLEMS = Draft(
    name="cover_problem",
    kind="ticket",
    label={"zh-Hans": "井盖问题台账", "zh-Hant": "井蓋問題台賬", "en": "Cover problems"},
    prefix="题",
    ascii_prefix="TI",
    measure="件",
    fields=(FieldDraft("", "窨井", type="record", register="manhole", is_listed=True),),
    figures=("closed_now",),
    tickets=TicketDraft(steps=frozenset({"object", "relapse"}), photos_after=2, days=30),
)
KEPT = replace(
    MANHOLES,
    items=(ItemDraft("井盖完好", opens="lamp"),),
    states=(
        StateDraft("", "完好"),
        StateDraft("", "破损"),
        StateDraft("", "已更换", is_end=True, after=("破损",)),
    ),
    figures=("live", "states"),
    every="",
)


def test_what_the_form_makes_is_used_to_a_closed_ticket_and_counted(town: Township) -> None:
    on = date.fromisoformat(DAY)
    for draft in (KEPT, PROBLEMS):
        made = DefineRegister(name=draft.name, files=files_of(draft, {}, on), takes_effect_on=on, version=0)
        town.do(made, "administrator", at(DAY))
        with town.engine.connect() as conn:
            town.house.follow(conn, on)
    here = town.unit["chenguang"]
    cover = town.do(
        EnterRecord(register="manhole", values={"opened_on": on, "place": here, "title": "1号"}, state="state_1"),
        "supervisor",
        at(DAY),
    )[0].stream_id

    def turn(state: str, version: int) -> None:
        town.do(ChangeState(record_id=cover, version=version, state=state, occurred_on=on), "supervisor", at(DAY))

    with pytest.raises(Refusal):
        turn("state_3", 1)
    turn("state_2", 1)
    told = {"problem": "井盖破裂", "field_1": cover}
    opened = RegisterTicket(register="cover_problem", values=told, place_id=here, found_on=on)
    ticket_id = town.do(opened, "supervisor", at(DAY))[0].stream_id
    take(town, ticket_id, "assign", "supervisor", DAY, owner_unit_id=here)
    with pytest.raises(Refusal, match="evidence_missing"):
        take(town, ticket_id, "submit", "staff", DAY, evidence=(PHOTO,))
    take(town, ticket_id, "submit", "staff", DAY, evidence=(PHOTO, {**PHOTO, "digest": "cd" * 32}))
    take(town, ticket_id, "verify", "verifier", DAY, finding="已更换井盖", outcome="fixed")
    assert current(town, ticket_id).status is Status.CLOSED
    turn("state_3", 2)
    wanted = {"cover_problem_closed_now": 1, "manhole_live": 0, "manhole_state_state_2": 0, "manhole_state_state_3": 1}
    figures = [f for f in town.house.pack.figures if f.id in wanted]
    with town.engine.connect() as conn:
        values = figure_values(conn, town.house, figures, as_of(conn, effective=on, known=None), units=None)
    assert {f.id: v.numerator for f, v in zip(figures, values, strict=True)} == wanted


# -- what no longer fits ------------------------------------------------------------------------------
@pytest.fixture
def clashing(town: Township, tmp_path: Path) -> Township:
    """The pack's next version has a prefix of its own that a register made here has taken."""
    define(town)
    lamp = tmp_path / "registers/lamp.yaml"
    told = lamp.read_text(encoding="utf-8")
    prefix = next(line for line in told.splitlines() if line.startswith("prefix:"))
    lamp.write_text(told.replace(prefix, "prefix: 井"), encoding="utf-8")
    town.house.pack = load_pack(tmp_path)
    town.house._in_effect = ()
    return town


def test_what_no_longer_fits_is_named_in_one_line_and_can_be_put_right(clashing: Township) -> None:
    house = clashing.house
    with clashing.engine.connect() as conn, pytest.raises(DefinitionClash) as clash:
        house.follow(conn, date(2023, 6, 5))
    assert clash.value.names == ("well_cover",)
    assert "\n" not in str(clash.value)
    assert "well_cover" in str(clash.value)
    house.is_as_delivered = True
    other = {"registers/well_cover.yaml": WELL.replace("prefix: 井", "prefix: 盖"), "figures/well_cover.yaml": COUNTED}
    again = DefineRegister(name="well_cover", files=other, takes_effect_on=date(2023, 6, 5), version=1)
    handle(house, again, actor_id=SYSTEM, now=at("2023-06-05"))
    house.is_as_delivered = False
    with clashing.engine.connect() as conn:
        house.follow(conn, date(2023, 6, 5))
    assert house.pack.register_by_name["well_cover"].prefix == "盖"


def test_what_no_longer_fits_goes_when_nothing_was_entered(clashing: Township) -> None:
    house = clashing.house
    house.is_as_delivered = True
    gone = WithdrawRegister(name="well_cover", version=1, reason="与新包冲突")
    handle(house, gone, actor_id=SYSTEM, now=at("2023-06-05"))
    house.is_as_delivered = False
    with clashing.engine.connect() as conn:
        house.follow(conn, date(2023, 6, 5))
        assert [d.is_withdrawn for d in house.definitions(conn)] == [False, True]
    assert "well_cover" not in house.pack.register_by_name


def test_what_no_longer_fits_is_put_right_without_harm_to_what_was_entered(town: Township, tmp_path: Path) -> None:
    define(town)
    for depth in (80, 120):
        register(town, owner_kind="water", depth=depth)
    lamp = tmp_path / "registers/lamp.yaml"
    lamp.write_text(lamp.read_text(encoding="utf-8").replace("\nprefix: ", "\nprefix: 井\n# "), encoding="utf-8")
    house = town.house
    house.pack, house.is_as_delivered = load_pack(tmp_path), True
    changed = WELL.replace("prefix: 井", "prefix: 盖").replace("name: depth, type: integer", "name: depth, type: text")
    files = {"registers/well_cover.yaml": changed.replace("name: water", "name: sewage")}
    command = DefineRegister(name="well_cover", files=files, takes_effect_on=date(2023, 6, 5), version=1)
    with pytest.raises(Refusals) as error:
        handle(house, command, actor_id=SYSTEM, now=at("2023-06-05"))
    assert [(r.code, r.params.get("name", {}).get("en"), r.params["count"]) for r in error.value.refusals] == [
        ("register_prefix_fixed", None, 2),
        ("records_unreadable", "Depth", 2),
        ("records_unreadable", "Whose", 2),
    ]


def test_a_new_version_of_the_pack_is_held_against_the_records(town: Township) -> None:
    define(town)
    register(town, owner_kind="water", depth=80)
    register(town, owner_kind="power")
    pack = town.house.pack
    with town.engine.connect() as conn:
        assert list(unread(conn, pack)) == []
        well = pack.register_by_name["well_cover"]
        fields = tuple(f for f in well.fields if f.name != "owner_kind")
        newer = replace(pack, registers=(*(r for r in pack.registers if r != well), replace(well, fields=fields)))
        assert [(r.code, r.params["name"], r.params["count"]) for r in unread(conn, newer)] == [
            ("records_unreadable", {"zh-Hans": "owner_kind"}, 2)
        ]
        without = replace(pack, registers=tuple(r for r in pack.registers if r != well))
        assert [r.params["count"] for r in unread(conn, without)] == [2]


def test_a_step_that_tickets_wait_for_cannot_be_switched_off(town: Township) -> None:
    paused = WELL.replace("steps: [accept]", "steps: [accept, pause, resume]")
    paused += "pause_reasons: [{name: rain, label: {zh-Hans: 雨天, zh-Hant: 雨天, en: Rain}}]\n"
    define(town, well=paused)
    ticket_id = register(town)
    on = date.fromisoformat(DAY)
    assign = {"owner_unit_id": town.unit["farming"]}
    rest = {"pause_reason": "rain", "reason": "连日下雨"}
    for version, step, values in ((1, "assign", assign), (2, "pause", rest)):
        town.do(
            TakeStep(ticket_id=ticket_id, version=version, step=step, occurred_on=on, values=values),
            "supervisor",
            at(DAY),
        )
    with pytest.raises(Refusals) as error:
        define(town, well=paused.replace(", pause, resume", ""), version=1)
    (refusal,) = error.value.refusals
    assert (refusal.code, refusal.params) == ("step_in_use", {"step": "resume", "count": 1})
    define(town, well=paused.replace("accept, ", ""), version=1)


def test_files_of_a_register_with_records_never_go(town: Township, tmp_path: Path) -> None:
    define(town)
    register(town, owner_kind="water")
    lamp = tmp_path / "registers/lamp.yaml"
    told = lamp.read_text(encoding="utf-8")
    prefix = next(line for line in told.splitlines() if line.startswith("prefix:"))
    lamp.write_text(told.replace(prefix, "prefix: 井"), encoding="utf-8")
    town.house.pack, town.house.is_as_delivered = load_pack(tmp_path), True
    with pytest.raises(Refusal, match="withdrawn_unreadable"):
        handle(
            town.house,
            WithdrawRegister(name="well_cover", version=1, reason="x"),
            actor_id=SYSTEM,
            now=at("2023-06-05"),
        )
