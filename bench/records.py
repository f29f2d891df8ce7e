"""What is timed of the pages of records, in a town (town.py): lists and their far pages, a subject with its history,
all registers, what is owed. Each by the supervisor, who sees all of it, and by staff, who see one village."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import Connection, select

from bench.generate import read_people
from bench.measure import Bench, Numbers
from bench.pages import Browser, resident_mb, server, sign_in, timed_urls, worst_of
from bench.town import APART, HOUSEHOLD, MEETING, PATROL, VISIT, YEARS
from tracker.domain.days import to_number
from tracker.models.records import RecordLinkRow, RecordRow
from tracker.projections.records import SHELF_FINISHED, SHELF_UNFINISHED

R = RecordRow
LATEST_ID = 10**9
"""After every record of a day, in the order of lists."""


@dataclass(frozen=True)
class Town:
    """Numbers and days that addresses name. `left`: a visit of the household that was not ended."""

    village: int
    household: str
    left: str
    meetings: tuple[str, ...]
    until: date

    @staticmethod
    def of(conn: Connection, bench: Bench) -> Town:
        numbers = bench.house.register_numbers(conn)
        first = select(R.id, R.number).where(R.register_id == numbers[HOUSEHOLD]).order_by(R.id).limit(1)
        household = conn.execute(first).one()
        of_it = RecordLinkRow.target_id == household.id, R.shelf == SHELF_UNFINISHED
        left = select(R.number).join(RecordLinkRow, RecordLinkRow.source_id == R.id).where(*of_it).limit(1)
        stands = R.register_id == numbers[MEETING], R.shelf == SHELF_FINISHED, R.id < APART
        meetings = select(R.number).where(*stands).order_by(R.held_on.desc()).limit(30)
        village = read_people(bench.place).villages[0]
        left_one, numbers_of = conn.scalars(left).one(), tuple(conn.scalars(meetings))
        return Town(village, household.number, left_one, numbers_of, bench.until)

    @property
    def half_way(self) -> date:
        """Half of the records are older."""
        return self.until - timedelta(days=YEARS * 365 // 2)

    def after(self, day: date) -> str:
        """The cursor of a list that goes on before this day."""
        return f"after={to_number(day)}.{LATEST_ID}"


def records(bench: Bench) -> dict[str, Numbers]:
    """Every kind of page, then what the worker has grown to."""
    with bench.engine.connect() as conn:
        town = Town.of(conn, bench)
    out: dict[str, Numbers] = {}
    with server(bench.place) as (port, pid):
        supervisor, staff = (sign_in(bench, role, port) for role in ("supervisor", "staff"))
        out["records list"] = worst_of(_asked(supervisor, _lists(town)) + _asked(staff, _lists(town)))
        out["records history"] = worst_of(_asked(supervisor, _history(town)) + _asked(staff, _history(town)))
        out["records subject"] = timed_urls(supervisor, [f"/records/{town.household}"])
        out["records inspection"] = timed_urls(staff, _inspections(town))
        out["records one"] = timed_urls(supervisor, [f"/records/{number}" for number in town.meetings])
        out["records registers"] = timed_urls(supervisor, ["/registers"])
        out["records duties"] = worst_of(_asked(supervisor, _duties(town)) + _asked(staff, _duties(town)))
        out["records desk"] = timed_urls(supervisor, ["/desk"])
        out["records today"] = timed_urls(staff, ["/today"])
        out["records behind"] = timed_urls(supervisor, _behind(town))
        out["records worker"] = {"MB": resident_mb(pid)}
    return out


def _asked(browser: Browser, urls: list[str]) -> list[tuple[Browser, str]]:
    return [(browser, url) for url in urls]


def _lists(town: Town) -> list[str]:
    """Every view with every filter and together, the first page and one half way."""
    year, here = town.half_way.year, f"unit={town.village}"
    narrowed = ("", here, f"year={year}", f"year={year}&month=6", f"{here}&year={year}", f"{here}&year={year}&month=6")
    views = {MEETING: ("all", "void"), VISIT: ("all", "unfinished", "nil", "found", "void"), PATROL: ("all", "nil")}
    asked = [(register, f"view={view}&{more}") for register in views for view in views[register] for more in narrowed]
    asked += [(HOUSEHOLD, f"state={state}&{more}") for state in ("enrolled", "cleared") for more in ("", here)]
    half = town.after(town.half_way)
    asked += [(register, f"{given}&{half}") for register, given in asked if "year" not in given]
    return [f"/registers/{register}/records?{given}" for register, given in asked]


def _history(town: Town) -> list[str]:
    """The newest page of what was recorded about the household, one half way, and the last."""
    url = f"/records/{town.household}/linked/{VISIT}"
    last = town.until - timedelta(days=YEARS * 365 - 3)
    return [url, f"{url}?{town.after(town.half_way)}", f"{url}?{town.after(last)}"]


def _inspections(town: Town) -> list[str]:
    """The checklist of a visit, with what was found before; and whom of the village to visit."""
    url = f"/registers/{VISIT}/inspections"
    return [f"/records/{town.left}/inspection", f"{url}?village={town.village}"]


def _duties(town: Town) -> list[str]:
    """The latest month, one half a year ago, and one duty."""
    month = town.until - timedelta(days=180)
    return ["/duties", f"/duties?month={month:%Y-%m}", "/duties?duty=weekly_patrol"]


def _behind(town: Town) -> list[str]:
    """The meetings of a theme, and all of them, in the last whole year."""
    effective = date(town.until.year - 1, 12, 31)
    return [f"/figures/{figure}?effective={effective}" for figure in ("congress_talks", "courtyard_meetings")]
