"""Places with ties: what holds for any numbers, and the example of docs/class.md."""

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from grading.ranks.places import Place, is_tie, place_of, places
from tests.parts import ROOT

UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # it runs beside measurements
NUMBERS = st.lists(st.floats(1e-3, 1e6, allow_nan=False), max_size=30)
TOLERANCE = st.sampled_from([0.0, 0.05, 0.3])


def ranges(values, **how):
    return [(place.first, place.last) for place in places(values, **how)]


def test_the_example_of_the_document_is_right():
    text = " ".join((ROOT / "docs" / "class.md").read_text().split())
    said = re.search(r"With ([\d., and]+) ms the places are ([\d, -]+)\.", text)
    values = [float(word) for word in re.findall(r"[\d.]+", said[1])]
    found = places(values, is_less_better=True, tolerance=0.05)
    assert [f"{place.first}-{place.last}" for place in found] == said[2].split(", ")


def test_a_tie_is_told_from_the_best_of_its_group_and_does_not_pass_on():
    assert ranges([108.0, 100.0, 104.0], is_less_better=True, tolerance=0.05) == [(3, 3), (1, 2), (1, 2)]


def test_at_the_tolerance_it_is_no_tie():
    assert ranges([1.0, 1.05], is_less_better=True, tolerance=0.05) == [(1, 1), (2, 2)]
    assert ranges([1.0, 1.0499], is_less_better=True, tolerance=0.05) == [(1, 2), (1, 2)]


def test_what_is_exact_ties_only_where_it_is_equal():
    assert ranges([0.9, 0.95, 0.9, 0.8], is_less_better=False) == [(2, 3), (1, 1), (2, 3), (4, 4)]
    assert ranges([0.0, 0.0, 3.0], is_less_better=True, tolerance=0.05) == [(1, 2), (1, 2), (3, 3)]


def test_the_last_digits_of_a_float_tell_nobody_apart():
    assert ranges([0.1 + 0.2, 0.3], is_less_better=True) == [(1, 2), (1, 2)]


@pytest.mark.parametrize(("place", "words"), [(Place(16, 17), "16-17, tie"), (Place(8, 8), "8")])
def test_a_place_in_words(place, words):
    assert str(place) == words


@UNHURRIED
@given(NUMBERS, TOLERANCE, st.booleans())
def test_every_place_is_given_once_and_whoever_is_better_is_never_behind(values, tolerance, less):
    found = places(values, is_less_better=less, tolerance=tolerance)
    alone = [place_of(own, values, is_less_better=less, tolerance=tolerance) for own in values]
    assert alone == found
    assert len(found) == len(values)
    groups = sorted(set(found))
    assert [n for group in groups for n in range(group.first, group.last + 1)] == list(range(1, len(values) + 1))
    assert all(found.count(group) == group.last - group.first + 1 for group in groups)
    for a, place_a in zip(values, found, strict=True):
        for b, place_b in zip(values, found, strict=True):
            if (a < b) if less else (a > b):
                assert place_a.first <= place_b.first


@UNHURRIED
@given(NUMBERS, TOLERANCE, st.booleans())
def test_a_group_is_its_best_and_whoever_ties_with_that(values, tolerance, less):
    found = places(values, is_less_better=less, tolerance=tolerance)
    for group in set(found):
        inside = [value for value, place in zip(values, found, strict=True) if place == group]
        behind = [value for value, place in zip(values, found, strict=True) if place.first > group.last]
        head = min(inside) if less else max(inside)
        assert all(is_tie(head, value, tolerance, is_less_better=less) for value in inside)
        assert not any(is_tie(head, value, tolerance, is_less_better=less) for value in behind)


@UNHURRIED
@given(NUMBERS, TOLERANCE, st.booleans(), st.randoms(use_true_random=False))
def test_places_do_not_depend_on_the_order_in_which_people_came(values, tolerance, less, rng):
    order = list(range(len(values)))
    rng.shuffle(order)
    plain = places(values, is_less_better=less, tolerance=tolerance)
    mixed = places([values[n] for n in order], is_less_better=less, tolerance=tolerance)
    assert [plain[n] for n in order] == mixed


@UNHURRIED
@given(NUMBERS, st.booleans(), st.sampled_from([2.0, 0.5, 1024.0]))
def test_the_unit_changes_no_place(values, less, factor):
    plain = places(values, is_less_better=less, tolerance=0.05)
    assert places([factor * value for value in values], is_less_better=less, tolerance=0.05) == plain
