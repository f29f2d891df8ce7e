"""Inputs: what each kind of value is typed into, and how the typed text becomes a value.

Only a day is judged here, since a wrong one has no value; everything else goes to the rules as it was typed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import wtforms
from flask_babel import gettext
from markupsafe import Markup
from wtforms import widgets
from wtforms.fields.choices import SelectChoice

from tracker import words
from tracker.domain.refusals import Refusal
from tracker.domain.registers import PHONE, Choice, Field, FieldType
from tracker.domain.texts import half_width, whole_number

CHIPS = 6
"""Up to so many choices lie open as chips; more fold into a list."""
LONG_TEXT = 120
MOST_IN_SELECT = 40
"""So many records are chosen from a list; of more, the number is typed."""

POSITION_LIKE = "26.55,112.38"

_DAY = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?")

Pairs = Sequence[tuple[str, str]]


class TextField(wtforms.StringField):
    """One line of text."""

    @property
    def value(self) -> str | None:
        return (self.data or "").strip() or None


class PositionField(TextField):
    """Where something lies, as latitude and longitude; a button beside it takes the telephone's own."""


class TextAreaField(wtforms.TextAreaField):
    """Several lines of text."""

    @property
    def value(self) -> str | None:
        return (self.data or "").strip() or None


class IntegerField(wtforms.StringField):
    """A number, kept as typed: a browser's own number input throws a wrong one away."""

    @property
    def value(self) -> str | None:
        return half_width(self.data or "").replace(",", "") or None


class DateField(wtforms.DateField):
    """A day. Browsers send 2023-11-24; typed by hand, 2023/11/24, 2023.11.24 and 2023年11月24日 are understood."""

    def process_formdata(self, valuelist: list[str]) -> None:
        text = half_width(valuelist[0]) if valuelist else ""
        self.data = None
        if not text:
            return
        found = _DAY.fullmatch(text)
        try:
            self.data = date(*map(int, found.groups())) if found else None
        except ValueError:
            self.data = None
        if self.data is None:
            raise ValueError(words.refusal(Refusal("field_not_a_day", value=text)))

    @property
    def value(self) -> date | None:
        day: date | None = self.data
        return day


class TimeField(TextField):
    """A time of the day. Browsers send 09:30; the rules read what is typed by hand."""

    widget = widgets.TimeInput()


class InstantField(TextField):
    """A day and a time of it, in the log's time zone. Browsers send 2023-11-24T09:30."""

    widget = widgets.DateTimeLocalInput()

    def process_formdata(self, valuelist: list[str]) -> None:
        self.data = half_width(valuelist[0]).strip() if valuelist else ""
        if self.data and self.value is None:
            raise ValueError(words.refusal(Refusal("pattern_mismatch", value=self.data[:40])))

    @property
    def value(self) -> Any:
        """The moment, without a zone; None where none can be read."""
        try:
            return datetime.fromisoformat(self.data) if self.data else None
        except ValueError:
            return None


def select_choices(choices: Pairs | Mapping[str, Pairs]) -> list[SelectChoice]:
    """Pairs (value, label), or groups of them by the group's name, as WTForms wants them. "": outside any group."""
    if not isinstance(choices, Mapping):
        return [SelectChoice(value, label) for value, label in choices]
    return [SelectChoice(v, text, optgroup=group or None) for group, pairs in choices.items() for v, text in pairs]


class _Listed(wtforms.SelectField):
    """Whether the choice exists is for the rules to say."""

    def __init__(self, label: str, *, choices: Pairs | Mapping[str, Pairs], **more: Any) -> None:
        super().__init__(label, validate_choice=False, choices=select_choices(choices), **more)


class SelectField(_Listed):
    """A list to choose from."""

    @property
    def value(self) -> str | None:
        return self.data or None


class RadioField(wtforms.RadioField):
    """Few choices, all in sight."""

    def __init__(self, label: str, *, choices: Pairs, **more: Any) -> None:
        super().__init__(label, validate_choice=False, choices=select_choices(choices), **more)

    @property
    def value(self) -> str | None:
        return self.data or None


