"""Loads a pack: a folder of YAML becomes registers, units, figures, reports and layouts, or a list of mistakes.

Every file is read and held against the schema before anything is built, and everything is built before
anything is believed, so that an author sees all mistakes at once. Nothing is cached here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path

from tracker.domain.defining import Definition
from tracker.domain.duties import DutySpec
from tracker.domain.figures import FigureSpec, ReportSpec
from tracker.domain.packs import Pack, UnitSeed
from tracker.domain.records import RecordRegister
from tracker.domain.registers import Field, Label, Register
from tracker.packs.accounts import AnyCounted
from tracker.packs.checklists import CHECKLISTS, build_checklist
from tracker.packs.deadlines import all_limits, check_limits
from tracker.packs.duties import build_duties, check_duties
from tracker.packs.fields import NOTHING_SHARED, AnyRegister, Shared, build_shared, path_of
from tracker.packs.figures import build_figures, build_report
from tracker.packs.following import check_subject_states
from tracker.packs.layouts import build_layout
from tracker.packs.opening import check_opening
from tracker.packs.problems import PackError, Problem
from tracker.packs.records import build_record_register, check_record_register, keeps_tickets, part_of
from tracker.packs.registers import LimitsByClock, build_register
from tracker.packs.shape import check_shape
from tracker.packs.source import Folder, Overlay, Source, Texts, read_text
from tracker.packs.succession import check_successions
from tracker.packs.units import build_units

__all__ = ["LoadedPack", "PackError", "Problem", "built_in", "load_defined", "load_pack"]

REGISTERS = "registers"
REPORTS = "reports"
LAYOUTS = "layouts"
FIGURES = "figures"
DEADLINES = "deadlines"
DUTIES = "duties.yaml"
OWN_DUTIES = "duties"
DEMO = "demo"


@dataclass(frozen=True, kw_only=True)
class LoadedPack(Pack):
    """A pack, the `folder` of its files, and its `demo_folder`: the year that `xiaohao run` tells in an empty database,
    where the pack has one."""

    demo_folder: Path | None = None
    folder: Path | None = None


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
    # What an installation adds or writes over: by register its version, further figures and deadlines.
    versions: Mapping[str, str]
    own_figures: tuple[Source, ...]
    own_deadlines: tuple[Source, ...]
    own_duties: tuple[Source, ...]
    withdrawn: frozenset[str]

    def version_of(self, register: str) -> str:
        """What records of the register keep."""
        version: str = self.versions.get(register) or self.pack.data["version"]
        return version


def built_in(name: str) -> Path:
    """The folder of a pack that comes with the product."""
    return Path(__file__).parent / name


def load_pack(path: Path) -> LoadedPack:
    """The pack in folder `path`. Raises PackError with every mistake, each with file, line and remedy.

    Takes some 0.5 s; callers keep the result for the life of the process.
    """
    return load_defined(path, ())


def load_defined(path: Path, definitions: Sequence[Definition]) -> LoadedPack:
    """The pack in folder `path` with the registers that an installation defines beside its own or in their place.

    The order of `definitions` is that of their conditions (`figures.py`): it must not change while records count.
    """
    files = _read(Folder(path), definitions)
    problems: list[Problem] = []
    limits = all_limits(files.deadlines, files.own_deadlines, problems)
    shared = {name: build_shared(source, problems) for name, source in files.common.items()}
    registers, columns = _registers(files, shared, limits, problems)
    records = _records(files, shared, problems)
    _check_between(files, registers, records, problems)
    for source in (files.deadlines, *files.own_deadlines):
        check_limits(source, registers, problems)
    units = build_units(files.units, problems)
    duties = _duties(files, registers, records, units, problems)
    counted: dict[str, AnyCounted] = {**registers, **records, **{duty.name: duty for duty in duties}}
    figures, predicates = build_figures(files.figures, counted, problems, own=files.own_figures)
    reports = _reports(files, figures, counted, problems)
    layouts = tuple(build_layout(source, registers, columns, problems) for source in files.layouts)
    checklists = tuple(build_checklist(source, registers, records, units, problems) for source in files.checklists)
    if problems:
        raise PackError(problems)
    return LoadedPack(
        name=files.pack.data["name"],
        version=files.pack.data["version"],
        label=files.pack.data["label"],
        registers=tuple(
            replace(r, predicates=predicates.get(name, ()), is_withdrawn=name in files.withdrawn)
            for name, r in registers.items()
        ),
        units=units,
        figures=figures,
        reports=reports,
        records=tuple(
            replace(r, predicates=predicates.get(name, ()), is_withdrawn=name in files.withdrawn)
            for name, r in records.items()
        ),
        duties=duties,
        checklists=checklists,
        columns=columns,
        layouts=layouts,
        demo_folder=path / DEMO if (path / DEMO).is_dir() else None,
        folder=path,
    )


def _reports(
    files: _Files, figures: tuple[FigureSpec, ...], counted: Mapping[str, AnyCounted], problems: list[Problem]
) -> tuple[ReportSpec, ...]:
    """The pack's reports; figures of an installation's own stand in the one that asks for them (`own: true`), each
    register's under its name."""
    own: list[tuple[Label, tuple[str, ...]]] = []
    for source in files.own_figures:
        by_register: dict[str, list[str]] = {}
        for item in source.data["figures"]:
            by_register.setdefault(item["register"], []).append(item["id"])
        labels = {name: getattr(counted.get(name), "label", {}) for name in by_register}
        own += [(labels[name], tuple(ids)) for name, ids in by_register.items()]
    reports = [build_report(source, files.figures, figures, problems) for source in files.reports]
    places = [n for n, source in enumerate(files.reports) if source.data.get("own")]
    if own and reports:
        place = places[0] if places else 0
        reports[place] = replace(reports[place], sections=(*reports[place].sections, *own))
    return tuple(reports)


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
        version = files.version_of(source.data["name"])
        register = build_register(source, common, version, limits, problems)
        registers[register.name] = register
        columns[register.name] = common.columns
    return registers, columns


