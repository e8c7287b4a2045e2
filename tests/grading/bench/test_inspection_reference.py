"""The reference models of MLPerf Tiny against the numbers that are known of them (Banbury et al., 2021)."""

import functools

import pytest

from grading.bench.fit import fit
from grading.bench.formats import Format, sniff
from grading.bench.inspection.__main__ import look_into
from hardware.profiles import load_profiles
from tests.parts import REFERENCE_MODELS

pytestmark = pytest.mark.part("reference_models")

# File -> million MACs, thousand parameters.
KNOWN = {
    "vww_mobilenet_int8.tflite": (7.490, 210.9),
    "kws_dscnn_int8.tflite": (2.657, 22.6),
    "kws_dscnn_fp32.tflite": (2.657, 22.6),
    "ic_resnet8_int8.tflite": (12.50, 77.7),
    "ic_resnet8_fp32.tflite": (12.50, 77.7),
    "ad01_int8.tflite": (0.264, 265.9),
}
INT8 = sorted(name for name in KNOWN if name.endswith("int8.tflite"))


@functools.cache
def inspected(name):
    return look_into(REFERENCE_MODELS / name, "tflite", [])


@pytest.mark.parametrize("name", sorted(KNOWN))
def test_macs_and_parameters_are_within_one_per_cent_of_what_is_known(name):
    million_macs, thousand_params = KNOWN[name]
    assert inspected(name).macs / 1e6 == pytest.approx(million_macs, rel=0.01)
    assert inspected(name).params / 1e3 == pytest.approx(thousand_params, rel=0.01)


@pytest.mark.parametrize("name", sorted(KNOWN))
def test_the_content_is_known_as_tflite(name):
    assert sniff(REFERENCE_MODELS / name, name) is Format.TFLITE


@pytest.mark.parametrize("name", sorted(KNOWN))
def test_operators_add_up_to_the_totals(name):
    report = inspected(name)
    for number in ("macs", "params", "weight_bytes"):
        assert sum(getattr(operator, number) for operator in report.operators) == getattr(report, number)
    assert report.operators[report.peak_operator].live_bytes == report.peak_activation_bytes
    assert max(operator.live_bytes for operator in report.operators) == report.peak_activation_bytes
    assert report.weight_bytes < report.bytes


@pytest.mark.parametrize("name", INT8)
def test_quantised_models_hold_their_weights_in_8_bits_and_their_biases_in_32(name):
    bits = inspected(name).weight_bits
    assert set(bits) == {"8", "32"}
    assert bits["8"] > 0.97
    assert {tensor.dtype for tensor in inspected(name).inputs} == {"int8"}


@pytest.mark.parametrize("task", ["ic_resnet8", "kws_dscnn"])
def test_the_same_network_in_float_needs_four_times_the_activations(task):
    narrow, wide = (inspected(f"{task}_{kind}.tflite") for kind in ("int8", "fp32"))
    assert wide.peak_activation_bytes == 4 * narrow.peak_activation_bytes


def test_resnet_peaks_where_a_convolution_runs_beside_the_shortcut():
    """Three images of 32×32×16: what the second convolution reads and makes, and the shortcut that waits."""
    report = inspected("ic_resnet8_int8.tflite")
    assert report.peak_activation_bytes == 3 * 32 * 32 * 16
    assert report.operators[report.peak_operator].index == 2


def test_sparsity_is_the_share_of_zeros_among_the_stored_weights():
    """Person detection's last pointwise layers are almost all zeros; counted apart with NumPy: 0.832 without biases."""
    report = inspected("vww_mobilenet_int8.tflite")
    assert report.sparsity == pytest.approx(0.817, abs=0.002)
    assert inspected("kws_dscnn_int8.tflite").sparsity < 0.02


def test_depthwise_and_plain_convolution_are_told_apart():
    classes = [operator.op_class for operator in inspected("vww_mobilenet_int8.tflite").operators]
    assert (classes.count("depthwise"), classes.count("conv"), classes.count("dense")) == (13, 14, 1)


@pytest.mark.parametrize("name", INT8)
def test_all_int8_models_fit_the_board_that_the_benchmark_was_made_for(name):
    assert fit(inspected(name), load_profiles()["stm32f746"]).fits


def test_a_float_model_does_not_fit_it_however_small():
    verdict = fit(inspected("kws_dscnn_fp32.tflite"), load_profiles()["stm32f746"])
    assert not verdict.fits
    assert verdict.ram.holds
    assert not verdict.runtime.supported
