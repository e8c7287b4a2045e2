"""Multiply-accumulates of PyTorch's operators: every operator that multiplies matrices, and its formula.

Schemas: aten/src/ATen/native/native_functions.yaml and aten/src/ATen/native/quantized/library.cpp. Arguments are read
by their place. What an operator does that is not here is found out by following it inside (composites.py).
"""

from collections.abc import Callable
from math import prod

from grading.bench.graph import OpClass
from grading.bench.inspection.call import Call
from grading.bench.inspection.einsum import Label, einsum_macs, pairwise_macs

Formula = Callable[[Call], int]
# Arguments of recurrent layers that no step multiplies as a whole.
NO_MATRICES = (
    "input", "data", "hx", "hx_", "cx_", "batch_sizes", "packed_ih", "packed_hh", "col_offsets_ih", "col_offsets_hh",
)  # fmt: skip


def macs(call: Call) -> int:
    """MACs of a call that COUNTED knows, else 0."""
    known = COUNTED.get(call.base)
    return known[1](call) if known and call.outputs else 0


def is_transposed(call: Call) -> bool:
    return call.args.get("transposed") is True or "transpose" in call.base


def _made(call: Call) -> int:
    return call.outputs[0].elements


def _convolution(call: Call) -> int:
    return (prod(call.shape(0)) if is_transposed(call) else _made(call)) * prod(call.weight_shape()[1:])


def _convolution_backward(call: Call) -> int:
    """As much as the convolution itself for each gradient that is made: of the input, and of the weight."""
    asked = call.args.get("output_mask")
    made = sum(asked[:2]) if isinstance(asked, list | tuple) else 2
    outputs = prod(call.shape(1 if is_transposed(call) else 0))
    return made * outputs * prod(call.weight_shape()[1:])


def _convolution_of_time(call: Call) -> int:
    """conv_tbc: weights are (width, channels in, channels out)."""
    return _made(call) * prod(call.weight_shape()[:2])


def _rows(call: Call) -> int:
    """Each element that is made sums over the last size of the first factor."""
    return _made(call) * (call.shape(0)[-1:] or (1,))[0]


def _rows_added(call: Call) -> int:
    """The same where a summand comes first."""
    return _made(call) * call.shape(1)[-1]


def _batches_added(call: Call) -> int:
    """addbmm sums over its batch too."""
    return prod(call.shape(1)) * call.shape(2)[-1]


def _vecdot(call: Call) -> int:
    pairs = zip(reversed(call.shape(0)), reversed(call.shape(1)), strict=False)
    longer = max(call.shape(0), call.shape(1), key=len)
    shorter = min(len(call.shape(0)), len(call.shape(1)))
    return prod(longer[: len(longer) - shorter]) * prod(max(pair) for pair in pairs)


def _tensordot(call: Call) -> int:
    summed: list[int] = list(call.args.values())[2]
    return _made(call) * prod(call.shape(0)[place] for place in summed)


def _einsum(call: Call) -> int:
    return einsum_macs(str(next(iter(call.args.values()), "")), [tensor.shape for _, tensor in call.tensors()])


def _bilinear(call: Call) -> int:
    """x W y for each feature made: x W first, then y."""
    return einsum_macs("bi,oij,bj->bo", [_flat_rows(call.shape(0)), call.shape(2), _flat_rows(call.shape(1))])


def _flat_rows(shape: tuple[int, ...]) -> tuple[int, int]:
    return prod(shape[:-1]), shape[-1]


def _trilinear(call: Call) -> int:
    """_trilinear(i1, i2, i3, expand1, expand2, expand3, sumdim): each factor lacks the places of its expand."""
    values = list(call.args.values())
    terms: list[list[Label]] = []
    sizes: dict[Label, int] = {}
    for place in range(3):
        shape = call.shape(place)
        rank = len(shape) + len(values[3 + place])
        terms.append([at for at in range(rank) if at not in values[3 + place]])
        sizes |= {at: max(size, sizes.get(at, 0)) for at, size in zip(terms[-1], shape, strict=True)}
    return pairwise_macs(terms, set(sizes) - set(values[6]), sizes)


def _bag(call: Call) -> int:
    """Rows of a table, added up: with a factor for each row this is a matrix product."""
    weighted = any(name == "per_sample_weights" for name, _ in call.tensors())
    return prod(call.shape(1)) * call.shape(0)[-1] if weighted else 0


def _attention(call: Call) -> int:
    query, key, value = call.shape(0), call.shape(1), call.shape(2)
    return prod(query[:-1]) * key[-2] * (query[-1] + value[-1])


def _recurrent(call: Call) -> int:
    """Every matrix once a step: input, hidden and projection weights of all layers and directions."""
    steps = prod(call.shape(0)[:-1])
    return steps * sum(t.elements for _, t in call.tensors(*NO_MATRICES) if len(t.shape) == 2)


