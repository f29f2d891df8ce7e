"""A record that opens another in a state says where to, and nothing that the other needs may be missing."""

from pathlib import Path

import pytest

from tests.house.small_pack import write_pack
from tests.house.small_records import RECORDS
from tracker.packs.loader import PackError, load_pack

POST = "registers/post.yaml"
OPENING = RECORDS[POST].replace(
    "  - use: [place, remark]\n",
    """\
  - use: place
  - {name: walk, type: record, register: walk, label: {zh-Hans: 巡查, zh-Hant: 巡查, en: Walk}}
  - {name: owner, type: text, label: {zh-Hans: 户主, zh-Hant: 戶主, en: Owner}, privacy: personal}
  - use: remark
opens:
  register: walk
  on: [fallen]
  link: walk
  copies: {place: place, remark: remark, walker: owner}
  says: {nothing: yes}
  same: [place, remark]
""",
)
BREAKS = [
    ("register: walk\n  on", "register: stroll\n  on", "unknown register stroll"),
    ("on: [fallen]", "on: [risen]", "unknown state risen"),
    ("on: [fallen]", "on: []", "opens.on"),
    ("link: walk", "link: wood", "wood does not lead to walk"),
    ("remark: remark", "remarks: remark", "unknown field remarks"),
    ("remark: remark", "remark: gist", "unknown field gist"),
    ("remark: remark", "minutes: remark", "minutes cannot hold what remark holds"),
    ("remark: remark", "remark: owner", "owner is private and remark is open"),
    ("copies: {place: place, ", "copies: {", "place of walk is required and may be missing"),
    ("says: {nothing: yes}", "says: {nothing: maybe}", "nothing has no choice maybe"),
    ("says: {nothing: yes}", "says: {none: yes}", "unknown field none"),
    ("same: [place, remark]", "same: [place]", "`same` lacks remark"),
    ("same: [place, remark]", "same: [place, remark, walker]", "walker is private and cannot be compared"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "words"), BREAKS, ids=[b[2] for b in BREAKS])
def test_a_mistake_is_named_once_and_how_to_mend_it(tmp_path: Path, old: str, new: str, words: str) -> None:
    assert old in OPENING
    with pytest.raises(PackError) as error:
        load_pack(write_pack(tmp_path, {**RECORDS, POST: OPENING.replace(old, new, 1)}))
    found = [p for p in error.value.problems if words in p.what]
    assert len(found) == 1, str(error.value)
    assert (found[0].file, bool(found[0].mend)) == (POST, True)


def test_what_is_opened_asks_for_no_files(tmp_path: Path) -> None:
    walk = RECORDS["registers/walk.yaml"].replace(
        "checklist: post_check", "checklist: post_check\nevidence: {photos: 1}"
    )
    with pytest.raises(PackError, match="walk asks for files"):
        load_pack(write_pack(tmp_path, {**RECORDS, POST: OPENING, "registers/walk.yaml": walk}))


def test_it_is_as_the_file_says(tmp_path: Path) -> None:
    opens = load_pack(write_pack(tmp_path, {**RECORDS, POST: OPENING})).record_by_name["post"].opens
    assert opens is not None
    assert (opens.register, opens.states, opens.link, opens.same) == ("walk", ("fallen",), "walk", ("place", "remark"))
    assert (opens.copies["walker"], opens.says) == ("owner", {"nothing": "yes"})
