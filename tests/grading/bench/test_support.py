"""Which operators would not run on which runtime."""

import pytest
from onnx import helper

from grading.bench.inspection.__main__ import look_into
from grading.bench.report import OperatorReport, Report, TensorSpec
from grading.bench.support import unsupported
from hardware.runtimes import load_runtimes
from tests.grading.bench.tiny import ones, save_onnx, tiny_onnx, tiny_tflite
from tests.parts import REFERENCE_MODELS


def step(index, op, dtype="int8", **more):
    values = {"op_class": "elementwise", "sources": (index - 1,), "input_elements": 10} | more
    return OperatorReport(
        index=index, name=op, op=op, macs=0, params=0, weight_bytes=0, input_bytes=0, output_bytes=0, live_bytes=0,
        output_shape=(1, 10), output_elements=10, output_dtype=dtype, **values,
    )  # fmt: skip


def report(*operators, dtype="int8", kind="tflite"):
    given = (TensorSpec("x", (1, 10), dtype),)
    return Report(kind, 1, "0" * 64, given, given, 0, 0, {"8": 1.0}, 0.0, 0, 0, 0, operators)


def found(model, slug):
    return [(item.index, item.op) for item in unsupported(model, load_runtimes()[slug])]


def test_what_a_runtime_does_not_load_is_said_once(tmp_path):
    onnx, tflite = tiny_onnx(tmp_path / "m.onnx"), tiny_tflite(tmp_path / "m.tflite")
    said = unsupported(look_into(onnx, "onnx", []), load_runtimes()["tflm"])
    assert [item.sentence for item in said] == ["TensorFlow Lite Micro does not load ONNX: export TFLite."]
    said = unsupported(look_into(tflite, "tflite", []), load_runtimes()["tensorrt"])
    assert [item.sentence for item in said] == ["TensorRT does not load TFLite: export ONNX."]


@pytest.mark.parametrize("slug", ["tflite", "xnnpack", "armnn", "tflm", "x-cube-ai"])
def test_a_plain_network_runs_everywhere(tmp_path, slug):
    assert not found(look_into(tiny_tflite(tmp_path / "m.tflite"), "tflite", []), slug)


def test_an_unknown_operator_is_named_with_its_place_and_what_follows(tmp_path):
    steps = [helper.make_node("Conv", ["x", "w"], ["a"]), helper.make_node("Hardmax", ["a"], ["y"])]
    path = save_onnx(tmp_path / "m.onnx", steps, {"w": ones(2, 1, 3, 3)}, [("x", (1, 1, 6, 6))])
    said = unsupported(look_into(path, "onnx", []), load_runtimes()["tensorrt"])
    assert [item.sentence for item in said] == [
        "Operator 2 Hardmax: TensorRT does not know it; the model does not load."
    ]


def test_the_edge_tpu_gives_up_at_the_first_operator_that_it_does_not_know():
    model = report(step(0, "CONV_2D"), step(1, "HARD_SWISH"), step(2, "CONV_2D"), step(3, "SOFTMAX"))
    assert found(model, "edgetpu") == [(1, "HARD_SWISH"), (2, "CONV_2D"), (3, "SOFTMAX")]
    said = unsupported(model, load_runtimes()["edgetpu"])
    assert said[0].sentence == "Operator 2 HARD_SWISH: Edge TPU does not know it; it would run on the CPU."
    assert "after operator 2" in said[1].sentence
    assert {item.elsewhere for item in said} == {"the CPU"}


def test_floats_at_the_two_ends_leave_the_middle_to_the_edge_tpu():
    model = report(
        step(0, "QUANTIZE", op_class="quantise", sources=(-1,)), step(1, "CONV_2D"),
        step(2, "DEQUANTIZE", "float32", op_class="quantise"), dtype="float32",
    )  # fmt: skip
    assert found(model, "edgetpu") == [(0, "QUANTIZE"), (2, "DEQUANTIZE")]


def test_a_float_model_runs_on_the_cpu_as_a_whole():
    model = report(step(0, "CONV_2D", "float32"), step(1, "RELU", "float32"), dtype="float32")
    said = unsupported(model, load_runtimes()["edgetpu"])
    assert "computes in int8 and uint8, and this makes float32" in said[0].sentence
    assert len(said) == 2


def test_limits_of_single_operators():
    assert found(report(step(0, "SOFTMAX", input_elements=20_000)), "edgetpu") == [(0, "SOFTMAX")]
    assert not found(report(step(0, "SOFTMAX", input_elements=1000)), "edgetpu")
    assert found(report(step(0, "MAX_POOL_2D", activation="RELU6")), "edgetpu") == [(0, "MAX_POOL_2D")]
    assert not found(report(step(0, "CONV_2D", activation="RELU6")), "edgetpu")


def test_xnnpack_knows_less_on_integers():
    assert not found(report(step(0, "SOFTMAX", "float32")), "xnnpack")
    said = unsupported(report(step(0, "SOFTMAX")), load_runtimes()["xnnpack"])
    assert "on 8-bit integers" in said[0].sentence
    assert said[0].elsewhere == "TensorFlow Lite's own kernels"


def test_tinyengine_is_narrow():
    model = report(step(0, "CONV_2D"), step(1, "SOFTMAX"), step(2, "ADD", "int16"))
    assert found(model, "tinyengine") == [(1, "SOFTMAX"), (2, "ADD")]


@pytest.mark.part("reference_models")
@pytest.mark.parametrize(
    ("name", "slug", "unknown"),
    [
        ("vww_mobilenet_int8.tflite", "tflm", []),
        ("kws_dscnn_int8.tflite", "tflm", []),
        ("ic_resnet8_int8.tflite", "edgetpu", []),
        ("ad01_int8.tflite", "edgetpu", []),
        ("ic_resnet8_int8.tflite", "tinyengine", ["SOFTMAX"]),
    ],
)
def test_the_models_of_mlperf_tiny(name, slug, unknown):
    model = look_into(REFERENCE_MODELS / name, "tflite", [])
    assert [op for _, op in found(model, slug)] == unknown
