"""What is timed inside the database and the process: reports, lists behind figures, commands, import, rebuild, size.

Every function gives plain numbers (milliseconds unless its name says otherwise) for table.py to print.
"""

from __future__ import annotations

import csv
import io
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

from sqlalchemy import Connection, Engine, text

from bench.county import Site
from bench.generate import read_people
from tracker.domain.commands import RegisterTicket, TakeStep
from tracker.domain.days import to_number
from tracker.exchange.importing import Importer
from tracker.handler import handle
from tracker.house import CUBE_FOLDER, House
from tracker.log import store
from tracker.projections.cube.live import LiveCube
from tracker.queries import behind, figures
from tracker.queries.figures import AsOf
from tracker.queries.scope import Viewer
from tracker.queries.uploads import State

Numbers = dict[str, float]
RUNS, PAIRS, COMMANDS = 15, 40, 400
DRILLED = 20
IMPORTED = "toilet_survey"


def percentiles(samples: list[float], *wanted: int) -> Numbers:
    """p50, p95 … of samples in seconds, as milliseconds."""
    ordered = sorted(samples)
    return {f"p{p}": 1000 * ordered[min(len(ordered) - 1, len(ordered) * p // 100)] for p in wanted}


def timed(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


@dataclass(frozen=True)
class Bench:
    """An open site: its engine and house as one process of the product has them."""

    place: Site
    engine: Engine
    house: House
    until: date

    @staticmethod
    def of(place: Site, until: date) -> Bench:
        engine = place.engine()
        return Bench(place, engine, place.house(engine), until)

    @property
    def last_year(self) -> date:
        """The last day of the last whole year: twelve months."""
        return date(self.until.year - 1, 12, 31)

    def report(self) -> list[Any]:
        return [
            self.house.pack.figure_by_id[name] for _, names in self.house.pack.reports[0].sections for name in names
        ]


# -- figures ------------------------------------------------------------------------------------------
def reports(bench: Bench) -> dict[str, Numbers]:
    """The full report: 20 figures × 12 months × 30 villages, from the question to the numbers of every cell.

    No page shows so many cells. It is asked with the sheet that the pages of the report ask with, each for its part;
    the pages themselves are measured over HTTP.
    """
    villages = read_people(bench.place).villages[:30]
    specs, end = bench.report(), bench.last_year
    after = datetime.combine(end + timedelta(days=5), datetime.min.time(), bench.house.time_zone)
    out = {}
    with bench.engine.connect() as conn:

        def ask(pair: AsOf) -> float:
            return timed(lambda: _full_report(conn, bench, specs, pair, villages))

        now, past = (figures.as_of(conn, effective=end, known=known) for known in (None, after))
        ask(now)
        out["report now"] = percentiles([ask(now) for _ in range(RUNS)], 50, 95)
        out["report past"] = percentiles([ask(past) for _ in range(RUNS)], 50, 95)
        pairs = [figures.as_of(conn, effective=end, known=k) for end, k in _random_pairs(bench)]
        cube_alone = [timed(_asked(conn, bench, specs, now, villages)[0].answer) for _ in range(RUNS)]
        out["report cube"] = percentiles(cube_alone, 50, 95)
        out["report any pair"] = percentiles([ask(pair) for pair in pairs], 50, 95)
    return out


def _full_report(conn: Connection, bench: Bench, specs: list[Any], pair: AsOf, villages: tuple[int, ...]) -> list[Any]:
    sheet, asked = _asked(conn, bench, specs, pair, villages)
    sheet.answer()
    return [sheet.pairs_by_unit(one) for one in asked]


def _asked(
    conn: Connection, bench: Bench, specs: list[Any], pair: AsOf, villages: tuple[int, ...]
) -> tuple[figures.Sheet, list[Any]]:
    """The sheet with every figure asked for in every month, as the page by month asks: without the exclusions."""
    sheet, months = figures.Sheet(conn, bench.house, pair, villages), figures.months_of(pair.effective)
    return sheet, [sheet.ask(spec, end, start, exclusions=()) for spec in specs for start, end in months]


def _random_pairs(bench: Bench) -> Iterator[tuple[date, datetime]]:
    """Any day of the last two years, known on that day or later."""
    rng, latest = Random(7), bench.until
    for _ in range(PAIRS):
        effective = latest - timedelta(days=rng.randrange(700))
        known = effective + timedelta(days=rng.randrange((latest - effective).days + 1))
        yield effective, datetime.combine(known, datetime.max.time(), bench.house.time_zone)


def drills(bench: Bench) -> dict[str, Numbers]:
    """Exact count and first 50 tickets, of a village's stock and of what began in one month of it."""
    villages = read_people(bench.place).villages
    stock, flow = (bench.house.pack.figure_by_id[name] for name in ("toilet_closed_now", "toilet_registered"))
    end = bench.last_year
    with bench.engine.connect() as conn:
        pair = figures.as_of(conn, effective=end, known=None)

        def look(spec: Any, village: int, month: Any) -> float:
            wanted = behind.Behind(spec, behind.NUMERATOR, pair, (village,), month)
            return timed(lambda: behind.drill(conn, bench.house, wanted, behind.OPERATOR, cursor="", limit=50))

        months = figures.months_of(end)
        look(stock, villages[0], None)
        return {
            "drill village": percentiles([look(stock, v, None) for v in villages[:DRILLED]], 50, 95),
            "drill month": percentiles(
                [look(flow, v, months[i % 12]) for i, v in enumerate(villages[:DRILLED])], 50, 95
            ),
        }


# -- writing ------------------------------------------------------------------------------------------
def commands(bench: Bench) -> dict[str, Numbers]:
    """Tickets from registration to closure through the handler, one transaction a command, one writer."""
    people = read_people(bench.place)
    village = people.villages[1]
    worker, by = people.staff[village], people.by_role
    values: dict[str, Any] = {"problem": "化粪池破损渗漏，雨天外溢", "category": "quality", "rectification": "dated"}
    values |= {"source": "self_check", "household": "刘小云", "problem_items": ["tank_leak"]}
    photo = {"digest": "ab" * 32, "name": "a.jpg", "media_type": "image/jpeg", "size": 1, "kind": "photo_after"}
    before = {**photo, "kind": "photo_before"}
    now = datetime.now(UTC)
    today = bench.house.today(now)
    began, done = time.perf_counter(), 0
    while done < COMMANDS:
        new = RegisterTicket(register=IMPORTED, values=values, place_id=village, found_on=today)
        ticket = handle(bench.house, new, actor_id=worker, now=now)
        version, done = 1, done + 1
        steps: list[tuple[int, str, dict[str, Any], tuple[Any, ...]]] = [
            (by["supervisor"], "assign", {"owner_unit_id": village, "owner_id": worker}, ()),
            (worker, "accept", {}, ()),
            (worker, "comment", {"message": "看过现场"}, ()),
            (worker, "submit", {"note": "修好了"}, (before, photo, photo)),
            (by["verifier"], "verify", {"finding": "合格", "outcome": "fixed"}, ()),
        ]
        for actor, step, given, files in steps:
            command = TakeStep(
                ticket_id=ticket.stream_id, step=step, version=version, occurred_on=today, values=given, evidence=files
            )
            version = handle(bench.house, command, actor_id=actor, now=now).events[-1].version
            done += 1
    numbers = {"per second": done / (time.perf_counter() - began)}
    if bench.place.system == "PostgreSQL":
        numbers["flush ms"] = _flush_ms(bench)
    return {"commands": numbers}


def _flush_ms(bench: Bench) -> float:
    """What PostgreSQL waits for at the end of each command: that one page is on the disk. SQLite does not, see
    extensions.py."""
    with tempfile.TemporaryFile(dir=bench.place.folder, buffering=0) as page:
        page.write(bytes(1 << 20))

        def flush() -> None:
            page.seek(0)
            page.write(bytes(8192))
            os.fsync(page.fileno())

        return percentiles([timed(flush) for _ in range(100)], 50)["p50"]


def import_rows(bench: Bench, count: int) -> dict[str, Numbers]:
    """A list of `count` rows as `xiaohao import` takes it: read, judged row by row, registered in one transaction."""
    data = _ledger(count, bench)
    now = datetime.now(UTC)
    began = time.perf_counter()
    importer = _importer(bench, now)
    reading = importer.read(data, "ledger.csv", None, {"source": "self_check"})
    read = time.perf_counter()
    with bench.engine.connect() as conn:
        rows = [one.row for one in importer.judge(conn, reading) if one.state is State.READY]
    judged = time.perf_counter()
    taken = sum(one.state is State.REGISTERED for one in importer.carry_out(reading, rows, now, goes_on=False))
    seconds = time.perf_counter() - began
    if taken != count:
        raise RuntimeError(f"{taken} of {count} rows were imported")
    parts = {"reading": read - began, "judging": judged - read}
    return {"import": {"seconds": seconds, **parts, "MB": peak_mb(), "µs a row": seconds / count * 1e6}}


def _importer(bench: Bench, now: datetime) -> Importer:
    with bench.engine.connect() as conn:
        directory, numbers = bench.house.directory(conn), bench.house.register_numbers(conn)
    person = directory.people[read_people(bench.place).by_role["supervisor"]]
    viewer = Viewer(person, directory, numbers, bench.house.today(now))
    return Importer(bench.house, viewer, bench.house.register(IMPORTED), b"bench")


def _ledger(count: int, bench: Bench) -> bytes:
    """A CSV ledger as a township keeps it, with Chinese headings; every row another household, and each time others:
    of the same rows the product would take none again."""
    with bench.engine.connect() as conn:
        rng, sheet = Random(store.read_head(conn).size), io.StringIO()
    writer = csv.writer(sheet)
    writer.writerow(
        ["序号", "村名", "组别", "户主姓名", "联系电话", "发现日期", "问题描述", "问题类别", "整改类别", "问题类型"]
    )
    first = to_number(bench.until) - 300
    for i in range(count):
        village, day = rng.randrange(30), date(1970, 1, 1) + timedelta(days=first + rng.randrange(290))
        problem = f"化粪池破损渗漏，第{i}处，雨天外溢"
        name, phone = f"刘{chr(0x4E00 + i % 20000)}{chr(0x4E00 + i // 7 % 20000)}", f"138{rng.randrange(10**8):08d}"
        row = [i + 1, f"第{village:03d}村", rng.randrange(1, 20), name, phone, day, problem]
        writer.writerow([*row, "改厕质量", "限期整改", "化粪池破损渗漏"])
    return sheet.getvalue().encode()


def peak_mb() -> float:
    """Peak resident memory of this process. Kilobytes on Linux, bytes on macOS."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024 * 1024 if sys.platform == "darwin" else 1024)


# -- the cube, rebuilding, size -----------------------------------------------------------------------
def cube(bench: Bench) -> dict[str, Numbers]:
    """Building it from the deltas, and opening it as a restarted worker does, to its first answer."""
    folder = bench.place.folder / CUBE_FOLDER
    shutil.rmtree(folder, ignore_errors=True)
    with bench.engine.connect() as conn:
        head = store.read_head(conn)

        def first_answer() -> None:
            live = LiveCube(folder)
            live.counts(conn, [[1]], [to_number(bench.until)], position=head.size, places=None)

        return {"cube": {"build s": timed(first_answer), "open s": timed(first_answer)}}


def rebuild(bench: Bench) -> dict[str, Numbers]:
    """All projections anew from the log, by the command that operators have."""
    command = [sys.executable, "-c", "from tracker.cli import main; main()", "rebuild"]
    began = time.perf_counter()
    subprocess.run(command, check=True, env={**os.environ, **bench.place.environment()})
    return {"rebuild": {"seconds": time.perf_counter() - began}}


def size(bench: Bench) -> dict[str, Numbers]:
    """Bytes per ticket on disk, by table with its indexes; what the log itself does not hold is left out."""
    with bench.engine.connect() as conn:
        parts = _sqlite_parts(conn) if bench.place.system == "SQLite" else _postgresql_parts(conn)
    per_ticket = {name: number / bench.place.tickets for name, number in parts.items()}
    return {"bytes": {"total": sum(per_ticket.values()), **per_ticket}}


def _sqlite_parts(conn: Connection) -> dict[str, float]:
    """By dbstat; where SQLite was built without it, the file as a whole."""
    has_dbstat = conn.scalar(text("SELECT count(*) FROM pragma_module_list WHERE name = 'dbstat'"))
    if not has_dbstat:
        pages = text("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size")
        return {"file": float(conn.scalar(pages) or 0)}
    rows = conn.execute(
        text(
            "SELECT coalesce(s.tbl_name, 'schema'), sum(d.pgsize) FROM dbstat d LEFT JOIN sqlite_schema s"
            " ON s.name = d.name WHERE d.aggregate = TRUE GROUP BY 1 ORDER BY 2 DESC"
        )
    )
    return {name: float(total) for name, total in rows}


def _postgresql_parts(conn: Connection) -> dict[str, float]:
    rows = conn.execute(
        text(
            "SELECT relname, pg_total_relation_size(oid) FROM pg_class"
            " WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY 2 DESC"
        )
    )
    return {name: float(total) for name, total in rows}
