"""Registers made with a form load as any pack does, and the form shows what it wrote."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from tracker.domain.defining import Definition, in_effect
from tracker.packs.loader import built_in, load_defined
from tracker.packs.making import KINDS, Draft, FieldDraft, draft_of, files_of, label_of
from tracker.packs.source import read_text

DAY = date(2024, 3, 1)
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
    ),
    items=("井盖完好", "井圈无沉降"),
    figures=("registered",),
    days=30,
)
FIGURES = {"ticket": ("registered",), "activity": ("held", "nil", "sums"), "subject": ("live", "ended")}


def draft(kind: str) -> Draft:
    opens = "" if kind == "ticket" else "safety_hazard"
    return replace(WELLS, kind=kind, opens=opens, figures=FIGURES[kind], days=30 if kind == "ticket" else 0)


@pytest.mark.parametrize("kind", KINDS)
def test_what_the_form_writes_loads_beside_the_pack_and_is_shown_again(kind: str) -> None:
    files = files_of(draft(kind), {}, DAY)
    pack = load_defined(built_in("township"), [Definition("well_covers", 1, DAY, files)])
    assert "well_covers" in pack.register_names
    holder = "well_covers" if kind == "activity" else "well_covers_check"
    opened = {item.creates.register for item in pack.checklist_by_name[holder].items if item.creates}
    assert opened == {"well_covers" if kind == "ticket" else "safety_hazard"}
    shown = draft_of("well_covers", files)
    assert [f.name for f in shown.fields] == ["field_1", "field_2", "field_3"]
    named = tuple(replace(f, name="") for f in shown.fields)
    assert replace(shown, fields=named) == draft(kind)
    assert files_of(shown, files, DAY) == files, "saved unchanged, nothing changes"


@pytest.mark.parametrize("name", ["toilet_survey", "river_patrol", "toilet"])
def test_a_delivered_register_goes_through_the_form_without_loss(name: str) -> None:
    path = f"registers/{name}.yaml"
    text = (built_in("township") / path).read_text(encoding="utf-8")
    files = files_of(draft_of(name, {path: text}), {path: text}, DAY)
    before, after = read_text(text, path).data, read_text(files[path], path).data
    assert {word: after[word] for word in before if word != "quantities"} == {
        word: before[word] for word in before if word != "quantities"
    }


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
    changed = files_of(replace(draft_of("well_covers", files), days=15), files, DAY)
    old, new = read_text(changed["deadlines/well_covers.yaml"], "x").data["rules"]
    assert (old["amount"], old["to"], new["amount"], new["from"]) == (30, "2024-02-29", 15, "2024-03-01")
    load_defined(built_in("township"), [Definition("well_covers", 1, DAY, changed)])


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
