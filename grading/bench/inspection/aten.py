"""PyTorch's tensor operators, as TorchScript and torch.export both store them: class, MACs and weights of each.

Schemas: aten/src/ATen/native/native_functions.yaml. Arguments come by the names those schemas give them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from typing import Any

from grading.bench.errors import BenchError
from grading.bench.graph import OpClass, Operator, Tensor

CONVOLUTIONS = {"conv1d", "conv2d", "conv3d", "convolution", "_convolution", "_convolution_mode", "conv_transpose1d",
                "conv_transpose2d", "conv_transpose3d", "conv2d_relu", "conv1d_relu", "conv3d_relu"}  # fmt: skip
DENSE = {"linear", "addmm", "linear_relu", "linear_dynamic", "linear_relu_dynamic", "_addmm_activation"}
MATMUL = {"mm", "bmm", "matmul", "baddbmm", "addbmm", "dot", "mv", "einsum"}
ATTENTION = {"scaled_dot_product_attention", "_scaled_dot_product_flash_attention_for_cpu"}
RECURRENT = {"lstm", "gru", "rnn_tanh", "rnn_relu"}
CLASSES = {
    OpClass.CONV: CONVOLUTIONS,
    OpClass.DENSE: DENSE | RECURRENT,
    OpClass.MATMUL: MATMUL | ATTENTION,
    OpClass.POOL: {
        "max_pool1d", "max_pool2d", "max_pool3d", "max_pool2d_with_indices", "avg_pool1d", "avg_pool2d", "avg_pool3d",
        "adaptive_avg_pool1d", "adaptive_avg_pool2d", "_adaptive_avg_pool2d", "adaptive_max_pool2d", "mean", "sum",
        "amax", "amin", "max", "min", "var", "std",
    },
    OpClass.ELEMENTWISE: {
        "add", "sub", "mul", "div", "rsub", "pow", "neg", "abs", "sqrt", "rsqrt", "exp", "log", "maximum", "minimum",
        "where", "square", "reciprocal", "add_relu", "mul_relu", "addcmul", "dropout", "feature_dropout", "sin", "cos",
    },
    OpClass.ACTIVATION: {
        "relu", "relu6", "leaky_relu", "prelu", "sigmoid", "hardsigmoid", "hardswish", "hardtanh", "tanh", "elu",
        "selu", "celu", "gelu", "silu", "mish", "softplus", "clamp", "clamp_min", "clamp_max", "erf", "threshold",
    },
    OpClass.NORMALISE: {
        "batch_norm", "_native_batch_norm_legit_no_training", "native_batch_norm", "layer_norm", "native_layer_norm",
        "group_norm", "native_group_norm", "instance_norm", "rms_norm", "batch_norm2d", "batch_norm2d_relu",
    },
    OpClass.SOFTMAX: {"softmax", "_softmax", "log_softmax", "_log_softmax"},
    OpClass.RESHAPE: {
        "view", "reshape", "_unsafe_view", "flatten", "unflatten", "squeeze", "unsqueeze", "permute", "transpose", "t",
        "contiguous", "clone", "to", "_to_copy", "detach", "alias", "expand", "expand_as", "cat", "stack", "split",
        "split_with_sizes", "chunk", "unbind", "select", "slice", "index", "embedding", "pad", "constant_pad_nd",
        "repeat", "upsample_nearest2d", "upsample_bilinear2d", "channel_shuffle", "pixel_shuffle", "movedim",
        "type_as", "narrow", "lift", "lift_fresh", "lift_fresh_copy", "detach_copy", "numpy_T", "float", "roll",
    },
    OpClass.QUANTISE: {
        "quantize_per_tensor", "quantize_per_channel", "dequantize", "dequantize_per_tensor", "dequantize_per_channel",
        "fake_quantize_per_tensor_affine", "fake_quantize_per_channel_affine", "choose_qparams", "dequantize_affine",
    },
}  # fmt: skip
CLASS_OF = {name: op_class for op_class, names in CLASSES.items() for name in names}
# On a constant these give the same constant another form.
ALIASING = {
    "t", "transpose", "permute", "view", "reshape", "_unsafe_view", "flatten", "unflatten", "squeeze", "unsqueeze",
    "detach", "alias", "contiguous", "clone", "to", "_to_copy", "lift_fresh", "lift_fresh_copy", "lift", "detach_copy",
    "numpy_T", "expand", "float", "dequantize", "dequantize_per_tensor", "dequantize_per_channel",
    "quantize_per_tensor", "quantize_per_channel",
}  # fmt: skip
# Arguments that are constants but no weights. Running statistics are state, as in torch's own count of parameters().
NO_WEIGHTS = {
    "running_mean", "running_var", "scale", "scales", "zero_point", "zero_points", "indices", "index", "hx", "mean",
    "var",
}  # fmt: skip
WEIGHTS = {"weight", "bias", "params"}
INTEGERS = {"int64", "int32", "int16", "bool"}


@dataclass
class Call:
    """One call of an operator. args: by schema name; tensors as Tensor, lists of them as lists, all else as it is."""

    op: str
    args: dict[str, Any]
    outputs: list[Tensor]

    @property
    def base(self) -> str:
        """The operator without its name space, its overload and the underscore of in-place forms."""
        name = self.op.rpartition("::")[2].partition(".")[0]
        return name.rstrip("_") if not name.startswith("__") else name

    def tensors(self, *skipped: str) -> Iterator[tuple[str, Tensor]]:
        """(argument, tensor) for every tensor among the arguments, those in lists too."""
        for name, value in self.args.items():
            for item in value if isinstance(value, list) else [value]:
                if isinstance(item, Tensor) and name not in skipped:
                    yield name, item

    def shape(self, *names: str) -> tuple[int, ...]:
        """Shape of the first of these arguments that is a tensor."""
        for name in names:
            value = self.args.get(name)
            if isinstance(value, Tensor):
                return value.shape
        raise BenchError("damaged_model", f"An operator {self.op[:60]} lacks its {names[0]}. Export the model again.")


def operator(call: Call, name: str) -> Operator:
    """The graph's operator for a call."""
    return Operator(
        name=name,
        op=call.op,
        op_class=_class(call),
        inputs=[tensor.name for _, tensor in call.tensors()],
        outputs=[tensor.name for tensor in call.outputs],
        macs=_macs(call) if call.outputs else 0,
        weights=[tensor.name for tensor in _weights(call)],
    )


