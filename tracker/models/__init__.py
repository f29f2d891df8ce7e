"""Tables: one module per family (log, ledger, tickets, records, pictures, duties, people, search, accounts,
uploads); columns, constraints, indexes, no rules. rows writes many at once; indexes names those that SQLite
must take, revisions says at which migration the tables are.

Days are INTEGER day numbers since 1970-01-01, instants INTEGER milliseconds since the epoch (UTC), JSON is TEXT.
Every table is declared on `Base`; constraints are named by the convention, so that both databases and Alembic agree.
"""

import importlib
import pkgutil
from typing import TYPE_CHECKING, ClassVar

from sqlalchemy import MetaData, Table
from sqlalchemy.orm import DeclarativeBase

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """What every table is declared on; knows SQLAlchemy, not Flask."""

    metadata = MetaData(naming_convention=NAMES)
    if TYPE_CHECKING:
        # SQLAlchemy says FromClause, since a class may stand for a join; each of ours is a table.
        __table__: ClassVar[Table]


def load_tables() -> MetaData:
    """The metadata with the tables of every module in this folder."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    return Base.metadata
