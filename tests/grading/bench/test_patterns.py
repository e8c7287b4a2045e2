"""Zeros in patterns, against numbers that are counted here one by one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import helper

from grading.bench.graph import Kernel, Pattern, Tensor
from grading.bench.inspection.__main__ import look_into
from grading.bench.inspection.patterns import pattern_of, turned
from grading.bench.report import Report
from grading.demo.tflite_builder import Builder, Scale
from tests.grading.bench.tiny import CODE, KIND, OPTIONS, ones, save_onnx
from tests.grading.bench.windows import convolution

node = helper.make_node


def slow(values, axes, groups=1, transposed=False):
    """The same by loops: outputs first, then inputs, one group after the other."""
    matrix = np.moveaxis(values, axes, (0, 1))
    outputs, inputs = matrix.shape[:2]
    most = 0
    for o in range(outputs):
        for place in np.ndindex(matrix.shape[2:]):
            row = matrix[(o, slice(None), *place)]
            most = max([most, *(np.count_nonzero(row[i : i + 4]) for i in range(0, inputs, 4))])
    fits = inputs % 4 == 0
    used = np.array([[bool(matrix[o, i].any()) for i in range(inputs)] for o in range(outputs)])
    if transposed:
        blocks = [used[:, g * inputs // groups : (g + 1) * inputs // groups] for g in range(groups)]
    else:
        blocks = [used[g * outputs // groups : (g + 1) * outputs // groups] for g in range(groups)]
    return Pattern(
        values.size, values.size * (fits and most <= 2), values.size * (fits and most <= 1),
        sum(block.shape[0] for block in blocks), sum(int((~block.any(1)).sum()) for block in blocks),
        sum(block.shape[1] for block in blocks), sum(int((~block.any(0)).sum()) for block in blocks),
    )  # fmt: skip


def tensor(values):
    zero = values == 0
    return Tensor("w", values.shape, "float32", True, int(zero.sum()), zero_mask=lambda: zero)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_patterns_are_those_that_loops_find(data):
    groups = data.draw(st.sampled_from([1, 2, 4]))
    transposed = data.draw(st.booleans())
    sizes = [groups * data.draw(st.integers(1, 3)), data.draw(st.sampled_from([1, 3, 4, 8]))]
    axes = data.draw(st.permutations(range(4)))[:2]
    shape = [2, 1, 2, 2]
    shape[axes[0]], shape[axes[1]] = reversed(sizes) if transposed else sizes
    rng = np.random.default_rng(data.draw(st.integers(0, 1 << 30)))
    values = rng.integers(1, 9, shape).astype(np.float32)
    kind = data.draw(st.sampled_from(["random", "channels", "two", "one"]))
    matrix = np.moveaxis(values, axes, (0, 1))
    if kind == "random":
        values[rng.random(shape) < 0.6] = 0
    elif kind == "channels":
        matrix[rng.random(matrix.shape[0]) < 0.5] = 0
        matrix[:, rng.random(matrix.shape[1]) < 0.5] = 0
    else:
        matrix[:, np.arange(matrix.shape[1]) % 4 >= (2 if kind == "two" else 1)] = 0
    found = pattern_of(tensor(values), tuple(axes), Kernel(groups=groups, transposed=transposed))
    assert found == slow(values, axes, groups, transposed)


def test_zeros_beyond_half_of_each_four_are_needed():
    values = ones(4, 8)
    values[:, ::2] = 0
    assert pattern_of(tensor(values), (0, 1)) == Pattern(32, 32, 0, 4, 0, 8, 4)
    values[0, 0] = 1
    assert pattern_of(tensor(values), (0, 1)).two_of_four == 0


def test_axes_of_what_is_seen_are_those_of_what_is_stored():
    assert turned((0, 1), (1, 0)) == (1, 0)
    assert turned((-1, -2), (2, 0, 1)) == (1, 0)
    assert turned((0, 1), None) is None
    assert turned((0, 3), (0, 1)) is None


def pruned(outputs=8, inputs=8):
    """Half of each four inputs is zero; beside that output 1 as a whole."""
    values = np.arange(1, outputs * inputs + 1, dtype=np.float32).reshape(outputs, inputs)
    values[:, [2, 3, 6, 7]] = 0
    values[1] = 0
    return values


EXPECTED = Pattern(64, 64, 0, 8, 1, 8, 4)


def onnx_pattern(tmp_path, steps, weights, shape=(1, 8)):
    report = look_into(save_onnx(tmp_path / "m.onnx", steps, weights, [("x", shape)]), "onnx", [])
    return next(operator.pattern for operator in report.operators if operator.pattern is not None), report


@pytest.mark.parametrize(
    ("steps", "weights"),
    [
        ([node("Gemm", ["x", "w"], ["y"], transB=1)], {"w": pruned()}),
        ([node("Gemm", ["x", "w"], ["y"])], {"w": pruned().T}),
        ([node("MatMul", ["x", "w"], ["y"])], {"w": pruned().T}),
        ([node("Transpose", ["w"], ["t"], perm=[1, 0]), node("MatMul", ["x", "t"], ["y"])], {"w": pruned()}),
        (
            [
                node("DequantizeLinear", ["w", "s"], ["d"]),
                node("Transpose", ["d"], ["t"]),
                node("MatMul", ["x", "t"], ["y"]),
            ],
            {"w": pruned().astype(np.int8), "s": np.float32(0.1)},
        ),
        (
            [node("Mul", ["w", "m"], ["p"]), node("Gemm", ["x", "p"], ["y"], transB=1)],
            {"w": ones(8, 8), "m": (pruned() != 0).astype(np.float32)},
        ),
    ],
)
def test_onnx_finds_them_however_the_weight_lies(tmp_path, steps, weights):
    pattern, report = onnx_pattern(tmp_path, steps, weights)
    assert pattern == EXPECTED
    assert report.structured.two_of_four == pytest.approx(64 / report.params)
    assert (report.structured.output_channels, report.structured.input_channels) == (1 / 8, 1 / 2)


def test_onnx_convolutions_plain_grouped_and_transposed(tmp_path):
    weight = ones(8, 4, 3, 3)
    weight[5], weight[:4, 2] = 0, 0  # output 5; input 2 of the first of two groups
    pattern, _ = onnx_pattern(tmp_path, [node("Conv", ["x", "w"], ["y"], group=2)], {"w": weight}, (1, 8, 6, 6))
    assert pattern == Pattern(288, 0, 0, 8, 1, 8, 1)
    weight = ones(8, 3, 3, 3)
    weight[:, 1] = 0
    steps = [node("ConvTranspose", ["x", "w"], ["y"], group=2)]
    pattern, _ = onnx_pattern(tmp_path, steps, {"w": weight}, (1, 8, 6, 6))
    assert pattern == Pattern(216, 0, 0, 6, 2, 8, 0)


def test_a_weight_of_a_zero_point_of_its_own(tmp_path):
    stored = (pruned() != 0).astype(np.uint8) * 7 + 3
    steps = [node("DequantizeLinear", ["w", "s", "z"], ["d"]), node("Gemm", ["x", "d"], ["y"], transB=1)]
    pattern, _ = onnx_pattern(tmp_path, steps, {"w": stored, "s": np.float32(0.1), "z": np.uint8(3)})
    assert pattern == EXPECTED


def tflite(path, code, weight, options, shapes, scale=None, kind=KIND.FLOAT32):
    b = Builder()
    x, y = b.activation("x", shapes[0], KIND.FLOAT32), b.activation("y", shapes[1], KIND.FLOAT32)
    b.operator(code, [x, b.constant("w", weight, kind, scale)], y, options)
    b.write(path, [x], [y])
    return look_into(path, "tflite", []).operators[0].pattern


def test_tflite_layers(tmp_path):
    from ai_edge_litert import schema_py_generated as schema

    dense = (OPTIONS.FullyConnectedOptions, schema.FullyConnectedOptionsT())
    path = tmp_path / "m.tflite"
    assert tflite(path, CODE.FULLY_CONNECTED, pruned(), dense, [(1, 8), (1, 8)]) == EXPECTED
    conv = pruned().reshape(8, 1, 1, 8)
    assert tflite(path, CODE.CONV_2D, conv, convolution("Conv2DOptions"), [(1, 4, 4, 8), (1, 4, 4, 8)]) == EXPECTED
    depthwise = ones(1, 3, 3, 8)
    depthwise[..., [1, 4]] = 0
    options = convolution("DepthwiseConv2DOptions")
    found = tflite(path, CODE.DEPTHWISE_CONV_2D, depthwise, options, [(1, 4, 4, 8), (1, 4, 4, 8)])
    assert found == Pattern(72, 0, 0, 8, 2, 8, 2)
    points = Scale(np.full(8, 0.1), 5, 0)
    stored = np.where(pruned() == 0, 5, 9).astype(np.int8)
    assert tflite(path, CODE.FULLY_CONNECTED, stored, dense, [(1, 8), (1, 8)], points, KIND.INT8) == EXPECTED


@pytest.mark.parametrize("way", ["pattern traced", "pattern exported"])
def test_torch_layers(answers, way):
    report = Report.from_json(answers[way]["report"])
    found = [operator.pattern for operator in report.operators if operator.pattern is not None]
    assert found == [EXPECTED, EXPECTED, Pattern(144, 0, 0, 4, 1, 8, 0)]
    assert report.structured.two_of_four == pytest.approx(128 / report.params)


def test_weights_of_each_operator_say_their_bits(tmp_path):
    steps = [node("DequantizeLinear", ["w", "s"], ["d"]), node("Gemm", ["x", "d", "b"], ["y"], transB=1)]
    _, report = onnx_pattern(tmp_path, steps, {"w": pruned().astype(np.int8), "s": np.float32(1), "b": ones(8)})
    assert [operator.weight_bits for operator in report.operators] == [8]
