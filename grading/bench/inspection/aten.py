"""PyTorch's tensor operators, as TorchScript and torch.export both store them: the class of each, and its weights."""

from collections.abc import Iterator

from grading.bench.graph import OpClass, Operator
from grading.bench.inspection.aten_kernels import activation, axes, kernel, reduces
from grading.bench.inspection.call import Call, Constant, Kind, Packed
from grading.bench.inspection.kernels import is_depthwise
from grading.bench.inspection.products import COUNTED, macs

# Operators without a matrix product; those that torch itself marks as elementwise, as a view or as a reduction need not
# stand here.
CLASSES = {
    OpClass.POOL: """
        max_pool1d max_pool2d max_pool3d max_pool2d_with_indices max_pool3d_with_indices max_pool1d_with_indices
        avg_pool1d avg_pool2d avg_pool3d adaptive_avg_pool1d adaptive_avg_pool2d adaptive_avg_pool3d
        _adaptive_avg_pool2d _adaptive_avg_pool3d adaptive_max_pool1d adaptive_max_pool2d adaptive_max_pool3d mean sum
        amax amin max min var std median nanmedian mode kthvalue topk sort argsort cumsum cumprod cummax cummin
        logcumsumexp quantized_max_pool1d quantized_max_pool2d quantized_max_pool3d fractional_max_pool2d
        fractional_max_pool3d max_unpool2d max_unpool3d trace native_norm renorm dist""",
    OpClass.ELEMENTWISE: """
        add sub mul div rsub pow neg abs sqrt rsqrt exp log maximum minimum where square reciprocal add_relu _add_relu
        mul_relu add_scalar add_scalar_relu mul_scalar mul_scalar_relu add_scalar_out addcmul addcdiv lerp dropout
        feature_dropout alpha_dropout feature_alpha_dropout native_dropout sin cos masked_fill fill copy floor_divide
        remainder fmod eq ne lt le gt ge logical_and logical_or logical_not __and__ __or__ __xor__ isin bucketize
        searchsorted complex polar cross linalg_cross mse_loss l1_loss smooth_l1_loss huber_loss kl_div
        binary_cross_entropy binary_cross_entropy_with_logits _fused_dropout masked_scatter""",
    OpClass.ACTIVATION: """
        relu relu6 leaky_relu prelu _prelu_kernel sigmoid hardsigmoid hardswish hardtanh tanh elu selu celu gelu silu
        mish softplus clamp clamp_min clamp_max erf threshold glu log_sigmoid log_sigmoid_forward rrelu""",
    OpClass.NORMALISE: """
        batch_norm _native_batch_norm_legit_no_training native_batch_norm _batch_norm_impl_index batch_norm1d
        batch_norm2d batch_norm3d batch_norm_relu batch_norm2d_relu batch_norm3d_relu quantized_batch_norm
        _batch_norm_no_update _native_batch_norm_legit layer_norm native_layer_norm group_norm native_group_norm
        instance_norm rms_norm _fused_rms_norm weight_norm _weight_norm _weight_norm_interface local_response_norm""",
    OpClass.SOFTMAX: "softmax _softmax log_softmax _log_softmax _safe_softmax _masked_softmax",
    OpClass.RESHAPE: """
        view reshape _unsafe_view flatten unflatten squeeze unsqueeze permute transpose t contiguous clone to _to_copy
        detach alias expand expand_as cat cat_relu stack split split_with_sizes chunk unbind select slice index
        _unsafe_index embedding embedding_byte embedding_4bit embedding_2bit pad constant_pad_nd reflection_pad1d
        reflection_pad2d reflection_pad3d replication_pad1d replication_pad2d replication_pad3d repeat tile
        repeat_interleave upsample_nearest1d upsample_nearest2d upsample_nearest3d upsample_linear1d
        upsample_bilinear2d upsample_trilinear3d upsample_bicubic2d _upsample_bilinear2d_aa _upsample_bicubic2d_aa
        _upsample_nearest_exact1d _upsample_nearest_exact2d _upsample_nearest_exact3d __interpolate __upsample
        __upsample_bilinear __upsample_nearest grid_sampler grid_sampler_2d grid_sampler_3d affine_grid_generator
        channel_shuffle native_channel_shuffle pixel_shuffle pixel_unshuffle movedim type_as narrow lift lift_fresh
        lift_fresh_copy detach_copy numpy_T float roll flip rot90 tril triu unfold im2col col2im gather index_select
        take take_along_dim scatter scatter_add scatter_reduce select_scatter slice_scatter diagonal_scatter index_put
        _index_put_impl _unsafe_index_put _unsafe_masked_index index_add index_copy index_fill masked_select nonzero
        block_diag diag_embed unsafe_split unsafe_split_with_sizes unsafe_chunk convert_element_type one_hot
        zeros_like ones_like full_like empty_like new_zeros new_ones new_full new_empty zero _shape_as_tensor
        broadcast_tensors resize resize_as as_strided _reshape_copy view_copy _chunk_cat _stack _conj_copy
        expand_copy permute_copy select_copy slice_copy split_copy split_with_sizes_copy squeeze_copy t_copy
        transpose_copy unbind_copy unfold_copy unsqueeze_copy alias_copy _mkldnn_transpose _mkldnn_reshape""",
    OpClass.QUANTISE: """
        quantize_per_tensor quantize_per_tensor_dynamic quantize_per_channel dequantize dequantize_per_tensor
        dequantize_per_channel quantize_per_channel_group dequantize_per_channel_group
        fake_quantize_per_tensor_affine fake_quantize_per_channel_affine choose_qparams dequantize_affine
        quantize_affine int_repr fake_quant_per_channel _make_per_tensor_quantized_tensor
        _make_per_channel_quantized_tensor choose_qparams_symmetric choose_qparams_per_token
        choose_qparams_per_token_asymmetric quantize_per_token dequantize_per_token to_mkldnn to_dense""",
}  # fmt: skip
CLASS_OF = {name: op_class for op_class, names in CLASSES.items() for name in names.split()}
CLASS_OF |= {name: op_class for name, (op_class, _) in COUNTED.items()}

