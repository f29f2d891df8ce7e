"""Pictures of the demonstration say when and where they were taken, and no two are one file."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from tracker.domain.doubts import metres_between
from tracker.domain.evidence import Point, Taken
from tracker.log.exif import taken_of_file
from tracker.log.files import FileStore
from tracker.packs.demo.pictures import Picture, draw, proof, stamped
from tracker.packs.demo.story import ZONE, Act, Deed, UnitName
from tracker.packs.demo.takes import Takes

NOON = datetime(2023, 5, 4, 12, 34, 56, tzinfo=ZONE)
HERE = Point(26_761_200, 112_693_400)
ACT = Act("toilet/7", 0, "toilet_survey", Deed.REGISTER, "", "荆家村网格员", NOON.date(), NOON, {}, place="荆家村")


def test_a_drawing_says_when_and_where_and_stays_a_picture(tmp_path: Path) -> None:
    drawn = draw(Picture("photo_before", "toilet", "toilet-0007-before"))
    content = [stamped(drawn, which, NOON, HERE) for which in ("a", "b", "ä" * 200)]
    assert len(set(content)) == 3
    store = FileStore(tmp_path, 10**6)
    for one in content:
        kept = store.put_own(one, "x.jpg", "image/jpeg")
        path = store.path(kept.digest)
        assert path is not None
        assert taken_of_file(path, ZONE) == Taken(round(NOON.timestamp()) * 1000, HERE)
        assert store.copy(kept.digest, "small") is not None
    assert list(store.check([kept.digest])) == []


@pytest.mark.parametrize(("kind", "hours"), [("photo_before", (8, 12)), ("photo_after", (12, 18)), ("photo", (12, 18))])
def test_a_picture_was_taken_on_the_day_of_its_act_and_before_it_was_sent(kind: str, hours: tuple[int, int]) -> None:
    takes = Takes()
    for number in range(40):
        late = replace(ACT, at=NOON + timedelta(days=3))
        when, where = takes.of(late, kind, number)
        assert (when.date(), hours[0] <= when.hour < hours[1]) == (date(2023, 5, 4), True)
        prompt, _ = takes.of(replace(ACT, at=datetime(2023, 5, 4, 8, 31, tzinfo=ZONE)), kind, number)
        assert prompt < datetime(2023, 5, 4, 8, 31, tzinfo=ZONE)
        assert metres_between(where, takes.of(late, "photo_before", 0)[1]) < 300


def test_a_story_stays_where_it_began() -> None:
    takes = Takes()
    told = replace(ACT, values={"location": "26.8,112.7"})
    begun = takes.of(told, "photo_before", 0)[1]
    assert metres_between(begun, Point(26_800_000, 112_700_000)) < 150
    assert metres_between(takes.of(replace(ACT, number=3), "photo_after", 0)[1], begun) < 300
    elsewhere = replace(ACT, story="visit/1", place="", values={"place": UnitName("晨光村")})
    assert metres_between(takes.of(elsewhere, "photo", 0)[1], begun) > 300


def test_what_a_register_demands_is_one_of_few_drawings() -> None:
    assert len({proof("member_visit", "DYZF", "photo", n) for n in range(1000)}) == 6
