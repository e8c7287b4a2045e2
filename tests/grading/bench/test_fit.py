"""Whether a model fits a board: the sums, the sentences, and each of the three things that can be in the way."""

import dataclasses
import json

import pytest

from grading.bench.fit import fit, stored_precision
from grading.bench.report import OperatorReport, Report, TensorSpec
from hardware.profiles import DeviceProfile, load_profiles

KIB = 1 << 10
BOARD = DeviceProfile(
    slug="board",
    name="Board",
    kind="single-board computer",
    cores=1,
    clock_mhz=1,
    isa="none",
    ram_bytes=1000 * KIB,
    system_bytes=200 * KIB,
    flash_bytes=0,
    runtime_bytes={"onnxruntime": 100 * KIB, "ncnn": 30 * KIB, "tflite": 50 * KIB},
    formats={"onnx": "onnxruntime"},
    runtimes=("tflite", "ncnn"),
    weights_in_ram=True,
    sources={},
)
CHIP = dataclasses.replace(
    BOARD,
    slug="chip",
    name="Chip",
    flash_bytes=500 * KIB,
    runtime_flash_bytes={"tflm": 50 * KIB, "tinyengine": 20 * KIB},
    runtime_bytes={"tflm": 10 * KIB, "tinyengine": 5 * KIB},
    formats={"tflite": "tflm"},
    runtimes=("tflm", "tinyengine"),
    weights_in_ram=False,
    compute_dtypes=("int8",),
)


def model(**changes):
    plain = Report(
        format="onnx",
        bytes=320 * KIB,
        sha256="",
        inputs=(TensorSpec("x", (1, 4), "float32"),),
        outputs=(TensorSpec("y", (1, 2), "float32"),),
        params=75 * KIB,
        macs=0,
        weight_bits={"32": 1.0},
        sparsity=0.0,
        weight_bytes=300 * KIB,
        peak_activation_bytes=400 * KIB,
        peak_operator=0,
        operators=(),
    )
    return dataclasses.replace(plain, **changes)


def int8_model(**changes):
    given = {
        "format": "tflite",
        "inputs": (TensorSpec("x", (1, 4), "int8"),),
        "outputs": (TensorSpec("y", (1, 2), "int8"),),
        "weight_bits": {"8": 0.9, "32": 0.1},
    }
    return model(**(given | changes))


def test_ram_is_activations_weights_and_runtime_against_what_the_system_leaves():
    verdict = fit(model(), BOARD)
    assert verdict.fits
    assert (verdict.ram.need_bytes, verdict.ram.limit_bytes) == (800 * KIB, 800 * KIB)
    assert verdict.reasons == (
        "RAM: 400.0 KiB activations + 300.0 KiB weights + 100.0 KiB runtime = 800.0 KiB of 800.0 KiB.",
    )


def test_one_byte_too_many_does_not_fit():
    verdict = fit(model(peak_activation_bytes=400 * KIB + 1), BOARD)
    assert not verdict.fits
    assert not verdict.ram.holds


def test_a_card_never_limits():
    assert fit(model(bytes=1 << 40), BOARD).fits


def test_a_microcontroller_reads_weights_in_place_and_keeps_the_runtime_in_flash():
    verdict = fit(int8_model(), CHIP)
    assert verdict.fits
    assert verdict.ram.need_bytes == 410 * KIB
    assert verdict.flash.need_bytes == 370 * KIB
    assert verdict.reasons[1] == "Flash: 320.0 KiB model file + 50.0 KiB runtime = 370.0 KiB of 500.0 KiB."


def test_a_file_larger_than_the_flash_does_not_fit_and_says_so_first():
    verdict = fit(int8_model(bytes=460 * KIB), CHIP)
    assert not verdict.fits
    assert verdict.reasons[0].startswith("Flash: 460.0 KiB")


def test_a_format_that_no_runtime_there_loads_is_told_what_to_export():
    verdict = fit(model(format="torchscript"), BOARD)
    assert not verdict.fits
    assert verdict.runtime.why == "No runtime of the Board loads TorchScript: export ONNX."
    assert verdict.reasons[0] == verdict.runtime.why


@pytest.mark.parametrize(
    "changes",
    [
        {"weight_bits": {"32": 1.0}},
        {"inputs": (TensorSpec("x", (1, 4), "float32"),)},
        {"outputs": (TensorSpec("y", (1, 2), "uint8"),)},
    ],
    ids=["float weights", "a float input", "a uint8 output"],
)
def test_a_chip_that_computes_in_int8_takes_nothing_else(changes):
    verdict = fit(int8_model(**changes), CHIP)
    assert not verdict.fits
    assert "full integer quantization" in verdict.reasons[0]


def test_the_verdict_as_json_says_what_was_compared():
    document = fit(int8_model(), CHIP).to_json()
    assert json.loads(json.dumps(document)) == document
    assert document["fits"] is True
    assert (document["ram_needed_bytes"], document["ram_limit_bytes"]) == (410 * KIB, 800 * KIB)
    assert (document["flash_needed_bytes"], document["flash_limit_bytes"]) == (370 * KIB, 500 * KIB)
    assert set(document) == {
        "fits", "ram_needed_bytes", "ram_limit_bytes", "flash_needed_bytes", "flash_limit_bytes", "why", "reasons",
    }  # fmt: skip


