"""Files as the tools of the course make them: TorchQuant, the LC toolkit, TensorFlow Lite Micro, MCUNet.

Built here as those tools store them; counts worked out by hand.
"""

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from onnx import TensorProto, helper

from grading.bench.graph import Kernel
from grading.bench.inspection.__main__ import look_into
from grading.bench.report import Report
from grading.bench.support import unsupported
from grading.demo.tflite_builder import Builder, Scale
from hardware.runtimes import load_runtimes
from tests.grading.bench.test_inspection_tflite import rewritten
from tests.grading.bench.tiny import CODE, KIND, NONE, OPTIONS, ones, pool_options, save_onnx
from tests.grading.bench.windows import convolution, whole_options

node = helper.make_node
ACTIVATION = schema.ActivationFunctionType


# -- TorchQuant: fake quantisation, and what it exports ----------------------------------------------------------------


@pytest.mark.parametrize("way", ["fake quantised traced", "fake quantised exported"])
def test_fake_quantised_weights_count_once_in_the_bits_they_are_stored_in(answers, way):
    """Float weights on a grid of 4 bits, beside the scales of the grid, which are no parameters."""
    report = Report.from_json(answers[way]["report"])
    # 4 x 1 x 3 x 3 weights and 4 biases over 6 x 6 places, then 144 to 3.
    assert (report.macs, report.params) == (36 * 4 * 9 + 144 * 3, 36 + 4 + 432 + 3)
    assert report.weight_bits == {"32": 1.0}


def quantised_layer(x, weight, scale, bias, made):
    """QDQ around one layer, with one scale for each output."""
    return [
        node("QuantizeLinear", [x, "s", "z"], [f"{x}q"]),
        node("DequantizeLinear", [f"{x}q", "s", "z"], [f"{x}d"]),
        node("DequantizeLinear", [weight, scale], [f"{weight}d"], axis=0),
        node("Gemm", [f"{x}d", f"{weight}d", bias], [made], transB=1),
    ]


def test_a_qdq_model_has_weights_of_eight_bits(tmp_path):
    steps = [*quantised_layer("x", "w", "ws", "b", "h"), *quantised_layer("h", "v", "vs", "c", "y")]
    weights = {
        "w": np.ones((6, 4), np.int8), "ws": ones(6), "b": ones(6), "v": np.ones((2, 6), np.int8), "vs": ones(2), "c": ones(2),
        "s": np.float32(0.1), "z": np.int8(3),
    }  # fmt: skip
    report = look_into(save_onnx(tmp_path / "m.onnx", steps, weights), "onnx", [])
    assert (report.macs, report.params) == (24 + 12, 24 + 6 + 12 + 2)
    assert report.weight_bits == {"8": 36 / 44, "32": 8 / 44}
    assert [o.weight_bits for o in report.operators if o.op_class == "dense"] == [8, 8]
    assert "float_between_quantised" in [finding.code for finding in report.findings]


@pytest.mark.parametrize(("kind", "bits"), [(TensorProto.INT4, "4"), (TensorProto.UINT4, "4")])
def test_four_bit_weights_of_onnx(tmp_path, kind, bits):
    weight = helper.make_tensor("w", kind, (6, 4), [1, 0] * 12)
    steps = [node("DequantizeLinear", ["w", "ws"], ["d"], axis=0), node("Gemm", ["x", "d"], ["y"], transB=1)]
    report = look_into(save_onnx(tmp_path / "m.onnx", steps, {"w": weight, "ws": ones(6)}), "onnx", [])
    assert (report.weight_bits, report.weight_bytes, report.sparsity) == ({bits: 1.0}, 12, 0.5)


# -- LC toolkit: low rank, codebooks, pruning ---------------------------------------------------------------------------


def test_a_layer_of_low_rank_is_two_layers(tmp_path):
    steps = [node("MatMul", ["x", "u"], ["h"]), node("Gemm", ["h", "v", "b"], ["y"])]
    weights = {"u": ones(64, 4), "v": ones(4, 32), "b": ones(32)}
    report = look_into(save_onnx(tmp_path / "m.onnx", steps, weights, [("x", (1, 64))]), "onnx", [])
    assert (report.macs, report.params) == (64 * 4 + 4 * 32, 256 + 128 + 32)
    assert [o.kernel for o in report.operators] == [
        Kernel(in_channels=64, out_channels=4),
        Kernel(in_channels=4, out_channels=32),
    ]


