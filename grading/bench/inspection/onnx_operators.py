"""ONNX operators: class and weights of each, and how the shapes of ONNX Runtime's own ones follow.

Sources: https://onnx.ai/onnx/operators/ and onnxruntime's docs/ContribOperators.md (domain com.microsoft).
"""

from typing import Any

from onnx import helper

from grading.bench.errors import BenchError
from grading.bench.graph import OpClass, Tensor

RUNTIME_DOMAIN = "com.microsoft"
STANDARD = {"", "ai.onnx"}
CLASSES = {
    OpClass.CONV: {"Conv", "ConvTranspose", "QLinearConv", "ConvInteger", "DeformConv", "FusedConv"},
    OpClass.DENSE: {"Gemm", "QGemm", "LSTM", "GRU", "RNN", "FusedGemm"},
    OpClass.MATMUL: {"MatMul", "QLinearMatMul", "MatMulInteger", "Einsum", "FusedMatMul", "Attention"},
    OpClass.POOL: {
        "AveragePool", "MaxPool", "GlobalAveragePool", "GlobalMaxPool", "LpPool", "GlobalLpPool", "ReduceMean",
        "ReduceSum", "ReduceMax", "ReduceMin", "ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceProd",
        "ReduceSumSquare", "MaxRoiPool", "MaxUnpool", "RoiAlign", "QLinearGlobalAveragePool", "QLinearAveragePool",
    },
    OpClass.ELEMENTWISE: {
        "Add", "Sub", "Mul", "Div", "Max", "Min", "Pow", "Sum", "Mean", "Neg", "Abs", "Sqrt", "Exp", "Log", "Where",
        "QLinearAdd", "QLinearMul", "Reciprocal", "Ceil", "Floor", "Round", "Sign", "Mod", "Sin", "Cos", "Tan", "Asin",
        "Acos", "Atan", "Sinh", "Cosh", "Asinh", "Acosh", "Atanh", "CumSum", "CumProd", "RotaryEmbedding",
    },
    OpClass.ACTIVATION: {
        "Relu", "LeakyRelu", "PRelu", "Sigmoid", "HardSigmoid", "HardSwish", "Tanh", "Elu", "Selu", "Gelu", "Clip",
        "Erf", "Softplus", "Softsign", "Mish", "Swish", "SwiGLU", "Celu", "Shrink", "ThresholdedRelu", "QLinearSigmoid",
        "QLinearLeakyRelu", "FastGelu", "QuickGelu", "BiasGelu",
    },
    OpClass.NORMALISE: {
        "BatchNormalization", "LayerNormalization", "InstanceNormalization", "GroupNormalization", "LRN",
        "RMSNormalization", "LpNormalization", "MeanVarianceNormalization",
    },
    OpClass.SOFTMAX: {"Softmax", "LogSoftmax", "QLinearSoftmax", "Hardmax"},
    OpClass.RESHAPE: {
        "Reshape", "Flatten", "Transpose", "Squeeze", "Unsqueeze", "Concat", "Split", "Slice", "Pad", "Gather", "Shape",
        "Expand", "Identity", "Cast", "CastLike", "BitCast", "Resize", "Upsample", "Tile", "Dropout", "DepthToSpace",
        "SpaceToDepth", "ConstantOfShape", "QLinearConcat", "GatherElements", "GatherND", "Size", "CenterCropPad",
        "Col2Im", "ReverseSequence", "Scatter", "ScatterElements", "ScatterND", "TensorScatter", "Trilu", "Compress",
    },
    OpClass.QUANTISE: {"QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear"},
}  # fmt: skip
# No multiply-accumulates and no weights, and no class of its own.
OTHERS = {
    "And", "Or", "Not", "Xor", "Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual", "IsInf", "IsNaN",
    "BitShift", "BitwiseAnd", "BitwiseNot", "BitwiseOr", "BitwiseXor", "ArgMax", "ArgMin", "TopK", "NonZero", "Unique",
    "NonMaxSuppression", "OneHot", "EyeLike", "Range", "Constant", "AffineGrid", "GridSample", "Bernoulli", "Multinomial",
    "RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike", "Det", "DFT", "STFT", "MelWeightMatrix",
    "BlackmanWindow", "HammingWindow", "HannWindow", "SequenceAt", "SequenceConstruct", "SequenceEmpty",
    "SequenceErase", "SequenceInsert", "SequenceLength", "SplitToSequence", "ConcatFromSequence", "Optional",
    "OptionalGetElement", "OptionalHasElement",
}  # fmt: skip
CLASS_OF = {name: op_class for op_class, names in CLASSES.items() for name in names}
# Whatever is not here might multiply matrices: it is refused, never counted as nothing.
COUNTED = CLASS_OF.keys() | OTHERS
# Which inputs are weight or bias. Of BatchNormalization scale and bias count; the running statistics do not, as in
# torch's parameters().
WEIGHT_PLACES = {
    "Conv": (1, 2), "FusedConv": (1, 2), "ConvTranspose": (1, 2), "ConvInteger": (1,), "QLinearConv": (3, 8),
    "DeformConv": (1, 3), "Gemm": (0, 1, 2), "FusedGemm": (0, 1, 2), "QGemm": (3, 6), "MatMul": (0, 1),
    "FusedMatMul": (0, 1), "MatMulInteger": (0, 1), "QLinearMatMul": (0, 3), "Attention": (0, 1, 2),
    "BatchNormalization": (1, 2), "LayerNormalization": (1, 2), "InstanceNormalization": (1, 2),
    "GroupNormalization": (1, 2), "RMSNormalization": (1,), "PRelu": (1,), "BiasGelu": (1,), "LSTM": (1, 2, 3, 7),
    "GRU": (1, 2, 3), "RNN": (1, 2, 3),
}  # fmt: skip
# Look-up tables, and constants that may be a bias, a position embedding or a mask (learned.py): there numbers of an index
# type were not learned.
LOOK_UPS = {"Gather": (0,), "GatherElements": (0,), "GatherND": (0,)}
TABLE_PLACES = {"Sub": (1,), "Div": (1,), "QLinearAdd": (0, 3), "QLinearMul": (0, 3)}
TABLE_READERS = {"Add", "Mul", "Sum", "Concat"}
# Where a quantised operator has a constant and the zero point of that constant.
ZERO_POINTS = {"QLinearConv": (3, 5), "QGemm": (3, 5), "QLinearMatMul": (3, 5), "ConvInteger": (1, 3),
               "MatMulInteger": (1, 3), "DequantizeLinear": (0, 2)}  # fmt: skip