def _records(files: _Files, shared: Mapping[str, Shared], problems: list[Problem]) -> dict[str, RecordRegister]:
    """The registers of activities, subjects and statistics."""
    records: dict[str, RecordRegister] = {}
    for source in files.registers:
        if not keeps_tickets(source):
            common = shared.get(source.data.get("include"), NOTHING_SHARED)
            register = build_record_register(source, common, files.version_of(source.data["name"]), problems)
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
        problems.extend(_check_links(source, register, known))
        if isinstance(register, RecordRegister):
            problems.extend(check_record_register(source, register, registers, checklists))
            problems.extend(check_opening(source, register, records))
        else:
            problems.extend(check_subject_states(source, register, records))
            problems.extend(check_successions(source, register, registers))


def _duties(
    files: _Files,
    registers: dict[str, Register],
    records: dict[str, RecordRegister],
    units: tuple[UnitSeed, ...],
    problems: list[Problem],
) -> tuple[DutySpec, ...]:
    """What the pack says is owed, then what an installation adds."""
    found: dict[str, DutySpec] = {}
    for source in (files.duties, *files.own_duties):
        duties = build_duties(source, problems) if source else ()
        problems.extend(check_duties(source, duties, registers, records, units, found) if source else ())
        found |= {duty.id: duty for duty in duties}
    return tuple(found.values())


def _check_identity(source: Source, register: AnyRegister, prefixes: dict[str, str]) -> Iterator[Problem]:
    """The file is named as the register, and no two registers number their records alike."""
    if source.name != f"{REGISTERS}/{register.name}.yaml":
        yield source.problem(("name",), f"{register.name} stands in {source.name}", "name both alike")
    for part, prefix in (("prefix", register.prefix), ("ascii_prefix", register.ascii_prefix)):
        other = prefixes.setdefault(prefix, register.name) if prefix else register.name
        if other != register.name:
            yield source.problem((part,), f"{prefix} already belongs to {other}", "choose another")


