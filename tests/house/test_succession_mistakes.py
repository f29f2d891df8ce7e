"""A register that says what its tickets may go on as names a register, a link back and fields that fit."""

from pathlib import Path

import pytest

from tests.house.small_pack import FILES, write_pack
from tracker.packs.loader import PackError, load_pack

LAMP = "registers/lamp.yaml"
GOES_ON = (
    FILES[LAMP]
    .replace(
        "outcomes:\n",
        """\
  - {name: before, type: record, register: lamp, label: {zh-Hans: 前件, zh-Hant: 前件, en: Before}}
  - {name: number, type: text, unique: true, label: {zh-Hans: 号, zh-Hant: 號, en: No}}
converts:
  register: lamp
  link: before
  copies: {problem: problem, keeper: keeper}
  reason: 转入
outcomes:
""",
        1,
    )
    .replace(
        "leaves_denominator: true}",
        "leaves_denominator: true, successor: {register: lamp, link: before, copies: {kind: kind}}}",
    )
)
BREAKS = [
    ("converts:\n  register: lamp", "converts:\n  register: torch", "unknown register of tickets torch"),
    ("  link: before\n", "  link: kind\n", "kind of lamp does not lead to lamp"),
    ("  reason: 转入\n", "", "missing reason"),
    ("problem: problem,", "problems: problem,", "unknown field problems"),
    ("problem: problem,", "problem: gist,", "unknown field gist"),
    ("problem: problem,", "problem: keeper,", "of keeper and problem one is private and one is open"),
    ("problem: problem,", "lit_on: problem,", "lit_on cannot hold what problem holds"),
    ("problem: problem,", "number: problem,", "number is unique"),
    ("copies: {kind: kind}", "copies: {kind: problem}", "kind cannot hold what problem holds"),
    (
        "successor: {register: lamp, link: before",
        "successor: {register: lamp, link: kind",
        "kind of lamp does not lead",
    ),
]


def test_it_is_as_the_file_says(tmp_path: Path) -> None:
    lamp = load_pack(write_pack(tmp_path, {LAMP: GOES_ON})).register_by_name["lamp"]
    after = lamp.outcome_by_name["wrong"].successor
    assert lamp.converts is not None
    assert after is not None
    assert (lamp.converts.reason, lamp.converts.is_conversion, after.is_conversion) == ("转入", True, False)
    assert (lamp.converts.link, after.copies) == ("before", {"kind": "kind"})


@pytest.mark.parametrize(("old", "new", "words"), BREAKS, ids=[b[2] for b in BREAKS])
def test_a_mistake_is_named_once_and_how_to_mend_it(tmp_path: Path, old: str, new: str, words: str) -> None:
    assert old in GOES_ON
    with pytest.raises(PackError) as error:
        load_pack(write_pack(tmp_path, {LAMP: GOES_ON.replace(old, new, 1)}))
    found = [p for p in error.value.problems if words in p.what]
    assert len(found) == 1, str(error.value)
    assert (found[0].file, bool(found[0].mend)) == (LAMP, True)
