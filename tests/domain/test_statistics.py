"""A value is not taken beside one that contains it: the town's total and its villages', the year and its seasons."""

from __future__ import annotations

from typing import Any

import pytest
from township import Paper

from tracker.domain.recording import overlapping_keys, statistic_key
from tracker.domain.records import RecordRegister
from tracker.packs.loader import built_in, load_pack


@pytest.fixture(scope="module")
def statistic() -> RecordRegister:
    return load_pack(built_in("township")).record_by_name["statistic"]


def value(paper: Paper, place: str, season: str, **more: Any) -> dict[str, Any]:
    return {"indicator": "grain", "place": paper.unit[place], "year": 2023, "season": season, **more}


@pytest.mark.parametrize(
    ("one", "other", "overlap"),
    [
        (("town", "whole"), ("chenguang", "whole"), True),
        (("town", "whole"), ("chenguang", "late"), True),
        (("town", "late"), ("chenguang", "whole"), True),
        (("chenguang", "whole"), ("chenguang", "early"), True),
        (("chenguang", "early"), ("chenguang", "late"), False),
        (("chenguang", "whole"), ("donghu", "whole"), False),
        (("town", "early"), ("chenguang", "late"), False),
        (("chenguang", "late"), ("chenguang", "late"), False),  # the same value: a matter of its own
    ],
)
def test_what_contains_the_other_would_be_counted_twice(
    statistic: RecordRegister, one: tuple[str, str], other: tuple[str, str], overlap: bool
) -> None:
    paper = Paper()
    for first, second in ((one, other), (other, one)):
        keys = overlapping_keys(statistic, value(paper, *first), paper.directory)
        assert (statistic_key(statistic, value(paper, *second)) in keys) is overlap


def test_another_indicator_and_another_year_are_other_things(statistic: RecordRegister) -> None:
    paper = Paper()
    keys = overlapping_keys(statistic, value(paper, "town", "whole"), paper.directory)
    for change in ({"indicator": "vegetables"}, {"year": 2024}):
        assert statistic_key(statistic, value(paper, "chenguang", "late", **change)) not in keys
