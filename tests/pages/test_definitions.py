"""An administrator makes a register in the browser; people use it, and its figure counts."""

from __future__ import annotations

import re
from io import BytesIO
from typing import Any

import pytest
from page_checks import check_page
from pages.conftest import Browse, Visitor, form_values
from township import Township

from tracker.packs.loader import LoadedPack, built_in, load_pack
from tracker.packs.making import KINDS

NEW = "/admin/registers/new?kind=ticket"


@pytest.fixture(scope="module")
def delivered() -> LoadedPack:
    return load_pack(built_in("township"))


@pytest.fixture
def office(town: Township, delivered: LoadedPack) -> Township:
    """The small township with the pack that comes with the product."""
    town.house.pack = delivered
    return town


def well_covers(visitor: Visitor, url: str = NEW, **more: Any) -> dict[str, Any]:
    """The form, filled in as somebody would who knows no YAML."""
    form = visitor.form(url)
    typed = {
        "label_zh": "井盖台账",
        "label_en": "Well covers",
        "prefix": "井",
        "ascii_prefix": "jg",
        "measure": "个",
        "label_0": "权属单位",
        "type_0": "select_one",
        "choices_0": "供水\n电力\n通信\n",
        "required_0": "y",
        "listed_0": "y",
        "label_1": "井深（厘米）",
        "type_1": "integer",
        "label_2": "反映人",
        "private_2": "y",
        "checklist": "井盖完好\n井圈无沉降\n",
    }
    return form | typed | more


def put_into_effect(visitor: Visitor, url: str, form: dict[str, Any]) -> None:
    seen = visitor.client.post(url, data=form | {"act": "look"})
    assert seen.status_code == 200, seen.text
    answer = visitor.client.post(url, data=form | {"act": "confirm"})
    assert answer.status_code == 302, answer.text


def test_a_register_is_made_used_and_counted_without_touching_code(office: Township, browse: Browse) -> None:
    admin, supervisor = browse("administrator"), browse("supervisor")
    assert "New register" in admin.text("/admin/registers")
    admin.text("/admin/registers/new")
    form = well_covers(admin)
    seen = admin.client.post(NEW, data=form | {"act": "look"}).text
    check_page(seen)
    assert "preview-well_covers-field_1" in seen
    assert "Well covers: checks" in seen, "the checklist is walked in an activity of its own"
    put_into_effect(admin, NEW, form)

    url = "/registers/well_covers/tickets/new"
    given = supervisor.form(url)
    village = str(office.unit["chenguang"])
    given |= {"place": village, "problem": "三组路口井盖缺失", "field_1": "c2", "field_2": "80", "field_3": "刘晓云"}
    answer = supervisor.client.post(url, data=given)
    assert answer.status_code == 303, answer.text
    page = supervisor.text("/registers/well_covers/tickets")
    assert "三组路口井盖缺失" in page
    assert "电力" in page
    assert "井-" in page
    figure = supervisor.text("/figures/well_covers_open?report=registers")
    assert "井盖" in figure or "Well covers: open" in figure
    assert ">1<" in re.sub(r"\s", "", figure) or "1item" in re.sub(r"\s", "", figure)
    walked = browse("staff").text("/registers/well_covers_check/inspections/new")
    assert "井圈无沉降" in walked


