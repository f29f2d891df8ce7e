"""Field values: what is kept, what is refused, and that a form hears of all its mistakes at once."""

from __future__ import annotations

import pickle
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from records import MEMBER
from township import PETITION, TOILET, Paper, label

from tracker.domain.events import MAX_INTEGER, check_canonical
from tracker.domain.refusals import Refusal, Refusals
from tracker.domain.registers import Choice, Field, FieldType, Privacy
from tracker.domain.values import check_record, check_value, check_values

DIRECTORY = Paper().directory
VILLAGE, PERSON = Paper().unit["chenguang"], Paper().person["staff"]


def a_field(kind: FieldType, **more: Any) -> Field:
    return Field("x", kind, label("x"), choices=(Choice("a", label("a")), Choice("b", label("b"))), **more)


def kept(kind: FieldType, value: Any, **more: Any) -> Any:
    return check_value(a_field(kind, **more), value, DIRECTORY)


KEPT = [
    (FieldType.TEXT, "  破损  ", "破损"),
    (FieldType.TEXT, "   ", None),
    (FieldType.TEXT, "一\n二\t三", "一\n二\t三"),
    (FieldType.TEXT, "破\x00损\x1b\ud800", "破损"),
    (FieldType.INTEGER, " 12 ", 12),
    (FieldType.INTEGER, "１２", 12),
    (FieldType.INTEGER, 0, 0),
    (FieldType.DECIMAL, "3.50", "3.5"),
    (FieldType.DECIMAL, "1e3", "1000"),
    (FieldType.DECIMAL, "0", "0"),
    (FieldType.DATE, date(2023, 3, 5), "2023-03-05"),
    (FieldType.DATE, "2023-03-05", "2023-03-05"),
    (FieldType.TIME, " 9:05 ", "09:05"),
    (FieldType.TIME, "２１：３０", "21:30"),
    (FieldType.TIME, "21:30:59", "21:30"),
    (FieldType.RECORD, 17, 17),
    (FieldType.SELECT_ONE, "a", "a"),
    (FieldType.SELECT_MULTIPLE, ["b", "a", "b"], ["b", "a"]),
    (FieldType.SELECT_MULTIPLE, "a", ["a"]),
    (FieldType.SELECT_MULTIPLE, [], None),
    (FieldType.YES_NO, True, True),
    (FieldType.YES_NO, "no", False),
    (FieldType.UNIT, VILLAGE, VILLAGE),
    (FieldType.PERSON, PERSON, PERSON),
    (FieldType.GEOPOINT, " 26.550, +112.38 ", "26.55,112.38"),
    (FieldType.GEOPOINT, "-33.9；18.4", "-33.9,18.4"),
]
REFUSED = [
    (FieldType.GEOPOINT, "abc", "pattern_mismatch"),
    (FieldType.GEOPOINT, "26.55", "pattern_mismatch"),
    (FieldType.GEOPOINT, "26.55,112.38,5", "pattern_mismatch"),
    (FieldType.GEOPOINT, "1e-999999,2", "pattern_mismatch"),
    (FieldType.GEOPOINT, "112.38,26.55", "field_out_of_range"),
    (FieldType.INTEGER, "3.5", "field_not_a_number"),
    (FieldType.INTEGER, "十二", "field_not_a_number"),
    (FieldType.INTEGER, "9" * 5000, "field_not_a_number"),
    (FieldType.INTEGER, MAX_INTEGER + 1, "field_out_of_range"),
    (FieldType.DECIMAL, "NaN", "field_not_a_number"),
    (FieldType.DECIMAL, "Infinity", "field_not_a_number"),
    (FieldType.DECIMAL, "1e999999", "field_out_of_range"),
    (FieldType.DECIMAL, "1e-999999", "field_out_of_range"),
    (FieldType.DATE, "2023-02-29", "field_not_a_day"),
    (FieldType.DATE, "去年", "field_not_a_day"),
    (FieldType.TIME, "24:00", "field_not_a_time"),
    (FieldType.TIME, "9:60", "field_not_a_time"),
    (FieldType.TIME, "早上", "field_not_a_time"),
    (FieldType.RECORD, 0, "record_unknown"),
    (FieldType.RECORD, True, "record_unknown"),
    (FieldType.RECORD, "会-2023-0001", "record_unknown"),
    (FieldType.RECORD, MAX_INTEGER + 1, "record_unknown"),
    (FieldType.SELECT_ONE, "c", "choice_unknown"),
    (FieldType.SELECT_MULTIPLE, ["a", "c"], "choice_unknown"),
    (FieldType.YES_NO, "maybe", "choice_unknown"),
    (FieldType.UNIT, 10**9, "unit_unknown"),
    (FieldType.UNIT, "晨光村", "unit_unknown"),
    (FieldType.PERSON, 10**9, "person_unknown"),
]


