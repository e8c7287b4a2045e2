"""Which item serves which claim: nothing twice, as much as can be, and nobody moved without need."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from hardware.inventory.lending.planning import Claim, plan

DAY = datetime(2023, 9, 1, tzinfo=UTC)
ITEMS = [1, 2, 3]


def claim(key, first, last, item=None, is_pinned=False):
    return Claim(key, DAY + timedelta(days=first), DAY + timedelta(days=last), item, is_pinned)


def test_one_ends_where_the_next_begins():
    found = plan([1], [claim("a", 0, 5), claim("b", 5, 9)])
    assert (found.placed, found.unserved) == ({"a": 1, "b": 1}, [])


def test_what_has_an_item_keeps_it_where_a_newcomer_fits_beside():
    found = plan([1, 2], [claim("a", 3, 9, item=2), claim("new", 0, 5)])
    assert found.placed == {"a": 2, "new": 1}


def test_others_move_where_only_that_serves_everybody():
    """a and b lie on two items so that c fits on neither; on one they leave the other free."""
    found = plan([1, 2], [claim("a", 0, 3, item=1), claim("b", 5, 8, item=2), claim("c", 2, 9)])
    assert not found.unserved
    assert found.placed["a"] == found.placed["b"] != found.placed["c"]


def test_a_pinned_claim_never_moves_and_what_is_too_many_is_named():
    found = plan([1], [claim("out", 0, 9, item=1, is_pinned=True), claim("asked", 3, 5, item=1)])
    assert (found.placed, found.unserved) == ({"out": 1}, ["asked"])


def test_an_item_out_of_service_keeps_its_loan_and_loses_its_plans():
    found = plan([2], [claim("out", 0, 9, item=1, is_pinned=True), claim("asked", 10, 12, item=1)])
    assert found.placed == {"out": 1, "asked": 2}


spans = st.tuples(st.integers(0, 30), st.integers(1, 12)).map(lambda pair: (pair[0], pair[0] + pair[1]))


@given(st.lists(spans, max_size=24), st.integers(1, 4))
def test_all_are_served_exactly_when_never_more_overlap_than_there_are_items(found, number):
    claims = [claim(key, *span) for key, span in enumerate(found)]
    result = plan(list(range(number)), claims)
    most = max((sum(a <= day < b for a, b in found) for day in range(45)), default=0)
    assert bool(result.unserved) == (most > number)
    held = [(result.placed[one.key], one) for one in claims if one.key in result.placed]
    assert not any(i == j and a.overlaps(b) for n, (i, a) in enumerate(held) for j, b in held[:n])
    assert len(result.placed) + len(result.unserved) == len(claims)


def test_who_wants_an_item_that_another_keeps_too_long_takes_no_second_place():
    """Item 1 is out beyond its time and reserved itself: that is one item less, not two, so the others are moved to serve all."""
    claims = [
        claim("out", 0, 30, item=1, is_pinned=True), claim("wants 1", 4, 9, item=1, is_pinned=True),
        claim("a", 0, 3, item=2), claim("b", 5, 8, item=3), claim("c", 2, 9),
    ]  # fmt: skip
    assert not plan(ITEMS, claims).unserved
