"""Whether a model fits a board: the sums, the sentences, and each of the three things that can be in the way."""

import dataclasses
import json

import pytest

from grading.bench.fit import fit
from grading.bench.report import Report, TensorSpec
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
    runtime_bytes={"onnx": 100 * KIB},
    formats=("onnx",),
    weights_in_ram=True,
    sources={},
)
CHIP = dataclasses.replace(
    BOARD,
    slug="chip",
    name="Chip",
    flash_bytes=500 * KIB,
    runtime_flash_bytes=50 * KIB,
    runtime_bytes={"tflite": 10 * KIB},
    formats=("tflite",),
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
    assert document["runtime"] == {"supported": True, "why": ""}
    assert document["ram"] == {"need_bytes": 410 * KIB, "limit_bytes": 800 * KIB}
    assert set(document) == {"device", "fits", "ram", "flash", "runtime", "reasons"}


def test_person_detection_of_mlperf_tiny_fits_the_board_it_was_made_for():
    """VWW int8: 54 KiB of activations and 325 KiB of model on the 320 KB and 1 MB of an STM32F746."""
    vww = int8_model(bytes=333_288, weight_bytes=219_000, peak_activation_bytes=55_296)
    assert fit(vww, load_profiles()["stm32f746"]).fits
    assert not fit(int8_model(peak_activation_bytes=330_000), load_profiles()["stm32f746"]).fits
