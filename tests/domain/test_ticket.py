"""Guards and state: nobody passes their own work by any route, nothing closes without evidence, the due day holds."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from histories import Player, lines
from township import HOUSE, PACK, PEOPLE, TOILET, Paper, Refused, at, refused

from tracker.domain.effects import evolve, fold
from tracker.domain.people import Grant, Role
from tracker.domain.registers import Register, Separation

OWN_WORK = ("own_work_cannot_be_verified",)


def playing(*registers: Register) -> Player:
    """The small township, with some registers changed."""
    names = {r.name for r in registers}
    pack = replace(PACK, registers=(*registers, *(r for r in PACK.registers if r.name not in names)))
    return Player(Paper(pack))


def codes(player: Player, line: str) -> tuple[str, ...]:
    answer = player.refused(line)
    return answer.codes if answer else ()


# -- whoever did the work never passes it -------------------------------------------------------------
WORKED = {
    "submitted it": "2023-03-10 submit by=everything",
    "accepted it": """
        2023-03-09 accept by=everything
        2023-03-10 submit by=staff""",
    "brought a picture of it": """
        2023-03-09 add_evidence by=everything
        2023-03-10 submit by=staff""",
    "submitted an attempt that failed": """
        2023-03-08 submit by=everything
        2023-03-09 reject by=verifier
        2023-03-10 submit by=staff""",
    "did it for the unit that had it before": """
        2023-03-08 accept by=everything
        2023-03-09 transfer owner=donghu
        2023-03-10 submit by=neighbour""",
    "did it before it relapsed": """
        2023-03-05 submit by=everything
        2023-03-06 verify by=verifier
        2023-03-06 approve
        2023-03-06 close by=verifier
        2023-03-07 relapse by=verifier
        2023-03-10 submit by=staff""",
}
ALL_STEPS = replace(TOILET, steps=TOILET.steps | {"approve", "close"}, separation=Separation())


@pytest.mark.parametrize("work", WORKED.values(), ids=WORKED.keys())
@pytest.mark.parametrize("route", ["verify", "reject", "approve", "close", "recheck"])
def test_who_did_any_of_the_work_does_not_pass_it_by_any_route(work: str, route: str) -> None:
    """One person with every role, as in an office of three: the grants would allow it, the work forbids it."""
    player = playing(ALL_STEPS)
    player.play(f"""
        2023-03-01 register toilet
        2023-03-02 assign due=2023-04-01
        {work}""")
    before = {"approve": ["verify"], "close": ["verify"], "recheck": ["verify", "approve", "close"]}
    for step in before.get(route, []):
        by = "official" if step == "approve" else "second_verifier"
        player.play(f"2023-03-11 {step} by={by}")
    assert codes(player, f"2023-03-12 {route} by=everything") == OWN_WORK
    other = {"approve": "official", "recheck": "auditor"}.get(route, "second_verifier")
    assert codes(player, f"2023-03-12 {route} by={other}") == ()


HOUSE_WORK = """
        2023-03-01 register house
        2023-03-02 assign due=2023-04-01 owner=donghu
        2023-03-05 reach_milestone milestone=people_safe by=verifier
        2023-03-06 reach_milestone milestone=building_disposed by={by}
        2023-03-10 submit by=neighbour"""
PETITION_WORK = """
        2023-03-01 register petition
        2023-03-02 assign
        2023-03-03 accept
        2023-03-05 reach_milestone milestone=replied by=verifier
        2023-03-06 reach_milestone milestone=replied by={by}
        2023-03-10 submit"""


@pytest.mark.parametrize("work", [HOUSE_WORK, PETITION_WORK], ids=["house", "petition"])
@pytest.mark.parametrize("route", ["verify outcome=not_established", "reject"])
def test_who_recorded_what_the_closing_rests_on_does_not_pass_it(work: str, route: str) -> None:
    """A reply, a building disposed is the work itself, even where a colleague recorded it again."""
    player = playing()
    player.play(work.format(by="supervisor"))
    route = route.replace("not_established", "replied" if "petition" in work else "not_established")
    assert codes(player, f"2023-03-12 {route} by=verifier") == OWN_WORK
    assert codes(player, f"2023-03-12 {route} by=second_verifier") == ()


def test_who_only_told_the_petitioner_may_pass_the_reply() -> None:
    player = playing()
    player.play("""
        2023-03-01 register petition
        2023-03-02 assign
        2023-03-02 reach_milestone milestone=notified by=verifier
        2023-03-03 accept
        2023-03-05 reach_milestone milestone=replied by=staff
        2023-03-10 submit""")
    assert codes(player, "2023-03-12 verify by=verifier outcome=replied") == ()


def test_who_answers_for_it_as_owner_does_not_pass_what_a_colleague_submitted() -> None:
    player = playing(ALL_STEPS)
    ticket_id = player.play("2023-03-01 register toilet")
    assign = player.command(lines("2023-03-02 assign due=2023-04-01")[0])
    assign = replace(assign, values={**assign.values, "owner_id": player.world.person["everything"]})
    player.world.do(assign, "supervisor", at("2023-03-02"))
    player.play("2023-03-10 submit by=staff")
    assert player.world.state(ticket_id).owner_id == player.world.person["everything"]
    assert codes(player, "2023-03-11 verify by=everything") == OWN_WORK


def test_where_the_register_says_so_nobody_of_the_owners_unit_passes_it() -> None:
    story = """
        2023-03-01 register house
        2023-03-02 assign due=2023-04-01 owner=chenguang
        2023-03-10 submit by=staff"""
    separated, free = playing(), playing(replace(HOUSE, separation=Separation()))
    for player in (separated, free):
        player.play(story)
    assert PEOPLE["everything"][1] == "chenguang"
    assert "own_unit_cannot_verify" in codes(separated, "2023-03-11 verify by=everything outcome=not_established")
    assert codes(free, "2023-03-11 verify by=everything outcome=not_established") == ()


def test_a_unit_that_worked_on_it_does_not_pass_it_after_handing_it_on() -> None:
    player = playing()
    player.play("""
        2023-03-01 register house
        2023-03-02 assign due=2023-04-01 owner=chenguang
        2023-03-08 submit by=staff
        2023-03-09 reject by=verifier
        2023-03-09 transfer owner=donghu
        2023-03-10 submit by=neighbour""")
    assert "own_unit_cannot_verify" in codes(player, "2023-03-11 verify by=everything outcome=not_established")


def test_where_the_register_says_so_the_issuer_does_not_pass_it() -> None:
    player = playing(replace(TOILET, separation=Separation(by_issuer=True)))
    player.play("""
        2023-03-01 register toilet
        2023-03-02 assign by=supervisor due=2023-04-01
        2023-03-10 submit""")
    assert codes(player, "2023-03-11 verify by=supervisor") == ("issuer_cannot_verify",)


@pytest.mark.parametrize(
    ("ask", "decide"),
    [
        ("request_extension", "grant_extension"),
        ("request_extension", "refuse_extension"),
        ("request_exclusion way=void", "void"),
        ("request_exclusion way=exclude", "exclude"),
        ("request_exclusion way=void", "refuse_exclusion"),
    ],
)
def test_nobody_decides_their_own_request(ask: str, decide: str) -> None:
    player = playing()
    player.play(f"""
        2023-03-01 register toilet
        2023-03-02 assign due=2023-04-01
        2023-03-03 {ask} by=everything""")
    assert codes(player, f"2023-03-04 {decide} by=everything") == ("own_request_cannot_be_decided",)
    assert codes(player, f"2023-03-04 {decide} by=approver") == ()


@pytest.mark.parametrize("share", ["owner", "worker"])
@pytest.mark.parametrize(
    ("ask", "decide"),
    [
        ("2023-03-09 request_extension by=staff", "grant_extension"),
        ("2023-03-09 request_extension by=staff", "refuse_extension"),
        ("2023-03-09 request_exclusion way=void", "void"),
        ("2023-03-09 request_exclusion way=exclude", "exclude"),
        ("2023-03-09 request_exclusion way=merge into=other", "merge"),
        ("2023-03-09 request_exclusion way=exclude\n2023-03-10 exclude", "include"),
    ],
)
def test_who_answers_for_a_ticket_decides_neither_its_due_day_nor_whether_it_counts(
    share: str, ask: str, decide: str
) -> None:
    player = playing()
    player.play("""
        2023-03-01 register #other toilet
        2023-03-01 register toilet""")
    assign = player.command(lines("2023-03-02 assign due=2023-04-01")[0])
    owner = {"owner_id": player.world.person["everything"]} if share == "owner" else {}
    player.world.do(replace(assign, values={**assign.values, **owner}), "supervisor", at("2023-03-02"))
    if share == "worker":
        player.play("2023-03-03 accept by=everything")
    player.play(ask)
    assert codes(player, f"2023-03-11 {decide} by=everything") == ("own_ticket_cannot_be_decided",)
    assert codes(player, f"2023-03-11 {decide} by=approver") == ()


# -- evidence -----------------------------------------------------------------------------------------
@pytest.mark.parametrize("kinds", ["none", "document", "photo_before", "photo_check"])
def test_nothing_is_submitted_without_the_evidence_that_the_register_demands(kinds: str) -> None:
    player = playing()
    player.play("""
        2023-03-01 register toilet
        2023-03-02 assign due=2023-04-01""")
    answer = player.refused(f"2023-03-10 submit evidence={kinds}")
    assert answer is not None
    assert (answer.codes, answer.fields) == (("evidence_missing",), ("photos",))
    assert codes(player, "2023-03-10 submit evidence=photo_after") == ()


@pytest.mark.parametrize("end", ["reject by=verifier", "verify by=verifier\n2023-03-11 relapse by=verifier"])
def test_the_picture_of_a_failed_attempt_is_no_evidence_for_the_next(end: str) -> None:
    player = playing()
    player.play(f"""
        2023-03-01 register toilet
        2023-03-02 assign due=2023-04-01
        2023-03-10 submit
        2023-03-11 {end}""")
    assert codes(player, "2023-03-12 submit evidence=none") == ("evidence_missing",)


# -- the promise --------------------------------------------------------------------------------------
def test_the_original_due_day_stays_whatever_moves_the_current_one() -> None:
    player = playing()
    ticket_id = player.play("""
        2023-03-01 register toilet
        2023-03-02 assign due=2023-03-20
        2023-03-10 request_extension days=10
        2023-03-11 grant_extension
        2023-03-12 pause
        2023-03-15 resume
        2023-03-16 assign due=2023-05-01""")
    t = player.world.state(ticket_id)
    assert (t.original_due, t.current_due) == (date(2023, 3, 20), date(2023, 5, 1))
    turns = [x.due for x in t.due_turns]
    assert [n - turns[0] for n in turns] == [0, 10, 13, 42]


def test_a_refused_extension_leaves_the_due_day() -> None:
    player = playing()
    ticket_id = player.play("""
        2023-03-01 register toilet
        2023-03-02 assign due=2023-03-20
        2023-03-10 request_extension days=10
        2023-03-11 refuse_extension""")
    assert player.world.state(ticket_id).current_due == date(2023, 3, 20)


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        ("2023-05-01 request_extension days=31\n2023-05-02 grant_extension", "extension_too_long"),
        ("2023-05-20 request_extension days=5\n2023-05-20 grant_extension", "extension_too_late"),
        (
            "2023-04-01 request_extension days=5\n2023-04-02 grant_extension\n"
            "2023-04-03 request_extension days=5\n2023-04-04 grant_extension",
            "extension_used_up",
        ),
    ],
    ids=["longer than 30 days", "asked after the due day", "a second time"],
)
def test_a_petition_is_extended_once_by_thirty_days_at_most_and_asked_in_time(lines: str, code: str) -> None:
    """信访工作条例 art. 34."""
    player = playing()
    player.play("""
        2023-03-01 register petition
        2023-03-02 assign
        2023-03-03 accept""")
    *before, last = lines.splitlines()
    player.play("\n".join(before))
    assert codes(player, last) == (code,)


def test_an_extension_is_asked_for_on_the_day_on_which_it_is_recorded() -> None:
    """Whoever types an earlier day has not asked in time."""
    player = playing()
    player.play("""
        2023-03-01 register petition
        2023-03-02 assign
        2023-03-03 accept
        2023-04-03 request_extension days=5 recorded=2023-05-20""")
    assert codes(player, "2023-05-20 grant_extension") == ("extension_too_late",)


def test_the_completion_day_is_that_of_the_last_submission_that_passed() -> None:
    player = playing()
    ticket_id = player.play("""
        2023-03-01 register toilet
        2023-03-02 assign due=2023-03-20
        2023-03-10 submit
        2023-03-12 reject
        2023-03-18 submit
        2023-04-20 verify""")
    t = player.world.state(ticket_id)
    assert (t.completed_on, t.closed_on) == (date(2023, 3, 18), date(2023, 4, 20))


def test_a_state_folded_at_once_is_the_one_evolved_step_by_step() -> None:
    player = playing()
    ticket_id = player.play("""
        2023-03-01 register house
        2023-03-02 assign due=2023-03-20
        2023-03-05 reach_milestone milestone=appraised grade=D recorded=2023-03-06
        2023-03-18 submit recorded=2023-04-01
        2023-04-20 reject
        2023-04-21 amend place=donghu""")
    history = player.world.history(ticket_id)
    state = None
    for event in history:
        before, copy = state, state and replace(state)
        state = evolve(state, event)
        assert before == copy, "evolve changed the state it was given"
    assert state == fold(history)


# -- versions -----------------------------------------------------------------------------------------
def test_a_form_opened_before_somebody_acted_is_refused_and_one_before_a_remark_is_not() -> None:
    player = playing()
    player.play("""
        2023-03-01 register toilet
        2023-03-02 comment message=看过""")
    assert codes(player, "2023-03-03 assign due=2023-04-01 version=1") == ()
    assert codes(player, "2023-03-03 assign due=2023-05-01 version=1") == ("stale_version",)


@pytest.mark.parametrize(
    "line", ["assign version=3", "comment message=看 version=3", "amend category=upkeep version=3"]
)
def test_a_version_that_is_yet_to_come_is_refused_like_one_that_is_past(line: str) -> None:
    player = playing()
    player.play("""
        2023-03-01 register toilet
        2023-03-02 comment message=看过""")
    assert codes(player, f"2023-03-03 {line}") == ("stale_version",)
    assert codes(player, f"2023-03-03 {line}".replace("=3", "=2")) == ()


@pytest.mark.parametrize("line", ["amend reason= remark=改", "amend category=quality", "amend place=chenguang"])
def test_a_correction_needs_a_reason_and_something_to_correct(line: str) -> None:
    player = playing()
    player.play("2023-03-01 register toilet")
    assert codes(player, f"2023-03-02 {line}") in (("reason_missing",), ("nothing_changed",))


def test_the_reason_of_a_correction_is_no_book() -> None:
    player = playing()
    player.play("2023-03-01 register toilet")
    assert codes(player, f"2023-03-02 amend remark=改 reason={'长' * 2001}") == ("field_too_long",)
    assert codes(player, f"2023-03-02 amend remark=改 reason={'长' * 2000}") == ()


def test_a_correction_moves_a_ticket_only_to_where_the_right_to_correct_reaches() -> None:
    """Who may register at both places and correct at one of them does not hand tickets to the other."""
    player = playing()
    player.play("2023-03-01 register toilet")
    world = player.world
    where = {Role.SUPERVISOR: "chenguang", Role.STAFF: "town"}
    grants = tuple(Grant(i, r, world.unit[u], None, date(2015, 1, 1)) for i, (r, u) in enumerate(where.items()))
    clerk = replace(world.directory.people[world.person["clerk"]], grants=grants)
    world.directory = replace(world.directory, people={**world.directory.people, clerk.id: clerk})
    assert codes(player, "2023-03-02 amend by=clerk place=donghu") == ("not_permitted",)
    assert codes(player, "2023-03-02 amend by=clerk remark=门牌十二号") == ()
    assert codes(player, "2023-03-02 amend by=supervisor place=donghu") == ()
    assert codes(player, "2023-03-02 amend by=clerk place=chenguang") == ("not_permitted",)


@pytest.mark.parametrize(
    ("found", "code"),
    [("2023-03-04", "found_in_future"), ("2023-03-03", "day_before_latest_step"), ("2021-05-05", None)],
)
def test_a_found_day_put_right_fits_what_happened_since(found: str, code: str | None) -> None:
    player = playing()
    player.play("""
        2023-03-01 register toilet
        2023-03-02 assign due=2023-04-01""")
    assert codes(player, f"2023-03-03 amend found={found}") == ((code,) if code else ())


@pytest.mark.parametrize(("found", "code"), [("1923-03-01", "found_too_early"), ("1969-12-31", "found_too_early"),
                                             ("1970-01-01", None)])  # fmt: skip
def test_a_day_found_that_no_ledger_can_keep_is_refused_at_registering_and_correcting(
    found: str, code: str | None
) -> None:
    player = playing()
    answer = player.refused(f"2023-03-01 register toilet found={found}")
    assert answer == (Refused((code,), ("found_on",)) if code else None)
    player.play("2023-03-01 register toilet")
    answer = player.refused(f"2023-03-02 amend found={found}")
    assert answer == (Refused((code,), ("found_on",)) if code else None)


def test_a_due_day_that_no_ledger_can_keep_is_refused_whether_given_or_asked_for() -> None:
    player = playing()
    player.play("2023-03-01 register toilet")
    assert player.refused("2023-03-02 assign due=2059-01-01") == Refused(("due_too_far",), ("due_on",))
    player.play("2023-03-02 assign due=2058-12-31")
    player.play("2023-03-03 request_extension days=1")
    assert codes(player, "2023-03-04 grant_extension") == ("due_too_far",)


def village_supervisor(player: Player) -> Player:
    """晨光村网格员, with the office's role for the own village alone."""
    world = player.world
    staff = world.directory.people[world.person["staff"]]
    grant = Grant(9001, Role.SUPERVISOR, world.unit["chenguang"], None, date(2015, 1, 1))
    people = {**world.directory.people, staff.id: replace(staff, grants=(grant,))}
    world.directory = replace(world.directory, people=people)
    return player


