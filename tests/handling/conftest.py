"""The demonstration township, loaded once for each system in each process of the run."""

import pytest
from installations import PostgreSQL
from office import Office


@pytest.fixture(scope="session")
def on_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Office:
    """The demonstration in a file."""
    made = Office(tmp_path_factory.mktemp("office"), "sqlite:///office.sqlite3")
    made.good("init", "--demo")
    return made


@pytest.fixture(scope="session")
def on_postgresql(tmp_path_factory: pytest.TempPathFactory, postgresql: PostgreSQL) -> Office:
    """The demonstration on a server."""
    url = postgresql.create().render_as_string(hide_password=False)
    made = Office(tmp_path_factory.mktemp("office"), url)
    made.good("init", "--demo")
    return made


@pytest.fixture(params=["sqlite", "postgresql"])
def office(request: pytest.FixtureRequest) -> Office:
    """The demonstration, loaded once for all tests here; they only read it."""
    made: Office = request.getfixturevalue(f"on_{request.param}")
    return made
