"""Who stands where in the tree of units."""

import pytest

from tracker.domain.people import Directory, Unit

COUNTY = Unit(1, "43", "某县", "county", None)
TOWN = Unit(2, "4301", "甲镇", "town", 1)
OTHER_TOWN = Unit(3, "4302", "乙镇", "town", 1)
BUREAU = Unit(4, "43.a", "县某局", "county_bureau", None)
ALONE = Unit(5, "4303", "丙镇", "town", None)
VILLAGE = Unit(6, "430301", "晨光村", "village", 5)


@pytest.mark.parametrize(
    ("units", "top"),
    [
        pytest.param((), None, id="nothing founded yet"),
        pytest.param((ALONE,), ALONE, id="a unit alone"),
        pytest.param((ALONE, VILLAGE, BUREAU), ALONE, id="a bureau looks in from outside"),
        pytest.param((COUNTY, TOWN, BUREAU), TOWN, id="the only town of a county"),
        pytest.param((COUNTY, TOWN, OTHER_TOWN), COUNTY, id="a county of several towns"),
        pytest.param((COUNTY, TOWN, ALONE, VILLAGE), None, id="two trees"),
        pytest.param((ALONE, BUREAU), None, id="two units with nobody below"),
    ],
)
def test_the_unit_that_the_log_is_for(units: tuple[Unit, ...], top: Unit | None):
    assert Directory({unit.id: unit for unit in units}, {}).top == top
