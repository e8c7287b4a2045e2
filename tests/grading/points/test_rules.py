"""Rules of every kind: what they give, how they explain it, and what is refused of a spec with its place."""

import json
from decimal import Decimal
from pathlib import Path

import pytest
import yaml

from grading.points.lines import points_for
from grading.points.words import rule_words
from grading.spec import BenchSpec, SpecError
from tests.grading.points.rules import FIRST, REFERENCE, criterion, one_line, spec_of
from tests.people import SPEC

OVERLAY = Path(__file__).resolve().parents[3] / "grading" / "demo" / "overlay.yaml"
BEFORE = json.loads((Path(__file__).parent / "points_of_before.json").read_text())
CURVE = {"kind": "curve", "points": [[0.7, 0], [0.8, 0.75], [0.9, 1]]}
MORE = {"kind": "steps", "better": "more", "steps": [[200_000, 0.5], [500_000, 1]]}
ALL_OF = {
    "kind": "all_of",
    "conditions": [
        {"metric": "accuracy", "at_least": {"baseline": "reference"}},
        {"metric": "macs", "at_most": {"baseline": "reference", "times": 0.5}},
    ],
}
TOGETHER = (
    "2.00 when all hold: Accuracy at least 91.0\u202f% (that of the reference model); "
    "Multiply-accumulates at most 238\u202fM\u202fMACs (0.5 x 476\u202fM\u202fMACs of the reference model)"
)


@pytest.mark.parametrize("case", BEFORE, ids=lambda case: case["lab"])
def test_the_labs_of_the_demo_give_the_points_that_they_gave_before(case):
    """points_of_before.json was written by the version that had four rules and floats."""
    bench = yaml.safe_load(OVERLAY.read_text())["assignments"][case["lab"]]["bench"]
    opens = next(part for part in bench["criteria"] if part["key"] == "opens")
    opens["points"] = 1  # as then; a lab has been made worth more since
    points = points_for(BenchSpec.parse(bench), case["metrics"], {}, {})
    assert {line.key: line.earned for line in points.lines} == case["lines"]
    assert (points.earned, points.of) == (case["earned"], case["of"])


@pytest.mark.parametrize(
    ("rule", "value", "earned", "says"),
    [
        (CURVE, 0.65, "0.00", "70.0\u202f% or less: 0.00"),
        (CURVE, 0.75, "0.75", "0.00 + (75.00 - 70.00) / (80.00 - 70.00) x 1.50 = 0.75"),
        (CURVE, 0.8, "1.50", "0.00 + (80.00 - 70.00) / (80.00 - 70.00) x 1.50 = 1.50"),
        (CURVE, 0.86, "1.80", "1.50 + (86.00 - 80.00) / (90.00 - 80.00) x 0.50 = 1.80"),
        (CURVE, 0.95, "2.00", "90.0\u202f% or more: 2.00"),
        ({"kind": "curve", "points": [[0.1, 1], [0.2, 0.5], [0.3, 0.5]]}, 0.25, "1.00", "between 20.0\u202f% and 30.0\u202f%: 1.00"),
        ({"kind": "curve", "points": [[0.1, 1], [0.2, 0]]}, 0.15, "1.00", "2.00 - (15.00 - 10.00) / (20.00 - 10.00) x 2.00 = 1.00"),
        ({"kind": "at_most", "value": 0.5}, 0.5, "2.00", "50.0\u202f% is at most 50.0\u202f%"),
        ({"kind": "at_most", "value": 0.5}, 0.51, "0.00", "51.0\u202f% is above 50.0\u202f%"),
        ({"kind": "at_most", "value": 0.5}, 0.50004, "0.00", "50.004\u202f% is above 50.000\u202f%"),
        ({"kind": "steps", "steps": [[0.2, 1], [0.5, 0.5]]}, 0.50004, "0.00", "50.004\u202f% is above 50.000\u202f%: 0"),
        ({"kind": "at_least", "value": 0.5}, 0.5, "2.00", "50.0\u202f% reaches 50.0\u202f%"),
        ({"kind": "steps", "better": "more", "steps": [[0.2, 0.5], [0.5, 1]]}, 0.19, "0.00", "below 20.0\u202f%: 0"),
        ({"kind": "steps", "better": "more", "steps": [[0.2, 0.5], [0.5, 1]]}, 0.2, "1.00", "at least 20.0\u202f%: 1.00"),
        ({"kind": "steps", "better": "more", "steps": [[0.2, 0.5], [0.5, 1]]}, 0.7, "2.00", "at least 50.0\u202f%: 2.00"),
        ({"kind": "steps", "steps": [[0.2, 1], [0.5, 0.5]]}, 0.6, "0.00", "above 50.0\u202f%: 0"),
    ],
)  # fmt: skip
def test_each_rule_gives_points_and_the_arithmetic_of_them(rule, value, earned, says):
    line = one_line(rule, value, "accuracy")
    assert (line.earned, line.arithmetic) == (earned, says)
    assert line.drawing.place_y == pytest.approx(21 - 16 * float(earned) / 2, abs=0.06)


