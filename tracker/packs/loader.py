"""Loads a pack: a folder of YAML becomes registers, units, figures, reports and layouts, or a list of mistakes.

Every file is read and held against the schema before anything is built, and everything is built before
anything is believed, so that an author sees all mistakes at once. Nothing is cached here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from tracker.domain.duties import DutySpec
from tracker.domain.records import RecordRegister
from tracker.domain.registers import Field, Pack, Register, UnitSeed
from tracker.packs.accounts import AnyCounted
from tracker.packs.checklists import build_checklist
from tracker.packs.deadlines import build_limits, check_limits
from tracker.packs.duties import build_duties, check_duties
from tracker.packs.fields import NOTHING_SHARED, AnyRegister, Shared, build_shared, path_of
from tracker.packs.figures import build_figures, build_report
from tracker.packs.layouts import build_layout
from tracker.packs.problems import PackError, Problem
from tracker.packs.records import build_record_register, check_record_register, keeps_tickets, part_of
from tracker.packs.registers import LimitsByClock, build_register
from tracker.packs.shape import check_shape
from tracker.packs.source import Source, read_source
from tracker.packs.units import build_units

__all__ = ["LoadedPack", "PackError", "Problem", "built_in", "load_pack"]

REGISTERS = "registers"
REPORTS = "reports"
LAYOUTS = "layouts"
CHECKLISTS = "checklists"
DUTIES = "duties.yaml"
DEMO = "demo"


@dataclass(frozen=True, kw_only=True)
class LoadedPack(Pack):
    """A pack and its `demo_folder`: the year that `xiaohao run` tells in an empty database, where the pack has one."""

    demo_folder: Path | None = None


@dataclass(frozen=True, slots=True)
class _Files:
    """All files of a pack, read and of the right shape."""

    pack: Source
    units: Source
    deadlines: Source
    figures: Source
    common: Mapping[str, Source]  # by file name, `_common.yaml`
    registers: tuple[Source, ...]  # whatever they keep
    reports: tuple[Source, ...]
    layouts: tuple[Source, ...]
    checklists: tuple[Source, ...]
    duties: Source | None


def built_in(name: str) -> Path:
    """The folder of a pack that comes with the product."""
    return Path(__file__).parent / name


def load_pack(path: Path) -> LoadedPack:
    """The pack in folder `path`. Raises PackError with every mistake, each with file, line and remedy.

    Takes some 0.5 s; callers keep the result for the life of the process.
    """
    files = _read(path)
    problems: list[Problem] = []
    limits = build_limits(files.deadlines, problems)
    shared = {name: build_shared(source, problems) for name, source in files.common.items()}
    registers, columns = _registers(files, shared, limits, problems)
    records = _records(files, shared, problems)
    _check_between(files, registers, records, problems)
    check_limits(files.deadlines, registers, problems)
    units = build_units(files.units, problems)
    duties = _duties(files, registers, records, units, problems)
    counted: dict[str, AnyCounted] = {**registers, **records, **{duty.name: duty for duty in duties}}
    figures, predicates = build_figures(files.figures, counted, problems)
    reports = tuple(build_report(source, files.figures, figures, problems) for source in files.reports)
    layouts = tuple(build_layout(source, registers, columns, problems) for source in files.layouts)
    checklists = tuple(build_checklist(source, registers, records, problems) for source in files.checklists)
    if problems:
        raise PackError(problems)
    return LoadedPack(
        name=files.pack.data["name"],
        version=files.pack.data["version"],
        label=files.pack.data["label"],
        registers=tuple(replace(r, predicates=predicates.get(name, ())) for name, r in registers.items()),
        units=units,
        figures=figures,
        reports=reports,
        records=tuple(replace(r, predicates=predicates.get(name, ())) for name, r in records.items()),
        duties=duties,
        checklists=checklists,
        columns=columns,
        layouts=layouts,
        demo_folder=path / DEMO if (path / DEMO).is_dir() else None,
    )


def _registers(
    files: _Files, shared: Mapping[str, Shared], limits: LimitsByClock, problems: list[Problem]
) -> tuple[dict[str, Register], dict[str, tuple[Field, ...]]]:
    """The registers of tickets."""
    registers: dict[str, Register] = {}
    columns: dict[str, tuple[Field, ...]] = {}
    for source in files.registers:
        if not keeps_tickets(source):
            continue
        common = shared.get(source.data.get("include"), NOTHING_SHARED)
        register = build_register(source, common, files.pack.data["version"], limits, problems)
        registers[register.name] = register
        columns[register.name] = common.columns
    return registers, columns


def _records(files: _Files, shared: Mapping[str, Shared], problems: list[Problem]) -> dict[str, RecordRegister]:
    """The registers of activities, subjects and statistics."""
    records: dict[str, RecordRegister] = {}
    for source in files.registers:
        if not keeps_tickets(source):
            common = shared.get(source.data.get("include"), NOTHING_SHARED)
            register = build_record_register(source, common, files.pack.data["version"], problems)
            records[register.name] = register
    return records


def _check_between(
    files: _Files, registers: dict[str, Register], records: dict[str, RecordRegister], problems: list[Problem]
) -> None:
    """What registers must not share, and what they say of each other."""
    prefixes: dict[str, str] = {}
    checklists = [source.data["name"] for source in files.checklists]
    known: dict[str, AnyRegister] = {**registers, **records}
    for source in files.registers:
        register = known[source.data["name"]]
        problems.extend(_check_identity(source, register, prefixes))
        problems.extend(_check_links(source, register, files.pack.data["registers"]))
        if isinstance(register, RecordRegister):
            problems.extend(check_record_register(source, register, registers, checklists))


def _duties(
    files: _Files,
    registers: dict[str, Register],
    records: dict[str, RecordRegister],
    units: tuple[UnitSeed, ...],
    problems: list[Problem],
) -> tuple[DutySpec, ...]:
    if files.duties is None:
        return ()
    duties = build_duties(files.duties, problems)
    problems.extend(check_duties(files.duties, duties, registers, records, units))
    return duties


def _check_identity(source: Source, register: AnyRegister, prefixes: dict[str, str]) -> Iterator[Problem]:
    """The file is named as the register, and no two registers number their records alike."""
    if source.name != f"{REGISTERS}/{register.name}.yaml":
        yield source.problem(("name",), f"{register.name} stands in {source.name}", "name both alike")
    for part, prefix in (("prefix", register.prefix), ("ascii_prefix", register.ascii_prefix)):
        other = prefixes.setdefault(prefix, register.name) if prefix else register.name
        if other != register.name:
            yield source.problem((part,), f"{prefix} already belongs to {other}", "choose another")


def _check_links(source: Source, register: AnyRegister, known: Collection[str]) -> Iterator[Problem]:
    """Links point into registers of the pack, whatever they keep."""
    for link in register.fields:
        if link.register and link.register not in known:
            what = f"{link.name} points into an unknown register {link.register}"
            yield source.problem(path_of(source, ("fields",), link.name), what, f"name one of {', '.join(known)}")


def _read(path: Path) -> _Files:
    """Reads on after a mistake, so that the mistakes of all files come out together."""
    pack = _read_one(path, "pack.yaml", "pack")
    reader = _Reader(path)
    registers = tuple(f"{REGISTERS}/{name}.yaml" for name in pack.data["registers"])
    reports = tuple(f"{REPORTS}/{name}.yaml" for name in pack.data["reports"])
    layouts = tuple(f"{LAYOUTS}/{name}.yaml" for name in pack.data.get("layouts", ()))
    checklists = tuple(f"{CHECKLISTS}/{name}.yaml" for name in pack.data.get("checklists", ()))
    for part in ("units", "deadlines", "figures"):
        reader.read(f"{part}.yaml", part)
    for name in registers:
        reader.read(name)
    includes = sorted({s.data["include"] for s in reader.sources.values() if "include" in s.data})
    for name in includes:
        reader.read(f"{REGISTERS}/{name}", "common")
    for name in reports:
        reader.read(name, "report")
    for name in layouts:
        reader.read(name, "layout")
    for name in checklists:
        reader.read(name, "checklist")
    if (path / DUTIES).exists():  # a pack may owe nothing
        reader.read(DUTIES, "duties")
    if reader.problems:
        raise PackError(reader.problems)
    sources = reader.sources
    return _Files(
        pack=pack,
        units=sources["units.yaml"],
        deadlines=sources["deadlines.yaml"],
        figures=sources["figures.yaml"],
        common={name: sources[f"{REGISTERS}/{name}"] for name in includes},
        registers=tuple(sources[name] for name in registers),
        reports=tuple(sources[name] for name in reports),
        layouts=tuple(sources[name] for name in layouts),
        checklists=tuple(sources[name] for name in checklists),
        duties=sources.get(DUTIES),
    )


def _read_one(path: Path, name: str, part: str | None = None) -> Source:
    """The file, of the right shape: that of `part`, or of what the register says that it keeps."""
    source = read_source(path, name)
    problems = check_shape(source, part or part_of(source))
    if problems:
        raise PackError(problems)
    return source


@dataclass(slots=True)
class _Reader:
    """Keeps the files that are of the right shape, and the problems of the others."""

    folder: Path
    sources: dict[str, Source] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def read(self, name: str, part: str | None = None) -> None:
        try:
            self.sources[name] = _read_one(self.folder, name, part)
        except PackError as error:
            self.problems.extend(error.problems)
