"""What of a result may be held against others: kinds that do not mix, numbers that nobody may be ranked by, results of before."""

import pytest

from grading.ranks import class_numbers
from grading.ranks.class_numbers import (
    ClassNumbers,
    cost_metrics,
    is_less_better,
    kind_words,
    known_metrics,
    numbers_of,
    tolerance_of,
    usual_metrics,
)
from grading.ranks.leaderboard import metrics_of
from grading.spec import MODELLED, BenchSpec
from tests.people import SPEC

VERDICT = {
    "name": "Raspberry Pi 4", "fits": True, "runtime": "tflite@2.4.1", "precision": "int8", "threads": 4, "latency_ms": 41.0,
    "latency_interval_ms": [36.0, 47.0], "energy_mj": 316.0, "extrapolated": False, "flags": [], "graded": True, "reason": "",
    "calibration": {"rows": 61, "metered": True},
    "ram_needed_bytes": 6 << 20, "ram_limit_bytes": 3936 << 20, "flash_needed_bytes": 1 << 20, "flash_limit_bytes": 0,
    "battery_hours": 4000 / 600, "mah_per_hour": 600.0, "why": "", "reasons": [],
}  # fmt: skip


def result(verdict=VERDICT, on="process", **metrics):
    plain = {
        "accuracy": 0.894,
        "macs": 12_000_000,
        "model_bytes": 364_544,
        "params": 350_000,
        "peak_activation_bytes": 917_504,
    }
    return {
        "metrics": plain | {"latency_ms": 41.0, "energy_mj": 316.0} | metrics, "quality": {"low": 0.88, "high": 0.907}, "earned": "6.38",
        "environment": {"graded_by": {"on": on}, "devices": {"rpi-4-4gb": verdict} if verdict else {}},
    }  # fmt: skip


def test_the_numbers_come_with_their_intervals_and_their_kind():
    found = numbers_of(result(), "rpi-4-4gb")
    assert found.values["accuracy"] == (0.894, 0.88, 0.907)
    assert found.values["latency_ms"] == (41.0, 36.0, 47.0)
    assert found.value("points") == 6.38
    assert found.kind == "modelled|rpi-4-4gb|tflite@2.4.1|4"
    assert (found.kind_for("latency_ms"), found.kind_for("macs")) == (found.kind, "")


@pytest.mark.parametrize(
    "change",
    [{"extrapolated": True}, {"graded": False}, {"fits": False}, {"latency_ms": None, "latency_interval_ms": None, "energy_mj": None}],
    ids=lambda change: next(iter(change)),
)  # fmt: skip
def test_a_number_on_which_no_points_may_rest_is_in_no_ranking(change):
    found = numbers_of(result(VERDICT | change), "rpi-4-4gb")
    assert found.value("latency_ms") is None
    assert found.value("energy_mj") is None
    assert found.kind == ""
    assert found.value("accuracy") == 0.894


def test_energy_that_nobody_metered_is_left_out_and_its_latency_is_not():
    found = numbers_of(result(VERDICT | {"calibration": {"rows": 61}}), "rpi-4-4gb")
    assert (found.value("latency_ms"), found.value("energy_mj")) == (41.0, None)


@pytest.mark.parametrize("other", [{"runtime": "onnxruntime@1.17"}, {"threads": 1}])
def test_another_runtime_or_other_threads_are_another_kind(other):
    assert numbers_of(result(VERDICT | other), "rpi-4-4gb").kind != numbers_of(result(), "rpi-4-4gb").kind


def test_the_precision_belongs_to_the_model_and_not_to_the_kind():
    assert (
        numbers_of(result(VERDICT | {"precision": "fp32"}), "rpi-4-4gb").kind == numbers_of(result(), "rpi-4-4gb").kind
    )


def test_what_a_board_measured_is_another_kind_than_what_was_modelled_for_it():
    found = numbers_of(result(on="board", latency_ms=44.0), "rpi-4-4gb")
    assert found.kind.startswith("board|")
    assert found.value("latency_ms") == 44.0


@pytest.mark.parametrize("environment", [{}, {"devices": {"rpi-4-4gb": {"fits": True}}}, {"devices": {}}])
def test_a_result_of_an_earlier_version_has_the_numbers_that_it_has(environment):
    old = {"metrics": {"accuracy": 0.9, "macs": 5}, "quality": {}, "environment": environment, "earned": 3}
    found = numbers_of(old, "rpi-4-4gb")
    assert {metric: ends[0] for metric, ends in found.values.items()} == {"accuracy": 0.9, "macs": 5.0, "points": 3.0}


@pytest.mark.parametrize("value", [None, "0.9", True, float("nan"), float("inf"), []])
def test_what_is_no_number_is_left_out(value):
    assert numbers_of(result(accuracy=value), "").value("accuracy") is None


def test_stored_numbers_come_back_as_they_were():
    found = numbers_of(result(), "rpi-4-4gb")
    assert ClassNumbers.from_json(found.to_json(), found.kind) == found
    assert found.to_json()["macs"] == [12_000_000.0]  # an exact number is stored once


def test_only_what_a_model_or_a_sensor_says_has_a_tolerance():
    assert {metric for metric in known_metrics() if tolerance_of(metric)} == MODELLED >= {"latency_ms", "energy_mj"}


def test_which_way_is_better_follows_the_metric():
    more = {metric for metric in known_metrics() if not is_less_better(metric)}
    assert more >= {
        "accuracy",
        "map",
        "roc_auc",
        "r2",
        "agreement",
        "sparsity",
        "two_of_four_sparsity",
        "output_channel_sparsity",
        "battery_hours",
        "inferences_per_charge",
        "frames_per_second",
        "points",
    }
    assert not more & {
        "latency_ms",
        "macs",
        "model_bytes",
        "word_error_rate",
        "mse",
        "kl_divergence",
        "mah_per_1000_inferences",
    }


def test_the_cost_of_a_lab_is_its_device_then_what_it_gives_points_for():
    assert cost_metrics(BenchSpec.parse(SPEC)) == ["peak_activation_bytes", "macs"]
    assert cost_metrics(BenchSpec.parse(SPEC | {"devices": ["rpi-4-4gb"]}))[0] == "latency_ms"


def test_points_are_ranked_only_where_the_lab_says_so():
    spec = BenchSpec.parse(SPEC)
    assert metrics_of({}, usual_metrics(spec)) == ("accuracy", "peak_activation_bytes", "macs")
    assert metrics_of({"metrics": ["points", "gone", "macs", "macs"]}, usual_metrics(spec)) == ("points", "macs")


def test_a_kind_in_words():
    assert (
        kind_words("modelled|rpi-4-4gb|tflite@2.4.1|4", {"rpi-4-4gb": "Raspberry Pi 4"})
        == "modelled, Raspberry Pi 4, TFLite 2.4.1, 4 threads"
    )
    assert set(class_numbers.LABELS) <= set(known_metrics())
