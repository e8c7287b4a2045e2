"""Predictions from the coefficients in the tree: what they rest on, when they are wide, and when there is none."""

import json
import math
from dataclasses import replace

import pytest

from grading.bench.cost.classes import Work
from grading.bench.cost.coefficients import load_calibrations
from grading.bench.cost.coverage import Facts, beyond, coverage_of, facts_of, flags_of, is_akin, is_close
from grading.bench.cost.features import steps_of
from grading.bench.cost.intervals import FEW_HALF, conformal, half_of
from grading.bench.cost.predict import predict, stored_precision
from grading.bench.cost.published import published_rows
from grading.bench.errors import BenchError
from grading.bench.graph import Kernel
from grading.bench.report import Report
from hardware.profiles import RUNTIMES, load_profiles
from tests.grading.bench.cost.networks import built, report

PI, NANO, CORAL, ZERO, CHIP, PHONE = (
    load_profiles()[slug]
    for slug in ("rpi-4-4gb", "jetson-nano-4gb", "coral-dev-4gb", "rpi-zero-w", "stm32f746", "phone")
)
V2 = report("mobilenet_v2")


def width(found):
    low, high = found.latency_interval_ms
    return high / low


def test_a_network_of_the_calibration_is_predicted_as_it_was_measured():
    rows = [
        row.latency_ms
        for row in published_rows()
        if row.group == "rpi-4b/tflite@2.4.1/int8/4" and row.model == "mobilenet-v2-1.0-224"
    ]
    found = predict(V2, PI, "tflite@2.4.1", "int8")
    assert found.latency_ms == pytest.approx(rows[0], rel=0.05)
    assert found.latency_interval_ms[0] < found.latency_ms < found.latency_interval_ms[1]
    assert found.graded
    assert not found.extrapolated
    assert found.calibration.rows == 42
    assert found.calibration.model_out_median < 0.06
    assert "p50" in found.calibration.note


def test_operators_and_the_constant_sum_to_the_latency():
    found = predict(V2, PI, "tflite")
    spent = sum(cost.latency_ms for cost in found.operators)
    group = load_calibrations().groups[found.calibration.group]
    assert found.latency_ms == pytest.approx(spent + 0.1 * math.exp(group.theta[-1]))
    assert len(found.operators) == len(V2.operators)
    assert all(cost.latency_ms == 0 for cost in found.operators if cost.fused)


def test_without_a_runtime_a_graded_group_answers_and_without_a_version_the_newest():
    assert predict(V2, PI).graded
    assert predict(V2, PI, "armnn").runtime == "armnn@22.05"
    assert predict(V2, PI, "tflite").runtime == "tflite@2.7.1"


@pytest.mark.parametrize("profile", load_profiles().values(), ids=lambda profile: profile.slug)
@pytest.mark.parametrize("precision", ["fp32", "fp16", "int8"])
def test_who_answers_unasked_can_be_asked_for(profile, precision):
    found = predict(V2, profile, None, precision)
    assert found.runtime is None or predict(V2, profile, found.runtime, precision).runtime == found.runtime
    assert found.runtime is None or found.runtime.partition("@")[0] in RUNTIMES


def test_a_version_that_was_not_calibrated_is_wider_flagged_and_not_graded():
    other, same = predict(V2, PI, "tflite@2.8"), predict(V2, PI, "tflite@2.7.1")
    assert other.latency_ms == same.latency_ms
    assert width(other) > width(same)
    assert other.extrapolated
    assert not other.graded
    assert "2.7.1 stands in" in other.flags[0]
    assert predict(V2, PI, "tflite@2.4").runtime == "tflite@2.4.1"


@pytest.mark.parametrize(
    ("asked", "speaks"),
    [("2.2", "2.4.1"), ("1.15", "2.4.1"), ("2.5", "2.4.1"), ("2.7", "2.7.1"), ("2.16", "2.7.1"), ("3.0", "2.7.1")],
)
def test_the_nearest_version_is_one_of_the_two_beside_it(asked, speaks):
    assert predict(V2, PI, f"tflite@{asked}").runtime == f"tflite@{speaks}"


