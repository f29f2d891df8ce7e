"""The place that is measured: a pack of twelve registers, made of the township's three; villages, people, accounts.

Everything comes in through the product: the pack is a folder that the loader reads, units and people are commands.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path

import flask_migrate
from sqlalchemy import URL, Engine

from tracker import create_app, signin
from tracker.config import load
from tracker.domain.commands import AddPerson, AddUnit, Command, GiveGrant
from tracker.domain.people import SYSTEM
from tracker.extensions import db
from tracker.handler import Done, Request, handle_all
from tracker.house import CALENDAR_FOLDER, House, build_house
from tracker.packs.loader import built_in

PASSWORD = "a sentence for the bench"
KINDS = ("toilet_survey", "house_inspection", "petition")
COPIES = {"": "", "_2": "乙", "_3": "丙", "_4": "丁"}
LETTERS = {"": "", "_2": "B", "_3": "C", "_4": "D"}
REPORT_FIGURES = 20
COUNTY = "99"
OFFICES = ("party", "farming", "building", "revival", "governance", "justice", "emergency", "discipline")
ROLES = ("supervisor", "verifier", "approver", "lead_official", "auditor", "administrator")
EVERYBODY_SINCE = timedelta(days=5 * 365)


@dataclass(frozen=True)
class Site:
    """One database of the bench: its folder holds instance, pack and, for SQLite, the file.

    `tickets`: so many; in a town so many records of one register.
    """

    folder: Path
    url: URL
    tickets: int
    villages: int

    @property
    def system(self) -> str:
        return "SQLite" if self.url.get_backend_name() == "sqlite" else "PostgreSQL"

    @property
    def pack(self) -> Path:
        return self.folder / "pack"

    def environment(self) -> dict[str, str]:
        """Settings of an installation on this database, as an operator would give them."""
        return {
            "XIAOHAO_INSTANCE": str(self.folder),
            "XIAOHAO_DATABASE_URL": self.url.render_as_string(hide_password=False),
            "XIAOHAO_PACK": str(self.pack),
        }

    def engine(self) -> Engine:
        """The application's engine, with the options and pragmas of production."""
        app = create_app(load(self.environment()))
        with app.app_context():
            return db.engine

    def house(self, engine: Engine) -> House:
        settings = load(self.environment())
        return build_house(engine, pack=settings.pack, instance=self.folder, time_zone=settings.time_zone)


@dataclass(frozen=True)
class People:
    """Who acts in the stories: ids by post; `staff` and `villages` by their order."""

    villages: tuple[int, ...]
    offices: tuple[int, ...]
    staff: Mapping[int, int]  # unit → its member of staff
    by_role: Mapping[str, int]


# -- the pack -----------------------------------------------------------------------------------------
def write_pack(target: Path, villages: int) -> None:
    """The township's pack with each register four times, its figures and limits with it."""
    source = built_in("township")
    shutil.rmtree(target, ignore_errors=True)
    (target / "registers").mkdir(parents=True)
    (target / "reports").mkdir()
    shutil.copy(source / "registers" / "_common.yaml", target / "registers")
    for kind in KINDS:
        text = (source / "registers" / f"{kind}.yaml").read_text(encoding="utf-8")
        for suffix, sign in COPIES.items():
            copy = re.sub(r"^name: \w+$", rf"name: {kind}{suffix}", text, count=1, flags=re.M)
            copy = re.sub(r"^prefix: (\S+)$", rf"prefix: \g<1>{sign}", copy, count=1, flags=re.M)
            copy = re.sub(r"^(ascii_prefix: \w+)$", rf"\g<1>{LETTERS[suffix]}", copy, count=1, flags=re.M)
            copy = re.sub(r"^  - \{.*type: record,.*\n", "", copy, flags=re.M)  # files are not part of the bench
            (target / "registers" / f"{kind}{suffix}.yaml").write_text(copy, encoding="utf-8")
    deadlines, figures = _copied_rules(source), _copied_figures(source)
    (target / "deadlines.yaml").write_text(deadlines, encoding="utf-8")
    (target / "figures.yaml").write_text(figures, encoding="utf-8")
    (target / "reports" / "annual.yaml").write_text(_report(figures), encoding="utf-8")
    (target / "units.yaml").write_text(_units(villages), encoding="utf-8")
    registers = ", ".join(kind + suffix for suffix in COPIES for kind in KINDS)
    head = (source / "pack.yaml").read_text(encoding="utf-8").partition("registers:")[0]
    (target / "pack.yaml").write_text(f"{head}registers: [{registers}]\nreports: [annual]\n", encoding="utf-8")


def _copied_rules(source: Path) -> str:
    head, rules = (source / "deadlines.yaml").read_text(encoding="utf-8").split("rules:\n", 1)
    rules = "".join(line for line in rules.splitlines(keepends=True) if _is_measured(line))
    out = [head + "rules:\n"]
    for suffix in COPIES:
        copy = re.sub(r"rule_id: (\w+)\.", rf"rule_id: \g<1>{suffix}.", rules)
        out.append(re.sub(r"register: (\w+)", rf"register: \g<1>{suffix}", copy))
    return "".join(out)


def _copied_figures(source: Path) -> str:
    head, figures = (source / "figures.yaml").read_text(encoding="utf-8").split("\nfigures:\n", 1)
    figures, standard = figures.split("\nstandard:\n", 1)
    figures = "".join(one for one in re.split(r"(?=^  - id: )", figures, flags=re.M) if _is_measured(one))
    out = [f"{head}\nfigures:\n"]
    for suffix in COPIES:
        copy = re.sub(r"^(  - id: \w+|    register: \w+|    rate_of: \w+)$", rf"\g<1>{suffix}", figures, flags=re.M)
        beside = partial(_beside, suffix)
        out.append(re.sub(r"^    beside: \[(.*)\]$", beside, copy, flags=re.M))
    return "".join(out) + _copied_standard(standard)


