"""Field values against their register: type, length, range, choice, pattern. All mistakes at once.

Gives JSON values for the event (days as ISO text, decimals as text) and, apart, the private ones.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from types import MappingProxyType
from typing import Any

from tracker.domain.events import MAX_INTEGER
from tracker.domain.people import Directory
from tracker.domain.refusals import Refusal, Refusals
from tracker.domain.registers import ID_NUMBER, Field, FieldType, HasFields
from tracker.domain.texts import half_width

_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
"""What no keyboard types: PostgreSQL stores no NUL, JSON no half of a pair. Tabs and ends of lines stay."""
_MAX_DIGITS = 15  # of a decimal, on either side: 1e999999999 written out would fill the memory
_TIME = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])(?::[0-5][0-9])?")
_POINT_SIGNS = re.compile(r"[,\s;，；]+")
_DEGREES = re.compile(r"[+-]?[0-9]{1,3}(?:\.[0-9]{1,15})?")
_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_ID_CHECK = "10X98765432"


@dataclass(frozen=True, slots=True)
class CheckedValues:
    """`open` may enter the log in clear, `private` goes to the vault."""

    open: Mapping[str, Any]
    private: Mapping[str, Any]


def check_values(
    register: HasFields,
    values: Mapping[str, Any],
    directory: Directory,
    *,
    is_partial: bool,
    all_private: bool,
    before: Mapping[str, Any] = MappingProxyType({}),
) -> CheckedValues:
    """The values as the log keeps them; Refusals names every wrong field.

    `is_partial`: an amendment, so that missing fields are not asked for, and None clears one.
    `all_private`: a restricted ticket, whose texts all go to the vault (条例 art. 30, 46).
    `before`: what stands; a retired choice may stay, but is not chosen anew.
    """
    refusals = [Refusal("field_unknown", field=name, name=name) for name in values if name not in register.by_name]
    kept: dict[str, Any] = {}
    private: dict[str, Any] = {}
    for field in register.fields:
        if field.name not in values and (is_partial or not field.is_required):
            continue  # most fields of most tickets: an import comes here a million times
        try:
            value = check_value(field, values.get(field.name), directory)
            if value is None:
                _require(field, values)
                if is_partial:
                    kept[field.name] = None
                continue
            if field.has_retired:
                _check_in_use(field, value, before.get(field.name))
            is_private = field.is_private or (all_private and field.type is FieldType.TEXT)
            (private if is_private else kept)[field.name] = value
        except Refusal as refusal:
            refusals.append(refusal)
    if refusals:
        raise Refusals(refusals)
    return CheckedValues(kept, private)


def check_record(
    register: HasFields,
    values: Mapping[str, Any],
    directory: Directory,
    *,
    is_partial: bool,
    before: Mapping[str, Any] = MappingProxyType({}),
) -> CheckedValues:
    """As `check_values`, for an activity, a subject or a statistic, whose fields may depend on each other."""
    given = dict(values)
    for field in register.fields:
        if field.contains and (field.name in given or field.contains in given):
            given[field.name] = _with_choice(field, {**before, **given})
    checked = check_values(register, given, directory, is_partial=is_partial, all_private=False, before=before)
    known = {**before, **checked.private, **checked.open}
    told = checked.open.keys()
    bound = [f for f in register.fields if f.not_before and (f.name in told or f.not_before[0] in told)]
    refusals = [refusal for field in bound for refusal in _too_early(field, known)]
    if refusals:
        raise Refusals(refusals)
    return checked


def _with_choice(field: Field, values: Mapping[str, Any]) -> Any:
    """What was chosen, with the choice of the field that it contains in front where it is missing."""
    chosen, main = values.get(field.name) or [], values.get(field.contains or "")
    others = list(chosen) if isinstance(chosen, (list, tuple)) else [chosen]
    return others if main in (None, "", *others) else [main, *others]


def _too_early(field: Field, known: Mapping[str, Any]) -> list[Refusal]:
    """A day told before the other field allows it. Both as the log keeps them."""
    name, days = field.not_before or ("", 0)
    day, first = known.get(field.name), known.get(name)
    if not day or not first:
        return []
    earliest = date.fromisoformat(first) + timedelta(days=days)
    if date.fromisoformat(day) >= earliest:
        return []
    return [Refusal("day_before_other", field=field.name, earliest=earliest)]


def filled(values: Mapping[str, Any]) -> dict[str, Any]:
    """Those that say something."""
    return {name: value for name, value in values.items() if value not in (None, "", [], ())}


def is_needed(field: Field, values: Mapping[str, Any]) -> bool:
    """Whether the field has to be filled in, beside these values of the others."""
    lifted = field.required_unless is not None and bool(values.get(field.required_unless))
    return field.is_required and not lifted


def _require(field: Field, values: Mapping[str, Any]) -> None:
    if is_needed(field, values):
        raise Refusal("field_required", field=field.name)


def check_value(field: Field, value: Any, directory: Directory) -> Any:
    """One value as JSON, None when empty; Refusal with the field's name when it is wrong."""
    if value is None or value == "" or value == [] or value == ():
        return None
    return _CHECKS[field.type](field, value, directory)


