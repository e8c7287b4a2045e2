"""The name of each operator in TOSA 1.0, in whatever format it is written."""

import pytest
from onnx import helper

from grading.bench import tosa
from grading.bench.graph import Graph, Kernel, OpClass, Operator, Tensor
from grading.bench.inspection.__main__ import look_into
from grading.bench.inspection.onnx_operators import COUNTED as ONNX_OPERATORS
from grading.bench.inspection.tflite_operators import COUNTED as TFLITE_OPERATORS
from tests.grading.bench.tiny import save_onnx, tiny_onnx, tiny_tflite
from tests.grading.bench.windows import windows_onnx, windows_tflite

# The operators of the specification that a converted network can have.
WORDS = """
    ARGMAX AVG_POOL2D CONV2D CONV3D DEPTHWISE_CONV2D FFT2D MATMUL MAX_POOL2D RFFT2D TRANSPOSE_CONV2D CLAMP ERF SIGMOID TANH
    ADD ARITHMETIC_RIGHT_SHIFT BITWISE_AND BITWISE_OR BITWISE_XOR INTDIV LOGICAL_AND LOGICAL_LEFT_SHIFT LOGICAL_RIGHT_SHIFT
    LOGICAL_OR LOGICAL_XOR MAXIMUM MINIMUM MUL POW SUB TABLE ABS BITWISE_NOT CEIL CLZ COS EXP FLOOR LOG LOGICAL_NOT NEGATE
    RECIPROCAL RSQRT SIN SELECT EQUAL GREATER GREATER_EQUAL REDUCE_ALL REDUCE_ANY REDUCE_MAX REDUCE_MIN REDUCE_PRODUCT
    REDUCE_SUM CONCAT PAD RESHAPE REVERSE SLICE TILE TRANSPOSE GATHER SCATTER RESIZE CAST RESCALE IDENTITY
"""
TOSA = set(WORDS.split())
WINDOWS = ["CONV2D", "DEPTHWISE_CONV2D", "", "AVG_POOL2D", "TRANSPOSE_CONV2D", "MAX_POOL2D", "AVG_POOL2D"]


def names(path, kind):
    return [operator.tosa for operator in look_into(path, kind, []).operators]


@pytest.mark.parametrize(("kind", "operators"), [("onnx", ONNX_OPERATORS), ("tflite", TFLITE_OPERATORS)])
def test_every_entry_names_an_operator_of_its_format_and_of_tosa(kind, operators):
    assert tosa.NAMES[kind].keys() <= operators
    assert set(tosa.NAMES[kind].values()) <= TOSA
    assert set(tosa.NAMES["torchscript"].values()) <= TOSA


def test_a_network_of_windows_has_the_names_of_its_layers(tmp_path):
    assert names(windows_onnx(tmp_path / "m.onnx"), "onnx") == [*WINDOWS, "RESHAPE", "CONV2D"]
    assert names(windows_tflite(tmp_path / "m.tflite"), "tflite") == [*WINDOWS, "CONV2D"]


def test_torch_has_the_same_names(answers):
    found = [operator["tosa"] for operator in answers["windows exported"]["report"]["operators"]]
    assert found == [*WINDOWS, "CONV2D"]


def test_the_tiny_network(tmp_path):
    expected = ["CONV2D", "CLAMP", "MAX_POOL2D", "RESHAPE", "CONV2D"]
    assert names(tiny_onnx(tmp_path / "m.onnx"), "onnx") == expected
    assert names(tiny_tflite(tmp_path / "m.tflite"), "tflite") == expected


def test_a_product_of_computed_matrices_is_a_matmul_and_a_softmax_is_several_operators(tmp_path):
    steps = [helper.make_node("MatMul", ["x", "z"], ["a"]), helper.make_node("Softmax", ["a"], ["y"])]
    path = save_onnx(tmp_path / "m.onnx", steps, {}, [("x", (1, 2, 3, 4)), ("z", (1, 2, 4, 3))])
    assert names(path, "onnx") == ["MATMUL", ""]


@pytest.mark.parametrize(
    ("kernel", "expected"),
    [
        (Kernel((3, 3, 3), (1, 1, 1), (1, 1, 1), 1, 4, 4), "CONV3D"),
        (Kernel((3,), (1,), (1,), 1, 4, 4), "CONV2D"),
        (Kernel((3, 3), (1, 1), (1, 1), 4, 4, 4, transposed=True), ""),
        (Kernel((3, 3), (1, 1), (2, 2), 1, 4, 4, transposed=True), ""),
    ],
)
def test_convolutions_that_tosa_has_and_has_not(kernel, expected):
    operator = Operator("c", "Conv", OpClass.CONV, ["x"], ["y"], kernel=kernel)
    assert tosa.tosa_name(Graph("onnx", {}, [operator], [], []), operator) == expected


@pytest.mark.parametrize(("dtype", "expected"), [("int8", "RESCALE"), ("float32", "")])
def test_only_integers_out_of_integers_are_a_rescale(dtype, expected):
    tensors = {"x": Tensor("x", (1,), dtype), "y": Tensor("y", (1,), "int8")}
    operator = Operator("q", "QUANTIZE", OpClass.QUANTISE, ["x"], ["y"])
    assert tosa.tosa_name(Graph("tflite", tensors, [operator], ["x"], ["y"]), operator) == expected


def test_torch_names_lose_name_space_overload_and_underscore():
    operator = Operator("r", "aten::relu_.out", OpClass.ACTIVATION, ["x"], ["y"])
    assert tosa.tosa_name(Graph("torchscript", {}, [operator], [], []), operator) == "CLAMP"