MATRIX_PRODUCTS = {"MatMul", "MatMulInteger", "QLinearMatMul", "FusedMatMul"}
# Not numbers that were learned: sizes, axes, places.
INDEX_TYPES = {"int64", "int32", "bool", "string"}
# An operator of ONNX Runtime -> a standard one whose output has the same shape, and the inputs that one takes.
SAME_SHAPE = {
    **dict.fromkeys(
        ("QLinearSigmoid", "QLinearLeakyRelu", "QLinearSoftmax", "Gelu", "FastGelu", "QuickGelu", "BiasGelu"),
        ("Identity", (0,)),
    ),
    "QLinearAdd": ("Add", (0, 3)), "QLinearMul": ("Mul", (0, 3)), "QGemm": ("Gemm", (0, 3)),
    "FusedConv": ("Conv", (0, 1)), "FusedGemm": ("Gemm", (0, 1)), "FusedMatMul": ("MatMul", (0, 1)),
    "QLinearGlobalAveragePool": ("GlobalAveragePool", (0,)), "QLinearAveragePool": ("AveragePool", (0,)),
    "QuantizeLinear": ("QuantizeLinear", (0, 1, 2)), "DequantizeLinear": ("DequantizeLinear", (0, 1, 2)),
}  # fmt: skip
RUNTIME_OPERATORS = {*SAME_SHAPE, "QLinearConcat"}
# What the operators above have besides the attributes of the standard ones.
OWN_ATTRIBUTES = {"channels_last", "activation", "activation_params", "activation_alpha", "activation_beta", "alpha",
                  "activation_gamma"}  # fmt: skip


def attribute(node: Any, name: str, default: Any) -> Any:
    """The value of an attribute of a node, or `default`."""
    return next((helper.get_attribute_value(a) for a in node.attribute if a.name == name), default)


def stand_in(node: Any) -> Any:
    """A standard node of the same output shape for one of ONNX Runtime's own.

    Raises:
        BenchError: custom_operator for a form (channels last, transposed) that has none.
    """
    if attribute(node, "channels_last", 0) or (
        node.op_type == "FusedMatMul" and any(attribute(node, name, 0) for name in ("transA", "transB", "transBatchA"))
    ):
        said = f"This model uses {RUNTIME_DOMAIN}.{node.op_type} in a form that cannot be measured here."
        raise BenchError("custom_operator", f"{said} Export it without ONNX Runtime's optimisations.")
    if node.op_type == "QLinearConcat":
        op, inputs = "Concat", list(node.input)[2::3]
    else:
        op, places = SAME_SHAPE[node.op_type]
        inputs = [node.input[place] for place in places if place < len(node.input)]
    made = helper.make_node(op, inputs, list(node.output))
    if op != "Identity":
        made.attribute.extend(a for a in node.attribute if a.name not in OWN_ATTRIBUTES)
    return made


def class_of(op: str) -> OpClass:
    """The class of an operator by its name."""
    return CLASS_OF.get(op, OpClass.OTHER)


def op_class(node: Any, given: list[Tensor | None]) -> OpClass:
    """The class of a node with these inputs."""
    if node.op_type in ("Conv", "QLinearConv", "ConvInteger", "FusedConv"):
        source, group = given[0], attribute(node, "group", 1)
        if group > 1 and source is not None and len(source.shape) > 1 and group == source.shape[1]:
            return OpClass.DEPTHWISE
    if node.op_type in MATRIX_PRODUCTS and any(tensor is not None and tensor.constant for tensor in given):
        return OpClass.DENSE
    return class_of(node.op_type)


def weight_places(op: str, given: list[Tensor | None]) -> list[int]:
    """Places of the inputs that are learned constants."""
    constants = [(place, tensor) for place, tensor in enumerate(given) if tensor is not None and tensor.constant]
    if op == "Einsum":
        return [place for place, _ in constants]
    numbers = [place for place, tensor in constants if tensor.dtype not in INDEX_TYPES]
    return [place for place, _ in constants if place in WEIGHT_PLACES.get(op, ())] + [
        place for place in numbers if place in LOOK_UPS.get(op, ())
    ]


def table_places(op: str, given: list[Tensor | None]) -> list[int]:
    """Places of the inputs that are constants to be added, multiplied or put beside a tensor."""
    if op == "QLinearConcat":
        places: tuple[int, ...] = tuple(range(2, len(given), 3))
    else:
        places = tuple(range(len(given))) if op in TABLE_READERS else TABLE_PLACES.get(op, ())
    found = [(place, given[place]) for place in places if place < len(given)]
    return [p for p, tensor in found if tensor is not None and tensor.constant and tensor.dtype not in INDEX_TYPES]
