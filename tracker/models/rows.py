"""How rows go into a table many at once, past the per-row cost of building parameters (16 µs a row, measured), and out;
and the connection that writes them.

SQLite: one executemany of tuples. PostgreSQL: COPY from 200 rows on, below that executemany in a pipeline.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from functools import cache
from hashlib import sha256
from typing import Any, Generic, Protocol, TypeVar

from sqlalchemy import Connection, Dialect, Engine, Insert, Select, Table, Update
from sqlalchemy.exc import DBAPIError

COPY_FROM = 200


class Identified(Protocol):
    """What has a row of its own."""

    @property
    def id(self) -> int: ...


State = TypeVar("State", bound=Identified)


def hashed(text: str) -> bytes:
    """The stored form of a key: short, and no personal text in an index."""
    return sha256(text.encode()).digest()[:16]


def writer(engine: Engine) -> Connection:
    """A connection whose transactions take the write lock when they begin, not at their first statement."""
    return engine.connect().execution_options(write=True)


@contextmanager
def pipelined(conn: Connection) -> Iterator[None]:
    """What is written inside goes to PostgreSQL on one journey, not on one for each statement. Nothing is read inside.

    A refusal of the database is known when the block ends; its kind is then the same as without a pipeline.
    """
    if conn.dialect.name == "sqlite":
        yield
        return
    errors = conn.dialect.loaded_dbapi.Error
    try:
        with _driver(conn).pipeline():
            yield
    except errors as error:
        raise DBAPIError.instance(None, None, error, errors, dialect=conn.dialect) from error


def insert_rows(conn: Connection, table: Table, columns: tuple[str, ...], rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert rows whose values stand in the order of `columns` (names of ours, never input)."""
    if not rows:
        return
    is_sqlite = conn.dialect.name == "sqlite"
    driver = _driver(conn)
    # No COPY inside a pipeline.
    if is_sqlite or len(rows) < COPY_FROM or driver.pgconn.pipeline_status:
        conn.exec_driver_sql(_insert(table.name, columns, "?" if is_sqlite else "%s"), list(rows))
        return
    with driver.cursor() as cursor, cursor.copy(f"COPY {table.name} ({', '.join(columns)}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def write_rows(conn: Connection, statement: Insert | Update, rows: Sequence[Mapping[str, Any]]) -> None:
    """The same for a statement with bound names, which must be a constant of its module: it is compiled once."""
    if not rows:
        return
    text, names, constants = _compiled(statement, tuple(rows[0]), conn.dialect)
    if names is None:
        conn.exec_driver_sql(text, [{**constants, **row} for row in rows])
    else:
        conn.exec_driver_sql(text, [tuple(row[n] if n in row else constants[n] for n in names) for row in rows])


class ChangedRows(Generic[State]):
    """What one transaction changed: the latest state of each is written, where it is new by an insert."""

    def __init__(self) -> None:
        self.new: dict[int, State] = {}
        self.changed: dict[int, State] = {}

    def __bool__(self) -> bool:
        return bool(self.new or self.changed)

    def put(self, before: State | None, after: State) -> None:
        (self.new if before is None or after.id in self.new else self.changed)[after.id] = after

    def write(
        self, conn: Connection, insert: Insert, update: Update, row_of: Callable[[State], Mapping[str, Any]]
    ) -> None:
        """The update may name fewer columns than a row has. Then all is forgotten."""
        write_rows(conn, insert, [row_of(state) for state in self.new.values()])
        write_rows(conn, update, [row_of(state) for state in self.changed.values()])
        self.new, self.changed = {}, {}


@cache
def _compiled(
    statement: Insert | Update, given: tuple[str, ...], dialect: Dialect
) -> tuple[str, list[str] | None, dict[str, Any]]:
    """The text, the order of its parameters (None: they are named), and those that the statement brings itself."""
    made = statement.compile(dialect=dialect, column_keys=None if isinstance(statement, Update) else list(given))
    constants = {name: value for name, value in made.params.items() if name not in given}
    return str(made), list(made.positiontup or ()) if made.positional else None, constants


def stream_rows(conn: Connection, query: Select[*tuple[Any, ...]], size: int) -> Iterator[list[tuple[Any, ...]]]:
    """What the query gives, as the driver's own tuples, `size` at a time: for millions of them.

    Its values are numbers of ours: they are written into the statement.
    """
    statement = str(query.compile(dialect=conn.dialect, compile_kwargs={"literal_binds": True}))
    driver = _driver(conn)
    # A named cursor stays on the server of PostgreSQL, which else would send everything at once.
    cursor = driver.cursor() if conn.dialect.name == "sqlite" else driver.cursor(name="stream_rows")
    with closing(cursor):
        cursor.execute(statement)
        while rows := cursor.fetchmany(size):
            yield rows


def binary_row(conn: Connection, statement: str, given: Mapping[str, Any]) -> tuple[Any, ...]:
    """The one row of a statement of PostgreSQL, its bytes as they are: written out as text they are twice as many."""
    with _driver(conn).cursor(binary=True) as cursor:
        row: tuple[Any, ...] = cursor.execute(statement, given).fetchone()
    return row


def _driver(conn: Connection) -> Any:
    """The driver's own connection, for what SQLAlchemy has no word for."""
    driver = conn.connection.driver_connection
    if driver is None:
        raise RuntimeError("the connection has no driver behind it")
    return driver


@cache
def _insert(table: str, columns: tuple[str, ...], mark: str) -> str:
    marks = ", ".join([mark] * len(columns))
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})"  # noqa: S608 # names of ours only
