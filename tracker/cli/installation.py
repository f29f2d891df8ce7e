"""The installation that a command works on: application, house, tables; and words in the terminal's language."""

from __future__ import annotations

import gc
import locale
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from flask import Flask
    from sqlalchemy import Engine

    from tracker.config import Settings
    from tracker.house import House
    from tracker.log.files import FileStore


@dataclass(frozen=True)
class Installation:
    """What commands need, joined as for the pages."""

    app: Flask
    settings: Settings

    @property
    def house(self) -> House:
        house: House = self.app.extensions["house"]
        return house

    @property
    def engine(self) -> Engine:
        return self.house.engine

    def files(self) -> FileStore:
        from tracker.log.files import FileStore

        return FileStore.of(self.settings.instance, self.settings.file_bytes)

    def say(self, make: Callable[[], str]) -> str:
        """Words of the catalogues, in the language of the terminal."""
        with self.app.test_request_context(headers={"Accept-Language": _language()}):
            return make()


def _language() -> str:
    """What the terminal speaks, as a browser would ask for it; English where it does not say."""
    name = locale.getlocale(locale.LC_CTYPE)[0] or "en"
    return name.replace("_", "-")


@contextmanager
def opened(*, must_exist: bool = True, as_delivered: bool = False) -> Iterator[Installation]:
    """The installation of the settings in force; its connections are closed afterwards.

    `as_delivered`: definitions of registers are left aside, to mend those that do not fit the pack.
    """
    gc.disable()  # what is loaded stays: to look through it for garbage again and again is a sixth of a start
    try:
        from tracker import config, create_app

        settings = config.load()
        app = create_app(settings)
    finally:
        gc.enable()
    installation = Installation(app, settings)
    try:
        if must_exist and not is_current(installation):
            raise click.ClickException("The database is not set up for this version. Run: xiaohao init")
        installation.house.is_as_delivered = as_delivered
        if must_exist:
            with installation.engine.connect() as conn:
                installation.house.follow(conn)
        yield installation
    finally:
        installation.engine.dispose()


def is_current(installation: Installation) -> bool:
    """Whether the tables are those of this version."""
    from tracker.models import revisions

    with installation.engine.connect() as conn:
        return revisions.is_current(conn)


def migrate(installation: Installation) -> None:
    """Bring the tables to this version; does nothing when they are."""
    if is_current(installation):
        return
    import flask_migrate

    with installation.app.app_context():
        flask_migrate.upgrade()


class Progress:
    """One line on standard error that is written over; silent where nobody looks (a pipe, a log)."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._stream = sys.stderr
        self._shown = -1

    def __call__(self, done: int, total: int) -> None:
        percent = 100 * done // total if total else 100
        if percent == self._shown or not self._stream.isatty():
            return
        self._shown = percent
        end = "\n" if done >= total else ""
        self._stream.write(f"\r{self._what} {percent} %{end}")
        self._stream.flush()
