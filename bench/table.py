"""The table of results: each row a measure, its target, both sizes on both systems, the ratio 1M : 100k."""

from __future__ import annotations

import os
import platform
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from bench.measure import Numbers

Results = Mapping[tuple[str, int, int], Mapping[str, Numbers]]
"""(system, tickets or records, villages) → measure → numbers."""


@dataclass(frozen=True, slots=True)
class Row:
    """`most` (or `least`): the target at the larger size, on (SQLite, PostgreSQL). `ratio`: 1M : 100k at most."""

    label: str
    measure: str
    number: str
    unit: str
    most: tuple[float, float] | None = None
    least: tuple[float, float] | None = None
    ratio: float | None = None


def _same(most: float) -> tuple[float, float]:
    return (most, most)


ROWS = (
    Row("Full report, latest known: median", "report now", "p50", "ms", _same(10), ratio=2.5),
    Row("Full report, latest known: p95", "report now", "p95", "ms", _same(30)),
    Row("Full report, a past pair: median", "report past", "p50", "ms", _same(10), ratio=2.5),
    Row("Full report, a past pair: p95", "report past", "p95", "ms", _same(30)),
    Row("Full report, any pair (40): median", "report any pair", "p50", "ms", _same(10), ratio=2.5),
    Row("Full report, any pair (40): p95", "report any pair", "p95", "ms", _same(30)),
    Row("of it, the cube alone: median", "report cube", "p50", "ms"),
    Row("Report page, HTTP: p50", "page report", "p50", "ms", _same(120), ratio=1.5),
    Row("Drill-down, village stock: count and 50", "drill village", "p50", "ms", _same(15), ratio=8),
    Row("Drill-down, village and month", "drill month", "p50", "ms", _same(15), ratio=1.5),
    Row("List of 50, all views, sorts, filters, HTTP: p50", "page list", "p50", "ms", _same(40), ratio=1.3),
    Row("List of 50: p99", "page list", "p99", "ms", _same(120)),
    Row("List of 50: the slowest of all lists", "page list", "slowest", "ms", _same(120)),
    Row("Ticket page, HTTP: p50", "page ticket", "p50", "ms", _same(40), ratio=1.3),
    Row("Ticket page: p99", "page ticket", "p99", "ms", _same(120)),
    Row("First page of the supervisor: p50", "page first supervisor", "p50", "ms", _same(40), ratio=1.3),
    Row("First page of the supervisor: p99", "page first supervisor", "p99", "ms", _same(120)),
    Row("First page of staff: p50", "page first staff", "p50", "ms", _same(40), ratio=1.3),
    Row("First page of staff: p99", "page first staff", "p99", "ms", _same(120)),
    Row("First page of the auditor: p50", "page first auditor", "p50", "ms", _same(40), ratio=1.3),
    Row("First page of the administrator: p50", "page first administrator", "p50", "ms", _same(40), ratio=1.3),
    Row("One command, HTTP: p50", "page command", "p50", "ms", (40, 60), ratio=1.3),
    Row("Commands through the handler, one writer", "commands", "per second", "/s", least=(500, 200)),
    Row("of one, until the disk has it", "commands", "flush ms", "ms"),
    Row("Import of 100,000 rows", "import", "seconds", "s", _same(90), ratio=1.3),
    Row("of it, reading the file", "import", "reading", "s"),
    Row("Import: resident at most", "import", "MB", "MB", _same(500)),
    Row("Rebuild of all projections", "rebuild", "seconds", "s", _same(900)),
    Row("Rebuild of the cube", "cube", "build s", "s", _same(15)),
    Row("Restart: the cube's first answer", "cube", "open s", "s", _same(1)),
    Row("On disk per ticket", "bytes", "total", "B", (4096, float("inf")), ratio=1.1),
    Row("Web worker after the work: resident", "worker", "MB", "MB", _same(400)),
    # A town with so many records in one register, and the rest of town.py.
    Row("List of records, all views and filters: p50", "records list", "p50", "ms", _same(40), ratio=1.3),
    Row("List of records: p99", "records list", "p99", "ms", _same(120)),
    Row("List of records: the slowest of all lists", "records list", "slowest", "ms", _same(120)),
    Row("Page of a subject with 10,000 visits: p50", "records subject", "p50", "ms", _same(40), ratio=1.3),
    Row("Page of a subject: p99", "records subject", "p99", "ms", _same(120)),
    Row("List of its visits, newest to oldest: p50", "records history", "p50", "ms", _same(40), ratio=1.3),
    Row("List of its visits: p99", "records history", "p99", "ms", _same(120)),
    Row("Its checklist, and whom to visit: p50", "records inspection", "p50", "ms", _same(40), ratio=1.3),
    Row("Page of an activity: p50", "records one", "p50", "ms", _same(40), ratio=1.3),
    Row("All 42 registers: p50", "records registers", "p50", "ms", _same(40), ratio=1.3),
    Row("All 42 registers: p99", "records registers", "p99", "ms", _same(120)),
    Row("Duties, 600 villages, a year of weeks: p50", "records duties", "p50", "ms", _same(40), ratio=1.3),
    Row("Duties: p99", "records duties", "p99", "ms", _same(120)),
    Row("Desk with these duties: p50", "records desk", "p50", "ms", _same(40), ratio=1.3),
    Row("Desk with these duties: p99", "records desk", "p99", "ms", _same(120)),
    Row("Today with these duties: p50", "records today", "p50", "ms", _same(40), ratio=1.3),
    Row("Activities behind a figure of a year: p50", "records behind", "p50", "ms"),
    Row("Web worker after these: resident", "records worker", "MB", "MB", _same(400)),
)
LOAD = "load at the start: "
"""Before the name of a step: what else the machine was doing then."""
SYSTEMS = ("SQLite", "PostgreSQL")


