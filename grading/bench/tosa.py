"""The name of an operator in TOSA 1.0, the operator set of Arm's converters and accelerators.

Only what is one TOSA operator has a name here; a softmax or a normalisation is several, and has none. TOSA 1.0 has no
fully connected layer any more (0.x had FULLY_CONNECTED): a layer with stored weights is written as a CONV2D of 1 x 1, a
product of two computed matrices as MATMUL. Source: TOSA 1.0 specification, https://www.mlplatform.org/tosa/
"""

from grading.bench.graph import Graph, Kernel, OpClass, Operator

FLAT, DEEP = 2, 3  # dimensions of space; one is written as two
BY_ELEMENTS = ("mul", "div", "qlinearmul", "addc")  # such an operator can be a layer too (inspection/disguised.py)
# TOSA name -> the formats' own names.
ONNX = """
    ARGMAX: ArgMax
    CLAMP: Relu Clip
    ERF: Erf
    SIGMOID: Sigmoid QLinearSigmoid
    TANH: Tanh
    ADD: Add QLinearAdd
    SUB: Sub
    MUL: Mul QLinearMul
    POW: Pow
    MAXIMUM: Max
    MINIMUM: Min
    ABS: Abs
    CEIL: Ceil
    COS: Cos
    EXP: Exp
    FLOOR: Floor
    LOG: Log
    NEGATE: Neg
    RECIPROCAL: Reciprocal
    SIN: Sin
    SELECT: Where
    EQUAL: Equal
    GREATER: Greater
    GREATER_EQUAL: GreaterOrEqual
    LOGICAL_AND: And
    LOGICAL_OR: Or
    LOGICAL_XOR: Xor
    LOGICAL_NOT: Not
    BITWISE_AND: BitwiseAnd
    BITWISE_OR: BitwiseOr
    BITWISE_XOR: BitwiseXor
    BITWISE_NOT: BitwiseNot
    REDUCE_MAX: ReduceMax
    REDUCE_MIN: ReduceMin
    REDUCE_PRODUCT: ReduceProd
    REDUCE_SUM: ReduceSum
    CONCAT: Concat QLinearConcat
    PAD: Pad
    RESHAPE: Reshape Flatten Squeeze Unsqueeze
    SLICE: Slice Split
    TILE: Tile Expand
    TRANSPOSE: Transpose
    GATHER: Gather
    SCATTER: ScatterND ScatterElements
    RESIZE: Resize Upsample
    CAST: Cast CastLike
    IDENTITY: Identity Dropout
"""
TFLITE = """
    ARGMAX: ARG_MAX
    CLAMP: RELU RELU6 RELU_N1_TO_1 RELU_0_TO_1
    SIGMOID: LOGISTIC
    TANH: TANH
    ADD: ADD
    SUB: SUB
    MUL: MUL
    POW: POW
    MAXIMUM: MAXIMUM
    MINIMUM: MINIMUM
    ABS: ABS
    CEIL: CEIL
    COS: COS
    EXP: EXP
    FLOOR: FLOOR
    LOG: LOG
    NEGATE: NEG
    RSQRT: RSQRT
    SIN: SIN
    SELECT: SELECT SELECT_V2
    EQUAL: EQUAL
    GREATER: GREATER
    GREATER_EQUAL: GREATER_EQUAL
    LOGICAL_AND: LOGICAL_AND
    LOGICAL_OR: LOGICAL_OR
    LOGICAL_NOT: LOGICAL_NOT
    BITWISE_XOR: BITWISE_XOR
    REDUCE_ALL: REDUCE_ALL
    REDUCE_ANY: REDUCE_ANY
    REDUCE_MAX: REDUCE_MAX
    REDUCE_MIN: REDUCE_MIN
    REDUCE_PRODUCT: REDUCE_PROD
    REDUCE_SUM: SUM
    CONCAT: CONCATENATION PACK
    PAD: PAD PADV2
    RESHAPE: RESHAPE SQUEEZE EXPAND_DIMS
    REVERSE: REVERSE_V2
    SLICE: SLICE STRIDED_SLICE SPLIT SPLIT_V UNPACK
    TILE: TILE BROADCAST_TO
    TRANSPOSE: TRANSPOSE
    GATHER: GATHER GATHER_ND EMBEDDING_LOOKUP
    SCATTER: SCATTER_ND
    RESIZE: RESIZE_BILINEAR RESIZE_NEAREST_NEIGHBOR
    CAST: CAST
    RFFT2D: RFFT2D
"""
TORCH = """
    ARGMAX: argmax
    CLAMP: relu relu6 hardtanh clamp clamp_min clamp_max
    ERF: erf
    SIGMOID: sigmoid
    TANH: tanh
    ADD: add add_scalar
    SUB: sub rsub
    MUL: mul mul_scalar square
    POW: pow
    MAXIMUM: maximum
    MINIMUM: minimum
    ABS: abs
    CEIL: ceil
    COS: cos
    EXP: exp
    FLOOR: floor
    LOG: log
    NEGATE: neg
    RECIPROCAL: reciprocal
    RSQRT: rsqrt
    SIN: sin
    SELECT: where masked_fill
    EQUAL: eq
    GREATER: gt
    GREATER_EQUAL: ge
    LOGICAL_AND: logical_and
    LOGICAL_OR: logical_or
    LOGICAL_NOT: logical_not
    REDUCE_MAX: amax
    REDUCE_MIN: amin
    REDUCE_SUM: sum
    CONCAT: cat stack
    PAD: pad constant_pad_nd
    RESHAPE: view reshape _unsafe_view flatten unflatten squeeze unsqueeze
    REVERSE: flip
    SLICE: slice select split split_with_sizes chunk unbind narrow
    TILE: expand repeat tile
    TRANSPOSE: permute transpose t
    GATHER: gather index_select embedding
    SCATTER: scatter index_put
    RESIZE: upsample_nearest2d upsample_bilinear2d __interpolate
    CAST: to _to_copy type_as
    IDENTITY: clone contiguous alias detach lift_fresh_copy dropout
"""