def test_a_codebook_that_is_written_out_has_the_bits_that_are_stored(tmp_path):
    """Sixteen different floats are 32 bits each as long as each is stored."""
    weight = np.random.default_rng(0).choice(np.linspace(-1, 1, 16), (8, 16)).astype(np.float32)
    report = look_into(
        save_onnx(tmp_path / "m.onnx", [node("Gemm", ["x", "w"], ["y"], transB=1)], {"w": weight}, [("x", (1, 16))]),
        "onnx",
        [],
    )
    assert report.weight_bits == {"32": 1.0}


def test_a_codebook_that_is_looked_up_counts_its_indices_as_what_they_are(tmp_path):
    """The weight is made of a table of 16 floats by places of 4 bits each: the constants stand for the table."""
    places = helper.make_tensor("i", TensorProto.INT32, (8, 16), list(np.arange(128) % 16))
    steps = [node("Gather", ["table", "i"], ["w"]), node("Gemm", ["x", "w"], ["y"], transB=1)]
    report = look_into(
        save_onnx(tmp_path / "m.onnx", steps, {"table": ones(16), "i": places}, [("x", (1, 16))]), "onnx", []
    )
    assert report.macs == 128
    assert report.params == 16


@pytest.mark.parametrize("way", ["lc pruned traced", "lc pruned exported"])
def test_pruned_filters_are_channels_that_are_zero(answers, way):
    report = Report.from_json(answers[way]["report"])
    first = next(operator for operator in report.operators if operator.op_class == "conv")
    assert (first.pattern.zero_outputs, first.pattern.outputs) == (3, 8)
    assert report.structured.output_channels == pytest.approx(3 / 12)


# -- TensorFlow Lite Micro ----------------------------------------------------------------------------------------------


def micro(path, activations=KIND.INT8, weights=KIND.INT8, bias=np.int32, change=None):
    """x(1,8,8,4) -> 1x1 to 6 -> mean -> dense 6 to 3, all in whole numbers, as the converter makes them for Micro."""
    b, scale = Builder(), Scale(np.array([0.1], np.float32))
    each = Scale(np.full(6, 0.01, np.float32), axis=0)
    x = b.activation("x", (1, 8, 8, 4), activations, scale)
    c = b.activation("c", (1, 8, 8, 6), activations, scale)
    m = b.activation("m", (1, 6), activations, scale)
    y = b.activation("y", (1, 3), activations, scale)
    wide = KIND.INT64 if bias is np.int64 else KIND.INT32
    w = b.constant("w", np.ones((6, 1, 1, 4), np.int8), weights, each)
    wb = b.constant("wb", np.ones(6, bias), wide)
    d = b.constant("d", np.ones((3, 6), np.int8), KIND.INT8, scale)
    db = b.constant("db", np.ones(3, bias), wide)
    axes = b.constant("axes", np.array([1, 2], np.int32), KIND.INT32)
    b.operator(CODE.CONV_2D, [x, w, wb], c, convolution("Conv2DOptions", activation=ACTIVATION.RELU))
    b.operator(CODE.MEAN, [c, axes], m, whole_options())
    b.operator(CODE.FULLY_CONNECTED, [m, d, db], y, (OPTIONS.FullyConnectedOptions, schema.FullyConnectedOptionsT()))
    if change is not None:
        change(b)
    b.write(path, [x], [y])
    return path


MICRO = (64 * 24 + 18, 24 + 6 + 18 + 3)


def test_a_full_integer_model(tmp_path):
    report = look_into(micro(tmp_path / "m.tflite"), "tflite", [])
    assert (report.macs, report.params) == MICRO
    assert report.weight_bits == {"8": 42 / 51, "32": 9 / 51}
    assert report.peak_activation_bytes == 256 + 384
    assert {operator.output_dtype for operator in report.operators} == {"int8"}
    assert not unsupported(report, load_runtimes()["tflm"])
    assert not unsupported(report, load_runtimes()["tinyengine"])


def test_activations_of_sixteen_bits_with_biases_of_sixty_four(tmp_path):
    report = look_into(micro(tmp_path / "m.tflite", KIND.INT16, bias=np.int64), "tflite", [])
    assert (report.macs, report.params) == MICRO
    assert report.weight_bits == {"8": 42 / 51, "64": 9 / 51}
    assert report.peak_activation_bytes == 2 * (256 + 384)


def test_weights_of_four_bits_are_packed(tmp_path):
    def pack(b):
        stored = next(tensor for tensor in b.tensors if tensor.name == "w")
        b.buffers[stored.buffer].data = np.full(12, 0x11, np.uint8)

    report = look_into(micro(tmp_path / "m.tflite", weights=KIND.INT4, change=pack), "tflite", [])
    assert (report.macs, report.params) == MICRO
    assert report.weight_bits == {"4": 24 / 51, "8": 18 / 51, "32": 9 / 51}


