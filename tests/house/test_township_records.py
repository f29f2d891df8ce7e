"""The township's activities, subjects, statistics, duties and checklists are whole and keep private what is private."""

from pathlib import Path

import pytest

from tracker.domain.checklists import Creation, checklist_for
from tracker.domain.duties import Period
from tracker.domain.records import RecordKind, RecordRegister
from tracker.domain.registers import FieldType, Privacy, Register
from tracker.packs.loader import LoadedPack, built_in, load_pack

TOWNSHIP = built_in("township")
ITEMS = {
    "toilet": 18,
    "house": 16,
    "campus": 17,
    "food_shop": 15,
    "small_premises": 18,
    "river_section": 14,
    "straw_patrol": 10,
    "watch_household": 16,
}
EVERY_LEDGER = {  # registers.md §1: the words for what all tickets have, whatever a register calls it itself
    "found_on": {"发现日期", "排查时间", "摸排时间", "检查日期"},
    "place": {"村（社区）", "所在村", "行政村", "乡镇村"},
    "group": {"组", "村民小组", "组别"},
    "problem": {"问题描述", "存在问题", "存在的安全隐患", "主要问题"},
    "category": {"问题类别"},
    "measures": {"整改措施", "整改方案", "采取措施"},
    "owner": {"责任人", "责任人员", "整改责任人"},
    "lead_official": {"责任领导", "包联领导", "挂点领导"},
    "due_on": {"整改时限", "完成时限", "整改期限", "应结办日期"},
    "progress": {"进展情况", "办理情况", "落实情况"},
    "done_on": {"完成日期", "整改到位时间"},
    "verifier": {"核查人", "验收人", "销号人"},
    "finding": {"核查结果", "验收意见"},
    "closed_on": {"销号日期", "销号时间"},
}
SELECTS = {FieldType.SELECT_ONE, FieldType.SELECT_MULTIPLE}


@pytest.fixture(scope="module")
def township() -> LoadedPack:
    return load_pack(TOWNSHIP)


def files_in(folder: str) -> set[str]:
    return {path.stem for path in Path(TOWNSHIP, folder).glob("[a-z]*.yaml")}


def private(register: RecordRegister) -> tuple[set[str], set[str]]:
    """The personal fields, and the sensitive ones."""
    kinds = {field.name: field.privacy for field in register.fields}
    personal = {name for name, kind in kinds.items() if kind is Privacy.PERSONAL}
    return personal, {name for name, kind in kinds.items() if kind is Privacy.SENSITIVE}


def test_every_file_of_the_pack_is_loaded(township: LoadedPack) -> None:
    assert files_in("registers") == township.register_by_name.keys() | township.record_by_name.keys()
    assert files_in("checklists") == township.checklist_by_name.keys()


def test_there_are_registers_of_every_kind(township: LoadedPack) -> None:
    kinds = [register.kind for register in township.records]
    assert {kind: kinds.count(kind) for kind in RecordKind} == {
        RecordKind.ACTIVITY: 20,
        RecordKind.SUBJECT: 11,
        RecordKind.STATISTIC: 1,
    }
    assert {register.version for register in township.records} == {township.version}


def test_what_is_counted_by_day_and_unit_says_its_day_and_unit_in_lists(township: LoadedPack) -> None:
    assert township.records
    for register in township.records:
        assert register.by_name[register.day_field].is_required, register.name
        assert register.by_name[register.unit_field].is_required, register.name


