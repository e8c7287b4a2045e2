"""The matching against brute force, against an independent search for improvements, and on hostile input. No database."""

import random
import time
from collections import Counter
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from courseplatform.seminar.matching import LEFT_OUT, MatchingError, Slot, Student, drawn_order, match, rank_of
from courseplatform.seminar.pareto import improvement

NOWHERE = None


def random_case(rng, students, slots, places=(1, 3), longest=None, forbid=0.0, least=0):
    keys = [100 + n for n in range(slots)]
    people = [
        Student(
            key=number + 1,
            order=tuple(rng.sample(keys, rng.randint(0, slots if longest is None else longest))),
            forbidden=frozenset(key for key in keys if rng.random() < forbid),
        )
        for number in range(students)
    ]
    offered = []
    for key in keys:
        most = rng.randint(*places)
        offered.append(Slot(key, most, rng.randint(0, min(most, least))))
    return people, offered


def solve(people, slots, seed="seed"):
    return match(people, slots, drawn_order([person.key for person in people], seed))


def quality(people, slots, places, draw):
    """What the docstring of matching.py promises to make best, as a tuple of which the smallest is best. Written on its own, from the words."""
    sizes = Counter(places.values())
    deepest = max((len([key for key in person.order if key not in person.forbidden]) for person in people), default=0)
    ranks = {}
    for person in people:
        slot = places.get(person.key)
        wished = [key for key in person.order if key not in person.forbidden]
        ranks[person.key] = deepest + 2 if slot is None else wished.index(slot) + 1 if slot in wished else deepest + 1
    short = sum(max(0, slot.least - sizes[slot.key]) for slot in slots)
    counts = Counter(ranks.values())
    return (
        len(people) - len(places), short, tuple(-counts[rank] for rank in range(1, deepest + 2)), tuple(ranks[key] for key in draw)
    )  # fmt: skip


def all_matchings(people, slots):
    options = [[NOWHERE, *(slot.key for slot in slots if slot.key not in person.forbidden)] for person in people]
    most = {slot.key: slot.most for slot in slots}
    for choice in product(*options):
        sizes = Counter(slot for slot in choice if slot is not NOWHERE)
        if all(sizes[key] <= most[key] for key in sizes):
            yield {person.key: slot for person, slot in zip(people, choice, strict=True) if slot is not NOWHERE}


def level(person, slot):
    """Smaller is better for this person: rank, then anything left out, then no place."""
    if slot is None:
        return 1000
    rank = rank_of(person, slot)
    return 999 if rank == LEFT_OUT else rank


def can_be_improved(people, slots, places):
    """By trying every other matching."""
    sizes = Counter(places.values())
    filled = sum(min(sizes[slot.key], slot.least) for slot in slots)
    for other in all_matchings(people, slots):
        now = [level(person, places.get(person.key)) for person in people]
        then = [level(person, other.get(person.key)) for person in people]
        others = Counter(other.values())
        keeps_teams = sum(min(others[slot.key], slot.least) for slot in slots) >= filled
        if keeps_teams and all(b <= a for a, b in zip(now, then, strict=True)) and then != now:
            return True
    return False


@pytest.mark.parametrize("block", range(20))
def test_no_matching_is_better_than_ours_on_small_cases(block):
    """2000 random cases with ties, forbidden pairs, too few places and wanted team sizes, each against all matchings there are."""
    rng = random.Random(block)
    for _ in range(100):
        people, slots = random_case(
            rng, rng.randint(1, 4), rng.randint(1, 4), (1, 2), forbid=rng.choice([0, 0.3]), least=rng.choice([0, 2])
        )
        draw = drawn_order([person.key for person in people], str(block))
        found = match(people, slots, draw)
        best = min(quality(people, slots, places, draw) for places in all_matchings(people, slots))
        assert quality(people, slots, found.places, draw) == best
        assert set(found.unplaced) == {person.key for person in people} - set(found.places)


