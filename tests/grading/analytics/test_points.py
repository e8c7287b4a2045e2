"""Where the points of a class are: counted by hand, also for none, one, two, and ties."""

from decimal import Decimal
from fractions import Fraction

import pytest

from grading.analytics.grade_parts import BY_STAFF, HAND, LATE, WHOLE, only_measured, parts_of, taken_apart
from grading.analytics.points import finding, losses, points_chart
from grading.analytics.points_facts import ClassOfPoints, Part, Unit, in_cents
from grading.analytics.points_plot import points_plot
from grading.analytics.words import points, signed
from grading.grade import Event, grade_of
from grading.rubric import Item
from grading.spec import BenchSpec
from tests.grading.analytics.classes import CRITERIA
from tests.people import SPEC

TEN = Decimal(10)
ACCURACY, REPORT = (
    Part("measured:accuracy", "Accuracy", Decimal(4)),
    Part("item:report", "Report", Decimal(6), by="by hand"),
)
EXTRA = Part("item:extra", "Second board", Decimal(2), is_extra=True, by="by hand")
LINES = [
    {"key": "opens", "title": "Submission", "earned": "2.00", "of": "2.00"},
    {"key": "accuracy", "title": "Accuracy", "earned": "1.25", "of": "2.00"},
    {"key": "board", "title": "On the board", "earned": "0.00", "of": "1.00", "left_open": "no board"},
]
AT = "2023-11-03T12:00:00Z"


def unit(name, *given, has_handed_in=True, parts=(ACCURACY, REPORT, EXTRA)):
    held = {part.key: Fraction(str(value)) for part, value in zip(parts, given, strict=False)}
    return Unit(
        ("team", hash(name) % 1000), name, has_handed_in, sum(held.values(), Fraction()) if given else None, held
    )


def group(*units, **more):
    return ClassOfPoints("team", TEN, (ACCURACY, REPORT, EXTRA), units, **more)


@pytest.mark.parametrize(
    ("units", "said"),
    [
        ([], "No team is graded yet."),
        ([unit("A")], "No team is graded yet."),
        ([unit("A", 3, 5)], "One team is graded: 8.00 of 10."),
        ([unit("A", 3, 5), unit("B", 4, 5.5)], "2 teams are graded, from 8.00 to 9.50 of 10."),
        ([unit("A", 3, 5), unit("B", 4, 4)], "All 2 teams that are graded have 8.00 of 10."),
        ([unit("A", 1, 1), unit("B", 2, 2), unit("C", 3, 3), unit("D", 4, 4), unit("E", 4, 6)],
         "The middle half of the teams lies between 4.00 and 8.00; the lowest has 2.00."),
        ([unit("A", 1, 1), unit("B", 2, 2), unit("C", 2, 2), unit("D", 2, 2), unit("E", 4, 6)],
         "The middle half of the teams has 4.00; the lowest has 2.00."),
    ],
)  # fmt: skip
def test_the_sentence_is_true_of_none_one_and_many(units, said):
    assert finding(group(*units)) == said


def test_the_table_adds_up_to_the_mean_and_to_what_is_lost():
    found = group(unit("A", 3, 5, 1), unit("B", 4, 5, 0), unit("C", "2.5", "3.25", 0), unit("D", has_handed_in=False))
    assert [(one.head, one.mean, one.lost) for one in found.lines] == [
        ("Accuracy", Decimal("3.17"), Decimal("0.83")),
        ("Report, by hand", Decimal("4.42"), Decimal("1.58")),
        ("Second board, by hand, extra credit", Decimal("0.33"), None),
    ]
    assert (found.mean, found.lost) == (Decimal("7.92"), Decimal("2.41"))
    assert TEN - found.lost + Decimal("0.33") == found.mean
    assert [one.is_much for one in found.lines] == [True, True, False]
    assert losses(found) == "Points go on report (1.58 of 6.00 lost) and accuracy (0.83 of 4.00)."


def test_cents_are_given_so_that_all_add_up():
    third = Fraction(1, 3)
    assert in_cents([third, third, third]) == [Decimal("0.34"), Decimal("0.33"), Decimal("0.33")]
    assert in_cents([Fraction(-1, 8), Fraction(5, 8)]) == [Decimal("-0.12"), Decimal("0.62")]
    assert in_cents([]) == []


