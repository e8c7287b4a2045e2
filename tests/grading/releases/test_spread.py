"""How grades are spread: quartiles by hand, and nothing of too few."""

from decimal import Decimal

import pytest

from grading.releases.drawing import drawn
from grading.releases.spread import LEAST, spread_of

GRADES = [Decimal("2.00"), Decimal("4.00"), Decimal("6.00"), Decimal("8.00"), Decimal("9.75")]


def test_median_mean_and_quartiles_are_those_computed_by_hand():
    found = spread_of(GRADES, Decimal(10))
    assert (found.lower, found.median, found.upper, found.mean) == (
        Decimal("4.00"),
        Decimal("6.00"),
        Decimal("8.00"),
        Decimal("5.95"),
    )
    assert found.steps == (0, 0, 1, 0, 1, 0, 1, 0, 1, 1)


@pytest.mark.parametrize("count", range(LEAST))
def test_fewer_than_five_grades_have_no_spread(count):
    assert spread_of(GRADES[:count], Decimal(10)) is None


def test_work_that_gives_nothing_has_none():
    assert spread_of(GRADES, Decimal(0)) is None


def test_extra_credit_stands_in_the_last_step_and_at_the_end_of_the_drawing():
    found = spread_of([*GRADES, Decimal("11.50")], Decimal(10))
    assert found.steps[-1] == 2 and sum(found.steps) == 6
    assert drawn(found, Decimal("11.50")).own == drawn(found, Decimal(10)).own


def test_equal_grades_are_a_band_that_can_still_be_seen():
    one = drawn(spread_of([Decimal(7)] * 5, Decimal(10)), Decimal(7))
    assert one.middle == 1.0 and one.place == "at the median"
    assert "between 7.00 and 7.00; the median is 7.00 of 10.00" in one.sentence


@pytest.mark.parametrize(("own", "said"), [
    ("1", "in the lowest quarter"), ("5", "between the lower quartile and the median"), ("6", "at the median"),
    ("8", "between the median and the upper quartile"), ("9", "in the highest quarter"),
])  # fmt: skip
def test_the_own_place_is_said_in_words(own, said):
    assert spread_of(GRADES, Decimal(10)).place_of(Decimal(own)) == said
