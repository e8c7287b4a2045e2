"""Zeros that a device can skip: from the stored weights to a metric, to points, and to the words of the result."""

import numpy as np
import pytest
from onnx import helper

from grading.bench.inspection.__main__ import look_into
from grading.measuring.measure_run import metrics_of
from grading.ml_tasks.scoring.base import Scored
from grading.points.lines import points_for
from grading.selectors.run_measured import zeros_words
from tests.grading.bench.tiny import ones, save_onnx
from tests.grading.figures.results import plain
from tests.grading.points.rules import criterion, spec_of

AT_LEAST_HALF = {"kind": "at_least", "value": 0.5}


def report_of_weight(folder, weight):
    path = folder / "m.onnx"
    steps = [helper.make_node("Gemm", ["x", "w"], ["y"], transB=1)]
    save_onnx(path, steps, {"w": weight}, [("x", (1, 8))])
    return look_into(path, "onnx", [])


def two_of_four():
    weight = ones(8, 8)
    weight[:, 2::4] = weight[:, 3::4] = 0
    return weight


def scattered():
    """As many zeros, but four neighbours in a row at a time."""
    weight = ones(8, 8)
    weight[:, :4] = 0
    return weight


def channels():
    weight = ones(8, 8)
    weight[:4] = 0
    return weight


@pytest.mark.parametrize(
    ("weight", "fours", "outputs"), [(two_of_four(), 1.0, 0.0), (scattered(), 0.0, 0.0), (channels(), 0.0, 0.5), (ones(8, 8), 0.0, 0.0)]
)  # fmt: skip
def test_equally_many_zeros_count_by_where_they_stand(tmp_path, weight, fours, outputs):
    metrics = metrics_of(report_of_weight(tmp_path, weight), Scored({}, {}), 1000)
    assert metrics["sparsity"] == np.mean(weight == 0)
    assert (metrics["two_of_four_sparsity"], metrics["output_channel_sparsity"]) == (fours, outputs)


@pytest.mark.parametrize("metric", ["two_of_four_sparsity", "output_channel_sparsity"])
def test_a_criterion_can_ask_for_them(tmp_path, metric):
    spec = spec_of(criterion(AT_LEAST_HALF, metric, 2))
    good = channels() if metric.startswith("output") else two_of_four()
    earned = [
        points_for(spec, metrics_of(report_of_weight(tmp_path, weight), Scored({}, {}), 1000), {}, {}).earned
        for weight in (good, scattered())
    ]
    assert [float(one) for one in earned] == [2.0, 0.0]


def test_the_result_says_which_zeros_a_device_can_skip(tmp_path):
    said = plain(zeros_words(report_of_weight(tmp_path, two_of_four()).to_json()))
    assert said.startswith("50.0 % of the weights are zero; 100.0 % of all lie in the pattern 2 of 4, and 0.0 %")


def test_a_dense_model_and_an_older_report_say_nothing_of_zeros(tmp_path):
    report = report_of_weight(tmp_path, ones(8, 8)).to_json()
    assert zeros_words(report) == ""
    assert zeros_words({"sparsity": 0.5}) == ""
