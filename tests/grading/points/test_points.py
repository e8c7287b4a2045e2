"""Points: the rule, the arithmetic, and the place on the drawing."""

from itertools import pairwise

import pytest

from grading.points.drawing import labels_of, text_width
from grading.points.lines import points_for
from grading.points.shares import share_earned
from grading.points.words import rule_words
from grading.spec import BenchSpec, Rule, SpecError
from tests.people import SPEC

SPEC_OBJECT = BenchSpec.parse(SPEC)
METRICS = {"accuracy": 0.894, "peak_activation_bytes": 9000}


def test_points_add_up_to_the_cent():
    points = points_for(SPEC_OBJECT, METRICS, {"accuracy": (0.88, 0.907)}, {})
    assert [line.earned for line in points.lines] == ["1.00", "2.21", "1.00"]
    assert (points.earned, points.of) == ("4.21", "7.00")


def test_the_arithmetic_can_be_followed_by_hand():
    line = points_for(SPEC_OBJECT, METRICS, {}, {}).lines[1]
    assert line.arithmetic == "(89.40 - 80.00) / (97.00 - 80.00) x 4.00 = 2.21"


@pytest.mark.parametrize(
    ("rule", "value", "share"),
    [
        (Rule("ramp", start=0.8, end=0.9), 0.8, 0.0),
        (Rule("ramp", start=0.8, end=0.9), 0.95, 1.0),
        (Rule("ramp", start=100, end=50), 75, 0.5),
        (Rule("ramp", start=100, end=50), 120, 0.0),
        (Rule("steps", steps=((10, 1.0), (20, 0.5))), 10, 1.0),
        (Rule("steps", steps=((10, 1.0), (20, 0.5))), 10.5, 0.5),
        (Rule("steps", steps=((10, 1.0), (20, 0.5))), 21, 0.0),
        (Rule("at_least", value=3), 3, 1.0),
        (Rule("at_least", value=3), 2.9, 0.0),
    ],
)
def test_shares(rule, value, share):
    assert share_earned(rule, value) == pytest.approx(share)


def test_the_place_on_the_drawing_lies_on_the_rule():
    for line in points_for(SPEC_OBJECT, METRICS, {}, {}).lines:
        if line.drawing:
            assert 0 <= line.drawing.place_x <= 150
            assert 5 <= line.drawing.place_y <= 21


@pytest.mark.parametrize(
    ("peak", "beyond", "place"), [(9000, "", None), (18_000, "", None), (1 << 20, "right", 150.0), (0, "", 0.0)]
)
def test_a_value_off_the_scale_stands_at_its_edge_and_says_so(peak, beyond, place):
    drawing = points_for(SPEC_OBJECT, METRICS | {"peak_activation_bytes": peak}, {}, {}).lines[2].drawing
    assert drawing.beyond == beyond
    assert place is None or drawing.place_x == place


def test_a_value_below_the_scale_points_to_the_left():
    assert points_for(SPEC_OBJECT, METRICS | {"accuracy": 0.1}, {}, {}).lines[1].drawing.beyond == "left"


@pytest.mark.parametrize(
    ("limits", "texts"),
    [
        ([(30.0, "20.0\u202fk\u202fMACs"), (140.0, "200\u202fk\u202fMACs")], ["20", "200\u202fk\u202fMACs"]),
        ([(30.0, "512\u202fKiB"), (140.0, "1.00\u202fMiB")], ["512\u202fKiB", "1\u202fMiB"]),
        ([(20.0, "85.0\u202f%"), (120.0, "97.5\u202f%")], ["85", "97.5\u202f%"]),
        (
            [(0.0, "4"), (60.0, "1\u2009000\u2009000"), (62.0, "1\u2009100\u2009000")],
            ["4", "1\u2009100\u2009000"],  # the one between has no place
        ),
    ],
)
def test_the_labels_of_a_rule_are_short_inside_the_box_and_apart(limits, texts):
    labels = labels_of(limits)
    assert [label["text"] for label in labels] == texts
    ends = [
        (label["x"] - text_width(label["text"]) / 2, label["x"] + text_width(label["text"]) / 2) for label in labels
    ]
    assert ends[0][0] >= -0.1 and ends[-1][1] <= 150.1
    assert all(one[1] < other[0] for one, other in pairwise(ends))


def test_the_rule_in_words_names_its_limits():
    words = [rule_words(criterion) for criterion in SPEC_OBJECT.criteria]
    assert "80.0" in words[1] and "97.0" in words[1]
    assert "8.00\u202fKiB 2.00" in words[2]


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"task": "poetry"}, "spec.task"),
        ({"nonsense": 1}, "nonsense"),
        ({"classes": ["a"]}, "spec.classes"),
        ({"criteria": [{"key": "a", "title": "A", "points": 1, "rule": {"kind": "ramp", "from": 1, "to": 1}, "metric": "macs"}]}, "criteria[0]"),
        ({"criteria": [{"key": "a", "title": "A", "points": "1", "rule": {"kind": "pass"}}]}, "criteria[0].points"),
        ({"criteria": [{"key": "a", "title": "A", "points": 1, "rule": {"kind": "at_least", "value": 1}, "metric": "magic"}]}, "criteria[0].metric"),
        ({"formats": ["gguf"]}, "spec.formats"),
        ({"device": "laptop", "devices": ["phone"]}, "spec.devices"),
        ({"devices": ["phone", "phone-mid"]}, "spec.devices: a device stands twice"),
        ({"devices": [1]}, "spec.devices"),
        ({"devices": [f"board-{n}" for n in range(21)]}, "spec.devices: at most 20"),
    ],
)  # fmt: skip
def test_a_wrong_spec_is_refused_with_its_place(change, place):
    with pytest.raises(SpecError) as refused:
        BenchSpec.parse({**SPEC, **change})
    assert place in str(refused.value)


@pytest.mark.parametrize(
    ("said", "devices"),
    [
        ({}, ()),
        ({"device": "laptop"}, ("laptop",)),
        ({"device": "phone-mid"}, ("phone",)),
        ({"devices": ["rpi-4-4gb", "stm32f746"]}, ("rpi-4-4gb", "stm32f746")),
    ],
)
def test_a_lab_names_devices_or_as_of_old_one(said, devices):
    spec = BenchSpec.parse(SPEC | said)
    assert (spec.devices, spec.device) == (devices, devices[0] if devices else "")
