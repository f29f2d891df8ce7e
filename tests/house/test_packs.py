"""The pack of the township is complete, speaks three languages, and is true to the law and the seed report."""

import csv
import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from opencc import OpenCC

from tracker import languages
from tracker.domain.deadlines import due_on, limit_in_force
from tracker.domain.figures import Counting, FigureSpec, Window
from tracker.domain.lifecycle import STEPS
from tracker.domain.registers import Clock, Field, FieldType
from tracker.forms.fields import LONG_TEXT, input_for
from tracker.packs import shape
from tracker.packs.calendar import work_calendar
from tracker.packs.figures import MAX_PREDICATES
from tracker.packs.loader import LoadedPack, built_in, load_pack
from tracker.packs.source import Folder, read_text

TOWNSHIP = built_in("township")


class About(NamedTuple):
    """What of a register of tickets must not change unnoticed: its numbers, what it hides, what leaves its figures."""

    prefix: str
    ascii_prefix: str
    private: set[str]
    leaving: set[str]


SETTLED = ("toilet_survey", "house_inspection", "petition", "dispute")
TICKETS = {
    "toilet_survey": About("厕", "HCWT", {"household", "phone", "id_number"}, {"not_established"}),
    "house_inspection": About("房", "HSFX", {"household", "phone", "household_kind"}, {"not_established", "regraded"}),
    "petition": About("访", "XFJT", {"petitioner", "phone", "address"}, {"returned_to_sender"}),
    "dispute": About("纠", "MDJF", {"party_a", "party_b", "phone"}, set()),
    "courtyard_problem": About("屋", "WCWT", {"raised_by", "phone"}, {"not_established"}),
    "courtyard_opinion": About("意", "WCYJ", {"raised_by", "phone"}, set()),
    "household_problem": About("户", "JCWT", {"household", "phone"}, {"not_established"}),
    "safety_hazard": About("安", "AQYH", set(), {"not_established"}),
    "river_problem": About("河", "HHWT", {"offender"}, {"not_established"}),
    "straw_fire": About("烧", "JGHD", {"plot_owner"}, {"not_established"}),
    "project_task": About("项", "GZRW", set(), set()),
}
# Forms of OpenCC's s2t, or of Taiwan's usage, that the glossary replaces (registers.md §1).
UNWANTED = "臺覈羣衆裏爲説産綫着牀户樑"
# Forms that OpenCC's s2t would write otherwise, and the glossary does not.
USUAL = "台准群床里灶吃"


@pytest.fixture(scope="module")
def township() -> LoadedPack:
    return load_pack(TOWNSHIP)


def labels_in(value: Any, path: str = "") -> Iterator[tuple[str, dict[str, str]]]:
    """Every label of a file's values, with where it stands."""
    if isinstance(value, dict) and "zh-Hans" in value:
        yield path, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from labels_in(inner, f"{path}.{key}")
    elif isinstance(value, list):
        for n, inner in enumerate(value):
            yield from labels_in(inner, f"{path}[{n}]")


def phones(pack: LoadedPack) -> list[Field]:
    return [register.by_name["phone"] for register in pack.registers if "phone" in register.by_name]


def all_labels() -> list[tuple[str, dict[str, str]]]:
    township = Folder(TOWNSHIP)
    names = [str(path.relative_to(TOWNSHIP)) for path in sorted(TOWNSHIP.rglob("*.yaml")) if "demo" not in path.parts]
    return [label for name in names for label in labels_in(read_text(township.text(name), name).data, name)]