@pytest.mark.parametrize("block", range(10))
def test_the_search_for_improvements_agrees_with_trying_everything(block):
    """Also on matchings that are bad: the searcher is worth nothing if it never finds one."""
    rng, found_one = random.Random(1000 + block), 0
    for _ in range(60):
        people, slots = random_case(rng, rng.randint(1, 4), rng.randint(1, 4), (1, 2), forbid=0.2)
        places = rng.choice(list(all_matchings(people, slots)))
        moves = improvement(people, slots, places)
        assert (moves is not None) == can_be_improved(people, slots, places)
        if moves is not None:
            found_one += 1
            check_moves(people, slots, places, moves)
    assert found_one > 5


def check_moves(people, slots, places, moves):
    """The moves that it names do what they promise."""
    after = dict(places) | dict(moves)
    sizes = Counter(after.values())
    assert all(sizes[slot.key] <= slot.most for slot in slots)
    changes = [(level(person, after.get(person.key)), level(person, places.get(person.key))) for person in people]
    assert all(new <= old for new, old in changes)
    assert any(new < old for new, old in changes)


@pytest.mark.parametrize(
    ("students", "slots", "places"), [(60, 40, 3), (60, 40, 2), (80, 26, 3), (78, 26, 3), (60, 20, 3)]
)
@pytest.mark.parametrize(
    "shape", ["random", "short lists", "all the same", "no preferences", "one wanted by all", "two camps"]
)
def test_real_sizes_are_efficient_and_fast(students, slots, places, shape):
    people, offered = shaped(shape, students, slots, places)
    begun = time.perf_counter()
    found = solve(people, offered)
    seconds = time.perf_counter() - begun
    assert improvement(people, offered, found.places) is None
    assert len(found.places) == min(students, slots * places)
    assert max(Counter(found.places.values()).values()) <= places
    assert seconds < 1


def shaped(shape, students, slots, places):
    rng = random.Random(f"{shape} {students} {slots}")
    keys = [100 + n for n in range(slots)]

    def order(number):
        if shape == "all the same":
            return keys
        if shape == "no preferences":
            return []
        if shape == "one wanted by all":
            return keys[:1]
        if shape == "two camps":
            return keys if number % 2 else keys[::-1]
        return rng.sample(keys, 5 if shape == "short lists" else slots)

    return [Student(number, tuple(order(number))) for number in range(students)], [Slot(key, places) for key in keys]


def test_when_all_want_one_slot_exactly_its_places_are_first_choices():
    people, slots = shaped("one wanted by all", 60, 40, 3)
    found = solve(people, slots)
    assert found.counts == {1: 3, LEFT_OUT: 57}
    draw = drawn_order(range(60), "seed")
    assert {key for key, rank in found.ranks.items() if rank == 1} == set(draw[:3])  # ties by the draw


def test_first_choices_come_before_anything_else():
    people = [Student(1, (10, 11)), Student(2, (10,)), Student(3, (11, 10))]
    found = solve(people, [Slot(10, 1), Slot(11, 1), Slot(12, 1)])
    assert found.counts == {1: 2, LEFT_OUT: 1}


def test_everybody_gets_a_place_before_anybody_gets_a_wish():
    people = [Student(1, (10,)), Student(2, (), frozenset({11}))]
    found = solve(people, [Slot(10, 1), Slot(11, 1)])
    assert found.places == {1: 11, 2: 10}


def test_teams_are_filled_to_their_least_before_wishes():
    people = [Student(number, (10,)) for number in range(4)]
    found = solve(people, [Slot(10, 4, 2), Slot(11, 3, 2)])
    assert Counter(found.places.values()) == {10: 2, 11: 2}
    assert found.short == {}
    assert improvement(people, [Slot(10, 4, 2), Slot(11, 3, 2)], found.places) is None


