"""What the index of words holds after commands: the text as it is now, of tickets not restricted and of records."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from records import RECORDS, meeting
from sqlalchemy import URL, Connection, text
from township import TOILET, Paper, Township, at, plain_ticket

from tracker.domain.commands import AmendRecord, AmendTicket, EnterRecord, TakeStep
from tracker.domain.ticket import Ticket
from tracker.projections.rebuild import rebuild
from tracker.projections.search import MOST_PIECES, SearchWriter, fold, number_of, piece_of_unit, pieces_of

NOW = at("2023-03-02")


@pytest.fixture
def town_pack():
    return RECORDS


@pytest.fixture
def town(database: URL) -> Iterator[Township]:
    founded = Township.joined(database, RECORDS)
    yield founded
    founded.close()


def holders(conn: Connection, piece: str) -> list[int]:
    """Tickets under this piece, asked in the database's own words."""
    if conn.dialect.name == "sqlite":
        asked = text("SELECT rowid FROM search_pieces WHERE search_pieces MATCH :piece ORDER BY rowid")
        return list(conn.scalars(asked, {"piece": f'"{piece}"'}))
    asked = text("SELECT ticket_id FROM search_texts WHERE :piece = ANY (pieces) ORDER BY 1")
    return list(conn.scalars(asked, {"piece": number_of(piece)}))


def record_holders(conn: Connection, piece: str) -> list[int]:
    """The same of records."""
    if conn.dialect.name == "sqlite":
        asked = text("SELECT rowid FROM search_record_pieces WHERE search_record_pieces MATCH :piece ORDER BY rowid")
        return list(conn.scalars(asked, {"piece": f'"{piece}"'}))
    asked = text("SELECT record_id FROM search_record_texts WHERE :piece = ANY (pieces) ORDER BY 1")
    return list(conn.scalars(asked, {"piece": number_of(piece)}))


def found(town: Township, piece: str) -> list[int]:
    with town.engine.connect() as conn:
        return holders(conn, piece)


def records_found(town: Township, piece: str) -> list[int]:
    with town.engine.connect() as conn:
        return record_holders(conn, piece)


def registered(town: Township, register: str = "toilet", **more) -> int:
    return town.do(plain_ticket(town, register, **more), "supervisor", NOW)[0].stream_id


def amended(town: Township, ticket_id: int, words: str) -> None:
    changes = {"problem": words}
    command = AmendTicket(ticket_id=ticket_id, version=1, changes=changes, reason="写错了")
    town.do(command, "supervisor", NOW)


@pytest.mark.parametrize(
    ("written", "pieces"),
    [
        ("化粪池", ["化粪", "粪池"]),
        ("銷號", ["销号"]),
        ("２０２３年", ["2023"]),
        ("ＡＢＣ leak", ["abc", "leak"]),
        ("3组，墙体开裂", ["3", "墙体", "体开", "开裂"]),
        ("厕", []),
        ("", []),
    ],
)
def test_a_text_is_cut_into_pairs_and_words(written: str, pieces: list[str]):
    assert list(pieces_of(written)) == pieces


def test_a_part_folds_as_the_whole_does():
    for whole in ("乾坤大挪移", "皇后後面", "頭髮發白", "裡里外外"):
        assert fold(whole)[1:3] == fold(whole[1:3])


def test_a_registered_ticket_is_under_each_of_its_pieces_and_its_village(town: Township):
    one, other = registered(town), registered(town, place="donghu")
    assert found(town, "粪池") == [one, other]
    assert found(town, piece_of_unit(town.unit["chenguang"])) == [one]


def test_an_amended_text_replaces_the_old_one(town: Township):
    ticket = registered(town)
    amended(town, ticket, "屋顶漏水严重")
    assert found(town, "漏水") == [ticket]
    assert found(town, "粪池") == []


def test_an_owner_unit_is_found_and_then_the_next_one(town: Township):
    ticket = registered(town)
    assign = TakeStep(
        ticket_id=ticket,
        version=1,
        step="assign",
        occurred_on=NOW.date(),
        values={"owner_unit_id": town.unit["farming"]},
    )
    town.do(assign, "supervisor", NOW)
    assert found(town, piece_of_unit(town.unit["farming"])) == [ticket]
    assert found(town, "粪池") == [ticket]


