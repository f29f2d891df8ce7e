"""A broken or hostile pack is refused with file, line and remedy; what a small one says is what comes out."""
# ruff: noqa: E501 # a table of cases is read line by line

from pathlib import Path

import pytest

from tests.house.small_pack import FILES, line_of, write_pack
from tracker.domain.registers import Register
from tracker.packs.figures import MAX_PREDICATES
from tracker.packs.loader import PackError, load_pack
from tracker.packs.source import MAX_BYTES, MAX_DEPTH, MAX_VALUES


class TestSmallPack:
    def test_it_loads(self, tmp_path: Path) -> None:
        pack = load_pack(write_pack(tmp_path))
        (lamp,) = pack.registers
        assert [field.name for field in lamp.fields] == [
            "found_on",
            "place",
            "problem",
            "kind",
            "keeper",
            "lit_on",
            "private_lamp",
        ]
        assert [predicate.tests for predicate in lamp.predicates] == [
            (("kind", "in", ("street",)),),
            (("outcome", "not_in", ("wrong",)),),
        ]

    def test_a_layout_of_another_system_is_data_too(self, tmp_path: Path) -> None:
        (hotline,) = load_pack(write_pack(tmp_path)).layouts
        assert (hotline.columns, hotline.is_at_top) == ({"工单内容": "problem", "受理人": "owner"}, True)
        assert [guess.choose(text) for guess in hotline.guesses for text in ("院子里的灯", "灯")] == ["yard", "street"]

    def test_what_a_register_says_of_a_shared_field_replaces_what_was_shared(self, tmp_path: Path) -> None:
        (lamp,) = load_pack(write_pack(tmp_path)).registers
        assert lamp.by_name["found_on"].headings == ("发现日期", "检查日期")

    def test_yes_no_and_days_are_text(self, tmp_path: Path) -> None:
        """YAML 1.1 reads `no` as false and 2022-01-01 as a date; a pack is not read so."""
        changes = {
            "registers/lamp.yaml": FILES["registers/lamp.yaml"].replace("name: yard", "name: no"),
            "layouts/hotline.yaml": FILES["layouts/hotline.yaml"].replace("yard", "no"),
        }
        (register,) = load_pack(write_pack(tmp_path, changes)).registers
        assert register.by_name["kind"].choice_names == {"street", "no"}

    def test_figures_added_at_the_end_leave_the_bits_of_others(self, tmp_path: Path) -> None:
        more = FILES["figures.yaml"] + FILES["figures.yaml"].split("figures:\n")[1].replace(
            "id: lamps", "id: more"
        ).replace("[street]", "[yard]").replace("rate_of: lamps", "rate_of: more")
        before = load_pack(write_pack(tmp_path / "a")).registers[0].predicates
        after = load_pack(write_pack(tmp_path / "b", {"figures.yaml": more})).registers[0].predicates
        assert after[: len(before)] == before
        assert len(after) == len(before) + 1


STANDARD = """\
standard:
  registers:
    - {register: lamp, prefix: light, name: {zh-Hans: 灯, zh-Hant: 燈, en: Lamps}}
  figures:
    - id: open
      label: {zh-Hans: "{name}未修", zh-Hant: "{name}未修", en: "{name} open"}
      shows: count
      numerator: [{account: open}]
      denominator: []
      exclusions: [voided]
      definition: {zh-Hans: 未修, zh-Hant: 未修, en: Open}
      source: 某文
    - id: overdue
      label: {zh-Hans: "{name}逾期", zh-Hant: "{name}逾期", en: "{name} overdue"}
      shows: count
      numerator: [{account: overdue}]
      denominator: [{account: open}]
      exclusions: [voided]
      definition: {zh-Hans: 逾期, zh-Hant: 逾期, en: Overdue}
      source: 某文
      rate_of: open
      beside: [open]
"""
SECTION = "  - {label: {zh-Hans: 在办, zh-Hant: 在辦, en: In hand}, standard: [overdue, open]}\n"


