"""One visibility of records: what the permission table allows is what lists, counts and links show, by every way."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest
from records import RECORDS, meeting
from sqlalchemy import URL, select
from township import PEOPLE, Township, at

from tracker.domain.access import Facts, may
from tracker.domain.commands import ChangeState, EnterRecord, VoidRecord
from tracker.domain.days import from_number
from tracker.models.records import RecordRow
from tracker.queries import record_lists, records, scope
from tracker.queries.record_lists import RecordCursor, RecordFilters, RecordView, count_records, records_slice
from tracker.queries.scope import Viewer

ACTIONS = ("view", "register", "amend", "submit")  # by place or owner, by place, by place, by owner alone
MEETING = RECORDS.record_by_name["meeting"]
WHERE = (("chenguang", "staff"), ("donghu", "neighbour"), ("farming", "clerk"))


@pytest.fixture
def town_pack():
    return RECORDS


@pytest.fixture
def town(database: URL) -> Iterator[Township]:
    joined = Township.joined(database, RECORDS)
    for unit, by in WHERE:
        place = joined.unit[unit]
        for number in range(1, 6):
            held = meeting(place, f"2023-05-0{number}", nothing_found=number % 2 == 0)
            joined.do(EnterRecord(register="meeting", values=held), by, at("2023-06-01"))
        subject = {"place": place, "opened_on": "2023-05-01", "name": "刘小云"}
        joined.do(EnterRecord(register="member", values=subject), by, at("2023-06-01"))
    yield joined
    joined.close()


def viewer(town: Township, post: str) -> Viewer:
    with town.engine.connect() as conn:
        directory = town.house.directory(conn)
        numbers = town.house.register_numbers(conn)
        return Viewer(directory.people[town.person[post]], directory, numbers, date(2023, 12, 1))


def allowed(town: Township, who: Viewer, action: str) -> set[int]:
    """By the rules alone."""
    names = {number: name for name, number in who.register_ids.items()}
    with town.engine.connect() as conn:
        rows = conn.execute(select(RecordRow.id, RecordRow.register_id, RecordRow.unit_id)).all()
    facts = {row.id: Facts.of_unit(names[row.register_id], row.unit_id) for row in rows}
    return {i for i, f in facts.items() if may(who.person, action, f, who.directory, who.on)}


def read(town: Township, *conditions: scope.Condition) -> set[int]:
    with town.engine.connect() as conn:
        return {i for c in conditions for i in conn.scalars(select(RecordRow.id).where(c))}


def test_records_open_to_a_person_are_those_the_table_of_rights_allows(
    town: Township, monkeypatch: pytest.MonkeyPatch
) -> None:
    for post in PEOPLE:
        who = viewer(town, post)
        for action in ACTIONS:
            expected = allowed(town, who, action)
            assert read(town, scope.records_visible(who, action)) == expected, (post, action)
            assert read(town, scope.records_visible_beside(who, action)) == expected, (post, action)
            for narrow in (scope.NARROW, 0):
                monkeypatch.setattr(scope, "NARROW", narrow)
                who = viewer(town, post)
                ways = [w for i in who.register_ids.values() for w in scope.record_ways(who, action, i)]
                assert read(town, *ways) == expected, (post, action, narrow)


def walk(town: Township, who: Viewer, filters: RecordFilters) -> list[int]:
    """The whole list, two at a time."""
    found: list[int] = []
    after: RecordCursor | None = None
    while True:
        with town.engine.connect() as conn:
            page = records_slice(conn, who, MEETING, filters, after=after, limit=2)
        found += [line.id for line in page.lines]
        after = page.next
        if after is None:
            return found


def test_lists_and_counts_show_what_is_visible_each_once_in_order(town: Township) -> None:
    for post in ("supervisor", "staff", "clerk", "auditor", "everything", "administrator"):
        who = viewer(town, post)
        with town.engine.connect() as conn:
            rows = conn.execute(select(RecordRow).where(RecordRow.register_id == who.register_ids["meeting"])).all()
            every = sorted(
                (r for r in rows if r.id in allowed(town, who, "view")), key=lambda r: (r.held_on, r.id), reverse=True
            )
            filters = {
                RecordFilters("meeting"): every,
                RecordFilters("meeting", RecordView.NIL): [r for r in every if r.is_nil],
                RecordFilters("meeting", RecordView.FOUND): [r for r in every if not r.is_nil],
                RecordFilters("meeting", unit_id=town.unit["donghu"]): [
                    r for r in every if r.unit_id == town.unit["donghu"]
                ],
                RecordFilters("meeting", from_on=date(2023, 5, 2), until_on=date(2023, 5, 3)): [
                    r for r in every if from_number(r.held_on).day in (2, 3)
                ],
            }
            counts = count_records(conn, who, list(filters))
        for (asked, wanted), count in zip(filters.items(), counts, strict=True):
            assert walk(town, who, asked) == [r.id for r in wanted], (post, asked)
            assert count.number == len(wanted), (post, asked)


def test_void_records_and_states_stand_apart(town: Township) -> None:
    who = viewer(town, "supervisor")
    first = walk(town, who, RecordFilters("meeting"))[0]
    town.do(VoidRecord(record_id=first, version=1, reason="误登"), "supervisor", at("2023-06-02"))
    assert walk(town, who, RecordFilters("meeting", RecordView.VOID)) == [first]
    assert first not in walk(town, who, RecordFilters("meeting"))
    with town.engine.connect() as conn:
        every = RecordFilters("member", state="clue")
        assert count_records(conn, who, [every])[0].number == len(WHERE)
        (subject, *_) = records_slice(conn, who, RECORDS.record_by_name["member"], every, after=None, limit=9).lines
    enrolled = ChangeState(record_id=subject.id, version=1, state="enrolled", occurred_on=date(2023, 5, 9))
    town.do(enrolled, "supervisor", at("2023-06-02"))
    with town.engine.connect() as conn:
        found = record_lists.count_records(conn, who, [every, RecordFilters("member", state="enrolled")])
    assert [count.number for count in found] == [len(WHERE) - 1, 1]


def test_what_names_a_subject_is_read_the_newest_first_by_those_who_may_see_it(town: Township) -> None:
    who = viewer(town, "supervisor")
    with town.engine.connect() as conn:
        of_members = RecordRow.register_id == who.register_ids["member"]
        member = conn.scalars(select(RecordRow.id).where(of_members).order_by(RecordRow.id)).first()
    visits = [
        town.do(
            EnterRecord(register="meeting", values=meeting(town.unit[place], day, member=member)), by, at("2023-06-03")
        )[0].stream_id
        for place, by, day in (
            ("chenguang", "staff", "2023-05-20"),
            ("donghu", "neighbour", "2023-05-22"),
            ("chenguang", "staff", "2023-05-21"),
        )
    ]
    with town.engine.connect() as conn:
        seen = []
        after = None
        while True:
            part = records.linked(conn, who, member, "meeting", is_of_tickets=False, after=after, limit=2)
            seen += part.ids
            after = part.next
            if after is None:
                break
        assert seen == [visits[1], visits[2], visits[0]]
        theirs = viewer(town, "staff")
        own = records.linked(conn, theirs, member, "meeting", is_of_tickets=False, after=None, limit=9)
        assert own.ids == (visits[2], visits[0])
        assert records.count_linked(conn, theirs, member, "meeting", is_of_tickets=False).number == 2
