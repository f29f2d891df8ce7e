"""The state of a subject follows its tickets: held against a replay that shares no code with it, and by the pack."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

import pytest
from followed import FILE, FOLLOWED
from hypothesis import given
from hypothesis import strategies as st

from tracker.domain.days import from_number, to_number
from tracker.domain.following import claims_of, fields_said
from tracker.domain.lifecycle import Status
from tracker.domain.ticket import Closing, Reached, Ticket
from tracker.domain.turns import Claim, StateTurn, claim_of, turns_of
from tracker.packs.loader import LoadedPack, built_in, load_pack

START = to_number(date(2023, 1, 1))
HAND = 0
OUTCOMES = {"fixed": "fixed", "handed": "handed_over", "untrue": "not_established", "gone": "demolished_by_wish"}


@dataclass(frozen=True)
class Said:
    """In the order of recording: ticket `who` was opened, closed or opened again on a day; or a person (HAND) says a
    state."""

    who: int
    what: str
    day: int
    position: int


@st.composite
def stories(draw: st.DrawFn) -> tuple[int, list[Said], frozenset[int]]:
    """The day of opening, what was said, in any order of days but that of each ticket, and which tickets are void."""
    opened, said = START + draw(st.integers(0, 12)), []
    lives: dict[int, tuple[str, int]] = {}
    hand = opened
    for position in range(2, 2 + draw(st.integers(0, 14))):
        who = draw(st.integers(HAND, 3))
        if who == HAND:
            hand += draw(st.integers(0, 5))
            said.append(Said(HAND, draw(st.sampled_from(["normal", "idle", "problem", "demolished"])), hand, position))
            continue
        stands, day = lives.get(who, ("", START + draw(st.integers(0, 15))))
        what = "opened" if stands in ("", *OUTCOMES) else draw(st.sampled_from(sorted(OUTCOMES)))
        day += draw(st.integers(0, 6)) if stands else 0
        lives[who] = (what, day)
        said.append(Said(who, what, day, position))
    return opened, said, frozenset(draw(st.sets(st.integers(1, 3))))


def replayed(opened: int, said: list[Said], void: frozenset[int], day: int) -> str:
    """The state on a day: what was said by then, without tickets that are void or turned out to be untrue."""
    standing: list[Said] = []
    for one in sorted(said, key=lambda s: (s.day, s.position)):
        if one.day > day or one.who in void:
            continue
        if one.what == "untrue":
            standing = [s for s in standing if s.who != one.who]
        else:
            standing.append(one)
    state, troubles = "normal", set()
    for one in standing:
        if one.who == HAND:
            state = one.what
        elif one.what == "opened":
            troubles.add(one.who)
            state = state if state == "demolished" else "problem"
        else:
            troubles.discard(one.who)
            if one.what == "gone":
                state = "demolished"
            elif one.what == "fixed" and not troubles and state == "problem":
                state = "rectified"
    return state


def ticket(who: int, said: list[Said], *, is_void: bool) -> Ticket:
    """What the events of one ticket leave of it, as far as its subject is concerned."""
    first, *rest = [s for s in said if s.who == who]
    return Ticket(
        id=who,
        register="toilet",
        status=Status.VOIDED if is_void else Status.ASSIGNED,
        fields={"file": 99},
        found_on=from_number(first.day),
        closings=tuple(Closing(s.day, s.day, OUTCOMES[s.what], s.position) for s in rest if s.what in OUTCOMES),
        reopenings=tuple((s.day, True, s.position) for s in rest if s.what == "opened"),
    )


@given(stories())
def test_on_every_day_the_subject_is_as_a_replay_of_all_that_was_said_by_then(story) -> None:
    opened, said, void = story
    # The ticket's id is the position of its first event; here they are small, and that position is told apart.
    tickets = {w: ticket(w, said, is_void=w in void) for w in {s.who for s in said} - {HAND}}
    claims = {w: _placed(claims_of(t, FOLLOWED, FILE), w, said) for w, t in tickets.items()}
    by_hand = [StateTurn(s.day, s.what, s.position) for s in said if s.who == HAND]
    turns = turns_of([StateTurn(opened, "normal", 1), *by_hand], {w: c for w, c in claims.items() if c})
    assert [t.day for t in turns] == sorted(t.day for t in turns)
    for day in sorted({s.day + n for s in said for n in (-1, 0, 1)} | {opened}):
        if day >= opened:
            state = [t.state for t in turns if t.day <= day][-1]
            assert state == replayed(opened, said, void, day), from_number(day)


def _placed(claims: tuple[Claim, ...], who: int, said: list[Said]) -> tuple[Claim, ...]:
    first = next(s for s in said if s.who == who)
    return tuple(replace(c, position=first.position) if c.position == who else c for c in claims)


@given(stories())
def test_claims_come_out_of_the_log_as_they_went_in(story) -> None:
    _, said, _ = story
    for who in {s.who for s in said} - {HAND}:
        claims = claims_of(ticket(who, said, is_void=False), FOLLOWED, FILE)
        assert tuple(claim_of(claim.as_data()) for claim in claims) == claims


def test_what_a_ticket_said_of_the_fields_goes_with_it() -> None:
    gone = (Claim(5, 1, "demolished", frozenset({"problem"}), fields={"end_reason": "自愿拆除"}),)
    assert fields_said((), gone, {}) == {"end_reason": "自愿拆除"}
    assert fields_said(gone, (), {"end_reason": "自愿拆除"}) == {"end_reason": None}
    assert fields_said(gone, (), {"end_reason": "倒塌"}) == {}  # a person said otherwise since
    assert fields_said(gone, gone, {"end_reason": "自愿拆除"}) == {}


# -- the registers of the township --------------------------------------------------------------------
@pytest.fixture(scope="module")
def pack() -> LoadedPack:
    return load_pack(built_in("township"))


def states(pack: LoadedPack, register: str, subjects: str, first: str, *tickets: Ticket) -> list[tuple[int, str]]:
    """Day of January and state, from the opening on the 1st."""
    follows, subject = pack.register_by_name[register], pack.record_by_name[subjects]
    claims = {t.id: claims_of(t, follows, subject) for t in tickets}
    turns = turns_of([StateTurn(START, first, 1)], {i: c for i, c in claims.items() if c})
    return [(t.day - START + 1, t.state) for t in turns]


def _reached(*milestones: tuple[str, int, dict[str, str]]) -> dict[str, Reached]:
    return {n: Reached(START + day - 1, v, 50 + i, frozenset({1})) for i, (n, day, v) in enumerate(milestones)}


def _january(day: int) -> date:
    return from_number(START + day - 1)


def _closing(day: int, outcome: str) -> Closing:
    return Closing(START + day - 1, START + day - 1, outcome, 90)


HOUSE = Ticket(id=10, fields={"house_file": 1}, found_on=_january(3))


def test_a_house_goes_by_appraisal_people_and_building(pack: LoadedPack) -> None:
    lived = replace(
        HOUSE,
        milestones=_reached(
            ("appraised", 9, {"grade": "C"}),
            ("people_safe", 12, {}),
            ("building_disposed", 20, {"building_how": "sealed"}),
        ),
        closings=(_closing(22, "fixed"),),
    )
    expected = [(1, "safe"), (3, "potential"), (9, "grade_c"), (12, "evacuated"), (20, "disposed")]
    assert states(pack, "house_inspection", "house", "safe", lived) == expected


def test_a_house_that_was_regraded_goes_on_with_its_successor_and_is_demolished(pack: LoadedPack) -> None:
    first = replace(HOUSE, milestones=_reached(("appraised", 5, {"grade": "C"})), closings=(_closing(9, "regraded"),))
    second = replace(
        HOUSE,
        id=30,
        found_on=_january(9),
        milestones=_reached(
            ("appraised", 9, {"grade": "D"}), ("building_disposed", 15, {"building_how": "demolished"})
        ),
    )
    expected = [(1, "safe"), (3, "potential"), (5, "grade_c"), (9, "grade_d"), (15, "demolished")]
    assert states(pack, "house_inspection", "house", "safe", first, second) == expected


def test_a_house_that_is_sound_is_again_what_it_was(pack: LoadedPack) -> None:
    sound = replace(
        HOUSE, milestones=_reached(("appraised", 5, {"grade": "B"})), closings=(_closing(7, "not_established"),)
    )
    assert states(pack, "house_inspection", "house", "safe", sound) == [(1, "safe"), (3, "potential"), (7, "safe")]


def test_premises_rest_until_work_is_approved_after_the_last_major_hazard(pack: LoadedPack) -> None:
    major = Ticket(id=10, fields={"premises": 1, "level": "major"}, found_on=_january(3))
    approved = replace(major, milestones=_reached(("resumption_approved", 8, {})), closings=(_closing(7, "fixed"),))
    later = replace(major, id=11, found_on=_january(5), milestones=_reached(("resumption_approved", 12, {})))
    general = replace(major, id=12, fields={"premises": 1, "level": "general"})
    assert states(pack, "safety_hazard", "premises", "operating", general) == [(1, "operating")]
    expected = [(1, "operating"), (3, "suspended"), (8, "operating")]
    assert states(pack, "safety_hazard", "premises", "operating", approved, general) == expected
    expected = [(1, "operating"), (3, "suspended"), (12, "operating")]
    assert states(pack, "safety_hazard", "premises", "operating", approved, later) == expected


def test_a_restricted_ticket_says_nothing_of_its_subject(pack: LoadedPack) -> None:
    hidden = replace(HOUSE, is_restricted=True)
    assert states(pack, "house_inspection", "house", "safe", hidden) == [(1, "safe")]
