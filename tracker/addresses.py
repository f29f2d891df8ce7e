"""Numbers in addresses."""

from typing import Any

from werkzeug.routing import IntegerConverter, Map


class StoredInteger(IntegerConverter):
    """`<int:…>` of a route: a number that a column can hold, else there is no such page.

    A longer one would fail inside the database's driver, and one of thousands of digits in Python.
    """

    regex = "[0-9]{1,19}"

    def __init__(self, map: Map, **limits: Any) -> None:
        super().__init__(map, **{"max": 2**63 - 1, **limits})