def test_half_a_cent_goes_up_as_it_does_by_hand():
    """0.145 of the way to 1.00 point: floats have 0.14499999999999957 there, and gave 0.14."""
    assert one_line({"kind": "ramp", "from": 0, "to": 100}, 14.5, "latency_ms", 1, **FIRST).earned == "0.15"
    assert one_line({"kind": "ramp", "from": 1.1, "to": 1.3}, 1.129, "latency_ms", 1, **FIRST).earned == "0.15"


@pytest.mark.parametrize(
    ("rule", "metric", "words"),
    [
        (CURVE, "accuracy", "70.0\u202f% gives 0, 80.0\u202f% gives 1.50, 90.0\u202f% gives 2.00, straight lines between"),
        (MORE, "inferences_per_charge", "from 200\u2009000\u202finferences 1.00, from 500\u2009000\u202finferences 2.00; below that 0"),
        ({"kind": "at_most", "value": {"baseline": "reference", "times": 0.5}}, "macs",
         "at most 238\u202fM\u202fMACs (0.5 x 476\u202fM\u202fMACs of the reference model): 2.00"),
        ({"kind": "at_least", "value": {"baseline": "reference", "plus": -0.01}}, "accuracy",
         "at least 90.0\u202f% (91.0\u202f% of the reference model - 1.0\u202f%): 2.00"),
        ({"kind": "fits"}, "", "2.00 when it fits the RAM and the storage of the board and a runtime there loads it"),
        (ALL_OF, "", TOGETHER),
    ],
)  # fmt: skip
def test_the_lab_page_says_each_rule_in_words(rule, metric, words):
    spec = spec_of(
        criterion(rule, metric), criterion({"kind": "pass"}, key="two", bonus=True), baselines=REFERENCE, **FIRST
    )
    assert rule_words(spec.criteria[0]) == words
    assert rule_words(spec.criteria[1]).endswith("; extra credit")


def test_a_limit_of_a_baseline_is_explained_beside_the_points():
    line = one_line({"kind": "at_most", "value": {"baseline": "reference", "times": 0.5}}, 2e8, baselines=REFERENCE)
    assert line.earned == "2.00"
    assert line.arithmetic == (
        "200\u202fM\u202fMACs is at most 238\u202fM\u202fMACs; "
        "238\u202fM\u202fMACs is 0.5 x 476\u202fM\u202fMACs of the reference model"
    )


@pytest.mark.parametrize(
    ("metrics", "earned", "holds", "says"),
    [
        ({"accuracy": 0.92, "macs": 2e8}, "2.00", [True, True], "all hold: 2.00"),
        ({"accuracy": 0.92, "macs": 3e8}, "0.00", [True, False], "all must hold, and multiply-accumulates does not: 0"),
        ({"accuracy": 0.9, "macs": 3e8}, "0.00", [False, False], "all must hold, and accuracy and multiply-accumulates do not: 0"),
    ],
)  # fmt: skip
def test_several_conditions_give_points_only_together(metrics, earned, holds, says):
    spec = spec_of(criterion(ALL_OF), baselines=REFERENCE)
    line = points_for(spec, metrics, {}, {}).lines[0]
    assert (line.earned, [part.holds for part in line.parts], line.arithmetic) == (earned, holds, says)
    assert line.parts[0].title == "Accuracy" and line.parts[1].drawing is not None


