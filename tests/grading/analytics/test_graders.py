"""Graders beside each other: only the same reports say who is strict. Counted by hand."""

from decimal import Decimal
from fractions import Fraction

import pytest

from grading.analytics.graders import before_release, finding, graders_chart, headline
from grading.analytics.graders_facts import ClassOfGraders, Given
from grading.analytics.head import before_it, lead, title
from grading.analytics.points_facts import ClassOfPoints
from tests.grading.analytics.test_points import group as points_of
from tests.grading.analytics.test_points import unit

THREE = Decimal(3)


def given(grader, *points, start=1):
    return [Given(grader, n, Decimal(str(one))) for n, one in enumerate(points, start)]


OWN = [*given("Amit", 2.5, 2.75), *given("Tomas", 2.5, start=3), *given("Priya", 2, 2.25, start=4)]
BLIND = [*given("Amit", 2.5, 2.25, 2.5), *given("Tomas", 2.5, 2.5, 2.25), *given("Priya", 2.25, 2.25, 2)]


def graders(own=OWN, blind=BLIND, **more):
    return ClassOfGraders(THREE, own, blind, **more)


def test_each_is_held_against_the_others_on_the_same_reports():
    rows = {row.name: row for row in graders().rows}
    # Amit 7.25 of three, Tomas 7.25, Priya 6.5: off by the mean of the other two.
    assert rows["Amit"].off == Fraction("7.25") / 3 - Fraction("6.875") / 3
    assert rows["Priya"].off == Fraction(-3, 12)
    assert rows["Priya"].same == Fraction("6.5") / 3
    assert rows["Priya"].own == Fraction("2.125")
    assert [row.name for row in graders().rows] == ["Amit", "Priya", "Tomas"]


def test_the_sentence_names_who_is_apart_and_who_agrees():
    assert finding(graders()) == "On the same three reports Priya gives 0.25 of 3.00 less; Amit and Tomas agree."
    assert headline(graders()) == "one grader is stricter than the other two"
    assert (
        before_release(graders())
        == "three reports were marked by three graders, and Priya gave 0.25 less than the others."
    )


def test_two_graders_differ_by_one_difference():
    found = graders(blind=[one for one in BLIND if one.grader != "Tomas"])
    assert finding(found) == "On the same three reports Priya gives 0.25 of 3.00 less."
    assert headline(found) == "one grader is stricter than the other"


def test_those_who_agree_are_said_to():
    found = graders(blind=[*given("Amit", 2, 2, 2), *given("Priya", 2, 2.05, 2)])
    assert finding(found) == "On the same three reports Amit and Priya agree."
    assert headline(found) == "graders agree on the same reports"
    assert before_release(found) == ""


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (graders(blind=[]), "The means of three graders lie between 2.13 and 2.63 of 3."),
        (graders(own=given("Amit", 2), blind=[]), "Amit graded the one report."),
        (graders(own=given("Amit", 2, 3), blind=[]), "Amit graded all 2 reports."),
        (
            graders(own=[*given("Amit", 2), *given("Priya", 2, start=2)], blind=[]),
            "The two graders have the same mean, 2.00 of 3.",
        ),
        (
            graders(blind=[*given("Amit", 2, 2), *given("Priya", 1, 1)]),
            "The means of three graders lie between 2.13 and 2.63 of 3.",
        ),
    ],
)
def test_without_enough_of_the_same_reports_nobody_is_called_strict(found, said):
    assert finding(found) == said
    assert headline(found) == ""


def test_whoever_has_samples_left_sees_nothing_of_what_others_gave():
    found = graders(may_compare=False, left=2, chosen=3)
    chart = graders_chart(found)
    assert headline(found) == ""
    assert chart.more == "2 samples wait for your marks; the comparison stands here when they are done."
    assert [row[3:] for row in chart.rows] == [["–", "–"]] * 3


def test_without_a_rubric_or_a_report_the_words_say_so():
    assert graders_chart(graders(own=[], blind=[])).finding == "No report is finished at the desk yet."
    assert (
        graders_chart(ClassOfGraders(Decimal(0), has_rubric=False)).finding == "No part of this work is graded by hand."
    )


def test_a_class_where_all_gave_the_same_can_be_drawn():
    assert graders_chart(graders(own=given("Amit", 3, 3, 3), blind=[])).figure["layout"]["xaxis"]["range"][0] >= 0


def test_the_head_says_the_finding():
    found = points_of(unit("A", 3, 5), unit("B", 4, 5), unit("C", has_handed_in=False))
    assert title(found, graders()) == "Median 8.50 of 10; one grader is stricter than the other two"
    assert title(found, graders(blind=[])) == "Median 8.50 of 10; most points are lost on report"
    assert lead(found, graders(), is_released=False) == (
        "2 of 3 teams handed in. Points go on report (1.00 of 6.00 lost) and accuracy (0.50 of 4.00). "
        "Before you release: three reports were marked by three graders, and Priya gave 0.25 less than the others."
    )


def test_the_head_of_nothing_one_and_what_is_measured_so_far():
    nobody = ClassOfGraders(THREE)
    assert title(points_of(), nobody) == "Nothing is handed in yet"
    assert title(points_of(unit("A")), nobody) == "1 of 1 team handed in, and no team is graded yet"
    assert title(points_of(unit("A", 4, 6)), nobody) == "One team is graded: 10.00 of 10"
    so_far = ClassOfPoints("team", Decimal(7), (), points_of(unit("A", 3, 3)).units, is_so_far=True)
    assert title(so_far, nobody) == "Nothing is graded completely yet; the measured median is 6.00 of 7"


def test_the_lab_before_is_told_as_a_share():
    ten = [(Decimal("8"), Decimal(10)), (Decimal("9"), Decimal(10))]
    assert before_it("Lab 2", [], None, Decimal(9)) == "No grade of Lab 2 is complete."
    assert before_it("Lab 2", ten, None, Decimal(9)) == "Lab 2 had a median of 8.50 of 10 over 2 students."
    assert (
        before_it("Lab 2", ten, Fraction("4.5"), Decimal(5))
        == "Lab 2 had a median of 8.50 of 10 over 2 students; this is 5 percentage points more."
    )
    assert (
        before_it("Lab 2", ten, Fraction("8.5"), Decimal(10))
        == "Lab 2 had a median of 8.50 of 10 over 2 students, the same share of the points."
    )
