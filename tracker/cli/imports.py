"""`xiaohao import`: a workbook or CSV into a register, by the same reader, keys and rules as the page."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tracker.cli.installation import Installation, Progress, opened

if TYPE_CHECKING:
    from tracker.domain.people import Person
    from tracker.domain.registers import Register
    from tracker.exchange.reading import CellError, ImportReading, RowReading

SHOWN = 20


@click.command("import")
@click.argument("register")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Only say what would be registered.")
@click.option("--good-rows", is_flag=True, help="Register the sound rows although others have mistakes.")
@click.option("--as", "login", help="Sign-in name of who imports; the first supervisor when left out.")
@click.option("--sheet", help="Name of the sheet; the one with the most known columns when left out.")
@click.option("--place", help="Unit for rows that name no village.")
def import_file(  # one argument per option
    register: str,
    file: Path,
    dry_run: bool,  # click gives options by name
    good_rows: bool,
    login: str | None,
    sheet: str | None,
    place: str | None,
) -> None:
    """Register the rows of FILE in REGISTER. All or nothing; the same file again adds nothing twice."""
    with opened() as installation:
        if register not in installation.house.pack.register_by_name:
            names = ", ".join(installation.house.pack.register_by_name)
            raise click.ClickException(f"There is no register {register}; this pack has {names}.")
        actor = _actor(installation, login)
        content = file.read_bytes()
        reading = _read(installation, register, file.name, content, sheet, place)
        wrong = [row for row in reading.rows if row.errors]
        _report(installation, reading, wrong)
        if dry_run:
            return
        if reading.missing_required or (wrong and not good_rows):
            raise click.ClickException("Nothing was registered. Mend the rows above, or use --good-rows.")
        _carry_out(installation, actor, reading, f"import/{register}/{sha256(content).hexdigest()}/{reading.sheet}")


def _actor(installation: Installation, login: str | None) -> Person:
    from tracker import clock
    from tracker.domain.people import Role
    from tracker.signin import person_of

    today = installation.house.today(clock.now())
    with installation.engine.connect() as conn:
        people = installation.house.directory(conn).people
        person_id = person_of(conn, login) if login else None
    if login:
        if person_id is None:
            raise click.ClickException(f"Nobody signs in as {login}.")
        return people[person_id]
    found = [p for p in people.values() if not p.has_left and p.has_role(Role.SUPERVISOR, today)]
    if not found:
        raise click.ClickException("There is no supervisor yet; name who imports with --as.")
    return found[0]


def _read(
    installation: Installation, name: str, filename: str, content: bytes, sheet: str | None, place: str | None
) -> ImportReading:
    from tracker import clock, file_words
    from tracker.domain.refusals import Refusal
    from tracker.exchange.rows import read_file
    from tracker.packs.loader import LoadedPack

    house = installation.house
    with installation.engine.connect() as conn:
        directory = house.directory(conn)
    defaults: dict[str, Any] = {}
    if place is not None:
        found = [u.id for u in directory.units.values() if place in (u.code, u.name, *u.synonyms)]
        if len(found) != 1:
            raise click.ClickException(f"{len(found)} units are called {place}; give a code with --place.")
        defaults["place"] = found[0]
    pack = house.pack
    try:
        return read_file(
            content,
            filename,
            house.register(name),
            directory.units,
            directory.people,
            house.today(clock.now()),
            secret=installation.settings.secret_key.encode(),
            sheet_name=sheet,
            defaults=defaults,
            step_columns=tuple(pack.columns.get(name, ())) if isinstance(pack, LoadedPack) else (),
        )
    except Refusal as why:
        refusal = why
        register = house.register(name)
        raise click.ClickException(installation.say(lambda: file_words.file_trouble(refusal, register))) from why


def _report(installation: Installation, reading: ImportReading, wrong: list[RowReading]) -> None:
    from tracker import words

    register = installation.house.register(reading.register)
    for name in reading.missing_required:
        field = register.by_name[name]
        heading = installation.say(lambda field=field: words.of(field.label))  # type: ignore[misc] # bound on purpose
        click.echo(f"missing column: {heading}", err=True)
    errors = [error for row in wrong for error in row.errors]
    for error in errors[:SHOWN]:
        click.echo(installation.say(lambda error=error: _worded(error, register)), err=True)  # type: ignore[misc] # bound on purpose
    if len(errors) > SHOWN:
        click.echo(f"… and {len(errors) - SHOWN} more mistakes", err=True)
    repeated = sum(row.duplicate_of is not None for row in reading.rows)
    click.echo(
        f"sheet {reading.sheet}: {len(reading.rows)} rows, {len(reading.ready_rows)} ready, "
        f"{len(wrong)} with mistakes, {repeated} repeated, {len(reading.skipped)} lines that are no record"
    )


def _worded(error: CellError, register: Register) -> str:
    from tracker import file_words, words

    heading = words.label_of(error.field, register.fields)
    return f"{error.cell or error.row} {heading}: {file_words.cell_trouble(error.code, error.params)}"


def _carry_out(installation: Installation, actor: Person, reading: ImportReading, key: str) -> None:
    from tracker import words
    from tracker.domain.refusals import Refusal
    from tracker.exchange.commands import carry_out

    try:
        done = carry_out(installation.house, reading, actor_id=actor.id, key=key, progress=Progress("Registering"))
    except Refusal as why:
        refusal = why
        raise click.ClickException(
            f"Nothing was registered: {installation.say(lambda: words.refusal(refusal))}"
        ) from why
    click.echo(
        f"{done.registered} registered, {done.known} known already, {done.steps} steps of their past recorded, "
        f"{len(done.refused)} refused"
    )
    for row, no in done.refused[:SHOWN]:
        click.echo(installation.say(lambda row=row, no=no: f"row {row}: {words.refusal(no)}"), err=True)  # type: ignore[misc] # bound on purpose
    if done.refused:
        raise SystemExit(1)
