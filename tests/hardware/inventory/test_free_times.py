"""How many are free from when on, against counting by hand."""

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from hardware.inventory.lending.free_times import all_of, free_times
from hardware.inventory.lending.planning import FOREVER, Claim, plan

NOW = datetime(2023, 9, 11, 16, tzinfo=UTC)


def day(number):
    return NOW + timedelta(days=number)


def claimed(*ranges):
    return [(day(first), FOREVER if last is None else day(last)) for first, last in ranges]


def test_steps_say_how_many_are_free_from_when_on():
    found = free_times(3, claimed((-5, 2), (1, 4), (-9, -1)), NOW)
    assert found.steps == ((NOW, 2), (day(1), 1), (day(2), 2), (day(4), 3))
    assert (found.now, found.least(day(0), day(1)), found.least(day(0), day(3)), found.least(day(5), day(9))) == (
        2,
        2,
        1,
        3,
    )


def test_the_next_time_at_which_enough_are_free_for_long_enough():
    found = free_times(2, claimed((0, 3), (4, 6), (4, 6)), NOW)
    assert found.next_for(2, day(0), timedelta(days=1)) == day(3)
    assert found.next_for(2, day(0), timedelta(days=2)) == day(6)
    assert found.next_for(1, day(0), timedelta(days=2)) == day(0)
    assert found.next_for(3, day(0), timedelta(days=1)) is None
    assert found.next_until(1, day(0), day(9)) == day(6)
    assert found.next_until(1, day(0), day(5)) is None


def test_what_nobody_knows_the_end_of_is_never_free_again():
    found = free_times(1, claimed((-3, None)), NOW)
    assert found.steps == ((NOW, 0),)
    assert found.next_for(1, NOW, timedelta(hours=1)) is None


def test_a_touching_end_and_beginning_leave_no_gap_and_take_nothing_twice():
    found = free_times(1, claimed((0, 2), (2, 5)), NOW)
    assert found.steps == ((NOW, 0), (day(5), 1))


def test_a_set_is_free_while_all_of_its_parts_are():
    boards, meters = free_times(2, claimed((0, 2), (0, 2)), NOW), free_times(3, claimed((4, 6)), NOW)
    assert all_of([(boards, 1), (meters, 3)], NOW).steps == ((NOW, 0), (day(2), 1), (day(4), 0), (day(6), 1))
    assert all_of([(boards, 1), (meters, 4)], NOW).steps == ((NOW, 0),)


ranges = st.tuples(st.integers(0, 30), st.integers(1, 12)).map(lambda one: (one[0], one[0] + one[1]))


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 4), st.lists(ranges, max_size=8), ranges)
def test_so_many_more_fit_as_it_says_and_not_one_more(total, taken, wanted):
    """The number against the plan itself: claims on alike items that have all been accepted before."""
    accepted = []
    for first, last in taken:
        claim = Claim(len(accepted), day(first), day(last))
        if not plan(range(total), [*accepted, claim]).unserved:
            accepted.append(claim)
    found = free_times(total, [(one.from_at, one.until_at) for one in accepted], NOW)
    least = found.least(day(wanted[0]), day(wanted[1]))
    more = [Claim(("new", n), day(wanted[0]), day(wanted[1])) for n in range(least + 1)]
    assert not plan(range(total), [*accepted, *more[:least]]).unserved
    assert plan(range(total), [*accepted, *more]).unserved