class TestTheTownship:
    def test_it_has_the_registers_under_one_version(self, township: LoadedPack) -> None:
        assert {register.name for register in township.registers} == set(TICKETS)
        assert {register.version for register in township.registers} == {township.version}

    @pytest.mark.parametrize("name", TICKETS)
    def test_a_register_of_tickets_is_what_the_office_knows(self, township: LoadedPack, name: str) -> None:
        register = township.register_by_name[name]
        leaving = {outcome.name for outcome in register.outcomes if outcome.leaves_denominator}
        assert About(register.prefix, register.ascii_prefix, set(register.private_fields), leaving) == TICKETS[name]

    def test_every_figure_of_the_seed_report_for_these_registers_is_declared(
        self, township: LoadedPack, shared_dir: Path
    ) -> None:
        seed = json.loads((shared_dir / "seed" / "figures.json").read_text())["figures"]
        expected = {figure["id"]: figure for figure in seed if figure["register"] in SETTLED}
        assert len(expected) == 10
        for name, figure in expected.items():
            declared = township.figure_by_id[name]
            assert declared.register == figure["register"]
            assert declared.rate_of == figure.get("rate_of")
            assert declared.shows == ("percent" if figure["unit"] == "%" else "count")
            assert bool(declared.denominator) == ("rate_of" in figure)

    @pytest.mark.parametrize(
        "name",
        ["toilet_on_time", "toilet_relapses", "houses_disposed", "petition_participation", "petitions_on_time"]
        + [
            f"{kind}_{question}"
            for kind in (
                "toilet",
                "house",
                *(name for name in TICKETS if name not in ("toilet_survey", "house_inspection")),
            )
            for question in ("open", "overdue_open", "closed_ever", "closed_now", "closed_held", "carried_over")
        ],
    )
    def test_what_a_director_wants_besides_is_declared(self, township: LoadedPack, name: str) -> None:
        assert name in township.figure_by_id

    def test_every_figure_stands_in_a_report_or_beside_one_that_does(self, township: LoadedPack) -> None:
        shown = {name for report in township.reports for _, names in report.sections for name in names}
        beside = {name for shown_name in shown for name in township.figure_by_id[shown_name].beside}
        assert set(township.figure_by_id) == shown | beside

    def test_units_are_the_real_ones(self, township: LoadedPack, shared_dir: Path) -> None:
        with (shared_dir / "data" / "divisions-hengnan-430422.csv").open(encoding="utf-8") as file:
            real = {row["code"]: row["name"] for row in csv.DictReader(file) if row["code"].startswith("430422108")}
        ours = {unit.code: unit.name for unit in township.units if unit.kind in {"town", "village"}}
        assert ours == real

    @pytest.mark.parametrize("name", ["晨光", "晨光村", "晨光村委会", "晨光村居委会", "晨光村（社区）"])
    def test_a_village_is_known_by_every_way_of_writing_it(self, township: LoadedPack, name: str) -> None:
        known = [unit.code for unit in township.units if name in (unit.name, *unit.synonyms)]
        assert known == ["430422108214"]

    @pytest.mark.parametrize(
        ("register", "field", "headings"),
        [
            ("toilet_survey", "household", {"户主", "户主姓名", "农户姓名"}),
            ("toilet_survey", "found_on", {"发现日期", "排查时间", "摸排时间", "检查日期"}),
            ("toilet_survey", "place", {"村（社区）", "所在村", "行政村", "乡镇村"}),
            ("toilet_survey", "problem", {"问题描述", "存在问题", "存在的安全隐患", "主要问题"}),
            ("toilet_survey", "built_year", {"改厕年份", "建设年度"}),
            ("house_inspection", "grade", {"鉴定等级"}),
            ("petition", "title", {"标题", "留言主题"}),
            ("petition", "found_on", {"接件时间", "留言时间"}),
            ("petition", "problem", {"留言详情"}),
            ("petition", "reply", {"答复意见"}),
            ("petition", "replied_on", {"办结时间", "答复时间"}),
            ("petition", "class", {"类型", "举报类型"}),
        ],
    )
    def test_literal_headings_of_real_ledgers_are_accepted(
        self, township: LoadedPack, register: str, field: str, headings: set[str]
    ) -> None:
        assert headings <= set(township.register_by_name[register].by_name[field].headings)

    @pytest.mark.parametrize("heading", ["责任单位", "责任人", "整改时限", "完成时限", "销号日期", "序号", "核查人"])
    def test_columns_that_steps_record_are_known_to_importers(self, township: LoadedPack, heading: str) -> None:
        assert township.columns
        for columns in township.columns.values():
            assert sum(heading in column.headings for column in columns) == 1

    @pytest.mark.parametrize(
        ("number", "is_one"),
        [
            ("13873412345", True),
            ("0734-8551234", True),
            ("8551234", True),
            ("12345", True),
            ("无", False),
            ("138", False),
        ],
    )
    def test_a_telephone_number_is_checked(self, township: LoadedPack, number: str, is_one: bool) -> None:
        assert phones(township)
        for phone in phones(township):
            assert phone.compiled_pattern is not None
            assert bool(phone.compiled_pattern.fullmatch(number)) is is_one

    def test_a_telephone_number_is_typed_on_its_own_keyboard(self, township: LoadedPack) -> None:
        assert phones(township)
        for register in township.registers:
            keyboards = {
                field.name: input_for(field, units=(), people=(), is_needed=False).kwargs["render_kw"].get("inputmode")
                for field in register.fields
                if field.type is FieldType.TEXT and field.max_length <= LONG_TEXT
            }
            assert keyboards.pop("phone", "tel") == "tel"
            assert set(keyboards.values()) <= {None}

    def test_a_house_is_fixed_only_with_people_safe_and_building_disposed(self, township: LoadedPack) -> None:
        outcomes = township.register_by_name["house_inspection"].outcome_by_name
        assert outcomes["fixed"].needs == ("people_safe", "building_disposed")
        assert outcomes["regraded"].leaves_denominator

    def test_each_clock_starts_and_stops_with_a_step_or_a_milestone(self, township: LoadedPack) -> None:
        events = {step.event for step in STEPS}
        assert any(register.clocks for register in township.registers)
        for register in township.registers:
            for clock in register.clocks:
                assert {clock.start, clock.stop} <= events | set(register.milestone_by_name)

    def test_loading_it_twice_gives_the_same(self, township: LoadedPack) -> None:
        assert load_pack(TOWNSHIP) == township


