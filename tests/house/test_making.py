"""Registers made with a form load as any pack does, and the form shows what it wrote."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from tracker.domain.defining import Definition, in_effect
from tracker.domain.lifecycle import SWITCHES
from tracker.packs.loader import built_in, load_defined
from tracker.packs.making import KINDS, Draft, draft_of, files_of
from tracker.packs.making.drafts import SELF, STEP_GROUPS, FieldDraft, ItemDraft, StateDraft, TicketDraft, label_of
from tracker.packs.making.naming import letters_for, name_for, prefix_for
from tracker.packs.source import read_text
from tracker.packs.writing import written

DAY = date(2024, 3, 1)
TICKETS = TicketDraft(
    steps=frozenset({"object", "extension", "relapse"}),
    photos_after=2,
    documents=1,
    own_unit=True,
    days=30,
    basis="working",
    extensions=2,
    extension_days=7,
)
WELLS = Draft(
    name="well_covers",
    kind="ticket",
    label={"zh-Hans": "井盖台账", "zh-Hant": "井蓋台賬", "en": "Well covers"},
    prefix="盖",
    ascii_prefix="JGTZ",
    measure="个",
    fields=(
        FieldDraft("", "权属", type="select_one", choices=("供水", "电力"), is_required=True, is_listed=True),
        FieldDraft("", "井深", english="Depth", type="integer"),
        FieldDraft("", "反映人", is_private=True),
        FieldDraft("", "户厕档", type="record", register="toilet", is_listed=True),
    ),
    items=(
        ItemDraft("井盖完好", guidance="踩一踩", opens=SELF),
        ItemDraft("井圈无沉降", english="Ring", opens="petition"),
    ),
    opens=SELF,
    figures=("registered",),
    walk=("photographed",),
    tickets=TICKETS,
)
FIGURES = {
    "ticket": ("registered",),
    "activity": ("held", "nil", "sums", "linked"),
    "subject": ("live", "ended", "states"),
}
STATES = (
    StateDraft("", "完好", english="Sound"),
    StateDraft("", "破损", after=("完好",), needs=("井深",), photos=1),
    StateDraft("", "已拆除", is_end=True),
)


def draft(kind: str) -> Draft:
    if kind == "ticket":
        return WELLS
    items = tuple(replace(item, opens="safety_hazard") for item in WELLS.items)
    more = {"states": STATES, "photos": 2, "documents": 1} if kind == "subject" else {"gives": ("safety_hazard",)}
    return replace(WELLS, kind=kind, items=items, opens="safety_hazard", figures=FIGURES[kind], tickets=None, **more)


@pytest.mark.parametrize("kind", KINDS)
def test_what_the_form_writes_loads_beside_the_pack_and_is_shown_again(kind: str) -> None:
    files = files_of(draft(kind), {}, DAY)
    pack = load_defined(built_in("township"), [Definition("well_covers", 1, DAY, files)])
    assert "well_covers" in pack.register_names
    holder = "well_covers" if kind == "activity" else "well_covers_check"
    opened = {item.creates.register for item in pack.checklist_by_name[holder].items if item.creates}
    assert opened == ({"well_covers", "petition"} if kind == "ticket" else {"safety_hazard"})
    assert opened <= set(pack.record_by_name[holder].gives)
    shown = draft_of("well_covers", files)
    assert [f.name for f in shown.fields] == ["field_1", "field_2", "field_3", "field_4"]
    named = replace(
        shown,
        fields=tuple(replace(f, name="") for f in shown.fields),
        items=tuple(replace(item, id=0) for item in shown.items),
        states=tuple(replace(state, name="") for state in shown.states),
    )
    assert named == draft(kind)
    assert files_of(shown, files, DAY) == files, "saved unchanged, nothing changes"


def test_the_form_offers_exactly_the_steps_of_the_lifecycle() -> None:
    offered = [step for steps in STEP_GROUPS.values() for step in steps]
    assert sorted(offered) == sorted(SWITCHES)


def test_steps_evidence_and_deadline_are_what_the_form_says() -> None:
    pack = load_defined(built_in("township"), [Definition("well_covers", 1, DAY, files_of(WELLS, {}, DAY))])
    made = pack.register_by_name["well_covers"]
    assert made.steps == {"object", "request_extension", "grant_extension", "refuse_extension", "relapse"}
    assert (made.evidence.photos_after, made.evidence.documents, made.separation.by_unit) == (2, 1, True)
    limit = made.main_clock.limits[0]
    assert (limit.amount, limit.basis, limit.extension.count, limit.extension.days) == (30, "working", 2, 7)


def test_who_may_pause_has_a_reason_to_choose() -> None:
    files = files_of(WELLS, {}, DAY)
    path = "registers/well_covers.yaml"
    without = {**read_text(files[path], path).data}
    del without["pause_reasons"]
    shown = draft_of("well_covers", files | {path: written(without)})
    pausing = replace(shown, tickets=replace(TICKETS, steps=frozenset({"pause"})))
    changed = read_text(files_of(pausing, files | {path: written(without)}, DAY)[path], path).data
    assert changed["steps"] == ["pause", "resume"]
    assert changed["pause_reasons"]


def test_states_follow_each_other_and_are_counted_each() -> None:
    pack = load_defined(built_in("township"), [Definition("well_covers", 1, DAY, files_of(draft("subject"), {}, DAY))])
    states = pack.record_by_name["well_covers"].states
    assert [(s.is_end, s.follows, s.needs, s.proof.photos) for s in states] == [
        (False, (), (), 0),
        (False, ("state_1",), ("field_2",), 1),
        (True, (), (), 0),
    ]
    ids = {f.id for f in pack.figures if f.register == "well_covers"}
    assert {"well_covers_live", "well_covers_ended", "well_covers_state_state_2"} <= ids


@pytest.mark.parametrize(
    "name", ["toilet_survey", "river_patrol", "toilet", "petition", "house_inspection", "monitored_household"]
)
def test_a_delivered_register_goes_through_the_form_without_loss(name: str) -> None:
    path = f"registers/{name}.yaml"
    text = (built_in("township") / path).read_text(encoding="utf-8")
    files = files_of(draft_of(name, {path: text}), {path: text}, DAY)
    assert read_text(files[path], path).data == read_text(text, path).data


def test_a_delivered_checklist_keeps_what_its_items_say_beyond_the_form() -> None:
    paths = ("registers/toilet_check.yaml", "checklists/toilet.yaml")
    files = {path: (built_in("township") / path).read_text(encoding="utf-8") for path in paths}
    saved = files_of(draft_of("toilet_check", files), files, DAY)
    assert [read_text(saved[path], path).data for path in paths] == [
        read_text(files[path], path).data for path in paths
    ]


def test_how_often_is_a_duty_that_ends_when_it_is_changed() -> None:
    files = files_of(replace(draft("subject"), every="quarter"), {}, DAY)
    pack = load_defined(built_in("township"), [Definition("well_covers", 1, DAY, files)])
    owed = pack.duty_by_id["well_covers_due"]
    assert (owed.every, owed.activity, owed.owed_by.link) == ("quarter", "well_covers_check", "subject")
    assert owed.owed_by.states == ("state_1", "state_2"), "whose file has ended owes nothing"
    shown = draft_of("well_covers", files)
    assert (shown.every, files_of(shown, files, date(2024, 6, 1))) == ("quarter", files)
    changed = files_of(replace(shown, every="month", times=2), files, date(2024, 6, 1))
    old, new = read_text(changed["duties/well_covers.yaml"], "x").data["duties"]
    assert (old["to"], new["id"], new["from"], new["count"]) == ("2024-05-31", "well_covers_due_2", "2024-06-01", 2)
    never = files_of(replace(draft_of("well_covers", changed), every=""), changed, date(2024, 6, 1))
    assert read_text(never["duties/well_covers.yaml"], "x").data["duties"] == [old]


def test_each_village_owes_an_activity_and_one_withdrawn_is_owed_by_nobody() -> None:
    files = files_of(replace(draft("activity"), every="week"), {}, DAY)
    made = Definition("well_covers", 1, DAY, files)
    owed = load_defined(built_in("township"), [made]).duty_by_id["well_covers_due"]
    assert (owed.owed_by.unit_kinds, owed.has_nil_reports) == (("village",), True)
    gone = load_defined(built_in("township"), [replace(made, is_withdrawn=True)])
    assert "well_covers_due" not in gone.duty_by_id


def test_figures_of_a_state_that_is_gone_go_with_it_and_others_stay() -> None:
    files = files_of(draft("subject"), {}, DAY)
    path = "figures/well_covers.yaml"
    own = files[path].replace("id: well_covers_live", "id: well_covers_lively")
    shown = draft_of("well_covers", files)
    changed = files_of(replace(shown, states=(shown.states[0], shown.states[2])), {**files, path: own}, DAY)
    ids = [item["id"] for item in read_text(changed[path], path).data["figures"]]
    assert ids[0] == "well_covers_lively"
    assert "well_covers_state_state_2" not in ids
    assert {"well_covers_live", "well_covers_state_state_1"} <= set(ids)


def test_a_sum_is_told_in_the_unit_that_its_field_names() -> None:
    fields = (
        FieldDraft("", "用料（公斤）", english="Material (kg)", type="integer"),
        FieldDraft("", "人数", type="integer"),
    )
    files = files_of(replace(draft("activity"), fields=fields, figures=("sums",)), {}, DAY)
    pack = load_defined(built_in("township"), [Definition("well_covers", 1, DAY, files)])
    measures = {f.id: f.measure for f in pack.figures if f.register == "well_covers"}
    assert measures["well_covers_sum_field_1"]["en"] == "kg"
    assert measures["well_covers_sum_field_2"]["zh-Hans"] == "个"


def test_an_item_is_known_by_its_number_whatever_it_is_called() -> None:
    files = files_of(WELLS, {}, DAY)
    shown = draft_of("well_covers", files)
    first, second = shown.items
    changed = files_of(replace(shown, items=(replace(second, label="井圈平整"), ItemDraft("有防坠网"))), files, DAY)
    items = read_text(changed["checklists/well_covers_check.yaml"], "x").data["items"]
    assert [(item["id"], item["label"]["zh-Hans"]) for item in items] == [(2, "井圈平整"), (3, "有防坠网")]
    assert first.id == 1


def test_a_list_of_which_nothing_is_left_is_walked_no_more() -> None:
    files = files_of(WELLS, {}, DAY)
    changed = files_of(replace(draft_of("well_covers", files), items=()), files, DAY)
    assert "checklists/well_covers_check.yaml" not in changed
    pack = load_defined(built_in("township"), [Definition("well_covers", 1, DAY, changed)])
    assert pack.record_by_name["well_covers_check"].checklist is None


def test_a_choice_is_known_by_its_text_and_comes_back_under_its_name() -> None:
    files = files_of(WELLS, {}, DAY)
    owner, *others = draft_of("well_covers", files).fields
    swapped = replace(owner, choices=("通信", "供水"))
    changed = files_of(replace(draft_of("well_covers", files), fields=(swapped, *others)), files, DAY)
    fields = read_text(changed["registers/well_covers.yaml"], "x").data["fields"]
    choices = next(f for f in fields if f["name"] == "field_1")["choices"]
    assert [(c["name"], c["label"]["zh-Hans"]) for c in choices] == [("c3", "通信"), ("c1", "供水")]


def test_another_deadline_begins_on_its_day_and_the_old_one_ends_on_its_eve() -> None:
    files = files_of(WELLS, {}, DAY)
    shorter = replace(draft_of("well_covers", files), tickets=replace(TICKETS, days=15))
    changed = files_of(shorter, files, DAY)
    old, new = read_text(changed["deadlines/well_covers.yaml"], "x").data["rules"]
    assert (old["amount"], old["to"], new["amount"], new["from"]) == (30, "2024-02-29", 15, "2024-03-01")
    load_defined(built_in("township"), [Definition("well_covers", 1, DAY, changed)])


def test_names_and_prefixes_that_nobody_chose_are_free() -> None:
    taken = {"井", "WC", "井盖查"}
    assert name_for("Well covers", ()) == "well_covers"
    assert name_for("", {"register_1"}) == "register_2"
    assert prefix_for("井盖台账", taken) == "井盖台"
    assert letters_for("Well covers", taken) == "WE"
    assert len(letters_for("", taken)) == 2


def test_traditional_characters_follow_the_usage_of_ledgers() -> None:
    assert label_of("群众台账核验")["zh-Hant"] == "群眾台賬核驗"


def test_the_latest_version_whose_day_has_come_holds() -> None:
    versions = [
        Definition("a", 1, date(2024, 1, 1), {}),
        Definition("b", 1, date(2024, 2, 1), {}),
        Definition("a", 2, date(2024, 6, 1), {}),
        Definition("a", 3, date(2024, 3, 1), {}),
    ]
    held = {
        on.month: [(d.name, d.version) for d in in_effect(versions, on)] for on in (date(2024, m, 1) for m in (1, 2, 6))
    }
    assert held == {1: [("a", 1)], 2: [("a", 1), ("b", 1)], 6: [("a", 3), ("b", 1)]}


def test_where_one_state_is_open_no_second_figure_counts_what_is_on_the_books() -> None:
    states = (StateDraft("", "在册", english="On the books"), StateDraft("", "销档", english="Ended", is_end=True))
    files = files_of(replace(draft("subject"), states=states), {}, DAY)
    ids = [item["id"] for item in read_text(files["figures/well_covers.yaml"], "x").data["figures"]]
    assert ids == ["well_covers_live", "well_covers_ended"]
