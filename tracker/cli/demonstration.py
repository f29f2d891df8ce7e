"""The demonstration year in an empty database: its town, people and accounts; `stage.py` plays what they did.

Every command has an idempotency key, so that a load that was interrupted goes on where it stopped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime, time
from pathlib import Path

from tracker import signin
from tracker.cli.founding import add_units
from tracker.cli.stage import Names, Stage
from tracker.domain.commands import AddPerson, Command, GiveGrant, MarkDemonstration
from tracker.domain.people import SYSTEM, UnitKind
from tracker.domain.refusals import Refusal
from tracker.handler import Done, Request, handle, handle_all
from tracker.house import House
from tracker.log import store
from tracker.log.files import FileStore
from tracker.packs.demo import DemoPerson, demonstration
from tracker.packs.demo.story import END
from tracker.packs.loader import LoadedPack
from tracker.queries import demonstration as told

PASSWORD = "xiaohao-demo"  # noqa: S105 # printed for everybody, for invented data only
_FOUNDED_ON = date(2023, 1, 3)
"""The first working day of the year: units, people and grants are recorded then."""


def is_wanted(house: House) -> bool:
    """Whether the log is empty, or holds a demonstration whose loading was interrupted."""
    with house.engine.connect() as conn:
        head = store.read_head(conn)
        return head.size == 0 or (head.is_demonstration and not told.has_accounts(conn))


def folder_of(house: House) -> Path | None:
    """The folder with the year that the pack tells; None for a pack without one."""
    return house.pack.demo_folder if isinstance(house.pack, LoadedPack) else None


def load(house: House, folder: Path, files: FileStore, progress: Callable[[int, int], None]) -> None:
    """The whole year of `folder`. `progress` gets how many acts are done, and of how many."""
    villages = tuple(unit.name for unit in house.pack.units if unit.kind == UnitKind.VILLAGE)
    year = demonstration(folder, villages, house.calendar)
    names = _found(house, year.people)
    Stage(house, files, names).play(year.acts, progress)
    _open_accounts(house, year.people, names)


# -- units, people, grants ----------------------------------------------------------------------------
def _found(house: House, people: Iterable[DemoPerson]) -> Names:
    now = datetime.combine(_FOUNDED_ON, time(8, 30), house.time_zone)
    town = house.pack.units[0].name
    mark = MarkDemonstration(town=town, ends_on=END.date(), key="demonstration/town")
    handle(house, mark, actor_id=SYSTEM, now=now)
    codes = add_units(house, now, key="demonstration")
    units = {seed.name: codes[seed.code] for seed in house.pack.units}
    people = tuple(people)
    joining = [AddPerson(name=p.post, unit_id=units[p.unit], key=f"demonstration/person/{p.post}") for p in people]
    ids = dict(zip((p.post for p in people), _ids(house, joining, now), strict=True))
    grants = [
        GiveGrant(
            person_id=ids[p.post],
            role=g.role,
            unit_id=units[g.unit],
            register=g.register,
            starts_on=date(_FOUNDED_ON.year, 1, 1),
            key=f"demonstration/grant/{p.post}/{n}",
        )
        for p in people
        for n, g in enumerate(p.grants)
    ]
    _ids(house, grants, now)
    return Names(units, ids)


def _ids(house: House, commands: Iterable[Command], now: datetime) -> list[int]:
    results = handle_all(house, [Request(command, SYSTEM, now) for command in commands])
    return [r.stream_id for r in results if isinstance(r, Done)]


# -- accounts -----------------------------------------------------------------------------------------
def _open_accounts(house: House, people: Iterable[DemoPerson], names: Names) -> None:
    now = datetime.combine(_FOUNDED_ON, time(8, 30), house.time_zone)
    for person in people:
        if person.login is None:
            continue
        try:
            signin.add_account(
                house.engine,
                login=person.login,
                password=PASSWORD,
                person_id=names.people[person.post],
                locale=None,
                must_change=False,
                now=now,
            )
        except Refusal as refusal:
            if refusal.code != "login_taken":  # left by a load that was interrupted here
                raise
