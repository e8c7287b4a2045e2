"""A layer that is written as a multiplication and a sum counts as the layer that it is."""

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from onnx import helper

from grading.bench.graph import Kernel
from grading.bench.inspection.__main__ import look_into
from grading.bench.report import Report
from grading.demo.tflite_builder import Builder
from tests.grading.bench.tiny import CODE, KIND, NONE, OPTIONS, save_onnx

node = helper.make_node


def look(tmp_path, steps, weights, inputs):
    return look_into(save_onnx(tmp_path / "m.onnx", steps, weights, inputs), "onnx", [])


def codes(report):
    return [finding.code for finding in report.findings]


def table(*shape):
    return np.arange(1, np.prod(shape) + 1, dtype=np.float32).reshape(shape)


AXIS = {"axis": np.array([2], np.int64)}


@pytest.mark.parametrize(
    "steps",
    [
        [node("Mul", ["x", "w"], ["p"]), node("ReduceSum", ["p", "axis"], ["y"])],
        [node("Mul", ["w", "x"], ["p"]), node("ReduceMean", ["p", "axis"], ["y"])],
        [node("Div", ["x", "w"], ["p"]), node("ReduceSum", ["p", "axis"], ["y"], keepdims=0)],
        [node("Mul", ["x", "w"], ["p"]), node("Neg", ["p"], ["n"]), node("ReduceSum", ["n", "axis"], ["y"])],
        [node("Mul", ["x", "w"], ["p"]), node("Transpose", ["p"], ["t"], perm=[0, 2, 1]), node("GlobalAveragePool", ["t"], ["y"])],
    ],
)  # fmt: skip
def test_a_dense_layer_by_elements_has_its_macs_and_its_weights(tmp_path, steps):
    report = look(tmp_path, steps, {"w": table(5, 8), **AXIS}, [("x", (1, 1, 8))])
    assert (report.macs, report.params) == (40, 40)
    assert report.operators[0].op_class == "dense"
    assert report.operators[0].tosa in ("MUL", "")
    assert "product_by_elements" in codes(report)


def test_its_kernel_is_that_of_the_product(tmp_path):
    steps = [node("Mul", ["x", "w"], ["p"]), node("ReduceSum", ["p", "axis"], ["y"], keepdims=0)]
    report = look(tmp_path, steps, {"w": table(5, 8), **AXIS}, [("x", (1, 1, 8))])
    assert report.operators[0].kernel == Kernel(in_channels=8, out_channels=5)


def test_its_zeros_count_for_sparsity(tmp_path):
    weight = table(5, 8)
    weight[:, ::2] = 0
    steps = [node("Mul", ["x", "w"], ["p"]), node("ReduceSum", ["p", "axis"], ["y"])]
    assert look(tmp_path, steps, {"w": weight, **AXIS}, [("x", (1, 1, 8))]).sparsity == 0.5


def test_a_convolution_by_shifts_is_a_chain_of_products(tmp_path):
    steps, weights = [], {}
    for place in range(9):
        weights |= {f"w{place}": np.array([place + 1], np.float32)}
        row, column = divmod(place, 3)
        weights |= {
            f"s{place}": np.array([row, column], np.int64),
            f"e{place}": np.array([row + 4, column + 4], np.int64),
        }
        steps += [
            node("Slice", ["x", f"s{place}", f"e{place}", "axes"], [f"c{place}"]),
            node("Mul", [f"c{place}", f"w{place}"], [f"p{place}"]),
        ]
        if place:
            steps.append(node("Add", [f"a{place - 1}" if place > 1 else "p0", f"p{place}"], [f"a{place}"]))
    steps[-1].output[0] = "y"
    report = look(tmp_path, steps, {**weights, "axes": np.array([2, 3], np.int64)}, [("x", (1, 1, 6, 6))])
    assert (report.macs, report.params) == (9 * 16, 9)


@pytest.mark.parametrize(
    ("steps", "weights", "shape"),
    [
        # A scale for each channel, then the mean of each picture.
        ([node("Mul", ["x", "w"], ["p"]), node("GlobalAveragePool", ["p"], ["y"])], {"w": table(2, 1, 1)}, (1, 2, 6, 6)),
        ([node("Mul", ["x", "w"], ["p"]), node("ReduceMean", ["p", "axis"], ["y"])], {"w": table(6, 1), **AXIS}, (1, 6, 6)),
        # The sum of squares of a normalisation.
        ([node("Mul", ["x", "x"], ["p"]), node("ReduceMean", ["p", "axis"], ["y"])], AXIS, (1, 6, 6)),
        # One number for all.
        ([node("Mul", ["x", "w"], ["p"]), node("ReduceSum", ["p", "axis"], ["y"])], {"w": np.float32(3), **AXIS}, (1, 6, 6)),
        # A rotary embedding.
        (
            [node("Mul", ["x", "w"], ["p"]), node("Neg", ["x"], ["n"]), node("Mul", ["n", "v"], ["q"]), node("Add", ["p", "q"], ["y"])],
            {"w": table(6, 6), "v": table(6, 6)}, (1, 6, 6),
        ),
    ],
)  # fmt: skip
def test_what_only_scales_is_no_layer(tmp_path, steps, weights, shape):
    report = look(tmp_path, steps, weights, [("x", shape)])
    assert report.macs == 0
    assert "product_by_elements" not in codes(report)


