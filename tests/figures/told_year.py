"""The demonstration year as it is told: what is said of each ticket and record, by registers."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from tracker.packs.calendar import work_calendar
from tracker.packs.demo import Demonstration, demonstration
from tracker.packs.demo.story import Act, Deed, UnitName
from tracker.packs.loader import built_in, load_pack

CUTOFF = date(2023, 11, 30)


@dataclass(frozen=True)
class Tale:
    """Everything told of one ticket or record."""

    acts: tuple[Act, ...]

    @property
    def first(self) -> Act:
        return self.acts[0]

    @property
    def values(self) -> Mapping[str, Any]:
        """What was said first, and what later acts said instead."""
        return {name: value for act in self.acts for name, value in act.values.items()}

    @property
    def is_gone(self) -> bool:
        steps = {act.what for act in self.acts if act.deed is Deed.STEP}
        return bool(steps & {"void", "merge"}) or any(act.deed is Deed.VOID for act in self.acts)

    @property
    def village(self) -> str:
        place = self.first.values.get("place")
        return place.name if isinstance(place, UnitName) else self.first.place

    @property
    def outcome(self) -> str:
        return str(self.values.get("outcome", ""))

    def day_of(self, what: str) -> date | None:
        """The last day on which a step was taken or a state entered."""
        return next((act.on for act in reversed(self.acts) if act.what == what), None)

    @property
    def states(self) -> list[str]:
        return [act.what for act in self.acts if act.deed in (Deed.ENTER, Deed.STATE)]


class Year:
    """The tales by register; those that count are neither voided nor merged."""

    def __init__(self, told: Demonstration, villages: tuple[str, ...]) -> None:
        stories: dict[str, list[Act]] = {}
        for act in told.acts:
            stories.setdefault(act.story, []).append(act)
        self.acts, self.villages = told.acts, villages
        self.posts = {person.post for person in told.people}
        self.all: dict[str, list[Tale]] = {}
        for acts in stories.values():
            self.all.setdefault(acts[0].register, []).append(Tale(tuple(acts)))

    def of(self, register: str, **where: Any) -> list[Tale]:
        tales = [tale for tale in self.all[register] if not tale.is_gone]
        return [tale for tale in tales if all(tale.values.get(name) == value for name, value in where.items())]

    def meetings(self, theme: str | None = None, until: date = CUTOFF) -> list[Tale]:
        held = [tale for tale in self.of("courtyard_meeting") if tale.first.on <= until]
        return [tale for tale in held if theme is None or theme in tale.values["themes"]]

    def raised(self, register: str) -> list[Tale]:
        return [tale for tale in self.of(register) if tale.first.on <= CUTOFF]

    def toilets(self) -> list[Tale]:
        return [tale for tale in self.of("toilet_survey") if tale.first.on < date(2022, 1, 1)]

    def houses(self) -> list[Tale]:
        graded = [tale for tale in self.of("house_inspection") if tale.values.get("grade") in ("C", "D")]
        return [tale for tale in graded if tale.outcome != "regraded"]

    def settled(self) -> list[Tale]:
        return [t for t in self.of("dispute", handled_by="judicial_office") if t.outcome == "settled"]

    def accepted(self) -> list[Tale]:
        reached = [tale.first.milestone_values.get("accepted", {}) for tale in self.of("dispute")]
        pairs = zip(self.of("dispute"), reached, strict=True)
        return [tale for tale, said in pairs if said.get("accepted_by") == "governance_centre"]

    def petitions(self) -> list[Tale]:
        return [tale for tale in self.of("petition") if tale.outcome != "returned_to_sender"]

    def enrolled(self) -> list[Tale]:
        return [tale for tale in self.of("monitored_household") if "enrolled" in tale.states]

    def posts_open(self) -> list[Tale]:
        return [t for t in self.of("welfare_post") if "opened" in t.states and t.states[-1] != "ended"]

    def statistic(self, indicator: str) -> list[Tale]:
        return self.of("statistic", indicator=indicator)

    def students(self) -> list[Tale]:
        paid = {tale.values["student"].key for tale in self.of("subsidy")}
        return [tale for tale in self.of("student") if tale.first.story in paid]


def told_year() -> Year:
    """The year of the township."""
    pack = load_pack(built_in("township"))
    villages = tuple(unit.name for unit in pack.units if unit.kind == "village")
    assert pack.demo_folder is not None
    return Year(demonstration(pack.demo_folder, villages, work_calendar()), villages)
