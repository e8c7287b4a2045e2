"""Layers that PyTorch runs as one operator when a transformer is traced for use, as the operators they stand for.

The steps are those of torch/nn/modules/activation.py and transformer.py where this shortcut is not taken, which is what
torch.export stores: so a traced transformer counts the same as an exported one.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch.nn import functional

PADDING_MASK = 1  # mask_type: 0 is for the attention, 2 for both, one for each head


def attention(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, embed_dim: int, num_head: int,
    qkv_weight: torch.Tensor, qkv_bias: torch.Tensor, proj_weight: torch.Tensor, proj_bias: torch.Tensor,
    mask: torch.Tensor | None = None, need_weights: bool = True, average_attn_weights: bool = True,
    mask_type: int | None = None,
) -> tuple[torch.Tensor, torch.Tensor | None]:  # fmt: skip
    """aten::_native_multi_head_attention: (batch, length, features) each. Without need_weights the second is None."""
    first = query.transpose(1, 0)
    second, third = (first, first) if query is key is value else (key.transpose(1, 0), value.transpose(1, 0))
    attended = mask if mask is None or mask.dim() < 4 else mask.flatten(0, 1)
    made, weights = functional.multi_head_attention_forward(
        first, second, third, embed_dim, num_head, qkv_weight, qkv_bias, None, None, False, 0.0, proj_weight, proj_bias,
        training=False, key_padding_mask=mask if mask_type == PADDING_MASK else None, need_weights=need_weights,
        attn_mask=attended if mask_type != PADDING_MASK else None, average_attn_weights=average_attn_weights,
    )  # fmt: skip
    return made.transpose(1, 0), weights


def encoder_layer(
    src: torch.Tensor, embed_dim: int, num_heads: int,
    qkv_weight: torch.Tensor, qkv_bias: torch.Tensor, proj_weight: torch.Tensor, proj_bias: torch.Tensor,
    use_gelu: bool, norm_first: bool, eps: float,
    norm_weight_1: torch.Tensor, norm_bias_1: torch.Tensor, norm_weight_2: torch.Tensor, norm_bias_2: torch.Tensor,
    ffn_weight_1: torch.Tensor, ffn_bias_1: torch.Tensor, ffn_weight_2: torch.Tensor, ffn_bias_2: torch.Tensor,
    mask: torch.Tensor | None = None, mask_type: int | None = None,
) -> torch.Tensor:  # fmt: skip
    """aten::_transformer_encoder_layer_fwd: (batch, length, features)."""

    def attend(x: torch.Tensor) -> torch.Tensor:
        packed = (qkv_weight, qkv_bias, proj_weight, proj_bias)
        return attention(x, x, x, embed_dim, num_heads, *packed, mask, need_weights=False, mask_type=mask_type)[0]

    def feed(x: torch.Tensor) -> torch.Tensor:
        inner = functional.linear(x, ffn_weight_1, ffn_bias_1)
        active = functional.gelu(inner) if use_gelu else functional.relu(inner)
        return functional.linear(active, ffn_weight_2, ffn_bias_2)

    def norm(x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
        return functional.layer_norm(x, (embed_dim,), weight, bias, eps)

    if norm_first:
        between = src + attend(norm(src, norm_weight_1, norm_bias_1))
        return between + feed(norm(between, norm_weight_2, norm_bias_2))
    between = norm(src + attend(src), norm_weight_1, norm_bias_1)
    return norm(between + feed(between), norm_weight_2, norm_bias_2)


FUSED: dict[str, Callable[..., Any]] = {
    "aten::_native_multi_head_attention": attention,
    "aten::_transformer_encoder_layer_fwd": encoder_layer,
}