def document(results: Results, small: int, large: int, villages: int, note: str) -> str:
    """The whole of results.md. `note`: what whoever measured has to say."""
    lines = ["# Measured by `make bench`", "", _machine(), *_load(results), *([note] if note else [])]
    lines += ["", *_head(small, large)]
    lines += [_line(row, results, (small, large), villages) for row in ROWS]
    lines += ["", "A ✗ stands where the number misses its target.", "", *_by_table(results, large, villages)]
    lines += _wide(results)
    return "\n".join(lines) + "\n"


def _head(small: int, large: int) -> list[str]:
    cells = [f"{system} {n:,}" if n else "ratio" for system in SYSTEMS for n in (small, large, 0)]
    return [f"| | target at {large:,} | {' | '.join(cells)} |", "|---|---|" + "---:|" * len(cells)]


def _line(row: Row, results: Results, sizes: tuple[int, int], villages: int) -> str:
    cells = []
    for index, system in enumerate(SYSTEMS):
        small, large = (results.get((system, n, villages), {}).get(row.measure, {}).get(row.number) for n in sizes)
        cells += [_shown(small), _shown(large) + _cross(_misses(row, index, large)), _ratio(row, small, large)]
    return f"| {row.label} ({row.unit}) | {_target(row)} | {' | '.join(cells)} |"


def _misses(row: Row, system: int, value: float | None) -> bool:
    if value is None:
        return False
    too_much = row.most is not None and value > row.most[system]
    return too_much or (row.least is not None and value < row.least[system])


def _cross(misses: bool) -> str:
    return " ✗" if misses else ""


def _ratio(row: Row, small: float | None, large: float | None) -> str:
    if not small or large is None:
        return ""
    ratio = large / small
    return f"{ratio:.1f}" + _cross(row.ratio is not None and round(ratio, 1) > row.ratio)


def _target(row: Row) -> str:
    bounds = row.most or row.least or ()
    shown = " / ".join("–" if bound == float("inf") else f"{bound:,.0f}" for bound in dict.fromkeys(bounds))
    text = f"{'≤' if row.most else '≥'} {shown}" if bounds else ""
    return text + (f", ratio ≤ {row.ratio}" if row.ratio else "")


def _shown(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 1 else f"{value:.2f}"


def _by_table(results: Results, large: int, villages: int) -> list[str]:
    lines = ["## Bytes per ticket by table, with its indexes", ""]
    for system in SYSTEMS:
        parts = dict(results.get((system, large, villages), {}).get("bytes", {}))
        parts.pop("total", None)
        shown = [f"{name} {value:,.0f}" for name, value in parts.items() if value >= 1]
        lines += [f"- {system}, {large:,}: {', '.join(shown) or '–'}"]
    return lines


def _wide(results: Results) -> list[str]:
    """Sites with other numbers of villages: what depends on them."""
    lines = []
    for (system, tickets, villages), numbers in results.items():
        if villages > 30:
            found = [
                f"{row.label.lower()} {_shown(numbers[row.measure].get(row.number))} {row.unit}"
                for row in ROWS
                if row.measure in numbers
            ]
            lines += ["", f"With {villages} villages ({system}, {tickets:,}): {'; '.join(found)}."]
    return lines


def _machine() -> str:
    """What it was measured on, without names of machines or folders."""
    cores = os.cpu_count()
    packages = ", ".join(f"{name} {version(name)}" for name in ("SQLAlchemy", "numpy", "psycopg", "waitress", "Flask"))
    today = datetime.now(UTC).date().isoformat()
    return (
        f"{today}. {_processor()}, {cores} cores, {_memory()} of memory; {platform.system()} "
        f"{platform.release()}; Python {platform.python_version()}; SQLite {sqlite3.sqlite_version}; {packages}. "
        "PostgreSQL: its own defaults (128 MB of shared buffers). Everything on one machine: the server, the "
        "database and the client that asks share the cores. SQLite's file is measured after a rebuild and a VACUUM."
    )


def _load(results: Results) -> list[str]:
    """Where other work ran beside it, how much, since that makes every number larger."""
    found = [numbers["average"] for site in results.values() for name, numbers in site.items() if name.startswith(LOAD)]
    cores = os.cpu_count() or 1
    if not found or max(found) <= cores:
        return []
    return [
        "",
        f"Other work ran on the {cores} cores meanwhile: the load of the minute before each step was "
        f"{min(found):.1f} to {max(found):.1f}. The times are longer for it.",
    ]


def _processor() -> str:
    path = Path("/proc/cpuinfo")
    names = (
        [line.partition(":")[2].strip() for line in path.read_text().splitlines() if "model name" in line]
        if (path.exists())
        else []
    )
    return names[0] if names else platform.machine()


def _memory() -> str:
    if not hasattr(os, "sysconf") or "SC_PHYS_PAGES" not in os.sysconf_names:
        return "?"
    return f"{os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') / 2**30:.0f} GB"