def test_between_two_versions_the_interval_reaches_the_other_one():
    # ArmNN 21.02 has a slow path for 5x5 depthwise layers in int8, which 22.05 has no more.
    lite = report("efficientnet_lite", quantised=True)
    before, between, after = (predict(lite, PI, f"armnn@{version}") for version in ("21.02", "21.11", "22.05"))
    assert between.latency_ms == before.latency_ms > 2 * after.latency_ms
    assert between.latency_interval_ms[0] < after.latency_ms
    assert width(predict(V2, PI, "armnn@21.11", "int8")) < 2.5  # where the two agree


def test_another_generation_of_a_runtime_is_far_and_a_release_beside_it_is_not():
    near = (predict(V2, PI, "tflite@2.2"), predict(V2, PI, "armnn@22.11"), predict(V2, PI, "tflite@2.16"))
    older = (predict(V2, PI, "tflite@1.15"), predict(V2, PI, "armnn@20.08"))
    later = (predict(V2, PI, "tflite@9.9"), predict(V2, PI, "armnn@24.02"))
    assert all(width(found) < 2.5 for found in near)
    assert all(2**2 < width(found) < 8 for found in later)
    assert all(width(found) > 8**2 for found in older)
    assert all(found.extrapolated and not found.graded for found in (*older, *later))


def test_a_version_without_a_number_is_never_taken_for_one_that_its_source_does_not_name():
    found = predict(V2, CORAL, "tflite@nightly", "int8")
    assert found.extrapolated
    assert width(found) > width(predict(V2, CORAL, "tflite", "int8"))


def test_a_pair_that_was_never_calibrated_gives_no_number_and_says_which_are():
    found = predict(V2, PI, "tensorrt", "fp16")
    assert (found.latency_ms, found.latency_interval_ms, found.energy_mj, found.calibration) == (None, None, None, None)
    assert "never calibrated for tensorrt at fp16" in found.reason
    assert "tflite (fp32 with 4 threads" in found.reason
    assert "No measurement of phone" in predict(V2, PHONE).reason
    assert predict(V2, PI, "tflite", threads=1).latency_ms is None
    assert predict(V2, PI, "ncnn", threads=1).threads == 1


def test_precision_is_what_most_weights_are_stored_in():
    assert stored_precision(V2) == "fp32"
    assert stored_precision(report("mobilenet_v2", quantised=True)) == "int8"
    assert stored_precision(replace(V2, weight_bits={"16": 0.9, "32": 0.1})) == "fp16"
    assert stored_precision(replace(V2, weight_bits={})) == "fp32"


def test_int8_on_a_float_graph_is_as_if_stored_in_int8():
    as_if, stored = predict(V2, PI, "tflite", "int8"), predict(report("mobilenet_v2", quantised=True), PI, "tflite")
    assert as_if.latency_ms == pytest.approx(stored.latency_ms, rel=0.001)
    assert as_if.precision == stored.precision == "int8"


def test_half_precision_on_a_processor_that_has_none_is_computed_in_32_bits():
    half = replace(V2, weight_bits={"16": 1.0})
    assert predict(half, PI).precision == "fp32"
    assert predict(half, PI, precision="fp16").latency_ms is None


@pytest.mark.parametrize(
    ("name", "parameters", "why"),
    [
        ("mobilenet_v3_large", {}, "Activation that is computed by itself"),
        ("vision_transformer", {}, "Product of computed matrices"),
        ("resnet", {"depth": 18}, "Dense 3x3 with stride 1"),
        ("mobilenet_v2", {"resolution": 2048}, "times the multiply-accumulates"),
        ("dscnn", {}, "times fewer multiply-accumulates"),
    ],
)
def test_what_calibration_never_met_is_flagged_and_wide(name, parameters, why):
    found = predict(report(name, **parameters), PI, "tflite")
    assert found.extrapolated
    assert not found.graded
    assert any(why in flag for flag in found.flags)
    assert width(found) > width(predict(V2, PI, "tflite"))


def test_another_family_without_a_flag_gets_the_wider_interval():
    found = predict(report("mobilenet_v3_large", minimalistic=True), PI, "tflite")
    assert not found.extrapolated
    assert math.log(width(found)) / 2 >= load_calibrations().groups[found.calibration.group].family_half - 1e-9


