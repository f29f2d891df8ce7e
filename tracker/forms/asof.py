"""The two days of every figure as an address gives them: `effective` a day, `known` a day or an instant.

Nothing given means now. A day of `known` counts whole: everything recorded up to its end in the log's time zone.
What cannot be read is kept as it was typed, with the reason at its field, and the other field keeps its value.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import wtforms
from flask_babel import gettext, lazy_gettext
from wtforms import widgets

from tracker import formats, words
from tracker.domain.refusals import Refusal
from tracker.domain.texts import half_width
from tracker.forms.fields import DateField

FIRST = date(1980, 1, 1)
YEARS_AHEAD = 5
"""A forecast looks at days to come as the log now stands; further than this nobody plans."""

# A plus sign in an address means a blank: what stands before a zone is put back.
_BLANK_ZONE = re.compile(r"(\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?) (\d\d:?\d\d)")
_TICK = timedelta(milliseconds=1)


class KnownField(DateField):
    """A day, or an instant like 2023-12-06T18:00+08:00; `data` is a date or a datetime, None when nothing was given."""

    widget = widgets.DateInput()
    zone: ZoneInfo | None = None
    """Where an instant is shown: browsers take no offset in this input."""

    def process_formdata(self, valuelist: list[str]) -> None:
        try:
            super().process_formdata(valuelist)
        except ValueError:
            self.data = _instant(half_width(valuelist[0]))
            if self.data is None:
                raise
            self.widget = widgets.DateTimeLocalInput()
            self.render_kw = {"step": "any"}

    def _value(self) -> str:
        if isinstance(self.data, datetime):
            here = self.data.astimezone(self.zone) if self.data.tzinfo else self.data
            return here.replace(tzinfo=None).isoformat(timespec="milliseconds")
        if isinstance(self.data, date):
            return self.data.isoformat()
        return super()._value()


def _instant(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(_BLANK_ZONE.sub(r"\1+\2", text))
    except ValueError:
        return None
    # Shifting the first and last years between zones would leave the calendar.
    return found if FIRST.year < found.year < 9000 else None


class AsOfForm(wtforms.Form):
    """The pair of an address. Ask `validate()` before `effective_on` and `known_at`."""

    effective = DateField(lazy_gettext("Occurred up to"))
    known = KnownField(lazy_gettext("Recorded up to"))

    def __init__(self, given: Any, *, now: datetime, zone: ZoneInfo) -> None:
        """`given`: the arguments of an address, as a MultiDict."""
        self._now, self._zone = now, zone
        self.today = now.astimezone(zone).date()
        super().__init__(given)
        self.known.zone = zone

    def validate(self, extra_validators: Any = None) -> bool:
        """As of any form; what was not given then shows what counts: today."""
        if not super().validate(extra_validators):
            return False
        for field in (self.effective, self.known):
            if field.data is None:
                field.data, field.raw_data = self.today, None
        return True

    def validate_effective(self, field: DateField) -> None:
        last = date(self.today.year + YEARS_AHEAD, 12, 31)
        if field.data is not None and not FIRST <= field.data <= last:
            between = {"first": formats.day(FIRST), "last": formats.day(last)}
            raise wtforms.ValidationError(gettext("Enter a day from %(first)s to %(last)s.", **between))

    def validate_known(self, field: KnownField) -> None:
        at = field.data
        if at is None:
            return
        day = self._in_zone(at).date() if isinstance(at, datetime) else at
        if day > self.today:
            raise wtforms.ValidationError(
                gettext("Nothing is recorded yet after today. Enter today or an earlier day.")
            )
        if day < FIRST:
            raise wtforms.ValidationError(words.refusal(Refusal("field_not_a_day", value=day.isoformat())))

    @property
    def effective_on(self) -> date:
        """The effective day; today where none was given."""
        return self.effective.data or self.today

    @property
    def known_at(self) -> datetime | None:
        """The last instant whose entries count; None: everything written so far."""
        at = self.known.data
        if at is None:
            return None
        end = self._in_zone(at) if isinstance(at, datetime) else self._end_of(at)
        return None if end >= self._now else end

    @property
    def is_now(self) -> bool:
        return self.effective_on == self.today and self.known_at is None

    @property
    def is_forecast(self) -> bool:
        return self.effective_on > self.today

    def address(self) -> Mapping[str, str]:
        """The arguments that lead to the same pair from any page."""
        known = self.known.data if self.known_at else None
        return {"effective": self.effective_on.isoformat()} | ({"known": known.isoformat()} if known else {})

    def _in_zone(self, at: datetime) -> datetime:
        return at.astimezone(self._zone) if at.tzinfo else at.replace(tzinfo=self._zone)

    def _end_of(self, day: date) -> datetime:
        return datetime.combine(day + timedelta(days=1), time(), self._zone) - _TICK


class DayForm(wtforms.Form):
    """A single day of recording, as the log's page is narrowed to it."""

    day = DateField(lazy_gettext("Recorded on"))