@pytest.mark.parametrize(("kind", "value", "expected"), KEPT, ids=lambda v: repr(v)[:30])
def test_a_value_is_kept_in_one_form(kind: FieldType, value: Any, expected: Any) -> None:
    assert kept(kind, value) == expected


@pytest.mark.parametrize(("kind", "value", "code"), REFUSED, ids=lambda v: repr(v)[:30])
def test_a_wrong_value_is_refused_at_its_field(kind: FieldType, value: Any, code: str) -> None:
    with pytest.raises(Refusal) as caught:
        kept(kind, value)
    assert (caught.value.code, caught.value.field) == (code, "x")


@given(st.sampled_from(list(FieldType)), st.text() | st.integers() | st.floats() | st.booleans() | st.lists(st.text()))
def test_whatever_is_typed_is_kept_as_the_log_can_keep_it_or_refused(kind: FieldType, value: Any) -> None:
    try:
        check_canonical(kept(kind, value))
    except Refusal:
        pass


@pytest.mark.parametrize(("length", "code"), [(500, None), (501, "field_too_long"), (3, "field_too_short")])
def test_a_text_has_the_length_that_the_register_allows(length: int, code: str | None) -> None:
    name = "张" * length
    if code is None:
        assert kept(FieldType.TEXT, name, min_length=4) == name
        return
    with pytest.raises(Refusal, match=code):
        kept(FieldType.TEXT, name, min_length=4)


@pytest.mark.parametrize(("value", "is_right"), [("1", True), ("9", True), ("0", False), ("10", False)])
def test_a_number_lies_in_its_range(value: str, is_right: bool) -> None:
    for kind in (FieldType.INTEGER, FieldType.DECIMAL):
        if is_right:
            assert kept(kind, value, minimum=1, maximum=9) is not None
        else:
            with pytest.raises(Refusal, match="field_out_of_range"):
                kept(kind, value, minimum=1, maximum=9)


def _kept_number(text: str) -> Any:
    try:
        return kept(FieldType.TEXT, text, pattern="id_number")
    except Refusal:
        return None


@given(st.text("0123456789", min_size=17, max_size=17))
def test_an_identity_number_has_the_check_character_of_gb_11643(digits: str) -> None:
    """ISO 7064 MOD 11-2: of the eleven characters exactly one makes the number right."""
    right = [n for last in "0123456789x" if (n := _kept_number(digits + last)) is not None]
    (number,) = right
    total = 0
    for character in number:
        total = (total * 2 + (10 if character == "X" else int(character))) % 11
    assert total == 1


def test_all_mistakes_of_a_form_come_back_at_once() -> None:
    values = {"problem": "短", "category": "none", "remark": "长" * 41, "no_such": 1}
    with pytest.raises(Refusals) as caught:
        check_values(TOILET, values, DIRECTORY, is_partial=False, all_private=False)
    assert {(r.field, r.code) for r in caught.value.refusals} == {
        ("problem", "field_too_short"),
        ("category", "choice_unknown"),
        ("remark", "field_too_long"),
        ("no_such", "field_unknown"),
    }