def test_too_few_students_for_all_teams_is_said_by_slot():
    found = solve([Student(1, (10,)), Student(2, (10,)), Student(3)], [Slot(10, 3, 2), Slot(11, 3, 2)])
    assert sum(found.short.values()) == 1


def test_more_students_than_places_are_named_and_the_draw_decides():
    people = [Student(number, (10,)) for number in range(5)]
    found = solve(people, [Slot(10, 2), Slot(11, 1)])
    draw = drawn_order(range(5), "seed")
    assert set(found.unplaced) == set(draw[3:])
    assert len(found.places) == 3


def test_somebody_who_may_nowhere_go_is_unplaced_and_stops_nobody():
    people = [Student(1, (10,), frozenset({10, 11})), Student(2, (10,))]
    found = solve(people, [Slot(10, 1), Slot(11, 1)])
    assert found.unplaced == (1,)
    assert found.places == {2: 10}


def test_a_forbidden_wish_does_not_count_as_a_rank():
    found = solve([Student(1, (10, 11), frozenset({10}))], [Slot(10, 1), Slot(11, 1)])
    assert found.ranks == {1: 1}


def test_nobody_and_nothing():
    assert solve([], []).places == {}
    assert solve([Student(1)], []).unplaced == (1,)
    assert solve([Student(1)], [Slot(10, 0)]).unplaced == (1,)


@pytest.mark.parametrize(
    ("people", "slots", "draw", "code"),
    [
        ([Student(1, (9,))], [Slot(10, 1)], [1], "unknown_slot"),
        ([Student(1, (10, 10))], [Slot(10, 1)], [1], "ranked_twice"),
        ([Student(1)], [Slot(10, 1, 2)], [1], "bad_places"),
        ([Student(1)], [Slot(10, -1)], [1], "bad_places"),
        ([Student(1), Student(1)], [Slot(10, 1)], [1, 1], "same_key"),
        ([Student(1)], [Slot(10, 1), Slot(10, 2)], [1], "same_key"),
        ([Student(1)], [Slot(10, 1)], [], "bad_draw"),
        ([Student(1)], [Slot(10, 1)], [1, 1], "bad_draw"),
    ],
)
def test_nonsense_is_refused_with_its_code(people, slots, draw, code):
    with pytest.raises(MatchingError) as caught:
        match(people, slots, draw)
    assert caught.value.code == code


CASES = st.integers(0, 10_000)


@settings(max_examples=60, deadline=None)
@given(CASES, st.randoms(use_true_random=False))
def test_the_order_in_which_students_and_slots_are_listed_means_nothing(case, shuffle):
    people, slots = random_case(random.Random(case), 9, 6, (1, 2), forbid=0.1)
    found = solve(people, slots)
    again, offered = list(people), list(slots)
    shuffle.shuffle(again)
    shuffle.shuffle(offered)
    assert solve(again, offered) == found


@settings(max_examples=60, deadline=None)
@given(CASES, st.integers(0, 3))
def test_random_cases_of_middle_size_cannot_be_improved(case, least):
    people, slots = random_case(random.Random(case), 14, 7, (1, 4), forbid=0.15, least=least)
    assert improvement(people, slots, solve(people, slots).places) is None


def test_the_draw_is_the_same_for_the_same_seed_and_another_for_another():
    assert drawn_order(range(30), "a") == drawn_order(reversed(range(30)), "a")
    assert drawn_order(range(30), "a") != drawn_order(range(30), "b")
    assert sorted(drawn_order(range(30), "a")) == list(range(30))


def test_two_who_are_equal_in_everything_else_are_parted_by_the_draw():
    slots = [Slot(10, 1), Slot(11, 1)]
    people = [Student(1, (10, 11)), Student(2, (10, 11))]
    for seed in "abcdef":
        draw = drawn_order([1, 2], seed)
        assert match(people, slots, draw).ranks == {draw[0]: 1, draw[1]: 2}