def test_a_ticket_goes_only_to_units_that_the_givers_roles_reach() -> None:
    player = village_supervisor(playing())
    player.play("2023-03-01 register toilet")
    outside = Refused(("unit_out_of_reach",), ("owner_unit_id",))
    assert player.refused("2023-03-02 assign owner=farming by=staff") == outside
    player.play("2023-03-02 assign owner=chenguang by=staff")
    assert player.refused("2023-03-03 transfer owner=donghu by=staff") == outside
    assert player.refused("2023-03-03 amend place=donghu by=staff") == Refused(("not_permitted",), ("place",))


def test_who_leads_is_a_lead_official_and_texts_beside_the_owner_have_an_end() -> None:
    player = playing()
    player.play("2023-03-01 register toilet")
    command = player.command(lines("2023-03-02 assign")[0])
    world = player.world
    for more, code, field in (
        ({"lead_official_id": world.person["verifier"]}, "not_a_lead_official", "lead_official_id"),
        ({"supports": ({"unit_id": world.unit["farming"], "part": "字" * 2001},)}, "field_too_long", "supports"),
    ):
        wrong = replace(command, values={**command.values, **more})
        assert refused(world, wrong, "supervisor", at("2023-03-02")) == Refused((code,), (field,))
    assert codes(player, f"2023-03-02 amend remark=改 reason={'字' * 2001}") == ("field_too_long",)


def test_a_closed_unit_gets_no_ticket() -> None:
    player = playing()
    player.play("2023-03-01 register toilet")
    world = player.world
    closed = replace(world.directory.units[world.unit["donghu"]], is_closed=True)
    world.directory = replace(world.directory, units={**world.directory.units, closed.id: closed})
    for line, field in (
        ("2023-03-02 register toilet place=donghu", "place"),
        ("2023-03-02 amend place=donghu", "place"),
        ("2023-03-02 assign owner=donghu", "owner_unit_id"),
    ):
        assert player.refused(line) == Refused(("unit_unknown",), (field,))