def test_what_is_personal_goes_to_the_vault_and_of_a_restricted_ticket_every_text() -> None:
    values = {"title": "低保", "problem": "要求说明理由", "petitioner": "李四", "class": "plea"}
    plain = check_values(PETITION, values, DIRECTORY, is_partial=False, all_private=False)
    restricted = check_values(PETITION, values, DIRECTORY, is_partial=False, all_private=True)
    assert dict(plain.private) == {"petitioner": "李四"}
    assert dict(restricted.open) == {"class": "plea"}
    assert restricted.private.keys() == {"title", "problem", "petitioner"}
    assert {f.name for f in PETITION.fields if f.privacy is not Privacy.OPEN} == {"petitioner"}


def test_a_retired_choice_stays_where_it_stands_and_is_not_chosen_anew() -> None:
    choices = (Choice("a", label("a")), Choice("old", label("旧"), is_retired=True))
    one, several = (
        Field(name, kind, label(name), choices=choices)
        for name, kind in (("one", FieldType.SELECT_ONE), ("several", FieldType.SELECT_MULTIPLE))
    )
    register = replace(TOILET, fields=(one, several))

    def kept_after(before: dict[str, Any]) -> dict[str, Any]:
        values = {"one": "old", "several": ["a", "old"]}
        return dict(check_values(register, values, DIRECTORY, is_partial=True, all_private=False, before=before).open)

    assert kept_after({"one": "old", "several": ["old"]}) == {"one": "old", "several": ["a", "old"]}
    with pytest.raises(Refusals) as caught:
        kept_after({"one": "a", "several": []})
    assert [(r.field, r.code) for r in caught.value.refusals] == [
        ("one", "choice_retired"),
        ("several", "choice_retired"),
    ]


def test_an_amendment_clears_a_field_by_leaving_it_empty_but_not_one_that_is_required() -> None:
    cleared = check_values(TOILET, {"remark": ""}, DIRECTORY, is_partial=True, all_private=False)
    assert dict(cleared.open) == {"remark": None}
    with pytest.raises(Refusals, match="field_required"):
        check_values(TOILET, {"problem": ""}, DIRECTORY, is_partial=True, all_private=False)


# -- fields of records that depend on each other -------------------------------------------------------
THEMES = replace(
    MEMBER,
    fields=(
        replace(a_field(FieldType.SELECT_ONE), name="main"),
        replace(a_field(FieldType.SELECT_MULTIPLE), name="themes", contains="main"),
        replace(a_field(FieldType.DATE), name="first"),
        replace(a_field(FieldType.DATE), name="last", not_before=("first", 4)),
    ),
)


def recorded(values: dict[str, Any], **before: Any) -> dict[str, Any]:
    return dict(check_record(THEMES, values, DIRECTORY, is_partial=bool(before), before=before).open)


@pytest.mark.parametrize(("themes", "expected"), [(None, ["a"]), (["b"], ["a", "b"]), (["b", "a"], ["b", "a"])])
def test_the_main_theme_is_always_one_of_the_themes(themes: list[str] | None, expected: list[str]) -> None:
    assert recorded({"main": "a", "themes": themes})["themes"] == expected


def test_a_correction_of_something_else_leaves_the_themes_alone() -> None:
    assert recorded({"first": "2023-05-01"}, main="a", themes=["b"]) == {"first": "2023-05-01"}


@pytest.mark.parametrize(
    ("values", "before"),
    [({"first": "2023-05-01", "last": "2023-05-04"}, {}), ({"last": "2023-05-04"}, {"first": "2023-05-01"})],
)
def test_five_days_of_publicity_are_five_days(values: dict[str, Any], before: dict[str, Any]) -> None:
    with pytest.raises(Refusals) as error:
        recorded(values, **before)
    assert [(one.code, one.field) for one in error.value.refusals] == [("day_before_other", "last")]
    assert recorded(values | {"last": "2023-05-05"}, **before)["last"] == "2023-05-05"


def test_refusals_come_whole_from_another_process() -> None:
    sent = Refusals([Refusal("stale_version", field="version", version=3, seen=2), Refusal("not_permitted")])
    assert repr(pickle.loads(pickle.dumps(sent)).refusals) == repr(sent.refusals)  # our own