def _table(text: str) -> dict[str, str]:
    lines = [line.partition(":") for line in text.split("\n") if line.strip()]
    return {name: tosa.strip() for tosa, _, names in lines for name in names.split()}


NAMES = {"onnx": _table(ONNX), "tflite": _table(TFLITE), "torchscript": _table(TORCH), "torch_export": _table(TORCH)}


def tosa_name(graph: Graph, operator: Operator) -> str:
    """The TOSA operator that does what this one does, "" where it takes several or none is known."""
    if operator.op_class in (OpClass.CONV, OpClass.DEPTHWISE):
        return _convolution(operator.kernel)
    plain = operator.op.rpartition("::")[2].partition(".")[0]
    if operator.op_class in (OpClass.MATMUL, OpClass.DENSE) and not plain.lower().startswith(BY_ELEMENTS):
        name = "MATMUL" if operator.op_class is OpClass.MATMUL else "CONV2D"
        return name if _is_one_product(operator) else ""
    if operator.op_class is OpClass.POOL and operator.kernel is not None:
        return _pool(plain.lower(), operator.kernel)
    if operator.op_class is OpClass.QUANTISE:
        return "RESCALE" if _keeps_integers(graph, operator) else ""
    table = NAMES.get(graph.format, {})
    return table.get(plain) or table.get(plain.rstrip("_"), "")


def _convolution(kernel: Kernel | None) -> str:
    if kernel is None:
        return ""
    depthwise = kernel.groups == kernel.in_channels > 1
    if len(kernel.size) == DEEP:
        return "" if kernel.groups > 1 or kernel.transposed else "CONV3D"
    if kernel.groups > 1 and not (depthwise and not kernel.transposed):
        return ""
    if kernel.transposed:
        return "" if max(kernel.dilation, default=1) > 1 else "TRANSPOSE_CONV2D"
    return "DEPTHWISE_CONV2D" if depthwise else "CONV2D"


def _pool(name: str, kernel: Kernel) -> str:
    if len(kernel.size) > FLAT or max(kernel.dilation, default=1) > 1:
        return ""
    if "max" in name:
        return "MAX_POOL2D"
    return "AVG_POOL2D" if "av" in name or "mean" in name else "REDUCE_SUM" if "sum" in name else ""


def _is_one_product(operator: Operator) -> bool:
    """A recurrent layer, an attention and an einsum are several products."""
    name = operator.op.rpartition("::")[2].lower()
    return not any(word in name for word in ("lstm", "gru", "rnn", "attention", "einsum", "svdf", "bilinear", "cdist"))


def _keeps_integers(graph: Graph, operator: Operator) -> bool:
    """Whether integers come out of integers, in other steps."""
    read = [
        graph.tensors[name] for name in operator.inputs if name in graph.tensors and not graph.tensors[name].constant
    ]
    made = [graph.tensors[name] for name in operator.outputs[:1] if name in graph.tensors]
    return bool(read and made) and all("int" in tensor.dtype for tensor in (*read[:1], *made))