class IdField(_Listed):
    """A unit or a person to choose by name; the value is its number."""

    @property
    def value(self) -> int | None:
        return whole_number(str(self.data or ""))


@dataclass(frozen=True, slots=True)
class LinkChoices:
    """Records that a field may name: the newest as (number, what it is). `is_all`: there are no others.

    `find` reads a typed number, or the end of one, and gives the id; `number_of` the other way.
    """

    pairs: Pairs
    is_all: bool
    find: Callable[[str], int | None]
    number_of: Callable[[int], str | None]


class _Linking(wtforms.Field):
    """A record by its number; the value is its id. One that the person may not see is unknown."""

    links: LinkChoices

    def pre_validate(self, form: Any) -> None:
        if self.data and self.value is None:
            raise wtforms.ValidationError(words.refusal(Refusal("record_unknown", value=self.data)))

    @property
    def value(self) -> int | None:
        return self.links.find(self.data) if self.data else None


class _TypedOrListed(widgets.TextInput):
    """An input with suggestions under it."""

    def __call__(self, field: Any, **kwargs: Any) -> Markup:
        name = f"{field.id}-list"
        options = Markup().join(Markup('<option value="{}">{}</option>').format(*pair) for pair in field.links.pairs)
        typed = super().__call__(field, list=name, **kwargs)
        return typed + Markup('<datalist id="{}">{}</datalist>').format(name, options)


class RecordField(_Linking, wtforms.StringField):
    """Typed, with the newest ones suggested."""

    widget = _TypedOrListed()

    def __init__(self, label: str, *, links: LinkChoices, **more: Any) -> None:
        super().__init__(label, **more)
        self.links = links


class RecordSelect(_Linking, _Listed):
    """Chosen from a list of all."""

    def __init__(self, label: str, *, links: LinkChoices, **more: Any) -> None:
        pairs = [("", gettext("Choose")), *((number, f"{number} {text}") for number, text in links.pairs)]
        super().__init__(label, choices=pairs, **more)
        self.links = links


class MultiCheckboxField(wtforms.SelectMultipleField):
    """Several choices, all in sight."""

    widget = widgets.ListWidget(prefix_label=False)
    option_widget = widgets.CheckboxInput()

    def __init__(self, label: str, *, choices: Pairs, **more: Any) -> None:
        super().__init__(label, validate_choice=False, choices=select_choices(choices), **more)

    @property
    def value(self) -> list[str]:
        return list(self.data or ())

    @property
    def ids(self) -> tuple[int, ...]:
        return tuple(number for text in self.value if (number := whole_number(text)) is not None)


class BooleanField(wtforms.BooleanField):
    """Yes when ticked; an empty tick says nothing."""

    @property
    def value(self) -> bool | None:
        return True if self.data else None


def required(field: Any) -> Any:
    """The unbound field, marked as needed: no "(optional)" beside its label. The rules do the refusing."""
    field.kwargs.setdefault("validators", []).append(_Needed())
    return field


class _Needed:
    """Carries the mark, checks nothing: an empty field is refused by the rules, in the reader's language."""

    field_flags: Mapping[str, Any] = {"required": True}

    def __call__(self, form: Any, field: Any) -> None:
        return None


def choice_pairs(choices: Iterable[Choice], stands: Any = None) -> list[tuple[str, str]]:
    """What may be chosen, in the reader's language: nothing retired, but what `stands` may stay in a correction."""
    standing = stands if isinstance(stands, (list, tuple)) else (stands,)
    return [(c.name, words.of(c.label)) for c in choices if not c.is_retired or c.name in standing]


def choose(label: str, pairs: Pairs, *, is_needed: bool, default: str | None = None, hint: str = "") -> Any:
    """Chips for few choices that must be made, a list for many or for those that may stay open."""
    if is_needed and len(pairs) <= CHIPS:
        return required(RadioField(label, choices=list(pairs), default=default, description=hint))
    field = SelectField(label, choices=[("", gettext("Choose")), *pairs], default=default or "", description=hint)
    return required(field) if is_needed else field


