"""A grade is the fold of its events: pure values in, points and their explanation out."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import permutations
from zoneinfo import ZoneInfo

import pytest

from grading.course_file.late.policy import policy_of
from grading.grade import Event, Late, grade_of
from grading.rubric import Item

AT = datetime(2026, 10, 1, 12, tzinfo=UTC)
REPORT = Item("report", "Report", Decimal("3"), "one page")
PLOT = Item("plot", "Plot", Decimal("2"))
RUBRIC = (REPORT, PLOT)


def events(*facts):
    """(kind, item, points) in their order, each an hour after the one before."""
    return [
        Event(n, kind, AT + timedelta(hours=n), "Amit", item, None if points is None else Decimal(points), reason="why")
        for n, (kind, item, points) in enumerate(facts, 1)
    ]


def late(lost, kind="percent_of_max", **more):
    policy = policy_of({"penalty": {"kind": kind, "each": 2}}, ZoneInfo("UTC"))
    return Late(policy, Decimal(lost), **more)


def total(*facts, **more):
    return grade_of(RUBRIC, events(*facts), **more).points


def test_without_an_event_there_is_no_grade():
    grade = grade_of(RUBRIC, [])
    assert (grade.points, grade.of, grade.missing) == (None, 5, ("Report", "Plot"))


def test_the_sum_is_the_measured_part_and_the_items():
    assert total(("benchmark", "", "4.50"), ("rubric", "report", "2"), ("rubric", "plot", "1.25")) == Decimal("7.75")


def test_what_was_said_last_of_an_item_holds():
    assert total(("rubric", "report", "2"), ("rubric", "report", "1")) == 1


def test_a_mark_that_was_taken_away_is_missing_again():
    grade = grade_of(RUBRIC, events(("rubric", "report", "2"), ("rubric", "report", None)))
    assert (grade.points, grade.missing) == (None, ("Report", "Plot"))


@pytest.mark.parametrize(
    "order", permutations([("benchmark", "", "4"), ("rubric", "report", "2"), ("rubric", "plot", "1")])
)
def test_events_about_different_parts_may_come_in_any_order(order):
    assert total(*order) == 7


def test_a_regrade_changes_its_item_and_nothing_else():
    before = events(("benchmark", "", "4"), ("rubric", "report", "2"), ("rubric", "plot", "1"))
    after = [*before, *[Event(9, "regrade", AT, "Ines", "report", Decimal("3"), cause=5)]]
    taken = {"worth": Decimal(10), "measured_of": Decimal(5), "late": late("10")}
    old, new = grade_of(RUBRIC, before, **taken), grade_of(RUBRIC, after, **taken)
    assert [line.points for line in old.lines] == [4, 2, 1, -1]
    assert [line.points for line in new.lines] == [4, 3, 1, -1]  # 10 % of the maximum stay lost
    assert (old.points, new.points) == (6, 7)


@pytest.mark.parametrize(("kind", "left"), [("percent_of_max", "7.00"), ("percent_of_earned", "7.20"), ("cap", "8.00")])
def test_lateness_takes_what_its_kind_says_from_the_sum(kind, left):
    taken = grade_of([Item("all", "All", Decimal(10))], events(("rubric", "all", "8")), late=late("10", kind))
    assert taken.points == Decimal(left)


def test_a_cap_takes_only_what_is_above_it():
    grade = grade_of([Item("all", "All", Decimal(10))], events(("rubric", "all", "10")), late=late("2", "cap"))
    line = grade.lines[-1]
    assert (grade.points, line.title, line.points) == (Decimal("9.80"), "Late: at most 98 %", Decimal("-0.20"))


def test_work_that_was_not_accepted_is_worth_nothing_and_says_so():
    taken = late("100", accepted=False, words=("After the cutoff.",))
    grade = grade_of(RUBRIC, events(("rubric", "report", "3")), late=taken)
    assert (grade.points, grade.lines[-1].title, grade.lines[-1].says) == (
        0,
        "Too late: not accepted",
        "After the cutoff.",
    )


def test_points_never_fall_below_zero():
    assert total(("rubric", "report", "0.10"), worth=Decimal(10), late=late("50")) == 0


def test_what_is_set_by_hand_stands_for_the_whole_lateness_included():
    taken = grade_of(RUBRIC, events(("rubric", "report", "3"), ("override", "", "4.5")), late=late("10"))
    assert (taken.points, taken.is_set_by_hand, taken.is_complete) == (Decimal("4.5"), True, True)


def test_a_mark_after_an_override_is_kept_and_counts_when_it_is_lifted():
    facts = [("override", "", "4"), ("rubric", "report", "3")]
    assert total(*facts) == 4
    assert total(*facts, ("override", "", None)) == 3


def test_a_withdrawn_item_counts_no_more_and_keeps_its_step():
    gone = Item("report", "Report", Decimal(3), is_withdrawn=True)
    grade = grade_of([gone, PLOT], events(("rubric", "report", "3"), ("rubric", "plot", "1")))
    assert (grade.points, grade.of, [step.title for step in grade.timeline]) == (1, 2, ["Report", "Plot"])


def test_the_timeline_says_before_after_and_the_total_of_each_step():
    grade = grade_of(RUBRIC, events(("rubric", "report", "2"), ("note", "", None), ("regrade", "report", "1.5")))
    assert [(step.before, step.after, step.total, step.is_change) for step in grade.timeline] == [
        (None, 2, 2, True), (None, None, 2, False), (2, Decimal("1.5"), Decimal("1.5"), True)
    ]  # fmt: skip


def test_the_page_has_seen_the_newest_event_that_a_person_made():
    assert grade_of(RUBRIC, events(("rubric", "report", "2"), ("benchmark", "", "4"))).seen == 1


def test_the_maximum_is_what_the_assignment_says_else_the_sum_of_the_parts():
    assert grade_of(RUBRIC, [], measured_of=Decimal(7)).of == 12
    assert grade_of(RUBRIC, [], measured_of=Decimal(7), worth=Decimal(10)).of == 10
