"""TFLite operators: class, weights and MACs of each, and the sizes that follow from their inputs.

Layouts of weights: tensorflow/lite/schema/schema.fbs and the kernels' documentation (OHWI for convolution, 1HWO for
depthwise).
"""

from math import prod
from typing import Any

from ai_edge_litert import schema_py_generated as schema

from grading.bench.errors import BenchError
from grading.bench.graph import OpClass, Tensor

CONTROL_FLOW = {"IF", "WHILE", "CALL", "CALL_ONCE"}
RECURRENT = {"LSTM", "UNIDIRECTIONAL_SEQUENCE_LSTM", "BIDIRECTIONAL_SEQUENCE_LSTM", "RNN", "UNIDIRECTIONAL_SEQUENCE_RNN",
             "BIDIRECTIONAL_SEQUENCE_RNN"}  # fmt: skip
CLASSES = {
    OpClass.CONV: {"CONV_2D", "CONV_3D", "TRANSPOSE_CONV", "CONV_3D_TRANSPOSE"},
    OpClass.DEPTHWISE: {"DEPTHWISE_CONV_2D"},
    OpClass.DENSE: {"FULLY_CONNECTED", "SVDF", *RECURRENT},
    OpClass.MATMUL: {"BATCH_MATMUL"},
    OpClass.POOL: {"AVERAGE_POOL_2D", "MAX_POOL_2D", "MEAN", "L2_POOL_2D", "REDUCE_MAX", "SUM", "REDUCE_MIN"},
    OpClass.ELEMENTWISE: {"ADD", "SUB", "MUL", "DIV", "MAXIMUM", "MINIMUM", "SQUARED_DIFFERENCE", "POW", "ADD_N", "NEG",
                          "ABS", "EXP", "SQRT", "RSQRT", "SQUARE"},
    OpClass.ACTIVATION: {"RELU", "RELU6", "RELU_N1_TO_1", "RELU_0_TO_1", "LOGISTIC", "TANH", "HARD_SWISH", "PRELU",
                         "LEAKY_RELU", "ELU", "GELU"},
    OpClass.NORMALISE: {"L2_NORMALIZATION", "LOCAL_RESPONSE_NORMALIZATION"},
    OpClass.SOFTMAX: {"SOFTMAX", "LOG_SOFTMAX"},
    OpClass.RESHAPE: {"RESHAPE", "SQUEEZE", "EXPAND_DIMS", "TRANSPOSE", "PAD", "PADV2", "CONCATENATION", "SPLIT",
                      "SPLIT_V", "SLICE", "STRIDED_SLICE", "PACK", "UNPACK", "GATHER", "RESIZE_BILINEAR", "MIRROR_PAD",
                      "RESIZE_NEAREST_NEIGHBOR", "SHAPE", "CAST", "TILE", "BROADCAST_TO", "SPACE_TO_DEPTH",
                      "DEPTH_TO_SPACE"},
    OpClass.QUANTISE: {"QUANTIZE", "DEQUANTIZE"},
}  # fmt: skip
CLASS_OF = {name: op_class for op_class, names in CLASSES.items() for name in names}
# Which inputs are weight or bias, where their place says so; elsewhere every constant table of numbers is.
WEIGHT_PLACES = {"CONV_2D": (1, 2), "DEPTHWISE_CONV_2D": (1, 2), "FULLY_CONNECTED": (1, 2), "TRANSPOSE_CONV": (1, 3),
                 "CONV_3D": (1, 2), "CONV_3D_TRANSPOSE": (1, 3), "SVDF": (1, 2, 3), "PRELU": (1,), "GATHER": (0,),
                 "GATHER_ND": (0,), "EMBEDDING_LOOKUP": (1,)}  # fmt: skip
INDEX_TYPES = {"int32", "int64", "bool", "string"}
SAME_SIZE = CLASSES[OpClass.ACTIVATION] | CLASSES[OpClass.SOFTMAX] | CLASSES[OpClass.NORMALISE] | {
    "QUANTIZE", "DEQUANTIZE", "RESHAPE", "SQUEEZE", "EXPAND_DIMS", "TRANSPOSE", "CAST"}  # fmt: skip
BROADCAST = {"ADD", "SUB", "MUL", "DIV", "MAXIMUM", "MINIMUM", "SQUARED_DIFFERENCE", "POW"}
# Operators that slide a window, and the table of each that says how.
WINDOWS: dict[str, Any] = {
    "CONV_2D": schema.Conv2DOptions,
    "DEPTHWISE_CONV_2D": schema.DepthwiseConv2DOptions,
    "AVERAGE_POOL_2D": schema.Pool2DOptions,
    "MAX_POOL_2D": schema.Pool2DOptions,
}


