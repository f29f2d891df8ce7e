"""Carries out the demonstration year: the acts of `packs/demo` as commands through the handler, in their order.

Every command has an idempotency key, so that a load that was interrupted goes on where it stopped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from io import BytesIO
from pathlib import Path
from typing import Any

from tracker import signin
from tracker.cli.founding import add_units
from tracker.domain.commands import AddPerson, Command, GiveGrant, MarkDemonstration, RegisterTicket, TakeStep
from tracker.domain.events import StreamKind
from tracker.domain.people import UnitKind
from tracker.domain.refusals import Refusal
from tracker.handler import SYSTEM, Done, Request, handle, handle_all
from tracker.house import House
from tracker.log import store
from tracker.log.files import FileStore
from tracker.packs.demo import Act, DemoPerson, demonstration
from tracker.packs.demo.pictures import Picture, draw
from tracker.packs.demo.story import END, PostName, StoryKey, UnitName
from tracker.packs.loader import LoadedPack
from tracker.queries import demonstration as told

PASSWORD = "xiaohao-demo"  # noqa: S105 # printed for everybody, for invented data only
LONGEST_BATCH = 100
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
    _Stage(house, files, names).play(year.acts, progress)
    _open_accounts(house, year.people, names)


@dataclass(frozen=True, slots=True)
class _Names:
    units: Mapping[str, int]
    people: Mapping[str, int]


# -- units, people, grants ----------------------------------------------------------------------------
def _found(house: House, people: Iterable[DemoPerson]) -> _Names:
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
    return _Names(units, ids)


def _ids(house: House, commands: Iterable[Command], now: datetime) -> list[int]:
    results = handle_all(house, [Request(command, SYSTEM, now) for command in commands])
    return [r.stream_id for r in results if isinstance(r, Done)]


# -- tickets ------------------------------------------------------------------------------------------
@dataclass(slots=True)
class _Told:
    """A ticket as far as its story has been told."""

    ticket_id: int
    number: str
    version: int


class _Stage:
    """Plays acts in batches: one transaction until an act needs to know what an earlier one led to."""

    def __init__(self, house: House, files: FileStore, names: _Names) -> None:
        self._house, self._files, self._names = house, files, names
        self._told: dict[str, _Told] = {}
        self._waiting: list[tuple[Act, Request]] = []
        self._in_batch: set[str] = set()

    def play(self, acts: tuple[Act, ...], progress: Callable[[int, int], None]) -> None:
        for done, act in enumerate(acts):
            needed = {act.story, *(v.key for v in act.values.values() if isinstance(v, StoryKey))}
            if needed & self._in_batch or len(self._waiting) >= LONGEST_BATCH:
                self._carry_out()
                progress(done, len(acts))
            actor_id = self._names.people[act.by]
            self._waiting.append((act, Request(self._command(act), actor_id, act.at)))
            self._in_batch.add(act.story)
        self._carry_out()
        progress(len(acts), len(acts))

    def _carry_out(self) -> None:
        results = handle_all(self._house, [request for _, request in self._waiting])
        for (act, _), result in zip(self._waiting, results, strict=True):
            if isinstance(result, Done):
                number = result.number or ""
                self._told[act.story] = _Told(result.stream_id, number, self._version(result))
        self._waiting, self._in_batch = [], set()

    def _version(self, done: Done) -> int:
        if not done.is_repeat:
            return done.events[-1].version
        with self._house.engine.connect() as conn:
            return len(store.read_stream(conn, StreamKind.TICKET, done.stream_id))

    def _command(self, act: Act) -> RegisterTicket | TakeStep:
        values = {name: self._resolved(value) for name, value in act.values.items()}
        evidence = tuple(self._kept(picture) for picture in act.pictures)
        if act.step is None:
            return RegisterTicket(
                register=act.register,
                values=values,
                place_id=self._names.units[act.place],
                found_on=act.on,
                is_restricted=bool(act.named),
                named_ids=tuple(self._names.people[post] for post in act.named),
                milestones=act.milestones,
                evidence=evidence,
                key=act.key,
            )
        told = self._told[act.story]
        return TakeStep(
            ticket_id=told.ticket_id,
            step=act.step,
            version=told.version,
            occurred_on=act.on,
            values=values,
            evidence=evidence,
            key=act.key,
        )

    def _resolved(self, value: Any) -> Any:
        if isinstance(value, UnitName):
            return self._names.units[value.name]
        if isinstance(value, PostName):
            return self._names.people[value.post]
        if isinstance(value, StoryKey):
            told = self._told[value.key]
            return value.text.format(number=told.number) if value.text else told.ticket_id
        return value

    def _kept(self, picture: Picture) -> dict[str, Any]:
        stored = self._files.put(BytesIO(draw(picture)), picture.name)
        return {
            "digest": stored.digest,
            "name": stored.name,
            "media_type": stored.media_type,
            "size": stored.size,
            "kind": picture.kind,
        }


# -- accounts -----------------------------------------------------------------------------------------
def _open_accounts(house: House, people: Iterable[DemoPerson], names: _Names) -> None:
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