@pytest.mark.parametrize(
    ("board", "runtime", "precision"), [(NANO, "ncnn", "fp32"), (ZERO, "xnnpack", "int8"), (CORAL, "tflite", "int8")]
)
def test_few_rows_are_never_graded_and_at_least_two_and_a_half_wide(board, runtime, precision):
    found = predict(V2, board, runtime, precision)
    assert width(found) >= 2.5
    assert not found.graded
    assert "few rows" in found.calibration.note


def test_the_accelerator_answers_when_it_is_named():
    assert predict(V2, CORAL, precision="int8").runtime == "tflite"
    assert predict(V2, CORAL, "edgetpu", "int8").latency_ms < 10
    tpu = replace(CORAL, slug="coral-dev-4gb-tpu")
    assert predict(V2, tpu, precision="int8").runtime == "edgetpu"


def test_a_board_of_the_same_core_stands_in_with_its_clock():
    tiny = report("visual_wake_words", quantised=True)
    found = predict(tiny, CHIP, "x-cube-ai")
    assert found.extrapolated
    assert "NUCLEO-H7A3ZI-Q" in found.flags[0]
    published = next(
        row.latency_ms
        for row in published_rows()
        if row.group == "nucleo-h7a3zi/x-cube-ai@8.1/int8/1" and "VWW" in row.model
    )
    assert found.latency_ms == pytest.approx(published * 280 / 216, rel=0.1)


def test_a_choice_that_does_not_exist_is_refused():
    with pytest.raises(BenchError) as caught:
        predict(V2, PI, precision="int4")
    assert caught.value.code == "unknown_precision"
    with pytest.raises(BenchError) as caught:
        predict(V2, PI, convention="solar")
    assert caught.value.code == "unknown_convention"


def test_energy_is_that_of_the_metered_group_with_fan_and_meter_in_its_label():
    found = predict(V2, PI, "tflite@2.4.1", "fp32")
    rows = [
        row for row in published_rows() if row.group == found.calibration.group and row.model == "mobilenet-v2-1.0-224"
    ]
    assert found.energy_mj == pytest.approx(rows[0].energy_mj, rel=0.1)
    assert "fan off or on" in found.calibration.note
    assert "Yokogawa WT333E" in found.calibration.note


def test_energy_without_a_meter_comes_from_the_board_or_is_not_given():
    kin = predict(V2, PI, "ncnn", "fp32")
    assert 5 < 1000 * kin.energy_mj / kin.latency_ms / 1000 < 8
    assert "on the same board" in kin.calibration.note
    none = predict(V2, replace(NANO, loaded_mw=0, idle_mw=0))
    assert none.energy_mj is None
    assert "No power of jetson-nano-4gb is known" in none.reason


class Loaded:
    slug, board, nominal_current_ma, loaded_mw, idle_mw = "jetson-nano-4gb", "jetson-nano", 2000, 10_000, 2_000


def test_a_loaded_power_of_the_profile_is_used_and_named():
    found = predict(V2, Loaded(), "ncnn")
    assert found.energy_mj == pytest.approx(10 * found.latency_ms)
    assert "the profile's loaded power" in found.calibration.note


@pytest.mark.parametrize(
    ("convention", "volts", "current"),
    [
        ("nominal_current", 5.0, 2000),
        ("load", 5.0, 2000),
        ("wall", 5.0, 2000),
        ("load_minus_idle", 5.0, 1600),
        ("load", 3.85, 10_000 / 3.85),
    ],
)
def test_the_budget_follows_its_convention(convention, volts, current):
    found = predict(V2, Loaded(), "ncnn", convention=convention, volts=volts)
    assert found.mah_per_hour == pytest.approx(current)
    assert found.battery_hours == pytest.approx(4000 / current)


@pytest.mark.parametrize(("profile", "hours"), [(NANO, 2.0), (PI, 4000 / 600), (ZERO, 4000 / 150)])
def test_the_course_rule_gives_two_seven_and_twenty_six_hours(profile, hours):
    assert predict(V2, profile).battery_hours == pytest.approx(hours)


def test_a_budget_that_nobody_knows_says_so():
    assert "Nobody gave a nominal current" in predict(V2, PHONE).reason
    assert "idle power" in predict(V2, replace(PI, idle_mw=0), convention="load_minus_idle").reason


def test_a_prediction_is_plain_values():
    assert json.loads(json.dumps(predict(V2, PI).to_json(), allow_nan=False))["device"] == "rpi-4-4gb"


