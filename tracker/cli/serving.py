"""`xiaohao init` and `xiaohao run`: from an empty folder to a server with a demonstration in it."""

from __future__ import annotations

import signal
import socket
from typing import TYPE_CHECKING, Any

import click

from tracker.cli.installation import Installation, Progress, migrate, opened

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
        if demo:
            load_demonstration(installation)
        else:
            count = _found_units(installation)
            if count:
                click.echo(f"{count} units of the pack were added. Next: xiaohao user add")
        click.echo(f"Ready: {installation.settings.instance}")


@click.command()
def run() -> None:
    """Serve the pages; a database that is empty gets the demonstration township first."""
    with opened(must_exist=False) as installation:
        settings = installation.settings
        _check_port(settings.host, settings.port)
        migrate(installation)
        load_demonstration(installation, quiet=True)
        _serve(installation)


def load_demonstration(installation: Installation, *, quiet: bool = False) -> None:
    """Into an empty database, or where a load was interrupted. A database with records is left alone."""
    from tracker.cli import demonstration

    if not demonstration.is_wanted(installation.house):
        if not quiet:
            raise click.ClickException("The database has records already; a demonstration needs an empty one.")
        return
    click.echo("Loading the demonstration township (once, some twenty seconds) …")
    demonstration.load(installation.house, installation.files(), Progress("Loading"))


def _found_units(installation: Installation) -> int:
    """The units that the pack proposes, when the log is empty."""
    from tracker import clock
    from tracker.cli.founding import add_units
    from tracker.log import store

    with installation.engine.connect() as conn:
        if store.read_head(conn).size:
            return 0
    return len(add_units(installation.house, clock.now(), key="init"))


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
    try:
        server.run()
    finally:
        server.close()
    click.echo("Stopped.")


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)


def _print_accounts(installation: Installation) -> None:
    """Only for invented data: the log says that it is a demonstration."""
    from tracker.cli import demonstration
    from tracker.log import store

    with installation.engine.connect() as conn:
        if not store.read_head(conn).is_demonstration:
            return
    click.echo(f"Demonstration accounts, password {demonstration.PASSWORD}:")
    for login, post, roles in demonstration.accounts(installation.house):
        click.echo(f"  {login:<18} {post}  ({', '.join(roles)})")
