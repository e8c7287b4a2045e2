"""Quantiles of what a database has put in order, so that it need not hand out every value. Pure.

As `statistics.quantiles(method="inclusive")` and numpy's default have it: between the two values around the place (n - 1) * p.
"""

from collections.abc import Mapping
from fractions import Fraction

HALF, QUARTER, THREE_QUARTERS, NINE_TENTHS = Fraction(1, 2), Fraction(1, 4), Fraction(3, 4), Fraction(9, 10)


def quantile(ranked: Mapping[int, float], count: int, part: Fraction) -> float:
    """ranked: place, from 1, -> value; holds those around the quantile. Raises KeyError where it does not, ValueError for no value."""
    if count < 1:
        raise ValueError("Of nothing there is no quantile.")
    place = (count - 1) * part
    low = place.numerator // place.denominator
    beyond = place - low
    if beyond == 0:
        return ranked[low + 1]
    return ranked[low + 1] + float(beyond) * (ranked[low + 2] - ranked[low + 1])
