"""ONNX operators: class, weights and MACs of each, and how the shapes of ONNX Runtime's own ones follow.

Sources: https://onnx.ai/onnx/operators/ and onnxruntime's docs/ContribOperators.md (domain com.microsoft).
"""

from math import prod
from typing import Any

from onnx import helper

from grading.bench.errors import BenchError
from grading.bench.graph import OpClass, Tensor

RUNTIME_DOMAIN = "com.microsoft"
CLASSES = {
    OpClass.CONV: {"Conv", "ConvTranspose", "QLinearConv", "ConvInteger", "DeformConv", "FusedConv"},
    OpClass.DENSE: {"Gemm", "QGemm", "LSTM", "GRU", "RNN", "FusedGemm"},
    OpClass.MATMUL: {"MatMul", "QLinearMatMul", "MatMulInteger", "Einsum", "FusedMatMul", "Attention"},
    OpClass.POOL: {
        "AveragePool", "MaxPool", "GlobalAveragePool", "GlobalMaxPool", "LpPool", "ReduceMean", "ReduceSum",
        "ReduceMax", "ReduceMin", "QLinearGlobalAveragePool", "QLinearAveragePool",
    },
    OpClass.ELEMENTWISE: {
        "Add", "Sub", "Mul", "Div", "Max", "Min", "Pow", "Sum", "Mean", "Neg", "Abs", "Sqrt", "Exp", "Log", "Where",
        "QLinearAdd", "QLinearMul", "Reciprocal",
    },
    OpClass.ACTIVATION: {
        "Relu", "LeakyRelu", "PRelu", "Sigmoid", "HardSigmoid", "HardSwish", "Tanh", "Elu", "Selu", "Gelu", "Clip",
        "Erf", "Softplus", "Mish", "Swish", "QLinearSigmoid", "QLinearLeakyRelu", "FastGelu", "QuickGelu", "BiasGelu",
    },
    OpClass.NORMALISE: {
        "BatchNormalization", "LayerNormalization", "InstanceNormalization", "GroupNormalization", "LRN",
        "RMSNormalization", "LpNormalization", "MeanVarianceNormalization",
    },
    OpClass.SOFTMAX: {"Softmax", "LogSoftmax", "QLinearSoftmax", "Hardmax"},
    OpClass.RESHAPE: {
        "Reshape", "Flatten", "Transpose", "Squeeze", "Unsqueeze", "Concat", "Split", "Slice", "Pad", "Gather", "Shape",
        "Expand", "Identity", "Cast", "Resize", "Upsample", "Tile", "Dropout", "DepthToSpace", "SpaceToDepth",
        "ConstantOfShape", "QLinearConcat",
    },
    OpClass.QUANTISE: {"QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear"},
}  # fmt: skip
CLASS_OF = {name: op_class for op_class, names in CLASSES.items() for name in names}
# Which inputs are weight or bias. Of BatchNormalization scale and bias count; the running statistics do not, as in
# torch's parameters().
WEIGHT_PLACES = {
    "Conv": (1, 2), "FusedConv": (1, 2), "ConvTranspose": (1, 2), "ConvInteger": (1,), "QLinearConv": (3, 8),
    "DeformConv": (1, 3), "Gemm": (0, 1, 2), "FusedGemm": (0, 1, 2), "QGemm": (3, 6), "MatMul": (0, 1),
    "FusedMatMul": (0, 1), "MatMulInteger": (0, 1), "QLinearMatMul": (0, 3), "Einsum": (0, 1),
    "BatchNormalization": (1, 2), "LayerNormalization": (1, 2), "InstanceNormalization": (1, 2),
    "GroupNormalization": (1, 2), "RMSNormalization": (1,), "PRelu": (1,), "LSTM": (1, 2, 3, 7), "GRU": (1, 2, 3),
    "RNN": (1, 2, 3), "Gather": (0,), "GatherElements": (0,), "GatherND": (0,), "QLinearAdd": (0, 3),
    "QLinearMul": (0, 3), "QuantizeLinear": (0,), "DequantizeLinear": (0,), "Resize": (0,), "Upsample": (0,),
}  # fmt: skip
# Where a quantised operator has a constant and the zero point of that constant.
ZERO_POINTS = {"QLinearConv": (3, 5), "QGemm": (3, 5), "QLinearMatMul": (3, 5), "ConvInteger": (1, 3),
               "MatMulInteger": (1, 3), "DequantizeLinear": (0, 2)}  # fmt: skip
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


