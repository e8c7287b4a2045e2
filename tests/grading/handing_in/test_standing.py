"""Which attempt counts, from plain values: letters are attempts in the order in which they came."""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from grading.handing_in.standing import BEST, CHOSEN, LATEST, Attempted, active_of, models_of

START = datetime(2026, 11, 1)


def rows(said, chosen=None):
    """`a5 b- r c7`: models with points, one in line, a hand-in without a model. chosen: (attempt, after so many of them)."""
    found = []
    for n, word in enumerate(said.split()):
        key, rest = word[0], word[1:]
        earned = Decimal(rest) if rest.isdecimal() else None
        at = START + timedelta(hours=chosen[1] - 0.5) if chosen and chosen[0] == key else None
        counts = None if rest == "-" else True
        found.append(Attempted(key, START + timedelta(hours=n), bool(rest), counts, earned, at))
    return found


@pytest.mark.parametrize(("said", "rule", "active", "model"), [
    ("a3 b6 c2", BEST, "b", "b"), ("a6 b6", BEST, "a", "a"), ("a3 b6 c2", LATEST, "c", "c"),
    ("a3 r", BEST, "r", "a"), ("a3 b6 r", BEST, "r", "b"), ("a6 b3 r", LATEST, "r", "b"),
    ("a3 b- r", BEST, "r", "a"),  # b is in line: the report stands with a until then
    ("a3 b6 r c9", BEST, "c", "c"),  # a better one comes after the report, with the desk as it was then
    ("a3 b6 r c2", BEST, "r", "b"), ("a6 r b6", BEST, "r", "a"),
    ("r", BEST, "r", None), ("r s", BEST, "s", None), ("r a-", BEST, "r", None), ("a- r", BEST, "r", "a"), ("r a4", BEST, "a", "a"),
    ("a3 r s", BEST, "s", "a"), ("a3 r b1 s", BEST, "s", "a"),
])  # fmt: skip
def test_the_model_by_its_rule_with_the_newest_parts_beside_it(said, rule, active, model):
    tried = rows(said)
    found = active_of(tried, rule, has_parts=True)
    assert (found, models_of(tried, rule)[found]) == (active, model)


def test_an_attempt_in_line_alone_counts_only_where_parts_are_handed_in_too():
    assert active_of(rows("a-"), BEST, has_parts=False) is None
    assert active_of([], BEST, has_parts=True) is None


@pytest.mark.parametrize(("said", "rule", "chosen", "active"), [
    ("a6 b2", CHOSEN, ("b", 2), "b"), ("a6 b2 r", CHOSEN, ("b", 2), "r"), ("a6 b2 r c9", CHOSEN, ("b", 2), "r"),
    ("a6 b2 r", CHOSEN, ("a", 3), "a"),  # chosen again after the report came
    ("a6 b2", BEST, ("b", 2), "b"), ("a6 b2 r", BEST, ("b", 2), "r"), ("a6 b2 c9", BEST, ("b", 2), "c"),
    ("r s", CHOSEN, ("r", 2), "r"),
])  # fmt: skip
def test_a_choice_is_one_of_a_model_and_the_parts_go_along(said, rule, chosen, active):
    assert active_of(rows(said, chosen), rule, has_parts=True) == active


@pytest.mark.parametrize(("said", "refused", "active"), [
    ("a4 b7", "b", "a"), ("a4 r", "r", "a"), ("a4 b7", "ab", "b"), ("a4 b7 r", "r", "b"), ("r s", "s", "r"),
])  # fmt: skip
def test_what_is_not_taken_displaces_nothing_that_is(said, refused, active):
    assert active_of(rows(said), BEST, has_parts=True, accepts=lambda key: key not in refused) == active