class TestStandardFigures:
    def write(self, folder: Path, standard: str = STANDARD, section: str = SECTION) -> Path:
        files = {
            "figures.yaml": FILES["figures.yaml"] + standard,
            "reports/short.yaml": FILES["reports/short.yaml"] + section,
        }
        return write_pack(folder, files)

    def test_they_are_written_out_for_each_register(self, tmp_path: Path) -> None:
        pack = load_pack(self.write(tmp_path))
        assert [figure.id for figure in pack.figures] == ["lamps", "lamps_fixed", "light_open", "light_overdue"]
        overdue = pack.figure_by_id["light_overdue"]
        assert (overdue.register, overdue.label["zh-Hant"], overdue.label["en"]) == ("lamp", "燈逾期", "Lamps overdue")
        assert (overdue.rate_of, overdue.beside) == ("light_open", ("light_open",))
        assert pack.reports[0].sections[-1][1] == ("light_overdue", "light_open")

    def test_without_a_prefix_the_register_names_them(self, tmp_path: Path) -> None:
        pack = load_pack(self.write(tmp_path, STANDARD.replace("prefix: light, ", "")))
        assert [figure.id for figure in pack.figures][2:] == ["lamp_open", "lamp_overdue"]

    @pytest.mark.parametrize(
        ("old", "new", "words"),
        [
            ("register: lamp", "register: candle", "unknown register candle"),
            ("account: overdue", "account: late", "unknown account late"),
            ("rate_of: open", "rate_of: shut", "unknown figure light_shut"),
            ("id: overdue", "id: open", "figure light_open stands twice"),
            ("source: 某文", "cause: 某文", "unknown word cause"),
        ],
    )
    def test_their_mistakes_are_named(self, tmp_path: Path, old: str, new: str, words: str) -> None:
        broken = STANDARD.replace(old, new)
        with pytest.raises(PackError, match=words):
            load_pack(self.write(tmp_path, broken))

    def test_a_section_names_none_that_is_not_there(self, tmp_path: Path) -> None:
        with pytest.raises(PackError, match="unknown figure light_shut"):
            load_pack(self.write(tmp_path, section=SECTION.replace("overdue", "shut")))


