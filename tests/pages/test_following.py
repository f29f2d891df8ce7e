"""What a subject's page says of the tickets that its state follows."""

from __future__ import annotations

from datetime import date
from urllib.parse import quote

import pytest
from followed import TOWN
from histories import Player
from township import PLAIN_VALUES, at, plain_ticket

from tracker.domain.commands import EnterRecord


@pytest.fixture
def town_pack():
    return TOWN


def test_each_state_leads_to_the_ticket_that_it_came_of(town, browse):
    values = {"day": "2023-01-05", "place": town.unit["chenguang"], "remark": "三组"}
    file = town.do(EnterRecord(register="file", values=values), "staff", at("2023-01-06"))[0]
    named = {**PLAIN_VALUES["toilet"], "file": file.stream_id}
    found = plain_ticket(town, values=named, found_on=date(2023, 3, 1))
    player = Player(town, {"": town.do(found, "supervisor", at("2023-03-01"))[0].stream_id})
    url = f"/records/{quote(file.data['number'])}"
    number = town.state(player.tickets[""]).number
    page = browse("supervisor").text(url)
    assert f'follows a ticket <a class="serial" href="/tickets/{quote(number)}">{number}</a>' in page
    assert "State follows a ticket" in page
    assert f"{number}; 有问题" in page
    player.play("""
        2023-04-01  request_exclusion  way=void
        2023-04-02  void  by=approver
    """)
    page = browse("supervisor").text(url)
    assert "follows a ticket <a" not in page
    assert f"{number}; as if without it" in page