def _check_links(source: Source, register: AnyRegister, known: Mapping[str, AnyRegister]) -> Iterator[Problem]:
    """Links point into registers of the pack, whatever they keep; what they settle, records say there."""
    for link in register.links:
        there = known.get(link.register or "")
        own = [register.by_name[name] for name in link.settles if name in register.by_name]
        unlike = [f.name for f in own if there is not None and not _says(there, f)]
        if unlike:
            what = f"{link.name}: {link.register} has no {', '.join(unlike)} to settle"
            mend = "settle open fields that registers of records have alike"
            yield source.problem(path_of(source, ("fields",), link.name), what, mend)
    for link in register.fields:
        if link.register and link.register not in known:
            what = f"{link.name} points into an unknown register {link.register}"
            yield source.problem(path_of(source, ("fields",), link.name), what, f"name one of {', '.join(known)}")


def _says(register: AnyRegister, field: Field) -> bool:
    same = register.by_name.get(field.name)
    return isinstance(register, RecordRegister) and same is not None and same.type is field.type and not same.is_private


def _read(folder: Folder, definitions: Sequence[Definition]) -> _Files:
    """Reads on after a mistake, so that the mistakes of all files come out together."""
    pack = _read_one(folder, "pack.yaml", "pack")
    delivered = frozenset(pack.data["registers"])
    definitions = [d for d in definitions if not (d.is_withdrawn and d.name in delivered)]
    files = {path: text for definition in definitions for path, text in definition.files.items()}
    texts = Overlay(folder, files)
    reader = _Reader(texts)
    registers = _named(REGISTERS, pack.data["registers"], files)
    reports = _named(REPORTS, pack.data["reports"])
    layouts = _named(LAYOUTS, pack.data.get("layouts", ()))
    checklists = _named(CHECKLISTS, pack.data.get("checklists", ()), files)
    figures, deadlines = _named(FIGURES, (), files), _named(DEADLINES, (), files)
    # What takes no more entries cannot be owed.
    duties = _named(OWN_DUTIES, (), [path for d in definitions if not d.is_withdrawn for path in d.files])
    parts = {"units.yaml": "units", "deadlines.yaml": "deadlines", "figures.yaml": "figures"}
    parts |= dict.fromkeys(reports, "report") | dict.fromkeys(layouts, "layout")
    parts |= dict.fromkeys(checklists, "checklist")
    parts |= dict.fromkeys(figures, "own_figures") | dict.fromkeys(deadlines, "deadlines")
    parts |= dict.fromkeys(duties, "duties")
    if texts.has(DUTIES):  # a pack may owe nothing
        parts[DUTIES] = "duties"
    for name in registers:
        reader.read(name)
    includes = sorted({s.data["include"] for s in reader.sources.values() if "include" in s.data})
    for name, part in (parts | {f"{REGISTERS}/{name}": "common" for name in includes}).items():
        reader.read(name, part)
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
        versions={
            name: f"{pack.data['version']}+{definition.version}"
            for definition in definitions
            for name in definition.registers
        },
        own_figures=tuple(sources[name] for name in figures),
        own_deadlines=tuple(sources[name] for name in deadlines),
        own_duties=tuple(sources[name] for name in duties),
        withdrawn=frozenset(name for d in definitions if d.is_withdrawn for name in d.registers) - delivered,
    )


def _named(folder: str, names: Iterable[str], files: Iterable[str] = ()) -> tuple[str, ...]:
    """The files of a folder: those that the pack names, then those that an installation adds."""
    added = (path for path in files if path.startswith(f"{folder}/"))
    return tuple(dict.fromkeys([*(f"{folder}/{name}.yaml" for name in names), *added]))


def _read_one(texts: Texts, name: str, part: str | None = None) -> Source:
    """The file, of the right shape: that of `part`, or of what the register says that it keeps."""
    return _shaped(texts.text(name), name, part)


@lru_cache(maxsize=256)
def _shaped(text: str, name: str, part: str | None) -> Source:
    """Read once however often a pack is put together: nobody changes the values of a file."""
    source = read_text(text, name)
    problems = check_shape(source, text, part or part_of(source))
    if problems:
        raise PackError(problems)
    return source


@dataclass(slots=True)
class _Reader:
    """Keeps the files that are of the right shape, and the problems of the others."""

    texts: Texts
    sources: dict[str, Source] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def read(self, name: str, part: str | None = None) -> None:
        try:
            self.sources[name] = _read_one(self.texts, name, part)
        except PackError as error:
            self.problems.extend(error.problems)