@pytest.mark.parametrize(
    ("accuracy", "earned", "is_open"), [(0.92, "0.00", True), (0.5, "0.00", False)], ids=["open", "fails anyway"]
)
def test_an_open_condition_leaves_the_line_open_unless_another_fails(accuracy, earned, is_open):
    rule = {
        "kind": "all_of",
        "conditions": [{"metric": "accuracy", "at_least": 0.9}, {"metric": "latency_ms", "at_most": 50}],
    }
    spec = spec_of(criterion(rule), **FIRST)
    points = points_for(spec, {"accuracy": accuracy, "latency_ms": 40}, {}, {}, {"latency_ms": "Extrapolated: odd."})
    assert (points.earned, bool(points.lines[0].left_open)) == (earned, is_open)
    assert points.left_open == ("2.00" if is_open else "0.00")


def test_extra_credit_comes_on_top_and_up_to_its_limit():
    step = {"kind": "at_least", "value": 0.5}
    spec = spec_of(
        criterion({"kind": "pass"}, points=7, key="base"), criterion(step, "accuracy", 1.5, "b", bonus=True),
        criterion(step, "sparsity", 1, "c", bonus=True), bonus_most=2,
    )  # fmt: skip
    assert (spec.points, spec.bonus) == (7, 2)
    points = points_for(spec, {"accuracy": 0.9, "sparsity": 0.9}, {}, {})
    assert (points.earned, points.of, points.bonus, points.bonus_of) == ("9.00", "7.00", "2.00", "2.00")
    assert [line.earned for line in points.lines] == ["7.00", "1.50", "0.50"]
    assert points.lines[2].arithmetic.endswith("extra credit is at most 2.00 in all, so 0.50 counts")
    less = points_for(spec, {"accuracy": 0.1, "sparsity": 0.1}, {}, {})
    assert (less.earned, less.of, less.bonus) == ("7.00", "7.00", "0.00")


def test_open_extra_credit_leaves_no_more_than_its_limit_to_the_staff():
    spec = spec_of(
        criterion({"kind": "pass"}, points=3, key="base", bonus=True),
        criterion({"kind": "at_most", "value": 5}, "latency_ms", 2, "time", bonus=True), bonus_most=4, **FIRST,
    )  # fmt: skip
    assert points_for(spec, {}, {}, {}, {"latency_ms": "Extrapolated."}).left_open == "1.00"


def test_a_number_that_the_model_has_not_leaves_its_line_open():
    points = points_for(spec_of(criterion({"kind": "at_least", "value": 1}, "sparsity")), {}, {}, {})
    assert points.lines[0].left_open == "Share of zero weights: there is no such number of this model."
    assert (points.earned, points.left_open) == ("0.00", "2.00")


