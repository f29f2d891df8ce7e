"""A register of records, a duty or a checklist that names what is not there is refused with line and remedy."""
# ruff: noqa: E501 # a table of cases is read line by line

from datetime import date
from pathlib import Path

import pytest

from tests.house.small_pack import line_of, write_pack
from tests.house.small_records import RECORDS
from tracker.domain.duties import Missed, Period
from tracker.domain.records import RecordKind
from tracker.domain.registers import FieldType, text_in
from tracker.packs.loader import LoadedPack, PackError, load_pack


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> LoadedPack:
    return load_pack(write_pack(tmp_path_factory.mktemp("pack"), RECORDS))


class TestSmallPack:
    def test_tickets_stand_apart_from_other_records(self, pack: LoadedPack) -> None:
        assert [register.name for register in pack.registers] == ["lamp"]
        assert {name: register.kind for name, register in pack.record_by_name.items()} == {
            "walk": RecordKind.ACTIVITY,
            "post": RecordKind.SUBJECT,
            "reading": RecordKind.STATISTIC,
        }

    def test_an_activity_says_what_it_counts_and_gives(self, pack: LoadedPack) -> None:
        walk = pack.record_by_name["walk"]
        assert (walk.day_field, walk.unit_field, walk.nil_field) == ("held_on", "place", "nothing")
        assert (walk.quantities, walk.groups, walk.gives, walk.checklist) == (
            ("minutes",),
            ("post",),
            ("lamp",),
            "post_check",
        )
        assert (walk.by_name["post"].type, walk.by_name["post"].register) == (FieldType.RECORD, "post")

    def test_a_subject_has_states_in_order(self, pack: LoadedPack) -> None:
        standing, fallen = pack.record_by_name["post"].states
        assert not standing.is_end
        assert (fallen.is_end, fallen.follows, fallen.needs) == (True, ("standing",), ("remark",))

    def test_a_statistic_has_a_key_a_value_and_stages_that_ascend(self, pack: LoadedPack) -> None:
        reading = pack.record_by_name["reading"]
        assert (reading.key_fields, reading.value_field) == (("place", "year"), "power")
        assert [stage.name for stage in reading.stages] == ["estimate", "final"]

    def test_a_duty_says_who_owes_what_and_when(self, pack: LoadedPack) -> None:
        weekly, twentieth = pack.duties
        assert (weekly.every, weekly.owed_by.subjects, weekly.owed_by.link) == (Period.WEEK, "post", "post")
        assert weekly.where[0].holds({"nothing": True})
        assert (weekly.at_least, weekly.within) == ((("minutes", 5),), (((7, 10), (8, 10)),))
        assert (weekly.late_days, weekly.enter_days, weekly.in_force_from) == (2, None, date(2023, 1, 2))
        assert (weekly.missed, weekly.missed_register) == (Missed.TICKET, "lamp")
        assert (twentieth.every, twentieth.month_day, twentieth.missed) == (Period.MONTH_DAY, 20, Missed.NOTICE)
        assert (twentieth.owed_by.unit_kinds, twentieth.owed_by.unit_codes) == (("village",), ("43",))

    def test_a_checklist_says_what_a_fail_opens(self, pack: LoadedPack) -> None:
        checklist = pack.checklist_by_name["post_check"]
        lit, straight = checklist.items
        assert (checklist.subject, checklist.where[0].fields) == ("post", {"wood"})
        assert lit.creates is not None
        assert lit.law is not None
        assert {text_in(lit.law, code) for code in ("zh-Hans", "zh-Hant", "en")} == {"某法第1条"}  # plain: in each
        assert (lit.creates.register, lit.creates.values) == ("lamp", {"kind": "street"})
        assert straight.creates is None

    def test_a_register_of_tickets_says_how_the_state_of_its_subject_follows(self, pack: LoadedPack) -> None:
        rule = pack.register_by_name["lamp"].subject_states
        assert rule is not None
        opened, fixed, wrong = rule.rows
        assert (rule.link, opened.on, opened.state, opened.sources) == ("post", "opened", "fallen", ("standing",))
        assert (opened.where[0].holds({"kind": "street"}), opened.says) == (True, {"remark": "倒伏"})
        assert (fixed.where[0].holds({"outcome": "fixed"}), fixed.waits, fixed.day_into) == (True, True, "opened_on")
        assert (wrong.is_back, wrong.state) == (True, None)

    def test_a_pack_may_owe_nothing(self, tmp_path: Path) -> None:
        changes = {name: text for name, text in RECORDS.items() if name != "duties.yaml"}
        assert load_pack(write_pack(tmp_path, changes)).duties == ()


