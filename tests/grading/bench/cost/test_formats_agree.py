"""One network, described or stored in any format, is predicted the same within a hundredth."""

import json
import subprocess
import sys

import pytest

from grading.bench.architectures.builder import Builder
from grading.bench.architectures.mobilenets import excite
from grading.bench.cost.predict import predict
from grading.bench.inspection.__main__ import look_into
from grading.bench.report import Report, report_of
from hardware.profiles import load_profiles
from tests.grading.bench.cost.networks import report
from tests.parts import REFERENCE_MODELS, ROOT

PI = load_profiles()["rpi-4-4gb"]
TINY = {
    "vww_mobilenet_int8.tflite": "visual_wake_words", "kws_dscnn_int8.tflite": "dscnn", "kws_dscnn_fp32.tflite": "dscnn",
    "ic_resnet8_int8.tflite": "resnet8", "ic_resnet8_fp32.tflite": "resnet8", "ad01_int8.tflite": "toycar_autoencoder",
}  # fmt: skip


def agree(found, expected, precision):
    one, other = predict(found, PI, "tflite", precision), predict(expected, PI, "tflite", precision)
    assert one.latency_ms == pytest.approx(other.latency_ms, rel=0.01)
    assert one.flags == other.flags


def described():
    """The network of exported.py, layer by layer."""
    b = Builder((1, 3, 64, 64))
    stem = b.conv(b.input, 16, 3, 2, activation="relu6")
    wide = b.depthwise(b.conv(stem, 64, activation="hard_swish"), 5, activation="hard_swish")
    x = b.add(stem, b.conv(excite(b, wide, 16, gate="hard_sigmoid"), 16))
    x = b.pool(b.conv(x, 32, 3, activation="silu"))
    return report_of(b.graph(b.dense(x, 10)), size=0, sha256="0" * 64)


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    folder = tmp_path_factory.mktemp("exported")
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "tests.grading.bench.cost.exported", str(folder)],
        capture_output=True, text=True, timeout=240, check=False, cwd=ROOT,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    return {name: Report.from_json(raw) for name, raw in json.loads(done.stdout.splitlines()[-1]).items()}


@pytest.mark.parametrize("format_name", ["onnx", "torchscript", "torch_export"])
@pytest.mark.parametrize("precision", ["fp32", "int8"])
def test_what_pytorch_exports_is_predicted_as_it_is_described(exported, format_name, precision):
    agree(exported[format_name], described(), precision)


@pytest.mark.part("reference_models")
@pytest.mark.parametrize("name", TINY)
def test_the_reference_models_are_predicted_as_the_networks_of_their_papers(name):
    found = look_into(REFERENCE_MODELS / name, "tflite", [])
    agree(found, report(TINY[name], quantised="int8" in name), "int8" if "int8" in name else "fp32")