BREAKS = [
    # file, what is replaced, by what, the piece whose line is named, words of the message
    ("registers/lamp.yaml", "zh-Hant: 種類, ", "", "label: {zh-Hans: 种类", "missing zh-Hant"),
    ("pack.yaml", ", en: Small", "", "label:", "missing en"),
    ("pack.yaml", ", en: Small", ", en: Small, english: Small", "label:", "unknown word english"),
    ("units.yaml", "zh-Hant: 乙村, ", "", "name: 乙村", "missing zh-Hant"),
    ("registers/lamp.yaml", "privacy: personal", "secrecy: personal", "name: keeper", "unknown word secrecy"),
    ("registers/lamp.yaml", "type: select_one", "type: select_any", "type: select_any", "unknown 'select_any'"),
    ("registers/lamp.yaml", "steps: [accept]", "steps: [accept, dance]", "steps:", "unknown step dance"),
    ("registers/lamp.yaml", "name: place", "name: village", "fields:", "no field place of type unit"),
    ("registers/lamp.yaml", "name: place, type: unit", "name: place, type: text", "fields:", "no field place of type unit"),
    ("registers/lamp.yaml", "name: keeper", "name: problem", "name: problem, type: text, label: {zh-Hans: 管护人", "problem stands twice in fields"),
    ("registers/lamp.yaml", "name: yard", "name: street", "name: kind", "a choice stands twice"),
    ("registers/lamp.yaml", "prefix: 灯\n", "prefix: 灯\nprefix: 火\n", "prefix: 火", "`prefix` stands twice"),
    ("registers/lamp.yaml", "- use: fixed", "- use: mended", "- use: mended", "nothing shared is called mended"),
    ("registers/lamp.yaml", "zh-Hans: 管护人", "zh-Hans: 责任人", "name: keeper", "heading 责任人 belongs to"),
    ("registers/lamp.yaml", "stop: lit", "stop: lighted", "name: repair", "unknown step or milestone lighted"),
    ("registers/lamp.yaml", "field: lit_on", "field: lit_at", "name: lit,", "unknown field lit_at"),
    ("registers/lamp.yaml", "field: lit_on", "field: problem", "name: lit,", "problem is not a date"),
    ("registers/lamp.yaml", "[private_lamp]", "[problem]", "name: repair", "waived_by problem is not a yes_no field"),
    ("registers/lamp.yaml", "name: repair", "name: mend", "name: mend", "clock mend has no rule"),
    ("registers/lamp.yaml", "name: lamp\n", "name: light\n", "name: light", "light stands in registers/lamp.yaml"),
    ("registers/lamp.yaml", "leaves_denominator: true", "leaves_denominator: maybe", "name: wrong", "'maybe' is not of type 'boolean'"),
    ("registers/lamp.yaml", "type: yes_no,", "type: yes_no, pattern: '(',", "name: private_lamp", "not a regular expression"),
    ("registers/lamp.yaml", "type: date, label: {zh-Hans: 复亮", "type: record, label: {zh-Hans: 复亮", "name: lit_on", "a record field, and no other, points into a register"),
    ("registers/lamp.yaml", "type: yes_no,", "type: yes_no, register: lamp,", "name: private_lamp", "a record field, and no other, points into a register"),
    ("registers/lamp.yaml", "type: yes_no,", "type: record, register: candle,", "name: private_lamp", "private_lamp points into an unknown register candle"),
    ("registers/lamp.yaml", "steps: [accept]", "quantities: [watts]\nsteps: [accept]", "quantities:", "unknown field watts"),
    ("registers/lamp.yaml", "steps: [accept]", "quantities: [problem]\nsteps: [accept]", "quantities:", "problem is not an open number"),
    ("registers/lamp.yaml", "steps: [accept]", "groups: [kind]\nsteps: [accept]", "groups:", "kind is not a record field"),
    ("registers/lamp.yaml", "prefix: 灯\n", "prefix: 灯\nascii_prefix: lamp\n", "ascii_prefix:", "'lamp' is not of the form"),
    ("deadlines.yaml", "    source: 通知二\n", "", "rule_id: lamp.new", "missing source"),
    ("deadlines.yaml", "to: 2021-12-31", "to: 2022-06-30", "rule_id: lamp.new", "lamp.old and lamp.new overlap in time"),
    ("deadlines.yaml", "to: 2021-12-31", "to: 2021-06-30", "rule_id: lamp.new", "gap between lamp.old and lamp.new"),
    ("deadlines.yaml", "    to: 2021-12-31\n", "", "rule_id: lamp.new", "lamp.old and lamp.new overlap in time"),
    ("deadlines.yaml", "to: 2021-12-31", "to: 2019-12-31", "rule_id: lamp.old", "ends before it begins"),
    ("deadlines.yaml", "from: 2022-01-01", "from: 2022-02-30", "rule_id: lamp.new", "2022-02-30 is not a day"),
    ("deadlines.yaml", "basis: working", "basis: lunar", "basis: lunar", "unknown 'lunar'"),
    ("deadlines.yaml", "when: {kind: [street]}", "when: {kind: [moon]}", "when:", "kind has no choice moon"),
    ("deadlines.yaml", "when: {kind: [street]}", "when: {colour: [red]}", "when:", "unknown field colour"),
    ("deadlines.yaml", "clock: repair", "clock: mend", "rule_id: lamp.old", "unknown clock mend"),
    ("figures.yaml", "account: closed,", "account: shut,", "account: shut", "unknown account shut"),
    ("figures.yaml", "account: closed,", "account: reached.lighted,", "account: reached", "unknown account reached.lighted"),
    ("figures.yaml", "where: {outcome: {not: [wrong]}}", "where: {colour: [red]}", "where: {colour", "unknown field colour in a condition"),
    ("figures.yaml", "where: {outcome: {not: [wrong]}}", "where: {owner_unit: [甲]}", "where: {owner_unit", "unknown field owner_unit in a condition"),
    ("figures.yaml", "{not: [wrong]}", "{not: [weird]}", "weird", "outcome has no choice weird"),
    ("figures.yaml", "where: {outcome: {not: [wrong]}}", "where: {keeper: [刘]}", "where: {keeper", "keeper is private"),
    ("figures.yaml", "where: {outcome: {not: [wrong]}}", "where: {kind: {before: 2022-01-01}}", "before", "kind is not a date"),
    ("figures.yaml", "where: {outcome: {not: [wrong]}}", "where: {found_on: {before: 2022-13-01}}", "before", "2022-13-01 is not a day"),
    ("figures.yaml", "id: lamps_fixed", "id: lamps", "- id: lamps\n    register: lamp\n    label: {zh-Hans: 已修", "figure lamps stands twice"),
    ("figures.yaml", "denominator: [{account: countable}]", "denominator: []", "id: lamps_fixed", "shows a percentage of nothing"),
    ("figures.yaml", "rate_of: lamps", "rate_of: candles", "id: lamps_fixed", "unknown figure candles"),
    ("figures.yaml", "register: lamp", "register: duty:walk", "id: lamps", "unknown register duty:walk"),
    ("figures.yaml", "{account: closed,", "{register: candle, account: closed,", "{register: candle", "unknown register candle"),
    ("figures.yaml", "    denominator: []\n", "    denominator: []\n    groups: least\n", "id: lamps", "lamps does not say among what"),
    ("figures.yaml", "    denominator: []\n", "    denominator: []\n    groups: all\n", "id: lamps", "lamps compares groups with nothing"),
    ("figures.yaml", "    denominator: []\n", "    denominator: []\n    needs: [{account: looked}]\n", "needs:", "unknown account looked"),
    ("figures.yaml", "    denominator: []\n", "    denominator: []\n    floor: {step: 0}\n", "floor:", "0 is less than the minimum"),
    ("figures.yaml", "exclusions: [voided]", "exclusions: [lost]", "exclusions: [lost]", "unknown exclusion lost"),
    ("figures.yaml", "    denominator: []\n", "", "id: lamps", "missing denominator"),
    ("figures.yaml", "    source: 某文\n", "", "id: lamps", "missing source"),
    ("reports/short.yaml", "[lamps, lamps_fixed]", "[lamps, candles]", "figures:", "unknown figure candles"),
    ("units.yaml", 'code: "4302"', 'code: "4301"', "name: 乙村", "code 4301 stands twice"),
    ("units.yaml", "name: 乙村, kind: village, parent: \"43\"", "name: 乙村, kind: village, parent: \"44\"", "name: 乙村", "unknown parent 44"),
    ("units.yaml", "name: 乙村,", "name: 甲,", "code: \"4302\"", "甲 names 4301 and 4302"),
    ("layouts/hotline.yaml", "register: lamp", "register: candle", "register:", "unknown register candle"),
    ("layouts/hotline.yaml", "name: hotline", "name: calls", "name: calls", "calls stands in layouts/hotline.yaml"),
    ("layouts/hotline.yaml", "工单内容: problem", "工单内容: content", "工单内容: content", "unknown field content"),
    ("layouts/hotline.yaml", "ignored: [工单编号]", "ignored: [受理人]", "ignored:", "受理人 is a column too"),
    ("layouts/hotline.yaml", "choices: {kind: street}", "choices: {kind: moon}", "choices:", "kind has no choice moon"),
    ("layouts/hotline.yaml", "choices: {kind: street}", "choices: {keeper: 刘}", "choices:", "'刘' is not of the form"),
    ("layouts/hotline.yaml", "choices: {kind: street}", "choices: {keeper: a}", "choices:", "keeper is no field with one choice"),
    ("layouts/hotline.yaml", "院子: yard", "院子: moon", "- {field: kind", "kind has no choice moon"),
    ("layouts/hotline.yaml", "from: problem", "from: keeper", "- {field: kind", "no column gives keeper"),
    ("layouts/hotline.yaml", "place: top", "place: moon", "place:", "unknown 'moon'"),
    ("registers/lamp.yaml", "    type: select_one\n", "    type: select_one\n    imported: moon\n", "name: kind", "kind has no choice moon"),
    ("pack.yaml", "registers: [lamp]", "registers: [lamp, candle]", "", "the file is missing"),
]  # fmt: skip