# What says how numbers are stored, or which are taken, is never a weight.
DESCRIBING = {
    "scale", "scales", "zero_point", "zero_points", "indices", "index", "offsets", "batch_sizes", "X_scale",
    "input_scale", "input_zero_point", "output_scale", "output_zero_point", "qScaleAndZeros", "scale_a", "scale_b",
}  # fmt: skip
# These a model may have learned, but as buffers they are state (as in torch's own parameters()) or masks.
STATE = {
    "running_mean", "running_var", "mean", "var", "hx", "hx_", "cx_", "attn_mask", "mask", "attn_bias", "key_padding_mask",
}  # fmt: skip
WEIGHTS = {"weight", "bias", "params"}
# A recurrent cell with packed weights is given its biases again; it reads the packed ones.
AGAIN = {"bias_ih", "bias_hh", "b_ih", "b_hh"}
INDICES = {"int64", "bool"}
INTEGERS = {"int64", "int32", "int16", "bool"}


def operator(call: Call, name: str, inside: int | None, weights: "Weights") -> Operator:
    """The graph's operator for a call.

    Args:
        inside: MACs found by following an operator that is in no table; None where it is in one.
    """
    counted = macs(call) if inside is None else inside
    found = _class(call)
    slides = kernel(call, found, counted)
    return Operator(
        name=name,
        op=call.op,
        op_class=OpClass.DEPTHWISE if is_depthwise(slides) else found,
        inputs=[tensor.name for _, tensor in call.tensors()],
        outputs=[tensor.name for tensor in call.outputs],
        macs=counted,
        weights=[tensor.name for tensor in weights.of(call, multiplies=bool(inside) or call.base in COUNTED)],
        kernel=slides,
        axes=axes(call),
        reduces=reduces(call),
        activation=activation(call),
    )


