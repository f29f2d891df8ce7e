"""`xiaohao init` and `xiaohao run`: from an empty folder to a server with a demonstration in it."""

from __future__ import annotations

import gc
import signal
import socket
from typing import TYPE_CHECKING, Any

import click

from tracker.cli.installation import Installation, Progress, migrate, opened
from tracker.cli.log import make_again_if_behind

if TYPE_CHECKING:
    from types import FrameType

LONGEST_WAIT = 120
"""Seconds for a request's body and answer: a village uploads photographs over a slow line."""


@click.command()
@click.option("--demo", is_flag=True, help="Fill an empty database with the demonstration township.")
def init(demo: bool) -> None:  # click gives options by name
    """Make or upgrade the database; never removes anything."""
    with opened(must_exist=False) as installation:
        migrate(installation)
        make_again_if_behind(installation)
        if demo:
            load_demonstration(installation)
        else:
            _found_units(installation)
        click.echo(f"Ready: {installation.settings.instance}")


@click.command()
def run() -> None:
    """Serve the pages; an empty database gets the demonstration of the pack first, or else its units."""
    from tracker.cli import demonstration

    with opened(must_exist=False) as installation:
        settings = installation.settings
        _check_port(settings.host, settings.port)
        migrate(installation)
        with installation.engine.connect() as conn:
            installation.house.follow(conn)  # what does not fit is told now, not at the first request
        make_again_if_behind(installation)
        if demonstration.folder_of(installation.house) is None:
            _found_units(installation)
        elif demonstration.is_wanted(installation.house):
            load_demonstration(installation)
        _serve(installation)


def load_demonstration(installation: Installation) -> None:
    """Into an empty database, or where a load was interrupted. A database with records is left alone."""
    from tracker.cli import demonstration

    folder = demonstration.folder_of(installation.house)
    if folder is None:
        raise click.ClickException(f"The pack {installation.house.pack.name} has no demonstration.")
    if not demonstration.is_wanted(installation.house):
        raise click.ClickException("The database has records already; a demonstration needs an empty one.")
    click.echo("Loading the demonstration township (once, half a minute) …")
    demonstration.load(installation.house, folder, installation.files(), Progress("Loading"))


def _found_units(installation: Installation) -> None:
    """The units that the pack proposes, when the log is empty; and what comes next."""
    from tracker import clock
    from tracker.cli.founding import add_units
    from tracker.log import store

    with installation.engine.connect() as conn:
        if store.read_head(conn).size:
            return
    count = len(add_units(installation.house, clock.now(), key="init"))
    click.echo(f"{count} units of the pack were added. Next: xiaohao user add")


def _check_port(host: str, port: int) -> None:
    """One line instead of a traceback, before anything is loaded."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        if hasattr(socket, "SO_EXCLUSIVEADDRUSE"):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host.strip("[]"), port))
        except OSError as error:
            raise click.ClickException(
                f"{host}:{port} cannot be used ({error.strerror}). Is Xiaohao running already? "
                f"Else choose another port: PORT={port + 1}"
            ) from error


def _serve(installation: Installation) -> None:
    from waitress.server import create_server

    from tracker import clock, jobs

    settings = installation.settings
    server: Any = create_server(
        installation.app,
        host=settings.host,
        port=settings.port,
        threads=settings.threads,
        channel_timeout=LONGEST_WAIT,
        max_request_body_size=settings.request_bytes,
        ident=None,
        clear_untrusted_proxy_headers=False,  # believed or not by XIAOHAO_PROXIES, in the application
    )
    signal.signal(signal.SIGTERM, _stop)
    click.echo(f"Xiaohao: http://{settings.host}:{settings.port}   (Ctrl-C stops it)")
    _print_accounts(installation)
    gc.freeze()  # all that was loaded: no look for garbage goes through it any more
    stop_clockwork = jobs.start(installation.house, clock.now)
    try:
        server.run()
    finally:
        stop_clockwork()
        server.close()
    click.echo("Stopped.")


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)


def _print_accounts(installation: Installation) -> None:
    """Only for invented data: the log says that it is a demonstration."""
    from tracker.cli.demonstration import PASSWORD
    from tracker.queries import demonstration

    with installation.engine.connect() as conn:
        accounts = demonstration.accounts(conn, installation.house)
    if accounts:
        click.echo(f"Demonstration accounts, password {PASSWORD}:")
    for account in accounts:
        roles = ", ".join(grant.role for grant in account.person.grants)
        click.echo(f"  {account.login:<18} {account.person.name}  ({roles})")
