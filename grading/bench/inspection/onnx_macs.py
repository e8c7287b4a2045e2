"""Multiply-accumulates of ONNX operators. Source: https://onnx.ai/onnx/operators/"""

from math import prod
from typing import Any

from grading.bench.errors import BenchError
from grading.bench.graph import OpClass, Tensor
from grading.bench.inspection.einsum import einsum_macs
from grading.bench.inspection.onnx_operators import CLASSES, attribute

MOST_FACTORS = 52  # one for each letter that an equation can have


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
        return _einsum(node, [tensor.shape for tensor in given if tensor is not None])
    if op == "Attention":
        past = shape(4, 4)[2] if len(given) > 4 and given[4] is not None else 0
        return _attention(node, shape(0, 3), shape(1, 3), shape(2, 3), past)
    return output.elements * shape(0, 1)[-1] if op in CLASSES[OpClass.MATMUL] else 0


def _einsum(node: Any, shapes: list[tuple[int, ...]]) -> int:
    if len(shapes) > MOST_FACTORS:
        raise BenchError("too_large", f"An einsum of this model has more than {MOST_FACTORS} operands.")
    return einsum_macs(attribute(node, "equation", b"").decode("utf-8", "replace"), shapes)


def _attention(node: Any, query: tuple[int, ...], key: tuple[int, ...], value: tuple[int, ...], past: int) -> int:
    """Scores and their sum over values; past: of them, kept from earlier.

    With three dimensions the heads lie beside each other in the last.
    """
    if len(query) == 4:
        return prod(query[:-1]) * (key[-2] + past) * (query[-1] + value[-1])
    heads, kept = (max(int(attribute(node, name, 1)), 1) for name in ("q_num_heads", "kv_num_heads"))
    return query[0] * query[1] * (key[1] + past) * (query[2] + value[2] * heads // kept)
