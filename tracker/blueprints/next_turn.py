"""What comes next after a step: the ticket that waits for the same person, so that seven checks are one walk."""

from __future__ import annotations

from dataclasses import dataclass

from tracker.blueprints import list_view, ticket_view
from tracker.blueprints.rights import can, connection, house, viewer
from tracker.domain.deciding import possible_steps
from tracker.domain.lifecycle import Step
from tracker.queries import desk, lists, tickets
from tracker.queries.counts import Count, count_tickets
from tracker.queries.lists import Filters, Sort, TicketLine, View
from tracker.queries.world import world_for

LOOKED_AT = 12
"""So many of those that wait are asked whether they wait for this person; beyond stands the desk."""

CHECKS, REQUESTS, WORK = "checks", "requests", "work"
_RIGHTS = {"verify": CHECKS, "publicise": CHECKS, "approve": CHECKS, "submit": WORK, "accept": WORK, "object": WORK}
_VIEWS = {CHECKS: View.VERIFY, REQUESTS: View.DECIDE}


@dataclass(frozen=True, slots=True)
class Next:
    """`kind`: of which of the person's lists; `count_text`: how many are on it."""

    kind: str
    row: list_view.Row
    count_text: str


def kind_after(step: Step) -> str | None:
    """The list that somebody works through who takes this step; None where there is none."""
    return REQUESTS if step.decides is not None else _RIGHTS.get(step.right)


def next_of(kind: str, done_id: int) -> Next | None:
    """The first of the list that this person can do something about, the ticket just done left out."""
    if kind == WORK:
        return _next_work(done_id) if can("today") else None
    if kind not in _VIEWS:
        return None
    filters = Filters(None, _VIEWS[kind])
    page = lists.tickets_page(
        connection(), viewer(), house().pack.register_by_name, filters, sort=Sort.DUE, after=None, limit=LOOKED_AT
    )
    line = _first_for_reader([line for line in page.lines if line.id != done_id])
    return None if line is None else _told(kind, line, count_tickets(connection(), viewer(), filters))


def _first_for_reader(lines: list[TicketLine]) -> TicketLine | None:
    world, now = world_for(connection(), viewer(), house()), tickets.tickets_now(connection(), [x.id for x in lines])
    for line in lines:
        register = house().register(line.register)
        if ticket_view.turn(now[line.id], register, possible_steps(now[line.id], register, world)).is_mine:
            return line
    return None


def _next_work(done_id: int) -> Next | None:
    page = desk.today_page(connection(), viewer(), house().pack.register_by_name)
    lines = [line for name in desk.TO_DO for line in getattr(page, name) if line.id != done_id]
    return _told(WORK, lines[0], Count(len(lines), page.is_cut)) if lines else None


def _told(kind: str, line: TicketLine, count: Count) -> Next:
    return Next(kind, list_view.rows((line,))[0], list_view.count_text(count))
