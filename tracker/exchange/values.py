"""A cell becomes a value of its field: days, numbers, choices, units, people, in the many ways
in which spreadsheets write them. What cannot be read for certain is refused, never guessed.

Values: text and select_one `str`; integer `int`; decimal `str` of digits (no floats in events);
date `date`; yes_no `bool`; select_multiple `tuple[str, ...]`; unit and person their `int` ids;
geopoint `"lat,lon"`; time `"HH:MM"`; a record its `int` id; an empty cell, `/`, `-`, `无` are None.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol

from tracker.domain.people import Directory
from tracker.domain.refusals import Refusal
from tracker.domain.registers import Choice, Field, FieldType
from tracker.domain.texts import half_width
from tracker.domain.values import check_value
from tracker.exchange.cells import DayOrder, digits_of, plain_decimal, read_day, read_time
from tracker.exchange.folding import fold
from tracker.exchange.measures import Measure
from tracker.exchange.names import PersonNames, UnitNames
from tracker.exchange.sheets import Cell

Value = str | int | bool | date | tuple[str, ...] | None

_NONE_WORDS = frozenset({"/", "\\", "-", "--", "—", "——", "－", "无", "無", "n/a", "na", "null", "none", "无。"})
_MEMO_SIZE = 10_000


class LinkNames(Protocol):
    """Finds the record that a cell names (`links.RecordNames`)."""

    def find(self, field: Field, text: str) -> int: ...

    def fields_of(self, record_id: int) -> Mapping[str, Any] | None: ...


@dataclass(frozen=True)
class Surroundings:
    """What a cell alone does not say. `links`: without it no record is known."""

    directory: Directory
    units: UnitNames
    people: PersonNames
    dates_from_1904: bool = False
    links: LinkNames | None = None


# ---- yes and no

_YES = frozenset({"是", "有", "已", "对", "√", "✓", "✔", "y", "yes", "true", "1", "t", "☑", "v"})
_NO = frozenset({"否", "无", "没有", "未", "不", "不是", "错", "×", "✗", "✘", "x", "n", "no", "false", "0", "f", "☐"})


def read_yes_no(cell: Cell) -> bool | None:
    """是/否, √/×, y/n, 1/0. `/` and `-` are None. Refusal: choice_unknown."""
    if isinstance(cell, bool):
        return cell
    word = fold(_text(cell))
    if word in _YES or word in _NO:
        return word in _YES
    if word in _NONE_WORDS:
        return None
    raise Refusal("choice_unknown", value=word[:40])


# ---- choices

_SEPARATORS = re.compile(r"[、,，;；\n\r|]+")


class Choices:
    """Looks choices up by label in any language, by name and by synonym."""

    def __init__(self, choices: tuple[Choice, ...]) -> None:
        self._retired = frozenset(c.name for c in choices if c.is_retired)
        self._by_word: dict[str, str | None] = {}
        for level in (_whole_words, _loose_words):
            words: dict[str, str | None] = {}
            for choice in choices:
                for word in level(choice):
                    # The same word for two choices means neither.
                    words[word] = choice.name if words.get(word, choice.name) == choice.name else None
            self._by_word = words | self._by_word

    def knows(self, text: str) -> bool:
        return self._by_word.get(fold(text)) is not None

    def find(self, text: str) -> str:
        """The choice's name. Refusals: choice_unknown, choice_retired."""
        name = self._by_word.get(fold(text))
        if name is None:
            raise Refusal("choice_unknown", value=text[:40])
        if name in self._retired:
            raise Refusal("choice_retired", value=text[:40])
        return name

    def find_all(self, text: str) -> tuple[str, ...]:
        """The names of all choices that the cell joins by 、 ， ； or line breaks, in its order."""
        if self.knows(text):
            return (self.find(text),)
        parts = [part.strip() for part in _SEPARATORS.split(text) if part.strip()]
        if len(parts) == 1 and "/" in text:
            parts = [part.strip() for part in text.split("/") if part.strip()]
        return tuple(dict.fromkeys(self.find(part) for part in parts))


def _whole_words(choice: Choice) -> set[str]:
    return {fold(word) for word in (*choice.label.values(), choice.name, *choice.synonyms) if word}


def _loose_words(choice: Choice) -> set[str]:
    """水冲不上水/水压不足 also as either half; 四格式（三格+湿地） also as 四格式."""
    words: set[str] = set()
    for word in _whole_words(choice):
        bare = re.sub(r"\([^()]*\)", "", word)
        words.update(part for part in (bare, *bare.split("/")) if part)
    return words


