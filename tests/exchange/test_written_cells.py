"""What an export writes into a cell is read as the value that it was, whatever the field and the language."""

from __future__ import annotations

from datetime import date
from typing import Any

from exchange.samples import PEOPLE, UNITS
from hypothesis import assume, given
from hypothesis import strategies as st

from tracker.domain.people import Directory
from tracker.domain.refusals import Refusal
from tracker.domain.registers import Field, FieldType
from tracker.domain.values import check_value
from tracker.exchange.exports import Spelling, cell_of, guarded
from tracker.exchange.names import PersonNames, UnitNames
from tracker.exchange.values import Surroundings, reader_for
from tracker.packs.loader import built_in, load_pack

PACK = load_pack(built_in("township"))
FIELDS = [
    known
    for register in (*PACK.registers, *PACK.records)
    for known in register.fields
    if known.type is not FieldType.RECORD and not known.is_private
]
TOWN = Directory(UNITS, PEOPLE)
AROUND = Surroundings(TOWN, UnitNames(UNITS), PersonNames(PEOPLE, UNITS))
SPELLINGS = [
    Spelling("zh-Hans", "是", "否", "、"),
    Spelling("zh-Hant", "是", "否", "、"),
    Spelling("en", "Yes", "No", ", "),
]
# A village of this name lies in two towns: it is written alone, and then means neither.
ONE_OF = [unit_id for unit_id, unit in UNITS.items() if unit.name != "白水村"]


def values(known: Field) -> st.SearchStrategy[Any]:
    names = [choice.name for choice in known.choices if not choice.is_retired]
    low, high = known.minimum or 0, known.maximum or 10**6
    return {
        FieldType.TEXT: st.text("甲乙丙 ab12=+-@、，,；'\"\n", min_size=1, max_size=60),
        FieldType.INTEGER: st.integers(low, high),
        FieldType.DECIMAL: st.decimals(low, high, places=2),
        FieldType.DATE: st.dates(date(1990, 1, 1), date(2030, 12, 31)),
        FieldType.TIME: st.times().map(lambda at: f"{at:%H:%M}"),
        FieldType.SELECT_ONE: st.sampled_from(names or [""]),
        FieldType.SELECT_MULTIPLE: st.lists(st.sampled_from(names or [""]), min_size=1, max_size=3, unique=True),
        FieldType.YES_NO: st.booleans(),
        FieldType.UNIT: st.sampled_from(ONE_OF),
        FieldType.PERSON: st.sampled_from(sorted(PEOPLE)),
        FieldType.GEOPOINT: st.tuples(st.decimals(-89, 89, places=5), st.decimals(-179, 179, places=5)).map(
            lambda point: f"{point[0]},{point[1]}"
        ),
    }[known.type]


@given(st.data(), st.sampled_from(FIELDS), st.sampled_from(SPELLINGS))
def test_a_cell_says_its_value(data: st.DataObject, known: Field, spelling: Spelling) -> None:
    try:
        value = check_value(known, data.draw(values(known)), TOWN)
    except Refusal:
        assume(False)
    assume(value is not None)
    cell = guarded(cell_of(known, value, TOWN, spelling))
    if isinstance(cell, str) and cell != cell_of(known, value, TOWN, spelling):
        cell = cell[1:]  # as `delimited` reads it
    read = reader_for(known, AROUND)(cell)
    if known.type is FieldType.TEXT and read is None:
        assume(False)  # 无 and - say that there is nothing
    assert check_value(known, read, TOWN) == value


def test_each_choice_that_is_written_beside_others_is_read_as_itself() -> None:
    wrong = []
    for known in FIELDS:
        names = [choice.name for choice in known.choices if not choice.is_retired]
        if known.type is FieldType.SELECT_MULTIPLE:
            for spelling in SPELLINGS:
                cell = cell_of(known, names, TOWN, spelling)
                try:
                    if list(reader_for(known, AROUND)(cell) or ()) != names:
                        wrong.append((known.name, spelling.language))
                except Refusal as why:
                    wrong.append((known.name, spelling.language, why.params))
    assert wrong == []
