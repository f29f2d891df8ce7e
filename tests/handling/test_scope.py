"""One visibility: what the permission table allows for a ticket is what lists and counts show."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from installations import PostgreSQL, copy_of
from sqlalchemy import URL, select
from township import PACK, PEOPLE, UNITS, Paper, Township, at, plain_ticket

from tracker.domain.access import RIGHTS, Facts, Reach, may
from tracker.domain.commands import AddUnit, EndGrant, GiveGrant, TakeStep
from tracker.domain.context import ticket_facts
from tracker.domain.packs import Pack
from tracker.domain.people import Grant, Person, Role, Unit, UnitKind
from tracker.models.tickets import TicketRow
from tracker.queries import scope
from tracker.queries.counts import count_registers, count_tickets, count_views, counted
from tracker.queries.lists import Cursor, Filters, Sort, View, entries_for, tickets_page
from tracker.queries.people import places_for
from tracker.queries.scope import Viewer

TODAY = date(2023, 6, 1)
PLACES = ("chenguang", "donghu", "town")
REGISTERS = tuple(r.name for r in PACK.registers)
ABOUT_TICKETS = [a for a, rules in RIGHTS.items() if all(r.reach is not Reach.ANYWHERE for r in rules)]


@dataclass(frozen=True)
class Wanted:
    """A ticket to come into being."""

    register: str
    place: str
    owner: str | None
    supports: tuple[str, ...]
    named: tuple[str, ...]  # restricted to these, when any


@st.composite
def wanted_tickets(draw: st.DrawFn) -> Wanted:
    owner = draw(st.sampled_from([None, *UNITS]))
    others = [unit for unit in UNITS if unit != owner]
    supports = draw(st.lists(st.sampled_from(others), unique=True, max_size=2)) if owner else []
    named = draw(st.lists(st.sampled_from(sorted(PEOPLE)), unique=True, max_size=2))
    return Wanted(
        draw(st.sampled_from(REGISTERS)),
        draw(st.sampled_from(PLACES)),
        owner,
        tuple(supports),
        tuple(named) if draw(st.booleans()) else (),
    )


# role, unit, register
grants = st.lists(
    st.tuples(
        st.sampled_from(["staff", "supervisor", "lead_official", "verifier", "approver", "auditor", "administrator"]),
        st.sampled_from(sorted(UNITS)),
        st.sampled_from([None, *REGISTERS]),
    ),
    max_size=3,
    unique=True,
)


@pytest.fixture
def town_pack():
    return PACK


@pytest.fixture
def town(database: URL) -> Iterator[Township]:
    joined = Township.joined(database)
    yield joined
    joined.close()


def bring(town: Township, wanted: Wanted) -> int:
    """Registers and assigns it. Among the named are the town's supervisor, or nobody could assign it, and somebody
    who may work on it in any unit."""
    named = tuple(town.person[post] for post in {*wanted.named, "supervisor", "everything"}) if wanted.named else ()
    command = plain_ticket(town, wanted.register, wanted.place, is_restricted=bool(named), named_ids=named)
    ticket_id = town.do(command, "supervisor", at("2023-03-01"))[0].stream_id
    if wanted.owner:
        values = {
            "owner_unit_id": town.unit[wanted.owner],
            "supports": tuple({"unit_id": town.unit[unit], "part": "配合"} for unit in wanted.supports),
        }
        step = TakeStep(ticket_id=ticket_id, step="assign", version=1, occurred_on=date(2023, 3, 2), values=values)
        town.do(step, "supervisor", at("2023-03-02"))
    return ticket_id


def new_viewer(town: Township, given_grants: list[tuple[str, str, str | None]]) -> Viewer:
    """The clerk with these grants and no other."""
    clerk = town.person["clerk"]
    with town.engine.connect() as conn:
        person = town.house.directory(conn).people[clerk]
    for grant in person.grants_on(TODAY):
        town.by_system(EndGrant(person_id=clerk, grant_id=grant.id, ends_on=date(2023, 1, 1)), at("2023-05-01"))
    for role, unit, register in given_grants:
        command = GiveGrant(
            person_id=clerk, role=role, unit_id=town.unit[unit], register=register, starts_on=date(2023, 1, 1)
        )
        town.by_system(command, at("2023-05-01"))
    return viewer(town, "clerk")


def viewer(town: Township, post: str) -> Viewer:
    with town.engine.connect() as conn:
        directory = town.house.directory(conn)
        return Viewer(directory.people[town.person[post]], directory, town.house.register_numbers(conn), TODAY)


def allowed(town: Township, who: Viewer, action: str) -> set[int]:
    """By the rules alone."""
    return {i for i, t in town.states.items() if may(who.person, action, ticket_facts(t), who.directory, who.on)}


def read(town: Township, *conditions: scope.Condition) -> set[int]:
    with town.engine.connect() as conn:
        return {i for c in conditions for i in conn.scalars(select(TicketRow.id).where(c))}


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def crowded(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    founded: Callable[[URL, Pack, PostgreSQL | None], URL],
) -> Iterator[Township]:
    """Tickets of every register in every place, with every owner, restricted and not. For tests that only read."""
    server = request.getfixturevalue("postgresql") if request.param == "postgresql" else None
    original = founded(request.getfixturevalue(f"migrated_{request.param}"), PACK, server)
    town = Township.joined(copy_of(original, tmp_path_factory.mktemp("crowded"), server))
    for register in REGISTERS:
        for place in PLACES:
            for owner in (None, *UNITS):
                bring(town, Wanted(register, place, owner, (), ()))
        bring(town, Wanted(register, "donghu", "donghu", ("farming", "chenguang"), ()))
        bring(town, Wanted(register, "chenguang", "chenguang", (), ("staff", "verifier")))
        bring(town, Wanted(register, "chenguang", None, (), ("clerk",)))
    yield town
    town.close()


@pytest.mark.parametrize("action", ABOUT_TICKETS)
def test_rows_open_to_a_person_are_those_the_table_of_rights_allows(crowded: Township, action: str) -> None:
    for post in PEOPLE:
        who = viewer(crowded, post)
        assert read(crowded, scope.visible(who, action)) == allowed(crowded, who, action), post


@pytest.mark.parametrize("most", [scope.MOST_WAYS, 1])
def test_the_ways_of_an_index_together_reach_exactly_the_visible_rows(
    crowded: Township, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scope, "MOST_WAYS", most)
    for post in PEOPLE:
        who = viewer(crowded, post)
        for action in ("view", "submit", "assign"):
            assert read(crowded, *scope.ways(who, action, None)) == allowed(crowded, who, action), post
        for number in who.register_ids.values():
            there = {i for i in allowed(crowded, who, "view") if who.register_ids[crowded.states[i].register] == number}
            assert read(crowded, *scope.ways(who, "view", (number,))) == there, post


def test_registers_counted_together_are_counted_as_each_alone(crowded: Township) -> None:
    for post in ("supervisor", "staff", "clerk", "everything", "administrator"):
        who = viewer(crowded, post)
        with crowded.engine.connect() as conn:
            together = count_registers(conn, who, REGISTERS, tuple(View))
            assert together == {name: count_views(conn, who, name, tuple(View)) for name in REGISTERS}, post


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_the_few_of_a_view_are_found_by_their_index_however_the_indexes_were_made(town: Township) -> None:
    """A rebuild makes them anew; SQLite then read a register of 300,000 tickets in search of twenty."""
    few = {View.DECIDE: "ix_tickets_request", View.VERIFY: "ix_tickets_status", View.RELAPSED: "ix_tickets_status"}
    who, indexes = viewer(town, "supervisor"), sorted(TicketRow.__table__.indexes, key=lambda index: str(index.name))
    with town.engine.connect() as conn:
        for order in (indexes, indexes[::-1]):
            for index in order:
                index.drop(conn)
            for index in order:
                index.create(conn)
            for view, name in few.items():
                filters = Filters("toilet", view)
                query = select(counted(who, filters, entries_for(who, filters)))
                said = query.compile(conn, compile_kwargs={"literal_binds": True})
                plan = [row[3] for row in conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {said}")]
                assert [step for step in plan if "SEARCH tickets" in step and name in step], (view, plan)


def test_many_registers_times_many_villages_are_still_one_statement(crowded: Township) -> None:
    """SQLite joins at most 500 SELECTs: thirty villages in eleven registers were too many for a desk."""
    units = {i: Unit(i, str(i), str(i), "village", crowded.unit["town"]) for i in range(1001, 1061)}
    around = replace(crowded.directory, units={**crowded.directory.units, **units})
    grants = tuple(Grant(i, Role.VERIFIER, i, None, date(2015, 1, 1)) for i in units)
    person = replace(crowded.directory.people[crowded.person["verifier"]], grants=grants)
    numbers = {**viewer(crowded, "verifier").register_ids, **{f"r{n}": 100 + n for n in range(11)}}
    who = Viewer(person, around, numbers, date(2023, 12, 1))
    with crowded.engine.connect() as conn:
        assert {count.number for count in count_views(conn, who, None, tuple(View)).values()} == {0}


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_grants_on_any_tickets_show_what_the_rules_allow(town: Township, data: st.DataObject) -> None:
    bring(town, data.draw(wanted_tickets()))
    who = new_viewer(town, data.draw(grants))
    for action in ("view", "submit", "verify", "register"):
        expected = allowed(town, who, action)
        assert read(town, scope.visible(who, action)) == expected
        assert read(town, *scope.ways(who, action, None)) == expected


def test_lists_and_counts_show_what_is_visible_each_once(crowded: Township) -> None:
    for post in ("supervisor", "staff", "clerk", "auditor", "everything", "administrator"):
        who = viewer(crowded, post)
        for sort in Sort:
            listed = walk(crowded, who, Filters(None, View.ALL), sort)
            assert sorted(listed) == sorted(allowed(crowded, who, "view")), (post, sort)
        with crowded.engine.connect() as conn:
            assert count_tickets(conn, who, Filters(None, View.ALL)).number == len(allowed(crowded, who, "view"))


@pytest.mark.parametrize("narrowed", ["place", "owner", "both"])
def test_a_filter_takes_away_and_never_opens(crowded: Township, narrowed: str) -> None:
    for post in ("supervisor", "staff", "clerk"):
        who = viewer(crowded, post)
        place = crowded.unit["chenguang"] if narrowed != "owner" else None
        owner = crowded.unit["donghu"] if narrowed != "place" else None
        expected = {
            i
            for i in allowed(crowded, who, "view")
            if place in (None, crowded.states[i].place_id) and owner in (None, crowded.states[i].owner_unit_id)
        }
        filters = Filters(None, View.ALL, place_id=place, owner_unit_id=owner)
        assert set(walk(crowded, who, filters, Sort.DUE)) == expected


def walk(town: Township, who: Viewer, filters: Filters, sort: Sort) -> list[int]:
    """Every page of a list, seven rows at a time."""
    found: list[int] = []
    after: Cursor | None = None
    with town.engine.connect() as conn:
        while True:
            page = tickets_page(conn, who, town.house.pack.register_by_name, filters, sort=sort, after=after, limit=7)
            found += [line.id for line in page.lines]
            if page.next is None:
                return found
            after = Cursor.read(page.next.text())


def test_a_restricted_ticket_has_no_words_in_any_list(crowded: Township) -> None:
    who = viewer(crowded, "verifier")
    with crowded.engine.connect() as conn:
        page = tickets_page(
            conn,
            who,
            crowded.house.pack.register_by_name,
            Filters(None, View.ALL),
            sort=Sort.NEWEST,
            after=None,
            limit=99,
        )
    restricted = [line for line in page.lines if line.is_restricted]
    assert restricted
    assert all(not line.summary and not line.masked for line in restricted)
    # A choice of a closed list may be counted; it is no word of the matter.
    assert {name for line in restricted for name in line.listed} <= {"category", "class"}


def test_a_village_that_joins_the_town_is_seen_by_those_who_see_the_town(town: Township) -> None:
    unit_id = town.by_system(
        AddUnit(code="new", name="新村", kind="village", parent_id=town.unit["town"]), at("2023-05-02")
    )
    town.unit["new"] = unit_id
    there = bring(town, Wanted("toilet", "new", None, (), ()))
    assert there in read(town, scope.visible(viewer(town, "auditor")))
    assert there not in read(town, scope.visible(viewer(town, "staff")))


def test_the_registers_open_to_a_person_follow_their_grants(town: Township) -> None:
    who = new_viewer(town, [("staff", "farming", "house"), ("auditor", "town", "petition")])
    assert scope.open_registers(who, "view") == {"house", "petition"}
    assert scope.open_registers(who, "submit") == {"house"}
    assert scope.open_registers(who, "import") == frozenset()


@given(grants, st.sampled_from(["register", "import"]), st.sampled_from(REGISTERS))
@settings(max_examples=60, deadline=None)
def test_a_form_offers_the_villages_where_the_permission_table_allows_it(
    given_grants: list[tuple[str, str, str | None]], action: str, register: str
) -> None:
    paper = Paper()
    held = tuple(
        Grant(i, Role(role), paper.unit[unit], register, date(2015, 1, 1))
        for i, (role, unit, register) in enumerate(given_grants)
    )
    person = Person(1, "一人", paper.unit["town"], held)
    viewer = Viewer(person, paper.directory, {name: i for i, name in enumerate(REGISTERS, 1)}, TODAY)
    villages = [unit for unit in paper.directory.units.values() if unit.kind == UnitKind.VILLAGE]
    allowed = [
        unit for unit in villages
        if may(person, action, Facts.of_unit(register, unit.id), paper.directory, TODAY)
    ]  # fmt: skip
    offered = places_for(viewer, action, register)
    assert [unit for unit in offered if unit in villages] == allowed