def _copied_standard(standard: str) -> str:
    """The questions that are asked of every register, of each copy."""
    registers, figures = standard.split("  figures:\n", 1)
    measured = [line for line in registers.splitlines(keepends=True) if _is_measured(line)]
    named = r"register: (\w+),(?: prefix: (\w+),)?"
    copies = [
        re.sub(named, lambda m, end=suffix: f"register: {m[1]}{end}, prefix: {m[2] or m[1]}{end},", line)  # type: ignore[misc]
        for suffix in COPIES
        for line in measured
    ]
    return f"\nstandard:\n  registers:\n{''.join(copies)}  figures:\n{figures}"


def _is_measured(text: str) -> bool:
    """Whether a rule or a figure asks the registers of the bench and no other."""
    asked = set(re.findall(r"\bregister: (\w+)", text))
    return bool(asked) and asked <= set(KINDS)


def _beside(suffix: str, found: re.Match[str]) -> str:
    return f"    beside: [{', '.join(name.strip() + suffix for name in found[1].split(','))}]"


def _report(figures: str) -> str:
    """The annual report: twenty figures from all twelve registers."""
    names = re.findall(r"^  - id: (\w+)$", figures, flags=re.M)
    standard = re.findall(r"^    - id: (\w+)$", figures, flags=re.M)
    names += [f"{prefix}_{name}" for prefix in re.findall(r"prefix: (\w+),", figures) for name in standard]
    chosen = names[:: len(names) // REPORT_FIGURES][:REPORT_FIGURES]
    label = "{zh-Hans: 全县, zh-Hant: 全縣, en: County}"
    return f"id: annual\nlabel: {label}\nsections:\n  - label: {label}\n    figures: [{', '.join(chosen)}]\n"


def _units(villages: int) -> str:
    lines = ["units:", _unit(COUNTY, "测试县", "town")]
    lines += [_unit(f"{COUNTY}.{office}", f"第{i}办", "office") for i, office in enumerate(OFFICES)]
    lines += [_unit(f"{COUNTY}{i:03d}", f"第{i:03d}村", "village") for i in range(villages)]
    return "\n".join(lines) + "\n"


def _unit(code: str, name: str, kind: str) -> str:
    label = json.dumps({"zh-Hans": name, "zh-Hant": name, "en": name}, ensure_ascii=False)
    parent = f', parent: "{COUNTY}"' if code != COUNTY else ""
    return f'  - {{code: "{code}", name: {name}, kind: {kind}{parent}, label: {label}}}'


# -- the instance -------------------------------------------------------------------------------------
def found(place: Site, until: date) -> People:
    """An empty, migrated database with its pack gets its units, people, grants and one account per role."""
    _write_calendar(place.folder, until.year + 1)
    app = create_app(load(place.environment()))
    with app.app_context():
        flask_migrate.upgrade()
        engine = db.engine
    house = place.house(engine)
    since = until - EVERYBODY_SINCE
    now = datetime.combine(since, datetime.min.time(), house.time_zone)
    units: dict[str, int] = {}
    for level in (False, True):
        seeds = [seed for seed in house.pack.units if (seed.parent_code is not None) is level]
        added = [
            AddUnit(code=s.code, name=s.name, kind=s.kind, parent_id=units.get(s.parent_code or ""), labels=s.label)
            for s in seeds
        ]
        units.update(zip((s.code for s in seeds), _done(house, added, now), strict=True))
    people = _people(house, units, since, now)
    _accounts(engine, people, now)
    engine.dispose()
    return people


def _people(house: House, units: Mapping[str, int], since: date, now: datetime) -> People:
    (top,) = (seed.code for seed in house.pack.units if seed.parent_code is None)
    workers = {code: unit for code, unit in units.items() if code != top}
    posts = [AddPerson(name=f"{code} 网格员", unit_id=unit) for code, unit in workers.items()]
    posts += [AddPerson(name=f"县 {role}", unit_id=units[top]) for role in ROLES]
    ids = _done(house, posts, now)
    staff = dict(zip(workers.values(), ids, strict=False))
    by_role = dict(zip(ROLES, ids[len(workers) :], strict=True))
    grants = [GiveGrant(person_id=p, role="staff", unit_id=u, starts_on=since) for u, p in staff.items()]
    grants += [GiveGrant(person_id=p, role=r, unit_id=units[top], starts_on=since) for r, p in by_role.items()]
    _done(house, grants, now)
    offices = tuple(unit for code, unit in workers.items() if "." in code)
    villages = tuple(unit for code, unit in workers.items() if "." not in code)
    return People(villages, offices, staff, by_role | {"staff": staff[villages[0]]})


def _done(house: House, commands: Iterable[Command], now: datetime) -> list[int]:
    results = handle_all(house, [Request(command, SYSTEM, now) for command in commands])
    return [result.stream_id for result in results if isinstance(result, Done)]


def _accounts(engine: Engine, people: People, now: datetime) -> None:
    for role, person_id in people.by_role.items():
        signin.add_account(
            engine,
            login=role.replace("_", "-"),
            password=PASSWORD,
            person_id=person_id,
            locale="zh-Hans",
            must_change=False,
            now=now,
        )


def _write_calendar(folder: Path, year: int) -> None:
    """Days of a year whose notice is not out: due days of petitions may lie in it."""
    path = folder / CALENDAR_FOLDER / f"{year}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"year": year, "days": [{"date": f"{year}-01-01", "isOffDay": True}]}), "utf-8")
