"""The only reader of the system clock. Everything below the pages takes `now` or `today` as an argument."""

from datetime import UTC, datetime


def now() -> datetime:
    """This instant in UTC, cut to the millisecond, as the log stores it."""
    instant = datetime.now(UTC)
    return instant.replace(microsecond=instant.microsecond // 1000 * 1000)