def op_class(node: Any, given: list[Tensor | None]) -> OpClass:
    """The class of a node with these inputs."""
    if node.op_type in ("Conv", "QLinearConv", "ConvInteger", "FusedConv"):
        source, group = given[0], attribute(node, "group", 1)
        if group > 1 and source is not None and len(source.shape) > 1 and group == source.shape[1]:
            return OpClass.DEPTHWISE
    if node.op_type == "MatMul" and any(tensor is not None and tensor.constant for tensor in given):
        return OpClass.DENSE
    return CLASS_OF.get(node.op_type, OpClass.OTHER)


def weight_places(op: str, given: list[Tensor | None]) -> list[int]:
    """Places of the inputs that are learned constants: those named so, else every table of numbers."""
    constants = [(place, tensor) for place, tensor in enumerate(given) if tensor is not None and tensor.constant]
    if op in WEIGHT_PLACES:
        return [place for place, _ in constants if place in WEIGHT_PLACES[op]]
    return [place for place, tensor in constants if tensor.elements > 1 and tensor.dtype not in INDEX_TYPES]


def macs(node: Any, given: list[Tensor | None], output: Tensor) -> int:
    """Multiply-accumulates of one node. given: inputs with the shapes in which this node sees them.

    Raises:
        BenchError: damaged_model where an input is missing or has the wrong rank.
    """
    op = node.op_type

    def shape(place: int, rank: int = 0) -> tuple[int, ...]:
        tensor = given[place] if place < len(given) else None
        if tensor is None or len(tensor.shape) < rank:
            raise BenchError("damaged_model", f"An operator {op} lacks its input {place + 1}. Export the model again.")
        return tensor.shape

    if op in CLASSES[OpClass.CONV] - {"ConvTranspose"}:
        if attribute(node, "group", 1) < 1:
            raise BenchError("damaged_model", f"An operator {op} has no groups. Export the model again.")
        return output.elements * prod(shape(3 if op == "QLinearConv" else 1, 3)[1:])
    if op == "ConvTranspose":
        return prod(shape(0)) * prod(shape(1, 3)[1:])
    if op in ("Gemm", "FusedGemm", "QGemm"):
        return output.elements * shape(0, 2)[0 if attribute(node, "transA", 0) else 1]
    if op in ("LSTM", "GRU", "RNN"):
        return prod(shape(0, 3)[:2]) * (prod(shape(1)) + prod(shape(2)))
    if op == "Einsum":
        equation = attribute(node, "equation", b"").decode("utf-8", "replace")
        return _einsum(equation, [tensor.shape for tensor in given if tensor is not None])
    if op == "Attention":
        return _attention(node, shape(0, 3), shape(1, 3), shape(2, 3))
    return output.elements * shape(0, 1)[-1] if op in CLASSES[OpClass.MATMUL] else 0


def _attention(node: Any, query: tuple[int, ...], key: tuple[int, ...], value: tuple[int, ...]) -> int:
    """Scores and their sum over values; with three dimensions the heads lie beside each other in the last."""
    if len(query) == 4:
        return prod(query[:-1]) * key[-2] * (query[-1] + value[-1])
    heads = max(attribute(node, "q_num_heads", 1), 1) / max(attribute(node, "kv_num_heads", 1), 1)
    return int(query[0] * query[1] * key[1] * (query[2] + value[2] * heads))


def _einsum(equation: str, shapes: list[tuple[int, ...]]) -> int:
    """One multiply-accumulate for each combination of all letters."""
    sizes: dict[str, int] = {}
    for term, shape in zip(equation.replace(" ", "").split("->")[0].split(","), shapes, strict=False):
        sizes |= dict(zip(term, shape, strict=False))
    return prod(sizes.values()) if len(shapes) > 1 else 0