class Step:
    """One operator of a file: its name, its table in the file, and its tensors; None for an optional input."""

    def __init__(self, op: str, raw: Any, given: list[Tensor | None], outputs: list[Tensor]) -> None:
        self.op, self.raw, self.given, self.outputs = op, raw, given, outputs

    def shape(self, place: int, rank: int = 0) -> tuple[int, ...]:
        """Raises BenchError (damaged_model) where the input is missing or has fewer dimensions."""
        tensor = self.given[place] if place < len(self.given) else None
        if tensor is None or len(tensor.shape) < rank:
            raise BenchError(
                "damaged_model", f"An operator {self.op} lacks its input {place + 1}. Convert the model again."
            )
        return tensor.shape

    def options(self, kind: Any) -> Any:
        """The operator's own table, read as `kind`; None where the file has none."""
        table = self.raw.BuiltinOptions()
        if table is None:
            return None
        options = kind()
        options.Init(table.Bytes, table.Pos)
        return options


def weight_places(step: Step) -> list[int]:
    """Places of the inputs that are learned constants."""
    constants = [(place, tensor) for place, tensor in enumerate(step.given) if tensor is not None and tensor.constant]
    if step.op in WEIGHT_PLACES:
        return [place for place, _ in constants if place in WEIGHT_PLACES[step.op]]
    return [place for place, tensor in constants if tensor.elements > 1 and tensor.dtype not in INDEX_TYPES]


def macs(step: Step) -> int:
    """Multiply-accumulates of one operator. Raises BenchError (damaged_model)."""
    op, output = step.op, step.outputs[0]
    if op == "CONV_2D":
        return output.elements * prod(step.shape(1, 4)[1:])
    if op == "CONV_3D":
        return output.elements * prod(step.shape(1, 5)[:4])
    if op == "DEPTHWISE_CONV_2D":
        return output.elements * prod(step.shape(1, 4)[1:3])
    if op == "FULLY_CONNECTED":
        return output.elements * step.shape(1, 2)[-1]
    if op == "TRANSPOSE_CONV":
        return prod(step.shape(2)) * prod(step.shape(1, 4)[:3])
    if op == "CONV_3D_TRANSPOSE":
        return prod(step.shape(2)) * prod(step.shape(1, 5)[:4])
    if op == "BATCH_MATMUL":
        options = step.options(schema.BatchMatMulOptions)
        return output.elements * step.shape(0, 2)[-2 if options is not None and options.AdjX() else -1]
    if op == "SVDF":
        return prod(step.shape(1)) + prod(step.shape(2))
    if op in RECURRENT:
        matrices = [t.elements for t in step.given[1:] if t is not None and t.constant and len(t.shape) == 2]
        return prod(step.shape(0, 1)[:-1]) * sum(matrices)
    return 0


def check_sizes(step: Step) -> None:
    """The runtime computes sizes anew, so a file may not claim smaller ones than its operators make.

    Raises:
        BenchError: damaged_model.
    """
    expected = _expected(step)
    if expected is not None and step.outputs[0].elements != expected:
        shape = "×".join(map(str, step.outputs[0].shape))
        raise BenchError(
            "damaged_model",
            f"An operator {step.op} claims an output of {shape}, which does not follow from its input. Convert again.",
        )


def _expected(step: Step) -> int | None:
    """Elements of the first output; None where they are not derived here."""
    op = step.op
    if op in SAME_SIZE:
        return prod(step.shape(0))
    if op in BROADCAST:
        return prod(_broadcast(step.shape(0), step.shape(1)))
    if op == "FULLY_CONNECTED":
        units, inner = step.shape(1, 2)[:2]
        return prod(step.shape(0)) // inner * units if inner else None
    options = step.options(WINDOWS[op]) if op in WINDOWS else None
    return None if options is None else _slid(step, options)


def _slid(step: Step, options: Any) -> int:
    """Elements that a window leaves when it slides over an image (NHWC)."""
    source = step.shape(0, 4)
    if step.op in ("CONV_2D", "DEPTHWISE_CONV_2D"):
        kernel = step.shape(1, 4)
        channels, window = kernel[0] if step.op == "CONV_2D" else kernel[3], kernel[1:3]
        dilations = (options.DilationHFactor(), options.DilationWFactor())
    else:
        channels, window = source[3], (options.FilterHeight(), options.FilterWidth())
        dilations = (1, 1)
    strides = (options.StrideH(), options.StrideW())
    if min(strides) < 1:
        raise BenchError("damaged_model", f"An operator {step.op} has no stride. Convert the model again.")
    size = source[0] * channels
    for length, width, stride, dilation in zip(source[1:3], window, strides, dilations, strict=True):
        covered = 0 if options.Padding() == schema.Padding.SAME else (width - 1) * dilation
        size *= max(-(-(length - covered) // stride), 0)
    return size


def _broadcast(one: tuple[int, ...], other: tuple[int, ...]) -> list[int]:
    rank = max(len(one), len(other))
    pairs = zip((1,) * (rank - len(one)) + one, (1,) * (rank - len(other)) + other, strict=True)
    return [b if a == 1 else a for a, b in pairs]
