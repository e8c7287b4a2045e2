"""What a board measures to be calibrated: files that runtimes open, counted as the cost model counts them, and a fit that finds what made them."""

import dataclasses

import numpy as np
import onnx
import onnxruntime
import pytest

from grading.bench.architectures.builder import Builder
from grading.bench.architectures.catalogue import build
from grading.bench.architectures.onnx_writer import CannotWrite, write_onnx
from grading.bench.cost.classes import Work
from grading.bench.cost.coefficients import Coefficients, load_calibrations
from grading.bench.cost.features import steps_of
from grading.bench.cost.form import CONSTANT, PARTS, PROCESSOR, features
from grading.bench.cost.predict import predict
from grading.bench.cost.refit_rules import refusal
from grading.bench.cost.refitting import refit
from grading.bench.cost.sweep import PREFIX, networks
from grading.bench.inspection.onnx_format import read
from grading.bench.report import report_of
from hardware.profiles import load_profiles
from tests.grading.bench.cost.boards import COEFFICIENTS, made_rows

ONE_OF_EACH = [
    "first-16-48", "1x1-64-64-28-x4", "depthwise3-64-56-2", "depthwise5-96-28", "3x3-64-14-x4", "dense3-2-16-32-56", "grouped-64-8-14",
    "transposed-64-32-14", "connected-256-256-x4", "tokens-64-64-256", "product-64", "sigmoid-64-28-x4", "silu-32-28", "norm-64-256",
    "softmax-64-64", "maxpool-16-56", "meanpool-64-28", "meanall-256-14", "add-64-28", "multiply-16-28", "concat-64-28", "resize-16-28",
    "shuffle-64-28", "slice-64-56", "mobilenet_v2-0.35-96", "mobilenet_v3_small-0.35-96", "shufflenet_v2-0.5-96", "unet-48-16", "plain-32-16",
    "toycar_autoencoder", "digits-8-8", "perceptron-64-32",
]  # fmt: skip


@pytest.fixture(scope="module")
def found():
    return refit(made_rows())


@pytest.mark.parametrize("name", ONE_OF_EACH)
def test_a_network_is_a_valid_file_that_runs_and_counts_as_its_description(tmp_path, name):
    network = networks()[PREFIX + name]
    data = network.file("onnx")
    onnx.checker.check_model(onnx.load_from_string(data), full_check=True)
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    given = session.get_inputs()[0]
    out = session.run(None, {given.name: np.random.default_rng(1).uniform(-1, 1, given.shape).astype(np.float32)})[0]
    described = report_of(network.graph(), size=0, sha256="")
    assert out.shape == described.outputs[0].shape
    assert (
        np.isfinite(out).all() and 1e-6 < np.abs(out).max() < 1e4
    )  # neither infinite nor denormal: both would be timed as something else
    (tmp_path / "model.onnx").write_bytes(data)
    stored = report_of(read(tmp_path / "model.onnx", []), size=0, sha256="")
    assert (stored.macs, stored.params) == (described.macs, described.params)
    counted = [features(steps_of(report), "fp32", PROCESSOR) for report in (stored, described)]
    assert counted[0] == pytest.approx(counted[1])


def test_macs_are_those_of_arithmetic():
    macs = {name: report_of(networks()[PREFIX + name].graph(), size=0, sha256="").macs for name in ONE_OF_EACH[:6]}
    assert macs == {
        "first-16-48": 24 * 24 * 16 * 27, "1x1-64-64-28-x4": 4 * 28 * 28 * 64 * 64, "depthwise3-64-56-2": 28 * 28 * 64 * 9,
        "depthwise5-96-28": 28 * 28 * 96 * 25, "3x3-64-14-x4": 4 * 14 * 14 * 64 * 64 * 9, "dense3-2-16-32-56": 28 * 28 * 32 * 16 * 9,
    }  # fmt: skip


def test_the_same_network_is_the_same_bytes_and_weights_are_no_zeros():
    network = networks()[PREFIX + "plain-32-16"]
    assert network.file("onnx") == network.file("onnx")
    weights = [onnx.numpy_helper.to_array(one) for one in onnx.load_from_string(network.file("onnx")).graph.initializer]
    assert all(np.abs(one).min() > 1e-4 for one in weights if one.dtype == np.float32 and one.size > 10)


def test_what_cannot_be_written_is_refused_by_name():
    with pytest.raises(CannotWrite, match="CONV_2D"):
        write_onnx(build("resnet8", quantised=True))
    attention = Builder((1, 16, 8))
    product = attention.matmul(attention.input, attention.input, transposed=True, heads=2)
    with pytest.raises(CannotWrite, match="heads"):
        write_onnx(attention.graph(product))


