"""One network with every kind of window, written in ONNX and TFLite; torch_models.py has it for PyTorch (Windows).

x(1,4,16,16) -> conv 3x3 stride 2 to 8 -> depthwise 3x3 dilation 2 -> conv 3x3 in 2 groups -> average pool 2
-> transposed conv 2x2 stride 2 to 6 -> max pool 3 stride 1 -> mean of the picture -> dense 6 to 3.
"""

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from onnx import helper

from grading.bench.graph import Kernel
from grading.demo.tflite_builder import Builder
from tests.grading.bench.tiny import CODE, KIND, OPTIONS, ones, pool_options, save_onnx

KERNELS = [
    Kernel((3, 3), (2, 2), (1, 1), 1, 4, 8),
    Kernel((3, 3), (1, 1), (2, 2), 8, 8, 8),
    Kernel((3, 3), (1, 1), (1, 1), 2, 8, 8),
    Kernel((2, 2), (2, 2), (1, 1), 1, 8, 8),
    Kernel((2, 2), (2, 2), (1, 1), 1, 8, 6, transposed=True),
    Kernel((3, 3), (1, 1), (1, 1), 1, 6, 6),
    Kernel((6, 6), (6, 6), (1, 1), 1, 6, 6),
    Kernel(in_channels=6, out_channels=3),
]
CLASSES = ["conv", "depthwise", "conv", "pool", "conv", "pool", "pool", "dense"]
MACS = 64 * 8 * 9 * 4 + 64 * 8 * 9 + 64 * 8 * 9 * 4 + 16 * 8 * 6 * 4 + 6 * 3


def windows_onnx(path):
    nodes = [
        helper.make_node("Conv", ["x", "w1"], ["a"], strides=[2, 2], pads=[1, 1, 1, 1]),
        helper.make_node("Conv", ["a", "w2"], ["b"], dilations=[2, 2], pads=[2, 2, 2, 2], group=8),
        helper.make_node("Conv", ["b", "w3"], ["c"], pads=[1, 1, 1, 1], group=2),
        helper.make_node("AveragePool", ["c"], ["d"], kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("ConvTranspose", ["d", "w4"], ["e"], strides=[2, 2]),
        helper.make_node("MaxPool", ["e"], ["f"], kernel_shape=[3, 3]),
        helper.make_node("GlobalAveragePool", ["f"], ["g"]),
        helper.make_node("Flatten", ["g"], ["h"]),
        helper.make_node("Gemm", ["h", "w5"], ["y"], transB=1),
    ]
    weights = {
        "w1": ones(8, 4, 3, 3), "w2": ones(8, 1, 3, 3), "w3": ones(8, 4, 3, 3), "w4": ones(8, 6, 2, 2), "w5": ones(3, 6),
    }  # fmt: skip
    return save_onnx(path, nodes, weights, [("x", (1, 4, 16, 16))])


def convolution(kind, stride=1, dilation=1, activation=schema.ActivationFunctionType.NONE):
    """kind: Conv2DOptions, DepthwiseConv2DOptions or TransposeConvOptions."""
    options = getattr(schema, f"{kind}T")()
    options.padding, options.strideW, options.strideH = schema.Padding.SAME, stride, stride
    options.fusedActivationFunction = activation
    if kind != "TransposeConvOptions":
        options.dilationWFactor = options.dilationHFactor = dilation
    if kind == "DepthwiseConv2DOptions":
        options.depthMultiplier = 1
    return getattr(OPTIONS, kind), options


def whole_options():
    options = schema.ReducerOptionsT()
    options.keepDims = False
    return OPTIONS.ReducerOptions, options


def windows_tflite(path, activation=schema.ActivationFunctionType.RELU6):
    b = Builder()
    shapes = [(16, 16, 4), (8, 8, 8), (8, 8, 8), (8, 8, 8), (4, 4, 8), (8, 8, 6), (6, 6, 6)]
    steps = [b.activation(f"t{i}", (1, *shape), KIND.FLOAT32) for i, shape in enumerate(shapes)]
    flat, y = b.activation("flat", (1, 6), KIND.FLOAT32), b.activation("y", (1, 3), KIND.FLOAT32)
    weight = {
        name: b.constant(name, ones(*shape), KIND.FLOAT32)
        for name, shape in {
            "w1": (8, 3, 3, 4),
            "w2": (1, 3, 3, 8),
            "w3": (8, 3, 3, 4),
            "w4": (6, 2, 2, 8),
            "w5": (3, 6),
        }.items()
    }
    made = b.constant("made", np.array([1, 8, 8, 6], np.int32), KIND.INT32)
    axes = b.constant("axes", np.array([1, 2], np.int32), KIND.INT32)
    wide = pool_options(3)
    wide[1].strideW = wide[1].strideH = 1
    dense = schema.FullyConnectedOptionsT()
    b.operator(CODE.CONV_2D, [steps[0], weight["w1"]], steps[1], convolution("Conv2DOptions", 2, activation=activation))
    b.operator(CODE.DEPTHWISE_CONV_2D, [steps[1], weight["w2"]], steps[2], convolution("DepthwiseConv2DOptions", 1, 2))
    b.operator(CODE.CONV_2D, [steps[2], weight["w3"]], steps[3], convolution("Conv2DOptions"))
    b.operator(CODE.AVERAGE_POOL_2D, [steps[3]], steps[4], pool_options())
    b.operator(CODE.TRANSPOSE_CONV, [made, weight["w4"], steps[4]], steps[5], convolution("TransposeConvOptions", 2))
    b.operator(CODE.MAX_POOL_2D, [steps[5]], steps[6], wide)
    b.operator(CODE.MEAN, [steps[6], axes], flat, whole_options())
    b.operator(CODE.FULLY_CONNECTED, [flat, weight["w5"]], y, (OPTIONS.FullyConnectedOptions, dense))
    b.write(path, [steps[0]], [y])
    return path