@pytest.mark.parametrize(("file", "old", "new", "piece", "words"), BREAKS, ids=[f"{b[0]}: {b[4]}" for b in BREAKS])
def test_a_mistake_is_named_with_its_file_its_line_and_how_to_mend_it(
    tmp_path: Path, file: str, old: str, new: str, piece: str, words: str
) -> None:
    assert old in FILES[file]
    broken = FILES[file].replace(old, new, 1)
    with pytest.raises(PackError) as error:
        load_pack(write_pack(tmp_path, {file: broken}))
    found = [p for p in error.value.problems if words in p.what]
    assert len(found) == 1, str(error.value)
    if piece:
        assert (found[0].file, found[0].line) == (file, line_of(broken, piece))
    assert found[0].mend
    assert str(found[0]) == f"{found[0].file}:{found[0].line}: {found[0].what}; {found[0].mend}"


def test_all_mistakes_of_all_files_come_out_together(tmp_path: Path) -> None:
    changes = {
        "units.yaml": FILES["units.yaml"].replace("zh-Hant: 乙村, ", ""),
        "deadlines.yaml": FILES["deadlines.yaml"].replace("    source: 通知二\n", ""),
    }
    with pytest.raises(PackError) as error:
        load_pack(write_pack(tmp_path, changes))
    assert [problem.file for problem in error.value.problems] == ["deadlines.yaml", "units.yaml"]
    assert str(error.value).count("\n") == 1


