"""What an operator slides or contracts over is the same in whatever format a network is written (windows.py)."""

import pytest
from onnx import helper

from grading.bench.errors import BenchError
from grading.bench.graph import Kernel
from grading.bench.inspection.__main__ import look_into
from grading.bench.inspection.kernels import adaptive
from grading.bench.report import Report
from tests.grading.bench.tiny import CODE, KIND, one_tflite, ones, save_onnx
from tests.grading.bench.windows import CLASSES, KERNELS, MACS, convolution, windows_onnx, windows_tflite


def working(report):
    return [operator for operator in report.operators if operator.kernel is not None]


def check(report):
    assert [operator.kernel for operator in working(report)] == KERNELS
    assert [operator.op_class for operator in working(report)] == CLASSES
    assert report.macs == MACS


@pytest.mark.parametrize(("make", "kind"), [(windows_onnx, "onnx"), (windows_tflite, "tflite")])
def test_onnx_and_tflite_say_the_same_windows(tmp_path, make, kind):
    check(look_into(make(tmp_path / f"m.{kind}"), kind, []))


@pytest.mark.parametrize("way", ["windows traced", "windows scripted", "windows exported"])
def test_both_formats_of_pytorch_say_the_same_windows(answers, way):
    check(Report.from_json(answers[way]["report"]))


def test_a_quantised_convolution_keeps_its_window_in_an_object(answers):
    report = Report.from_json(answers["packed windows"]["report"])
    assert [operator.kernel for operator in working(report)] == [
        Kernel((3, 3), (2, 2), (1, 1), 1, 4, 8),
        Kernel((3, 3), (1, 1), (2, 2), 8, 8, 8),
        Kernel((3,), (1,), (1,), 1, 8, 4),
    ]
    assert [operator.op_class for operator in working(report)] == ["conv", "depthwise", "conv"]
    assert [operator.activation for operator in working(report)] == ["relu", "", ""]


def test_a_pool_that_is_told_what_to_make_has_the_window_that_makes_it(answers):
    report = Report.from_json(answers["adaptive"]["report"])
    assert working(report)[0].kernel == Kernel((2, 3), (2, 3), (1, 1), 1, 2, 2)


@pytest.mark.parametrize(
    ("source", "output", "size", "stride"),
    [((2, 2), (6, 6), (1, 1), (1, 1)), ((1, 1), (7, 7), (1, 1), (1, 1)), ((10,), (7,), (3,), (1,)), ((6, 6), (3, 2), (2, 3), (2, 3))],
)  # fmt: skip
def test_a_pool_may_be_told_to_make_more_than_it_has(source, output, size, stride):
    # VGG and AlexNet on small pictures: a window is never smaller than one number.
    made = adaptive(source, output, 4)
    assert (made.size, made.stride) == (size, stride)


def test_tflite_names_the_activation_that_is_fused(tmp_path):
    report = look_into(windows_tflite(tmp_path / "m.tflite"), "tflite", [])
    assert [operator.activation for operator in report.operators] == ["RELU6", *[""] * 7]


def test_onnx_names_the_activation_that_the_runtime_fused(tmp_path):
    node = helper.make_node("FusedConv", ["x", "w"], ["y"], domain="com.microsoft", activation="Relu")
    path = save_onnx(
        tmp_path / "m.onnx", [node], {"w": ones(2, 1, 3, 3)}, [("x", (1, 1, 6, 6))], domains=["com.microsoft"]
    )
    operator = look_into(path, "onnx", []).operators[0]
    assert (operator.activation, operator.kernel) == ("Relu", Kernel((3, 3), (1, 1), (1, 1), 1, 1, 2))


def test_a_product_of_two_tensors_says_what_it_sums_over(tmp_path):
    node = helper.make_node("MatMul", ["x", "z"], ["y"])
    path = save_onnx(tmp_path / "m.onnx", [node], {}, [("x", (1, 2, 5, 7)), ("z", (1, 2, 7, 3))])
    operator = look_into(path, "onnx", []).operators[0]
    assert operator.kernel == Kernel(in_channels=7, out_channels=3)
    assert operator.op_class == "matmul"


def test_a_transposed_convolution_without_a_stride_is_damaged(tmp_path):
    constants = [("w", ones(6, 2, 2, 8), KIND.FLOAT32), ("x2", ones(1, 4, 4, 8), KIND.FLOAT32)]
    options = convolution("TransposeConvOptions", 0)
    path = one_tflite(tmp_path / "m.tflite", CODE.TRANSPOSE_CONV, constants, (4,), (1, 8, 8, 6), options)
    with pytest.raises(BenchError) as refused:
        look_into(path, "tflite", [])
    assert refused.value.code == "damaged_model"
    assert "stride" in refused.value.message
