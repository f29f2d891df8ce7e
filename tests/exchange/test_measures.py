"""A leap of units (registers.md §10, 27): 万, 公顷, 公斤, 公里 come out in the measure of the field, or not at all."""

from decimal import Decimal

import pytest

from tracker.domain.refusals import Refusal
from tracker.domain.registers import Field, FieldType
from tracker.exchange.measures import Measure


def measure(label: str, heading: str) -> Measure:
    return Measure.of(Field("value", FieldType.DECIMAL, {"zh-Hans": label}), heading)


@pytest.mark.parametrize(
    ("label", "heading", "cell", "read"),
    [
        ("面积（亩）", "面积（亩）", "12", "12"),
        ("面积（亩）", "面积（公顷）", 2, "30"),
        ("面积（亩）", "面积(公頃)", 2.5, "37.5"),
        ("面积（亩）", "面积", "2公顷", "30"),
        ("面积（亩）", "面积（公顷）", "12亩", "12"),  # the cell says so itself
        ("面积（亩）", "面积（万亩）", "2.4492", "24492"),
        ("数值", "产量（吨）", 1675, "1675"),
        ("数值", "产量（公斤）", 5000, "5"),
        ("数值", "产量（单位：千克）", "5,000", "5"),
        ("数值", "产量", "1.2万公斤", "12"),
        ("数值", "产量（万吨）", "1.618", "16180"),
        ("数值", "产量", "３００斤", "0.15"),
        ("里程（米）", "里程（公里）", "1.4", "1400"),
        ("河段长度（公里）", "长度（米）", "3200", "3.2"),
        ("方量（立方米）", "方量", "12方", "12"),
        ("面积（平方米）", "面积（㎡）", "80", "80"),
        ("资金（元）", "资金（万元）", "1.2", "12000"),
        ("数值", "数值", "五", "5"),
    ],
)
def test_a_number_comes_out_in_the_measure_of_its_field(label: str, heading: str, cell: str | float, read: str) -> None:
    assert measure(label, heading).read(cell) == Decimal(read)


@pytest.mark.parametrize(
    ("label", "heading", "cell"),
    [
        ("面积（平方米）", "面积（亩）", "3"),
        ("面积（亩）", "面积", "300平方米"),
        ("里程（米）", "里程", "3吨"),
    ],
)
def test_what_is_not_exact_in_it_is_refused(label: str, heading: str, cell: str) -> None:
    with pytest.raises(Refusal, match="measure_differs"):
        measure(label, heading).read(cell)