@pytest.mark.parametrize(
    ("name", "personal", "sensitive"),
    [
        ("toilet", {"household"}, set()),
        ("toilet_build", {"household", "phone"}, {"id_number", "bank_account"}),
        ("house", {"household"}, set()),
        ("monitored_household", {"household_head", "phone"}, {"id_number", "bank_account", "risk", "income_per_head"}),
        ("premises", {"head", "phone"}, set()),
        ("member_household", {"household_head", "needs"}, set()),
        ("welfare_post", {"holder"}, {"id_number", "bank_account"}),
        ("party_member", {"name"}, {"born"}),
        ("student", {"name", "household_head"}, {"id_number"}),
        ("subsidy", set(), {"bank_account"}),
        ("party_lecture", {"lecturer"}, set()),
        ("household_visit", {"needs"}, {"income_change"}),
        ("courtyard_meeting", set(), set()),
    ],
)
def test_personal_values_are_private(township: LoadedPack, name: str, personal: set[str], sensitive: set[str]) -> None:
    assert private(township.record_by_name[name]) == (personal, sensitive)


def test_an_income_line_is_the_province_s_and_open_an_income_is_not(township: LoadedPack) -> None:
    watch = township.record_by_name["monitored_household"]
    assert not watch.by_name["income_line"].is_private


def test_persons_at_enrolment_are_fixed_before_a_household_is_enrolled(township: LoadedPack) -> None:
    enrolled = township.record_by_name["monitored_household"].state_by_name["enrolled"]
    assert {"decided_on", "persons_at_enrolment"} <= set(enrolled.needs)


def test_a_household_that_was_cleared_can_become_a_clue_again(township: LoadedPack) -> None:
    states = township.record_by_name["monitored_household"].state_by_name
    assert states["cleared"].is_end
    assert "cleared" in states["clue"].follows


def test_a_meeting_has_one_main_theme_out_of_the_themes(township: LoadedPack) -> None:
    meeting = township.record_by_name["courtyard_meeting"]
    assert meeting.by_name["main_theme"].type is FieldType.SELECT_ONE
    assert meeting.by_name["main_theme"].choice_names == meeting.by_name["themes"].choice_names


def test_stages_of_a_statistic_ascend_to_the_final_value(township: LoadedPack) -> None:
    assert [stage.name for stage in township.record_by_name["statistic"].stages] == ["estimate", "reported", "final"]


def test_every_register_of_tickets_knows_the_headings_of_every_ledger(township: LoadedPack) -> None:
    assert township.registers
    for register in township.registers:
        columns = {column.name: column for column in township.columns[register.name]}
        for name, words in EVERY_LEDGER.items():
            field = register.by_name.get(name) or columns.get(name)
            if field is not None:
                assert words <= set(field.headings), f"{register.name}.{name}"
            else:
                assert name not in ("found_on", "place", "due_on", "closed_on"), register.name


def test_a_term_of_school_can_be_chosen_before_it_begins(township: LoadedPack) -> None:
    terms = township.record_by_name["subsidy"].by_name["term"].choice_names
    assert {f"{year}_{half}" for year in range(2023, 2028) for half in ("spring", "autumn")} <= terms


class TestDuties:
    @pytest.mark.parametrize(
        ("name", "every", "count", "late_days"),
        [
            ("party_day", Period.MONTH_DAY, 1, 5),
            ("party_lecture_leadership", Period.YEAR, 12, 0),
            ("party_lecture_branch", Period.QUARTER, 1, 0),
            ("practice_activity", Period.MONTH, 2, 0),
            ("courtyard_meeting", Period.MONTH, 1, 0),
            ("river_patrol_village", Period.WEEK, 1, 0),
            ("river_patrol_town", Period.MONTH, 1, 0),
            ("straw_report", Period.DAY, 1, 0),
            ("safety_publicity", Period.YEAR, 7, 0),
            ("member_visit", Period.QUARTER, 1, 0),
        ],
    )
    def test_each_is_owed_as_often_as_the_town_says(
        self, township: LoadedPack, name: str, every: Period, count: int, late_days: int
    ) -> None:
        duty = township.duty_by_id[name]
        assert (duty.every, duty.count, duty.late_days) == (every, count, late_days)

    def test_party_day_is_the_twentieth(self, township: LoadedPack) -> None:
        assert township.duty_by_id["party_day"].month_day == 20

    @pytest.mark.parametrize(("name", "count"), [("party_day", 11), ("practice_activity", 11), ("accident_report", 11)])
    def test_eleven_owe_it(self, township: LoadedPack, name: str, count: int) -> None:
        owed_by = township.duty_by_id[name].owed_by
        owing = [u for u in township.units if u.kind in owed_by.unit_kinds or u.code in owed_by.unit_codes]
        assert len(owing) == count

    def test_straw_is_watched_for_109_days_of_the_year(self, township: LoadedPack) -> None:
        assert township.duty_by_id["straw_report"].within == (((7, 10), (8, 10)), ((9, 15), (11, 30)))

    def test_a_zero_rests_on_nil_reports(self, township: LoadedPack) -> None:
        with_nil = {duty.id for duty in township.duties if duty.has_nil_reports}
        assert {"river_patrol_village", "river_patrol_town", "straw_report", "accident_report"} <= with_nil
        assert with_nil.isdisjoint({"party_day", "courtyard_meeting", "practice_activity", "safety_publicity"})