WALK, POST, READING, LAMP = (f"registers/{name}.yaml" for name in ("walk", "post", "reading", "lamp"))
CHECK, DUTIES = "checklists/post_check.yaml", "duties.yaml"
BREAKS = [
    # file, what is replaced, by what, the piece whose line is named, words of the message
    (WALK, "checklist: post_check", "checklist: post_check\nevidence: {photos: 2}", "evidence:", "has room for one photograph"),
    (WALK, "kind: activity", "kind: action", "kind: action", "unknown 'action'"),
    (WALK, "day: held_on", "day: walked_on", "day:", "unknown field walked_on"),
    (WALK, "day: held_on", "day: minutes", "day:", "minutes cannot be the day"),
    (WALK, "unit: place", "unit: village", "unit: village", "unknown field village"),
    (WALK, "summary: remark", "summary: gist", "summary:", "unknown field gist"),
    (WALK, "nil: nothing", "nil: minutes", "nil:", "minutes is not a yes_no field"),
    (WALK, "quantities: [minutes]", "quantities: [hours]", "quantities:", "unknown field hours"),
    (WALK, "quantities: [minutes]", "quantities: [walker]", "quantities:", "walker is not an open number"),
    (WALK, "groups: [post]", "groups: [minutes]", "groups:", "minutes is not a record field"),
    (WALK, "gives: [lamp]", "gives: [post]", "gives:", "unknown register of tickets post"),
    (WALK, "checklist: post_check", "checklist: walk_check", "checklist:", "unknown checklist walk_check"),
    (WALK, "register: post,", "register: pole,", "name: post,", "points into an unknown register pole"),
    (WALK, "type: record, register: post,", "type: record,", "name: post,", "a record field, and no other"),
    (WALK, "- use: remark", "- use: remarks", "- use: remarks", "nothing shared is called remarks"),
    (WALK, "prefix: 巡", "prefix: 灯", "prefix: 灯", "灯 already belongs to lamp"),
    (WALK, "ascii_prefix: XC\n", "", "", "missing ascii_prefix"),
    (WALK, "gives: [lamp]\n", "states: [lamp]\n", "", "unknown word states"),
    (WALK, "zh-Hant: 巡查, en: Walks", "en: Walks", "label:", "missing zh-Hant"),
    (WALK, "en: Minutes}", "en: Minutes}, not_before: {field: held_on, days: 1}", "name: minutes,", "compares two days"),
    (WALK, "en: Minutes}", "en: Minutes}, contains: post", "name: minutes,", "minutes cannot contain post"),
    (WALK, "register: post,", "register: post, settles: [pole],", "name: post,", "post cannot settle pole"),
    (WALK, "register: post,", "register: post, settles: [minutes],", "name: post,", "post has no minutes to settle"),
    (WALK, "en: Minutes}", "en: Minutes}, settles: [place]", "name: minutes,", "minutes cannot settle place"),
    (POST, "ascii_prefix: DG", "ascii_prefix: XC", "ascii_prefix: XC", "XC already belongs to walk"),
    (POST, "from: [standing]", "from: [leaning]", "name: fallen", "unknown state leaning"),
    (POST, "needs: [remark]", "needs: [reason]", "name: fallen", "unknown field reason"),
    (POST, "name: fallen", "name: standing", "name: standing, label: {zh-Hans: 已倒", "standing stands twice in states"),
    (POST, "en: Standing}}", "en: Standing}, is_end: true}", "states:", "every state is an end"),
    (POST, "en: Opened on}, required: true", "en: Opened on}", "day:", "opened_on is not required"),
    (POST, "states:", "conditions:", "", "missing states"),
    (READING, "key: [place, year]", "key: [place, power]", "key:", "power cannot be the key"),
    (READING, "key: [place, year]", "key: [year]", "key:", "the key lacks place"),
    (READING, "value: power", "value: stage", "value:", "stage cannot be the value"),
    (READING, "stages: stage", "stages: year", "stages:", "year cannot be the stages"),
    (READING, "value: power\n", "", "", "missing value"),
    (LAMP, "link: post", "link: kind", "link:", "kind does not lead to a register of subjects"),
    (LAMP, "link: post", "link: pole", "link:", "pole does not lead to a register of subjects"),
    (LAMP, "on: opened", "on: begun", "on: begun", "unknown event or milestone begun"),
    (LAMP, "where: {kind: [street]}", "where: {kind: [moon]}", "on: opened", "kind has no choice moon"),
    (LAMP, "where: {kind: [street]}", "where: {outcome: [fixed]}", "on: opened", "only what is closed has an outcome"),
    (LAMP, "where: {outcome: [wrong]}", "where: {outcome: [vain]}", "outcome: [vain]", "unknown outcome vain"),
    (LAMP, "state: fallen", "state: lying", "on: opened", "unknown state lying"),
    (LAMP, "from: [fallen]", "from: [lying]", "from: [lying]", "unknown state lying"),
    (LAMP, "from: [standing]", "from: [fallen]", "on: opened", "state fallen cannot follow fallen"),
    (LAMP, ", says: {remark: 倒伏}", "", "on: opened", "state fallen needs remark"),
    (LAMP, "remark: 倒伏", "remark: 倒伏, bark: 无", "on: opened", "unknown field bark"),
    (LAMP, "remark: 倒伏", "remark: 倒伏, wood: 无", "on: opened", "wood has no choice 无"),
    (LAMP, "day_into: opened_on", "day_into: remark", "day_into:", "remark is no date"),
    (LAMP, "back: true", "back: true, state: standing", "outcome: [wrong]", "a row says a `state`, or `back: true`"),
    (LAMP, "back: true", "waits: true", "outcome: [wrong]", "a row says a `state`, or `back: true`"),
    (LAMP, "state: fallen", "back: true", "on: opened", "nothing was before a ticket that is only opened"),
    (LAMP, "on: opened", "of: opened", "of: opened", "missing on"),
    (POST, "needs: [remark]", "needs: [remark], evidence: {photos: 1}", "", "state fallen asks for files"),
    (CHECK, "subject: post", "subject: walk", "subject:", "unknown register of subjects walk"),
    (CHECK, "where: {wood: [oak]}", "where: {wood: [elm]}", "where:", "wood has no choice elm"),
    (CHECK, "where: {wood: [oak]}", "where: {bark: [oak]}", "where:", "unknown field bark"),
    (CHECK, "subject: post\n", "subject: null\n", "where:", "`where` asks facts of no subject"),
    (CHECK, "register: lamp", "register: post", "creates:", "unknown register of tickets post"),
    (CHECK, "kind: street", "kind: moon", "creates:", "kind has no choice moon"),
    (CHECK, "kind: street", "colour: red", "creates:", "unknown field colour"),
    (CHECK, "kind: street", "keeper: 刘", "creates:", "keeper is private"),
    (CHECK, "id: 2", "id: 1", "{id: 1", "item 1 stands twice"),
    (CHECK, "  - id: 1\n", "  - id: 1\n    points: 3\n", "", "item 1 has points that nobody counts"),
    (CHECK, "name: post_check", "name: post_look", "name: post_look", "post_look stands in checklists/post_check.yaml"),
    (CHECK, "source: 某文\n", "", "", "missing source"),
    (DUTIES, "activity: walk", "activity: post", "activity: post", "unknown register of activities post"),
    (DUTIES, "where: {nothing: [yes]}", "where: {nothing: [maybe]}", "where:", "nothing has no choice maybe"),
    (DUTIES, "where: {nothing: [yes]}", "where: {walker: [刘]}", "where:", "is not of the form"),
    (DUTIES, "where: {nothing: [yes]}", "where: {walker: [liu]}", "where:", "walker is private"),
    (DUTIES, "at_least: {minutes: 5}", "at_least: {hours: 5}", "at_least:", "unknown field hours"),
    (DUTIES, "at_least: {minutes: 5}", "at_least: {nothing: 5}", "at_least:", "nothing is not an open number"),
    (DUTIES, "subjects: post,", "subjects: walk,", "owed_by:", "unknown register of subjects walk"),
    (DUTIES, "states: [standing]", "states: [lying]", "owed_by:", "unknown state lying"),
    (DUTIES, "link: post", "link: minutes", "owed_by:", "minutes does not point to post"),
    (DUTIES, ", link: post}", "}", "owed_by:", "is a dependency of 'subjects'"),
    (DUTIES, 'unit_codes: ["43"]', 'unit_codes: ["44"]', "owed_by: {units", "unknown unit 44"),
    (DUTIES, "units: [village]", "units: [hamlet]", "owed_by: {units", "unknown 'hamlet'"),
    (DUTIES, "every: week", "every: fortnight", "every: fortnight", "unknown 'fortnight'"),
    (DUTIES, "month_day: 20", "month_day: 31", "every: {month_day", "31 is greater than the maximum"),
    (DUTIES, "from: 07-10", "from: 02-30", "within:", "2024-02-30 is not a day"),
    (DUTIES, "from: 07-10", "from: 11-10", "within:", "11-10 is after 08-10"),
    (DUTIES, "from: 2023-01-02", "from: 2023-01-02\n    to: 2022-12-31", "- id: weekly", "weekly ends before it begins"),
    (DUTIES, "from: 2023-01-02", "from: 2023-02-30", "- id: weekly", "2023-02-30 is not a day"),
    (DUTIES, "missed: ticket:lamp", "missed: ticket:walk", "missed:", "unknown register of tickets walk"),
    (DUTIES, "missed: ticket:lamp", "missed: shrug", "missed:", "is not of the form"),
    (DUTIES, "id: twentieth", "id: weekly", "- id: weekly\n    label: {zh-Hans: 每月", "duty weekly stands twice"),
    ("pack.yaml", "checklists: [post_check]", "checklists: [post_check, other]", "", "the file is missing"),
]  # fmt: skip


@pytest.mark.parametrize(("file", "old", "new", "piece", "words"), BREAKS, ids=[f"{b[0]}: {b[4]}" for b in BREAKS])
def test_a_mistake_is_named_with_its_file_its_line_and_how_to_mend_it(
    tmp_path: Path, file: str, old: str, new: str, piece: str, words: str
) -> None:
    assert old in RECORDS[file]
    broken = RECORDS[file].replace(old, new, 1)
    with pytest.raises(PackError) as error:
        load_pack(write_pack(tmp_path, {**RECORDS, file: broken}))
    found = [p for p in error.value.problems if words in p.what]
    assert len(found) == 1, str(error.value)
    if piece:
        assert (found[0].file, found[0].line) == (file, line_of(broken, piece))
    assert found[0].mend


def test_a_nil_report_needs_a_register_that_has_one(tmp_path: Path) -> None:
    walk = RECORDS[WALK].replace("nil: nothing\n", "")
    with pytest.raises(PackError, match=r"duties\.yaml:11: walk has no nil report"):
        load_pack(write_pack(tmp_path, {**RECORDS, WALK: walk}))
