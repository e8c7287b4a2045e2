"""Laws that every rule keeps, over rules and values made up at random."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grading.points.drawing import drawing_of, scale_of
from grading.points.lines import points_for
from grading.points.shares import cents, share_exact, share_range
from grading.spec import BenchSpec, Rule
from tests.grading.points.rules import criterion, spec_of

VALUES = st.integers(-50, 4000).map(lambda tenths: tenths / 10)
SHARES = st.integers(0, 20).map(lambda n: n / 20)
LIMITS = st.lists(st.integers(0, 3000).map(lambda tenths: tenths / 10), min_size=1, max_size=6, unique=True).map(sorted)


@st.composite
def ramps(draw):
    start, end = draw(LIMITS.filter(lambda found: len(found) > 1).map(lambda found: (found[0], found[-1])))
    return Rule("ramp", start=end, end=start) if draw(st.booleans()) else Rule("ramp", start=start, end=end)


@st.composite
def paired(draw, kind, is_rising):
    limits = draw(LIMITS.filter(lambda found: len(found) > (kind == "curve")))
    shares = sorted((draw(SHARES) for _ in limits), reverse=not is_rising)
    pairs = tuple(zip(limits, shares, strict=True))
    return Rule("curve", corners=pairs) if kind == "curve" else Rule("steps", steps=pairs, more=is_rising)


@st.composite
def wild_curves(draw):
    limits = draw(LIMITS.filter(lambda found: len(found) > 1))
    return Rule("curve", corners=tuple((limit, draw(SHARES)) for limit in limits))


SIMPLE = st.one_of(
    *(LIMITS.map(lambda found, kind=kind: Rule(kind, value=found[0])) for kind in ("at_least", "at_most"))
)
RISING = st.one_of(paired("curve", True), paired("steps", True), ramps().filter(lambda rule: rule.end > rule.start))
FALLING = st.one_of(paired("curve", False), paired("steps", False), ramps().filter(lambda rule: rule.end < rule.start))
RULES = st.one_of(SIMPLE, RISING, FALLING, wild_curves())


@given(RULES, VALUES)
def test_a_share_lies_between_nothing_and_all(rule, value):
    assert 0 <= share_exact(rule, value) <= 1


@given(st.one_of(RISING, LIMITS.map(lambda found: Rule("at_least", value=found[0]))), VALUES, VALUES)
def test_where_more_is_better_more_never_gives_less(rule, one, other):
    assert share_exact(rule, min(one, other)) <= share_exact(rule, max(one, other))


@given(st.one_of(FALLING, LIMITS.map(lambda found: Rule("at_most", value=found[0]))), VALUES, VALUES)
def test_where_less_is_better_less_never_gives_less(rule, one, other):
    assert share_exact(rule, min(one, other)) >= share_exact(rule, max(one, other))


@settings(max_examples=300)
@given(RULES, VALUES, VALUES)
def test_the_range_of_an_interval_holds_what_its_values_give_and_no_more(rule, one, other):
    low, high = min(one, other), max(one, other)
    least, most = share_range(rule, low, high)
    # The grid of the limits (0.1) and just beside every limit, which is where steps jump.
    near = [limit + off for limit in rule.limits for off in (-1e-9, 0, 1e-9)]
    inside = [low + (high - low) * n / 40 for n in range(41)] + [value for value in near if low <= value <= high]
    shares = [share_exact(rule, value) for value in inside]
    # Both ways: nothing lies outside of the range, and its ends are reached. The values tried are floats, so to a millionth.
    assert abs(float(min(shares) - least)) < 1e-6 and abs(float(most - max(shares))) < 1e-6


@given(RULES, VALUES)
def test_the_place_on_the_drawing_is_what_the_rule_gives(rule, value):
    drawing = drawing_of(rule, value, "ms", None)
    assert drawing.place_y == round(21 - 16 * float(share_exact(rule, value)), 1)
    assert 0 <= drawing.place_x <= 150
    corners = [tuple(map(float, corner.split(","))) for corner in drawing.points.split()]
    assert all(0 <= x <= 150 and 5 <= y <= 21 for x, y in corners)
    assert corners[0][0] == 0 and corners[-1][0] == 150 and corners == sorted(corners, key=lambda corner: corner[0])


@given(RULES)
def test_every_limit_lies_on_the_scale(rule):
    low, high = scale_of(rule, "ms")
    assert low < high and all(low <= limit <= high for limit in rule.limits)


@pytest.mark.parametrize("limit", [5e-324, -5e-324, 1e-300, 0.0, 1e18])
@pytest.mark.parametrize("kind", ["at_least", "at_most"])
def test_the_least_and_the_largest_limit_can_be_drawn(kind, limit):
    rule = Rule(kind, value=limit)
    assert 0 <= drawing_of(rule, limit, "ms", None).place_x <= 150


@given(st.fractions(0, 1), st.decimals(0, 9999, places=2))
def test_cents_are_rounded_by_half_a_cent_at_most_and_upwards(share, of):
    off = Fraction(cents(share, of)) - share * Fraction(of)
    assert Fraction(-1, 200) < off <= Fraction(1, 200)


POINTS = st.integers(0, 1000).map(lambda cents: cents / 100)


@st.composite
def specs(draw):
    rows = draw(st.lists(st.tuples(POINTS, st.booleans()), min_size=1, max_size=6))
    ramp = {"kind": "ramp", "from": 0, "to": 300}
    items = [
        criterion(ramp, "macs", points, f"k{n}", bonus=bonus) for n, (points, bonus) in enumerate(rows)
    ]  # fmt: skip
    most = (
        {"bonus_most": draw(st.integers(1, 3000)) / 100}
        if any(bonus for _, bonus in rows) and draw(st.booleans())
        else {}
    )
    return spec_of(*items, **most)


@given(specs(), VALUES)
def test_lines_add_up_and_extra_credit_never_lowers_nor_passes_its_limit(spec: BenchSpec, value):
    points = points_for(spec, {"macs": value}, {}, {})
    assert sum((Decimal(line.earned) for line in points.lines), Decimal()) == Decimal(points.earned)
    base = [line for line in points.lines if not line.bonus]
    assert sum((Decimal(line.of) for line in base), Decimal()) == Decimal(points.of)
    without = sum((Decimal(line.earned) for line in base), Decimal())
    assert without <= Decimal(points.earned) <= without + Decimal(points.bonus_of)
    assert without <= Decimal(points.of)