class TestChecklists:
    def test_all_items_are_there_with_guidance(self, township: LoadedPack) -> None:
        assert {checklist.name: len(checklist.items) for checklist in township.checklists} == ITEMS
        for checklist in township.checklists:
            assert [item.id for item in checklist.items] == list(range(1, len(checklist.items) + 1))
            assert all(item.guidance for item in checklist.items), checklist.name

    def test_every_checklist_is_used_by_an_activity_or_meant_for_some_premises(self, township: LoadedPack) -> None:
        used = {register.checklist for register in township.records}
        assert {c.name for c in township.checklists if c.name not in used} == {"campus", "food_shop"}
        assert all(c.where for c in township.checklists if c.name not in used)

    @pytest.mark.parametrize(
        ("kind", "name"),
        [("school", "campus"), ("canteen", "food_shop"), ("small", "small_premises"), (None, "small_premises")],
    )
    def test_premises_are_checked_by_the_list_of_their_kind(
        self, township: LoadedPack, kind: str | None, name: str
    ) -> None:
        named = township.checklist_by_name[township.record_by_name["premises_check"].checklist or ""]
        assert checklist_for(named, township.checklists, {"kind": kind}).name == name

    def test_a_fail_opens_a_ticket_that_lacks_no_choice(self, township: LoadedPack) -> None:
        """What must be chosen is given by the item, or known of the subject; the rest is typed on the spot."""
        assert any(item.creates for checklist in township.checklists for item in checklist.items)
        for checklist in township.checklists:
            subject = township.record_by_name.get(checklist.subject or "")
            known = set(subject.by_name) if subject else set()
            for creation in (item.creates for item in checklist.items if item.creates):
                register = township.register_by_name[creation.register]
                assert choices_needed(register) <= creation.values.keys() | known, f"{checklist.name}: {creation}"

    def test_every_fail_goes_to_somebody_and_small_repairs_to_the_village(self, township: LoadedPack) -> None:
        owners = {
            checklist.name: {i.id: i.creates.owner for i in checklist.items if i.creates}
            for checklist in township.checklists
        }
        assert all(owner for of in owners.values() for owner in of.values())
        assert (owners["toilet"][8], owners["toilet"][6]) == ("place", "430422108.agriculture")
        assert set(owners["watch_household"].values()) == {"helper"}
        assert set(owners["campus"].values()) == {"place"}

    @pytest.mark.parametrize(
        ("checklist", "item", "severity"), [("toilet", 8, "3"), ("house", 16, "3"), ("river_section", 5, "3")]
    )
    def test_what_endangers_life_is_urgent(
        self, township: LoadedPack, checklist: str, item: int, severity: str
    ) -> None:
        creates = township.checklist_by_name[checklist].item_by_id[item].creates
        assert isinstance(creates, Creation)
        assert creates.values["severity"] == severity


def choices_needed(register: Register) -> set[str]:
    """Select fields that a ticket must have, but for its source, which the list itself is."""
    return {f.name for f in register.fields if f.is_required and f.type in SELECTS} - {"source"}
