"""What a linked record settles: taken where nothing was told, refused where something else was."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from township import label

from tracker.domain.links import check_settled, settled_by_links, with_settled
from tracker.domain.refusals import Refusals
from tracker.domain.registers import Field, FieldType

SECTION = Field("section", FieldType.RECORD, label("河段"), register="river_section", settles=("place", "group"))
OTHER = Field("patrol", FieldType.RECORD, label("巡河"), register="patrol")
LINKS = (SECTION, OTHER)


def fields_of(record_id: int) -> Mapping[str, Any] | None:
    return {1: {"place": 7, "group": 3}, 2: {"place": 8}}.get(record_id)


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"section": 1}, {"section": 1, "place": 7, "group": 3}),
        ({"section": 1, "place": 9, "group": ""}, {"section": 1, "place": 9, "group": 3}),
        ({"section": 2}, {"section": 2, "place": 8}),
        ({"section": 99}, {"section": 99}),
        ({"section": "河-1"}, {"section": "河-1"}),
        ({"patrol": 1}, {"patrol": 1}),
        ({}, {}),
    ],
    ids=["all", "what is empty", "what it says", "unknown", "unread", "not asked to settle", "no link"],
)
def test_what_was_left_empty_is_taken_from_the_linked_record(told: dict[str, Any], expected: dict[str, Any]) -> None:
    assert with_settled(LINKS, told, fields_of) == expected


def wrong(values: Mapping[str, Any], told: set[str] | None = None) -> list[str | None]:
    """The fields at which it is refused."""
    try:
        check_settled(LINKS, values, fields_of, told)
    except Refusals as why:
        return [one.field for one in why.refusals if one.code == "differs_from_link"]
    return []


def test_what_says_otherwise_is_refused_at_its_field() -> None:
    assert wrong({"section": 1, "place": 8, "group": 4}) == ["place", "group"]
    assert wrong({"section": 1, "place": 7}) == []
    assert wrong({"section": 2, "place": 8, "group": 4}) == []  # the section has no group
    assert wrong({"patrol": 1, "place": 8}) == []


def test_a_correction_is_asked_for_what_it_touches_only() -> None:
    """The subject may have moved since: what was right on its day is not refused for a typing mistake elsewhere."""
    assert wrong({"section": 1, "place": 8}, told={"remark"}) == []
    assert wrong({"section": 1, "place": 8}, told={"place"}) == ["place"]
    assert wrong({"section": 1, "place": 8}, told={"section"}) == ["place"]


def test_only_settled_fields_may_be_left_empty() -> None:
    assert settled_by_links(LINKS) == {"place", "group"}