def test_private_values_and_external_numbers_are_not_in_it(town: Township):
    values = {"title": "低保被取消", "problem": "要求说明理由", "petitioner": "欧阳锋", "class": "plea"}
    ticket = registered(town, "petition", values=values | {"platform_no": "HN77"})
    assert found(town, "说明") == [ticket]
    for piece in ("欧阳", "阳锋", "hn77"):
        assert found(town, piece) == []


def test_no_word_of_a_restricted_ticket_is_in_it(town: Township):
    by = town.person["supervisor"]
    registered(town, "petition", is_restricted=True, named_ids=(by,))
    assert found(town, "低保") == []
    assert found(town, piece_of_unit(town.unit["chenguang"])) == []


def test_a_long_text_is_held_by_its_beginning(town: Township):
    letters = [chr(0x5200 + i) for i in range(40)]
    words = "".join(a + b for a in letters for b in letters)[: 2 * MOST_PIECES]
    ticket = Ticket(id=1, fields={"problem": words + "末尾"})
    with town.engine.connect().execution_options(write=True) as conn, conn.begin():
        writer = SearchWriter(conn)
        writer.put(None, ticket, TOILET)
        writer.flush()
    assert found(town, fold(words[:2])) == [1]
    assert found(town, "末尾") == []


def test_what_was_rolled_back_is_not_in_it(town: Township):
    paper = Paper()
    ticket = paper.state(paper.do(plain_ticket(paper), "supervisor", NOW)[0].stream_id)
    with town.engine.connect().execution_options(write=True) as conn, conn.begin() as transaction:
        writer = SearchWriter(conn)
        writer.put(None, ticket, TOILET)
        writer.flush()
        assert holders(conn, "破损") == [ticket.id]
        transaction.rollback()
    assert found(town, "破损") == []


def test_rebuilt_it_holds_the_same(town: Township):
    tickets = [registered(town) for _ in range(3)]
    amended(town, tickets[0], "屋顶漏水严重")
    with town.engine.connect().execution_options(write=True) as conn, conn.begin():
        rebuild(conn, town.pack, town.house.time_zone, town.house.folios, lambda done, size: None)
    assert found(town, "粪池") == tickets[1:]
    assert found(town, "漏水") == tickets[:1]
    amended(town, tickets[1], "墙体开裂严重")
    assert found(town, "粪池") == tickets[2:]


# -- records ------------------------------------------------------------------------------------------
def entered(town: Township, register: str, **values: object) -> int:
    command = EnterRecord(register=register, values={"place": town.unit["chenguang"], **values})
    return town.do(command, "staff", NOW)[0].stream_id


def test_a_record_is_under_its_open_texts_and_its_village_and_nothing_private(town: Township):
    held = entered(town, "meeting", **meeting(town.unit["chenguang"], "2023-03-01"))
    member = entered(town, "member", opened_on="2023-03-01", name="欧阳锋", reason="新入党")
    assert records_found(town, "恳谈") == [held]
    assert records_found(town, "入党") == [member]
    assert records_found(town, piece_of_unit(town.unit["chenguang"])) == [held, member]
    assert records_found(town, "欧阳") == found(town, "恳谈") == []


def test_a_corrected_record_is_under_its_new_words_before_and_after_a_rebuild(town: Township):
    held = entered(town, "meeting", **meeting(town.unit["chenguang"], "2023-03-01"))
    amend = AmendRecord(record_id=held, version=1, changes={"topic": "禁烧宣传"}, reason="写错了")
    town.do(amend, "staff", NOW)
    assert (records_found(town, "宣传"), records_found(town, "恳谈")) == ([held], [])
    with town.engine.connect().execution_options(write=True) as conn, conn.begin():
        rebuild(conn, town.pack, town.house.time_zone, town.house.folios, lambda done, size: None)
    assert (records_found(town, "宣传"), records_found(town, "恳谈")) == ([held], [])