def _class(call: Call) -> OpClass:
    found = CLASS_OF.get(call.base, OpClass.OTHER)
    if found is OpClass.CONV and _groups(call) > 1 and call.shape("weight")[1] == 1:
        return OpClass.DEPTHWISE
    if call.base in {"mm", "matmul"} and any(tensor.constant for _, tensor in call.tensors()):
        return OpClass.DENSE
    return found


def _groups(call: Call) -> int:
    groups = call.args.get("groups")
    if isinstance(groups, int):
        return groups
    source, weight = call.shape("input", "self", "qx"), call.shape("weight")
    return source[1] // max(weight[1], 1) if len(source) > 1 and "transpose" not in call.base else 1


def _weights(call: Call) -> list[Tensor]:
    """Constants that the model learned: named as weights, or tables of numbers wherever they are read."""
    found: dict[str, Tensor] = {}
    for name, tensor in call.tensors(*NO_WEIGHTS):
        if tensor.constant and (name in WEIGHTS or (tensor.elements > 1 and tensor.dtype not in INTEGERS)):
            found[tensor.name] = tensor
    return list(found.values())


def _macs(call: Call) -> int:
    base, out = call.base, call.outputs[0].elements
    if base in CONVOLUTIONS:
        weight = prod(call.shape("weight")[1:])
        turned = call.args.get("transposed") is True or "transpose" in base
        return (prod(call.shape("input")) if turned else out) * weight
    if base in DENSE:
        return out * call.shape("mat1", "input", "X", "qx")[-1]
    if base == "einsum":
        return _einsum(str(call.args.get("equation", "")), [tensor.shape for _, tensor in call.tensors()])
    if base in {"baddbmm", "addbmm"}:
        return prod(call.shape("batch1")) * call.shape("batch2")[-1]
    if base in MATMUL:
        return out * (call.shape("self")[-1:] or (1,))[0]
    if base in ATTENTION:
        query, key, value = call.shape("query"), call.shape("key"), call.shape("value")
        return prod(query[:-1]) * key[-2] * (query[-1] + value[-1])
    if base in RECURRENT:
        steps = prod(call.shape("input", "data")[:-1])
        matrices = [t for _, t in call.tensors(*NO_WEIGHTS) if t.constant and len(t.shape) == 2]
        return steps * sum(tensor.elements for tensor in matrices)
    return 0


def _einsum(equation: str, shapes: list[tuple[int, ...]]) -> int:
    """One multiply-accumulate for each combination of all letters."""
    sizes: dict[str, int] = {}
    for term, shape in zip(equation.replace(" ", "").split("->")[0].split(","), shapes, strict=False):
        sizes |= dict(zip(term, shape, strict=False))
    return prod(sizes.values()) if len(shapes) > 1 else 0
