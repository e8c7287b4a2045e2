"""What the desk decides from plain values: order, keys, pace, how strict, and what can be compared."""

from dataclasses import dataclass
from decimal import Decimal

import pytest

from grading.desk.keys import KEYS, key_of
from grading.desk.marks import cleaned, marks_of
from grading.desk.order import onward, order_of, shuffled
from grading.desk.pace import median_seconds, strictness
from grading.desk.table_check import table_check
from grading.desk.where_time_goes import time_bar
from grading.rubric import Item, Option


@dataclass
class Row:
    number: int


ROWS = [Row(n) for n in range(1, 21)]
SUM = Item(
    "report", "Report", Decimal(2), options=(Option("all", "All", Decimal(2)), Option("less", "Less", Decimal("-0.25")))
)
ONE = Item(
    "why", "Why", Decimal(1), options=(Option("a", "A", Decimal(1)), Option("b", "B", Decimal("0.5"))), is_one_of=True
)
PLAIN = Item("plot", "Plot", Decimal(3))


def numbers(rows):
    return [row.number for row in rows]


def test_each_grader_has_an_order_of_their_own_that_stays():
    first, again, other = (numbers(shuffled(ROWS, grader=n, salt="lab1")) for n in (1, 1, 2))
    assert first == again != other and sorted(first) == sorted(other) == numbers(ROWS)


def test_a_report_that_is_handed_in_later_moves_nobody_elses_place():
    before = numbers(shuffled(ROWS[:10], grader=1, salt="lab1"))
    after = [n for n in numbers(shuffled(ROWS, grader=1, salt="lab1")) if n <= 10]
    assert before == after


def test_the_next_ones_come_round_from_the_beginning():
    assert numbers(onward(ROWS[:4], 2)) == [3, 4, 1]
    assert numbers(onward(ROWS[:4], 2, -1)) == [1, 4, 3]
    assert numbers(onward(ROWS[:4], 99)) == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("said", "has_names", "order"),
    [("time", True, "time"), ("name", True, "name"), ("name", False, "shuffled"), ("?", True, "shuffled")],
)
def test_while_names_are_hidden_nothing_is_ordered_by_them(said, has_names, order):
    assert order_of(said, has_names=has_names) == order


def test_no_key_that_ticks_is_a_key_that_does_something_else():
    assert not set(KEYS) & set("jkcaersugn0?:") and len(set(KEYS)) == len(KEYS)
    assert key_of(0) == "1" and key_of(9) == "b" and key_of(99) == ""


def test_the_pace_is_ones_own_as_soon_as_there_is_one():
    assert median_seconds([100, 110, 400], [1, 1, 1]) == 110
    assert median_seconds([100], [60, 80, 100]) == 80
    assert median_seconds([], [60]) is None


def test_strict_and_mild_graders_stand_beside_each_other():
    given = [("Amit", Decimal(2)), ("Amit", Decimal(3)), ("Ines", Decimal(1))]
    amit, ines = strictness(given, Decimal(3))
    assert (amit.grader, amit.count, amit.mean, amit.apart) == ("Amit", 2, Decimal("2.50"), Decimal("0.50"))
    assert ines.apart == Decimal("-1.00") and sum(amit.bins) == 2 and amit.bins[-1] == 1
    assert strictness([], Decimal(3)) == []


def test_what_is_sent_is_kept_in_the_order_of_the_rubric_and_nothing_unknown():
    raw = {"report": ["less", "all", "?"], "why": "text", "plot": " 2.5 ", "other": ["x"]}
    assert cleaned([SUM, ONE, PLAIN], raw) == {"report": ["all", "less"], "plot": "2.5"}


def test_marks_say_what_is_given_and_what_lacks():
    marks = marks_of([SUM, ONE, PLAIN], {"report": ["all", "less"], "plot": "2,5"})
    assert (marks.total, [item.key for item in marks.lacking]) == (Decimal("4.25"), ["why"])
    assert marks_of([SUM], {"report": []}).lacking == ()  # somebody said: nothing of it
    assert marks_of([SUM], {}).lacking == (SUM,)


@pytest.mark.parametrize(
    ("cells", "said"),
    [(["90.3", "85,2 %"], "table matches the runs"), (["90.3", "99.9"], "1 of 2 accuracies are of no run here")],
)
def test_a_table_is_compared_with_what_was_measured(cells, said):
    table = {"columns": ["Variant", "Accuracy, %"], "rows": [["x", cell] for cell in cells]}
    assert table_check(table, [0.9028, 0.852]).said == said


@pytest.mark.parametrize(
    "table", [{}, {"columns": ["Top-1"], "rows": [["90"]]}, {"columns": ["Accuracy, %"], "rows": [["high"]]}]
)
def test_a_table_that_cannot_be_compared_says_nothing(table):
    assert table_check(table, [0.9]) is None


def test_the_bar_shows_the_slowest_layers_and_the_rest():
    report = {"operators": [{"index": n, "name": f"net/conv{n}", "op": "Conv"} for n in range(4)]}
    environment = {
        "devices": {"pi": {"latency_ms": 10.0, "operators": [[0, 1.0, False], [1, 5.0, False], [2, 3.0, False]]}}
    }
    bar = time_bar(report, environment, "pi")
    assert [one["name"] for one in bar["slowest"]] == ["conv1", "conv2"]
    assert [(part["x"], part["width"]) for part in bar["parts"]] == [(0, 10), (10, 50), (60, 30)]
    assert time_bar(report, environment, "other") is None and time_bar({}, {}, "pi") is None
