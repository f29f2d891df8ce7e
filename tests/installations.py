"""Installations of the product for tests: settings as in production, an application, databases made and dropped."""

import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import CodeType
from typing import ClassVar

import flask_migrate
from flask import Flask
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from sqlalchemy import URL, create_engine, text
from werkzeug.routing import Rule

from tracker import create_app
from tracker.config import Settings, load
from tracker.extensions import db

ROOT = Path(__file__).resolve().parent.parent


class CompiledTemplates(BytecodeCache):
    """Templates as compiled by the first application of this process; every test has an application of its own."""

    def __init__(self) -> None:
        self.known: dict[str, CodeType | None] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self.known.get(bucket.key)

    def dump_bytecode(self, bucket: Bucket) -> None:
        self.known[bucket.key] = bucket.code


COMPILED_TEMPLATES = CompiledTemplates()


class CompiledRule(Rule):
    """An address whose builder was compiled by the first application of this process: most of what making one costs.

    Should Werkzeug name that step otherwise one day, then each application compiles its own again.
    """

    known: ClassVar[dict[tuple[object, ...], Callable[..., tuple[str, str]]]] = {}

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        key = self.rule, tuple(self._trace), repr(self.defaults), append_unknown
        if key not in self.known:
            self.known[key] = super()._compile_builder(append_unknown)
        return self.known[key]


def settings_for(url: URL, instance: Path, **more: str) -> Settings:
    """The settings of an installation with this database, read as in production."""
    plain = url.render_as_string(hide_password=False)
    return load({"XIAOHAO_INSTANCE": str(instance), "XIAOHAO_DATABASE_URL": plain, **more})


@contextmanager
def application(settings: Settings) -> Iterator[Flask]:
    """An application whose connections are closed afterwards.

    Its context is not entered: requests would share `g`, and with it the person who is signed in.
    """
    app = create_app(settings)
    app.testing = True
    app.jinja_env.bytecode_cache = COMPILED_TEMPLATES
    yield app
    with app.app_context():
        for engine in db.engines.values():
            engine.dispose()


def migrate(settings: Settings) -> None:
    """Bring the database of these settings to the newest revision."""
    with application(settings) as app, app.app_context():
        flask_migrate.upgrade()


class PostgreSQL:
    """A server on which databases are made by name and dropped, all of them at the latest with `close`."""

    def __init__(self, url: URL) -> None:
        self.url = url
        self.names: set[str] = set()
        self.engine = create_engine(url, isolation_level="AUTOCOMMIT")

    def create(self, template: URL | None = None) -> URL:
        name = f"xiaohao_test_{uuid.uuid4().hex}"
        self.run(f'CREATE DATABASE "{name}"' + (f' TEMPLATE "{template.database}"' if template else ""))
        self.names.add(name)
        return self.url.set(database=name)

    def drop(self, name: str) -> None:
        self.run(f'DROP DATABASE "{name}" WITH (FORCE)')
        self.names.discard(name)

    def run(self, *statements: str) -> None:
        with self.engine.connect() as connection:
            for statement in statements:
                connection.execute(text(statement))

    def close(self) -> None:
        for name in tuple(self.names):
            self.drop(name)
        self.engine.dispose()


def copy_of(original: URL, folder: Path, server: PostgreSQL | None) -> URL:
    """A copy of the database on the server, or as a file in the folder."""
    if server:
        return server.create(template=original)
    path = folder / "test.sqlite3"
    shutil.copyfile(str(original.database), path)
    return original.set(database=str(path))
