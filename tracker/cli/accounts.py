"""`xiaohao user add`: a person with a role and a way to sign in. The first administrator comes in by this door."""

from __future__ import annotations

from functools import partial

import click

from tracker.cli.installation import Installation, opened
from tracker.domain.people import Role


@click.group()
def user() -> None:
    """People who sign in."""


@user.command("add")
@click.option("--login", prompt="Sign-in name", help="What the person types to sign in.")
@click.option("--name", prompt="Name", help="What others see; a post will do.")
@click.option(
    "--role",
    type=click.Choice([role.value for role in Role]),
    prompt="Role",
    default="administrator",
    help="What they may do.",
)
@click.option("--unit", help="Name or code of their unit; the topmost one when left out.")
@click.option("--register", help="Only in this register.")
def add(login: str, name: str, role: str, unit: str | None, register: str | None) -> None:
    """Add a person, give them a role in their unit, and print a password for the first sign-in."""
    from tracker import passwords

    with opened() as installation:
        unit_id = _unit_id(installation, unit)
        if register and register not in installation.house.pack.register_by_name:
            raise click.ClickException(f"There is no register {register} in this pack.")
        password = passwords.one_time()
        _add(installation, login=login, name=name, role=role, unit_id=unit_id, register=register, password=password)
        click.echo(f"{login} can sign in with {password} and has to choose a new password then.")


def _unit_id(installation: Installation, wanted: str | None) -> int:
    from tracker import words
    from tracker.domain.refusals import Refusal
    from tracker.exchange.names import UnitNames

    with installation.engine.connect() as conn:
        directory = installation.house.directory(conn)
    if wanted is None:
        if directory.top is None:
            raise click.ClickException("No unit stands above all others; name one with --unit.")
        return directory.top.id
    try:
        return UnitNames(directory.units).find(wanted)
    except Refusal as why:
        refusal = why
        raise click.ClickException(installation.say(lambda: words.refusal(refusal))) from why


def _add(
    installation: Installation, *, login: str, name: str, role: str, unit_id: int, register: str | None, password: str
) -> None:
    from tracker import clock, signin, words
    from tracker.domain.commands import AddPerson, ChangeAccount, GiveGrant
    from tracker.domain.people import SYSTEM, AccountChange
    from tracker.domain.refusals import Refusal
    from tracker.handler import handle

    house, now = installation.house, clock.now()
    try:
        # The name first: a person without an account could be mended, an account without a person could not.
        signin.check_login(installation.engine, login)
        person_id = handle(house, AddPerson(name=name, unit_id=unit_id), actor_id=SYSTEM, now=now).stream_id
        grant = GiveGrant(
            person_id=person_id, role=role, unit_id=unit_id, register=register, starts_on=house.today(now)
        )
        handle(house, grant, actor_id=SYSTEM, now=now)
        opened_account = ChangeAccount(
            person_id=person_id, login=signin.normal_login(login), change=AccountChange.OPENED
        )
        account = partial(
            signin.open_account,
            login=login,
            new_hash=signin.password_hash(login, password),
            person_id=person_id,
            locale=None,
            must_change=True,
            now=now,
        )
        handle(house, opened_account, actor_id=SYSTEM, now=now, beside=account)
    except Refusal as why:
        refusal = why
        raise click.ClickException(installation.say(lambda: words.refusal(refusal))) from why
