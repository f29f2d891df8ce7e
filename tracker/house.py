"""The house: what every command and every question needs beside itself, with its caches.

One per process, built from the settings by `build_house`; the web application, the command line and the
tests all use it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Engine, select

from tracker.domain.deadlines import WorkCalendar
from tracker.domain.defining import Definition, definitions_of, in_effect
from tracker.domain.events import StreamKind
from tracker.domain.packs import Pack
from tracker.domain.people import Directory
from tracker.domain.registers import Register
from tracker.log import store
from tracker.models.tickets import RegisterRow
from tracker.packs.calendar import read_notice, work_calendar
from tracker.packs.loader import LoadedPack, built_in, load_defined, load_pack
from tracker.packs.problems import DefinitionClash, PackError
from tracker.packs.rules import rules_of
from tracker.packs.shape import kept_in
from tracker.projections.cube.live import LiveCube
from tracker.projections.folios import FolioBook
from tracker.projections.people import load_directory
from tracker.projections.tickets import sync_registers

CUBE_FOLDER = "cube"
CALENDAR_FOLDER = "calendar"
SHAPES_FILE = "shapes"
"""Which files of packs were of the right shape (packs/shape.py); one that is lost is made again."""


@dataclass
class House:
    """Database, pack, calendar, time zone; the directory, the registers, the folios and the cube as now known.

    `pack` is what came with the product or the operator's folder, with the registers that administrators defined
    (domain/defining.py) as far as they are in effect.
    """

    engine: Engine
    pack: Pack
    calendar: WorkCalendar
    time_zone: ZoneInfo
    cube: LiveCube = field(default_factory=LiveCube)
    folios: FolioBook = field(default_factory=FolioBook)
    now: Callable[[], datetime] | None = None  # without a clock, every version is in effect
    rules: str = ""  # by which records count, without those of defined registers, which are counted when defined
    is_as_delivered: bool = False  # definitions are left aside: to mend those that do not fit the pack
    _directory: Directory | None = None
    _register_numbers: Mapping[str, int] = field(default_factory=dict)
    _definitions: tuple[Definition, ...] = ()
    _in_effect: tuple[Definition, ...] = ()

    def register(self, name: str) -> Register:
        """The register of this name. LookupError: the pack has none."""
        try:
            return self.pack.register_by_name[name]
        except KeyError:
            raise LookupError(f"no register {name} in pack {self.pack.name}") from None

    def is_behind(self, head: store.Head) -> bool:
        """Whether what was recorded counts by rules that no longer hold: the operator makes the ledger again."""
        return bool(head.size) and head.rules != self.rules

    def today(self, now: datetime) -> date:
        """The day of an instant in the log's time zone."""
        return now.astimezone(self.time_zone).date()

    def directory(self, conn: Connection, position: int | None = None) -> Directory:
        """The directory at its latest event; read again only when a unit or person event came.

        Who asks for it begins a request or a command: so this is also when the registers are looked at. A writer
        gives the `position` that it found under the lock.
        """
        if position is None:
            return self.directory_at(conn, store.read_head(conn))
        self._follow(conn, store.definition_count(conn))
        return self._directory_of(conn, position)

    def directory_at(self, conn: Connection, head: store.Head) -> Directory:
        """The same for a reader who has read the head already."""
        self._follow(conn, head.definitions)
        return self._directory_of(conn, head.directory_position)

    def _directory_of(self, conn: Connection, position: int) -> Directory:
        known = self._directory
        if known is None or known.position != position:
            self._directory = known = load_directory(conn, position)
        return known

    def follow(self, conn: Connection, today: date | None = None) -> None:
        """The registers as defined by now: every process notices a new version at its next request."""
        self._follow(conn, store.definition_count(conn), today)

    def _follow(self, conn: Connection, count: int, today: date | None = None) -> None:
        """Never back to what an older snapshot says: a reader that began earlier does no harm with newer registers."""
        if count == 0 or self.is_as_delivered or not isinstance(self.pack, LoadedPack) or self.pack.folder is None:
            return
        if count > len(self._definitions):
            self._definitions = definitions_of(store.read_stream(conn, StreamKind.REGISTER, 0))
        on = today or (self.today(self.now()) if self.now else date.max)
        wanted = in_effect(self._definitions, on)
        if wanted != self._in_effect:
            self.pack = _defined(self.pack.folder, wanted)
            self._in_effect = wanted

    def definitions(self, conn: Connection) -> tuple[Definition, ...]:
        """Every version of every register that an administrator made, the oldest first."""
        return definitions_of(store.read_stream(conn, StreamKind.REGISTER, 0))

    def register_numbers(self, conn: Connection) -> Mapping[str, int]:
        """Short numbers of registers; one of a new pack is missing until a writer has added it."""
        if not self._register_numbers.keys() >= self.pack.register_names:
            rows = conn.execute(select(RegisterRow.id, RegisterRow.name))
            self._register_numbers = {r.name: r.id for r in rows}
        return self._register_numbers

    def add_registers(self, conn: Connection) -> Mapping[str, int]:
        """The same, with those of a new pack added. Needs the write lock."""
        self._register_numbers = sync_registers(conn, self.pack.register_names)
        return self._register_numbers


def _defined(folder: Path, definitions: tuple[Definition, ...]) -> LoadedPack:
    try:
        return load_defined(folder, definitions)
    except PackError as mistaken:
        named = {problem.file for problem in mistaken.problems}
        clashing = [d.name for d in definitions if named & d.files.keys()] or [d.name for d in definitions]
        raise DefinitionClash(mistaken.problems, clashing) from mistaken


def build_house(
    engine: Engine, *, pack: str, instance: Path, time_zone: ZoneInfo, now: Callable[[], datetime] | None = None
) -> House:
    """The house of an installation. PackError: the pack cannot be used; ValueError: a holiday notice cannot.

    `pack`: the name of one that comes with the product, or a folder. Holiday notices that the calendar package
    does not know yet lie as JSON files in `instance`/calendar. `now`: the clock, which says what is in effect.
    """
    with kept_in(instance / SHAPES_FILE):
        loaded = _pack(pack)
    notices = [read_notice(path) for path in sorted((instance / CALENDAR_FOLDER).glob("*.json"))]
    return House(
        engine=engine,
        pack=loaded,
        rules=_rules(pack),
        calendar=work_calendar(notices),
        time_zone=time_zone,
        now=now,
        cube=LiveCube(instance / CUBE_FOLDER),
    )


@cache
def _pack(name: str) -> LoadedPack:
    """Loaded once per process: that takes its time (`load_pack`), and it never changes while the process lives."""
    path = Path(name)
    return load_pack(path if path.is_dir() else built_in(name))


@cache
def _rules(name: str) -> str:
    return rules_of(_pack(name))
