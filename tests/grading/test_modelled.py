"""Points from modelled numbers: only where the cost model is sure enough, and never a silent zero."""

from dataclasses import replace

import pytest

from grading.bench.on_device import device_json
from grading.modelled import modelled_of
from grading.points import points_for
from grading.spec import BenchSpec, SpecError
from hardware.profiles import load_profiles
from tests.grading.bench.cost.networks import built, report
from tests.people import SPEC

PI, CHIP = load_profiles()["rpi-4-4gb"], load_profiles()["stm32f746"]
V2 = replace(report("mobilenet_v2"), format="onnx")
CRITERIA = [
    {"key": "opens", "title": "Opens", "points": 1, "rule": {"kind": "pass"}},
    {"key": "time", "title": "Latency", "metric": "latency_ms", "points": 2, "rule": {"kind": "steps", "steps": [[40, 1.0], [200, 0.5]]}},
    {"key": "energy", "title": "Energy", "metric": "energy_mj", "points": 1.5, "rule": {"kind": "ramp", "from": 2000, "to": 100}},
]  # fmt: skip
LAB = BenchSpec.parse(SPEC | {"criteria": CRITERIA, "devices": ["rpi-4-4gb"]})


def points_of(verdict):
    found = modelled_of(verdict, "rpi-4-4gb")
    return points_for(LAB, found.metrics, found.intervals, {}, found.left_open)


def test_a_graded_prediction_gives_points_by_its_estimate_with_the_interval_beside_it():
    verdict = device_json(V2, PI)
    assert verdict["graded"] and verdict["fits"], verdict["reasons"]
    points = points_of(verdict)
    _, time, energy = points.lines
    assert (time.basis, time.left_open, points.left_open) == ("modelled", "", "0.00")
    assert 40 < verdict["latency_ms"] < 200 and time.earned == "1.00"
    assert time.value.startswith("65.3\u202fms (") and time.drawing.band is not None
    assert energy.value.count("\u202fmJ") == 1 and 0 < float(energy.earned) < 1.5
    assert points.earned == f"{1 + 1 + float(energy.earned):.2f}"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"latency_ms": None, "latency_interval_ms": None, "energy_mj": None, "reason": "It was never calibrated."}, "never calibrated"),
        ({"extrapolated": True, "graded": False, "flags": ["No depthwise layer was measured."]}, "Extrapolated: No depthwise layer"),
        ({"graded": False}, "No points rest on the calibration"),
        ({"fits": False}, "does not run on the Raspberry Pi 4"),
    ],
)  # fmt: skip
def test_where_the_model_is_not_sure_the_line_is_open_and_says_why(changes, said):
    points = points_of(device_json(V2, PI) | changes)
    opens, *modelled = points.lines
    assert [line.arithmetic for line in modelled] == ["left to the staff"] * 2
    assert all(said in line.left_open for line in modelled)
    assert (points.earned, points.of, points.left_open, opens.earned) == ("1.00", "4.50", "3.50", "1.00")
    shown = "no number" if changes.get("latency_ms", 1) is None else "ms ("
    assert shown in modelled[0].value


def test_energy_that_nobody_metered_is_open_while_the_latency_gives_points():
    verdict = device_json(V2, PI)
    points = points_of(verdict | {"calibration": verdict["calibration"] | {"metered": False}})
    assert [bool(line.left_open) for line in points.lines] == [False, False, True]
    assert "Nobody metered" in points.lines[2].left_open


def test_a_device_that_is_gone_leaves_its_lines_open():
    assert "rpi-4-4gb is no longer in this course" in points_of(None).lines[1].left_open


def test_a_network_unlike_any_that_was_measured_is_really_left_open():
    tiny = replace(built(lambda b, x: b.conv(x, 8, 3), size=(1, 1, 8, 8)), format="onnx")
    verdict = device_json(tiny, PI)
    assert verdict["extrapolated"] and points_of(verdict).left_open == "3.50"


def test_a_microcontroller_is_never_graded_by_a_model_of_another_board():
    verdict = device_json(V2, CHIP)
    assert modelled_of(verdict, "stm32f746").left_open["latency_ms"]


def test_the_numbers_are_kept_to_six_digits_so_that_no_machine_disagrees():
    verdict = device_json(V2, PI)
    found = modelled_of(verdict | {"latency_ms": 123.45678901}, "rpi-4-4gb")
    assert found.metrics["latency_ms"] == 123.457
    assert modelled_of(verdict, "rpi-4-4gb").metrics["energy_mj"] == float(f"{verdict['energy_mj']:.6g}")


def test_a_modelled_criterion_needs_a_device():
    with pytest.raises(
        SpecError, match=r"criteria\[1\].metric: latency_ms is that of the lab's first device, so name it in `devices`."
    ):
        BenchSpec.parse(SPEC | {"criteria": CRITERIA})