WRONG = [
    ({"kind": "curve", "points": [[0, 0]]}, "criteria[0].rule.points: give 2 to 20 corners"),
    ({"kind": "curve", "points": [[1, 0], [1, 1]]}, "criteria[0].rule.points: give 2 to 20 corners"),
    ({"kind": "curve", "points": [[0, 0], [1, 1], [2, 0]]}, "say `monotone: false`"),
    ({"kind": "curve", "points": [[0, 0], [1, 1.5]]}, "criteria[0].rule.points: [1, 1.5] is no limit"),
    ({"kind": "curve", "points": [[0, 0], [1]]}, "criteria[0].rule.points: [1] is no limit"),
    ({"kind": "curve", "points": [[0, 0], [float("nan"), 1]]}, "criteria[0].rule.points: expected a number between"),
    ({"kind": "curve", "points": [[0, 0], [1, 1]], "monotone": "no"}, "criteria[0].rule.monotone: expected true or false"),
    ({"kind": "steps", "steps": [[1, 0.5], [2, 1]]}, "say `better: more`"),
    ({"kind": "steps", "steps": [[1, 1], [2, 0.5]], "better": "more"}, "limits and shares must rise"),
    ({"kind": "steps", "steps": [[1, 1]], "better": "most"}, "criteria[0].rule.better: most is not one of less, more"),
    ({"kind": "at_most"}, "criteria[0].rule.value: missing"),
    ({"kind": "at_most", "value": 10**400}, "criteria[0].rule.value: expected a number between"),
    ({"kind": "at_most", "value": {"baseline": "best"}}, "criteria[0].rule.value.baseline: best is none of this lab; known baselines are reference"),
    ({"kind": "at_most", "value": {"baseline": "reference", "by": 2}}, "criteria[0].rule.value: unknown key by"),
    ({"kind": "at_most", "value": {"baseline": "reference", "times": 1e17}}, "criteria[0].rule.value: expected a number between"),
    ({"kind": "ramp", "from": {"baseline": "reference"}, "to": {"baseline": "reference"}}, "criteria[0].rule: a ramp needs two different ends"),
    ({"kind": "all_of", "conditions": [{"fits": True}]}, "criteria[0].rule.conditions: give 2 to 6"),
    ({"kind": "all_of", "conditions": [{"fits": True}, {"metric": "macs"}]}, "criteria[0].rule.conditions[1]: give one of at_least and at_most"),
    ({"kind": "all_of", "conditions": [{"fits": False}, {"fits": True}]}, "criteria[0].rule.conditions[0].fits: only `fits: true`"),
    ({"kind": "all_of", "conditions": [{"fits": True}, {"metric": "x", "at_most": 1}]}, "criteria[0].rule.conditions[1].metric: x; known"),
    ({"kind": "best_of"}, "criteria[0].rule.kind: best_of is not one of pass, ramp, curve"),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "said"), WRONG, ids=range(len(WRONG)))
def test_a_wrong_rule_is_refused_with_its_place(rule, said):
    with pytest.raises(SpecError) as refused:
        spec_of(criterion(rule, "macs"), baselines=REFERENCE, **FIRST)
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"baselines": {"a": {"title": "A", "submission": "x"}}}, "spec.baselines.a.submission: a baseline holds plain numbers"),
        ({"baselines": {"a": {"title": "A", "metrics": {"magic": 1}}}}, "spec.baselines.a.metrics.magic: known metrics"),
        ({"baselines": {"a": {"metrics": {"macs": 1}}}}, "spec.baselines.a.title: missing"),
        ({"baselines": {"a": {"title": "A", "metrics": {}}}}, "spec.baselines.a.metrics: give at least one number"),
        ({"baselines": []}, "spec.baselines: expected a mapping"),
        ({"bonus_most": 1}, "spec.bonus_most: no criterion is extra credit"),
        ({"bonus_most": 0, "criteria": [criterion({"kind": "pass"}, bonus=True)]}, "spec.bonus_most: give the most"),
        ({"criteria": [criterion({"kind": "pass"}, bonus=1)]}, "criteria[0].bonus: expected true or false"),
        ({"criteria": [criterion({"kind": "pass"}, points=9000, key=key) for key in "ab"]}, "spec.criteria: they come to 18000 points"),
        ({"criteria": [criterion({"kind": "fits"})]}, "criteria[0].metric: fits is that of the lab's first device"),
        ({"criteria": [criterion({"kind": "at_most", "value": 1}, "ram_needed_bytes")]}, "ram_needed_bytes is that of the lab's first device"),
    ],
)  # fmt: skip
def test_a_wrong_spec_around_the_rules_is_refused_with_its_place(more, said):
    with pytest.raises(SpecError) as refused:
        BenchSpec.parse(SPEC | {"criteria": [criterion({"kind": "pass"})]} | more)
    assert said in str(refused.value)


def test_a_curve_that_goes_up_and_down_is_taken_where_it_says_so():
    rule = {"kind": "curve", "points": [[0, 0], [1, 1], [2, 0]], "monotone": False}
    assert [one_line(rule, value).earned for value in (0.5, 1, 1.75)] == ["1.00", "2.00", "0.50"]


def test_the_sum_of_the_lines_is_what_was_earned():
    spec = BenchSpec.parse(SPEC)
    points = points_for(spec, {"accuracy": 0.8931, "peak_activation_bytes": 9000}, {}, {})
    assert sum(Decimal(line.earned) for line in points.lines) == Decimal(points.earned)
