"""One ONNX and one TFLite model on x86-64 and on arm64 under QEMU. `make figures` builds the arm64 images; here they are used if there."""

import pytest

from grading.bench.engine import Answers
from grading.bench.on_arm import check_on_arm, compare
from grading.bench.sandbox.container import Container
from tests import bench_images, parts
from tests.hardware.ondevice import models

FAMILIES = ("onnxruntime", "litert")
ARM_BASE = "milliamp-base-arm64"


def answers(*rows, scale=None):
    return Answers([list(row) for row in rows], [], [{"scale": scale}], "aarch64", "LiteRT 1")


def test_answers_are_held_to_a_thousandth_or_one_step():
    assert compare(answers((1.0, 0.0)), answers((1.0005, 0.0))).agrees
    assert not compare(answers((1.0, 0.0)), answers((1.002, 0.0))).agrees
    assert compare(answers((0.5, 0.25), scale=0.25), answers((0.5, 0.5), scale=0.25)).agrees
    assert not compare(answers((0.75, 0.0), scale=0.25), answers((0.75, 0.5), scale=0.25)).agrees
    assert not compare(answers((1.0, 0.0)), answers((0.0, 1.0))).agrees


@pytest.fixture(scope="module")
def arm():
    record = bench_images.record(*FAMILIES, platform="linux/arm64", base=ARM_BASE)
    return Container(record, platform="linux/arm64")


@pytest.mark.part("docker")
@pytest.mark.part("arm64")
def test_a_model_answers_the_same_on_arm(arm, tmp_path):
    found = check_on_arm(models.linear(tmp_path / "m.onnx"), here=Container(bench_images.record(*FAMILIES)), arm=arm)
    assert found.agrees
    assert found.machine == "aarch64"
    assert found.runtime.startswith("ONNX Runtime")


@pytest.mark.part("docker")
@pytest.mark.part("arm64")
@pytest.mark.part("reference_models")
def test_a_quantized_model_answers_the_same_on_arm(arm):
    model = parts.REFERENCE_MODELS / "ad01_int8.tflite"
    found = check_on_arm(model, here=Container(bench_images.record(*FAMILIES)), arm=arm)
    assert found.agrees
    assert found.is_quantized
    assert found.machine == "aarch64"


@pytest.mark.part("docker")
@pytest.mark.part("arm64")
def test_the_label_says_that_it_is_emulated(arm):
    assert "linux/arm64 emulated" in arm.label