def printable(text: str) -> str:
    """The text without what no keyboard types, and without blanks around it."""
    return _UNPRINTABLE.sub("", text).strip()


def _text(field: Field, value: Any, directory: Directory) -> str | None:
    text = printable(str(value))
    if not text:
        return None
    if len(text) > field.max_length:
        raise Refusal("field_too_long", field=field.name, limit=field.max_length, length=len(text))
    if len(text) < field.min_length:
        raise Refusal("field_too_short", field=field.name, limit=field.min_length, length=len(text))
    if field.pattern == ID_NUMBER:
        return _id_number(field, text)
    pattern = field.compiled_pattern
    if pattern is not None and not pattern.fullmatch(text):
        raise Refusal("pattern_mismatch", field=field.name, value=text)
    return text


def _id_number(field: Field, text: str) -> str:
    """A resident identity number: 17 digits and the check character of GB 11643-1999."""
    text = text.upper()
    if len(text) != 18 or not text[:17].isascii() or not text[:17].isdigit():
        raise Refusal("id_number_invalid", field=field.name)
    total = sum(int(d) * w for d, w in zip(text[:17], _ID_WEIGHTS, strict=True))
    if _ID_CHECK[total % 11] != text[17]:
        raise Refusal("id_number_invalid", field=field.name)
    return text


def _integer(field: Field, value: Any, directory: Directory) -> int:
    try:
        number = int(str(value).strip())
    except ValueError:
        raise Refusal("field_not_a_number", field=field.name, value=str(value)) from None
    if abs(number) > MAX_INTEGER:  # the canonical form has none beyond
        raise _out_of_range(field, value)
    _in_range(field, number)
    return number


def _decimal(field: Field, value: Any, directory: Directory) -> str:
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        raise Refusal("field_not_a_number", field=field.name, value=str(value)) from None
    if not number.is_finite():
        raise Refusal("field_not_a_number", field=field.name, value=str(value))
    if abs(number.adjusted()) > _MAX_DIGITS or len(number.as_tuple().digits) > 2 * _MAX_DIGITS:
        raise _out_of_range(field, value)
    _in_range(field, number)
    return format(number.normalize(), "f")


def _in_range(field: Field, number: int | Decimal) -> None:
    low, high = field.minimum, field.maximum
    if (low is not None and number < low) or (high is not None and number > high):
        raise _out_of_range(field, number)


def _out_of_range(field: Field, value: Any) -> Refusal:
    low = -MAX_INTEGER if field.minimum is None else field.minimum
    high = MAX_INTEGER if field.maximum is None else field.maximum
    return Refusal("field_out_of_range", field=field.name, value=str(value)[:40], minimum=low, maximum=high)


