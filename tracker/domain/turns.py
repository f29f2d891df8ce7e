"""The states of a subject over time: those that people said, and those that follow from its tickets.

A ticket *claims*: from this day on the subject should be in this state. What comes of the claims of all its tickets is
worked out anew whenever one of them changes (`turns_of`), so that it does not matter in which order they were recorded.
Where claims come from: `following.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

from tracker.domain.days import from_number, to_number


class StateTurn(NamedTuple):
    """From `day` on the subject was in `state`, as an event at `position` says: its own, or one of `ticket_id`."""

    day: int
    state: str
    position: int
    ticket_id: int | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """What a ticket's event at `position` says of its subject from `day` on.

    `state`: where it goes to, if it is in one of `sources` by then; None: nowhere. `waits`: not while another ticket
    holds it. `holds`: True, the ticket holds it from now on; False, no longer; None, as before. `is_back`: the subject
    is as if the ticket had never been. `fields`: what becomes known of the subject.
    """

    day: int
    position: int
    state: str | None = None
    sources: frozenset[str] = frozenset()
    waits: bool = False
    holds: bool | None = None
    is_back: bool = False
    fields: Mapping[str, Any] = field(default_factory=dict)

    def as_data(self) -> dict[str, Any]:
        """As events keep it: the rule that was applied, so that another rule later changes nothing of it."""
        data: dict[str, Any] = {"day": from_number(self.day).isoformat(), "position": self.position}
        if self.state is not None:
            data |= {"state": self.state, "from": sorted(self.sources)}
        if self.fields:
            data["fields"] = dict(self.fields)
        if self.holds is not None:
            data["holds"] = self.holds
        return data | {name: True for name, is_so in (("waits", self.waits), ("back", self.is_back)) if is_so}


def claim_of(data: Mapping[str, Any]) -> Claim:
    """The claim that `as_data` wrote."""
    return Claim(
        day=to_number(date.fromisoformat(data["day"])),
        position=data["position"],
        state=data.get("state"),
        sources=frozenset(data.get("from", ())),
        waits=data.get("waits", False),
        holds=data.get("holds"),
        is_back=data.get("back", False),
        fields=data.get("fields", {}),
    )


def turns_of(said: Sequence[StateTurn], claims: Mapping[int, tuple[Claim, ...]]) -> tuple[StateTurn, ...]:
    """All turns in the order of their days. `said`: those of people, the opening first; `claims`: by ticket.

    What a ticket says of days before the subject was opened decides in which state it is opened.
    """
    if not said or not claims:
        return tuple(said)
    happenings = [_Happening(t.day, t.position, t.state) for t in said[1:]]
    for ticket_id, of_ticket in claims.items():
        happenings += [_Happening(c.day, c.position, "", ticket_id, c) for c in of_ticket]
    happenings.sort(key=lambda h: (h.day, h.position))
    return tuple(_turns(said[0], happenings))


class _Happening(NamedTuple):
    """A person says a state, or a ticket makes a claim."""

    day: int
    position: int
    state: str
    ticket_id: int | None = None
    claim: Claim | None = None


@dataclass(slots=True)
class _Standing:
    """How the subject stands after some happenings, and which tickets hold it."""

    state: str
    holders: set[int] = field(default_factory=set)

    def take(self, happening: _Happening) -> None:
        claim, ticket_id = happening.claim, happening.ticket_id
        if claim is None or ticket_id is None:
            self.state = happening.state
            return
        if claim.holds is not None:
            (self.holders.add if claim.holds else self.holders.discard)(ticket_id)
        is_free = not claim.waits or not self.holders - {ticket_id}
        if claim.state is not None and self.state in claim.sources and is_free:
            self.state = claim.state


def _turns(opening: StateTurn, happenings: Sequence[_Happening]) -> list[StateTurn]:
    standing, counted, turns = _Standing(opening.state), list[_Happening](), [opening]
    for happening in happenings:
        if happening.claim is not None and happening.claim.is_back:
            counted = [h for h in counted if h.ticket_id != happening.ticket_id]
            standing = _Standing(opening.state)
            for earlier in counted:
                standing.take(earlier)
        else:
            counted.append(happening)
            standing.take(happening)
        if happening.day < opening.day:
            del turns[1:]  # what was before it was opened leaves one turn at most
        if happening.claim is None or standing.state != turns[-1].state:
            day = max(happening.day, opening.day)
            turns.append(StateTurn(day, standing.state, happening.position, happening.ticket_id))
    return turns
