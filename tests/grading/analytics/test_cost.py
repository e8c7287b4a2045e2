"""What quality costs in a class: stretches between the lab's limits, the front, and sentences, by hand."""

import pytest

from grading.analytics.bands import bands_of, criterion_of, gives_at, limits_of
from grading.analytics.cost import cost_chart, finding
from grading.analytics.cost_facts import ClassOfCosts, Measured
from grading.ranks.class_numbers import ClassNumbers
from grading.spec import BenchSpec
from tests.grading.analytics.classes import CRITERIA
from tests.people import SPEC

KIND, OTHER = "modelled|rpi-4-4gb|tflite@2.4.1|4", "board|rpi-4-4gb|tflite@2.4.1|4"


def spec(*criteria, **more):
    return BenchSpec.parse({**SPEC, "criteria": list(criteria) or CRITERIA, "devices": ["rpi-4-4gb"], **more})


def one(name, accuracy=None, latency=None, kind=KIND, **more):
    held = {"accuracy": accuracy, "latency_ms": latency, **more}
    return Measured(
        name, 1, ClassNumbers({key: (value,) * 3 for key, value in held.items() if value is not None}, kind)
    )


def group(*measured, lab=None, asked=""):
    return ClassOfCosts("team", lab or spec(), measured, asked)


FIVE = (one("A", 0.92, 60), one("B", 0.91, 30), one("C", 0.85, 20), one("D", 0.84, 25), one("E", 0.88, 45))


def test_stretches_are_those_of_the_rule_and_their_ends_belong_to_one():
    bands = bands_of(criterion_of(spec(), "latency_ms"))
    assert [(band.words, band.gives, band.is_best) for band in bands] == [
        ("up to 30\u202fms", "2.00", True), ("30 to 50\u202fms", "1.00", False), ("over 50\u202fms", "0.00", False),
    ]  # fmt: skip
    assert [band.holds(30) for band in bands] == [True, False, False]
    assert [band.holds(50.1) for band in bands] == [False, False, True]
    up = bands_of(criterion_of(spec(), "accuracy"))
    assert [(band.words, band.gives) for band in up] == [
        ("under 80\u202f%", "0.00"), ("80 to 90\u202f%", "0.00 to 2.00"), ("90\u202f% or more", "2.00"),
    ]  # fmt: skip
    assert [band.holds(0.9) for band in up] == [False, False, True]


def test_conditions_that_hold_together_are_drawn_and_are_no_stretch():
    both = {"key": "both", "title": "Fast and right", "points": 1, "rule": {"kind": "all_of", "conditions": [
        {"metric": "accuracy", "at_least": 0.9}, {"metric": "latency_ms", "at_most": 40}]}}  # fmt: skip
    lab = spec(both)
    assert criterion_of(lab, "latency_ms") is None
    ((criterion, limit),) = limits_of(lab, "latency_ms")
    assert (limit, gives_at(criterion, limit)) == (40.0, "fast and right: condition")
    assert (
        finding(group(*FIVE, lab=lab))
        == "The front goes from 85.0\u202f% at 20.0\u202fms to 92.0\u202f% at 60.0\u202fms."
    )


def test_the_sentence_says_how_many_are_cheap_and_how_many_of_them_are_good():
    assert (
        finding(group(*FIVE))
        == "3 of 5 teams are at up to 30\u202fms; 1 of them gets all points for accuracy (90\u202f% or more)."
    )
    assert (
        finding(group(*FIVE[1:3]))
        == "2 of 2 teams are at up to 30\u202fms; 1 of them gets all points for accuracy (90\u202f% or more)."
    )
    assert (
        finding(group(FIVE[0], FIVE[1]))
        == "1 of 2 teams is at up to 30\u202fms, and gets all points for accuracy (90\u202f% or more)."
    )
    assert finding(group(FIVE[0], FIVE[4])) == "0 of 2 teams are at up to 30\u202fms."
    assert finding(group(FIVE[0])) == "One team is measured: 92.0\u202f% at 60.0\u202fms."


def test_nothing_measured_says_what_will_be_here():
    chart = cost_chart(group())
    assert chart.finding == "Nothing is measured yet."
    assert chart.figure is None
    assert chart.rows == []


def test_the_front_is_whom_nobody_beats_and_ties_both_stand():
    found = group(*FIVE, one("F", 0.85, 20))
    assert [dot.of.name for dot in found.front] == ["C", "F", "B", "A"]
    assert cost_chart(found).rows[0] == ["C", "1", "85.0", "20.0", "yes"]
    assert [row[-1] for row in cost_chart(found).rows] == ["yes", "yes", "no", "yes", "no", "yes"]


def test_numbers_of_another_kind_are_left_out_and_counted():
    found = group(*FIVE, one("G", 0.99, 1, kind=OTHER), one("H", 0.9))
    assert found.left_out == 2
    assert "2 of another kind" in cost_chart(found).note


def test_only_costs_that_somebody_has_can_be_chosen():
    found = group(one("A", 0.9, 20, macs=1e6), one("B", 0.8, 30, macs=2e6), asked="macs")
    assert found.costs == ["latency_ms", "macs"]
    assert found.cost == "macs"
    assert group(*FIVE, asked="params").cost == "latency_ms"
    assert [row["key"] for row in cost_chart(found).shown["costs"]] == ["latency_ms"]


def test_the_table_beside_counts_each_stretch():
    rows = [(row["words"], row["count"], row["percent"]) for row in cost_chart(group(*FIVE)).shown["rows"]]
    assert rows == [
        ("Latency up to 30\u202fms", 3, "60\u202f%"), ("30 to 50\u202fms", 1, "20\u202f%"), ("over 50\u202fms", 1, "20\u202f%"),
        ("Accuracy 90\u202f% or more", 2, "40\u202f%"), ("On the front", 3, "60\u202f%"),
    ]  # fmt: skip


@pytest.mark.parametrize("cost", ["latency_ms", "macs"])
def test_equal_numbers_and_zeros_can_be_drawn(cost):
    """A range of no width, and a cost of nothing, must not break an axis."""
    found = group(one("A", 0.9, 20, macs=0.0), one("B", 0.9, 20, macs=0.0), asked=cost)
    low, high = cost_chart(found).figure["layout"]["xaxis"]["range"]
    assert low < high
