"""What a verifier is told about a picture, whatever its clock and its receiver say."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lives import life_at
from records import MEETING
from township import CHINA, TOILET, at

from tracker import picture_words
from tracker.domain.doubts import Scene, Spot, doubts_of, metres_between, scene_of_record, scene_of_ticket
from tracker.domain.evidence import UNKNOWN, Evidence, Point, Taken, point_of, taken_of
from tracker.domain.kinds import Part
from tracker.domain.record import Record

HOME = Point(26_550_000, 112_380_000)
FOUND, ASSIGNED, BACK = date(2023, 3, 1), date(2023, 3, 5), date(2023, 3, 20)
SENT = datetime(2023, 4, 1, 10, 0, tzinfo=CHINA)
WORK = Scene(1000, Spot(HOME, 1000), found_on=FOUND, assigned_on=ASSIGNED)


def noon(day: date) -> int:
    return round(datetime.combine(day, datetime.min.time(), CHINA).timestamp() * 1000) + 12 * 3_600_000


def file(kind: str = "photo_after", when: int | None = None, where: Point | None = None, digest: str = "a") -> Evidence:
    taken = Taken(when, where)
    return Evidence(digest * 64, "x.jpg", "image/jpeg", 9, kind, 1, SENT.date(), SENT, taken)


def codes(*files: Evidence, scene: Scene = WORK) -> list[list[str]]:
    return [[doubt.code for doubt in doubts] for doubts in doubts_of(files, scene, CHINA)]


@pytest.mark.parametrize(
    ("kind", "day", "told"),
    [
        ("photo_after", date(2023, 2, 28), ["taken_before_found"]),
        ("photo_before", date(2023, 2, 28), ["taken_before_found"]),
        ("photo_after", date(2023, 3, 1), ["taken_before_assigned"]),
        ("photo_before", date(2023, 3, 1), []),
        ("photo_after", date(2023, 3, 4), ["taken_before_assigned"]),
        ("photo_after", date(2023, 3, 5), []),
        ("photo_check", date(2023, 3, 4), []),
        ("photo_after", date(2023, 4, 2), ["taken_in_future"]),
        ("document", date(2023, 4, 2), ["taken_in_future"]),  # a picture of a paper
    ],
)
def test_a_picture_is_held_against_the_days_of_its_ticket(kind: str, day: date, told: list[str]) -> None:
    assert codes(file(kind, noon(day))) == [told]


def test_a_day_is_that_of_the_log_s_time_zone() -> None:
    midnight = round(datetime(2023, 3, 5, tzinfo=CHINA).timestamp() * 1000)
    assert codes(file(when=midnight), file(when=midnight - 1000, digest="b")) == [[], ["taken_before_assigned"]]


def test_a_telephone_s_clock_may_be_ten_minutes_ahead() -> None:
    sent = round(SENT.timestamp() * 1000)
    assert codes(file(when=sent + 9 * 60_000)) == [[]]
    assert codes(file(when=sent + 11 * 60_000)) == [["taken_in_future"]]


def test_what_was_taken_before_it_was_sent_back_is_doubted_in_the_attempt_that_follows() -> None:
    scene = Scene(1000, found_on=FOUND, assigned_on=ASSIGNED, sent_back_on=BACK, earlier=1)
    old = noon(BACK - timedelta(days=1))
    assert codes(file(when=old), file(when=old, digest="b"), scene=scene) == [[], ["taken_before_sent_back"]]
    assert codes(file(), file(), scene=scene) == [[], ["same_as_before_sent_back"]]
    assert codes(file(), file(digest="b"), scene=scene) == [[], []]


def test_the_picture_after_is_younger_than_the_one_before_and_another_one() -> None:
    before, after = file("photo_before", noon(ASSIGNED) + 2, digest="b"), file(when=noon(ASSIGNED) + 1)
    assert codes(before, after) == [[], ["taken_before_the_one_before"]]
    assert codes(file("photo_before"), file()) == [["same_before_and_after"]] * 2


def test_a_picture_from_far_away_is_told_and_what_is_unknown_is_not_invented() -> None:
    near, far = Point(HOME.lat + 8_000, HOME.lon), Point(HOME.lat + 10_000, HOME.lon)  # 890 m, 1112 m
    assert codes(file(where=near), file(where=far, digest="b")) == [[], ["taken_far_away"]]
    assert codes(file(where=far), scene=Scene(1000, Spot(HOME, 5000), found_on=FOUND)) == [[]], "a river is long"
    assert codes(file(where=far), scene=Scene(1000, found_on=FOUND)) == [[]]
    assert codes(file()) == [[]]
    said = file().as_command(Taken(where=HOME))  # what an inspection knows of the picture that its ticket begins with
    assert (said["lat"], said["lon"], said["said"]) == (HOME.lat, HOME.lon, ["place"])


def test_the_picture_after_shows_the_spot_of_one_before() -> None:
    here, there = file("photo_before", where=HOME, digest="b"), Point(HOME.lat + 10_000, HOME.lon)
    nowhere = Scene(1000, found_on=FOUND)
    assert codes(here, file(where=there), scene=nowhere) == [[], ["taken_away_from_the_one_before"]]
    assert codes(here, file("photo_check", where=there), scene=nowhere) == [[], []]
    assert codes(here, file("photo_before", where=there, digest="c"), file(where=there), scene=nowhere) == [[]] * 3
    assert codes(file("photo_before", digest="b"), file(where=there), scene=nowhere) == [[], []]


def test_an_activity_is_not_photographed_before_its_day_a_subject_whenever() -> None:
    held = Record(register="meeting", on=FOUND, fields={"location": "26.55,112.38"})
    scene = scene_of_record(held, MEETING, None)
    assert (scene.held_on, scene.place) == (FOUND, Spot(HOME, 1000))
    assert codes(file("photo", noon(FOUND - timedelta(days=1))), scene=scene) == [["taken_before_held"]]
    assert codes(file("photo", noon(FOUND)), scene=scene) == [[]]


def test_a_ticket_gives_its_own_days_and_the_place_of_its_subject() -> None:
    life = life_at("assigned")
    life.take_all("submit reject")
    ticket = life.paper.state(life.id)
    river = Spot(HOME, 5000)
    scene = scene_of_ticket(ticket, TOILET, river)
    turns = dict.fromkeys(turn[0] for turn in ticket.owner_turns)
    assert (scene.place, scene.found_on, len(turns)) == (river, ticket.found_on, 1)
    assert scene.assigned_on is not None
    assert scene.sent_back_on is not None
    assert scene.earlier == len(ticket.evidence)


def test_every_doubt_has_its_sentence_and_the_other_way_round() -> None:
    seen = {
        code
        for scene in (WORK, Scene(1, None, held_on=SENT.date(), sent_back_on=BACK, earlier=1))
        for days in range(-40, 40, 3)
        for found in codes(
            file(when=noon(SENT.date() + timedelta(days=days)), where=Point(0, 1)),
            file(when=noon(BACK - timedelta(days=1)), digest="a"),
            file("photo_before", when=noon(BACK), where=Point(0, 80_000_000), digest="b"),
            file("photo_after", digest="b"),
            scene=scene,
        )
        for code in found
    }
    assert seen == picture_words.DOUBTS.keys()


# -- what holds of any picture ------------------------------------------------------------------------
POINTS = st.builds(Point, st.integers(-90_000_000, 90_000_000), st.integers(-180_000_000, 180_000_000))
PICTURES = st.builds(
    file,
    st.sampled_from(["photo_before", "photo_after", "photo_check", "photo"]),
    st.none() | st.integers(0, 2_000_000_000_000),
    st.none() | POINTS,
    st.sampled_from("abc"),
)


@given(POINTS, POINTS)
def test_distance_is_one_both_ways_and_at_most_half_round_the_earth(one: Point, other: Point) -> None:
    metres = metres_between(one, other)
    assert metres == metres_between(other, one)
    assert 0 <= metres <= 20_020_000
    assert metres_between(one, one) == 0


@given(st.lists(PICTURES, max_size=5))
def test_a_picture_alone_is_doubted_for_no_more_than_among_others(files: list[Evidence]) -> None:
    together = codes(*files)
    assert len(together) == len(files)
    for one, told in zip(files, together, strict=True):
        assert set(codes(one)[0]) <= set(told)


@given(st.integers(0, 2_000_000_000_000), st.none() | POINTS, st.sets(st.sampled_from(Part)))
def test_what_is_said_beside_a_picture_never_outdoes_its_own_word(when: int, where: Point | None, parts: Any) -> None:
    own, beside = Taken(when, where), Taken(1, HOME)
    filled = own.filled(beside)
    assert filled.at == when
    assert filled.where == (where or HOME)
    assert filled.said == (frozenset() if where else {Part.PLACE})
    assert filled.filled(Taken(2, Point(0, 1))) == filled
    assert UNKNOWN.filled(UNKNOWN) == UNKNOWN
    assert Taken(when, where, frozenset(parts)).filled(UNKNOWN).said == parts
    assert taken_of(filled.as_data()) == filled


@pytest.mark.parametrize(
    ("text", "point"),
    [
        ("26.55,112.38", HOME),
        ("-26.5500004,112.38", Point(-26_550_000, 112_380_000)),
        ("", None),
        (None, None),
        ("26.55", None),
        ("a,b", None),
        ("1,2,3", None),
    ],
)
def test_a_position_is_read_as_fields_keep_it(text: str | None, point: Point | None) -> None:
    assert point_of(text) == point


def test_a_document_is_held_against_nothing() -> None:
    paper: Mapping[str, Any] = {"kind": "document", "media_type": "application/pdf"}
    one = Evidence("a" * 64, "x.pdf", paper["media_type"], 9, paper["kind"], 1, FOUND, at(FOUND).astimezone(UTC))
    assert codes(one) == [[]]