class TestLabels:
    def test_every_label_is_there_in_every_language(self) -> None:
        labels = all_labels()
        assert len(labels) > 400
        told = [(path, {code.removesuffix("-one") for code in label}, label.values()) for path, label in labels]
        assert [path for path, codes, texts in told if codes != set(languages.codes()) or not all(texts)] == []

    def test_simplified_labels_hold_no_traditional_character(self) -> None:
        to_simplified = OpenCC("t2s")
        wrong = [
            label["zh-Hans"] for _, label in all_labels() if to_simplified.convert(label["zh-Hans"]) != label["zh-Hans"]
        ]
        assert wrong == []

    def test_traditional_labels_say_the_same_as_the_simplified_ones(self) -> None:
        to_simplified = OpenCC("t2s")
        wrong = [label for _, label in all_labels() if to_simplified.convert(label["zh-Hant"]) != label["zh-Hans"]]
        assert wrong == []

    def test_traditional_labels_follow_the_glossary(self) -> None:
        wrong = [label["zh-Hant"] for _, label in all_labels() if set(label["zh-Hant"]) & set(UNWANTED)]
        assert wrong == []

    def test_traditional_labels_hold_no_simplified_character(self) -> None:
        to_traditional = OpenCC("s2t")
        found = {char for _, label in all_labels() for char in label["zh-Hant"] if to_traditional.convert(char) != char}
        assert found <= set(USUAL)

    def test_every_text_that_forms_offer_is_a_label(self, township: LoadedPack) -> None:
        """A plain one would stand in Chinese on an English page."""
        registers = (*township.registers, *township.records)
        texts = [text for register in registers for text in register.usual_texts]
        texts += [text for register in township.registers for text in register.usual_measures]
        assert len(texts) > 200
        assert [text for text in texts if set(text) != set(languages.codes())] == []

    def test_whoever_fills_in_an_amount_or_an_area_is_told_its_unit(self, township: LoadedPack) -> None:
        """In the label, or in the hint: a yuan is no ten thousand, a mu no hectare."""
        registers = (*township.registers, *township.records)
        numbers = [(r.name, f) for r in registers for f in r.fields if f.type is FieldType.DECIMAL]
        assert numbers
        silent = [(name, f.name) for name, f in numbers if not (f.hint or "（" in f.label["zh-Hans"])]
        assert silent == []

    def test_english_labels_hold_no_chinese(self) -> None:
        assert [label["en"] for _, label in all_labels() if not label["en"].isascii()] == []


CALENDAR = work_calendar()


def clock_of(township: LoadedPack, register: str, name: str) -> Clock:
    return next(clock for clock in township.register_by_name[register].clocks if clock.name == name)