def test_two_rules_that_one_ticket_could_match_equally_are_refused(tmp_path: Path) -> None:
    tie = FILES["deadlines.yaml"] + (
        "  - {rule_id: lamp.tie, register: lamp, clock: repair, when: {private_lamp: [yes]}, amount: 3, basis: natural, "
        "from: 2022-01-01, source: 通知三}\n"
    )
    with pytest.raises(PackError, match=r"lamp\.new and lamp\.tie can hold for the same ticket"):
        load_pack(write_pack(tmp_path, {"deadlines.yaml": tie}))


def test_a_more_specific_rule_beside_a_general_one_is_no_tie(tmp_path: Path) -> None:
    more = FILES["deadlines.yaml"] + (
        "  - {rule_id: lamp.both, register: lamp, clock: repair, when: {kind: [street], private_lamp: [yes]}, amount: 3, "
        "basis: natural, from: 2022-01-01, source: 通知三}\n"
    )
    assert len(load_pack(write_pack(tmp_path, {"deadlines.yaml": more})).registers[0].clocks[0].limits) == 3


def test_more_conditions_than_bits_are_refused(tmp_path: Path) -> None:
    def days_of(years: range) -> str:
        return ", ".join(f"{{account: open, where: {{found_on: {{before: 20{year}-01-01}}}}}}" for year in years)

    days = days_of(range(10, 20))
    text = (
        FILES["figures.yaml"]
        .replace("denominator: []", f"denominator: [{days}]\n    needs: [{days_of(range(30, 40))}]")
        .replace("denominator: [{account: countable}]", f"denominator: [{days.replace('before', 'from')}]")
    )
    with pytest.raises(PackError, match=f"lamp needs 32 conditions, {MAX_PREDICATES} are possible"):
        load_pack(write_pack(tmp_path, {"figures.yaml": text}))