def _geopoint(field: Field, value: Any, directory: Directory) -> str | None:
    return position(str(value), field.name)


def position(typed: str, field: str) -> str | None:
    """Latitude and longitude in degrees, in this order: 26.55,112.38. Degrees with minutes are not read."""
    text = printable(typed)
    if not text:
        return None
    parts = [part for part in _POINT_SIGNS.split(text) if part]
    if len(parts) != 2 or not all(_DEGREES.fullmatch(part) for part in parts):
        raise Refusal("pattern_mismatch", field=field, value=text[:40])
    latitude, longitude = (Decimal(part) for part in parts)
    if abs(latitude) > 90 or abs(longitude) > 180:
        raise Refusal("field_out_of_range", field=field, value=text[:40], minimum=-180, maximum=180)
    return f"{latitude.normalize():f},{longitude.normalize():f}"


def _day(field: Field, value: Any, directory: Directory) -> str:
    if isinstance(value, date):
        return value.isoformat()
    try:
        return date.fromisoformat(str(value)).isoformat()
    except ValueError:
        raise Refusal("field_not_a_day", field=field.name, value=str(value)) from None


def _time(field: Field, value: Any, directory: Directory) -> str | None:
    """A time of the day as HH:MM; seconds are dropped."""
    text = printable(str(value))
    if not text:
        return None
    found = _TIME.fullmatch(half_width(text))
    if found is None:
        raise Refusal("field_not_a_time", field=field.name, value=text[:40])
    return f"{int(found[1]):02d}:{found[2]}"


def _choice(field: Field, value: Any, directory: Directory) -> str:
    name = str(value)
    if name not in field.choice_names:
        raise Refusal("choice_unknown", field=field.name, value=name)
    return name


def _check_in_use(field: Field, value: Any, before: Any) -> None:
    """The values are as the log keeps them: one name, or several."""
    chosen, stood = ([v] if isinstance(v, str) else v or () for v in (value, before))
    for choice in field.choices:
        if choice.is_retired and choice.name in chosen and choice.name not in stood:
            raise Refusal("choice_retired", field=field.name, value=choice.label)


def _choices(field: Field, value: Any, directory: Directory) -> list[str]:
    names = list(value) if isinstance(value, (list, tuple)) else [value]
    return [_choice(field, name, directory) for name in dict.fromkeys(names)]


def _yes_no(field: Field, value: Any, directory: Directory) -> bool:
    if isinstance(value, bool):
        return value
    if str(value) in {"yes", "no"}:
        return str(value) == "yes"
    raise Refusal("choice_unknown", field=field.name, value=str(value))


def _unit(field: Field, value: Any, directory: Directory) -> int:
    if not isinstance(value, int) or value not in directory.units:
        raise Refusal("unit_unknown", field=field.name, value=str(value))
    return value


def _person(field: Field, value: Any, directory: Directory) -> int:
    if not isinstance(value, int) or value not in directory.people:
        raise Refusal("person_unknown", field=field.name, value=str(value))
    return value


def _record(field: Field, value: Any, directory: Directory) -> int:
    """The id of a record; whether there is such a one the handler asks."""
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value <= MAX_INTEGER:
        raise Refusal("record_unknown", field=field.name, value=str(value)[:40])
    return value


_CHECKS: Mapping[FieldType, Callable[[Field, Any, Directory], Any]] = {
    FieldType.TEXT: _text,
    FieldType.INTEGER: _integer,
    FieldType.DECIMAL: _decimal,
    FieldType.DATE: _day,
    FieldType.TIME: _time,
    FieldType.SELECT_ONE: _choice,
    FieldType.SELECT_MULTIPLE: _choices,
    FieldType.YES_NO: _yes_no,
    FieldType.UNIT: _unit,
    FieldType.PERSON: _person,
    FieldType.GEOPOINT: _geopoint,
    FieldType.RECORD: _record,
}