def in_words(number: int) -> str:
    """How a law numbers its articles, up to 99."""
    tens, ones = divmod(number, 10)
    digits = "〇一二三四五六七八九"
    return (digits[tens] if tens > 1 else "") + ("十" if tens else "") + (digits[ones] if ones else "")


class TestDeadlines:
    @pytest.mark.parametrize(
        ("register", "clock", "facts", "start", "due"),
        [
            pytest.param(
                "petition", "notify", {"channel": "visit"}, "2023-05-04", "2023-05-19", id="told: 条例 art. 23(2)"
            ),
            pytest.param(
                "petition",
                "notify_transferred",
                {"channel": "assigned"},
                "2023-05-04",
                "2023-05-19",
                id="told: 条例 art. 23(3)",
            ),
            pytest.param(
                "petition",
                "object",
                {"wrong_addressee": True},
                "2023-09-26",
                "2023-10-09",
                id="条例 art. 23(3), 5 working days",
            ),
            pytest.param("petition", "complete", {"class": "plea"}, "2023-08-21", "2023-10-20", id="条例 art. 34"),
            pytest.param(
                "petition",
                "complete",
                {"class": "inquiry"},
                "2015-03-02",
                "2015-05-04",
                id="条例 of 2005 art. 33: every matter, 05-01 rolls",
            ),
            pytest.param("petition", "review", {}, "2023-03-01", "2023-03-31", id="条例 art. 35"),
            pytest.param("petition", "final_review", {}, "2023-03-01", "2023-03-31", id="条例 art. 36"),
            pytest.param("petition", "forward", {}, "2023-03-01", "2023-03-16", id="条例 art. 22"),
            pytest.param(
                "toilet_survey",
                "rectify",
                {"rectification": "on_spot"},
                "2023-10-24",
                "2023-10-31",
                id="on the spot: 7 days",
            ),
            pytest.param(
                "toilet_survey",
                "rectify",
                {"rectification": "dated"},
                "2023-10-24",
                "2023-11-23",
                id="厕-2023-0142: due 11-23",
            ),
            pytest.param(
                "toilet_survey",
                "rectify",
                {"rectification": "planned"},
                "2023-11-01",
                "2023-12-31",
                id="planned: not after the year",
            ),
            pytest.param(
                "house_inspection", "evacuate", {"severity": "3"}, "2023-07-12", "2023-07-13", id="may collapse: a day"
            ),
            pytest.param(
                "house_inspection", "evacuate_graded", {"grade": "D"}, "2023-07-12", "2023-07-13", id="grade D: a day"
            ),
            pytest.param(
                "house_inspection", "dispose", {"grade": "C"}, "2023-01-01", "2023-06-30", id="grade C: 180 days"
            ),
            pytest.param(
                "house_inspection", "dispose", {"grade": "D"}, "2023-01-01", "2023-04-01", id="grade D: 90 days"
            ),
        ],
    )
    def test_a_clock_runs_as_its_rule_says(
        self, township: LoadedPack, register: str, clock: str, facts: dict[str, Any], start: str, due: str
    ) -> None:
        day = date.fromisoformat(start)
        limit = limit_in_force(clock_of(township, register, clock), facts, day)
        assert limit is not None
        assert due_on(day, limit, CALENDAR) == date.fromisoformat(due)

    @pytest.mark.parametrize("day", ["2023-03-01", "2021-03-01"], ids=["2022", "2005"])
    def test_a_petition_is_told_by_one_clock_whatever_its_channel(self, township: LoadedPack, day: str) -> None:
        """Two would count it twice in one figure."""
        (petition,) = (r for r in township.registers if r.name == "petition")
        clocks = [clock_of(township, "petition", name) for name in ("notify", "notify_transferred")]
        channels = [choice.name for choice in petition.by_name["channel"].choices]
        assert len(channels) > 1
        for channel in channels:
            limits = [limit_in_force(clock, {"channel": channel}, date.fromisoformat(day)) for clock in clocks]
            assert sum(limit is not None for limit in limits) == 1, channel

    @pytest.mark.parametrize("kind", ["suggestion", "report", "inquiry"])
    def test_only_pleas_have_sixty_days(self, township: LoadedPack, kind: str) -> None:
        """信访工作条例 art. 34 speaks of matters under art. 31(6); others have a promised day at most."""
        complete = clock_of(township, "petition", "complete")
        assert limit_in_force(complete, {"class": kind}, date(2023, 3, 1)) is None

    def test_nobody_is_late_in_objecting_who_has_nothing_to_object_to(self, township: LoadedPack) -> None:
        clock = clock_of(township, "petition", "object")
        assert limit_in_force(clock, {"wrong_addressee": False}, date(2023, 3, 1)) is None

    def test_a_long_term_promise_has_no_clock_but_its_promised_day(self, township: LoadedPack) -> None:
        clock = clock_of(township, "toilet_survey", "rectify")
        assert limit_in_force(clock, {"rectification": "long_term"}, date(2023, 3, 1)) is None

    def test_rules_of_law_equal_the_table_read_from_the_law(self, township: LoadedPack, shared_dir: Path) -> None:
        with (shared_dir / "data" / "rules.csv").open(encoding="utf-8") as file:
            law = {row["rule_id"]: row for row in csv.DictReader(file)}
        ours = [limit for clock in township.register_by_name["petition"].clocks for limit in clock.limits]
        compared = [limit for limit in ours if limit.rule_id in law]
        assert len(compared) == 7
        for limit in compared:
            row = law[limit.rule_id]
            assert limit.amount == int(row["number"])
            assert limit.basis == {"calendar": "natural", "working": "working"}[row["day_basis"]]
            assert limit.in_force_from == date.fromisoformat(row["in_force_from"])
            article = int(row["article"].split("(")[0])
            assert limit.source["zh-Hans"].startswith(f"《{row['law']}》第{in_words(article)}条")
            assert limit.source["en"].startswith(f"Regulations on Petition Work, art. {article}")

    def test_an_extension_of_a_plea_is_the_one_of_the_law(self, township: LoadedPack, shared_dir: Path) -> None:
        with (shared_dir / "data" / "rules.csv").open(encoding="utf-8") as file:
            longest = next(r["number"] for r in csv.DictReader(file) if r["rule_id"] == "petition.extend_max")
        limit = limit_in_force(clock_of(township, "petition", "complete"), {"class": "plea"}, date(2023, 3, 1))
        assert limit is not None
        assert limit.extension is not None
        assert (limit.extension.count, limit.extension.days, limit.extension.before_due) == (1, int(longest), True)

    def test_every_rule_names_its_source_in_every_language(self, township: LoadedPack) -> None:
        limits = [limit for r in township.registers for clock in r.clocks for limit in clock.limits]
        laws = [item.law for checklist in township.checklists for item in checklist.items if item.law]
        named = [
            one.source for many in (limits, township.duties, township.figures, township.checklists) for one in many
        ]
        assert limits
        assert laws
        assert [source for source in (*named, *laws) if set(source) != set(languages.codes())] == []


