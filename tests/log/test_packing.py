"""Events that SQLite keeps packed are read as they were written, and damage is found and named."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from township import Township, plain_ticket

from tracker.log import store
from tracker.log.audit import chain_faults
from tracker.log.packing import PACKED_FROM, pack, unpack

_HASHES = st.binary(min_size=32, max_size=32).map(bytes.hex)
_VALUES = st.dictionaries(st.text("abcdef", max_size=8), st.text(max_size=200) | _HASHES | st.integers(0, 2**53 - 1))


@given(_VALUES)
def test_what_was_packed_is_read_as_it_was(data):
    stored = orjson.dumps(data)
    read = unpack(pack(stored))
    assert (read.encode() if isinstance(read, str) else read) == stored


def test_short_events_stay_text_and_long_ones_shrink():
    short, long = orjson.dumps({"note": "好"}), orjson.dumps({"digest": "ab" * 32, "name": "IMG_2024.jpg" * 10})
    assert isinstance(pack(short), str)
    assert len(pack(long)) < len(long) / 2


@pytest.mark.parametrize("damage", ["x'01'", "x'ff00'", "substr(data, 1, length(data) - 1)", "'{'", "'{}'"])
def test_a_damaged_event_is_named(database, damage):
    if database.get_backend_name() != "sqlite":
        pytest.skip("PostgreSQL keeps events as text")
    town = Township.founded(database)
    values = {"problem": "化粪池破损渗漏" * 20, "category": "quality"}
    (event,) = town.do(plain_ticket(town, values=values), "supervisor", store.from_ms(1_700_000_000_000))
    assert len(orjson.dumps(event.data)) > PACKED_FROM
    with town.engine.begin() as conn:
        assert list(chain_faults(conn, lambda event, size: None)) == []
        conn.execute(text("DROP TRIGGER events_no_update"))
        conn.execute(text(f"UPDATE events SET data = {damage} WHERE position = {event.position}"))
        faults = list(chain_faults(conn, lambda event, size: None))
    assert next((f.code, f.position) for f in faults) == ("event_changed", event.position)
    town.close()