def test_each_class_of_work_stands_alone_in_several_sizes():
    alone = [network.family for network in networks().values() if not network.is_whole]
    for work in Work:
        if work != Work.RECURRENT:  # no description has one
            assert alone.count(f"one {work}") >= 3, work
    families = {network.family for network in networks().values() if network.is_whole}
    assert len(families) >= 10


def test_the_fit_finds_the_coefficients_of_a_made_up_board(found):
    """Of the parts that take much of the time; with 3 % of noise."""
    errors = {
        part: fitted - made
        for part, fitted, made in zip(PARTS, found.coefficients.theta, COEFFICIENTS, strict=True)
        if part
        in ("1x1 convolution", "dense 3x3 with stride 1", "depthwise 5x5 and larger", "moving", "operator", "constant")
    }
    assert max(map(abs, errors.values())) < 0.15, errors


def test_families_left_out_are_predicted_and_their_intervals_hold(found):
    judged = found.judgement
    assert judged.family_out_median < 0.05 and judged.size_out_median < 0.05 and judged.covered >= 0.85
    assert (judged.rows, judged.wholes) == (len(networks()), sum(network.is_whole for network in networks().values()))
    assert refusal(judged.to_json(), standing="", is_own=False) == ""
    assert Coefficients.from_json(found.coefficients.to_json()) == found.coefficients


def test_a_fit_without_networks_enough_or_worse_than_what_stands_is_refused(found):
    some = refit([row for row in made_rows() if "resnet" in row.model or "-28" in row.model])
    assert "Too little was measured" in refusal(some.judgement.to_json(), standing="", is_own=False)
    wild = refit(made_rows(noise=1.2))
    assert "no use" in refusal(wild.judgement.to_json(), standing="", is_own=False)
    again = refit(made_rows(seed=9), standing=found.coefficients)
    assert again.judgement.standing_median < 0.05
    worse = again.judgement.to_json() | {"standing_median": 0.001}
    assert refusal(worse, standing="What stands", is_own=False).startswith("What stands is better: 0.1 %")


def test_networks_whose_weights_no_cache_holds_are_flagged_where_the_form_predicts_them_too_fast(found):
    """A board on which what is heavier than 20 MB takes twice as long: the sweep tells, and where it does not nothing is flagged."""
    heavy = [name for name in networks() if any(part in name for part in ("googlenet", "densenet", "resnet-18"))]
    rows = [
        dataclasses.replace(row, latency_ms=row.latency_ms * (2.5 if row.model in heavy else 1)) for row in made_rows()
    ]
    slow = refit(rows)
    board, known = load_profiles()["laptop"], load_calibrations().with_adopted([slow.coefficients])
    plain = load_calibrations().with_adopted([found.coefficients])
    large, small = (
        report_of(build("mobilenet_v1", width=width, resolution=64, classes=1000), size=0, sha256="")
        for width in (2.0, 0.75)
    )
    assert [predict(one, board, "onnxruntime", calibrations=known).extrapolated for one in (large, small)] == [
        True,
        False,
    ]
    assert not predict(large, board, "onnxruntime", calibrations=plain).extrapolated
    assert "times the weights up to which" in predict(large, board, "onnxruntime", calibrations=known).flags[0]
    assert all(point.flagged for point in slow.points if point.network in heavy)


def test_an_adopted_calibration_speaks_for_its_board_and_no_other(found):
    own = dataclasses.replace(
        found.coefficients,
        board="rpi-4b",
        group="rpi-4b/onnxruntime@1.31.1/fp32/1",
        source="calibration 1",
        date="2026-11-27",
    )
    known = load_calibrations().with_adopted([own])
    report = report_of(build("mobilenet_v2", width=0.4, resolution=112, classes=10), size=0, sha256="")
    board = load_profiles()["rpi-4-4gb"]
    asked = predict(report, board, "onnxruntime", calibrations=known)
    assert asked.calibration.source == "calibration 1" and asked.calibration.date == "2026-11-27"
    x = features(steps_of(report), "fp32", PROCESSOR)
    assert asked.latency_ms == pytest.approx(float(np.array(x) @ np.exp(own.theta))) and x[CONSTANT] > 0
    assert predict(report, board, "onnxruntime").latency_ms is None  # nothing is published of it
    # Who asks for no runtime is told of the published one, whose files the board is usually given.
    assert predict(report, board, calibrations=known).latency_ms == predict(report, board).latency_ms