def test_metadata_and_a_plan_of_the_arena_change_nothing(tmp_path):
    path = micro(tmp_path / "m.tflite")
    plain = look_into(path, "tflite", [])

    def planned(model):
        plan = np.array([1, 0, 4, 0, 256, 640, 0], np.int32)  # version, subgraph, count, offsets
        model.buffers.append(schema.BufferT())
        model.buffers[-1].data = np.frombuffer(plan.tobytes(), np.uint8)
        entry = schema.MetadataT()
        entry.name, entry.buffer = "OfflineMemoryAllocation", len(model.buffers) - 1
        model.metadata = [entry]

    report = look_into(rewritten(path, planned), "tflite", [])
    assert (report.macs, report.params, report.peak_activation_bytes) == (*MICRO, plain.peak_activation_bytes)


def test_stripped_names_change_no_count(tmp_path):
    path = micro(tmp_path / "m.tflite")

    def strip(model):
        model.description = None
        for tensor in model.subgraphs[0].tensors:
            tensor.name = None

    report = look_into(rewritten(path, strip), "tflite", [])
    assert (report.macs, report.params) == MICRO


# -- MCUNet: inverted residuals with 3, 5 and 7, padded by hand where the stride is 2 -------------------------------------


def inverted(b, x, side, channels, kernel, scale, name):
    """1x1 up by 3, PAD, depthwise kernel with stride 2, 1x1 down. Returns the tensor and its side."""
    wide, half, around = channels * 3, side // 2, side + kernel - 2
    up = b.activation(f"{name}u", (1, side, side, wide), KIND.INT8, scale)
    padded = b.activation(f"{name}p", (1, around, around, wide), KIND.INT8, scale)
    deep = b.activation(f"{name}d", (1, half, half, wide), KIND.INT8, scale)
    down = b.activation(f"{name}o", (1, half, half, channels), KIND.INT8, scale)
    weight = lambda key, shape: b.constant(f"{name}{key}", np.ones(shape, np.int8), KIND.INT8, scale)  # noqa: E731
    pads = b.constant(
        f"{name}pads",
        np.array([[0, 0], [kernel // 2, kernel // 2 - 1], [kernel // 2, kernel // 2 - 1], [0, 0]], np.int32),
        KIND.INT32,
    )
    valid = convolution("DepthwiseConv2DOptions", 2, activation=ACTIVATION.RELU6)
    valid[1].padding = schema.Padding.VALID
    b.operator(
        CODE.CONV_2D,
        [x, weight("w1", (wide, 1, 1, channels))],
        up,
        convolution("Conv2DOptions", activation=ACTIVATION.RELU6),
    )
    b.operator(CODE.PAD, [up, pads], padded, NONE)
    b.operator(CODE.DEPTHWISE_CONV_2D, [padded, weight("w2", (1, kernel, kernel, wide))], deep, valid)
    b.operator(CODE.CONV_2D, [deep, weight("w3", (channels, 1, 1, wide))], down, convolution("Conv2DOptions"))
    return down, half


def test_inverted_residuals_of_mcunet(tmp_path):
    b, scale = Builder(), Scale(np.array([0.1], np.float32))
    first = x = b.activation("x", (1, 32, 32, 4), KIND.INT8, scale)
    side, macs, params, kernels = 32, 0, 0, []
    for kernel in (3, 5, 7):
        x, half = inverted(b, x, side, 4, kernel, scale, f"b{kernel}")
        macs += side * side * 48 + half * half * 12 * kernel**2 + half * half * 48
        params += 48 + 12 * kernel**2 + 48
        kernels.append(Kernel((kernel, kernel), (2, 2), (1, 1), 12, 12, 12))
        side = half
    y = b.activation("y", (1, 1, 1, 4), KIND.INT8, scale)
    b.operator(CODE.AVERAGE_POOL_2D, [x], y, pool_options(4))
    b.write(tmp_path / "mcunet.tflite", [first], [y])
    report = look_into(tmp_path / "mcunet.tflite", "tflite", [])
    assert (report.macs, report.params) == (macs, params)
    assert [o.kernel for o in report.operators if o.op_class == "depthwise"] == kernels
    assert report.weight_bits == {"8": 1.0}
    # The widest place: the first block up to 12 channels beside its padded copy, 33 x 33.
    assert report.peak_activation_bytes == 32 * 32 * 12 + 33 * 33 * 12
    assert not unsupported(report, load_runtimes()["tinyengine"])