def test_a_choice_in_use_is_retired_and_a_field_in_use_stays(office: Township, browse: Browse) -> None:
    admin, supervisor = browse("administrator"), browse("supervisor")
    put_into_effect(admin, NEW, well_covers(admin))
    url = "/registers/well_covers/tickets/new"
    given = supervisor.form(url) | {"place": str(office.unit["chenguang"]), "problem": "井盖破裂", "field_1": "c1"}
    assert supervisor.client.post(url, data=given).status_code == 303

    edit = "/admin/registers/well_covers"
    form = admin.form(edit)
    seen = admin.client.post(edit, data=form | {"choices_0": "电力\n通信", "act": "look"})
    assert seen.status_code == 200
    assert "供水" in seen.text
    put_into_effect(admin, edit, form | {"choices_0": "电力\n通信"})
    assert "供水" not in supervisor.text(url)
    listed = supervisor.text("/registers/well_covers/tickets")
    assert "供水" in listed, "the record still says it"
    stale = supervisor.client.post(url, data=supervisor.form(url) | given | {"key": "another-press"})
    assert stale.status_code == 422
    assert "供水" in stale.text
    number = re.search(r'href="(/tickets/[^"/]+)"', listed)
    assert number is not None
    assert supervisor.form(f"{number[1]}/amend")["field_1"] == "c1", "a correction of something else leaves it"
    refused = admin.client.post(edit, data=admin.form(edit) | {"label_0": "", "act": "confirm"})
    assert refused.status_code == 422
    assert "权属单位" in refused.text
    told = re.search(r'id="label_0-error">.*?</span></span>', refused.text, re.DOTALL)
    assert told is not None
    assert "cannot be removed. Records that use it: 1." in plain(told[0])
    history = admin.text("/admin/registers/well_covers/history")
    assert "Version 2" in history
    assert "retired: true" in history


def test_mistakes_in_files_are_shown_at_their_lines_and_the_text_is_kept(office: Township, browse: Browse) -> None:
    admin = browse("administrator")
    put_into_effect(admin, NEW, well_covers(admin))
    url = "/admin/registers/well_covers/files"
    form = admin.form(url)
    (place,) = [name for name, path in form.items() if path == "registers/well_covers.yaml"]
    text = place.replace("path", "text")
    broken = form[text].replace("type: integer", "type: integr")
    answer = admin.client.post(url, data=form | {text: broken, "act": "confirm"})
    line = broken[: broken.index("integr")].count("\n") + 1
    assert answer.status_code == 422
    assert f"registers/well_covers.yaml:{line}" in answer.text
    assert "type: integr\n" in answer.text.replace("\r", "")


def test_a_pack_author_takes_the_files_away_and_brings_them_back(office: Township, browse: Browse) -> None:
    admin = browse("administrator")
    put_into_effect(admin, NEW, well_covers(admin))
    text = admin.open("/admin/registers/well_covers/files/registers/well_covers.yaml").text
    text = text.replace("well_covers", "manholes").replace("井盖台账", "窨井台账").replace("prefix: 井", "prefix: 窨")
    text = text.replace("ascii_prefix: JG", "ascii_prefix: YJ")
    rules = (
        "rules:\n- {rule_id: m.r, register: manholes, clock: rectify, amount: 9, basis: natural, from: 2020-01-01,"
        " source: 本镇}\n"
    )
    sent = [(BytesIO(text.encode()), "a.yaml"), (BytesIO(rules.encode()), "b.yaml")]
    form = admin.form("/admin/registers/upload")
    seen = admin.client.post("/admin/registers/upload", data=form | {"uploads": sent, "act": "confirm"})
    assert seen.status_code == 302, seen.text
    assert "manholes" in admin.text("/admin/registers")
    assert office.house.pack.register_by_name["manholes"].main_clock.limits[0].amount == 9


def test_a_delivered_register_can_be_changed_too(office: Township, browse: Browse) -> None:
    admin = browse("administrator")
    for name in ("toilet_survey", "river_patrol", "statistic"):
        admin.client.get(f"/admin/registers/{name}", follow_redirects=True)
    form = admin.form("/admin/registers/straw_burning_patrol")
    assert form["prefix"]
    assert "stages: stage" in admin.open("/admin/registers/statistic/files").text