# ---- text


def _text(cell: Cell) -> str:
    """What the cell shows: 2554.0 is 2554, a day is ISO."""
    if isinstance(cell, str):
        return cell.strip()
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, float):
        return digits_of(cell)
    if isinstance(cell, datetime):
        return cell.isoformat(" ")
    return str(cell)


def _read_text(cell: Cell, field: Field) -> str:
    if field.pattern == "id_number":
        if isinstance(cell, float) and cell >= 1e15:
            # A spreadsheet keeps 15 digits of a number; the last three are zeros now.
            raise Refusal("id_number_invalid", reason="digits_lost")
        return half_width(_text(cell)).upper().replace(" ", "")
    # Numbers and telephones in full width are a slip of the input method, not a wish.
    return half_width(_text(cell)) if field.pattern else _text(cell)


def _read_integer(cell: Cell, measure: Measure) -> int:
    number = measure.read(cell)
    if number != number.to_integral_value():
        raise Refusal("field_not_a_number", reason="not_whole", value=_text(cell)[:40])
    return int(number)


# ---- one reader per column

Reader = Callable[[Cell], Value]


def reader_for(field: Field, around: Surroundings, order: DayOrder = DayOrder.UNKNOWN, *, heading: str = "") -> Reader:
    """A function from a filled cell to the field's value, checked as the domain checks it.

    `heading`: of the column, with the measure that its numbers are told in.

    It remembers repeated cells, and raises Refusal; which cell it was, the caller knows.
    """
    convert = _plain_reader(field, around, order, Measure.of(field, heading))

    def read(cell: Cell) -> Value:
        value = convert(cell)
        check_value(field, value, around.directory)
        return value

    return read if field.type is FieldType.TEXT else _remembering(read)


def _plain_reader(field: Field, around: Surroundings, order: DayOrder, measure: Measure) -> Reader:
    match field.type:
        case FieldType.SELECT_ONE | FieldType.SELECT_MULTIPLE:
            return _choice_reader(field)
        case FieldType.YES_NO:
            return read_yes_no
        case _:
            return _none_words_first(_filled_reader(field, around, order, measure))


def _filled_reader(field: Field, around: Surroundings, order: DayOrder, measure: Measure) -> Reader:
    match field.type:
        case FieldType.INTEGER:
            return lambda cell: _read_integer(cell, measure)
        case FieldType.DECIMAL:
            return lambda cell: plain_decimal(measure.read(cell))
        case FieldType.DATE:
            return lambda cell: read_day(cell, order, dates_from_1904=around.dates_from_1904)
        case FieldType.TIME:
            return read_time
        case FieldType.UNIT:
            return lambda cell: around.units.find(_text(cell))
        case FieldType.PERSON:
            return lambda cell: around.people.find(_text(cell))
        case FieldType.GEOPOINT:
            return lambda cell: check_value(field, half_width(_text(cell)), around.directory)
        case FieldType.RECORD:
            return lambda cell: _read_record(cell, field, around.links)
        case _:
            return lambda cell: _read_text(cell, field)


def _read_record(cell: Cell, field: Field, links: LinkNames | None) -> int:
    if links is None:
        raise Refusal("record_unknown", value=_text(cell)[:40])
    return links.find(field, _text(cell))


def _none_words_first(read: Reader) -> Reader:
    def read_or_none(cell: Cell) -> Value:
        if isinstance(cell, str) and len(cell) < 8 and cell.strip().lower() in _NONE_WORDS:
            return None
        return read(cell)

    return read_or_none


def _choice_reader(field: Field) -> Reader:
    choices = Choices(field.choices)
    is_multiple = field.type is FieldType.SELECT_MULTIPLE

    def read(cell: Cell) -> Value:
        text = _text(cell)
        if fold(text) in _NONE_WORDS and not choices.knows(text):
            return None
        return choices.find_all(text) if is_multiple else choices.find(text)

    return read


def _remembering(read: Reader) -> Reader:
    """Villages, days and choices repeat down a column; refusals are remembered as well."""
    known: dict[tuple[type, Cell], Value | Refusal] = {}

    def recall(cell: Cell) -> Value:
        key = (type(cell), cell)
        if key not in known:
            if len(known) >= _MEMO_SIZE:
                known.clear()
            try:
                known[key] = read(cell)
            except Refusal as refusal:
                known[key] = refusal
        value = known[key]
        if isinstance(value, Refusal):
            raise Refusal(value.code, **value.params)
        return value

    return recall
