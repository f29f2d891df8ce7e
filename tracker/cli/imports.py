"""`xiaohao import`: a workbook or CSV into a register, by the same reader, judgement and commands as the page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tracker.cli.installation import Installation, Progress, opened

if TYPE_CHECKING:
    from datetime import datetime

    from tracker.domain.people import Directory, Person
    from tracker.exchange.importing import Importer, Judged
    from tracker.exchange.reading import ImportReading
    from tracker.exchange.rows import CellError, RowReading

SHOWN = 20


@click.command("import")
@click.argument("register")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Only say what would be registered.")
@click.option("--good-rows", is_flag=True, help="Register the sound rows although others have mistakes.")
@click.option("--as", "login", help="Sign-in name of who imports; the first supervisor when left out.")
@click.option("--sheet", help="Name of the sheet; the one with the most known columns when left out.")
@click.option("--place", help="Unit for rows that name none.")
def import_file(  # one argument per option
    register: str,
    file: Path,
    dry_run: bool,  # click gives options by name
    good_rows: bool,
    login: str | None,
    sheet: str | None,
    place: str | None,
) -> None:
    """Enter the rows of FILE in REGISTER, of tickets or of other records. All or nothing; the same file again adds
    nothing twice."""
    from tracker import clock
    from tracker.queries.uploads import State

    with opened() as installation:
        now = clock.now()
        importer = _importer(installation, register, login, now)
        reading = _read(installation, importer, file, sheet, place)
        with installation.engine.connect() as conn:
            judged = tuple(importer.judge(conn, reading))
        _report(installation, importer, reading, judged)
        if dry_run:
            return
        if not good_rows and any(one.state is State.WRONG for one in judged):
            raise click.ClickException("Nothing was registered. Mend the rows above, or use --good-rows.")
        _carry_out(installation, importer, reading, judged, now, goes_on=good_rows)


# -- who imports, and what ------------------------------------------------------------------------------
def _importer(installation: Installation, register: str, login: str | None, now: datetime) -> Importer:
    from tracker.exchange.importing import Importer
    from tracker.queries.scope import Viewer

    house = installation.house
    known = house.pack.register_by_name.get(register) or house.pack.record_by_name.get(register)
    if known is None:
        names = ", ".join((*house.pack.register_by_name, *house.pack.record_by_name))
        raise click.ClickException(f"There is no register {register}; this pack has {names}.")
    with installation.engine.connect() as conn:
        directory, numbers = house.directory(conn), house.register_numbers(conn)
    person = _person(installation, directory, login, now)
    viewer = Viewer(person, directory, numbers, house.today(now))
    importer = Importer(house, viewer, known, installation.settings.secret_key.encode())
    if not importer.places:
        raise click.ClickException(f"{person.name} may import nowhere in {register}; name somebody else with --as.")
    return importer


def _person(installation: Installation, directory: Directory, login: str | None, now: datetime) -> Person:
    from tracker.domain.people import Role
    from tracker.signin import person_of

    if login:
        with installation.engine.connect() as conn:
            person_id = person_of(conn, login)
        if person_id is None:
            raise click.ClickException(f"Nobody signs in as {login}.")
        return directory.people[person_id]
    today = installation.house.today(now)
    found = [p for p in directory.people.values() if not p.has_left and p.has_role(Role.SUPERVISOR, today)]
    if not found:
        raise click.ClickException("There is no supervisor yet; name who imports with --as.")
    return found[0]


def _read(
    installation: Installation, importer: Importer, file: Path, sheet: str | None, place: str | None
) -> ImportReading:
    from tracker import file_words
    from tracker.domain.refusals import Refusal
    from tracker.exchange.names import UnitNames

    defaults: dict[str, Any] = {}
    try:
        if place is not None:
            defaults[importer.register.unit_field] = UnitNames(importer.viewer.directory.units).find(place)
        return importer.read(file.read_bytes(), file.name, sheet, defaults)
    except Refusal as why:
        refusal = why
        raise click.ClickException(
            installation.say(lambda: file_words.file_trouble(refusal, importer.register))
        ) from why


# -- what was understood ----------------------------------------------------------------------------------
def _report(installation: Installation, importer: Importer, reading: ImportReading, judged: tuple[Judged, ...]) -> None:
    """Everything that was noticed: columns, lines passed over, what will not come in; then the counts."""
    from tracker.queries.uploads import State

    _tell(_about_columns(installation, importer, reading), "columns")
    _tell((f"line {s.row} passed over ({s.reason}): {s.text}" for s in reading.skipped), "lines passed over")
    notes = (note for one in judged for note in one.row.notes)
    _tell((f"{_mistake(installation, importer, note)} (not taken over)" for note in notes), "cells not taken over")
    _tell_mistakes(installation, importer, reading, judged)
    count = {state: sum(one.state is state for one in judged) for state in State}
    click.echo(
        f"sheet {reading.sheet}: {len(judged)} rows, {count[State.READY]} ready, {count[State.WRONG]} with mistakes, "
        f"{count[State.KNOWN]} known already, {count[State.ADDS]} that add to what is known, "
        f"{count[State.REPEATED]} repeated, "
        f"{len(reading.skipped)} lines that are no record"
    )


def _tell(lines: Iterable[str], what: str) -> None:
    """The first lines on standard error, and how many more there are."""
    count = 0
    for count, line in enumerate(lines, 1):
        if count <= SHOWN:
            click.echo(line, err=True)
    if count > SHOWN:
        click.echo(f"… and {count - SHOWN} more {what}", err=True)


def _about_columns(installation: Installation, importer: Importer, reading: ImportReading) -> Iterator[str]:
    for name in reading.missing_required:
        yield f"missing column: {_label(installation, importer, name)}"
    for column in reading.unknown_columns:
        yield f"column {column.letter} {column.heading}: not used"
    for column in reading.duplicate_columns:
        yield f"column {column.letter} {column.heading}: not used, an earlier column says the same"
    for column in reading.columns:
        if column.target in importer.not_imported:
            yield f"column {column.letter} {column.heading}: recorded by a step, not by the import"
        if order := reading.day_orders.get(column.target or ""):
            yield f"column {column.letter} {column.heading}: {order.replace('_', ' ')} in its days"
    yield from (f"warning: {name.replace('_', ' ')}" for name in reading.warnings)


def _tell_mistakes(
    installation: Installation, importer: Importer, reading: ImportReading, rows: Iterable[Judged]
) -> None:
    from tracker.exchange.importing import mistakes_of

    mistakes = (error for one in rows for error in mistakes_of(one, reading))
    _tell((_mistake(installation, importer, error) for error in mistakes), "mistakes")


def _mistake(installation: Installation, importer: Importer, error: CellError) -> str:
    from tracker import file_words

    heading = f" {_label(installation, importer, error.field)}" if error.field else ""
    sentence = installation.say(lambda: file_words.cell_trouble(error.code, error.params))
    return f"{error.cell or error.row}{heading}: {sentence}"


def _label(installation: Installation, importer: Importer, name: str) -> str:
    from tracker import words

    return installation.say(lambda: words.label_of(name, (*importer.register.fields, *importer.further_columns)))


# -- registering --------------------------------------------------------------------------------------------
def _carry_out(
    installation: Installation,
    importer: Importer,
    reading: ImportReading,
    judged: tuple[Judged, ...],
    now: datetime,
    *,
    goes_on: bool,
) -> None:
    from tracker.queries.uploads import State

    rows = tuple(one.row for one in judged if one.state is State.READY)
    progress = Progress("Registering")
    done = importer.carry_out(reading, rows, now, goes_on=goes_on, progress=lambda count: progress(count, len(rows)))
    refused = [one for one in done if one.state is State.WRONG]
    _tell_mistakes(installation, importer, reading, refused)
    if refused and not goes_on:
        raise click.ClickException("Nothing was registered.")
    registered = [one.row for one in done if one.state is State.REGISTERED and not one.is_again]
    added = importer.add(reading, tuple(one.row for one in judged if one.state is State.ADDS), now)
    _tell_mistakes(installation, importer, reading, added)
    known = sum(one.state in (State.KNOWN, State.ADDS) for one in judged) + len(done) - len(registered) - len(refused)
    _tell_done(importer, registered, known, len(refused), sum(len(one.adds) for one in added))
    if refused:
        raise SystemExit(1)


def _tell_done(importer: Importer, registered: list[RowReading], known: int, refused: int, added: int) -> None:
    from tracker.domain.registers import Register
    from tracker.exchange.ticket_rows import command_of

    milestones, what = "", "values added to known statistics"
    if isinstance(importer.register, Register):
        dated = sum(len(command_of(row, importer.register).milestones) for row in registered)
        milestones, what = f"{dated} milestones with them, ", "milestones added to known tickets"
    click.echo(f"{len(registered)} registered, {milestones}{known} known already, {refused} refused, {added} {what}")
