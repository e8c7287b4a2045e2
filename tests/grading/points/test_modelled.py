"""Points from modelled numbers: only where the cost model is sure enough, and never a silent zero."""

from dataclasses import replace

import pytest

from grading.bench.on_device import device_json
from grading.points.lines import points_for
from grading.points.modelled import modelled_of
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


CHARGE = [
    {"key": "hours", "title": "Hours", "metric": "battery_hours", "points": 1, "rule": {"kind": "at_least", "value": 6}},
    {"key": "many", "title": "One 4 Ah charge", "metric": "inferences_per_charge", "points": 1,
     "rule": {"kind": "steps", "better": "more", "steps": [[200_000, 0.5], [500_000, 1]]}},
    {"key": "mah", "title": "Charge", "metric": "mah_per_1000_inferences", "points": 1, "rule": {"kind": "at_most", "value": 15}},
    {"key": "ram", "title": "RAM", "metric": "ram_needed_bytes", "points": 1, "rule": {"kind": "at_most", "value": 64 << 20}},
    {"key": "fits", "title": "Fits", "points": 1, "rule": {"kind": "fits"}},
]  # fmt: skip
CHARGE_LAB = BenchSpec.parse(SPEC | {"criteria": CHARGE, "devices": ["rpi-4-4gb"]})
PICTURE = {"latency_ms": 41.0, "latency_interval_ms": [36.0, 47.0], "battery_hours": 4000 / 600, "mah_per_hour": 600.0}


def charge_points(verdict, convention="nominal_current"):
    found = modelled_of(verdict, "rpi-4-4gb", {"convention": convention, "volts": 5.0, "capacity_mah": 4000})
    return points_for(CHARGE_LAB, found.metrics, found.intervals, {}, found.left_open, fit=found.fit, how=found.how)


def test_a_charge_is_counted_by_the_course_with_its_arithmetic():
    """The numbers of the picture: 4 Ah / 600 mA = 24 000 s, and 24 000 s / 41 ms = 585 000 (511 000-667 000)."""
    hours, many, mah, _, _ = charge_points(device_json(V2, PI) | PICTURE).lines
    assert (hours.value, hours.earned) == ("6.67\u202fh", "1.00")
    assert hours.how == "4\u2009000\u202fmAh / 600\u202fmA = 6.67\u202fh"
    assert many.value == "585\u2009000\u202finferences (511\u2009000-667\u2009000)"
    assert many.how == "4\u2009000\u202fmAh / 600\u202fmA = 24\u2009000\u202fs; 24\u2009000\u202fs / 41.0\u202fms"
    assert (many.earned, many.certain) == ("1.00", "The whole interval gives 1.00, so the points are certain.")
    assert [label["text"] for label in many.drawing.labels] == ["200\u2009000", "500\u2009000"]
    assert mah.value == "6.83\u202fmAh (6.00-7.83)" and mah.basis == "modelled"


def test_ends_of_an_interval_in_another_unit_keep_it():
    many = charge_points(
        device_json(V2, PI) | PICTURE | {"latency_ms": 20.0, "latency_interval_ms": [10.0, 40.0]}
    ).lines[1]
    assert many.value == "1.20\u202fM\u202finferences (600\u2009000\u202finferences-2.40\u202fM\u202finferences)"


def test_where_the_interval_crosses_a_limit_the_line_says_what_lies_within():
    many = charge_points(
        device_json(V2, PI) | PICTURE | {"latency_ms": 47.0, "latency_interval_ms": [41.0, 54.0]}
    ).lines[1]
    assert (many.earned, many.certain) == ("1.00", "Within the interval lie 0.50 to 1.00; the estimate counts.")


@pytest.mark.parametrize(
    ("changes", "convention", "is_open"),
    [
        ({}, "nominal_current", [False, False, False, False, False]),
        ({"extrapolated": True, "graded": False, "flags": ["odd"]}, "nominal_current", [False, True, True, False, False]),
        ({"fits": False, "why": "No kernel for it."}, "nominal_current", [True, True, True, False, False]),
        ({"battery_hours": None, "mah_per_hour": None, "reason": "Nobody gave a nominal current."}, "nominal_current", [True, True, True, False, False]),
        ({}, "wall", [False, False, False, False, False]),
        ({"calibration": {"metered": False}}, "wall", [True, True, True, False, False]),
        ({"latency_ms": None, "latency_interval_ms": None, "energy_mj": None, "reason": "Never calibrated."}, "nominal_current",
         [False, True, True, False, False]),
    ],
)  # fmt: skip
def test_a_charge_is_left_open_where_what_it_rests_on_is(changes, convention, is_open):
    points = charge_points(device_json(V2, PI) | PICTURE | changes, convention)
    assert [bool(line.left_open) for line in points.lines] == is_open


def test_what_does_not_fit_earns_nothing_and_says_what_is_in_the_way():
    verdict = device_json(V2, PI) | {"fits": False, "why": "No kernel for it.", "ram_needed_bytes": 70 << 20}
    _, _, _, ram, fits = charge_points(verdict).lines
    assert (ram.earned, fits.earned, fits.arithmetic, fits.drawing) == ("0.00", "0.00", "No kernel for it", None)
    small = charge_points(verdict | {"ram_limit_bytes": 64 << 20, "why": ""}).lines[4]
    assert small.arithmetic == "6.00\u202fMiB of RAM too much"
    assert small.drawing.place_y == 21 and small.drawing.labels[0]["text"] == "64\u202fMiB"


def test_a_microcontroller_says_both_memories():
    fits = modelled_of(device_json(V2, CHIP), "stm32f746").fit
    assert fits.ram_limit_bytes and fits.flash_limit_bytes and not fits.fits


def test_a_device_that_is_gone_leaves_every_line_of_it_open():
    found = modelled_of(None, "rpi-4-4gb")
    points = points_for(CHARGE_LAB, found.metrics, found.intervals, {}, found.left_open, fit=found.fit)
    assert (points.earned, points.left_open) == ("0.00", "5.00")


def test_frames_per_second_are_what_a_latency_leaves_room_for():
    """1000 ms / 40 ms, and the interval turned around."""
    found = modelled_of(device_json(V2, PI) | {"latency_ms": 40.0, "latency_interval_ms": [32.0, 50.0]}, "rpi-4-4gb")
    assert found.metrics["frames_per_second"] == 25.0
    assert found.intervals["frames_per_second"] == (20.0, 31.25)
    assert found.how["frames_per_second"].replace("\u202f", " ") == "1000 ms / 40.0 ms"
    assert "frames_per_second" not in found.left_open
