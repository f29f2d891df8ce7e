"""What was built opens the file of it in the same transaction, or names the one that is there."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from followed import FILE, TOWN
from sqlalchemy import Engine, select
from township import Township, at, label

from tracker.domain.commands import ChangeState, EnterRecord, VoidRecord
from tracker.domain.events import StreamKind
from tracker.domain.record import Record, fold
from tracker.domain.records import Opening, State
from tracker.domain.refusals import Refusal
from tracker.domain.registers import Field, FieldType, Privacy
from tracker.handler import Done, Request, handle_all
from tracker.log import store
from tracker.log.vault import read_private
from tracker.models.records import RecordLinkRow

HOUSEHOLD = Field("household", FieldType.TEXT, label("户主"), is_required=True, privacy=Privacy.PERSONAL)
GROUP = Field("group", FieldType.INTEGER, label("组"))
KEPT = replace(FILE, fields=(*FILE.fields, HOUSEHOLD, GROUP), summary_field="household")
BUILD = replace(
    FILE,
    name="build",
    prefix="改",
    ascii_prefix="GCTZ",
    fields=(*FILE.fields, HOUSEHOLD, GROUP, Field("file", FieldType.RECORD, label("户厕档"), register="file")),
    states=(State("building", label("施工中")), State("accepted", label("验收")), State("paid", label("已奖补"))),
    opens=Opening(
        register="file",
        states=("accepted", "paid"),
        link="file",
        copies={"place": "place", "household": "household", "group": "group"},
        says={"remark": "新建"},
        same=("place", "household", "group"),
    ),
)
PACK = replace(TOWN, records=(KEPT, BUILD, TOWN.records[1]))


@pytest.fixture
def town_pack():
    return PACK


@pytest.fixture
def town(engine: Engine):
    founded = Township.joined(engine, PACK)
    yield founded
    founded.close()


def values(town: Township, **more: Any) -> dict[str, Any]:
    return {"day": "2023-05-01", "place": town.unit["chenguang"], "household": "刘小云", "group": 3, **more}


def entered(town: Township, register: str, *, state: str | None = None, key: str | None = None, **more: Any) -> int:
    command = EnterRecord(register=register, values=values(town, **more), state=state, key=key)
    return town.do(command, "staff", at("2023-05-02"))[0].stream_id


def accepted(town: Township, build: int, version: int = 1, on: str = "2023-06-01") -> Record:
    town.do(
        ChangeState(record_id=build, version=version, state="accepted", occurred_on=date.fromisoformat(on)),
        "staff",
        at(on),
    )
    return record(town, build)


def record(town: Township, record_id: int) -> Record:
    with town.engine.connect() as conn:
        found = fold(store.read_stream(conn, StreamKind.RECORD, record_id))
    assert found is not None
    return found


def files(town: Township) -> list[int]:
    with town.engine.connect() as conn:
        events = [e for e in store.read_all(conn) if e.kind == "recorded" and e.data["register"] == "file"]
    return [e.stream_id for e in events]


def test_acceptance_opens_the_file_with_what_is_known_of_the_household(town: Township) -> None:
    build = accepted(town, entered(town, "build"))
    file = record(town, build.fields["file"])
    assert (file.state, file.on, file.fields["group"], file.fields["remark"]) == ("normal", date(2023, 6, 1), 3, "新建")
    assert file.recorder_id == town.person["staff"]
    with town.engine.connect() as conn:
        assert read_private(conn, file.id, file.private) == {"household": "刘小云"}
        linked = conn.scalars(select(RecordLinkRow.source_id).where(RecordLinkRow.target_id == file.id))
        assert list(linked) == [build.id]


def test_one_dwelling_has_one_file(town: Township) -> None:
    there, namesake = entered(town, "file"), entered(town, "file", group=4)
    assert accepted(town, entered(town, "build")).fields["file"] == there
    assert sorted(files(town)) == [there, namesake]


def test_a_demolished_one_or_a_void_one_or_a_neighbours_is_not_it(town: Township) -> None:
    gone = entered(town, "file", state="demolished", end_reason="拆除")
    void = entered(town, "file")
    town.do(VoidRecord(record_id=void, version=1, reason="误登"), "supervisor", at("2023-05-03"))
    elsewhere = entered(town, "file", household="王大山")
    found = accepted(town, entered(town, "build")).fields["file"]
    assert found not in (gone, void, elsewhere)


def test_what_is_named_already_opens_nothing_and_a_further_state_neither(town: Township) -> None:
    there = entered(town, "file", household="王大山")
    build = accepted(town, entered(town, "build", file=there))
    assert build.fields["file"] == there
    town.do(
        ChangeState(record_id=build.id, version=2, state="paid", occurred_on=date(2023, 6, 5)),
        "staff",
        at("2023-06-05"),
    )
    assert files(town) == [there]


def test_an_old_ledger_that_says_accepted_opens_it_at_once_and_once(town: Township) -> None:
    build = entered(town, "build", state="accepted", key="one")
    assert entered(town, "build", state="accepted", key="one") == build
    assert record(town, build).fields["file"] == files(town)[0]
    assert len(files(town)) == 1


def test_a_refused_acceptance_opens_nothing(town: Township) -> None:
    build = entered(town, "build")
    with pytest.raises(Refusal):
        accepted(town, build, version=2)
    with pytest.raises(Refusal):
        accepted(town, build, on="2023-04-01")
    assert files(town) == []


def test_two_of_one_household_in_one_batch_share_the_file(town: Township) -> None:
    commands = [EnterRecord(register="build", values=values(town), state="accepted") for _ in range(2)]
    done = handle_all(town.house, [Request(c, town.person["staff"], at("2023-05-02")) for c in commands])
    named = {record(town, d.stream_id).fields["file"] for d in done if isinstance(d, Done)}
    assert list(named) == files(town)
