"""How a rate is rounded, held against percentages that counties and towns have printed.

The facts are those of published-rates.csv (data/README.md "Rules and published rates"), 23 rows; the pages
are named in the ids. Sums are there because a total that does not add up is the commonest fault of a report.
"""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.domain.figures import FigureValue, Rate

PUBLISHED_RATES = [
    pytest.param(172 + 80 + 50, 506, 2, "59.68", id="大英县12345周报 2016-03, dyrmt.com"),
    pytest.param(597, 601, 0, "99", id="宁国市12345月报 2022-04, whole percent"),
    pytest.param(2954, 3656, 2, "80.80", id="丰城市12345月报 2025-05, jxfc.gov.cn: truncating would print 80.79"),
    pytest.param(3112, 3656 - 200, 2, "90.05", id="丰城市 2025-05, without the 200 still in time"),
    pytest.param(126, 569, 2, "22.14", id="渭南市长信箱 2023 Q2"),
    pytest.param(3055, 3059, 2, "99.87", id="某市政府信箱 2021-11, 答复率"),
    pytest.param(2156, 3588, 0, "60", id="开州区自建房 2022-07, zfcxjw.cq.gov.cn, whole percent"),
    pytest.param(40926, 41000, 2, "99.82", id="海门区农村改厕 2020-10-30, hm.nantong.gov.cn"),
    pytest.param(279, 306, 2, "91.18", id="赣榆区巡察 2018 (domain.md §2.3), jssjw.gov.cn"),
]


@pytest.mark.parametrize(("numerator", "denominator", "places", "printed"), PUBLISHED_RATES)
def test_published_percentages_come_out_as_printed(numerator: int, denominator: int, places: int, printed: str) -> None:
    assert str(Rate(numerator, denominator).percent(places)) == printed


PUBLISHED_SUMS = [
    pytest.param([495, 11], 506, id="大英县 交办+直办=受理"),
    pytest.param([460, 38, 3, 4, 1], 506, id="大英县 按类型"),
    pytest.param([2276, 601], 2877, id="宁国市 自行处理+派单"),
    pytest.param([532, 69], 601, id="宁国市 热线派单+政民互动派单"),
    pytest.param([2954, 480, 139, 66, 17], 3656, id="丰城市 按类型"),
    pytest.param([3112, 344], 3656 - 200, id="丰城市 已解决+未解决"),
    pytest.param([243, 126, 131, 29, 40], 569, id="渭南 按类型"),
    pytest.param([74, 40, 38, 37, 23, 21, 14, 13, 10, 10, 7, 5], 292, id="渭南 县区合计"),
    pytest.param([203, 65, 38, 34, 31, 29, 28, 23, 20, 19, 11, 10, 8, 4, 1, 45], 569, id="渭南 热点合计"),
    pytest.param([1904, 1155], 3059, id="某市政府信箱"),
    pytest.param([1160, 1859, 40], 3059, id="某市政府信箱 按类型"),
    pytest.param([828, 2760], 3588, id="开州区 自建房"),
    pytest.param([129, 1728], 1857, id="开州区 自建房 隐患"),
    pytest.param([7, 6, 13, 5, 14, 4, 1, 5, 5, 1, 1, 1], 63, id="某镇 意见分类"),
    pytest.param([29, 18, 9], 56, id="某镇 现场解决+限期+协调中"),
]


@pytest.mark.parametrize(("parts", "total"), PUBLISHED_SUMS)
def test_parts_that_add_up_are_a_hundred_percent_and_one_missing_is_not(parts: list[int], total: int) -> None:
    assert Rate(sum(parts), total).percent() == Decimal("100.00")
    assert Rate(sum(parts) - 1, total).percent() != Decimal("100.00")


@pytest.mark.parametrize(
    ("numerator", "denominator", "expected"),
    [
        pytest.param(756, 781, "96.80", id="霍山县衡山镇 printed 96.7: truncated (domain.md §2.3)"),
        pytest.param(27, 28, "96.43", id="courtyard problems of the seed report"),
        pytest.param(176, 187, "94.12", id="toilets on time"),
        pytest.param(14, 16, "87.50", id="petitions evaluated"),
        pytest.param(118, 121, "97.52", id="party days on the day"),
        pytest.param(1, 800, "0.13", id="half goes up: 0.125"),
        pytest.param(99996, 100000, "99.99", id="99.996 is never printed as 100.00"),
        pytest.param(999999, 1000000, "99.99", id="one of a million is missing"),
        pytest.param(1000001, 1000000, "100.01", id="more than all is never printed as all"),
        pytest.param(1, 100000, "0.01", id="something is never printed as nothing"),
        pytest.param(187, 187, "100.00", id="all of them"),
        pytest.param(0, 187, "0.00", id="none of them"),
    ],
)
def test_percentages_are_rounded_half_up_and_never_to_all_or_nothing(
    numerator: int, denominator: int, expected: str
) -> None:
    """domain.md §2.2: 100.00 % only if n = d."""
    assert str(Rate(numerator, denominator).percent()) == expected


@pytest.mark.parametrize(("places", "expected"), [(0, "99"), (1, "99.9"), (2, "99.99"), (3, "99.996")])
def test_the_rule_for_all_holds_at_every_number_of_places(places: int, expected: str) -> None:
    assert str(Rate(99996, 100000).percent(places)) == expected


def test_nothing_to_divide_by_has_no_percentage() -> None:
    """domain.md §2.2: shown as “—”; some real systems print 100 % (S33), which is not copied."""
    assert Rate(0, 0).is_empty
    assert Rate(0, 0).percent() is None


COUNTS = st.integers(0, 2_000_000)


@given(COUNTS, COUNTS)
def test_a_percentage_is_within_a_step_of_the_exact_share(numerator: int, denominator: int) -> None:
    percent = Rate(numerator, denominator).percent()
    if percent is None:
        assert denominator == 0
        return
    assert abs(percent * denominator - 100 * numerator) <= denominator * Decimal("0.01")
    assert (percent == 100) == (numerator == denominator)
    assert (percent == 0) == (numerator == 0)


@given(st.integers(1, 10_000), st.data())
def test_one_more_closed_never_lowers_the_percentage(denominator: int, data: st.DataObject) -> None:
    numerator = data.draw(st.integers(0, denominator - 1))
    fewer, more = Rate(numerator, denominator).percent(), Rate(numerator + 1, denominator).percent()
    assert fewer is not None
    assert more is not None
    assert fewer <= more


def test_a_value_adds_its_exclusions_and_makes_a_rate_where_there_is_a_denominator() -> None:
    value = FigureValue("toilet_problems_rectified", 187, 187, (2, 4, 0), date(2023, 12, 5), 812)
    assert value.excluded == 6
    assert value.rate == Rate(187, 187, 6)


def test_a_plain_count_has_no_rate() -> None:
    assert FigureValue("petitions", 18, None, (), date(2023, 12, 5), 812).rate is None