class TestConditions:
    def test_a_register_has_few_enough_and_each_once(self, township: LoadedPack) -> None:
        assert any(register.predicates for register in township.registers)
        assert any(register.predicates for register in township.records)
        for register in (*township.registers, *township.records):
            assert len(register.predicates) <= MAX_PREDICATES
            assert len(set(register.predicates)) == len(register.predicates)

    def test_terms_use_the_very_predicates_of_their_register(self, township: LoadedPack) -> None:
        assert any(term.where for figure in township.figures for term in terms_of(figure))
        for figure in township.figures:
            for term in (*terms_of(figure), *figure.among, *figure.needs):
                known = {id(predicate) for predicate in township.counted(term.register or figure.register).predicates}
                assert {id(predicate) for predicate in term.where} <= known

    def test_flows_and_stocks_are_told_apart_by_the_account(self, township: LoadedPack) -> None:
        assert township.figure_by_id["toilet_relapses"].numerator[0].counting is Counting.FLOW
        assert township.figure_by_id["toilet_closed_now"].numerator[0].counting is Counting.STOCK

    @pytest.mark.parametrize(
        ("figure", "facts", "counts"),
        [
            ("toilet_problems", {"found_on": "2021-12-31"}, True),
            ("courtyard_problems_solved", {"outcome": "fixed"}, True),
            ("courtyard_problems_solved", {"outcome": "explained"}, False),
            ("courtyard_problems_solved", {"outcome": "handed_over"}, False),
            ("courtyard_adoption", {"outcome": "partly"}, True),
            ("courtyard_adoption", {"outcome": "noted"}, False),
            ("disputes_mediated", {"outcome": "failed_told", "handled_by": "judicial_office"}, False),
            ("disputes_mediated", {"outcome": "settled", "handled_by": "governance_centre"}, False),
            ("river_four_disorders", {"category": "dump"}, True),
            ("river_four_disorders", {"category": "cleaning"}, False),
            ("hazards_on_spot", {"fixed_on_spot": True}, True),
            ("hazards_on_spot", {"fixed_on_spot": False}, False),
            ("hazards_by_notice", {"outcome": "fixed"}, True),
            ("hazards_by_notice", {"outcome": "fixed", "fixed_on_spot": True}, False),
            ("toilet_problems", {"found_on": "2022-01-01"}, False),
            ("dangerous_houses", {"grade": "C"}, True),
            ("dangerous_houses", {"grade": "B"}, False),
            ("dangerous_houses", {}, False),
            ("dangerous_houses_resolved", {"grade": "C", "outcome": "regraded"}, False),
            ("dangerous_houses_resolved", {"grade": "D", "outcome": "fixed"}, True),
            ("petitions_satisfied", {"evaluation": "basic", "repeat": "first"}, True),
            ("petitions_satisfied", {"evaluation": "no"}, False),
            ("petitions_satisfied", {"evaluation": "none"}, False),
            ("petitions_satisfied", {"evaluation": "very", "restricted": True}, False),
            ("petitions_satisfied", {"evaluation": "very", "repeat": "repeat"}, False),
            ("petitions_completed", {"outcome": "returned_to_sender"}, False),
            ("petitions_completed", {"outcome": "replied"}, True),
        ],
    )
    def test_a_numerator_counts_the_tickets_it_should(
        self, township: LoadedPack, figure: str, facts: dict[str, Any], counts: bool
    ) -> None:
        (term,) = township.figure_by_id[figure].numerator
        assert all(predicate.holds(facts) for predicate in term.where) is counts

    @pytest.mark.parametrize(
        ("figure", "looked"), [("river_four_disorders", "river_patrol"), ("straw_fires", "straw_burning_patrol")]
    )
    def test_a_zero_says_that_somebody_looked(self, township: LoadedPack, figure: str, looked: str) -> None:
        (need,) = township.figure_by_id[figure].needs
        assert (need.register, need.account, need.counting) == (looked, "held", Counting.FLOW)

    @pytest.mark.parametrize("evaluation", ["none", "", None])
    def test_who_has_not_evaluated_is_not_in_the_base_of_satisfaction(
        self, township: LoadedPack, evaluation: str | None
    ) -> None:
        (term,) = township.figure_by_id["petitions_satisfied"].denominator
        assert not all(predicate.holds({"evaluation": evaluation}) for predicate in term.where)

    def test_the_report_year_of_houses_and_petitions_is_the_cohort(self, township: LoadedPack) -> None:
        for name in ("dangerous_houses", "petitions", "petitions_completed"):
            assert {term.cohort for term in township.figure_by_id[name].numerator} == {Window.YEAR}
        assert {term.cohort for term in township.figure_by_id["toilet_problems"].numerator} == {Window.ALL}


def terms_of(figure: FigureSpec) -> list[Any]:
    excluded = [term for exclusion in figure.exclusions for term in exclusion.terms]
    return [*figure.numerator, *figure.denominator, *excluded]


def test_a_file_that_fitted_is_known_again_and_one_that_changed_is_looked_at(tmp_path: Path) -> None:
    text, kept = (built_in("township") / "units.yaml").read_text(encoding="utf-8"), tmp_path / "shapes"
    wrong = f"{text}\nunheard_of: true\n"
    for _ in range(2):
        with shape.kept_in(kept):
            assert shape.check_shape(read_text(text, "units.yaml"), text, "units") == []
        with shape.kept_in(kept):
            assert shape.check_shape(read_text(wrong, "units.yaml"), wrong, "units") != []
        assert len(kept.read_text(encoding="ascii").split()) == 1
