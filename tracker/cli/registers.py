"""`xiaohao registers`: what was defined here, also where it no longer fits the pack, and how to mend that."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tracker.cli.installation import Installation, opened

if TYPE_CHECKING:
    from tracker.domain.commands import DefineRegister, WithdrawRegister
    from tracker.domain.defining import Definition
    from tracker.packs.problems import Problem


@click.group()
def registers() -> None:
    """Registers that administrators defined in the browser; works where they no longer fit the pack."""


@registers.command("list")
def show() -> None:
    """Each with its version and day, and what does not fit."""
    with opened(as_delivered=True) as installation:
        for definition in _latest(installation).values():
            state = "withdrawn" if definition.is_withdrawn else "in effect from"
            click.echo(f"{definition.name:<28} version {definition.version}  {state} {definition.takes_effect_on}")
        mistakes = _mistakes(installation)
    for mistake in mistakes:
        click.echo(f"  {mistake}", err=True)
    if mistakes:
        raise click.ClickException(
            "This does not fit. Put the files right (registers files NAME FOLDER, then registers define NAME FOLDER), "
            "or take the register back (registers withdraw NAME --reason …)."
        )


@registers.command()
def check() -> None:
    """Hold every record against the registers in force: what they do not know as it is, and in how many records."""
    with opened() as installation:
        mistakes = unread_told(installation)
    for mistake in mistakes:
        click.echo(f"  {mistake}", err=True)
    if mistakes:
        raise click.ClickException(
            "Records say what the registers no longer know. Put the pack or the registers right."
        )
    click.echo("Every record is known to its register.")


@registers.command()
@click.argument("name")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
def files(name: str, folder: Path) -> None:
    """Write the files of NAME into FOLDER, as they were last defined, to be put right there."""
    with opened(as_delivered=True) as installation:
        definition = _named(installation, name)
    for path, text in definition.files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
        click.echo(str(target))


@registers.command()
@click.argument("name")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
def define(name: str, folder: Path) -> None:
    """A new version of NAME from the files in FOLDER, in effect from today."""
    from tracker import clock
    from tracker.domain.commands import DefineRegister
    from tracker.domain.defining import FOLDERS

    found = {
        f"{part}/{path.name}": path.read_text(encoding="utf-8")
        for part in FOLDERS
        for path in sorted((folder / part).glob("*.yaml"))
    }
    with opened(as_delivered=True) as installation:
        definition = _latest(installation).get(name)
        version = definition.version if definition else 0
        today = installation.house.today(clock.now())
        _carry_out(installation, DefineRegister(name=name, files=found, takes_effect_on=today, version=version))
    click.echo(f"{name} is defined: version {version + 1}.")


@registers.command()
@click.argument("name")
@click.option("--reason", required=True, help="Why; it stays in the log.")
def withdraw(name: str, reason: str) -> None:
    """Take NAME back: a register of the pack is again what the pack says, one made here takes no more entries."""
    from tracker.domain.commands import WithdrawRegister

    with opened(as_delivered=True) as installation:
        version = _named(installation, name).version
        _carry_out(installation, WithdrawRegister(name=name, reason=reason, version=version))
        mistakes = _mistakes(installation)
    click.echo(f"{name} is withdrawn.")
    if mistakes:
        click.echo("Others still do not fit: xiaohao registers list", err=True)


def _latest(installation: Installation) -> dict[str, Definition]:
    with installation.engine.connect() as conn:
        return {d.name: d for d in installation.house.definitions(conn)}


def _named(installation: Installation, name: str) -> Definition:
    definition = _latest(installation).get(name)
    if definition is None:
        raise click.ClickException(f"Nothing was defined here for {name}.")
    return definition


def _mistakes(installation: Installation) -> list[str]:
    """What the loader says of the pack with the definitions in effect today."""
    from tracker import clock
    from tracker.domain.defining import in_effect
    from tracker.packs.loader import LoadedPack, PackError, load_defined

    house = installation.house
    if not isinstance(house.pack, LoadedPack) or house.pack.folder is None:
        return []
    with installation.engine.connect() as conn:
        known = house.definitions(conn)
    try:
        load_defined(house.pack.folder, in_effect(known, house.today(clock.now())))
    except PackError as mistaken:
        return _told(installation, mistaken.problems)
    return []


def _told(installation: Installation, problems: Iterable[Problem]) -> list[str]:
    """Each mistake with file and line, in the language of the terminal."""
    from tracker import pack_words

    lines = (f"{one.file}:{one.line}: " + pack_words.mistake(one) for one in problems)
    return installation.say(lambda: "\n".join(lines)).splitlines()


def unread_told(installation: Installation) -> list[str]:
    """What records say and the registers in force do not know, a line for each."""
    from tracker import words
    from tracker.queries.unread import unread

    with installation.engine.connect() as conn:
        found = list(unread(conn, installation.house.pack))
    return installation.say(lambda: "\n".join(words.refusal(one) for one in found)).splitlines()


def _carry_out(installation: Installation, command: DefineRegister | WithdrawRegister) -> None:
    from tracker import clock, words
    from tracker.domain.people import SYSTEM
    from tracker.domain.refusals import Refusal, Refusals
    from tracker.handler import handle

    try:
        handle(installation.house, command, actor_id=SYSTEM, now=clock.now())
    except (Refusal, Refusals) as no:
        refusals = no.refusals if isinstance(no, Refusals) else (no,)
        told = installation.say(lambda: "; ".join(words.refusal(one) for one in refusals))
        problems = _told(installation, [p for one in refusals for p in one.params.get("problems", ())])
        raise click.ClickException("\n  ".join([told, *problems])) from no
