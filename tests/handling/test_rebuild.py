"""What pages read is what the log leads to, and can be made again from it."""

from datetime import date

import pytest
from sqlalchemy import Engine, inspect, select, text
from township import PACK, Township, at, plain_ticket

from tracker.domain.commands import TakeStep
from tracker.domain.days import to_number
from tracker.log import store
from tracker.projections import folding
from tracker.projections.rebuild import TABLES, rebuild


def rows(engine: Engine) -> dict[str, list[tuple]]:
    with engine.connect() as conn:
        return {t.name: sorted(map(repr, map(tuple, conn.execute(select(t))))) for t in TABLES}


def indexes(engine: Engine) -> set[tuple]:
    """Name, columns, whether one of a kind, and the condition of each that SQLite may have made again."""
    found = [index for name in ("tickets", "marks") for index in inspect(engine).get_indexes(name)]
    return {
        (i["name"], *i["column_names"], i["unique"], str(i.get("dialect_options", {}).get("sqlite_where")))
        for i in found
    }


def again(town: Township, processes: int | None = None) -> None:
    house = town.house
    with town.engine.connect().execution_options(write=True) as conn, conn.begin():
        rebuild(conn, house.pack, house.time_zone, house.folios, lambda done, of: None, processes=processes)


@pytest.fixture
def town_pack():
    return PACK


@pytest.fixture
def town(engine: Engine):
    founded = Township.joined(engine)
    yield founded
    founded.close()


def lived(town: Township) -> list[int]:
    """A few tickets with a life: assigned, given on, objected to, urged, asked to be left out and voided."""
    ids = []
    for n in range(6):
        place = "chenguang" if n % 2 else "donghu"
        (event, *_) = town.do(plain_ticket(town, place=place), "supervisor", at("2023-03-02"))
        ids.append(event.stream_id)
    for n, ticket_id in enumerate(ids):
        owner = town.unit["chenguang"] if n % 2 else town.unit["donghu"]
        step(town, ticket_id, "assign", "supervisor", "2023-03-03", owner_unit_id=owner, due_on=date(2023, 3, 20))
    step(town, ids[0], "urge", "supervisor", "2023-03-05", message="请尽快")
    step(town, ids[2], "request_exclusion", "supervisor", "2023-03-06", way="void", reason="误登一次")
    step(town, ids[2], "void", "approver", "2023-03-07")
    return ids


def step(town: Township, ticket_id: int, name: str, by: str, day: str, **values) -> None:
    version = town.state(ticket_id).version
    command = TakeStep(
        ticket_id=ticket_id, step=name, version=version, occurred_on=date.fromisoformat(day), values=values
    )
    town.do(command, by, at(day))


def test_a_rebuild_gives_identical_tables(town: Township):
    lived(town)
    before = rows(town.engine)
    again(town)
    assert rows(town.engine) == before
    assert before["marks"]
    assert before["tickets"]


def test_a_process_of_its_own_folds_the_same(town: Township, monkeypatch: pytest.MonkeyPatch):
    lived(town)
    before = rows(town.engine)
    monkeypatch.setattr(folding, "STRETCH", 7)
    again(town, processes=1)
    assert rows(town.engine) == before


def test_folios_that_have_no_number_yet_get_one(town: Township, monkeypatch: pytest.MonkeyPatch):
    lived(town)
    before = pages(town.engine), summed(town)
    with town.engine.begin() as conn:
        conn.execute(text("DELETE FROM folios WHERE id % 3 > 0"))
        conn.execute(text("UPDATE folios SET id = id / 3"))
        town.house.folios.read(conn)
    monkeypatch.setattr(folding, "STRETCH", 7)
    again(town)
    assert (pages(town.engine), summed(town)) == before


def pages(engine: Engine) -> list[tuple]:
    """The marks with what their folios stand for."""
    query = text(
        "SELECT account, register, segment, cohort, unit, ef, ticket_id, rf, et, er, rt"
        " FROM marks JOIN folios ON id = folio ORDER BY 1, 2, 3, 4, 5, 6, 7, 8"
    )
    with engine.connect() as conn:
        return [tuple(row) for row in conn.execute(query)]


def test_a_rebuild_leaves_every_index_where_it_was(town: Township):
    before = indexes(town.engine)
    lived(town)
    again(town)
    assert indexes(town.engine) == before
    assert before


def test_a_rebuild_mends_a_row_that_somebody_changed(town: Township):
    lived(town)
    before = rows(town.engine)
    with town.engine.begin() as conn:
        conn.execute(text("UPDATE tickets SET status = 9"))
        conn.execute(text("DELETE FROM marks"))
    again(town)
    assert rows(town.engine) == before


def test_sums_held_in_memory_are_not_used_after_a_rebuild(town: Township):
    lived(town)
    before = summed(town)
    with town.engine.begin() as conn:
        conn.execute(text("UPDATE log_head SET epoch = 'x'"))
        conn.execute(text("DELETE FROM mark_deltas"))
    assert (bool(before), summed(town)) == (True, 0)
    again(town)
    assert summed(town) == before


def summed(town: Township) -> int:
    """All marks in force at the end of that year, as the cube of the running process has them."""
    with town.engine.connect() as conn:
        folios = [f.id for found in town.house.cube.folios(conn).values() for f in found]
        size = store.read_head(conn).size
        counts = town.house.cube.counts(conn, [folios], [to_number(date(2023, 12, 31))], position=size, places=None)
    return int(counts.numbers.sum())


def test_numbers_go_on_where_they_stood_after_a_rebuild(town: Township):
    lived(town)
    again(town)
    (event, *_) = town.do(plain_ticket(town), "supervisor", at("2023-03-09"))
    with town.engine.connect() as conn:
        (registered,) = store.read_events(conn, [event.position])
    assert registered.data["number"].endswith("-0007")