_GROUPS: tuple[tuple[OpClass, Formula, str], ...] = (
    (OpClass.CONV, _convolution, """
        conv1d conv2d conv3d convolution _convolution _convolution_mode convolution_overrideable conv_transpose1d
        conv_transpose2d conv_transpose3d conv1d_relu conv2d_relu conv3d_relu conv2d_add conv2d_add_relu conv1d_dynamic
        conv2d_dynamic conv3d_dynamic conv_transpose1d_dynamic conv_transpose2d_dynamic conv_transpose3d_dynamic
        _conv_depthwise2d conv_depthwise3d thnn_conv2d _slow_conv2d_forward slow_conv3d slow_conv3d_forward
        slow_conv_dilated2d slow_conv_dilated3d slow_conv_transpose2d slow_conv_transpose3d mkldnn_convolution
        _nnpack_spatial_convolution _convolution_pointwise _convolution_transpose_pointwise"""),
    (OpClass.CONV, _convolution_of_time, "conv_tbc"),
    (OpClass.CONV, _convolution_backward, "convolution_backward"),
    (OpClass.DENSE, _rows, """
        linear linear_relu linear_leaky_relu linear_tanh linear_dynamic linear_relu_dynamic linear_dynamic_fp16
        linear_relu_dynamic_fp16 linear_dynamic_fp16_unpacked_weight linear_with_input_q_dq_qweight_dq_output_fp32
        linear_with_input_q_dq_qweight_dq_relu_output_fp32 mkldnn_linear _linear_pointwise fbgemm_linear_int8_weight
        fbgemm_linear_int8_weight_fp32_activation fbgemm_linear_fp16_weight fbgemm_linear_fp16_weight_fp32_activation
        _wrapped_quantized_linear_prepacked _mixed_dtypes_linear mixed_linear _sparse_semi_structured_linear
        _weight_int8pack_mm _weight_int4pack_mm _weight_int4pack_mm_for_cpu _weight_int4pack_mm_with_scales_and_zeros
        int4mm_packed_weight_cpu _dyn_quant_matmul_4bit mixed_mm"""),
    (OpClass.DENSE, _rows_added, "addmm _addmm_activation"),
    (OpClass.DENSE, _bilinear, "bilinear"),
    (OpClass.DENSE, _recurrent, """
        lstm gru rnn_tanh rnn_relu lstm_cell gru_cell rnn_tanh_cell rnn_relu_cell mkldnn_rnn_layer quantized_lstm
        quantized_gru quantized_lstm_cell quantized_gru_cell quantized_rnn_relu_cell quantized_rnn_tanh_cell
        quantized_lstm_cell_dynamic quantized_gru_cell_dynamic quantized_rnn_relu_cell_dynamic
        quantized_rnn_tanh_cell_dynamic"""),
    (OpClass.MATMUL, _rows, """
        mm bmm matmul linalg_matmul mv dot vdot inner smm _sparse_mm hspmm _int_mm _scaled_mm _scaled_mm_v2 _grouped_mm
        _scaled_grouped_mm _scaled_grouped_mm_v2 _sparse_sparse_matmul _sparse_semi_structured_mm cdist _cdist_forward
        _euclidean_dist pdist _pdist_forward"""),
    (OpClass.MATMUL, _rows_added, """
        baddbmm addmv sspaddmm _sparse_addmm sparse_sampled_addmm _sparse_semi_structured_addmm"""),
    (OpClass.MATMUL, _batches_added, "addbmm"),
    (OpClass.MATMUL, _made, "outer ger addr kron"),
    (OpClass.MATMUL, _vecdot, "linalg_vecdot"),
    (OpClass.MATMUL, _tensordot, "tensordot"),
    (OpClass.MATMUL, _einsum, "einsum"),
    (OpClass.MATMUL, _trilinear, "_trilinear"),
    (OpClass.RESHAPE, _bag, """
        embedding_bag _embedding_bag _embedding_bag_forward_only embedding_bag_byte embedding_bag_4bit
        embedding_bag_2bit"""),
    (OpClass.MATMUL, _attention, """
        scaled_dot_product_attention _scaled_dot_product_attention_math _scaled_dot_product_flash_attention_for_cpu
        _scaled_dot_product_flash_attention _scaled_dot_product_efficient_attention
        _scaled_dot_product_cudnn_attention _scaled_dot_product_fused_attention_overrideable
        _scaled_dot_product_attention_math_for_mps"""),
)  # fmt: skip
COUNTED: dict[str, tuple[OpClass, Formula]] = {
    name: (op_class, formula) for op_class, formula, names in _GROUPS for name in names.split()
}