def input_for(
    field: Field,
    *,
    units: Pairs,
    people: Any,
    is_needed: bool,
    default: Any = None,
    links: LinkChoices | None = None,
) -> Any:
    """The unbound input of a register's field; `units`, `people` and `links` are what may be named there."""
    more: dict[str, Any] = {"description": words.of(field.hint) if field.hint else "", "default": default}
    if field.type is FieldType.RECORD and links is not None:
        return _link(field, links, more, is_needed=is_needed)
    made = _INPUTS[field.type](field, words.of(field.label), more, units, people, is_needed)
    return required(made) if is_needed and not made.kwargs.get("validators") else made


def _link(field: Field, links: LinkChoices, more: dict[str, Any], *, is_needed: bool) -> Any:
    is_short = links.is_all and len(links.pairs) <= MOST_IN_SELECT
    kind: Any = RecordSelect if is_short else RecordField
    keyboard = {} if is_short else {"render_kw": {"autocomplete": "off"}}
    made = kind(words.of(field.label), links=links, **keyboard, **more)
    return required(made) if is_needed else made


def _text(field: Field, label: str, more: dict[str, Any], units: Pairs, people: Any, is_needed: bool) -> Any:
    if field.max_length > LONG_TEXT:
        return TextAreaField(label, **more)
    keyboard = {"inputmode": "tel"} if field.pattern == PHONE else {}
    return TextField(label, render_kw={"autocomplete": "off", **keyboard}, **more)


def _position(field: Field, label: str, more: dict[str, Any], units: Pairs, people: Any, is_needed: bool) -> Any:
    return PositionField(label, render_kw={"autocomplete": "off", "placeholder": POSITION_LIKE}, **more)


def _number(field: Field, label: str, more: dict[str, Any], units: Pairs, people: Any, is_needed: bool) -> Any:
    keyboard = "numeric" if field.type is FieldType.INTEGER else "decimal"
    return IntegerField(label, render_kw={"inputmode": keyboard, "autocomplete": "off"}, **more)


def _day(field: Field, label: str, more: dict[str, Any], units: Pairs, people: Any, is_needed: bool) -> Any:
    return DateField(label, **more)


def _time(field: Field, label: str, more: dict[str, Any], units: Pairs, people: Any, is_needed: bool) -> Any:
    return TimeField(label, **more)


def _one(field: Field, label: str, more: dict[str, Any], units: Pairs, people: Any, is_needed: bool) -> Any:
    pairs = choice_pairs(field.choices, more["default"])
    return choose(label, pairs, is_needed=is_needed, default=more["default"], hint=more["description"])


def _several(field: Field, label: str, more: dict[str, Any], units: Pairs, people: Any, is_needed: bool) -> Any:
    return MultiCheckboxField(label, choices=choice_pairs(field.choices, more["default"]), **more)


def _yes(field: Field, label: str, more: dict[str, Any], units: Pairs, people: Any, is_needed: bool) -> Any:
    return BooleanField(label, **more)


def _unit(field: Field, label: str, more: dict[str, Any], units: Pairs, people: Any, is_needed: bool) -> Any:
    return IdField(label, choices=[("", gettext("Choose")), *units], **more)


def _person(field: Field, label: str, more: dict[str, Any], units: Pairs, people: Any, is_needed: bool) -> Any:
    return IdField(label, choices=people, **more)


def _record(field: Field, label: str, more: dict[str, Any], units: Pairs, people: Any, is_needed: bool) -> Any:
    return IdField(label, choices=[("", gettext("Choose"))], **more)


_INPUTS: Mapping[FieldType, Callable[..., Any]] = {
    FieldType.TEXT: _text,
    FieldType.INTEGER: _number,
    FieldType.DECIMAL: _number,
    FieldType.DATE: _day,
    FieldType.TIME: _time,
    FieldType.SELECT_ONE: _one,
    FieldType.SELECT_MULTIPLE: _several,
    FieldType.YES_NO: _yes,
    FieldType.UNIT: _unit,
    FieldType.PERSON: _person,
    FieldType.GEOPOINT: _position,
    FieldType.RECORD: _record,
}