def test_a_register_is_withdrawn_with_its_reason_and_stays_readable(office: Township, browse: Browse) -> None:
    admin = browse("administrator")
    put_into_effect(admin, NEW, well_covers(admin))
    url = re.search(r'href="(/admin/registers/[a-z0-9_]+/withdraw)"', admin.text("/admin/registers"))[1]
    name = url.split("/")[3]
    assert admin.send(url).status_code == 422
    assert admin.send(url, reason="改用水务系统").status_code == 302
    page = admin.text("/admin/registers")
    assert "withdrawn" in page
    assert url not in page
    assert "改用水务系统" in admin.text(f"/admin/registers/{name}/history")
    assert admin.open(url).status_code == 302
    desk = browse("supervisor")
    assert desk.text(f"/registers/{name}/tickets")
    assert desk.open(f"/registers/{name}/tickets/new").status_code == 404


# -- steps, states, links -------------------------------------------------------------------------------
PROBLEMS = {
    "label_zh": "井盖问题台账",
    "label_en": "Well cover problems",
    "label_0": "路段",
    "photos_after": "2",
    "step_accept": None,
}
COVERS = {
    "label_zh": "井盖台账",
    "label_en": "Well covers",
    "state_0": "完好",
    "state_english_0": "Sound",
    "state_1": "破损",
    "state_english_1": "Damaged",
    "state_end_1": None,
    "state_2": "已更换",
    "state_english_2": "Replaced",
    "state_after_2": "破损、完好",
    "state_end_2": "y",
    "checklist": "井盖完好\n有防坠网",
    "opens": "well_cover_problems",
    "every": "quarter",
}


def typed(visitor: Visitor, url: str, changes: dict[str, Any]) -> dict[str, Any]:
    """The form with these inputs; None: a tick taken away."""
    return {name: value for name, value in (visitor.form(url) | changes).items() if value is not None}


def made(visitor: Visitor, kind: str, changes: dict[str, Any]) -> str:
    """The preview of a new register, which is then put into effect as the preview shows it."""
    url = f"/admin/registers/new?kind={kind}"
    seen = visitor.client.post(url, data=typed(visitor, url, changes) | {"act": "look"})
    assert seen.status_code == 200, seen.text
    check_page(seen.text)
    answer = visitor.client.post(url, data=form_values(seen.text) | {"act": "confirm"})
    assert answer.status_code == 302, answer.text
    return seen.text


