"""What a masked private value still shows."""

from __future__ import annotations

import pytest

from tracker.log.vault import MASK, mask


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("", "＊"),
        ("王", "＊"),
        ("刘云", "刘＊"),
        ("刘小云", "刘＊云"),
        ("8765432", "87＊＊＊＊2"),
        ("87654321", "87＊＊＊＊21"),
        ("0734876543", "07＊＊＊＊＊＊43"),
        ("13812345678", "138＊＊＊＊5678"),
        ("11010519491231002X", "110＊＊＊＊＊＊＊＊＊＊＊002X"),
    ],
)
def test_a_masked_value_shows_its_ends_alone(value: str, shown: str) -> None:
    assert mask(value) == shown


@pytest.mark.parametrize("length", range(7, 11))
def test_of_a_short_number_half_is_hidden(length: int) -> None:
    shown = mask("9" * length)
    assert shown.count("9") <= length // 2
    assert MASK in shown


@pytest.mark.parametrize("length", range(11, 20))
def test_of_a_long_number_seven_digits_are_shown(length: int) -> None:
    assert mask("9" * length).count("9") == 7