def test_a_report_that_crossed_the_sandbox_wall_predicts_the_same():
    again = Report.from_json(json.loads(json.dumps(V2.to_json())))
    assert predict(again, PI).latency_ms == predict(V2, PI).latency_ms


def test_what_computes_nothing_costs_the_constant():
    found = predict(built(lambda b, x: b.flatten(x)), PI, "tflite")
    assert found.latency_ms > 0
    assert found.extrapolated


def facts(macs=100, **counts):
    total = sum(counts.values())
    return Facts(counts, {work: count / total for work, count in counts.items()}, macs)


def test_close_is_almost_the_same_operators_and_akin_the_same_mix():
    known = coverage_of([("a", facts(one=10, two=20))])
    assert is_close(facts(one=10, two=20), known)
    assert not is_close(facts(one=20, two=40), known)
    assert is_akin(facts(one=20, two=40), known)
    assert not is_akin(facts(one=20, two=10), known)


def test_flags_tell_absent_met_once_and_beyond():
    known = coverage_of([("a", facts(one=10, two=10)), ("b", facts(macs=200, one=10))])
    assert flags_of(facts(one=10), known) == []
    assert flags_of(facts(one=10, two=10), known) == []  # like a network of that family
    assert "was never met" in flags_of(facts(one=10, three=1), known)[0]
    assert "one family" in flags_of(facts(one=1, two=10), known)[0]
    assert flags_of(facts(one=100, three=1), known) == []  # a hundredth of the work
    assert "2.5 times the" in flags_of(facts(macs=500, one=10), known)[0]
    assert beyond(facts(macs=500, one=1), known) == pytest.approx(1.25)
    assert beyond(facts(macs=40, one=1), known) == pytest.approx(1.25)
    assert beyond(facts(macs=150, one=1), known) == 1.0
    assert "2.5 times fewer" in flags_of(facts(macs=40, one=10), known)[0]


def test_the_conformal_quantile_is_the_one_of_the_definition():
    assert conformal([]) is None
    assert conformal([0.1]) == 0.1
    errors = [(-1) ** n * n / 100 for n in range(1, 20)]
    assert conformal(errors) == 0.18  # ceil(20 x 0.9) = 18th of 19


def test_a_half_width_grows_with_every_doubt():
    base = {"close": True, "flagged": False, "model": 0.1, "family": 0.2, "posterior": 0.01, "rows": 40}
    assert half_of(**base) == 0.1
    assert half_of(**base | {"close": False}) == 0.2
    assert half_of(**base | {"flagged": True}) > 0.2
    assert half_of(**base | {"close": False, "posterior": 0.5}) == pytest.approx(0.8225)
    assert half_of(**base | {"rows": 19}) == FEW_HALF
    assert half_of(**base | {"beyond": math.e}) == pytest.approx(math.hypot(0.1, 0.3))
    assert half_of(**base | {"more": (0.1,)}) == pytest.approx(math.hypot(0.1, 0.1))


def test_a_softmax_at_the_end_decides_nothing_about_what_a_network_is_like():
    known = load_calibrations().groups["rpi-4b/tflite@2.7.1/fp32/4"].coverage
    for name, parameters in (
        ("mobilenet_v1", {}),
        ("resnet", {"depth": 50, "version": "1"}),
        ("mobilenet_v2", {"width": 0.35}),
    ):
        steps = steps_of(report(name, **parameters))
        assert steps[-1].work == Work.NORMALISE
        with_it, without = facts_of(steps), facts_of(steps[:-1])
        assert with_it == without
        assert flags_of(with_it, known) == []


def test_a_recurrent_layer_was_never_met_and_is_slower_than_a_1x1_of_as_many_macs():
    layer = V2.operators[0]
    kernel = Kernel(in_channels=512, out_channels=2048)
    shared = {
        "op_class": "dense",
        "macs": 100 * 2048 * 512,
        "kernel": kernel,
        "output_elements": 100 * 2048,
        "input_elements": 51200,
    }
    lstm, dense = (
        replace(V2, operators=(replace(layer, op=op, sources=(-1,), activation="", **shared),))
        for op in ("LSTM", "FULLY_CONNECTED")
    )
    found = predict(lstm, PI, "tflite")
    assert found.latency_ms > predict(dense, PI, "tflite").latency_ms
    assert any("Recurrent layer" in flag for flag in found.flags)