def _class(call: Call) -> OpClass:
    found = CLASS_OF.get(call.base, OpClass.OTHER)
    if call.base in {"mm", "matmul"} and any(tensor.constant for _, tensor in call.tensors()):
        return OpClass.DENSE
    return found


class Weights:
    """Which constants of the file a call uses as weights.

    What a file calls learned counts wherever it is read. Other constants count as a weight or bias, or as a factor of a
    matrix product: a model whose weights are buffers has them all the same, but a mask or a mean that is added has none.
    """

    def __init__(self) -> None:
        self._covered: dict[str, list[str]] = {}

    def of(self, call: Call, *, multiplies: bool) -> list[Constant]:
        """Args: multiplies: the call is a matrix product, or may be one."""
        found: dict[str, Constant] = {}
        packed = any(isinstance(value, Packed) for value in call.args.values())
        for name, value in call.args.items():
            if name in DESCRIBING or (packed and name in AGAIN):
                continue
            as_weight = isinstance(value, Packed) or name in WEIGHTS or (multiplies and name not in STATE)
            for _, tensor in Call(call.op, {name: value}, []).tensors():
                if isinstance(tensor, Constant):
                    chosen = self._chosen(tensor, as_weight=as_weight, state=name in STATE)
                    found |= {stored.name: stored for stored in chosen}
        return list(found.values())

    def _chosen(self, tensor: Constant, *, as_weight: bool, state: bool) -> Iterator[Constant]:
        learned = [stored for stored in tensor.stored if stored.kind is Kind.LEARNED]
        yield from learned
        others = [stored for stored in tensor.stored if stored.kind is not Kind.LEARNED]
        if as_weight:
            tables = [stored for stored in others if stored.shape and stored.dtype not in INDICES]
            yield from self._beside(learned, tables or others, tensor)
        elif not state:
            yield from (s for s in others if s.kind is Kind.UNTOLD and s.shape and s.dtype not in INTEGERS)

    def _beside(self, learned: list[Constant], others: list[Constant], tensor: Constant) -> list[Constant]:
        """The buffers of a product that its learned weights do not account for.

        A pruning mask goes with a weight of its size, and only the weight counts; but one learned number times a buffer
        is a table of its own, and a learned table stands for the same buffers every time.
        """
        if not learned or sum(stored.elements for stored in learned) < tensor.elements:
            return others
        names = [stored.name for stored in others]
        return [] if self._covered.setdefault(learned[0].name, names) == names else others


def sources_of(call: Call) -> list[Constant]:
    """The stored constants that a constant made by this call comes from, each once."""
    found = [tensor for _, tensor in call.tensors(*DESCRIBING) if isinstance(tensor, Constant)]
    return list({stored.name: stored for tensor in found for stored in tensor.stored}.values())


def turn_of(call: Call, shape: tuple[int, ...]) -> tuple[int, ...] | None:
    """The order of dimensions of a constant of this shape, which a call made of one constant; see Constant.turn."""
    found = [tensor for _, tensor in call.tensors(*DESCRIBING) if isinstance(tensor, Constant)]
    if len(found) != 1 or len(found[0].shape) != len(shape):
        return None
    before = found[0].turn if found[0].sources else tuple(range(len(shape)))
    order = _order(call, len(shape))
    if before is None or (order is None and found[0].shape != shape):
        return None
    return before if order is None else tuple(before[place] for place in order)


def _order(call: Call, rank: int) -> list[int] | None:
    """In which order a call that turns a tensor puts its dimensions; None for any other call."""
    numbers = [value for name, value in call.args.items() if name != "self"]
    if call.base == "permute" and isinstance(numbers[0], list):
        return [place % rank for place in numbers[0]]
    order = list(range(rank))
    if call.base in {"t", "numpy_T"}:
        return order[::-1]
    if call.base == "transpose" and all(isinstance(number, int) for number in numbers):
        one, other = (number % rank for number in numbers[:2])
        order[one], order[other] = other, one
        return order
    return None