@pytest.mark.parametrize(("runtime", "share"), [(None, 100), ("ncnn", 30), ("tflite@2.4.1", 50)])
def test_each_runtime_has_its_own_share_of_memory(runtime, share):
    assert fit(model(), BOARD, runtime=runtime).ram.need_bytes == (700 + share) * KIB


def test_a_runtime_that_the_board_does_not_have_is_named_with_those_that_it_has():
    verdict = fit(model(), BOARD, runtime="tensorrt", must_load=False)
    assert (verdict.fits, verdict.reasons[0]) == (False, "TensorRT does not run on the Board: take TFLite or ncnn.")


def test_a_file_of_another_format_counts_as_converted_where_one_asks_what_would_be():
    other = model(format="torchscript")
    assert not fit(other, BOARD, runtime="ncnn").fits
    assert fit(other, BOARD, runtime="ncnn", must_load=False).fits


def op(index, live, held, elements):
    return OperatorReport(
        index,
        "",
        "Conv",
        "conv",
        0,
        0,
        0,
        held // 2,
        held - held // 2,
        live,
        (),
        elements // 2,
        elements - elements // 2,
    )


def test_int8_on_a_float_graph_is_as_if_it_were_stored_in_int8():
    # The second operator reads and makes bytes already: it is the peak once the floats of the first are narrow.
    graph = model(operators=(op(0, 400 * KIB, 400 * KIB, 100 * KIB), op(1, 120 * KIB, 80 * KIB, 80 * KIB)))
    verdict = fit(graph, BOARD, precision="int8")
    assert verdict.ram.need_bytes == (120 + 75 + 100) * KIB
    assert verdict.flash.need_bytes == (20 + 75) * KIB
    assert verdict.reasons[-1] == "Counted as if it were stored in int8."
    half = fit(graph, BOARD, precision="fp16")
    assert half.ram.need_bytes == (240 + 150 + 100) * KIB  # the bytes of the second become two each


def test_the_precision_in_which_it_is_stored_changes_nothing():
    assert fit(model(), BOARD, precision="fp32") == fit(model(), BOARD)
    assert fit(int8_model(), CHIP, precision="int8") == fit(int8_model(), CHIP)


@pytest.mark.parametrize(
    ("bits", "precision"),
    [({"32": 1.0}, "fp32"), ({"16": 0.9, "32": 0.1}, "fp16"), ({"8": 0.98, "32": 0.02}, "int8"), ({"4": 1.0}, "int8"), ({}, "fp32")],
)  # fmt: skip
def test_the_precision_of_a_file_is_that_of_most_of_its_weights(bits, precision):
    assert stored_precision(model(weight_bits=bits)) == precision


def test_a_chip_that_computes_in_int8_takes_a_float_graph_as_if_it_were_int8_and_no_fp16():
    graph = model(format="tflite", operators=(op(0, 400 * KIB, 400 * KIB, 100 * KIB),))
    assert fit(graph, CHIP, precision="int8").fits
    assert "int8 only" in fit(graph, CHIP, precision="fp16").reasons[0]


def test_what_is_compiled_stores_its_weights_and_not_its_file():
    verdict = fit(int8_model(), CHIP, runtime="tinyengine")
    assert verdict.flash.need_bytes == 320 * KIB
    assert verdict.reasons[1] == "Flash: 300.0 KiB weights + 20.0 KiB runtime = 320.0 KiB of 500.0 KiB."


def test_a_description_of_a_network_needs_room_for_weights_that_it_does_not_hold():
    verdict = fit(model(format="architecture", bytes=2 * KIB), BOARD)
    assert verdict.fits
    assert verdict.runtime.name == "tflite"  # no format decides, so the first runtime of the board
    assert verdict.flash.need_bytes == 300 * KIB


def test_weights_beyond_the_memory_of_an_accelerator_are_told_and_do_not_decide():
    tpu = load_profiles()["coral-dev-1gb-tpu"]
    ends = {"inputs": (TensorSpec("x", (1, 4), "float32"),)}  # converted by the processor beside it
    verdict = fit(int8_model(weight_bytes=9 << 20, **ends), tpu)
    assert verdict.fits
    assert "9.0 MiB of weights and 8.0 MiB on the chip" in verdict.reasons[-1]
    assert not fit(model(format="tflite"), tpu).fits


def test_person_detection_of_mlperf_tiny_fits_the_board_it_was_made_for():
    """VWW int8: 54 KiB of activations and 325 KiB of model on the 320 KB and 1 MB of an STM32F746."""
    vww = int8_model(bytes=333_288, weight_bytes=219_000, peak_activation_bytes=55_296)
    assert fit(vww, load_profiles()["stm32f746"]).fits
    assert not fit(int8_model(peak_activation_bytes=330_000), load_profiles()["stm32f746"]).fits
