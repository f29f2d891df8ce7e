"""How often a page asks the database: what was joined into one statement stays so, with one register or with many."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, event
from township import plain_ticket

from tracker import clock

PAGES = (
    ("supervisor", "/registers", 3),
    ("supervisor", "/registers/toilet/tickets", 6),
    ("supervisor", "/registers/toilet/tickets?view=verify", 5),
    ("supervisor", "/desk", 8),
    ("staff", "/today", 9),
)
"""Who, which page, at most so many statements once the page has been opened before."""


@contextmanager
def counted(engine: Engine) -> Iterator[list[str]]:
    """What is asked inside; not what begins a transaction."""
    asked: list[str] = []

    def note(_conn: object, _cursor: object, statement: str, *_more: object) -> None:
        if not statement.startswith(("BEGIN", "SELECT set_config")):
            asked.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        event.remove(engine, "before_cursor_execute", note)


def test_a_page_asks_no_oftener_than_it_must(town, browse):
    for _ in range(3):
        town.do(plain_ticket(town), "supervisor", clock.now())
    visitors = {post: browse(post) for post in ("supervisor", "staff")}
    found = {}
    for post, url, most in PAGES:
        visitors[post].open(url)
        with counted(town.engine) as asked:
            assert visitors[post].open(url).status_code == 200
        found[url] = (len(asked), most)
    assert {url: n for url, (n, most) in found.items() if n > most} == {}, found