def bomb() -> str:
    rows = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    rows += [
        f"{b}: &{b} [*{a}, *{a}, *{a}, *{a}, *{a}, *{a}, *{a}, *{a}]"
        for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    ]
    return "\n".join(rows)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param(bomb(), "anchors and aliases are not allowed", id="a billion laughs"),
        pytest.param("name: !!python/object/apply:os.system ['true']", "tags are not allowed", id="a Python object"),
        pytest.param("name: !secret x", "tags are not allowed", id="a tag of its own"),
        pytest.param("[" * 500, f"deeper than {MAX_DEPTH}", id="deeply nested"),
        pytest.param(
            "a:\n" + "".join(" " * n + "- \n" for n in range(1, 40)), f"deeper than {MAX_DEPTH}", id="deep lists"
        ),
        pytest.param("[" + "1," * MAX_VALUES + "1]", f"more than {MAX_VALUES} values", id="too many values"),
        pytest.param("# " + "x" * MAX_BYTES, "larger than", id="too large"),
        pytest.param("{a: 1", "not YAML", id="not closed"),
        pytest.param("a: b: c", "not YAML", id="two colons"),
        pytest.param("name: \x07", "not YAML", id="a control character"),
        pytest.param("? [a, b]\n: c", "a key is not a word", id="a list as key"),
        pytest.param("", "the file is empty", id="nothing"),
        pytest.param("# nothing", "the file is empty", id="only a comment"),
        pytest.param("a: 1\n---\nb: 2", "not YAML", id="two documents"),
        pytest.param("- a", "is not of type 'object'", id="a list instead of a map"),
    ],
)
def test_a_hostile_or_broken_file_is_refused_before_it_is_built(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(PackError) as error:
        load_pack(write_pack(tmp_path, {"registers/lamp.yaml": text}))
    told = [problem.what for problem in error.value.problems if problem.file == "registers/lamp.yaml"]
    assert words in " / ".join(told)


def test_nesting_without_end_is_refused_by_us_or_by_the_yaml_library(tmp_path: Path) -> None:
    with pytest.raises(PackError, match=f"deeper than {MAX_DEPTH}|maximum nesting depth"):
        load_pack(write_pack(tmp_path, {"registers/lamp.yaml": "[" * 100_000}))


def test_a_file_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    write_pack(tmp_path)
    (tmp_path / "units.yaml").write_bytes("名称: 村".encode("gb18030"))
    with pytest.raises(PackError, match="not UTF-8"):
        load_pack(tmp_path)


def test_a_link_out_of_the_pack_is_refused(tmp_path: Path) -> None:
    folder = write_pack(tmp_path / "pack")
    (tmp_path / "elsewhere.yaml").write_text(FILES["units.yaml"])
    (folder / "units.yaml").unlink()
    (folder / "units.yaml").symlink_to(tmp_path / "elsewhere.yaml")
    with pytest.raises(PackError, match="lies outside the pack"):
        load_pack(folder)


@pytest.mark.parametrize("name", ["../lamp", "/etc/lamp", "lamp/../lamp", "Lamp"])
def test_a_register_cannot_be_named_by_a_path(tmp_path: Path, name: str) -> None:
    text = FILES["pack.yaml"].replace("[lamp]", f"['{name}']")
    with pytest.raises(PackError, match="not of the form"):
        load_pack(write_pack(tmp_path, {"pack.yaml": text}))


def test_a_folder_without_a_pack_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PackError, match=r"pack\.yaml:1: the file is missing"):
        load_pack(tmp_path)


def test_registers_of_a_pack_do_not_share_a_prefix(tmp_path: Path) -> None:
    twin = FILES["registers/lamp.yaml"].replace("name: lamp\n", "name: candle\n")
    rules = FILES["deadlines.yaml"] + (
        "  - {rule_id: candle, register: candle, clock: repair, amount: 3, basis: natural, from: 2020-01-01, source: 通知}\n"
    )
    changes = {
        "pack.yaml": FILES["pack.yaml"].replace("[lamp]", "[lamp, candle]"),
        "registers/candle.yaml": twin,
        "deadlines.yaml": rules,
    }
    with pytest.raises(PackError, match=r"registers/candle\.yaml:3: 灯 already belongs to lamp"):
        load_pack(write_pack(tmp_path, changes))


def test_a_register_without_conditions_has_no_predicates(tmp_path: Path) -> None:
    figures = FILES["figures.yaml"]
    for piece in (", where: {kind: [street]}", ", where: {outcome: {not: [wrong]}}"):
        figures = figures.replace(piece, "")
    (lamp,) = load_pack(write_pack(tmp_path, {"figures.yaml": figures})).registers
    assert isinstance(lamp, Register)
    assert lamp.predicates == ()
