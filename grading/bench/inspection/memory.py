"""Tensors that no run here has room for: told before a runtime asks for them."""

from grading.bench.errors import BenchError
from grading.bench.graph import Graph

MOST_BYTES = 2 << 30


def check_memory(graph: Graph) -> None:
    """Raises BenchError (too_large): which tensor. What lacks its weights is only counted, never run."""
    if graph.absent_weights:
        return
    makers = {name: place for place, operator in enumerate(graph.operators) for name in operator.outputs}
    for key, tensor in graph.tensors.items():
        # An element has at most 16 bytes; the size of one of an unknown type matters only where somebody reads it.
        if tensor.elements > MOST_BYTES // 16 and tensor.bytes > MOST_BYTES:
            maker = makers.get(key)
            where = (
                f"Operator {maker + 1} ({graph.operators[maker].op[:60]}) makes" if maker is not None else "It holds"
            )
            shape = "×".join(map(str, tensor.shape))
            said = f"This model is too large to run. {where} the tensor {tensor.name[:60]} of {shape}, {tensor.bytes:,} bytes."
            raise BenchError(
                "too_large", f"{said} At most {MOST_BYTES:,} are allowed: make its layers or its input smaller."
            )