def test_half_a_cent_goes_up_as_by_hand():
    assert points(Fraction(1865, 200)) == "9.33"
    assert points(9.325) == "9.33"
    assert signed(Fraction(-1, 8)) == "−0.13"
    assert signed(Fraction(-1, 1000)) == "0.00"


def test_whoever_handed_nothing_in_is_a_ring_at_nothing_once_it_is_due():
    found = group(unit("A", 3, 5), unit("Tern", has_handed_in=False))
    chart = points_chart(found)
    assert chart.note == "2 teams. Tern, with nothing handed in, counts 0 and is not in the means."
    assert chart.rows[-1] == ["Tern", "–", "–", "–", "–"]
    assert "Tern: nothing handed in" in str(chart.figure)
    before = points_chart(group(unit("A", 3, 5), unit("Tern", has_handed_in=False), is_due=False))
    assert "Tern: nothing" not in str(before.figure)
    assert before.note == "2 teams. Tern has handed nothing in and is not drawn."


def test_a_dot_at_all_of_the_points_stands_left_of_their_line():
    plot = points_plot(group(unit("A", 4, 6), unit("B", 4, 6, 2), unit("C", 0, 0)))
    dots = next(trace for trace in plot["data"] if trace.get("mode") == "markers")
    assert dots["x"] == [0.25, 9.75, 11.75]
    assert dots["text"] == ["C: 0.00", "A: 10.00", "B: 12.00"]


def test_five_hundred_dots_fit():
    plot = points_plot(group(*(unit(f"T{n}", 3, 5) for n in range(500))))
    dots = next(trace for trace in plot["data"] if trace.get("mode") == "markers")
    assert len(dots["x"]) == 500
    assert max(dots["y"]) < plot["layout"]["yaxis"]["range"][1]
    assert dots["marker"]["size"] == 3


def event(n, kind, points, **more):
    return Event(n, kind, AT, "x", points=None if points is None else Decimal(points), **more)


def test_a_grade_taken_apart_adds_up_to_it():
    items = [Item("report", "Report", Decimal(2)), Item("why", "Why", Decimal(1))]
    events = [
        event(1, "benchmark", "3.75"),
        event(2, "rubric", "1.50", item="report"),
        event(3, "rubric", "1.00", item="why"),
    ]
    found = taken_apart(grade_of(items, events, measured_of=Decimal(5)), LINES)
    assert found == {
        "measured:opens": 2, "measured:accuracy": Fraction(5, 4), "measured:board": 0, BY_STAFF: Fraction(1, 2), "item:report": Fraction(3, 2),
        "item:why": 1,
    }  # fmt: skip
    assert sum(found.values()) == Fraction("6.25")
    assert taken_apart(grade_of(items, events, measured_of=Decimal(5)), None)[WHOLE] == Fraction("3.75")
    assert set(only_measured(found)) == {"measured:opens", "measured:accuracy", "measured:board", BY_STAFF}


def test_what_is_set_by_hand_is_the_difference_to_the_parts():
    events = [event(1, "rubric", "1.50", item="report"), event(2, "override", "0.50")]
    found = taken_apart(grade_of([Item("report", "Report", Decimal(2))], events), None)
    assert found == {"item:report": Fraction(3, 2), HAND: -1}
    assert LATE not in found


def test_parts_stand_in_the_order_of_the_lab_and_old_criteria_are_kept():
    spec = BenchSpec.parse({**SPEC, "criteria": CRITERIA, "devices": ["rpi-4-4gb"]})
    items = [
        Item("report", "Report", Decimal(2)),
        Item("gone", "Gone", Decimal(1), is_withdrawn=True),
        Item("more", "More", Decimal(1), is_extra=True),
    ]
    heads = [part.head for part in parts_of(spec.criteria, items, LINES)]
    assert heads == [
        "Submission", "Accuracy", "Latency, modelled", "On the board, no longer asked for", "Measured, given by the staff", "Measured",
        "Report, by hand", "More, by hand, extra credit", "Lateness", "Set by hand",
    ]  # fmt: skip
