"""What is made coarse before it leaves, as plain values."""

from datetime import UTC, datetime, timedelta

import pytest

from grading.research.coarse import Attempt, fit_to_leave, hours_after, number_word, rounded, size_word

DUE = datetime(2026, 3, 1, 12, tzinfo=UTC)


def attempts(*groups):
    """(assignment, size of team, owners) of each group, two attempts an owner."""
    return [
        Attempt(f"{assignment}{size}{n}{turn}", f"{size}-{n}", assignment, size, {})
        for assignment, size, owners in groups
        for n in range(owners)
        for turn in range(2)
    ]


@pytest.mark.parametrize(
    ("value", "then"), [(2875, 2900), (0.9083, 0.91), (0.008455, 0.0085), (0, 0), (None, None), (float("nan"), None)]
)
def test_numbers_have_two_significant_digits(value, then):
    assert rounded(value) == then


@pytest.mark.parametrize(("minutes", "hours"), [(-1, -1), (0, 0), (61, 1), (-60 * 24 * 90, -336), (60 * 24 * 90, 336)])
def test_a_time_is_whole_hours_after_the_due_instant(minutes, hours):
    assert hours_after(DUE + timedelta(minutes=minutes), DUE) == hours


def test_large_teams_and_late_numbers_are_one_group():
    assert [size_word(n) for n in (1, 3, 4, 7)] == ["1", "3", "4+", "4+"]
    assert [number_word(n) for n in (1, 5, 6, 40)] == ["1", "5", "6+", "6+"]


def test_an_assignment_of_few_owners_stays():
    assert fit_to_leave(attempts(("A1", "1", 4))) == ([], 8)


def test_a_size_of_team_that_few_share_is_left_out_for_all_of_the_assignment():
    kept, stay = fit_to_leave(attempts(("A1", "1", 9), ("A1", "2", 2), ("A2", "1", 5)))
    assert stay == 0
    assert {(one.assignment, one.team_size) for one in kept} == {("A1", ""), ("A2", "1")}


def test_whatever_leaves_has_five_owners_who_look_alike():
    kept, _ = fit_to_leave(
        attempts(("A1", "1", 3), ("A1", "2", 7), ("A1", "4+", 5), ("A2", "1", 5), ("A2", "2", 5), ("A3", "3", 4))
    )
    groups = {}
    for one in kept:
        groups.setdefault((one.assignment, one.team_size), set()).add(one.owner)
    assert min(len(owners) for owners in groups.values()) >= 5
    assert {assignment for assignment, _ in groups} == {"A1", "A2"}