def test_scaled_blocks_of_a_residual_network_are_no_chain_of_products(tmp_path):
    # Layer scale, as in ConvNeXt: x + w * block(x). Every product needs the sum before it.
    steps, weights = [], {}
    for place in range(6):
        weights[f"w{place}"] = table(4, 1, 1) / (place + 1)
        steps += [
            node("Relu", [f"x{place}"], [f"f{place}"]),
            node("Mul", [f"f{place}", f"w{place}"], [f"p{place}"]),
            node("Add", [f"x{place}", f"p{place}"], [f"x{place + 1}"]),
        ]
    steps[-1].output[0] = "y"
    report = look(tmp_path, steps, weights, [("x0", (1, 4, 6, 6))])
    assert report.macs == 0
    assert "product_by_elements" not in codes(report)


def test_two_computed_tensors_count_as_a_matrix_product(tmp_path):
    steps = [node("Mul", ["x", "z"], ["p"]), node("ReduceSum", ["p", "axis"], ["y"])]
    report = look(tmp_path, steps, AXIS, [("x", (1, 5, 8)), ("z", (1, 1, 8))])
    # z does not vary over the 5 rows, but both vary along what is summed.
    assert (report.macs, report.params) == (40, 0)
    assert report.operators[0].op_class == "matmul"


def test_tflite_counts_the_same(tmp_path):
    b = Builder()
    x, y = b.activation("x", (1, 1, 8), KIND.FLOAT32), b.activation("y", (1, 5), KIND.FLOAT32)
    p = b.activation("p", (1, 5, 8), KIND.FLOAT32)
    options = schema.ReducerOptionsT()
    options.keepDims = False
    b.operator(CODE.MUL, [x, b.constant("w", table(1, 5, 8), KIND.FLOAT32)], p, NONE)
    axis = b.constant("axis", np.array([2], np.int32), KIND.INT32)
    b.operator(CODE.SUM, [p, axis], y, (OPTIONS.ReducerOptions, options))
    b.write(tmp_path / "m.tflite", [x], [y])
    report = look_into(tmp_path / "m.tflite", "tflite", [])
    assert (report.macs, report.params) == (40, 40)
    assert report.operators[0].kernel == Kernel(in_channels=8, out_channels=5)


@pytest.mark.parametrize("way", ["by elements traced", "by elements exported"])
def test_torch_counts_the_same(answers, way):
    report = Report.from_json(answers[way]["report"])
    # 5 x 8 as a buffer and a sum, then 3 x 5 as a parameter and a mean.
    assert (report.macs, report.params) == (40 + 15, 40 + 15)


# -- quantised: factors stand between their scales and zero points ------------------------------------------------------

RUNTIME = "com.microsoft"
STEPS = {"s": np.float32(0.5), "z": np.int8(0)}


def quantised(tmp_path, steps, weights):
    steps = [node("QuantizeLinear", ["x", "s", "z"], ["q"]), *steps, node("DequantizeLinear", ["p", "s", "z"], ["y"])]
    path = save_onnx(tmp_path / "q.onnx", steps, STEPS | weights, [("x", (1, 8, 2, 2))], domains=(RUNTIME,))
    return look_into(path, "onnx", [])


def test_a_gate_made_from_the_tensor_itself_is_no_product_where_it_is_quantised(tmp_path):
    """SiLU before the mean of a squeeze-and-excitation, as onnxruntime's quantiser writes it (QOperator)."""
    steps = [
        node("QLinearSigmoid", ["q", "s", "z", "s", "z"], ["g"], domain=RUNTIME),
        node("QLinearMul", ["q", "s", "z", "g", "s", "z", "s", "z"], ["m"], domain=RUNTIME),
        node("Transpose", ["m"], ["t"], perm=[0, 1, 3, 2]),
        node("QLinearGlobalAveragePool", ["t", "s", "z", "s", "z"], ["p"], domain=RUNTIME, channels_last=0),
    ]
    report = quantised(tmp_path, steps, {})
    assert (report.macs, report.params, codes(report)) == (0, 0, [])


def test_two_computed_tensors_are_no_layer_whose_weights_are_their_scales(tmp_path):
    steps = [
        node("Transpose", ["q"], ["t"], perm=[0, 1, 3, 2]),
        node("QLinearMul", ["q", "s", "z", "t", "s", "z", "s", "z"], ["m"], domain=RUNTIME),
        node("QLinearGlobalAveragePool", ["m", "s", "z", "s", "z"], ["p"], domain=RUNTIME, channels_last=0),
    ]
    report = quantised(tmp_path, steps, {})
    assert (report.macs, report.params, codes(report)) == (32, 0, ["product_by_elements"])


def test_a_quantised_table_is_the_one_that_decides(tmp_path):
    steps = [
        node("QLinearMul", ["q", "s", "z", "w", "s", "z", "s", "z"], ["m"], domain=RUNTIME),
        node("QLinearGlobalAveragePool", ["m", "s", "z", "s", "z"], ["p"], domain=RUNTIME, channels_last=0),
    ]
    report = quantised(tmp_path, steps, {"w": table(8, 2, 2).astype(np.int8)})
    assert (report.macs, report.params, codes(report)) == (32, 32, ["product_by_elements"])
