"""How numbers, days, instants and lists look on a page and in a sentence, per language: the template filters.

Nothing is counted or rounded here: `domain.figures` does that. Languages differ in patterns only
(design/README.md §7): `2023-11-24` in Chinese tables, `24 Nov 2023` in English. Names are masked
elsewhere; words stand in the catalogues.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any

from babel import Locale
from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal
from flask import Flask
from flask_babel import get_locale, get_timezone, gettext

from tracker.domain import days
from tracker.domain.figures import FigureValue, Rate
from tracker.domain.registers import text_in

NOTHING = "—"
"""What stands where there is no value, or where a rate has nothing to divide by."""

_ANYWHERE = {
    "day": "yyyy-MM-dd",
    "day_brief": "MM-dd",
    "day_long": "long",  # CLDR's own, in Chinese y年M月d日
    "instant": "yyyy-MM-dd HH:mm",
    "weekday": "EEE",
}
"""Order and figures that every language understands (ISO 8601)."""
_PATTERNS = {
    "en": {
        "day": "d MMM y",
        "day_brief": "d MMM",
        "day_long": "d MMMM y",
        "instant": "d MMM y, HH:mm",
        "weekday": "EEE",
    },
}

Day = date | datetime | str | int | None
Instant = datetime | int | None


def register_filters(app: Flask) -> None:
    """Give every template of `app` the filters of this module.

    The time zone of instants is Flask-Babel's (`BABEL_DEFAULT_TIMEZONE` = the log's time zone).
    """
    days = (day, day_brief, day_long, weekday, instant, clock_time, iso)
    for filter_ in (*days, number, amount, percent, label, listed, measure):
        app.add_template_filter(filter_)


def day(value: Day) -> str:
    """A day for tables and lists: `2023-11-24`, in English `24 Nov 2023`."""
    return _format_day(value, "day")


def day_brief(value: Day) -> str:
    """A day without its year, where the year is plain from the page: `11-24`, `24 Nov`."""
    return _format_day(value, "day_brief")


def day_long(value: Day) -> str:
    """A day for prose: `2023年11月24日`, `24 November 2023`."""
    return _format_day(value, "day_long")


def weekday(value: Day) -> str:
    """The day of the week, short: `周五`, `Fri`."""
    return _format_day(value, "weekday")


def month_name(month: int) -> str:
    """A month of the year standing alone: `三月`, `March`."""
    return format_date(date(2000, month, 1), "LLLL", locale=_locale())


def instant(value: Instant) -> str:
    """A moment in the log's time zone, to the minute. An integer is milliseconds since the epoch."""
    return _format_instant(value, _pattern("instant", _locale()))


def clock_time(value: Instant) -> str:
    """Only hour and minute of a moment, in the log's time zone."""
    return _format_instant(value, "HH:mm")


def iso(value: Day) -> str:
    """`2023-11-24` in every language: for `datetime` attributes and date inputs. Empty for None."""
    found = _to_day(value)
    return "" if found is None else found.isoformat()


def number(value: int | Decimal | str | None) -> str:
    """A number with its groups: `24,492`. Decimals come as Decimal or as a string of digits."""
    return NOTHING if value is None or value == "" else _number(str(value), _code(_locale()))


@lru_cache(maxsize=4096)
def _number(digits: str, code: str) -> str:
    """Kept: a page of counts says the same small numbers over and over."""
    exact = Decimal(digits)
    places = max(0, -int(exact.as_tuple().exponent))
    pattern = "#,##0." + "0" * places if places else "#,##0"
    return format_decimal(exact, format=pattern, locale=Locale.parse(code, sep="-"))


def amount(value: FigureValue) -> str:
    """The number of a figure in its own measure; `—` where nobody looked, or there is nothing to take the least of."""
    return number(value.amount.normalize() if value.scale > 1 else value.numerator) if value.is_known else NOTHING


def percent(rate: Rate | None) -> str:
    """A rate to two places, `—` when there is nothing to divide by. `Rate.percent` rounds, not this."""
    rounded = None if rate is None else rate.percent()
    return NOTHING if rounded is None else f"{rounded}%"


def label(texts: Mapping[str, str] | str | None) -> str:
    """The text of a pack's label in the language of this page; a plain string stays as it is."""
    if texts is None:
        return ""
    if isinstance(texts, str):
        return texts
    return text_in(texts, _code(_locale()))


def measure(texts: Mapping[str, str], count: int) -> str:
    """A pack's counting word behind `count`: `toilets`, and `toilet` behind 1 where the label has a form for one."""
    code = _code(_locale())
    return (texts.get(f"{code}-one") if count == 1 else None) or text_in(texts, code)


def _format_day(value: Day, name: str) -> str:
    found, locale = _to_day(value), _locale()
    return NOTHING if found is None else _written(found, _pattern(name, locale), _code(locale))


@lru_cache(4096)
def _written(on: date, pattern: str, code: str) -> str:
    """A list says the same days over and over."""
    return format_date(on, pattern, locale=Locale.parse(code, sep="-"))


def _to_day(value: Day) -> date | None:
    """Rows bring dates, tables day numbers, event data ISO text; all mean one day."""
    if value is None or value == "":
        return None
    if isinstance(value, datetime):
        return _in_log_zone(value).date()
    if isinstance(value, date):
        return value
    return date.fromisoformat(value) if isinstance(value, str) else days.from_number(value)


def filled(sentence: Any, params: Mapping[str, Any]) -> str:
    """The sentence in the reader's language with these parameters in their places."""
    return str(sentence % _Complete({name: _shown(value) for name, value in params.items()}))


class _Complete(dict[str, str]):
    """A parameter that a rule did not give prints as a dash, never as an error page."""

    def __missing__(self, key: str) -> str:
        return NOTHING


def _shown(value: Any) -> str:
    if isinstance(value, date):
        return day_long(value)
    if isinstance(value, list | tuple):
        return listed(value) or NOTHING
    if isinstance(value, Mapping):
        return label(value)
    return NOTHING if value is None else str(value)


def listed(texts: Iterable[Any]) -> str:
    """`a, b` with the mark that the reader's language puts between the parts of a list."""
    return gettext(", ").join(map(str, texts))


def _format_instant(value: Instant, pattern: str) -> str:
    if value is None:
        return NOTHING
    return format_datetime(_in_log_zone(value), pattern, locale=_locale())


def _in_log_zone(value: datetime | int) -> datetime:
    if isinstance(value, int):
        value = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=value)
    if value.tzinfo is None:
        raise ValueError("an instant without its time zone has no place in the log")
    return value.astimezone(get_timezone())


def _code(locale: Locale) -> str:
    """The language as packs write it: `zh-Hans`, `zh-Hant`, `en`. Short and quick to look up, as a Locale is not."""
    return "-".join([part for part in (locale.language, locale.script, locale.territory) if part])


def _pattern(name: str, locale: Locale) -> str:
    return _PATTERNS.get(locale.language, _ANYWHERE)[name]


def _locale() -> Locale:
    return get_locale() or Locale("zh", script="Hans")