def plain(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def test_a_name_alone_makes_a_register(office: Township, browse: Browse) -> None:
    admin = browse("administrator")
    made(admin, "ticket", {"label_zh": "窨井台账"})
    admin.text("/admin/registers")
    assert {r.prefix for r in office.house.pack.registers} >= {"窨"}
    assert {"register_1"} <= office.house.pack.register_names


def test_things_with_states_checks_and_tickets_are_linked(office: Township, browse: Browse) -> None:
    admin = browse("administrator")
    seen = plain(made(admin, "ticket", PROBLEMS))
    assert "1. Register 2. Assign 3. Submit for closure (2 photographs) 4. Verify, which closes it" in seen
    assert "30 days" in seen
    seen = plain(made(admin, "subject", COVERS))
    assert "1. Sound 2. Damaged 3. Replaced (the file ends, only after Damaged, Sound)" in seen
    assert "1. 井盖完好 → Well cover problems" in seen
    assert "Tickets of Well cover problems may come of it." in seen
    assert "Well covers: each to be checked (Every quarter, 1 time)" in seen
    edit = "/admin/registers/well_cover_problems"
    linked = typed(admin, edit, {"label_1": "井盖", "english_1": "Cover", "type_1": "record:well_covers"})
    seen = admin.client.post(edit, data=linked | {"act": "look"}).text
    assert "Cover names a record of Well covers." in plain(seen)
    assert admin.client.post(edit, data=form_values(seen) | {"act": "confirm"}).status_code == 302
    form = admin.form("/admin/registers/well_covers")
    pack = office.house.pack
    problems, covers = pack.register_by_name["well_cover_problems"], pack.record_by_name["well_covers"]
    assert problems.by_name["field_2"].register == "well_covers"
    assert (problems.evidence.photos_after, "accept" in problems.steps) == (2, False)
    assert [s.label["en"] for s in covers.states] == ["Sound", "Damaged", "Replaced"]
    assert (form["item_0"], form["item_opens_1"], form["state_after_2"]) == (
        "井盖完好",
        "well_cover_problems",
        "破损, 完好",
    )


def test_more_rows_come_without_losing_what_was_typed(office: Township, browse: Browse) -> None:
    admin = browse("administrator")
    sent = typed(admin, "/admin/registers/new?kind=subject", {"label_2": "井深", "state_3": "停用"})
    seen = admin.client.post("/admin/registers/new?kind=subject", data=sent | {"act": "more_field"})
    assert seen.status_code == 200
    form = form_values(seen.text)
    assert (form["label_2"], form["state_3"], form["field_count"]) == ("井深", "停用", "6")
    assert "label_5" in form


MISTAKES = (
    ("ticket", {"label_0": "所在村"}, "label_0", "already means “Village”"),
    ("ticket", {"label_0": "权属", "label_1": "权属"}, "label_1", "already means"),
    ("ticket", {"prefix": "厕"}, "prefix", "“厕” stands before the numbers of “"),
    ("ticket", {"ascii_prefix": "J1"}, "ascii_prefix", "letters from A to Z"),
    ("ticket", {"photos_after": "21"}, "photos_after", "0 to 20"),
    ("ticket", {"days": "soon"}, "days", "not a number"),
    ("ticket", {"extensions": ""}, "extensions", "has to be filled in"),
    ("ticket", {"label_0": "权属", "type_0": "record:nowhere"}, "type_0", "“nowhere” is not one of the choices"),
    ("subject", {"state_0": "", "state_1": ""}, "state_0", "at least one state"),
    ("subject", {"state_after_1": "破损"}, "state_after_1", "“破损” is not among 在册, 销档"),
    ("subject", {"state_needs_1": "井深"}, "state_needs_1", "“井深” is not among"),
    ("activity", {"checklist": "完好", "photos_needed": "2"}, "photos_needed", "one photograph"),
    ("subject", {"every": "week"}, "checklist", "has to be filled in"),
    ("activity", {"label_en": "River patrol"}, "label_en", "there already"),
)
"""What is typed into the form of a kind, where the mistake is shown, and what is said."""


def test_a_mistake_stands_at_its_field(office: Township, browse: Browse) -> None:
    admin = browse("administrator")
    forms = {kind: typed(admin, f"/admin/registers/new?kind={kind}", {"label_zh": "窨井台账"}) for kind in KINDS}
    for kind, wrong, at, says in MISTAKES:
        seen = admin.client.post(f"/admin/registers/new?kind={kind}", data=forms[kind] | wrong | {"act": "confirm"})
        assert seen.status_code == 422, wrong
        check_page(seen.text)
        said = re.search(rf'id="{at}-error">.*?</span></span>', seen.text, re.DOTALL)
        assert said is not None, (wrong, seen.text)
        assert says in plain(said[0])


def test_a_delivered_checklist_goes_through_the_form(office: Township, browse: Browse) -> None:
    admin = browse("administrator")
    before = office.house.pack
    edit = "/admin/registers/toilet_check"
    form = admin.form(edit)
    assert form["item_0"] == "厕屋完好，有门、窗、顶"
    put_into_effect(admin, edit, form)
    after = office.house.pack
    assert after.checklist_by_name["toilet"] == before.checklist_by_name["toilet"]
    changed, old = after.record_by_name["toilet_check"], before.record_by_name["toilet_check"]
    assert (changed.fields, changed.checklist, changed.gives) == (old.fields, old.checklist, old.gives)
    assert "checklist" not in admin.form("/admin/registers/toilet"), "its checks are a register of the pack"
