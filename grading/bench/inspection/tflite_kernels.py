"""What TFLite operators slide or contract over, and the activations that are fused into them.

Source: tensorflow/lite/schema/schema.fbs. Pictures are stored as batch, height, width, channels.
"""

from typing import Any

from ai_edge_litert import schema_py_generated as schema

from grading.bench.errors import BenchError
from grading.bench.graph import Kernel, OpClass
from grading.bench.inspection.kernels import PRODUCTS, product, whole, window
from grading.bench.inspection.tflite_operators import CLASS_OF, RECURRENT, Step

# Operators with a fused activation, and the table of each that names it.
FUSED: dict[str, Any] = {
    "CONV_2D": schema.Conv2DOptions,
    "DEPTHWISE_CONV_2D": schema.DepthwiseConv2DOptions,
    "TRANSPOSE_CONV": schema.TransposeConvOptions,
    "CONV_3D": schema.Conv3DOptions,
    "CONV_3D_TRANSPOSE": schema.Conv3DOptions,
    "FULLY_CONNECTED": schema.FullyConnectedOptions,
    "AVERAGE_POOL_2D": schema.Pool2DOptions,
    "MAX_POOL_2D": schema.Pool2DOptions,
    "L2_POOL_2D": schema.Pool2DOptions,
    "ADD": schema.AddOptions,
    "SUB": schema.SubOptions,
    "MUL": schema.MulOptions,
    "DIV": schema.DivOptions,
    "CONCATENATION": schema.ConcatenationOptions,
    "L2_NORMALIZATION": schema.L2NormOptions,
    "SVDF": schema.SVDFOptions,
}
POOLS = {"AVERAGE_POOL_2D", "MAX_POOL_2D", "L2_POOL_2D"}
ACTIVATIONS = {value: name for name, value in vars(schema.ActivationFunctionType).items() if isinstance(value, int)}


def kernel(step: Step, macs: int) -> Kernel | None:
    """Of one operator whose MACs are counted, so its inputs are there and of the right rank."""
    op, found = step.op, CLASS_OF.get(step.op, OpClass.OTHER)
    if op in ("CONV_2D", "DEPTHWISE_CONV_2D", "TRANSPOSE_CONV"):
        return _flat_convolution(step)
    if op in ("CONV_3D", "CONV_3D_TRANSPOSE"):
        return _deep_convolution(step)
    if found in PRODUCTS:
        return product(macs, step.outputs[0].shape)
    if op in POOLS:
        return _pool(step)
    return whole(step.shape(0), step.outputs[0].shape, channels_last=True) if found is OpClass.POOL else None


def activation(step: Step) -> str:
    """The name of the fused activation (RELU, RELU6), "" without.

    Raises BenchError (custom_operator) for one that there is not: LiteRT leaves it out without a word.
    """
    options = step.options(FUSED[step.op]) if step.op in FUSED else None
    if options is None:
        return ""
    number = options.FusedActivationFunction()
    if number not in ACTIVATIONS:
        said = f"An operator {step.op} of this model ends in the activation {number}, which does not exist."
        raise BenchError("custom_operator", f"{said} Convert the model again.")
    return "" if ACTIVATIONS[number] == "NONE" else ACTIVATIONS[number]


def _flat_convolution(step: Step) -> Kernel:
    options = step.options(FUSED[step.op])
    depthwise, transposed = step.op == "DEPTHWISE_CONV_2D", step.op == "TRANSPOSE_CONV"
    source, weight = step.shape(2 if transposed else 0, 4), step.shape(1, 4)
    dilated = options is not None and not transposed
    return Kernel(
        size=weight[1:3],
        stride=(options.StrideH(), options.StrideW()) if options is not None else (1, 1),
        dilation=(options.DilationHFactor(), options.DilationWFactor()) if dilated else (1, 1),
        groups=source[3] if depthwise else max(source[3] // max(weight[3], 1), 1),
        in_channels=source[3],
        out_channels=weight[3] if depthwise else weight[0],
        transposed=transposed,
    )


def _deep_convolution(step: Step) -> Kernel:
    options = step.options(FUSED[step.op])
    transposed = step.op == "CONV_3D_TRANSPOSE"
    source, weight = step.shape(2 if transposed else 0, 5), step.shape(1, 5)
    stride, dilation = (1, 1, 1), (1, 1, 1)
    if options is not None:
        stride = (options.StrideD(), options.StrideH(), options.StrideW())
        dilation = (options.DilationDFactor(), options.DilationHFactor(), options.DilationWFactor())
    channels = weight[3] if transposed else weight[4]
    return Kernel(weight[:3], stride, dilation, 1, source[4], channels, transposed)


def _pool(step: Step) -> Kernel:
    options, source = step.options(schema.Pool2DOptions), step.shape(0, 4)
    if options is None:
        return window((1, 1), source[3])
    size = (options.FilterHeight(), options.FilterWidth())
    return window(size, source[3], (options.StrideH(), options.StrideW()))


# Places of output and input channels in the weights of each operator (layouts: tflite_operators.py).
AXES = {
    "CONV_2D": (0, 3),
    "DEPTHWISE_CONV_2D": (3, 0),
    "TRANSPOSE_CONV": (0, 3),
    "CONV_3D": (4, 3),
    "CONV_3D_TRANSPOSE": (3, 4),
    "FULLY_CONNECTED": (0, 1),
}


def axes(step: Step, place: int) -> tuple[int, int] | None:
    """Places of output and input channels in the weight at this input of an operator."""
    if step.op in AXES:
        return AXES[step.op] if place == 1 else None
    tensor = step.given[place]
    if tensor is None or len(tensor.shape) < 2:
        return None
    if step.op in RECURRENT:
        return (0, 1) if len(tensor.shape) == 2 else None
    if step.op != "BATCH_MATMUL":
        return None
    options, rank = step.options(schema.BatchMatMulOptions), len(tensor.shape)
    turned = options is not None and bool(options.AdjY() if place else options.AdjX())
    return (rank - 1, rank - 2) if bool(place) != turned else (rank - 2, rank - 1)
