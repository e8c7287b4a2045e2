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
    OpClass.POOL: {"AVERAGE_POOL_2D", "MAX_POOL_2D", "MEAN", "L2_POOL_2D", "REDUCE_MAX", "SUM", "REDUCE_MIN",
                   "REDUCE_PROD", "REDUCE_ANY", "REDUCE_ALL", "REDUCE_WINDOW"},
    OpClass.ELEMENTWISE: {"ADD", "SUB", "MUL", "DIV", "MAXIMUM", "MINIMUM", "SQUARED_DIFFERENCE", "POW", "ADD_N", "NEG",
                          "ABS", "EXP", "SQRT", "RSQRT", "SQUARE", "LOG", "SIN", "COS", "ATAN2", "SIGN", "FLOOR", "CEIL",
                          "ROUND", "FLOOR_DIV", "FLOOR_MOD", "SELECT", "SELECT_V2", "CUMSUM", "COMPLEX_ABS", "REAL",
                          "IMAG"},
    OpClass.ACTIVATION: {"RELU", "RELU6", "RELU_N1_TO_1", "RELU_0_TO_1", "LOGISTIC", "TANH", "HARD_SWISH", "PRELU",
                         "LEAKY_RELU", "ELU", "GELU"},
    OpClass.NORMALISE: {"L2_NORMALIZATION", "LOCAL_RESPONSE_NORMALIZATION"},
    OpClass.SOFTMAX: {"SOFTMAX", "LOG_SOFTMAX"},
    OpClass.RESHAPE: {"RESHAPE", "SQUEEZE", "EXPAND_DIMS", "TRANSPOSE", "PAD", "PADV2", "CONCATENATION", "SPLIT",
                      "SPLIT_V", "SLICE", "STRIDED_SLICE", "PACK", "UNPACK", "GATHER", "RESIZE_BILINEAR", "MIRROR_PAD",
                      "RESIZE_NEAREST_NEIGHBOR", "SHAPE", "CAST", "TILE", "BROADCAST_TO", "SPACE_TO_DEPTH",
                      "DEPTH_TO_SPACE", "BATCH_TO_SPACE_ND", "SPACE_TO_BATCH_ND", "GATHER_ND", "REVERSE_V2", "DILATE",
                      "REVERSE_SEQUENCE", "SCATTER_ND", "DYNAMIC_UPDATE_SLICE", "MATRIX_DIAG", "MATRIX_SET_DIAG",
                      "BITCAST", "EMBEDDING_LOOKUP"},
    OpClass.QUANTISE: {"QUANTIZE", "DEQUANTIZE", "FAKE_QUANT"},
}  # fmt: skip
# No multiply-accumulates and no weights, and no class of its own.
OTHERS = {
    "TOPK_V2", "ARG_MAX", "ARG_MIN", "LESS", "LESS_EQUAL", "GREATER", "GREATER_EQUAL", "EQUAL", "NOT_EQUAL",
    "LOGICAL_AND", "LOGICAL_NOT", "LOGICAL_OR", "ONE_HOT", "ZEROS_LIKE", "FILL", "RANGE", "RANK", "UNIQUE", "WHERE",
    "SPARSE_TO_DENSE", "NON_MAX_SUPPRESSION_V4", "NON_MAX_SUPPRESSION_V5", "SEGMENT_SUM", "UNSORTED_SEGMENT_MAX",
    "UNSORTED_SEGMENT_MIN", "UNSORTED_SEGMENT_PROD", "UNSORTED_SEGMENT_SUM", "RFFT2D", "BROADCAST_ARGS", "BUCKETIZE",
    "RANDOM_STANDARD_NORMAL", "RANDOM_UNIFORM", "MULTINOMIAL", "BITWISE_XOR", "RIGHT_SHIFT",
}  # fmt: skip
CLASS_OF = {name: op_class for op_class, names in CLASSES.items() for name in names}
# Whatever is not here might multiply matrices, or keep weights outside the graph: it is refused, never counted as nothing.
COUNTED = CLASS_OF.keys() | OTHERS
# Which inputs are weight or bias. Of the recurrent ones the states are none.
LSTM_PLACES = (*range(1, 18), *range(20, 24))
WEIGHT_PLACES = {
    "CONV_2D": (1, 2), "DEPTHWISE_CONV_2D": (1, 2), "FULLY_CONNECTED": (1, 2), "TRANSPOSE_CONV": (1, 3),
    "CONV_3D": (1, 2), "CONV_3D_TRANSPOSE": (1, 3), "BATCH_MATMUL": (0, 1), "SVDF": (1, 2, 3), "PRELU": (1,),
    "LSTM": LSTM_PLACES, "UNIDIRECTIONAL_SEQUENCE_LSTM": LSTM_PLACES,
    "BIDIRECTIONAL_SEQUENCE_LSTM": (*range(1, 35), *range(40, 48)), "RNN": (1, 2, 3),
    "UNIDIRECTIONAL_SEQUENCE_RNN": (1, 2, 3), "BIDIRECTIONAL_SEQUENCE_RNN": (1, 2, 3, 5, 6, 7, 10, 11),
}  # fmt: skip
BASIC_LSTM = (5, (2, 3))  # so many inputs has the form with one matrix for all gates, and here are its weights
# Look-up tables, and constants that may be a bias, a position embedding or a mask (learned.py): there numbers of an index
# type were not learned.
LOOK_UPS = {"GATHER": (0,), "GATHER_ND": (0,), "EMBEDDING_LOOKUP": (1,)}
TABLE_PLACES = {"SUB": (1,), "DIV": (1,)}
TABLE_READERS = {"ADD", "MUL", "ADD_N", "CONCATENATION"}
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


def _places(step: Step) -> tuple[int, ...]:
    if step.op == "LSTM" and len(step.given) == BASIC_LSTM[0]:
        return BASIC_LSTM[1]
    return WEIGHT_PLACES.get(step.op, ())


def weight_places(step: Step) -> list[int]:
    """Places of the inputs that are learned constants."""
    placed, looked_up = _places(step), LOOK_UPS.get(step.op, ())
    return [
        place
        for place, tensor in enumerate(step.given)
        if tensor is not None
        and tensor.constant
        and (place in placed or (place in looked_up and tensor.dtype not in INDEX_TYPES))
    ]


def table_places(step: Step) -> list[int]:
    """Places of the inputs that are constants to be added, multiplied or put beside a tensor."""
    places = range(len(step.given)) if step.op in TABLE_READERS else TABLE_PLACES.get(step.op, ())
    return [
        place
        for place, tensor in enumerate(step.given)
        if place in places and tensor is not None and tensor.constant and tensor.dtype not in INDEX_TYPES
    ]


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
        return step.shape(0, 2)[0] * (prod(step.shape(1)) + prod(step.shape(2)))
    if op in RECURRENT:
        read = [step.given[place] for place in _places(step) if place < len(step.given)]
        matrices = [tensor.elements for tensor in read if tensor is not None and len(tensor.shape) == 2]
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
    if op == "BATCH_MATMUL":
        return _multiplied(step)
    options = step.options(WINDOWS[op]) if op in WINDOWS else None
    return None if options is None else _slid(step, options)


def _multiplied(step: Step) -> int:
    """Elements of a matrix product."""
    options = step.options(schema.BatchMatMulOptions)
    one, other = step.shape(0, 2), step.shape(1, 2)
    rows = one[-1 if options is not None and options.AdjX() else -2]
    columns = other[-2 if options is not None and options.AdjY() else -1]
    return prod(_broadcast(one[:-2], other[:-2])) * rows * columns


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
